//! What is asked of a price book, and what it answers.

use serde::{Deserialize, Serialize};

use crate::catalog::source::Quote;
use crate::kernel::id::{ChannelId, CustomerGroupId, PriceListId, ProductId, VariantId};
use crate::kernel::money::{Currency, Money, Rate, Rounding};
use crate::kernel::quantity::Quantity;
use crate::kernel::time::Timestamp;

use super::{BaseError, ExchangeRate, ListKind, PriceEnding, PricingError};

/// What does one unit of this variant cost this buyer, at this moment?
#[derive(Debug, Clone, Copy)]
pub struct PriceQuestion<'a> {
    pub variant: VariantId,
    pub product: ProductId,
    /// The units that count for tiers. Whoever has a variant on several lines may ask with their sum.
    pub quantity: Quantity,
    /// The presentment currency: what the buyer sees and pays.
    pub currency: Currency,
    /// `None` meets only lists that are for every channel.
    pub channel: Option<ChannelId>,
    /// Those that the buyer is in.
    pub groups: &'a [CustomerGroupId],
    pub at: Timestamp,
    /// What the catalog says, at most one for each currency.
    pub base: &'a [BasePrice],
    /// The store's, for prices without an ending.
    pub rounding: Rounding,
}

/// The catalog's price of a variant in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BasePrice {
    pub price: Money,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare_at_price: Option<Money>,
}

impl From<Quote> for BasePrice {
    fn from(quote: Quote) -> BasePrice {
        BasePrice { price: quote.price, compare_at_price: quote.compare_at_price }
    }
}

/// Where a price comes from: `"catalog"`, or `{"list": "plist_..."}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PriceSource {
    Catalog,
    List(PriceListId),
}

/// The one price of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResolvedPrice {
    /// Of one unit, in the currency asked for: zero or more, at most [`crate::catalog::HIGHEST_PRICE`].
    pub unit_price: Money,
    /// Above `unit_price`. On sale, the regular price that the sale replaces; of a catalog price, the catalog's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare_at_price: Option<Money>,
    pub source: PriceSource,
    /// How it came about, in order; the last one ends at `unit_price`.
    pub steps: Vec<PriceStep>,
}

/// One step on the way to a price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum PriceStep {
    /// The catalog says so.
    Catalog { price: Money },
    /// A list says so.
    Fixed { list: PriceListId, min_quantity: Quantity, price: Money },
    /// A list changes what came before.
    Adjusted {
        list: PriceListId,
        min_quantity: Quantity,
        change_ppm: Rate,
        from: Money,
        to: Money,
        /// What it was rounded to, else the nearest minor unit by the question's rounding.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ending: Option<PriceEnding>,
    },
    Converted {
        from: Money,
        to: Money,
        /// One; or two, over a third currency that both are quoted against.
        rates: Vec<ExchangeRate>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ending: Option<PriceEnding>,
    },
}

/// The answer with what became of the catalog and of every list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The same as [`super::resolve`] answers.
    pub resolved: Result<ResolvedPrice, PricingError>,
    /// The catalog first, then lists by priority, the highest first, and by id.
    pub considered: Vec<Considered>,
}

/// What became of one source of prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Considered {
    pub source: PriceSource,
    /// Of a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ListKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// What it would have given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Money>,
    pub verdict: Verdict,
}

/// Why a source of prices won or lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    Won,
    /// It would have won, had a list not replaced it.
    Replaced,
    Inactive,
    NotStarted,
    Ended,
    OtherCurrency,
    OtherChannel,
    OtherGroup,
    /// The list says nothing of the variant in this currency.
    NoRule,
    /// It does, for more units.
    BelowQuantity,
    /// A percentage or a sale of something that has no price.
    NoBasePrice,
    NoRate,
    StaleRate,
    OutOfRange,
    /// What the list is based on does not exist, leads back to it, or is too far down.
    BaseUnknown,
    BaseCycle,
    BaseTooDeep,
    /// A sale that is not below the regular price.
    NotLower,
    /// Than that of the list that won, or of the override that set the regular price.
    LowerPriority,
    /// Of the same priority, for more.
    HigherPrice,
    /// Of the same priority, for the same.
    NewerList,
}

named!(Verdict, UnknownVerdict, "the name of a verdict", {
    Won = "won",
    Replaced = "replaced",
    Inactive = "inactive",
    NotStarted = "not-started",
    Ended = "ended",
    OtherCurrency = "other-currency",
    OtherChannel = "other-channel",
    OtherGroup = "other-group",
    NoRule = "no-rule",
    BelowQuantity = "below-quantity",
    NoBasePrice = "no-base-price",
    NoRate = "no-rate",
    StaleRate = "stale-rate",
    OutOfRange = "out-of-range",
    BaseUnknown = "base-unknown",
    BaseCycle = "base-cycle",
    BaseTooDeep = "base-too-deep",
    NotLower = "not-lower",
    LowerPriority = "lower-priority",
    HigherPrice = "higher-price",
    NewerList = "newer-list",
});

impl From<PricingError> for Verdict {
    fn from(error: PricingError) -> Verdict {
        match error {
            PricingError::NoPrice { .. } => Verdict::NoBasePrice,
            PricingError::NoRate { .. } => Verdict::NoRate,
            PricingError::StaleRate { .. } => Verdict::StaleRate,
            PricingError::OutOfRange => Verdict::OutOfRange,
        }
    }
}

impl From<BaseError> for Verdict {
    fn from(error: BaseError) -> Verdict {
        match error {
            BaseError::Unknown { .. } => Verdict::BaseUnknown,
            BaseError::Cycle { .. } => Verdict::BaseCycle,
            BaseError::TooDeep { .. } => Verdict::BaseTooDeep,
        }
    }
}
