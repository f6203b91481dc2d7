//! The address book of an account.

pub mod http;
pub mod openapi;
mod usecase;
