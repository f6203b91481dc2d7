//! The decision whether a checkout can become an order.

use crate::kernel::time::Timestamp;

/// Where a checkout stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckoutState {
    Open,
    Completed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotCompletable {
    #[error("the checkout has already become an order")]
    Completed,
    #[error("the checkout has expired; open a new one")]
    Expired,
}

/// # Errors
/// [`NotCompletable`] for a checkout that is completed, or whose time is over.
pub fn complete(state: CheckoutState, expires_at: Timestamp, now: Timestamp) -> Result<(), NotCompletable> {
    match state {
        CheckoutState::Completed => Err(NotCompletable::Completed),
        CheckoutState::Open if expires_at <= now => Err(NotCompletable::Expired),
        CheckoutState::Open => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_open_checkout_within_its_time_can_be_completed() {
        let [before, end] = [9, 10].map(Timestamp::from_millis);
        assert_eq!(complete(CheckoutState::Open, end, before), Ok(()));
        assert_eq!(complete(CheckoutState::Open, end, end), Err(NotCompletable::Expired));
        assert_eq!(complete(CheckoutState::Completed, end, before), Err(NotCompletable::Completed));
    }
}
