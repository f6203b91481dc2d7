//! What every commit writes beside its change: domain events (the outbox), the idempotency record, the
//! audit row.

mod chain;
mod change;
mod http;
pub mod openapi;
mod store;
pub mod told;
mod usecase;
mod writing;

pub use chain::{from_hex as digest_from_hex, to_hex as digest_to_hex};
pub use change::{Change, MASKED, MASKED_CHANGED, PERSONAL};
pub use http::{created, routes};
pub use store::{
    By, Event, Payload, Recorded, announce, announcement, announcement_once, audit, audit_by, events,
    idempotency_record, record, recorded,
};
pub use usecase::{Verified, verify};
pub use writing::{Made, first_answer, make, tell};

use crate::app::{Ctx, Tenant};
use crate::extract::IdempotencyKey;
use crate::failure::{Failure, Unavailable};
use crate::port::entropy::{Entropy, NoEntropy};
use crate::port::sql::Rows;
use crate::vault::{DataKey, Place, Purpose};

/// An idempotency key with the fingerprint of the request it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// SHA-256 of who asks and of the client's key, in hex: two callers with one key are two requests.
    pub key: String,
    /// The keyed hash of the request: a body may hold what could be guessed from a plain one.
    pub fingerprint: String,
}

/// A first answer's body as it is kept where it holds personal data: sealed for its key's place.
///
/// # Errors
/// [`NoEntropy`] when the host has no randomness.
pub fn seal_body(
    tenant: Tenant,
    claim: &Claim,
    body: &str,
    key: &DataKey,
    entropy: &dyn Entropy,
) -> Result<String, NoEntropy> {
    key.seal(place(tenant, &row(tenant, claim)), body.as_bytes(), entropy)
}

/// A first answer with the body that [`seal_body`] has sealed.
///
/// # Errors
/// [`Unavailable`] when it does not open.
pub fn open_body(tenant: Tenant, claim: &Claim, first: Recorded, key: &DataKey) -> Result<Recorded, Unavailable> {
    let body = key.open_text(place(tenant, &row(tenant, claim)), &first.body);
    let body = body.map_err(|error| Unavailable::Corrupt(format!("a first answer: {error}")))?;
    Ok(Recorded { body, ..first })
}

/// A store's id has no separator in it, whatever the client put into the key.
fn row(tenant: Tenant, claim: &Claim) -> String {
    format!("{}|{}", tenant.store, claim.key)
}

fn place(tenant: Tenant, row: &str) -> Place<'_> {
    Place { organization: tenant.organization, table: "idempotency_record", column: "body", row }
}

/// The answer to a request that makes something: the first one, or the same again.
pub struct Answered {
    /// Where what was made is; empty where it is nowhere but in the body.
    pub location: String,
    /// JSON.
    pub body: String,
    pub is_replay: bool,
}

impl Answered {
    pub fn first(location: String, body: String) -> Answered {
        Answered { location, body, is_replay: false }
    }
}

impl From<Recorded> for Answered {
    fn from(first: Recorded) -> Answered {
        Answered { location: first.location, body: first.body, is_replay: true }
    }
}

/// As [`replay`], of an answer that [`seal_body`] has sealed.
///
/// # Errors
/// [`Failure::IdempotencyMismatch`] when the key came with another request.
pub fn replay_sealed<E>(
    tenant: Tenant,
    claim: Option<&Claim>,
    rows: Option<&Rows>,
    key: &DataKey,
) -> Result<Option<Recorded>, Failure<E>> {
    let Some((claim, first)) = claim.zip(replay(claim, rows)?) else { return Ok(None) };
    Ok(Some(open_body(tenant, claim, first, key)?))
}

/// The first answer to a claim, in the rows of [`idempotency_record`]. None without a claim.
///
/// # Errors
/// [`Failure::IdempotencyMismatch`] when the key came with another request.
pub fn replay<E>(claim: Option<&Claim>, rows: Option<&Rows>) -> Result<Option<Recorded>, Failure<E>> {
    let (Some(claim), Some(rows)) = (claim, rows) else { return Ok(None) };
    claim.replay(recorded(rows)?)
}

impl Claim {
    pub fn new(ctx: &Ctx, key: &IdempotencyKey, body: &[u8]) -> Claim {
        let (organization, request) = (ctx.tenant().organization, key.fingerprint(body));
        let keyed = ctx.app().vault.lookup.mac(organization, Purpose::Repeat, request.as_bytes());
        Claim { key: key.of_caller(&ctx.caller_name()), fingerprint: hex::encode(keyed) }
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
