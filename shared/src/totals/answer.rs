//! What totals come to. Amounts are minor units of the cart's currency, zero or more.

use serde::{Deserialize, Serialize};

use crate::kernel::id::{ProductId, PromotionId, VariantId};
use crate::kernel::money::{Currency, Money};
use crate::kernel::quantity::Quantity;
use crate::kernel::time::Timestamp;
use crate::organizations::{RoundingMode, TaxMode};
use crate::pricing::{Considered, ExchangeRate, ResolvedPrice};
use crate::promotions::{CodeOutcome, Discount, Redemption, RoundedPer, Trace};
use crate::tax::{LineRate, RateSum, RefusedExemption, RoundingPer, TaxClass, TaxReason, TaxSource, ZoneName};

/// A cart's totals: `total` is what the buyer pays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Totals {
    /// Which engine gave them.
    pub engine: u32,
    pub currency: Currency,
    /// In the order of the cart.
    pub lines: Vec<LineTotals>,
    /// In the order in which their promotions applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gifts: Vec<GiftTotals>,
    /// In the order of the cart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deliveries: Vec<DeliveryTotals>,
    /// Each code of the cart, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<CodeOutcome>,
    /// What the commit of the order has to count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redemptions: Vec<Redemption>,
    /// The lines before discounts.
    pub subtotal: i64,
    /// What is taken off the lines. The worth of gifts is in neither.
    pub discount: i64,
    /// The deliveries before discounts.
    pub shipping: i64,
    pub shipping_discount: i64,
    /// Each rate once, with what it is on and what it gives.
    pub rates: Vec<RateSum>,
    pub tax_source: TaxSource,
    /// The zone that decided; none: no zone is there, or a provider has decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_zone: Option<ZoneName>,
    /// Whether prices hold the tax.
    pub tax_mode: TaxMode,
    pub rounding: RoundingMode,
    pub discounts_rounded_per: RoundedPer,
    pub tax_rounded_per: RoundingPer,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused_exemptions: Vec<RefusedExemption>,
    /// Of lines, gifts and deliveries; `net + tax = total`.
    pub net: i64,
    pub tax: i64,
    pub total: i64,
    /// Where the buyer pays in another currency than the merchant is paid in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settlement: Option<Settlement>,
}

impl Totals {
    /// Whether the buyer gets the same and pays the same for each part of it, whatever it came about by.
    pub fn is_same_purchase(&self, other: &Totals) -> bool {
        let line = |line: &LineTotals| {
            (line.variant, line.quantity, line.price.unit_price, line.discount, line.taxes.tax, line.taxes.gross)
        };
        let gift = |gift: &GiftTotals| (gift.variant, gift.quantity);
        let delivery = |delivery: &DeliveryTotals| {
            (delivery.key, delivery.method.clone(), delivery.discount, delivery.taxes.tax, delivery.taxes.gross)
        };
        (self.currency, self.total, self.tax) == (other.currency, other.total, other.tax)
            && self.lines.iter().map(line).eq(other.lines.iter().map(line))
            && self.gifts.iter().map(gift).eq(other.gifts.iter().map(gift))
            && self.deliveries.iter().map(delivery).eq(other.deliveries.iter().map(delivery))
    }
}

/// The total in the currency that the merchant is paid in. Whoever has prices in each currency needs no rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Settlement {
    /// By the rates of the moment.
    Converted { total: Money, rates: Vec<ExchangeRate> },
    /// There is no rate between the two.
    NoRate,
    /// The last rate, by its pair as it was quoted, holds no more.
    StaleRate { base: Currency, quote: Currency, as_of: Timestamp, valid_until: Timestamp },
}

/// What is taxed, and how. `net + tax = gross`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Taxes {
    pub net: i64,
    pub tax: i64,
    /// What is paid for it.
    pub gross: i64,
    /// They sum to `tax`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rates: Vec<LineRate>,
    /// None for a delivery that is taxed as what is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<TaxClass>,
    pub why: TaxReason,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LineTotals {
    pub key: u32,
    pub variant: VariantId,
    pub product: ProductId,
    pub quantity: Quantity,
    /// Of one unit.
    pub price: ResolvedPrice,
    /// Unit price times quantity.
    pub amount: i64,
    /// The sum of `discounts`, at most `amount`.
    pub discount: i64,
    /// In the order in which they applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<Discount>,
    pub taxes: Taxes,
}

/// A line that a promotion adds, for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GiftTotals {
    pub promotion: PromotionId,
    pub variant: VariantId,
    pub product: ProductId,
    pub quantity: Quantity,
    pub price: ResolvedPrice,
    /// Its worth, which is also its discount.
    pub amount: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeliveryTotals {
    pub key: u32,
    pub method: String,
    pub name: String,
    pub amount: i64,
    pub discount: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<Discount>,
    pub taxes: Taxes,
}

/// The totals with all that was considered on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Explanation {
    /// The same as [`super::total`] answers.
    pub totals: Totals,
    /// Of each line of the cart.
    pub prices: Vec<PriceExplanation>,
    pub promotions: Trace,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PriceExplanation {
    pub key: u32,
    pub considered: Vec<Considered>,
}
