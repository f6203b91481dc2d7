//! What lists are narrowed by.

use std::str::FromStr;

/// A bound on prices: a decimal of at most four digits, zero or above, whose currency the store knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceBound(i64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a decimal such as 12 or 12.50, zero or above, with at most four decimals")]
pub struct InvalidPriceBound;

impl PriceBound {
    /// In ten-thousandths of the currency's major unit, which every ISO 4217 exponent divides.
    pub fn ten_thousandths(self) -> i64 {
        self.0
    }
}

impl FromStr for PriceBound {
    type Err = InvalidPriceBound;

    fn from_str(text: &str) -> Result<PriceBound, InvalidPriceBound> {
        let (whole, fraction) = text.split_once('.').map_or((text, ""), |(whole, fraction)| (whole, fraction));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let has_fraction = text.contains('.');
        if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) || (has_fraction && fraction.is_empty()) {
            return Err(InvalidPriceBound);
        }
        if 4 < fraction.len() {
            return Err(InvalidPriceBound);
        }
        format!("{whole}{fraction:0<4}").parse().map(PriceBound).map_err(|_| InvalidPriceBound)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_bound_is_a_plain_decimal() {
        for (text, expected) in [("0", 0), ("12", 120_000), ("12.5", 125_000), ("0.0001", 1), ("1.2340", 12_340)] {
            assert_eq!(text.parse(), Ok(PriceBound(expected)), "{text}");
        }
        for text in ["", "-1", "+1", "1.", ".5", "1,5", "1e3", "1.00001", "999999999999999999", "\u{661}"] {
            assert_eq!(text.parse::<PriceBound>(), Err(InvalidPriceBound), "{text}");
        }
    }

    proptest! {
        #[test]
        fn hostile_text_is_no_panic(text in ".{0,40}") {
            let _ = text.parse::<PriceBound>();
        }
    }
}
