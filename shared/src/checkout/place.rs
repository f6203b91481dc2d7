//! The decision to place an order: everything agreed must still be so.

use std::collections::BTreeMap;

use crate::catalog::{Availability, Offer};
use crate::kernel::id::{ProductId, VariantId};
use crate::kernel::money::{Currency, Money, MoneyError};
use crate::kernel::quantity::Quantity;

/// A line the buyer saw and agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreedLine {
    pub variant: VariantId,
    pub quantity: Quantity,
    pub unit_price: Money,
}

/// A line of an order, with copies of what the catalog says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedLine {
    pub variant: VariantId,
    pub product: ProductId,
    pub sku: String,
    pub title: String,
    pub variant_title: String,
    pub quantity: Quantity,
    pub unit_price: Money,
    pub total: Money,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    pub lines: Vec<PlacedLine>,
    /// The sum of the lines' totals.
    pub total: Money,
}

/// Why a line cannot be bought as agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineProblem {
    Removed,
    SoldOut { requested: i64 },
    InsufficientStock { requested: i64, available: i64 },
    PriceChanged { agreed: Money, current: Money },
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPlaceable {
    #[error("there are no lines")]
    Empty,
    /// Every line with a problem, in the order of the lines.
    #[error("{} of the lines cannot be bought as agreed", .0.len())]
    Lines(Vec<(VariantId, LineProblem)>),
    #[error("the total cannot be computed: {0}")]
    Money(#[from] MoneyError),
}

/// Agrees to today's prices: what a checkout is opened with.
///
/// # Errors
/// [`NotPlaceable`], with every line that cannot be bought.
pub fn agree(
    wanted: &[(VariantId, Quantity)],
    currency: Currency,
    offers: &BTreeMap<VariantId, Offer>,
) -> Result<Placement, NotPlaceable> {
    let price_of = |variant: &VariantId| offers.get(variant).and_then(|offer| offer.price);
    let lines: Vec<AgreedLine> = wanted
        .iter()
        .map(|(variant, quantity)| AgreedLine {
            variant: *variant,
            quantity: *quantity,
            unit_price: price_of(variant).unwrap_or(Money::zero(currency)),
        })
        .collect();
    place(&lines, currency, offers)
}

/// Places what was agreed, if every line can still be had at its price.
///
/// # Errors
/// [`NotPlaceable`], with every line that cannot be bought as agreed.
pub fn place(
    agreed: &[AgreedLine],
    currency: Currency,
    offers: &BTreeMap<VariantId, Offer>,
) -> Result<Placement, NotPlaceable> {
    if agreed.is_empty() {
        return Err(NotPlaceable::Empty);
    }
    let mut problems = Vec::new();
    let mut total = Money::zero(currency);
    let mut lines = Vec::with_capacity(agreed.len());
    for line in agreed {
        let offer = offers.get(&line.variant);
        match problem_of(line, offer) {
            Some(problem) => problems.push((line.variant, problem)),
            None => {
                if let Some(offer) = offer {
                    let placed = place_line(line, offer)?;
                    total = total.checked_add(placed.total)?;
                    lines.push(placed);
                }
            }
        }
    }
    if problems.is_empty() { Ok(Placement { lines, total }) } else { Err(NotPlaceable::Lines(problems)) }
}

fn problem_of(line: &AgreedLine, offer: Option<&Offer>) -> Option<LineProblem> {
    let requested = line.quantity.get();
    match Availability::of(offer, requested) {
        Availability::Removed => Some(LineProblem::Removed),
        Availability::SoldOut => Some(LineProblem::SoldOut { requested }),
        Availability::InsufficientStock { available } => Some(LineProblem::InsufficientStock { requested, available }),
        Availability::Available => {
            let current = offer.and_then(|offer| offer.price)?;
            (current != line.unit_price).then_some(LineProblem::PriceChanged { agreed: line.unit_price, current })
        }
    }
}

fn place_line(line: &AgreedLine, offer: &Offer) -> Result<PlacedLine, MoneyError> {
    Ok(PlacedLine {
        variant: line.variant,
        product: offer.product,
        sku: offer.sku.clone(),
        title: offer.title.clone(),
        variant_title: offer.variant_title.clone(),
        quantity: line.quantity,
        unit_price: line.unit_price,
        total: line.unit_price.checked_mul(line.quantity.get())?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalog::offer_for_tests as offer;

    fn eur(minor: i64) -> Money {
        Money::new(minor, "EUR".parse().unwrap())
    }

    fn line(variant: u128, quantity: i64, unit_price: i64) -> AgreedLine {
        AgreedLine {
            variant: VariantId::from_u128(variant),
            quantity: Quantity::try_from(quantity).unwrap(),
            unit_price: eur(unit_price),
        }
    }

    fn offers(offers: impl IntoIterator<Item = Offer>) -> BTreeMap<VariantId, Offer> {
        offers.into_iter().map(|offer| (offer.variant, offer)).collect()
    }

    #[test]
    fn every_line_with_a_problem_is_named_at_once() {
        let offers = offers([
            offer(1, Some(eur(100)), Some(10)),
            offer(2, Some(eur(120)), Some(10)),
            offer(3, Some(eur(100)), Some(1)),
            offer(4, Some(eur(100)), Some(0)),
        ]);
        let agreed = [line(1, 1, 100), line(2, 1, 100), line(3, 2, 100), line(4, 1, 100), line(5, 1, 100)];
        let id = VariantId::from_u128;
        assert_eq!(
            place(&agreed, eur(0).currency(), &offers),
            Err(NotPlaceable::Lines(vec![
                (id(2), LineProblem::PriceChanged { agreed: eur(100), current: eur(120) }),
                (id(3), LineProblem::InsufficientStock { requested: 2, available: 1 }),
                (id(4), LineProblem::SoldOut { requested: 1 }),
                (id(5), LineProblem::Removed),
            ]))
        );
        assert_eq!(place(&[], eur(0).currency(), &offers), Err(NotPlaceable::Empty));
    }

    #[test]
    fn a_total_beyond_i64_is_an_error_and_no_panic() {
        let offers = offers([offer(1, Some(eur(i64::MAX)), None)]);
        let placed = place(&[line(1, 2, i64::MAX)], eur(0).currency(), &offers);
        assert!(matches!(placed, Err(NotPlaceable::Money(_))), "{placed:?}");
    }

    proptest! {
        #[test]
        fn lines_add_up_to_the_total(prices in prop::collection::vec((1i64..1_000_000, 1i64..=9_999), 1..50)) {
            let all = offers(prices.iter().enumerate().map(|(at, (price, _))| offer(at as u128, Some(eur(*price)), None)));
            let wanted: Vec<_> = prices
                .iter()
                .enumerate()
                .map(|(at, (_, quantity))| (VariantId::from_u128(at as u128), Quantity::try_from(*quantity).unwrap()))
                .collect();
            let placement = agree(&wanted, eur(0).currency(), &all).unwrap();
            let sum: i64 = placement.lines.iter().map(|line| line.total.minor()).sum();
            prop_assert_eq!(placement.total.minor(), sum);
            prop_assert_eq!(placement.lines.len(), prices.len());
        }
    }
}
