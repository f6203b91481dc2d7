//! Stripe's amounts: integers of a unit that is not always ISO 4217's.
//!
//! Source: <https://docs.stripe.com/currencies> (zero-decimal, three-decimal and special cases), kept with the tests in
//! `tests/cases/currency_exponents.json`.

use crate::kernel::money::{Currency, Money};

/// An amount that Stripe would refuse, or take for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotChargeable {
    /// Its list of currencies and ISO 4217 differ by something that nobody has settled.
    #[error("{0} is not charged by Stripe")]
    Currency(Currency),
    #[error("{currency} is charged in steps of {step} minor units")]
    Step { currency: Currency, step: i64 },
    #[error("the amount is too large")]
    TooLarge,
}

/// How Stripe counts a currency.
struct Unit {
    /// Of its decimals; ours are ISO's.
    decimals: u8,
    /// What an amount in its unit must be a multiple of.
    step: i64,
}

/// The 16 that it counts without decimals; UGX is among them, and among its special cases with two.
const fn unit(currency: Currency) -> Option<Unit> {
    use Currency as C;
    match currency {
        // Charged with two decimals that are zero: 100 of it are one krona.
        C::ISK => Some(Unit { decimals: 2, step: 100 }),
        C::UGX => None,
        C::BIF
        | C::CLP
        | C::DJF
        | C::GNF
        | C::JPY
        | C::KMF
        | C::KRW
        | C::MGA
        | C::PYG
        | C::RWF
        | C::VND
        | C::VUV
        | C::XAF
        | C::XOF
        | C::XPF => Some(Unit { decimals: 0, step: 1 }),
        C::BHD | C::JOD | C::KWD | C::OMR | C::TND => Some(Unit { decimals: 3, step: 10 }),
        currency if currency.exponent() == 2 => Some(Unit { decimals: 2, step: 1 }),
        // By ISO with no decimals, or with three or four, and in none of its lists.
        _ => None,
    }
}

/// An amount as Stripe counts it.
///
/// # Errors
/// [`NotChargeable`].
pub fn to_stripe(money: Money) -> Result<i64, NotChargeable> {
    let currency = money.currency();
    let unit = unit(currency).ok_or(NotChargeable::Currency(currency))?;
    let (ours, theirs) = (power(currency.exponent()), power(unit.decimals));
    let scaled = money.minor().checked_mul(theirs).ok_or(NotChargeable::TooLarge)?;
    let least = step_of_ours(ours, theirs, unit.step);
    if scaled.checked_rem(ours) != Some(0) {
        return Err(NotChargeable::Step { currency, step: least });
    }
    let amount = scaled.checked_div(ours).ok_or(NotChargeable::TooLarge)?;
    if amount.checked_rem(unit.step) != Some(0) {
        return Err(NotChargeable::Step { currency, step: least });
    }
    Ok(amount)
}

/// What Stripe counts, in our minor units. `None`: no whole number of them.
pub fn to_us(amount: i64, currency: Currency) -> Option<i64> {
    let unit = unit(currency)?;
    let (ours, theirs) = (power(currency.exponent()), power(unit.decimals));
    let scaled = amount.checked_mul(ours)?;
    if scaled.checked_rem(theirs)? == 0 { scaled.checked_div(theirs) } else { None }
}

fn power(decimals: u8) -> i64 {
    10_i64.checked_pow(u32::from(decimals)).unwrap_or(1)
}

/// The least of our minor units that is a step of theirs: one of the two scales divides the other.
fn step_of_ours(ours: i64, theirs: i64, step: i64) -> i64 {
    step.saturating_mul(ours).checked_div(theirs).unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use Currency as C;

    fn listed(name: &str) -> Vec<Currency> {
        let cases: serde_json::Value =
            serde_json::from_str(include_str!("../../../tests/cases/currency_exponents.json")).unwrap();
        cases[name].as_array().unwrap().iter().map(|code| code.as_str().unwrap().parse().unwrap()).collect()
    }

    #[test]
    fn what_stripe_lists_is_counted_as_it_says() {
        let zero = listed("stripe_zero_decimal");
        let three = listed("stripe_three_decimal_last_digit_zero");
        assert_eq!((zero.len(), three.len()), (16, 5));
        for currency in zero.into_iter().filter(|currency| *currency != C::UGX) {
            let one = Money::new(power(currency.exponent()), currency);
            assert_eq!(to_stripe(one), Ok(1), "{currency}");
            assert_eq!(to_us(1, currency), Some(one.minor()), "{currency}");
        }
        for currency in three {
            assert_eq!(to_stripe(Money::new(5_120, currency)), Ok(5_120), "{currency}");
            let refused = Err(NotChargeable::Step { currency, step: 10 });
            assert_eq!(to_stripe(Money::new(5_124, currency)), refused, "{currency}");
        }
    }

    #[test]
    fn special_cases_are_not_counted_by_iso() {
        for (minor, currency, expected) in [
            (500, C::ISK, Ok(50_000)),
            (1, C::ISK, Ok(100)),
            (1_000, C::MGA, Ok(10)),
            (1_050, C::MGA, Err(NotChargeable::Step { currency: C::MGA, step: 100 })),
            (1_234, C::EUR, Ok(1_234)),
            (1_250, C::HUF, Ok(1_250)),
            (1_250, C::TWD, Ok(1_250)),
            (500, C::JPY, Ok(500)),
            (500, C::UGX, Err(NotChargeable::Currency(C::UGX))),
            (500, C::IQD, Err(NotChargeable::Currency(C::IQD))),
            (500, C::CLF, Err(NotChargeable::Currency(C::CLF))),
            (i64::MAX, C::ISK, Err(NotChargeable::TooLarge)),
        ] {
            assert_eq!(to_stripe(Money::new(minor, currency)), expected, "{minor} {currency}");
        }
        assert_eq!(to_us(150, C::ISK), None, "no half kronas");
        assert_eq!(to_us(5, C::MGA), Some(500));
    }

    proptest! {
        #[test]
        fn what_is_charged_is_what_it_costs(minor in -1_000_000_000_000i64..1_000_000_000_000, at in 0..C::TABLE.len()) {
            let money = Money::new(minor, C::TABLE[at]);
            if let Ok(amount) = to_stripe(money) {
                prop_assert_eq!(to_us(amount, money.currency()), Some(minor));
            }
        }
    }
}
