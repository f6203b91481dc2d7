//! Reads: one statement each, on an index.

use std::collections::BTreeMap;

use headlesspro_shared::catalog::Offer;
use headlesspro_shared::checkout::PlacedLine;
use headlesspro_shared::kernel::id::{ProductId, VariantId};
use headlesspro_shared::kernel::money::{Currency, Money};
use serde_json::json;

use crate::app::Tenant;
use crate::port::sql::{Row, Rows, SqlError, Statement, Value};

const BY_HANDLE: &str = "-- catalog::product_by_handle
SELECT -1 AS position, p.id, p.document, p.sellable_variants AS sellable, NULL AS available
FROM product p
WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.handle = ?3 AND p.status = 'active'
UNION ALL
SELECT v.position, v.id, v.document, v.sellable, v.available
FROM product p JOIN variant v ON v.product_id = p.id AND v.organization_id = p.organization_id
WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.handle = ?3 AND p.status = 'active'
ORDER BY position";

const BY_ID: &str = "-- catalog::product_by_id
SELECT -1 AS position, p.id, p.document, p.sellable_variants AS sellable, NULL AS available
FROM product p
WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.id = ?3 AND p.status = 'active'
UNION ALL
SELECT v.position, v.id, v.document, v.sellable, v.available
FROM product p JOIN variant v ON v.product_id = p.id AND v.organization_id = p.organization_id
WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.id = ?3 AND p.status = 'active'
ORDER BY position";

const LIST: &str = "-- catalog::list
SELECT p.id, p.card, p.sellable_variants AS sellable, p.created_at, p.title_key, p.price_min
FROM product p
WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.status = 'active'";

// In the conditions below `?_` stands for the next argument.

const HAS_TAG: &str = " AND EXISTS (SELECT 1 FROM product_facet f
  WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.kind = 'tag' AND f.value = ?_ AND f.product_id = p.id)";

/// The category by id or by path; a product stands in all ancestors of its own.
const IN_CATEGORY: &str = " AND EXISTS (SELECT 1 FROM product_facet f
  WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.kind = 'category' AND f.product_id = p.id
    AND f.value = (SELECT c.id FROM category c
      WHERE c.organization_id = ?1 AND c.store_id = ?2 AND (c.id = ?_ OR c.path = ?_)))";

/// Ten-thousandths of the major unit, rounded up to the store's minor units.
const PRICE_FROM: &str = " AND p.price_max >= (SELECT (?_ + s.minor_unit_scale - 1) / s.minor_unit_scale
  FROM store s WHERE s.organization_id = ?1 AND s.id = ?2)";

const PRICE_TO: &str = " AND p.price_min <= (SELECT ?_ / s.minor_unit_scale
  FROM store s WHERE s.organization_id = ?1 AND s.id = ?2)";

/// The same in a list of another order. The `+` keeps it off the price index: the list must be read in its
/// order and end at the page, not sort everything below the price first.
const PRICE_TO_IN_ANOTHER_ORDER: &str = " AND +p.price_min <= (SELECT ?_ / s.minor_unit_scale
  FROM store s WHERE s.organization_id = ?1 AND s.id = ?2)";

const CATEGORIES: &str = "-- catalog::categories
SELECT c.id, c.parent_id, c.path, c.handle, c.name
FROM category c
WHERE c.organization_id = ?1 AND c.store_id = ?2 AND ?3 < c.path
ORDER BY c.path LIMIT ?4";

const OFFERS: &str = "-- catalog::offers
SELECT v.id, v.product_id, p.handle, v.sku, p.title, v.title AS variant_title,
  coalesce(v.document ->> '$.imageUrl', p.card ->> '$.image.url') AS image_url,
  v.price_minor, v.currency, p.status = 'active' AS published, v.available, v.sellable, v.continue_selling
FROM json_each(?3) wanted
CROSS JOIN variant v ON v.id = wanted.value AND v.organization_id = ?1 AND +v.store_id = ?2
CROSS JOIN product p ON p.id = v.product_id AND p.organization_id = ?1";

const GUARD_PRICES: &str = "-- catalog::guard_prices
INSERT INTO violation (what)
SELECT 'a price changed, or a variant is no longer for sale'
FROM json_each(?3) line
LEFT JOIN variant v ON v.id = line.value ->> 'variant' AND v.organization_id = ?1 AND v.store_id = ?2
LEFT JOIN product p ON p.id = v.product_id AND p.organization_id = ?1 AND p.status = 'active'
WHERE p.id IS NULL OR v.currency <> line.value ->> 'currency' OR v.price_minor IS NOT line.value ->> 'price'";

/// How a list is ordered. The id breaks ties, in the same direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    pub key: SortKey,
    pub descending: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortKey {
    Created,
    Title,
    Price,
}

impl SortKey {
    const fn column(self) -> &'static str {
        match self {
            SortKey::Created => "created_at",
            SortKey::Title => "title_key",
            SortKey::Price => "price_min",
        }
    }

    /// The value a cursor holds of `row`.
    ///
    /// # Errors
    /// [`SqlError::Statement`] when the row is of another shape.
    pub fn value_of(self, row: Row<'_>) -> Result<Value, SqlError> {
        row.get::<&Value>(self.column()).cloned()
    }
}

/// What a list is narrowed by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListFilter {
    /// An id or a path.
    pub category: Option<String>,
    pub vendor: Option<String>,
    /// Lower case.
    pub tag: Option<String>,
    /// In ten-thousandths of the store's currency.
    pub price_from: Option<i64>,
    pub price_to: Option<i64>,
    pub in_stock: Option<bool>,
}

pub fn product(tenant: Tenant, key: Result<ProductId, &str>) -> Statement {
    let (sql, key) = match key {
        Ok(id) => (BY_ID, id.to_string()),
        Err(handle) => (BY_HANDLE, handle.to_owned()),
    };
    tenant.statement(sql).bind(key)
}

/// One page: at most `limit` products after `after` (the sort key's value and the id of the last one).
pub fn list(
    tenant: Tenant,
    filter: &ListFilter,
    sort: Sort,
    after: Option<&(Value, ProductId)>,
    limit: i64,
) -> Statement {
    let mut sql = LIST.to_owned();
    let mut args: Vec<Value> = vec![tenant.organization.to_string().into(), tenant.store.to_string().into()];
    let mut narrow = |condition: &str, values: Vec<Value>| {
        let mut condition = condition.to_owned();
        for value in values {
            args.push(value);
            condition = condition.replacen("?_", &format!("?{}", args.len()), 1);
        }
        sql.push_str(&condition);
    };
    if let Some(category) = &filter.category {
        narrow(IN_CATEGORY, vec![category.as_str().into(), category.as_str().into()]);
    }
    if let Some(vendor) = &filter.vendor {
        narrow(" AND p.vendor = ?_", vec![vendor.as_str().into()]);
    }
    if let Some(tag) = &filter.tag {
        narrow(HAS_TAG, vec![tag.as_str().into()]);
    }
    if let Some(price) = filter.price_from {
        narrow(PRICE_FROM, vec![price.into()]);
    }
    if let Some(price) = filter.price_to {
        let is_in_order = sort.key == SortKey::Price;
        narrow(if is_in_order { PRICE_TO } else { PRICE_TO_IN_ANOTHER_ORDER }, vec![price.into()]);
    }
    match filter.in_stock {
        Some(true) => narrow(" AND 0 < p.sellable_variants", Vec::new()),
        Some(false) => narrow(" AND p.sellable_variants = 0", Vec::new()),
        None => {}
    }
    let column = sort.key.column();
    if sort.key == SortKey::Price {
        narrow(" AND p.price_min IS NOT NULL", Vec::new());
    }
    if let Some((value, id)) = after {
        let than = if sort.descending { "<" } else { ">" };
        narrow(&format!(" AND (p.{column}, p.id) {than} (?_, ?_)"), vec![value.clone(), id.to_string().into()]);
    }
    let direction = if sort.descending { "DESC" } else { "ASC" };
    narrow(&format!("\nORDER BY p.{column} {direction}, p.id {direction} LIMIT ?_"), vec![limit.into()]);
    Statement { sql: sql.into(), args }
}

/// Categories in the order of their paths, after the path `after`.
pub fn categories(tenant: Tenant, after: &str, limit: i64) -> Statement {
    tenant.statement(CATEGORIES).bind(after).bind(limit)
}

/// What `variants` are offered at now. Variants that are not this store's are left out.
pub fn offers(tenant: Tenant, variants: impl IntoIterator<Item = VariantId>) -> Statement {
    let ids: Vec<String> = variants.into_iter().map(|id| id.to_string()).collect();
    tenant.statement(OFFERS).bind(json!(ids).to_string())
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn offers_of(rows: &Rows) -> Result<BTreeMap<VariantId, Offer>, SqlError> {
    rows.iter().map(|row| offer_of(row).map(|offer| (offer.variant, offer))).collect()
}

/// Refuses the commit unless each line's variant is for sale at the line's price.
pub fn guard_prices(tenant: Tenant, lines: &[PlacedLine]) -> Statement {
    let lines: Vec<_> = lines
        .iter()
        .map(|line| {
            let currency = line.unit_price.currency().to_string();
            json!({ "variant": line.variant.to_string(), "price": line.unit_price.minor(), "currency": currency })
        })
        .collect();
    tenant.statement(GUARD_PRICES).bind(json!(lines).to_string())
}

fn offer_of(row: Row<'_>) -> Result<Offer, SqlError> {
    let currency: Currency = row.parse("currency")?;
    let text = |column| row.get::<&str>(column).map(str::to_owned);
    Ok(Offer {
        variant: row.parse("id")?,
        product: row.parse("product_id")?,
        product_handle: text("handle")?,
        sku: text("sku")?,
        title: text("title")?,
        variant_title: text("variant_title")?,
        image_url: row.get::<Option<&str>>("image_url")?.map(str::to_owned),
        price: row.get::<Option<i64>>("price_minor")?.map(|minor| Money::new(minor, currency)),
        published: row.get("published")?,
        available: row.get("available")?,
        sellable: row.get("sellable")?,
        continue_selling: row.get("continue_selling")?,
    })
}
