//! `/api/v1/jobs/mail`.

use std::sync::Arc;

use axum::Extension;
use axum::response::{IntoResponse, Response};
use headlesspro_shared::identity::Scope;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use schemars::JsonSchema;
use serde::Serialize;

use super::usecase;
use crate::app::{Ctx, Spent};
use crate::failure::{Failure, Halt, Unavailable};
use crate::problem::Problem;
use crate::routes::{Access, Routes};

pub fn routes() -> Routes {
    Routes::new().post("/api/v1/jobs/mail", Access::Key(Scope::JobsRun), run)
}

/// What a run has done.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "MailRun")]
pub struct MailRunBody {
    pub sent: u32,
    /// To be tried again later.
    pub postponed: u32,
    /// Given up: refused by the provider, too late, or tried too often.
    pub failed: u32,
}

async fn run(ctx: Ctx, Extension(spent): Extension<Arc<Spent>>) -> Result<Response, Problem> {
    // Before anything is sent: the route itself reads nothing that would verify the caller.
    ctx.principal().await?;
    let delivered = usecase::deliver_all(ctx.app()).await.map_err(Halt::Unavailable)?;
    (0..delivered.round_trips).for_each(|_| spent.add_sql());
    let body = MailRunBody { sent: delivered.sent, postponed: delivered.postponed, failed: delivered.failed };
    let body = serde_json::to_string(&body)
        .map_err(|error| Failure::<Problem>::Unavailable(Unavailable::Corrupt(error.to_string())))?;
    Ok(([(CACHE_CONTROL, "no-store"), (CONTENT_TYPE, "application/json")], body).into_response())
}
