//! The table `invitation`, and the account that accepts one.

use headlesspro_shared::identity::{Grant, Role, Scopes};
use headlesspro_shared::kernel::id::{AccountId, InvitationId};
use headlesspro_shared::kernel::locale::Locale;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::organizations::{Appointment, Invitation};

use super::{corrupt, data_key, of_organization};
use crate::app::Tenant;
use crate::failure::Unavailable;
use crate::port::sql::{Row, Rows, SqlError, Statement};
use crate::vault::WrappedKey;

/// What an invitation's mail needs beside it: the organization's key and name, and who has the address already.
const PREPARE: &str = "-- organizations::prepare_invitation
SELECT k.wrapped, k.master_key_id, o.name,
  (SELECT a.role FROM account a WHERE a.organization_id = o.id AND a.email_hash = ?2) AS taken_by,
  (SELECT a.state FROM account a WHERE a.organization_id = o.id AND a.email_hash = ?2) AS taken_state,
  (SELECT i.id FROM invitation i WHERE i.organization_id = o.id AND i.email_hash = ?2 AND i.accepted_at IS NULL
    AND i.revoked_at IS NULL AND ?3 < i.expires_at) AS open_invitation
FROM organization o JOIN organization_key k ON k.organization_id = o.id
WHERE o.id = ?1";

/// Puts away those whose time is over, so that their addresses can be invited again.
const CLOSE_EXPIRED: &str = "-- organizations::close_expired_invitations
UPDATE invitation SET revoked_at = expires_at, version = version + 1
WHERE organization_id = ?1 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at <= ?2";

const INSERT: &str = "-- organizations::insert_invitation
INSERT INTO invitation (organization_id, id, email_hash, email_sealed, role, grants, locale, token_hash, invited_by,
  created_at, expires_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

const LIST: &str = "-- organizations::invitations
SELECT k.wrapped, k.master_key_id, o.name AS organization_name, i.id, i.email_sealed, i.role, i.grants,
  i.locale, i.invited_by, i.version, i.created_at, i.expires_at, i.accepted_at, i.revoked_at, c.scopes AS role_scopes,
  c.name AS role_name
FROM invitation i
JOIN organization o ON o.id = i.organization_id
JOIN organization_key k ON k.organization_id = i.organization_id
LEFT JOIN custom_role c ON c.organization_id = i.organization_id AND c.id = i.role
WHERE i.organization_id = ?1 AND ?2 < i.id ORDER BY i.id LIMIT ?3";

const FIND: &str = "-- organizations::invitation
SELECT k.wrapped, k.master_key_id, o.name AS organization_name, i.id, i.email_sealed, i.role, i.grants,
  i.locale, i.invited_by, i.version, i.created_at, i.expires_at, i.accepted_at, i.revoked_at, c.scopes AS role_scopes,
  c.name AS role_name
FROM invitation i
JOIN organization o ON o.id = i.organization_id
JOIN organization_key k ON k.organization_id = i.organization_id
LEFT JOIN custom_role c ON c.organization_id = i.organization_id AND c.id = i.role
WHERE i.organization_id = ?1 AND i.id = ?2";

/// By the token of its mail, with the account of its address, if there is one.
const BY_TOKEN: &str = "-- organizations::invitation_by_token
SELECT k.wrapped, k.master_key_id, o.name AS organization_name, i.id, i.email_sealed, i.role, i.grants,
  i.locale, i.invited_by, i.version, i.created_at, i.expires_at, i.accepted_at, i.revoked_at, c.scopes AS role_scopes,
  c.name AS role_name, a.id AS account_id, a.role AS account_role, a.state AS account_state, a.email_verified_at
FROM invitation i
JOIN organization o ON o.id = i.organization_id
JOIN organization_key k ON k.organization_id = i.organization_id
LEFT JOIN custom_role c ON c.organization_id = i.organization_id AND c.id = i.role
LEFT JOIN account a ON a.organization_id = i.organization_id AND a.email_hash = i.email_hash
WHERE i.organization_id = ?1 AND i.token_hash = ?2";

const RENEW: &str = "-- organizations::renew_invitation
UPDATE invitation SET token_hash = ?4, expires_at = ?5, version = version + 1
WHERE organization_id = ?1 AND id = ?2 AND version = ?3 AND accepted_at IS NULL AND revoked_at IS NULL";

const REVOKE: &str = "-- organizations::revoke_invitation
UPDATE invitation SET revoked_at = ?4, version = version + 1
WHERE organization_id = ?1 AND id = ?2 AND version = ?3 AND accepted_at IS NULL AND revoked_at IS NULL";

/// What an account has offered, or whoever has a custom role: each has ids of its own kind.
const OFFERED: &str = "-- organizations::offered_invitations
SELECT id FROM invitation
WHERE organization_id = ?1 AND accepted_at IS NULL AND revoked_at IS NULL
  AND (invited_by = ?2 OR invited_by IN (SELECT id FROM account WHERE organization_id = ?1 AND role = ?2))
ORDER BY id";

const REVOKE_OFFERED: &str = "-- organizations::revoke_offered_invitations
UPDATE invitation SET revoked_at = ?3, version = version + 1
WHERE organization_id = ?1 AND accepted_at IS NULL AND revoked_at IS NULL
  AND (invited_by = ?2 OR invited_by IN (SELECT id FROM account WHERE organization_id = ?1 AND role = ?2))";

/// Refuses the commit where the statement before it has changed more or fewer.
const GUARD_COUNT: &str = "-- organizations::guard_count
INSERT INTO violation (what) SELECT 'more or fewer' WHERE changes() <> ?1";

const ACCEPT: &str = "-- organizations::accept_invitation
UPDATE invitation SET accepted_at = ?4, version = version + 1
WHERE organization_id = ?1 AND id = ?2 AND version = ?3 AND accepted_at IS NULL AND revoked_at IS NULL
  AND ?4 < expires_at";

/// Makes a member of a customer. Whoever has the mail has the address: a password, a name and a language that somebody
/// else chose before it was confirmed count for nothing.
const JOIN: &str = "-- organizations::join
UPDATE account SET role = ?3, grants = ?4, version = version + 1, updated_at = ?5,
  password_hash = iif(email_verified_at IS NULL, ?6, password_hash),
  name_sealed = iif(email_verified_at IS NULL, ?7, name_sealed),
  locale = iif(email_verified_at IS NULL, ?8, locale),
  email_verified_at = coalesce(email_verified_at, ?5)
WHERE organization_id = ?1 AND id = ?2 AND role = 'customer' AND state = 'active'";

/// What there is before somebody is invited.
pub struct Prepared {
    pub key: WrappedKey,
    pub organization: String,
    /// The role and the state of the account that has the address.
    pub taken: Option<(Role, bool)>,
    pub open: Option<InvitationId>,
}

/// An invitation to be kept.
pub struct NewInvitation<'a> {
    pub id: InvitationId,
    pub email_hash: &'a str,
    pub email_sealed: &'a str,
    pub role: Role,
    pub grants: &'a [Grant],
    pub locale: &'a Locale,
    pub token_hash: &'a str,
    pub invited_by: AccountId,
    pub expires_at: Timestamp,
}

/// An invitation as the database has it.
pub struct InvitationRow {
    /// The organization's data key.
    pub key: WrappedKey,
    pub organization: String,
    pub id: InvitationId,
    pub email_sealed: String,
    pub appointment: Appointment,
    /// Of a custom role.
    pub role_name: Option<String>,
    /// Whether the role is a custom one that is not there any more.
    pub role_is_gone: bool,
    pub grants: Vec<Grant>,
    pub locale: Locale,
    pub invited_by: String,
    pub version: i64,
    pub created_at: Timestamp,
    pub invitation: Invitation,
}

/// The account of an invited address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invitee {
    pub account: AccountId,
    pub role: Role,
    pub is_active: bool,
    pub is_verified: bool,
}

/// The statement whose rows [`prepared_of`] takes.
pub fn prepare(tenant: Tenant, email_hash: &str, now: Timestamp) -> Statement {
    of_organization(PREPARE, tenant).bind(email_hash).bind(now.millis())
}

/// # Errors
/// [`Unavailable`] when the organization has no data key, or a row does not read back.
pub fn prepared_of(rows: &Rows) -> Result<Prepared, Unavailable> {
    let row = rows.first().ok_or_else(|| corrupt("the organization has no data key"))?;
    let taken = match row.get::<Option<&str>>("taken_by")? {
        None => None,
        Some(_) => Some((row.parse("taken_by")?, row.get::<&str>("taken_state")? == "active")),
    };
    let open = match row.get::<Option<&str>>("open_invitation")? {
        None => None,
        Some(_) => Some(row.parse("open_invitation")?),
    };
    Ok(Prepared { key: data_key(row)?, organization: row.get::<&str>("name")?.to_owned(), taken, open })
}

pub fn close_expired(tenant: Tenant, now: Timestamp) -> Statement {
    of_organization(CLOSE_EXPIRED, tenant).bind(now.millis())
}

pub fn insert(tenant: Tenant, new: &NewInvitation<'_>, now: Timestamp) -> Statement {
    of_organization(INSERT, tenant)
        .bind(new.id.to_string())
        .bind(new.email_hash)
        .bind(new.email_sealed)
        .bind(new.role.to_string())
        .bind(serde_json::to_string(new.grants).unwrap_or_default())
        .bind(new.locale.as_str())
        .bind(new.token_hash)
        .bind(new.invited_by.to_string())
        .bind(now.millis())
        .bind(new.expires_at.millis())
}

/// The statement whose rows [`invitations_of`] takes: those whose ids come after `after`.
pub fn list(tenant: Tenant, after: &str, limit: i64) -> Statement {
    of_organization(LIST, tenant).bind(after).bind(limit)
}

/// The statement whose rows [`invitations_of`] takes: the one invitation, if it is there.
pub fn find(tenant: Tenant, id: InvitationId) -> Statement {
    of_organization(FIND, tenant).bind(id.to_string())
}

/// The statement whose rows [`invitations_of`] and [`invitee_of`] take.
pub fn by_token(tenant: Tenant, token_hash: &str) -> Statement {
    of_organization(BY_TOKEN, tenant).bind(token_hash)
}

/// # Errors
/// [`Unavailable`] when a row does not read back.
pub fn invitations_of(rows: &Rows) -> Result<Vec<InvitationRow>, Unavailable> {
    rows.iter().map(invitation_of).collect()
}

fn invitation_of(row: Row<'_>) -> Result<InvitationRow, Unavailable> {
    let text = |column| row.get::<&str>(column).map(str::to_owned);
    let moment = |column| Ok::<_, SqlError>(row.get::<Option<i64>>(column)?.map(Timestamp::from_millis));
    let role: Role = row.parse("role")?;
    let grants: Vec<Grant> = serde_json::from_str(row.get("grants")?).map_err(|_| corrupt("an invitation's grants"))?;
    let stored = row.get::<Option<&str>>("role_scopes")?;
    let scopes: Option<Scopes> = stored.map(str::parse).transpose().map_err(|_| corrupt("a role's scopes"))?;
    let expires_at = Timestamp::from_millis(row.get("expires_at")?);
    Ok(InvitationRow {
        key: data_key(row)?,
        organization: text("organization_name")?,
        id: row.parse("id")?,
        email_sealed: text("email_sealed")?,
        appointment: Appointment::new(role, scopes.unwrap_or_default(), &grants),
        role_name: row.get::<Option<&str>>("role_name")?.map(str::to_owned),
        role_is_gone: matches!(role, Role::Custom(_)) && scopes.is_none(),
        grants,
        locale: row.parse("locale")?,
        invited_by: text("invited_by")?,
        version: row.get("version")?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
        invitation: Invitation {
            expires_at,
            accepted_at: moment("accepted_at")?,
            // Its time was over, and somebody else needed its place.
            revoked_at: moment("revoked_at")?.filter(|moment| *moment != expires_at),
        },
    })
}

/// The account that has the address of [`by_token`]'s invitation.
///
/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn invitee_of(rows: &Rows) -> Result<Option<Invitee>, SqlError> {
    let Some(row) = rows.first() else { return Ok(None) };
    if row.get::<Option<&str>>("account_id")?.is_none() {
        return Ok(None);
    }
    Ok(Some(Invitee {
        account: row.parse("account_id")?,
        role: row.parse("account_role")?,
        is_active: row.get::<&str>("account_state")? == "active",
        is_verified: row.get::<Option<i64>>("email_verified_at")?.is_some(),
    }))
}

/// Puts another token in the place of the one that was mailed, and begins the time anew.
pub fn renew(tenant: Tenant, row: &InvitationRow, token_hash: &str, expires_at: Timestamp) -> Statement {
    of_organization(RENEW, tenant).bind(row.id.to_string()).bind(row.version).bind(token_hash).bind(expires_at.millis())
}

pub fn revoke(tenant: Tenant, row: &InvitationRow, now: Timestamp) -> Statement {
    of_organization(REVOKE, tenant).bind(row.id.to_string()).bind(row.version).bind(now.millis())
}

/// The statement whose rows [`ids_of`] takes: what an account has offered, or everybody who has a custom role, and
/// nobody has accepted.
pub fn offered(tenant: Tenant, by: &str) -> Statement {
    of_organization(OFFERED, tenant).bind(by)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn ids_of(rows: &Rows) -> Result<Vec<InvitationId>, SqlError> {
    rows.iter().map(|row| row.parse("id")).collect()
}

/// Revokes what [`offered`] finds: to be followed by [`guard_count`].
pub fn revoke_offered(tenant: Tenant, by: &str, now: Timestamp) -> Statement {
    of_organization(REVOKE_OFFERED, tenant).bind(by).bind(now.millis())
}

/// The statement that refuses the commit where the one before it has not changed so many.
pub fn guard_count(count: usize) -> Statement {
    Statement::new(GUARD_COUNT).bind(i64::try_from(count).unwrap_or(i64::MAX))
}

pub fn accept(tenant: Tenant, row: &InvitationRow, now: Timestamp) -> Statement {
    of_organization(ACCEPT, tenant).bind(row.id.to_string()).bind(row.version).bind(now.millis())
}

/// Gives a customer the role of an invitation; `password` and the sealed `name` are taken only where the address was
/// not confirmed.
pub fn join(
    tenant: Tenant,
    account: AccountId,
    row: &InvitationRow,
    (password, name): (Option<&str>, Option<&str>),
    now: Timestamp,
) -> Statement {
    of_organization(JOIN, tenant)
        .bind(account.to_string())
        .bind(row.appointment.role().to_string())
        .bind(serde_json::to_string(&row.grants).unwrap_or_default())
        .bind(now.millis())
        .bind(password)
        .bind(name)
        .bind(row.locale.as_str())
}
