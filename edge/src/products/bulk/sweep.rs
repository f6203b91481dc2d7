//! Removing what is over: what dry runs have claimed that take no more parts, and jobs that were made a month ago.
//!
//! Of either there may be millions of rows, so they go slice by slice, each in a commit of its own: nobody waits long
//! for the write lock. It is done after the responses to those who make and end jobs of the store. Whoever does not
//! come to the end leaves the rest to the next, and several at once do no harm.

use std::sync::Arc;

use headlesspro_shared::kernel::id::BulkJobId;

use super::store;
use crate::app::{App, Ctx, Tenant};
use crate::failure::Unavailable;
use crate::jobs::{committed, is_over};
use crate::port::sql::{Commit, Rows, SqlError, Statement};

/// A job is forgotten after so long, in milliseconds: a month.
const KEPT: i64 = 30 * 24 * 60 * 60 * 1_000;

/// Rows of a table that one commit removes.
const SLICE: i64 = 5_000;

/// Jobs that are looked at together.
const JOBS: i64 = 5;

/// No further slice is begun after this, in milliseconds: hosts give what comes after a response 30 s.
const BUDGET: i64 = 10_000;

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
    loop {
        let over = vec![store::ended_with_claims(tenant, JOBS), store::old(tenant, before, JOBS)];
        let found = sql.read_current(over).await?;
        let (ended, old) = (jobs_of(found.first())?, jobs_of(found.get(1))?);
        if ended.is_empty() && old.is_empty() {
            return Ok(());
        }
        for (job, is_old) in ended.into_iter().map(|job| (job, false)).chain(old.into_iter().map(|job| (job, true))) {
            loop {
                if is_over(&*app.clock, started, BUDGET) {
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
                let rows = committed(&**sql, &commit).await?;
                if rows.iter().all(|rows| i64::try_from(rows.affected).is_ok_and(|affected| affected < SLICE)) {
                    break;
                }
            }
        }
    }
}

fn jobs_of(rows: Option<&Rows>) -> Result<Vec<BulkJobId>, SqlError> {
    rows.into_iter().flat_map(Rows::iter).map(|row| row.parse("id")).collect()
}
