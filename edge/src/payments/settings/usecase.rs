//! Setting up, changing and deleting a provider: read what is there, decide, commit.

use headlesspro_shared::kernel::id::PaymentProviderId;
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::page::{CursorPart, page};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::http::render;
use crate::app::{App, Ctx, Tenant};
use crate::catalog::guard_changed;
use crate::failure::{Failure, Unavailable};
use crate::identity::{data_key, data_key_of, data_key_statement};
use crate::journal::{Answered, Change, Claim, Made, first_answer, make, tell, told};
use crate::payments::providers::Kind;
use crate::payments::store::payment::By;
use crate::payments::store::provider::{self as store, Configured, capture_name};
use crate::port::sql::{Commit, Committed, Constraint, Refusal, Rows};
use crate::vault::{DataKey, Place};

/// What a provider is called.
pub type Name = Line<100>;

/// The list has one sort.
pub const BY_ID: &str = "id";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingsError {
    /// Another one of the store has the name.
    NameTaken,
    /// There are payments by it.
    InUse,
    /// A provider of its kind has no such thing.
    NotOfKind {
        path: &'static str,
    },
    VersionMismatch {
        current: i64,
    },
    /// Others are changing the same.
    Changing,
}

pub type Outcome<T> = Result<T, Failure<SettingsError>>;

fn rejected<T>(error: SettingsError) -> Outcome<T> {
    Err(Failure::Rejected(error))
}

/// What proves us to a provider, and it to us.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Secrets {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_secret: Option<String>,
}

impl Secrets {
    /// # Errors
    /// [`Unavailable`] when they do not read back.
    pub fn open(app: &App, tenant: Tenant, by: &By) -> Result<Secrets, Unavailable> {
        Secrets::unsealed(&data_key(app, tenant, &by.key)?, tenant, by.id, &by.secrets_sealed)
    }

    fn unsealed(key: &DataKey, tenant: Tenant, id: PaymentProviderId, sealed: &str) -> Result<Secrets, Unavailable> {
        let corrupt = || Unavailable::corrupt("a payment provider's secrets");
        let text = key.open_text(place(tenant, &id.to_string()), sealed).map_err(|_| corrupt())?;
        serde_json::from_str(&text).map_err(|_| corrupt())
    }

    fn sealed(&self, ctx: &Ctx, key: &DataKey, id: PaymentProviderId) -> Outcome<String> {
        let text = serde_json::to_string(self).unwrap_or_default();
        Ok(key.seal(place(ctx.tenant(), &id.to_string()), text.as_bytes(), &*ctx.app().entropy)?)
    }

    /// With those that are given, and of the others what there was.
    fn or(self, was: Secrets) -> Secrets {
        Secrets { api_key: self.api_key.or(was.api_key), webhook_secret: self.webhook_secret.or(was.webhook_secret) }
    }
}

fn place(tenant: Tenant, row: &str) -> Place<'_> {
    Place { organization: tenant.organization, table: "payment_provider", column: "secrets", row }
}

/// A provider that is to be there.
pub struct New {
    pub kind: Kind,
    pub name: Name,
    pub is_active: bool,
    pub captures_later: bool,
    pub publishable_key: Option<String>,
    pub secrets: Secrets,
}

/// What is left out stays.
#[derive(Default)]
pub struct Changed {
    pub name: Option<Name>,
    pub is_active: Option<bool>,
    pub captures_later: Option<bool>,
    pub publishable_key: Option<String>,
    pub secrets: Secrets,
}

/// A page of the store's providers after an id, and the cursor of the next one.
pub async fn list(ctx: &Ctx, after: &str, limit: i64) -> Outcome<(Vec<Configured>, Option<String>)> {
    let rows = ctx.read(vec![store::list(ctx.tenant(), after, limit.saturating_add(1))]).await?;
    let found = rows.first().map(store::providers_of).transpose()?.unwrap_or_default();
    Ok(page(found, limit, BY_ID, |last| vec![CursorPart::Text(last.id.to_string())]))
}

pub async fn find(ctx: &Ctx, id: PaymentProviderId) -> Outcome<Configured> {
    let rows = ctx.read(vec![store::find(ctx.tenant(), id)]).await?;
    found(rows.first())
}

fn found(rows: Option<&Rows>) -> Outcome<Configured> {
    rows.map(store::providers_of).transpose()?.unwrap_or_default().pop().ok_or(Failure::NotFound)
}

pub async fn create(ctx: &Ctx, new: &New, claim: Option<&Claim>) -> Outcome<Answered> {
    if let Some(first) = first_answer(ctx, claim).await? {
        return Ok(first);
    }
    let rows = ctx.read(vec![data_key_statement(ctx.tenant())]).await?;
    let key = data_key_of(ctx.app(), ctx.tenant(), rows.first())?;
    let id = ctx.new_id()?;
    let made = Configured {
        id,
        kind: new.kind,
        name: new.name.to_string(),
        is_active: new.is_active,
        captures_later: new.captures_later,
        publishable_key: new.publishable_key.clone(),
        secrets_sealed: new.secrets.sealed(ctx, &key, id)?,
        version: 1,
        created_at: ctx.now,
        updated_at: ctx.now,
    };
    let mut commit = Commit::new();
    commit.push(store::insert(ctx.tenant(), &made));
    let change = Change::new("payment-provider.create", id).after(state(&made));
    tell(ctx, &mut commit, "payment-provider.created", &[("paymentProviderId", id.to_string())], change).await?;
    let location = format!("/api/v1/payment-providers/{id}");
    match make(ctx, commit, Answered::first(location, render(ctx.tenant(), &made)), claim).await? {
        Made::Done(answered) => Ok(answered),
        Made::Refused { refusal, .. } if is_unique(&refusal) => rejected(SettingsError::NameTaken),
        Made::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// Changes what is given and leaves the rest.
pub async fn change(ctx: &Ctx, id: PaymentProviderId, by: &Changed, expected: Option<i64>) -> Outcome<Configured> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_change(&ctx, id, by, expected).await) {
            return settled;
        }
    }
    rejected(SettingsError::Changing)
}

/// `None`: somebody else was quicker.
async fn try_change(
    ctx: &Ctx,
    id: PaymentProviderId,
    by: &Changed,
    expected: Option<i64>,
) -> Outcome<Option<Configured>> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![store::find(tenant, id), data_key_statement(tenant)]).await?;
    let was = found(rows.first())?;
    expect(expected, was.version)?;
    let is_other = |(_, is_given): &(&str, bool)| was.kind == Kind::Sandbox && *is_given;
    let given = [("secretKey", by.secrets.api_key.is_some()), ("publishableKey", by.publishable_key.is_some())];
    if let Some((path, _)) = given.into_iter().find(is_other) {
        return rejected(SettingsError::NotOfKind { path });
    }
    let has_secrets = by.secrets != Secrets::default();
    let secrets_sealed = if has_secrets {
        let key = data_key_of(ctx.app(), tenant, rows.get(1))?;
        let secrets = Secrets::unsealed(&key, tenant, id, &was.secrets_sealed)?;
        by.secrets.clone().or(secrets).sealed(ctx, &key, id)?
    } else {
        was.secrets_sealed.clone()
    };
    let is = Configured {
        name: by.name.as_ref().map_or_else(|| was.name.clone(), ToString::to_string),
        is_active: by.is_active.unwrap_or(was.is_active),
        captures_later: by.captures_later.unwrap_or(was.captures_later),
        publishable_key: by.publishable_key.clone().or_else(|| was.publishable_key.clone()),
        secrets_sealed,
        ..was.clone()
    };
    if is == was {
        return Ok(ctx.is_current().then_some(was));
    }
    let mut commit = Commit::new();
    commit.push(store::change(tenant, &is, ctx.now));
    let guard = commit.push(guard_changed());
    let (before, after) = told::difference(&state(&was), &state(&is));
    let mut change = Change::new("payment-provider.change", id).before(before).after(after);
    if has_secrets {
        change = change.has("hasNewSecrets", true.into());
    }
    tell(ctx, &mut commit, "payment-provider.changed", &[("paymentProviderId", id.to_string())], change).await?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {
            Ok(Some(Configured { version: was.version.saturating_add(1), updated_at: ctx.now, ..is }))
        }
        Committed::Refused { refusal, .. } if is_unique(&refusal) => rejected(SettingsError::NameTaken),
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// Deletes a provider that has no payments.
pub async fn delete(ctx: &Ctx, id: PaymentProviderId, expected: Option<i64>) -> Outcome<()> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_delete(&ctx, id, expected).await) {
            return settled;
        }
    }
    rejected(SettingsError::Changing)
}

async fn try_delete(ctx: &Ctx, id: PaymentProviderId, expected: Option<i64>) -> Outcome<Option<()>> {
    let rows = ctx.read(vec![store::find(ctx.tenant(), id)]).await?;
    let was = found(rows.first())?;
    expect(expected, was.version)?;
    let mut commit = Commit::new();
    commit.push(store::delete(ctx.tenant(), id, was.version));
    let guard = commit.push(guard_changed());
    let change = Change::new("payment-provider.delete", id).before(state(&was));
    tell(ctx, &mut commit, "payment-provider.deleted", &[("paymentProviderId", id.to_string())], change).await?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(Some(())),
        Committed::Refused { refusal, .. } if refusal.is_raised("PROVIDER_IN_USE") => rejected(SettingsError::InUse),
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

fn expect(expected: Option<i64>, current: i64) -> Outcome<()> {
    match expected {
        Some(version) if version != current => rejected(SettingsError::VersionMismatch { current }),
        _ => Ok(()),
    }
}

fn is_unique(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Constraint { constraint: Constraint::Unique, .. })
}

fn unexplained(refusal: &Refusal) -> Failure<SettingsError> {
    Unavailable::corrupt(format!("a write of a payment provider was refused: {refusal:?}")).into()
}

/// What the audit log keeps: never a secret.
fn state(of: &Configured) -> Value {
    json!({
        "kind": of.kind.name(),
        "name": of.name,
        "active": of.is_active,
        "capture": capture_name(of.captures_later),
        "publishableKey": of.publishable_key,
    })
}
