//! The operations of invitations, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{AccountKind, InvitationKind};
use headlesspro_shared::organizations::{InvitationError, InvitationState};
use http::Method;
use schemars::JsonSchema;
use serde_json::{Value, json};

use super::http::{AcceptBody, InvitationBody, InvitationsBody, InviteBody, JoinedBody};
use super::usecase::InvitationFailure;
use crate::openapi::{
    AllowedActions, Answer, Budget, Cache, Header, Operation, Parameter, Problem, Problems, RequestBody, credentials,
    database, entropy, id, idempotency, json_body, not_found, of, plan_limit, time,
};
use crate::organizations::members::openapi::refusals;
use crate::organizations::openapi::page_problems;

pub fn operations() -> Vec<Operation> {
    vec![list(), invite(), resend(), revoke(), accept()]
}

fn operation(method: Method, path: &'static str, id: &'static str, scope: Scope) -> Operation {
    Operation::new(method, path, id, "Members").cache(Cache::Personal).problems(credentials(scope)).problems(database())
}

fn list() -> Operation {
    operation(Method::GET, "/api/v1/invitations", "listInvitations", Scope::MembersRead)
        .says("Lists the invitations", "Also those that were accepted, revoked or not answered.")
        .budget(Budget::new(1, 1, 0))
        .parameters(Parameter::page())
        .answer(Answer::json::<InvitationsBody>(200, "A page of invitations.").headers([Header::Link]).example(
            "one",
            "One invitation",
            json!({ "items": [invitation()], "nextCursor": null }),
        ))
        .problems(page_problems())
}

fn invite() -> Operation {
    operation(Method::POST, "/api/v1/invitations", "inviteMember", Scope::MembersWrite)
        .says(
            "Invites somebody to the staff",
            "By a mail with a link that is good for a week, once. Nobody offers more than they hold.",
        )
        .budget(Budget::new(2, 3, 0))
        .parameters([Parameter::idempotency_key(false)])
        .body(RequestBody::json::<InviteBody>("Who is invited, as what.").example(
            "member",
            "Somebody who runs the shop",
            json!({ "email": "grace@example.com", "role": "member", "locale": "ko" }),
        ))
        .answer(
            Answer::json::<InvitationBody>(201, "The invitation.")
                .headers([Header::Location, Header::IdempotentReplayed])
                .example("open", "A new invitation", invitation()),
        )
        .problems(json_body())
        .problems(idempotency())
        .problems(not_found())
        .problems(entropy())
        .problems(refusals())
        .problems(vec![
            of(InvitationFailure::AlreadyMember, "The address is a member's.").with::<AllowedActions>(),
            of(InvitationFailure::AccountSuspended, "The account is suspended.").with::<AllowedActions>(),
            of(InvitationFailure::AlreadyInvited(id::<InvitationKind>(1)), "The address is invited already.")
                .with::<InvitationIdMember>(),
            changing(),
        ])
}

fn resend() -> Operation {
    operation(Method::POST, "/api/v1/invitations/{id}/resend", "resendInvitation", Scope::MembersWrite)
        .says("Sends an invitation again", "With another link, for another week; the link before is good no more.")
        .budget(Budget::new(2, 3, 0))
        .parameters([invitation_id()])
        .answer(Answer::json::<InvitationBody>(200, "The invitation.").example("open", "Open", invitation()))
        .problems(not_found())
        .problems(entropy())
        .problems(refusals())
        .problems(not_open())
        .problems(vec![changing()])
}

fn revoke() -> Operation {
    operation(Method::DELETE, "/api/v1/invitations/{id}", "revokeInvitation", Scope::MembersWrite)
        .says("Revokes an invitation", "Its link is good no more. Revoking it again changes nothing.")
        .budget(Budget::new(2, 7, 0))
        .parameters([invitation_id()])
        .answer(Answer::empty(204, "The invitation is revoked."))
        .problems(not_found())
        .problems(entropy())
        .problems(refusals())
        .problems(not_open())
        .problems(vec![changing()])
}

fn accept() -> Operation {
    operation(Method::POST, "/api/v1/invitations/accept", "acceptInvitation", Scope::AuthBegin)
        .says(
            "Accepts an invitation",
            "By the secret of the mail's link. An address without an account gets one, with the password; one that \
             has an account keeps it, and gets the role.",
        )
        .budget(Budget::new(2, 7, 0))
        .body(RequestBody::json::<AcceptBody>("The secret, and what a new account is to have.").example(
            "new",
            "A new account",
            json!({
                "token": "c2VjcmV0LW9mLWFuLWludml0YXRpb24tMDAwMDAwMDA",
                "password": "correct horse battery",
                "name": "Grace Hopper",
            }),
        ))
        .answer(Answer::json::<JoinedBody>(200, "Who has joined.").example(
            "new",
            "A new account",
            json!({
                "accountId": id::<AccountKind>(2).to_string(),
                "role": "member",
                "organization": "Acme",
                "created": true,
            }),
        ))
        .problems(json_body())
        .problems(not_found())
        .problems(entropy())
        .problems(not_open())
        .problems(vec![
            of(InvitationFailure::AlreadyMember, "The address is a member's.").with::<AllowedActions>(),
            of(InvitationFailure::AccountSuspended, "The account is suspended.").with::<AllowedActions>(),
            changing(),
        ])
        .problems(plan_limit("members", "The plan allows no more members."))
}

fn changing() -> Problem {
    of(InvitationFailure::Changing, "Others are changing the same.").with::<AllowedActions>()
}

fn not_open() -> Problems {
    let accepted = InvitationError::NotOpen(InvitationState::Accepted);
    vec![
        of(InvitationFailure::NotOpen(accepted), "It is accepted, revoked or expired.").with::<InvitationStateMember>(),
    ]
}

fn invitation_id() -> Parameter {
    Parameter::path(
        "id",
        "The invitation's id.",
        json!({ "type": "string", "pattern": "^inv_[0-7][0-9a-hjkmnp-tv-z]{25}$" }),
        id::<InvitationKind>(1).to_string(),
    )
}

fn invitation() -> Value {
    json!({
        "id": id::<InvitationKind>(1).to_string(),
        "email": "grace@example.com",
        "role": "member",
        "roleName": null,
        "grants": [],
        "state": "open",
        "invitedBy": id::<AccountKind>(1).to_string(),
        "createdAt": time(0),
        "expiresAt": time(168),
    })
}

/// The member beside the standard ones.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read by the schema's derive")]
struct InvitationIdMember {
    /// The invitation that is open.
    invitation_id: String,
}

/// The member beside the standard ones.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "read by the schema's derive")]
struct InvitationStateMember {
    /// `accepted`, `revoked` or `expired`.
    state: String,
}
