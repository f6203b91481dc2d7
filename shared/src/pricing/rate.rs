//! Exchange rates.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::catalog::source::Fault;
use crate::kernel::line::Line;
use crate::kernel::money::Currency;
use crate::kernel::time::Timestamp;

/// One won is 0.000587... euro: the six significant figures that Regulation (EC) No 1103/97, Article 4, has for
/// conversion rates need ten decimals there, and a rial of Iran twelve.
pub const MOST_RATE_DECIMALS: u8 = 12;

/// An exact decimal above zero: `mantissa / 10^decimals`. Written plainly, `1478.25`; one text for one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DecimalRate {
    /// Above zero, and without a zero at the end unless `decimals` is 0.
    mantissa: i64,
    /// 0 to [`MOST_RATE_DECIMALS`].
    decimals: u8,
}

/// The text is not a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a decimal number above zero with at most 12 decimals and 18 digits, such as 1478.25")]
pub struct InvalidDecimalRate;

impl DecimalRate {
    /// # Errors
    /// [`InvalidDecimalRate`] for a number that is not above zero, and for too many decimals or digits.
    pub fn new(mantissa: i64, decimals: u8) -> Result<DecimalRate, InvalidDecimalRate> {
        const LIMIT: i64 = 1_000_000_000_000_000_000;
        if !(1..LIMIT).contains(&mantissa) {
            return Err(InvalidDecimalRate);
        }
        let (mut mantissa, mut decimals) = (mantissa, decimals);
        while let Some(fewer) = decimals.checked_sub(1)
            && mantissa.checked_rem(10) == Some(0)
        {
            mantissa = mantissa.checked_div(10).ok_or(InvalidDecimalRate)?;
            decimals = fewer;
        }
        if decimals <= MOST_RATE_DECIMALS { Ok(DecimalRate { mantissa, decimals }) } else { Err(InvalidDecimalRate) }
    }

    pub const fn mantissa(self) -> i64 {
        self.mantissa
    }

    pub const fn decimals(self) -> u8 {
        self.decimals
    }
}

impl fmt::Display for DecimalRate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = usize::from(self.decimals);
        let digits = format!("{:0>width$}", self.mantissa, width = decimals.saturating_add(1));
        match digits.split_at_checked(digits.len().saturating_sub(decimals)) {
            Some((whole, part)) if !part.is_empty() => write!(formatter, "{whole}.{part}"),
            _ => formatter.write_str(&digits),
        }
    }
}

impl FromStr for DecimalRate {
    type Err = InvalidDecimalRate;

    fn from_str(text: &str) -> Result<DecimalRate, InvalidDecimalRate> {
        let (whole, decimals) = text.split_once('.').map_or((text, None), |(whole, part)| (whole, Some(part)));
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(whole) || decimals.is_some_and(|part| !is_digits(part)) {
            return Err(InvalidDecimalRate);
        }
        let decimals = decimals.unwrap_or_default().trim_end_matches('0');
        let mantissa = whole
            .bytes()
            .chain(decimals.bytes())
            .try_fold(0i64, |value, digit| value.checked_mul(10)?.checked_add(i64::from(digit.checked_sub(b'0')?)));
        let count = u8::try_from(decimals.len()).map_err(|_| InvalidDecimalRate)?;
        DecimalRate::new(mantissa.ok_or(InvalidDecimalRate)?, count)
    }
}

serde_as_text!(DecimalRate, "an exchange rate");

/// One unit of `base` is `rate` units of `quote`, as `source` said at `as_of`; good until `valid_until`.
///
/// Of one pair there may be several, each from its own moment on, so that an earlier moment can be priced again.
/// Units are the currencies' own (euro, yen), not minor units: EUR/JPY 172.5 says that one euro is 172.5 yen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExchangeRate {
    pub base: Currency,
    pub quote: Currency,
    pub rate: DecimalRate,
    /// Who says so: `ecb`, `manual`. One line of at most 100 characters.
    pub source: String,
    pub as_of: Timestamp,
    /// After `as_of`. From here on it is refused.
    pub valid_until: Timestamp,
}

impl ExchangeRate {
    /// What is wrong with it as it would be written.
    pub fn fault(&self) -> Option<Fault> {
        let fault = |path: &str, reason: String| Some(Fault { path: path.to_owned(), reason });
        if self.base == self.quote {
            return fault("quote", "must be another currency than the base".to_owned());
        }
        if self.valid_until <= self.as_of {
            return fault("validUntil", "must be after the moment of the rate".to_owned());
        }
        match self.source.parse::<Line<100>>() {
            Ok(_) => None,
            Err(error) => fault("source", error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_rate_is_one_exact_number_with_one_text() {
        for (text, mantissa, decimals, printed) in [
            ("1", 1, 0, "1"),
            ("1478.2500", 147_825, 2, "1478.25"),
            ("0.000587123456", 587_123_456, 12, "0.000587123456"),
            ("0.0005871234560000", 587_123_456, 12, "0.000587123456"),
            ("100", 100, 0, "100"),
            ("007.50", 75, 1, "7.5"),
            ("999999999999999999", 999_999_999_999_999_999, 0, "999999999999999999"),
        ] {
            let rate: DecimalRate = text.parse().unwrap();
            assert_eq!((rate.mantissa(), rate.decimals(), rate.to_string().as_str()), (mantissa, decimals, printed));
        }
        for text in [
            "",
            "0",
            "0.000",
            "-1",
            "+1",
            "1e3",
            ".5",
            "5.",
            "1,5",
            "1.2.3",
            " 1",
            "\u{661}",
            "1000000000000000000",
            "0.0000000000001",
            "99999999999999999999999",
            "NaN",
        ] {
            assert_eq!(text.parse::<DecimalRate>(), Err(InvalidDecimalRate), "{text}");
        }
    }

    #[test]
    fn a_rate_names_its_pair_source_and_life() {
        let json = r#"{"base":"EUR","quote":"KRW","rate":"1478.25","source":"ecb","asOf":"2026-11-20T15:00:00.000Z","validUntil":"2026-11-23T16:00:00.000Z"}"#;
        let rate: ExchangeRate = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&rate).unwrap(), json);
        assert_eq!(rate.fault(), None);
        for (wrong, path) in [
            (ExchangeRate { quote: Currency::EUR, ..rate.clone() }, "quote"),
            (ExchangeRate { valid_until: rate.as_of, ..rate.clone() }, "validUntil"),
            (ExchangeRate { source: "\n".to_owned(), ..rate.clone() }, "source"),
        ] {
            assert_eq!(wrong.fault().unwrap().path, path);
        }
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(mantissa: i64, decimals: u8) {
            if let Ok(rate) = DecimalRate::new(mantissa, decimals) {
                prop_assert_eq!(rate.to_string().parse(), Ok(rate));
            }
        }

        #[test]
        fn arbitrary_text_never_panics(text in "[-0-9.]{0,40}|.{0,40}") {
            let _ = text.parse::<DecimalRate>();
        }
    }
}
