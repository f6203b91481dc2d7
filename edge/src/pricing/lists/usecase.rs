//! Making, replacing and deleting a price list: read what is there, decide, commit.

use std::collections::BTreeSet;

use headlesspro_shared::kernel::id::{ChannelId, CustomerGroupId, PriceListId};
use headlesspro_shared::kernel::page::CursorPart;
use headlesspro_shared::pricing::{PriceList, check_bases};
use serde_json::{Value, json};

use super::http;
use crate::app::{Ctx, Tenant};
use crate::catalog::{all_channels, channel_ids, guard_changed};
use crate::failure::Failure;
use crate::journal::{Answered, Change, Claim};
use crate::port::sql::{Commit, Committed, Refusal, Rows, SqlError, Statement};
use crate::pricing::store::list::{self, StoredList};
use crate::pricing::store::{group, setting};
use crate::pricing::writing::{
    Made, Most, Outcome, WriteError, expect, fault, first_answer, invalid, make, page, rejected, tell, unexplained,
};

/// The list has one sort.
pub const BY_ID: &str = "id";

/// A page of the store's lists after an id, and the cursor of the next one.
pub async fn list(ctx: &Ctx, after: &str, limit: i64) -> Outcome<(Vec<StoredList>, Option<String>)> {
    let rows = ctx.read(vec![list::list(ctx.tenant(), after, limit.saturating_add(1))]).await?;
    let found = rows.first().map(list::lists_of).transpose()?.unwrap_or_default();
    Ok(page(found, limit, BY_ID, |last| vec![CursorPart::Text(last.list.id.to_string())]))
}

/// One list.
pub async fn find(ctx: &Ctx, id: PriceListId) -> Outcome<StoredList> {
    for ctx in ctx.attempts() {
        let rows = ctx.read(vec![list::find(ctx.tenant(), id)]).await?;
        if let Some(settled) = ctx.settles(only(rows.first()).map(Some)) {
            return settled;
        }
    }
    Err(Failure::NotFound)
}

/// The list of the row.
pub fn only(rows: Option<&Rows>) -> Outcome<StoredList> {
    rows.map(list::lists_of).transpose()?.unwrap_or_default().pop().ok_or(Failure::NotFound)
}

/// Makes a list without rules; its id is made here, whatever `new` has.
pub async fn create(ctx: &Ctx, new: &PriceList, claim: Option<&Claim>) -> Outcome<Answered> {
    if let Some(first) = first_answer(ctx, claim).await? {
        return Ok(first);
    }
    let new = PriceList { id: ctx.new_id()?, ..new.clone() };
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_create(&ctx, &new, claim).await) {
            return settled;
        }
    }
    rejected(WriteError::Changing)
}

/// `None`: somebody else was quicker.
async fn try_create(ctx: &Ctx, new: &PriceList, claim: Option<&Claim>) -> Outcome<Option<Answered>> {
    let tenant = ctx.tenant();
    let named = Named::of(new, None);
    let rows = ctx.read(surroundings(tenant, &named)).await?;
    let version = check(&rows, new, &named)?;
    let made = StoredList { list: new.clone(), rule_count: 0, version: 1, created_at: ctx.now, updated_at: ctx.now };
    let mut commit = Commit::new();
    let guards = guard(&mut commit, tenant, new, &named, version);
    commit.push(list::insert(tenant, new, ctx.now));
    commit.push(setting::advance(tenant));
    let change = Change::new("price-list.create", new.id).after(state(new));
    tell(ctx, &mut commit, "price-list.created", &payload(new.id), change).await?;
    let location = format!("/api/v1/price-lists/{}", new.id);
    match make(ctx, commit, Answered::first(location, http::render(&made)), claim).await? {
        Made::Done(answered) => Ok(Some(answered)),
        Made::Refused { statement, .. } if guards.contains(&statement) => Ok(None),
        Made::Refused { refusal, .. } => Err(refused(&refusal)),
    }
}

/// Replaces everything of a list but its rules.
pub async fn replace(ctx: &Ctx, id: PriceListId, new: &PriceList, expected: Option<i64>) -> Outcome<StoredList> {
    let new = PriceList { id, ..new.clone() };
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_replace(&ctx, &new, expected).await) {
            return settled;
        }
    }
    rejected(WriteError::Changing)
}

async fn try_replace(ctx: &Ctx, new: &PriceList, expected: Option<i64>) -> Outcome<Option<StoredList>> {
    let tenant = ctx.tenant();
    let mut asked = surroundings(tenant, &Named::of(new, None));
    asked.push(list::find(tenant, new.id));
    let rows = ctx.read(asked).await?;
    let was = only(rows.last())?;
    expect(expected, was.version)?;
    let named = Named::of(new, Some(&was.list));
    let version = check(&rows, new, &named)?;
    if was.list == *new {
        return Ok(Some(was).filter(|_| ctx.is_current()));
    }
    let mut commit = Commit::new();
    let guards = guard(&mut commit, tenant, new, &named, version);
    commit.push(list::change(tenant, new, was.version, ctx.now));
    let changed = commit.push(guard_changed());
    commit.push(setting::advance(tenant));
    let change = Change::new("price-list.change", new.id).before(state(&was.list)).after(state(new));
    tell(ctx, &mut commit, "price-list.changed", &payload(new.id), change).await?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {
            let version = was.version.saturating_add(1);
            Ok(Some(StoredList { list: new.clone(), version, updated_at: ctx.now, ..was }))
        }
        Committed::Refused { statement, .. } if statement == changed || guards.contains(&statement) => Ok(None),
        Committed::Refused { refusal, .. } => Err(refused(&refusal)),
    }
}

/// Deletes a list that no other one is based on; its rules go after the response.
pub async fn delete(ctx: &Ctx, id: PriceListId, expected: Option<i64>) -> Outcome<()> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_delete(&ctx, id, expected).await) {
            return settled;
        }
    }
    rejected(WriteError::Changing)
}

async fn try_delete(ctx: &Ctx, id: PriceListId, expected: Option<i64>) -> Outcome<Option<()>> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![list::find(tenant, id)]).await?;
    let was = only(rows.first())?;
    expect(expected, was.version)?;
    let mut commit = Commit::new();
    let base = commit.push(list::guard_no_base(tenant, id));
    commit.push(list::delete(tenant, id, was.version, ctx.now));
    let guard = commit.push(guard_changed());
    commit.push(setting::advance(tenant));
    let change = Change::new("price-list.delete", id).before(state(&was.list));
    tell(ctx, &mut commit, "price-list.deleted", &payload(id), change).await?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {
            list::DELETED_LISTS.remove_later(ctx);
            Ok(Some(()))
        }
        Committed::Refused { statement, .. } if statement == base => rejected(WriteError::IsABase),
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// The channels and groups that a list names and did not name before, each by its place in it. What it names already may
/// be gone since: it is for nobody then, and stays with what was written.
struct Named {
    channels: Vec<(usize, ChannelId)>,
    groups: Vec<(usize, CustomerGroupId)>,
}

impl Named {
    fn of(list: &PriceList, was: Option<&PriceList>) -> Named {
        let (channels, groups) = was.map(|was| (was.channels.as_slice(), was.groups.as_slice())).unwrap_or_default();
        Named { channels: newly(&list.channels, channels), groups: newly(&list.groups, groups) }
    }
}

fn newly<T: Copy + PartialEq>(named: &[T], before: &[T]) -> Vec<(usize, T)> {
    named.iter().copied().enumerate().filter(|(_, one)| !before.contains(one)).collect()
}

fn ids<T: Copy>(named: &[(usize, T)]) -> Vec<T> {
    named.iter().map(|(_, id)| *id).collect()
}

/// What a list names must be there: the statements whose rows [`check`] takes first.
fn surroundings(tenant: Tenant, named: &Named) -> Vec<Statement> {
    vec![all_channels(tenant), group::missing(tenant, &ids(&named.groups)), list::bases(tenant), setting::find(tenant)]
}

/// Everything that is wrong with what the list names; else at which version that was so.
fn check(rows: &[Rows], list: &PriceList, named: &Named) -> Outcome<i64> {
    let channels: BTreeSet<String> = channel_ids(rows.first())?.into_values().collect();
    let mut faults = Vec::new();
    for (at, channel) in &named.channels {
        if !channels.contains(&channel.to_string()) {
            faults.push(fault(format!("channels/{at}"), "is no channel of this store"));
        }
    }
    let missing = rows.get(1).into_iter().flat_map(Rows::iter).map(|row| row.get::<&str>("id").map(str::to_owned));
    let missing: BTreeSet<String> = missing.collect::<Result<_, SqlError>>()?;
    for (at, group) in &named.groups {
        if missing.contains(&group.to_string()) {
            faults.push(fault(format!("groups/{at}"), "is no customer group of this organization"));
        }
    }
    let mut bases = list::bases_of(rows.get(2))?;
    bases.insert(list.id, list.based_on);
    if let Err(error) = check_bases(&bases) {
        faults.push(fault("basedOn", error.to_string()));
    }
    if faults.is_empty() { Ok(setting::setting_of(rows.get(3))?.version) } else { invalid(faults) }
}

/// Whatever was read of what the list names is so in the commit as well, or it is decided anew: that channels and groups
/// are there, and what lists are based on, which two writes at once could otherwise close to a circle.
fn guard(commit: &mut Commit, tenant: Tenant, list: &PriceList, named: &Named, version: i64) -> Vec<usize> {
    let mut guards = Vec::new();
    if !named.channels.is_empty() || !named.groups.is_empty() {
        guards.push(commit.push(list::guard_named(tenant, &ids(&named.channels), &ids(&named.groups))));
    }
    guards.extend(list.based_on.map(|_| commit.push(setting::guard(tenant, version))));
    guards
}

/// Why a list was not written.
fn refused(refusal: &Refusal) -> Failure<WriteError> {
    match refusal {
        refusal if refusal.is_raised("PRICE_LIST_COUNT") => Failure::Rejected(WriteError::TooMany(Most::Lists)),
        refusal if refusal.is_raised("PRICE_LIST_SIZE") => Failure::Rejected(WriteError::TooMany(Most::Bytes)),
        refusal => unexplained(refusal),
    }
}

fn payload(id: PriceListId) -> [(&'static str, String); 1] {
    [("priceListId", id.to_string())]
}

/// What the audit log keeps.
fn state(list: &PriceList) -> Value {
    let mut state = json!(list);
    if let Value::Object(members) = &mut state {
        members.remove("id");
        members.remove("rules");
    }
    state
}
