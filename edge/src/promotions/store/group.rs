//! Stacking groups, which are written as one.

use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::promotions::StackingGroup;
use serde_json::{Value, json};

use super::guard_changed;
use crate::app::Tenant;
use crate::port::sql::{Commit, Rows, SqlError, Statement};

const SET: &str = "-- promotions::group_set
SELECT s.version FROM promotion_group_set s WHERE s.organization_id = ?1 AND s.store_id = ?2";

const ADVANCE: &str = "-- promotions::advance_group_set
INSERT INTO promotion_group_set (organization_id, store_id, version, updated_at) VALUES (?1, ?2, 1, ?4)
ON CONFLICT (store_id) DO UPDATE SET version = version + 1, updated_at = ?4
WHERE organization_id = ?1 AND version = ?3";

/// The reference of a promotion keeps its group.
const DELETE: &str = "-- promotions::delete_groups
DELETE FROM promotion_group WHERE organization_id = ?1 AND store_id = ?2
  AND key NOT IN (SELECT value ->> 'key' FROM json_each(?3))";

const WRITE: &str = "-- promotions::write_groups
INSERT INTO promotion_group (organization_id, store_id, key, priority, within, excludes)
SELECT ?1, ?2, r.value ->> 'key', r.value ->> 'priority', r.value ->> 'within', r.value -> 'excludes'
FROM json_each(?3) r WHERE true
ON CONFLICT (store_id, key) DO UPDATE SET priority = excluded.priority, within = excluded.within,
  excludes = excluded.excludes
WHERE organization_id = ?1";

const IN_USE: &str = "-- promotions::groups_in_use
SELECT g.key FROM promotion_group g
WHERE g.organization_id = ?1 AND g.store_id = ?2 AND g.key NOT IN (SELECT value ->> 'key' FROM json_each(?3))
  AND EXISTS (SELECT 1 FROM promotion p
    WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.group_key = g.key)";

/// The statement whose row [`version_of`] takes.
pub fn version(tenant: Tenant) -> Statement {
    tenant.statement(SET)
}

/// 0 where there were never any.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn version_of(rows: Option<&Rows>) -> Result<i64, SqlError> {
    rows.and_then(Rows::first).map_or(Ok(0), |row| row.get("version"))
}

/// The numbers of the statements that refuse where the groups are at another version or one that goes is in use, and
/// that of the diagnosis, whose rows [`in_use_of`] takes.
pub struct Written {
    pub guard: usize,
    pub delete: usize,
    pub in_use: usize,
}

/// Puts these in the place of all groups, which are at `version`.
pub fn write(commit: &mut Commit, tenant: Tenant, groups: &[StackingGroup], version: i64, now: Timestamp) -> Written {
    let row = |group: &StackingGroup| {
        json!({
            "key": group.key,
            "priority": group.priority,
            "within": group.within.name(),
            "excludes": group.excludes,
        })
    };
    let rows = Value::from_iter(groups.iter().map(row)).to_string();
    commit.push(tenant.statement(ADVANCE).bind(version).bind(now.millis()));
    let guard = commit.push(guard_changed());
    let delete = commit.push(tenant.statement(DELETE).bind(rows.as_str()));
    commit.push(tenant.statement(WRITE).bind(rows.as_str()));
    let in_use = commit.push_diagnosis(tenant.statement(IN_USE).bind(rows));
    Written { guard, delete, in_use }
}

/// The keys of those that promotions are in.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn in_use_of(rows: &Rows) -> Result<Vec<String>, SqlError> {
    rows.iter().map(|row| row.get::<&str>("key").map(str::to_owned)).collect()
}
