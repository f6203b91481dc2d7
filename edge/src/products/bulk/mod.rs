//! Bulk upserts: a job takes products as JSON Lines, in parts that fit a request.
//!
//! How far a part has come is written in the commit that writes its products. So the same part can be sent again,
//! whatever became of the first one, and nothing is lost or doubled.
//!
//! In a dry run the commit of the products is made up to its end and taken back, so that whatever would refuse it does;
//! how far the part has come is another commit.
//!
//! What is over goes slice by slice, after responses and by a job: see [`sweep`].

pub mod http;
mod job;
mod line;
pub mod openapi;
mod part;
mod store;
mod sweep;
mod write;

pub use http::LIMIT;
pub use job::{create, errors, finish, list, named, show};
pub use part::put;
pub use store::{Counts, Mode, NewJob};
pub use sweep::{Sweep, sweep_all};
