//! The operations of OAuth 2.0, for the OpenAPI document.

use headlesspro_shared::identity::{Role, Scope, Scopes};
use headlesspro_shared::kernel::id::AppKind;
use http::Method;
use serde_json::{Value, json};

use super::http::{
    ErrorBody, FORM_LIMIT, IntrospectionBody, MetadataBody, OneTokenForm, RevokedBody, TokenBody, TokenForm,
};
use crate::openapi::{
    Answer, Budget, Cache, Operation, RequestBody, credentials, database, entropy, id, raw_body, redis, shut,
};

const TOKEN: &str = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhcHBfMDEifQ.c2lnbmF0dXJl";

pub fn operations() -> Vec<Operation> {
    vec![token(), revoke(), introspect(), metadata()]
}

fn form(body: RequestBody) -> RequestBody {
    RequestBody { media_type: "application/x-www-form-urlencoded", ..body }
}

fn operation(path: &'static str, id: &'static str) -> Operation {
    let too_large = raw_body(FORM_LIMIT, "The form has more than 16 KiB.");
    Operation::new(Method::POST, path, id, "Identity")
        .problems(database())
        .problems(too_large.into_iter().filter(|problem| problem.sample.status().as_u16() == 413).collect())
}

fn error(status: u16, error: &str, description: &str) -> Answer {
    Answer::json::<ErrorBody>(status, "The request is not done (RFC 6749, section 5.2).").example(
        "error",
        "Why",
        json!({ "error": error, "error_description": description }),
    )
}

fn token() -> Operation {
    operation("/oauth/token", "issueAppToken")
        .says(
            "Trades an app's secret for an access token",
            "Client credentials (RFC 6749, section 4.4), with HTTP Basic or in the form. The token carries the scopes \
             asked for, which the app must have, and lives 15 minutes.",
        )
        .budget(Budget::new(1, 2, 0))
        .body(form(RequestBody::json::<TokenForm>("The grant.")).example(
            "basic",
            "With HTTP Basic",
            json!({ "grant_type": "client_credentials", "scope": "orders:read" }),
        ))
        .answer(Answer::json::<TokenBody>(200, "The token.").example(
            "token",
            "A token",
            json!({ "access_token": TOKEN, "token_type": "Bearer", "expires_in": 900, "scope": "orders:read" }),
        ))
        .answer(error(400, "invalid_scope", "A scope is unknown, or more than the client has."))
        .answer(error(401, "invalid_client", "The client is unknown, or its secret is wrong."))
        .problems(shut())
        .problems(entropy())
}

fn revoke() -> Operation {
    operation("/oauth/revoke", "revokeAppToken")
        .says(
            "Voids an access token",
            "Of the app that asks (RFC 7009): it is void everywhere within 30 seconds. Of any other text nothing is \
             told, and nothing changes.",
        )
        .budget(Budget::new(2, 3, 1))
        .body(form(RequestBody::json::<OneTokenForm>("The token.")).example(
            "token",
            "With HTTP Basic",
            json!({ "token": TOKEN }),
        ))
        .answer(Answer::json::<RevokedBody>(200, "The token is void.").example("void", "An empty object", json!({})))
        .answer(error(400, "invalid_request", "token is missing."))
        .answer(error(401, "invalid_client", "The client is unknown, or its secret is wrong."))
        .problems(shut())
        .problems(redis())
        .problems(entropy())
}

fn introspect() -> Operation {
    operation("/oauth/introspect", "introspectToken")
        .says(
            "Whether an access token is good",
            "Of this organization, and what it carries (RFC 7662). Of every other text only that it is not.",
        )
        .budget(Budget::new(1, 2, 1))
        .body(form(RequestBody::json::<OneTokenForm>("The token.")).example(
            "token",
            "A token",
            json!({ "token": TOKEN }),
        ))
        .answer(introspection())
        .answer(error(400, "invalid_request", "token is missing."))
        .problems(credentials(Scope::TokensIntrospect))
        .problems(redis())
}

fn introspection() -> Answer {
    let app = id::<AppKind>(1).to_string();
    let active = json!({
        "active": true,
        "scope": "orders:read",
        "client_id": app,
        "sub": app,
        "token_type": "Bearer",
        "iss": "https://api.shop.example",
        "iat": 1_795_512_600,
        "exp": 1_795_513_500,
    });
    Answer::json::<IntrospectionBody>(200, "What the token says.")
        .example("active", "A token of an app", active)
        .example("inactive", "Anything else", json!({ "active": false }))
}

fn metadata() -> Operation {
    let apps = Role::App.built_in_scopes().unwrap_or(Scopes::NONE);
    let scopes: Vec<Value> = apps.iter().map(|scope| Value::from(scope.name())).collect();
    let at = |path: &str| format!("https://api.shop.example{path}");
    Operation::new(Method::GET, "/.well-known/oauth-authorization-server", "getAuthorizationServer", "Identity")
        .says(
            "What OAuth 2.0 programs need to know",
            "The authorization server's metadata (RFC 8414). There where the deployment's setting `ISSUER` is its \
             origin.",
        )
        .cache(Cache::Static)
        .answer(Answer::json::<MetadataBody>(200, "The metadata.").example(
            "metadata",
            "A deployment at api.shop.example",
            json!({
                "issuer": "https://api.shop.example",
                "token_endpoint": at("/oauth/token"),
                "jwks_uri": at("/.well-known/jwks.json"),
                "revocation_endpoint": at("/oauth/revoke"),
                "introspection_endpoint": at("/oauth/introspect"),
                "scopes_supported": scopes,
                "response_types_supported": [],
                "grant_types_supported": ["client_credentials"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "introspection_endpoint_auth_methods_supported": ["Bearer"],
            }),
        ))
}
