//! The routes of this context, and its errors on the wire.

use axum::response::Response;
use http::{StatusCode, Uri};
use serde::Serialize;
use serde_json::json;

use super::store::entry::Moved;
use super::wire::{EntriesBody, EntryBody};
use super::writing::WriteError;
use super::{cards, credit};
use crate::catalog::{changed_meanwhile, listed, version_mismatch};
use crate::problem::Problem;
use crate::routes::Routes;
use crate::wire::MoneyBody;

pub fn routes() -> Routes {
    Routes::new().and(cards::http::routes()).and(credit::http::routes())
}

/// A body in JSON.
pub fn text(body: &impl Serialize) -> String {
    serde_json::to_string(body).unwrap_or_default()
}

/// A page of what has moved a balance.
pub fn history(found: Vec<Moved>, next_cursor: Option<String>, uri: &Uri) -> Response {
    let body = EntriesBody { items: found.into_iter().map(EntryBody::from).collect(), next_cursor };
    listed(text(&body), body.next_cursor.as_deref(), uri)
}

impl From<WriteError> for Problem {
    fn from(error: WriteError) -> Problem {
        match error {
            WriteError::Invalid(faults) => Problem::faults(faults),
            WriteError::Unverified => Problem::new(StatusCode::CONFLICT, "customer-unverified")
                .detail("Nobody has confirmed the customer's address, so that it may be another's.")
                .with("allowedActions", json!([])),
            WriteError::Insufficient { balance } => Problem::new(StatusCode::CONFLICT, "balance-insufficient")
                .detail(format!("There is no more than {balance}."))
                .with("balance", json!(MoneyBody::from(balance)))
                .with("allowedActions", json!([])),
            WriteError::VersionMismatch { current } => version_mismatch(current),
            WriteError::Changing => changed_meanwhile(),
        }
    }
}
