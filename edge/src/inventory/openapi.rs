//! The operations of this context, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use http::Method;

use super::locations;
use super::writing::InventoryError;
use crate::openapi::{AllowedActions, Budget, Operation, Problems, of};

pub fn operations() -> Vec<Operation> {
    locations::openapi::operations()
}

/// A read spends one round trip. A write spends two, and where others write the same up to four times as many.
pub fn operation(method: Method, path: &'static str, id: &'static str, scope: Scope) -> Operation {
    Operation::managed((method, path), id, "Inventory", scope, [Budget::new(1, 3, 0), Budget::new(3, 11, 0)])
}

/// Of a write that is decided anew where others were quicker.
pub fn changing() -> Problems {
    vec![of(InventoryError::Changing, "Others are changing the same.").with::<AllowedActions>()]
}
