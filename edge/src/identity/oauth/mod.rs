//! OAuth 2.0 for third-party apps: tokens for client credentials (RFC 6749), revocation (RFC 7009), introspection
//! (RFC 7662) and the description of it all (RFC 8414).

mod client;
pub(super) mod http;
pub(super) mod openapi;
mod usecase;
