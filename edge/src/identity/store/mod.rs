//! The tables `api_key`, `account`, `session`, `token_key` and `organization_key`.

pub(super) mod account;
pub(super) mod api_key;
pub(super) mod keys;
pub(super) mod session;

pub use api_key::{NewApiKey, insert_api_key};
