//! Other identity providers, whose word is taken for who somebody is: OpenID Connect Core 1.0, and OAuth 2.0 where
//! that is all there is.
//!
//! A provider says who a person is to it (`iss` and `sub`), and nothing of what they are to us: role and membership
//! come from our own accounts.

mod id_token;
mod key_set;
mod link;
mod provider;

pub use id_token::{Audience, Expected, ForeignClaims, IdTokenError, IsVerified, check_id_token, check_token};
pub use key_set::{
    Choice, Document, FRESH_MILLIS, ForeignKey, NEWER_MILLIS, Plan, RETRY_MILLIS, STALE_MILLIS, SignatureAlgorithm,
    choose, plan,
};
pub use link::{Known, Link, LinkError, Presented, SameAddress, link};
pub use provider::{Endpoints, InvalidIssuer, InvalidRedirect, Issuer, ProviderKind, RedirectUri, UnknownProviderKind};
