//! Attributes that a store declares, and what writing and listing what has them need of them.

pub mod asked;
mod declared;
pub mod given;
pub mod http;
pub mod openapi;
mod usecase;

pub use declared::{Attributes, reads, referenced};
