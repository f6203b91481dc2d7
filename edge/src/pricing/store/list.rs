//! The table `price_list`.

use std::collections::BTreeMap;

use headlesspro_shared::kernel::id::{ChannelId, CustomerGroupId, PriceListId};
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::pricing::PriceList;
use serde_json::json;

use super::moment;
use crate::app::Tenant;
use crate::extract::stored_in;
use crate::jobs::Leftovers;
use crate::port::sql::{Row, Rows, SqlError, Statement};

const LIST: &str = "-- pricing::lists
SELECT l.document, l.rule_count, l.version, l.created_at, l.updated_at FROM price_list l
WHERE l.organization_id = ?1 AND l.store_id = ?2 AND ?3 < l.id AND l.deleted_at IS NULL
ORDER BY l.id LIMIT ?4";

const FIND: &str = "-- pricing::list
SELECT l.document, l.rule_count, l.version, l.created_at, l.updated_at FROM price_list l
WHERE l.organization_id = ?1 AND +l.store_id = ?2 AND l.id = ?3 AND l.deleted_at IS NULL";

const BASES: &str = "-- pricing::bases
SELECT l.id, l.based_on FROM price_list l
WHERE l.organization_id = ?1 AND l.store_id = ?2 AND l.deleted_at IS NULL";

const INSERT: &str = "-- pricing::insert_list
INSERT INTO price_list (organization_id, store_id, id, document, kind, active, priority, starts_at, ends_at, based_on,
  created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11)";

const CHANGE: &str = "-- pricing::change_list
UPDATE price_list SET document = ?4, kind = ?5, active = ?6, priority = ?7, starts_at = ?8, ends_at = ?9,
  based_on = ?10, updated_at = ?11, version = version + 1
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?12";

/// For a change of its rules.
const TOUCH: &str = "-- pricing::touch_list
UPDATE price_list SET updated_at = ?5, version = version + 1
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?4";

/// In one row, whatever it has of rules: nobody is at its version any more, and it is neither read nor based on another.
const DELETE: &str = "-- pricing::delete_list
UPDATE price_list SET deleted_at = ?5, updated_at = ?5, active = 0, based_on = NULL, version = version + 1
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?4";

/// For the job, which looks after every store.
const DELETED: &str = "-- pricing::stores_with_deleted_lists (all tenants)
SELECT DISTINCT l.organization_id, l.store_id FROM price_list l WHERE l.deleted_at IS NOT NULL LIMIT ?1";

const NEXT_DELETED: &str = "-- pricing::next_deleted_list
SELECT l.id FROM price_list l
WHERE l.organization_id = ?1 AND l.store_id = ?2 AND l.deleted_at IS NOT NULL ORDER BY l.id LIMIT 1";

const REMOVE_RULES: &str = "-- pricing::remove_rules_of_deleted
DELETE FROM price_list_rule
WHERE organization_id = ?1 AND +store_id = ?2 AND list_id = ?3 AND (target, currency, min_quantity) IN (
  SELECT r.target, r.currency, r.min_quantity FROM price_list_rule r
  WHERE r.organization_id = ?1 AND r.list_id = ?3 LIMIT ?4)";

/// Once nothing is left that would go with it.
const REMOVE: &str = "-- pricing::remove_deleted_list
DELETE FROM price_list
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND deleted_at IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM price_list_rule r WHERE r.organization_id = ?1 AND r.list_id = ?3)";

/// Refuses the commit while another list is based on it.
const GUARD_NO_BASE: &str = "-- pricing::guard_no_base
INSERT INTO violation (what) SELECT 'a list is based on it' WHERE EXISTS (
  SELECT 1 FROM price_list l WHERE l.organization_id = ?1 AND l.store_id = ?2 AND l.based_on = ?3)";

/// What a list names must be there when it is written.
const GUARD_NAMED: &str = "-- pricing::guard_named
INSERT INTO violation (what) SELECT 'a channel or customer group that is named is gone'
WHERE EXISTS (SELECT 1 FROM json_each(?3) w WHERE NOT EXISTS (
    SELECT 1 FROM channel c WHERE c.organization_id = ?1 AND +c.store_id = ?2 AND c.id = w.value))
  OR EXISTS (SELECT 1 FROM json_each(?4) w WHERE NOT EXISTS (
    SELECT 1 FROM customer_group g WHERE g.organization_id = ?1 AND g.id = w.value))";

/// A list without its rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredList {
    pub list: PriceList,
    pub rule_count: i64,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The statement whose rows [`lists_of`] takes: those after the id `after`.
pub fn list(tenant: Tenant, after: &str, limit: i64) -> Statement {
    tenant.statement(LIST).bind(after).bind(limit)
}

/// The statement whose rows [`lists_of`] takes: the one with this id, if it is there.
pub fn find(tenant: Tenant, id: PriceListId) -> Statement {
    tenant.statement(FIND).bind(id.to_string())
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn lists_of(rows: &Rows) -> Result<Vec<StoredList>, SqlError> {
    let of = |row: Row<'_>| {
        Ok(StoredList {
            list: stored_in(row, "document")?,
            rule_count: row.get("rule_count")?,
            version: row.get("version")?,
            created_at: moment(row, "created_at")?,
            updated_at: moment(row, "updated_at")?,
        })
    };
    rows.iter().map(of).collect()
}

/// The statement whose rows [`bases_of`] takes: every list of the store.
pub fn bases(tenant: Tenant) -> Statement {
    tenant.statement(BASES)
}

/// What each list is based on.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn bases_of(rows: Option<&Rows>) -> Result<BTreeMap<PriceListId, Option<PriceListId>>, SqlError> {
    let of = |row: Row<'_>| {
        let base = match row.get::<Option<&str>>("based_on")? {
            Some(_) => Some(row.parse("based_on")?),
            None => None,
        };
        Ok((row.parse("id")?, base))
    };
    rows.into_iter().flat_map(Rows::iter).map(of).collect()
}

pub fn insert(tenant: Tenant, list: &PriceList, now: Timestamp) -> Statement {
    described(tenant.statement(INSERT), list, now)
}

/// Changes one that is at `version`, and not its rules: to be followed by a guard.
pub fn change(tenant: Tenant, list: &PriceList, version: i64, now: Timestamp) -> Statement {
    described(tenant.statement(CHANGE), list, now).bind(version)
}

fn described(statement: Statement, list: &PriceList, now: Timestamp) -> Statement {
    let document = json!(PriceList { rules: Vec::new(), ..list.clone() });
    statement
        .bind(list.id.to_string())
        .bind(document.to_string())
        .bind(list.kind.name())
        .bind(list.active)
        .bind(i64::from(list.priority))
        .bind(list.starts_at.map(Timestamp::millis))
        .bind(list.ends_at.map(Timestamp::millis))
        .bind(list.based_on.map(|base| base.to_string()))
        .bind(now.millis())
}

/// Says of a list that is at `version` that its rules are others: to be followed by a guard.
pub fn touch(tenant: Tenant, id: PriceListId, version: i64, now: Timestamp) -> Statement {
    tenant.statement(TOUCH).bind(id.to_string()).bind(version).bind(now.millis())
}

/// Deletes one that is at `version`: to be followed by a guard. Its rules are left to [`DELETED_LISTS`].
pub fn delete(tenant: Tenant, id: PriceListId, version: i64, now: Timestamp) -> Statement {
    tenant.statement(DELETE).bind(id.to_string()).bind(version).bind(now.millis())
}

pub fn guard_no_base(tenant: Tenant, id: PriceListId) -> Statement {
    tenant.statement(GUARD_NO_BASE).bind(id.to_string())
}

/// Refuses the commit where one of these is gone.
pub fn guard_named(tenant: Tenant, channels: &[ChannelId], groups: &[CustomerGroupId]) -> Statement {
    tenant.statement(GUARD_NAMED).bind(json!(channels).to_string()).bind(json!(groups).to_string())
}

/// Deleted lists, whose rules go after them.
pub const DELETED_LISTS: &Leftovers = &Leftovers {
    of: "price lists that are deleted",
    stores: |most| Statement::new(DELETED).bind(most),
    next: |tenant| tenant.statement(NEXT_DELETED),
    slice: |tenant, id, most| [tenant.statement(REMOVE_RULES).bind(id).bind(most), tenant.statement(REMOVE).bind(id)],
};
