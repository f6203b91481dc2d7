//! Who takes payments: one face for all of them.
//!
//! Every call may be repeated: what it is for names it, so that a provider does it once. Whoever hears no answer knows
//! nothing, and asks again.

mod manual;
mod sandbox;
mod stripe;

pub use manual::Manual;
pub use sandbox::Sandbox;
pub use stripe::Stripe;

use std::str::FromStr;

use headlesspro_shared::kernel::id::{PaymentId, RefundId};
use headlesspro_shared::kernel::money::Money;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::payments::{Capabilities, RefundState, Report};
use http::HeaderMap;

use crate::port::BoxFuture;

/// The kinds of providers that a store can set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Takes no money: its tokens say what comes of a payment.
    Sandbox,
    Stripe,
}

impl Kind {
    pub const ALL: [Kind; 2] = [Kind::Sandbox, Kind::Stripe];

    pub const fn name(self) -> &'static str {
        match self {
            Kind::Sandbox => "sandbox",
            Kind::Stripe => "stripe",
        }
    }
}

/// The name is none of a provider's kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be sandbox or stripe")]
pub struct UnknownKind;

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Kind, UnknownKind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == text).ok_or(UnknownKind)
    }
}

/// The payment that a call is about.
#[derive(Debug, Clone)]
pub struct Call {
    pub payment: PaymentId,
    /// What the provider calls it; `None`: nobody knows whether it is there.
    pub reference: Option<String>,
    pub amount: Money,
    /// Whether money is captured by another call.
    pub captures_later: bool,
    /// Where the buyer comes back to; `None`: he never leaves the shop.
    pub return_url: Option<String>,
}

/// How the buyer pays: what the provider's own form has given for it.
#[derive(Debug, Clone)]
pub struct Means {
    pub token: String,
    /// Where the buyer comes back to.
    pub return_url: Option<String>,
}

/// What a provider says of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What it calls it; `None`: it has none, and will have none.
    pub reference: Option<String>,
    pub report: Report,
    /// What the buyer has to do.
    pub action: Option<BuyerAction>,
    /// Its word for why a means of payment was declined.
    pub declined_for: Option<String>,
}

/// What a buyer has to do before a payment goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuyerAction {
    /// Go there.
    Url(String),
    /// Whatever the provider's own code, on the shop's page, asks for with this.
    ClientSecret(String),
}

/// What a provider says of a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundSaid {
    pub state: RefundState,
    pub reference: Option<String>,
    pub failed_for: Option<String>,
}

/// Nobody knows what has come of a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoAnswer(pub String);

/// What a provider tells by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub event: String,
    pub name: String,
    /// Of which payment; `None`: of something else.
    pub payment: Option<PaymentId>,
    /// Of which of its refunds.
    pub refund: Option<RefundId>,
}

/// Why what has come is not a provider's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAuthentic {
    #[error("the signature does not match")]
    Signature,
    #[error("it was signed too long ago, or in the future")]
    Time,
    #[error("the body is not an event of this provider")]
    Body,
}

/// Whoever takes payments.
pub trait Provider: Send + Sync {
    fn capabilities(&self) -> Capabilities;

    /// Makes it, under a key that follows from its id: whoever makes it again gets the same, as it stands by then.
    fn create<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Said, NoAnswer>>;

    /// Tries it with a means of payment, once for each number of an attempt.
    fn confirm<'a>(&'a self, call: &'a Call, means: &'a Means, attempt: i64) -> BoxFuture<'a, Result<Said, NoAnswer>>;

    /// Captures what was authorized, once. Where it says something else than that it is captured, it did not.
    fn capture<'a>(&'a self, call: &'a Call, amount: i64) -> BoxFuture<'a, Result<Said, NoAnswer>>;

    /// Ends it without money, where that can still be done, and says how it stands.
    fn void<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Said, NoAnswer>>;

    /// Gives money back, once for each refund.
    fn refund<'a>(
        &'a self,
        call: &'a Call,
        refund: RefundId,
        amount: i64,
    ) -> BoxFuture<'a, Result<RefundSaid, NoAnswer>>;

    /// How it stands.
    fn fetch<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Said, NoAnswer>>;

    /// What a webhook says, once it is sure who sent it.
    ///
    /// # Errors
    /// [`NotAuthentic`].
    fn parse_webhook(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Told, NotAuthentic>;
}
