//! What customers have to their credit, and what has moved it.

use headlesspro_shared::kernel::id::AccountId;
use headlesspro_shared::kernel::money::Money;
use headlesspro_shared::ledger::Account;
use serde_json::json;

use super::http;
use crate::app::Ctx;
use crate::failure::Failure;
use crate::identity::{Repeatable, repeat_reads};
use crate::journal::{Answered, Change, Claim};
use crate::ledger::store::entry::{self, Moved, Page};
use crate::ledger::store::transaction::{balances, balances_of, customer};
use crate::ledger::wire::{NEWEST, place_of};
use crate::ledger::writing::{self, Adjusting, Adjustment, Outcome, WriteError, adjusted, rejected};
use crate::port::sql::Rows;
use crate::pricing::page;
use crate::wire::MoneyBody;

/// What a customer has, in the order of the currencies.
pub async fn of_customer(ctx: &Ctx, id: AccountId) -> Outcome<Vec<Money>> {
    let rows = ctx.read(vec![customer(ctx.tenant(), id), balances(ctx.tenant(), Some(id))]).await?;
    is_there(rows.first())?;
    Ok(rows.get(1).map(balances_of).transpose()?.unwrap_or_default())
}

/// What whoever asks has.
pub async fn own(ctx: &Ctx, id: AccountId) -> Outcome<Vec<Money>> {
    let rows = ctx.read(vec![balances(ctx.tenant(), Some(id))]).await?;
    Ok(rows.first().map(balances_of).transpose()?.unwrap_or_default())
}

/// A page of what has moved a customer's credit, and the cursor of the next one.
pub async fn entries(ctx: &Ctx, id: AccountId, wanted: &Page) -> Outcome<(Vec<Moved>, Option<String>)> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![customer(tenant, id), entry::list(tenant, &id.to_string(), wanted)]).await?;
    is_there(rows.first())?;
    paged(rows.get(1), wanted)
}

/// The same of whoever asks.
pub async fn own_entries(ctx: &Ctx, id: AccountId, wanted: &Page) -> Outcome<(Vec<Moved>, Option<String>)> {
    let rows = ctx.read(vec![entry::list(ctx.tenant(), &id.to_string(), wanted)]).await?;
    paged(rows.first(), wanted)
}

fn paged(rows: Option<&Rows>, wanted: &Page) -> Outcome<(Vec<Moved>, Option<String>)> {
    let found = rows.map(entry::entries_of).transpose()?.unwrap_or_default();
    Ok(page(found, wanted.limit, NEWEST, place_of))
}

fn is_there(rows: Option<&Rows>) -> Outcome<()> {
    rows.and_then(Rows::first).map(drop).ok_or(Failure::NotFound)
}

/// Grants a customer credit, or deducts some.
pub async fn adjust(ctx: &Ctx, id: AccountId, adjustment: &Adjustment, claim: Option<&Claim>) -> Outcome<Answered> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_adjust(&ctx, id, adjustment, claim).await) {
            return settled;
        }
    }
    rejected(WriteError::Changing)
}

/// `None`: the balance is another than was read.
async fn try_adjust(
    ctx: &Ctx,
    id: AccountId,
    adjustment: &Adjustment,
    claim: Option<&Claim>,
) -> Outcome<Option<Answered>> {
    let tenant = ctx.tenant();
    let mut reads = vec![customer(tenant, id), balances(tenant, Some(id))];
    reads.extend(repeat_reads(tenant, claim));
    let rows = ctx.read(reads).await?;
    is_there(rows.first())?;
    let (repeatable, first) = Repeatable::of(ctx, claim, rows.get(2..))?;
    if let Some(first) = first {
        return Ok(Some(first));
    }
    let is_verified = rows.first().and_then(Rows::first).map(|row| row.get("is_verified")).transpose()?;
    if is_verified != Some(true) {
        return rejected(WriteError::Unverified);
    }
    let mut all = rows.get(1).map(balances_of).transpose()?.unwrap_or_default();
    let currency = adjustment.amount.currency();
    let was = all.iter().find(|balance| balance.currency() == currency).copied().unwrap_or(Money::zero(currency));
    let is = adjusted(was, adjustment.amount)?;
    all.retain(|balance| balance.currency() != currency);
    all.push(is);
    all.sort_by_key(|balance| balance.currency());
    let state = |balance: Money| json!({ "balance": MoneyBody::from(balance) });
    let adjusting = Adjusting {
        account: Account::StoreCredit(id),
        was,
        by: adjustment,
        answered: Answered::first(format!("/api/v1/customers/{id}/store-credit"), http::render(&all)),
        event: "store_credit.adjusted",
        of: ("accountId", id.to_string()),
        change: Change::new("store-credit.adjust", id).before(state(was)).after(state(is)).of_organization(),
    };
    writing::adjust(ctx, &repeatable, adjusting).await
}
