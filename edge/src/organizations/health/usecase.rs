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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthError {
    /// A field that says a moment says one that is not yet.
    Future(&'static str),
    /// There is a report of a later moment.
    Outdated { current: Timestamp },
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
    let at = report.at.unwrap_or(ctx.now);
    let rows = ctx.read(vec![health::find(tenant, id)]).await?;
    let before = rows.first().map(health::report_of).transpose()?.flatten().ok_or(Failure::NotFound)?;
    if !ctx.reaches(&Resource::of_store(id).record(id)).await? {
        return Err(Failure::NotFound);
    }
    let outdated = |there: Option<Timestamp>| there.filter(|there| at < *there);
    if let Some(current) = outdated(before.at) {
        return Err(Failure::Rejected(HealthError::Outdated { current }));
    }
    let mut commit = Commit::new();
    commit.push(health::report(tenant, id, report, at));
    let guard = commit.push(guard_changed());
    if (before.health, &before.message) != (report.health, &report.message) {
        let change = Change::new("store.health", id).before(state(&before)).after(state(report)).of_organization();
        commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, change));
    }
    commit.push_diagnosis(health::find(tenant, id));
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(()),
        Committed::Refused { statement, diagnosis, .. } if statement == guard => {
            let there = diagnosis.first().map(health::report_of).transpose()?.flatten().ok_or(Failure::NotFound)?;
            let current = there.at.unwrap_or(ctx.now);
            Err(Failure::Rejected(HealthError::Outdated { current }))
        }
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

fn state(report: &Report) -> Json {
    json!({ "health": report.health, "message": report.message })
}
