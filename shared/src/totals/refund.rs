//! What is given back of a line.

use serde::{Deserialize, Serialize};

use super::{LineTotals, Taxes};

/// What some units of a line come to. `net + tax = gross`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Refund {
    pub net: i64,
    pub tax: i64,
    pub gross: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefundError {
    #[error("of this line {left} units can be given back")]
    TooMany { left: i64 },
    #[error("expected one unit or more")]
    NoUnits,
}

/// What the next `units` of a line come to, of which `before` were given back already: the line's shares up to these
/// units, less those up to the ones before. So all units come to what was paid for the line, in whatever steps, and no
/// step is negative.
///
/// # Errors
/// `TooMany` beyond the line's quantity, and `NoUnits`.
pub fn refund(line: &LineTotals, before: i64, units: i64) -> Result<Refund, RefundError> {
    let quantity = line.quantity.get();
    let before = before.clamp(0, quantity);
    let left = quantity.saturating_sub(before);
    if units < 1 {
        return Err(RefundError::NoUnits);
    }
    let upto = before.checked_add(units).filter(|upto| *upto <= quantity).ok_or(RefundError::TooMany { left })?;
    let Taxes { net, tax, .. } = line.taxes;
    let part = |amount: i64| share(amount, upto, quantity).saturating_sub(share(amount, before, quantity));
    let (net, tax) = (part(net), part(tax));
    Ok(Refund { net, tax, gross: net.saturating_add(tax) })
}

/// `amount × units / quantity`, rounded down: for `units` from 0 to `quantity`, from 0 to `amount`.
fn share(amount: i64, units: i64, quantity: i64) -> i64 {
    let exact = i128::from(amount).checked_mul(i128::from(units));
    let share = exact.and_then(|exact| exact.checked_div_euclid(i128::from(quantity)));
    share.and_then(|share| i64::try_from(share).ok()).unwrap_or(0)
}
