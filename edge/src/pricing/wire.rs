//! How what `headlesspro_shared::pricing` reads and writes looks in JSON, for the description of the API.

use headlesspro_shared::kernel::id::{ProductKind, VariantKind};
use schemars::JsonSchema;

use crate::wire::{IdText, MoneyBody};

/// One price of a list, from a number of units on.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PriceRule", deny_unknown_fields)]
pub struct RuleShape {
    pub target: TargetShape,
    /// Of how many units on it is the price of each.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 9_999))]
    pub min_quantity: u16,
    pub price: PriceShape,
}

const fn one() -> u16 {
    1
}

/// What a rule is for. One for the variant comes before one for its product, and that before one for everything.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PriceRuleTarget", deny_unknown_fields)]
pub enum TargetShape {
    Variant(#[schemars(with = "IdText<VariantKind>")] String),
    Product(#[schemars(with = "IdText<ProductKind>")] String),
    All,
}

/// A price, or by which share the price of what the list is based on changes.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PriceRulePrice", deny_unknown_fields)]
pub enum PriceShape {
    Fixed(MoneyBody),
    /// In parts per million: -150000 is 15 % off.
    ChangePpm(#[schemars(range(min = -1_000_000, max = 10_000_000))] i64),
}

/// Prices that a computed one may become: `offset`, `offset + step` and so on, in minor units of the currency.
#[derive(JsonSchema)]
#[schemars(rename = "PriceEnding", deny_unknown_fields)]
pub struct EndingShape {
    #[schemars(regex(pattern = r"^[A-Z]{3}$"))]
    pub currency: String,
    #[schemars(range(min = 1))]
    pub step: i64,
    /// Below `step`.
    #[schemars(range(min = 0))]
    pub offset: i64,
    #[schemars(extend("enum" = ["nearest", "up", "down"]))]
    pub toward: String,
}

/// One unit of `base` is `rate` units of `quote`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ExchangeRate", deny_unknown_fields)]
pub struct RateShape {
    #[schemars(regex(pattern = r"^[A-Z]{3}$"))]
    pub base: String,
    #[schemars(regex(pattern = r"^[A-Z]{3}$"))]
    pub quote: String,
    /// An exact decimal with at most 12 decimals.
    #[schemars(regex(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub rate: String,
    /// Who says so.
    #[schemars(length(min = 1, max = 100))]
    pub source: String,
    #[schemars(with = "crate::wire::MomentText")]
    pub as_of: String,
    /// From then on nothing is converted by it.
    #[schemars(with = "crate::wire::MomentText")]
    pub valid_until: String,
}
