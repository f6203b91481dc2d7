//! Lines of one variant at one price, which promotions see as one: so that it makes no difference to any of them whether
//! a buyer has put two units on one line or on two.

use super::{Cart, CartLine, TotalsError};
use crate::kernel::money::{AllocationError, Money, allocate};
use crate::kernel::order::sort_by_key;
use crate::kernel::quantity::Quantity;
use crate::pricing::ResolvedPrice;
use crate::promotions::{Discount, Discounted};

/// Each has the places of its lines in the cart, those with the lower keys first, and their units in all.
pub(super) struct Groups(Vec<(Vec<usize>, Quantity)>);

impl Groups {
    /// `prices` has one for each line. Lines that have more units together than one can have stay apart.
    pub(super) fn of(cart: &Cart, prices: &[ResolvedPrice]) -> Groups {
        let mut sorted: Vec<(&CartLine, &ResolvedPrice, usize)> =
            cart.lines.iter().zip(prices).enumerate().map(|(place, (line, price))| (line, price, place)).collect();
        sort_by_key(&mut sorted, |(line, price, place)| {
            (line.variant, price.unit_price.minor(), price.compare_at_price.is_some(), line.key, *place)
        });
        let mut groups: Vec<(Vec<usize>, Quantity)> = Vec::with_capacity(sorted.len());
        let mut before: Option<(&CartLine, &ResolvedPrice)> = None;
        for (line, price, place) in sorted {
            let is_same = before.is_some_and(|(other, at)| {
                (other.variant, at.unit_price, at.compare_at_price.is_some())
                    == (line.variant, price.unit_price, price.compare_at_price.is_some())
            });
            before = Some((line, price));
            let joined = groups.last_mut().filter(|_| is_same).and_then(|(places, units)| {
                *units = units.checked_add(line.quantity).ok()?;
                Some(places)
            });
            match joined {
                Some(places) => places.push(place),
                None => groups.push((vec![place], line.quantity)),
            }
        }
        Groups(groups)
    }

    /// The first line of each, with the units of all.
    pub(super) fn firsts<'a>(
        &'a self,
        cart: &'a Cart,
        prices: &'a [ResolvedPrice],
    ) -> impl Iterator<Item = (&'a CartLine, &'a ResolvedPrice, Quantity)> {
        self.0.iter().filter_map(|(places, units)| {
            let first = *places.first()?;
            Some((cart.lines.get(first)?, prices.get(first)?, *units))
        })
    }

    /// What was taken off each group, as what is taken off each line: in proportion to what the discounts before have
    /// left of it.
    pub(super) fn apart(
        &self,
        cart: &Cart,
        prices: &[ResolvedPrice],
        discounted: Vec<Discounted>,
    ) -> Result<Vec<Discounted>, TotalsError> {
        let line = |(line, price): (&CartLine, &ResolvedPrice)| {
            let amount = price.unit_price.minor().checked_mul(line.quantity.get()).ok_or(TotalsError::Overflow)?;
            Ok(Discounted { key: line.key, amount, discount: 0, discounts: Vec::new() })
        };
        let mut lines: Vec<Discounted> = cart.lines.iter().zip(prices).map(line).collect::<Result<_, TotalsError>>()?;
        for ((places, _), group) in self.0.iter().zip(discounted) {
            for discount in group.discounts {
                let left = places.iter().map(|place| {
                    let line = lines.get(*place)?;
                    u64::try_from(line.amount.checked_sub(line.discount)?).ok()
                });
                let left: Vec<u64> = left.collect::<Option<_>>().ok_or(TotalsError::Overflow)?;
                let parts = match allocate(Money::new(discount.amount, cart.currency), &left) {
                    Ok(parts) => parts,
                    Err(AllocationError::NoWeight) => continue,
                    Err(AllocationError::Overflow) => return Err(TotalsError::Overflow),
                };
                for (place, part) in places.iter().zip(parts) {
                    let Some(line) = lines.get_mut(*place).filter(|_| !part.is_zero()) else { continue };
                    line.discount = line.discount.checked_add(part.minor()).ok_or(TotalsError::Overflow)?;
                    line.discounts.push(Discount { amount: part.minor(), ..discount });
                }
            }
        }
        Ok(lines)
    }
}
