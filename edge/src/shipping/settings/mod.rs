//! Whom a store asks for rates of shipping.

pub mod http;
pub mod openapi;
mod usecase;
