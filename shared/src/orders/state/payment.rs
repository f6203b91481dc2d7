//! Where an order's money stands.

use super::Machine;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentState {
    /// Owed: bought on account, or a provider has not answered.
    Pending,
    /// Set aside for the merchant, not received.
    Authorized,
    /// Received.
    Captured,
    /// Received, and a part of it given back.
    PartiallyRefunded,
    /// Received, and all of it given back.
    Refunded,
    /// Called off before it was received.
    Voided,
    /// Refused; another attempt may go well.
    Failed,
}

named!(
    PaymentState,
    UnknownPaymentState,
    "pending, authorized, captured, partially-refunded, refunded, voided or failed",
    {
        Pending = "pending",
        Authorized = "authorized",
        Captured = "captured",
        PartiallyRefunded = "partially-refunded",
        Refunded = "refunded",
        Voided = "voided",
        Failed = "failed",
    }
);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentAction {
    Authorize,
    Capture,
    RefundPartially,
    Refund,
    Void,
    Fail,
}

named!(PaymentAction, UnknownPaymentAction, "authorize, capture, refund-partially, refund, void or fail", {
    Authorize = "authorize",
    Capture = "capture",
    RefundPartially = "refund-partially",
    Refund = "refund",
    Void = "void",
    Fail = "fail",
});

use PaymentAction as A;
use PaymentState as S;

impl Machine for PaymentState {
    type Action = PaymentAction;

    const OF: &'static str = "payment";
    const ACTIONS: &'static [PaymentAction] = PaymentAction::ALL;

    fn next(self, action: PaymentAction) -> Option<PaymentState> {
        match (self, action) {
            (S::Pending | S::Failed, A::Authorize) => Some(S::Authorized),
            (S::Pending | S::Failed | S::Authorized, A::Capture) => Some(S::Captured),
            (S::Pending | S::Failed | S::Authorized, A::Void) => Some(S::Voided),
            (S::Pending | S::Authorized, A::Fail) => Some(S::Failed),
            (S::Captured | S::PartiallyRefunded, A::RefundPartially) => Some(S::PartiallyRefunded),
            (S::Captured | S::PartiallyRefunded, A::Refund) => Some(S::Refunded),
            (S::Pending, A::RefundPartially | A::Refund)
            | (S::Failed, A::RefundPartially | A::Refund | A::Fail)
            | (S::Authorized, A::Authorize | A::RefundPartially | A::Refund)
            | (S::Captured | S::PartiallyRefunded, A::Authorize | A::Capture | A::Void | A::Fail)
            | (
                S::Refunded | S::Voided,
                A::Authorize | A::Capture | A::RefundPartially | A::Refund | A::Void | A::Fail,
            ) => None,
        }
    }

    fn state_name(self) -> &'static str {
        self.name()
    }

    fn action_name(action: PaymentAction) -> &'static str {
        action.name()
    }
}
