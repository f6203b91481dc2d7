//! Which rate brings an amount into a currency, and how exactly.

use crate::catalog::HIGHEST_PRICE;
use crate::kernel::money::{Currency, Money, Rounding};
use crate::kernel::order::sort_by_key;
use crate::kernel::time::Timestamp;

use super::ending::{PriceEnding, ending_for, round_price};
use super::{ExchangeRate, PricingError};

/// An amount in another currency, and the rates that brought it there: none, one, or two over a third currency.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conversion {
    pub amount: Money,
    pub rates: Vec<ExchangeRate>,
}

/// Rates by pair, each pair by moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rates {
    sorted: Vec<ExchangeRate>,
    /// Each currency that others are quoted against, once, by code.
    bases: Vec<Currency>,
}

/// How an amount gets from one currency to another.
///
/// A rate is always used as it was published: against its direction the amount is divided by it, and between two
/// currencies that are both quoted against a third the fraction is kept exact. "Inverse rates derived from the
/// conversion rates shall not be used": Regulation (EC) No 1103/97, Article 4(3); what Article 4(4) has for two
/// currencies over the euro allows any way that gives the same.
#[derive(Debug, Clone, Copy)]
pub(super) enum Route<'a> {
    Same,
    /// Multiplied.
    Along(&'a ExchangeRate),
    /// Divided.
    Against(&'a ExchangeRate),
    /// Divided by the first, multiplied by the second.
    Over(&'a ExchangeRate, &'a ExchangeRate),
}

impl Rates {
    pub(super) fn new(mut rates: Vec<ExchangeRate>) -> Rates {
        sort_by_key(&mut rates, |rate| (rate.base, rate.quote, rate.as_of));
        let mut bases: Vec<Currency> = rates.iter().map(|rate| rate.base).collect();
        bases.dedup();
        Rates { sorted: rates, bases }
    }

    pub(super) fn all(&self) -> &[ExchangeRate] {
        &self.sorted
    }

    /// The last rate of the pair that was known at `at`.
    fn last(&self, base: Currency, quote: Currency, at: Timestamp) -> Option<&ExchangeRate> {
        let after = self.sorted.partition_point(|rate| (rate.base, rate.quote, rate.as_of) <= (base, quote, at));
        let last = self.sorted.get(after.checked_sub(1)?)?;
        (last.base == base && last.quote == quote).then_some(last)
    }

    /// The most direct way decides: the pair itself, the pair the other way round, one currency that both are quoted
    /// against. Where it is stale, the conversion is refused rather than taken over rates that the merchant has not
    /// set for the pair. Of several third currencies, the first by code whose rates are both fresh.
    pub(super) fn route(&self, from: Currency, to: Currency, at: Timestamp) -> Result<Route<'_>, PricingError> {
        if from == to {
            return Ok(Route::Same);
        }
        if let Some(rate) = self.last(from, to, at) {
            return fresh(rate, at).map(Route::Along);
        }
        if let Some(rate) = self.last(to, from, at) {
            return fresh(rate, at).map(Route::Against);
        }
        let mut refused = PricingError::NoRate { from, to };
        for base in &self.bases {
            let (Some(first), Some(second)) = (self.last(*base, from, at), self.last(*base, to, at)) else { continue };
            match fresh(first, at).and_then(|first| Ok(Route::Over(first, fresh(second, at)?))) {
                Ok(route) => return Ok(route),
                Err(stale) if matches!(refused, PricingError::NoRate { .. }) => refused = stale,
                Err(_) => {}
            }
        }
        Err(refused)
    }

    /// `price` in `to`, with the ending that is set for it there.
    pub(super) fn price_in(
        &self,
        price: Money,
        to: Currency,
        at: Timestamp,
        (endings, rounding): (&[PriceEnding], Rounding),
    ) -> Result<(Money, Route<'_>), PricingError> {
        let route = self.route(price.currency(), to, at)?;
        if let Route::Same = route {
            return Ok((price, route));
        }
        let exact = route.exact(price, to).ok_or(PricingError::OutOfRange)?;
        let minor = round_price(exact, ending_for(endings, to), rounding).ok_or(PricingError::OutOfRange)?;
        in_range(Money::new(minor, to)).map(|price| (price, route))
    }
}

impl Route<'_> {
    /// What `amount` is in minor units of `to`, as a numerator and a denominator above zero. `None` beyond `i128`.
    pub(super) fn exact(&self, amount: Money, to: Currency) -> Option<(i128, i128)> {
        // Multiplied and divided by, and the power of ten that is left over.
        let power = |rate: &ExchangeRate| i32::from(rate.rate.decimals());
        let (times, by, power) = match self {
            Route::Same => (1, 1, 0),
            Route::Along(rate) => (rate.rate.mantissa(), 1, power(rate).checked_neg()?),
            Route::Against(rate) => (1, rate.rate.mantissa(), power(rate)),
            Route::Over(first, second) => {
                (second.rate.mantissa(), first.rate.mantissa(), power(first).checked_sub(power(second))?)
            }
        };
        let power = power.checked_add(to.exponent().into())?.checked_sub(amount.currency().exponent().into())?;
        let tens = 10i128.checked_pow(power.unsigned_abs())?;
        let numerator = i128::from(amount.minor()).checked_mul(times.into())?;
        let denominator = i128::from(by);
        if power < 0 {
            Some((numerator, denominator.checked_mul(tens)?))
        } else {
            Some((numerator.checked_mul(tens)?, denominator))
        }
    }

    pub(super) fn rates(&self) -> Vec<ExchangeRate> {
        match *self {
            Route::Same => Vec::new(),
            Route::Along(rate) | Route::Against(rate) => vec![rate.clone()],
            Route::Over(first, second) => vec![first.clone(), second.clone()],
        }
    }
}

fn fresh(rate: &ExchangeRate, at: Timestamp) -> Result<&ExchangeRate, PricingError> {
    let ExchangeRate { base, quote, as_of, valid_until, .. } = *rate;
    if at < valid_until { Ok(rate) } else { Err(PricingError::StaleRate { base, quote, as_of, valid_until }) }
}

/// Refuses what is no price: below zero, or above what a full cart can add up.
pub(super) fn in_range(price: Money) -> Result<Money, PricingError> {
    if (0..=HIGHEST_PRICE).contains(&price.minor()) { Ok(price) } else { Err(PricingError::OutOfRange) }
}
