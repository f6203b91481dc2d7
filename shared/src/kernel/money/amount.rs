//! Amounts as decimal text: `12.34`.

use super::{Currency, Money};

/// Why a text is not an amount. The messages complete a sentence that names the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    #[error("the amount is empty")]
    Empty,
    #[error("the amount contains a blank")]
    Blank,
    #[error("the amount contains a comma: write a decimal point and no thousands separators, such as 1234.50")]
    Comma,
    #[error("the amount is not a plain decimal number such as 12.34")]
    NotDecimal,
    #[error("{currency} has {} decimals, the amount has more", .currency.exponent())]
    TooManyDecimals { currency: Currency },
    #[error("the amount is too large")]
    Overflow,
}

impl Money {
    /// Reads a decimal text: digits, at most one leading `-`, at most one `.` between digits.
    ///
    /// Decimals beyond the currency's exponent are accepted only where they are zeros, so nothing is ever
    /// rounded: `12.3400` is EUR 12.34, `12.345` is refused. No blanks, `+`, commas, exponents or digits of
    /// other scripts.
    ///
    /// # Errors
    /// [`AmountError`], whose text can be shown to whoever wrote the amount.
    pub fn parse_amount(text: &str, currency: Currency) -> Result<Money, AmountError> {
        if text.is_empty() {
            return Err(AmountError::Empty);
        }
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, decimals) = match digits.split_once('.') {
            Some((whole, decimals)) => (whole, Some(decimals)),
            None => (digits, None),
        };
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(whole) || decimals.is_some_and(|decimals| !is_digits(decimals)) {
            return Err(refusal(text));
        }
        let decimals = decimals.unwrap_or_default();
        let exponent = usize::from(currency.exponent());
        if decimals.bytes().skip(exponent).any(|digit| digit != b'0') {
            return Err(AmountError::TooManyDecimals { currency });
        }
        let padded = decimals.bytes().chain(std::iter::repeat(b'0')).take(exponent);
        let magnitude = whole
            .bytes()
            .chain(padded)
            .try_fold(0u64, |value, digit| value.checked_mul(10)?.checked_add(u64::from(digit.checked_sub(b'0')?)))
            .ok_or(AmountError::Overflow)?;
        let minor = if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() };
        minor.map(|minor| Money::new(minor, currency)).ok_or(AmountError::Overflow)
    }

    /// The decimal text with exactly the currency's decimals: `12.30` for EUR, `12` for JPY, `12.300` for BHD.
    pub fn amount_text(self) -> String {
        let exponent = usize::from(self.currency().exponent());
        let sign = if self.minor() < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.minor().unsigned_abs(), width = exponent.saturating_add(1));
        match digits.split_at_checked(digits.len().saturating_sub(exponent)) {
            Some((whole, decimals)) if !decimals.is_empty() => format!("{sign}{whole}.{decimals}"),
            _ => format!("{sign}{digits}"),
        }
    }
}

/// The most helpful reason why `text` is no decimal number.
fn refusal(text: &str) -> AmountError {
    if text.chars().any(char::is_whitespace) {
        AmountError::Blank
    } else if text.contains(',') {
        AmountError::Comma
    } else {
        AmountError::NotDecimal
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use Currency::{BHD, CLF, EUR, JPY};

    #[test]
    fn decimal_texts_are_amounts() {
        for (text, currency, minor) in [
            ("12.34", EUR, 1_234),
            ("12", EUR, 1_200),
            ("12.3", EUR, 1_230),
            ("12.3400", EUR, 1_234),
            ("0", EUR, 0),
            ("-0.00", EUR, 0),
            ("-12.34", EUR, -1_234),
            ("0012.34", EUR, 1_234),
            ("12", JPY, 12),
            ("12.000", JPY, 12),
            ("1.234", BHD, 1_234),
            ("1.2345", CLF, 12_345),
            ("92233720368547758.07", EUR, i64::MAX),
            ("-92233720368547758.08", EUR, i64::MIN),
            ("-9223372036854775808", JPY, i64::MIN),
        ] {
            assert_eq!(Money::parse_amount(text, currency), Ok(Money::new(minor, currency)), "{text} {currency}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_its_reason() {
        for (text, currency, error) in [
            ("", EUR, AmountError::Empty),
            (" ", EUR, AmountError::Blank),
            (" 12.34", EUR, AmountError::Blank),
            ("12.34\u{a0}", EUR, AmountError::Blank),
            ("1 234.50", EUR, AmountError::Blank),
            ("1,234.50", EUR, AmountError::Comma),
            ("12,34", EUR, AmountError::Comma),
            ("12.345", EUR, AmountError::TooManyDecimals { currency: EUR }),
            ("12.5", JPY, AmountError::TooManyDecimals { currency: JPY }),
            ("1.2345", BHD, AmountError::TooManyDecimals { currency: BHD }),
            ("12.", EUR, AmountError::NotDecimal),
            (".5", EUR, AmountError::NotDecimal),
            ("-", EUR, AmountError::NotDecimal),
            ("--1", EUR, AmountError::NotDecimal),
            ("+1", EUR, AmountError::NotDecimal),
            ("1e3", EUR, AmountError::NotDecimal),
            ("1.2.3", EUR, AmountError::NotDecimal),
            ("0x10", EUR, AmountError::NotDecimal),
            ("\u{20ac}5", EUR, AmountError::NotDecimal),
            ("\u{661}\u{662}", EUR, AmountError::NotDecimal),
            ("NaN", EUR, AmountError::NotDecimal),
            ("92233720368547758.08", EUR, AmountError::Overflow),
            ("-92233720368547758.09", EUR, AmountError::Overflow),
            ("99999999999999999999999999", JPY, AmountError::Overflow),
        ] {
            assert_eq!(Money::parse_amount(text, currency), Err(error), "{text} {currency}");
        }
        assert_eq!(
            AmountError::TooManyDecimals { currency: EUR }.to_string(),
            "EUR has 2 decimals, the amount has more"
        );
    }

    #[test]
    fn amounts_print_with_the_decimals_of_their_currency() {
        for (minor, currency, text) in [
            (1_234, EUR, "12.34"),
            (5, EUR, "0.05"),
            (-5, EUR, "-0.05"),
            (0, EUR, "0.00"),
            (12, JPY, "12"),
            (-12, JPY, "-12"),
            (12, BHD, "0.012"),
            (12, CLF, "0.0012"),
            (i64::MIN, EUR, "-92233720368547758.08"),
        ] {
            assert_eq!(Money::new(minor, currency).amount_text(), text);
        }
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(minor: i64, at in 0..Currency::TABLE.len()) {
            let money = Money::new(minor, Currency::TABLE[at]);
            prop_assert_eq!(Money::parse_amount(&money.amount_text(), money.currency()), Ok(money));
        }

        #[test]
        fn arbitrary_text_never_panics(text in "[-+0-9., e\u{661}]{0,40}|.{0,40}", at in 0..Currency::TABLE.len()) {
            let _ = Money::parse_amount(&text, Currency::TABLE[at]);
        }
    }
}
