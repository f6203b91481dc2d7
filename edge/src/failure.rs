//! How a use case fails.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::limits::Subject;
use headlesspro_shared::organizations::OrganizationStatus;

use crate::port::entropy::NoEntropy;
use crate::port::kv::KvError;
use crate::port::sql::SqlError;

/// Why a use case did not do what was asked. `E` is the decision's own error, mapped by name at the edge.
#[derive(Debug)]
pub enum Failure<E> {
    /// Not there, or another tenant's: the two are not told apart.
    NotFound,
    Rejected(E),
    /// The same idempotency key came with another request.
    IdempotencyMismatch,
    Denied(Denied),
    Unavailable(Unavailable),
}

impl<E> Failure<E> {
    /// Whether less at once may go well: the database takes and answers no more.
    pub fn is_too_large(&self) -> bool {
        matches!(self, Failure::Unavailable(Unavailable::Sql(SqlError::TooLarge)))
    }

    /// The same failure, with a rejection of another use case's as this one's.
    pub fn map<F>(self, rejected: impl FnOnce(E) -> F) -> Failure<F> {
        match self {
            Failure::NotFound => Failure::NotFound,
            Failure::Rejected(error) => Failure::Rejected(rejected(error)),
            Failure::IdempotencyMismatch => Failure::IdempotencyMismatch,
            Failure::Denied(denied) => Failure::Denied(denied),
            Failure::Unavailable(unavailable) => Failure::Unavailable(unavailable),
        }
    }
}

/// The caller may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// No API key, or not in the form of one.
    NoCredentials,
    /// A key that is unknown, expired or revoked.
    BadCredentials,
    MissingScope(Scope),
    /// Too many requests: there may be another in so many seconds.
    Limited {
        subject: Subject,
        seconds: u64,
    },
    /// The credential is good, and its organization does no business.
    Shut(OrganizationStatus),
}

/// The organization's plan allows no more of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanExceeded {
    /// Its name in the plan.
    pub limit: &'static str,
    pub most: i64,
    /// How much there is.
    pub used: i64,
}

/// Something we depend on did not answer; trying again may help.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unavailable {
    #[error(transparent)]
    Sql(#[from] SqlError),
    #[error(transparent)]
    Kv(#[from] KvError),
    /// Redis, asked for a cart.
    #[error("{0}")]
    Carts(KvError),
    /// Whom a store asks for its taxes, where nothing is sold without an answer. Says why there was none.
    #[error("the tax provider: {0}")]
    Taxes(String),
    /// Whom a store takes payments by. Says why there was no answer.
    #[error("the payment provider: {0}")]
    PaymentProvider(String),
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
    /// Others kept changing the same things at the same moment.
    #[error("others change the same things at the same moment, again and again")]
    Contended,
    /// Data of ours that does not read back: a defect. Says which, never the data.
    #[error("stored data does not read back: {0}")]
    Corrupt(String),
}

impl Unavailable {
    /// Data of ours that does not read back; `what` says which, never the data.
    pub fn corrupt(what: impl Into<String>) -> Unavailable {
        Unavailable::Corrupt(what.into())
    }
}

/// What [`Ctx`](crate::app::Ctx) itself can fail with, before any use case decides.
#[derive(Debug)]
pub enum Halt {
    Denied(Denied),
    Unavailable(Unavailable),
}

impl Halt {
    /// The same, where Redis was asked for a cart.
    pub fn of_carts(self) -> Halt {
        match self {
            Halt::Unavailable(Unavailable::Kv(error)) => Halt::Unavailable(Unavailable::Carts(error)),
            halt => halt,
        }
    }
}

impl<E> From<Halt> for Failure<E> {
    fn from(halt: Halt) -> Failure<E> {
        match halt {
            Halt::Denied(denied) => Failure::Denied(denied),
            Halt::Unavailable(unavailable) => Failure::Unavailable(unavailable),
        }
    }
}

impl<E> From<Unavailable> for Failure<E> {
    fn from(unavailable: Unavailable) -> Failure<E> {
        Failure::Unavailable(unavailable)
    }
}

impl<E> From<SqlError> for Failure<E> {
    fn from(error: SqlError) -> Failure<E> {
        Failure::Unavailable(error.into())
    }
}

impl<E> From<KvError> for Failure<E> {
    fn from(error: KvError) -> Failure<E> {
        Failure::Unavailable(error.into())
    }
}

impl<E> From<NoEntropy> for Failure<E> {
    fn from(error: NoEntropy) -> Failure<E> {
        Failure::Unavailable(error.into())
    }
}

impl From<Unavailable> for Halt {
    fn from(unavailable: Unavailable) -> Halt {
        Halt::Unavailable(unavailable)
    }
}

impl From<SqlError> for Halt {
    fn from(error: SqlError) -> Halt {
        Halt::Unavailable(error.into())
    }
}

impl From<KvError> for Halt {
    fn from(error: KvError) -> Halt {
        Halt::Unavailable(error.into())
    }
}
