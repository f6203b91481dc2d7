//! Where an order stands.

use super::Machine;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderState {
    /// Placed, and its stock is taken; whether it is paid is not decided.
    Pending,
    /// Placed and accepted.
    Confirmed,
    /// Being packed and sent.
    Processing,
    /// All of it was sent.
    Fulfilled,
    /// Nothing is left to be done.
    Completed,
    /// Called off before any of it was sent; its stock is given back.
    Cancelled,
    /// All of it has come back.
    Returned,
}

named!(OrderState, UnknownOrderState, "pending, confirmed, processing, fulfilled, completed, cancelled or returned", {
    Pending = "pending",
    Confirmed = "confirmed",
    Processing = "processing",
    Fulfilled = "fulfilled",
    Completed = "completed",
    Cancelled = "cancelled",
    Returned = "returned",
});

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderAction {
    Confirm,
    Process,
    Fulfill,
    Complete,
    Cancel,
    Return,
}

named!(OrderAction, UnknownOrderAction, "confirm, process, fulfill, complete, cancel or return", {
    Confirm = "confirm",
    Process = "process",
    Fulfill = "fulfill",
    Complete = "complete",
    Cancel = "cancel",
    Return = "return",
});

use OrderAction as A;
use OrderState as S;

impl Machine for OrderState {
    type Action = OrderAction;

    const OF: &'static str = "order";
    const ACTIONS: &'static [OrderAction] = OrderAction::ALL;

    fn next(self, action: OrderAction) -> Option<OrderState> {
        match (self, action) {
            (S::Pending, A::Confirm) => Some(S::Confirmed),
            (S::Confirmed, A::Process) => Some(S::Processing),
            (S::Confirmed | S::Processing, A::Fulfill) => Some(S::Fulfilled),
            (S::Fulfilled, A::Complete) => Some(S::Completed),
            (S::Pending | S::Confirmed | S::Processing, A::Cancel) => Some(S::Cancelled),
            (S::Fulfilled | S::Completed, A::Return) => Some(S::Returned),
            (S::Pending, A::Process | A::Fulfill | A::Complete | A::Return)
            | (S::Confirmed, A::Confirm | A::Complete | A::Return)
            | (S::Processing, A::Confirm | A::Process | A::Complete | A::Return)
            | (S::Fulfilled, A::Confirm | A::Process | A::Fulfill | A::Cancel)
            | (S::Completed, A::Confirm | A::Process | A::Fulfill | A::Complete | A::Cancel)
            | (
                S::Cancelled | S::Returned,
                A::Confirm | A::Process | A::Fulfill | A::Complete | A::Cancel | A::Return,
            ) => None,
        }
    }

    fn state_name(self) -> &'static str {
        self.name()
    }

    fn action_name(action: OrderAction) -> &'static str {
        action.name()
    }
}
