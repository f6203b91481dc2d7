//! The table `category`: the tree. Which products stand in a category is [`placement`](super::placement)'s.

use headlesspro_shared::catalog::ProductOrder;
use headlesspro_shared::kernel::id::CategoryId;
use headlesspro_shared::kernel::locale::Locale;
use headlesspro_shared::kernel::time::Timestamp;

use super::facet::{self, AttributeFilter};
use super::taxonomy::{self, Presentation, presentation_of};
use crate::app::Tenant;
use crate::port::sql::{Row, Rows, SqlError, Statement, Value};

/// In the order of their paths: every category follows its parent. No more once those before have so many bytes: `found`
/// says how many there would be. Translations are those of the locales in `?5`.
///
/// `page` is those with the value ?8 of the attribute ?7, or all where that is NULL: only one half of it finds anything,
/// the other has the limit 0.
const TREE: &str = "-- catalog::categories
WITH page (id) AS MATERIALIZED (
  SELECT * FROM (
    SELECT d.id FROM category d
    WHERE d.organization_id = ?1 AND d.store_id = ?2 AND ?6 < d.path/*d*/
    ORDER BY d.path LIMIT iif(?7 IS NULL, ?4, 0))
  UNION ALL
  SELECT * FROM (
    SELECT f.category_id FROM category_facet f
    WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.key = ?7 AND f.value = ?8 AND ?6 < f.path/*f*/
    ORDER BY f.path LIMIT iif(?7 IS NULL, 0, ?4)))
SELECT c.id, c.parent_id, c.path, c.handle, c.name, c.position, c.product_order, '' AS description_html, c.description,
  c.image_url, c.metadata, c.seo_title, c.seo_description, k.said AS translations, NULL AS given_translations, c.attributes,
  c.version, c.created_at, c.updated_at, k.found/*told*/
FROM (
  SELECT q.id, q.said, count(*) OVER () AS found,
    sum(q.bytes + octet_length(q.said)) OVER (ORDER BY q.path) - q.bytes - octet_length(q.said) AS before
  FROM (
    SELECT d.id, d.path, octet_length(d.description) + octet_length(d.metadata) + octet_length(d.attributes) AS bytes,
      iif(d.translations = '{}', '{}', (SELECT json_group_object(l.value, json(d.translations -> ('$.\"' || l.value || '\"')))
        FROM json_each(?5) l WHERE d.translations -> ('$.\"' || l.value || '\"') IS NOT NULL)) AS said
    FROM page CROSS JOIN category d ON d.organization_id = ?1 AND +d.store_id = ?2 AND d.id = page.id) q) k
CROSS JOIN category c ON c.organization_id = ?1 AND +c.store_id = ?2 AND c.id = k.id
WHERE k.before < ?3
ORDER BY c.path";

const CHILDREN: &str = "-- catalog::child_categories
WITH page (id) AS MATERIALIZED (
  SELECT * FROM (
    SELECT d.id FROM category d
    WHERE d.organization_id = ?1 AND d.store_id = ?2 AND d.parent_id IS ?6 AND (d.position, d.id) > (?7, ?8)/*d*/
    ORDER BY d.position, d.id LIMIT iif(?9 IS NULL, ?4, 0))
  UNION ALL
  SELECT * FROM (
    SELECT f.category_id FROM category_facet f
    WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.key = ?9 AND f.value = ?10 AND f.parent_id IS ?6
      AND (f.position, f.category_id) > (?7, ?8)/*f*/
    ORDER BY f.position, f.category_id LIMIT iif(?9 IS NULL, 0, ?4)))
SELECT c.id, c.parent_id, c.path, c.handle, c.name, c.position, c.product_order, '' AS description_html, c.description,
  c.image_url, c.metadata, c.seo_title, c.seo_description, k.said AS translations, NULL AS given_translations, c.attributes,
  c.version, c.created_at, c.updated_at, k.found/*told*/
FROM (
  SELECT q.id, q.said, count(*) OVER () AS found,
    sum(q.bytes + octet_length(q.said)) OVER (ORDER BY q.position, q.id) - q.bytes - octet_length(q.said) AS before
  FROM (
    SELECT d.id, d.position, octet_length(d.description) + octet_length(d.metadata) + octet_length(d.attributes) AS bytes,
      iif(d.translations = '{}', '{}', (SELECT json_group_object(l.value, json(d.translations -> ('$.\"' || l.value || '\"')))
        FROM json_each(?5) l WHERE d.translations -> ('$.\"' || l.value || '\"') IS NOT NULL)) AS said
    FROM page CROSS JOIN category d ON d.organization_id = ?1 AND +d.store_id = ?2 AND d.id = page.id) q) k
CROSS JOIN category c ON c.organization_id = ?1 AND +c.store_id = ?2 AND c.id = k.id
WHERE k.before < ?3
ORDER BY c.position, c.id";

/// That a category has a value of each attribute that the JSON asks for.
const HAS_ALL: &str = " AND NOT EXISTS (SELECT 1 FROM json_each(:asked) w WHERE NOT EXISTS (
  SELECT 1 FROM category_facet o
  WHERE o.organization_id = ?1 AND o.category_id = :id AND o.key = w.value ->> 'key'
    AND iif(w.value ->> 'low' IS NULL, o.value = w.value ->> 'value',
      o.ordinal BETWEEN w.value ->> 'low' AND w.value ->> 'high')))";

const BY_ID: &str = "-- catalog::category_by_id
SELECT c.id, c.parent_id, c.path, c.handle, c.name, c.position, c.product_order, c.description_html, c.description,
  c.image_url, c.metadata, c.seo_title, c.seo_description, c.translations,
  iif(c.given_at = c.version, c.given_translations, NULL) AS given_translations, c.attributes, c.version, c.created_at,
  c.updated_at/*told*/
FROM category c WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.id = ?3";

const BY_PATH: &str = "-- catalog::category_by_path
SELECT c.id, c.parent_id, c.path, c.handle, c.name, c.position, c.product_order, c.description_html, c.description,
  c.image_url, c.metadata, c.seo_title, c.seo_description, c.translations,
  iif(c.given_at = c.version, c.given_translations, NULL) AS given_translations, c.attributes, c.version, c.created_at,
  c.updated_at/*told*/
FROM category c WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.path = ?3";

/// Itself and all below it.
const TOUCH: &str = "-- catalog::touch_categories
WITH top AS MATERIALIZED (
  SELECT c.path FROM category c WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.id = ?3)
UPDATE category SET updated_at = ?4
FROM top
WHERE category.organization_id = ?1 AND category.store_id = ?2
  AND category.path >= top.path AND category.path < top.path || '0'
  AND (category.path = top.path OR substr(category.path, length(top.path) + 1, 1) = '/')
RETURNING id";

/// How many slashes the longest way down from a category has more than its own path.
const DEPTH_BELOW: &str = "-- catalog::category_depth_below
SELECT coalesce(max(length(d.path) - length(replace(d.path, '/', ''))), 0) AS slashes
FROM category c
CROSS JOIN category d ON d.organization_id = ?1 AND d.store_id = ?2 AND d.path >= c.path AND d.path < c.path || '0'
  AND (d.path = c.path OR substr(d.path, length(c.path) + 1, 1) = '/')
WHERE c.organization_id = ?1 AND c.store_id = ?2 AND (c.id = ?3 OR c.path = ?3)";

const INSERT: &str = "-- catalog::insert_category
INSERT INTO category (organization_id, store_id, id, parent_id, path, handle, name, position, product_order,
  description_html, description, image_url, metadata, seo_title, seo_description, translations, given_translations,
  attributes, created_at, updated_at, given_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?19, 1)";

const CHANGE: &str = "-- catalog::change_category
UPDATE category SET name = ?5, position = ?6, product_order = ?7, description_html = ?8, description = ?9,
  image_url = ?10, metadata = ?11, seo_title = ?12, seo_description = ?13, translations = ?14,
  given_translations = ?15, given_at = version + 1, attributes = ?16, updated_at = ?17, version = version + 1
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?4";

/// The whole subtree at once, below its new parent as that stands now: whatever else moved meanwhile, paths add up.
const MOVE: &str = "-- catalog::move_category
WITH moved AS MATERIALIZED (
  SELECT c.path AS old, iif(?4 IS NULL, '', (SELECT p.path || '/' FROM category p
    WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.id = ?4)) || ?5 AS new
  FROM category c WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.id = ?3)
UPDATE category SET
  parent_id = iif(category.id = ?3, ?4, category.parent_id),
  handle = iif(category.id = ?3, ?5, category.handle),
  path = moved.new || substr(category.path, length(moved.old) + 1),
  translations = iif(category.id = ?3, ?7, category.translations),
  updated_at = ?6
FROM moved
WHERE category.organization_id = ?1 AND category.store_id = ?2
  AND category.path >= moved.old AND category.path < moved.old || '0'
  AND (category.path = moved.old OR substr(category.path, length(moved.old) + 1, 1) = '/')
RETURNING id";

const DELETE: &str = "-- catalog::delete_category
DELETE FROM category WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?4";

/// A category as its store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    pub id: CategoryId,
    pub parent: Option<CategoryId>,
    /// Handles from the root, joined by `/`.
    pub path: String,
    pub handle: String,
    pub name: String,
    /// Among those with the same parent.
    pub position: i64,
    pub order: ProductOrder,
    pub presentation: Presentation,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The statement whose rows [`categories_of`] takes, with what is said in the locales of `chain`: at most `limit` after
/// the path `after`.
pub fn tree(tenant: Tenant, asked: &AttributeFilter, after: &str, limit: i64, chain: &[Locale]) -> Statement {
    let page = taxonomy::page(tenant.statement(TREE), limit, chain).bind(after);
    facet::narrow(page, asked, HAS_ALL, ["d.id", "f.category_id"])
}

/// The statement whose rows [`categories_of`] takes, with what is said in the locales of `chain`: at most `limit` of
/// those below `parent`, or of the roots, by their position.
pub fn children(
    tenant: Tenant,
    asked: &AttributeFilter,
    parent: Option<CategoryId>,
    after: (i64, &str),
    limit: i64,
    chain: &[Locale],
) -> Statement {
    let parent = parent.map(|parent| parent.to_string());
    let page = taxonomy::page(tenant.statement(CHILDREN), limit, chain).bind(parent).bind(after.0).bind(after.1);
    facet::narrow(page, asked, HAS_ALL, ["d.id", "f.category_id"])
}

/// The statement whose rows [`categories_of`] takes: the one with this id or path, if it is there.
pub fn find(tenant: Tenant, key: &str) -> Statement {
    let sql = if key.parse::<CategoryId>().is_ok() { BY_ID } else { BY_PATH };
    tenant.statement(sql).bind(key)
}

/// The statement whose row says how many `slashes` the deepest path of a subtree has; `key` is an id or path.
pub fn depth_below(tenant: Tenant, key: &str) -> Statement {
    tenant.statement(DEPTH_BELOW).bind(key)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn categories_of(rows: &Rows) -> Result<Vec<Category>, SqlError> {
    rows.iter().map(category_of).collect()
}

/// The ids that [`move_subtree`] and [`touch_subtree`] answer.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn ids_of(rows: &Rows) -> Result<Vec<String>, SqlError> {
    rows.iter().map(|row| row.get::<&str>("id").map(str::to_owned)).collect()
}

fn category_of(row: Row<'_>) -> Result<Category, SqlError> {
    let has_parent = row.get::<Option<&str>>("parent_id")?.is_some();
    Ok(Category {
        id: row.parse("id")?,
        parent: if has_parent { Some(row.parse("parent_id")?) } else { None },
        path: row.get::<&str>("path")?.to_owned(),
        handle: row.get::<&str>("handle")?.to_owned(),
        name: row.get::<&str>("name")?.to_owned(),
        position: row.get("position")?,
        order: row.parse("product_order")?,
        presentation: presentation_of(row)?,
        version: row.get("version")?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
        updated_at: Timestamp::from_millis(row.get("updated_at")?),
    })
}

/// Adds `category` where its path says. The database refuses a path that is not its parent's.
pub fn insert(tenant: Tenant, category: &Category) -> Statement {
    let statement = tenant
        .statement(INSERT)
        .bind(category.id.to_string())
        .bind(parent(category))
        .bind(category.path.as_str())
        .bind(category.handle.as_str())
        .bind(category.name.as_str())
        .bind(category.position)
        .bind(category.order.name());
    taxonomy::bind(statement, &category.presentation).bind(category.created_at.millis())
}

/// Changes a category that is at `category.version`, but for where it stands.
pub fn change(tenant: Tenant, category: &Category, now: Timestamp) -> Statement {
    let statement = tenant
        .statement(CHANGE)
        .bind(category.id.to_string())
        .bind(category.version)
        .bind(category.name.as_str())
        .bind(category.position)
        .bind(category.order.name());
    taxonomy::bind(statement, &category.presentation).bind(now.millis())
}

/// Says that a category and all below it have changed: a handle of it is another somewhere. Answers the ids of all of them.
pub fn touch_subtree(tenant: Tenant, id: CategoryId, now: Timestamp) -> Statement {
    tenant.statement(TOUCH).bind(id.to_string()).bind(now.millis())
}

/// Puts a category with its subtree below `category.parent`, and says its translations. Answers the ids of all of them.
pub fn move_subtree(tenant: Tenant, category: &Category, now: Timestamp) -> Statement {
    tenant
        .statement(MOVE)
        .bind(category.id.to_string())
        .bind(parent(category))
        .bind(category.handle.as_str())
        .bind(now.millis())
        .bind(category.presentation.translations.as_str())
}

/// Deletes a category that is at `version`; the database refuses while anything is in it.
pub fn delete(tenant: Tenant, id: CategoryId, version: i64) -> Statement {
    tenant.statement(DELETE).bind(id.to_string()).bind(version)
}

fn parent(category: &Category) -> Value {
    category.parent.map(|parent| parent.to_string()).into()
}
