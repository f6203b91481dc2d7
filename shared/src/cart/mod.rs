//! Carts: lines of a variant and a quantity. A cart promises nothing: prices and stock are looked up
//! again whenever it is shown, and a line that cannot be bought any more says so and stays.

use crate::catalog::{Availability, Offer};
use crate::kernel::id::VariantId;
use crate::kernel::money::{Currency, Money, MoneyError};
use crate::kernel::quantity::Quantity;

/// At most this many lines a cart.
pub const MAX_LINES: usize = 250;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartLine {
    pub variant: VariantId,
    pub quantity: Quantity,
    /// The unit price when the line was last added to.
    pub seen_price: Money,
}

/// A line with what its variant is offered at now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PricedLine {
    pub variant: VariantId,
    pub quantity: Quantity,
    /// The price now; of a variant that is no longer offered, the one last seen.
    pub unit_price: Money,
    pub total: Money,
    /// The price last seen, where it differs from the price now.
    pub previous_price: Option<Money>,
    pub availability: Availability,
}

impl PricedLine {
    /// Whether it counts. A line that is short counts in full: the buyer decides what to do with it.
    pub fn is_bought(&self) -> bool {
        matches!(self.availability, Availability::Available | Availability::InsufficientStock { .. })
    }
}

/// Prices `lines` by `offer_of`. The subtotal leaves out lines that are sold out or removed, and counts
/// a line that is short in full: the buyer decides what to do with it.
///
/// # Errors
/// [`MoneyError`] when an amount leaves `i64` minor units or a price has another currency.
pub fn price<'a>(
    lines: &[CartLine],
    currency: Currency,
    offer_of: impl Fn(VariantId) -> Option<&'a Offer>,
) -> Result<(Vec<PricedLine>, Money), MoneyError> {
    let mut subtotal = Money::zero(currency);
    let mut priced = Vec::with_capacity(lines.len());
    for line in lines {
        let offer = offer_of(line.variant);
        let availability = Availability::of(offer, line.quantity.get());
        let unit_price = offer.and_then(|offer| offer.price).unwrap_or(line.seen_price);
        let total = unit_price.checked_mul(line.quantity.get())?;
        let line = PricedLine {
            variant: line.variant,
            quantity: line.quantity,
            unit_price,
            total,
            previous_price: Some(line.seen_price).filter(|seen| *seen != unit_price),
            availability,
        };
        if line.is_bought() {
            subtotal = subtotal.checked_add(total)?;
        }
        priced.push(line);
    }
    Ok((priced, subtotal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::offer_for_tests as offer;

    fn eur(minor: i64) -> Money {
        Money::new(minor, "EUR".parse().unwrap())
    }

    fn line(variant: u128, quantity: i64, seen: i64) -> CartLine {
        CartLine {
            variant: VariantId::from_u128(variant),
            quantity: Quantity::try_from(quantity).unwrap(),
            seen_price: eur(seen),
        }
    }

    #[test]
    fn lines_that_cannot_be_bought_stay_and_cost_nothing() {
        let offers = [offer(1, Some(eur(250)), Some(9)), offer(2, Some(eur(100)), Some(0))];
        let lines = [line(1, 3, 200), line(2, 1, 100), line(3, 2, 999)];
        let find = |id| offers.iter().find(|offer| offer.variant == id);
        let (priced, subtotal) = price(&lines, eur(0).currency(), find).unwrap();
        assert_eq!(subtotal, eur(750));
        let seen: Vec<_> =
            priced.iter().map(|line| (line.availability.name(), line.total, line.previous_price)).collect();
        assert_eq!(
            seen,
            [("available", eur(750), Some(eur(200))), ("sold-out", eur(100), None), ("removed", eur(1_998), None),]
        );
    }
}
