//! Reading and writing the rules of a list.

use headlesspro_shared::kernel::id::PriceListId;
use headlesspro_shared::kernel::page::CursorPart;
use headlesspro_shared::pricing::{PriceList, PriceRule};
use serde_json::json;

use crate::app::Ctx;
use crate::catalog::guard_changed;
use crate::journal::Change;
use crate::port::sql::{Commit, Committed, Constraint, Rows, SqlError, Statement};
use crate::pricing::lists::usecase::only;
use crate::pricing::store::list::{self, StoredList};
use crate::pricing::store::rule::{self, After, Named};
use crate::pricing::store::setting;
use crate::pricing::writing::{
    Most, Outcome, WriteError, expect, fault, invalid, is, page, rejected, tell, unexplained,
};

/// Of one request: a list is done with half of them, unless others go on writing.
const MOST_SLICES: usize = 40;

/// The list has one sort.
pub const BY_KEY: &str = "rule";

/// A page of a list's rules after a key, and the cursor of the next one.
pub async fn list(
    ctx: &Ctx,
    id: PriceListId,
    named: Named,
    (after, limit): (&After, i64),
) -> Outcome<(Vec<PriceRule>, Option<String>)> {
    let tenant = ctx.tenant();
    let asked = rule::page(tenant, id, named.target, after, limit.saturating_add(1));
    let rows = ctx.read(vec![list::find(tenant, id), asked]).await?;
    only(rows.first())?;
    let found = rows.get(1).map(rule::rules_of).transpose()?.unwrap_or_default();
    Ok(page(found, limit, BY_KEY, |last| {
        let After { target, currency, min_quantity } = After::of(last);
        vec![CursorPart::Text(target), CursorPart::Text(currency), CursorPart::Integer(min_quantity)]
    }))
}

/// Adds the rules, or sets the prices of those that are there; all others stay.
pub async fn put(ctx: &Ctx, id: PriceListId, rules: &[PriceRule], expected: Option<i64>) -> Outcome<StoredList> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_put(&ctx, id, rules, expected).await) {
            return settled;
        }
    }
    rejected(WriteError::Changing)
}

async fn try_put(
    ctx: &Ctx,
    id: PriceListId,
    rules: &[PriceRule],
    expected: Option<i64>,
) -> Outcome<Option<StoredList>> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![list::find(tenant, id), rule::missing(tenant, rules)]).await?;
    let was = only(rows.first())?;
    expect(expected, was.version)?;
    let mut faults = PriceList { rules: rules.to_vec(), ..was.list.clone() }.faults();
    let missing = rows.get(1).into_iter().flat_map(Rows::iter).map(|row| row.get::<&str>("target"));
    let missing: Vec<&str> = missing.collect::<Result<_, SqlError>>()?;
    for (at, rule) in rules.iter().enumerate() {
        if missing.contains(&rule::text_of_target(rule.target).as_str()) {
            faults.push(fault(format!("rules/{at}/target"), "is no variant or product of this store"));
        }
    }
    if !faults.is_empty() {
        return invalid(faults);
    }
    write(ctx, &was, rule::put(tenant, id, rules), ("put", rules.len())).await
}

/// Removes the rules that are named, or all: those slice by slice, each in a commit of its own. Who is interrupted has
/// removed some, and removes the others by asking again.
pub async fn delete(ctx: &Ctx, id: PriceListId, named: Named, expected: Option<i64>) -> Outcome<StoredList> {
    let mut list = delete_some(ctx, id, named, expected).await?;
    for _ in 0..MOST_SLICES {
        if named.target.is_some() || list.rule_count == 0 {
            break;
        }
        list = delete_some(ctx, id, named, None).await?;
    }
    Ok(list)
}

async fn delete_some(ctx: &Ctx, id: PriceListId, named: Named, expected: Option<i64>) -> Outcome<StoredList> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_delete(&ctx, id, named, expected).await) {
            return settled;
        }
    }
    rejected(WriteError::Changing)
}

async fn try_delete(ctx: &Ctx, id: PriceListId, named: Named, expected: Option<i64>) -> Outcome<Option<StoredList>> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![list::find(tenant, id)]).await?;
    let was = only(rows.first())?;
    expect(expected, was.version)?;
    let of = named.target.map_or_else(|| "*".to_owned(), rule::text_of_target);
    write(ctx, &was, rule::delete(tenant, id, named), ("delete", of)).await
}

/// Commits a change of the list's rules. `None`: somebody else was quicker.
async fn write(
    ctx: &Ctx,
    was: &StoredList,
    change: Statement,
    (what, told): (&str, impl Into<serde_json::Value>),
) -> Outcome<Option<StoredList>> {
    let (tenant, id) = (ctx.tenant(), was.list.id);
    let mut commit = Commit::new();
    commit.push(list::touch(tenant, id, was.version, ctx.now));
    let guard = commit.push(guard_changed());
    let changed = commit.push(change);
    commit.push(setting::advance(tenant));
    let change = Change::new("price-list.rules", id).after(json!({ what: told.into() }));
    tell(ctx, &mut commit, "price-list.rules-changed", &[("priceListId", id.to_string())], change).await?;
    commit.push_after(list::find(tenant, id));
    match ctx.commit(&commit).await? {
        Committed::Done { after, .. } => only(after.first()).map(Some),
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused { statement, refusal, .. } if statement == changed && is(&refusal, Constraint::Check) => {
            rejected(WriteError::TooMany(Most::Rules))
        }
        Committed::Refused { refusal, .. } if refusal.is_raised("PRICE_RULE_TIERS") => {
            rejected(WriteError::TooMany(Most::Tiers))
        }
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}
