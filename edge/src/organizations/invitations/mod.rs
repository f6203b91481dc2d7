//! Invitations to the staff, by mail.

pub mod http;
pub mod openapi;
pub mod usecase;
