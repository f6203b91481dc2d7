//! `/api/v1/jobs/lists`.

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
    Routes::new().post("/api/v1/jobs/lists", Access::Key(Scope::JobsRun), run)
}

/// What a run has done.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ListRun")]
pub struct ListRunBody {
    /// Commits, each of some thousand products of one store.
    pub commits: u32,
    /// Lists that are ready now.
    pub filled: u32,
}

async fn run(ctx: Ctx, Extension(spent): Extension<Arc<Spent>>) -> Result<Response, Problem> {
    // Before anything is written: the route itself reads nothing that would verify the caller.
    ctx.principal().await?;
    let done = usecase::fill_all(ctx.app()).await.map_err(Halt::Unavailable)?;
    (0..done.round_trips).for_each(|_| spent.add_sql());
    let mut response = answer(StatusCode::OK, &ListRunBody { commits: done.commits, filled: done.filled });
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
