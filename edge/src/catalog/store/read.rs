//! Reads: one statement each, on an index.

use std::collections::BTreeMap;

use headlesspro_shared::catalog::Offer;
use headlesspro_shared::kernel::id::{ChannelId, ProductId, VariantId};
use headlesspro_shared::kernel::money::{Currency, Money};
use headlesspro_shared::kernel::tax_class::TaxClass;
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::json;

use super::channel::in_channel;
use crate::app::Tenant;
use crate::port::sql::{Row, Rows, SqlError, Statement};

/// The `position` of a product that had the handle which is asked for.
pub const FORMER: i64 = -2;

const BY_HANDLE: &str = "-- catalog::product_by_handle
SELECT -1 AS position, p.id, p.document, p.sellable_variants AS sellable, NULL AS available, p.handle AS name,
  NULL AS price_minor, '' AS currency, p.category_id,
  (SELECT json_object('id', c.id, 'name', c.name, 'path', c.path) FROM category c
    WHERE c.organization_id = ?1 AND c.id = p.category_id) AS category,
  (SELECT json_group_array(json_array(t.locale, t.shown_handle)) FROM product_translation t
    WHERE t.organization_id = ?1 AND t.product_id = p.id) AS said
FROM product p
WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.handle = ?3 AND p.status = 'active'
  AND coalesce(p.publish_at <= ?4, 1) AND coalesce(p.unpublish_at > ?4, 1)
UNION ALL
SELECT v.position, v.id, v.document, v.sellable, v.available, v.sku, v.price_minor, v.currency, NULL, NULL,
  NULL
FROM product p JOIN variant v ON v.product_id = p.id AND v.organization_id = p.organization_id
WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.handle = ?3 AND p.status = 'active'
  AND coalesce(p.publish_at <= ?4, 1) AND coalesce(p.unpublish_at > ?4, 1)
UNION ALL
SELECT -2, p.id, '', 0, NULL, p.handle, NULL, '', NULL, NULL, NULL
FROM product_former_handle f JOIN product p ON p.id = f.product_id AND p.organization_id = f.organization_id
WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.handle = ?3 AND p.status = 'active'
  AND coalesce(p.publish_at <= ?4, 1) AND coalesce(p.unpublish_at > ?4, 1)
ORDER BY position";

pub(super) const BY_ID: &str = "-- catalog::product_by_id
SELECT -1 AS position, p.id, p.document, p.sellable_variants AS sellable, NULL AS available, p.handle AS name,
  NULL AS price_minor, '' AS currency, p.category_id,
  (SELECT json_object('id', c.id, 'name', c.name, 'path', c.path) FROM category c
    WHERE c.organization_id = ?1 AND c.id = p.category_id) AS category,
  (SELECT json_group_array(json_array(t.locale, t.shown_handle)) FROM product_translation t
    WHERE t.organization_id = ?1 AND t.product_id = p.id) AS said
FROM product p
WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.id = ?3 AND p.status = 'active'
  AND coalesce(p.publish_at <= ?4, 1) AND coalesce(p.unpublish_at > ?4, 1)
UNION ALL
SELECT v.position, v.id, v.document, v.sellable, v.available, v.sku, v.price_minor, v.currency, NULL, NULL,
  NULL
FROM product p JOIN variant v ON v.product_id = p.id AND v.organization_id = p.organization_id
WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.id = ?3 AND p.status = 'active'
  AND coalesce(p.publish_at <= ?4, 1) AND coalesce(p.unpublish_at > ?4, 1)
ORDER BY position";

/// In the store's own currency, or in a further one.
const OFFERS: &str = "-- catalog::offers
SELECT v.id, v.product_id, p.handle, v.sku, p.title, v.title AS variant_title,
  coalesce(v.document ->> '$.imageUrl', p.card ->> '$.image.url') AS image_url,
  coalesce(?5, v.currency) AS currency, iif(v.currency = coalesce(?5, v.currency), v.price_minor, (
    SELECT x.price_minor FROM store s CROSS JOIN json_each(s.currencies) c
    CROSS JOIN variant_price x ON x.variant_id = v.id AND x.currency = c.value AND x.organization_id = ?1
    WHERE s.organization_id = ?1 AND s.id = ?2 AND c.value = ?5)) AS price_minor,
  v.available, v.sellable, v.continue_selling,
  p.status = 'active' AND coalesce(p.publish_at <= ?4, 1) AND coalesce(p.unpublish_at > ?4, 1) AS published,
  iif(p.publish_at > ?4, p.publish_at, iif(p.unpublish_at > ?4, p.unpublish_at, NULL)) AS turns_at
FROM json_each(?3) wanted
CROSS JOIN variant v ON v.id = wanted.value AND v.organization_id = ?1 AND +v.store_id = ?2
CROSS JOIN product p ON p.id = v.product_id AND p.organization_id = ?1";

const GUARD_PRICES: &str = "-- catalog::guard_prices
INSERT INTO violation (what)
SELECT 'a price or a tax class changed, or a variant is no longer for sale'
FROM json_each(?3) line
LEFT JOIN variant v ON v.id = line.value ->> 'variant' AND v.organization_id = ?1 AND v.store_id = ?2
LEFT JOIN product p ON p.id = v.product_id AND p.organization_id = ?1 AND p.status = 'active'
  AND coalesce(p.publish_at <= ?4, 1) AND coalesce(p.unpublish_at > ?4, 1)
WHERE p.id IS NULL OR iif(v.currency = line.value ->> 'currency', v.price_minor, (
    SELECT x.price_minor FROM store s CROSS JOIN json_each(s.currencies) c
    CROSS JOIN variant_price x ON x.variant_id = v.id AND x.currency = c.value AND x.organization_id = ?1
    WHERE s.organization_id = ?1 AND s.id = ?2 AND c.value = line.value ->> 'currency'))
  IS NOT line.value ->> 'price'
  OR line.value ->> 'taxClass' <> v.tax_class OR line.value ->> 'taxable' <> v.taxable";

/// A product that is shown `now`.
pub fn product(tenant: Tenant, key: Result<ProductId, &str>, now: Timestamp) -> Statement {
    let (sql, key) = match key {
        Ok(id) => (BY_ID, id.to_string()),
        Err(handle) => (BY_HANDLE, handle.to_owned()),
    };
    tenant.statement(sql).bind(key).bind(now.millis())
}

/// What `variants` are offered at `now` in a channel, or wherever they are; in a currency or, without one, in the store's own. In one that is not the
/// store's they have no price. Variants that are not this store's are left out.
pub fn offers(
    tenant: Tenant,
    variants: impl IntoIterator<Item = VariantId>,
    currency: Option<Currency>,
    channel: Option<ChannelId>,
    now: Timestamp,
) -> Statement {
    let ids: Vec<String> = variants.into_iter().map(|id| id.to_string()).collect();
    let statement = tenant.statement(OFFERS).bind(json!(ids).to_string()).bind(now.millis());
    in_channel(statement.bind(currency.map(Currency::code)), channel)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn offers_of(rows: &Rows) -> Result<BTreeMap<VariantId, Offer>, SqlError> {
    rows.iter().map(|row| offer_of(row).map(|offer| (offer.variant, offer))).collect()
}

/// What the catalog says that a variant costs in a currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceIn {
    pub variant: VariantId,
    pub currency: Currency,
    /// None: it has none in that currency.
    pub price: Option<Money>,
    /// Its tax class, and whether it bears tax at all; none where that makes no difference.
    pub taxed: Option<(TaxClass, bool)>,
}

/// Refuses the commit unless each variant is for sale `now`, in the channel if there is one, and the catalog's prices and
/// tax classes are these.
pub fn guard_prices(tenant: Tenant, prices: &[PriceIn], channel: Option<ChannelId>, now: Timestamp) -> Statement {
    let price = |said: &PriceIn| {
        let taxed = said.taxed.as_ref();
        json!({
            "variant": said.variant.to_string(),
            "price": said.price.map(Money::minor),
            "currency": said.currency.code(),
            "taxClass": taxed.map(|(class, _)| class.to_string()),
            "taxable": taxed.map(|(_, taxable)| taxable),
        })
    };
    let prices: Vec<_> = prices.iter().map(price).collect();
    in_channel(tenant.statement(GUARD_PRICES).bind(json!(prices).to_string()).bind(now.millis()), channel)
}

/// Refuses the commit unless each variant is for sale `now`, in the channel if there is one, whatever it costs by now.
pub fn guard_for_sale(
    tenant: Tenant,
    variants: impl IntoIterator<Item = VariantId>,
    channel: Option<ChannelId>,
    now: Timestamp,
) -> Statement {
    // There is no price in no currency, and none is expected.
    let variants: Vec<_> = variants.into_iter().map(|variant| json!({ "variant": variant.to_string() })).collect();
    in_channel(tenant.statement(GUARD_PRICES).bind(json!(variants).to_string()).bind(now.millis()), channel)
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
        turns_at: row.get::<Option<i64>>("turns_at")?.map(Timestamp::from_millis),
        available: row.get("available")?,
        sellable: row.get("sellable")?,
        continue_selling: row.get("continue_selling")?,
    })
}
