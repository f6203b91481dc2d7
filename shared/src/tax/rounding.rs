//! Where tax becomes whole minor units.

use super::rates::{Fraction, RateSet, greatest_common_divisor};
use crate::kernel::money::{Currency, Money, Rounding, allocate};
use crate::kernel::order::sort_by_key;

/// Rounds one fraction. `None` beyond `i64`.
pub(super) fn round(exact: Fraction, rounding: Rounding) -> Option<i64> {
    rounding.divide(exact.numerator, exact.denominator).and_then(|tax| i64::try_from(tax).ok())
}

/// Rounds the sum of `exact`, none of them negative, once, and shares it out: each gets what is below it, and the
/// largest remainders one more. `None` where the sum cannot be told exactly in `i128`.
pub(super) fn round_sum(exact: &[Fraction], rounding: Rounding) -> Option<Vec<i64>> {
    let common = exact.iter().try_fold(1i128, |common, fraction| {
        let divisor = greatest_common_divisor(common.unsigned_abs(), fraction.denominator.unsigned_abs());
        common.checked_div(i128::try_from(divisor).ok()?)?.checked_mul(fraction.denominator)
    })?;
    let mut wholes = Vec::with_capacity(exact.len());
    let mut remainders = Vec::with_capacity(exact.len());
    let (mut whole, mut rest) = (0i128, 0i128);
    for (index, fraction) in exact.iter().enumerate() {
        let below = fraction.numerator.checked_div_euclid(fraction.denominator)?;
        let scale = common.checked_div(fraction.denominator)?;
        let remainder = fraction.numerator.checked_rem_euclid(fraction.denominator)?.checked_mul(scale)?;
        whole = whole.checked_add(below)?;
        rest = rest.checked_add(remainder)?;
        wholes.push(below);
        remainders.push((remainder, index));
    }
    // What the remainders make, rounded with the parity of the whole sum, which half-even asks for.
    let carried = rest.checked_div(common)?;
    let parity = whole.checked_add(carried)?.checked_rem(2)?;
    let fraction = parity.checked_mul(common)?.checked_add(rest.checked_rem(common)?)?;
    let more = carried.checked_add(rounding.divide(fraction, common)?)?.checked_sub(parity)?;

    sort_by_key(&mut remainders, |&(remainder, _)| std::cmp::Reverse(remainder));
    for &(_, index) in remainders.iter().take(usize::try_from(more).ok()?) {
        let share = wholes.get_mut(index)?;
        *share = share.checked_add(1)?;
    }
    wholes.into_iter().map(|share| i64::try_from(share).ok()).collect()
}

/// Shares `tax` out by `weights`, largest remainder; nothing where all weights are zero.
pub(super) fn share(tax: i64, weights: &[u64], currency: Currency) -> Option<Vec<i64>> {
    if tax == 0 || weights.len() == 1 {
        return Some(weights.iter().map(|_| tax).collect());
    }
    let shares = allocate(Money::new(tax, currency), weights).ok()?;
    Some(shares.into_iter().map(Money::minor).collect())
}

/// Splits the taxes of lines over the rates of their set, for each line one part for each rate.
///
/// A rate's part of the first lines together is rounded, and a line gets what that grows by: so the parts of a line sum
/// to its tax, none is negative, and the sum of a rate is within one minor unit of its share, however many lines there
/// are. Rounding each line's part alone would give a small rate nothing on many cheap lines.
pub(super) fn split_over_rates(taxes: &[i64], set: &RateSet) -> Option<Vec<Vec<i64>>> {
    let mut parts: Vec<Vec<i64>> = taxes.iter().map(|_| Vec::with_capacity(set.weights.len())).collect();
    let mut left = taxes.to_vec();
    let mut weight_left = i128::from(set.sum);
    for &weight in &set.weights {
        let weight = i128::from(weight);
        let (mut seen, mut given) = (0i128, 0i128);
        for (left, parts) in left.iter_mut().zip(&mut parts) {
            seen = seen.checked_add(i128::from(*left))?;
            let due =
                if weight_left == 0 { 0 } else { Rounding::HalfUp.divide(seen.checked_mul(weight)?, weight_left)? };
            let part = i64::try_from(due.checked_sub(given)?).ok()?;
            given = due;
            *left = left.checked_sub(part)?;
            parts.push(part);
        }
        weight_left = weight_left.checked_sub(weight)?;
    }
    Some(parts)
}
