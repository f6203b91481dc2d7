//! The operations of third-party apps, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::AppKind;
use http::Method;
use schemars::JsonSchema;
use serde_json::{Value, json};

use super::http::{AppsBody, CreateAppBody, NewSecretBody, RotateAppBody};
use super::usecase::AppError;
use crate::identity::openapi::wrong_page;
use crate::openapi::{
    Answer, Budget, Cache, Header, Operation, Parameter, RequestBody, credentials, database, entropy, id, idempotency,
    json_body, not_found, of, redis, time,
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
    operation(Method::GET, "/api/v1/apps", "listApps", Scope::AppsRead)
        .says("Lists the store's third-party apps", "Their secrets are not kept; `hint` has the last four characters.")
        .budget(Budget::new(1, 1, 1))
        .parameters(Parameter::page())
        .answer(Answer::json::<AppsBody>(200, "A page of apps.").headers([Header::Link]).example(
            "one",
            "One app",
            json!({ "items": [app(json!(time(1)))], "nextCursor": null }),
        ))
        .problems(redis())
        .problems(wrong_page())
}

fn create() -> Operation {
    operation(Method::POST, "/api/v1/apps", "createApp", Scope::AppsWrite)
        .says(
            "Registers a third-party app",
            "For the store of the session. The app trades its id and secret for access tokens at `/oauth/token`. It \
             has no scope that its maker lacks, and none that makes other credentials. The secret is shown this once.",
        )
        .budget(Budget::new(2, 2, 0))
        .parameters([Parameter::idempotency_key(false)])
        .body(RequestBody::json::<CreateAppBody>("The app.").example(
            "accounting",
            "A program that reads orders",
            json!({ "name": "Accounting", "scopes": "orders:read" }),
        ))
        .answer(made())
        .problems(json_body())
        .problems(idempotency())
        .problems(entropy())
}

fn rotate() -> Operation {
    operation(Method::POST, "/api/v1/apps/{id}/rotate", "rotateAppSecret", Scope::AppsWrite)
        .says("Gives an app another secret", "The old one stays good for the overlap.")
        .budget(Budget::new(2, 2, 0))
        .parameters([app_id(), Parameter::idempotency_key(false)])
        .body(RequestBody::json::<RotateAppBody>("How long both secrets are good.").example(
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
            of(AppError::NotActive, "The app is revoked, or got another secret at this moment.").with::<AppActions>(),
        ])
}

fn revoke() -> Operation {
    operation(Method::DELETE, "/api/v1/apps/{id}", "revokeApp", Scope::AppsWrite)
        .says("Revokes an app", "It gets no token any more, and its tokens are void everywhere within 30 seconds.")
        .budget(Budget::new(1, 2, 1))
        .parameters([app_id()])
        .answer(Answer::empty(204, "The app is revoked."))
        .problems(not_found())
        .problems(redis())
        .problems(entropy())
}

fn app_id() -> Parameter {
    Parameter::path(
        "id",
        "The app.",
        json!({ "type": "string", "pattern": "^app_[0-7][0-9a-hjkmnp-tv-z]{25}$" }),
        id::<AppKind>(1).to_string(),
    )
}

fn made() -> Answer {
    Answer::json::<NewSecretBody>(201, "The app, with its secret.")
        .example(
            "made",
            "A new secret",
            json!({ "clientSecret": format!("cs_{}", "0".repeat(84)), "app": app(Value::Null) }),
        )
        .headers([Header::Location, Header::IdempotentReplayed])
}

fn app(last_used_at: Value) -> Value {
    json!({
        "id": id::<AppKind>(1).to_string(),
        "name": "Accounting",
        "scopes": "orders:read",
        "hint": "0000",
        "state": "active",
        "createdAt": time(0),
        "rotatedAt": null,
        "revokedAt": null,
        "lastUsedAt": last_used_at,
    })
}

/// The member beside the standard ones.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read by the schema's derive")]
struct AppActions {
    /// What can still be done.
    allowed_actions: Vec<String>,
}
