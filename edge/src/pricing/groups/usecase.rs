//! Making, renaming and deleting a customer group, and who is in it.

use headlesspro_shared::kernel::id::{AccountId, CustomerGroupId};
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::page::CursorPart;
use serde_json::{Value, json};

use super::http;
use crate::app::Ctx;
use crate::catalog::guard_changed;
use crate::failure::Failure;
use crate::journal::{Answered, Change, Claim};
use crate::port::sql::{Commit, Committed, Constraint, Rows};
use crate::pricing::store::group::{self, Group, Member};
use crate::pricing::store::setting;
use crate::pricing::writing::{
    Made, Most, Outcome, WriteError, expect, fault, first_answer, invalid, is, make, page, rejected, tell, unexplained,
};

/// What a group is called.
pub type Name = Line<100>;

/// The lists have one sort each.
pub const BY_ID: &str = "id";
pub const BY_ACCOUNT: &str = "account";

/// A page of the organization's groups after an id, and the cursor of the next one.
pub async fn list(ctx: &Ctx, after: &str, limit: i64) -> Outcome<(Vec<Group>, Option<String>)> {
    let rows = ctx.read(vec![group::list(ctx.tenant(), after, limit.saturating_add(1))]).await?;
    let found = rows.first().map(group::groups_of).transpose()?.unwrap_or_default();
    Ok(page(found, limit, BY_ID, |last| vec![CursorPart::Text(last.id.to_string())]))
}

/// One group.
pub async fn find(ctx: &Ctx, id: CustomerGroupId) -> Outcome<Group> {
    for ctx in ctx.attempts() {
        let rows = ctx.read(vec![group::find(ctx.tenant(), id)]).await?;
        if let Some(settled) = ctx.settles(only(rows.first()).map(Some)) {
            return settled;
        }
    }
    Err(Failure::NotFound)
}

fn only(rows: Option<&Rows>) -> Outcome<Group> {
    rows.map(group::groups_of).transpose()?.unwrap_or_default().pop().ok_or(Failure::NotFound)
}

/// Makes a group without members.
pub async fn create(ctx: &Ctx, name: &Name, claim: Option<&Claim>) -> Outcome<Answered> {
    if let Some(first) = first_answer(ctx, claim).await? {
        return Ok(first);
    }
    let made =
        Group { id: ctx.new_id()?, name: name.to_string(), version: 1, created_at: ctx.now, updated_at: ctx.now };
    let mut commit = Commit::new();
    let insert = commit.push(group::insert(ctx.tenant(), &made));
    let change = Change::new("customer-group.create", made.id).after(state(&made.name)).of_organization();
    tell(ctx, &mut commit, "customer-group.created", &payload(made.id), change).await?;
    let location = format!("/api/v1/customer-groups/{}", made.id);
    match make(ctx, commit, Answered::first(location, http::render(&made)), claim).await? {
        Made::Done(answered) => Ok(answered),
        Made::Refused { statement, refusal } if statement == insert && is(&refusal, Constraint::Unique) => taken(),
        Made::Refused { refusal, .. } if refusal.is_raised("CUSTOMER_GROUP_COUNT") => {
            rejected(WriteError::TooMany(Most::Groups))
        }
        Made::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

fn taken<T>() -> Outcome<T> {
    invalid(vec![fault("name", "another customer group has this name")])
}

/// Renames a group.
pub async fn rename(ctx: &Ctx, id: CustomerGroupId, name: Option<&Name>, expected: Option<i64>) -> Outcome<Group> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_rename(&ctx, id, name, expected).await) {
            return settled;
        }
    }
    rejected(WriteError::Changing)
}

/// `None`: somebody else was quicker.
async fn try_rename(
    ctx: &Ctx,
    id: CustomerGroupId,
    name: Option<&Name>,
    expected: Option<i64>,
) -> Outcome<Option<Group>> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![group::find(tenant, id)]).await?;
    let was = only(rows.first())?;
    expect(expected, was.version)?;
    let name = name.map_or_else(|| was.name.clone(), ToString::to_string);
    if name == was.name {
        return Ok(Some(was).filter(|_| ctx.is_current()));
    }
    let mut commit = Commit::new();
    let renamed = commit.push(group::rename(tenant, id, was.version, &name, ctx.now));
    let guard = commit.push(guard_changed());
    let change = Change::new("customer-group.rename", id).before(state(&was.name)).after(state(&name));
    tell(ctx, &mut commit, "customer-group.changed", &payload(id), change.of_organization()).await?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {
            let version = was.version.saturating_add(1);
            Ok(Some(Group { name, version, updated_at: ctx.now, ..was }))
        }
        Committed::Refused { statement, refusal, .. } if statement == renamed && is(&refusal, Constraint::Unique) => {
            taken()
        }
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// Deletes a group with its memberships. Price lists that name it keep to the other groups that they name, and where
/// there are none they are for nobody.
pub async fn delete(ctx: &Ctx, id: CustomerGroupId, expected: Option<i64>) -> Outcome<()> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_delete(&ctx, id, expected).await) {
            return settled;
        }
    }
    rejected(WriteError::Changing)
}

async fn try_delete(ctx: &Ctx, id: CustomerGroupId, expected: Option<i64>) -> Outcome<Option<()>> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![group::find(tenant, id)]).await?;
    let was = only(rows.first())?;
    expect(expected, was.version)?;
    let mut commit = Commit::new();
    commit.push(group::delete(tenant, id, was.version));
    let guard = commit.push(guard_changed());
    commit.push(setting::advance_all(tenant));
    let change = Change::new("customer-group.delete", id).before(state(&was.name)).of_organization();
    tell(ctx, &mut commit, "customer-group.deleted", &payload(id), change).await?;
    settled(ctx, &commit, guard).await
}

/// A page of a group's members after an account, and the cursor of the next one.
pub async fn members(
    ctx: &Ctx,
    id: CustomerGroupId,
    after: &str,
    limit: i64,
) -> Outcome<(Vec<Member>, Option<String>)> {
    let tenant = ctx.tenant();
    let asked = group::members(tenant, id, after, limit.saturating_add(1));
    let rows = ctx.read(vec![group::find(tenant, id), asked]).await?;
    only(rows.first())?;
    let found = rows.get(1).map(group::members_of).transpose()?.unwrap_or_default();
    Ok(page(found, limit, BY_ACCOUNT, |last| vec![CursorPart::Text(last.account.to_string())]))
}

/// Puts a customer into a group, or takes one out; who is in it or is not stays so.
pub async fn set_member(ctx: &Ctx, id: CustomerGroupId, account: AccountId, is_member: bool) -> Outcome<()> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_set_member(&ctx, id, account, is_member).await) {
            return settled;
        }
    }
    rejected(WriteError::Changing)
}

async fn try_set_member(ctx: &Ctx, id: CustomerGroupId, account: AccountId, is_member: bool) -> Outcome<Option<()>> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![group::standing(tenant, id, account)]).await?;
    let was_member = group::standing_of(rows.first())?.ok_or(Failure::NotFound)?;
    if was_member == is_member {
        return Ok(Some(()).filter(|()| ctx.is_current()));
    }
    let mut commit = Commit::new();
    commit.push(if is_member { group::add(tenant, id, account, ctx.now) } else { group::remove(tenant, id, account) });
    let guard = commit.push(guard_changed());
    let (action, event) = if is_member {
        ("customer-group.add-member", "customer-group.member-added")
    } else {
        ("customer-group.remove-member", "customer-group.member-removed")
    };
    let change = Change::new(action, id).after(json!({ "accountId": account.to_string() })).of_organization();
    let of = [("customerGroupId", id.to_string()), ("accountId", account.to_string())];
    tell(ctx, &mut commit, event, &of, change).await?;
    settled(ctx, &commit, guard).await
}

/// `None` where the group, the account or the membership was changed by somebody else.
async fn settled(ctx: &Ctx, commit: &Commit, guard: usize) -> Outcome<Option<()>> {
    match ctx.commit(commit).await? {
        Committed::Done { .. } => Ok(Some(())),
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused { refusal, .. }
            if is(&refusal, Constraint::Unique) || is(&refusal, Constraint::ForeignKey) =>
        {
            Ok(None)
        }
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

fn payload(id: CustomerGroupId) -> [(&'static str, String); 1] {
    [("customerGroupId", id.to_string())]
}

/// What the audit log keeps.
fn state(name: &str) -> Value {
    json!({ "name": name })
}
