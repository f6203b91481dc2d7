//! What is offered, at which price, and why or why not.

use serde::{Deserialize, Serialize};

use super::conditions::Span;
use super::price::Measure;
use crate::kernel::id::{LocationId, ShippingMethodId, ShippingZoneId};
use crate::tax::ShippingTax;

/// Lines that ship from one location, and the ways to get them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Group {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationId>,
    /// Their keys, in the order of the delivery.
    pub lines: Vec<String>,
    /// In grams.
    pub weight: i64,
    pub subtotal: i64,
    pub quantity: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<ShippingZoneId>,
    /// Why there is no zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_zone: Option<NoZone>,
    /// The zone's methods and the pick-ups, in the order of the rules, with those that are not offered.
    pub offers: Vec<Offer>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoZone {
    /// The buyer has not said where it goes.
    NoDestination,
    /// Nothing is shipped there.
    NotServed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Offer {
    pub method: ShippingMethodId,
    /// The external provider's code for its rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    pub name: String,
    pub kind: OfferKind,
    pub offered: Offered,
    /// How the charge is taxed, if it is chosen; none: as the store's settings say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<ShippingTax>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum OfferKind {
    Delivery,
    Pickup { location: LocationId },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Offered {
    Yes {
        /// In minor units of the delivery's currency.
        amount: i64,
        why: WhyPrice,
    },
    No {
        /// Every reason.
        why: Vec<WhyNot>,
    },
}

/// Where a price comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum WhyPrice {
    Flat,
    Table {
        measure: Measure,
        measured: i64,
        /// Of the row.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        up_to: Option<i64>,
    },
    Expression,
    External {
        provider: String,
    },
    /// The price for when the provider has no answer.
    Fallback {
        provider: String,
        problem: String,
    },
    /// The subtotal has reached the threshold.
    FreeOver {
        threshold: i64,
        subtotal: i64,
        /// What it would cost below.
        otherwise: i64,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum WhyNot {
    Subtotal {
        span: Span,
        value: i64,
    },
    Weight {
        span: Span,
        value: i64,
    },
    Quantity {
        span: Span,
        value: i64,
    },
    Country,
    Location,
    Tags {
        line: String,
    },
    Class {
        line: String,
    },
    /// None in the delivery's currency.
    NoPrice,
    BeyondTable {
        measure: Measure,
        measured: i64,
    },
    /// The expression has no value, or a negative one.
    Incomputable,
    /// The external provider had no answer.
    NoAnswer {
        provider: String,
        problem: String,
    },
    /// The external provider does not ship it.
    NoService {
        provider: String,
    },
}

#[cfg(test)]
mod tests {
    use crate::shipping::{Delivery, Group, ShippingMethod, ShippingRules, rates};
    use crate::tax::ShippingTax;

    #[test]
    fn rules_deliveries_and_offers_travel_as_json() {
        let rules = r#"{"zones":[{"id":"szone_00000000000000000000000001","name":"Germany","areas":[{"country":"DE"}],
            "methods":[{"id":"smeth_00000000000000000000000001","name":"Parcel",
                "price":{"by":"table","measure":"weight","rows":{"EUR":[{"upTo":1000,"amount":490},{"amount":890}]}},
                "freeOver":{"of":"order","amounts":{"EUR":5000}},
                "conditions":{"weight":{"max":31500},"tags":{"noneOf":["lithium"]}},"tax":{"by":"proportional"}},
            {"id":"smeth_00000000000000000000000002","name":"Pallet","price":{"by":"expression","expressions":
                {"EUR":{"sum":[{"constant":9000},"weight"]}}},"tax":{"by":"class","class":"standard"}}]}],
            "pickups":[]}"#;
        let delivery = r#"{"currency":"EUR","destination":{"country":"DE"},"lines":[{"key":"a","quantity":2,"amount":4000,
            "weight":1001,"needsShipping":true,"tags":["new"]}]}"#;
        let groups = concat!(
            r#"[{"lines":["a"],"weight":1001,"subtotal":4000,"quantity":2,"zone":"szone_00000000000000000000000001","#,
            r#""offers":[{"method":"smeth_00000000000000000000000001","name":"Parcel","kind":{"kind":"delivery"},"#,
            r#""offered":{"is":"yes","amount":890,"why":{"kind":"table","measure":"weight","measured":1001}},"#,
            r#""tax":{"by":"proportional","lines":[]}},{"method":"smeth_00000000000000000000000002","name":"Pallet","#,
            r#""kind":{"kind":"delivery"},"offered":{"is":"yes","amount":10001,"why":{"kind":"expression"}},"#,
            r#""tax":{"by":"class","class":"standard"}}]}]"#
        );
        let rules: ShippingRules = serde_json::from_str(rules).unwrap();
        assert_eq!(rules.check(), Ok(()));
        let delivery: Delivery = serde_json::from_str(delivery).unwrap();
        let offered = rates(&rules, &delivery).unwrap();
        assert_eq!(serde_json::to_string(&offered).unwrap(), groups);
        assert_eq!(serde_json::from_str::<Vec<Group>>(groups).unwrap(), offered);
        let again = serde_json::to_string(&rules).unwrap();
        assert_eq!(serde_json::from_str::<ShippingRules>(&again).unwrap(), rules);
    }

    #[test]
    fn methods_that_say_nothing_of_tax_are_read_by_releases_that_want_it_said() {
        let method = |tax: &str| {
            let text = format!(
                r#"{{"id":"smeth_00000000000000000000000001","name":"x","price":{{"by":"flat","amounts":{{}}}}{tax}}}"#
            );
            serde_json::from_str::<ShippingMethod>(&text).unwrap()
        };
        let proportional = ShippingTax::Proportional { lines: Vec::new() };
        for (tax, read, written) in [
            // As it is written now, as the first release wrote it, and as one between did.
            ("", None, Some(r#""tax":{"by":"proportional","lines":[]}"#)),
            (r#","tax":{"by":"proportional","lines":[]}"#, None, Some(r#""tax":{"by":"proportional","lines":[]}"#)),
            (r#","tax":{"by":"proportional"}"#, Some(proportional), Some(r#""tax":{"by":"proportional"}"#)),
            (
                r#","tax":{"by":"class","class":"reduced"}"#,
                Some(ShippingTax::Class { class: "reduced".parse().unwrap() }),
                None,
            ),
        ] {
            let method = method(tax);
            assert_eq!(method.tax, read, "{tax}");
            let text = serde_json::to_string(&method).unwrap();
            assert!(written.is_none_or(|written| text.contains(written)), "{text}");
            assert_eq!(serde_json::from_str::<ShippingMethod>(&text).unwrap(), method);
        }
    }
}
