//! What is to be taxed.

use serde::{Deserialize, Serialize};

use super::TaxClass;
use super::exemption::Exemption;
use crate::kernel::area::Place;
use crate::kernel::money::Currency;
use crate::kernel::time::Timestamp;
use crate::organizations::{RoundingMode, TaxMode};

/// Of one question, charges for shipping among them.
pub const MOST_LINES: usize = 10_000;

/// Lines and charges for shipping, to be taxed together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaxQuestion {
    pub currency: Currency,
    /// Whether the amounts hold the tax.
    pub mode: TaxMode,
    pub per: RoundingPer,
    pub rounding: RoundingMode,
    pub destination: Place,
    pub lines: Vec<TaxLine>,
    #[serde(default)]
    pub shipping: Vec<ShippingCharge>,
    /// What the buyer claims; the first that holds counts.
    #[serde(default)]
    pub exemptions: Vec<Exemption>,
    /// Which rates hold.
    pub at: Timestamp,
}

/// What is rounded, once: all that is finer is shared out by largest remainder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoundingPer {
    /// The tax of each line, and of shipping that is taxed as what is shipped each part of one rate.
    Line,
    /// The tax of all lines with the same rates together, as on a Japanese qualified invoice. Source: National Tax
    /// Agency of Japan, "Q&A regarding the Invoice System", rounding of fractions: once per rate and invoice.
    Rate,
    /// All tax of the order.
    Order,
}

named!(RoundingPer, UnknownRoundingPer, "line, rate or order", {
    Line = "line",
    Rate = "rate",
    Order = "order",
});

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaxLine {
    /// What the answer names the line by.
    pub key: String,
    /// Of all units together, after discounts, in minor units.
    pub amount: i64,
    /// For an external provider; the tax does not depend on it.
    pub quantity: i64,
    pub class: TaxClass,
    /// False for what bears no tax, wherever it goes: its price holds none either.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub taxable: bool,
}

pub(crate) fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
pub(crate) fn is_yes(value: &bool) -> bool {
    *value
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShippingCharge {
    pub key: String,
    /// After discounts, in minor units.
    pub amount: i64,
    pub tax: ShippingTax,
}

/// How a charge for shipping is taxed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum ShippingTax {
    /// By its own class.
    Class { class: TaxClass },
    /// As what is shipped, in proportion to the lines' amounts: shipping is ancillary to the goods. Source: Court of
    /// Justice of the European Union, C-349/96 (Card Protection Plan), paragraph 30.
    Proportional {
        /// The keys of the lines that are shipped by it; none: all.
        #[serde(default)]
        lines: Vec<String>,
    },
}
