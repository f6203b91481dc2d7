//! Sessions: each a login with the refresh tokens that came of it.

use headlesspro_shared::identity::{Family, Generation, Permissions, Role};
use headlesspro_shared::kernel::id::{AccountId, SessionId, StoreId};
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::time::Timestamp;

use super::account::permissions;
use crate::app::Tenant;
use crate::failure::Unavailable;
use crate::identity::newest::Newest;
use crate::port::sql::{Row, Rows, SqlError, Statement};

const INSERT: &str = "-- identity::insert_session
INSERT INTO session (organization_id, store_id, id, account_id, generation, token_hash, rotated_at, device, created_at,
  expires_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?7, ?9)";

const FIND: &str = "-- identity::session
SELECT t.account_id, t.generation, t.created_at, t.rotated_at, t.expires_at, t.revoked_at, a.role, a.grants, a.state,
  s.id AS store_id, s.currency, s.status AS store_status,
  (SELECT c.scopes FROM custom_role c WHERE c.organization_id = a.organization_id AND c.id = a.role) AS role_scopes
FROM session t JOIN account a ON a.id = t.account_id AND a.organization_id = t.organization_id
JOIN store s ON s.id = t.store_id AND s.organization_id = t.organization_id
WHERE t.organization_id = ?1 AND t.id = ?2";

const ROTATE: &str = "-- identity::rotate_session
UPDATE session SET generation = ?4, token_hash = ?5, rotated_at = ?6, expires_at = ?7, store_id = ?8
WHERE organization_id = ?1 AND id = ?2 AND generation = ?3 AND revoked_at IS NULL
RETURNING generation";

const ENTER: &str = "-- identity::enter_store
UPDATE session SET store_id = ?3 WHERE organization_id = ?1 AND id = ?2 AND revoked_at IS NULL";

/// A few at a time, so that no login takes longer for a crowd before it.
const FORGET: &str = "-- identity::forget_sessions
DELETE FROM session WHERE organization_id = ?1 AND expires_at <= (SELECT max(x.expires_at) FROM (
  SELECT s.expires_at FROM session s WHERE s.organization_id = ?1 AND s.expires_at < ?2
  ORDER BY s.expires_at LIMIT 20) x)";

const ACTIVE_STORE: &str = "-- identity::active_store
SELECT id AS store_id, currency FROM store WHERE organization_id = ?1 AND id = ?2 AND status = 'active'";

const REVOKE: &str = "-- identity::revoke_session
UPDATE session SET revoked_at = ?4, revoked_because = ?5
WHERE organization_id = ?1 AND id = ?2 AND account_id = ?3 AND revoked_at IS NULL";

const REVOKE_ALL: &str = "-- identity::revoke_sessions
UPDATE session INDEXED BY session_account SET revoked_at = ?3, revoked_because = ?4
WHERE organization_id = ?1 AND account_id = ?2 AND revoked_at IS NULL
RETURNING id";

const REVOKE_OTHERS: &str = "-- identity::revoke_other_sessions
UPDATE session INDEXED BY session_account SET revoked_at = ?4, revoked_because = ?5
WHERE organization_id = ?1 AND account_id = ?2 AND id <> ?3 AND revoked_at IS NULL
RETURNING id";

const OF_ACCOUNT: &str = "-- identity::sessions_of_account
SELECT id, device, created_at, rotated_at, expires_at FROM session
WHERE organization_id = ?1 AND account_id = ?2 AND revoked_at IS NULL AND ?3 < expires_at
  AND (created_at, id) < (?4, ?5)
ORDER BY created_at DESC, id DESC LIMIT ?6";

/// A session to be opened.
pub struct NewSession<'a> {
    pub id: SessionId,
    pub account: AccountId,
    pub token_hash: String,
    pub device: &'a str,
    pub expires_at: Timestamp,
}

/// What a refresh needs of a session and its account.
pub struct SessionRow {
    pub account: AccountId,
    pub family: Family,
    /// When its owner logged in.
    pub opened_at: Timestamp,
    pub role: Role,
    pub permissions: Permissions,
    pub is_active: bool,
    /// The store that the session is in.
    pub store_id: StoreId,
    /// The same; `None` while it is suspended.
    pub store: Option<OpenStore>,
}

/// A store that is not suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenStore {
    pub id: StoreId,
    pub currency: Currency,
}

/// A session as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSummary {
    pub id: SessionId,
    pub device: String,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub expires_at: Timestamp,
}

pub fn insert(tenant: Tenant, session: &NewSession<'_>, now: Timestamp) -> Statement {
    tenant
        .statement(INSERT)
        .bind(session.id.to_string())
        .bind(session.account.to_string())
        .bind(i64::from(Generation::FIRST.0))
        .bind(session.token_hash.as_str())
        .bind(now.millis())
        .bind(session.device)
        .bind(session.expires_at.millis())
}

/// Forgets some of the sessions that ended before `before`.
pub fn forget(tenant: Tenant, before: Timestamp) -> Statement {
    of_organization(FORGET, tenant).bind(before.millis())
}

/// The statement whose rows [`session_of`] takes.
pub fn find(tenant: Tenant, id: SessionId) -> Statement {
    of_organization(FIND, tenant).bind(id.to_string())
}

/// # Errors
/// [`Unavailable`] when the row does not read back.
pub fn session_of(rows: &Rows) -> Result<Option<SessionRow>, Unavailable> {
    rows.first().map(from_row).transpose()
}

fn from_row(row: Row<'_>) -> Result<SessionRow, Unavailable> {
    let generation: i64 = row.get("generation")?;
    let current = u32::try_from(generation).map_err(|_| Unavailable::Corrupt("a session's generation".to_owned()))?;
    Ok(SessionRow {
        account: row.parse("account_id")?,
        family: Family {
            current: Generation(current),
            rotated_at: Timestamp::from_millis(row.get("rotated_at")?),
            expires_at: Timestamp::from_millis(row.get("expires_at")?),
            revoked: row.get::<Option<i64>>("revoked_at")?.is_some(),
        },
        opened_at: Timestamp::from_millis(row.get("created_at")?),
        role: row.parse("role")?,
        permissions: permissions(row)?,
        is_active: row.get::<&str>("state")? == "active",
        store_id: row.parse("store_id")?,
        store: if row.get::<&str>("store_status")? == "active" { Some(store_of(row)?) } else { None },
    })
}

/// The statement whose rows [`open_store_of`] takes.
pub fn open_store(tenant: Tenant, id: StoreId) -> Statement {
    of_organization(ACTIVE_STORE, tenant).bind(id.to_string())
}

/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn open_store_of(rows: &Rows) -> Result<Option<OpenStore>, SqlError> {
    rows.first().map(store_of).transpose()
}

fn store_of(row: Row<'_>) -> Result<OpenStore, SqlError> {
    Ok(OpenStore { id: row.parse("store_id")?, currency: row.parse("currency")? })
}

/// Has the session be in another store from now on.
pub fn enter(tenant: Tenant, id: SessionId, store: StoreId) -> Statement {
    of_organization(ENTER, tenant).bind(id.to_string()).bind(store.to_string())
}

/// Puts `next` in the place of `current`, in `store`, which answers a row; no row when another was quicker.
pub fn rotate(
    tenant: Tenant,
    id: SessionId,
    (current, next): (Generation, Generation),
    token_hash: &str,
    (now, expires_at): (Timestamp, Timestamp),
    store: StoreId,
) -> Statement {
    of_organization(ROTATE, tenant)
        .bind(id.to_string())
        .bind(i64::from(current.0))
        .bind(i64::from(next.0))
        .bind(token_hash)
        .bind(now.millis())
        .bind(expires_at.millis())
        .bind(store.to_string())
}

/// Ends one session of an account.
pub fn revoke(tenant: Tenant, id: SessionId, account: AccountId, because: &'static str, now: Timestamp) -> Statement {
    of_organization(REVOKE, tenant).bind(id.to_string()).bind(account.to_string()).bind(now.millis()).bind(because)
}

/// Ends every session of an account; answers their ids, which [`ids_of`] takes.
pub fn revoke_all(tenant: Tenant, account: AccountId, because: &'static str, now: Timestamp) -> Statement {
    of_organization(REVOKE_ALL, tenant).bind(account.to_string()).bind(now.millis()).bind(because)
}

/// Ends every session of an account but one; answers their ids, which [`ids_of`] takes.
pub fn revoke_others(
    tenant: Tenant,
    account: AccountId,
    but: SessionId,
    because: &'static str,
    now: Timestamp,
) -> Statement {
    of_organization(REVOKE_OTHERS, tenant)
        .bind(account.to_string())
        .bind(but.to_string())
        .bind(now.millis())
        .bind(because)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn ids_of(rows: &Rows) -> Result<Vec<SessionId>, SqlError> {
    rows.iter().map(|row| row.parse("id")).collect()
}

/// The statement whose rows [`summaries`] takes.
pub fn of_account(tenant: Tenant, account: AccountId, now: Timestamp, wanted: &Newest) -> Statement {
    wanted.bind(of_organization(OF_ACCOUNT, tenant).bind(account.to_string()).bind(now.millis()))
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn summaries(rows: &Rows) -> Result<Vec<SessionSummary>, SqlError> {
    rows.iter()
        .map(|row| {
            Ok(SessionSummary {
                id: row.parse("id")?,
                device: row.get::<&str>("device")?.to_owned(),
                created_at: Timestamp::from_millis(row.get("created_at")?),
                last_used_at: Timestamp::from_millis(row.get("rotated_at")?),
                expires_at: Timestamp::from_millis(row.get("expires_at")?),
            })
        })
        .collect()
}

/// Sessions are an account's, which is the organization's whatever the store.
fn of_organization(sql: &'static str, tenant: Tenant) -> Statement {
    Statement::new(sql).bind(tenant.organization.to_string())
}
