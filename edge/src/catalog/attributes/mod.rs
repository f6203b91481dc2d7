//! Attributes that a store declares, and what writing a product needs of them.

mod declared;
pub mod http;
pub mod openapi;
mod usecase;

pub use declared::{Attributes, reads, referenced};
