//! `/api/v1/orders`.

use axum::response::{IntoResponse, Response};
use headlesspro_shared::identity::{Resource, Scope};
use headlesspro_shared::kernel::id::{CheckoutKind, OrderKind, OrderLineKind, PaymentKind, ProductKind, VariantKind};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use schemars::JsonSchema;
use serde::Serialize;

use super::store;
use crate::app::Ctx;
use crate::extract::PathId;
use crate::failure::Halt;
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::{AddressBody, IdText, MomentText, MoneyBody};

pub fn routes() -> Routes {
    Routes::new().get("/api/v1/orders/{id}", Access::Record(Scope::OrdersRead), show)
}

/// An order as it was placed. It never changes.
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
    #[schemars(extend("enum" = ["pending", "confirmed", "processing", "fulfilled", "completed", "cancelled", "returned"]))]
    pub state: String,
    #[schemars(extend("enum" = ["pending", "authorized", "captured", "partially-refunded", "refunded", "voided", "failed"]))]
    pub payment_state: String,
    #[schemars(extend("enum" = ["unfulfilled", "partially-fulfilled", "fulfilled", "partially-returned", "returned"]))]
    pub fulfillment_state: String,
    pub email: String,
    pub shipping_address: AddressBody,
    pub lines: Vec<OrderLineBody>,
    pub total: MoneyBody,
    pub payment: PaymentBody,
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
    pub total: MoneyBody,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Payment")]
pub struct PaymentBody {
    #[schemars(with = "IdText<PaymentKind>")]
    pub id: String,
    #[schemars(extend("enum" = ["manual"]))]
    pub provider: String,
    /// `paid` or `on-account`.
    #[schemars(extend("enum" = ["paid", "on-account"]))]
    pub method: String,
    /// `captured` or `pending`.
    #[schemars(extend("enum" = ["pending", "authorized", "captured", "partially-refunded", "refunded", "voided", "failed"]))]
    pub state: String,
    pub amount: MoneyBody,
}

async fn show(ctx: Ctx, PathId(id): PathId<OrderKind>) -> Result<Response, Problem> {
    let answers = ctx.read(vec![store::document(ctx.tenant(), id)]).await?;
    let document = answers.first().map(store::document_of).transpose().map_err(Halt::from)?.flatten();
    let document = document.ok_or_else(Problem::not_found)?;
    if !ctx.reaches(&Resource::of_store(ctx.tenant().store).record(id)).await? {
        return Err(Problem::not_found());
    }
    Ok(([(CACHE_CONTROL, "private, no-store"), (CONTENT_TYPE, "application/json")], document).into_response())
}
