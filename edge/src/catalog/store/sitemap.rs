//! What sitemaps are made of, in the order of the products' ids: new products come to the end, and pages stay as they
//! are.

use headlesspro_shared::catalog::sitemap::MOST_URLS;
use headlesspro_shared::kernel::id::ProductId;
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
  coalesce(p.publish_at <= ?5, 1) AND coalesce(?5 < p.unpublish_at, 1) AS shown
FROM product p
WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.status = 'active' AND p.id >= ?3 ORDER BY p.id LIMIT ?4";

/// A page of sitemaps, by its first product.
pub struct SitemapPage {
    pub start: String,
    pub changed: Timestamp,
}

/// An active product.
pub struct SitemapProduct {
    pub id: String,
    pub handle: String,
    pub updated_at: Timestamp,
    /// Whether it is shown at this moment.
    pub shown: bool,
}

/// The statement whose rows [`sitemap_pages_of`] takes.
pub fn sitemap_pages(tenant: Tenant) -> Statement {
    tenant.statement(PAGES).bind(MOST_URLS)
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
pub fn sitemap_products(tenant: Tenant, from: ProductId, limit: i64, now: Timestamp) -> Statement {
    tenant.statement(PRODUCTS).bind(from.to_string()).bind(limit).bind(now.millis())
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn sitemap_products_of(rows: &Rows) -> Result<Vec<SitemapProduct>, SqlError> {
    let of = |row: crate::port::sql::Row<'_>| {
        Ok(SitemapProduct {
            id: row.get::<&str>("id")?.to_owned(),
            handle: row.get::<&str>("handle")?.to_owned(),
            updated_at: Timestamp::from_millis(row.get("updated_at")?),
            shown: row.get("shown")?,
        })
    };
    rows.iter().map(of).collect()
}
