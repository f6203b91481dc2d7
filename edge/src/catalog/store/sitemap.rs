//! What sitemaps are made of, in the order of ids: what is new comes to the end, and pages stay as they are.

use headlesspro_shared::catalog::tree::Step;
use headlesspro_shared::kernel::id::{CategoryId, ChannelId, CollectionId, ProductId};
use headlesspro_shared::kernel::time::Timestamp;
use serde::de::DeserializeOwned;

use super::addressed::{way_of, with_way};
use crate::app::Tenant;
use crate::port::sql::{Rows, SqlError, Statement};

/// The first product of each page, and when one of its products was changed last: walks an index that has all of it.
const PAGES: &str = "-- catalog::sitemap_pages
WITH RECURSIVE page (start) AS (
  SELECT * FROM (SELECT p.id FROM product p
    WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.status = 'active' ORDER BY p.id LIMIT 1)
  UNION ALL
  SELECT (SELECT p.id FROM product p
    WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.status = 'active' AND p.id >= page.start
    ORDER BY p.id LIMIT 1 OFFSET ?3)
  FROM page WHERE page.start IS NOT NULL)
SELECT page.start, (SELECT max(of.updated_at) FROM (SELECT p.updated_at FROM product p
    WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.status = 'active' AND p.id >= page.start
    ORDER BY p.id LIMIT ?3) of) AS changed
FROM page WHERE page.start IS NOT NULL";

const PRODUCTS: &str = "-- catalog::sitemap_products
SELECT p.id, p.handle, p.updated_at,
  coalesce(p.publish_at <= ?5, 1) AND coalesce(?5 < p.unpublish_at, 1) AS shown,
  (SELECT json_group_array(json_array(t.locale, t.shown_handle)) FROM product_translation t
    WHERE t.organization_id = ?1 AND t.product_id = p.id) AS said
FROM product p
WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.status = 'active' AND p.id >= ?3 ORDER BY p.id LIMIT ?4";

// The same of a channel: its facets have its products in the order of their ids.

const PAGES_OF_CHANNEL: &str = "-- catalog::sitemap_pages_of_channel
WITH RECURSIVE page (start) AS (
  SELECT * FROM (SELECT f.product_id FROM product_facet f
    WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.kind = 'channel' AND f.value = ?4 AND +f.active = 1
    ORDER BY f.product_id LIMIT 1)
  UNION ALL
  SELECT (SELECT f.product_id FROM product_facet f
    WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.kind = 'channel' AND f.value = ?4 AND +f.active = 1
      AND f.product_id >= page.start
    ORDER BY f.product_id LIMIT 1 OFFSET ?3)
  FROM page WHERE page.start IS NOT NULL)
SELECT page.start, (SELECT max(of.updated_at) FROM (SELECT p.updated_at FROM product_facet f
    CROSS JOIN product p ON p.id = f.product_id AND p.organization_id = ?1
    WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.kind = 'channel' AND f.value = ?4 AND +f.active = 1
      AND f.product_id >= page.start
    ORDER BY f.product_id LIMIT ?3) of) AS changed
FROM page WHERE page.start IS NOT NULL";

const PRODUCTS_OF_CHANNEL: &str = "-- catalog::sitemap_products_of_channel
SELECT p.id, p.handle, p.updated_at,
  coalesce(p.publish_at <= ?5, 1) AND coalesce(?5 < p.unpublish_at, 1) AS shown,
  (SELECT json_group_array(json_array(t.locale, t.shown_handle)) FROM product_translation t
    WHERE t.organization_id = ?1 AND t.product_id = p.id) AS said
FROM product_facet f
CROSS JOIN product p ON p.id = f.product_id AND p.organization_id = ?1 AND p.status = 'active'
WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.kind = 'channel' AND f.value = ?6 AND +f.active = 1
  AND f.product_id >= ?3
ORDER BY f.product_id LIMIT ?4";

// The same of categories and collections, which are in every channel.

const PAGES_OF_CATEGORIES: &str = "-- catalog::sitemap_pages_of_categories
WITH RECURSIVE page (start) AS (
  SELECT * FROM (SELECT c.id FROM category c
    WHERE c.organization_id = ?1 AND c.store_id = ?2 ORDER BY c.id LIMIT 1)
  UNION ALL
  SELECT (SELECT c.id FROM category c
    WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.id >= page.start ORDER BY c.id LIMIT 1 OFFSET ?3)
  FROM page WHERE page.start IS NOT NULL)
SELECT page.start, (SELECT max(of.updated_at) FROM (SELECT c.updated_at FROM category c
    WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.id >= page.start ORDER BY c.id LIMIT ?3) of) AS changed
FROM page WHERE page.start IS NOT NULL";

const PAGES_OF_COLLECTIONS: &str = "-- catalog::sitemap_pages_of_collections
WITH RECURSIVE page (start) AS (
  SELECT * FROM (SELECT c.id FROM collection c
    WHERE c.organization_id = ?1 AND c.store_id = ?2 ORDER BY c.id LIMIT 1)
  UNION ALL
  SELECT (SELECT c.id FROM collection c
    WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.id >= page.start ORDER BY c.id LIMIT 1 OFFSET ?3)
  FROM page WHERE page.start IS NOT NULL)
SELECT page.start, (SELECT max(of.updated_at) FROM (SELECT c.updated_at FROM collection c
    WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.id >= page.start ORDER BY c.id LIMIT ?3) of) AS changed
FROM page WHERE page.start IS NOT NULL";

const CATEGORIES: &str = "-- catalog::sitemap_categories
SELECT c.id, c.updated_at, (SELECT json_group_array(t.key) FROM json_each(c.translations) t) AS said/*told*/
FROM category c
WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.id >= ?3 ORDER BY c.id LIMIT ?4";

const COLLECTIONS: &str = "-- catalog::sitemap_collections
SELECT c.id, c.handle, c.updated_at,
  (SELECT json_group_array(json_array(t.key, t.value ->> '$.handle')) FROM json_each(c.translations) t) AS said
FROM collection c
WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.id >= ?3 ORDER BY c.id LIMIT ?4";

/// A page of sitemaps, by the first of what it has.
pub struct SitemapPage {
    pub start: String,
    pub changed: Timestamp,
}

/// An active product.
pub struct SitemapProduct {
    pub id: String,
    pub handle: String,
    /// By the locales of its translations.
    pub said: Vec<(String, String)>,
    pub updated_at: Timestamp,
    /// Whether it is shown at this moment.
    pub shown: bool,
}

/// A category.
pub struct SitemapCategory {
    pub id: String,
    pub way: Vec<Step>,
    /// The locales that something is said in.
    pub said: Vec<String>,
    pub updated_at: Timestamp,
}

/// A collection.
pub struct SitemapCollection {
    pub id: String,
    pub handle: String,
    /// By the locales that something is said in, its handles there, where it has one of its own.
    pub said: Vec<(String, Option<String>)>,
    pub updated_at: Timestamp,
}

/// The statements whose rows [`sitemap_pages_of`] takes: pages of so many products, categories and collections.
pub fn sitemap_pages(
    tenant: Tenant,
    channel: Option<ChannelId>,
    [products, categories, collections]: [i64; 3],
) -> [Statement; 3] {
    let of_products = match channel {
        None => tenant.statement(PAGES).bind(products),
        Some(channel) => tenant.statement(PAGES_OF_CHANNEL).bind(products).bind(channel.to_string()),
    };
    let of_categories = tenant.statement(PAGES_OF_CATEGORIES).bind(categories);
    [of_products, of_categories, tenant.statement(PAGES_OF_COLLECTIONS).bind(collections)]
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn sitemap_pages_of(rows: &Rows) -> Result<Vec<SitemapPage>, SqlError> {
    let of = |row: crate::port::sql::Row<'_>| {
        let changed = Timestamp::from_millis(row.get("changed")?);
        Ok(SitemapPage { start: row.get::<&str>("start")?.to_owned(), changed })
    };
    rows.iter().map(of).collect()
}

/// The statement whose rows [`sitemap_products_of`] takes: at most `limit` active products from this one on, which
/// need not be there.
pub fn sitemap_products(
    tenant: Tenant,
    channel: Option<ChannelId>,
    from: ProductId,
    limit: i64,
    now: Timestamp,
) -> Statement {
    let sql = if channel.is_some() { PRODUCTS_OF_CHANNEL } else { PRODUCTS };
    let mut products = tenant.statement(sql).bind(from.to_string()).bind(limit).bind(now.millis());
    products.args.extend(channel.map(|channel| channel.to_string().into()));
    products
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn sitemap_products_of(rows: &Rows) -> Result<Vec<SitemapProduct>, SqlError> {
    let of = |row: crate::port::sql::Row<'_>| {
        Ok(SitemapProduct {
            id: row.get::<&str>("id")?.to_owned(),
            handle: row.get::<&str>("handle")?.to_owned(),
            said: said_of(row.get("said")?)?,
            updated_at: Timestamp::from_millis(row.get("updated_at")?),
            shown: row.get("shown")?,
        })
    };
    rows.iter().map(of).collect()
}

/// The statement whose rows [`sitemap_categories_of`] takes: at most `limit` from this one on, which need not be there.
pub fn sitemap_categories(tenant: Tenant, from: CategoryId, limit: i64) -> Statement {
    with_way(tenant.statement(CATEGORIES).bind(from.to_string()).bind(limit))
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn sitemap_categories_of(rows: &Rows) -> Result<Vec<SitemapCategory>, SqlError> {
    let of = |row: crate::port::sql::Row<'_>| {
        Ok(SitemapCategory {
            id: row.get::<&str>("id")?.to_owned(),
            way: way_of(row)?,
            said: listed(row.get("said")?)?,
            updated_at: Timestamp::from_millis(row.get("updated_at")?),
        })
    };
    rows.iter().map(of).collect()
}

/// The statement whose rows [`sitemap_collections_of`] takes: likewise.
pub fn sitemap_collections(tenant: Tenant, from: CollectionId, limit: i64) -> Statement {
    tenant.statement(COLLECTIONS).bind(from.to_string()).bind(limit)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn sitemap_collections_of(rows: &Rows) -> Result<Vec<SitemapCollection>, SqlError> {
    let of = |row: crate::port::sql::Row<'_>| {
        Ok(SitemapCollection {
            id: row.get::<&str>("id")?.to_owned(),
            handle: row.get::<&str>("handle")?.to_owned(),
            said: listed(row.get("said")?)?,
            updated_at: Timestamp::from_millis(row.get("updated_at")?),
        })
    };
    rows.iter().map(of).collect()
}

/// Handles by locales, as the database puts them together.
///
/// # Errors
/// [`SqlError::Statement`] when it is something else.
pub fn said_of(json: &str) -> Result<Vec<(String, String)>, SqlError> {
    listed(json)
}

fn listed<T: DeserializeOwned>(json: &str) -> Result<Vec<T>, SqlError> {
    serde_json::from_str(json).map_err(|error| SqlError::Statement(format!("handles by locale: {error}")))
}
