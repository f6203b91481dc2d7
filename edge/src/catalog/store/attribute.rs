//! The table `attribute_definition`.

use std::collections::BTreeSet;

use headlesspro_shared::catalog::attribute::MOST_DEFINITIONS;
use headlesspro_shared::kernel::id::AttributeId;
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::json;

use super::ReadVersion;
use crate::app::Tenant;
use crate::port::sql::{Row, Rows, SqlError, Statement};

const LIST: &str = "-- catalog::attributes
SELECT a.id, a.definition, a.version, a.created_at, a.updated_at FROM attribute_definition a
WHERE a.organization_id = ?1 AND a.store_id = ?2 AND ?3 < a.key
ORDER BY a.key LIMIT ?4";

const FIND: &str = "-- catalog::attribute
SELECT a.id, a.definition, a.version, a.created_at, a.updated_at FROM attribute_definition a
WHERE a.organization_id = ?1 AND a.store_id = ?2 AND (a.id = ?3 OR a.key = ?3)";

const NAMED: &str = "-- catalog::named_attributes
SELECT a.id, a.definition, a.version, a.created_at, a.updated_at
FROM json_each(?3) w
CROSS JOIN attribute_definition a ON a.key = w.value AND a.organization_id = ?1 AND a.store_id = ?2";

const INSERT: &str = "-- catalog::insert_attribute
INSERT INTO attribute_definition (organization_id, store_id, id, key, definition, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)";

const CHANGE: &str = "-- catalog::change_attribute
UPDATE attribute_definition SET definition = ?5, updated_at = ?6, version = version + 1
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?4";

const DELETE: &str = "-- catalog::delete_attribute
DELETE FROM attribute_definition WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?4";

/// Refuses the commit while a product, a category or a collection has a value.
const GUARD_UNUSED: &str = "-- catalog::guard_unused_attribute
INSERT INTO violation (what) SELECT 'an attribute is in use' WHERE EXISTS (
  SELECT 1 FROM product_facet f
  WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.kind = 'attribute:' || ?3)
OR EXISTS (SELECT 1 FROM category_facet f WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.key = ?3)
OR EXISTS (SELECT 1 FROM collection_facet f WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.key = ?3)";

/// Refuses the commit when one of the attributes is no more what was decided on.
const GUARD_DECLARED: &str = "-- catalog::guard_attributes
INSERT INTO violation (what)
SELECT 'an attribute was written meanwhile'
FROM json_each(?3) r
LEFT JOIN attribute_definition a ON a.id = r.value ->> 'id' AND a.organization_id = ?1 AND +a.store_id = ?2
WHERE a.version IS NOT r.value ->> 'version'";

/// Which of the ids are the store's.
const REFERENCED: &str = "-- catalog::referenced
SELECT p.id FROM json_each(?3) w
CROSS JOIN product p ON p.id = w.value AND p.organization_id = ?1 AND +p.store_id = ?2
UNION ALL
SELECT c.id FROM json_each(?3) w
CROSS JOIN category c ON c.id = w.value AND c.organization_id = ?1 AND +c.store_id = ?2
UNION ALL
SELECT k.id FROM json_each(?3) w
CROSS JOIN collection k ON k.id = w.value AND k.organization_id = ?1 AND +k.store_id = ?2";

/// An attribute as its row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    pub id: AttributeId,
    /// In JSON.
    pub definition: String,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The statement whose rows [`declared_of`] takes: those after the key `after`.
pub fn list(tenant: Tenant, after: &str, limit: i64) -> Statement {
    tenant.statement(LIST).bind(after).bind(limit)
}

/// The statement whose rows [`declared_of`] takes: all of the store's.
pub fn all(tenant: Tenant) -> Statement {
    list(tenant, "", i64::try_from(MOST_DEFINITIONS).unwrap_or(i64::MAX))
}

/// The statement whose rows [`declared_of`] takes: the one with this id or key, if it is there.
pub fn find(tenant: Tenant, key: &str) -> Statement {
    tenant.statement(FIND).bind(key)
}

/// The statement whose rows [`declared_of`] takes: those with these keys.
pub fn named(tenant: Tenant, keys: &[&str]) -> Statement {
    tenant.statement(NAMED).bind(json!(keys).to_string())
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn declared_of(rows: &Rows) -> Result<Vec<Declared>, SqlError> {
    let of = |row: Row<'_>| {
        Ok(Declared {
            id: row.parse("id")?,
            definition: row.get::<&str>("definition")?.to_owned(),
            version: row.get("version")?,
            created_at: Timestamp::from_millis(row.get("created_at")?),
            updated_at: Timestamp::from_millis(row.get("updated_at")?),
        })
    };
    rows.iter().map(of).collect()
}

/// Adds an attribute with this key.
pub fn insert(tenant: Tenant, declared: &Declared, key: &str) -> Statement {
    let statement = tenant.statement(INSERT).bind(declared.id.to_string()).bind(key);
    statement.bind(declared.definition.as_str()).bind(declared.created_at.millis())
}

/// Changes an attribute that is at `declared.version`.
pub fn change(tenant: Tenant, declared: &Declared, now: Timestamp) -> Statement {
    let statement = tenant.statement(CHANGE).bind(declared.id.to_string()).bind(declared.version);
    statement.bind(declared.definition.as_str()).bind(now.millis())
}

/// Deletes an attribute that is at `version`.
pub fn delete(tenant: Tenant, id: AttributeId, version: i64) -> Statement {
    tenant.statement(DELETE).bind(id.to_string()).bind(version)
}

pub fn guard_unused(tenant: Tenant, key: &str) -> Statement {
    tenant.statement(GUARD_UNUSED).bind(key)
}

/// Refuses the commit unless these are at these versions.
pub fn guard_declared(tenant: Tenant, versions: &[ReadVersion]) -> Statement {
    tenant.statement(GUARD_DECLARED).bind(json!(versions).to_string())
}

/// The statement whose rows [`referenced_of`] takes.
pub fn referenced(tenant: Tenant, ids: &BTreeSet<&str>) -> Statement {
    tenant.statement(REFERENCED).bind(json!(ids).to_string())
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn referenced_of(rows: &Rows) -> Result<BTreeSet<String>, SqlError> {
    rows.iter().map(|row| row.get::<&str>("id").map(str::to_owned)).collect()
}
