//! Declaring attributes: read what is there, decide, commit.

use headlesspro_shared::catalog::attribute::Definition;
use headlesspro_shared::catalog::source::Fault;
use headlesspro_shared::kernel::page::{Cursor, CursorPart};
use serde_json::{Value, json};

use super::declared::definition_of;
use crate::app::Ctx;
use crate::catalog::shown::{Advance, Touched, advance, written};
use crate::catalog::store::attribute::{self, Declared};
use crate::catalog::store::taxonomy::guard_changed;
use crate::failure::{Failure, Unavailable};
use crate::journal::{self, Answered, Change, Claim};
use crate::port::sql::{Commit, Committed, Constraint, Refusal, Rows};

/// The list has one sort.
pub const BY_KEY: &str = "key";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeError {
    Invalid(Vec<Fault>),
    TooMany,
    /// Something has values of the attribute with this key.
    InUse(String),
    VersionMismatch {
        current: i64,
    },
    Changing,
}

type Outcome<T> = Result<T, Failure<AttributeError>>;

fn rejected<T>(error: AttributeError) -> Outcome<T> {
    Err(Failure::Rejected(error))
}

/// What the commit has in common with all others that declare something.
struct Step<'a> {
    declared: &'a Declared,
    event: &'static str,
    change: Change,
}

/// A page of the store's attributes after a key, in JSON, and the cursor of the next one.
pub async fn list(ctx: &Ctx, after: &str, limit: i64) -> Outcome<(String, Option<String>)> {
    let rows = ctx.read(vec![attribute::list(ctx.tenant(), after, limit.saturating_add(1))]).await?;
    let mut found = rows.first().map(attribute::declared_of).transpose()?.unwrap_or_default();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = limit < found.len();
    found.truncate(limit);
    let mut next = None;
    if let Some(last) = found.last().filter(|_| has_more) {
        let key = definition_of(last, ctx.principal().await?.currency)?.key;
        next = Some(Cursor::new(BY_KEY, vec![CursorPart::Text(key)]).to_string());
    }
    let items: Vec<String> = found.iter().map(render).collect();
    let cursor = next.as_deref().map_or_else(|| "null".to_owned(), |next| format!("\"{next}\""));
    Ok((format!(r#"{{"items":[{}],"nextCursor":{cursor}}}"#, items.join(",")), next))
}

/// One attribute, by id or key.
pub async fn find(ctx: &Ctx, key: &str) -> Outcome<Declared> {
    for ctx in ctx.attempts() {
        let rows = ctx.read(vec![attribute::find(ctx.tenant(), key)]).await?;
        if let Some(settled) = ctx.settles(reached(&ctx, rows.first()).await.map(Some)) {
            return settled;
        }
    }
    Err(Failure::NotFound)
}

/// The attribute of the row, which the caller's grants reach.
async fn reached(ctx: &Ctx, rows: Option<&Rows>) -> Outcome<Declared> {
    let found = only(rows)?;
    ctx.reach(found.id).await?;
    Ok(found)
}

/// Declares an attribute.
pub async fn create(ctx: &Ctx, json: &Value, claim: Option<&Claim>) -> Outcome<Answered> {
    let tenant = ctx.tenant();
    if let Some(claim) = claim {
        let rows = ctx.read(vec![journal::idempotency_record(tenant, &claim.key)]).await?;
        if let Some(first) = journal::replay(Some(claim), rows.first())? {
            return Ok(first.into());
        }
    }
    let definition = Definition::read(json, ctx.principal().await?.currency).map_err(invalid)?;
    let text = serde_json::to_string(&definition).map_err(not_rendered)?;
    let declared =
        Declared { id: ctx.new_id()?, definition: text, version: 1, created_at: ctx.now, updated_at: ctx.now };
    let mut commit = Commit::new();
    let insert = commit.push(attribute::insert(tenant, &declared, &definition.key));
    let change = Change::new("attribute.create", declared.id).after(state(&definition));
    let advanced = finish(ctx, &mut commit, Step { declared: &declared, event: "attribute.created", change }).await?;
    let location = format!("/api/v1/admin/attributes/{}", declared.id);
    let body = render(&declared);
    if let Some(claim) = claim {
        commit.push(journal::record(tenant, claim, 201, &location, &body, ctx.now));
        commit.push_diagnosis(journal::idempotency_record(tenant, &claim.key));
    }
    match ctx.commit(&commit).await? {
        Committed::Done { rows, .. } => {
            written(ctx, &rows, advanced)?;
            Ok(Answered::first(location, body))
        }
        Committed::Refused { statement, refusal, diagnosis } => {
            if let Some(first) = journal::replay(claim, diagnosis.first())? {
                return Ok(first.into());
            }
            match &refusal {
                Refusal::Constraint { constraint: Constraint::Unique, .. } if statement == insert => {
                    let reason = "another attribute has this key".to_owned();
                    Err(invalid(vec![Fault { path: "key".to_owned(), reason }]))
                }
                refusal if refusal.is_raised("ATTRIBUTE_COUNT") => rejected(AttributeError::TooMany),
                refusal => Err(unexplained(refusal)),
            }
        }
    }
}

/// Changes what `patch` says of an attribute, a JSON Merge Patch, and leaves the rest. Only one that nothing has a value
/// of becomes another type.
pub async fn change(ctx: &Ctx, key: &str, patch: &Value, expected: Option<i64>) -> Outcome<Declared> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_change(&ctx, key, patch, expected).await) {
            return settled;
        }
    }
    rejected(AttributeError::Changing)
}

async fn try_change(ctx: &Ctx, key: &str, patch: &Value, expected: Option<i64>) -> Outcome<Option<Declared>> {
    let tenant = ctx.tenant();
    let there = find(ctx, key).await?;
    expect(expected, there.version)?;
    let currency = ctx.principal().await?.currency;
    let was = definition_of(&there, currency)?;
    let is = was.patched(patch, currency).map_err(invalid)?;
    if is == was {
        return Ok(Some(there).filter(|_| ctx.is_current()));
    }
    let text = serde_json::to_string(&is).map_err(not_rendered)?;
    let declared = Declared { definition: text, ..there };
    let mut commit = Commit::new();
    let unused = is.is_other_than(&was).then(|| commit.push(attribute::guard_unused(tenant, &was.key)));
    commit.push(attribute::change(tenant, &declared, ctx.now));
    let guard = commit.push(guard_changed());
    let change = Change::new("attribute.change", declared.id).before(state(&was)).after(state(&is));
    let advanced = finish(ctx, &mut commit, Step { declared: &declared, event: "attribute.changed", change }).await?;
    match ctx.commit(&commit).await? {
        Committed::Done { rows, .. } => {
            written(ctx, &rows, advanced)?;
            let version = declared.version.saturating_add(1);
            return Ok(Some(Declared { version, updated_at: ctx.now, ..declared }));
        }
        Committed::Refused { statement, .. } if Some(statement) == unused => {
            return rejected(AttributeError::InUse(was.key));
        }
        Committed::Refused { statement, .. } if statement == guard => {}
        Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
    }
    Ok(None)
}

/// Deletes an attribute that nothing has a value of.
pub async fn delete(ctx: &Ctx, key: &str, expected: Option<i64>) -> Outcome<()> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_delete(&ctx, key, expected).await) {
            return settled;
        }
    }
    rejected(AttributeError::Changing)
}

async fn try_delete(ctx: &Ctx, key: &str, expected: Option<i64>) -> Outcome<Option<()>> {
    let tenant = ctx.tenant();
    let there = find(ctx, key).await?;
    expect(expected, there.version)?;
    let was = definition_of(&there, ctx.principal().await?.currency)?;
    let mut commit = Commit::new();
    let unused = commit.push(attribute::guard_unused(tenant, &was.key));
    commit.push(attribute::delete(tenant, there.id, there.version));
    let guard = commit.push(guard_changed());
    let change = Change::new("attribute.delete", there.id).before(state(&was));
    let advanced = finish(ctx, &mut commit, Step { declared: &there, event: "attribute.deleted", change }).await?;
    match ctx.commit(&commit).await? {
        Committed::Done { rows, .. } => return written(ctx, &rows, advanced).map(Some),
        Committed::Refused { statement, .. } if statement == unused => {
            return rejected(AttributeError::InUse(was.key));
        }
        Committed::Refused { statement, .. } if statement == guard => {}
        Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
    }
    Ok(None)
}

/// Raises the catalog's version: lists are narrowed otherwise from now on.
async fn finish(ctx: &Ctx, commit: &mut Commit, step: Step<'_>) -> Outcome<Advance> {
    let advanced = advance(ctx, commit, Touched { lists: true, categories: true, ..Touched::default() })?;
    commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, step.change));
    journal::announce(ctx, commit, step.event, &[("attributeId", step.declared.id.to_string())])?;
    Ok(advanced)
}

fn only(rows: Option<&Rows>) -> Outcome<Declared> {
    rows.map(attribute::declared_of).transpose()?.unwrap_or_default().pop().ok_or(Failure::NotFound)
}

/// What the staff sees of an attribute, in JSON.
pub fn render(declared: &Declared) -> String {
    let Declared { id, version, created_at, updated_at, .. } = declared;
    let members = declared.definition.strip_prefix('{').unwrap_or_default();
    format!(r#"{{"id":"{id}","version":{version},"createdAt":"{created_at}","updatedAt":"{updated_at}",{members}"#)
}

/// What the audit log keeps.
fn state(definition: &Definition) -> Value {
    json!({
        "key": definition.key,
        "of": definition.of.name(),
        "type": definition.value_type.name(),
        "items": definition.items.map(|items| items.name()),
        "target": definition.target.map(|target| target.name()),
        "filterable": definition.filterable,
        "choices": definition.choices.len(),
        "min": definition.min,
        "max": definition.max,
    })
}

fn expect(expected: Option<i64>, current: i64) -> Outcome<()> {
    match expected {
        Some(version) if version != current => rejected(AttributeError::VersionMismatch { current }),
        _ => Ok(()),
    }
}

fn invalid(faults: Vec<Fault>) -> Failure<AttributeError> {
    Failure::Rejected(AttributeError::Invalid(faults))
}

fn not_rendered(error: serde_json::Error) -> Failure<AttributeError> {
    Failure::Unavailable(Unavailable::Corrupt(error.to_string()))
}

fn unexplained(refusal: &Refusal) -> Failure<AttributeError> {
    Failure::Unavailable(Unavailable::Corrupt(format!("an attribute was refused: {refusal:?}")))
}
