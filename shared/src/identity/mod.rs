//! Who is calling, and what they may do.

mod key;
mod scope;

pub use key::{ApiKeyClaim, InvalidApiKey, KeyKind, mint_api_key};
pub use scope::{Scope, Scopes, UnknownScope};
