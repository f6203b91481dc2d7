//! Where an order's goods stand.

use super::Machine;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FulfillmentState {
    /// Nothing was sent.
    Unfulfilled,
    /// A part was sent.
    PartiallyFulfilled,
    /// All was sent.
    Fulfilled,
    /// A part of what was sent has come back.
    PartiallyReturned,
    /// All has come back.
    Returned,
}

named!(
    FulfillmentState,
    UnknownFulfillmentState,
    "unfulfilled, partially-fulfilled, fulfilled, partially-returned or returned",
    {
        Unfulfilled = "unfulfilled",
        PartiallyFulfilled = "partially-fulfilled",
        Fulfilled = "fulfilled",
        PartiallyReturned = "partially-returned",
        Returned = "returned",
    }
);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FulfillmentAction {
    /// A part is sent, and something is left.
    FulfillPartially,
    /// What was left is sent.
    Fulfill,
    /// A part comes back, and something stays away.
    ReturnPartially,
    /// All that is away comes back, and nothing is left to be sent.
    Return,
}

named!(FulfillmentAction, UnknownFulfillmentAction, "fulfill-partially, fulfill, return-partially or return", {
    FulfillPartially = "fulfill-partially",
    Fulfill = "fulfill",
    ReturnPartially = "return-partially",
    Return = "return",
});

use FulfillmentAction as A;
use FulfillmentState as S;

impl Machine for FulfillmentState {
    type Action = FulfillmentAction;

    const OF: &'static str = "fulfillment";
    const ACTIONS: &'static [FulfillmentAction] = FulfillmentAction::ALL;

    fn next(self, action: FulfillmentAction) -> Option<FulfillmentState> {
        match (self, action) {
            (S::Unfulfilled | S::PartiallyFulfilled, A::FulfillPartially) => Some(S::PartiallyFulfilled),
            (S::Unfulfilled | S::PartiallyFulfilled, A::Fulfill) => Some(S::Fulfilled),
            (S::PartiallyFulfilled | S::Fulfilled | S::PartiallyReturned, A::ReturnPartially) => {
                Some(S::PartiallyReturned)
            }
            // What was sent after something had come back: the return is the news that lasts.
            (S::PartiallyReturned, A::FulfillPartially | A::Fulfill) => Some(S::PartiallyReturned),
            (S::Fulfilled | S::PartiallyReturned, A::Return) => Some(S::Returned),
            (S::Unfulfilled, A::ReturnPartially | A::Return)
            | (S::PartiallyFulfilled, A::Return)
            | (S::Fulfilled, A::FulfillPartially | A::Fulfill)
            | (S::Returned, A::FulfillPartially | A::Fulfill | A::ReturnPartially | A::Return) => None,
        }
    }

    fn state_name(self) -> &'static str {
        self.name()
    }

    fn action_name(action: FulfillmentAction) -> &'static str {
        action.name()
    }
}
