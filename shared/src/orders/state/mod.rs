//! Where orders, their money and their goods stand: total functions of state and action.
//!
//! Every state with every action is in `tests/golden/states.txt`.

mod fulfillment;
mod order;
mod payment;

pub use fulfillment::{FulfillmentAction, FulfillmentState};
pub use order::{OrderAction, OrderState};
pub use payment::{PaymentAction, PaymentState};

/// States, and the actions that lead from one to another.
pub trait Machine: Copy + 'static {
    type Action: Copy + 'static;

    /// Whose states they are: `order`.
    const OF: &'static str;

    const ACTIONS: &'static [Self::Action];

    /// The state after `action`; none where it is not allowed in this one.
    fn next(self, action: Self::Action) -> Option<Self>;

    fn state_name(self) -> &'static str;

    fn action_name(action: Self::Action) -> &'static str;

    /// The state after `action`.
    ///
    /// # Errors
    /// [`NotAllowed`] in this state.
    fn apply(self, action: Self::Action) -> Result<Self, NotAllowed> {
        self.next(action).ok_or_else(|| self.refuse(Self::action_name(action)))
    }

    /// What is not allowed now, by its name: of an action of the machine, or of one that the machine does not know.
    fn refuse(self, action: &'static str) -> NotAllowed {
        let (of, state) = (Self::OF, self.state_name());
        NotAllowed { of, state, action, allowed: self.allowed().map(Self::action_name).collect() }
    }

    /// The actions that are allowed now.
    fn allowed(self) -> impl Iterator<Item = Self::Action> {
        Self::ACTIONS.iter().copied().filter(move |action| self.next(*action).is_some())
    }
}

/// An action that a state does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{action} is not allowed: the {of} is {state}")]
pub struct NotAllowed {
    /// Whose state it is: `order`.
    pub of: &'static str,
    pub state: &'static str,
    pub action: &'static str,
    /// What is allowed instead.
    pub allowed: Vec<&'static str>,
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use super::*;

    /// Those that nothing leads from, and whether each state can be come to from `first`.
    fn walk<M: Machine + PartialEq + Debug>(first: M, all: &[M]) -> Vec<M> {
        let mut seen = vec![first];
        let mut at = 0;
        while let Some(state) = seen.get(at).copied() {
            at += 1;
            for next in state.allowed().filter_map(|action| state.next(action)) {
                if !seen.contains(&next) {
                    seen.push(next);
                }
            }
        }
        for state in all {
            assert!(seen.contains(state), "nothing leads to {state:?}");
        }
        all.iter().copied().filter(|state| state.allowed().next().is_none()).collect()
    }

    #[test]
    fn every_state_can_be_come_to_and_only_ends_are_final() {
        assert_eq!(walk(OrderState::Pending, OrderState::ALL), [OrderState::Cancelled, OrderState::Returned]);
        assert_eq!(walk(PaymentState::Pending, PaymentState::ALL), [PaymentState::Refunded, PaymentState::Voided]);
        assert_eq!(walk(FulfillmentState::Unfulfilled, FulfillmentState::ALL), [FulfillmentState::Returned]);
    }

    #[test]
    fn a_refusal_says_what_is_allowed_instead() {
        let refused = OrderState::Completed.apply(OrderAction::Cancel).unwrap_err();
        assert_eq!(refused.to_string(), "cancel is not allowed: the order is completed");
        assert_eq!(refused.allowed, ["return"]);
        assert_eq!(OrderState::Returned.apply(OrderAction::Return).unwrap_err().allowed, [""; 0]);
    }
}
