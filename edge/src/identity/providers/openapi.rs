//! The operations of identity providers, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::IdentityProviderKind;
use http::Method;
use serde_json::{Value, json};

use super::http::{ChangeProviderBody, CreateProviderBody, ProviderBody, ProvidersBody};
use super::usecase::ProviderConfigError;
use crate::identity::openapi::{operation, wrong_page};
use crate::openapi::{
    AllowedActions, Answer, Budget, Header, Operation, Parameter, RequestBody, entropy, id, idempotency, if_match,
    json_body, not_found, of, time,
};

pub fn operations() -> Vec<Operation> {
    vec![list(), create(), change(), remove()]
}

fn list() -> Operation {
    operation(Method::GET, "/api/v1/identity-providers", "listIdentityProviders", Scope::ProvidersWrite)
        .says("Lists the organization's identity providers", "The newest first, without their secrets.")
        .budget(Budget::new(1, 1, 0))
        .parameters(Parameter::page())
        .answer(Answer::json::<ProvidersBody>(200, "A page of providers.").headers([Header::Link]).example(
            "one",
            "One provider",
            json!({ "items": [provider()], "nextCursor": null }),
        ))
        .problems(wrong_page())
}

fn create() -> Operation {
    operation(Method::POST, "/api/v1/identity-providers", "createIdentityProvider", Scope::ProvidersWrite)
        .says(
            "Sets up an identity provider",
            "People are sent there to log in (`redirectUris`), or its access tokens are taken beside a publishable \
             key (`tokenAudiences`), or both. It says who somebody is; what they may do is said by their account \
             here.",
        )
        .budget(Budget::new(2, 2, 0))
        .parameters([Parameter::idempotency_key(false)])
        .body(
            RequestBody::json::<CreateProviderBody>("The provider.")
                .example(
                    "google",
                    "Google",
                    json!({
                        "kind": "google",
                        "name": "Google",
                        "clientId": "1234.apps.googleusercontent.com",
                        "clientSecret": "GOCSPX-abc",
                        "redirectUris": ["https://shop.example/login"],
                    }),
                )
                .example(
                    "tokens",
                    "Access tokens of Clerk",
                    json!({
                        "kind": "oidc",
                        "name": "Clerk",
                        "issuer": "https://clerk.shop.example",
                        "tokenAudiences": ["https://shop.example"],
                    }),
                ),
        )
        .answer(Answer::json::<ProviderBody>(201, "The provider.").example("google", "Google", provider()).headers([
            Header::Location,
            Header::Etag,
            Header::IdempotentReplayed,
        ]))
        .problems(json_body())
        .problems(idempotency())
        .problems(entropy())
        .problems(vec![of(ProviderConfigError::Exists, "There is a provider with this issuer.")])
}

fn remove() -> Operation {
    operation(Method::DELETE, "/api/v1/identity-providers/{id}", "removeIdentityProvider", Scope::ProvidersWrite)
        .says(
            "Takes an identity provider away",
            "Nobody logs in by it any more, and its secret is forgotten. Sessions that are open stay so; whom it \
             vouched for is known again when a provider with the same issuer is set up.",
        )
        .budget(Budget::new(2, 2, 0))
        .parameters([provider_id()])
        .answer(Answer::empty(204, "The provider is gone."))
        .problems(not_found())
        .problems(entropy())
}

fn change() -> Operation {
    operation(Method::PATCH, "/api/v1/identity-providers/{id}", "changeIdentityProvider", Scope::ProvidersWrite)
        .says(
            "Changes an identity provider",
            "What is given; null takes a value away. A new secret counts from the next login on.",
        )
        .budget(Budget::new(2, 9, 0))
        .parameters([provider_id(), Parameter::if_match()])
        .body(RequestBody::json::<ChangeProviderBody>("What is to be changed.").example(
            "secret",
            "A new secret, and nobody new signs up",
            json!({ "clientSecret": "GOCSPX-def", "signsUp": false }),
        ))
        .answer(
            Answer::json::<ProviderBody>(200, "The provider.")
                .example("google", "Google", provider())
                .headers([Header::Etag]),
        )
        .problems(json_body())
        .problems(not_found())
        .problems(entropy())
        .problems(if_match(ProviderConfigError::VersionMismatch { current: 8 }))
        .problems(vec![of(ProviderConfigError::Changing, "Others are changing the same.").with::<AllowedActions>()])
}

fn provider_id() -> Parameter {
    Parameter::path(
        "id",
        "The provider.",
        json!({ "type": "string", "pattern": "^idp_[0-7][0-9a-hjkmnp-tv-z]{25}$" }),
        id::<IdentityProviderKind>(1).to_string(),
    )
}

fn provider() -> Value {
    json!({
        "id": id::<IdentityProviderKind>(1).to_string(),
        "kind": "google",
        "name": "Google",
        "issuer": "https://accounts.google.com",
        "clientId": "1234.apps.googleusercontent.com",
        "hasSecret": true,
        "scope": "openid email profile",
        "redirectUris": ["https://shop.example/login"],
        "tokenAudiences": [],
        "signsUp": true,
        "trustsEmail": false,
        "version": 1,
        "createdAt": time(0),
    })
}
