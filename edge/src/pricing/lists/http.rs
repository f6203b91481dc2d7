//! `/api/v1/price-lists`.

use std::convert::Infallible;

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{
    ChannelId, ChannelKind, CustomerGroupId, CustomerGroupKind, PriceListId, PriceListKind,
};
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::pricing::{ListKind, PriceEnding, PriceList};
use http::Uri;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::usecase::{self, BY_ID};
use crate::app::Ctx;
use crate::catalog::{AfterText, listed, nothing};
use crate::extract::{FieldErrors, IdempotencyKey, IfMatch, Json, Parse, Parsed, PathId, Query, QueryParams};
use crate::journal::{Claim, created};
use crate::pricing::http::{shown, text};
use crate::pricing::store::list::StoredList;
use crate::pricing::wire::EndingShape;
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText};

pub fn routes() -> Routes {
    let (read, write) = (Access::Key(Scope::PricingRead), Access::Key(Scope::PricingWrite));
    Routes::new()
        .get("/api/v1/price-lists", read, list)
        .post("/api/v1/price-lists", write, create)
        .get("/api/v1/price-lists/{id}", read, show)
        .put("/api/v1/price-lists/{id}", write, replace)
        .delete("/api/v1/price-lists/{id}", write, delete)
}

/// Prices for some buyers, channels, currencies, quantities and times. The prices themselves are its rules.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PriceList")]
pub struct PriceListBody {
    #[schemars(with = "IdText<PriceListKind>")]
    pub id: String,
    pub name: String,
    #[schemars(extend("enum" = ["sale", "override"]))]
    pub kind: &'static str,
    pub priority: i32,
    pub active: bool,
    #[schemars(with = "Vec<IdText<ChannelKind>>")]
    pub channels: Vec<ChannelId>,
    #[schemars(with = "Vec<IdText<CustomerGroupKind>>")]
    pub groups: Vec<CustomerGroupId>,
    #[schemars(with = "Vec<String>")]
    pub currencies: Vec<Currency>,
    #[schemars(with = "Option<MomentText>")]
    pub starts_at: Option<Timestamp>,
    #[schemars(with = "Option<MomentText>")]
    pub ends_at: Option<Timestamp>,
    #[schemars(with = "Option<IdText<PriceListKind>>")]
    pub based_on: Option<PriceListId>,
    #[schemars(with = "Vec<EndingShape>")]
    pub endings: Vec<PriceEnding>,
    /// At most 100,000.
    pub rule_count: i64,
    /// Grows with each change of the list or of its rules; also the ETag.
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
    #[schemars(with = "MomentText")]
    pub updated_at: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PriceLists")]
pub struct PriceListsBody {
    /// The oldest first.
    pub items: Vec<PriceListBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// All of a list but its rules.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WritePriceList", deny_unknown_fields)]
pub struct WritePriceListBody {
    #[schemars(required, length(min = 1, max = 100))]
    pub name: Option<String>,
    /// `sale`: lower than the regular price, which is shown beside it; where it is not lower, it does nothing.
    /// `override`: the regular price for whom the list is meant, even where it is higher.
    #[schemars(required, with = "Option<String>", extend("enum" = ["sale", "override"]))]
    pub kind: Option<ListKind>,
    /// The higher goes first; 0 when left out.
    pub priority: Option<i32>,
    #[schemars(required)]
    pub active: Option<bool>,
    /// Where it is meant for; none: everywhere.
    #[schemars(with = "Option<Vec<IdText<ChannelKind>>>", length(max = 250))]
    pub channels: Option<Vec<ChannelId>>,
    /// Whom it is meant for, of which a buyer is in one; none: everybody.
    #[schemars(with = "Option<Vec<IdText<CustomerGroupKind>>>", length(max = 250))]
    pub groups: Option<Vec<CustomerGroupId>>,
    /// In which it can be bought from; none: every one.
    #[schemars(with = "Option<Vec<String>>", length(max = 250))]
    pub currencies: Option<Vec<Currency>>,
    /// From this moment on.
    #[schemars(with = "Option<MomentText>")]
    pub starts_at: Option<Timestamp>,
    /// Until this moment, which is no longer in it.
    #[schemars(with = "Option<MomentText>")]
    pub ends_at: Option<Timestamp>,
    /// The list whose prices the percentages change; left out: the catalog's.
    #[schemars(with = "Option<IdText<PriceListKind>>")]
    pub based_on: Option<PriceListId>,
    /// Where percentages end up, at most one for each currency.
    #[schemars(with = "Option<Vec<EndingShape>>")]
    pub endings: Option<Vec<PriceEnding>>,
}

impl Parse for WritePriceListBody {
    /// Its id is that of nothing.
    type Parsed = PriceList;

    fn parse(self, errors: &mut FieldErrors) -> Option<PriceList> {
        let name = errors.required("name", self.name, Ok::<_, Infallible>);
        let kind = errors.required("kind", self.kind, Ok::<_, Infallible>);
        let active = errors.required("active", self.active, Ok::<_, Infallible>);
        let list = PriceList {
            id: PriceListId::from_u128(0),
            name: name.unwrap_or_default(),
            kind: kind.unwrap_or(ListKind::Sale),
            priority: self.priority.unwrap_or_default(),
            active: active.unwrap_or_default(),
            channels: self.channels.unwrap_or_default(),
            groups: self.groups.unwrap_or_default(),
            currencies: self.currencies.unwrap_or_default(),
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            based_on: self.based_on,
            endings: self.endings.unwrap_or_default(),
            rules: Vec::new(),
        };
        for fault in list.faults() {
            errors.push(&fault.path, fault.reason);
        }
        errors.is_empty().then_some(list)
    }
}

/// Which lists are asked for.
struct Page(AfterText);

impl Query for Page {
    fn parse(params: &mut QueryParams) -> Page {
        Page(AfterText::take(params, BY_ID))
    }
}

async fn list(ctx: Ctx, Parsed(Page(page)): Parsed<Page>, uri: Uri) -> Result<Response, Problem> {
    let (found, next_cursor) = usecase::list(&ctx, &page.after, page.limit).await?;
    let body = PriceListsBody { items: found.into_iter().map(PriceListBody::from).collect(), next_cursor };
    Ok(listed(text(&body), body.next_cursor.as_deref(), &uri))
}

async fn create(ctx: Ctx, key: Option<IdempotencyKey>, body: Json<WritePriceListBody>) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    Ok(created(usecase::create(&ctx, &body.parsed, claim.as_ref()).await?))
}

async fn show(ctx: Ctx, PathId(id): PathId<PriceListKind>) -> Result<Response, Problem> {
    Ok(answer(usecase::find(&ctx, id).await?))
}

async fn replace(
    ctx: Ctx,
    PathId(id): PathId<PriceListKind>,
    IfMatch(version): IfMatch,
    body: Json<WritePriceListBody>,
) -> Result<Response, Problem> {
    Ok(answer(usecase::replace(&ctx, id, &body.parsed, version).await?))
}

async fn delete(ctx: Ctx, PathId(id): PathId<PriceListKind>, IfMatch(version): IfMatch) -> Result<Response, Problem> {
    usecase::delete(&ctx, id, version).await?;
    Ok(nothing())
}

pub fn answer(list: StoredList) -> Response {
    shown(list.version, &PriceListBody::from(list))
}

/// The list as it is answered.
pub fn render(list: &StoredList) -> String {
    text(&PriceListBody::from(list.clone()))
}

impl From<StoredList> for PriceListBody {
    fn from(stored: StoredList) -> PriceListBody {
        let StoredList { list, rule_count, version, created_at, updated_at } = stored;
        PriceListBody {
            id: list.id.to_string(),
            name: list.name,
            kind: list.kind.name(),
            priority: list.priority,
            active: list.active,
            channels: list.channels,
            groups: list.groups,
            currencies: list.currencies,
            starts_at: list.starts_at,
            ends_at: list.ends_at,
            based_on: list.based_on,
            endings: list.endings,
            rule_count,
            version,
            created_at: created_at.to_string(),
            updated_at: updated_at.to_string(),
        }
    }
}
