//! All products of a store, slice by slice: each slice is one answer that any host can give, and the next one begins
//! where it ended.

pub mod http;
pub mod openapi;
mod usecase;

pub use usecase::{Form, Place, slice};
