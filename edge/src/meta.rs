//! What says how the service is: health, the API's description.

pub mod openapi;

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::routes::{Access, Routes};

/// Made by `hp openapi` from the wire types and the route table; a test keeps it equal.
const OPENAPI: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

pub fn routes() -> Routes {
    Routes::new().get("/healthz", Access::Public, health).get("/openapi.json", Access::Public, openapi)
}

/// Says that the handlers run; asks nothing of the database or of Redis.
async fn health() -> Response {
    ([(CACHE_CONTROL, "no-store"), (CONTENT_TYPE, "application/json")], r#"{"status":"ok"}"#).into_response()
}

async fn openapi() -> Response {
    ([(CACHE_CONTROL, "public, max-age=300"), (CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}
