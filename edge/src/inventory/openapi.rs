//! The operations of this context, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::Kind;
use http::Method;
use serde_json::json;

use super::locations;
use super::writing::InventoryError;
use crate::openapi::{
    AllowedActions, Budget, Cache, Operation, Parameter, Problems, credentials, database, entropy, id, of,
};
use crate::problem::Problem;

pub fn operations() -> Vec<Operation> {
    locations::openapi::operations()
}

/// A read spends one round trip. A write spends two, and where others write the same up to four times as many.
pub fn operation(method: Method, path: &'static str, id: &'static str, scope: Scope) -> Operation {
    let is_write = method != Method::GET;
    let budget = if is_write { Budget::new(3, 11, 0) } else { Budget::new(1, 3, 0) };
    let operation = Operation::new(method, path, id, "Inventory")
        .cache(Cache::Personal)
        .budget(budget)
        .problems(credentials(scope))
        .problems(database());
    if is_write { operation.problems(entropy()) } else { operation }
}

/// Of a write that is decided anew where others were quicker.
pub fn changing() -> Problems {
    vec![of(InventoryError::Changing, "Others are changing the same.").with::<AllowedActions>()]
}

/// Of a list.
pub fn wrong_query() -> Problems {
    vec![of(
        Problem::parameter("limit", "the limit must be a number between 1 and 250"),
        "Query parameters are unknown or not valid; `errors` lists them all.",
    )]
}

pub fn path_id<K: Kind>(name: &'static str, says: &'static str) -> Parameter {
    let schema = json!({ "type": "string", "pattern": format!("^{}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$", K::PREFIX) });
    Parameter::path(name, says, schema, id::<K>(1).to_string())
}
