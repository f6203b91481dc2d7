//! What sitemaps are made of, in the order of the products' ids: new products come to the end, and pages stay as they
//! are.

use headlesspro_shared::kernel::id::{ChannelId, ProductId};
use headlesspro_shared::kernel::time::Timestamp;

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

/// A page of sitemaps, by its first product.
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

/// The statement whose rows [`sitemap_pages_of`] takes: pages of so many products.
pub fn sitemap_pages(tenant: Tenant, channel: Option<ChannelId>, products: i64) -> Statement {
    match channel {
        None => tenant.statement(PAGES).bind(products),
        Some(channel) => tenant.statement(PAGES_OF_CHANNEL).bind(products).bind(channel.to_string()),
    }
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

/// Handles by locales, as the database puts them together.
///
/// # Errors
/// [`SqlError::Statement`] when it is something else.
pub fn said_of(json: &str) -> Result<Vec<(String, String)>, SqlError> {
    serde_json::from_str(json).map_err(|error| SqlError::Statement(format!("handles by locale: {error}")))
}
