//! `/api/v1/promotions`, and the routes of what belongs to them.

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{OrderKind, PromotionCodeKind, PromotionKind};
use headlesspro_shared::kernel::money::Money;
use headlesspro_shared::promotions::{Amounts, Condition, Definition, Effect};
use http::header::ETAG;
use http::{HeaderValue, StatusCode, Uri};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::store::Redeemed;
use super::store::promotion::Promotion;
use super::usecase::{self, NEWEST, PromotionError};
use super::wire::{AmountsSchema, ConditionSchema, DefinitionBody, EffectSchema, TriggerSchema};
use super::{codes, groups, preview};
use crate::app::Ctx;
use crate::catalog::AfterText;
use crate::extract::{FieldErrors, IdempotencyKey, IfMatch, Json, Parse, Parsed, PathId, Query, QueryParams};
use crate::journal::{Claim, created};
use crate::organizations::{changed_meanwhile, nothing, page_answer, version_mismatch, versioned};
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText, MoneyBody};

pub fn routes() -> Routes {
    let (read, write) = (Access::Key(Scope::PromotionsRead), Access::Key(Scope::PromotionsWrite));
    Routes::new()
        .get("/api/v1/promotions", read, list)
        .post("/api/v1/promotions", write, create)
        .get("/api/v1/promotions/{id}", read, show)
        .put("/api/v1/promotions/{id}", write, replace)
        .delete("/api/v1/promotions/{id}", write, delete)
        .get("/api/v1/promotions/{id}/redemptions", read, redemptions)
        .and(codes::http::routes())
        .and(groups::http::routes())
        .and(preview::http::routes())
}

/// A promotion with its counters.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Promotion")]
pub struct PromotionBody {
    #[schemars(with = "IdText<PromotionKind>")]
    pub id: String,
    /// For people.
    pub name: String,
    pub active: bool,
    #[schemars(with = "TriggerSchema")]
    pub trigger: &'static str,
    #[schemars(with = "Option<MomentText>")]
    pub starts_at: Option<String>,
    #[schemars(with = "Option<MomentText>")]
    pub ends_at: Option<String>,
    #[schemars(with = "ConditionSchema")]
    pub condition: Condition,
    #[schemars(with = "EffectSchema")]
    pub effect: Effect,
    pub group: Option<String>,
    pub priority: i32,
    pub exclusive: bool,
    #[schemars(with = "AmountsSchema")]
    pub max_discount: Amounts,
    pub limit: Option<i64>,
    pub limit_per_customer: Option<i64>,
    /// Orders that have it.
    #[schemars(range(min = 0))]
    pub used: i64,
    /// Orders that may still have it; null: any number.
    #[schemars(range(min = 0))]
    pub remaining: Option<i64>,
    /// How many codes it has.
    #[schemars(range(min = 0))]
    pub codes: i64,
    /// Grows with each change; also the ETag.
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
    #[schemars(with = "MomentText")]
    pub updated_at: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PromotionList")]
pub struct PromotionListBody {
    /// The newest first.
    pub items: Vec<PromotionBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// An order that has a promotion.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PromotionRedemption")]
pub struct RedemptionBody {
    #[schemars(with = "IdText<OrderKind>")]
    pub order_id: String,
    /// Of the code that led to it, which may be gone.
    #[schemars(with = "Option<IdText<PromotionCodeKind>>")]
    pub code_id: Option<String>,
    pub code: Option<String>,
    /// What it took off.
    pub amount: MoneyBody,
    #[schemars(with = "MomentText")]
    pub redeemed_at: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PromotionRedemptionList")]
pub struct RedemptionListBody {
    /// The newest first.
    pub items: Vec<RedemptionBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

impl Parse for DefinitionBody {
    type Parsed = Definition;

    fn parse(self, errors: &mut FieldErrors) -> Option<Definition> {
        DefinitionBody::parse(self, errors)
    }
}

/// A page of a list whose newest come first.
struct Page(AfterText);

impl Query for Page {
    fn parse(params: &mut QueryParams) -> Page {
        Page(AfterText::take(params, NEWEST))
    }
}

async fn list(ctx: Ctx, Parsed(Page(page)): Parsed<Page>, uri: Uri) -> Result<Response, Problem> {
    let (found, next_cursor) = usecase::list(&ctx, &page.after, page.limit).await?;
    let body = PromotionListBody { items: found.into_iter().map(body_of).collect(), next_cursor };
    Ok(page_answer(&body, body.next_cursor.as_deref(), &uri))
}

async fn create(ctx: Ctx, key: Option<IdempotencyKey>, body: Json<DefinitionBody>) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    let render = |made: &Promotion| serde_json::to_string(&body_of(made.clone())).unwrap_or_default();
    let mut response = created(usecase::create(&ctx, &body.parsed, claim.as_ref(), render).await?);
    response.headers_mut().insert(ETAG, HeaderValue::from_static("\"1\""));
    Ok(response)
}

async fn show(ctx: Ctx, PathId(id): PathId<PromotionKind>) -> Result<Response, Problem> {
    Ok(shown(usecase::find(&ctx, id).await?))
}

async fn replace(
    ctx: Ctx,
    PathId(id): PathId<PromotionKind>,
    IfMatch(version): IfMatch,
    body: Json<DefinitionBody>,
) -> Result<Response, Problem> {
    Ok(shown(usecase::replace(&ctx, id, &body.parsed, version).await?))
}

async fn delete(ctx: Ctx, PathId(id): PathId<PromotionKind>, IfMatch(version): IfMatch) -> Result<Response, Problem> {
    usecase::delete(&ctx, id, version).await?;
    Ok(nothing())
}

async fn redemptions(
    ctx: Ctx,
    PathId(id): PathId<PromotionKind>,
    Parsed(Page(page)): Parsed<Page>,
    uri: Uri,
) -> Result<Response, Problem> {
    let (found, next_cursor) = usecase::redeemed(&ctx, id, &page.after, page.limit).await?;
    let body = RedemptionListBody { items: found.into_iter().map(redemption_of).collect(), next_cursor };
    Ok(page_answer(&body, body.next_cursor.as_deref(), &uri))
}

fn shown(promotion: Promotion) -> Response {
    versioned(StatusCode::OK, promotion.version, &body_of(promotion))
}

fn body_of(promotion: Promotion) -> PromotionBody {
    let Promotion { id, definition, used, remaining, codes, version, created_at, updated_at } = promotion;
    PromotionBody {
        id: id.to_string(),
        name: definition.name,
        active: definition.active,
        trigger: definition.trigger.name(),
        starts_at: definition.starts_at.map(|at| at.to_string()),
        ends_at: definition.ends_at.map(|at| at.to_string()),
        condition: definition.condition,
        effect: definition.effect,
        group: definition.group,
        priority: definition.priority,
        exclusive: definition.exclusive,
        max_discount: definition.max_discount,
        limit: definition.limit,
        limit_per_customer: definition.limit_per_customer,
        used,
        remaining,
        codes,
        version,
        created_at: created_at.to_string(),
        updated_at: updated_at.to_string(),
    }
}

fn redemption_of(redeemed: Redeemed) -> RedemptionBody {
    let (code_id, code) = redeemed.code.map(|(id, code)| (id.to_string(), code.to_string())).unzip();
    let Redeemed { order, amount, at, .. } = redeemed;
    let amount = Money::into(amount);
    RedemptionBody { order_id: order.to_string(), code_id, code, amount, redeemed_at: at.to_string() }
}

impl From<PromotionError> for Problem {
    fn from(error: PromotionError) -> Problem {
        let conflict = |code, detail: String, actions: &[&str]| {
            Problem::new(StatusCode::CONFLICT, code).detail(detail).with("allowedActions", json!(actions))
        };
        match error {
            PromotionError::Invalid(faults) => Problem::faults(faults),
            PromotionError::TooMany => conflict(
                "too-many-promotions",
                "200 automatic promotions are active at most, of 256 KiB together: deactivate one, or let this one be by code.".to_owned(),
                &["deactivate"],
            ),
            PromotionError::Redeemed => conflict(
                "promotion-redeemed",
                "Orders have it, so that it stays: deactivate it.".to_owned(),
                &["deactivate"],
            ),
            PromotionError::NotByCode => conflict(
                "promotion-automatic",
                "It applies without a code: let its trigger be code first.".to_owned(),
                &["replace"],
            ),
            PromotionError::TooManyCodes => {
                conflict("too-many-codes", "A promotion has 100,000 codes at most.".to_owned(), &["delete-codes"])
            }
            PromotionError::GroupsInUse(keys) => conflict(
                "promotion-groups-in-use",
                format!("Promotions are in groups that would go: {}.", keys.join(", ")),
                &["keep"],
            )
            .with("groups", json!(keys)),
            PromotionError::VersionMismatch { current } => version_mismatch(current),
            PromotionError::Changing => changed_meanwhile(),
        }
    }
}
