//! Ranges of values: texts that stand among each other as what they say does, so that a range is one of an index.
//!
//! A date is its own text. A decimal without a sign is a letter for the number of digits before its point, `a` for one,
//! and all its digits: 7.5 is `a75`, 12 is `b12`. A negative one is a capital letter, `Z` for one digit, and for each
//! digit what is missing to nine, with `~` at the end: -7.5 is `Z24~`.

use std::str::FromStr;

use super::value::{decimal, is_date};
use super::{Definition, ValueType};

/// As many as an amount of money or a whole number has.
const MOST_WHOLE_DIGITS: usize = 19;

/// One end of a range, which belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a decimal such as -3 or 12.50, or a date such as 2026-11-22")]
pub struct InvalidBound;

/// The values between two ends, one of which may be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Range {
    AtLeast(Bound),
    AtMost(Bound),
    Between(Bound, Bound),
}

impl FromStr for Bound {
    type Err = InvalidBound;

    fn from_str(text: &str) -> Result<Bound, InvalidBound> {
        if is_date(text) {
            return Ok(Bound(text.to_owned()));
        }
        let decimal = decimal(text, MOST_WHOLE_DIGITS).ok_or(InvalidBound)?;
        let (is_negative, digits) =
            decimal.strip_prefix('-').map_or((false, decimal.as_str()), |digits| (true, digits));
        let whole = digits.split_once('.').map_or(digits, |(whole, _)| whole);
        let steps = u8::try_from(whole.len().saturating_sub(1)).map_err(|_| InvalidBound)?;
        let length = if is_negative { b'Z'.saturating_sub(steps) } else { b'a'.saturating_add(steps) };
        let mut ordinal = String::from(char::from(length));
        for digit in digits.bytes().filter(u8::is_ascii_digit) {
            // '9' is as far from the digit as what is missing to nine is from '0'.
            let missing = b'0'.saturating_add(b'9'.saturating_sub(digit));
            ordinal.push(char::from(if is_negative { missing } else { digit }));
        }
        if is_negative {
            ordinal.push('~');
        }
        Ok(Bound(ordinal))
    }
}

impl Bound {
    /// Where it stands.
    pub fn into_ordinal(self) -> String {
        self.0
    }

    fn is_date(&self) -> bool {
        self.0.starts_with(|first: char| first.is_ascii_digit())
    }

    /// Before and behind all that it can be compared with.
    fn ends(&self) -> (&'static str, &'static str) {
        if self.is_date() { ("0", ":") } else { ("A", "~") }
    }
}

impl Range {
    /// `None` without an end.
    pub fn of(low: Option<Bound>, high: Option<Bound>) -> Option<Range> {
        match (low, high) {
            (Some(low), Some(high)) => Some(Range::Between(low, high)),
            (Some(low), None) => Some(Range::AtLeast(low)),
            (None, high) => high.map(Range::AtMost),
        }
    }

    /// Whether its upper end is below its lower one.
    pub fn is_turned(&self) -> bool {
        matches!(self, Range::Between(low, high) if low.is_date() == high.is_date() && high.0 < low.0)
    }

    pub fn low(&self) -> Option<&Bound> {
        match self {
            Range::AtLeast(low) | Range::Between(low, _) => Some(low),
            Range::AtMost(_) => None,
        }
    }

    pub fn high(&self) -> Option<&Bound> {
        match self {
            Range::AtMost(high) | Range::Between(_, high) => Some(high),
            Range::AtLeast(_) => None,
        }
    }

    /// Between which texts its values stand.
    pub fn ordinals(&self) -> (&str, &str) {
        match self {
            Range::AtLeast(low) => (&low.0, low.ends().1),
            Range::AtMost(high) => (high.ends().0, &high.0),
            Range::Between(low, high) => (&low.0, &high.0),
        }
    }
}

impl Definition {
    /// Where the value with this facet text stands among others; `None` of what has no order.
    pub fn ordinal(&self, facet_text: &str) -> Option<String> {
        self.is_ordered().then(|| facet_text.parse::<Bound>().ok().map(Bound::into_ordinal)).flatten()
    }

    /// Whether its values can be on one side of `bound`.
    ///
    /// # Errors
    /// Why not.
    pub fn compares(&self, bound: &Bound) -> Result<(), &'static str> {
        match (self.is_ordered(), self.scalar() == ValueType::Date) {
            (false, _) => Err("its values have no order: they are asked for one by one"),
            (true, true) if !bound.is_date() => Err("must be a date such as 2026-11-22"),
            (true, false) if bound.is_date() => Err("must be a decimal such as -3 or 12.50"),
            _ => Ok(()),
        }
    }

    fn is_ordered(&self) -> bool {
        matches!(self.scalar(), ValueType::Number | ValueType::Decimal | ValueType::Date | ValueType::Money)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ordinal(text: &str) -> String {
        text.parse::<Bound>().unwrap_or_else(|_| panic!("{text}")).into_ordinal()
    }

    #[test]
    fn texts_stand_as_their_numbers_do() {
        for (text, expected) in
            [("0", "a0"), ("-0.00", "a0"), ("7.5", "a75"), ("0012.50", "b125"), ("-7.5", "Z24~"), ("-12", "Y87~")]
        {
            assert_eq!(ordinal(text), expected, "{text}");
        }
        let ordered = [
            "-9223372036854775808",
            "-9007199254740991",
            "-100",
            "-99.999999999",
            "-2",
            "-1.55",
            "-1.5",
            "-1",
            "-0.000000001",
            "0",
            "0.000000001",
            "0.5",
            "1",
            "1.05",
            "1.5",
            "9",
            "10",
            "99",
            "100",
            "9007199254740991",
            "92233720368547758.07",
        ];
        assert!(ordered.windows(2).all(|pair| ordinal(pair[0]) < ordinal(pair[1])), "{:?}", ordered.map(ordinal));
        assert_eq!(ordinal("2024-02-29"), "2024-02-29");
    }

    #[test]
    fn what_is_neither_decimal_nor_date_is_no_bound() {
        for text in
            ["", "-", "+1", "1.", ".5", "1e3", "1,5", "2025-02-29", "20250101", "0.0000000001", "\u{661}", "NaN", "a0"]
        {
            let read = text.parse::<Bound>();
            assert_eq!(read.is_err(), text != "20250101", "{text}");
        }
        assert!("9".repeat(20).parse::<Bound>().is_err());
    }

    #[test]
    fn a_range_has_an_end_at_least_and_compares_like_with_like() {
        let bound = |text: &str| text.parse::<Bound>().ok();
        assert_eq!(Range::of(None, None), None);
        let range = |low, high| Range::of(bound(low), bound(high)).unwrap();
        assert_eq!(range("1", "").ordinals(), ("a1", "~"));
        assert_eq!(range("", "-1").ordinals(), ("A", "Z8~"));
        assert_eq!(range("2024-01-01", "").ordinals(), ("2024-01-01", ":"));
        assert_eq!(range("", "2024-01-01").ordinals(), ("0", "2024-01-01"));
        assert!(range("2", "1.99").is_turned() && !range("2", "2.0").is_turned());
        assert!(!range("2", "2024-01-01").is_turned());
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_the_numbers(one in -3_000_000_i64..3_000_000, other in any::<i64>(), small in any::<bool>()) {
            // In thousandths.
            let other = if small { other % 3_000_000 } else { other };
            let text = |thousandths: i64| {
                let sign = if thousandths < 0 { "-" } else { "" };
                let digits = thousandths.unsigned_abs();
                format!("{sign}{}.{:03}", digits / 1_000, digits % 1_000)
            };
            prop_assert_eq!(ordinal(&text(one)).cmp(&ordinal(&text(other))), one.cmp(&other));
        }

        #[test]
        fn hostile_texts_are_no_panic(text in ".{0,40}") {
            if let Ok(bound) = text.parse::<Bound>() {
                let range = Range::AtLeast(bound);
                let (low, high) = range.ordinals();
                prop_assert!(low < high);
            }
        }
    }
}
