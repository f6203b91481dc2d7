//! Why there is no price.

use crate::kernel::money::Currency;
use crate::kernel::time::Timestamp;

/// Why a variant cannot be priced, or an amount not be converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PricingError {
    /// Not sold in it: neither the catalog nor an override list has a price, in it or in the settlement currency.
    #[error("there is no price in {currency}")]
    NoPrice { currency: Currency },
    #[error("there is no exchange rate from {from} to {to}")]
    NoRate { from: Currency, to: Currency },
    /// A rate is refused from the end of its stated life on. The pair is the one that was quoted.
    #[error("the exchange rate of {base} in {quote} of {as_of} was valid until {valid_until}")]
    StaleRate { base: Currency, quote: Currency, as_of: Timestamp, valid_until: Timestamp },
    /// Below zero, or above [`crate::catalog::HIGHEST_PRICE`].
    #[error("the price is negative or too large")]
    OutOfRange,
}
