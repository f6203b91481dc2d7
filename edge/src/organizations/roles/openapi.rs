//! The operations of custom roles, for the OpenAPI document.

use headlesspro_shared::identity::{Role, Scope, Scopes};
use headlesspro_shared::kernel::id::RoleKind;
use http::Method;
use serde_json::{Value, json};

use super::http::{ChangeRoleBody, CreateRoleBody, RoleBody, RolesBody};
use super::usecase::RoleError;
use crate::openapi::{
    AllowedActions, Answer, Budget, Cache, Header, Operation, Parameter, RequestBody, credentials, database, entropy,
    id, idempotency, if_match, json_body, not_found, of, redis, time,
};
use crate::organizations::members::openapi::refusals;

pub fn operations() -> Vec<Operation> {
    vec![list(), create(), show(), change(), delete()]
}

fn operation(method: Method, path: &'static str, id: &'static str, scope: Scope) -> Operation {
    Operation::new(method, path, id, "Members").cache(Cache::Personal).problems(credentials(scope)).problems(database())
}

fn list() -> Operation {
    let viewer = Role::Viewer.scopes(Scopes::NONE).to_string();
    operation(Method::GET, "/api/v1/roles", "listRoles", Scope::MembersRead)
        .says("Lists the roles", "The organization's own, and those that every organization has.")
        .budget(Budget::new(1, 1, 0))
        .answer(Answer::json::<RolesBody>(200, "The roles.").example(
            "one",
            "One custom role",
            json!({ "items": [role()], "builtIn": [{ "role": "viewer", "scopes": viewer }] }),
        ))
}

fn create() -> Operation {
    operation(Method::POST, "/api/v1/roles", "createRole", Scope::MembersWrite)
        .says("Defines a role", "A named permission set. Nobody defines one with more than they hold.")
        .budget(Budget::new(2, 2, 0))
        .parameters([Parameter::idempotency_key(false)])
        .body(RequestBody::json::<CreateRoleBody>("The role.").example(
            "clerk",
            "Somebody who packs",
            json!({ "name": "Packer", "scopes": "orders:read orders:write" }),
        ))
        .answer(
            Answer::json::<RoleBody>(201, "The role.").headers([Header::Location, Header::IdempotentReplayed]).example(
                "clerk",
                "A new role",
                role(),
            ),
        )
        .problems(json_body())
        .problems(idempotency())
        .problems(entropy())
        .problems(refusals())
        .problems(vec![
            of(RoleError::TooMany, "There are 100 already.").with::<AllowedActions>(),
            of(RoleError::Changing, "The caller is being changed.").with::<AllowedActions>(),
        ])
        .problems(not_found())
}

fn show() -> Operation {
    operation(Method::GET, "/api/v1/roles/{id}", "getRole", Scope::MembersRead)
        .says("Shows a role", "One of the organization's own.")
        .budget(Budget::new(1, 1, 0))
        .parameters([role_id()])
        .answer(answer())
        .problems(not_found())
}

fn change() -> Operation {
    operation(Method::PATCH, "/api/v1/roles/{id}", "changeRole", Scope::MembersWrite)
        .says(
            "Changes a role",
            "Whoever changes it holds what it allowed and what it will allow. Members who have it can do what it \
             says within a minute.",
        )
        .budget(Budget::new(2, 3, 1))
        .parameters([role_id(), Parameter::if_match()])
        .body(RequestBody::json::<ChangeRoleBody>("What is to be changed.").example(
            "scopes",
            "Other scopes",
            json!({ "scopes": "orders:read" }),
        ))
        .answer(answer())
        .problems(json_body())
        .problems(not_found())
        .problems(redis())
        .problems(entropy())
        .problems(refusals())
        .problems(if_match(RoleError::VersionMismatch { current: 8 }))
        .problems(vec![of(RoleError::Changing, "Others are changing the same.").with::<AllowedActions>()])
}

fn delete() -> Operation {
    operation(Method::DELETE, "/api/v1/roles/{id}", "deleteRole", Scope::MembersWrite)
        .says("Deletes a role", "Only one that nobody has and nobody is invited to.")
        .budget(Budget::new(2, 3, 0))
        .parameters([role_id(), Parameter::if_match()])
        .answer(Answer::empty(204, "The role is gone."))
        .problems(not_found())
        .problems(entropy())
        .problems(refusals())
        .problems(if_match(RoleError::VersionMismatch { current: 8 }))
        .problems(vec![
            of(RoleError::InUse, "Somebody has it.").with::<AllowedActions>(),
            of(RoleError::Changing, "Others are changing the same.").with::<AllowedActions>(),
        ])
}

fn role_id() -> Parameter {
    Parameter::path(
        "id",
        "The role's id.",
        json!({ "type": "string", "pattern": "^role_[0-7][0-9a-hjkmnp-tv-z]{25}$" }),
        id::<RoleKind>(1).to_string(),
    )
}

fn answer() -> Answer {
    Answer::json::<RoleBody>(200, "The role.").headers([Header::Etag]).example("clerk", "A role", role())
}

fn role() -> Value {
    json!({
        "id": id::<RoleKind>(1).to_string(),
        "name": "Packer",
        "scopes": "orders:read orders:write",
        "members": 0,
        "version": 1,
        "createdAt": time(0),
    })
}
