//! Making, replacing and deleting a customer's certificate: read what is there, decide, commit.

use headlesspro_shared::kernel::id::{AccountId, TaxExemptionId, TaxZoneId};
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::page::{CursorPart, page};
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::{Value, json};

use super::store::{self, Certificate, Personal};
use crate::app::Ctx;
use crate::catalog::guard_changed;
use crate::failure::{Failure, Unavailable};
use crate::identity;
use crate::journal::{self, Answered, Change, Claim, told};
use crate::port::sql::{Commit, Committed, Constraint, Refusal, Rows};
use crate::wire::value_of;

pub type Number = Line<100>;
pub type Note = Line<500>;

/// The list has one sort.
pub const BY_ID: &str = "id";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExemptionError {
    /// Fields of the request, and what is wrong with all of them.
    Invalid {
        fields: Vec<String>,
        reason: &'static str,
    },
    /// The customer has 20 already.
    TooMany,
    VersionMismatch {
        current: i64,
    },
    Changing,
}

pub type Outcome<T> = Result<T, Failure<ExemptionError>>;

/// All of a certificate.
pub struct NewExemption {
    /// Whose it is: of a new one. It stays with whoever has it.
    pub account: Option<AccountId>,
    pub number: Number,
    pub note: Option<Note>,
    pub zones: Vec<TaxZoneId>,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

fn rejected<T>(error: ExemptionError) -> Outcome<T> {
    Err(Failure::Rejected(error))
}

fn invalid<T>(fields: Vec<String>, reason: &'static str) -> Outcome<T> {
    rejected(ExemptionError::Invalid { fields, reason })
}

/// A page of the store's certificates after an id, of one customer or of all, and the cursor of the next one.
pub async fn list(
    ctx: &Ctx,
    after: &str,
    limit: i64,
    account: Option<AccountId>,
) -> Outcome<(Vec<Certificate>, Option<String>)> {
    let rows = ctx.read(vec![store::list(ctx.tenant(), after, limit.saturating_add(1), account)]).await?;
    Ok(page(found(ctx, rows.first())?, limit, BY_ID, |last| vec![CursorPart::Text(last.id.to_string())]))
}

pub async fn find(ctx: &Ctx, id: TaxExemptionId) -> Outcome<Certificate> {
    for ctx in ctx.attempts() {
        let rows = ctx.read(vec![store::find(ctx.tenant(), id)]).await?;
        if let Some(settled) = ctx.settles(only(&ctx, rows.first()).map(Some)) {
            return settled;
        }
    }
    Err(Failure::NotFound)
}

fn found(ctx: &Ctx, rows: Option<&Rows>) -> Outcome<Vec<Certificate>> {
    let found = rows.map(|rows| store::certificates_of(ctx.app(), ctx.tenant(), rows)).transpose()?;
    Ok(found.unwrap_or_default().0)
}

fn only(ctx: &Ctx, rows: Option<&Rows>) -> Outcome<Certificate> {
    found(ctx, rows)?.pop().ok_or(Failure::NotFound)
}

/// Adds a certificate. `render` makes the answer, which is kept for repeats, sealed.
pub async fn create(
    ctx: &Ctx,
    new: &NewExemption,
    claim: Option<&Claim>,
    render: fn(&Certificate) -> String,
) -> Outcome<Answered> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_create(&ctx, new, claim, render).await) {
            return settled;
        }
    }
    rejected(ExemptionError::Changing)
}

/// `None`: the customer or the store has gone meanwhile.
async fn try_create(
    ctx: &Ctx,
    new: &NewExemption,
    claim: Option<&Claim>,
    render: fn(&Certificate) -> String,
) -> Outcome<Option<Answered>> {
    let tenant = ctx.tenant();
    let Some(account) = new.account else { return invalid(vec!["accountId".to_owned()], "is required") };
    let mut reads = vec![identity::data_key_statement(tenant), store::unknown(tenant, Some(account), &new.zones)];
    reads.extend(claim.map(|claim| journal::idempotency_record(tenant, &claim.key)));
    let rows = ctx.read(reads).await?;
    let key = identity::data_key_of(ctx.app(), tenant, rows.first())?;
    if let Some(first) = journal::replay_sealed(tenant, claim, rows.get(2), &key)? {
        return Ok(Some(first.into()));
    }
    all_known(rows.get(1))?;
    let made = Certificate {
        id: ctx.new_id()?,
        account,
        personal: personal_of(new),
        zones: new.zones.clone(),
        from: new.from,
        until: new.until,
        version: 1,
        created_at: ctx.now,
        updated_at: ctx.now,
    };
    let (location, body) = (format!("/api/v1/tax-exemptions/{}", made.id), render(&made));
    let mut commit = Commit::new();
    commit.push(store::insert(tenant, &made, &store::seal(ctx.app(), tenant, &key, &made)?));
    let change = Change::new("tax-exemption.create", made.id).after(state(&made));
    tell(ctx, &mut commit, "tax-exemption.created", &made, change).await?;
    if let Some(claim) = claim {
        let sealed = journal::seal_body(tenant, claim, &body, &key, &*ctx.app().entropy)?;
        commit.push(journal::record(tenant, claim, 201, &location, &sealed, ctx.now));
        commit.push_diagnosis(journal::idempotency_record(tenant, &claim.key));
    }
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(Some(Answered::first(location, body))),
        Committed::Refused { refusal, diagnosis, .. } => {
            match journal::replay_sealed(tenant, claim, diagnosis.first(), &key)? {
                Some(first) => Ok(Some(first.into())),
                None => refused(&refusal),
            }
        }
    }
}

/// Replaces all of a certificate but whose it is.
pub async fn replace(ctx: &Ctx, id: TaxExemptionId, new: &NewExemption, expected: Option<i64>) -> Outcome<Certificate> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_replace(&ctx, id, new, expected).await) {
            return settled;
        }
    }
    rejected(ExemptionError::Changing)
}

/// `None`: somebody else was quicker.
async fn try_replace(
    ctx: &Ctx,
    id: TaxExemptionId,
    new: &NewExemption,
    expected: Option<i64>,
) -> Outcome<Option<Certificate>> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![store::find(tenant, id), store::unknown(tenant, None, &new.zones)]).await?;
    let read = rows.first().map(|rows| store::certificates_of(ctx.app(), tenant, rows)).transpose()?;
    let Some((mut found, Some(key))) = read else { return Err(Failure::NotFound) };
    let was = found.pop().ok_or(Failure::NotFound)?;
    expect(expected, was.version)?;
    if new.account.is_some_and(|account| account != was.account) {
        return invalid(vec!["accountId".to_owned()], "stays whose it is");
    }
    let is = Certificate {
        personal: personal_of(new),
        zones: new.zones.clone(),
        from: new.from,
        until: new.until,
        ..was.clone()
    };
    if is == was {
        return Ok(ctx.is_current().then_some(was));
    }
    // A zone that it had may be gone since.
    if is.zones != was.zones {
        all_known(rows.get(1))?;
    }
    let mut commit = Commit::new();
    let sealed = store::seal(ctx.app(), tenant, &key, &is)?;
    commit.push(store::replace(tenant, &is, was.version, &sealed, ctx.now));
    let guard = commit.push(guard_changed());
    let (before, mut after) = told::difference(&state(&was), &state(&is));
    if let (true, Value::Object(members)) = (is.personal != was.personal, &mut after) {
        members.insert("hasNewNumberOrNote".to_owned(), true.into());
    }
    let change = Change::new("tax-exemption.replace", id).before(before).after(after);
    tell(ctx, &mut commit, "tax-exemption.replaced", &is, change).await?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {
            Ok(Some(Certificate { version: is.version.saturating_add(1), updated_at: ctx.now, ..is }))
        }
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused { refusal, .. } => refused(&refusal),
    }
}

/// Deletes a certificate. Orders that were made by it keep what they were told of it.
pub async fn delete(ctx: &Ctx, id: TaxExemptionId, expected: Option<i64>) -> Outcome<()> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_delete(&ctx, id, expected).await) {
            return settled;
        }
    }
    rejected(ExemptionError::Changing)
}

async fn try_delete(ctx: &Ctx, id: TaxExemptionId, expected: Option<i64>) -> Outcome<Option<()>> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![store::find(tenant, id)]).await?;
    let was = only(ctx, rows.first())?;
    expect(expected, was.version)?;
    let mut commit = Commit::new();
    commit.push(store::delete(tenant, id, was.version));
    let guard = commit.push(guard_changed());
    let change = Change::new("tax-exemption.delete", id).before(state(&was));
    tell(ctx, &mut commit, "tax-exemption.deleted", &was, change).await?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(Some(())),
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused { refusal, .. } => refused(&refusal),
    }
}

fn personal_of(new: &NewExemption) -> Personal {
    Personal { number: new.number.to_string(), note: new.note.as_ref().map(ToString::to_string) }
}

fn all_known(rows: Option<&Rows>) -> Outcome<()> {
    match store::unknown_of(rows)? {
        fields if fields.is_empty() => Ok(()),
        fields => invalid(fields, "is not there"),
    }
}

fn expect(expected: Option<i64>, current: i64) -> Outcome<()> {
    match expected {
        Some(version) if version != current => rejected(ExemptionError::VersionMismatch { current }),
        _ => Ok(()),
    }
}

async fn tell(ctx: &Ctx, commit: &mut Commit, event: &'static str, of: &Certificate, change: Change) -> Outcome<()> {
    commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, change));
    let payload = [("taxExemptionId", of.id.to_string()), ("accountId", of.account.to_string())];
    journal::announce(ctx, commit, event, &payload)?;
    Ok(())
}

/// What the audit log keeps: neither number nor note.
fn state(of: &Certificate) -> Value {
    json!({
        "accountId": of.account.to_string(),
        "zones": value_of(&of.zones),
        "from": of.from.map(|at| at.to_string()),
        "until": of.until.map(|at| at.to_string()),
    })
}

fn refused<T>(refusal: &Refusal) -> Outcome<Option<T>> {
    match refusal {
        refusal if refusal.is_raised("TAX_EXEMPTION_COUNT") => rejected(ExemptionError::TooMany),
        Refusal::Constraint { constraint: Constraint::ForeignKey, .. } => Ok(None),
        refusal => Err(Failure::Unavailable(Unavailable::corrupt(format!("a certificate was refused: {refusal:?}")))),
    }
}
