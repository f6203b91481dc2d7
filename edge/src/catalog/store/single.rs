//! One product as the staff has it, drafts included, and the list of all of them.

use std::collections::BTreeSet;

use headlesspro_shared::catalog::source::Source;
use headlesspro_shared::kernel::id::{ChannelId, ProductId};
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::json;

use super::bulk::ReadVersion;
use super::channel::NAMED;
use crate::app::Tenant;
use crate::port::sql::{Commit, Row, Rows, SqlError, Statement};

const ONE: &str = "-- catalog::one
SELECT p.id, p.version, p.created_at, p.updated_at, p.category_id, p.source,
  (SELECT json_group_array(f.value) FROM product_facet f
   WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.product_id = p.id AND f.kind = 'channel') AS channels
FROM product p
WHERE p.organization_id = ?1 AND p.store_id = ?2 AND (p.id = ?3 OR p.handle = ?4)";

const CATEGORY_ID: &str = "-- catalog::category_id
SELECT c.id FROM category c WHERE c.organization_id = ?1 AND c.store_id = ?2 AND (c.id = ?3 OR c.path = ?3)";

/// Who else has the handle, and which of the SKUs and of the handles in other locales others have.
const TAKEN: &str = "-- catalog::taken
SELECT 'handle' AS what, p.handle AS value FROM product p
WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.handle = ?3 AND p.id <> ?4
UNION ALL
SELECT 'sku', v.sku FROM json_each(?5) wanted
CROSS JOIN variant v ON v.sku = wanted.value AND v.organization_id = ?1 AND v.store_id = ?2
WHERE v.product_id <> ?4
UNION ALL
SELECT 'handle', t.handle FROM product_translation t
WHERE t.organization_id = ?1 AND t.store_id = ?2 AND t.handle = ?3 AND t.product_id <> ?4
UNION ALL
SELECT 'locale', said.value ->> 0 FROM json_each(?6) said
WHERE EXISTS (SELECT 1 FROM product p
    WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.handle = said.value ->> 2 AND p.id <> ?4)
  OR EXISTS (SELECT 1 FROM product_translation t WHERE t.organization_id = ?1 AND t.store_id = ?2
    AND t.handle = said.value ->> 2 AND t.product_id <> ?4 AND t.language = said.value ->> 1)";

/// Variants, images, facets and stock go with it. Orders keep what they copied.
const DELETE: &str = "-- catalog::delete_product
DELETE FROM product WHERE organization_id = ?1 AND +store_id = ?2 AND id = ?3 AND version = ?4";

/// The newest first, each status in the order of an index.
const LIST_ALL: &str = "-- catalog::all_products
SELECT * FROM (
  SELECT a.id, a.card, a.status, a.version, a.created_at, a.updated_at FROM product a
  WHERE a.organization_id = ?1 AND a.store_id = ?2 AND a.status = 'active' AND coalesce(?6, 'active') = 'active'
    AND (a.created_at, a.id) < (?3, ?4)
  ORDER BY a.created_at DESC, a.id DESC LIMIT ?5)
UNION ALL
SELECT * FROM (
  SELECT d.id, d.card, d.status, d.version, d.created_at, d.updated_at FROM product d
  WHERE d.organization_id = ?1 AND d.store_id = ?2 AND d.status <> 'active' AND d.status = 'draft'
    AND coalesce(?6, 'draft') = 'draft' AND (d.created_at, d.id) < (?3, ?4)
  ORDER BY d.created_at DESC, d.id DESC LIMIT ?5)
UNION ALL
SELECT * FROM (
  SELECT r.id, r.card, r.status, r.version, r.created_at, r.updated_at FROM product r
  WHERE r.organization_id = ?1 AND r.store_id = ?2 AND r.status <> 'active' AND r.status = 'archived'
    AND coalesce(?6, 'archived') = 'archived' AND (r.created_at, r.id) < (?3, ?4)
  ORDER BY r.created_at DESC, r.id DESC LIMIT ?5)
ORDER BY created_at DESC, id DESC LIMIT ?5";

/// Those that are published in one of the channels of `?5`, after the id `?3`. An id begins with the moment at which its
/// product was made, so that in the order of ids the newest come first. Each channel is a range of the key of facets.
const LIST_IN_CHANNELS: &str = "-- catalog::products_in_channels
WITH published (ids) AS MATERIALIZED (
  SELECT (SELECT json_group_array(n.product_id) FROM (
    SELECT f.product_id FROM product_facet f
    WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.kind = 'channel' AND f.value = c.value AND f.product_id < ?3
    ORDER BY f.product_id DESC LIMIT ?4) n)
  FROM json_each(?5) c),
page (id) AS MATERIALIZED (
  SELECT DISTINCT n.value FROM published CROSS JOIN json_each(published.ids) n ORDER BY 1 DESC LIMIT ?4)
SELECT p.id, p.card, p.status, p.version, p.created_at, p.updated_at
FROM page CROSS JOIN product p ON p.id = page.id AND p.organization_id = ?1
ORDER BY p.id DESC";

/// Of these the active ones, for which facets have an index.
const LIST_ACTIVE_IN_CHANNELS: &str = "-- catalog::products_in_channels_active
WITH published (places) AS MATERIALIZED (
  SELECT (SELECT json_group_array(json_array(n.created_at, n.product_id)) FROM (
    SELECT f.created_at, f.product_id FROM product_facet f
    WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.kind = 'channel' AND f.value = c.value AND f.active = 1
      AND (f.created_at, f.product_id) < (?6, ?3)
    ORDER BY f.created_at DESC, f.product_id DESC LIMIT ?4) n)
  FROM json_each(?5) c),
page (created_at, id) AS MATERIALIZED (
  SELECT DISTINCT n.value ->> 0, n.value ->> 1 FROM published CROSS JOIN json_each(published.places) n
  ORDER BY 1 DESC, 2 DESC LIMIT ?4)
SELECT p.id, p.card, p.status, p.version, p.created_at, p.updated_at
FROM page CROSS JOIN product p ON p.id = page.id AND p.organization_id = ?1
ORDER BY p.created_at DESC, p.id DESC";

/// Of these the ones that have the status `?7`, which is not the active one, and which facets do not tell: of the next
/// 1,000 of the status or, where it has so many, of the next 1,000 of the channels. Where those are not the last of them
/// either, the last row has no card and says how far was read.
const LIST_HIDDEN_IN_CHANNELS: &str = "-- catalog::products_in_channels_hidden
WITH of_status (ids) AS MATERIALIZED (
  SELECT json_group_array(n.id) FROM (
    SELECT d.id FROM product d
    WHERE d.organization_id = ?1 AND d.store_id = ?2 AND d.status <> 'active' AND d.status = ?7
      AND (d.created_at, d.id) < (?6, ?3)
    ORDER BY d.created_at DESC, d.id DESC LIMIT 1000) n),
looked (ids) AS MATERIALIZED (
  SELECT CASE WHEN json_array_length(s.ids) < 1000 THEN s.ids ELSE (
    SELECT json_group_array(m.id) FROM (
      SELECT DISTINCT n.value AS id
      FROM json_each(?5) c
      CROSS JOIN json_each((SELECT json_group_array(n.product_id) FROM (
        SELECT f.product_id FROM product_facet f
        WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.kind = 'channel' AND f.value = c.value
          AND f.product_id < ?3
        ORDER BY f.product_id DESC LIMIT 1000) n)) n
      ORDER BY 1 DESC LIMIT 1000) m) END
  FROM of_status s)
SELECT p.id, p.card, p.status, p.version, p.created_at, p.updated_at
FROM looked CROSS JOIN json_each(looked.ids) l CROSS JOIN product p ON p.id = l.value AND p.organization_id = ?1
WHERE p.status = ?7 AND EXISTS (SELECT 1 FROM product_facet f
  WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.kind = 'channel'
    AND f.value IN (SELECT value FROM json_each(?5)) AND f.product_id = p.id)
UNION ALL
SELECT * FROM (
  SELECT q.id, NULL, NULL, NULL, q.created_at, NULL
  FROM looked CROSS JOIN json_each(looked.ids) l CROSS JOIN product q ON q.id = l.value AND q.organization_id = ?1
  WHERE json_array_length(looked.ids) = 1000
  ORDER BY q.created_at, q.id LIMIT 1)
ORDER BY created_at DESC, id DESC, status DESC LIMIT ?4";

/// A product as its row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneProduct {
    pub id: ProductId,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The id of its main category.
    pub category: Option<String>,
    /// Those that it is published in.
    pub channels: Vec<ChannelId>,
    /// Whether that is all there are and will be: its source names none.
    pub is_everywhere: bool,
    /// In JSON.
    pub source: String,
}

/// What others have that must be a product's own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Taken {
    pub handle: bool,
    pub skus: Vec<String>,
    /// Those whose handle another product has.
    pub locales: Vec<String>,
}

/// A product by id or handle, of any status. An id has a `_` in it, which no handle has.
pub fn one(tenant: Tenant, key: &str) -> Statement {
    tenant.statement(ONE).bind(key).bind(key)
}

/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn one_of(rows: &Rows) -> Result<Option<OneProduct>, SqlError> {
    let of = |row: Row<'_>| {
        let facets: Vec<String> = serde_json::from_str(row.get("channels")?).unwrap_or_default();
        Ok(OneProduct {
            channels: facets.iter().filter_map(|facet| facet.parse().ok()).collect(),
            is_everywhere: !facets.iter().any(|facet| facet.starts_with(NAMED)),
            id: row.parse("id")?,
            version: row.get("version")?,
            created_at: Timestamp::from_millis(row.get("created_at")?),
            updated_at: Timestamp::from_millis(row.get("updated_at")?),
            category: row.get::<Option<&str>>("category_id")?.map(str::to_owned),
            source: row.get::<&str>("source")?.to_owned(),
        })
    };
    rows.first().map(of).transpose()
}

/// The statement whose row [`category_id_of`] takes, by a category's id or path.
pub fn category_id(tenant: Tenant, key: &str) -> Statement {
    tenant.statement(CATEGORY_ID).bind(key)
}

/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn category_id_of(rows: &Rows) -> Result<Option<String>, SqlError> {
    rows.first().map(|row| row.get::<&str>("id").map(str::to_owned)).transpose()
}

/// The statement whose rows [`taken_of`] takes.
pub fn taken(tenant: Tenant, id: ProductId, source: &Source) -> Statement {
    let skus: Vec<&str> = source.variants.iter().map(|variant| variant.sku.as_str()).collect();
    let handles = source.translated_handles();
    let handles: Vec<_> = handles.map(|(locale, handle)| json!([locale, locale.language(), handle])).collect();
    let statement = tenant.statement(TAKEN).bind(source.handle.as_str()).bind(id.to_string());
    statement.bind(json!(skus).to_string()).bind(json!(handles).to_string())
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn taken_of(rows: &Rows) -> Result<Taken, SqlError> {
    let mut taken = Taken::default();
    for row in rows.iter() {
        match row.get::<&str>("what")? {
            "handle" => taken.handle = true,
            "locale" => taken.locales.push(row.get::<&str>("value")?.to_owned()),
            _ => taken.skus.push(row.get::<&str>("value")?.to_owned()),
        }
    }
    Ok(taken)
}

/// Adds the statements that delete a product; refused unless it is at this version.
pub fn delete(commit: &mut Commit, tenant: Tenant, id: ProductId, version: i64) {
    commit.push(super::bulk::guard_versions(tenant, &[ReadVersion { id: id.to_string(), version }]));
    commit.push(tenant.statement(DELETE).bind(id.to_string()).bind(version));
}

/// Which products of any status are asked for.
pub struct StaffPage {
    pub status: Option<&'static str>,
    /// The moment and the id of the last one before.
    pub after: Option<(i64, ProductId)>,
    pub limit: i64,
}

/// Of all products.
pub fn list_all(tenant: Tenant, page: &StaffPage, limit: i64) -> Statement {
    let (created_at, id) = page.after.map_or((i64::MAX, String::new()), |(at, id)| (at, id.to_string()));
    tenant.statement(LIST_ALL).bind(created_at).bind(id).bind(limit).bind(page.status)
}

/// Of those that are published in one of `channels`. The last row may be one without a card, which says how far was
/// read.
pub fn list_in(tenant: Tenant, page: &StaffPage, channels: &BTreeSet<ChannelId>, limit: i64) -> Statement {
    // Before the first one: after the ids of all products there are.
    let (created_at, id) = page.after.map_or((i64::MAX, "q".to_owned()), |(at, id)| (at, id.to_string()));
    let of = |sql| tenant.statement(sql).bind(id).bind(limit).bind(json!(channels).to_string());
    match page.status {
        None => of(LIST_IN_CHANNELS),
        Some("active") => of(LIST_ACTIVE_IN_CHANNELS).bind(created_at),
        Some(hidden) => of(LIST_HIDDEN_IN_CHANNELS).bind(created_at).bind(hidden),
    }
}
