//! Members: who works for an organization, as what, and where.

pub mod http;
pub mod openapi;
pub mod usecase;
