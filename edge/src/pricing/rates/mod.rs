//! Exchange rates.

pub mod http;
pub mod openapi;
pub mod usecase;
