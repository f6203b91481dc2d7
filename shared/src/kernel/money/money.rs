//! `Money`.

use std::cmp::Ordering;
use std::fmt::{self, Display};

use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Currency, Rate, Rounding};

/// An amount in minor units of one currency (EUR cents, JPY yen, BHD fils).
///
/// On the wire `{"amount": "12.34", "currency": "EUR"}`. There is no order between two amounts in general:
/// [`Money::compare`] refuses two currencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// Why two amounts could not be combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("{0} and {1} cannot be combined: the currencies differ")]
    CurrencyMismatch(Currency, Currency),
    #[error("the amount is too large")]
    Overflow,
}

impl Money {
    pub const fn new(minor: i64, currency: Currency) -> Money {
        Money { minor, currency }
    }

    pub const fn zero(currency: Currency) -> Money {
        Money { minor: 0, currency }
    }

    pub const fn minor(self) -> i64 {
        self.minor
    }

    pub const fn currency(self) -> Currency {
        self.currency
    }

    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    pub const fn is_negative(self) -> bool {
        self.minor < 0
    }

    /// Adds two amounts of one currency; never converts.
    ///
    /// # Errors
    /// `CurrencyMismatch`, or `Overflow` beyond `i64` minor units.
    pub fn checked_add(self, other: Money) -> Result<Money, MoneyError> {
        self.same_currency(other)?;
        self.with(self.minor.checked_add(other.minor))
    }

    /// Subtracts an amount of the same currency. The answer may be negative.
    ///
    /// # Errors
    /// `CurrencyMismatch`, or `Overflow` beyond `i64` minor units.
    pub fn checked_sub(self, other: Money) -> Result<Money, MoneyError> {
        self.same_currency(other)?;
        self.with(self.minor.checked_sub(other.minor))
    }

    /// `factor` times the amount: a unit price times a quantity. Exact.
    ///
    /// # Errors
    /// `Overflow` beyond `i64` minor units.
    pub fn checked_mul(self, factor: i64) -> Result<Money, MoneyError> {
        self.with(self.minor.checked_mul(factor))
    }

    /// The amount with its sign turned.
    ///
    /// # Errors
    /// `Overflow` for `i64::MIN` minor units.
    pub fn checked_neg(self) -> Result<Money, MoneyError> {
        self.with(self.minor.checked_neg())
    }

    /// `self × rate`, rounded once, the way the caller says.
    ///
    /// # Errors
    /// `Overflow` beyond `i64` minor units.
    pub fn scale(self, rate: Rate, rounding: Rounding) -> Result<Money, MoneyError> {
        let exact = i128::from(self.minor).checked_mul(i128::from(rate.ppm()));
        let minor = exact.and_then(|exact| rounding.divide(exact, i128::from(Rate::ONE.ppm())));
        self.with(minor.and_then(|minor| i64::try_from(minor).ok()))
    }

    /// The sum of `amounts`, all of `currency`; zero for none.
    ///
    /// # Errors
    /// `CurrencyMismatch`, or `Overflow` where a partial sum leaves `i64` minor units.
    pub fn checked_sum(currency: Currency, amounts: impl IntoIterator<Item = Money>) -> Result<Money, MoneyError> {
        amounts.into_iter().try_fold(Money::zero(currency), Money::checked_add)
    }

    /// Which of two amounts of one currency is larger.
    ///
    /// # Errors
    /// `CurrencyMismatch`.
    pub fn compare(self, other: Money) -> Result<Ordering, MoneyError> {
        self.same_currency(other)?;
        Ok(self.minor.cmp(&other.minor))
    }

    fn same_currency(self, other: Money) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::CurrencyMismatch(self.currency, other.currency))
        }
    }

    fn with(self, minor: Option<i64>) -> Result<Money, MoneyError> {
        minor.map(|minor| Money::new(minor, self.currency)).ok_or(MoneyError::Overflow)
    }
}

/// `12.34 EUR`.
impl Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.amount_text(), self.currency)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Money", 2)?;
        fields.serialize_field("amount", &self.amount_text())?;
        fields.serialize_field("currency", &self.currency)?;
        fields.end()
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "Money", deny_unknown_fields)]
        struct Wire {
            amount: String,
            currency: Currency,
        }

        let wire = Wire::deserialize(deserializer)?;
        Money::parse_amount(&wire.amount, wire.currency).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::EUR)
    }

    #[test]
    fn currencies_are_never_mixed() {
        let yen = Money::new(5, Currency::JPY);
        let mismatch = MoneyError::CurrencyMismatch(Currency::EUR, Currency::JPY);
        assert_eq!(eur(5).checked_add(yen), Err(mismatch));
        assert_eq!(eur(5).checked_sub(yen), Err(mismatch));
        assert_eq!(eur(5).compare(yen), Err(mismatch));
        assert_eq!(Money::checked_sum(Currency::EUR, [eur(1), yen]), Err(mismatch));
        assert_eq!(mismatch.to_string(), "EUR and JPY cannot be combined: the currencies differ");
    }

    #[test]
    fn half_a_cent_goes_where_the_rule_says() {
        for (rounding, minor, expected) in [
            (Rounding::HalfEven, 250, 2),
            (Rounding::HalfEven, 350, 4),
            (Rounding::HalfUp, 250, 3),
            (Rounding::HalfUp, -250, -3),
            (Rounding::HalfDown, 250, 2),
            (Rounding::HalfDown, 251, 3),
            (Rounding::Floor, -250, -3),
        ] {
            let got = eur(minor).scale(Rate::from_ppm(10_000), rounding).unwrap();
            assert_eq!(got, eur(expected), "{rounding:?} of {minor}");
        }
    }

    #[test]
    fn overflow_is_an_error() {
        assert_eq!(eur(i64::MAX).checked_add(eur(1)), Err(MoneyError::Overflow));
        assert_eq!(eur(i64::MIN).checked_sub(eur(1)), Err(MoneyError::Overflow));
        assert_eq!(eur(i64::MAX).checked_mul(2), Err(MoneyError::Overflow));
        assert_eq!(eur(i64::MIN).checked_neg(), Err(MoneyError::Overflow));
        assert_eq!(eur(i64::MAX).scale(Rate::from_ppm(1_000_001), Rounding::Floor), Err(MoneyError::Overflow));
        assert_eq!(eur(i64::MAX).scale(Rate::ONE, Rounding::HalfUp), Ok(eur(i64::MAX)));
    }

    #[test]
    fn money_reads_and_writes_as_amount_and_currency() {
        assert_eq!(eur(1_234).to_string(), "12.34 EUR");
        let json = serde_json::to_string(&eur(1_230)).unwrap();
        assert_eq!(json, r#"{"amount":"12.30","currency":"EUR"}"#);
        assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), eur(1_230));
        for (json, reason) in [
            (r#"{"amount":"12.345","currency":"EUR"}"#, "EUR has 2 decimals"),
            (r#"{"amount":"12","currency":"XXX"}"#, "ISO 4217"),
            (r#"{"amount":12.3,"currency":"EUR"}"#, "expected a string"),
            (r#"{"amount":"12","currency":"EUR","tax":"1"}"#, "unknown field `tax`"),
        ] {
            let error = serde_json::from_str::<Money>(json).unwrap_err();
            assert!(error.to_string().contains(reason), "{json}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_amount_makes_arithmetic_panic(a: i64, b: i64, ppm: i64) {
            let (x, y) = (i128::from(a), i128::from(b));
            let exact = |minor: i128| i64::try_from(minor).map(eur).map_err(|_| MoneyError::Overflow);
            prop_assert_eq!(eur(a).checked_add(eur(b)), exact(x + y));
            prop_assert_eq!(eur(a).checked_sub(eur(b)), exact(x - y));
            prop_assert_eq!(eur(a).checked_mul(b), exact(x * y));
            prop_assert_eq!(eur(a).checked_neg(), exact(-x));
            for rounding in [Rounding::Floor, Rounding::HalfUp, Rounding::HalfEven, Rounding::HalfDown] {
                let scaled = eur(a).scale(Rate::from_ppm(ppm), rounding);
                prop_assert_eq!(scaled, exact(rounding.divide(x * i128::from(ppm), 1_000_000).unwrap()));
            }
        }

        #[test]
        fn a_refund_mirrors_its_charge(minor in -1_000_000_000i64..1_000_000_000, ppm in 0i64..2_000_000) {
            for rounding in [Rounding::HalfUp, Rounding::HalfEven, Rounding::HalfDown] {
                let scaled = |minor| eur(minor).scale(Rate::from_ppm(ppm), rounding).unwrap().minor();
                prop_assert_eq!(scaled(-minor), -scaled(minor));
            }
        }
    }
}
