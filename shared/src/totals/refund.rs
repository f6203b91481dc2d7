//! What is given back of a line, or of a delivery.

use serde::{Deserialize, Serialize};

use super::{LineTotals, Taxes};
use crate::tax::LineRate;

/// A part of what was paid. `net + tax = gross`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Refund {
    pub net: i64,
    pub tax: i64,
    pub gross: i64,
    /// They sum to `tax`: each rate that was charged, though its part of a small refund may be nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rates: Vec<LineRate>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefundError {
    #[error("of this {left} can be given back")]
    TooMuch { left: i64 },
    #[error("expected one or more")]
    Nothing,
}

/// What the next `units` of a line come to, of which `before` were given back already: the line's share up to these
/// units, less that up to the ones before. So all units come to what was paid for the line, rate by rate and in whatever
/// steps, and no step is negative.
///
/// # Errors
/// `TooMuch` beyond the line's quantity, and `Nothing`.
pub fn refund(line: &LineTotals, before: i64, units: i64) -> Result<Refund, RefundError> {
    let quantity = line.quantity.get();
    let (before, upto) = span(before, units, quantity)?;
    let paid = |units| share(line.taxes.gross, units, quantity);
    Ok(between(&line.taxes, paid(before), paid(upto)))
}

/// The next `amount` of what was paid for a delivery, of which `before` was given back already; or for a line, of which
/// nothing is given back by units then. In minor units, with tax. All of it comes to what was paid, as of [`refund`].
///
/// # Errors
/// `TooMuch` beyond what was paid, and `Nothing`.
pub fn refund_amount(taxes: &Taxes, before: i64, amount: i64) -> Result<Refund, RefundError> {
    let (before, upto) = span(before, amount, taxes.gross)?;
    Ok(between(taxes, before, upto))
}

/// Where the next `count` of `all` begin and end.
fn span(before: i64, count: i64, all: i64) -> Result<(i64, i64), RefundError> {
    let before = before.clamp(0, all.max(0));
    if count < 1 {
        return Err(RefundError::Nothing);
    }
    let left = all.max(0).saturating_sub(before);
    let upto = before.checked_add(count).filter(|upto| *upto <= all).ok_or(RefundError::TooMuch { left })?;
    Ok((before, upto))
}

/// What was paid from one of its minor units up to another.
fn between(taxes: &Taxes, before: i64, upto: i64) -> Refund {
    let parts: Vec<i64> = std::iter::once(taxes.net).chain(taxes.rates.iter().map(|rate| rate.tax)).collect();
    let (first, second) = (first(&parts, before), first(&parts, upto));
    let net_of = |parts: &[i64]| parts.first().copied().unwrap_or(0);
    let (net_before, net_upto) = (net_of(&first), net_of(&second));
    let rates = taxes.rates.iter().zip(first.iter().zip(&second).skip(1)).map(|(rate, (before, upto))| {
        let on = |net| share(rate.net, net, taxes.net);
        let net = on(net_upto).saturating_sub(on(net_before));
        LineRate { net, tax: upto.saturating_sub(*before), ..rate.clone() }
    });
    let net = net_upto.saturating_sub(net_before);
    let gross = upto.saturating_sub(before);
    Refund { net, tax: gross.saturating_sub(net), gross, rates: rates.collect() }
}

/// How the first `upto` minor units of `parts` together are made up, each of which is as far on as the others. Of each
/// there is no less in more, and all of it in all.
fn first(parts: &[i64], upto: i64) -> Vec<i64> {
    let whole = parts.iter().fold(0i64, |sum, part| sum.saturating_add(*part));
    let at = |mark: i64| parts.iter().map(move |part| nearest(*part, mark, whole));
    let sum = |mark: i64| at(mark).fold(0i64, i64::saturating_add);
    // Where the parts, each rounded, sum to `upto` or just less: half a unit for each part away from it at most.
    let mut mark = upto.clamp(0, whole);
    for _ in parts {
        if 0 < mark && upto < sum(mark) {
            mark = mark.saturating_sub(1);
        }
    }
    for _ in parts {
        if mark < whole && sum(mark.saturating_add(1)) <= upto {
            mark = mark.saturating_add(1);
        }
    }
    let mut missing = upto.saturating_sub(sum(mark));
    let next = at(mark.saturating_add(1).min(whole));
    let counts = at(mark).zip(next).map(|(count, next)| {
        // Of those that are about to be more, the first are.
        if 0 < missing && count < next {
            missing = missing.saturating_sub(1);
            return next;
        }
        count
    });
    counts.collect()
}

/// `amount × units / all`, rounded down: for `units` from 0 to `all`, from 0 to `amount`.
fn share(amount: i64, units: i64, all: i64) -> i64 {
    divided(i128::from(amount).checked_mul(i128::from(units)), i128::from(all))
}

/// `part × mark / whole`, rounded half up.
fn nearest(part: i64, mark: i64, whole: i64) -> i64 {
    let (mark, whole) = (i128::from(mark), i128::from(whole));
    let doubled = i128::from(part).checked_mul(mark).and_then(|exact| exact.checked_mul(2)?.checked_add(whole));
    divided(doubled, whole.saturating_mul(2))
}

fn divided(exact: Option<i128>, by: i128) -> i64 {
    exact.and_then(|exact| i64::try_from(exact.checked_div_euclid(by)?).ok()).unwrap_or(0)
}
