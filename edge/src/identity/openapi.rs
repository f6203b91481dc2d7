//! The operations of people and their sessions, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{AccountKind, SessionKind, StoreKind};
use http::Method;
use schemars::JsonSchema;
use serde_json::{Value, json};

use super::http::{AccountBody, KeySetBody, LoginBody, RefreshBody, SessionsBody, TokensBody};
use super::usecase::{LoginError, RefreshError};
use super::{
    addresses, api_keys, apps, customers, email, federation, identities, magic, oauth, passkeys, password, profile,
    providers, registration, second_factor,
};
use crate::openapi::{
    Answer, Budget, Cache, Header, Operation, Parameter, Problems, RequestBody, credentials, database, entropy, id,
    json_body, not_found, of, redis, time,
};
use crate::problem::Problem;

pub fn operations() -> Vec<Operation> {
    let own = [refresh(), log_out(), list(), revoke_all(), revoke(), me(), jwks()];
    let parts = [
        api_keys::openapi::operations(),
        apps::openapi::operations(),
        oauth::openapi::operations(),
        registration::openapi::operations(),
        password::openapi::operations(),
        magic::openapi::operations(),
        email::openapi::operations(),
        federation::openapi::operations(),
        identities::openapi::operations(),
        providers::openapi::operations(),
        profile::openapi::operations(),
        addresses::openapi::operations(),
        customers::openapi::operations(),
        passkeys::openapi::operations(),
        second_factor::openapi::operations(),
    ];
    own.into_iter().chain(parts.into_iter().flatten()).chain([log_in()]).collect()
}

pub fn operation(method: Method, path: &'static str, id: &'static str, scope: Scope) -> Operation {
    Operation::new(method, path, id, "Identity")
        .cache(Cache::Personal)
        .problems(credentials(scope))
        .problems(database())
}

fn log_in() -> Operation {
    operation(Method::POST, "/api/v1/auth/login", "logIn", Scope::AuthBegin)
        .says(
            "Opens a session",
            "Trades an e-mail address and a password for tokens. Failures are counted per account and per network \
             address: after some of them the next attempt has to wait, longer each time.",
        )
        .budget(Budget::new(2, 2, 1))
        .body(RequestBody::json::<LoginBody>("Who logs in.").example(
            "login",
            "With a password",
            json!({ "email": "ada@example.com", "password": "correct horse battery" }),
        ))
        .answer(tokens())
        .problems(json_body())
        .problems(redis())
        .problems(entropy())
        .problems(vec![
            of(LoginError::Refused, "Address or password, an unverified address or a suspended account."),
            second_factor::openapi::second_factor_required(),
            of(LoginError::Wait { millis: 4_000 }, "Too many failed logins.").with::<RetryAfterSeconds>(),
        ])
}

fn refresh() -> Operation {
    operation(Method::POST, "/api/v1/auth/refresh", "refreshTokens", Scope::AuthBegin)
        .says(
            "Continues a session",
            "Swaps a refresh token for its successor and a new access token. A token that was swapped answers the \
             same successor for ten seconds more, so that two tabs do not log each other out; after that its use \
             counts as theft and ends the session. A member of the staff can move to another store with `storeId`: \
             the access token is for that store, and so are those after it.",
        )
        .budget(Budget::new(2, 5, 1))
        .body(
            RequestBody::json::<RefreshBody>("The newest refresh token.")
                .example("refresh", "The token of the last answer", json!({ "refreshToken": REFRESH_TOKEN }))
                .example(
                    "store",
                    "Into another store",
                    json!({ "refreshToken": REFRESH_TOKEN, "storeId": id::<StoreKind>(1).to_string() }),
                ),
        )
        .answer(tokens())
        .problems(json_body())
        .problems(redis())
        .problems(entropy())
        .problems(not_found())
        .problems(vec![
            of(RefreshError::Ended, "The token is unknown, used, expired or revoked."),
            of(RefreshError::StaffOnly, "A customer wants to be in another store."),
        ])
}

fn log_out() -> Operation {
    operation(Method::POST, "/api/v1/auth/logout", "logOut", Scope::SessionsWrite)
        .says("Ends this session", "Its tokens are void within a minute, everywhere.")
        .budget(Budget::new(1, 2, 1))
        .answer(Answer::empty(204, "The session has ended."))
        .problems(not_found())
        .problems(redis())
        .problems(entropy())
}

fn list() -> Operation {
    operation(Method::GET, "/api/v1/auth/sessions", "listSessions", Scope::SessionsWrite)
        .says("Lists one's sessions", "Where the account is logged in, newest first.")
        .budget(Budget::new(1, 1, 0))
        .parameters(Parameter::page())
        .answer(Answer::json::<SessionsBody>(200, "A page of sessions.").headers([Header::Link]).example(
            "one",
            "One session, which asks",
            json!({ "items": [session()], "nextCursor": null }),
        ))
        .problems(wrong_page())
}

fn revoke_all() -> Operation {
    operation(Method::DELETE, "/api/v1/auth/sessions", "revokeSessions", Scope::SessionsWrite)
        .says("Ends all one's sessions", "This one included.")
        .budget(Budget::new(1, 2, 1))
        .answer(Answer::empty(204, "The sessions have ended."))
        .problems(redis())
        .problems(entropy())
}

fn revoke() -> Operation {
    operation(Method::DELETE, "/api/v1/auth/sessions/{id}", "revokeSession", Scope::SessionsWrite)
        .says("Ends one of one's sessions", "Ending it again changes nothing.")
        .budget(Budget::new(1, 2, 1))
        .parameters([Parameter::path(
            "id",
            "The session.",
            json!({ "type": "string", "pattern": "^ses_[0-7][0-9a-hjkmnp-tv-z]{25}$" }),
            id::<SessionKind>(1).to_string(),
        )])
        .answer(Answer::empty(204, "The session has ended."))
        .problems(not_found())
        .problems(redis())
        .problems(entropy())
}

fn me() -> Operation {
    operation(Method::GET, "/api/v1/auth/me", "getOwnAccount", Scope::ProfileRead)
        .says("Who is logged in", "The account behind the access token.")
        .budget(Budget::new(1, 1, 0))
        .answer(Answer::json::<AccountBody>(200, "The account.").example(
            "owner",
            "The owner of an organization",
            json!({
                "id": id::<AccountKind>(1).to_string(),
                "email": "ada@example.com",
                "name": null,
                "role": "owner",
                "scopes": "catalog:read catalog:write",
                "locale": "en",
                "emailVerifiedAt": time(0),
                "version": 1,
                "createdAt": time(0),
            }),
        ))
        .problems(not_found())
}

fn jwks() -> Operation {
    Operation::new(Method::GET, "/.well-known/jwks.json", "getKeySet", "Identity")
        .says(
            "The keys of access tokens",
            "A JSON Web Key Set (RFC 7517). Two keys are there during a rotation. Where organizations have databases \
             of their own, each of those has its keys, for one more round trip; while one of them is away its keys are \
             left out, and the answer is `no-store`. A new key is there for two minutes before it signs.",
        )
        .cache(Cache::Keys)
        .budget(Budget::growing(1, 0))
        .answer(Answer::json::<KeySetBody>(200, "The keys.").example(
            "one",
            "One key",
            json!({ "keys": [{
                "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                "kid": "kZ3vT1c9xWqL", "use": "sig", "alg": "EdDSA",
            }] }),
        ))
        .problems(database())
}

const REFRESH_TOKEN: &str = "rt_01h455vb4pex5vsknk084sn02q01h455vb4pex5vsknk084sn02r00000001\
                             c2lnbmVkLWJ5LXRoZS1zZXJ2ZXItYW5kLW5vYm9keS0";

pub fn tokens() -> Answer {
    Answer::json::<TokensBody>(200, "The tokens.").example(
        "tokens",
        "A member of the staff",
        json!({
            "accessToken": "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1c3JfMDEifQ.c2lnbmF0dXJl",
            "tokenType": "Bearer",
            "expiresIn": 900,
            "refreshToken": REFRESH_TOKEN,
            "account": { "id": id::<AccountKind>(1).to_string(), "role": "admin" },
        }),
    )
}

fn session() -> Value {
    json!({
        "id": id::<SessionKind>(1).to_string(),
        "current": true,
        "device": "Firefox on Linux",
        "createdAt": time(0),
        "lastUsedAt": time(1),
        "expiresAt": time(720),
    })
}

/// Of a list with pages.
pub fn wrong_page() -> Problems {
    vec![of(
        Problem::parameter("limit", "the limit must be a number between 1 and 250"),
        "Query parameters are unknown or not valid; `errors` lists them all.",
    )]
}

/// The member beside the standard ones.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read by the schema's derive")]
pub struct RetryAfterSeconds {
    #[schemars(range(min = 1))]
    retry_after_seconds: i64,
}
