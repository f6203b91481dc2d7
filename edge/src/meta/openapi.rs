//! The service's own operations, for the OpenAPI document.

use http::Method;
use schemars::JsonSchema;
use serde_json::json;

use crate::openapi::{Answer, Budget, Cache, Operation};

#[derive(JsonSchema)]
#[schemars(rename = "Health")]
pub struct HealthAnswer {
    /// `ok` for as long as there is an answer at all.
    #[schemars(extend("const" = "ok"))]
    pub status: String,
}

/// An OpenAPI document.
#[derive(JsonSchema)]
#[schemars(rename = "OpenApiDocument", extend("additionalProperties" = true))]
pub struct DocumentAnswer {
    #[schemars(extend("const" = "3.1.0"))]
    pub openapi: String,
    pub info: serde_json::Map<String, serde_json::Value>,
    pub paths: serde_json::Map<String, serde_json::Value>,
}

pub fn operations() -> Vec<Operation> {
    vec![health(), document()]
}

fn health() -> Operation {
    Operation::new(Method::GET, "/healthz", "getHealth", "Service")
        .says("Says that the service runs", "Asks nothing of the database or of Redis.")
        .cache(Cache::Never)
        .budget(Budget::NOTHING)
        .answer(Answer::json::<HealthAnswer>(200, "It runs.").example("ok", "It runs", json!({ "status": "ok" })))
}

fn document() -> Operation {
    Operation::new(Method::GET, "/openapi.json", "getOpenApiDocument", "Service")
        .says("Describes the API", "This document.")
        .cache(Cache::Static)
        .budget(Budget::NOTHING)
        .answer(Answer::json::<DocumentAnswer>(200, "The document.").example(
            "start",
            "How it starts",
            json!({ "openapi": "3.1.0", "info": { "title": "HeadlessPro" }, "paths": {} }),
        ))
}
