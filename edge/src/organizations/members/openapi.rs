//! The operations of members, for the OpenAPI document.

use headlesspro_shared::identity::{Role, Scope};
use headlesspro_shared::kernel::id::{AccountKind, StoreKind};
use headlesspro_shared::organizations::{MemberState, MembershipError};
use http::Method;
use serde_json::{Value, json};

use super::http::{AppointBody, MemberBody, MembersBody};
use super::usecase::MemberError;
use crate::openapi::{
    AllowedActions, Answer, Budget, Cache, Header, Operation, Parameter, Problems, RequestBody, credentials, database,
    entropy, id, if_match, json_body, not_found, of, redis, time,
};
use crate::organizations::openapi::page_problems;

pub fn operations() -> Vec<Operation> {
    vec![list(), show(), appoint(), suspend(), resume(), remove(), leave()]
}

fn operation(method: Method, path: &'static str, id: &'static str, scope: Scope) -> Operation {
    Operation::new(method, path, id, "Members").cache(Cache::Personal).problems(credentials(scope)).problems(database())
}

fn list() -> Operation {
    operation(Method::GET, "/api/v1/members", "listMembers", Scope::MembersRead)
        .says("Lists the members", "Who works for the organization, customers left out.")
        .budget(Budget::new(1, 1, 0))
        .parameters(Parameter::page())
        .answer(Answer::json::<MembersBody>(200, "A page of members.").headers([Header::Link]).example(
            "one",
            "One member",
            json!({ "items": [member("admin", json!([]))], "nextCursor": null }),
        ))
        .problems(page_problems())
}

fn show() -> Operation {
    operation(Method::GET, "/api/v1/members/{id}", "getMember", Scope::MembersRead)
        .says("Shows a member", "By the id of the account.")
        .budget(Budget::new(1, 1, 0))
        .parameters([member_id()])
        .answer(answer())
        .problems(not_found())
}

fn appoint() -> Operation {
    changing(Method::PATCH, "/api/v1/members/{id}", "appointMember")
        .says(
            "Changes a member's role or grants",
            "Nobody gives or changes more than they hold, and only owners deal with owners. Tokens that were issued \
             before are void within a minute; a refresh gives new ones.",
        )
        .body(
            RequestBody::json::<AppointBody>("What the member is to be.")
                .example("role", "Another role", json!({ "role": "admin" }))
                .example(
                    "narrowed",
                    "A role for one store",
                    json!({
                        "role": "member",
                        "grants": [{
                            "scopes": "catalog:read orders:read orders:write",
                            "to": { "store": id::<StoreKind>(1).to_string() },
                        }],
                    }),
                ),
        )
        .answer(answer())
        .problems(json_body())
}

fn suspend() -> Operation {
    changing(Method::POST, "/api/v1/members/{id}/suspend", "suspendMember")
        .says("Suspends a member", "The role stays, and nothing can be done with it; sessions end within a minute.")
        .answer(answer())
        .problems(already())
}

fn resume() -> Operation {
    changing(Method::POST, "/api/v1/members/{id}/resume", "resumeMember")
        .says("Ends a suspension", "The member logs in again.")
        .answer(answer())
        .problems(already())
}

fn remove() -> Operation {
    changing(Method::DELETE, "/api/v1/members/{id}", "removeMember")
        .says("Removes a member", "The account stays, as a customer's; its sessions end within a minute.")
        .answer(Answer::empty(204, "Nobody of the staff any more."))
}

fn leave() -> Operation {
    operation(Method::DELETE, "/api/v1/membership", "leaveOrganization", Scope::ProfileWrite)
        .says("Leaves the staff", "The own account stays, as a customer's; its sessions end within a minute.")
        .budget(Budget::new(2, 9, 1))
        .answer(Answer::empty(204, "Nobody of the staff any more."))
        .problems(not_found())
        .problems(redis())
        .problems(entropy())
        .problems(vec![
            of(MembershipError::LastOwner, LAST_OWNER).with::<AllowedActions>(),
            of(MemberError::Changing, CHANGING).with::<AllowedActions>(),
        ])
}

const LAST_OWNER: &str = "The last owner must stay an active owner.";
const CHANGING: &str = "Others are changing the same.";

fn changing(method: Method, path: &'static str, id: &'static str) -> Operation {
    operation(method, path, id, Scope::MembersWrite)
        .budget(Budget::new(2, 9, 1))
        .parameters([member_id(), Parameter::if_match()])
        .problems(not_found())
        .problems(redis())
        .problems(entropy())
        .problems(if_match(MemberError::VersionMismatch { current: 8 }))
        .problems(refusals())
        .problems(vec![
            of(MembershipError::LastOwner, LAST_OWNER).with::<AllowedActions>(),
            of(MemberError::Changing, CHANGING).with::<AllowedActions>(),
        ])
}

fn already() -> Problems {
    let already = MembershipError::AlreadyIn(MemberState::Suspended);
    vec![of(already, "The member is in that state already.").with::<AllowedActions>()]
}

/// Of every route by which somebody deals with somebody else's rights.
pub fn refusals() -> Problems {
    vec![
        of(MembershipError::OwnersOnly, "Only an owner deals with owners."),
        of(MembershipError::BeyondOwn, "It is more than the caller holds."),
        of(MembershipError::ActorSuspended, "The caller is suspended."),
    ]
}

pub fn member_id() -> Parameter {
    Parameter::path(
        "id",
        "The id of the member's account.",
        json!({ "type": "string", "pattern": "^usr_[0-7][0-9a-hjkmnp-tv-z]{25}$" }),
        id::<AccountKind>(1).to_string(),
    )
}

fn answer() -> Answer {
    let grants = json!([{ "scopes": "catalog:read", "to": { "store": id::<StoreKind>(1).to_string() } }]);
    Answer::json::<MemberBody>(200, "The member.")
        .headers([Header::Etag])
        .example("admin", "An admin", member("admin", json!([])))
        .example("narrowed", "Somebody who works for one store", member("viewer", grants))
}

fn member(role: &str, grants: Value) -> Value {
    let scopes = role.parse::<Role>().ok().and_then(Role::built_in_scopes).unwrap_or_default();
    json!({
        "id": id::<AccountKind>(1).to_string(),
        "email": "grace@example.com",
        "name": "Grace Hopper",
        "role": role,
        "roleName": null,
        "scopes": scopes.to_string(),
        "grants": grants,
        "state": "active",
        "version": 7,
        "createdAt": time(0),
    })
}
