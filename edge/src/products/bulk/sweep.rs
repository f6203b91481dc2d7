//! Removing what is over: what dry runs have claimed that take no more parts, and jobs that were made a month ago.
//!
//! Of either there may be millions of rows, so they go slice by slice, each in a commit of its own: nobody waits long
//! for the write lock. It is done after the responses to those who make and end jobs of the store. Whoever does not
//! come to the end leaves the rest to the next, and to the job that looks after all stores. Several at once do no harm.

use std::sync::Arc;

use headlesspro_shared::kernel::id::BulkJobId;
use headlesspro_shared::kernel::time::Timestamp;

use super::store;
use crate::app::{App, Ctx, Tenant};
use crate::failure::Unavailable;
use crate::jobs::{committed, is_over};
use crate::port::sql::{Commit, Rows, Sql, SqlError, Statement};

/// A job is forgotten after so long, in milliseconds: a month.
const KEPT: i64 = 30 * 24 * 60 * 60 * 1_000;

/// So long, in milliseconds, the job that looks after all stores leaves what has ended to those who ended it.
const LEFT: i64 = 60_000;

/// Rows of a table that one commit removes.
const SLICE: i64 = 5_000;

/// Jobs that are looked at together.
const JOBS: i64 = 5;

/// Jobs of either kind, whose stores one run looks after in a database; the rest is the next run's.
const MOST: i64 = 100;

/// No further slice is begun after this, in milliseconds: hosts give what comes after a response 30 s.
const BUDGET: i64 = 10_000;

/// What a run has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sweep {
    /// Rows that are gone.
    pub removed: u64,
    /// Whether the time was over before all was gone that was found.
    pub is_cut_short: bool,
    /// Round trips to the database.
    pub round_trips: u32,
}

/// Removes what is over in the caller's store once the response has left.
pub fn sweep_later(ctx: &Ctx) {
    let (app, tenant) = (Arc::clone(ctx.app()), ctx.tenant());
    ctx.later(async move {
        let (sql, started) = (app.databases.of(tenant.organization), app.clock.now());
        if let Err(error) = sweep(&app, &**sql, tenant, started, &mut Sweep::default()).await {
            log::warn!("bulk upserts that are over wait for the job: {error}");
        }
    });
}

/// Removes what is over in every store, as far as the time allows. For the job, which stands above tenants. What was
/// left behind by a move to another database goes as well: nobody reads it.
///
/// # Errors
/// [`Unavailable`] when a database does not answer; what is over in the others is removed.
pub async fn sweep_all(app: &App) -> Result<Sweep, Unavailable> {
    let started = app.clock.now();
    let (mut all, mut failed) = (Sweep::default(), None);
    for (_, sql) in app.databases.all() {
        if let Err(error) = sweep_in(app, &**sql, started, &mut all).await
            && let Some(other) = failed.replace(error)
        {
            log::error!("bulk upserts: {other}");
        }
    }
    failed.map_or(Ok(all), Err)
}

async fn sweep_in(app: &App, sql: &dyn Sql, started: Timestamp, done: &mut Sweep) -> Result<(), Unavailable> {
    done.round_trips = done.round_trips.saturating_add(1);
    let ended = started.millis().saturating_sub(LEFT);
    let rows = sql.read(vec![store::over(kept_since(started), ended, MOST)]).await?;
    let mut failed = None;
    for tenant in rows.first().map(store::over_of).transpose()?.unwrap_or_default() {
        // One store whose commits fail keeps no other's rows.
        if let Err(error) = sweep(app, sql, tenant, started, done).await {
            log::error!("bulk upserts of {} are removed later: {error}", tenant.store);
            failed = Some(error);
        }
    }
    failed.map_or(Ok(()), Err)
}

async fn sweep(
    app: &App,
    sql: &dyn Sql,
    tenant: Tenant,
    started: Timestamp,
    done: &mut Sweep,
) -> Result<(), Unavailable> {
    let before = kept_since(started);
    loop {
        if is_over(&*app.clock, started, BUDGET) {
            done.is_cut_short = true;
            return Ok(());
        }
        let over = vec![store::ended_with_claims(tenant, JOBS), store::old(tenant, before, JOBS)];
        done.round_trips = done.round_trips.saturating_add(1);
        let found = sql.read_current(over).await?;
        let (ended, old) = (jobs_of(found.first())?, jobs_of(found.get(1))?);
        if ended.is_empty() && old.is_empty() {
            return Ok(());
        }
        for (job, is_old) in ended.into_iter().map(|job| (job, false)).chain(old.into_iter().map(|job| (job, true))) {
            loop {
                if is_over(&*app.clock, started, BUDGET) {
                    done.is_cut_short = true;
                    return Ok(());
                }
                let slice: Vec<Statement> = match is_old {
                    true => store::forget(tenant, job, before, started, SLICE).into(),
                    false => store::clear(tenant, job, SLICE).into(),
                };
                let mut commit = Commit::new();
                for statement in slice {
                    commit.push(statement);
                }
                let rows = committed(sql, &commit).await?;
                done.round_trips = done.round_trips.saturating_add(1);
                done.removed = rows.iter().map(|rows| rows.affected).fold(done.removed, u64::saturating_add);
                if rows.iter().all(|rows| i64::try_from(rows.affected).is_ok_and(|affected| affected < SLICE)) {
                    break;
                }
            }
        }
    }
}

fn kept_since(now: Timestamp) -> i64 {
    now.millis().saturating_sub(KEPT)
}

fn jobs_of(rows: Option<&Rows>) -> Result<Vec<BulkJobId>, SqlError> {
    rows.into_iter().flat_map(Rows::iter).map(|row| row.parse("id")).collect()
}
