//! Allocation: a total is split so that the parts add up to it.

use super::Money;

/// Why a total cannot be split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AllocationError {
    #[error("nothing to allocate to: there is no weight above zero")]
    NoWeight,
    #[error("the amount is too large")]
    Overflow,
}

/// Splits `total` in proportion to `weights`; the parts always add up to `total`.
///
/// Largest remainder (Hamilton): each part is first rounded towards zero, then the minor units that are left go
/// one each to the largest remainders, the earlier index first where remainders are equal. A negative total
/// gives the negative of what the positive total gives. A weight of zero gets nothing.
///
/// # Errors
/// `NoWeight` where `weights` is empty or all zero.
pub fn allocate(total: Money, weights: &[u64]) -> Result<Vec<Money>, AllocationError> {
    // |i64| × u64 is below 2^127, and a slice of u64 sums below 2^128.
    let magnitude = u128::from(total.minor().unsigned_abs());
    let sum: u128 =
        weights.iter().try_fold(0u128, |sum, &w| sum.checked_add(u128::from(w))).ok_or(AllocationError::Overflow)?;

    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    let mut left = magnitude;
    for (index, &weight) in weights.iter().enumerate() {
        let exact = magnitude.checked_mul(u128::from(weight)).ok_or(AllocationError::Overflow)?;
        let (part, remainder) = divide(exact, sum).ok_or(AllocationError::NoWeight)?;
        left = left.checked_sub(part).ok_or(AllocationError::Overflow)?;
        parts.push(part);
        remainders.push((remainder, index));
    }
    if parts.is_empty() {
        return Err(AllocationError::NoWeight);
    }

    // Fewer units are left than there are remainders above zero, so a weight of zero never gets one.
    let left = usize::try_from(left).unwrap_or(usize::MAX);
    if left < remainders.len() {
        remainders.select_nth_unstable_by_key(left, |&(remainder, index)| (std::cmp::Reverse(remainder), index));
    }
    for &(_, index) in remainders.iter().take(left) {
        if let Some(part) = parts.get_mut(index) {
            *part = part.checked_add(1).ok_or(AllocationError::Overflow)?;
        }
    }

    parts
        .into_iter()
        .map(|part| {
            let part = u64::try_from(part).ok();
            let minor = if total.is_negative() {
                part.and_then(|part| 0i64.checked_sub_unsigned(part))
            } else {
                part.and_then(|part| i64::try_from(part).ok())
            };
            minor.map(|minor| Money::new(minor, total.currency())).ok_or(AllocationError::Overflow)
        })
        .collect()
}

/// Quotient and remainder; `None` for a divisor of zero.
fn divide(dividend: u128, divisor: u128) -> Option<(u128, u128)> {
    // Amounts nearly always fit 64 bits, which divide several times faster than 128.
    match (u64::try_from(dividend), u64::try_from(divisor)) {
        (Ok(dividend), Ok(divisor)) => {
            Some((u128::from(dividend.checked_div(divisor)?), u128::from(dividend.checked_rem(divisor)?)))
        }
        _ => Some((dividend.checked_div(divisor)?, dividend.checked_rem(divisor)?)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Currency;
    use super::*;

    fn minors(total: i64, weights: &[u64]) -> Vec<i64> {
        allocate(Money::new(total, Currency::EUR), weights).unwrap().into_iter().map(Money::minor).collect()
    }

    #[test]
    fn what_is_left_goes_to_the_largest_remainder_then_to_the_earlier() {
        for (total, weights, expected) in [
            (100, vec![1, 1, 1], vec![34, 33, 33]),
            (101, vec![1, 1, 1], vec![34, 34, 33]),
            (-100, vec![1, 1, 1], vec![-34, -33, -33]),
            (10, vec![1, 2, 3], vec![2, 3, 5]),
            (5, vec![3, 7], vec![2, 3]),
            (1, vec![0, 0, 5, 5], vec![0, 0, 1, 0]),
            (0, vec![1, 2], vec![0, 0]),
            (7, vec![9], vec![7]),
            (i64::MAX, vec![u64::MAX, u64::MAX], vec![i64::MAX / 2 + 1, i64::MAX / 2]),
            (i64::MIN, vec![u64::MAX], vec![i64::MIN]),
        ] {
            assert_eq!(minors(total, &weights), expected, "{total} by {weights:?}");
        }
    }

    #[test]
    fn without_a_weight_there_is_nobody_to_allocate_to() {
        for weights in [&[][..], &[0], &[0, 0, 0]] {
            let got = allocate(Money::new(5, Currency::EUR), weights);
            assert_eq!(got, Err(AllocationError::NoWeight), "{weights:?}");
        }
    }

    fn any_weights() -> impl Strategy<Value = Vec<u64>> {
        prop_oneof![prop::collection::vec(any::<u64>(), 1..40), prop::collection::vec(0u64..10, 1..40)]
            .prop_filter("a weight above zero", |weights| weights.iter().any(|&weight| weight != 0))
    }

    proptest! {
        #[test]
        fn the_parts_always_add_up(total: i64, weights in any_weights()) {
            let sum: i128 = minors(total, &weights).into_iter().map(i128::from).sum();
            prop_assert_eq!(sum, i128::from(total));
        }

        #[test]
        fn no_part_is_a_whole_unit_away_from_its_share(total: i64, weights in any_weights()) {
            let sum: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
            for (part, &weight) in minors(total, &weights).into_iter().zip(&weights) {
                let floor = u128::from(total.unsigned_abs()) * u128::from(weight) / sum;
                let part = u128::from(part.unsigned_abs());
                prop_assert!(part == floor || (part == floor + 1 && weight != 0));
            }
        }

        #[test]
        fn a_negative_total_mirrors_the_positive(total in 0..i64::MAX, weights in any_weights()) {
            let mirrored: Vec<i64> = minors(-total, &weights).into_iter().map(|minor| -minor).collect();
            prop_assert_eq!(mirrored, minors(total, &weights));
        }
    }
}
