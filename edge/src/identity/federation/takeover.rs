//! A registration that nobody has confirmed, whose address a provider knows to be somebody's.

use headlesspro_shared::kernel::id::AccountId;

use crate::app::Ctx;
use crate::failure::Failure;
use crate::identity::announced::verified;
use crate::identity::store::api_key::guard_changed;
use crate::identity::store::{account, one_time, passkey, provider, second_factor, session};
use crate::identity::usecase::{ended_sessions, void_tokens};
use crate::port::sql::{Commit, Rows};

/// Where a commit says what became of a registration.
#[derive(Debug, Clone, Copy)]
pub struct TakenOver {
    /// Refuses where it is more than a registration by now.
    pub guard: usize,
    /// Answers the sessions that it ended.
    ended: usize,
}

/// Gives the account to whom the provider vouches for: whatever else opened it is void.
///
/// # Errors
/// [`Failure::Unavailable`].
pub fn take_over<E>(
    ctx: &Ctx,
    account: AccountId,
    name_sealed: Option<&str>,
    commit: &mut Commit,
) -> Result<TakenOver, Failure<E>> {
    let tenant = ctx.tenant();
    commit.push(account::take_over(tenant, account, name_sealed, ctx.now));
    let guard = commit.push(guard_changed());
    let ended = commit.push(session::revoke_all(tenant, account, "revoked", ctx.now));
    commit.push(one_time::void(tenant, account, ctx.now));
    commit.push(passkey::remove_all(tenant, account));
    commit.push(second_factor::forget_codes(tenant, account));
    commit.push(second_factor::remove(tenant, account));
    commit.push(provider::detach_all(tenant, account));
    commit.push(verified(ctx, account)?);
    Ok(TakenOver { guard, ended })
}

/// Voids the access tokens of the sessions that were ended; none of a mere registration, which nobody logs in to.
///
/// # Errors
/// [`Failure::Unavailable`] when the database's answer does not read back.
pub async fn void_ended<E>(ctx: &Ctx, taken: TakenOver, rows: &[Rows]) -> Result<(), Failure<E>> {
    void_tokens(ctx, &ended_sessions(rows.get(taken.ended))?, &[]).await;
    Ok(())
}
