//! What every commit writes beside its change: domain events (the outbox), the idempotency record, the
//! audit row.

mod chain;
mod change;
mod http;
pub mod openapi;
mod store;
mod usecase;

pub use chain::{from_hex as digest_from_hex, to_hex as digest_to_hex};
pub use change::{Change, PERSONAL};
pub use http::routes;
pub use store::{
    By, Event, Recorded, audit, audit_by, events, idempotency_record, record, record_from_order, recorded,
};
pub use usecase::{Verified, verify};

use crate::extract::IdempotencyKey;
use crate::failure::Failure;

/// An idempotency key with the fingerprint of the request it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub key: String,
    pub fingerprint: String,
}

impl Claim {
    pub fn new(key: &IdempotencyKey, body: &[u8]) -> Claim {
        Claim { key: key.as_str().to_owned(), fingerprint: key.fingerprint(body) }
    }

    /// The first answer, if it was an answer to this very request.
    ///
    /// # Errors
    /// [`Failure::IdempotencyMismatch`] when the key came with another request.
    pub fn replay<E>(&self, recorded: Option<Recorded>) -> Result<Option<Recorded>, Failure<E>> {
        match recorded {
            Some(recorded) if recorded.fingerprint != self.fingerprint => Err(Failure::IdempotencyMismatch),
            recorded => Ok(recorded),
        }
    }
}
