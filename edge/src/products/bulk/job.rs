//! Jobs: made, looked at, ended.

use headlesspro_shared::kernel::id::BulkJobId;
use serde_json::json;

use super::store::{self, Job, LineError, NewJob};
use super::sweep::sweep_later;
use crate::app::Ctx;
use crate::failure::{Failure, Unavailable};
use crate::journal::{self, Change, Claim};
use crate::port::sql::{Commit, Committed, Rows};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BulkError {
    /// The part was sent before, with other content.
    PartDiffers,
    /// The job is `finished` or `cancelled`.
    Closed(String),
    /// The first part that is not done.
    PartMissing(i64),
    /// Others keep changing the same.
    Changing,
}

pub type Outcome<T> = Result<T, Failure<BulkError>>;

/// Makes a job. Answers whether it is the answer to a repeat.
pub async fn create(ctx: &Ctx, made: &NewJob<'_>, claim: Option<&Claim>) -> Outcome<(Job, bool)> {
    let ctx = &ctx.clone().reading_what_is_current();
    let tenant = ctx.tenant();
    let id: BulkJobId = ctx.new_id()?;
    let mut commit = Commit::new();
    commit.push(store::insert(tenant, id, made, ctx.now));
    let actor = &ctx.principal().await?.actor;
    let after = json!({ "mode": made.mode.name(), "dryRun": made.dry_run });
    let change = Change::new("bulk-upsert.create", id).after(after);
    commit.push(journal::audit(ctx, ctx.new_id()?, actor, change));
    if let Some(claim) = claim {
        commit.push(journal::record(tenant, claim, 201, &location(id), "", ctx.now));
        commit.push_diagnosis(journal::idempotency_record(tenant, &claim.key));
    }
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {
            sweep_later(ctx);
            Ok((show(ctx, id).await?, false))
        }
        Committed::Refused { refusal, diagnosis, .. } => {
            let Some(first) = journal::replay(claim, diagnosis.first())? else {
                return Err(Failure::Unavailable(Unavailable::Corrupt(format!("a job was refused: {refusal:?}"))));
            };
            let id = first.location.rsplit('/').next().and_then(|id| id.parse().ok()).ok_or(Failure::NotFound)?;
            Ok((show(ctx, id).await?, true))
        }
    }
}

pub async fn show(ctx: &Ctx, id: BulkJobId) -> Outcome<Job> {
    for ctx in ctx.attempts() {
        let rows = ctx.read(store::job(ctx.tenant(), id).into()).await?;
        if let Some(settled) = ctx.settles(store::job_of(id, &rows)?.ok_or(Failure::NotFound).map(Some)) {
            return settled;
        }
    }
    Err(Failure::NotFound)
}

/// At most `limit` jobs before this one, the newest first, of one state or of all; and whether there are more.
pub async fn list(ctx: &Ctx, state: Option<&str>, before: Option<BulkJobId>, limit: i64) -> Outcome<(Vec<Job>, bool)> {
    let rows = ctx.read(vec![store::jobs(ctx.tenant(), state, before, limit.saturating_add(1))]).await?;
    let mut jobs = rows.first().map(store::jobs_of).transpose()?.unwrap_or_default();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_more = limit < jobs.len();
    jobs.truncate(limit);
    Ok((jobs, is_more))
}

/// The newest open job of this name, of those that are dry runs, or of the others.
pub async fn named(ctx: &Ctx, name: &str, dry_run: bool) -> Outcome<Option<BulkJobId>> {
    let rows = ctx.read(vec![store::named(ctx.tenant(), name, dry_run)]).await?;
    Ok(rows.first().and_then(Rows::first).map(|row| row.parse("id")).transpose()?)
}

/// At most `limit` lines that were left out, after this part and line; and whether there are more.
pub async fn errors(ctx: &Ctx, id: BulkJobId, after: (i64, i64), limit: i64) -> Outcome<(Vec<LineError>, bool)> {
    let ctx = &ctx.clone().reading_what_is_current();
    let tenant = ctx.tenant();
    let mut reads: Vec<_> = store::job(tenant, id).into();
    reads.push(store::errors(tenant, id, after, limit.saturating_add(1)));
    let rows = ctx.read(reads).await?;
    store::job_of(id, &rows)?.ok_or(Failure::NotFound)?;
    let mut errors = rows.get(2).map(store::errors_of).transpose()?.unwrap_or_default();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_more = limit < errors.len();
    errors.truncate(limit);
    Ok((errors, is_more))
}

/// Takes no more parts: `finished`, when all up to the last one are done, or `cancelled`. What is written stays.
pub async fn finish(ctx: &Ctx, id: BulkJobId, is_cancelled: bool) -> Outcome<Job> {
    let ctx = &ctx.clone().reading_what_is_current();
    let tenant = ctx.tenant();
    let (state, action) =
        if is_cancelled { ("cancelled", "bulk-upsert.cancel") } else { ("finished", "bulk-upsert.finish") };
    let job = show(ctx, id).await?;
    if job.state == state {
        sweep_later(ctx);
        return Ok(job);
    }
    if job.state != "open" {
        return Err(Failure::Rejected(BulkError::Closed(job.state)));
    }
    let mut commit = Commit::new();
    if !is_cancelled {
        commit.push(store::guard_whole(tenant, id));
    }
    for statement in store::end(tenant, id, state, ctx.now) {
        commit.push(statement);
    }
    let counts = job.counts;
    let (created, updated, failed) = (counts.created, counts.updated, counts.failed);
    let after = json!({ "dryRun": job.dry_run, "created": created, "updated": updated, "failed": failed });
    let change = Change::new(action, id).after(after);
    commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, change));
    let committed = ctx.commit(&commit).await?;
    let job = show(ctx, id).await?;
    match committed {
        _ if job.state == state => {
            sweep_later(ctx);
            Ok(job)
        }
        Committed::Refused { .. } if job.state == "open" => {
            Err(Failure::Rejected(BulkError::PartMissing(job.next_part)))
        }
        _ => Err(Failure::Rejected(BulkError::Closed(job.state))),
    }
}

pub fn location(id: BulkJobId) -> String {
    format!("/api/v1/admin/bulk/upserts/{id}")
}
