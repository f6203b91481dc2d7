//! Checkout: what a buyer agreed to, and whether it can still be had.

mod complete;
mod place;
mod quote;

pub use complete::{CheckoutState, NotCompletable, complete};
pub use place::{AgreedLine, LineProblem, NotPlaceable, PlacedLine, Placement, agree, place};
pub use quote::{
    LEAST_QUOTE_SECONDS, MOST_QUOTE_SECONDS, NotHonoured, QUOTE_AUDIENCE, QUOTE_SECONDS, QUOTE_TYPE, QuoteClaims,
    QuoteTerms, QuoteUse, Quoted, QuotedGift, QuotedLine, honour,
};

/// How long a checkout can be completed, in milliseconds: one day.
pub const LIFETIME_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// How the built-in `manual` provider settles an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManualPayment {
    /// The merchant says it has the money: cash, a transfer, a card terminal.
    Paid,
    /// Sold on account: the buyer owes it.
    OnAccount,
}

impl ManualPayment {
    pub const fn name(self) -> &'static str {
        match self {
            ManualPayment::Paid => "paid",
            ManualPayment::OnAccount => "on-account",
        }
    }
}
