//! What is left of what was deleted.
//!
//! Something with 100,000 rows of its own is deleted in one row, and nobody finds it any more. The others go slice by
//! slice, each in a commit of its own: nobody waits long for the write lock. It is done after the response to whoever
//! deletes another of the store. Whoever does not come to the end leaves the rest to the next, and to the job that looks
//! after all stores. Several at once do no harm.

use std::sync::Arc;

use headlesspro_shared::kernel::time::Timestamp;

use super::{committed, is_over};
use crate::app::{App, Ctx, Tenant};
use crate::failure::Unavailable;
use crate::port::sql::{Commit, Row, Rows, Sql, SqlError, Statement};

/// Rows that one commit removes.
const SLICE: i64 = 5_000;

/// Stores that one run looks after in a database; the rest is the next run's.
const MOST: i64 = 100;

/// No further slice is begun after this, in milliseconds: hosts give what comes after a response 30 s.
const BUDGET: i64 = 10_000;

/// Things of one kind that are deleted in one row.
pub struct Leftovers {
    /// What they are, for the log.
    pub of: &'static str,
    /// The statement whose rows are the stores that have any, at most so many: `organization_id`, `store_id`.
    pub stores: fn(i64) -> Statement,
    /// The statement whose row is the `id` of one of the store.
    pub next: fn(Tenant) -> Statement,
    /// The statements that remove at most so many rows of the one with this id, and itself with the last of them.
    pub slice: fn(Tenant, &str, i64) -> [Statement; 2],
}

impl Leftovers {
    /// Removes those of the caller's store once the response has left.
    pub fn remove_later(&'static self, ctx: &Ctx) {
        let (app, tenant) = (Arc::clone(ctx.app()), ctx.tenant());
        ctx.later(async move {
            let (sql, started) = (app.databases.of(tenant.organization), app.clock.now());
            if let Err(error) = self.remove_of(&app, &**sql, tenant, started).await {
                log::warn!("what is left of {} waits for the job: {error}", self.of);
            }
        });
    }

    /// Removes those of every store, as far as the time allows. For the job, which stands above tenants.
    pub async fn remove_all(&self, app: &App) {
        let started = app.clock.now();
        for (_, sql) in app.databases.all() {
            match self.remove_in(app, &**sql, started).await {
                Ok(0) => {}
                Ok(removed) => log::info!("{}: {removed} rows removed", self.of),
                Err(error) => log::error!("{}: {error}", self.of),
            }
        }
    }

    async fn remove_in(&self, app: &App, sql: &dyn Sql, started: Timestamp) -> Result<u64, Unavailable> {
        let rows = sql.read(vec![(self.stores)(MOST)]).await?;
        let of = |row: Row<'_>| {
            Ok::<_, SqlError>(Tenant { organization: row.parse("organization_id")?, store: row.parse("store_id")? })
        };
        let tenants: Vec<Tenant> = rows.iter().flat_map(Rows::iter).map(of).collect::<Result<_, _>>()?;
        let (mut removed, mut failed) = (0_u64, None);
        for tenant in tenants {
            // One store whose commits fail keeps no other's rows.
            match self.remove_of(app, sql, tenant, started).await {
                Ok(rows) => removed = removed.saturating_add(rows),
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(removed), Err)
    }

    async fn remove_of(
        &self,
        app: &App,
        sql: &dyn Sql,
        tenant: Tenant,
        started: Timestamp,
    ) -> Result<u64, Unavailable> {
        let mut removed = 0_u64;
        while !is_over(&*app.clock, started, BUDGET) {
            let found = sql.read_current(vec![(self.next)(tenant)]).await?;
            let Some(row) = found.first().and_then(Rows::first) else { break };
            let mut commit = Commit::new();
            for statement in (self.slice)(tenant, row.get("id")?, SLICE) {
                commit.push(statement);
            }
            let rows = committed(sql, &commit).await?;
            removed = rows.iter().map(|rows| rows.affected).fold(removed, u64::saturating_add);
        }
        Ok(removed)
    }
}
