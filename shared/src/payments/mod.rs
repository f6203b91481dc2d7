//! Payments: what a provider's word makes of one, what may be done with it, and who does what next until the order that it
//! pays is decided.
//!
//! Invariants:
//! - What is known of a payment only grows: [`Sums::learn`] gives the same whatever order reports come in, however often.
//! - Nothing is released before the provider has ended the payment, and nothing advances before it has the money or its
//!   authorization: whoever acts follows [`next`], from the same row.
//! - Never more is refunded than was captured.
//!
//! Amounts are minor units of the payment's one currency.

mod moves;
mod portion;
mod report;
mod saga;
mod stripe;

pub use moves::{Action, Capabilities, NotMovable, allowed, capturable, refundable, voidable};
pub use portion::portion;
pub use report::{RefundState, Report, Standing, Sums, UnknownState};
pub use saga::{DECIDED_WITHIN_MILLIS, Held, PAYABLE_FOR_MILLIS, Phase, Step, next};
pub use stripe::{NotChargeable, to_stripe, to_us};

#[cfg(test)]
mod tests;
