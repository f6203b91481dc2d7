//! API keys, as a merchant makes, rotates and revokes them.

pub(super) mod http;
pub(super) mod openapi;
pub mod usecase;
