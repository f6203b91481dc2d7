//! The rates that hold for a class, as exact fractions of the amount.

use super::compute::TaxError;
use super::rules::{TaxRate, TaxZone};
use super::{TaxClass, answer::TaxReason};
use crate::kernel::time::Timestamp;
use crate::organizations::TaxMode;

const MILLION: u128 = 1_000_000;

/// Rates that are charged together. Each is `weight / base` of the net amount.
#[derive(Debug, Clone)]
pub(super) struct RateSet<'r> {
    pub rates: Vec<&'r TaxRate>,
    /// As many as there are rates.
    pub weights: Vec<u64>,
    /// Of the weights.
    pub sum: u64,
    pub base: u64,
}

impl<'r> RateSet<'r> {
    /// The zone's rates for `class`, or for `standard` where it has none. Empty where it has neither.
    ///
    /// # Errors
    /// [`TaxError::Rate`] for a rate out of range, `Overflow` where compound rates are piled up too high.
    pub fn of(zone: &'r TaxZone, class: &TaxClass, at: Timestamp) -> Result<(RateSet<'r>, TaxReason), TaxError> {
        let holding = |class: &TaxClass| zone.rates.iter().filter(|rate| rate.holds(class, at)).collect::<Vec<_>>();
        let rates = holding(class);
        if !rates.is_empty() {
            return Ok((RateSet::new(rates)?, TaxReason::Rated));
        }
        let rates = holding(&TaxClass::STANDARD);
        let why = if rates.is_empty() { TaxReason::NoRate } else { TaxReason::StandardInstead };
        Ok((RateSet::new(rates)?, why))
    }

    fn new(rates: Vec<&'r TaxRate>) -> Result<RateSet<'r>, TaxError> {
        let (weights, base) = weigh(&rates)?;
        // As small as they can be, so that amounts times weights stay in range.
        let divisor = weights.iter().fold(base, |divisor, &weight| greatest_common_divisor(divisor, weight));
        let reduced = |weight: u128| u64::try_from(weight.checked_div(divisor)?).ok();
        let weights = weights.into_iter().map(reduced).collect::<Option<Vec<u64>>>().ok_or(TaxError::Overflow)?;
        let sum = weights.iter().try_fold(0u64, |sum, &weight| sum.checked_add(weight)).ok_or(TaxError::Overflow)?;
        let base = reduced(base).ok_or(TaxError::Overflow)?;
        Ok(RateSet { rates, weights, sum, base })
    }

    pub fn is_empty(&self) -> bool {
        self.rates.is_empty()
    }

    /// Whether these are the same rates of the merchant.
    pub fn is_same(&self, other: &RateSet) -> bool {
        self.rates.len() == other.rates.len()
            && self.rates.iter().zip(&other.rates).all(|(own, other)| std::ptr::eq(*own, *other))
    }

    /// Whether the same part of an amount is tax.
    pub fn is_equal_share(&self, other: &RateSet) -> bool {
        let product = |a: u64, b: u64| u128::from(a).checked_mul(u128::from(b));
        product(self.sum, other.base) == product(other.sum, self.base)
    }

    /// The tax of `amount` as an exact fraction, its denominator above zero. `None` beyond `i128`.
    pub fn tax(&self, amount: i128, mode: TaxMode) -> Option<Fraction> {
        let base = i128::from(self.base);
        let denominator = match mode {
            TaxMode::Exclusive => base,
            TaxMode::Inclusive => base.checked_add(i128::from(self.sum))?,
        };
        Some(Fraction { numerator: amount.checked_mul(i128::from(self.sum))?, denominator })
    }
}

/// An amount that may lie between two minor units.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fraction {
    pub numerator: i128,
    pub denominator: i128,
}

/// The weight of each rate and the base that they are parts of: exact, compound rates included.
fn weigh(rates: &[&TaxRate]) -> Result<(Vec<u128>, u128), TaxError> {
    let mut base = MILLION;
    let mut weights: Vec<u128> = Vec::with_capacity(rates.len());
    for rate in rates {
        let ppm = u128::try_from(rate.ppm).ok().filter(|&ppm| ppm <= 10 * MILLION).ok_or(TaxError::Rate(rate.id))?;
        if rate.compound && !weights.is_empty() {
            // On the whole so far, in parts of a base that holds a millionth of it.
            let whole = weights.iter().try_fold(base, |whole, &weight| whole.checked_add(weight));
            let weight = whole.and_then(|whole| whole.checked_mul(ppm));
            base = base.checked_mul(MILLION).ok_or(TaxError::Overflow)?;
            for weight in &mut weights {
                *weight = weight.checked_mul(MILLION).ok_or(TaxError::Overflow)?;
            }
            weights.push(weight.ok_or(TaxError::Overflow)?);
        } else {
            let weight = base.checked_div(MILLION).and_then(|millionth| millionth.checked_mul(ppm));
            weights.push(weight.ok_or(TaxError::Overflow)?);
        }
    }
    Ok((weights, base))
}

/// Of two numbers, of which the first is not zero.
pub(super) fn greatest_common_divisor(a: u128, b: u128) -> u128 {
    let (mut a, mut b) = (a, b);
    while let Some(rest) = a.checked_rem(b) {
        (a, b) = (b, rest);
    }
    a
}
