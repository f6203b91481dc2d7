//! Codes of promotions.

use headlesspro_shared::kernel::id::{PromotionCodeId, PromotionId};
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::promotions::Code;
use serde_json::{Value, json};

use crate::app::Tenant;
use crate::port::sql::{Commit, Row, Rows, SqlError, Statement};

const LIST: &str = "-- promotions::codes
SELECT c.id, c.code, c.used, c.use_limit, c.remaining, c.created_at FROM promotion_code c
WHERE c.organization_id = ?1 AND +c.store_id = ?2 AND c.promotion_id = ?3 AND ?4 < c.code
ORDER BY c.code LIMIT ?5";

const FIND: &str = "-- promotions::code
SELECT c.id, c.code, c.used, c.use_limit, c.remaining, c.created_at FROM promotion_code c
WHERE c.organization_id = ?1 AND +c.store_id = ?2 AND +c.promotion_id = ?3 AND c.id = ?4
  AND EXISTS (SELECT 1 FROM promotion p WHERE p.organization_id = ?1 AND p.id = ?3 AND p.deleted_at IS NULL)";

/// What a deleted promotion had is to be had again.
const FREE: &str = "-- promotions::free_codes
DELETE FROM promotion_code WHERE organization_id = ?1 AND id IN (
  SELECT c.id FROM json_each(?3) r
  CROSS JOIN promotion_code c ON c.store_id = ?2 AND c.code = r.value ->> 1 AND c.organization_id = ?1
  CROSS JOIN promotion p ON p.id = c.promotion_id AND p.organization_id = ?1 AND p.deleted_at IS NOT NULL)";

const INSERT: &str = "-- promotions::insert_codes
INSERT INTO promotion_code (organization_id, store_id, promotion_id, id, code, use_limit, remaining, created_at)
SELECT ?1, ?2, ?3, r.value ->> 0, r.value ->> 1, ?5, ?5, ?6 FROM json_each(?4) r";

/// How many a promotion has is a column of its own, whose CHECK says how many it may have.
const COUNT: &str = "-- promotions::count_codes
UPDATE promotion SET code_count = code_count + ?4
WHERE organization_id = ?1 AND +store_id = ?2 AND id = ?3 AND deleted_at IS NULL";

const DELETE: &str = "-- promotions::delete_code
DELETE FROM promotion_code WHERE organization_id = ?1 AND +store_id = ?2 AND +promotion_id = ?3 AND id = ?4";

const TAKEN: &str = "-- promotions::codes_taken
SELECT c.code FROM json_each(?3) r
CROSS JOIN promotion_code c ON c.store_id = ?2 AND c.code = r.value ->> 1 AND c.organization_id = ?1";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromotionCode {
    pub id: PromotionCodeId,
    pub code: Code,
    pub used: i64,
    pub limit: Option<i64>,
    pub remaining: Option<i64>,
    pub created_at: Timestamp,
}

/// The statement whose rows [`codes_of`] takes: in the order of their texts, those after `after`.
pub fn list(tenant: Tenant, promotion: PromotionId, after: &str, limit: i64) -> Statement {
    tenant.statement(LIST).bind(promotion.to_string()).bind(after).bind(limit)
}

/// The statement whose rows [`codes_of`] takes: the one, if it is there.
pub fn find(tenant: Tenant, promotion: PromotionId, id: PromotionCodeId) -> Statement {
    tenant.statement(FIND).bind(promotion.to_string()).bind(id.to_string())
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn codes_of(rows: &Rows) -> Result<Vec<PromotionCode>, SqlError> {
    let of = |row: Row<'_>| {
        Ok(PromotionCode {
            id: row.parse("id")?,
            code: row.parse("code")?,
            used: row.get("used")?,
            limit: row.get("use_limit")?,
            remaining: row.get("remaining")?,
            created_at: Timestamp::from_millis(row.get("created_at")?),
        })
    };
    rows.iter().map(of).collect()
}

/// The numbers of the statements that count, guard and insert codes, and that of the diagnosis, whose rows [`taken_of`] takes.
pub struct Added {
    pub count: usize,
    /// Refuses where the promotion is gone.
    pub guard: usize,
    pub insert: usize,
    pub taken: usize,
}

/// Adds codes of one limit to a promotion.
pub fn add(
    commit: &mut Commit,
    tenant: Tenant,
    promotion: PromotionId,
    codes: &[(PromotionCodeId, Code)],
    limit: Option<i64>,
    now: Timestamp,
) -> Added {
    let rows = Value::from_iter(codes.iter().map(|(id, code)| json!([id.to_string(), code.as_str()]))).to_string();
    let number = i64::try_from(codes.len()).unwrap_or(i64::MAX);
    let count = commit.push(tenant.statement(COUNT).bind(promotion.to_string()).bind(number));
    let guard = commit.push(super::guard_changed());
    commit.push(tenant.statement(FREE).bind(rows.as_str()));
    let insert = tenant.statement(INSERT).bind(promotion.to_string()).bind(rows.as_str()).bind(limit);
    let insert = commit.push(insert.bind(now.millis()));
    let taken = commit.push_diagnosis(tenant.statement(TAKEN).bind(rows));
    Added { count, guard, insert, taken }
}

/// Deletes a code, and answers the number of the guard that refuses where it is gone.
pub fn remove(commit: &mut Commit, tenant: Tenant, promotion: PromotionId, id: PromotionCodeId) -> usize {
    commit.push(tenant.statement(DELETE).bind(promotion.to_string()).bind(id.to_string()));
    let guard = commit.push(super::guard_changed());
    commit.push(tenant.statement(COUNT).bind(promotion.to_string()).bind(-1));
    guard
}

/// Those that the store has already.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn taken_of(rows: &Rows) -> Result<Vec<Code>, SqlError> {
    rows.iter().map(|row| row.parse("code")).collect()
}
