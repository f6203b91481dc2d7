//! Who does what next until an order that waits for its payment is decided.
//!
//! A request, a webhook, a return from the provider and the sweeper each read the payment's row and follow [`next`] until
//! it says that there is nothing to do. Each may die between any two steps; the others go on from what it has left. What
//! makes that safe:
//!
//! - The row has a version: of two that decide at once one does, and the other reads what was decided.
//! - A payment is made at the provider before anything is tried with it, under a key that follows from its id. Whoever does
//!   not know whether it is there makes it again, and gets the same, as it stands by then.
//! - An order is released only after the provider has ended the payment: then nothing that is still on its way can take
//!   money any more.

use super::report::{Report, Standing};
use crate::kernel::time::Timestamp;

/// From an order's being placed to its being decided, in milliseconds: 15 minutes.
pub const DECIDED_WITHIN_MILLIS: i64 = 15 * 60 * 1000;

/// Of it, for how long the buyer may pay: the rest is the sweeper's, which comes every minute.
pub const PAYABLE_FOR_MILLIS: i64 = 12 * 60 * 1000;

/// How far the order of a payment has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Its stock is held.
    Pending,
    /// It is paid, or its payment is authorized.
    Advanced,
    /// It is cancelled, and what it held is given back.
    Released,
}

/// What whoever acts knows of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    pub phase: Phase,
    /// What the order comes to.
    pub amount: i64,
    /// Whether the provider's name of it is known.
    pub is_known: bool,
    /// Until when the buyer may pay.
    pub ends_at: Timestamp,
    /// Whether whoever acts brings a means of payment that it has not tried yet.
    pub has_means: bool,
    /// Whether it is authorized, as far as the row knows, and nothing is captured.
    pub awaits_capture: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Make it at the provider, under its own key.
    Create,
    /// Ask the provider how it stands.
    Fetch,
    /// Try it with the means of payment, under the attempt's key.
    Confirm,
    /// End it at the provider.
    Cancel,
    /// Commit that the order goes on.
    Advance,
    /// Commit that the order is cancelled, and what it held given back.
    Release,
    /// Commit what was learned: the authorization has ended, and the order is not paid any more.
    Note,
    /// Give back what was captured for an order that is not there any more.
    Refund,
    /// Others go on: the buyer, the provider, the sweeper.
    Wait,
    /// What the provider has is not what the order comes to: for somebody to look at.
    Mismatch,
    Done,
}

/// What is to be done, with what the provider has said since it was begun.
pub fn next(held: &Held, report: Option<&Report>, now: Timestamp) -> Step {
    let Some(report) = report else {
        return match held.phase {
            Phase::Pending if held.is_known => Step::Fetch,
            Phase::Pending => Step::Create,
            Phase::Advanced if held.awaits_capture => Step::Fetch,
            Phase::Advanced | Phase::Released => Step::Done,
        };
    };
    let is_late = held.ends_at <= now;
    match (held.phase, report.standing) {
        (Phase::Pending, Standing::Cancelled) => Step::Release,
        (Phase::Pending, _) if report.amount != held.amount => Step::Mismatch,
        (Phase::Pending, Standing::Authorized | Standing::Captured) => Step::Advance,
        (Phase::Pending, Standing::Processing) => Step::Wait,
        (Phase::Pending, Standing::Open | Standing::Declined | Standing::ActionRequired) if is_late => Step::Cancel,
        // Whose means of payment was declined may bring another one until then.
        (Phase::Pending, Standing::Open | Standing::Declined) if held.has_means => Step::Confirm,
        (Phase::Pending, Standing::Open | Standing::Declined | Standing::ActionRequired) => Step::Wait,
        (Phase::Released, Standing::Captured) => Step::Refund,
        (Phase::Released, Standing::Open | Standing::Declined | Standing::ActionRequired | Standing::Authorized) => {
            Step::Cancel
        }
        // It has lapsed, or somebody has ended it in the moment in which it was authorized.
        (Phase::Advanced, Standing::Cancelled) if held.awaits_capture => Step::Note,
        (Phase::Advanced, _) | (Phase::Released, Standing::Processing | Standing::Cancelled) => Step::Done,
    }
}
