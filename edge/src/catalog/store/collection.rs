//! The tables `collection`, `collection_condition` and `collection_product`. Which products stand in a collection is
//! [`membership`](super::membership)'s, and how far a rule is held against them.

use headlesspro_shared::catalog::ProductOrder;
use headlesspro_shared::catalog::attribute::Range;
use headlesspro_shared::catalog::rule::{Condition, Operator};
use headlesspro_shared::kernel::id::CollectionId;
use headlesspro_shared::kernel::locale::Locale;
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::{Value as Json, json};

use super::facet::{self, AttributeFilter};
use super::taxonomy::{self, Presentation, presentation_of};
use crate::app::Tenant;
use crate::port::sql::{Commit, Row, Rows, SqlError, Statement};

/// No more once those before have so many bytes: `found` says how many there would be. Translations are those of the
/// locales in `?5`.
///
/// `page` is those with the value ?8 of the attribute ?7, or all where that is NULL: only one half of it finds anything,
/// the other has the limit 0.
const LIST: &str = "-- catalog::collections
WITH page (id) AS MATERIALIZED (
  SELECT * FROM (
    SELECT d.id FROM collection d
    WHERE d.organization_id = ?1 AND d.store_id = ?2 AND ?6 < d.handle/*d*/
    ORDER BY d.handle LIMIT iif(?7 IS NULL, ?4, 0))
  UNION ALL
  SELECT * FROM (
    SELECT f.collection_id FROM collection_facet f
    WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.key = ?7 AND f.value = ?8 AND ?6 < f.handle/*f*/
    ORDER BY f.handle LIMIT iif(?7 IS NULL, 0, ?4)))
SELECT c.id, c.handle, c.name, c.kind, c.is_all, c.product_order, '' AS description_html, c.description, c.image_url,
  c.metadata, c.seo_title, c.seo_description, k.said AS translations, NULL AS given_translations, c.attributes,
  c.version, c.created_at, c.updated_at, c.filled_to, k.found,
  (SELECT json_group_array(json_object('field', n.field, 'operator', n.operator, 'negated', n.negated,
      'value', n.value, 'minor', n.minor)) FROM collection_condition n
    WHERE n.organization_id = ?1 AND n.collection_id = c.id) AS conditions
FROM (
  SELECT q.id, q.said, count(*) OVER () AS found,
    sum(q.bytes + octet_length(q.said)) OVER (ORDER BY q.handle) - q.bytes - octet_length(q.said) AS before
  FROM (
    SELECT d.id, d.handle, octet_length(d.description) + octet_length(d.metadata) + octet_length(d.attributes) AS bytes,
      iif(d.translations = '{}', '{}', (SELECT json_group_object(l.value, json(d.translations -> ('$.\"' || l.value || '\"')))
        FROM json_each(?5) l WHERE d.translations -> ('$.\"' || l.value || '\"') IS NOT NULL)) AS said
    FROM page CROSS JOIN collection d ON d.organization_id = ?1 AND +d.store_id = ?2 AND d.id = page.id) q) k
CROSS JOIN collection c ON c.organization_id = ?1 AND +c.store_id = ?2 AND c.id = k.id
WHERE k.before < ?3
ORDER BY c.handle";

/// That a collection has a value of each attribute that the JSON asks for.
const HAS_ALL: &str = " AND NOT EXISTS (SELECT 1 FROM json_each(:asked) w WHERE NOT EXISTS (
  SELECT 1 FROM collection_facet o
  WHERE o.organization_id = ?1 AND o.collection_id = :id AND o.key = w.value ->> 'key'
    AND iif(w.value ->> 'low' IS NULL, o.value = w.value ->> 'value',
      o.ordinal BETWEEN w.value ->> 'low' AND w.value ->> 'high')))";

const BY_ID: &str = "-- catalog::collection_by_id
SELECT c.id, c.handle, c.name, c.kind, c.is_all, c.product_order, c.description_html, c.description, c.image_url,
  c.metadata, c.seo_title, c.seo_description, c.translations,
  iif(c.given_at = c.version, c.given_translations, NULL) AS given_translations, c.attributes, c.version, c.created_at,
  c.updated_at, c.filled_to,
  (SELECT json_group_array(json_object('field', k.field, 'operator', k.operator, 'negated', k.negated,
      'value', k.value, 'minor', k.minor)) FROM collection_condition k
    WHERE k.organization_id = ?1 AND k.collection_id = c.id) AS conditions
FROM collection c WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.id = ?3";

const BY_HANDLE: &str = "-- catalog::collection_by_handle
SELECT c.id, c.handle, c.name, c.kind, c.is_all, c.product_order, c.description_html, c.description, c.image_url,
  c.metadata, c.seo_title, c.seo_description, c.translations,
  iif(c.given_at = c.version, c.given_translations, NULL) AS given_translations, c.attributes, c.version, c.created_at,
  c.updated_at, c.filled_to,
  (SELECT json_group_array(json_object('field', k.field, 'operator', k.operator, 'negated', k.negated,
      'value', k.value, 'minor', k.minor)) FROM collection_condition k
    WHERE k.organization_id = ?1 AND k.collection_id = c.id) AS conditions
FROM collection c WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.handle = ?3";

/// Whether a collection's rule asks for what is in stock, or is not. While not all products are held against it, what is
/// bought enters or leaves it whatever it asks for.
const ASKS_FOR_STOCK: &str = "-- catalog::collection_asks_for_stock
SELECT 1 AS asks FROM collection c
WHERE c.organization_id = ?1 AND c.store_id = ?2 AND (c.id = ?3 OR c.handle = ?3)
  AND (c.filled_to IS NOT NULL OR EXISTS (SELECT 1 FROM collection_condition k
    WHERE k.organization_id = ?1 AND k.collection_id = c.id AND k.field = 'inStock')) LIMIT 1";

const INSERT: &str = "-- catalog::insert_collection
INSERT INTO collection (organization_id, store_id, id, handle, name, kind, is_all, product_order, description_html,
  description, image_url, metadata, seo_title, seo_description, translations, given_translations, attributes, created_at,
  updated_at, given_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?18, 1)";

const CHANGE: &str = "-- catalog::change_collection
UPDATE collection SET handle = ?5, name = ?6, kind = ?7, is_all = ?8, product_order = ?9, description_html = ?10,
  description = ?11, image_url = ?12, metadata = ?13, seo_title = ?14, seo_description = ?15,
  translations = ?16, given_translations = ?17, given_at = version + 1, attributes = ?18, updated_at = ?19,
  version = version + 1
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?4";

const DELETE: &str = "-- catalog::delete_collection
DELETE FROM collection WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?4";

const DELETE_CONDITIONS: &str = "-- catalog::delete_conditions
DELETE FROM collection_condition
WHERE organization_id = ?1 AND collection_id = (SELECT c.id FROM collection c
  WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.id = ?3)";

/// A price comes in ten-thousandths of the major unit and is kept in minor units: a lower bound is rounded up. A
/// category that is not the store's is refused: `field` becomes NULL.
const INSERT_CONDITIONS: &str = "-- catalog::insert_conditions
INSERT INTO collection_condition (organization_id, collection_id, number, field, operator, negated, value, minor,
  category_id, low, high)
SELECT ?1, ?3, r.key, iif(r.value ->> 'field' = 'category' AND k.id IS NULL, NULL, r.value ->> 'field'),
  r.value ->> 'operator', r.value ->> 'negated', r.value ->> 'value',
  CASE WHEN r.value ->> 'field' <> 'price' THEN r.value ->> 'number'
    WHEN r.value ->> 'operator' = 'at-most' THEN r.value ->> 'number' / s.minor_unit_scale
    ELSE (r.value ->> 'number' + s.minor_unit_scale - 1) / s.minor_unit_scale END,
  k.id, r.value ->> 'low', r.value ->> 'high'
FROM json_each(?4) r
CROSS JOIN store s ON s.id = ?2 AND s.organization_id = ?1
LEFT JOIN category k ON k.id = r.value ->> 'category' AND k.organization_id = ?1 AND k.store_id = ?2";

/// What is kept of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Whether all conditions have to be met, or any.
    pub is_all: bool,
    pub conditions: Vec<Condition>,
}

/// A collection as its store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    pub id: CollectionId,
    pub handle: String,
    pub name: String,
    /// `None`: its products are chosen one by one. Numbers of prices are minor units where they were read.
    pub rule: Option<Rule>,
    /// Up to which product the store's were held against the rule, or what is chosen; `None`: all were.
    pub filled_to: Option<String>,
    pub order: ProductOrder,
    pub presentation: Presentation,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The statement whose rows [`collections_of`] takes, with what is said in the locales of `chain`: at most `limit` after
/// the handle `after`.
pub fn list(tenant: Tenant, asked: &AttributeFilter, after: &str, limit: i64, chain: &[Locale]) -> Statement {
    let page = taxonomy::page(tenant.statement(LIST), limit, chain).bind(after);
    facet::narrow(page, asked, HAS_ALL, ["d.id", "f.collection_id"])
}

/// The statement whose rows [`collections_of`] takes: the one with this id or handle, if it is there.
pub fn find(tenant: Tenant, key: &str) -> Statement {
    let sql = if key.parse::<CollectionId>().is_ok() { BY_ID } else { BY_HANDLE };
    tenant.statement(sql).bind(key)
}

/// The statement that has a row where the rule of the collection with this id or handle asks for what is in stock.
pub fn asks_for_stock(tenant: Tenant, key: &str) -> Statement {
    tenant.statement(ASKS_FOR_STOCK).bind(key)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn collections_of(rows: &Rows) -> Result<Vec<Collection>, SqlError> {
    rows.iter().map(collection_of).collect()
}

fn collection_of(row: Row<'_>) -> Result<Collection, SqlError> {
    let rule = match row.get::<&str>("kind")? {
        "rule" => Some(Rule { is_all: row.get("is_all")?, conditions: conditions_of(row.get("conditions")?)? }),
        _ => None,
    };
    Ok(Collection {
        id: row.parse("id")?,
        handle: row.get::<&str>("handle")?.to_owned(),
        name: row.get::<&str>("name")?.to_owned(),
        filled_to: row.get::<Option<&str>>("filled_to")?.map(str::to_owned),
        rule,
        order: row.parse("product_order")?,
        presentation: presentation_of(row)?,
        version: row.get("version")?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
        updated_at: Timestamp::from_millis(row.get("updated_at")?),
    })
}

fn conditions_of(json: &str) -> Result<Vec<Condition>, SqlError> {
    let wrong = || SqlError::Statement("a condition does not read back".to_owned());
    let rows: Vec<Json> = serde_json::from_str(json).map_err(|_| wrong())?;
    let condition = |row: &Json| {
        let text = |name: &str| row.get(name).and_then(Json::as_str);
        Some(Condition {
            field: text("field")?.to_owned(),
            operator: text("operator")?.parse::<Operator>().ok()?,
            negated: row.get("negated")?.as_i64()? == 1,
            value: text("value")?.to_owned(),
            number: row.get("minor")?.as_i64(),
        })
    };
    rows.iter().map(|row| condition(row).ok_or_else(wrong)).collect()
}

/// Adds a collection without its rule's conditions.
pub fn insert(tenant: Tenant, collection: &Collection) -> Statement {
    let statement = tenant.statement(INSERT).bind(collection.id.to_string());
    bind(statement, collection).bind(collection.created_at.millis())
}

/// Changes a collection that is at `collection.version`, but for its rule's conditions.
pub fn change(tenant: Tenant, collection: &Collection, now: Timestamp) -> Statement {
    let statement = tenant.statement(CHANGE).bind(collection.id.to_string()).bind(collection.version);
    bind(statement, collection).bind(now.millis())
}

fn bind(statement: Statement, collection: &Collection) -> Statement {
    let statement = statement
        .bind(collection.handle.as_str())
        .bind(collection.name.as_str())
        .bind(if collection.rule.is_some() { "rule" } else { "manual" })
        .bind(collection.rule.as_ref().is_none_or(|rule| rule.is_all))
        .bind(collection.order.name());
    taxonomy::bind(statement, &collection.presentation)
}

/// Puts these conditions in the place of a collection's, with prices in ten-thousandths of the currency. Answers the
/// number of the statement that refuses a category that is not there.
pub fn set_conditions(commit: &mut Commit, tenant: Tenant, id: CollectionId, conditions: &[Condition]) -> usize {
    let rows: Vec<Json> = conditions
        .iter()
        .map(|condition| {
            let range = condition.range();
            let (low, high) = range.as_ref().map(Range::ordinals).unzip();
            json!({
                "low": low,
                "high": high,
                "field": condition.field,
                "operator": condition.operator.name(),
                "negated": i64::from(condition.negated),
                "value": condition.value,
                "number": condition.number,
                "category": (condition.field == "category").then_some(&condition.value),
            })
        })
        .collect();
    commit.push(tenant.statement(DELETE_CONDITIONS).bind(id.to_string()));
    commit.push(tenant.statement(INSERT_CONDITIONS).bind(id.to_string()).bind(json!(rows).to_string()))
}

/// Deletes a collection that is at `version`, with its rule and its list of products.
pub fn delete(tenant: Tenant, id: CollectionId, version: i64) -> Statement {
    tenant.statement(DELETE).bind(id.to_string()).bind(version)
}
