//! Price lists, without their rules.

pub mod http;
pub mod openapi;
pub mod usecase;
