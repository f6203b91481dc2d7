//! What all writes of this context have in common.

use headlesspro_shared::catalog::source::Fault;

use crate::failure::{Failure, Unavailable};
use crate::port::sql::{Constraint, Refusal};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InventoryError {
    /// Fields of the request.
    Invalid(Vec<Fault>),
    /// The store has 100 already.
    TooManyLocations,
    /// The one where products and imports count.
    LocationIsDefault,
    VersionMismatch {
        current: i64,
    },
    /// Others are changing the same.
    Changing,
}

pub type Outcome<T> = Result<T, Failure<InventoryError>>;

pub fn rejected<T>(error: InventoryError) -> Outcome<T> {
    Err(Failure::Rejected(error))
}

pub fn invalid<T>(path: impl Into<String>, reason: impl Into<String>) -> Outcome<T> {
    rejected(InventoryError::Invalid(vec![Fault { path: path.into(), reason: reason.into() }]))
}

/// Refuses a write of what is at another version than the caller says.
pub fn expect(expected: Option<i64>, current: i64) -> Outcome<()> {
    match expected {
        Some(version) if version != current => rejected(InventoryError::VersionMismatch { current }),
        _ => Ok(()),
    }
}

pub fn is(refusal: &Refusal, kind: Constraint) -> bool {
    matches!(refusal, Refusal::Constraint { constraint, .. } if *constraint == kind)
}

pub fn unexplained(refusal: &Refusal) -> Failure<InventoryError> {
    Failure::Unavailable(Unavailable::Corrupt(format!("a write of the inventory was refused: {refusal:?}")))
}
