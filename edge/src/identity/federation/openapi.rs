//! The operations of logins by another identity provider, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::identity::federation::LinkError;
use headlesspro_shared::kernel::id::IdentityProviderKind;
use http::Method;
use schemars::JsonSchema;
use serde_json::{Value, json};

use super::http::{BeginBody, BegunBody, FinishBody, LoginProvidersBody, TokenBody};
use super::remembered::ProviderError;
use super::usecase::FederationError;
use crate::identity::openapi::{operation, tokens};
use crate::identity::second_factor::openapi::second_factor_required;
use crate::openapi::{
    Answer, Budget, Operation, Parameter, Problems, RequestBody, entropy, id, json_body, not_found, of,
};

pub fn operations() -> Vec<Operation> {
    vec![list(), begin(), link(), finish(), exchange(), link_token()]
}

fn list() -> Operation {
    operation(Method::GET, "/api/v1/auth/providers", "listLoginProviders", Scope::AuthBegin)
        .says("Lists where people can log in", "The identity providers that this shop sends browsers to.")
        .budget(Budget::new(1, 1, 0))
        .answer(Answer::json::<LoginProvidersBody>(200, "The providers.").example(
            "one",
            "One provider",
            json!({ "items": [{ "id": provider(), "kind": "google", "name": "Google" }] }),
        ))
}

fn begin() -> Operation {
    begun(operation(Method::POST, "/api/v1/auth/providers/{id}/begin", "beginProviderLogin", Scope::AuthBegin).says(
        "Begins a login by another identity provider",
        "Send the browser to `authorizationUrl`, and keep `browserToken` in it. The provider sends it back to your \
         page with `code` and `state`; hand them in at `/api/v1/auth/providers/finish` within ten minutes.",
    ))
}

fn link() -> Operation {
    let path = "/api/v1/auth/providers/{id}/link";
    begun(operation(Method::POST, path, "beginProviderLink", Scope::ProfileWrite).says(
        "Links an identity to one's account",
        "As a login is begun; whoever finishes it in this browser is linked to the account that asks, whatever the \
         e-mail address. Takes a login of the last ten minutes.",
    ))
    .budget(Budget::new(2, 4, 0))
    .problems(not_fresh())
}

fn begun(operation: Operation) -> Operation {
    operation
        .budget(Budget::new(2, 2, 0))
        .parameters([Parameter::path(
            "id",
            "The provider.",
            json!({ "type": "string", "pattern": "^idp_[0-7][0-9a-hjkmnp-tv-z]{25}$" }),
            provider(),
        )])
        .body(RequestBody::json::<BeginBody>("Where to come back to.").example(
            "page",
            "A page of the storefront",
            json!({ "redirectUri": "https://shop.example/login" }),
        ))
        .answer(Answer::json::<BegunBody>(200, "Where to go.").example(
            "begun",
            "Google",
            json!({
                "authorizationUrl": "https://accounts.google.com/o/oauth2/v2/auth?response_type=code&state=...",
                "browserToken": "b3BhcXVlLWJ5LWRlc2lnbi1hbmQtdXNlZC1vbmNlLTA",
                "expiresIn": 600,
            }),
        ))
        .problems(json_body())
        .problems(not_found())
        .problems(entropy())
        .problems(provider_problems())
}

fn finish() -> Operation {
    operation(Method::POST, "/api/v1/auth/providers/finish", "finishProviderLogin", Scope::AuthBegin)
        .says(
            "Finishes a login by another identity provider",
            "Good once, in the browser that began it. An identity that was linked before comes to its account; else \
             to the account with its e-mail address, if the provider and the account have both verified it; else, \
             where the provider signs people up, to a new customer's account. A registration of the address that \
             nobody has confirmed becomes whose address it is, and its password is void. An account with a second \
             factor is asked for it.",
        )
        .budget(Budget::new(3, 6, 1))
        .body(RequestBody::json::<FinishBody>("What the browser came back with.").example(
            "back",
            "From Google",
            json!({
                "state": "c3RhdGUtaXMtZ29vZC1vbmNlLWFuZC1mb3ItdGVuLW1pbg",
                "code": "4/0AbCdEf",
                "browserToken": "b3BhcXVlLWJ5LWRlc2lnbi1hbmQtdXNlZC1vbmNlLTA",
            }),
        ))
        .answer(tokens())
        .problems(json_body())
        .problems(entropy())
        .problems(provider_problems())
        .problems(link_problems())
        .problems(vec![
            second_factor_required(),
            of(FederationError::Over, "The login was finished, is over, or was begun elsewhere."),
        ])
}

fn exchange() -> Operation {
    let path = "/api/v1/auth/providers/exchange";
    traded(operation(Method::POST, path, "exchangeForeignToken", Scope::AuthBegin).says(
        "Trades another issuer's access token for a session",
        "Of an identity provider whose `tokenAudiences` the token is for. Whoever it is about comes to an account as \
         from a login there; from then on the token itself is taken too, beside `X-Publishable-Key`, unless the account \
         has a second factor: then only this opens it, and asks for the code.",
    ))
}

fn link_token() -> Operation {
    let path = "/api/v1/auth/providers/link-token";
    traded(operation(Method::POST, path, "linkForeignToken", Scope::ProfileWrite).says(
        "Links whom another issuer's access token is about to one's account",
        "Whatever the e-mail address. Takes a login of the last ten minutes, and opens a session, as a login does.",
    ))
    .budget(Budget::new(3, 8, 1))
    .problems(not_fresh())
}

fn traded(operation: Operation) -> Operation {
    operation
        .budget(Budget::new(3, 6, 1))
        .body(RequestBody::json::<TokenBody>("The token.").example(
            "clerk",
            "A session token",
            json!({ "token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyXzEifQ.c2lnbmF0dXJl" }),
        ))
        .answer(tokens())
        .problems(json_body())
        .problems(entropy())
        .problems(provider_problems())
        .problems(link_problems())
        .problems(vec![second_factor_required()])
}

fn not_fresh() -> Problems {
    vec![of(FederationError::NotFresh, "The login is more than ten minutes ago, or somebody else's.")]
}

fn provider_problems() -> Problems {
    let unavailable = ProviderError::Unavailable(String::new());
    vec![
        of(FederationError::Provider(unavailable), "The identity provider does not answer."),
        of(FederationError::Provider(ProviderError::NotGood("it refuses")), "The provider's word was not taken."),
    ]
}

fn link_problems() -> Problems {
    vec![
        of(LinkError::SignUpClosed, "The identity leads to no account.").with::<NotLinked>(),
        of(LinkError::Suspended, "The account is suspended."),
    ]
}

fn provider() -> Value {
    id::<IdentityProviderKind>(1).to_string().into()
}

/// The member beside the standard ones.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "read by the schema's derive")]
struct NotLinked {
    #[schemars(extend("enum" = [
        "linked-elsewhere", "no-email", "email-not-verified", "account-not-verified", "account-has-second-factor",
        "sign-up-closed"
    ]))]
    reason: String,
}
