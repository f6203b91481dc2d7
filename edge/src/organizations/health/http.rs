//! `/api/v1/stores/{id}/health`.

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::StoreKind;
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::organizations::Health;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::usecase::{self, HealthError};
use crate::app::Ctx;
use crate::extract::{FieldErrors, Json, Parse, PathId};
use crate::organizations::http::{changed_meanwhile, field, nothing};
use crate::organizations::store::health::Report;
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::MomentText;

pub fn routes() -> Routes {
    Routes::new().post("/api/v1/stores/{id}/health", Access::Record(Scope::StoresReport), report)
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ReportHealth", deny_unknown_fields)]
pub struct ReportHealthBody {
    #[schemars(required, extend("enum" = ["healthy", "degraded", "failing"]))]
    pub status: Option<String>,
    /// What is the matter, for people.
    #[schemars(length(min = 1, max = 500))]
    pub message: Option<String>,
    /// When it was so; now when left out.
    #[schemars(with = "Option<MomentText>")]
    pub observed_at: Option<String>,
    /// When data was last brought up to date; as it was before when left out.
    #[schemars(with = "Option<MomentText>")]
    pub last_sync_at: Option<String>,
}

impl Parse for ReportHealthBody {
    type Parsed = Report;

    fn parse(self, errors: &mut FieldErrors) -> Option<Report> {
        let health = errors.required("status", self.status, |status| match status.parse::<Health>() {
            Ok(Health::Unknown) | Err(_) => Err("expected healthy, degraded or failing"),
            Ok(health) => Ok(health),
        });
        let message = errors.optional("message", self.message, |message| message.parse::<Line<500>>());
        let at = errors.optional("observedAt", self.observed_at, |at| at.parse::<Timestamp>());
        let last_sync_at = errors.optional("lastSyncAt", self.last_sync_at, |at| at.parse::<Timestamp>());
        Some(Report { health: health?, message: message.map(|line| line.to_string()), at, last_sync_at })
    }
}

async fn report(ctx: Ctx, PathId(id): PathId<StoreKind>, body: Json<ReportHealthBody>) -> Result<Response, Problem> {
    usecase::report(&ctx, id, &body.parsed).await?;
    Ok(nothing())
}

impl From<HealthError> for Problem {
    fn from(error: HealthError) -> Problem {
        match error {
            HealthError::Future(name) => field(name, "is in the future"),
            HealthError::Outdated { current } => Problem::new(StatusCode::CONFLICT, "report-outdated")
                .detail(format!("There is a report of {current} already."))
                .with("observedAt", json!(current.to_string()))
                .with("allowedActions", json!([])),
            HealthError::Changing => changed_meanwhile(),
        }
    }
}
