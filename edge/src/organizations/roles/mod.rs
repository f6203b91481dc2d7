//! Custom roles: permission sets of the organization's own.

pub mod http;
pub mod openapi;
pub mod usecase;
