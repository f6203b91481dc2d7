//! Passkeys (Web Authentication, Level 3): made, listed, named and removed by their owners, and logged in with.

mod ceremony;
pub(super) mod http;
pub(super) mod openapi;
mod usecase;
