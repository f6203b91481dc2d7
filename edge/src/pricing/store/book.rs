//! What decides the prices of some variants, in a few statements of somebody else's read.

use std::collections::HashMap;

use headlesspro_shared::kernel::id::{AccountId, CustomerGroupId, PriceListId, VariantId};
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::pricing::{BookParts, PriceBook, PriceList, PriceRule};
use serde_json::json;

use super::{group, json_of, rate, rule, setting};
use crate::app::Tenant;
use crate::port::sql::{Rows, SqlError, Statement};

/// Those that are active in their window, and those that any list is based on: without its base a list adjusts nothing.
const LISTS: &str = "-- pricing::book_lists
SELECT l.document FROM price_list l
WHERE l.organization_id = ?1 AND l.store_id = ?2 AND (
  l.active = 1 AND coalesce(l.starts_at <= ?3, 1) AND coalesce(l.ends_at > ?3, 1)
  OR EXISTS (SELECT 1 FROM price_list u WHERE u.organization_id = ?1 AND u.based_on = l.id))";

/// Of the lists that are active in their window, those for the variants, for their products, and for everything.
const RULES: &str = "-- pricing::book_rules
SELECT r.list_id, r.target, r.currency, r.min_quantity, r.price_minor, r.change_ppm
FROM (SELECT 'all' AS target UNION SELECT w.value FROM json_each(?4) w
  UNION SELECT v.product_id FROM json_each(?4) x
    CROSS JOIN variant v ON v.id = x.value AND v.organization_id = ?1 AND +v.store_id = ?2) t
CROSS JOIN price_list_rule r ON r.organization_id = ?1 AND r.store_id = ?2 AND r.target = t.target
CROSS JOIN price_list l ON l.id = r.list_id AND l.organization_id = ?1
WHERE l.active = 1 AND coalesce(l.starts_at <= ?3, 1) AND coalesce(l.ends_at > ?3, 1)";

/// As many as [`book`] has.
pub const BOOK_STATEMENTS: usize = 5;

/// The statements whose rows [`book_of`] takes: what decides the prices of `variants` at `now`, for whoever has this
/// account. Variants that are not this store's have no rules of their own.
pub fn book(tenant: Tenant, variants: &[VariantId], account: Option<AccountId>, now: Timestamp) -> Vec<Statement> {
    vec![
        setting::find(tenant),
        tenant.statement(LISTS).bind(now.millis()),
        tenant.statement(RULES).bind(now.millis()).bind(json!(variants).to_string()),
        rate::present(tenant, now, "", rate::MOST_PAIRS),
        group::of_account(tenant, account),
    ]
}

/// The price book of the rows of [`book`], good for the variants and the moment it was read for, and the account's
/// groups.
///
/// # Errors
/// [`SqlError::Statement`] when rows are missing, of another shape, or no sound book.
pub fn book_of(rows: &[Rows]) -> Result<(PriceBook, Vec<CustomerGroupId>), SqlError> {
    let [setting, lists, rules, rates, groups] = rows else {
        return Err(SqlError::Statement(format!("{} answers for a price book", rows.len())));
    };
    let mut by_list: HashMap<PriceListId, Vec<PriceRule>> = HashMap::new();
    for row in rules.iter() {
        by_list.entry(row.parse("list_id")?).or_default().push(rule::rule_of(row)?);
    }
    let setting = setting::setting_of(Some(setting))?;
    let with_rules = |list: PriceList| PriceList { rules: by_list.remove(&list.id).unwrap_or_default(), ..list };
    let lists: Vec<PriceList> = lists.iter().map(|row| json_of(row, "document")).collect::<Result<_, _>>()?;
    let parts = BookParts {
        settlement: setting.settlement,
        endings: setting.endings,
        lists: lists.into_iter().map(with_rules).collect(),
        rates: rate::rates_of(rates)?,
    };
    let book = PriceBook::new(parts).map_err(|error| SqlError::Statement(format!("a price book: {error}")))?;
    Ok((book, group::ids_of(groups)?))
}

/// How often what decides prices was written when the rows of [`book`] were read, for [`setting::guard`].
///
/// # Errors
/// [`SqlError::Statement`] when the rows are of another shape.
pub fn book_version_of(rows: &[Rows]) -> Result<i64, SqlError> {
    setting::setting_of(rows.first()).map(|setting| setting.version)
}
