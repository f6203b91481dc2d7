//! What may be done with a payment, and how much of it.

use super::report::Sums;
use crate::orders::PaymentState;

/// What a provider can do beside taking money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Authorize now and capture later.
    pub captures_later: bool,
    /// Capture less than was authorized; what is left is given back.
    pub captures_less: bool,
    pub refunds: bool,
    /// Refund less than was captured, several times.
    pub refunds_in_parts: bool,
}

impl Capabilities {
    pub const ALL: Capabilities =
        Capabilities { captures_later: true, captures_less: true, refunds: true, refunds_in_parts: true };
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Capture,
    Void,
    Refund,
}

impl Action {
    pub const fn name(self) -> &'static str {
        match self {
            Action::Capture => "capture",
            Action::Void => "void",
            Action::Refund => "refund",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotMovable {
    /// Not in this state.
    #[error("the payment is {0}")]
    State(PaymentState),
    #[error("the provider cannot do that")]
    NotOffered,
    /// More than there is.
    #[error("there is less of it")]
    MoreThan { remaining: i64 },
    /// Some of it, where all of it must be.
    #[error("the provider does that with all of it only")]
    InParts { remaining: i64 },
    #[error("the amount must be above zero")]
    NotPositive,
}

/// What may be done with it at all.
pub fn allowed(sums: &Sums, refunding: i64, can: Capabilities) -> Vec<Action> {
    let all = [
        (Action::Capture, capturable(sums, None, can).is_ok()),
        (Action::Void, voidable(sums).is_ok()),
        (Action::Refund, refundable(sums, refunding, None, can).is_ok()),
    ];
    all.into_iter().filter(|(_, may)| *may).map(|(action, _)| action).collect()
}

/// How much is captured where `wanted` is: all of it without. A payment is captured once.
///
/// # Errors
/// [`NotMovable`].
pub fn capturable(sums: &Sums, wanted: Option<i64>, can: Capabilities) -> Result<i64, NotMovable> {
    match sums.state() {
        PaymentState::Authorized if !can.captures_later => Err(NotMovable::NotOffered),
        PaymentState::Authorized => within(sums.authorized, wanted, can.captures_less),
        state => Err(NotMovable::State(state)),
    }
}

/// # Errors
/// [`NotMovable`] for what is not authorized, or has been captured: that can be refunded.
pub fn voidable(sums: &Sums) -> Result<(), NotMovable> {
    match sums.state() {
        PaymentState::Authorized => Ok(()),
        state => Err(NotMovable::State(state)),
    }
}

/// How much is refunded where `wanted` is: all that is left without. `refunding` is what refunds that have not failed come
/// to, those that are under way included.
///
/// # Errors
/// [`NotMovable`].
pub fn refundable(sums: &Sums, refunding: i64, wanted: Option<i64>, can: Capabilities) -> Result<i64, NotMovable> {
    match sums.state() {
        PaymentState::Captured | PaymentState::PartiallyRefunded | PaymentState::Refunded => {}
        state => return Err(NotMovable::State(state)),
    }
    if !can.refunds {
        return Err(NotMovable::NotOffered);
    }
    let left = sums.captured.saturating_sub(refunding);
    if left <= 0 {
        return Err(NotMovable::State(PaymentState::Refunded));
    }
    within(left, wanted, can.refunds_in_parts)
}

fn within(remaining: i64, wanted: Option<i64>, in_parts: bool) -> Result<i64, NotMovable> {
    match wanted {
        None => Ok(remaining),
        Some(wanted) if wanted <= 0 => Err(NotMovable::NotPositive),
        Some(wanted) if remaining < wanted => Err(NotMovable::MoreThan { remaining }),
        Some(wanted) if wanted < remaining && !in_parts => Err(NotMovable::InParts { remaining }),
        Some(wanted) => Ok(wanted),
    }
}
