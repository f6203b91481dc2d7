//! The tables `api_key`, `app`, `account`, `address`, `session`, `one_time_token`, `external_identity`, `second_factor`,
//! `recovery_code`, `token_key`, `token_void` and `organization_key`.

pub(super) mod account;
pub(super) mod address;
pub(super) mod api_key;
pub(super) mod app;
pub(super) mod customer;
pub(super) mod external;
pub(super) mod identity;
pub(super) mod keys;
pub(super) mod one_time;
pub(super) mod passkey;
pub(super) mod provider;
pub(super) mod second_factor;
pub(super) mod session;
pub(super) mod tenant;
pub(super) mod void;

pub use api_key::{NewApiKey, guard_no_key_of, insert_api_key};
pub use keys::{data_key as data_key_statement, wrapped as wrapped_key};
