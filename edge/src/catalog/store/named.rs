//! Many products and categories, each by whatever names it; and who else has what must be a product's own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::bulk::{KnownProduct, known_product_of};
use crate::app::Tenant;
use crate::port::sql::{Rows, SqlError, Statement};

/// By id or handle, in the order in which they are named. An id has a `_` in it, which no handle has. No source is read
/// once those before have so many bytes.
const PRODUCTS: &str = "-- catalog::products_named
SELECT s.name, s.id, s.handle, s.version, s.created_at, s.product_type, s.category_id, s.source_hash,
  iif(s.before < ?4, (SELECT p.source FROM product p WHERE p.organization_id = ?1 AND +p.store_id = ?2 AND p.id = s.id),
    NULL) AS source
FROM (
  SELECT w.value AS name, p.id, p.handle, p.version, p.created_at, p.product_type, p.category_id, p.source_hash,
    sum(octet_length(p.source)) OVER (ORDER BY w.key) - octet_length(p.source) AS before
  FROM json_each(?3) w
  CROSS JOIN product p ON (p.id = w.value OR p.handle = w.value) AND p.organization_id = ?1 AND p.store_id = ?2) s";

/// By id or path.
const CATEGORIES: &str = "-- catalog::categories_named
SELECT w.value AS name, c.id
FROM json_each(?3) w
CROSS JOIN category c ON (c.id = w.value OR c.path = w.value) AND c.organization_id = ?1 AND c.store_id = ?2";

const TAKEN: &str = "-- catalog::taken_by_others
SELECT 'handle' AS what, p.handle AS value FROM json_each(?4) w
CROSS JOIN product p ON p.handle = w.value AND p.organization_id = ?1 AND p.store_id = ?2
WHERE p.id NOT IN (SELECT value FROM json_each(?3))
UNION ALL
SELECT 'sku', v.sku FROM json_each(?5) w
CROSS JOIN variant v ON v.sku = w.value AND v.organization_id = ?1 AND v.store_id = ?2
WHERE v.product_id NOT IN (SELECT value FROM json_each(?3))";

/// A server's answer has less than 10 MB, where the quotes of a source are escaped. One product has at most some MB.
const MOST_BYTES: i64 = 3_000_000;

/// What others have that must be a product's own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TakenByOthers {
    pub handles: BTreeSet<String>,
    pub skus: BTreeSet<String>,
}

/// The statement whose rows [`products_named_of`] takes, by ids and handles.
pub fn products_named(tenant: Tenant, names: &[&str]) -> Statement {
    tenant.statement(PRODUCTS).bind(json!(names).to_string()).bind(MOST_BYTES)
}

/// The products, each by what names it, and what names those that were too much to read: never the first.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn products_named_of(rows: &Rows) -> Result<(BTreeMap<String, KnownProduct>, BTreeSet<String>), SqlError> {
    let (mut known, mut unread) = (BTreeMap::new(), BTreeSet::new());
    for row in rows.iter() {
        let name = row.get::<&str>("name")?.to_owned();
        if row.get::<Option<&str>>("source")?.is_some() {
            known.insert(name, known_product_of(row)?);
        } else {
            unread.insert(name);
        }
    }
    Ok((known, unread))
}

/// The statement whose rows [`categories_named_of`] takes, by ids and paths.
pub fn categories_named(tenant: Tenant, names: &[&str]) -> Statement {
    tenant.statement(CATEGORIES).bind(json!(names).to_string())
}

/// The categories' ids, each by what names it.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn categories_named_of(rows: &Rows) -> Result<BTreeMap<String, String>, SqlError> {
    rows.iter().map(|row| Ok((row.get::<&str>("name")?.to_owned(), row.get::<&str>("id")?.to_owned()))).collect()
}

/// The statement whose rows [`taken_by_others_of`] takes: which of the handles and SKUs products beside these have.
pub fn taken_by_others(tenant: Tenant, products: &[&str], handles: &[&str], skus: &[&str]) -> Statement {
    let lists = [products, handles, skus].map(|list| json!(list).to_string());
    lists.into_iter().fold(tenant.statement(TAKEN), Statement::bind)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn taken_by_others_of(rows: &Rows) -> Result<TakenByOthers, SqlError> {
    let mut taken = TakenByOthers::default();
    for row in rows.iter() {
        let value = row.get::<&str>("value")?.to_owned();
        match row.get::<&str>("what")? {
            "handle" => taken.handles.insert(value),
            _ => taken.skus.insert(value),
        };
    }
    Ok(taken)
}
