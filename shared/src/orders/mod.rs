//! Orders: three state machines, kept apart. An order can be confirmed and not yet paid, paid and not
//! yet fulfilled.

use std::fmt;

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderState {
    /// Placed and accepted; its stock is taken.
    Confirmed,
}

/// Where the money stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentState {
    /// Owed: bought on account.
    Pending,
    /// Received.
    Captured,
}

/// Where the goods stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FulfillmentState {
    /// Nothing has been handed over.
    Unfulfilled,
}

impl fmt::Display for OrderState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OrderState::Confirmed => "confirmed",
        })
    }
}

impl fmt::Display for PaymentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PaymentState::Pending => "pending",
            PaymentState::Captured => "captured",
        })
    }
}

impl fmt::Display for FulfillmentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FulfillmentState::Unfulfilled => "unfulfilled",
        })
    }
}
