//! `/api/v1/orders/{id}/payment`, `/api/v1/orders/{id}/refunds`, `/api/v1/payment-webhooks` and `/api/v1/jobs/payments`.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{OrderKind, OrderLineId, OrderLineKind, PaymentKind, RefundKind};
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::money::Money;
use headlesspro_shared::payments::NotMovable;
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::moving::{self, MoveError};
use super::providers::NotAuthentic;
use super::refunding::{self, Wanted};
use super::store::refund::Refund;
use super::{hearing, settings, sweeping};
use crate::app::{App, Ctx, Spent};
use crate::catalog::{changed_meanwhile, fields, nothing, unversioned};
use crate::extract::{Arrival, FieldErrors, IdempotencyKey, Json, Parse, PathId, PathText, RawBody};
use crate::failure::Halt;
use crate::journal::{Answered, Claim, created};
use crate::ledger::positive;
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText, MoneyBody};

/// Of a webhook, in bytes.
const LONGEST_EVENT: usize = 256 * 1024;

pub fn routes() -> Routes {
    let write = Access::Record(Scope::PaymentsWrite);
    Routes::new()
        .and(settings::http::routes())
        .post("/api/v1/orders/{id}/payment/capture", write, capture)
        .post("/api/v1/orders/{id}/payment/void", write, void)
        .get("/api/v1/orders/{id}/refunds", Access::Record(Scope::OrdersRead), list)
        .post("/api/v1/orders/{id}/refunds", write, refund)
        .post("/api/v1/jobs/payments", Access::Key(Scope::JobsRun), run)
        .post("/api/v1/payment-webhooks/{organizationId}/{id}", Access::Public, hear)
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CapturePayment", deny_unknown_fields)]
pub struct CaptureBody {
    /// All that was authorized, where it is left out; what is not captured is not charged.
    #[schemars(with = "Option<MoneyBody>")]
    pub amount: Option<Money>,
}

/// All that is left of the payment, where nothing is said.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RefundOrder", deny_unknown_fields)]
pub struct RefundOrderBody {
    /// Units of lines, each line once: their part of what the line has cost.
    #[schemars(length(max = 200))]
    pub lines: Option<Vec<RefundLineBody>>,
    /// Of what was paid for shipping.
    #[schemars(with = "Option<MoneyBody>")]
    pub shipping: Option<Money>,
    /// Beside lines and shipping.
    #[schemars(with = "Option<MoneyBody>")]
    pub amount: Option<Money>,
    #[schemars(length(min = 1, max = 200))]
    pub reason: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RefundLine", deny_unknown_fields)]
pub struct RefundLineBody {
    #[schemars(required, with = "IdText<OrderLineKind>")]
    pub line_id: Option<String>,
    #[schemars(required, range(min = 1, max = 9_999))]
    pub quantity: Option<i64>,
}

/// Money that is given back.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Refund")]
pub struct RefundBody {
    #[schemars(with = "IdText<RefundKind>")]
    pub id: String,
    #[schemars(with = "IdText<OrderKind>")]
    pub order_id: String,
    #[schemars(with = "IdText<PaymentKind>")]
    pub payment_id: String,
    pub amount: MoneyBody,
    /// `pending`: the provider has not said yet what comes of it. `failed`: the money stays where it is.
    #[schemars(extend("enum" = ["pending", "succeeded", "failed"]))]
    pub state: &'static str,
    /// The provider's word for why it failed; left out where it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_for: Option<String>,
    pub lines: Vec<RefundedLineBody>,
    /// Of it, for shipping.
    pub shipping: MoneyBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[schemars(with = "MomentText")]
    pub created_at: String,
    #[schemars(with = "MomentText")]
    pub updated_at: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RefundedLine")]
pub struct RefundedLineBody {
    #[schemars(with = "IdText<OrderLineKind>")]
    pub line_id: String,
    pub quantity: i64,
    pub amount: MoneyBody,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Refunds")]
pub struct RefundsBody {
    /// The oldest first.
    pub items: Vec<RefundBody>,
}

/// What a run of the sweeper has done.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PaymentRun")]
pub struct PaymentRunBody {
    /// Payments and refunds that it has looked at.
    pub seen: u64,
    /// Orders that were decided.
    pub decided: u64,
    /// That could not be gone on with.
    pub failed: u64,
}

impl Parse for CaptureBody {
    type Parsed = Option<Money>;

    fn parse(self, errors: &mut FieldErrors) -> Option<Option<Money>> {
        let amount = errors.optional("amount", self.amount, positive);
        errors.is_empty().then_some(amount)
    }
}

impl Parse for RefundOrderBody {
    type Parsed = Wanted;

    fn parse(self, errors: &mut FieldErrors) -> Option<Wanted> {
        let (mut lines, mut known) = (Vec::new(), BTreeSet::new());
        let given = self.lines.unwrap_or_default();
        if MOST_LINES < given.len() {
            errors.push("lines", "must have at most 200 elements");
        }
        for (at, line) in given.into_iter().enumerate().take(MOST_LINES) {
            let id = errors.required(&format!("lines/{at}/lineId"), line.line_id, |id| id.parse::<OrderLineId>());
            let quantity = errors.required(&format!("lines/{at}/quantity"), line.quantity, |units| match units {
                1..=9_999 => Ok(units),
                _ => Err("must be 1 to 9999"),
            });
            if let Some((id, quantity)) = id.zip(quantity) {
                if !known.insert(id.to_string()) {
                    errors.push(&format!("lines/{at}/lineId"), "is there twice");
                }
                lines.push((id, quantity));
            }
        }
        let shipping = errors.optional("shipping", self.shipping, positive);
        let amount = errors.optional("amount", self.amount, positive);
        let reason = errors.optional("reason", self.reason, |reason| reason.parse::<Line<200>>());
        let reason = reason.map(|reason| reason.to_string());
        errors.is_empty().then_some(Wanted { lines, shipping, amount, reason })
    }
}

/// Of one request.
const MOST_LINES: usize = 200;

async fn capture(ctx: Ctx, PathId(id): PathId<OrderKind>, body: Json<CaptureBody>) -> Result<Response, Problem> {
    Ok(unversioned(moving::capture(&ctx, id, body.parsed).await?))
}

async fn void(ctx: Ctx, PathId(id): PathId<OrderKind>) -> Result<Response, Problem> {
    Ok(unversioned(moving::void(&ctx, id).await?))
}

async fn list(ctx: Ctx, PathId(id): PathId<OrderKind>) -> Result<Response, Problem> {
    let found = refunding::list(&ctx, id).await?;
    let body = RefundsBody { items: found.iter().map(RefundBody::from).collect() };
    Ok(unversioned(serde_json::to_string(&body).unwrap_or_default()))
}

async fn refund(
    ctx: Ctx,
    PathId(id): PathId<OrderKind>,
    key: IdempotencyKey,
    body: Json<RefundOrderBody>,
) -> Result<Response, Problem> {
    let claim = Claim::new(&ctx, &key, &body.bytes);
    let asked = refunding::refund(&ctx, id, &body.parsed, &claim).await?;
    let body = serde_json::to_string(&RefundBody::from(&asked.refund)).unwrap_or_default();
    let location = refunding::location(&asked.refund);
    Ok(created(Answered { location, body, is_replay: asked.is_replay }))
}

async fn hear(
    State(app): State<Arc<App>>,
    PathText([organization, id]): PathText<2>,
    arrival: Arrival,
    headers: HeaderMap,
    RawBody(body): RawBody<LONGEST_EVENT>,
) -> Result<Response, Problem> {
    let (organization, id) = organization.parse().ok().zip(id.parse().ok()).ok_or_else(Problem::not_found)?;
    let request = (&*arrival.request_id, &*arrival.spent);
    hearing::hear(&app, (organization, id), (&headers, &body), request).await?;
    Ok(nothing())
}

async fn run(ctx: Ctx, Extension(spent): Extension<Arc<Spent>>) -> Result<Response, Problem> {
    // Before anything is done: the route itself reads nothing that would verify the caller.
    ctx.principal().await?;
    let done = sweeping::sweep_all(ctx.app()).await.map_err(Halt::Unavailable)?;
    spent.add_sql();
    let body = PaymentRunBody { seen: done.seen, decided: done.decided, failed: done.failed };
    Ok(([(CACHE_CONTROL, HeaderValue::from_static("no-store"))], axum::Json(body)).into_response())
}

impl From<&Refund> for RefundBody {
    fn from(refund: &Refund) -> RefundBody {
        let currency = refund.amount.currency();
        let lines = refund.lines.iter().map(|line| RefundedLineBody {
            line_id: line.line_id.to_string(),
            quantity: line.quantity,
            amount: Money::new(line.amount, currency).into(),
        });
        RefundBody {
            id: refund.id.to_string(),
            order_id: refund.order.to_string(),
            payment_id: refund.payment.to_string(),
            amount: refund.amount.into(),
            state: refund.state.name(),
            failed_for: refund.failed_for.clone(),
            lines: lines.collect(),
            shipping: refund.shipping.into(),
            reason: refund.reason.clone(),
            created_at: refund.created_at.to_string(),
            updated_at: refund.updated_at.to_string(),
        }
    }
}

impl From<NotAuthentic> for Problem {
    fn from(error: NotAuthentic) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "webhook-not-authentic").detail(format!("Nothing was heard: {error}."))
    }
}

impl From<MoveError> for Problem {
    fn from(error: MoveError) -> Problem {
        let conflict = |code, detail: String, actions: Vec<&str>| {
            Problem::new(StatusCode::CONFLICT, code).detail(detail).with("allowedActions", json!(actions))
        };
        match error {
            MoveError::NoPayment => {
                conflict("no-payment", "Gift cards and store credit have paid for all of it.".to_owned(), Vec::new())
            }
            MoveError::NotMovable { action, why, allowed, currency } => {
                let actions = allowed.into_iter().map(headlesspro_shared::payments::Action::name).collect();
                let detail = format!("{action} is not possible: {why}.");
                match why {
                    NotMovable::MoreThan { remaining } | NotMovable::InParts { remaining } => {
                        conflict("payment-exceeded", detail, actions)
                            .with("remaining", json!(MoneyBody::from(Money::new(remaining, currency))))
                    }
                    NotMovable::State(_) | NotMovable::NotOffered | NotMovable::NotPositive => {
                        conflict("payment-action-not-allowed", detail, actions)
                    }
                }
            }
            MoveError::Refused => {
                conflict("payment-action-refused", "The provider has not done it.".to_owned(), Vec::new())
            }
            MoveError::NoAnswer => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "payment-provider-unavailable")
                .detail("The payment provider does not answer. Nothing is done twice: try again.")
                .header(http::header::RETRY_AFTER, HeaderValue::from_static("2")),
            MoveError::Currency { path, currency } => fields([path], &format!("must be in {currency}")),
            MoveError::NoSuchLine { at } => fields([format!("lines/{at}/lineId")], "is no line of the order"),
            MoveError::TooManyUnits { at, remaining } => {
                fields([format!("lines/{at}/quantity")], &format!("must be at most {remaining}: no more are left"))
            }
            MoveError::Changing => changed_meanwhile(),
        }
    }
}
