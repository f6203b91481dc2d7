//! What is taken off lines: the arithmetic.

use super::condition::{Facts, sum};
use super::left::Left;
use super::{PromotionError, Reduction, RoundedPer};
use crate::kernel::money::{AllocationError, Currency, Money, Rate, Rounding, allocate};

/// Appends what `reduction` takes off the lines at `places`. Nothing above what is left of them, nor below zero.
pub(super) fn reduce(
    reduction: &Reduction,
    places: &[usize],
    left: &Left,
    facts: &Facts<'_>,
    parts: &mut Vec<(usize, i64)>,
) -> Result<(), PromotionError> {
    let basket = facts.basket;
    let rounding = Rounding::from(basket.rounding);
    let open = places.iter().filter_map(|at| Some((*at, *left.lines.get(*at)?))).filter(|(_, left)| 0 < *left);
    match reduction {
        Reduction::Percent { rate } => match basket.rounded_per {
            RoundedPer::Line => {
                for (at, left) in open {
                    let amount = Share { left, units: 1, of: 1 }.at(*rate, rounding).ok_or(PromotionError::Overflow)?;
                    parts.push((at, amount));
                }
                Ok(())
            }
            RoundedPer::Order => {
                parts.extend(open);
                let all = Share { left: sum(places, &left.lines), units: 1, of: 1 };
                allocate_to(all.at(*rate, rounding).ok_or(PromotionError::Overflow)?, basket.currency, parts)
            }
        },
        Reduction::PerUnit { amounts } => {
            let amount = amounts.of(basket.currency).unwrap_or(0).max(0);
            parts.extend(open.map(|(at, _)| (at, left.off_units(at, amount))));
            Ok(())
        }
        Reduction::PerLine { amounts } => {
            let amount = amounts.of(basket.currency).unwrap_or(0).max(0);
            parts.extend(open.map(|(at, left)| (at, left.min(amount))));
            Ok(())
        }
        Reduction::PerOrder { amounts } => {
            parts.extend(open);
            let amount = amounts.of(basket.currency).unwrap_or(0).max(0);
            allocate_to(amount.min(sum(places, &left.lines)), basket.currency, parts)
        }
    }
}

/// `units` of the `of` units that `left` is left of.
pub(super) struct Share {
    pub(super) left: i64,
    pub(super) units: i64,
    pub(super) of: i64,
}

impl Share {
    /// In thousandths of a minor unit, rounded down: what shares are compared by.
    pub(super) fn worth(&self) -> i64 {
        let thousandths = i128::from(self.left).saturating_mul(i128::from(self.units)).saturating_mul(1_000);
        let worth = thousandths.checked_div(i128::from(self.of.max(1))).unwrap_or(0);
        i64::try_from(worth).unwrap_or(i64::MAX)
    }

    /// This much of it, rounded once: from nothing to all that is left. `None` beyond what can be computed.
    pub(super) fn at(&self, rate: Rate, rounding: Rounding) -> Option<i64> {
        let ppm = rate.ppm().clamp(0, Rate::ONE.ppm());
        let exact = i128::from(self.left).checked_mul(i128::from(ppm))?.checked_mul(i128::from(self.units))?;
        let whole = i128::from(Rate::ONE.ppm()).checked_mul(i128::from(self.of.max(1)))?;
        let amount = i64::try_from(rounding.divide(exact, whole)?).ok()?;
        Some(amount.clamp(0, self.left.max(0)))
    }
}

/// Makes `parts`, none of them negative, add up to `amount` in proportion to what they are. None becomes larger,
/// where `amount` is at most their sum.
pub(super) fn allocate_to(
    amount: i64,
    currency: Currency,
    parts: &mut Vec<(usize, i64)>,
) -> Result<(), PromotionError> {
    if amount == 0 {
        parts.clear();
        return Ok(());
    }
    let weights: Vec<u64> = parts.iter().map(|(_, part)| u64::try_from(*part).unwrap_or(0)).collect();
    let allocated = match allocate(Money::new(amount, currency), &weights) {
        Ok(allocated) => allocated,
        Err(AllocationError::NoWeight) => Vec::new(),
        Err(AllocationError::Overflow) => return Err(PromotionError::Overflow),
    };
    parts.truncate(allocated.len());
    for ((_, part), money) in parts.iter_mut().zip(allocated) {
        *part = money.minor();
    }
    Ok(())
}
