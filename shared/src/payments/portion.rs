//! What of a line's amount falls to some of its units.

/// The part of `total` that falls to the `units` after the first `before` of `of` units, in minor units: each next unit
/// has what is left of its share, so that all units have all of it, however they are taken. `None`: there are not so many.
pub fn portion(total: i64, of: i64, before: i64, units: i64) -> Option<i64> {
    let end = before.checked_add(units)?;
    if of <= 0 || before < 0 || units < 0 || of < end {
        return None;
    }
    let up_to = |count: i64| i128::from(total).checked_mul(i128::from(count))?.checked_div(i128::from(of));
    i64::try_from(up_to(end)?.checked_sub(up_to(before)?)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cents_that_do_not_divide_are_the_last_units() {
        assert_eq!([0, 1, 2].map(|before| portion(1_000, 3, before, 1)), [Some(333), Some(333), Some(334)]);
        assert_eq!(portion(1_000, 3, 1, 3), None);
        assert_eq!(portion(1_000, 0, 0, 0), None);
        assert_eq!(portion(i64::MAX, 9_999, 0, 9_999), Some(i64::MAX));
    }

    proptest! {
        #[test]
        fn all_units_have_all_of_it(total in 0i64..1_000_000_000, parts in prop::collection::vec(1i64..50, 1..10)) {
            let of = parts.iter().sum();
            let (mut before, mut sum) = (0, 0);
            for units in parts {
                let part = portion(total, of, before, units).unwrap();
                prop_assert!(0 <= part);
                sum += part;
                before += units;
            }
            prop_assert_eq!(sum, total);
        }
    }
}
