//! Writes with what is told of them, and with the answer that is kept for a repeat.

use super::{Answered, Change, Claim, Payload, announce, audit, idempotency_record, record, replay};
use crate::app::Ctx;
use crate::failure::Failure;
use crate::port::sql::{Commit, Committed, Refusal};

/// Adds the audit row and the event.
pub async fn tell<E>(
    ctx: &Ctx,
    commit: &mut Commit,
    event: &'static str,
    of: Payload<'_>,
    change: Change,
) -> Result<(), Failure<E>> {
    commit.push(audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, change));
    announce(ctx, commit, event, of)?;
    Ok(())
}

/// The first answer to the same request, if there was one.
pub async fn first_answer<E>(ctx: &Ctx, claim: Option<&Claim>) -> Result<Option<Answered>, Failure<E>> {
    let Some(claim) = claim else { return Ok(None) };
    let rows = ctx.read(vec![idempotency_record(ctx.tenant(), &claim.key)]).await?;
    Ok(replay(Some(claim), rows.first())?.map(Answered::from))
}

/// How a commit of something new ended.
pub enum Made {
    Done(Answered),
    Refused { statement: usize, refusal: Refusal },
}

/// Commits something new with the record of its answer.
pub async fn make<E>(
    ctx: &Ctx,
    mut commit: Commit,
    answered: Answered,
    claim: Option<&Claim>,
) -> Result<Made, Failure<E>> {
    if let Some(claim) = claim {
        let Answered { location, body, .. } = &answered;
        commit.push(record(ctx.tenant(), claim, 201, location, body, ctx.now));
        commit.push_diagnosis(idempotency_record(ctx.tenant(), &claim.key));
    }
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(Made::Done(answered)),
        Committed::Refused { statement, refusal, diagnosis } => match replay(claim, diagnosis.first())? {
            Some(first) => Ok(Made::Done(first.into())),
            None => Ok(Made::Refused { statement, refusal }),
        },
    }
}
