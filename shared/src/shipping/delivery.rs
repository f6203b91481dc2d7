//! What is to be shipped.

use serde::{Deserialize, Serialize};

use super::external::GroupOutcome;
use crate::kernel::area::Place;
use crate::kernel::id::LocationId;
use crate::kernel::money::Currency;
use crate::tax::TaxClass;

/// Of one delivery.
pub const MOST_LINES: usize = 10_000;

/// The lines of a cart, where each ships from, and where they go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Delivery {
    pub currency: Currency,
    /// None while the buyer has not said: then only picking up is offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<Place>,
    pub lines: Vec<DeliveryLine>,
    /// What external providers said, for each group and provider that was asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external: Vec<GroupOutcome>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeliveryLine {
    pub key: String,
    pub quantity: i64,
    /// Of all units together, after discounts.
    pub amount: i64,
    /// Of all units together, in grams; 0 where it is not known.
    pub weight: i64,
    /// False for what is downloaded or done.
    pub needs_shipping: bool,
    /// None: from wherever the merchant ships what has no place; such lines are one group, which can be picked up anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<TaxClass>,
    /// Of the product.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// A variant as shipping sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goods {
    /// False for what is downloaded or done.
    pub needs_shipping: bool,
    /// Of one unit; 0 where it is not known.
    pub weight_grams: i64,
    /// As of [`DeliveryLine`].
    pub location: Option<LocationId>,
    /// Of its product.
    pub tags: Vec<String>,
}

/// What the prices and conditions of methods look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Totals {
    pub weight: i64,
    pub subtotal: i64,
    pub quantity: i64,
}

impl Totals {
    pub fn of<'a>(lines: impl IntoIterator<Item = &'a DeliveryLine>) -> Option<Totals> {
        lines.into_iter().try_fold(Totals::default(), |totals, line| {
            Some(Totals {
                weight: totals.weight.checked_add(line.weight)?,
                subtotal: totals.subtotal.checked_add(line.amount)?,
                quantity: totals.quantity.checked_add(line.quantity)?,
            })
        })
    }
}
