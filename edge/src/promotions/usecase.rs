//! Making, changing and deleting a promotion: read what is there, decide, commit.

use headlesspro_shared::catalog::source::Fault;
use headlesspro_shared::kernel::id::PromotionId;
use headlesspro_shared::kernel::page::{Cursor, CursorPart};
use headlesspro_shared::promotions::{Definition, StackingGroup, validate};
use serde_json::Value;

use super::store::promotion::{self, Promotion};
use super::store::{Redeemed, groups, groups_of, guard_changed, redemptions, redemptions_of};
use crate::app::Ctx;
use crate::failure::{Failure, Unavailable};
use crate::journal::{self, Answered, Change, Claim};
use crate::port::sql::{Commit, Committed, Constraint, Refusal, Rows, Statement};
use crate::wire::value_of;

/// The sorts of the lists: promotions and redemptions have the newest first, codes are in the order of their texts.
pub const NEWEST: &str = "newest";
pub const BY_CODE: &str = "code";

/// What may apply to one cart is read at once, so that none may be very long; its column checks it as well.
const MOST_BYTES: usize = 32 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromotionError {
    Invalid(Vec<Fault>),
    /// As many automatic promotions are active, and not over, as can be.
    TooMany,
    /// Orders have it.
    Redeemed,
    /// Nobody comes by it with a code.
    NotByCode,
    TooManyCodes,
    /// Promotions are in the groups with these keys.
    GroupsInUse(Vec<String>),
    VersionMismatch {
        current: i64,
    },
    Changing,
}

pub type Outcome<T> = Result<T, Failure<PromotionError>>;

pub fn rejected<T>(error: PromotionError) -> Outcome<T> {
    Err(Failure::Rejected(error))
}

pub fn invalid<T>(path: impl Into<String>, reason: &str) -> Outcome<T> {
    rejected(PromotionError::Invalid(vec![Fault { path: path.into(), reason: reason.to_owned() }]))
}

/// What of those read is on a page of at most `limit`, and the cursor of the next one.
pub fn page<T>(mut found: Vec<T>, limit: i64, sort: &str, text: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = limit < found.len();
    found.truncate(limit);
    let last = found.last().filter(|_| has_more).map(|last| vec![CursorPart::Text(text(last))]);
    let next = last.map(|parts| Cursor::new(sort, parts).to_string());
    (found, next)
}

/// A page of the store's promotions behind an id, and the cursor of the next one.
pub async fn list(ctx: &Ctx, behind: &str, limit: i64) -> Outcome<(Vec<Promotion>, Option<String>)> {
    let rows = ctx.read(vec![promotion::list(ctx.tenant(), behind, limit.saturating_add(1))]).await?;
    let found = rows.first().map(promotion::promotions_of).transpose()?.unwrap_or_default();
    Ok(page(found, limit, NEWEST, |promotion| promotion.id.to_string()))
}

pub async fn find(ctx: &Ctx, id: PromotionId) -> Outcome<Promotion> {
    read_with(ctx, id, &Vec::new).await.map(|(found, _)| found)
}

/// The promotion, with what the statements answer that are read beside it.
pub async fn read_with(
    ctx: &Ctx,
    id: PromotionId,
    beside: &(dyn Fn() -> Vec<Statement> + Sync),
) -> Outcome<(Promotion, Vec<Rows>)> {
    for ctx in ctx.attempts() {
        let mut statements = beside();
        statements.insert(0, promotion::find(ctx.tenant(), id));
        let mut rows = ctx.read(statements).await?.into_iter();
        let attempt = only(rows.next().as_ref()).map(|found| Some((found, rows.collect())));
        if let Some(settled) = ctx.settles(attempt) {
            return settled;
        }
    }
    Err(Failure::NotFound)
}

/// A page of a promotion's redemptions behind the id of an order, and the cursor of the next one.
pub async fn redeemed(
    ctx: &Ctx,
    id: PromotionId,
    behind: &str,
    limit: i64,
) -> Outcome<(Vec<Redeemed>, Option<String>)> {
    let list = || vec![redemptions(ctx.tenant(), id, behind, limit.saturating_add(1))];
    let (_, rows) = read_with(ctx, id, &list).await?;
    let found = rows.first().map(redemptions_of).transpose()?.unwrap_or_default();
    Ok(page(found, limit, NEWEST, |redeemed| redeemed.order.to_string()))
}

/// Makes a promotion, which `render` turns into the answer.
pub async fn create(
    ctx: &Ctx,
    definition: &Definition,
    claim: Option<&Claim>,
    render: impl Fn(&Promotion) -> String,
) -> Outcome<Answered> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_create(&ctx, definition, claim, &render).await.map(Some)) {
            return settled;
        }
    }
    rejected(PromotionError::Changing)
}

async fn try_create(
    ctx: &Ctx,
    definition: &Definition,
    claim: Option<&Claim>,
    render: impl Fn(&Promotion) -> String,
) -> Outcome<Answered> {
    let tenant = ctx.tenant();
    let mut reads = vec![groups(tenant)];
    reads.extend(claim.map(|claim| journal::idempotency_record(tenant, &claim.key)));
    let rows = ctx.read(reads).await?;
    if let Some(first) = journal::replay(claim, rows.get(1))? {
        return Ok(first.into());
    }
    let text = checked(definition, &rows.first().map(groups_of).transpose()?.unwrap_or_default())?;
    let made = Promotion {
        id: ctx.new_id()?,
        definition: definition.clone(),
        used: 0,
        remaining: definition.limit,
        codes: 0,
        version: 1,
        created_at: ctx.now,
        updated_at: ctx.now,
    };
    let mut commit = Commit::new();
    let insert = commit.push(promotion::insert(tenant, made.id, definition, &text, ctx.now));
    let change = Change::new("promotion.create", made.id).after(state(definition));
    finish(ctx, &mut commit, made.id, "promotion.created", change).await?;
    let answered = Answered::first(location(made.id), render(&made));
    if let Some(claim) = claim {
        commit.push(journal::record(tenant, claim, 201, &answered.location, &answered.body, ctx.now));
        commit.push_diagnosis(journal::idempotency_record(tenant, &claim.key));
    }
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(answered),
        Committed::Refused { statement, refusal, diagnosis } => {
            if let Some(first) = journal::replay(claim, diagnosis.first())? {
                return Ok(first.into());
            }
            Err(refused(statement == insert, &refusal))
        }
    }
}

/// Puts a definition in the place of the promotion's.
pub async fn replace(ctx: &Ctx, id: PromotionId, is: &Definition, expected: Option<i64>) -> Outcome<Promotion> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_replace(&ctx, id, is, expected).await) {
            return settled;
        }
    }
    rejected(PromotionError::Changing)
}

/// `None`: somebody else was quicker.
async fn try_replace(ctx: &Ctx, id: PromotionId, is: &Definition, expected: Option<i64>) -> Outcome<Option<Promotion>> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![promotion::find(tenant, id), groups(tenant)]).await?;
    let was = only(rows.first())?;
    expect(expected, was.version)?;
    let text = checked(is, &rows.get(1).map(groups_of).transpose()?.unwrap_or_default())?;
    if *is == was.definition {
        return Ok(Some(was).filter(|_| ctx.is_current()));
    }
    let mut commit = Commit::new();
    let written = commit.push(promotion::change(tenant, (id, was.version), is, &text, ctx.now));
    let guard = commit.push(guard_changed());
    let change = Change::new("promotion.change", id).before(state(&was.definition)).after(state(is));
    finish(ctx, &mut commit, id, "promotion.updated", change).await?;
    commit.push_after(promotion::find(tenant, id));
    match ctx.commit(&commit).await? {
        Committed::Done { after, .. } => only(after.first()).map(Some),
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused { statement, refusal, .. } => Err(refused(statement == written, &refusal)),
    }
}

/// Deletes a promotion that no order has; its codes are good for nothing any more, and go after the response.
pub async fn delete(ctx: &Ctx, id: PromotionId, expected: Option<i64>) -> Outcome<()> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_delete(&ctx, id, expected).await) {
            return settled;
        }
    }
    rejected(PromotionError::Changing)
}

async fn try_delete(ctx: &Ctx, id: PromotionId, expected: Option<i64>) -> Outcome<Option<()>> {
    let there = find(ctx, id).await?;
    expect(expected, there.version)?;
    let mut commit = Commit::new();
    let redeemed = commit.push(promotion::guard_not_redeemed(ctx.tenant(), id));
    commit.push(promotion::delete(ctx.tenant(), id, there.version, ctx.now));
    let guard = commit.push(guard_changed());
    let change = Change::new("promotion.delete", id).before(state(&there.definition));
    finish(ctx, &mut commit, id, "promotion.deleted", change).await?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {
            promotion::DELETED.remove_later(ctx);
            Ok(Some(()))
        }
        Committed::Refused { statement, .. } if statement == redeemed => rejected(PromotionError::Redeemed),
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// The audit row and the event of a change of a promotion.
pub async fn finish(
    ctx: &Ctx,
    commit: &mut Commit,
    id: PromotionId,
    event: &'static str,
    change: Change,
) -> Outcome<()> {
    commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, change));
    journal::announce(ctx, commit, event, &[("promotionId", id.to_string())])?;
    Ok(())
}

/// The definition as JSON, where there is nothing wrong with it beside these groups.
pub fn checked(definition: &Definition, groups: &[StackingGroup]) -> Outcome<String> {
    let keys: Vec<&str> = groups.iter().map(|group| group.key.as_str()).collect();
    validate(definition, &keys).map_err(|faults| Failure::Rejected(PromotionError::Invalid(faults)))?;
    let text = serde_json::to_string(definition).map_err(|error| Unavailable::corrupt(error.to_string()))?;
    if text.len() <= MOST_BYTES { Ok(text) } else { invalid("", "must have at most 32768 bytes as JSON") }
}

pub fn only(rows: Option<&Rows>) -> Outcome<Promotion> {
    rows.map(promotion::promotions_of).transpose()?.unwrap_or_default().pop().ok_or(Failure::NotFound)
}

pub fn location(id: PromotionId) -> String {
    format!("/api/v1/promotions/{id}")
}

pub fn expect(expected: Option<i64>, current: i64) -> Outcome<()> {
    match expected {
        Some(version) if version != current => rejected(PromotionError::VersionMismatch { current }),
        _ => Ok(()),
    }
}

/// What the audit log keeps.
fn state(definition: &Definition) -> Value {
    value_of(definition)
}

/// Why a definition was not written: a group may be gone since it was read.
fn refused(is_written: bool, refusal: &Refusal) -> Failure<PromotionError> {
    let reason = "is not the key of a stacking group".to_owned();
    let fault = Fault { path: "group".to_owned(), reason };
    match refusal {
        refusal if is_written && is_referred_to(refusal) => Failure::Rejected(PromotionError::Invalid(vec![fault])),
        refusal if refusal.is_raised("PROMOTION_COUNT") => Failure::Rejected(PromotionError::TooMany),
        refusal => unexplained(refusal),
    }
}

pub fn is_referred_to(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Constraint { constraint: Constraint::ForeignKey, .. })
}

pub fn unexplained(refusal: &Refusal) -> Failure<PromotionError> {
    Failure::Unavailable(Unavailable::Corrupt(format!("a promotion was refused: {refusal:?}")))
}
