//! The table `custom_role`.

use headlesspro_shared::identity::Scopes;
use headlesspro_shared::kernel::id::{AccountId, RoleId};
use headlesspro_shared::kernel::time::Timestamp;

use super::of_organization;
use crate::app::Tenant;
use crate::port::sql::{Row, Rows, SqlError, Statement};

const LIST: &str = "-- organizations::roles
SELECT c.id, c.name, c.scopes, c.version, c.created_at,
  (SELECT count(*) FROM account a WHERE a.organization_id = c.organization_id AND a.role = c.id) AS members
FROM custom_role c WHERE c.organization_id = ?1 ORDER BY c.name LIMIT ?2";

const FIND: &str = "-- organizations::role
SELECT c.id, c.name, c.scopes, c.version, c.created_at,
  (SELECT count(*) FROM account a WHERE a.organization_id = c.organization_id AND a.role = c.id) AS members
FROM custom_role c WHERE c.organization_id = ?1 AND c.id = ?2";

const COUNT: &str = "-- organizations::count_roles
SELECT count(*) AS roles FROM custom_role WHERE organization_id = ?1";

const INSERT: &str = "-- organizations::insert_role
INSERT INTO custom_role (organization_id, id, name, scopes, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)";

const CHANGE: &str = "-- organizations::change_role
UPDATE custom_role SET name = ?4, scopes = ?5, version = version + 1, updated_at = ?6
WHERE organization_id = ?1 AND id = ?2 AND version = ?3";

/// Whoever has the role is another member now: what was decided about them is decided again.
const TOUCH_MEMBERS: &str = "-- organizations::touch_members_of_role
UPDATE account SET version = version + 1, updated_at = ?3 WHERE organization_id = ?1 AND role = ?2 RETURNING id";

const DELETE: &str = "-- organizations::delete_role
DELETE FROM custom_role WHERE organization_id = ?1 AND id = ?2 AND version = ?3";

/// A custom role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomRole {
    pub id: RoleId,
    pub name: String,
    pub scopes: Scopes,
    /// How many accounts have it.
    pub members: i64,
    pub version: i64,
    pub created_at: Timestamp,
}

/// The statement whose rows [`roles_of`] takes, by name.
pub fn list(tenant: Tenant, limit: i64) -> Statement {
    of_organization(LIST, tenant).bind(limit)
}

/// The statement whose rows [`roles_of`] takes: the one role, if it is there.
pub fn find(tenant: Tenant, id: RoleId) -> Statement {
    of_organization(FIND, tenant).bind(id.to_string())
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn roles_of(rows: &Rows) -> Result<Vec<CustomRole>, SqlError> {
    rows.iter().map(role_of).collect()
}

fn role_of(row: Row<'_>) -> Result<CustomRole, SqlError> {
    Ok(CustomRole {
        id: row.parse("id")?,
        name: row.get::<&str>("name")?.to_owned(),
        scopes: row.parse("scopes")?,
        members: row.get("members")?,
        version: row.get("version")?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
    })
}

/// The statement whose row has how many `roles` there are.
pub fn count(tenant: Tenant) -> Statement {
    of_organization(COUNT, tenant)
}

pub fn insert(tenant: Tenant, id: RoleId, name: &str, scopes: Scopes, now: Timestamp) -> Statement {
    of_organization(INSERT, tenant).bind(id.to_string()).bind(name).bind(scopes.to_string()).bind(now.millis())
}

/// Changes a role that is at `version`.
pub fn change(tenant: Tenant, id: RoleId, version: i64, name: &str, scopes: Scopes, now: Timestamp) -> Statement {
    of_organization(CHANGE, tenant)
        .bind(id.to_string())
        .bind(version)
        .bind(name)
        .bind(scopes.to_string())
        .bind(now.millis())
}

/// The statement whose rows [`touched`] takes: the accounts that have the role.
pub fn touch_members(tenant: Tenant, id: RoleId, now: Timestamp) -> Statement {
    of_organization(TOUCH_MEMBERS, tenant).bind(id.to_string()).bind(now.millis())
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn touched(rows: &Rows) -> Result<Vec<AccountId>, SqlError> {
    rows.iter().map(|row| row.parse("id")).collect()
}

/// Deletes a role that is at `version`; the database refuses while somebody has it.
pub fn delete(tenant: Tenant, id: RoleId, version: i64) -> Statement {
    of_organization(DELETE, tenant).bind(id.to_string()).bind(version)
}
