//! Files of a store: images, documents and videos.
//!
//! A file is made here and uploaded to the bucket by whoever asked for it, with a URL that is signed for its kind and
//! its size; it is ready once somebody says so and the bucket agrees. What is removed here is removed there after the
//! commit, and again by a job where that did not come to its end.

mod http;
pub mod openapi;
mod removal;
mod store;
mod usecase;

pub use http::{FocalPointBody, routes};
pub use removal::{Removed, remove_all};
pub use store::{File, files_of, guard_ready, ready};
pub use usecase::guard_image;
