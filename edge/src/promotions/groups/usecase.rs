//! Showing and replacing the store's groups.

use headlesspro_shared::catalog::source::Fault;
use headlesspro_shared::promotions::{MOST_GROUPS, StackingGroup, validate_group};
use serde_json::json;

use crate::app::Ctx;
use crate::journal::{self, Change};
use crate::port::sql::{Commit, Committed};
use crate::promotions::store::{group, groups, groups_of};
use crate::promotions::usecase::{Outcome, PromotionError, expect, is_referred_to, rejected, unexplained};

/// The store's groups, in the order of their keys, and their version: 0 where there were never any.
pub async fn show(ctx: &Ctx) -> Outcome<(Vec<StackingGroup>, i64)> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![groups(tenant), group::version(tenant)]).await?;
    let found = rows.first().map(groups_of).transpose()?.unwrap_or_default();
    Ok((found, group::version_of(rows.get(1))?))
}

/// Puts these in the place of the store's groups.
pub async fn replace(ctx: &Ctx, new: &[StackingGroup], expected: Option<i64>) -> Outcome<(Vec<StackingGroup>, i64)> {
    check(new)?;
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_replace(&ctx, new, expected).await) {
            return settled;
        }
    }
    rejected(PromotionError::Changing)
}

/// `None`: somebody else was quicker.
async fn try_replace(
    ctx: &Ctx,
    new: &[StackingGroup],
    expected: Option<i64>,
) -> Outcome<Option<(Vec<StackingGroup>, i64)>> {
    let tenant = ctx.tenant();
    let (was, version) = show(ctx).await?;
    expect(expected, version)?;
    let mut is = new.to_vec();
    is.sort_by(|one, other| one.key.cmp(&other.key));
    if is == was && version != 0 {
        return Ok(Some((is, version)).filter(|_| ctx.is_current()));
    }
    let mut commit = Commit::new();
    let written = group::write(&mut commit, tenant, &is, version, ctx.now);
    let store = tenant.store;
    let change = Change::new("promotion-groups.change", store).before(json!(was)).after(json!(is));
    commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, change));
    journal::announce(ctx, &mut commit, "promotion-groups.updated", &[("storeId", store.to_string())])?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(Some((is, version.saturating_add(1)))),
        Committed::Refused { statement, refusal, diagnosis }
            if statement == written.delete && is_referred_to(&refusal) =>
        {
            let keys = diagnosis.get(written.in_use).map(group::in_use_of).transpose()?.unwrap_or_default();
            rejected(PromotionError::GroupsInUse(keys))
        }
        Committed::Refused { statement, .. } if statement == written.guard => Ok(None),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// Everything that is wrong with the groups, each at its place.
fn check(groups: &[StackingGroup]) -> Outcome<()> {
    if MOST_GROUPS < groups.len() {
        let reason = format!("must have at most {MOST_GROUPS} elements");
        return rejected(PromotionError::Invalid(vec![Fault { path: "groups".to_owned(), reason }]));
    }
    let mut faults = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        let others = groups.iter().enumerate().filter(|(other, _)| *other != at);
        let others: Vec<&str> = others.map(|(_, other)| other.key.as_str()).collect();
        let found = validate_group(group, &others).err().unwrap_or_default();
        faults.extend(found.into_iter().map(|fault| Fault { path: format!("groups/{at}/{}", fault.path), ..fault }));
    }
    if faults.is_empty() { Ok(()) } else { rejected(PromotionError::Invalid(faults)) }
}
