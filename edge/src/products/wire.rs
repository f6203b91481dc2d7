//! Prices that were, on the wire.

use schemars::JsonSchema;
use serde::Serialize;

use crate::wire::{MomentText, MoneyBody};

/// A price from a moment on, until the next one.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AppliedPrice")]
pub struct AppliedPriceBody {
    #[schemars(with = "MomentText")]
    pub at: String,
    /// Null: it had none.
    pub price: Option<MoneyBody>,
    pub compare_at_price: Option<MoneyBody>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PriceHistory")]
pub struct PriceHistoryBody {
    /// The newest first; the last one of all since the variant was made.
    pub items: Vec<AppliedPriceBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}
