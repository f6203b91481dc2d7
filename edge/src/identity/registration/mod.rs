//! Customers register, and confirm their addresses.

pub mod http;
pub mod openapi;
mod usecase;
