//! Logging in by a link in a mail.

pub mod http;
pub mod openapi;
mod usecase;
