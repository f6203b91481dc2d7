//! Identity providers, whom they vouched for, and logins on their way.

use headlesspro_shared::identity::federation::{Known, ProviderKind};
use headlesspro_shared::identity::{Permissions, Role};
use headlesspro_shared::kernel::id::{AccountId, ExternalIdentityId, IdentityProviderId};
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::Value as Json;

use super::account::permissions;
use super::keys::wrapped;
use crate::app::Tenant;
use crate::failure::Unavailable;
use crate::identity::newest::Newest;
use crate::port::sql::{Row, Rows, Statement};
use crate::vault::WrappedKey;

const INSERT: &str = "-- identity::insert_provider
INSERT INTO identity_provider (organization_id, id, kind, name, issuer, client_id, client_secret_sealed, scope,
  redirect_uris, token_audiences, signs_up, trusts_email, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

const LIST: &str = "-- identity::providers
SELECT p.id, p.kind, p.name, p.issuer, p.client_id, p.client_secret_sealed, p.scope, p.redirect_uris,
  p.token_audiences, p.signs_up, p.trusts_email, p.version, p.created_at, k.wrapped, k.master_key_id
FROM identity_provider p JOIN organization_key k ON k.organization_id = p.organization_id
WHERE p.organization_id = ?1 AND p.removed_at IS NULL AND (p.created_at, p.id) < (?2, ?3)
ORDER BY p.created_at DESC, p.id DESC LIMIT ?4";

const FIND: &str = "-- identity::provider
SELECT p.id, p.kind, p.name, p.issuer, p.client_id, p.client_secret_sealed, p.scope, p.redirect_uris,
  p.token_audiences, p.signs_up, p.trusts_email, p.version, p.created_at, k.wrapped, k.master_key_id
FROM identity_provider p JOIN organization_key k ON k.organization_id = p.organization_id
WHERE p.organization_id = ?1 AND p.id = ?2 AND p.removed_at IS NULL";

const OF_ISSUER: &str = "-- identity::provider_of_issuer
SELECT p.id, p.kind, p.name, p.issuer, p.client_id, p.client_secret_sealed, p.scope, p.redirect_uris,
  p.token_audiences, p.signs_up, p.trusts_email, p.version, p.created_at, k.wrapped, k.master_key_id
FROM identity_provider p JOIN organization_key k ON k.organization_id = p.organization_id
WHERE p.organization_id = ?1 AND p.issuer = ?2 AND p.removed_at IS NULL";

const CHANGE: &str = "-- identity::change_provider
UPDATE identity_provider SET name = ?4, client_id = ?5, client_secret_sealed = ?6, scope = ?7, redirect_uris = ?8,
  token_audiences = ?9, signs_up = ?10, trusts_email = ?11, version = version + 1
WHERE organization_id = ?1 AND id = ?2 AND version = ?3 AND removed_at IS NULL";

const REMOVE: &str = "-- identity::remove_provider
UPDATE identity_provider SET removed_at = ?3, client_secret_sealed = NULL
WHERE organization_id = ?1 AND id = ?2 AND removed_at IS NULL";

const BEGIN: &str = "-- identity::begin_provider_login
INSERT INTO provider_login (organization_id, store_id, state_hash, browser_hash, provider_id, redirect_uri, account_id,
  expires_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

const FORGET: &str = "-- identity::forget_provider_logins
DELETE FROM provider_login WHERE organization_id = ?1 AND expires_at < ?2";

/// Of two that use it at once one gets the row.
const USE: &str = "-- identity::use_provider_login
UPDATE provider_login SET used_at = ?5
WHERE organization_id = ?1 AND store_id = ?2 AND state_hash = ?3 AND browser_hash = ?4 AND used_at IS NULL
  AND ?5 < expires_at
RETURNING provider_id, redirect_uri, account_id";

const USED: &str = "-- identity::provider_of_login
SELECT p.id, p.kind, p.name, p.issuer, p.client_id, p.client_secret_sealed, p.scope, p.redirect_uris,
  p.token_audiences, p.signs_up, p.trusts_email, p.version, p.created_at, k.wrapped, k.master_key_id
FROM provider_login l
JOIN identity_provider p ON p.id = l.provider_id AND p.organization_id = l.organization_id
JOIN organization_key k ON k.organization_id = l.organization_id
WHERE l.organization_id = ?1 AND l.state_hash = ?2 AND p.removed_at IS NULL";

const ACCOUNT: &str = "-- identity::account_of_identity
SELECT a.id, a.role, a.grants, a.state,
  (SELECT c.scopes FROM custom_role c WHERE c.organization_id = a.organization_id AND c.id = a.role) AS role_scopes,
  EXISTS (SELECT 1 FROM second_factor f WHERE f.organization_id = a.organization_id AND f.account_id = a.id
    AND f.confirmed_at IS NOT NULL) AS has_second_factor
FROM external_identity x
JOIN account a ON a.id = x.account_id AND a.organization_id = x.organization_id
WHERE x.organization_id = ?1 AND x.issuer = ?2 AND x.subject = ?3";

const WANTED: &str = "-- identity::account_to_link
SELECT a.id, a.role, a.grants, a.state,
  (SELECT c.scopes FROM custom_role c WHERE c.organization_id = a.organization_id AND c.id = a.role) AS role_scopes,
  EXISTS (SELECT 1 FROM second_factor f WHERE f.organization_id = a.organization_id AND f.account_id = a.id
    AND f.confirmed_at IS NOT NULL) AS has_second_factor
FROM account a WHERE a.organization_id = ?1 AND a.id = ?2";

/// To an account that is active, and whose address is verified where it was found by that.
const ATTACH: &str = "-- identity::attach_identity
INSERT INTO external_identity (organization_id, issuer, subject, account_id, linked_at, last_used_at, id, email_sealed)
SELECT ?1, ?2, ?3, a.id, ?5, ?5, ?7, ?8 FROM account a
WHERE a.organization_id = ?1 AND a.id = ?4 AND a.state = 'active' AND (?6 OR a.email_verified_at IS NOT NULL)";

const NOTE_LOGIN: &str = "-- identity::note_login_by_identity
UPDATE external_identity SET last_used_at = ?4 WHERE organization_id = ?1 AND issuer = ?2 AND subject = ?3";

const DETACH_ALL: &str = "-- identity::detach_identities
DELETE FROM external_identity WHERE organization_id = ?1 AND account_id = ?2";

/// A provider as it is configured.
#[derive(Debug, Clone)]
pub struct Provider {
    pub id: IdentityProviderId,
    pub kind: ProviderKind,
    pub name: String,
    pub issuer: String,
    pub client_id: Option<String>,
    pub client_secret_sealed: Option<String>,
    pub scope: String,
    pub redirect_uris: Vec<String>,
    pub token_audiences: Vec<String>,
    pub signs_up: bool,
    pub trusts_email: bool,
    pub version: i64,
    pub created_at: Timestamp,
}

/// A login to be kept until it comes back.
pub struct NewLogin<'a> {
    pub state_hash: &'a str,
    pub browser_hash: &'a str,
    pub provider: IdentityProviderId,
    pub redirect_uri: &'a str,
    pub account: Option<AccountId>,
    pub expires_at: Timestamp,
}

/// A login that came back.
pub struct UsedLogin {
    pub redirect_uri: String,
    pub account: Option<AccountId>,
}

/// An account that somebody may come to.
#[derive(Debug, Clone)]
pub struct LinkedRow {
    pub known: Known,
    pub role: Role,
    pub permissions: Permissions,
    /// One that is confirmed.
    pub has_second_factor: bool,
}

pub fn insert(tenant: Tenant, provider: &Provider) -> Statement {
    Statement::new(INSERT)
        .bind(tenant.organization.to_string())
        .bind(provider.id.to_string())
        .bind(provider.kind.name())
        .bind(provider.name.as_str())
        .bind(provider.issuer.as_str())
        .bind(provider.client_id.as_deref())
        .bind(provider.client_secret_sealed.as_deref())
        .bind(provider.scope.as_str())
        .bind(Json::from(provider.redirect_uris.clone()).to_string())
        .bind(Json::from(provider.token_audiences.clone()).to_string())
        .bind(provider.signs_up)
        .bind(provider.trusts_email)
        .bind(provider.created_at.millis())
}

/// The statement whose rows [`providers_of`] takes: a page of the organization's, the newest first.
pub fn list(tenant: Tenant, wanted: &Newest) -> Statement {
    wanted.bind(Statement::new(LIST).bind(tenant.organization.to_string()))
}

/// The statement whose rows [`providers_of`] takes: the one, if it is there.
pub fn find(tenant: Tenant, id: IdentityProviderId) -> Statement {
    Statement::new(FIND).bind(tenant.organization.to_string()).bind(id.to_string())
}

/// As [`find`], by its issuer.
pub fn of_issuer(tenant: Tenant, issuer: &str) -> Statement {
    Statement::new(OF_ISSUER).bind(tenant.organization.to_string()).bind(issuer)
}

/// Providers, each with the organization's data key.
///
/// # Errors
/// [`Unavailable`] when a row does not read back.
pub fn providers_of(rows: &Rows) -> Result<Vec<(Provider, WrappedKey)>, Unavailable> {
    rows.iter().map(|row| Ok((provider_of(row)?, wrapped(row)?))).collect()
}

fn provider_of(row: Row<'_>) -> Result<Provider, Unavailable> {
    let text = |column| row.get::<&str>(column).map(str::to_owned);
    let list = |column| -> Result<Vec<String>, Unavailable> {
        serde_json::from_str(row.get(column)?).map_err(|_| Unavailable::Corrupt(format!("a provider's {column}")))
    };
    Ok(Provider {
        id: row.parse("id")?,
        kind: row.parse("kind")?,
        name: text("name")?,
        issuer: text("issuer")?,
        client_id: row.get::<Option<&str>>("client_id")?.map(str::to_owned),
        client_secret_sealed: row.get::<Option<&str>>("client_secret_sealed")?.map(str::to_owned),
        scope: text("scope")?,
        redirect_uris: list("redirect_uris")?,
        token_audiences: list("token_audiences")?,
        signs_up: row.get("signs_up")?,
        trusts_email: row.get("trusts_email")?,
        version: row.get("version")?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
    })
}

/// Changes a provider that is at `provider.version` to be like `provider`. Kind and issuer never change.
pub fn change(tenant: Tenant, provider: &Provider) -> Statement {
    Statement::new(CHANGE)
        .bind(tenant.organization.to_string())
        .bind(provider.id.to_string())
        .bind(provider.version)
        .bind(provider.name.as_str())
        .bind(provider.client_id.as_deref())
        .bind(provider.client_secret_sealed.as_deref())
        .bind(provider.scope.as_str())
        .bind(Json::from(provider.redirect_uris.clone()).to_string())
        .bind(Json::from(provider.token_audiences.clone()).to_string())
        .bind(provider.signs_up)
        .bind(provider.trusts_email)
}

/// Takes a provider away, and forgets its secret. Whom it vouched for stays known, should it come back.
pub fn remove(tenant: Tenant, id: IdentityProviderId, now: Timestamp) -> Statement {
    Statement::new(REMOVE).bind(tenant.organization.to_string()).bind(id.to_string()).bind(now.millis())
}

pub fn begin(tenant: Tenant, login: &NewLogin<'_>) -> Statement {
    tenant
        .statement(BEGIN)
        .bind(login.state_hash)
        .bind(login.browser_hash)
        .bind(login.provider.to_string())
        .bind(login.redirect_uri)
        .bind(login.account.map(|id| id.to_string()))
        .bind(login.expires_at.millis())
}

/// Forgets the logins that ended before `before`.
pub fn forget(tenant: Tenant, before: Timestamp) -> Statement {
    Statement::new(FORGET).bind(tenant.organization.to_string()).bind(before.millis())
}

/// Uses a login up. Answers a row, which [`used`] takes, unless it was used, is over, or was begun elsewhere.
pub fn use_up(tenant: Tenant, state_hash: &str, browser_hash: &str, now: Timestamp) -> Statement {
    tenant.statement(USE).bind(state_hash).bind(browser_hash).bind(now.millis())
}

/// # Errors
/// [`Unavailable`] when the row does not read back.
pub fn used(row: Row<'_>) -> Result<UsedLogin, Unavailable> {
    let account = row.get::<Option<&str>>("account_id")?;
    let account = account.map(str::parse).transpose();
    Ok(UsedLogin {
        redirect_uri: row.get::<&str>("redirect_uri")?.to_owned(),
        account: account.map_err(|_| Unavailable::Corrupt("a login's account".to_owned()))?,
    })
}

/// The statement whose rows [`providers_of`] takes: the provider that a login was begun with.
pub fn of_login(tenant: Tenant, state_hash: &str) -> Statement {
    Statement::new(USED).bind(tenant.organization.to_string()).bind(state_hash)
}

/// The statement whose rows [`linked`] takes: the account that an identity is linked to.
pub fn account_of(tenant: Tenant, issuer: &str, subject: &str) -> Statement {
    Statement::new(ACCOUNT).bind(tenant.organization.to_string()).bind(issuer).bind(subject)
}

/// The statement whose rows [`linked`] takes: the account itself.
pub fn account_to_link(tenant: Tenant, account: AccountId) -> Statement {
    Statement::new(WANTED).bind(tenant.organization.to_string()).bind(account.to_string())
}

/// # Errors
/// [`Unavailable`] when the row does not read back.
pub fn linked(rows: Option<&Rows>) -> Result<Option<LinkedRow>, Unavailable> {
    rows.and_then(Rows::first).map(linked_of).transpose()
}

pub(super) fn linked_of(row: Row<'_>) -> Result<LinkedRow, Unavailable> {
    let known = Known { account: row.parse("id")?, is_active: row.get::<&str>("state")? == "active" };
    Ok(LinkedRow {
        known,
        role: row.parse("role")?,
        permissions: permissions(row)?,
        has_second_factor: row.get::<i64>("has_second_factor")? == 1,
    })
}

/// An identity to be linked.
pub struct NewIdentity<'a> {
    pub id: ExternalIdentityId,
    pub issuer: &'a str,
    pub subject: &'a str,
    /// The address that the provider tells, sealed for its place.
    pub email_sealed: Option<&'a str>,
    /// The account itself asks for it, being logged in: its address need not be verified.
    pub is_asked_for: bool,
}

/// Links an identity to an account: changes nothing where the account may not be logged in to any more.
pub fn attach(tenant: Tenant, identity: &NewIdentity<'_>, account: AccountId, now: Timestamp) -> Statement {
    Statement::new(ATTACH)
        .bind(tenant.organization.to_string())
        .bind(identity.issuer)
        .bind(identity.subject)
        .bind(account.to_string())
        .bind(now.millis())
        .bind(identity.is_asked_for)
        .bind(identity.id.to_string())
        .bind(identity.email_sealed)
}

/// Notes that somebody came by an identity.
pub fn note_login(tenant: Tenant, (issuer, subject): (&str, &str), now: Timestamp) -> Statement {
    Statement::new(NOTE_LOGIN).bind(tenant.organization.to_string()).bind(issuer).bind(subject).bind(now.millis())
}

/// Takes all identities from an account.
pub fn detach_all(tenant: Tenant, account: AccountId) -> Statement {
    Statement::new(DETACH_ALL).bind(tenant.organization.to_string()).bind(account.to_string())
}
