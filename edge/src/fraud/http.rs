//! `/api/v1/fraud-settings` and `/api/v1/fraud-reviews`.

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{FraudReviewKind, OrderKind};
use http::{StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::reviews::{self, Decision, Note, OPEN_FIRST};
use super::settings::{self, WriteError};
use super::store::{KeptSettings, Review};
use super::wire::{PreviewBody, ReasonBody, ReplaceBody, RuleBody, SignalsBody, VerdictBody, WindowsBody};
use crate::app::Ctx;
use crate::catalog::{AfterText, changed_meanwhile, listed, unversioned, version_mismatch, versioned};
use crate::extract::{FieldErrors, IfMatch, Json, Parse, Parsed, PathId, Query, QueryParams};
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::tax::text_of;
use crate::wire::{IdText, MomentText};

pub fn routes() -> Routes {
    let (read, write) = (Access::Key(Scope::OrdersRead), Access::Key(Scope::OrdersWrite));
    Routes::new()
        .get("/api/v1/fraud-settings", read, show_settings)
        .put("/api/v1/fraud-settings", write, replace_settings)
        .post("/api/v1/fraud-settings/preview", read, preview)
        .get("/api/v1/fraud-reviews", read, list)
        .get("/api/v1/fraud-reviews/{id}", read, show)
        .post("/api/v1/fraud-reviews/{id}/approve", write, approve)
        .post("/api/v1/fraud-reviews/{id}/reject", write, reject)
}

/// How a store judges orders.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "FraudSettings")]
pub struct SettingsBody {
    /// In the order in which reasons are told.
    pub rules: Vec<RuleBody>,
    pub windows: WindowsBody,
    /// How long the counters may take.
    pub timeout_millis: u16,
    /// What becomes of an order that a rule would need counters for, where they do not answer in time.
    #[schemars(extend("enum" = ["allow", "review", "block"]))]
    pub without_counts: &'static str,
    /// Grows with each change; also the ETag. 0 as long as nothing was changed.
    pub version: i64,
    #[schemars(with = "Option<MomentText>")]
    pub updated_at: Option<String>,
}

/// An order that a person looks at.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "FraudReview")]
pub struct ReviewBody {
    #[schemars(with = "IdText<FraudReviewKind>")]
    pub id: String,
    #[schemars(with = "IdText<OrderKind>")]
    pub order_id: String,
    #[schemars(extend("enum" = ["open", "approved", "rejected"]))]
    pub state: &'static str,
    /// In the order of the rules.
    pub reasons: Vec<ReasonBody>,
    pub signals: SignalsBody,
    /// Of whoever decided.
    pub note: Option<String>,
    /// The account or key; null as long as it is open.
    pub decided_by: Option<String>,
    #[schemars(with = "Option<MomentText>")]
    pub decided_at: Option<String>,
    /// Grows with the decision; also the ETag.
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "FraudReviews")]
pub struct ReviewsBody {
    /// Those that are open first, and the oldest of them.
    pub items: Vec<ReviewBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ApproveFraudReview", deny_unknown_fields)]
pub struct ApproveBody {
    /// For the staff.
    #[schemars(length(min = 1, max = 500))]
    pub note: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "RejectFraudReview", deny_unknown_fields)]
pub struct RejectBody {
    /// For the staff: why.
    #[schemars(required, length(min = 1, max = 500))]
    pub note: Option<String>,
}

/// Which reviews are asked for.
struct Page(AfterText);

impl Query for Page {
    fn parse(params: &mut QueryParams) -> Page {
        Page(AfterText::take(params, OPEN_FIRST))
    }
}

impl Parse for ApproveBody {
    type Parsed = Decision;

    fn parse(self, errors: &mut FieldErrors) -> Option<Decision> {
        let note = errors.optional("note", self.note, |note| note.parse::<Note>());
        errors.is_empty().then_some(Decision { is_approved: true, note })
    }
}

impl Parse for RejectBody {
    type Parsed = Decision;

    fn parse(self, errors: &mut FieldErrors) -> Option<Decision> {
        let note = errors.required("note", self.note, |note| note.parse::<Note>());
        Some(Decision { is_approved: false, note: Some(note?) })
    }
}

async fn show_settings(ctx: Ctx) -> Result<Response, Problem> {
    Ok(settings_shown(&settings::settings(&ctx).await?))
}

async fn replace_settings(ctx: Ctx, IfMatch(version): IfMatch, body: Json<ReplaceBody>) -> Result<Response, Problem> {
    Ok(settings_shown(&settings::replace(&ctx, &body.parsed, version).await?))
}

async fn preview(ctx: Ctx, body: Json<PreviewBody>) -> Result<Response, Problem> {
    Ok(unversioned(text_of(&VerdictBody::from(&settings::preview(&ctx, &body.parsed).await?))))
}

async fn list(ctx: Ctx, Parsed(Page(page)): Parsed<Page>, uri: Uri) -> Result<Response, Problem> {
    let (found, next_cursor) = reviews::list(&ctx, &page.after, page.limit).await?;
    let body = ReviewsBody { items: found.iter().map(ReviewBody::from).collect(), next_cursor };
    Ok(listed(text_of(&body), body.next_cursor.as_deref(), &uri))
}

async fn show(ctx: Ctx, PathId(id): PathId<FraudReviewKind>) -> Result<Response, Problem> {
    Ok(shown(&reviews::find(&ctx, id).await?))
}

async fn approve(
    ctx: Ctx,
    PathId(id): PathId<FraudReviewKind>,
    IfMatch(version): IfMatch,
    body: Json<ApproveBody>,
) -> Result<Response, Problem> {
    Ok(shown(&reviews::decide(&ctx, id, &body.parsed, version).await?))
}

async fn reject(
    ctx: Ctx,
    PathId(id): PathId<FraudReviewKind>,
    IfMatch(version): IfMatch,
    body: Json<RejectBody>,
) -> Result<Response, Problem> {
    Ok(shown(&reviews::decide(&ctx, id, &body.parsed, version).await?))
}

fn shown(review: &Review) -> Response {
    versioned(review.version, text_of(&ReviewBody::from(review)))
}

fn settings_shown(kept: &KeptSettings) -> Response {
    let KeptSettings { settings, version, updated_at } = kept;
    let body = SettingsBody {
        rules: settings.rules.iter().map(RuleBody::from).collect(),
        windows: settings.windows.into(),
        timeout_millis: settings.timeout_millis,
        without_counts: settings.without_counts.name(),
        version: *version,
        updated_at: updated_at.map(|at| at.to_string()),
    };
    versioned(*version, text_of(&body))
}

impl From<&Review> for ReviewBody {
    fn from(review: &Review) -> ReviewBody {
        ReviewBody {
            id: review.id.to_string(),
            order_id: review.order.to_string(),
            state: review.state.name(),
            reasons: review.reasons.iter().map(ReasonBody::from).collect(),
            signals: (&review.signals).into(),
            note: review.note.clone(),
            decided_by: review.decided_by.clone(),
            decided_at: review.decided_at.map(|at| at.to_string()),
            version: review.version,
            created_at: review.created_at.to_string(),
        }
    }
}

impl From<WriteError> for Problem {
    fn from(error: WriteError) -> Problem {
        match error {
            WriteError::VersionMismatch { current } => version_mismatch(current),
            WriteError::Changing => changed_meanwhile(),
            WriteError::Decided => Problem::new(StatusCode::CONFLICT, "fraud-review-decided")
                .detail("The review was decided otherwise before.")
                .with("allowedActions", json!([])),
        }
    }
}
