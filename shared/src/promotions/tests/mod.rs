//! What shoppers and merchants get, by example and by property.

mod combining;
mod limits;
mod matching;
pub(super) mod properties;
mod sources;
mod writing;

use std::collections::BTreeSet;

use super::*;
use crate::kernel::id::{PromotionCodeId, PromotionId, VariantId};
use crate::kernel::money::{Currency, Rate};
use crate::kernel::quantity::Quantity;
use crate::kernel::time::Timestamp;
use crate::organizations::RoundingMode;

/// 2026-11-27T00:00:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_795_737_600_000);

fn quantity(units: i64) -> Quantity {
    Quantity::try_from(units).unwrap()
}

/// A line of a product and a variant of its own: those of the number that is also its key.
pub(super) fn line(key: u32, unit: i64, units: i64) -> BasketLine {
    BasketLine {
        key,
        variant: VariantId::from_u128(u128::from(key)),
        product: product(key),
        collections: Vec::new(),
        categories: Vec::new(),
        quantity: quantity(units),
        unit,
        is_on_sale: false,
    }
}

fn product(key: u32) -> crate::kernel::id::ProductId {
    crate::kernel::id::ProductId::from_u128(u128::from(key))
}

/// Lines of these unit prices and quantities, with the keys 1, 2 and so on.
pub(super) fn basket(lines: &[(i64, i64)]) -> Basket {
    Basket {
        currency: Currency::EUR,
        at: NOW,
        rounding: RoundingMode::HalfUp,
        rounded_per: RoundedPer::Line,
        channel: None,
        customer: None,
        customer_groups: BTreeSet::new(),
        is_first_order: None,
        payment_method: None,
        codes: Vec::new(),
        lines: (1..).zip(lines).map(|(key, (unit, units))| line(key, *unit, *units)).collect(),
        shipping: Vec::new(),
        gifts: Vec::new(),
    }
}

fn shipping(amount: i64) -> Vec<ShippingCharge> {
    vec![ShippingCharge { key: 1, method: "standard".to_owned(), amount }]
}

/// Percent times ten thousand.
pub(super) fn percent(ppm: i64) -> Effect {
    Effect::Reduce { lines: Selector::default(), by: Reduction::Percent { rate: Rate::from_ppm(ppm) } }
}

fn off_order(minor: i64) -> Effect {
    let by = Reduction::PerOrder { amounts: each(minor) };
    Effect::Reduce { lines: Selector::default(), by }
}

fn off_units(minor: i64) -> Effect {
    let by = Reduction::PerUnit { amounts: each(minor) };
    Effect::Reduce { lines: Selector::default(), by }
}

fn buy_get(buy: i64, get: i64, ppm: i64) -> Effect {
    Effect::BuyGet {
        buy: Selector::default(),
        buy_quantity: quantity(buy),
        get: Selector::default(),
        get_quantity: quantity(get),
        rate: Rate::from_ppm(ppm),
        most_repeats: None,
    }
}

/// At most this often.
fn most_times(effect: Effect, times: i64) -> Effect {
    match effect {
        Effect::BuyGet { buy, buy_quantity, get, get_quantity, rate, .. } => {
            Effect::BuyGet { buy, buy_quantity, get, get_quantity, rate, most_repeats: Some(quantity(times)) }
        }
        other => other,
    }
}

fn off_lines(minor: i64) -> Effect {
    let by = Reduction::PerLine { amounts: each(minor) };
    Effect::Reduce { lines: Selector::default(), by }
}

fn free_shipping() -> Effect {
    Effect::FreeShipping { methods: BTreeSet::new() }
}

fn gift(variant: u128) -> Effect {
    Effect::Gift { variant: VariantId::from_u128(variant), quantity: quantity(1) }
}

/// The same number of minor units of each currency that is used here.
pub(super) fn each(minor: i64) -> Amounts {
    Amounts::from([Currency::EUR, Currency::JPY, Currency::BHD].map(|currency| (currency, minor)))
}

fn products(keys: &[u32]) -> Selector {
    let any_of = Items { products: keys.iter().map(|key| product(*key)).collect(), ..Items::default() };
    Selector { any_of, ..Selector::default() }
}

/// The same effect for these products only.
fn on(keys: &[u32], effect: Effect) -> Effect {
    match effect {
        Effect::Reduce { by, .. } => Effect::Reduce { lines: products(keys), by },
        Effect::Tiered { tiers, .. } => Effect::Tiered { lines: products(keys), tiers },
        other => other,
    }
}

pub(super) fn automatic(effect: Effect) -> Definition {
    Definition {
        name: "Promotion".to_owned(),
        active: true,
        trigger: Trigger::Automatic,
        starts_at: None,
        ends_at: None,
        condition: Condition::default(),
        effect,
        group: None,
        priority: 0,
        exclusive: false,
        max_discount: Amounts::default(),
        limit: None,
        limit_per_customer: None,
    }
}

fn promotion(id: u128) -> PromotionId {
    PromotionId::from_u128(id)
}

/// Promotions with the ids 1, 2 and so on.
pub(super) fn book(definitions: impl IntoIterator<Item = Definition>) -> PromotionBook {
    let booked = (1..).zip(definitions).map(|(id, definition)| BookedPromotion {
        id: promotion(id),
        definition,
        used: 0,
        used_by_customer: 0,
    });
    PromotionBook { promotions: booked.collect(), ..PromotionBook::default() }
}

/// Codes `A`, `B` and so on, of the promotions 1, 2 and so on, which become such of codes.
pub(super) fn with_codes(mut book: PromotionBook) -> PromotionBook {
    for (booked, letter) in book.promotions.iter_mut().zip('A'..='Z') {
        booked.definition.trigger = Trigger::Code;
        book.codes.push(code(&letter.to_string(), booked.id));
    }
    book
}

fn code(text: &str, promotion: PromotionId) -> BookedCode {
    let id = PromotionCodeId::from_u128(u128::from(text.as_bytes()[0]));
    BookedCode { id, code: text.parse().unwrap(), promotion, used: 0, limit: None }
}

/// What is taken off each line.
fn by_line(discounts: &Discounts) -> Vec<i64> {
    discounts.lines.iter().map(|line| line.discount).collect()
}

fn total(discounts: &Discounts) -> i64 {
    by_line(discounts).iter().sum()
}

fn outcomes(discounts: &Discounts) -> Vec<Outcome> {
    discounts.codes.iter().map(|code| code.outcome).collect()
}

fn outcome_of(discounts: &Discounts, id: u128) -> Outcome {
    let found = discounts.trace.considered.iter().find(|considered| considered.promotion == promotion(id));
    found.expect("a promotion that was considered").outcome
}

fn applied(amount: i64) -> Outcome {
    Outcome::Applied { amount }
}

fn refused(reason: Refusal) -> Outcome {
    Outcome::Refused { reason }
}
