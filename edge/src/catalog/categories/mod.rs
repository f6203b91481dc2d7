//! The category tree: shown to everybody, kept by the merchant.

pub mod http;
pub mod openapi;
pub mod usecase;
