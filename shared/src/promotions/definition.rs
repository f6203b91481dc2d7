//! What a merchant says of a promotion.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Amounts, Condition, Selector};
use crate::kernel::id::VariantId;
use crate::kernel::money::Rate;
use crate::kernel::quantity::Quantity;
use crate::kernel::time::Timestamp;

/// A promotion without its id and its counters. [`super::validate`] says what is wrong with one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Definition {
    /// For people.
    pub name: String,
    #[serde(default = "yes")]
    pub active: bool,
    pub trigger: Trigger,
    /// The first instant at which it applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
    /// The first instant at which it does not apply any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
    #[serde(default)]
    pub condition: Condition,
    pub effect: Effect,
    /// The key of a stacking group; without one it combines with whatever is not exclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Within its group; the higher number applies first.
    #[serde(default)]
    pub priority: i32,
    /// Whether it applies only alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exclusive: bool,
    /// What it takes off a basket at most. Where there is any, it applies in these currencies only.
    #[serde(default, skip_serializing_if = "Amounts::is_empty")]
    pub max_discount: Amounts,
    /// Orders that may have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_per_customer: Option<i64>,
}

fn yes() -> bool {
    true
}

/// How a basket comes by a promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// Whoever meets the condition has it.
    Automatic,
    /// Whoever enters one of its codes.
    Code,
}

named!(Trigger, UnknownTrigger, "automatic or code", {
    Automatic = "automatic",
    Code = "code",
});

/// What a promotion does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Effect {
    /// Takes something off the lines.
    Reduce {
        #[serde(default)]
        lines: Selector,
        by: Reduction,
    },
    /// Takes off what the highest tier that is reached says.
    Tiered {
        #[serde(default)]
        lines: Selector,
        /// Ascending.
        tiers: Vec<Tier>,
    },
    /// For each `buy_quantity` units of `buy`, reduces `get_quantity` units of `get`: the cheapest that there are,
    /// while the dearest count as bought. No unit counts twice (Medusa pull request 9002), nor for two promotions.
    /// The last `get_quantity` need not be complete.
    BuyGet {
        #[serde(default)]
        buy: Selector,
        buy_quantity: Quantity,
        #[serde(default)]
        get: Selector,
        get_quantity: Quantity,
        /// What is taken off these units: [`Rate::ONE`] makes them free.
        rate: Rate,
        /// In one basket; as often as there are units where it is `None`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        most_repeats: Option<Quantity>,
    },
    /// Deliveries by these methods, or by all where there are none, cost nothing. `max_discount` is what it is worth
    /// at most.
    FreeShipping {
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        methods: BTreeSet<String>,
    },
    /// Adds units at a discount of 100 %.
    Gift { variant: VariantId, quantity: Quantity },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Reduction {
    /// Of what is left of the lines: 105,000 parts per million are 10.5 %.
    Percent { rate: Rate },
    /// Off each unit, down to nothing.
    PerUnit { amounts: Amounts },
    /// Off each line, however many units it has, down to nothing. Totals count lines of one variant at one price as one.
    PerLine { amounts: Amounts },
    /// Off all the lines together, allocated to them by what is left of each.
    PerOrder { amounts: Amounts },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tier {
    pub at_least: Threshold,
    pub by: Reduction,
}

/// Of the promotion's lines, before any discount. All tiers of a promotion have thresholds of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Threshold {
    Quantity { units: i64 },
    Subtotal { amounts: Amounts },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::money::Currency;

    #[test]
    fn a_definition_is_plain_json() {
        let json = r#"{
            "name": "Three for two",
            "trigger": "code",
            "startsAt": "2026-11-27T00:00:00.000Z",
            "condition": {"type": "all", "of": [
                {"type": "subtotal", "atLeast": {"EUR": "50.00", "KRW": "70000"}},
                {"type": "not", "of": {"type": "payment-method", "anyOf": ["invoice"]}},
                {"type": "first-order"}
            ]},
            "effect": {
                "type": "buy-get",
                "buy": {"anyOf": {"products": ["prod_00000000000000000000000001"]}, "excludeSale": true},
                "buyQuantity": 2,
                "getQuantity": 1,
                "rate": 1000000
            },
            "group": "codes",
            "maxDiscount": {"EUR": "20.00"},
            "limitPerCustomer": 1
        }"#;
        let definition: Definition = serde_json::from_str(json).unwrap();
        assert!(definition.active && definition.starts_at.is_some());
        assert_eq!(definition.max_discount.of(Currency::EUR), Some(2_000));
        let Effect::BuyGet { buy, get, rate, .. } = &definition.effect else { panic!("{definition:?}") };
        assert_eq!((buy.any_of.products.len(), get.is_everything(), *rate), (1, true, Rate::ONE));
        let written = serde_json::to_string(&definition).unwrap();
        assert_eq!(serde_json::from_str::<Definition>(&written).unwrap(), definition);
        for (from, to, reason) in [
            ("\"getQuantity\": 1", "\"getQuantity\": 0", "between 1 and 9999"),
            ("\"type\": \"buy-get\"", "\"type\": \"bogo\"", "unknown variant `bogo`"),
            ("\"rate\"", "\"ratio\"", "unknown field `ratio`"),
            ("\"EUR\": \"50", "\"EURO\": \"50", "ISO 4217"),
            ("prod_0", "var_0", "`prod_`"),
            ("\"code\"", "\"coupon\"", "automatic or code"),
        ] {
            let error = serde_json::from_str::<Definition>(&json.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(reason), "{to}: {error}");
        }
    }
}
