//! Promotions, as the staff keeps them.

use headlesspro_shared::kernel::id::PromotionId;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::promotions::Definition;

use super::book::definition_of;
use super::newest_behind;
use crate::app::Tenant;
use crate::jobs::Leftovers;
use crate::port::sql::{Row, Rows, SqlError, Statement};

const LIST: &str = "-- promotions::list
SELECT p.id, p.definition, p.used, p.remaining, p.code_count, p.version, p.created_at, p.updated_at FROM promotion p
WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.id < ?3 AND p.deleted_at IS NULL
ORDER BY p.id DESC LIMIT ?4";

const FIND: &str = "-- promotions::find
SELECT p.id, p.definition, p.used, p.remaining, p.code_count, p.version, p.created_at, p.updated_at FROM promotion p
WHERE p.organization_id = ?1 AND +p.store_id = ?2 AND p.id = ?3 AND p.deleted_at IS NULL";

const INSERT: &str = "-- promotions::insert
INSERT INTO promotion (organization_id, store_id, id, created_at, updated_at, definition, active, triggered_by, starts_at,
  ends_at, group_key, limit_per_customer, remaining)
VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

/// What is left of a limit is what the new one leaves.
const CHANGE: &str = "-- promotions::change
UPDATE promotion SET updated_at = ?4, definition = ?5, active = ?6, triggered_by = ?7, starts_at = ?8, ends_at = ?9,
  group_key = ?10, limit_per_customer = ?11, remaining = max(0, ?12 - used), version = version + 1
WHERE organization_id = ?1 AND +store_id = ?2 AND id = ?3 AND version = ?13";

/// In one row, whatever it has of codes: it applies to nothing, neither by itself nor by a code, and is in no group. That
/// its definition is written tells whoever has read it.
const DELETE: &str = "-- promotions::delete
UPDATE promotion SET deleted_at = ?5, updated_at = ?5, active = 0, triggered_by = 'automatic', group_key = NULL,
  definition = definition, version = version + 1
WHERE organization_id = ?1 AND +store_id = ?2 AND id = ?3 AND version = ?4";

const GUARD_NOT_REDEEMED: &str = "-- promotions::guard_not_redeemed
INSERT INTO violation (what) SELECT 'orders have it' WHERE EXISTS (
  SELECT 1 FROM promotion_redemption r WHERE r.organization_id = ?1 AND +r.store_id = ?2 AND r.promotion_id = ?3)";

/// For the job, which looks after every store.
const DELETED_STORES: &str = "-- promotions::stores_with_deleted (all tenants)
SELECT DISTINCT p.organization_id, p.store_id FROM promotion p WHERE p.deleted_at IS NOT NULL LIMIT ?1";

const NEXT_DELETED: &str = "-- promotions::next_deleted
SELECT p.id FROM promotion p
WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.deleted_at IS NOT NULL ORDER BY p.id LIMIT 1";

const REMOVE_CODES: &str = "-- promotions::remove_codes_of_deleted
DELETE FROM promotion_code WHERE organization_id = ?1 AND +store_id = ?2 AND id IN (
  SELECT c.id FROM promotion_code c WHERE c.organization_id = ?1 AND c.promotion_id = ?3 LIMIT ?4)";

/// Once nothing is left that would go with it.
const REMOVE: &str = "-- promotions::remove_deleted
DELETE FROM promotion
WHERE organization_id = ?1 AND +store_id = ?2 AND id = ?3 AND deleted_at IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM promotion_code c WHERE c.organization_id = ?1 AND c.promotion_id = ?3)";

/// A promotion without an end ends then.
const FOR_EVER: i64 = 9_007_199_254_740_991;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promotion {
    pub id: PromotionId,
    pub definition: Definition,
    /// Orders that have it.
    pub used: i64,
    /// Orders that may still have it; `None`: any number.
    pub remaining: Option<i64>,
    /// How many there are.
    pub codes: i64,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The statement whose rows [`promotions_of`] takes: the newest first, those behind the id `behind`.
pub fn list(tenant: Tenant, behind: &str, limit: i64) -> Statement {
    newest_behind(tenant.statement(LIST), behind, limit)
}

/// The statement whose rows [`promotions_of`] takes: the one, if it is there.
pub fn find(tenant: Tenant, id: PromotionId) -> Statement {
    tenant.statement(FIND).bind(id.to_string())
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn promotions_of(rows: &Rows) -> Result<Vec<Promotion>, SqlError> {
    let of = |row: Row<'_>| {
        Ok(Promotion {
            id: row.parse("id")?,
            definition: definition_of(row)?,
            used: row.get("used")?,
            remaining: row.get("remaining")?,
            codes: row.get("code_count")?,
            version: row.get("version")?,
            created_at: Timestamp::from_millis(row.get("created_at")?),
            updated_at: Timestamp::from_millis(row.get("updated_at")?),
        })
    };
    rows.iter().map(of).collect()
}

/// `text` is the definition as JSON.
pub fn insert(tenant: Tenant, id: PromotionId, definition: &Definition, text: &str, now: Timestamp) -> Statement {
    columns(tenant.statement(INSERT), id, definition, text, now)
}

/// Changes one that is at `version`. `text` is the definition as JSON.
pub fn change(
    tenant: Tenant,
    (id, version): (PromotionId, i64),
    definition: &Definition,
    text: &str,
    now: Timestamp,
) -> Statement {
    columns(tenant.statement(CHANGE), id, definition, text, now).bind(version)
}

fn columns(statement: Statement, id: PromotionId, definition: &Definition, text: &str, now: Timestamp) -> Statement {
    let millis = |at: Option<Timestamp>, otherwise| at.map_or(otherwise, Timestamp::millis);
    statement
        .bind(id.to_string())
        .bind(now.millis())
        .bind(text)
        .bind(definition.active)
        .bind(definition.trigger.name())
        .bind(millis(definition.starts_at, 0))
        .bind(millis(definition.ends_at, FOR_EVER).min(FOR_EVER))
        .bind(definition.group.as_deref())
        .bind(definition.limit_per_customer)
        .bind(definition.limit)
}

/// Deletes one that is at `version`: to be followed by a guard. Its codes are left to [`DELETED`].
pub fn delete(tenant: Tenant, id: PromotionId, version: i64, now: Timestamp) -> Statement {
    tenant.statement(DELETE).bind(id.to_string()).bind(version).bind(now.millis())
}

/// Refuses the commit where orders have it.
pub fn guard_not_redeemed(tenant: Tenant, id: PromotionId) -> Statement {
    tenant.statement(GUARD_NOT_REDEEMED).bind(id.to_string())
}

/// Deleted promotions, whose codes go after them.
pub const DELETED: &Leftovers = &Leftovers {
    of: "promotions that are deleted",
    stores: |most| Statement::new(DELETED_STORES).bind(most),
    next: |tenant| tenant.statement(NEXT_DELETED),
    slice: |tenant, id, most| [tenant.statement(REMOVE_CODES).bind(id).bind(most), tenant.statement(REMOVE).bind(id)],
};
