//! What decides the prices of some variants in a currency, in a few statements of somebody else's read.

use std::collections::HashMap;

use headlesspro_shared::kernel::id::{AccountId, CustomerGroupId, PriceListId, VariantId};
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::pricing::{BookParts, PriceBook, PriceList, PriceRule};
use serde_json::json;

use super::{group, rate, rule};
use crate::app::Tenant;
use crate::extract::stored_in;
use crate::port::sql::{Rows, SqlError, Statement};

const STANDING: &str = "-- pricing::book_standing
SELECT s.currency, coalesce(x.endings, '[]') AS endings, coalesce(x.version, 0) AS version,
  s.currency = ?3 OR EXISTS (SELECT 1 FROM json_each(s.currencies) c WHERE c.value = ?3) AS is_sold_in
FROM store s LEFT JOIN price_setting x ON x.store_id = s.id AND x.organization_id = ?1
WHERE s.organization_id = ?1 AND s.id = ?2";

/// Of the lists that are active and not over the rules for the variants, for their products, and for everything; prices in
/// the currency, or in the store's own, which are converted. Before them the lists that have any, and those that they are
/// based on, and so on: without its base a list adjusts nothing.
const LISTS: &str = "-- pricing::book_lists
WITH RECURSIVE rule (list_id, target, currency, min_quantity, price_minor, change_ppm) AS MATERIALIZED (
  SELECT r.list_id, r.target, r.currency, r.min_quantity, r.price_minor, r.change_ppm
  FROM (SELECT 'all' AS target UNION SELECT w.value FROM json_each(?4) w
    UNION SELECT v.product_id FROM json_each(?4) x
      CROSS JOIN variant v ON v.id = x.value AND v.organization_id = ?1 AND +v.store_id = ?2) t
  CROSS JOIN price_list_rule r ON r.organization_id = ?1 AND r.store_id = ?2 AND r.target = t.target
    AND r.currency IN ('', ?5, (SELECT s.currency FROM store s WHERE s.organization_id = ?1 AND s.id = ?2))
  CROSS JOIN price_list l ON l.id = r.list_id AND l.organization_id = ?1
  WHERE l.active = 1 AND coalesce(l.ends_at > ?3, 1)),
wanted (id) AS (
  SELECT rule.list_id FROM rule
  UNION
  SELECT b.based_on FROM wanted
  CROSS JOIN price_list b ON b.id = wanted.id AND b.organization_id = ?1 AND b.based_on IS NOT NULL)
SELECT d.id AS list_id, d.document, NULL AS target, NULL AS currency, NULL AS min_quantity, NULL AS price_minor,
  NULL AS change_ppm
FROM wanted CROSS JOIN price_list d ON d.id = wanted.id AND d.organization_id = ?1
UNION ALL
SELECT rule.list_id, NULL, rule.target, rule.currency, rule.min_quantity, rule.price_minor, rule.change_ppm FROM rule";

/// Of each pair that can bring a price into the currency the last rate that is known, and the next; of none where it is
/// the store's own.
const RATES: &str = "-- pricing::book_rates
SELECT e.pair, e.rate, e.as_of, e.valid_until, e.source
FROM store s
CROSS JOIN exchange_pair p ON p.organization_id = ?1 AND p.store_id = s.id AND substr(p.pair, 5) IN (s.currency, ?4)
CROSS JOIN exchange_rate e ON e.store_id = p.store_id AND e.pair = p.pair AND e.organization_id = ?1 AND e.as_of IN (
  (SELECT max(x.as_of) FROM exchange_rate x
    WHERE x.organization_id = ?1 AND x.store_id = p.store_id AND x.pair = p.pair AND x.as_of <= ?3),
  (SELECT min(n.as_of) FROM exchange_rate n
    WHERE n.organization_id = ?1 AND n.store_id = p.store_id AND n.pair = p.pair AND n.as_of > ?3))
WHERE s.organization_id = ?1 AND s.id = ?2 AND s.currency <> ?4";

/// As many as [`book`] has.
pub const BOOK_STATEMENTS: usize = 4;

/// What decides prices, as it was read.
#[derive(Debug, Clone)]
pub struct Book {
    /// Of the lists those that say something of the variants, and what they are based on; good from the moment it was
    /// read for until it turns.
    pub prices: PriceBook,
    /// Those that the account is in.
    pub groups: Vec<CustomerGroupId>,
    /// How often what decides the store's prices was written, for [`super::setting::guard`].
    pub version: i64,
    /// Whether the currency is one of the store's.
    pub is_sold_in: bool,
}

/// The statements whose rows [`book_of`] takes: what decides the prices of `variants` in `currency` at `now`, for whoever
/// has this account. Variants that are not this store's have no rules of their own.
pub fn book(
    tenant: Tenant,
    variants: &[VariantId],
    currency: Currency,
    account: Option<AccountId>,
    now: Timestamp,
) -> Vec<Statement> {
    let (now, currency) = (now.millis(), currency.code());
    vec![
        tenant.statement(STANDING).bind(currency),
        tenant.statement(LISTS).bind(now).bind(json!(variants).to_string()).bind(currency),
        tenant.statement(RATES).bind(now).bind(currency),
        group::of_account(tenant, account),
    ]
}

/// # Errors
/// [`SqlError::Statement`] when rows are missing, of another shape, or no sound book.
pub fn book_of(rows: &[Rows]) -> Result<Book, SqlError> {
    let [standing, lists_and_rules, rates, groups] = rows else {
        return Err(SqlError::Statement(format!("{} answers for a price book", rows.len())));
    };
    let mut lists: Vec<PriceList> = Vec::new();
    let mut rules: HashMap<PriceListId, Vec<PriceRule>> = HashMap::new();
    for row in lists_and_rules.iter() {
        match row.get::<Option<&str>>("document")? {
            Some(_) => lists.push(stored_in(row, "document")?),
            None => rules.entry(row.parse("list_id")?).or_default().push(rule::rule_of(row)?),
        }
    }
    for list in &mut lists {
        list.rules = rules.remove(&list.id).unwrap_or_default();
    }
    let standing = standing.first().ok_or_else(|| SqlError::Statement("no store".to_owned()))?;
    let parts = BookParts {
        settlement: standing.parse("currency")?,
        endings: stored_in(standing, "endings")?,
        lists,
        rates: rate::rates_of(rates)?,
    };
    Ok(Book {
        prices: PriceBook::new(parts).map_err(|error| SqlError::Statement(format!("a price book: {error}")))?,
        groups: group::ids_of(groups)?,
        version: standing.get("version")?,
        is_sold_in: standing.get("is_sold_in")?,
    })
}
