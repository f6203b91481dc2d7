//! Removing objects from the bucket whose files are gone, and files whose uploads never came to their end.

use std::sync::Arc;

use futures_util::future::join_all;
use headlesspro_shared::kernel::id::{Id, OrganizationId};
use headlesspro_shared::kernel::time::Timestamp;

use super::store::{self, Claimed};
use super::usecase;
use crate::app::{App, Ctx, Tenant};
use crate::failure::Unavailable;
use crate::jobs::{committed, is_over};
use crate::journal::{self, By, Change};
use crate::port::blob::{Bucket, BucketError};
use crate::port::sql::{Commit, Committed, Refusal, Sql};

const SECOND: i64 = 1_000;

/// An upload that was begun so long ago, in milliseconds, is not waited for any more: a day.
const ABANDONED: i64 = 86_400 * SECOND;

/// What is left behind by a move to another database is looked at so often, in milliseconds: once a day.
const AWAY: i64 = ABANDONED;

/// For so long a removal is one run's alone, in milliseconds.
const LEASE: i64 = 60 * SECOND;

/// The longest wait between two attempts, in milliseconds: six hours.
const LONGEST_WAIT: i64 = 21_600 * SECOND;

/// Objects removed at the same time: a Worker has six connections.
const AT_ONCE: i64 = 5;

/// No more are taken after this, in milliseconds: a Worker works on for 30 s, and one attempt may take 10.
const BUDGET: i64 = 15 * SECOND;

/// Organizations of a database, and abandoned uploads of each, that one run looks after; the rest is the next run's.
const MOST: i64 = 100;

/// What a run has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Removed {
    /// Objects that are gone.
    pub removed: u32,
    /// To be tried again.
    pub postponed: u32,
    /// Round trips to the database.
    pub round_trips: u32,
}

impl Removed {
    fn add(&mut self, other: Removed) {
        self.removed = self.removed.saturating_add(other.removed);
        self.postponed = self.postponed.saturating_add(other.postponed);
        self.round_trips = self.round_trips.saturating_add(other.round_trips);
    }
}

/// Removes what is due of the caller's organization once the response has left.
pub fn remove_later(ctx: &Ctx) {
    let (app, organization) = (Arc::clone(ctx.app()), ctx.tenant().organization);
    ctx.later(async move {
        let Some(bucket) = app.media() else { return };
        let sql = app.databases.of(organization);
        if let Err(error) = remove_of(&app, &**sql, bucket, organization, app.clock.now()).await {
            log::warn!("files wait for the job: {error}");
        }
    });
}

/// Removes what is due of every organization, as far as the time allows. For the job, which stands above tenants. A
/// deployment without a bucket has nothing to remove.
///
/// # Errors
/// [`Unavailable`] when a database does not answer; what is due in the others is removed.
pub async fn remove_all(app: &App) -> Result<Removed, Unavailable> {
    let Some(bucket) = app.media() else { return Ok(Removed::default()) };
    let started = app.clock.now();
    let (mut all, mut failed) = (Removed::default(), None);
    for (number, sql) in app.databases.all() {
        let sql = &**sql;
        let abandoned = later(started, ABANDONED.saturating_neg());
        all.round_trips = all.round_trips.saturating_add(1);
        let rows = match sql.read(vec![store::due(started, abandoned, MOST)]).await {
            Ok(rows) => rows,
            Err(error) => {
                failed = Some(Unavailable::from(error));
                continue;
            }
        };
        for organization in rows.first().map(store::due_of).transpose()?.unwrap_or_default() {
            if is_over(&*app.clock, started, BUDGET) {
                break;
            }
            let done = if app.databases.number_of(organization) == number {
                remove_of(app, sql, bucket, organization, started).await
            } else {
                // Its objects are those of where it lives now: nothing is removed but rows that nobody reads.
                let mut away = Commit::new();
                away.push(store::put_off(organization, started, later(started, AWAY)));
                away.push(store::abandon_away(organization, abandoned, MOST));
                committed(sql, &away).await.map(|_| Removed { round_trips: 1, ..Removed::default() })
            };
            match done {
                Ok(done) => all.add(done),
                Err(error) => failed = Some(error),
            }
        }
    }
    failed.map_or(Ok(all), Err)
}

async fn remove_of(
    app: &App,
    sql: &dyn Sql,
    bucket: &Bucket,
    organization: OrganizationId,
    started: Timestamp,
) -> Result<Removed, Unavailable> {
    let mut done = Removed { round_trips: abandon(app, sql, organization).await?, ..Removed::default() };
    loop {
        let now = app.clock.now();
        let mut claim = Commit::new();
        let claiming = claim.push(store::claim(organization, now, later(now, LEASE), AT_ONCE));
        let rows = committed(sql, &claim).await?;
        done.round_trips = done.round_trips.saturating_add(1);
        let claimed = rows.get(claiming).map(store::claimed_of).transpose()?.unwrap_or_default();
        if claimed.is_empty() {
            return Ok(done);
        }
        let removals = claimed.iter().map(|one| bucket.remove(&one.object_key, now));
        let outcomes = join_all(removals).await;
        let mut settle = Commit::new();
        let mut gone = Vec::new();
        for (one, outcome) in claimed.iter().zip(&outcomes) {
            match settled(one, outcome, app.clock.now()) {
                None => gone.push(one.object_key.as_str()),
                Some(until) => drop(settle.push(store::postpone(organization, &one.object_key, until))),
            }
            let count = if outcome.is_ok() { &mut done.removed } else { &mut done.postponed };
            *count = count.saturating_add(1);
        }
        settle.push(store::removed(organization, &gone));
        committed(sql, &settle).await?;
        done.round_trips = done.round_trips.saturating_add(1);
        // A bucket that is away is not asked for the rest.
        if outcomes.iter().all(Result::is_err) || is_over(&*app.clock, started, BUDGET) {
            return Ok(done);
        }
    }
}

/// Removes files whose uploads never came to their end, each with its line in the audit log. Answers the round trips.
async fn abandon(app: &App, sql: &dyn Sql, organization: OrganizationId) -> Result<u32, Unavailable> {
    let now = app.clock.now();
    let rows = sql.read(vec![store::abandoned(organization, later(now, ABANDONED.saturating_neg()), MOST)]).await?;
    let abandoned = rows.first().map(store::abandoned_of).transpose()?.unwrap_or_default();
    if abandoned.is_empty() {
        return Ok(1);
    }
    let mut commit = Commit::new();
    for (store, file) in abandoned {
        for statement in store::abandon(organization, file.id, now) {
            commit.push(statement);
        }
        // It was uploaded or removed meanwhile: the next run looks again at the others.
        commit.push(store::guard_changed());
        let mut random = [0; 10];
        app.entropy.fill(&mut random)?;
        let by = By { actor: "job", request_id: "job", now };
        let change = Change::new("file.abandon", file.id).before(usecase::state(&file));
        commit.push(journal::audit_by(Tenant { organization, store }, Id::new(now, random), by, change));
    }
    match sql.commit(&commit).await? {
        Committed::Done { .. } | Committed::Refused { refusal: Refusal::Constraint { .. }, .. } => Ok(2),
        Committed::Refused { refusal, .. } => Err(Unavailable::corrupt(format!("a commit was refused: {refusal:?}"))),
    }
}

/// When an object is to be removed again; `None` where it is gone for good.
fn settled(one: &Claimed, outcome: &Result<(), BucketError>, now: Timestamp) -> Option<Timestamp> {
    match outcome {
        Ok(()) => Some(one.uploads_end_at).filter(|end| now < *end),
        Err(error) => {
            log::warn!("an object of the bucket is removed later: {error}");
            let doublings = u32::try_from(one.attempts.clamp(0, 20)).unwrap_or_default();
            let wait = SECOND.saturating_mul(30).saturating_mul(1_i64.checked_shl(doublings).unwrap_or(i64::MAX));
            Some(later(now, wait.min(LONGEST_WAIT)))
        }
    }
}

fn later(now: Timestamp, millis: i64) -> Timestamp {
    now.checked_add_millis(millis).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_removed_again_when_no_upload_can_bring_it_back() {
        let now = Timestamp::from_millis(1_000_000);
        let one = |attempts, end| Claimed {
            object_key: String::new(),
            attempts,
            uploads_end_at: Timestamp::from_millis(end),
        };
        assert_eq!(settled(&one(1, 1_000_001), &Ok(()), now), Some(Timestamp::from_millis(1_000_001)));
        assert_eq!(settled(&one(2, 1_000_000), &Ok(()), now), None);
        let after =
            |attempts| settled(&one(attempts, 0), &Err(BucketError::Silent), now).unwrap().millis() - now.millis();
        assert_eq!([after(1), after(2), after(60)], [60_000, 120_000, LONGEST_WAIT]);
    }
}
