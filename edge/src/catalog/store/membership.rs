//! Which products stand in which collections, as facets of the kind `collection`: those that were chosen
//! (`collection_product`), and those that meet a rule.
//!
//! Rules are evaluated by the database, in the commit that writes a rule, a product or where products stand. Commits
//! come one after the other, so of a rule and a product that are written at the same moment, whichever comes second
//! is held against the first: a decision on what was read before could miss it. What is sold out, or there again,
//! changes without any of these commits; a trigger (`product_stock_collected`) evaluates the same condition.

use headlesspro_shared::kernel::id::{CategoryId, CollectionId};
use serde_json::json;

use super::placement::{Placed, placed_json};
use crate::app::Tenant;
use crate::port::sql::{Commit, Statement};

/// Whether the product `p` meets the rule of the collection `c`: all its conditions, or any.
const MEETS: &str = "AND (EXISTS (
  SELECT 1 FROM collection_condition k
  WHERE k.organization_id = ?1 AND k.collection_id = c.id AND (CASE k.field
    WHEN 'price' THEN coalesce(iif(k.operator = 'at-least', p.price_max >= k.minor, p.price_min <= k.minor), 0)
    WHEN 'inStock' THEN p.in_stock = k.minor
    WHEN 'title' THEN CASE k.operator WHEN 'equals' THEN p.title_key = k.value
      WHEN 'contains' THEN instr(p.title_key, k.value) > 0
      WHEN 'starts-with' THEN substr(p.title_key, 1, length(k.value)) = k.value
      ELSE substr(p.title_key, -length(k.value)) = k.value END
    WHEN 'vendor' THEN CASE k.operator WHEN 'equals' THEN p.vendor = k.value
      WHEN 'contains' THEN instr(p.vendor, k.value) > 0
      WHEN 'starts-with' THEN substr(p.vendor, 1, length(k.value)) = k.value
      ELSE substr(p.vendor, -length(k.value)) = k.value END
    WHEN 'productType' THEN CASE k.operator WHEN 'equals' THEN p.product_type = k.value
      WHEN 'contains' THEN instr(p.product_type, k.value) > 0
      WHEN 'starts-with' THEN substr(p.product_type, 1, length(k.value)) = k.value
      ELSE substr(p.product_type, -length(k.value)) = k.value END
    ELSE iif(k.low IS NULL, EXISTS (SELECT 1 FROM product_facet f
      WHERE f.organization_id = ?1 AND f.store_id = p.store_id AND f.kind = k.field
        AND f.value = k.value AND f.product_id = p.id), EXISTS (SELECT 1 FROM product_facet f
      WHERE f.organization_id = ?1 AND +f.store_id = p.store_id AND +f.kind = k.field
        AND f.product_id = p.id AND f.ordinal >= k.low AND f.ordinal <= k.high))
    END <> k.negated) <> c.is_all) <> c.is_all)";

// In the statements below `/*meets*/` stands for that.

const DELETE_FACETS: &str = "-- catalog::delete_collection_facets
DELETE FROM product_facet
WHERE organization_id = ?1 AND +store_id = ?2 AND +kind = 'collection'
  AND product_id IN (SELECT value FROM json_each(?3))";

const INSERT_CHOSEN: &str = "-- catalog::insert_chosen_facets
INSERT INTO product_facet (organization_id, store_id, kind, value, product_id, active, created_at, title_key, price_min,
  publish_at, unpublish_at, position)
SELECT ?1, ?2, 'collection', m.collection_id, p.id, p.status = 'active', p.created_at, p.title_key, p.price_min,
  p.publish_at, p.unpublish_at, m.position
FROM json_each(?3) w
CROSS JOIN collection_product m ON m.product_id = w.value AND m.organization_id = ?1
CROSS JOIN collection c ON c.id = m.collection_id AND c.organization_id = ?1 AND c.kind = 'manual'
CROSS JOIN product p ON p.id = w.value AND p.organization_id = ?1 AND +p.store_id = ?2";

const INSERT_FOUND: &str = "-- catalog::insert_found_facets
INSERT INTO product_facet (organization_id, store_id, kind, value, product_id, active, created_at, title_key, price_min,
  publish_at, unpublish_at, position)
SELECT ?1, ?2, 'collection', c.id, p.id, p.status = 'active', p.created_at, p.title_key, p.price_min,
  p.publish_at, p.unpublish_at, 9007199254740991
FROM json_each(?3) w
CROSS JOIN product p ON p.id = w.value AND p.organization_id = ?1 AND +p.store_id = ?2
CROSS JOIN collection c ON c.organization_id = ?1 AND c.store_id = ?2 AND c.kind = 'rule'
WHERE true /*meets*/";

const LEAVE_RULE: &str = "-- catalog::leave_rule
DELETE FROM product_facet
WHERE organization_id = ?1 AND store_id = ?2 AND kind = 'collection' AND value = ?3 AND NOT EXISTS (
  SELECT 1 FROM collection c
  CROSS JOIN product p ON p.id = product_facet.product_id AND p.organization_id = ?1
  WHERE c.id = ?3 AND c.organization_id = ?1 /*meets*/)";

/// All of the store's products are held against one rule.
const ENTER_RULE: &str = "-- catalog::enter_rule
INSERT INTO product_facet (organization_id, store_id, kind, value, product_id, active, created_at, title_key, price_min,
  publish_at, unpublish_at, position)
SELECT ?1, ?2, 'collection', c.id, p.id, p.status = 'active', p.created_at, p.title_key, p.price_min,
  p.publish_at, p.unpublish_at, 9007199254740991
FROM collection c
CROSS JOIN product p ON p.organization_id = ?1 AND p.store_id = ?2
WHERE c.id = ?3 AND c.organization_id = ?1 /*meets*/
ON CONFLICT DO NOTHING";

/// After a subtree has moved: its products stand in other categories, which rules may ask for.
const LEAVE_RULES_OF_CATEGORIES: &str = "-- catalog::leave_rules_of_categories
DELETE FROM product_facet
WHERE organization_id = ?1 AND store_id = ?2 AND kind = 'collection' AND (value, product_id) IN (
  SELECT c.id, p.id
  FROM collection c
  CROSS JOIN product_facet a ON a.organization_id = ?1 AND a.store_id = ?2 AND a.kind = 'category' AND a.value = ?3
  CROSS JOIN product p ON p.id = a.product_id AND p.organization_id = ?1
  WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.kind = 'rule'
    AND EXISTS (SELECT 1 FROM collection_condition x
      WHERE x.organization_id = ?1 AND x.collection_id = c.id AND x.field = 'category')
    AND NOT (true /*meets*/))";

const ENTER_RULES_OF_CATEGORIES: &str = "-- catalog::enter_rules_of_categories
INSERT INTO product_facet (organization_id, store_id, kind, value, product_id, active, created_at, title_key, price_min,
  publish_at, unpublish_at, position)
SELECT ?1, ?2, 'collection', c.id, p.id, p.status = 'active', p.created_at, p.title_key, p.price_min,
  p.publish_at, p.unpublish_at, 9007199254740991
FROM collection c
CROSS JOIN product_facet a ON a.organization_id = ?1 AND a.store_id = ?2 AND a.kind = 'category' AND a.value = ?3
CROSS JOIN product p ON p.id = a.product_id AND p.organization_id = ?1
WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.kind = 'rule'
  AND EXISTS (SELECT 1 FROM collection_condition x
    WHERE x.organization_id = ?1 AND x.collection_id = c.id AND x.field = 'category') /*meets*/
ON CONFLICT DO NOTHING";

/// Those without a place come after all that have one, in the order in which they are named. Whoever adds at the same
/// moment comes before or after, and nobody is lost.
const CHOOSE: &str = "-- catalog::choose_products
INSERT INTO collection_product (organization_id, collection_id, product_id, position)
SELECT ?1, c.id, p.id, coalesce(r.value ->> 'position', 1024 * (r.key + 1)
  + coalesce((SELECT max(m.position) FROM collection_product m
    WHERE m.organization_id = ?1 AND m.collection_id = c.id), 0))
FROM json_each(?4) r
CROSS JOIN collection c ON c.id = ?3 AND c.organization_id = ?1 AND c.store_id = ?2 AND c.kind = 'manual'
CROSS JOIN product p ON p.id = r.value ->> 'id' AND p.organization_id = ?1 AND +p.store_id = ?2
WHERE r.value ->> 'position' IS NOT NULL OR NOT EXISTS (SELECT 1 FROM collection_product there
  WHERE there.organization_id = ?1 AND there.collection_id = ?3 AND there.product_id = p.id)
ON CONFLICT (collection_id, product_id) DO UPDATE SET position = excluded.position
WHERE collection_product.organization_id = ?1";

const DISMISS: &str = "-- catalog::dismiss_products
DELETE FROM collection_product
WHERE organization_id = ?1 AND collection_id = (SELECT c.id FROM collection c
    WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.id = ?3)
  AND product_id IN (SELECT value FROM json_each(?4))";

/// Refuses the commit unless the collection is one whose products are chosen.
const GUARD_MANUAL: &str = "-- catalog::guard_manual
INSERT INTO violation (what) SELECT 'not manual' WHERE NOT EXISTS (
  SELECT 1 FROM collection c
  WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.id = ?3 AND c.kind = 'manual')";

const CLEAR_FACETS: &str = "-- catalog::clear_collection_facets
DELETE FROM product_facet WHERE organization_id = ?1 AND store_id = ?2 AND kind = 'collection' AND value = ?3";

const CLEAR_CHOSEN: &str = "-- catalog::clear_chosen
DELETE FROM collection_product
WHERE organization_id = ?1 AND collection_id = (SELECT c.id FROM collection c
  WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.id = ?3)";

fn with_rule(tenant: Tenant, sql: &'static str) -> Statement {
    let statement = tenant.statement("");
    Statement { sql: sql.replace("/*meets*/", MEETS).into(), ..statement }
}

/// Writes which collections the products stand in, whose rows and other facets are written.
pub fn list_in_collections(commit: &mut Commit, tenant: Tenant, products: &[&str]) {
    let products = json!(products).to_string();
    commit.push(tenant.statement(DELETE_FACETS).bind(products.as_str()));
    commit.push(tenant.statement(INSERT_CHOSEN).bind(products.as_str()));
    commit.push(with_rule(tenant, INSERT_FOUND).bind(products));
}

/// Holds all products against the collection's rule, which is written.
pub fn apply_rule(commit: &mut Commit, tenant: Tenant, collection: CollectionId) {
    for sql in [LEAVE_RULE, ENTER_RULE] {
        commit.push(with_rule(tenant, sql).bind(collection.to_string()));
    }
}

/// Holds the products of a category that has moved against the rules that ask for categories.
pub fn apply_rules_of_categories(commit: &mut Commit, tenant: Tenant, moved: CategoryId) {
    for sql in [LEAVE_RULES_OF_CATEGORIES, ENTER_RULES_OF_CATEGORIES] {
        commit.push(with_rule(tenant, sql).bind(moved.to_string()));
    }
}

/// Adds products, or gives them another place.
pub fn choose(tenant: Tenant, collection: CollectionId, placed: &[Placed]) -> Statement {
    tenant.statement(CHOOSE).bind(collection.to_string()).bind(placed_json(placed))
}

/// Takes products out.
pub fn dismiss(tenant: Tenant, collection: CollectionId, products: &[String]) -> Statement {
    tenant.statement(DISMISS).bind(collection.to_string()).bind(json!(products).to_string())
}

/// Refuses the commit unless the collection's products are chosen one by one.
pub fn guard_manual(tenant: Tenant, collection: CollectionId) -> Statement {
    tenant.statement(GUARD_MANUAL).bind(collection.to_string())
}

/// Nothing stands in the collection any more.
pub fn clear(commit: &mut Commit, tenant: Tenant, collection: CollectionId) {
    for sql in [CLEAR_CHOSEN, CLEAR_FACETS] {
        commit.push(tenant.statement(sql).bind(collection.to_string()));
    }
}
