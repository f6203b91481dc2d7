//! Which products stand in a list, where a write says so of more than one commit should write: they are gone on with some
//! thousand a commit, so that none keeps others from writing for long, or takes longer than a database waits for.
//!
//! The request that wrote goes on as long as a request may. What is left is done by a job, or by whoever sends that
//! request again or changes the list: wherever one was stopped, another goes on, and two at once do no harm.

pub mod http;
pub mod openapi;
mod usecase;

pub use usecase::{FillRun, SLICE, emptied, fill_all, filled, go_on, has_time};
