//! What only the operator does, who stands above tenants: keys, and the first account of an organization.

use headlesspro_shared::identity::{
    IssueKeyError, KeyKind, KeyName, Password, Role, Rotation, Scopes, mint_api_key, most_of, rotate,
};
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::id::{AccountId, ApiKeyId, Id, Kind, OrganizationId, StoreId};
use headlesspro_shared::kernel::locale::Locale;
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::json;

use super::api_keys::usecase::{ids, state};
use super::caller::hash_of;
use super::hashing;
use super::issuing::hint_of;
use super::newest::Newest;
use super::signing::SigningKey;
use super::store::api_key::{self, ApiKey};
use super::store::{NewApiKey, account, insert_api_key, keys};
use super::usecase::hash_email;
use crate::app::{App, Tenant};
use crate::failure::Unavailable;
use crate::journal::{self, By, Change, Payload};
use crate::port::sql::{Commit, Committed, Constraint, Refusal, Rows, Statement};
use crate::vault::{DataKey, Place, WrappedKey};

/// Organizations whose audit logs one commit writes to.
const AT_ONCE: usize = 100;

/// A new organization's data key, and the statement that gives it to it.
///
/// # Errors
/// [`Unavailable`] when the host has no randomness.
pub fn new_data_key(app: &App, tenant: Tenant, now: Timestamp) -> Result<(DataKey, Statement), Unavailable> {
    let (key, wrapped) = app.vault.masters.new_data_key(tenant.organization, &*app.entropy)?;
    Ok((key, keys::insert_data_key(tenant, &wrapped, now)))
}

/// Publishes a new key in the one database that the command line names, which signs there before long. The ones before
/// it verify until the last token they signed has expired. Answers the new key's name, and from when on it signs. It
/// signs for every organization there, so it stands in the audit log of each: of the first hundred in the same commit. A
/// commit for thousands would never end.
///
/// # Errors
/// [`Unavailable`].
pub async fn rotate_token_keys(app: &App) -> Result<(String, Timestamp), Unavailable> {
    let (sql, now) = (app.databases.first(), app.clock.now());
    let rows = sql.read(vec![keys::all_data_keys(), keys::signing_keys(now)]).await?;
    let before = keys::signer(rows.get(1), now)?.map(|key| key.kid);
    let Rotation { signs_from, retires_at } = rotate(now);
    let (key, stored) = SigningKey::generate(&app.vault.masters, &*app.entropy, signs_from)?;
    let mut commit = Commit::new();
    commit.push(keys::insert_token_key(&stored, now));
    commit.push(keys::retire_token_keys(&key.kid, retires_at));
    let organizations = organizations_of(rows.first())?;
    for organizations in organizations.chunks(AT_ONCE) {
        for (organization, _) in organizations {
            let change = Change::new("token-keys.rotate", &key.kid);
            let change = change
                .turned("kid", before.clone().into(), key.kid.as_str().into())
                .has("signsFrom", signs_from.to_string().into());
            commit.push(audit_of(app, *organization, change, now)?);
        }
        done(sql.commit(&std::mem::take(&mut commit)).await?)?;
    }
    // Of no organization there is no log.
    if organizations.is_empty() {
        done(sql.commit(&commit).await?)?;
    }
    Ok((key.kid, signs_from))
}

/// What a change of the master key has wrapped anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rewrapped {
    pub data_keys: usize,
    pub token_keys: usize,
    /// Wrapped by the current master key already.
    pub current: usize,
}

/// Wraps every key of the one database anew that another master key than the current one has wrapped, and writes so
/// into the audit log of each organization whose key it is; a key that signs tokens is every one's. Data is not
/// touched. Broken off and started again, it goes on with what is left.
///
/// # Errors
/// [`Unavailable`]; a key that no master key opens is named.
pub async fn rewrap(app: &App) -> Result<Rewrapped, Unavailable> {
    let (masters, sql, now) = (&app.vault.masters, app.databases.first(), app.clock.now());
    let mut done_so_far = Rewrapped::default();
    let rows = sql.read(vec![keys::all_data_keys(), keys::all_token_keys()]).await?;
    let data_keys = organizations_of(rows.first())?;
    let token_keys = rows.get(1).map(keys::stored_keys).transpose()?.unwrap_or_default();
    let row = |organization, change: Change, before: &WrappedKey| {
        let change = change.turned("masterKey", before.master.as_str().into(), masters.current().into());
        audit_of(app, organization, change, now)
    };
    let mut changes: Vec<Statement> = Vec::new();
    for (organization, stored) in &data_keys {
        if stored.master == masters.current() {
            done_so_far.current = done_so_far.current.saturating_add(1);
            continue;
        }
        let rewrapped = masters.rewrap_data_key(*organization, stored, &*app.entropy);
        let rewrapped = rewrapped.map_err(|error| Unavailable::Corrupt(format!("{organization}: {error}")))??;
        let change = Change::new("data-key.rewrap", organization);
        changes.push(keys::rewrap_data_key(*organization, &stored.master, &rewrapped));
        changes.push(row(*organization, change, stored)?);
        done_so_far.data_keys = done_so_far.data_keys.saturating_add(1);
    }
    for stored in token_keys {
        if stored.private.master == masters.current() {
            done_so_far.current = done_so_far.current.saturating_add(1);
            continue;
        }
        let rewrapped = SigningKey::rewrap(&stored, masters, &*app.entropy)?;
        changes.push(keys::rewrap_token_key(&stored.kid, &stored.private.master, &rewrapped));
        for (organization, _) in &data_keys {
            changes.push(row(*organization, Change::new("token-keys.rewrap", &stored.kid), &stored.private)?);
        }
        done_so_far.token_keys = done_so_far.token_keys.saturating_add(1);
    }
    // An even number: a data key and its row are never parted.
    for changes in changes.chunks(2 * AT_ONCE) {
        let mut commit = Commit::new();
        for statement in changes {
            commit.push(statement.clone());
        }
        done(sql.commit(&commit).await?)?;
    }
    Ok(done_so_far)
}

/// Makes an account with a verified address: the first owner of an organization, or a member of its staff.
///
/// # Errors
/// The outer: [`Unavailable`]. The inner: [`NotCreated`].
pub async fn create_account(
    app: &App,
    tenant: Tenant,
    email: &Email,
    password: &Password,
    role: Role,
    locale: &Locale,
) -> Result<Result<AccountId, NotCreated>, Unavailable> {
    let now = app.clock.now();
    let id: AccountId = new_id(app, now)?;
    let rows = app
        .databases
        .of(tenant.organization)
        .read(vec![account::by_email(tenant, &hash_email(app, tenant, email))])
        .await?;
    let row = rows.first().and_then(Rows::first);
    let row = row.ok_or_else(|| Unavailable::Corrupt("there is no such store, or it has no data key".to_owned()))?;
    let (wrapped, found) = account::login_of(row)?;
    if found.is_some() {
        return Ok(Err(NotCreated::AddressTaken));
    }
    let key = app.vault.masters.data_key(tenant.organization, &wrapped);
    let key = key.map_err(|error| Unavailable::Corrupt(error.to_string()))?;
    let text = id.to_string();
    let place = Place { organization: tenant.organization, table: "account", column: "email", row: &text };
    let hash = hashing::hash(password, app.password_hashing, &*app.entropy)?;
    let account = account::NewAccount {
        id,
        email_hash: hash_email(app, tenant, email),
        email_sealed: key.seal(place, email.as_str().as_bytes(), &*app.entropy)?,
        name_sealed: None,
        password: Some(&hash),
        role,
        locale: locale.clone(),
        verified: true,
    };
    let mut commit = Commit::new();
    commit.push(account::insert(tenant, &account, now));
    let change = Change::new("account.create", id).after(json!({ "role": role })).of_organization();
    commit.push(audit(app, tenant, change, now)?);
    let payload = [("accountId", text.clone()), ("role", role.to_string())];
    commit.push(announcement(app, tenant, "account.registered", &payload, now)?);
    if role != Role::Customer {
        commit.push(announcement(app, tenant, "member.joined", &payload, now)?);
    }
    match app.databases.of(tenant.organization).commit(&commit).await? {
        Committed::Done { .. } => Ok(Ok(id)),
        Committed::Refused { refusal: Refusal::Constraint { constraint: Constraint::Unique, .. }, .. } => {
            Ok(Err(NotCreated::AddressTaken))
        }
        Committed::Refused { refusal, .. } if refusal.is_raised("PLAN_LIMIT") => Ok(Err(NotCreated::PlanLimit)),
        Committed::Refused { refusal, .. } => Err(refused(&refusal)),
    }
}

/// Why no account was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotCreated {
    #[error("the e-mail address has an account already")]
    AddressTaken,
    #[error("the plan allows no more members; `hp organization limits` changes what it allows")]
    PlanLimit,
}

pub(super) fn done(outcome: Committed) -> Result<(), Unavailable> {
    match outcome {
        Committed::Done { .. } => Ok(()),
        Committed::Refused { refusal, .. } => Err(refused(&refusal)),
    }
}

fn refused(refusal: &Refusal) -> Unavailable {
    Unavailable::Corrupt(format!("a commit was refused: {refusal:?}"))
}

/// Why no key was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotIssued {
    /// A key of that kind cannot carry the scopes.
    #[error("--scopes: {0}")]
    Refused(IssueKeyError),
    #[error("the plan allows no more API keys; `hp organization limits` changes what it allows")]
    PlanLimit,
}

/// Makes an API key, with its text, which is told this once.
///
/// # Errors
/// The outer: [`Unavailable`]. The inner: [`NotIssued`].
pub async fn create_key(
    app: &App,
    tenant: Tenant,
    kind: KeyKind,
    name: &KeyName,
    scopes: Scopes,
) -> Result<Result<(NewApiKey, String), NotIssued>, Unavailable> {
    let beyond = scopes.difference(most_of(kind));
    if scopes.is_empty() {
        return Ok(Err(NotIssued::Refused(IssueKeyError::NoScopes)));
    }
    if !beyond.is_empty() {
        return Ok(Err(NotIssued::Refused(IssueKeyError::NotOfKind { kind, scopes: beyond })));
    }
    let now = app.clock.now();
    let mut random = [0; 20];
    app.entropy.fill(&mut random)?;
    let text = mint_api_key(kind, tenant.organization, tenant.store, random);
    let new = NewApiKey {
        id: new_id(app, now)?,
        kind,
        hash: hash_of(&text),
        scopes,
        name: name.to_string(),
        hint: hint_of(&text),
        expires_at: None,
        channel: None,
    };
    let state = json!({ "kind": kind.name(), "name": new.name, "scopes": scopes });
    let mut commit = Commit::new();
    let plan = commit.push(api_key::guard_plan(tenant, now));
    commit.push(insert_api_key(tenant, &new, now));
    commit.push(audit(app, tenant, Change::new("api-key.create", new.id).after(state), now)?);
    commit.push(announcement(app, tenant, "api_key.created", &ids(tenant, new.id), now)?);
    match app.databases.of(tenant.organization).commit(&commit).await? {
        Committed::Refused { statement, .. } if statement == plan => Ok(Err(NotIssued::PlanLimit)),
        committed => done(committed).map(|()| Ok((new, text))),
    }
}

/// All keys of a store, the newest first.
///
/// # Errors
/// [`Unavailable`].
pub async fn list_keys(app: &App, tenant: Tenant) -> Result<Vec<ApiKey>, Unavailable> {
    let (mut all, mut wanted) = (Vec::new(), Some(Newest::first()));
    while let Some(page) = wanted {
        let rows = app.databases.of(tenant.organization).read(vec![api_key::list(tenant, &page)]).await?;
        let read = rows.first().map(api_key::keys_of).transpose()?.unwrap_or_default();
        let (keys, next) = page.page(read, api_key::place);
        all.extend(keys);
        wanted = next;
    }
    Ok(all)
}

/// Revokes a key; again, nothing changes. Answers whether the store has it.
///
/// # Errors
/// [`Unavailable`].
pub async fn revoke_key(app: &App, tenant: Tenant, id: ApiKeyId) -> Result<bool, Unavailable> {
    let rows = app.databases.of(tenant.organization).read(vec![api_key::find(tenant, id)]).await?;
    let found = rows.first().map(api_key::keys_of).transpose()?.unwrap_or_default();
    let Some(key) = found.first() else { return Ok(false) };
    if key.revoked_at.is_some() {
        return Ok(true);
    }
    let now = app.clock.now();
    let mut commit = Commit::new();
    commit.push(api_key::revoke(tenant, id, now));
    let revoked_meanwhile = commit.push(api_key::guard_changed());
    let change = Change::new("api-key.revoke", id).before(state(key)).turned("isRevoked", false.into(), true.into());
    commit.push(audit(app, tenant, change, now)?);
    commit.push(announcement(app, tenant, "api_key.revoked", &ids(tenant, id), now)?);
    match app.databases.of(tenant.organization).commit(&commit).await? {
        Committed::Refused { statement, .. } if statement == revoked_meanwhile => {}
        committed => done(committed)?,
    }
    Ok(true)
}

fn organizations_of(rows: Option<&Rows>) -> Result<Vec<(OrganizationId, WrappedKey)>, Unavailable> {
    Ok(rows.map(keys::data_keys_of).transpose()?.unwrap_or_default())
}

/// A row of an organization as a whole, which names none of its stores.
fn audit_of(app: &App, organization: OrganizationId, change: Change, now: Timestamp) -> Result<Statement, Unavailable> {
    audit(app, Tenant { organization, store: StoreId::from_u128(0) }, change.of_organization(), now)
}

pub(super) fn audit(app: &App, tenant: Tenant, change: Change, now: Timestamp) -> Result<Statement, Unavailable> {
    let by = By { actor: "operator", request_id: "cli", now };
    Ok(journal::audit_by(tenant, new_id(app, now)?, by, change))
}

fn announcement(
    app: &App,
    tenant: Tenant,
    name: &'static str,
    payload: Payload<'_>,
    now: Timestamp,
) -> Result<Statement, Unavailable> {
    Ok(journal::announcement(tenant, new_id(app, now)?, name, payload, now))
}

fn new_id<K: Kind>(app: &App, now: Timestamp) -> Result<Id<K>, Unavailable> {
    let mut random = [0; 10];
    app.entropy.fill(&mut random)?;
    Ok(Id::new(now, random))
}
