//! Signing up: a merchant founds an organization, where the deployment lets anybody do so.

pub mod http;
pub mod openapi;
mod usecase;
