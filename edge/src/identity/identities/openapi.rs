//! The operations of linked identities, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{ExternalIdentityKind, IdentityProviderKind};
use http::Method;
use serde_json::json;

use super::http::IdentitiesBody;
use super::usecase::LastWayIn;
use crate::identity::openapi::{operation, wrong_page};
use crate::openapi::{Answer, Budget, Header, Operation, Parameter, entropy, id, not_found, of, time};

pub fn operations() -> Vec<Operation> {
    vec![list(), unlink()]
}

fn list() -> Operation {
    operation(Method::GET, "/api/v1/auth/identities", "listLinkedIdentities", Scope::ProfileRead)
        .says("Lists the identities that open one's account", "At other identity providers, the newest first.")
        .budget(Budget::new(1, 1, 0))
        .parameters(Parameter::page())
        .answer(Answer::json::<IdentitiesBody>(200, "A page of identities.").headers([Header::Link]).example(
            "one",
            "One identity",
            json!({ "items": [{
                "id": id::<ExternalIdentityKind>(1).to_string(),
                "issuer": "https://accounts.google.com",
                "provider": { "id": id::<IdentityProviderKind>(1).to_string(), "kind": "google", "name": "Google" },
                "subjectHint": "\u{2026}0123",
                "email": "ada@example.com",
                "linkedAt": time(0),
                "lastUsedAt": time(1),
            }], "nextCursor": null }),
        ))
        .problems(wrong_page())
        .problems(not_found())
}

fn unlink() -> Operation {
    operation(Method::DELETE, "/api/v1/auth/identities/{id}", "unlinkIdentity", Scope::ProfileWrite)
        .says(
            "Unlinks an identity from one's account",
            "But not the last thing that opens the account: a password, a passkey or another identity. A mail tells \
             the account's owner.",
        )
        .budget(Budget::new(2, 2, 0))
        .parameters([Parameter::path(
            "id",
            "The identity.",
            json!({ "type": "string", "pattern": "^ext_[0-7][0-9a-hjkmnp-tv-z]{25}$" }),
            id::<ExternalIdentityKind>(1).to_string(),
        )])
        .answer(Answer::empty(204, "Nobody comes by it any more."))
        .problems(not_found())
        .problems(entropy())
        .problems(vec![of(LastWayIn, "Nothing else opens the account.")])
}
