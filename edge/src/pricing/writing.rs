//! What all writes of this context have in common.

use headlesspro_shared::catalog::source::Fault;
pub use headlesspro_shared::kernel::page::page;

use crate::app::Ctx;
use crate::failure::{Failure, Unavailable};
use crate::journal::{self, Answered, Change, Claim, Payload};
use crate::port::sql::{Commit, Committed, Constraint, Refusal};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteError {
    /// Fields of the request.
    Invalid(Vec<Fault>),
    TooMany(Most),
    /// Another list is based on it.
    IsABase,
    VersionMismatch {
        current: i64,
    },
    /// Others are changing the same.
    Changing,
}

/// Of what a store or organization has no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Most {
    Lists,
    /// Of the lists that are active and not over, and of what others are based on.
    Bytes,
    Rules,
    /// Of one target in one currency.
    Tiers,
    Groups,
    Pairs,
    /// Of one pair.
    Rates,
}

pub type Outcome<T> = Result<T, Failure<WriteError>>;

pub fn rejected<T>(error: WriteError) -> Outcome<T> {
    Err(Failure::Rejected(error))
}

pub fn invalid<T>(faults: Vec<Fault>) -> Outcome<T> {
    rejected(WriteError::Invalid(faults))
}

pub fn fault(path: impl Into<String>, reason: impl Into<String>) -> Fault {
    Fault { path: path.into(), reason: reason.into() }
}

/// Refuses a write of what is at another version than the caller says.
pub fn expect(expected: Option<i64>, current: i64) -> Outcome<()> {
    match expected {
        Some(version) if version != current => rejected(WriteError::VersionMismatch { current }),
        _ => Ok(()),
    }
}

/// Adds the audit row and the event.
pub async fn tell(ctx: &Ctx, commit: &mut Commit, event: &'static str, of: Payload<'_>, change: Change) -> Outcome<()> {
    commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, change));
    journal::announce(ctx, commit, event, of)?;
    Ok(())
}

/// The first answer to the same request, if there was one.
pub async fn first_answer(ctx: &Ctx, claim: Option<&Claim>) -> Outcome<Option<Answered>> {
    let Some(claim) = claim else { return Ok(None) };
    let rows = ctx.read(vec![journal::idempotency_record(ctx.tenant(), &claim.key)]).await?;
    Ok(journal::replay(Some(claim), rows.first())?.map(Answered::from))
}

/// How a commit of something new ended.
pub enum Made {
    Done(Answered),
    Refused { statement: usize, refusal: Refusal },
}

/// Commits something new with the record of its answer.
pub async fn make(ctx: &Ctx, mut commit: Commit, answered: Answered, claim: Option<&Claim>) -> Outcome<Made> {
    if let Some(claim) = claim {
        let Answered { location, body, .. } = &answered;
        commit.push(journal::record(ctx.tenant(), claim, 201, location, body, ctx.now));
        commit.push_diagnosis(journal::idempotency_record(ctx.tenant(), &claim.key));
    }
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(Made::Done(answered)),
        Committed::Refused { statement, refusal, diagnosis } => match journal::replay(claim, diagnosis.first())? {
            Some(first) => Ok(Made::Done(first.into())),
            None => Ok(Made::Refused { statement, refusal }),
        },
    }
}

pub fn is(refusal: &Refusal, kind: Constraint) -> bool {
    matches!(refusal, Refusal::Constraint { constraint, .. } if *constraint == kind)
}

pub fn unexplained(refusal: &Refusal) -> Failure<WriteError> {
    Failure::Unavailable(Unavailable::Corrupt(format!("a write of prices was refused: {refusal:?}")))
}
