//! Price endings: 9.99, 4.95, 1,980 yen.

use serde::{Deserialize, Serialize};

use crate::catalog::HIGHEST_PRICE;
use crate::catalog::source::Fault;
use crate::kernel::money::{Currency, Rounding};

/// To which side a price goes to reach an ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Toward {
    /// The ending that is closer; of two that are equally close, the higher.
    Nearest,
    Up,
    Down,
}

named!(Toward, UnknownToward, "nearest, up or down", {
    Nearest = "nearest",
    Up = "up",
    Down = "down",
});

/// The prices that a computed price may become: `offset`, `offset + step`, `offset + 2 step` and so on.
///
/// Both are in minor units of `currency`, since 0.99 means nothing in yen. Ends in .99: step 100, offset 99 (EUR). In
/// .49 or .99: step 50, offset 49. A multiple of 10 yen: step 10, offset 0. Ends in 900 won: step 1000, offset 900.
///
/// A free thing stays free, and no ending makes anything free: a price of zero is left alone, and one whose ending
/// would be zero or less is rounded to whole minor units instead. That may be zero: 0.04 less 90 % is 0.004. The same
/// pair as Odoo's `price_round` and `price_surcharge` ("to have prices that end in 9.99, round off to 10.00 and set an
/// extra at -0.01"), and the three directions of its `float_round`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PriceEnding {
    pub currency: Currency,
    /// 1 and above.
    pub step: i64,
    /// 0 and above, below `step`.
    pub offset: i64,
    pub toward: Toward,
}

impl PriceEnding {
    /// The field that is wrong, and why.
    pub(super) fn fault(&self) -> Option<(&'static str, &'static str)> {
        if !(1..=HIGHEST_PRICE).contains(&self.step) {
            Some(("step", "must be at least one minor unit, and a price at most"))
        } else if !(0..self.step).contains(&self.offset) {
            Some(("offset", "must be zero or more and below the step"))
        } else {
            None
        }
    }

    /// The ending of `numerator / denominator` minor units, which may be zero or less.
    fn of(&self, numerator: i128, denominator: i128) -> Option<i128> {
        let (step, offset) = (i128::from(self.step), i128::from(self.offset));
        let above_offset = numerator.checked_sub(offset.checked_mul(denominator)?)?;
        let span = step.checked_mul(denominator)?;
        let steps = match self.toward {
            Toward::Down => Rounding::Floor.divide(above_offset, span)?,
            Toward::Up => Rounding::Floor.divide(above_offset.checked_neg()?, span)?.checked_neg()?,
            Toward::Nearest => {
                let doubled = above_offset.checked_mul(2)?.checked_add(span)?;
                Rounding::Floor.divide(doubled, span.checked_mul(2)?)?
            }
        };
        steps.checked_mul(step)?.checked_add(offset)
    }
}

/// Everything that is wrong with the endings of a list or of a store, with paths such as `endings/1/step`.
pub fn ending_faults(endings: &[PriceEnding]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (at, ending) in endings.iter().enumerate() {
        if let Some((field, reason)) = ending.fault() {
            faults.push(Fault { path: format!("endings/{at}/{field}"), reason: reason.to_owned() });
        }
        if endings.iter().take(at).any(|other| other.currency == ending.currency) {
            let reason = "has an ending already".to_owned();
            faults.push(Fault { path: format!("endings/{at}/currency"), reason });
        }
    }
    faults
}

/// The one of `endings` that is for `currency`.
pub(super) fn ending_for(endings: &[PriceEnding], currency: Currency) -> Option<&PriceEnding> {
    endings.iter().find(|ending| ending.currency == currency)
}

/// A price of exactly `numerator / denominator` minor units as one that can be charged. `None` where it is too large.
pub(super) fn round_price(
    (numerator, denominator): (i128, i128),
    ending: Option<&PriceEnding>,
    rounding: Rounding,
) -> Option<i64> {
    let ended = match ending {
        Some(ending) if 0 < numerator => Some(ending.of(numerator, denominator)?).filter(|ended| 0 < *ended),
        _ => None,
    };
    let minor = match ended {
        Some(ended) => ended,
        None => rounding.divide(numerator, denominator)?,
    };
    i64::try_from(minor).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use Currency::{BHD, CLF, EUR, JPY, KRW, MYR, USD};
    use Toward::{Down, Nearest, Up};

    fn rounded(exact: (i128, i128), step: i64, offset: i64, toward: Toward, currency: Currency) -> i64 {
        let ending = PriceEnding { currency, step, offset, toward };
        assert_eq!(ending.fault(), None);
        round_price(exact, Some(&ending), Rounding::HalfUp).unwrap()
    }

    #[test]
    fn prices_go_to_the_endings_that_the_sources_give() {
        for (source, exact, currency, (step, offset, toward), expected) in [
            // Multi-Currency for WooCommerce, "Price Conversion Settings": USD 10, 50 and 100 at 1.23456, up to 1, to 5.
            ("woo 1", (1_234_560, 1_000), USD, (100, 0, Up), 1_300),
            ("woo 1", (6_172_800, 1_000), USD, (100, 0, Up), 6_200),
            ("woo 1", (12_345_600, 1_000), USD, (100, 0, Up), 12_400),
            ("woo 5", (1_234_560, 1_000), USD, (500, 0, Up), 1_500),
            ("woo 5", (6_172_800, 1_000), USD, (500, 0, Up), 6_500),
            ("woo 5", (12_345_600, 1_000), USD, (500, 0, Up), 12_500),
            // YayCurrency, "Custom Rounding": 365.365 up to thresholds, and 370 less 0.01.
            ("yay 0.10", (365_365, 10), USD, (10, 0, Up), 36_540),
            ("yay 0.50", (365_365, 10), USD, (50, 0, Up), 36_550),
            ("yay 1", (365_365, 10), USD, (100, 0, Up), 36_600),
            ("yay 10", (365_365, 10), USD, (1_000, 0, Up), 37_000),
            ("yay 100", (365_365, 10), USD, (10_000, 0, Up), 40_000),
            ("yay 1000", (365_365, 10), USD, (100_000, 0, Up), 100_000),
            ("yay 10 - 0.01", (365_365, 10), USD, (1_000, 999, Up), 36_999),
            ("yay 1 - 0.01", (365_365, 10), USD, (100, 99, Up), 36_599),
            // Currency Switcher for WooCommerce 1.6, "Price Rounding": RM 2.17 by 0.25, 0.5, 1 and 5; 2.25 stays.
            ("switcher 0.25", (217, 1), MYR, (25, 0, Up), 225),
            ("switcher 0.5", (217, 1), MYR, (50, 0, Up), 250),
            ("switcher 1", (217, 1), MYR, (100, 0, Up), 300),
            ("switcher 5", (217, 1), MYR, (500, 0, Up), 500),
            ("switcher same", (225, 1), MYR, (25, 0, Up), 225),
            // Shopline, "Price Rounding": 14.99 by 1 is 15.00.
            ("shopline", (1_499, 1), USD, (100, 0, Nearest), 1_500),
            // LSEG, "Currency rounding", IDR, KRW, JPY, TWD: below 2,500 to the next 10, then to the next 100 and 1,000.
            ("lseg", (2_491, 1), JPY, (10, 0, Up), 2_500),
            ("lseg", (24_901, 1), KRW, (100, 0, Up), 25_000),
            ("lseg", (100_001, 1), KRW, (1_000, 0, Up), 101_000),
            ("lseg discounted", (2_549, 1), JPY, (100, 0, Nearest), 2_500),
            ("lseg discounted", (2_494, 1), JPY, (10, 0, Nearest), 2_490),
            // Odoo, `price_round`: prices that end in 9.99; `float_round`: a half goes up.
            ("odoo 9.99", (1_234, 1), EUR, (1_000, 999, Nearest), 999),
            ("odoo 9.99", (1_834, 1), EUR, (1_000, 999, Nearest), 1_999),
            ("odoo half", (250, 1), EUR, (500, 0, Nearest), 500),
            ("odoo half", (750, 1), EUR, (500, 0, Nearest), 1_000),
            ("odoo down", (749, 1), EUR, (500, 0, Down), 500),
            // Shopify help, "Rounding prices", and Shopline: USD .99, GBP .95, EUR .90; here with the exact tie.
            ("tie .99", (1_049, 1), USD, (100, 99, Nearest), 1_099),
            ("below tie", (10_489, 10), USD, (100, 99, Nearest), 999),
            (".95 down", (1_094, 1), EUR, (100, 95, Down), 995),
            (".95 met", (1_095, 1), EUR, (100, 95, Down), 1_095),
            (".90", (1_012, 1), EUR, (100, 90, Up), 1_090),
            // Currencies of no, of three and of four decimals.
            ("980 yen", (1_234, 1), JPY, (1_000, 980, Down), 980),
            ("900 won", (13_300, 1), KRW, (1_000, 900, Nearest), 12_900),
            ("5 fils", (1_237, 1), BHD, (5, 0, Nearest), 1_235),
            (".995 dinar", (1_237, 1), BHD, (1_000, 995, Up), 1_995),
            ("half a centavo of UF", (12_344, 1), CLF, (50, 0, Nearest), 12_350),
            // No ending to go to: whole minor units instead, and nothing becomes free.
            ("below the first", (505, 10), EUR, (100, 99, Down), 51),
            ("nearer to none", (20, 1), EUR, (100, 99, Nearest), 20),
            ("never to zero", (2, 1), EUR, (5, 0, Nearest), 2),
            ("free stays free", (0, 1), EUR, (100, 99, Up), 0),
        ] {
            assert_eq!(rounded(exact, step, offset, toward, currency), expected, "{source}: {exact:?}");
        }
    }

    #[test]
    fn a_step_of_nothing_and_an_offset_beyond_it_are_refused() {
        for (step, offset, field) in
            [(0, 0, "step"), (-5, 0, "step"), (HIGHEST_PRICE + 1, 0, "step"), (100, 100, "offset"), (100, -1, "offset")]
        {
            let ending = PriceEnding { currency: EUR, step, offset, toward: Nearest };
            assert_eq!(ending.fault().map(|(field, _)| field), Some(field), "{step} {offset}");
        }
    }

    proptest! {
        #[test]
        fn what_comes_out_is_an_ending_within_a_step(
            minor in 0..=HIGHEST_PRICE, part in 0..1_000i128, step in 1..100_000i64, share in 0..1_000i64, way in 0..3usize,
        ) {
            let (offset, toward) = (step * share / 1_000, Toward::ALL[way]);
            let exact = i128::from(minor) * 1_000 + part;
            let got = i128::from(rounded((exact, 1_000), step, offset, toward, EUR));
            let distance = got * 1_000 - exact;
            if got % i128::from(step) == i128::from(offset) {
                let step = i128::from(step) * 1_000;
                let is_that_way = match toward {
                    Nearest => 2 * distance.abs() <= step,
                    Up => (0..step).contains(&distance),
                    Down => (0..step).contains(&-distance),
                };
                prop_assert!(is_that_way || exact == 0);
            } else {
                prop_assert!(exact == 0 || got <= i128::from(step), "no ending above zero on that side");
                prop_assert!(2 * distance.abs() <= 1_000);
            }
        }

        #[test]
        fn nothing_panics(exact: i128, over: i128, currency in 0..Currency::TABLE.len(), step: i64, offset: i64, way in 0..3usize) {
            let ending = PriceEnding { currency: Currency::TABLE[currency], step, offset, toward: Toward::ALL[way] };
            let _ = ending.fault();
            let _ = round_price((exact, over), Some(&ending), Rounding::HalfEven);
        }
    }
}
