//! Products as the staff writes them: the source in, catalog and stock out, in one commit.

mod export;
mod http;
pub mod openapi;
mod pictures;
mod told;
mod usecase;

pub use export::{Form, Place, slice};
pub use http::routes;
