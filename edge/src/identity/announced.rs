//! What others hear of an account.

use headlesspro_shared::identity::Role;
use headlesspro_shared::kernel::id::AccountId;

use crate::app::Ctx;
use crate::journal;
use crate::port::entropy::NoEntropy;
use crate::port::sql::Statement;

/// The event `account.registered`, of a new account.
///
/// # Errors
/// [`NoEntropy`].
pub fn registered(ctx: &Ctx, account: AccountId, role: Role) -> Result<Statement, NoEntropy> {
    let payload = [("accountId", account.to_string()), ("role", role.to_string())];
    Ok(journal::announcement(ctx.tenant(), ctx.new_id()?, "account.registered", &payload, ctx.now))
}

/// The event `account.verified`: once for each account, whatever has confirmed its address.
///
/// # Errors
/// [`NoEntropy`].
pub fn verified(ctx: &Ctx, account: AccountId) -> Result<Statement, NoEntropy> {
    let payload = [("accountId", account.to_string())];
    Ok(journal::announcement_once(ctx.tenant(), ctx.new_id()?, "account.verified", &payload, ctx.now))
}
