//! The rules of price lists.

pub mod http;
pub mod openapi;
pub mod usecase;
