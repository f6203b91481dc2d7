//! Rate limits at the edge: each request takes a unit from several buckets at once or from none.
//!
//! The buckets are in Redis, so that all isolates count together ([`script`]); the same round trip tells which
//! credentials are revoked, and what else was asked for. Most requests make none: an isolate takes several units of a
//! busy bucket at once and serves from them for 5 s at most (`lease`), refuses by itself while it knows that a bucket
//! is empty, and believes a verdict on a credential for 30 s. Redis gives what an isolate takes, so the limit holds
//! whatever the number of isolates.
//!
//! A Redis that does not answer within half a second is away: requests are then counted in the isolate alone,
//! by the same rule, and one probe a second, after a response, finds out when it is back.

mod address;
mod away;
mod buckets;
pub mod joint;
mod lease;
mod postponed;
mod revocations;
pub mod script;

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use headlesspro_shared::kernel::id::OrganizationId;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::limits::{Class, Limits, Subject};

pub use address::ClientAddress;
pub use buckets::Decision;
pub use joint::Joint;
pub use postponed::Postponed;
pub use revocations::Revoked;

use self::away::Away;
use self::buckets::{Buckets, Counted};
use self::revocations::Revocations;
use self::script::{Answer, Ask, LIMITS};
use crate::port::clock::Clock;
use crate::port::kv::{Command, Kv, KvError, Reply};

/// The longest a request waits for Redis before it is decided without: several times what an answer takes
/// across a continent.
const ANSWER_WITHIN: Duration = Duration::from_millis(500);

/// Whom a request is counted for, and which credentials of its may be revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    pub class: Class,
    /// `None`: the host's platform does not tell it.
    pub address: Option<ClientAddress>,
    pub caller: Option<Payer>,
    /// Of a caller that is verified. For one that only claims to belong to it, nothing of the organization's is
    /// used up: anyone may claim.
    pub organization: Option<OrganizationId>,
    /// Keys of Redis' that hold the moments before which the caller's credentials are void.
    pub revocations: Vec<String>,
    /// Whether the caller gets another token for one from before the epoch: then that is void.
    pub is_renewable: bool,
}

/// Whom a request with a credential is counted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payer {
    /// An API key, by a hash of its whole text: whoever guesses one uses up nothing of the right one's.
    Key(String),
    /// An account, verified.
    Account(String),
}

/// What is said of a request before it is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admission {
    pub decision: Decision,
    /// Of the credentials; not asked for where the request is refused.
    pub revoked: Revoked,
    /// Round trips to Redis.
    pub round_trips: u32,
}

/// The limits, and what one isolate or process holds of them.
pub struct Limiter {
    limits: Limits,
    buckets: Buckets,
    revocations: Revocations,
    away: Away,
}

impl Limiter {
    pub fn new(limits: Limits) -> Limiter {
        Limiter { limits, buckets: Buckets::default(), revocations: Revocations::default(), away: Away::default() }
    }

    /// Takes a unit for the request from all buckets it is counted in, or from none. Never fails: where Redis
    /// does not answer, this isolate decides alone.
    pub async fn admit(&self, kv: &dyn Kv, clock: &dyn Clock, claims: &Claims) -> Admission {
        self.admit_reading(kv, clock, claims, &[]).await.0
    }

    /// As [`admit`](Limiter::admit), and where Redis is asked anyway, with the values of some keys, in their order; none
    /// at all where it is not.
    pub async fn admit_reading(
        &self,
        kv: &dyn Kv,
        clock: &dyn Clock,
        claims: &Claims,
        keys: &[String],
    ) -> (Admission, Vec<Option<String>>) {
        let now = clock.now();
        let counted = self.counted(claims);
        let unknown = self.revocations.unknown(&claims.revocations, now);
        let reserved = self.buckets.reserve(&counted, now);
        let mut round_trips = 0;
        let mut answer = None;
        let asks = reserved.asks();
        let has_question = !asks.is_empty() || !unknown.is_empty();
        if has_question && !reserved.is_refused() && !self.away.is_away() {
            round_trips = 1;
            let wanted: Vec<String> = unknown.iter().chain(keys).cloned().collect();
            answer = self.ask(kv, clock, now, &asks, &wanted).await;
        }
        let mut found = Vec::new();
        if let Some(answer) = &mut answer {
            found = answer.values.split_off(unknown.len().min(answer.values.len()));
            self.revocations.heard(&unknown, answer, now);
        }
        let decision = reserved.decide(answer.as_ref());
        let revoked = self.revocations.of(&claims.revocations, claims.is_renewable, now);
        (Admission { decision, revoked, round_trips }, found)
    }

    /// As [`admit`](Limiter::admit), for a caller without revocations and with something to be decided in the same
    /// round trip, which is made in any case but that of a refusal by what is known here. `None`: the request is
    /// refused, and nothing was decided.
    ///
    /// `now` is the request's moment, by which the tokens that it may be given are dated: where the call begins the
    /// epoch of an empty Redis, they must not be older.
    pub(super) async fn admit_with(
        &self,
        kv: &dyn Kv,
        now: Timestamp,
        claims: &Claims,
        joint: &Joint,
    ) -> (Admission, Result<Option<Reply>, KvError>) {
        let counted = self.counted(claims);
        let reserved = self.buckets.reserve(&counted, now);
        let admission = |decision, round_trips| Admission { decision, revoked: Revoked::Before(None), round_trips };
        if reserved.is_refused() {
            return (admission(reserved.decide(None), 0), Ok(None));
        }
        let asks = if self.away.is_away() { Vec::new() } else { reserved.asks() };
        let (keys, args) = joint.call(now, &asks);
        // The use case waits for its answer anyway.
        let reply = kv.script(joint.script, keys, args).await;
        let (answer, decided) = match reply {
            Ok(reply) => match joint::answers(reply) {
                Some((limited, decided)) => (self.read(Ok(limited), &asks, &[], now), Ok(decided)),
                None => (None, Err(joint::garbage())),
            },
            Err(error) => (self.read(Err(error.clone()), &asks, &[], now), Err(error)),
        };
        let decision = reserved.decide(answer.as_ref().filter(|_| !asks.is_empty()));
        let decided = if decision.refused.is_some() { Ok(None) } else { decided };
        (admission(decision, 1), decided)
    }

    /// The values of some keys, for a request whose admission asked Redis nothing, and unless it is away. `None`: it does
    /// not answer.
    pub async fn values(&self, kv: &dyn Kv, clock: &dyn Clock, keys: &[String]) -> Option<Vec<Option<String>>> {
        let words = ["MGET".to_owned()].into_iter().chain(keys.iter().cloned());
        let wanted = pin!(kv.command(Command(words.collect())));
        let reply = match select(wanted, clock.sleep(ANSWER_WITHIN)).await {
            Either::Left((reply, _)) => reply,
            Either::Right(((), _)) => Err(KvError::Timeout),
        };
        match reply {
            Ok(Reply::Array(values)) => Some(values.into_iter().map(text_of).collect()),
            Ok(_) => None,
            Err(error) => {
                self.lost(&error, clock.now());
                None
            }
        }
    }

    /// Whether Redis is away, so that this isolate is on its own.
    pub fn is_alone(&self) -> bool {
        self.away.is_away()
    }

    /// Whether the caller shall [`probe`](Limiter::probe), after its response.
    pub fn is_probe_due(&self, now: Timestamp) -> bool {
        self.away.is_probe_due(now)
    }

    /// Finds out whether Redis is back.
    pub async fn probe(&self, kv: &dyn Kv) {
        if let Ok(Reply::Text(_)) = kv.command(Command::new(["PING"])).await {
            self.away.found();
            log::info!("rate limits: Redis answers again");
        }
    }

    async fn ask(
        &self,
        kv: &dyn Kv,
        clock: &dyn Clock,
        now: Timestamp,
        asks: &[Ask],
        values: &[String],
    ) -> Option<Answer> {
        let (keys, args) = script::call(now, asks, values);
        let reply = match select(kv.script(&LIMITS, keys, args), clock.sleep(ANSWER_WITHIN)).await {
            Either::Left((reply, _)) => reply,
            Either::Right(((), _)) => Err(KvError::Timeout),
        };
        self.read(reply, asks, values, now)
    }

    /// Reads an answer of the script's, or learns that there is none.
    fn read(&self, reply: Result<Reply, KvError>, asks: &[Ask], values: &[String], now: Timestamp) -> Option<Answer> {
        let answer = reply.map(|reply| (script::answer(&reply, asks.len(), values.len(), now), reply));
        match answer {
            Ok((Some(answer), _)) => Some(answer),
            // One bucket that does not read back is no reason to leave all others alone. What it says is no log's to have.
            Ok((None, reply)) => {
                log::error!("rate limits: Redis answered {}", reply.shape());
                None
            }
            Err(error) => {
                self.lost(&error, now);
                None
            }
        }
    }

    fn lost(&self, error: &KvError, now: Timestamp) {
        if self.away.lost(now) {
            log::warn!("rate limits: counting here alone, because {error}");
        }
    }

    fn counted(&self, claims: &Claims) -> Vec<Counted> {
        let bucket = |subject: Subject, id: &str| Counted {
            subject,
            key: format!("rl:{}:{}:{id}", claims.class.name(), subject.name()),
            limit: self.limits.of(claims.class, subject),
        };
        let address = match (claims.address, claims.organization) {
            (Some(address), _) => Some(bucket(Subject::Address, &address.counted_as())),
            // Whoever is neither known nor to be told apart shares one bucket.
            (None, None) => Some(bucket(Subject::Address, "unknown")),
            (None, Some(_)) => None,
        };
        let caller = claims.caller.as_ref().map(|caller| match caller {
            Payer::Key(hash) => bucket(Subject::Key, hash),
            Payer::Account(id) => bucket(Subject::Account, id),
        });
        let organization = claims.organization.map(|id| bucket(Subject::Organization, &id.to_string()));
        [address, caller, organization].into_iter().flatten().collect()
    }
}

fn text_of(value: Reply) -> Option<String> {
    match value {
        Reply::Text(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
