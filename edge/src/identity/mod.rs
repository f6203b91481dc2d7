//! Who is calling: API keys, people with their sessions, and the keys that sign their tokens.
//!
//! A credential is verified in the round trip of the first read and remembered for 30 s. An access token is
//! verified without one by whoever remembers the key that signed it.

mod acting;
mod addresses;
mod announced;
mod api_keys;
mod apps;
mod caller;
mod customers;
mod email;
mod federation;
mod founding;
mod fresh;
mod hashing;
mod http;
mod identities;
mod issuing;
mod joining;
mod lending;
mod lost_factor;
mod magic;
mod mailed;
mod newest;
mod oauth;
pub mod openapi;
mod opening;
mod operator;
mod passkeys;
mod password;
mod profile;
mod providers;
mod registration;
mod repeat;
pub mod script;
mod second_factor;
mod signature;
mod signing;
mod store;
mod telling;
mod usecase;

pub use acting::{
    Acting, Impersonation, act_as, key_of, payload_of, revoke_service_tokens, service_token, signed_service_token,
    signing_keys,
};
pub use announced::{registered, verified};
pub use caller::{
    Bearer, Caller, Countable, KeyHash, Needed, Over, Person, Principal, Verifier, countable, hash_of, revocation_key,
};
pub use federation::caller as external_caller;
pub use founding::{FirstOwner, push_first_owner};
pub use http::{KeySetBody, key_set, routes};
pub use issuing::{NoteUse, hint_of, note_use};
pub use joining::{Newcomer, email_hash, hash_password, mint_secret, new_account, secret_hash};
pub use lost_factor::{NotReset, reset_second_factor};
pub use opening::signing_key;
pub use operator::{
    NotCreated, Rewrapped, create_account, create_key, list_keys, new_data_key, revoke_key, rewrap, rotate_token_keys,
};
pub use repeat::{Repeatable, repeat_reads};
pub use signing::SignedToken;
pub use store::{NewApiKey, data_key_statement, guard_no_key_of, insert_api_key, wrapped_key};
pub use usecase::{data_key, data_key_of, end_sessions, ended_sessions, void_tokens};
