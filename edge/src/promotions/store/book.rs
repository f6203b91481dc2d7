//! What a basket is held against, as three statements of somebody's read.

use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::promotions::{BookedCode, BookedPromotion, Code, Definition, PromotionBook, StackingGroup};
use serde_json::json;

use crate::app::Tenant;
use crate::extract::stored_in;
use crate::port::sql::{Row, Rows, SqlError, Statement};

/// Those of codes are read whatever they are, so that a shopper is told why one does nothing. Of the automatic ones no
/// more can be active; a moment that is over may have had more.
const PROMOTIONS: &str = "-- promotions::book
SELECT a.id, a.definition, a.used, (SELECT coalesce(max(u.used), 0) FROM json_each(?5) w
    CROSS JOIN promotion_customer u ON u.promotion_id = a.id AND u.customer = w.value AND u.organization_id = ?1)
  AS used_by_customer
FROM (SELECT p.id, p.definition, p.used FROM promotion p
  WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.active = 1 AND p.triggered_by = 'automatic'
    AND p.ends_at > ?3 AND p.starts_at <= ?3
  LIMIT 200) a
UNION ALL
SELECT p.id, p.definition, p.used, (SELECT coalesce(max(u.used), 0) FROM json_each(?5) w
  CROSS JOIN promotion_customer u ON u.promotion_id = p.id AND u.customer = w.value AND u.organization_id = ?1)
FROM (SELECT DISTINCT c.promotion_id AS id FROM json_each(?4) w
  CROSS JOIN promotion_code c ON c.store_id = ?2 AND c.code = w.value AND c.organization_id = ?1) entered
CROSS JOIN promotion p ON p.id = entered.id AND p.organization_id = ?1 AND +p.store_id = ?2
  AND +p.triggered_by = 'code'";

const GROUPS: &str = "-- promotions::groups
SELECT g.key, g.priority, g.within, g.excludes FROM promotion_group g
WHERE g.organization_id = ?1 AND g.store_id = ?2";

const CODES: &str = "-- promotions::codes_entered
SELECT c.id, c.code, c.promotion_id, c.used, c.use_limit FROM json_each(?3) w
CROSS JOIN promotion_code c ON c.store_id = ?2 AND c.code = w.value AND c.organization_id = ?1
CROSS JOIN promotion p ON p.id = c.promotion_id AND p.organization_id = ?1 AND p.deleted_at IS NULL";

/// How many statements [`book`] has.
pub const BOOK_STATEMENTS: usize = 3;

/// The statements whose rows [`book_of`] takes: what may apply `now`, to the customer with these names if any is known,
/// with these codes as they were entered.
pub fn book(tenant: Tenant, codes: &[String], names: &[String], now: Timestamp) -> Vec<Statement> {
    let codes: Vec<String> = codes.iter().filter_map(|code| Some(code.parse::<Code>().ok()?.to_string())).collect();
    let codes = json!(codes).to_string();
    let promotions =
        tenant.statement(PROMOTIONS).bind(now.millis()).bind(codes.as_str()).bind(json!(names).to_string());
    vec![promotions, groups(tenant), tenant.statement(CODES).bind(codes)]
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape, or one of the three is missing.
pub fn book_of(rows: &[Rows]) -> Result<PromotionBook, SqlError> {
    let [promotions, groups, codes] = rows else {
        return Err(SqlError::Statement(format!("{} answers make no book of promotions", rows.len())));
    };
    let promotion = |row: Row<'_>| {
        Ok(BookedPromotion {
            id: row.parse("id")?,
            definition: definition_of(row)?,
            used: row.get("used")?,
            used_by_customer: row.get("used_by_customer")?,
        })
    };
    let code = |row: Row<'_>| {
        Ok(BookedCode {
            id: row.parse("id")?,
            code: row.parse("code")?,
            promotion: row.parse("promotion_id")?,
            used: row.get("used")?,
            limit: row.get("use_limit")?,
        })
    };
    Ok(PromotionBook {
        promotions: promotions.iter().map(promotion).collect::<Result<_, SqlError>>()?,
        groups: groups_of(groups)?,
        codes: codes.iter().map(code).collect::<Result<_, SqlError>>()?,
    })
}

/// The statement whose rows [`groups_of`] takes: all of the store's.
pub fn groups(tenant: Tenant) -> Statement {
    tenant.statement(GROUPS)
}

/// In the order of their keys.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn groups_of(rows: &Rows) -> Result<Vec<StackingGroup>, SqlError> {
    let group = |row: Row<'_>| {
        let priority: i64 = row.get("priority")?;
        Ok(StackingGroup {
            key: row.get::<&str>("key")?.to_owned(),
            priority: i32::try_from(priority).map_err(|error| SqlError::Statement(error.to_string()))?,
            within: row.parse("within")?,
            excludes: stored_in(row, "excludes")?,
        })
    };
    rows.iter().map(group).collect()
}

/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub(super) fn definition_of(row: Row<'_>) -> Result<Definition, SqlError> {
    stored_in(row, "definition")
}
