//! What the module as a whole does.

mod cases;
mod conversion;
mod properties;

use crate::kernel::id::{ChannelId, CustomerGroupId, PriceListId, ProductId, VariantId};
use crate::kernel::money::{Currency, Money, Rate, Rounding};
use crate::kernel::quantity::Quantity;
use crate::kernel::time::Timestamp;

use super::*;
use Currency::{EUR, USD};

/// The moment of every question that says no other.
const NOW: i64 = 1_000_000;

fn eur(minor: i64) -> Money {
    Money::new(minor, EUR)
}

fn usd(minor: i64) -> Money {
    Money::new(minor, USD)
}

fn units(count: i64) -> Quantity {
    Quantity::try_from(count).unwrap()
}

fn list_id(raw: u128) -> PriceListId {
    PriceListId::from_u128(raw)
}

/// A list of no rules for everybody, which is in force.
fn list(id: u128, kind: ListKind, priority: i32) -> PriceList {
    PriceList {
        id: list_id(id),
        name: format!("List {id}"),
        kind,
        priority,
        active: true,
        channels: Vec::new(),
        groups: Vec::new(),
        currencies: Vec::new(),
        starts_at: None,
        ends_at: None,
        based_on: None,
        endings: Vec::new(),
        rules: Vec::new(),
    }
}

fn fixed(target: RuleTarget, min_quantity: i64, price: Money) -> PriceRule {
    PriceRule { target, min_quantity: units(min_quantity), price: RulePrice::Fixed(price) }
}

fn percent(target: RuleTarget, min_quantity: i64, percent: i64) -> PriceRule {
    let price = RulePrice::ChangePpm(Rate::from_ppm(percent * 10_000));
    PriceRule { target, min_quantity: units(min_quantity), price }
}

/// A list with one rule for everything: a price in cents of a euro.
fn flat(id: u128, kind: ListKind, priority: i32, minor: i64) -> PriceList {
    PriceList { rules: vec![fixed(RuleTarget::All, 1, eur(minor))], ..list(id, kind, priority) }
}

/// A list with one rule for everything: a percentage.
fn share(id: u128, kind: ListKind, priority: i32, change: i64) -> PriceList {
    PriceList { rules: vec![percent(RuleTarget::All, 1, change)], ..list(id, kind, priority) }
}

fn parts(lists: Vec<PriceList>) -> BookParts {
    BookParts { settlement: EUR, endings: Vec::new(), lists, rates: Vec::new() }
}

fn book(lists: Vec<PriceList>) -> PriceBook {
    PriceBook::new(parts(lists)).unwrap()
}

fn at(price: Money) -> BasePrice {
    BasePrice { price, compare_at_price: None }
}

/// One unit of variant 1 of product 1 in euro, over channel 1, for somebody in group 1.
fn question(base: &[BasePrice]) -> PriceQuestion<'_> {
    const GROUPS: &[CustomerGroupId] = &[CustomerGroupId::from_u128(1)];
    PriceQuestion {
        variant: VariantId::from_u128(1),
        product: ProductId::from_u128(1),
        quantity: units(1),
        currency: EUR,
        channel: Some(ChannelId::from_u128(1)),
        groups: GROUPS,
        at: Timestamp::from_millis(NOW),
        base,
        rounding: Rounding::HalfUp,
    }
}

/// A rate from the beginning of time until shortly after [`NOW`].
fn rate(base: Currency, quote: Currency, rate: &str) -> ExchangeRate {
    ExchangeRate {
        base,
        quote,
        rate: rate.parse().unwrap(),
        source: "test".to_owned(),
        as_of: Timestamp::from_millis(0),
        valid_until: Timestamp::from_millis(NOW + 1),
    }
}
