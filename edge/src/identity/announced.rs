//! What others hear of an account.

use headlesspro_shared::identity::Role;
use headlesspro_shared::kernel::id::AccountId;
use serde_json::json;

use crate::app::Ctx;
use crate::journal::{self, Event, NextEvent};
use crate::port::entropy::NoEntropy;
use crate::port::sql::Statement;

/// The event `account.registered`, of a new account.
///
/// # Errors
/// [`NoEntropy`].
pub fn registered(ctx: &Ctx, account: AccountId, role: Role) -> Result<Statement, NoEntropy> {
    let event = Event {
        id: ctx.new_id()?,
        aggregate_id: account.to_string(),
        version: 1,
        name: "account.registered",
        payload: json!({ "accountId": account, "role": role }),
    };
    Ok(journal::events(ctx.tenant(), "account", &[event], ctx.now))
}

/// The event `account.verified`: once for each account, whatever has confirmed its address.
///
/// # Errors
/// [`NoEntropy`].
pub fn verified(ctx: &Ctx, account: AccountId) -> Result<Statement, NoEntropy> {
    let event = NextEvent {
        id: ctx.new_id()?,
        aggregate: "account",
        aggregate_id: account.to_string(),
        name: "account.verified",
        payload: json!({ "accountId": account }),
        is_once: true,
    };
    Ok(journal::next_event(ctx.tenant(), &event, ctx.now))
}
