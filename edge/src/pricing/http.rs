//! The routes of this context, and its errors on the wire.

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::writing::{Most, WriteError};
use super::{groups, lists, rates, rules, settings};
use crate::catalog::{changed_meanwhile, version_mismatch, versioned};
use crate::problem::Problem;
use crate::routes::Routes;

pub fn routes() -> Routes {
    Routes::new()
        .and(groups::http::routes())
        .and(lists::http::routes())
        .and(rules::http::routes())
        .and(rates::http::routes())
        .and(settings::http::routes())
}

/// A body in JSON.
pub fn text(body: &impl Serialize) -> String {
    serde_json::to_string(body).unwrap_or_default()
}

/// The body with its version as ETag.
pub fn shown(version: i64, body: &impl Serialize) -> Response {
    versioned(version, text(body))
}

impl From<WriteError> for Problem {
    fn from(error: WriteError) -> Problem {
        let conflict = |code, detail: &str| {
            Problem::new(StatusCode::CONFLICT, code).detail(detail).with("allowedActions", json!([]))
        };
        match error {
            WriteError::Invalid(faults) => Problem::faults(faults),
            WriteError::TooMany(Most::Lists) => {
                conflict("too-many-price-lists", "The store has 250 price lists already.")
            }
            WriteError::TooMany(Most::Bytes) => Problem::new(StatusCode::CONFLICT, "price-lists-too-large")
                .detail("The active price lists would have more than 256 KiB together, without their rules: deactivate one, \
                         or name fewer channels, groups and currencies.")
                .with("allowedActions", json!(["deactivate"])),
            WriteError::TooMany(Most::Tiers) => {
                conflict("too-many-price-tiers", "A target would have more than 100 quantities in one currency.")
            }
            WriteError::TooMany(Most::Rules) => {
                conflict("too-many-price-rules", "The list would have more than 100,000 rules.")
            }
            WriteError::TooMany(Most::Groups) => {
                conflict("too-many-customer-groups", "The organization has 1,000 customer groups already.")
            }
            WriteError::TooMany(Most::Pairs) => {
                conflict("too-many-exchange-rates", "The store would have rates of more than 1,000 pairs.")
            }
            WriteError::TooMany(Most::Rates) => {
                conflict("too-many-rates-of-a-pair", "A pair would have more than 1,000 rates.")
            }
            WriteError::IsABase => Problem::new(StatusCode::CONFLICT, "price-list-in-use")
                .detail("Another price list is based on it: change or delete that one first.")
                .with("allowedActions", json!(["deactivate"])),
            WriteError::VersionMismatch { current } => version_mismatch(current),
            WriteError::Changing => changed_meanwhile(),
        }
    }
}
