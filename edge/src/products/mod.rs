//! Products as the staff writes them: the source in, catalog and stock out, in one commit.

mod http;
pub mod openapi;
mod pictures;
mod told;
mod usecase;

pub use http::routes;
