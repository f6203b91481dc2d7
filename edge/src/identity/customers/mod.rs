//! Customers, as the staff sees them: listed, shown, suspended.

pub mod http;
pub mod openapi;
mod usecase;
