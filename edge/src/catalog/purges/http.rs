//! `/api/v1/jobs/purges`.

use std::sync::Arc;

use axum::Extension;
use axum::response::Response;
use headlesspro_shared::identity::Scope;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use super::usecase;
use crate::app::{Ctx, Spent};
use crate::failure::Halt;
use crate::organizations::answer;
use crate::problem::Problem;
use crate::routes::{Access, Routes};

pub fn routes() -> Routes {
    Routes::new().post("/api/v1/jobs/purges", Access::Key(Scope::JobsRun), run)
}

/// What a run has done.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PurgeRun")]
pub struct PurgeRunBody {
    /// Writes of which the CDN was told.
    pub sent: u32,
    /// To be told again later.
    pub postponed: u32,
    /// Given up: the CDN was not told of them for a day.
    pub failed: u32,
}

async fn run(ctx: Ctx, Extension(spent): Extension<Arc<Spent>>) -> Result<Response, Problem> {
    // Before anything is sent: the route itself reads nothing that would verify the caller.
    ctx.principal().await?;
    let done = usecase::send_all(ctx.app()).await.map_err(Halt::Unavailable)?;
    (0..done.round_trips).for_each(|_| spent.add_sql());
    let body = PurgeRunBody { sent: done.sent, postponed: done.postponed, failed: done.failed };
    let mut response = answer(StatusCode::OK, &body);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
