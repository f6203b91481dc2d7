//! What rules have to know of the lines of a cart.

use headlesspro_shared::kernel::id::{CategoryId, ChannelId, CollectionId, ProductId, VariantId};
use headlesspro_shared::kernel::money::{Currency, Money};
use headlesspro_shared::kernel::tax_class::TaxClass;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::pricing::BasePrice;
use serde::Deserialize;
use serde_json::json;

use super::channel::in_channel;
use crate::app::Tenant;
use crate::port::sql::{Row, Rows, SqlError, Statement};

/// The facets of a product have its collections, and its categories with all those above them.
const LINE_FACTS: &str = "-- catalog::line_facts
SELECT v.id, v.product_id, v.currency, v.price_minor, v.tax_class, v.taxable, v.document ->> '$.compareAtPrice.amount' AS compare_at,
  (SELECT json_group_array(json_array(x.currency, x.price_minor, x.compare_at_minor))
    FROM store s CROSS JOIN json_each(s.currencies) c
    CROSS JOIN variant_price x ON x.variant_id = v.id AND x.currency = c.value AND x.organization_id = ?1
    WHERE s.organization_id = ?1 AND s.id = ?2) AS further,
  (SELECT json_group_array(f.value) FROM product_facet f
    WHERE f.organization_id = ?1 AND f.product_id = v.product_id AND +f.store_id = ?2 AND +f.kind = 'collection')
    AS collections,
  (SELECT json_group_array(f.value) FROM product_facet f
    WHERE f.organization_id = ?1 AND f.product_id = v.product_id AND +f.store_id = ?2 AND +f.kind = 'category')
    AS categories,
  p.status = 'active' AND coalesce(p.publish_at <= ?4, 1) AND coalesce(p.unpublish_at > ?4, 1) AS published
FROM json_each(?3) wanted
CROSS JOIN variant v ON v.id = wanted.value AND v.organization_id = ?1 AND +v.store_id = ?2
CROSS JOIN product p ON p.id = v.product_id AND p.organization_id = ?1";

/// A variant, as price lists, promotions and taxes ask about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFacts {
    pub variant: VariantId,
    pub product: ProductId,
    /// Whether it is shown in the channel that was asked for, at that moment.
    pub published: bool,
    /// One for each of the store's currencies that it has a price in, the store's own first.
    pub prices: Vec<BasePrice>,
    pub collections: Vec<CollectionId>,
    /// With all those above them.
    pub categories: Vec<CategoryId>,
    pub tax_class: TaxClass,
    /// Whether it bears tax at all.
    pub taxable: bool,
}

/// The statement whose rows [`line_facts_of`] takes. Variants that are not this store's are left out.
pub fn line_facts(
    tenant: Tenant,
    variants: impl IntoIterator<Item = VariantId>,
    channel: Option<ChannelId>,
    now: Timestamp,
) -> Statement {
    let ids: Vec<String> = variants.into_iter().map(|id| id.to_string()).collect();
    in_channel(tenant.statement(LINE_FACTS).bind(json!(ids).to_string()).bind(now.millis()), channel)
}

/// In the order in which the variants were named.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn line_facts_of(rows: &Rows) -> Result<Vec<LineFacts>, SqlError> {
    rows.iter().map(facts_of).collect()
}

fn facts_of(row: Row<'_>) -> Result<LineFacts, SqlError> {
    let own: Currency = row.parse("currency")?;
    let money = |minor: i64, currency| Money::new(minor, currency);
    let mut prices = Vec::new();
    if let Some(price) = row.get::<Option<i64>>("price_minor")? {
        let compare_at = row.get::<Option<&str>>("compare_at")?;
        let compare_at_price = compare_at.map(|amount| Money::parse_amount(amount, own)).transpose();
        let compare_at_price = compare_at_price.map_err(|error| SqlError::Statement(error.to_string()))?;
        prices.push(BasePrice { price: money(price, own), compare_at_price });
    }
    for (currency, price, compare_at) in list::<(Currency, i64, Option<i64>)>(row, "further")? {
        if currency != own {
            let compare_at_price = compare_at.map(|minor| money(minor, currency));
            prices.push(BasePrice { price: money(price, currency), compare_at_price });
        }
    }
    Ok(LineFacts {
        variant: row.parse("id")?,
        product: row.parse("product_id")?,
        published: row.get("published")?,
        prices,
        collections: list(row, "collections")?,
        categories: list(row, "categories")?,
        tax_class: row.parse("tax_class")?,
        taxable: row.get("taxable")?,
    })
}

fn list<T: for<'de> Deserialize<'de>>(row: Row<'_>, column: &str) -> Result<Vec<T>, SqlError> {
    let read = serde_json::from_str(row.get(column)?);
    read.map_err(|error| SqlError::Statement(format!("column {column}: {error}")))
}
