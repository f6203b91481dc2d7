//! Prices of variants.

use crate::kernel::money::{Currency, Money};

/// In minor units. A full cart of the dearest goods, 250 lines of 9,999 units, still adds up within `i64`.
pub const HIGHEST_PRICE: i64 = 1_000_000_000_000;

/// An amount of zero or more.
///
/// # Errors
/// Why the text is none, for whoever wrote it.
pub(super) fn price(text: &str, currency: Currency) -> Result<Money, String> {
    match Money::parse_amount(text, currency) {
        Ok(amount) if amount.is_negative() => Err("the amount is negative".to_owned()),
        Ok(amount) if HIGHEST_PRICE < amount.minor() => Err(format!("the amount is above {HIGHEST_PRICE} minor units")),
        Ok(amount) => Ok(amount),
        Err(error) => Err(error.to_string()),
    }
}
