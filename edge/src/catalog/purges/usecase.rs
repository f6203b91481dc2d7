//! Telling the CDN, right after a commit and from the job.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use headlesspro_shared::catalog::{PURGE_WORTH_MILLIS, next_purge};
use headlesspro_shared::kernel::id::{OrganizationId, PurgeId, StoreId};
use headlesspro_shared::kernel::time::Timestamp;

use crate::app::{App, Ctx};
use crate::catalog::shown::catalog_tag;
use crate::catalog::store::purge::{self, Claimed};
use crate::failure::Unavailable;
use crate::jobs::{committed, is_over};
use crate::port::clock::Clock;
use crate::port::purger::{CachePurger, PurgeError};
use crate::port::sql::{Commit, DatabaseNumber, Sql};

/// Between the attempts right after a response.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(2)];

/// No further one is begun so many milliseconds after the first: each may take ten seconds, and the job takes over after
/// twenty.
const RETRIED: i64 = 5_000;

/// Purges of an organization that lives in another database are looked at so often, in milliseconds: once a day.
const AWAY: i64 = PURGE_WORTH_MILLIS;

/// Organizations whose purges one call tells of, at most.
const ORGANIZATIONS: i64 = 40;

/// Purges that are given up with each claim, at most: a commit has the write lock for as long as it takes.
const GIVEN_UP: i64 = 1_000;

/// No more are taken after this, in milliseconds: a Worker works on for 30 s, and one call, which is all that a claim
/// needs, may take 10. So the lease of what was taken, a minute, has not ended by then.
const BUDGET: i64 = 15_000;

/// What a run of the job has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PurgeRun {
    /// Commits of which the CDN was told.
    pub sent: u32,
    /// To be told again.
    pub postponed: u32,
    /// Given up.
    pub failed: u32,
    /// Round trips to the database.
    pub round_trips: u32,
}

impl PurgeRun {
    fn add(&mut self, other: PurgeRun) {
        self.sent = self.sent.saturating_add(other.sent);
        self.postponed = self.postponed.saturating_add(other.postponed);
        self.failed = self.failed.saturating_add(other.failed);
        self.round_trips = self.round_trips.saturating_add(other.round_trips);
    }
}

/// Has the CDN take back `tags` once the response has left, and forgets what the commit has kept of it. What comes
/// between is left to the job.
pub fn send_later(ctx: &Ctx, id: PurgeId, tags: Vec<String>) {
    let (app, organization) = (Arc::clone(ctx.app()), ctx.tenant().organization);
    ctx.later(async move {
        let Some(cdn) = app.cdn() else { return };
        if let Err(error) = sent_soon(&**cdn, &*app.clock, &tags).await {
            log::warn!("{} tags wait for the job, which has the CDN take them back: {error}", tags.len());
            return;
        }
        let mut done = Commit::new();
        done.push(purge::remove(organization, &[id]));
        if let Err(error) = committed(&**app.databases.of(organization), &done).await {
            log::warn!("the CDN is told once more by the job: {error}");
        }
    });
}

/// With two repeats, unless the CDN asks for more time than there is.
async fn sent_soon(cdn: &dyn CachePurger, clock: &dyn Clock, tags: &[String]) -> Result<(), PurgeError> {
    let started = clock.now();
    for pause in PAUSES {
        match cdn.purge(tags.to_vec()).await {
            Err(error) if error.retry_after().is_none() && !is_over(clock, started, RETRIED) => {
                clock.sleep(pause).await;
            }
            settled => return settled,
        }
    }
    cdn.purge(tags.to_vec()).await
}

/// Has the CDN take back what is due of every organization, as far as the time allows. For the job, which stands above
/// tenants: all databases at once, so that one that is away keeps nothing of another's waiting. A deployment without a
/// CDN has nothing to tell.
///
/// # Errors
/// [`Unavailable`] when a database does not answer; what is due in the others is told.
pub async fn send_all(app: &App) -> Result<PurgeRun, Unavailable> {
    let Some(cdn) = app.cdn() else { return Ok(PurgeRun::default()) };
    let run = Run { app, cdn: &**cdn, started: app.clock.now(), is_cdn_away: AtomicBool::new(false) };
    let runs = app.databases.all().map(|(number, sql)| run.send_in(number, &**sql));
    let (mut all, mut failed) = (PurgeRun::default(), None);
    for done in join_all(runs).await {
        match done {
            Ok(done) => all.add(done),
            Err(error) => {
                if let Some(other) = failed.replace(error) {
                    log::error!("purges: {other}");
                }
            }
        }
    }
    failed.map_or(Ok(all), Err)
}

/// What the databases of one run have in common.
struct Run<'a> {
    app: &'a App,
    cdn: &'a dyn CachePurger,
    started: Timestamp,
    /// It has refused a call, or not answered one: it is not asked for more, of whatever database.
    is_cdn_away: AtomicBool,
}

type OfOrganizations = Vec<(OrganizationId, Vec<Claimed>)>;

impl Run<'_> {
    /// Those of the organizations in one database: claim after claim, each told in one call and settled at once.
    async fn send_in(&self, number: DatabaseNumber, sql: &dyn Sql) -> Result<PurgeRun, Unavailable> {
        let mut done = PurgeRun::default();
        while !self.is_cdn_away.load(Ordering::SeqCst) && !is_over(&*self.app.clock, self.started, BUDGET) {
            let claimed = self.claim(number, sql, &mut done).await?;
            if claimed.is_empty() {
                break;
            }
            let told = self.cdn.purge(tags_of(&claimed, self.cdn.most_tags())).await;
            let mut settle = Commit::new();
            for (organization, purges) in &claimed {
                done.add(settled(&mut settle, *organization, purges, told.as_ref().err(), self.app.clock.now()));
            }
            if let Err(error) = told {
                self.is_cdn_away.store(true, Ordering::SeqCst);
                log::warn!("purges are sent again later: {error}");
            }
            committed(sql, &settle).await?;
            done.round_trips = done.round_trips.saturating_add(1);
        }
        Ok(done)
    }

    /// Takes due purges for as long as the lease, of no more stores than a call has tags. First those go that are too
    /// old, whether they are due or not: a CDN that refuses its token would leave more and more behind.
    async fn claim(
        &self,
        number: DatabaseNumber,
        sql: &dyn Sql,
        done: &mut PurgeRun,
    ) -> Result<OfOrganizations, Unavailable> {
        let (databases, now) = (&self.app.databases, self.app.clock.now());
        let most = i64::try_from(self.cdn.most_tags()).unwrap_or(i64::MAX);
        done.round_trips = done.round_trips.saturating_add(1);
        let rows = sql.read(vec![purge::due(now, most.min(ORGANIZATIONS))]).await?;
        let due = rows.first().map(purge::due_of).transpose()?.unwrap_or_default();
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let of_each = most.checked_div(i64::try_from(due.len()).unwrap_or(most)).unwrap_or_default().max(1);
        let (mut claim, mut claims) = (Commit::new(), Vec::new());
        let given_up = claim.push(purge::give_up(later(now, PURGE_WORTH_MILLIS.saturating_neg()), GIVEN_UP));
        for organization in due {
            if databases.number_of(organization) == number {
                claims.push((organization, claim.push(purge::claim(organization, now, of_each, most))));
            } else {
                // What was left behind by a move is told from where the organization lives now, or has been.
                claim.push(purge::put_off(organization, now, later(now, AWAY)));
            }
        }
        let rows = committed(sql, &claim).await?;
        done.round_trips = done.round_trips.saturating_add(1);
        let given_up = rows.get(given_up).map_or(0, |rows| u32::try_from(rows.affected).unwrap_or(u32::MAX));
        if 0 < given_up {
            log::error!("a CDN was not told for a day what {given_up} writes have changed");
            done.failed = done.failed.saturating_add(given_up);
        }
        let mut claimed = Vec::new();
        for (organization, at) in claims {
            let purges = rows.get(at).map(purge::claimed_of).transpose()?.unwrap_or_default();
            if !purges.is_empty() {
                claimed.push((organization, purges));
            }
        }
        Ok(claimed)
    }
}

/// What is to be told of them, each tag once, and no more than `most` where they are of no more stores: instead of all
/// their own tags the stores with most of them have the one that every answer of theirs has.
fn tags_of(claimed: &[(OrganizationId, Vec<Claimed>)], most: usize) -> Vec<String> {
    let mut of_stores: BTreeMap<StoreId, BTreeSet<String>> = BTreeMap::new();
    for purge in claimed.iter().flat_map(|(_, purges)| purges) {
        let tags = of_stores.entry(purge.store).or_default();
        match &purge.tags {
            Some(of_purge) => tags.extend(of_purge.iter().cloned()),
            None => drop(tags.insert(catalog_tag(purge.store))),
        }
    }
    for (store, tags) in &mut of_stores {
        // What else it would be told of is among all of it.
        if tags.contains(&catalog_tag(*store)) {
            *tags = BTreeSet::from([catalog_tag(*store)]);
        }
    }
    let mut total = of_stores.values().map(BTreeSet::len).fold(0, usize::saturating_add);
    let mut largest: Vec<_> = of_stores.iter_mut().collect();
    largest.sort_by_key(|(_, tags)| Reverse(tags.len()));
    for (store, tags) in largest {
        if total <= most {
            break;
        }
        total = total.saturating_sub(tags.len()).saturating_add(1);
        *tags = BTreeSet::from([catalog_tag(*store)]);
    }
    of_stores.into_values().flatten().collect()
}

/// Adds to `settle` what becomes of an organization's purges after an attempt.
fn settled(
    settle: &mut Commit,
    organization: OrganizationId,
    purges: &[Claimed],
    error: Option<&PurgeError>,
    now: Timestamp,
) -> PurgeRun {
    let (mut run, mut gone) = (PurgeRun::default(), Vec::new());
    let after = error.and_then(PurgeError::retry_after).map(|wait| i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
    for purge in purges {
        let again = error.map(|_| next_purge(purge.attempts, after, purge.created_at, now));
        let count = match again {
            None => &mut run.sent,
            Some(Some(until)) => {
                settle.push(purge::postpone(organization, purge, until));
                &mut run.postponed
            }
            Some(None) => {
                log::error!("a CDN was not told for a day what to take back of the store {}", purge.store);
                &mut run.failed
            }
        };
        *count = count.saturating_add(1);
        if !matches!(again, Some(Some(_))) {
            gone.push(purge.id);
        }
    }
    if !gone.is_empty() {
        settle.push(purge::remove(organization, &gone));
    }
    run
}

fn later(now: Timestamp, millis: i64) -> Timestamp {
    now.checked_add_millis(millis).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn claimed(store: u128, tags: Option<Vec<String>>) -> Claimed {
        let (id, created_at) = (PurgeId::from_u128(1), Timestamp::from_millis(0));
        Claimed { id, store: StoreId::from_u128(store), tags, attempts: 1, created_at }
    }

    fn numbered(from: usize, to: usize) -> Vec<String> {
        (from..to).map(|number| format!("prod_{number}")).collect()
    }

    fn told(purges: Vec<Claimed>, most: usize) -> BTreeSet<String> {
        tags_of(&[(OrganizationId::from_u128(1), purges)], most).into_iter().collect()
    }

    #[test]
    fn a_store_with_many_tags_is_taken_back_as_a_whole_and_others_keep_theirs() {
        let (many, few) = (StoreId::from_u128(1), 2);
        let purges = || vec![claimed(1, Some(numbered(0, 60))), claimed(1, Some(numbered(30, 95))), claimed(few, None)];
        let whole = BTreeSet::from([catalog_tag(many), catalog_tag(StoreId::from_u128(few))]);
        assert_eq!(told(purges(), 95), whole);
        assert_eq!(told(purges(), 96).len(), 96, "each once");
        let beside = vec![claimed(1, Some(numbered(0, 99))), claimed(few, Some(numbered(100, 102)))];
        let expected = numbered(100, 102).into_iter().chain([catalog_tag(many)]).collect();
        assert_eq!(told(beside, 100), expected);
    }

    proptest! {
        /// As many purges as a call has tags fit into one, whatever they are of.
        #[test]
        fn a_claim_is_told_in_one_call(
            most in 1_usize..40,
            all in proptest::collection::vec((0_u128..50, proptest::option::of(0_usize..60)), 0..40),
        ) {
            let of = |(store, tags): &(u128, Option<usize>)| claimed(*store, tags.map(|tags| numbered(0, tags)));
            let purges: Vec<Claimed> = all.iter().take(most).map(of).collect();
            let tags = told(all.iter().take(most).map(of).collect(), most);
            prop_assert!(tags.len() <= most);
            for purge in &purges {
                let whole = tags.contains(&catalog_tag(purge.store));
                prop_assert!(whole || purge.tags.as_ref().is_some_and(|own| own.iter().all(|tag| tags.contains(tag))));
            }
        }
    }
}
