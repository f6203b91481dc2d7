//! Impersonations: the staff sees what somebody else sees, and both names are written down.

pub mod http;
pub mod openapi;
pub mod usecase;
