//! People who come from another identity provider: authorization code with PKCE, `state` and `nonce` (OpenID Connect
//! Core 1.0, RFC 7636, RFC 9700).
//!
//! The storefront's page is where the provider sends the browser back to. It asks us for the address to go to, keeps
//! the browser's token, and hands us what it was sent back with.

mod exchange;
mod external;
pub(super) mod http;
mod jws;
mod kept;
pub(super) mod openapi;
mod remembered;
mod settle;
mod takeover;
mod usecase;

pub use external::caller;
pub(super) use external::hash_of_both;
pub(super) use remembered::Issuers;
pub(super) use usecase::secret_place;
