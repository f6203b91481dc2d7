//! Which products stand in which collections, as facets of the kind `collection`: those that were chosen
//! (`collection_product`), and those that meet a rule.
//!
//! Rules are evaluated by the database, in the commit that writes a rule, a product or where products stand. Commits
//! come one after the other, so of a rule and a product that are written at the same moment, whichever comes second
//! is held against the first: a decision on what was read before could miss it. What is sold out, or there again,
//! changes without any of these commits; a trigger (`product_stock_collected`) evaluates the same condition.
//!
//! A rule that is written, or taken away, is held against the products that are there already some thousand a commit, in
//! the order of their ids, the first of them in the commit that writes it. Until its turn comes a product stays in the
//! collection, or out of it, as the rule before had it; one that is written meanwhile is held against the new one at once.

use headlesspro_shared::kernel::id::{CategoryId, CollectionId};
use serde_json::json;

use super::collection;
use super::placement::{Placed, placed_json};
use crate::app::Tenant;
use crate::port::sql::{Commit, Row, Rows, SqlError, Statement};

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

/// Begins with the first product, whatever was held against what the collection said before.
const BEGIN: &str = "-- catalog::begin_collection
UPDATE collection SET filled_to = '' WHERE organization_id = ?1 AND +store_id = ?2 AND id = ?3";

/// Of the next `?5` products after `?4`, those leave that neither meet the rule nor are chosen. Nothing where another has
/// held them against it meanwhile, or it began anew.
const LEAVE: &str = "-- catalog::leave_collection
DELETE FROM product_facet
WHERE organization_id = ?1 AND store_id = ?2 AND kind = 'collection' AND value = ?3 AND product_id > ?4
  AND product_id <= (SELECT max(n.id) FROM (SELECT s.id FROM product s
    WHERE s.organization_id = ?1 AND s.store_id = ?2 AND s.version > 0 AND ?4 < s.id ORDER BY s.id LIMIT ?5) n)
  AND EXISTS (SELECT 1 FROM collection r WHERE r.organization_id = ?1 AND r.id = ?3 AND +r.filled_to = ?4)
  AND NOT EXISTS (
    SELECT 1 FROM collection c
    CROSS JOIN product p ON p.id = product_facet.product_id AND p.organization_id = ?1
    WHERE c.id = ?3 AND c.organization_id = ?1 AND c.kind = 'rule' /*meets*/)
  AND NOT EXISTS (SELECT 1 FROM collection_product m
    WHERE m.organization_id = ?1 AND m.collection_id = ?3 AND m.product_id = product_facet.product_id)";

/// And those enter that meet the rule.
const ENTER: &str = "-- catalog::enter_collection
INSERT INTO product_facet (organization_id, store_id, kind, value, product_id, active, created_at, title_key, price_min,
  publish_at, unpublish_at, position)
SELECT ?1, ?2, 'collection', c.id, p.id, p.status = 'active', p.created_at, p.title_key, p.price_min,
  p.publish_at, p.unpublish_at, 9007199254740991
FROM collection c
CROSS JOIN (SELECT n.id FROM product n
  WHERE n.organization_id = ?1 AND n.store_id = ?2 AND n.version > 0 AND ?4 < n.id ORDER BY n.id LIMIT ?5) next
CROSS JOIN product p ON p.id = next.id AND p.organization_id = ?1
WHERE c.organization_id = ?1 AND +c.store_id = ?2 AND c.id = ?3 AND c.kind = 'rule' AND +c.filled_to = ?4 /*meets*/
ON CONFLICT DO NOTHING";

/// After both. Fewer than `?5` are the last.
const FILLED: &str = "-- catalog::filled_collection
UPDATE collection SET filled_to = (SELECT iif(count(*) < ?5, NULL, max(n.id)) FROM (SELECT p.id FROM product p
  WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.version > 0 AND ?4 < p.id ORDER BY p.id LIMIT ?5) n)
WHERE organization_id = ?1 AND +store_id = ?2 AND id = ?3 AND +filled_to = ?4";

/// For the job, which looks after every organization: one collection of each store after `?1` that has any.
const UNFILLED: &str = "-- catalog::unfilled_collections (all tenants)
SELECT c.organization_id, c.store_id, min(c.id) AS id, c.filled_to FROM collection c
WHERE c.filled_to IS NOT NULL AND c.store_id > ?1 GROUP BY c.store_id ORDER BY c.store_id LIMIT ?2";

/// Where a subtree moves from below `?3` to below `?4`, its products leave the categories of one line and enter those of
/// the other: rules that ask for any of these begin anew.
const BEGIN_OF_CATEGORIES: &str = "-- catalog::begin_collections_of_categories
WITH RECURSIVE lost (id) AS (
  SELECT c.id FROM category c WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.id = ?3
  UNION
  SELECT c.parent_id FROM lost l CROSS JOIN category c ON c.id = l.id AND c.organization_id = ?1
  WHERE +c.parent_id IS NOT NULL),
won (id) AS (
  SELECT c.id FROM category c WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.id = ?4
  UNION
  SELECT c.parent_id FROM won w CROSS JOIN category c ON c.id = w.id AND c.organization_id = ?1
  WHERE +c.parent_id IS NOT NULL)
UPDATE collection SET filled_to = ''
WHERE organization_id = ?1 AND +store_id = ?2 AND +kind = 'rule' AND id IN (
  SELECT k.collection_id FROM collection_condition k
  WHERE k.organization_id = ?1 AND k.category_id IN (SELECT id FROM lost UNION ALL SELECT id FROM won)
    AND (k.category_id IN (SELECT id FROM lost)) <> (k.category_id IN (SELECT id FROM won)))";

/// What a request has begun anew, and what others have left over.
const WAITING: &str = "-- catalog::waiting_collections
SELECT c.id, c.filled_to FROM collection c
WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.filled_to IS NOT NULL ORDER BY c.id LIMIT 250";

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

/// Refuses the commit where another has gone on with the collection meanwhile, or it began anew.
const GUARD_FILLED_TO: &str = "-- catalog::guard_filled_to
INSERT INTO violation (what) SELECT 'gone on' WHERE NOT EXISTS (
  SELECT 1 FROM collection c
  WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.id = ?3 AND +c.filled_to = ?4)";

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

/// Holds the first `size` products against the collection's rule, or what is chosen, both of which are written, and says
/// so of the collection.
pub fn begin(commit: &mut Commit, tenant: Tenant, collection: CollectionId, size: i64) {
    commit.push(tenant.statement(BEGIN).bind(collection.to_string()));
    hold(commit, tenant, collection, "", size);
}

/// Holds the next `size` products after `after` against the collection's rule, or what is chosen, and says so of it: what
/// is read after the commit has the collection as it is then, and no row where it is gone.
pub fn go_on(commit: &mut Commit, tenant: Tenant, collection: CollectionId, after: &str, size: i64) -> usize {
    let guard = commit.push(tenant.statement(GUARD_FILLED_TO).bind(collection.to_string()).bind(after));
    hold(commit, tenant, collection, after, size);
    commit.push_after(collection::find(tenant, &collection.to_string()));
    guard
}

/// What the collection says is what stands in the database by then. So it does no harm whoever holds which products
/// against it when; that up to `filled_to` all were, each of these commits is sure of by itself.
fn hold(commit: &mut Commit, tenant: Tenant, collection: CollectionId, after: &str, size: i64) {
    for sql in [LEAVE, ENTER, FILLED] {
        commit.push(with_rule(tenant, sql).bind(collection.to_string()).bind(after).bind(size));
    }
}

/// A collection that not all products are held against yet.
pub struct Unfilled {
    pub tenant: Tenant,
    pub collection: CollectionId,
    /// After this product.
    pub filled_to: String,
}

/// The statement whose rows [`unfilled_of`] takes: one of each store after the store `after`, of `limit` at most.
pub fn unfilled(after: &str, limit: i64) -> Statement {
    Statement::new(UNFILLED).bind(after).bind(limit)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn unfilled_of(rows: &Rows) -> Result<Vec<Unfilled>, SqlError> {
    let of = |row: Row<'_>| {
        Ok(Unfilled {
            tenant: Tenant { organization: row.parse("organization_id")?, store: row.parse("store_id")? },
            collection: row.parse("id")?,
            filled_to: row.get::<&str>("filled_to")?.to_owned(),
        })
    };
    rows.iter().map(of).collect()
}

/// Has rules begin anew that a category concerns which moves from one parent to the other. Answers the number of what is
/// read after the commit: the collections to go on with, as [`waiting_of`] takes them.
pub fn begin_rules_of_categories(
    commit: &mut Commit,
    tenant: Tenant,
    from: Option<CategoryId>,
    to: Option<CategoryId>,
) -> usize {
    let text = |id: Option<CategoryId>| id.map(|id| id.to_string());
    commit.push(tenant.statement(BEGIN_OF_CATEGORIES).bind(text(from)).bind(text(to)));
    commit.push_after(tenant.statement(WAITING))
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn waiting_of(rows: &Rows) -> Result<Vec<(CollectionId, String)>, SqlError> {
    rows.iter().map(|row| Ok((row.parse("id")?, row.get::<&str>("filled_to")?.to_owned()))).collect()
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

/// Forgets what was chosen.
pub fn clear_chosen(tenant: Tenant, collection: CollectionId) -> Statement {
    tenant.statement(CLEAR_CHOSEN).bind(collection.to_string())
}
