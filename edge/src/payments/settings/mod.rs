//! Whom a store takes payments by.

pub mod http;
pub mod openapi;
mod usecase;

pub use usecase::Secrets;
