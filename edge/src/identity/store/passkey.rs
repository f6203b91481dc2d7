//! Passkeys, for whom they are made, and challenges on their way.

use headlesspro_shared::identity::passkey::RelyingParty;
use headlesspro_shared::identity::{Permissions, Role};
use headlesspro_shared::kernel::id::{AccountId, PasskeyId};
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::Value as Json;

use super::account::permissions;
use crate::app::Tenant;
use crate::failure::Unavailable;
use crate::port::sql::{Row, Rows, Statement};

const PARTY: &str = "-- identity::relying_party
SELECT rp_id, name, origins FROM relying_party WHERE organization_id = ?1 AND store_id = ?2";

const SET_PARTY: &str = "-- identity::set_relying_party
INSERT INTO relying_party (organization_id, store_id, rp_id, name, origins, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (store_id) DO UPDATE SET rp_id = excluded.rp_id, name = excluded.name, origins = excluded.origins,
  updated_at = excluded.updated_at
WHERE relying_party.organization_id = ?1";

const CHALLENGE: &str = "-- identity::insert_passkey_challenge
INSERT INTO passkey_challenge (organization_id, store_id, challenge_hash, account_id, expires_at)
VALUES (?1, ?2, ?3, ?4, ?5)";

const FORGET: &str = "-- identity::forget_passkey_challenges
DELETE FROM passkey_challenge WHERE organization_id = ?1 AND expires_at < ?2";

/// Of two that use it at once one does. It belongs to who asked for it, or to nobody who was logged in.
const USE: &str = "-- identity::use_passkey_challenge
UPDATE passkey_challenge SET used_at = ?5
WHERE organization_id = ?1 AND store_id = ?2 AND challenge_hash = ?3 AND account_id IS ?4 AND used_at IS NULL
  AND ?5 < expires_at";

const INSERT: &str = "-- identity::insert_passkey
INSERT INTO passkey (organization_id, id, account_id, name, credential_id, rp_id, public_key, algorithm, sign_count,
  transports, aaguid, backup_eligible, backed_up, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

/// Refuses the commit where an account has too many.
const GUARD_COUNT: &str = "-- identity::guard_passkeys
INSERT INTO violation (what) SELECT 'too many passkeys'
WHERE (SELECT count(*) FROM passkey p WHERE p.organization_id = ?1 AND p.account_id = ?2) > ?3";

const OF_ACCOUNT: &str = "-- identity::passkeys
SELECT id, name, credential_id, rp_id, algorithm, transports, aaguid, backed_up, created_at, last_used_at FROM passkey
WHERE organization_id = ?1 AND account_id = ?2 ORDER BY created_at, id LIMIT 100";

const BY_CREDENTIAL: &str = "-- identity::passkey_by_credential
SELECT p.id AS passkey_id, p.rp_id, p.public_key, p.sign_count, p.backup_eligible, a.id, a.role, a.grants, a.state,
  (SELECT c.scopes FROM custom_role c WHERE c.organization_id = a.organization_id AND c.id = a.role) AS role_scopes
FROM passkey p JOIN account a ON a.id = p.account_id AND a.organization_id = p.organization_id
WHERE p.organization_id = ?1 AND p.credential_id = ?2";

/// Unless the counter went on meanwhile: of two logins with one count one is a copy's.
const USED: &str = "-- identity::passkey_used
UPDATE passkey SET sign_count = ?3, backed_up = ?4, last_used_at = ?5
WHERE organization_id = ?1 AND id = ?2 AND (sign_count < ?3 OR (sign_count = 0 AND ?3 = 0))";

const RENAME: &str = "-- identity::rename_passkey
UPDATE passkey SET name = ?4 WHERE organization_id = ?1 AND id = ?2 AND account_id = ?3";

/// Unless nothing else would open the account: no password, no other passkey, no identity elsewhere
/// whose provider is there.
const REMOVE: &str = "-- identity::remove_passkey
DELETE FROM passkey WHERE organization_id = ?1 AND id = ?2 AND account_id = ?3 AND (
  EXISTS (SELECT 1 FROM account a WHERE a.organization_id = ?1 AND a.id = ?3 AND a.password_hash IS NOT NULL)
  OR EXISTS (SELECT 1 FROM passkey o WHERE o.organization_id = ?1 AND o.account_id = ?3 AND o.id <> ?2)
  OR EXISTS (SELECT 1 FROM external_identity x
    JOIN identity_provider p ON p.organization_id = x.organization_id AND p.issuer = x.issuer AND p.removed_at IS NULL
    WHERE x.organization_id = ?1 AND x.account_id = ?3))";

const REMOVE_ALL: &str = "-- identity::remove_passkeys
DELETE FROM passkey WHERE organization_id = ?1 AND account_id = ?2";

const FIND: &str = "-- identity::passkey
SELECT id, name, credential_id, rp_id, algorithm, transports, aaguid, backed_up, created_at, last_used_at FROM passkey
WHERE organization_id = ?1 AND id = ?2 AND account_id = ?3";

/// A passkey to be kept.
pub struct NewPasskey<'a> {
    pub id: PasskeyId,
    pub account: AccountId,
    /// Sealed.
    pub name: &'a str,
    /// In base64url, as the key.
    pub credential_id: &'a str,
    pub public_key: &'a str,
    pub rp_id: &'a str,
    pub algorithm: i64,
    pub sign_count: u32,
    pub transports: &'a [String],
    pub aaguid: &'a str,
    pub is_backup_eligible: bool,
    pub is_backed_up: bool,
}

/// A passkey as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    pub id: PasskeyId,
    /// Sealed, as it was read; plain, once it is to be seen. Rows of before were never sealed.
    pub name: String,
    pub credential_id: String,
    pub rp_id: String,
    pub algorithm: i64,
    pub transports: Vec<String>,
    pub aaguid: String,
    pub is_backed_up: bool,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

/// What a login needs of a passkey and its account.
pub struct LoginPasskey {
    pub id: PasskeyId,
    pub rp_id: String,
    pub public_key: String,
    pub sign_count: u32,
    pub is_backup_eligible: bool,
    pub account: AccountId,
    pub role: Role,
    pub permissions: Permissions,
    pub is_active: bool,
}

/// The statement whose rows [`party_of`] takes.
pub fn party(tenant: Tenant) -> Statement {
    tenant.statement(PARTY)
}

/// # Errors
/// [`Unavailable`] when the row does not read back.
pub fn party_of(rows: Option<&Rows>) -> Result<Option<RelyingParty>, Unavailable> {
    let Some(row) = rows.and_then(Rows::first) else { return Ok(None) };
    let corrupt = || Unavailable::Corrupt("a relying party".to_owned());
    let origins = serde_json::from_str(row.get("origins")?).map_err(|_| corrupt())?;
    RelyingParty::new(row.get("rp_id")?, row.get("name")?, origins).map(Some).map_err(|_| corrupt())
}

pub fn set_party(tenant: Tenant, party: &RelyingParty, now: Timestamp) -> Statement {
    tenant
        .statement(SET_PARTY)
        .bind(party.id())
        .bind(party.name())
        .bind(Json::from(party.origins().to_vec()).to_string())
        .bind(now.millis())
}

pub fn challenge(tenant: Tenant, hash: &str, account: Option<AccountId>, expires_at: Timestamp) -> Statement {
    tenant.statement(CHALLENGE).bind(hash).bind(account.map(|id| id.to_string())).bind(expires_at.millis())
}

/// Forgets the challenges that ended before `before`.
pub fn forget(tenant: Tenant, before: Timestamp) -> Statement {
    Statement::new(FORGET).bind(tenant.organization.to_string()).bind(before.millis())
}

/// Uses a challenge up; changes nothing where it was used, is over, or is somebody else's.
pub fn use_challenge(tenant: Tenant, hash: &str, account: Option<AccountId>, now: Timestamp) -> Statement {
    tenant.statement(USE).bind(hash).bind(account.map(|id| id.to_string())).bind(now.millis())
}

pub fn insert(tenant: Tenant, passkey: &NewPasskey<'_>, now: Timestamp) -> Statement {
    Statement::new(INSERT)
        .bind(tenant.organization.to_string())
        .bind(passkey.id.to_string())
        .bind(passkey.account.to_string())
        .bind(passkey.name)
        .bind(passkey.credential_id)
        .bind(passkey.rp_id)
        .bind(passkey.public_key)
        .bind(passkey.algorithm)
        .bind(i64::from(passkey.sign_count))
        .bind(Json::from(passkey.transports.to_vec()).to_string())
        .bind(passkey.aaguid)
        .bind(passkey.is_backup_eligible)
        .bind(passkey.is_backed_up)
        .bind(now.millis())
}

/// Refuses the commit where the account has more than `most`.
pub fn guard_count(tenant: Tenant, account: AccountId, most: usize) -> Statement {
    Statement::new(GUARD_COUNT)
        .bind(tenant.organization.to_string())
        .bind(account.to_string())
        .bind(i64::try_from(most).unwrap_or(i64::MAX))
}

/// The statement whose rows [`passkeys_of`] takes: the account's, oldest first.
pub fn of_account(tenant: Tenant, account: AccountId) -> Statement {
    Statement::new(OF_ACCOUNT).bind(tenant.organization.to_string()).bind(account.to_string())
}

/// The statement whose rows [`passkeys_of`] takes: the one, if it is the account's.
pub fn find(tenant: Tenant, id: PasskeyId, account: AccountId) -> Statement {
    of_one(FIND, tenant, id, account)
}

/// # Errors
/// [`Unavailable`] when a row does not read back.
pub fn passkeys_of(rows: &Rows) -> Result<Vec<Passkey>, Unavailable> {
    rows.iter().map(passkey_of).collect()
}

fn passkey_of(row: Row<'_>) -> Result<Passkey, Unavailable> {
    let text = |column| row.get::<&str>(column).map(str::to_owned);
    let transports = serde_json::from_str(row.get("transports")?);
    Ok(Passkey {
        id: row.parse("id")?,
        name: text("name")?,
        credential_id: text("credential_id")?,
        rp_id: text("rp_id")?,
        algorithm: row.get("algorithm")?,
        transports: transports.map_err(|_| Unavailable::Corrupt("a passkey's transports".to_owned()))?,
        aaguid: text("aaguid")?,
        is_backed_up: row.get("backed_up")?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
        last_used_at: row.get::<Option<i64>>("last_used_at")?.map(Timestamp::from_millis),
    })
}

/// The statement whose rows [`login_of`] takes.
pub fn by_credential(tenant: Tenant, credential_id: &str) -> Statement {
    Statement::new(BY_CREDENTIAL).bind(tenant.organization.to_string()).bind(credential_id)
}

/// # Errors
/// [`Unavailable`] when the row does not read back.
pub fn login_of(rows: Option<&Rows>) -> Result<Option<LoginPasskey>, Unavailable> {
    let Some(row) = rows.and_then(Rows::first) else { return Ok(None) };
    let count = u32::try_from(row.get::<i64>("sign_count")?);
    Ok(Some(LoginPasskey {
        id: row.parse("passkey_id")?,
        rp_id: row.get::<&str>("rp_id")?.to_owned(),
        public_key: row.get::<&str>("public_key")?.to_owned(),
        sign_count: count.map_err(|_| Unavailable::Corrupt("a passkey's count".to_owned()))?,
        is_backup_eligible: row.get("backup_eligible")?,
        account: row.parse("id")?,
        role: row.parse("role")?,
        permissions: permissions(row)?,
        is_active: row.get::<&str>("state")? == "active",
    }))
}

/// Notes a login; changes nothing where the counter is not below `count` any more.
pub fn used(tenant: Tenant, id: PasskeyId, count: u32, is_backed_up: bool, now: Timestamp) -> Statement {
    Statement::new(USED)
        .bind(tenant.organization.to_string())
        .bind(id.to_string())
        .bind(i64::from(count))
        .bind(is_backed_up)
        .bind(now.millis())
}

/// Gives a passkey a name, which is sealed.
pub fn rename(tenant: Tenant, id: PasskeyId, account: AccountId, name: &str) -> Statement {
    of_one(RENAME, tenant, id, account).bind(name)
}

/// Removes a passkey; changes nothing where nothing else would open the account.
pub fn remove(tenant: Tenant, id: PasskeyId, account: AccountId) -> Statement {
    of_one(REMOVE, tenant, id, account)
}

/// Removes all of an account's, whatever else opens it.
pub fn remove_all(tenant: Tenant, account: AccountId) -> Statement {
    Statement::new(REMOVE_ALL).bind(tenant.organization.to_string()).bind(account.to_string())
}

fn of_one(sql: &'static str, tenant: Tenant, id: PasskeyId, account: AccountId) -> Statement {
    Statement::new(sql).bind(tenant.organization.to_string()).bind(id.to_string()).bind(account.to_string())
}
