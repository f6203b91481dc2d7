//! The routes of this context, and its errors on the wire.

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::locations;
use super::writing::InventoryError;
use crate::catalog::{changed_meanwhile, version_mismatch, versioned};
use crate::problem::Problem;
use crate::routes::Routes;

pub fn routes() -> Routes {
    locations::http::routes()
}

/// A body in JSON.
pub fn text(body: &impl Serialize) -> String {
    serde_json::to_string(body).unwrap_or_default()
}

/// The body with its version as ETag.
pub fn shown(version: i64, body: &impl Serialize) -> Response {
    versioned(version, text(body))
}

impl From<InventoryError> for Problem {
    fn from(error: InventoryError) -> Problem {
        let conflict = |code, detail: &str, actions: &[&str]| {
            Problem::new(StatusCode::CONFLICT, code).detail(detail).with("allowedActions", json!(actions))
        };
        match error {
            InventoryError::Invalid(faults) => Problem::faults(faults),
            InventoryError::TooManyLocations => {
                conflict("too-many-locations", "The store has 100 locations already.", &[])
            }
            InventoryError::LocationIsDefault => conflict(
                "location-is-default",
                "What products and imports say of stock is at this location: it stays.",
                &["replace"],
            ),
            InventoryError::VersionMismatch { current } => version_mismatch(current),
            InventoryError::Changing => changed_meanwhile(),
        }
    }
}
