//! What a provider says of a payment, and what is known of it.

use std::str::FromStr;

use crate::orders::PaymentState;

/// Where a payment stands at its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing was tried yet: it waits for a means of payment, or for its confirmation.
    Open,
    /// The last means of payment was declined; another may be tried.
    Declined,
    /// The buyer has to do something: 3-D Secure, a redirect.
    ActionRequired,
    /// The provider does not know yet.
    Processing,
    /// The money is reserved, and can be captured.
    Authorized,
    Captured,
    /// Ended by whoever, without money: nothing can be tried any more.
    Cancelled,
}

/// What a provider says of a payment at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    pub standing: Standing,
    /// What it is to come to.
    pub amount: i64,
    /// What can be, or could have been, captured.
    pub authorized: i64,
    pub captured: i64,
}

/// What is known of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    pub authorized: i64,
    pub captured: i64,
    /// That have arrived at the buyer, as far as the provider says so.
    pub refunded: i64,
    /// Whether it ended without money.
    pub is_over: bool,
}

/// The name is none of a refund's states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such state")]
pub struct UnknownState;

impl Sums {
    /// With what a report adds. Reports may be late, repeated and out of order: each says how far the payment had come,
    /// and the furthest counts.
    #[must_use]
    pub fn learn(self, report: &Report) -> Sums {
        Sums {
            authorized: self.authorized.max(report.authorized),
            captured: self.captured.max(report.captured),
            refunded: self.refunded,
            is_over: self.is_over || report.standing == Standing::Cancelled,
        }
    }

    /// Where it stands with us. It never goes back, whatever is learned.
    pub fn state(&self) -> PaymentState {
        match self {
            Sums { captured: 1.., refunded: 1.., .. } if self.refunded < self.captured => {
                PaymentState::PartiallyRefunded
            }
            Sums { captured: 1.., refunded: 1.., .. } => PaymentState::Refunded,
            Sums { captured: 1.., .. } => PaymentState::Captured,
            Sums { is_over: true, authorized: 1.., .. } => PaymentState::Voided,
            Sums { is_over: true, .. } => PaymentState::Failed,
            Sums { authorized: 1.., .. } => PaymentState::Authorized,
            Sums { .. } => PaymentState::Pending,
        }
    }
}

/// Where one refund stands. A provider may find out that it failed after it has said that it succeeded: failed is the last
/// word, and what is said of earlier does not count any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefundState {
    Pending,
    Succeeded,
    Failed,
}

impl RefundState {
    pub const fn name(self) -> &'static str {
        match self {
            RefundState::Pending => "pending",
            RefundState::Succeeded => "succeeded",
            RefundState::Failed => "failed",
        }
    }

    /// With what is said of it now.
    #[must_use]
    pub fn learn(self, said: RefundState) -> RefundState {
        self.max(said)
    }
}

impl FromStr for RefundState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<RefundState, UnknownState> {
        let all = [RefundState::Pending, RefundState::Succeeded, RefundState::Failed];
        all.into_iter().find(|state| state.name() == text).ok_or(UnknownState)
    }
}
