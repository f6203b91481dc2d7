//! Setting exchange rates, and reading those that were known at a moment.

use std::collections::BTreeMap;

use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::page::CursorPart;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::pricing::ExchangeRate;
use serde_json::json;

use crate::app::Ctx;
use crate::catalog::guard_changed;
use crate::failure::Failure;
use crate::journal::Change;
use crate::port::sql::{Commit, Committed};
use crate::pricing::store::{rate, setting};
use crate::pricing::writing::{Most, Outcome, WriteError, page, rejected, tell, unexplained};

/// The list has one sort.
pub const BY_PAIR: &str = "pair";

/// A page of the rates that were known at `at`, the last of each pair, and the cursor of the next one.
pub async fn list(ctx: &Ctx, at: Timestamp, after: &str, limit: i64) -> Outcome<(Vec<ExchangeRate>, Option<String>)> {
    let rows = ctx.read(vec![rate::present(ctx.tenant(), at, after, limit.saturating_add(1))]).await?;
    let found = rows.first().map(rate::rates_of).transpose()?.unwrap_or_default();
    Ok(page(found, limit, BY_PAIR, |last| vec![CursorPart::Text(rate::pair_of(last))]))
}

/// Adds rates of one source and moment; those of the same pairs and moment are replaced, and of earlier ones the last 500
/// of a pair stay.
pub async fn put(ctx: &Ctx, rates: &[ExchangeRate]) -> Outcome<()> {
    let tenant = ctx.tenant();
    let mut commit = Commit::new();
    for statement in rate::put(tenant, rates, ctx.now) {
        commit.push(statement);
    }
    commit.push(setting::advance(tenant));
    let said: BTreeMap<String, String> =
        rates.iter().map(|rate| (rate::pair_of(rate), rate.rate.to_string())).collect();
    let told = rates.first().map(
        |first| json!({ "source": first.source, "asOf": first.as_of, "validUntil": first.valid_until, "rates": said }),
    );
    let change = Change::new("exchange-rates.put", tenant.store).after(told.unwrap_or_default());
    tell(ctx, &mut commit, "exchange-rates.changed", &[("storeId", tenant.store.to_string())], change).await?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(()),
        Committed::Refused { refusal, .. } if refusal.is_raised("EXCHANGE_PAIR_COUNT") => {
            rejected(WriteError::TooMany(Most::Pairs))
        }
        Committed::Refused { refusal, .. } if refusal.is_raised("EXCHANGE_RATE_COUNT") => {
            rejected(WriteError::TooMany(Most::Rates))
        }
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// Deletes a pair with all that was known of it.
pub async fn delete(ctx: &Ctx, base: Currency, quote: Currency) -> Outcome<()> {
    let tenant = ctx.tenant();
    let mut commit = Commit::new();
    for statement in rate::delete(tenant, base, quote) {
        commit.push(statement);
    }
    let guard = commit.push(guard_changed());
    commit.push(setting::advance(tenant));
    let change = Change::new("exchange-rates.delete", tenant.store).before(json!({ "base": base, "quote": quote }));
    tell(ctx, &mut commit, "exchange-rates.changed", &[("storeId", tenant.store.to_string())], change).await?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(()),
        Committed::Refused { statement, .. } if statement == guard => Err(Failure::NotFound),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}
