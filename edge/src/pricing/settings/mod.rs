//! Where converted prices end up.

pub mod http;
pub mod openapi;
pub mod usecase;
