//! Passwords are changed by whoever knows them, and reset by whoever reads the address.

pub mod http;
pub mod openapi;
pub(super) mod usecase;
