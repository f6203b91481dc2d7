//! Removing what is over: what dry runs have claimed that take no more parts, and jobs that were made a month ago.
//!
//! Of either there may be millions of rows, so they go slice by slice, each in a commit of its own: nobody waits long
//! for the write lock. It is done after the responses to those who make and end jobs of the store. Whoever does not
//! come to the end leaves the rest to the next, and several at once do no harm.

use std::sync::Arc;

use headlesspro_shared::kernel::id::BulkJobId;
use headlesspro_shared::kernel::time::Timestamp;

use crate::app::{App, Ctx, Tenant};
use crate::failure::Unavailable;
use crate::jobs::{committed, is_over};
use crate::port::sql::{Commit, Rows, SqlError, Statement};

/// A job is forgotten after so long, in milliseconds: a month.
const KEPT: i64 = 30 * 24 * 60 * 60 * 1_000;

/// Rows of a table that one commit removes.
const SLICE: u64 = 5_000;

/// Jobs that are looked at together.
const JOBS: i64 = 5;

/// No further slice is begun after this, in milliseconds: hosts give what comes after a response 30 s.
const BUDGET: i64 = 10_000;

const ENDED: &str = "-- products::ended_jobs_with_claims
SELECT j.id FROM bulk_job j
WHERE j.organization_id = ?1 AND j.store_id = ?2 AND j.has_claims = 1 AND j.state <> 'open' LIMIT ?3";

const OLD: &str = "-- products::old_bulk_jobs
SELECT j.id FROM bulk_job j
WHERE j.organization_id = ?1 AND j.store_id = ?2 AND j.created_at < ?3 ORDER BY j.created_at LIMIT ?4";

/// Nothing is added any more to what is being forgotten.
const CLOSE: &str = "-- products::close_old_bulk_job
UPDATE bulk_job SET state = 'cancelled', updated_at = ?5
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND created_at < ?4 AND state = 'open'";

const CLAIMS: &str = "-- products::remove_bulk_claims
DELETE FROM bulk_claim WHERE organization_id = ?1 AND job_id = ?2 AND (kind, value) IN (
  SELECT c.kind, c.value FROM bulk_claim c WHERE c.organization_id = ?1 AND c.job_id = ?2 LIMIT ?3)";

const ERRORS: &str = "-- products::remove_bulk_errors
DELETE FROM bulk_error WHERE organization_id = ?1 AND job_id = ?2 AND (part, line) IN (
  SELECT e.part, e.line FROM bulk_error e WHERE e.organization_id = ?1 AND e.job_id = ?2 LIMIT ?3)";

const PARTS: &str = "-- products::remove_bulk_parts
DELETE FROM bulk_part WHERE organization_id = ?1 AND job_id = ?2 AND part IN (
  SELECT p.part FROM bulk_part p WHERE p.organization_id = ?1 AND p.job_id = ?2 LIMIT ?3)";

/// An ended job gets no more of them.
const CLAIMS_ARE_GONE: &str = "-- products::bulk_claims_are_gone
UPDATE bulk_job SET has_claims = 0
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND state <> 'open'
  AND NOT EXISTS (SELECT 1 FROM bulk_claim c WHERE c.organization_id = ?1 AND c.job_id = ?3)";

/// Once nothing is left that would go with it.
const FORGET: &str = "-- products::forget_bulk_job
DELETE FROM bulk_job
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND created_at < ?4
  AND NOT EXISTS (SELECT 1 FROM bulk_claim c WHERE c.organization_id = ?1 AND c.job_id = ?3)
  AND NOT EXISTS (SELECT 1 FROM bulk_error e WHERE e.organization_id = ?1 AND e.job_id = ?3)
  AND NOT EXISTS (SELECT 1 FROM bulk_part p WHERE p.organization_id = ?1 AND p.job_id = ?3)";

/// Removes what is over in the caller's store once the response has left.
pub fn sweep_later(ctx: &Ctx) {
    let (app, tenant) = (Arc::clone(ctx.app()), ctx.tenant());
    ctx.later(async move {
        if let Err(error) = sweep(&app, tenant).await {
            log::warn!("bulk upserts that are over wait for the next: {error}");
        }
    });
}

async fn sweep(app: &App, tenant: Tenant) -> Result<(), Unavailable> {
    let sql = app.databases.of(tenant.organization);
    let started = app.clock.now();
    let before = started.millis().saturating_sub(KEPT);
    let ended = tenant.statement(ENDED).bind(JOBS);
    let old = tenant.statement(OLD).bind(before).bind(JOBS);
    loop {
        let found = sql.read_current(vec![ended.clone(), old.clone()]).await?;
        let (ended, old) = (jobs_of(found.first())?, jobs_of(found.get(1))?);
        if ended.is_empty() && old.is_empty() {
            return Ok(());
        }
        for (job, is_old) in ended.into_iter().map(|job| (job, false)).chain(old.into_iter().map(|job| (job, true))) {
            loop {
                if is_over(&*app.clock, started, BUDGET) {
                    return Ok(());
                }
                let commit = if is_old { forget(tenant, job, before, started) } else { clear(tenant, job) };
                let rows = committed(&**sql, &commit).await?;
                if rows.iter().all(|rows| rows.affected < SLICE) {
                    break;
                }
            }
        }
    }
}

fn jobs_of(rows: Option<&Rows>) -> Result<Vec<BulkJobId>, SqlError> {
    rows.into_iter().flat_map(Rows::iter).map(|row| row.parse("id")).collect()
}

/// A slice of what an ended job has claimed.
fn clear(tenant: Tenant, job: BulkJobId) -> Commit {
    let mut commit = Commit::new();
    commit.push(slice(CLAIMS, tenant, job));
    commit.push(tenant.statement(CLAIMS_ARE_GONE).bind(job.to_string()));
    commit
}

/// A slice of all that an old job has, and the job itself with the last one.
fn forget(tenant: Tenant, job: BulkJobId, before: i64, now: Timestamp) -> Commit {
    let of_old = |sql| tenant.statement(sql).bind(job.to_string()).bind(before);
    let mut commit = Commit::new();
    commit.push(of_old(CLOSE).bind(now.millis()));
    for table in [CLAIMS, ERRORS, PARTS] {
        commit.push(slice(table, tenant, job));
    }
    commit.push(of_old(FORGET));
    commit
}

fn slice(sql: &'static str, tenant: Tenant, job: BulkJobId) -> Statement {
    let limit = i64::try_from(SLICE).unwrap_or(i64::MAX);
    Statement::new(sql).bind(tenant.organization.to_string()).bind(job.to_string()).bind(limit)
}
