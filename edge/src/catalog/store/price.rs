//! Prices in further currencies than the store's own, and how prices were: `variant_price`, `product_price_range`,
//! `price_change`.

use std::collections::BTreeMap;

use headlesspro_shared::catalog::WINDOW_MILLIS;
use headlesspro_shared::catalog::source::{PriceChange, Quote};
use headlesspro_shared::kernel::id::VariantId;
use headlesspro_shared::kernel::locale::Locale;
use headlesspro_shared::kernel::money::{Currency, Money};
use headlesspro_shared::kernel::time::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::bulk::{Chunk, VariantRow};
use crate::app::Tenant;
use crate::port::sql::{Commit, Row, Rows, SqlError, Statement};

const CURRENCIES: &str = "-- catalog::currencies
SELECT s.currency, s.currencies FROM store s WHERE s.organization_id = ?1 AND s.id = ?2";

const PRICES_IN: &str = "-- catalog::prices_in
SELECT x.variant_id, x.price_minor, x.compare_at_minor, x.lowest_minor
FROM product p
CROSS JOIN variant v ON v.product_id = p.id AND v.organization_id = ?1
CROSS JOIN variant_price x ON x.variant_id = v.id AND x.currency = ?4 AND x.organization_id = ?1
WHERE p.organization_id = ?1 AND +p.store_id = ?2 AND p.id = coalesce(
    (SELECT h.product_id FROM product_translation h WHERE h.organization_id = ?1 AND h.store_id = ?2 AND h.handle = ?3
      AND h.locale IN (SELECT value FROM json_each(?5)) LIMIT 1),
    (SELECT d.id FROM product d WHERE d.organization_id = ?1 AND d.store_id = ?2 AND (d.id = ?3 OR d.handle = ?3)))";

/// What was in force as the window began, and of each day since the lowest: no window holds more. One row of each, for
/// a row of each day would be more than an answer holds.
const PRICES_BEFORE: &str = "-- catalog::prices_before
SELECT w.value ->> 'variant' AS variant, w.value ->> 'currency' AS currency, (
  SELECT json_group_array(json_array(h.at, h.price)) FROM (
    SELECT c.at, c.price_minor AS price FROM price_change c
    WHERE c.organization_id = ?1 AND c.variant_id = w.value ->> 'variant' AND c.currency = w.value ->> 'currency'
      AND c.at = (SELECT max(e.at) FROM price_change e WHERE e.organization_id = ?1
        AND e.variant_id = w.value ->> 'variant' AND e.currency = w.value ->> 'currency' AND e.at <= ?3)
    UNION ALL
    SELECT max(c.at), min(c.price_minor) FROM price_change c
    WHERE c.organization_id = ?1 AND c.variant_id = w.value ->> 'variant' AND c.currency = w.value ->> 'currency'
      AND c.at > ?3
    GROUP BY c.at / 86400000) h) AS history
FROM json_each(?2) w";

const PRICE_HISTORY: &str = "-- catalog::price_history
SELECT c.at, c.price_minor, c.compare_at_minor FROM price_change c
WHERE c.organization_id = ?1 AND c.variant_id = ?3 AND c.at < ?5
  AND c.currency = coalesce(?4, (SELECT s.currency FROM store s WHERE s.organization_id = ?1 AND s.id = ?2))
ORDER BY c.at DESC LIMIT ?6";

/// What was until now, where it is the first change.
const BEGIN_HISTORY: &str = "-- catalog::begin_price_history
INSERT INTO price_change (organization_id, variant_id, currency, at, price_minor, compare_at_minor)
SELECT ?1, r.value ->> 'variant', r.value ->> 'currency', 0, r.value ->> 'was', r.value ->> 'wasCompareAt'
FROM json_each(?2) r
WHERE r.value ->> 'was' IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM price_change c WHERE c.organization_id = ?1 AND c.variant_id = r.value ->> 'variant'
    AND c.currency = r.value ->> 'currency')";

/// After all that is there, whatever the clock says.
const CONTINUE_HISTORY: &str = "-- catalog::continue_price_history
INSERT INTO price_change (organization_id, variant_id, currency, at, price_minor, compare_at_minor)
SELECT ?1, r.value ->> 'variant', r.value ->> 'currency', max(?3, coalesce((
    SELECT max(c.at) + 1 FROM price_change c WHERE c.organization_id = ?1 AND c.variant_id = r.value ->> 'variant'
      AND c.currency = r.value ->> 'currency'), 0)), r.value ->> 'price', r.value ->> 'compareAt'
FROM json_each(?2) r";

const DELETE_PRICES: &str = "-- catalog::delete_prices
DELETE FROM variant_price WHERE organization_id = ?1 AND variant_id IN (SELECT value FROM json_each(?2))";

const INSERT_PRICES: &str = "-- catalog::insert_prices
INSERT INTO variant_price (organization_id, variant_id, currency, price_minor, compare_at_minor, lowest_minor)
SELECT ?1, r.value ->> 'variant', r.value ->> 'currency', r.value ->> 'price', r.value ->> 'compareAt',
  r.value ->> 'lowest'
FROM json_each(?2) r";

const DELETE_RANGES: &str = "-- catalog::delete_price_ranges
DELETE FROM product_price_range
WHERE organization_id = ?1 AND +store_id = ?2 AND product_id IN (SELECT value FROM json_each(?3))";

/// Of the rows that the same commit has written.
const INSERT_RANGES: &str = "-- catalog::insert_price_ranges
INSERT INTO product_price_range (organization_id, store_id, product_id, currency, active, price_min, price_max, publish_at,
  unpublish_at)
SELECT ?1, ?2, p.id, x.currency, p.status = 'active', min(x.price_minor), max(x.price_minor), p.publish_at,
  p.unpublish_at
FROM json_each(?3) w
CROSS JOIN product p ON p.id = w.value AND p.organization_id = ?1 AND +p.store_id = ?2
CROSS JOIN variant v ON v.product_id = p.id AND v.organization_id = ?1
CROSS JOIN variant_price x ON x.variant_id = v.id AND x.organization_id = ?1
GROUP BY p.id, x.currency";

/// A variant's price in a further currency, in minor units.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PriceRow {
    pub variant: String,
    pub currency: Currency,
    pub price: i64,
    pub compare_at: Option<i64>,
    pub lowest: Option<i64>,
}

impl PriceRow {
    pub fn of(variant: &str, quote: &Quote) -> PriceRow {
        PriceRow {
            variant: variant.to_owned(),
            currency: quote.currency(),
            price: quote.price.minor(),
            compare_at: quote.compare_at_price.map(Money::minor),
            lowest: quote.lowest_price.map(Money::minor),
        }
    }
}

/// A price that is another now, in minor units of any of the store's currencies.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PriceChangeRow {
    pub variant: String,
    pub currency: Currency,
    pub was: Option<i64>,
    pub was_compare_at: Option<i64>,
    pub price: Option<i64>,
    pub compare_at: Option<i64>,
}

impl PriceChangeRow {
    pub fn of(variant: &str, change: &PriceChange) -> PriceChangeRow {
        let parts = |quote: Option<Quote>| {
            let compare_at = quote.and_then(|quote| quote.compare_at_price);
            (quote.map(|quote| quote.price.minor()), compare_at.map(Money::minor))
        };
        let ((was, was_compare_at), (price, compare_at)) = (parts(change.before), parts(change.now));
        PriceChangeRow {
            variant: variant.to_owned(),
            currency: change.currency,
            was,
            was_compare_at,
            price,
            compare_at,
        }
    }
}

/// The statement whose row [`currencies_of`] takes.
pub fn currencies(tenant: Tenant) -> Statement {
    tenant.statement(CURRENCIES)
}

/// The store's own currency, and the others.
///
/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn currencies_of(rows: Option<&Rows>) -> Result<(Currency, Vec<Currency>), SqlError> {
    let row = rows.and_then(Rows::first).ok_or_else(|| SqlError::Garbage("the store is missing".to_owned()))?;
    let others = serde_json::from_str(row.get("currencies")?);
    Ok((row.parse("currency")?, others.map_err(|error| SqlError::Statement(error.to_string()))?))
}

/// What the variants of a product, of this id or handle, perhaps one of these locales, cost in a further currency: the
/// rows of [`prices_of`].
pub fn prices_in(tenant: Tenant, key: &str, chain: &[Locale], currency: Currency) -> Statement {
    tenant.statement(PRICES_IN).bind(key).bind(currency.code()).bind(json!(chain).to_string())
}

/// By the variants' ids.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn prices_of(rows: Option<&Rows>, currency: Currency) -> Result<BTreeMap<String, Quote>, SqlError> {
    let money = |minor: i64| Money::new(minor, currency);
    let mut quotes = BTreeMap::new();
    for row in rows.iter().flat_map(|rows| rows.iter()) {
        let quote = Quote {
            price: money(row.get("price_minor")?),
            compare_at_price: row.get::<Option<i64>>("compare_at_minor")?.map(money),
            lowest_price: row.get::<Option<i64>>("lowest_minor")?.map(money),
        };
        quotes.insert(row.get::<&str>("variant_id")?.to_owned(), quote);
    }
    Ok(quotes)
}

/// From which moment on a price was applied, in minor units.
pub type History = Vec<(Timestamp, Option<i64>)>;

/// The histories of the last 30 days: the rows of [`prices_before_of`].
pub fn prices_before(tenant: Tenant, of: &[(VariantId, Currency)], now: Timestamp) -> Statement {
    let wanted: Vec<Value> = of.iter().map(|(id, currency)| json!({ "variant": id, "currency": currency })).collect();
    Statement::new(PRICES_BEFORE)
        .bind(tenant.organization.to_string())
        .bind(json!(wanted).to_string())
        .bind(now.millis().saturating_sub(WINDOW_MILLIS))
}

/// None of a price that never changed.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn prices_before_of(rows: Option<&Rows>) -> Result<BTreeMap<(VariantId, Currency), History>, SqlError> {
    let mut histories: BTreeMap<_, History> = BTreeMap::new();
    for row in rows.iter().flat_map(|rows| rows.iter()) {
        let days: Vec<(i64, Option<i64>)> =
            serde_json::from_str(row.get("history")?).map_err(|error| SqlError::Statement(error.to_string()))?;
        if !days.is_empty() {
            let history = days.into_iter().map(|(at, price)| (Timestamp::from_millis(at), price)).collect();
            histories.insert((row.parse("variant")?, row.parse("currency")?), history);
        }
    }
    Ok(histories)
}

/// Some of a variant's history, the newest first.
pub struct HistoryPage {
    pub variant: VariantId,
    /// The store's own where it is none.
    pub currency: Option<Currency>,
    /// In milliseconds.
    pub before: Option<i64>,
    pub limit: i64,
}

/// The statement whose rows [`history_of`] takes: one more than the page has tells whether there is another.
pub fn history(tenant: Tenant, page: &HistoryPage) -> Statement {
    tenant
        .statement(PRICE_HISTORY)
        .bind(page.variant.to_string())
        .bind(page.currency.map(Currency::code))
        .bind(page.before.unwrap_or(i64::MAX))
        .bind(page.limit.saturating_add(1))
}

/// What a variant cost from a moment on, in milliseconds and minor units.
pub struct Applied {
    /// 0: since there is the variant.
    pub at: i64,
    pub price: Option<i64>,
    pub compare_at: Option<i64>,
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn history_of(rows: Option<&Rows>) -> Result<Vec<Applied>, SqlError> {
    let of = |row: Row<'_>| {
        let (price, compare_at) = (row.get("price_minor")?, row.get("compare_at_minor")?);
        Ok(Applied { at: row.get("at")?, price, compare_at })
    };
    rows.iter().flat_map(|rows| rows.iter()).map(of).collect()
}

/// Adds what a chunk, written before, says of prices; nothing where it has one currency and changes none of them.
pub(super) fn write_prices(commit: &mut Commit, tenant: Tenant, chunk: &Chunk, now: Timestamp) {
    let organization = tenant.organization.to_string();
    let of_organization = |sql: &'static str, rows: String| Statement::new(sql).bind(organization.as_str()).bind(rows);
    let changes: Vec<&PriceChangeRow> = chunk.variants.iter().flat_map(|variant| &variant.price_changes).collect();
    if !changes.is_empty() {
        let changes = json!(changes).to_string();
        commit.push(of_organization(BEGIN_HISTORY, changes.clone()));
        commit.push(of_organization(CONTINUE_HISTORY, changes).bind(now.millis()));
    }
    let is_further = |change: &PriceChangeRow, own: &str| change.currency.code() != own;
    let priced: Vec<&str> = chunk
        .variants
        .iter()
        .filter(|row| {
            !row.prices.is_empty() || row.price_changes.iter().any(|change| is_further(change, &row.currency))
        })
        .map(|row| row.id.as_str())
        .collect();
    if !priced.is_empty() {
        commit.push(of_organization(DELETE_PRICES, json!(priced).to_string()));
        let rows: Vec<&PriceRow> = chunk.variants.iter().flat_map(|variant| &variant.prices).collect();
        if !rows.is_empty() {
            commit.push(of_organization(INSERT_PRICES, json!(rows).to_string()));
        }
    }
    if !priced.is_empty() || !chunk.removed_variants.is_empty() {
        let products: Vec<&str> = chunk.products.iter().map(|product| product.id.as_str()).collect();
        let products = json!(products).to_string();
        commit.push(tenant.statement(DELETE_RANGES).bind(products.as_str()));
        commit.push(tenant.statement(INSERT_RANGES).bind(products));
    }
}

/// The prices that a write changed, the first hundred of them: the history has all, at the moment of the write.
pub fn told_prices(variants: &[VariantRow]) -> Option<Value> {
    const MOST: usize = 100;
    let changes: Vec<&PriceChangeRow> = variants.iter().flat_map(|variant| &variant.price_changes).collect();
    let one = |change: &&PriceChangeRow| {
        let money = |minor: Option<i64>| minor.map(|minor| Money::new(minor, change.currency).to_string());
        json!({ "variantId": change.variant, "before": money(change.was), "after": money(change.price) })
    };
    let first: Vec<Value> = changes.iter().take(MOST).map(one).collect();
    (!changes.is_empty()).then(|| json!({ "count": changes.len(), "first": first }))
}
