//! What a person says of themselves.

pub mod http;
pub mod openapi;
mod usecase;
