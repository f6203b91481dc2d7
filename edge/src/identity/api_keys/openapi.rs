//! The operations of API keys, for the OpenAPI document.

use headlesspro_shared::identity::{KeyKind, Scope, Scopes};
use headlesspro_shared::kernel::id::ApiKeyKind;
use http::Method;
use serde_json::{Value, json};

use super::http::{ApiKeysBody, CreateApiKeyBody, NewApiKeyBody, RotateApiKeyBody};
use super::usecase::ApiKeyError;
use crate::identity::openapi::wrong_page;
use crate::openapi::{
    AllowedActions, Answer, Budget, Cache, Header, Operation, Parameter, RequestBody, credentials, database, entropy,
    id, idempotency, json_body, not_found, of, plan_limit, redis, time,
};

pub fn operations() -> Vec<Operation> {
    vec![list(), create(), rotate(), revoke()]
}

fn operation(method: Method, path: &'static str, id: &'static str, scope: Scope) -> Operation {
    Operation::new(method, path, id, "Identity")
        .cache(Cache::Personal)
        .problems(credentials(scope))
        .problems(database())
}

fn list() -> Operation {
    operation(Method::GET, "/api/v1/api-keys", "listApiKeys", Scope::KeysRead)
        .says("Lists the store's API keys", "Their texts are not kept; `hint` has the last four characters.")
        .budget(Budget::new(1, 1, 1))
        .parameters(Parameter::page())
        .answer(Answer::json::<ApiKeysBody>(200, "A page of keys.").headers([Header::Link]).example(
            "one",
            "One key",
            json!({ "items": [key(json!(time(1)))], "nextCursor": null }),
        ))
        .problems(redis())
        .problems(wrong_page())
}

fn create() -> Operation {
    operation(Method::POST, "/api/v1/api-keys", "createApiKey", Scope::KeysWrite)
        .says(
            "Makes an API key",
            "For the store of the session. A key has no scope that its maker lacks, and none that makes other \
             credentials. Its text is shown this once, and again to a repeat with the same `Idempotency-Key`.",
        )
        .budget(Budget::new(2, 2, 0))
        .parameters([Parameter::idempotency_key(false)])
        .body(
            RequestBody::json::<CreateApiKeyBody>("The key.")
                .example(
                    "warehouse",
                    "A server that reads orders",
                    json!({ "kind": "secret", "name": "Warehouse", "scopes": "orders:read" }),
                )
                .example(
                    "outlet",
                    "A storefront that shows one channel",
                    json!({ "kind": "publishable", "name": "Outlet", "channel": "outlet" }),
                ),
        )
        .answer(made())
        .problems(json_body())
        .problems(idempotency())
        .problems(entropy())
        .problems(plan_limit("apiKeys", "The plan allows no more keys."))
}

fn rotate() -> Operation {
    operation(Method::POST, "/api/v1/api-keys/{id}/rotate", "rotateApiKey", Scope::KeysWrite)
        .says(
            "Makes a key in another's place",
            "With the same name and scopes, and as long a life as the old one began with. The old one stays good for \
             the overlap, so that nothing stops while the new one is put in place; until then the new one has no \
             successor.",
        )
        .budget(Budget::new(2, 2, 0))
        .parameters([key_id(), Parameter::idempotency_key(false)])
        .body(RequestBody::json::<RotateApiKeyBody>("How long both are good.").example(
            "hour",
            "One hour",
            json!({ "overlapSeconds": 3600 }),
        ))
        .answer(made())
        .problems(json_body())
        .problems(idempotency())
        .problems(not_found())
        .problems(entropy())
        .problems(vec![
            of(ApiKeyError::NotActive, "The key is revoked, expired or replaced already.").with::<AllowedActions>(),
            of(ApiKeyError::Overlapping, "The key before it is still good.").with::<AllowedActions>(),
        ])
}

fn revoke() -> Operation {
    operation(Method::DELETE, "/api/v1/api-keys/{id}", "revokeApiKey", Scope::KeysWrite)
        .says("Revokes a key", "It is void everywhere within 30 seconds. Revoking it again changes nothing.")
        .budget(Budget::new(1, 2, 0))
        .parameters([key_id()])
        .answer(Answer::empty(204, "The key is revoked."))
        .problems(not_found())
        .problems(entropy())
}

fn key_id() -> Parameter {
    Parameter::path(
        "id",
        "The key's id, not its text.",
        json!({ "type": "string", "pattern": "^key_[0-7][0-9a-hjkmnp-tv-z]{25}$" }),
        id::<ApiKeyKind>(1).to_string(),
    )
}

fn made() -> Answer {
    Answer::json::<NewApiKeyBody>(201, "The key, with its text.")
        .example("made", "A new key", json!({ "key": format!("sk_{}", "0".repeat(84)), "apiKey": key(Value::Null) }))
        .headers([Header::Location, Header::IdempotentReplayed])
}

fn key(last_used_at: Value) -> Value {
    json!({
        "id": id::<ApiKeyKind>(1).to_string(),
        "kind": "secret",
        "name": "Warehouse",
        "hint": "0000",
        "scopes": Scopes::of_new_key(KeyKind::Secret).to_string(),
        "state": "active",
        "createdAt": time(0),
        "expiresAt": null,
        "revokedAt": null,
        "replacedBy": null,
        "channel": null,
        "lastUsedAt": last_used_at,
    })
}
