//! Requests that make something and may come again under one idempotency key. Their answers are kept sealed, so that a
//! repeat is told the same, a secret included.

use std::convert::Infallible;

use super::store::keys;
use super::usecase::{data_key, no_data_key};
use crate::app::{Ctx, Tenant};
use crate::failure::Failure;
use crate::journal::{self, Answered, Claim};
use crate::port::entropy::NoEntropy;
use crate::port::sql::{Commit, Rows, Statement};
use crate::vault::DataKey;

/// A request by the claim that it came with, and the key that its answer is sealed with. Without a claim it is none
/// that comes again.
pub struct Repeatable<'a>(Option<(&'a Claim, DataKey)>);

/// What such a request reads beside its own: nothing without a claim.
pub fn repeat_reads(tenant: Tenant, claim: Option<&Claim>) -> Vec<Statement> {
    claim.map_or_else(Vec::new, |claim| vec![keys::data_key(tenant), journal::idempotency_record(tenant, &claim.key)])
}

impl<'a> Repeatable<'a> {
    /// From the rows of [`repeat_reads`], with what was answered before, if it was.
    ///
    /// # Errors
    /// [`Failure::IdempotencyMismatch`] when the key came with another request.
    pub fn of<E>(
        ctx: &Ctx,
        claim: Option<&'a Claim>,
        rows: Option<&[Rows]>,
    ) -> Result<(Repeatable<'a>, Option<Answered>), Failure<E>> {
        let Some((claim, rows)) = claim.zip(rows) else { return Ok((Repeatable(None), None)) };
        let wrapped = rows.first().and_then(Rows::first).map(keys::wrapped).transpose()?.ok_or_else(no_data_key)?;
        let repeatable = Repeatable(Some((claim, data_key(ctx.app(), ctx.tenant(), &wrapped)?)));
        let first = repeatable.answered(ctx, rows.get(1))?;
        Ok((repeatable, first))
    }

    /// As [`of`](Repeatable::of), where there is nothing else to read: one read, none without a claim.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn read<E>(
        ctx: &Ctx,
        claim: Option<&'a Claim>,
    ) -> Result<(Repeatable<'a>, Option<Answered>), Failure<E>> {
        match claim {
            Some(_) => Repeatable::of(ctx, claim, Some(&ctx.read(repeat_reads(ctx.tenant(), claim)).await?)),
            None => Ok((Repeatable(None), None)),
        }
    }

    /// What was answered before, as a refused commit has found it.
    ///
    /// # Errors
    /// [`Failure::IdempotencyMismatch`] when the key came with another request.
    pub fn answered<E>(&self, ctx: &Ctx, rows: Option<&Rows>) -> Result<Option<Answered>, Failure<E>> {
        let Some((claim, key)) = &self.0 else { return Ok(None) };
        let first = journal::replay_sealed::<Infallible>(ctx.tenant(), Some(claim), rows, key);
        first.map(|first| first.map(Answered::from)).map_err(|failure| failure.map(|never| match never {}))
    }

    /// Keeps the answer, in the commit that makes what it tells of. A refusal finds an earlier one behind what else it
    /// looks for.
    ///
    /// # Errors
    /// [`NoEntropy`].
    pub fn keep(&self, ctx: &Ctx, commit: &mut Commit, answered: &Answered) -> Result<(), NoEntropy> {
        let Some((claim, key)) = &self.0 else { return Ok(()) };
        let tenant = ctx.tenant();
        let sealed = journal::seal_body(tenant, claim, &answered.body, key, &*ctx.app().entropy)?;
        commit.push(journal::record(tenant, claim, 201, &answered.location, &sealed, ctx.now));
        commit.push_diagnosis(journal::idempotency_record(tenant, &claim.key));
        Ok(())
    }
}
