//! What totals are made from.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::compute::kept_prices;
use super::{ENGINE_VERSION, Explanation, Totals, TotalsError, explain, total};
use crate::kernel::area::Place;
use crate::kernel::id::{CategoryId, ChannelId, CollectionId, CustomerGroupId, ProductId, PromotionId, VariantId};
use crate::kernel::money::Currency;
use crate::kernel::quantity::Quantity;
use crate::kernel::time::Timestamp;
use crate::organizations::{RoundingMode, TaxMode};
use crate::pricing::{BasePrice, PriceBook};
use crate::promotions::{PromotionBook, RoundedPer};
use crate::tax::{Exemption, ProviderOutcome, RoundingPer, ShippingTax, TaxClass, TaxRules, is_yes, yes};

/// All that a merchant has laid down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rules {
    pub prices: PriceBook,
    #[serde(default)]
    pub promotions: PromotionBook,
    pub tax: TaxRules,
    /// Whether prices hold the tax.
    pub tax_mode: TaxMode,
    pub rounding: RoundingMode,
    pub discounts_rounded_per: RoundedPer,
    pub tax_rounded_per: RoundingPer,
    /// How what a delivery costs is taxed, unless it says so itself.
    pub shipping_tax: ShippingTax,
}

/// What totals were made from, as it is kept or sent: another engine refuses it instead of totalling it differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Question {
    pub engine: u32,
    pub rules: Rules,
    pub cart: Cart,
}

impl Question {
    /// For the engine that this is.
    pub fn new(rules: Rules, cart: Cart) -> Question {
        Question { engine: ENGINE_VERSION, rules, cart }
    }

    /// # Errors
    /// [`TotalsError::OtherEngine`]; otherwise as [`total`].
    pub fn total(&self) -> Result<Totals, TotalsError> {
        self.answered_by(total)
    }

    /// As [`Question::total`], with all that was considered on the way.
    ///
    /// # Errors
    /// As [`Question::total`].
    pub fn explain(&self) -> Result<Explanation, TotalsError> {
        self.answered_by(explain)
    }

    /// Leaves out the promotions that neither took anything off nor answer for a code, and what no price came from of price
    /// lists: the same question, which says no more of what else the merchant offers, or of what others pay. `totals`
    /// are its own.
    #[must_use]
    pub fn without_idle_rules(mut self, totals: &Totals) -> Question {
        let applied = totals.redemptions.iter().map(|redemption| redemption.promotion);
        let asked_for = totals.codes.iter().filter_map(|code| code.promotion);
        let kept: BTreeSet<PromotionId> = applied.chain(asked_for).collect();
        self.rules.promotions.promotions.retain(|booked| kept.contains(&booked.id));
        self.rules.prices = kept_prices(&self.rules, &self.cart);
        self
    }

    fn answered_by<T>(&self, work: fn(&Rules, &Cart) -> Result<T, TotalsError>) -> Result<T, TotalsError> {
        match self.engine {
            ENGINE_VERSION => work(&self.rules, &self.cart),
            asked => Err(TotalsError::OtherEngine { asked }),
        }
    }
}

/// What is bought, by whom, where to, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cart {
    /// In which the buyer pays.
    pub currency: Currency,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelId>,
    /// Whose redemptions are counted: whatever they are kept by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub customer_groups: Vec<CustomerGroupId>,
    /// `None`: not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_first_order: Option<bool>,
    /// `None`: not chosen yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<String>,
    /// As they were entered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<String>,
    /// Where it goes, or as long as nobody knows, where the merchant sells from.
    pub destination: Place,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exemptions: Vec<Exemption>,
    /// What came of asking an external provider [`super::tax_question`] for exactly this cart; none: the rules tax it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_outcome: Option<ProviderOutcome>,
    pub lines: Vec<CartLine>,
    /// What promotions may give: only these can be given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gifts: Vec<GiftItem>,
    /// Those that are chosen already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deliveries: Vec<Delivery>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CartLine {
    /// One of its own in the cart. Of two lines that a minor unit could go to, the lower key gets it.
    pub key: u32,
    pub variant: VariantId,
    pub product: ProductId,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collections: Vec<CollectionId>,
    /// With those above them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<CategoryId>,
    pub quantity: Quantity,
    /// The catalog's, at most one for each currency.
    pub prices: Vec<BasePrice>,
    #[serde(default = "standard")]
    pub tax_class: TaxClass,
    /// False for what bears no tax, wherever it goes.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub taxable: bool,
}

/// A variant that a promotion gives where it applies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GiftItem {
    pub variant: VariantId,
    pub product: ProductId,
    pub prices: Vec<BasePrice>,
    #[serde(default = "standard")]
    pub tax_class: TaxClass,
}

fn standard() -> TaxClass {
    TaxClass::STANDARD
}

/// Some of the lines, or all, that are sent together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Delivery {
    /// One of its own among the deliveries.
    pub key: u32,
    /// What it is sent by.
    pub method: String,
    /// As the buyer reads it.
    pub name: String,
    /// What the offer costs, in minor units of the cart's currency: zero or more.
    pub amount: i64,
    /// The keys of the lines that are sent; none: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<u32>,
    /// As the method says; none: as the rules do. In proportion to no named lines is to those that are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<ShippingTax>,
}
