//! The operations of organizations, for the OpenAPI document.

use super::{health, impersonations, invitations, members, roles, settings, sign_up};
use crate::openapi::{Operation, Problems, of};
use crate::problem::Problem;

pub fn operations() -> Vec<Operation> {
    let parts = [
        settings::openapi::operations(),
        health::openapi::operations(),
        members::openapi::operations(),
        roles::openapi::operations(),
        invitations::openapi::operations(),
        impersonations::openapi::operations(),
        sign_up::openapi::operations(),
    ];
    parts.into_iter().flatten().collect()
}

/// Of every list with pages.
pub fn page_problems() -> Problems {
    vec![of(
        Problem::parameter("limit", "the limit must be a number between 1 and 250"),
        "Query parameters are unknown or not valid; `errors` lists them all.",
    )]
}
