//! Products of any status for an export, in the order of their ids.

use std::collections::BTreeMap;

use headlesspro_shared::catalog::export::Step;
use serde_json::json;

use crate::app::Tenant;
use crate::port::sql::{Rows, SqlError, Statement};

/// At most so many, and no more once those before have so many bytes: `found` says how many there would be.
const SLICE: &str = "-- catalog::export_slice
SELECT s.id, s.category_id, s.source, s.found FROM (
  SELECT q.id, q.category_id, q.source, count(*) OVER () AS found,
    sum(octet_length(q.source)) OVER (ORDER BY q.id) - octet_length(q.source) AS before
  FROM (SELECT p.id, p.category_id, p.source FROM product p
    WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.version > 0 AND ?3 < p.id
    ORDER BY p.id LIMIT ?4) q) s
WHERE s.before < ?5 ORDER BY s.id";

const COUNT: &str = "-- catalog::export_count
SELECT count(*) AS products FROM (
  SELECT 1 FROM product p WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.version > 0 LIMIT ?3)";

/// Products that are counted for an export, at most: it is read for its products, not for their number.
const MOST_COUNTED: i64 = 100_000;

/// The categories, each with those above it, from the root.
const PATHS: &str = "-- catalog::category_steps
WITH RECURSIVE step (leaf, parent, handle, name, level) AS (
  SELECT c.id, c.parent_id, c.handle, c.name, 0
  FROM json_each(?3) w
  CROSS JOIN category c ON c.id = w.value AND c.organization_id = ?1 AND +c.store_id = ?2
  UNION ALL
  SELECT step.leaf, c.parent_id, c.handle, c.name, step.level + 1
  FROM step
  CROSS JOIN category c ON c.id = step.parent AND c.organization_id = ?1 AND +c.store_id = ?2)
SELECT leaf, handle, name FROM step ORDER BY leaf, level DESC";

/// A server's answer has less than 10 MB, where the quotes of a source are escaped. One product has at most 2 MiB.
const MOST_BYTES: i64 = 2_000_000;

/// A product of a slice.
pub struct Exported<'a> {
    pub id: &'a str,
    /// The id of its main category.
    pub category: Option<&'a str>,
    /// In JSON.
    pub source: &'a str,
}

/// The statement whose rows [`export_slice_of`] takes: at most `size` products after the one with this id.
pub fn export_slice(tenant: Tenant, after: &str, size: i64) -> Statement {
    // One more says that there is a next slice.
    tenant.statement(SLICE).bind(after).bind(size.saturating_add(1)).bind(MOST_BYTES)
}

/// The products of a slice of at most `size`, and whether there are more.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn export_slice_of(rows: &Rows, size: usize) -> Result<(Vec<Exported<'_>>, bool), SqlError> {
    let mut slice = Vec::with_capacity(rows.len());
    let mut found = 0;
    for row in rows.iter().take(size) {
        found = usize::try_from(row.get::<i64>("found")?).unwrap_or(usize::MAX);
        slice.push(Exported { id: row.get("id")?, category: row.get("category_id")?, source: row.get("source")? });
    }
    let is_more = slice.len() < found;
    Ok((slice, is_more))
}

/// The statement whose row [`export_count_of`] takes.
pub fn export_count(tenant: Tenant) -> Statement {
    tenant.statement(COUNT).bind(MOST_COUNTED.saturating_add(1))
}

/// How many products there are. `None`: too many to be counted.
///
/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn export_count_of(rows: Option<&Rows>) -> Result<Option<i64>, SqlError> {
    let count = rows.and_then(Rows::first).map_or(Ok(0), |row| row.get("products"))?;
    Ok(Some(count).filter(|count| *count <= MOST_COUNTED))
}

/// The statement whose rows [`category_steps_of`] takes.
pub fn category_steps(tenant: Tenant, categories: &[&str]) -> Statement {
    tenant.statement(PATHS).bind(json!(categories).to_string())
}

/// What leads from the root to each category, by its id.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn category_steps_of(rows: &Rows) -> Result<BTreeMap<String, Vec<Step>>, SqlError> {
    let mut paths: BTreeMap<String, Vec<Step>> = BTreeMap::new();
    for row in rows.iter() {
        let text = |column| row.get::<&str>(column).map(str::to_owned);
        paths.entry(text("leaf")?).or_default().push(Step { handle: text("handle")?, name: text("name")? });
    }
    Ok(paths)
}
