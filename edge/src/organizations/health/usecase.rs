//! Taking reports of a store's health.

use headlesspro_shared::identity::Resource;
use headlesspro_shared::kernel::id::StoreId;
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::{Value as Json, json};

use crate::app::Ctx;
use crate::failure::Failure;
use crate::journal::{self, Change};
use crate::organizations::members::usecase::unexplained;
use crate::organizations::store::guard_changed;
use crate::organizations::store::health::{self, Report};
use crate::port::sql::{Commit, Committed};

/// Clocks of others may be ahead of ours by so much, in milliseconds.
const AHEAD_MILLIS: i64 = 60_000;

/// How often a report is tried anew when another was quicker.
const ATTEMPTS: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthError {
    /// A field that says a moment says one that is not yet.
    Future(&'static str),
    /// There is a report of a later moment.
    Outdated { current: Timestamp },
    /// Others report something else at this moment.
    Changing,
}

/// Takes a report; without a moment of its own it is of now. What changes the health stands in the audit log, what
/// repeats it does not.
pub async fn report(ctx: &Ctx, id: StoreId, report: &Report) -> Result<(), Failure<HealthError>> {
    let tenant = ctx.tenant();
    let latest = ctx.now.checked_add_millis(AHEAD_MILLIS).unwrap_or(ctx.now);
    for (name, moment) in [("observedAt", report.at), ("lastSyncAt", report.last_sync_at)] {
        if moment.is_some_and(|moment| latest < moment) {
            return Err(Failure::Rejected(HealthError::Future(name)));
        }
    }
    // By our clock, or a report of now would be refused until then.
    let at = report.at.map_or(ctx.now, |at| at.min(ctx.now));
    let report = &Report { last_sync_at: report.last_sync_at.map(|at| at.min(ctx.now)), ..report.clone() };
    let mut found = ctx.read(vec![health::find(tenant, id)]).await?;
    if !ctx.reaches(&Resource::of_store(id).record(id)).await? {
        return Err(Failure::NotFound);
    }
    for _ in 0..ATTEMPTS {
        let before = found.first().map(health::report_of).transpose()?.flatten().ok_or(Failure::NotFound)?;
        if let Some(current) = before.at.filter(|there| at < *there) {
            return Err(Failure::Rejected(HealthError::Outdated { current }));
        }
        let mut commit = Commit::new();
        commit.push(health::report(tenant, id, &before, report, at));
        let guard = commit.push(guard_changed());
        if (before.health, &before.message) != (report.health, &report.message) {
            let change = Change::new("store.health", id).before(state(&before)).after(state(report)).of_organization();
            commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, change));
        }
        commit.push_diagnosis(health::find(tenant, id));
        match ctx.commit(&commit).await? {
            Committed::Done { .. } => return Ok(()),
            Committed::Refused { statement, diagnosis, .. } if statement == guard => found = diagnosis,
            Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
        }
    }
    Err(Failure::Rejected(HealthError::Changing))
}

fn state(report: &Report) -> Json {
    json!({ "health": report.health, "message": report.message })
}
