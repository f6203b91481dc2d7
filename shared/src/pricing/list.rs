//! Price lists.

use serde::{Deserialize, Serialize};

use crate::catalog::HIGHEST_PRICE;
use crate::catalog::source::Fault;
use crate::kernel::id::{ChannelId, CustomerGroupId, PriceListId, ProductId, VariantId};
use crate::kernel::line::Line;
use crate::kernel::money::{Currency, Money, Rate};
use crate::kernel::order::sort_by_key;
use crate::kernel::quantity::Quantity;
use crate::kernel::time::Timestamp;

use super::ending::ending_faults;
use super::{PriceEnding, Verdict};

/// A list is meant for at most this many channels, groups or currencies each.
const MOST_AUDIENCE: usize = 250;

/// More wrong fields than anyone reads are not told.
const MOST_FAULTS: usize = 50;

/// -100 % to +1,000 %, in parts per million.
const CHANGES: std::ops::RangeInclusive<i64> = -1_000_000..=10_000_000;

/// What a list's prices do to those they meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListKind {
    /// Lower than the regular price, which is shown beside it; where it is not lower, it does nothing.
    Sale,
    /// The regular price for whom the list is meant, even where it is higher.
    Override,
}

named!(ListKind, UnknownListKind, "sale or override", {
    Sale = "sale",
    Override = "override",
});

/// Prices for some buyers, channels, currencies, quantities and times.
///
/// It gives a variant at most one price. Rules for the variant come before those for its product, and those before
/// rules for everything. Among the rules for one of these: a price in the currency asked for; else a percentage; else
/// a price in the settlement currency, converted. Of each, the one with the highest `min_quantity` that the quantity
/// reaches; where it reaches none, the next kind of rule is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PriceList {
    pub id: PriceListId,
    /// One line of at most 100 characters.
    pub name: String,
    pub kind: ListKind,
    /// The higher goes first.
    #[serde(default)]
    pub priority: i32,
    pub active: bool,
    /// Of whom it is meant for: empty is everybody. A buyer needs one of the groups.
    #[serde(default)]
    pub channels: Vec<ChannelId>,
    #[serde(default)]
    pub groups: Vec<CustomerGroupId>,
    /// The currencies in which it can be bought from; empty is every one.
    #[serde(default)]
    pub currencies: Vec<Currency>,
    /// From this moment on.
    #[serde(default)]
    pub starts_at: Option<Timestamp>,
    /// Until this moment, which is no longer in it.
    #[serde(default)]
    pub ends_at: Option<Timestamp>,
    /// The list whose prices the percentages change; `None` is the catalog. Where that list is not active or not within
    /// its window, or has no price for the variant, it is the catalog too. For whom that list is meant does not matter,
    /// as with Odoo's "Other Pricelist".
    #[serde(default)]
    pub based_on: Option<PriceListId>,
    /// Where percentages end up, at most one for each currency.
    #[serde(default)]
    pub endings: Vec<PriceEnding>,
    #[serde(default)]
    pub rules: Vec<PriceRule>,
}

/// One price of a list, from a number of units on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PriceRule {
    pub target: RuleTarget,
    #[serde(default = "one")]
    pub min_quantity: Quantity,
    pub price: RulePrice,
}

/// What a rule is for: `{"variant": "var_..."}`, `{"product": "prod_..."}` or `"all"`. The closer comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RuleTarget {
    Variant(VariantId),
    Product(ProductId),
    All,
}

/// What a rule makes of it: `{"fixed": {"amount": "8.00", "currency": "EUR"}}` or `{"changePpm": -150000}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RulePrice {
    Fixed(Money),
    /// By which share the price of what the list is based on changes: -150,000 is 15 % off.
    ChangePpm(Rate),
}

const fn one() -> Quantity {
    Quantity::MIN
}

impl PriceRule {
    /// The currency of a fixed price; `None` for a percentage.
    fn currency(&self) -> Option<Currency> {
        match self.price {
            RulePrice::Fixed(price) => Some(price.currency()),
            RulePrice::ChangePpm(_) => None,
        }
    }

    /// What two rules of a list may not have in common, in the order of the index.
    pub(super) fn key(&self) -> (RuleTarget, Option<Currency>, Quantity) {
        (self.target, self.currency(), self.min_quantity)
    }
}

impl PriceList {
    /// Everything that is wrong with it as it would be written, with paths such as `rules/3/price`. What it is based
    /// on is [`super::check_bases`]'s to decide.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut fault = |path: String, reason: String| {
            if faults.len() < MOST_FAULTS {
                faults.push(Fault { path, reason });
            }
        };
        if let Err(error) = self.name.parse::<Line<100>>() {
            fault("name".to_owned(), error.to_string());
        }
        for (name, count) in
            [("channels", self.channels.len()), ("groups", self.groups.len()), ("currencies", self.currencies.len())]
        {
            if MOST_AUDIENCE < count {
                fault(name.to_owned(), format!("must have at most {MOST_AUDIENCE} entries"));
            }
        }
        if let (Some(start), Some(end)) = (self.starts_at, self.ends_at)
            && end <= start
        {
            fault("endsAt".to_owned(), "must be after the start".to_owned());
        }
        for Fault { path, reason } in ending_faults(&self.endings) {
            fault(path, reason);
        }
        for (at, rule) in self.rules.iter().enumerate() {
            match rule.price {
                RulePrice::Fixed(price) if !(0..=HIGHEST_PRICE).contains(&price.minor()) => {
                    fault(
                        format!("rules/{at}/price"),
                        format!("the amount is negative or above {HIGHEST_PRICE} minor units"),
                    );
                }
                RulePrice::ChangePpm(change) if !CHANGES.contains(&change.ppm()) => {
                    fault(format!("rules/{at}/price"), "must be between -100 % and +1000 %".to_owned());
                }
                RulePrice::Fixed(_) | RulePrice::ChangePpm(_) => {}
            }
        }
        let mut keys = Vec::new();
        // As they are in a book: sorted, so that looking is enough.
        if !self.rules.is_sorted_by(|one, two| one.key() < two.key()) {
            keys.extend(self.rules.iter().enumerate().map(|(at, rule)| (rule.key(), at)));
            sort_by_key(&mut keys, |key| *key);
        }
        for pair in keys.windows(2) {
            if let [(first, _), (second, at)] = pair
                && first == second
            {
                fault(
                    format!("rules/{at}"),
                    "there is a rule for the same target, quantity and currency already".to_owned(),
                );
            }
        }
        faults
    }

    /// Puts the rules in the order that [`PriceList::rules_for`] and [`tier`] search.
    pub(super) fn index(&mut self) {
        sort_by_key(&mut self.rules, PriceRule::key);
    }

    /// The rules for exactly `target`.
    pub(super) fn rules_for(&self, target: RuleTarget) -> &[PriceRule] {
        let first = self.rules.partition_point(|rule| rule.target < target);
        let rules = self.rules.get(first..).unwrap_or_default();
        if rules.first().is_none_or(|rule| rule.target != target) {
            return &[];
        }
        let count = rules.partition_point(|rule| rule.target == target);
        rules.get(..count).unwrap_or_default()
    }

    /// Whether it is active and within its window at `at`.
    pub(super) fn in_force(&self, at: Timestamp) -> Result<(), Verdict> {
        if !self.active {
            Err(Verdict::Inactive)
        } else if self.starts_at.is_some_and(|start| at < start) {
            Err(Verdict::NotStarted)
        } else if self.ends_at.is_some_and(|end| end <= at) {
            Err(Verdict::Ended)
        } else {
            Ok(())
        }
    }
}

/// Of the `rules` for one target, the one in `currency` (a percentage for `None`) with the highest number of units that
/// `quantity` reaches.
pub(super) fn tier(rules: &[PriceRule], currency: Option<Currency>, quantity: Quantity) -> Option<&PriceRule> {
    let after = rules.partition_point(|rule| (rule.currency(), rule.min_quantity) <= (currency, quantity));
    rules.get(after.checked_sub(1)?).filter(|rule| rule.currency() == currency)
}

/// Whether any of the `rules` for one target is in `currency`, whatever its number of units.
pub(super) fn has_currency(rules: &[PriceRule], currency: Option<Currency>) -> bool {
    tier(rules, currency, Quantity::MAX).is_some()
}

#[cfg(test)]
mod tests {
    use super::super::Toward;
    use super::*;

    const JSON: &str = r#"{
        "id": "plist_00000000000000000000000001", "name": "Wholesale", "kind": "override", "priority": 10, "active": true,
        "channels": ["chan_00000000000000000000000002"], "groups": ["cgrp_00000000000000000000000003"],
        "currencies": ["EUR"], "startsAt": "2026-11-27T00:00:00.000Z", "endsAt": "2026-12-01T00:00:00.000Z",
        "basedOn": "plist_00000000000000000000000004",
        "endings": [{"currency": "EUR", "step": 100, "offset": 99, "toward": "down"}],
        "rules": [
            {"target": {"variant": "var_00000000000000000000000005"}, "minQuantity": 10,
             "price": {"fixed": {"amount": "8.00", "currency": "EUR"}}},
            {"target": {"product": "prod_00000000000000000000000006"}, "minQuantity": 1, "price": {"changePpm": -200000}},
            {"target": "all", "minQuantity": 1, "price": {"changePpm": -150000}}
        ]
    }"#;

    fn list() -> PriceList {
        serde_json::from_str(JSON).unwrap()
    }

    #[test]
    fn a_list_travels_as_it_is_documented() {
        assert_eq!(list().faults(), []);
        let sent: serde_json::Value = serde_json::from_str(JSON).unwrap();
        assert_eq!(serde_json::to_value(list()).unwrap(), sent);
        let short = r#"{"id": "plist_00000000000000000000000001", "name": "Sale", "kind": "sale", "active": false,
            "rules": [{"target": "all", "price": {"changePpm": -50000}}]}"#;
        let short: PriceList = serde_json::from_str(short).unwrap();
        assert_eq!((short.priority, short.based_on, short.rules[0].min_quantity.get()), (0, None, 1));
        for (from, to, reason) in [
            ("\"override\"", "\"discount\"", "expected sale or override"),
            ("\"priority\": 10", "\"rank\": 10", "unknown field `rank`"),
            ("\"minQuantity\": 10", "\"minQuantity\": 0", "between 1 and 9999"),
            ("plist_00000000000000000000000004", "cgrp_00000000000000000000000004", "starts with `plist_`"),
            ("\"amount\": \"8.00\"", "\"amount\": \"8.005\"", "EUR has 2 decimals"),
        ] {
            let error = serde_json::from_str::<PriceList>(&JSON.replace(from, to)).unwrap_err();
            assert!(error.to_string().contains(reason), "{to}: {error}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let mut wrong = list();
        wrong.name = " ".to_owned();
        wrong.ends_at = wrong.starts_at;
        wrong.groups = vec![CustomerGroupId::from_u128(1); MOST_AUDIENCE + 1];
        wrong.endings.push(PriceEnding { currency: Currency::EUR, step: 5, offset: 5, toward: Toward::Up });
        wrong.rules[0].price = RulePrice::Fixed(Money::new(-1, Currency::EUR));
        wrong.rules[1].price = RulePrice::ChangePpm(Rate::from_ppm(-1_000_001));
        wrong.rules.push(wrong.rules[2]);
        let paths: Vec<String> = wrong.faults().into_iter().map(|fault| fault.path).collect();
        let expected = [
            "name",
            "groups",
            "endsAt",
            "endings/1/offset",
            "endings/1/currency",
            "rules/0/price",
            "rules/1/price",
            "rules/3",
        ];
        assert_eq!(paths, expected);
        wrong.rules = vec![wrong.rules[0]; 10_000];
        assert_eq!(wrong.faults().len(), MOST_FAULTS);
    }
}
