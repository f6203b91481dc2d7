//! Which products stand in a category, and where: `product.category_id` is the main one, `category_product` has the
//! others and the places in each. The facets that lists are led by follow from these two and the tree, and are
//! written by the statements below, inside the commit that changes any of them: what others did at the same moment
//! is in their sight.

use headlesspro_shared::kernel::id::{CategoryId, ProductId};
use serde_json::json;

use crate::app::Tenant;
use crate::port::sql::{Commit, Rows, SqlError, Statement, Value};

const DELETE_FACETS: &str = "-- catalog::delete_category_facets
DELETE FROM product_facet
WHERE organization_id = ?1 AND +store_id = ?2 AND +kind = 'category'
  AND product_id IN (SELECT value FROM json_each(?3))";

/// A product stands in its categories and in all of their ancestors.
const INSERT_FACETS: &str = "-- catalog::insert_category_facets
WITH RECURSIVE line (product_id, category_id) AS (
  SELECT p.id, p.category_id
  FROM json_each(?3) w
  CROSS JOIN product p ON p.id = w.value AND p.organization_id = ?1 AND +p.store_id = ?2
  WHERE +p.category_id IS NOT NULL
  UNION
  SELECT m.product_id, m.category_id
  FROM json_each(?3) w CROSS JOIN category_product m ON m.product_id = w.value AND m.organization_id = ?1
  WHERE m.extra = 1
  UNION
  SELECT l.product_id, c.parent_id
  FROM line l CROSS JOIN category c ON c.id = l.category_id AND c.organization_id = ?1
  WHERE +c.parent_id IS NOT NULL)
INSERT INTO product_facet (organization_id, store_id, kind, value, product_id, active, created_at, title_key, price_min,
  publish_at, unpublish_at, position)
SELECT ?1, ?2, 'category', l.category_id, p.id, p.status = 'active', p.created_at, p.title_key, p.price_min,
  p.publish_at, p.unpublish_at, coalesce(m.position, 9007199254740991)
FROM line l
CROSS JOIN product p ON p.id = l.product_id AND p.organization_id = ?1 AND +p.store_id = ?2
LEFT JOIN category_product m
  ON m.category_id = l.category_id AND m.product_id = l.product_id AND m.organization_id = ?1";

/// Before a subtree moves: its products leave the ancestors that it will not have, unless they stand in those by a
/// category outside of it as well.
const LEAVE_ANCESTORS: &str = "-- catalog::leave_ancestors
WITH RECURSIVE above (id) AS (
  SELECT c.parent_id FROM category c WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.id = ?3
  UNION
  SELECT c.parent_id FROM above a CROSS JOIN category c ON c.id = a.id AND c.organization_id = ?1),
kept (id) AS (
  SELECT c.id FROM category c WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.id = ?4
  UNION
  SELECT c.parent_id FROM kept k CROSS JOIN category c ON c.id = k.id AND c.organization_id = ?1),
gone (id, path, moved) AS MATERIALIZED (
  SELECT c.id, c.path, m.path
  FROM above a
  CROSS JOIN category c ON c.id = a.id AND c.organization_id = ?1
  CROSS JOIN category m ON m.id = ?3 AND m.organization_id = ?1
  WHERE a.id NOT IN (SELECT k.id FROM kept k WHERE k.id IS NOT NULL))
DELETE FROM product_facet
WHERE organization_id = ?1 AND store_id = ?2 AND kind = 'category' AND (value, product_id) IN (
  SELECT g.id, f.product_id
  FROM gone g
  CROSS JOIN product_facet f ON f.organization_id = ?1 AND f.store_id = ?2 AND f.kind = 'category' AND f.value = ?3
  WHERE NOT EXISTS (
    SELECT 1 FROM category d
    WHERE d.organization_id = ?1 AND d.id IN (
        SELECT p.category_id FROM product p WHERE p.organization_id = ?1 AND p.id = f.product_id
        UNION ALL
        SELECT x.category_id FROM category_product x
        WHERE x.organization_id = ?1 AND x.product_id = f.product_id AND x.extra = 1)
      AND (d.path = g.path OR substr(d.path, 1, length(g.path) + 1) = g.path || '/')
      AND d.path <> g.moved AND substr(d.path, 1, length(g.moved) + 1) <> g.moved || '/'))";

/// After a subtree has moved: its products stand in its ancestors.
const ENTER_ANCESTORS: &str = "-- catalog::enter_ancestors
WITH RECURSIVE above (id) AS (
  SELECT c.parent_id FROM category c
  WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.id = ?3 AND +c.parent_id IS NOT NULL
  UNION
  SELECT c.parent_id FROM above a CROSS JOIN category c ON c.id = a.id AND c.organization_id = ?1
  WHERE +c.parent_id IS NOT NULL)
INSERT INTO product_facet (organization_id, store_id, kind, value, product_id, active, created_at, title_key, price_min,
  publish_at, unpublish_at, position)
SELECT ?1, ?2, 'category', a.id, f.product_id, f.active, f.created_at, f.title_key, f.price_min,
  f.publish_at, f.unpublish_at, coalesce(m.position, 9007199254740991)
FROM above a
CROSS JOIN product_facet f ON f.organization_id = ?1 AND f.store_id = ?2 AND f.kind = 'category' AND f.value = ?3
LEFT JOIN category_product m ON m.category_id = a.id AND m.product_id = f.product_id AND m.organization_id = ?1
WHERE true ON CONFLICT DO NOTHING";

/// Refuses the commit when one of the products is not there.
const GUARD_PRODUCTS: &str = "-- catalog::guard_products
INSERT INTO violation (what)
SELECT 'a product is not there'
FROM json_each(?3) w
LEFT JOIN product p ON p.id = w.value AND p.organization_id = ?1 AND +p.store_id = ?2
WHERE p.id IS NULL";

const MISSING_PRODUCTS: &str = "-- catalog::missing_products
SELECT w.value AS id
FROM json_each(?3) w
LEFT JOIN product p ON p.id = w.value AND p.organization_id = ?1 AND +p.store_id = ?2
WHERE p.id IS NULL LIMIT 50";

/// A product's main category needs a row here for a place only.
const PLACE: &str = "-- catalog::place_in_category
INSERT INTO category_product (organization_id, category_id, product_id, position, extra)
SELECT ?1, c.id, p.id, r.value ->> 'position', p.category_id IS NOT c.id
FROM json_each(?4) r
CROSS JOIN category c ON c.id = ?3 AND c.organization_id = ?1 AND c.store_id = ?2
CROSS JOIN product p ON p.id = r.value ->> 'id' AND p.organization_id = ?1 AND +p.store_id = ?2
WHERE true
ON CONFLICT (category_id, product_id) DO UPDATE SET
  position = coalesce(excluded.position, position), extra = max(extra, excluded.extra)
WHERE category_product.organization_id = ?1";

const REMOVE: &str = "-- catalog::remove_from_category
DELETE FROM category_product
WHERE organization_id = ?1 AND category_id = (SELECT c.id FROM category c
    WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.id = ?3)
  AND product_id IN (SELECT value FROM json_each(?4))";

/// The products of a category that is given up stand in its parent from now on; of a root, in none.
const MOVE_UP_MAIN: &str = "-- catalog::move_products_up
UPDATE product SET category_id = (SELECT c.parent_id FROM category c WHERE c.organization_id = ?1 AND c.id = ?3)
WHERE organization_id = ?1 AND store_id = ?2 AND category_id = ?3";

const MOVE_UP_EXTRA: &str = "-- catalog::move_extra_products_up
INSERT INTO category_product (organization_id, category_id, product_id, position, extra)
SELECT ?1, c.parent_id, m.product_id, NULL, 1
FROM category c CROSS JOIN category_product m ON m.category_id = c.id AND m.organization_id = ?1
WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.id = ?3 AND +c.parent_id IS NOT NULL AND m.extra = 1
ON CONFLICT (category_id, product_id) DO UPDATE SET extra = 1
WHERE category_product.organization_id = ?1";

const CLEAR: &str = "-- catalog::clear_category
DELETE FROM category_product
WHERE organization_id = ?1 AND category_id = (SELECT c.id FROM category c
  WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.id = ?3)";

/// Places of products that stand in the category no more.
const CLEAR_PLACES: &str = "-- catalog::clear_places
DELETE FROM category_product
WHERE organization_id = ?1 AND extra = 0 AND category_id = (SELECT c.id FROM category c
  WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.id = ?3)";

/// What stands in the way of deleting a category.
const IN_THE_WAY: &str = "-- catalog::in_category
SELECT (SELECT count(*) FROM category d WHERE d.organization_id = ?1 AND d.parent_id = ?3) AS children,
  (SELECT count(*) FROM product p WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.category_id = ?3)
  + (SELECT count(*) FROM category_product m WHERE m.organization_id = ?1 AND m.category_id = ?3 AND m.extra = 1)
  AS products,
  (SELECT count(DISTINCT k.collection_id) FROM collection_condition k
    WHERE k.organization_id = ?1 AND k.category_id = ?3) AS collections";

/// A product, and its place where it is given one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    pub product: ProductId,
    pub position: Option<i64>,
}

/// Writes which categories the products stand in, whose rows and extra categories are written.
pub fn list_in_categories(commit: &mut Commit, tenant: Tenant, products: &[&str]) {
    let products = json!(products).to_string();
    commit.push(tenant.statement(DELETE_FACETS).bind(products.as_str()));
    commit.push(tenant.statement(INSERT_FACETS).bind(products));
}

/// To be run before the category moves below `parent`.
pub fn leave_ancestors(tenant: Tenant, category: CategoryId, parent: Option<CategoryId>) -> Statement {
    tenant.statement(LEAVE_ANCESTORS).bind(category.to_string()).bind(parent.map(|parent| parent.to_string()))
}

/// To be run after the category has moved.
pub fn enter_ancestors(tenant: Tenant, category: CategoryId) -> Statement {
    tenant.statement(ENTER_ANCESTORS).bind(category.to_string())
}

/// Refuses the commit unless all products are the store's; and the statement whose rows [`missing_of`] takes.
pub fn guard_products(tenant: Tenant, products: &[String]) -> (Statement, Statement) {
    let products = Value::from(json!(products).to_string());
    (tenant.statement(GUARD_PRODUCTS).bind(products.clone()), tenant.statement(MISSING_PRODUCTS).bind(products))
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn missing_of(rows: &Rows) -> Result<Vec<String>, SqlError> {
    rows.iter().map(|row| row.get::<&str>("id").map(str::to_owned)).collect()
}

/// The products with their places, as the statements take them.
pub fn placed_json(placed: &[Placed]) -> String {
    let rows = placed.iter().map(|one| json!({ "id": one.product.to_string(), "position": one.position }));
    json!(rows.collect::<Vec<_>>()).to_string()
}

/// Puts products into a category; one that is there already gets the place that it is given.
pub fn place_in_category(tenant: Tenant, category: CategoryId, placed: &[Placed]) -> Statement {
    tenant.statement(PLACE).bind(category.to_string()).bind(placed_json(placed))
}

/// Takes products out of a category that is not their main one, and their place in it away.
pub fn remove_from_category(tenant: Tenant, category: CategoryId, products: &[String]) -> Statement {
    tenant.statement(REMOVE).bind(category.to_string()).bind(json!(products).to_string())
}

/// Forgets the places in a category that is about to be deleted, where they are all that is left.
pub fn clear_places(tenant: Tenant, category: CategoryId) -> Statement {
    tenant.statement(CLEAR_PLACES).bind(category.to_string())
}

/// Hands the products of a category that is about to be deleted to its parent.
pub fn move_up(commit: &mut Commit, tenant: Tenant, category: CategoryId) {
    let id = category.to_string();
    for sql in [MOVE_UP_MAIN, MOVE_UP_EXTRA] {
        commit.push(tenant.statement(sql).bind(id.as_str()));
    }
    commit.push(tenant.statement(CLEAR).bind(id.as_str()));
}

/// The statement whose row [`in_the_way_of`] takes.
pub fn in_the_way(tenant: Tenant, category: CategoryId) -> Statement {
    tenant.statement(IN_THE_WAY).bind(category.to_string())
}

/// What is in a category, or asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InTheWay {
    pub children: i64,
    pub products: i64,
    /// With a rule that asks for the category.
    pub collections: i64,
}

/// What [`in_the_way`] answers.
///
/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn in_the_way_of(rows: &Rows) -> Result<InTheWay, SqlError> {
    let Some(row) = rows.first() else { return Ok(InTheWay::default()) };
    let count = |column| row.get(column);
    Ok(InTheWay { children: count("children")?, products: count("products")?, collections: count("collections")? })
}
