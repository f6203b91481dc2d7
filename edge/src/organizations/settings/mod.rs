//! The organization itself, its stores and the platforms they can be connected to.

pub mod http;
pub mod openapi;
pub mod usecase;
