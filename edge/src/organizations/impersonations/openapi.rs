//! The operation of impersonations, for the OpenAPI document.

use headlesspro_shared::identity::{Role, Scope, Scopes};
use headlesspro_shared::kernel::id::{AccountKind, SessionKind};
use headlesspro_shared::organizations::ImpersonationError;
use http::Method;
use serde_json::json;

use super::http::{ImpersonateBody, ImpersonationBody};
use super::usecase::ImpersonationFailure;
use crate::openapi::{
    AllowedActions, Answer, Budget, Cache, Header, Operation, Parameter, RequestBody, credentials, database, entropy,
    id, idempotency, json_body, not_found, of,
};
use crate::organizations::members::openapi::refusals;

pub fn operations() -> Vec<Operation> {
    vec![begin()]
}

fn begin() -> Operation {
    Operation::new(Method::POST, "/api/v1/impersonations", "impersonate", "Members")
        .says(
            "Acts as somebody else",
            "Gives one access token of a customer or of somebody of the staff, for a quarter of an hour. It may no \
             more than either, and makes no credentials; all that is done with it stands in the audit log under both \
             names.",
        )
        .cache(Cache::Personal)
        .budget(Budget::new(2, 2, 0))
        .parameters([Parameter::idempotency_key(false)])
        .body(RequestBody::json::<ImpersonateBody>("Whom to act as, and why.").example(
            "support",
            "A customer asked for help",
            json!({ "accountId": id::<AccountKind>(2).to_string(), "reason": "Ticket 4711: the cart shows no price" }),
        ))
        .answer(Answer::json::<ImpersonationBody>(201, "The token.").headers([Header::IdempotentReplayed]).example(
            "customer",
            "As a customer",
            json!({
                "accessToken": "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1c3JfMDEifQ.c2lnbmF0dXJl",
                "tokenType": "Bearer",
                "expiresIn": 900,
                "sessionId": id::<SessionKind>(1).to_string(),
                "accountId": id::<AccountKind>(2).to_string(),
                "role": "customer",
                "scopes": Role::Customer.scopes(Scopes::NONE).to_string(),
            }),
        ))
        .problems(credentials(Scope::MembersImpersonate))
        .problems(json_body())
        .problems(idempotency())
        .problems(not_found())
        .problems(entropy())
        .problems(refusals())
        .problems(database())
        .problems(vec![
            of(ImpersonationFailure::Refused(ImpersonationError::Nested), "The caller acts as somebody else already."),
            of(ImpersonationFailure::TargetSuspended, "The account is suspended.").with::<AllowedActions>(),
            of(ImpersonationFailure::Changing, "Others are changing the same.").with::<AllowedActions>(),
        ])
}
