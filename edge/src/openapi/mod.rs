//! The API's description in OpenAPI 3.1: made from the wire types and from the operations that each
//! context declares in its `openapi.rs`. Printed by `hp openapi`, committed as a golden, and served at
//! `/openapi.json` from that golden. No handler refers to anything here, so the linker leaves all of it
//! out of the wasm modules.

mod document;
mod header;
mod operation;
mod parameter;
pub mod problem;
mod sample;
mod schema;

pub use document::{document, render, service_problems};
pub use header::Header;
pub use operation::{Answer, Budget, Cache, Example, Operation, RequestBody};
pub use parameter::{Parameter, Place};
pub use problem::{
    AllowedActions, Problem, Problems, carts, credentials, database, entropy, idempotency, if_match, json_body,
    json_body_within, min_version, min_version_of_staff, not_found, of, plan_limit, raw_body, redis, shut, wrong_query,
};
pub use sample::*;
pub use schema::{REQUESTS, SchemaOf};

use crate::middleware::is_privileged;
use crate::routes::routes;
use crate::{
    cart, catalog, checkout, fraud, identity, imports, inventory, invoices, journal, ledger, media, meta,
    notifications, orders, organizations, payments, pricing, products, promotions, shipping, tax,
};

/// Every operation, in the order of the route table.
pub fn operations() -> Vec<Operation> {
    let table = routes();
    let described = [
        meta::openapi::operations(),
        identity::openapi::operations(),
        media::openapi::operations(),
        catalog::openapi::operations(),
        products::openapi::operations(),
        imports::openapi::operations(),
        inventory::openapi::operations(),
        pricing::openapi::operations(),
        promotions::openapi::operations(),
        ledger::openapi::operations(),
        tax::openapi::operations(),
        shipping::openapi::operations(),
        cart::openapi::operations(),
        checkout::openapi::operations(),
        orders::openapi::operations(),
        payments::openapi::operations(),
        fraud::openapi::operations(),
        invoices::openapi::operations(),
        journal::openapi::operations(),
        notifications::openapi::operations(),
        organizations::openapi::operations(),
    ];
    let counted = |operation: Operation| {
        let route = table.find(&operation.method, operation.path);
        let scope = route.and_then(|route| route.access.scope());
        let is_privileged = scope.is_some_and(|scope| is_privileged(scope, &operation.method));
        let operation = if is_privileged { operation.problems(problem::revocations()) } else { operation };
        operation.counted(route.and_then(|route| route.class))
    };
    described.into_iter().flatten().map(counted).collect()
}
