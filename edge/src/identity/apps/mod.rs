//! Third-party apps, as staff register, rotate and revoke them.

pub(super) mod http;
pub(super) mod openapi;
mod usecase;
