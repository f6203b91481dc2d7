//! What handlers take from a request: parsed, or a problem that names the field.

mod arrival;
mod freshness;
mod idempotency;
mod if_match;
mod json;
mod path;
mod query;
mod raw;

pub use arrival::Arrival;
pub use freshness::MinVersion;
pub use idempotency::IdempotencyKey;
pub use if_match::IfMatch;
pub(crate) use json::{CARD_NUMBER, JSON_LIMIT, card_numbers, is_card_number, json_tree, malformed, not_json};
pub use json::{FieldErrors, Json, JsonObject, Parse, given, stored, stored_in};
pub use path::{PathId, PathText};
pub use query::{Parsed, Query, QueryParams, next_link, query_of};
pub use raw::RawBody;
pub(crate) use raw::{incomplete, too_large};

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;

use crate::app::{App, Ctx};
use crate::failure::Denied;
use crate::limits::ClientAddress;
use crate::problem::Problem;

/// The request's context, put there by the `authorize` middleware of each route with a scope.
impl FromRequestParts<Arc<App>> for Ctx {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Ctx, Problem> {
        parts.extensions.get::<Ctx>().cloned().ok_or_else(|| Problem::from(Denied::NoCredentials))
    }
}

/// Put there by the host, where its platform knows it.
impl<S: Sync> OptionalFromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<ClientAddress>, Infallible> {
        Ok(parts.extensions.get::<ClientAddress>().copied())
    }
}
