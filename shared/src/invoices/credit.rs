//! What of an invoice a credit note takes back.

use std::collections::BTreeMap;

use super::document::{Item, TaxSum};

/// What is given back, in minor units with the tax.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// By the item's key: units, and what they have cost.
    pub lines: Vec<(String, i64, i64)>,
    /// Of the deliveries.
    pub shipping: i64,
    /// Of whatever is left.
    pub beside: i64,
}

/// What of one item is credited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub key: String,
    /// 0: money alone.
    pub units: i64,
    /// With the tax.
    pub gross: i64,
}

/// More is to be credited than is left of the invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beyond {
    pub left: i64,
}

/// What is left of each item, by its key.
struct Left<'a>(Vec<(&'a Item, i64)>);

impl<'a> Left<'a> {
    fn of(items: &'a [Item], credited: &BTreeMap<String, i64>) -> Left<'a> {
        let left = |item: &Item| item.gross.saturating_sub(credited.get(&item.key).copied().unwrap_or(0)).max(0);
        Left(items.iter().map(|item| (item, left(item))).collect())
    }

    fn sum(&self) -> i64 {
        self.0.iter().fold(0, |sum, (_, left)| i64::saturating_add(sum, *left))
    }

    /// Takes up to `wanted` from the items that `is` names, the first first, and gives what they do not have.
    fn take(&mut self, mut wanted: i64, is: impl Fn(&Item) -> bool, took: &mut dyn FnMut(&Item, i64)) -> i64 {
        for (item, left) in self.0.iter_mut().filter(|(item, _)| is(item)) {
            let some = wanted.min(*left);
            if 0 < some {
                *left = left.saturating_sub(some);
                wanted = wanted.saturating_sub(some);
                took(item, some);
            }
        }
        wanted
    }
}

/// What of each item is credited where `wanted` is given back, in the order of the items: what a line or the deliveries
/// have no longer, since other money was credited of them before, is taken from the others.
///
/// # Errors
/// [`Beyond`].
pub fn parts(items: &[Item], credited: &BTreeMap<String, i64>, wanted: &Wanted) -> Result<Vec<Part>, Beyond> {
    let mut left = Left::of(items, credited);
    let beyond = Beyond { left: left.sum() };
    let mut taken: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    let mut took = |item: &Item, some: i64| {
        let (_, sum) = taken.entry(item.key.clone()).or_default();
        *sum = sum.saturating_add(some);
    };
    let mut beside = wanted.beside;
    for (key, _, gross) in &wanted.lines {
        let missing = left.take(*gross, |item| item.key == *key, &mut took);
        beside = beside.checked_add(missing).ok_or(beyond)?;
    }
    let missing = left.take(wanted.shipping, Item::is_delivery, &mut took);
    beside = beside.checked_add(missing).ok_or(beyond)?;
    if 0 < left.take(beside, |_| true, &mut took) {
        return Err(beyond);
    }
    for (key, units, _) in &wanted.lines {
        let (of, _) = taken.entry(key.clone()).or_default();
        *of = of.saturating_add(*units);
    }
    Ok(in_order(items, &taken))
}

/// What is left of each item, with as many units as were invoiced where nothing was credited of it.
pub fn all_left(items: &[Item], credited: &BTreeMap<String, i64>) -> Vec<Part> {
    let left = Left::of(items, credited);
    let part = |(item, left): &(&Item, i64)| {
        let units = if *left == item.gross { item.quantity } else { 0 };
        Part { key: item.key.clone(), units, gross: *left }
    };
    left.0.iter().map(part).filter(|part| 0 < part.gross).collect()
}

fn in_order(items: &[Item], taken: &BTreeMap<String, (i64, i64)>) -> Vec<Part> {
    let part = |item: &Item| {
        let (units, gross) = *taken.get(&item.key)?;
        Some(Part { key: item.key.clone(), units, gross })
    };
    items.iter().filter_map(part).collect()
}

/// The items of a credit note: of each tax the share that falls to the part, so that the credit notes of all of an item
/// have all of its tax. `credited`: what of each was credited before.
pub fn credited(items: &[Item], credited: &BTreeMap<String, i64>, parts: &[Part]) -> Vec<Item> {
    let of = |part: &Part| {
        let item = items.iter().find(|item| item.key == part.key)?;
        let before = credited.get(&item.key).copied().unwrap_or(0);
        let share = |all: i64| share(all, item.gross, before, part.gross);
        let taxes: Vec<TaxSum> = item
            .taxes
            .iter()
            .map(|tax| TaxSum { name: tax.name.clone(), ppm: tax.ppm, net: share(tax.net), tax: share(tax.tax) })
            .collect();
        let tax = taxes.iter().fold(0, |sum, tax| i64::saturating_add(sum, tax.tax));
        let net = part.gross.saturating_sub(tax);
        let discount = if part.units == item.quantity { item.discount } else { 0 };
        Some(Item { quantity: part.units, discount, net, taxes, gross: part.gross, ..item.clone() })
    };
    parts.iter().filter_map(of).collect()
}

/// The share of `all` that falls to the `part` of `of` that follows the first `before`.
fn share(all: i64, of: i64, before: i64, part: i64) -> i64 {
    let up_to = |end: i64| {
        let product = i128::from(all).checked_mul(i128::from(end))?;
        i64::try_from(product.checked_div(i128::from(of))?).ok()
    };
    let share = up_to(before.saturating_add(part)).zip(up_to(before));
    share.map_or(0, |(end, start)| end.saturating_sub(start))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::document::sums;
    use super::*;

    fn item(key: &str, quantity: i64, net: i64, tax: i64) -> Item {
        Item {
            key: key.to_owned(),
            title: key.to_owned(),
            detail: String::new(),
            quantity,
            unit_price: 0,
            discount: 0,
            net,
            taxes: vec![TaxSum { name: "VAT".to_owned(), ppm: 190_000, net, tax }],
            gross: net + tax,
        }
    }

    fn wanted(lines: &[(&str, i64, i64)], shipping: i64, beside: i64) -> Wanted {
        let lines = lines.iter().map(|(key, units, gross)| ((*key).to_owned(), *units, *gross)).collect();
        Wanted { lines, shipping, beside }
    }

    #[test]
    fn what_a_line_has_no_longer_is_taken_from_the_others() {
        let items = [item("a", 2, 84, 16), item("b", 1, 42, 8), item("delivery/0", 1, 5, 0)];
        let before = BTreeMap::from([("a".to_owned(), 90)]);
        let found = parts(&items, &before, &wanted(&[("a", 1, 50)], 5, 0)).unwrap();
        let found: Vec<_> = found.iter().map(|part| (part.key.as_str(), part.units, part.gross)).collect();
        assert_eq!(found, [("a", 1, 10), ("b", 0, 40), ("delivery/0", 0, 5)]);
        assert_eq!(parts(&items, &before, &wanted(&[], 0, 66)), Err(Beyond { left: 65 }));
    }

    #[test]
    fn all_that_is_left_is_all_of_it() {
        let items = [item("a", 2, 84, 16), item("b", 1, 42, 8)];
        let before = BTreeMap::from([("a".to_owned(), 1)]);
        let left = all_left(&items, &before);
        assert_eq!(left.iter().map(|part| (part.units, part.gross)).collect::<Vec<_>>(), [(0, 99), (1, 50)]);
    }

    proptest! {
        /// Credit notes of everything, in whatever parts, come to the invoice, tax by tax.
        #[test]
        fn all_credit_notes_are_the_invoice(
            of in prop::collection::vec((1i64..100_000, 0i64..30_000), 1..6),
            amounts in prop::collection::vec(1i64..50_000, 0..20),
        ) {
            let items: Vec<Item> =
                of.iter().enumerate().map(|(at, (net, tax))| item(&at.to_string(), 1, *net, *tax)).collect();
            let (_, net, tax, gross) = sums(&items).unwrap();
            let mut before: BTreeMap<String, i64> = BTreeMap::new();
            let (mut nets, mut taxes, mut all) = (0, 0, 0);
            let all_of = amounts.iter().map(|amount| Some(wanted(&[], 0, *amount))).chain([None]);
            for wanted in all_of {
                let found = match wanted {
                    Some(wanted) => match parts(&items, &before, &wanted) {
                        Ok(found) => found,
                        Err(Beyond { left }) => {
                            prop_assert!(left < wanted.beside);
                            prop_assert_eq!(left, gross - all);
                            continue;
                        }
                    },
                    None => all_left(&items, &before),
                };
                let note = credited(&items, &before, &found);
                let (by_rate, note_net, note_tax, note_gross) = sums(&note).unwrap();
                prop_assert!(0 <= note_net && 0 <= note_tax);
                prop_assert_eq!(by_rate.iter().map(|tax| tax.tax).sum::<i64>(), note_tax);
                (nets, taxes, all) = (nets + note_net, taxes + note_tax, all + note_gross);
                for part in found {
                    *before.entry(part.key).or_default() += part.gross;
                }
            }
            prop_assert_eq!((nets, taxes, all), (net, tax, gross));
        }
    }
}
