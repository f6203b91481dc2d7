//! The tables `customer_group` and `customer_group_member`: of the organization, whose stores share their customers.

use headlesspro_shared::kernel::id::{AccountId, CustomerGroupId};
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::json;

use super::moment;
use crate::app::Tenant;
use crate::port::sql::{Row, Rows, SqlError, Statement};

const LIST: &str = "-- pricing::groups
SELECT g.id, g.name, g.version, g.created_at, g.updated_at FROM customer_group g
WHERE g.organization_id = ?1 AND ?2 < g.id
ORDER BY g.id LIMIT ?3";

const FIND: &str = "-- pricing::group
SELECT g.id, g.name, g.version, g.created_at, g.updated_at FROM customer_group g
WHERE g.organization_id = ?1 AND g.id = ?2";

const MISSING: &str = "-- pricing::groups_missing
SELECT w.value AS id FROM json_each(?2) w
WHERE NOT EXISTS (SELECT 1 FROM customer_group g WHERE g.organization_id = ?1 AND g.id = w.value)";

const INSERT: &str = "-- pricing::insert_group
INSERT INTO customer_group (organization_id, id, name, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4)";

const RENAME: &str = "-- pricing::rename_group
UPDATE customer_group SET name = ?4, updated_at = ?5, version = version + 1
WHERE organization_id = ?1 AND id = ?2 AND version = ?3";

const DELETE: &str = "-- pricing::delete_group
DELETE FROM customer_group WHERE organization_id = ?1 AND id = ?2 AND version = ?3";

const MEMBERS: &str = "-- pricing::members
SELECT m.account_id, m.added_at FROM customer_group_member m
WHERE m.organization_id = ?1 AND m.group_id = ?2 AND ?3 < m.account_id
ORDER BY m.account_id LIMIT ?4";

/// Nothing where the group or the customer is not there.
const STANDING: &str = "-- pricing::standing
SELECT EXISTS (SELECT 1 FROM customer_group_member m
  WHERE m.organization_id = ?1 AND m.group_id = ?2 AND m.account_id = ?3) AS is_member
FROM customer_group g
JOIN account a ON a.id = ?3 AND a.organization_id = ?1 AND a.role = 'customer'
WHERE g.organization_id = ?1 AND g.id = ?2";

const ADD: &str = "-- pricing::add_member
INSERT INTO customer_group_member (organization_id, group_id, account_id, added_at) VALUES (?1, ?2, ?3, ?4)";

const REMOVE: &str = "-- pricing::remove_member
DELETE FROM customer_group_member WHERE organization_id = ?1 AND group_id = ?2 AND account_id = ?3";

const OF_ACCOUNT: &str = "-- pricing::groups_of_account
SELECT m.group_id FROM customer_group_member m WHERE m.organization_id = ?1 AND m.account_id = ?2
ORDER BY m.group_id";

const GUARD: &str = "-- pricing::guard_groups
INSERT INTO violation (what) SELECT 'the customer is in other groups'
WHERE (SELECT json_group_array(m.group_id) FROM (SELECT x.group_id FROM customer_group_member x
  WHERE x.organization_id = ?1 AND x.account_id = ?2 ORDER BY x.group_id) m) <> ?3";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub id: CustomerGroupId,
    pub name: String,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    pub account: AccountId,
    pub added_at: Timestamp,
}

/// The statement whose rows [`groups_of`] takes: those after the id `after`.
pub fn list(tenant: Tenant, after: &str, limit: i64) -> Statement {
    Statement::new(LIST).bind(tenant.organization.to_string()).bind(after).bind(limit)
}

/// The statement whose rows [`groups_of`] takes: the one with this id, if it is there.
pub fn find(tenant: Tenant, id: CustomerGroupId) -> Statement {
    Statement::new(FIND).bind(tenant.organization.to_string()).bind(id.to_string())
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn groups_of(rows: &Rows) -> Result<Vec<Group>, SqlError> {
    let of = |row: Row<'_>| {
        Ok(Group {
            id: row.parse("id")?,
            name: row.get::<&str>("name")?.to_owned(),
            version: row.get("version")?,
            created_at: moment(row, "created_at")?,
            updated_at: moment(row, "updated_at")?,
        })
    };
    rows.iter().map(of).collect()
}

/// The statement whose rows are those of the ids that no group of the organization has.
pub fn missing(tenant: Tenant, ids: &[CustomerGroupId]) -> Statement {
    Statement::new(MISSING).bind(tenant.organization.to_string()).bind(json!(ids).to_string())
}

pub fn insert(tenant: Tenant, group: &Group) -> Statement {
    let statement = Statement::new(INSERT).bind(tenant.organization.to_string()).bind(group.id.to_string());
    statement.bind(group.name.as_str()).bind(group.created_at.millis())
}

/// Renames one that is at `version`: to be followed by a guard.
pub fn rename(tenant: Tenant, id: CustomerGroupId, version: i64, name: &str, now: Timestamp) -> Statement {
    let statement = Statement::new(RENAME).bind(tenant.organization.to_string()).bind(id.to_string());
    statement.bind(version).bind(name).bind(now.millis())
}

/// Deletes one that is at `version`, with its memberships: to be followed by a guard.
pub fn delete(tenant: Tenant, id: CustomerGroupId, version: i64) -> Statement {
    Statement::new(DELETE).bind(tenant.organization.to_string()).bind(id.to_string()).bind(version)
}

/// The statement whose rows [`members_of`] takes: those after the account `after`.
pub fn members(tenant: Tenant, id: CustomerGroupId, after: &str, limit: i64) -> Statement {
    let statement = Statement::new(MEMBERS).bind(tenant.organization.to_string()).bind(id.to_string());
    statement.bind(after).bind(limit)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn members_of(rows: &Rows) -> Result<Vec<Member>, SqlError> {
    let of = |row: Row<'_>| Ok(Member { account: row.parse("account_id")?, added_at: moment(row, "added_at")? });
    rows.iter().map(of).collect()
}

/// The statement whose row [`standing_of`] takes.
pub fn standing(tenant: Tenant, id: CustomerGroupId, account: AccountId) -> Statement {
    of_member(STANDING, tenant, id, account)
}

/// Whether the customer is in the group; `None` where one of them is not there.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn standing_of(rows: Option<&Rows>) -> Result<Option<bool>, SqlError> {
    rows.and_then(Rows::first).map(|row| row.get("is_member")).transpose()
}

pub fn add(tenant: Tenant, id: CustomerGroupId, account: AccountId, now: Timestamp) -> Statement {
    of_member(ADD, tenant, id, account).bind(now.millis())
}

/// To be followed by a guard.
pub fn remove(tenant: Tenant, id: CustomerGroupId, account: AccountId) -> Statement {
    of_member(REMOVE, tenant, id, account)
}

fn of_member(sql: &'static str, tenant: Tenant, id: CustomerGroupId, account: AccountId) -> Statement {
    Statement::new(sql).bind(tenant.organization.to_string()).bind(id.to_string()).bind(account.to_string())
}

/// The statement whose rows [`ids_of`] takes: the groups of an account; none without one.
pub fn of_account(tenant: Tenant, account: Option<AccountId>) -> Statement {
    let account = account.map(|account| account.to_string());
    Statement::new(OF_ACCOUNT).bind(tenant.organization.to_string()).bind(account)
}

/// Refuses the commit unless these are the groups that an account is in, in the order of [`of_account`].
pub fn guard(tenant: Tenant, account: AccountId, groups: &[CustomerGroupId]) -> Statement {
    let statement = Statement::new(GUARD).bind(tenant.organization.to_string()).bind(account.to_string());
    statement.bind(json!(groups).to_string())
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn ids_of(rows: &Rows) -> Result<Vec<CustomerGroupId>, SqlError> {
    rows.iter().map(|row| row.parse("group_id")).collect()
}
