//! Rounding, named where it happens.

use std::cmp::Ordering;

/// How a division that does not come out even is rounded to an integer.
///
/// The half modes are symmetric: the rounding of `-x` is the negative of the rounding of `x`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// Towards negative infinity. Not symmetric: -0.5 becomes -1.
    Floor,
    /// To the nearest; a half goes away from zero (commercial rounding).
    HalfUp,
    /// To the nearest; a half goes to the even neighbour (banker's rounding).
    HalfEven,
    /// To the nearest; a half goes towards zero.
    HalfDown,
}

impl Rounding {
    /// `numerator / denominator` as an integer. `None` unless `0 < denominator`.
    pub fn divide(self, numerator: i128, denominator: i128) -> Option<i128> {
        if denominator <= 0 {
            return None;
        }
        let floor = numerator.checked_div_euclid(denominator)?;
        let rest = numerator.checked_rem_euclid(denominator)?;
        // `rest` against what is missing to the next integer: both are below `denominator`, so nothing overflows.
        let above = match (rest.cmp(&denominator.checked_sub(rest)?), self) {
            (_, Rounding::Floor) => false,
            (Ordering::Less, _) => false,
            (Ordering::Greater, _) => true,
            (Ordering::Equal, Rounding::HalfUp) => 0 <= numerator,
            (Ordering::Equal, Rounding::HalfDown) => numerator < 0,
            (Ordering::Equal, Rounding::HalfEven) => floor & 1 == 1,
        };
        if above { floor.checked_add(1) } else { Some(floor) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_half_goes_where_the_mode_says() {
        for (rounding, numerator, expected) in [
            (Rounding::Floor, 25, 2),
            (Rounding::Floor, 29, 2),
            (Rounding::Floor, -21, -3),
            (Rounding::HalfUp, 24, 2),
            (Rounding::HalfUp, 25, 3),
            (Rounding::HalfUp, -25, -3),
            (Rounding::HalfUp, -24, -2),
            (Rounding::HalfEven, 25, 2),
            (Rounding::HalfEven, 35, 4),
            (Rounding::HalfEven, -25, -2),
            (Rounding::HalfEven, -35, -4),
            (Rounding::HalfDown, 25, 2),
            (Rounding::HalfDown, 26, 3),
            (Rounding::HalfDown, -25, -2),
            (Rounding::HalfDown, -26, -3),
        ] {
            assert_eq!(rounding.divide(numerator, 10), Some(expected), "{rounding:?} of {numerator}/10");
        }
    }

    #[test]
    fn a_divisor_that_is_not_positive_has_no_answer() {
        assert_eq!(Rounding::HalfUp.divide(1, 0), None);
        assert_eq!(Rounding::HalfUp.divide(1, -1), None);
        assert_eq!(Rounding::Floor.divide(i128::MIN, 1), Some(i128::MIN));
        assert_eq!(Rounding::HalfUp.divide(i128::MAX, i128::MAX), Some(1));
    }

    proptest! {
        #[test]
        fn the_half_modes_are_symmetric(n in -(1i128 << 120)..1i128 << 120, d in 1i128..1 << 64) {
            for rounding in [Rounding::HalfUp, Rounding::HalfEven, Rounding::HalfDown] {
                prop_assert_eq!(rounding.divide(-n, d), rounding.divide(n, d).map(|q| -q));
            }
        }

        #[test]
        fn halves_are_symmetric_too(q in -(1i128 << 60)..1i128 << 60, half in 1i128..1 << 40) {
            let (n, d) = (q * 2 * half + half, 2 * half);
            for rounding in [Rounding::HalfUp, Rounding::HalfEven, Rounding::HalfDown] {
                prop_assert_eq!(rounding.divide(-n, d), rounding.divide(n, d).map(|q| -q));
            }
        }

        #[test]
        fn the_answer_is_never_further_than_a_half(n: i64, d in 1i64..) {
            let (n, d) = (i128::from(n), i128::from(d));
            for rounding in [Rounding::HalfUp, Rounding::HalfEven, Rounding::HalfDown] {
                let q = rounding.divide(n, d).unwrap();
                prop_assert!(2 * (q * d - n).abs() <= d);
            }
        }
    }
}
