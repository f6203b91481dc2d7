//! Money: integer minor units of an ISO 4217 currency, rates, explicit rounding, allocation.
//!
//! Invariants: no floats; no silent conversion between currencies; every rounding is named by its caller;
//! what is allocated adds up to what there was.

mod allocation;
mod amount;
mod currency;
#[expect(clippy::module_inception, reason = "one type per file: the file of `Money` is money.rs")]
mod money;
mod rate;
mod rounding;

pub use allocation::{AllocationError, allocate};
pub use amount::AmountError;
pub use currency::{Currency, UnknownCurrency};
pub use money::{Money, MoneyError};
pub use rate::Rate;
pub use rounding::Rounding;
