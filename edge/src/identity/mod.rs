//! Who is calling: API keys, verified in the round trip of the first read and remembered for 30 s.

mod caller;
mod store;

pub use caller::{Caller, KeyHash, Principal, PrincipalCache, countable, hash_of};
pub use store::{NewApiKey, insert_api_key};
