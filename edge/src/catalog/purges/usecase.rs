//! Telling the CDN, right after a commit and from the job.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use headlesspro_shared::catalog::next_purge;
use headlesspro_shared::kernel::id::{OrganizationId, PurgeId, StoreId};
use headlesspro_shared::kernel::time::Timestamp;

use crate::app::{App, Ctx};
use crate::catalog::shown::at_most;
use crate::catalog::store::purge::{self, Claimed};
use crate::failure::Unavailable;
use crate::port::clock::Clock;
use crate::port::purger::{CachePurger, PurgeError};
use crate::port::sql::{Commit, Committed, DatabaseNumber, Rows, Sql};

/// Between the attempts right after a response.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(2)];

/// No further one is begun so many milliseconds after the first: each may take ten seconds, and the job takes over after
/// twenty.
const RETRIED: i64 = 5_000;

/// Purges of an organization that lives in another database are looked at so often, in milliseconds: once a day.
const AWAY: i64 = 86_400_000;

/// Purges that are told at once, of as many organizations at most.
const AT_ONCE: i64 = 40;

/// No more are taken after this, in milliseconds: a Worker works on for 30 s, and one call may take 10.
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
    let started = app.clock.now();
    let runs = app.databases.all().map(|(number, sql)| send_in(app, &**cdn, number, &**sql, started));
    let (mut all, mut failed) = (PurgeRun::default(), None);
    for run in join_all(runs).await {
        match run {
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

/// Those of the organizations in one database, many with one call of the CDN.
async fn send_in(
    app: &App,
    cdn: &dyn CachePurger,
    number: DatabaseNumber,
    sql: &dyn Sql,
    started: Timestamp,
) -> Result<PurgeRun, Unavailable> {
    let mut done = PurgeRun::default();
    loop {
        let claimed = claim(app, number, sql, &mut done).await?;
        if claimed.is_empty() {
            return Ok(done);
        }
        let told = cdn.purge(tags_of(&claimed)).await;
        let mut settle = Commit::new();
        for (organization, purges) in &claimed {
            done.add(settled(&mut settle, *organization, purges, told.as_ref().err(), app.clock.now()));
        }
        committed(sql, &settle).await?;
        done.round_trips = done.round_trips.saturating_add(1);
        // A CDN that is away is not asked for the rest.
        if let Err(error) = told {
            log::warn!("purges are sent again later: {error}");
            return Ok(done);
        }
        if is_over(&*app.clock, started, BUDGET) {
            return Ok(done);
        }
    }
}

/// Takes due purges for as long as the lease.
async fn claim(
    app: &App,
    number: DatabaseNumber,
    sql: &dyn Sql,
    done: &mut PurgeRun,
) -> Result<Vec<(OrganizationId, Vec<Claimed>)>, Unavailable> {
    let now = app.clock.now();
    done.round_trips = done.round_trips.saturating_add(1);
    let rows = sql.read(vec![purge::due(now, AT_ONCE)]).await?;
    let due = rows.first().map(purge::due_of).transpose()?.unwrap_or_default();
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let of_each = AT_ONCE.checked_div(i64::try_from(due.len()).unwrap_or(AT_ONCE)).unwrap_or_default().max(1);
    let (mut claim, mut claims) = (Commit::new(), Vec::new());
    for organization in due {
        if app.databases.number_of(organization) == number {
            claims.push((organization, claim.push(purge::claim(organization, now, of_each))));
        } else {
            // What was left behind by a move is told from where the organization lives now, or has been.
            let until = now.checked_add_millis(AWAY).unwrap_or(now);
            claim.push(purge::put_off(organization, now, until));
        }
    }
    let rows = committed(sql, &claim).await?;
    done.round_trips = done.round_trips.saturating_add(1);
    let mut claimed = Vec::new();
    for (organization, at) in claims {
        let purges = rows.get(at).map(purge::claimed_of).transpose()?.unwrap_or_default();
        if !purges.is_empty() {
            claimed.push((organization, purges));
        }
    }
    Ok(claimed)
}

/// What is to be told of them, each tag once.
fn tags_of(claimed: &[(OrganizationId, Vec<Claimed>)]) -> Vec<String> {
    let mut of_stores: BTreeMap<StoreId, BTreeSet<&str>> = BTreeMap::new();
    for purge in claimed.iter().flat_map(|(_, purges)| purges) {
        of_stores.entry(purge.store).or_default().extend(purge.tags.iter().map(String::as_str));
    }
    let of_stores = of_stores.into_iter();
    of_stores.flat_map(|(store, tags)| at_most(store, tags.into_iter().map(str::to_owned).collect())).collect()
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

async fn committed(sql: &dyn Sql, commit: &Commit) -> Result<Vec<Rows>, Unavailable> {
    match sql.commit(commit).await? {
        Committed::Done { rows, .. } => Ok(rows),
        Committed::Refused { refusal, .. } => Err(Unavailable::corrupt(format!("a commit was refused: {refusal:?}"))),
    }
}

fn is_over(clock: &dyn Clock, started: Timestamp, millis: i64) -> bool {
    clock.now().millis_since(started).is_none_or(|elapsed| millis <= elapsed)
}
