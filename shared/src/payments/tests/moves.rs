use proptest::prelude::*;

use crate::orders::PaymentState;
use crate::payments::{Action, Capabilities, NotMovable, Sums, allowed, capturable, refundable, voidable};

const ALL: Capabilities = Capabilities::ALL;

fn authorized(amount: i64) -> Sums {
    Sums { authorized: amount, ..Sums::default() }
}

fn captured(amount: i64) -> Sums {
    Sums { captured: amount, ..authorized(amount) }
}

#[test]
fn each_state_allows_what_makes_sense_in_it() {
    let over = |sums| Sums { is_over: true, ..sums };
    for (sums, refunding, expected) in [
        (Sums::default(), 0, vec![]),
        (authorized(10), 0, vec![Action::Capture, Action::Void]),
        (captured(10), 0, vec![Action::Refund]),
        (captured(10), 4, vec![Action::Refund]),
        (captured(10), 10, vec![]),
        (over(authorized(10)), 0, vec![]),
        (over(Sums::default()), 0, vec![]),
    ] {
        assert_eq!(allowed(&sums, refunding, ALL), expected, "{sums:?}");
    }
}

#[test]
fn what_cannot_be_moved_says_why() {
    let state = |state| Err(NotMovable::State(state));
    assert_eq!(capturable(&authorized(10), Some(11), ALL), Err(NotMovable::MoreThan { remaining: 10 }));
    assert_eq!(capturable(&authorized(10), Some(0), ALL), Err(NotMovable::NotPositive));
    assert_eq!(capturable(&authorized(10), None, ALL), Ok(10));
    assert_eq!(capturable(&authorized(10), Some(3), ALL), Ok(3));
    assert_eq!(capturable(&captured(10), None, ALL), state(PaymentState::Captured));
    assert_eq!(voidable(&captured(10)), Err(NotMovable::State(PaymentState::Captured)));
    assert_eq!(refundable(&authorized(10), 0, None, ALL), state(PaymentState::Authorized));
    assert_eq!(refundable(&captured(10), 10, None, ALL), state(PaymentState::Refunded));
    assert_eq!(refundable(&captured(10), 7, Some(4), ALL), Err(NotMovable::MoreThan { remaining: 3 }));
    let whole = Capabilities { captures_less: false, refunds_in_parts: false, ..ALL };
    assert_eq!(capturable(&authorized(10), Some(9), whole), Err(NotMovable::InParts { remaining: 10 }));
    assert_eq!(refundable(&captured(10), 0, Some(9), whole), Err(NotMovable::InParts { remaining: 10 }));
    let none = Capabilities { captures_later: false, refunds: false, ..ALL };
    assert_eq!(capturable(&authorized(10), None, none), Err(NotMovable::NotOffered));
    assert_eq!(refundable(&captured(10), 0, None, none), Err(NotMovable::NotOffered));
}

proptest! {
    #[test]
    fn never_more_is_refunded_than_was_captured(
        amount in 1i64..1_000,
        wanted in prop::collection::vec(prop::option::of(-5i64..1_200), 1..20),
    ) {
        let mut refunding = 0;
        for wanted in wanted {
            match refundable(&captured(amount), refunding, wanted, ALL) {
                Ok(refunded) => refunding += refunded,
                Err(_) => prop_assert!(wanted.is_none_or(|wanted| wanted <= 0 || amount - refunding < wanted || refunding == amount)),
            }
            prop_assert!(0 <= refunding && refunding <= amount);
        }
    }

    #[test]
    fn what_is_allowed_can_be_done(
        authorized in 0i64..3, captured in 0i64..3, refunding in 0i64..3, is_over: bool,
        captures_later: bool, refunds: bool,
    ) {
        let sums = Sums { authorized, captured, refunded: 0, is_over };
        let can = Capabilities { captures_later, refunds, ..ALL };
        let may = allowed(&sums, refunding, can);
        prop_assert_eq!(may.contains(&Action::Capture), capturable(&sums, None, can).is_ok());
        prop_assert_eq!(may.contains(&Action::Void), voidable(&sums).is_ok());
        prop_assert_eq!(may.contains(&Action::Refund), refundable(&sums, refunding, None, can).is_ok());
        prop_assert!(!may.contains(&Action::Capture) || !may.contains(&Action::Refund), "captured once");
    }
}
