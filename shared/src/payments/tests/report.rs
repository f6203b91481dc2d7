use proptest::prelude::*;

use crate::orders::{Machine, PaymentState};
use crate::payments::{RefundState, Report, Standing, Sums};

const AMOUNT: i64 = 1_000;

fn report(standing: Standing, authorized: i64, captured: i64) -> Report {
    Report { standing, amount: AMOUNT, authorized, captured }
}

/// All that a provider may say of one payment, in its order.
fn histories() -> Vec<Vec<Report>> {
    use Standing as S;
    let tried = [report(S::Open, 0, 0), report(S::ActionRequired, 0, 0), report(S::Processing, 0, 0)];
    let declined = report(S::Declined, 0, 0);
    let of = |tail: &[Report]| tried.iter().chain([&declined]).chain(tail).copied().collect::<Vec<_>>();
    vec![
        of(&[report(S::Authorized, AMOUNT, 0), report(S::Captured, AMOUNT, 600)]),
        of(&[report(S::Captured, AMOUNT, AMOUNT)]),
        of(&[report(S::Authorized, AMOUNT, 0), report(S::Cancelled, AMOUNT, 0)]),
        of(&[report(S::Cancelled, 0, 0)]),
    ]
}

/// Whether the payment's machine leads from one state to another, by whatever actions.
fn leads(from: PaymentState, to: PaymentState) -> bool {
    from == to
        || from.allowed().filter_map(|action| from.next(action)).any(|next| {
            // Nothing but a new attempt leads from what has failed, which is another payment's.
            next != from && next != PaymentState::PartiallyRefunded && leads(next, to)
        })
}

#[test]
fn each_history_ends_where_the_provider_ended_it() {
    let ends = histories().into_iter().map(|history| history.iter().fold(Sums::default(), Sums::learn).state());
    assert_eq!(
        ends.collect::<Vec<_>>(),
        [PaymentState::Captured, PaymentState::Captured, PaymentState::Voided, PaymentState::Failed]
    );
}

#[test]
fn refunds_are_told_from_what_was_captured() {
    let captured = Sums { authorized: AMOUNT, captured: AMOUNT, ..Sums::default() };
    for (refunded, status) in
        [(0, PaymentState::Captured), (1, PaymentState::PartiallyRefunded), (AMOUNT, PaymentState::Refunded)]
    {
        assert_eq!(Sums { refunded, ..captured }.state(), status);
    }
}

#[test]
fn states_read_back_as_they_are_written() {
    for state in ["pending", "succeeded", "failed"] {
        assert_eq!(state.parse::<RefundState>().unwrap().name(), state);
    }
    assert!("paid".parse::<RefundState>().is_err());
}

proptest! {
    #[test]
    fn late_repeated_and_disordered_reports_come_to_the_same_and_never_go_back(
        (history, heard) in (0usize..4).prop_flat_map(|at| {
            let history = histories().remove(at);
            let count = history.len();
            (Just(history), prop::collection::vec(0..count, 1..30))
        })
    ) {
        let mut sums = Sums::default();
        let mut status = sums.state();
        for at in &heard {
            sums = sums.learn(&history[*at]);
            prop_assert!(leads(status, sums.state()), "{:?} after {status}", sums);
            status = sums.state();
        }
        let in_order = heard.iter().collect::<std::collections::BTreeSet<_>>();
        let once = in_order.into_iter().fold(Sums::default(), |sums, at| sums.learn(&history[*at]));
        prop_assert_eq!(sums, once);
    }

    #[test]
    fn a_refund_ends_as_the_worst_that_was_said(heard in prop::collection::vec(0usize..3, 1..10)) {
        let all = [RefundState::Pending, RefundState::Succeeded, RefundState::Failed];
        let state = heard.iter().fold(RefundState::Pending, |state, at| state.learn(all[*at]));
        prop_assert_eq!(state, all[heard.iter().copied().max().unwrap()]);
    }
}
