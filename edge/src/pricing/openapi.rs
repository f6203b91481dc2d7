//! The operations of this context, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::PriceListKind;
use http::Method;

use super::writing::WriteError;
use super::{groups, lists, rates, rules, settings};
use crate::openapi::{AllowedActions, Budget, Operation, Parameter, Problems, of};

pub fn operations() -> Vec<Operation> {
    [
        groups::openapi::operations(),
        lists::openapi::operations(),
        rules::openapi::operations(),
        rates::openapi::operations(),
        settings::openapi::operations(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A read spends one round trip. A write spends two, and where others write the same up to four times as many.
pub fn operation(method: Method, path: &'static str, id: &'static str, scope: Scope) -> Operation {
    Operation::managed((method, path), id, "Pricing", scope, [Budget::new(1, 3, 0), Budget::new(3, 11, 0)])
}

/// Of a write that is decided anew where others were quicker.
pub fn changing() -> Problems {
    vec![of(WriteError::Changing, "Others are changing the same.").with::<AllowedActions>()]
}

pub fn list_id() -> Parameter {
    Parameter::path_id::<PriceListKind>("id", "The price list's id.")
}
