//! Limits that are asked for by the request's use case, in the round trip of a question of its own.

use std::sync::OnceLock;

use headlesspro_shared::kernel::time::Timestamp;

use super::joint::Joint;
use super::{Admission, Claims, Limiter};
use crate::port::clock::Clock;
use crate::port::kv::{Kv, KvError, Reply};

/// A request that is not counted yet. It asks the database for nothing before it is.
pub struct Postponed {
    claims: Claims,
    admission: OnceLock<Admission>,
}

impl Postponed {
    pub fn new(claims: Claims) -> Postponed {
        Postponed { claims, admission: OnceLock::new() }
    }

    /// Counts the request, once.
    pub async fn settle(&self, limiter: &Limiter, kv: &dyn Kv, clock: &dyn Clock) -> Admission {
        if let Some(admission) = self.admission.get() {
            return *admission;
        }
        let admission = limiter.admit(kv, clock, &self.claims).await;
        *self.admission.get_or_init(|| admission)
    }

    /// Counts the request of `now`, which is not counted yet, and has `joint` decided where it is let in.
    ///
    /// # Errors
    /// [`KvError`] of the decision's; the request is counted all the same.
    pub async fn settle_with(
        &self,
        limiter: &Limiter,
        kv: &dyn Kv,
        now: Timestamp,
        joint: &Joint,
    ) -> (Admission, Result<Option<Reply>, KvError>) {
        let (admission, decided) = limiter.admit_with(kv, now, &self.claims, joint).await;
        (*self.admission.get_or_init(|| admission), decided)
    }
}
