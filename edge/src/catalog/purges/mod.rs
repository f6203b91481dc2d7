//! Having a CDN take back what a commit has changed.
//!
//! The commit itself keeps what is to be told ([`super::advance`]). It is told right after the response, and where that
//! did not come to its end, by a job: at least once, and maybe twice, which does no harm.

pub mod http;
pub mod openapi;
mod usecase;

pub use usecase::{PurgeRun, send_all, send_later};
