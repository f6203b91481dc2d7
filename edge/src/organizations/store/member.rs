//! Members: accounts of the staff.

use headlesspro_shared::identity::{Grant, Role, Scopes};
use headlesspro_shared::kernel::id::AccountId;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::organizations::{Appointment, Member, MemberState};

use super::{corrupt, data_key, of_organization};
use crate::app::Tenant;
use crate::failure::Unavailable;
use crate::port::sql::{Row, Rows, Statement};
use crate::vault::WrappedKey;

const LIST: &str = "-- organizations::members
SELECT k.wrapped, k.master_key_id, a.id, a.email_sealed, a.name_sealed, a.role, a.grants, a.state, a.version,
  a.created_at, c.scopes AS role_scopes, c.name AS role_name
FROM account a
JOIN organization_key k ON k.organization_id = a.organization_id
LEFT JOIN custom_role c ON c.organization_id = a.organization_id AND c.id = a.role
WHERE a.organization_id = ?1 AND a.role <> 'customer' AND ?2 < a.id ORDER BY a.id LIMIT ?3";

const FIND: &str = "-- organizations::member
SELECT k.wrapped, k.master_key_id, a.id, a.email_sealed, a.name_sealed, a.role, a.grants, a.state, a.version,
  a.created_at, c.scopes AS role_scopes, c.name AS role_name
FROM account a
JOIN organization_key k ON k.organization_id = a.organization_id
LEFT JOIN custom_role c ON c.organization_id = a.organization_id AND c.id = a.role
WHERE a.organization_id = ?1 AND a.id = ?2 AND a.role <> 'customer'";

/// An account of anybody.
const FIND_ACCOUNT: &str = "-- organizations::account
SELECT k.wrapped, k.master_key_id, a.id, a.email_sealed, a.name_sealed, a.role, a.grants, a.state, a.version,
  a.created_at, c.scopes AS role_scopes, c.name AS role_name
FROM account a
JOIN organization_key k ON k.organization_id = a.organization_id
LEFT JOIN custom_role c ON c.organization_id = a.organization_id AND c.id = a.role
WHERE a.organization_id = ?1 AND a.id = ?2";

const OWNERS: &str = "-- organizations::owners
SELECT count(*) AS owners FROM account WHERE organization_id = ?1 AND role = 'owner' AND state = 'active'";

const CHANGE: &str = "-- organizations::change_member
UPDATE account SET role = ?4, grants = ?5, state = ?6, version = version + 1, updated_at = ?7
WHERE organization_id = ?1 AND id = ?2 AND version = ?3";

/// Refuses the commit when the one it was decided for is not the same any more.
const GUARD_ACTOR: &str = "-- organizations::guard_actor
INSERT INTO violation (what) SELECT 'actor' WHERE NOT EXISTS (
  SELECT 1 FROM account a WHERE a.organization_id = ?1 AND a.id = ?2 AND a.version = ?3 AND a.state = 'active')";

/// A member as the database has it.
pub struct MemberRow {
    /// The organization's data key.
    pub key: WrappedKey,
    pub member: Member,
    pub email_sealed: String,
    pub name_sealed: Option<String>,
    /// The scopes of a custom role.
    pub stored: Scopes,
    /// Of a custom role.
    pub role_name: Option<String>,
    pub grants: Vec<Grant>,
    pub version: i64,
    pub created_at: Timestamp,
}

/// What becomes of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub role: Role,
    pub grants: Vec<Grant>,
    pub state: MemberState,
}

/// The statement whose rows [`members_of`] takes: those whose ids come after `after`.
pub fn list(tenant: Tenant, after: &str, limit: i64) -> Statement {
    of_organization(LIST, tenant).bind(after).bind(limit)
}

/// The statement whose rows [`members_of`] takes: the one member, if it is there.
pub fn find(tenant: Tenant, id: AccountId) -> Statement {
    of_organization(FIND, tenant).bind(id.to_string())
}

/// As [`find`], where a customer will do.
pub fn find_account(tenant: Tenant, id: AccountId) -> Statement {
    of_organization(FIND_ACCOUNT, tenant).bind(id.to_string())
}

/// # Errors
/// [`Unavailable`] when a row does not read back.
pub fn members_of(rows: &Rows) -> Result<Vec<MemberRow>, Unavailable> {
    rows.iter().map(member_of).collect()
}

fn member_of(row: Row<'_>) -> Result<MemberRow, Unavailable> {
    let role: Role = row.parse("role")?;
    let grants: Vec<Grant> = serde_json::from_str(row.get("grants")?).map_err(|_| corrupt("a member's grants"))?;
    let stored: Option<Result<Scopes, _>> = row.get::<Option<&str>>("role_scopes")?.map(str::parse);
    let stored = stored.transpose().map_err(|_| corrupt("a role's scopes"))?.unwrap_or_default();
    Ok(MemberRow {
        key: data_key(row)?,
        member: Member {
            account: row.parse("id")?,
            appointment: Appointment::new(role, stored, &grants),
            state: row.parse("state")?,
        },
        email_sealed: row.get::<&str>("email_sealed")?.to_owned(),
        name_sealed: row.get::<Option<&str>>("name_sealed")?.map(str::to_owned),
        stored,
        role_name: row.get::<Option<&str>>("role_name")?.map(str::to_owned),
        grants,
        version: row.get("version")?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
    })
}

/// The statement whose rows [`owners_of`] takes.
pub fn owners(tenant: Tenant) -> Statement {
    of_organization(OWNERS, tenant)
}

/// How many active owners there are.
///
/// # Errors
/// [`Unavailable`] when the answer is of another shape.
pub fn owners_of(rows: &Rows) -> Result<u32, Unavailable> {
    let count: i64 = rows.first().ok_or_else(|| corrupt("the count of owners"))?.get("owners")?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Changes a member that is at `version`; one that is not, it leaves alone.
pub fn change(tenant: Tenant, id: AccountId, version: i64, to: &Standing, now: Timestamp) -> Statement {
    of_organization(CHANGE, tenant)
        .bind(id.to_string())
        .bind(version)
        .bind(to.role.to_string())
        .bind(serde_json::to_string(&to.grants).unwrap_or_default())
        .bind(to.state.name())
        .bind(now.millis())
}

/// The statement that refuses the commit unless the actor is active and at `version`.
pub fn guard_actor(tenant: Tenant, actor: AccountId, version: i64) -> Statement {
    of_organization(GUARD_ACTOR, tenant).bind(actor.to_string()).bind(version)
}
