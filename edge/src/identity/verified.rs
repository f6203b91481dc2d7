//! What others hear of an address that was confirmed.

use headlesspro_shared::kernel::id::AccountId;
use serde_json::json;

use crate::app::Ctx;
use crate::journal::{self, NextEvent};
use crate::port::entropy::NoEntropy;
use crate::port::sql::Statement;

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
        payload: json!({ "accountId": account.to_string() }),
        is_once: true,
    };
    Ok(journal::next_event(ctx.tenant(), &event, ctx.now))
}
