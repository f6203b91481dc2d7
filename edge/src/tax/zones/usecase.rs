//! Making, replacing and deleting a zone: read what is there, decide, commit.

use std::collections::BTreeSet;

use headlesspro_shared::kernel::area::Area;
use headlesspro_shared::kernel::id::Id;
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::page::{CursorPart, page};
use serde_json::{Map, Value, json};

use super::Ruled;
use super::store::{self, Zone};
use crate::app::Ctx;
use crate::catalog::guard_changed;
use crate::failure::{Failure, Unavailable};
use crate::journal::{self, Change, Claim, told};
use crate::port::sql::{Commit, Committed, Refusal, Rows};
use crate::wire::value_of;

/// Where a zone may stand: 0 to this.
pub const LAST_POSITION: i64 = 1_000_000;

pub type Name = Line<200>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneError {
    /// The rule at this place has an id that none of the zone's has.
    UnknownRule {
        rules: &'static str,
        at: usize,
    },
    /// It has the id of one before it.
    RuleTwice {
        rules: &'static str,
        at: usize,
    },
    /// One of the rules names what the store does not have; the detail.
    NamesUnknown {
        rules: &'static str,
        detail: &'static str,
    },
    TooMany,
    /// All of the store's are read at once.
    TooLarge,
    VersionMismatch {
        current: i64,
    },
    Changing,
}

pub type Outcome<T> = Result<T, Failure<ZoneError>>;

/// All of a zone. A rule whose id is zero is a new one.
pub struct NewZone<R> {
    pub name: Name,
    /// The last place, or the one that it has, where none is given.
    pub position: Option<i64>,
    pub areas: Vec<Area>,
    pub rules: Vec<R>,
}

fn rejected<T>(error: ZoneError) -> Outcome<T> {
    Err(Failure::Rejected(error))
}

/// A page of the store's zones after a place and an id, and the cursor of the next one.
pub async fn list<R: Ruled>(ctx: &Ctx, after: &(i64, String), limit: i64) -> Outcome<(Vec<Zone<R>>, Option<String>)> {
    let rows = ctx.read(vec![store::list::<R>(ctx.tenant(), after, limit.saturating_add(1))]).await?;
    let found = rows.first().map(store::zones_of).transpose()?.unwrap_or_default();
    let parts = |last: &Zone<R>| vec![CursorPart::Integer(last.position), CursorPart::Text(last.id.to_string())];
    Ok(page(found, limit, R::WORDS.list, parts))
}

pub async fn find<R: Ruled>(ctx: &Ctx, id: Id<R::ZoneKind>) -> Outcome<Zone<R>> {
    for ctx in ctx.attempts() {
        let rows = ctx.read(vec![store::find::<R>(ctx.tenant(), id)]).await?;
        if let Some(settled) = ctx.settles(only(rows.first()).map(Some)) {
            return settled;
        }
    }
    Err(Failure::NotFound)
}

/// Makes a zone. Answers whether it is the answer to a repeat.
pub async fn create<R: Ruled>(ctx: &Ctx, mut new: NewZone<R>, claim: Option<&Claim>) -> Outcome<(Zone<R>, bool)> {
    let tenant = ctx.tenant();
    if let Some(claim) = claim {
        let rows = ctx.read(vec![journal::idempotency_record(tenant, &claim.key)]).await?;
        if let Some(made) = made_before(ctx, Some(claim), rows.first()).await? {
            return Ok((made, true));
        }
    }
    new.rules = identified(ctx, new.rules, &[])?;
    let id = ctx.new_id()?;
    let mut commit = Commit::new();
    commit.push(store::insert(tenant, id, &new, ctx.now));
    let (action, event) = R::WORDS.made;
    let state = state(new.name.as_str(), new.position, &new.areas, &new.rules);
    finish::<R>(ctx, &mut commit, id, event, Change::new(action, id).after(told::whole(&state))).await?;
    if let Some(claim) = claim {
        commit.push(journal::record(tenant, claim, 201, &location::<R>(id), "", ctx.now));
        commit.push_diagnosis(journal::idempotency_record(tenant, &claim.key));
    }
    commit.push_after(store::find::<R>(tenant, id));
    match ctx.commit(&commit).await? {
        Committed::Done { after, .. } => Ok((only(after.first())?, false)),
        Committed::Refused { refusal, diagnosis, .. } => match made_before(ctx, claim, diagnosis.first()).await? {
            Some(made) => Ok((made, true)),
            None => Err(refused::<R>(&refusal)),
        },
    }
}

/// Replaces all of a zone, but its place where none is given.
pub async fn replace<R: Ruled>(
    ctx: &Ctx,
    id: Id<R::ZoneKind>,
    new: &NewZone<R>,
    expected: Option<i64>,
) -> Outcome<Zone<R>> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_replace(&ctx, id, new, expected).await) {
            return settled;
        }
    }
    rejected(ZoneError::Changing)
}

/// `None`: somebody else was quicker.
async fn try_replace<R: Ruled>(
    ctx: &Ctx,
    id: Id<R::ZoneKind>,
    new: &NewZone<R>,
    expected: Option<i64>,
) -> Outcome<Option<Zone<R>>> {
    let was: Zone<R> = find(ctx, id).await?;
    expect(expected, was.version)?;
    let is = Zone {
        id,
        name: new.name.to_string(),
        position: new.position.unwrap_or(was.position),
        areas: new.areas.clone(),
        rules: identified(ctx, new.rules.clone(), &was.rules)?,
        version: was.version,
        created_at: was.created_at,
        updated_at: was.updated_at,
    };
    if is.says_the_same(&was) {
        return Ok(ctx.is_current().then_some(was));
    }
    let mut commit = Commit::new();
    commit.push(store::replace(ctx.tenant(), &is, ctx.now));
    let guard = commit.push(guard_changed());
    let (action, event) = R::WORDS.replaced;
    let [before, after] = [&was, &is].map(|zone| state(&zone.name, Some(zone.position), &zone.areas, &zone.rules));
    let (before, after) = told::difference(&before, &after);
    finish::<R>(ctx, &mut commit, id, event, Change::new(action, id).before(before).after(after)).await?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(Some(Zone { version: is.version.saturating_add(1), updated_at: ctx.now, ..is })),
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused { refusal, .. } => Err(refused::<R>(&refusal)),
    }
}

pub async fn delete<R: Ruled>(ctx: &Ctx, id: Id<R::ZoneKind>, expected: Option<i64>) -> Outcome<()> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_delete::<R>(&ctx, id, expected).await) {
            return settled;
        }
    }
    rejected(ZoneError::Changing)
}

async fn try_delete<R: Ruled>(ctx: &Ctx, id: Id<R::ZoneKind>, expected: Option<i64>) -> Outcome<Option<()>> {
    let was: Zone<R> = find(ctx, id).await?;
    expect(expected, was.version)?;
    let mut commit = Commit::new();
    commit.push(store::delete::<R>(ctx.tenant(), id, was.version));
    let guard = commit.push(guard_changed());
    let (action, event) = R::WORDS.deleted;
    let state = state(&was.name, Some(was.position), &was.areas, &was.rules);
    finish::<R>(ctx, &mut commit, id, event, Change::new(action, id).before(told::whole(&state))).await?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(Some(())),
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused { refusal, .. } => Err(refused::<R>(&refusal)),
    }
}

async fn finish<R: Ruled>(
    ctx: &Ctx,
    commit: &mut Commit,
    id: Id<R::ZoneKind>,
    event: &'static str,
    change: Change,
) -> Outcome<()> {
    commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, change));
    journal::announce(ctx, commit, event, &[(R::WORDS.id, id.to_string())])?;
    Ok(())
}

/// The rules with their ids: a new one where none is given, else one of `known`.
fn identified<R: Ruled>(ctx: &Ctx, mut rules: Vec<R>, known: &[R]) -> Outcome<Vec<R>> {
    let new = Id::from_u128(0);
    let known: BTreeSet<Id<R::Kind>> = known.iter().cloned().map(|mut rule| *rule.id()).collect();
    let mut given = BTreeSet::new();
    for (at, rule) in rules.iter_mut().enumerate() {
        let rules = R::WORDS.rules;
        let id = rule.id();
        if *id == new {
            *id = ctx.new_id()?;
        } else if !known.contains(id) {
            return rejected(ZoneError::UnknownRule { rules, at });
        } else if !given.insert(*id) {
            return rejected(ZoneError::RuleTwice { rules, at });
        }
    }
    Ok(rules)
}

/// The zone of the first answer to the same request, as it is now.
async fn made_before<R: Ruled>(ctx: &Ctx, claim: Option<&Claim>, rows: Option<&Rows>) -> Outcome<Option<Zone<R>>> {
    let Some(first) = journal::replay(claim, rows)? else { return Ok(None) };
    let id = first.location.rsplit('/').next().and_then(|id| id.parse().ok()).ok_or(Failure::NotFound)?;
    find(ctx, id).await.map(Some)
}

fn only<R: Ruled>(rows: Option<&Rows>) -> Outcome<Zone<R>> {
    rows.map(store::zones_of).transpose()?.unwrap_or_default().pop().ok_or(Failure::NotFound)
}

pub fn location<R: Ruled>(id: Id<R::ZoneKind>) -> String {
    format!("{}/{id}", R::WORDS.path)
}

/// What the audit log keeps.
fn state<R: Ruled>(name: &str, position: Option<i64>, areas: &[Area], rules: &[R]) -> Value {
    let members = [
        ("name", json!(name)),
        ("position", json!(position)),
        ("areas", value_of(&areas)),
        (R::WORDS.rules, value_of(&rules)),
    ];
    Value::Object(members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect::<Map<_, _>>())
}

fn expect(expected: Option<i64>, current: i64) -> Outcome<()> {
    match expected {
        Some(version) if version != current => rejected(ZoneError::VersionMismatch { current }),
        _ => Ok(()),
    }
}

fn refused<R: Ruled>(refusal: &Refusal) -> Failure<ZoneError> {
    if refusal.is_raised(R::WORDS.too_many) {
        Failure::Rejected(ZoneError::TooMany)
    } else if refusal.is_raised(R::WORDS.too_large) {
        Failure::Rejected(ZoneError::TooLarge)
    } else if let Some((_, detail)) = R::WORDS.unknown.filter(|(raised, _)| refusal.is_raised(raised)) {
        Failure::Rejected(ZoneError::NamesUnknown { rules: R::WORDS.rules, detail })
    } else {
        Failure::Unavailable(Unavailable::Corrupt(format!("a zone was refused: {refusal:?}")))
    }
}
