//! What all writes of this context have in common.

use headlesspro_shared::catalog::source::Fault;
pub use headlesspro_shared::kernel::page::page;

use crate::failure::{Failure, Unavailable};
pub use crate::journal::{Made, first_answer, make, tell};
use crate::port::sql::{Constraint, Refusal};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteError {
    /// Fields of the request.
    Invalid(Vec<Fault>),
    TooMany(Most),
    /// Another list is based on it.
    IsABase,
    VersionMismatch {
        current: i64,
    },
    /// Others are changing the same.
    Changing,
}

/// Of what a store or organization has no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Most {
    Lists,
    /// Of the lists that are active and not over, and of what others are based on.
    Bytes,
    Rules,
    /// Of one target in one currency.
    Tiers,
    Groups,
    Pairs,
    /// Of one pair.
    Rates,
}

pub type Outcome<T> = Result<T, Failure<WriteError>>;

pub fn rejected<T>(error: WriteError) -> Outcome<T> {
    Err(Failure::Rejected(error))
}

pub fn invalid<T>(faults: Vec<Fault>) -> Outcome<T> {
    rejected(WriteError::Invalid(faults))
}

pub fn fault(path: impl Into<String>, reason: impl Into<String>) -> Fault {
    Fault { path: path.into(), reason: reason.into() }
}

/// Refuses a write of what is at another version than the caller says.
pub fn expect(expected: Option<i64>, current: i64) -> Outcome<()> {
    match expected {
        Some(version) if version != current => rejected(WriteError::VersionMismatch { current }),
        _ => Ok(()),
    }
}

pub fn is(refusal: &Refusal, kind: Constraint) -> bool {
    matches!(refusal, Refusal::Constraint { constraint, .. } if *constraint == kind)
}

pub fn unexplained(refusal: &Refusal) -> Failure<WriteError> {
    Failure::Unavailable(Unavailable::Corrupt(format!("a write of prices was refused: {refusal:?}")))
}
