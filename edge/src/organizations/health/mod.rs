//! How the stores' connections are.

pub mod http;
pub mod openapi;
mod usecase;
