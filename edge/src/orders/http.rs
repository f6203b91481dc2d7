//! `/api/v1/orders`.

use axum::response::{IntoResponse, Response};
use headlesspro_shared::identity::{Resource, Scope};
use headlesspro_shared::kernel::id::{
    ChannelKind, CheckoutKind, OrderKind, OrderLineKind, PaymentKind, ProductKind, QuoteKind, VariantKind,
};
use headlesspro_shared::kernel::page::{Cursor, CursorPart, Limit};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LINK};
use http::{HeaderValue, StatusCode, Uri};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

use super::personal::whole;
use super::store::{self, RecordedTotals};
use crate::app::Ctx;
use crate::extract::{Parsed, PathId, Query, QueryParams, next_link};
use crate::failure::{Denied, Halt, Unavailable};
use crate::ledger::TenderBody;
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::tax::UsedExemption;
use crate::totals::{DeliveryBody, Moment, TaxesBody, TotalsBody, explanation, recorded_explanation};
use crate::wire::{AddressBody, IdText, MomentText, MoneyBody};

pub fn routes() -> Routes {
    Routes::new()
        .get("/api/v1/orders/{id}", Access::Record(Scope::OrdersRead), show)
        .get("/api/v1/orders/{id}/explain", Access::Record(Scope::OrdersRead), explain)
        .get("/api/v1/customers/me/orders", Access::Key(Scope::ProfileRead), list_own)
}

/// An order as it was placed: of it, only where it stands changes.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Order")]
pub struct OrderBody {
    #[schemars(with = "IdText<OrderKind>")]
    pub id: String,
    /// Counts from 1001 in each store, without gaps.
    pub number: i64,
    #[schemars(with = "IdText<CheckoutKind>")]
    pub checkout_id: String,
    /// The quote whose prices it has; left out where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<IdText<QuoteKind>>")]
    pub quote_id: Option<String>,
    /// The channel that it came through; left out where that was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<IdText<ChannelKind>>")]
    pub channel_id: Option<String>,
    #[schemars(extend("enum" = ["pending", "confirmed", "processing", "fulfilled", "completed", "cancelled", "returned"]))]
    pub state: String,
    #[schemars(extend("enum" = ["pending", "authorized", "captured", "partially-refunded", "refunded", "voided", "failed"]))]
    pub payment_state: String,
    #[schemars(extend("enum" = ["unfulfilled", "partially-fulfilled", "fulfilled", "partially-returned", "returned"]))]
    pub fulfillment_state: String,
    pub email: String,
    pub shipping_address: AddressBody,
    /// Left out where it is the shipping address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_address: Option<AddressBody>,
    /// The certificate by which the buyer was exempt from tax, with its number as it was then; left out where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_exemption: Option<UsedExemption>,
    pub lines: Vec<OrderLineBody>,
    /// By what the lines are sent; left out where nothing was chosen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deliveries: Vec<DeliveryBody>,
    /// What it was totalled to; left out for an order from before there were promotions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totals: Option<TotalsBody>,
    /// What is paid: the sum of the totals of lines and deliveries, and of the tenders and the payment.
    pub total: MoneyBody,
    /// What gift cards and store credit have paid of it; left out where that is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tenders: Vec<TenderBody>,
    /// Of what is left; left out where that is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment: Option<PaymentBody>,
    /// RFC 3339, UTC.
    #[schemars(with = "MomentText")]
    pub placed_at: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OrderLine")]
pub struct OrderLineBody {
    #[schemars(with = "IdText<OrderLineKind>")]
    pub id: String,
    #[schemars(with = "IdText<VariantKind>")]
    pub variant_id: String,
    #[schemars(with = "IdText<ProductKind>")]
    pub product_id: String,
    pub sku: String,
    pub title: String,
    pub variant_title: String,
    pub quantity: i64,
    pub unit_price: MoneyBody,
    /// What promotions take off; left out where that is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount: Option<MoneyBody>,
    /// Left out where the store had no tax zone for where it goes, and of gifts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taxes: Option<TaxesBody>,
    /// Unit price times quantity, less the discount, and with the tax where prices do not hold it.
    pub total: MoneyBody,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Payment")]
pub struct PaymentBody {
    #[schemars(with = "IdText<PaymentKind>")]
    pub id: String,
    /// `manual`, or the id of the payment provider.
    pub provider: String,
    /// `paid` or `on-account`, or the kind of the provider.
    #[schemars(extend("enum" = ["paid", "on-account", "sandbox", "stripe"]))]
    pub method: String,
    #[schemars(extend("enum" = ["pending", "authorized", "captured", "partially-refunded", "refunded", "voided", "failed"]))]
    pub state: String,
    pub amount: MoneyBody,
    /// What the buyer has to do; left out where that is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<PaymentActionBody>,
    /// The provider's word for why the last means of payment was declined; left out where none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declined_for: Option<String>,
    /// Why the merchant has to look at it; left out where nobody has to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["amount-mismatch"]))]
    pub review: Option<String>,
    /// RFC 3339, UTC: until then a pending order can be paid, and soon after it is decided. Left out where nothing waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<MomentText>")]
    pub payable_until: Option<String>,
}

/// Something that the buyer has to do before the payment goes on: one of the two.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PaymentAction")]
pub struct PaymentActionBody {
    /// At the provider's, from where he comes back to the return URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// On the shop's page, by the provider's own code, which takes this (`stripe.handleNextAction`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
}

/// One's own orders.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OwnOrders")]
pub struct OwnOrdersBody {
    /// The newest first.
    #[schemars(with = "Vec<OrderBody>")]
    pub items: Vec<Box<RawValue>>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// Which page of one's own orders is asked for.
pub struct OwnOrders {
    /// Orders with ids below this text.
    below: String,
    limit: i64,
}

impl Query for OwnOrders {
    fn parse(params: &mut QueryParams) -> OwnOrders {
        let limit = params.take("limit", str::parse::<Limit>).unwrap_or_default();
        // Behind every id there is.
        let below = params.take("cursor", below).unwrap_or_else(|| "ord_~".to_owned());
        OwnOrders { below, limit: limit.get() }
    }
}

const SORT: &str = "newest";

fn below(cursor: &str) -> Result<String, &'static str> {
    const FOREIGN: &str = "is not a cursor of this list";
    let cursor: Cursor = cursor.parse().map_err(|_| FOREIGN)?;
    match cursor.parts_for(SORT) {
        Ok([CursorPart::Text(id)]) => Ok(id.clone()),
        _ => Err(FOREIGN),
    }
}

async fn show(ctx: Ctx, PathId(id): PathId<OrderKind>) -> Result<Response, Problem> {
    let answers = ctx.read(vec![store::document(ctx.tenant(), id)]).await?;
    let found = answers.first().map(store::orders_of).transpose().map_err(Halt::from)?.unwrap_or_default();
    let order = found.first().ok_or_else(Problem::not_found)?;
    let channel = answers.first().map(store::channel_of).transpose().map_err(Halt::from)?.flatten();
    if !ctx.reaches(&Resource::of_store(ctx.tenant().store).in_channels(channel).record(id)).await? {
        return Err(Problem::not_found());
    }
    let document = whole(ctx.app(), ctx.tenant(), order).map_err(Halt::Unavailable)?;
    Ok(([(CACHE_CONTROL, "private, no-store"), (CONTENT_TYPE, "application/json")], document).into_response())
}

/// Why it cost what it did, by the rules that it was recorded with; at another instant, what it would have cost then.
async fn explain(
    ctx: Ctx,
    PathId(id): PathId<OrderKind>,
    Parsed(Moment(at)): Parsed<Moment>,
) -> Result<Response, Problem> {
    let tenant = ctx.tenant();
    let reads = vec![store::document(tenant, id), store::totals(tenant, id), store::deliveries_of(tenant, id)];
    let answers = ctx.read(reads).await?;
    let is_there = answers.first().is_some_and(|rows| rows.first().is_some());
    let channel = answers.first().map(store::channel_of).transpose().map_err(Halt::from)?.flatten();
    let resource = Resource::of_store(ctx.tenant().store).in_channels(channel).record(id);
    if !is_there || !ctx.reaches(&resource).await? {
        return Err(Problem::not_found());
    }
    let recorded = answers.get(1).map(store::totals_of).transpose().map_err(Halt::Unavailable)?.flatten();
    let nothing = |detail: &str| Problem::new(StatusCode::CONFLICT, "nothing-to-explain").detail(detail.to_owned());
    let mut explained = match (recorded, at) {
        (None, _) => {
            let detail =
                "The order is from before totals were recorded: each line costs its unit price times its quantity.";
            return Err(nothing(detail));
        }
        (Some(RecordedTotals::OfAnother(_)), Some(_)) => {
            let detail = "Another release has totalled the order, which this one can explain as it was placed only: leave \
                          out at.";
            return Err(nothing(detail));
        }
        (Some(RecordedTotals::OfAnother(totals)), None) => recorded_explanation(totals),
        (Some(RecordedTotals::OfThis(mut question)), at) => {
            question.cart.at = at.unwrap_or(question.cart.at);
            explanation(&question)
                .map_err(|error| Halt::Unavailable(Unavailable::corrupt(format!("an order's totals: {error}"))))?
        }
    };
    explained.shipping = answers.get(2).map(store::shipped_by).transpose().map_err(Halt::from)?.unwrap_or_default();
    explained.quote_id = answers.first().map(store::quote_of).transpose().map_err(Halt::from)?.flatten();
    Ok(([(CACHE_CONTROL, "private, no-store")], axum::Json(explained)).into_response())
}

async fn list_own(ctx: Ctx, Parsed(query): Parsed<OwnOrders>, uri: Uri) -> Result<Response, Problem> {
    let Some(person) = ctx.person() else {
        ctx.principal().await?;
        return Err(Problem::from(Denied::MissingScope(Scope::ProfileRead)));
    };
    // One more than asked for tells whether there is a next page.
    let asked = query.limit.saturating_add(1);
    let answers = ctx.read(vec![store::of_account(ctx.tenant(), person.account, &query.below, asked)]).await?;
    let mut orders = answers.first().map(store::orders_of).transpose().map_err(Halt::from)?.unwrap_or_default();
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let is_last = orders.len() <= limit;
    orders.truncate(limit);
    let last = orders.last().filter(|_| !is_last);
    let next_cursor = last.map(|order| Cursor::new(SORT, vec![CursorPart::Text(order.id.to_string())]).to_string());
    let corrupt = |error: serde_json::Error| Halt::Unavailable(Unavailable::Corrupt(error.to_string()));
    let mut items = Vec::with_capacity(orders.len());
    for order in &orders {
        let document = whole(ctx.app(), ctx.tenant(), order).map_err(Halt::Unavailable)?;
        items.push(RawValue::from_string(document).map_err(corrupt)?);
    }
    let link = next_cursor.as_deref().and_then(|next| HeaderValue::from_str(&next_link(&uri, next)).ok());
    let body = serde_json::to_string(&OwnOrdersBody { items, next_cursor }).map_err(corrupt)?;
    let mut response =
        ([(CACHE_CONTROL, "private, no-store"), (CONTENT_TYPE, "application/json")], body).into_response();
    response.headers_mut().extend(link.map(|link| (LINK, link)));
    Ok(response)
}
