//! The lists of products in another currency than the store's own. Where neither its order nor a filter asks for
//! prices, a list is the one of [`super::list`], with the prices looked up for what is on the page.
//!
//! Else it is led by `product_price_range`, which has the products that are sold in the currency in the order of their
//! lowest prices. So that a list does not read more when fewer products fit, each filter is asked first whether it
//! leaves [`FEW`] products at most: those of the first one that does are sorted. What remains is as there: filters that
//! each leave more, and hardly any product together.

use headlesspro_shared::catalog::ProductOrder;
use headlesspro_shared::kernel::id::ProductId;
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::time::Timestamp;

use super::list::{Args, FEW, ListFilter, Sort, SortKey, any_and_has, direction, list_if, order, order_of_shelf};
use super::list_within::Ranges;
use crate::app::Tenant;
use crate::port::sql::{Statement, Value};

// In the statements below ?3 is the currency, ?4 the moment, ?5 and ?6 are the bounds of a range of prices in minor units,
// ?7 and ?8 a facet's kind and value, or ?8 what a column has: see [`numbered`]. They are parts of one; the empty lists
// stand for what a part before them finds.

// What each kind of filter leaves, as far as it matters.

const IN_RANGE: &str = "-- catalog::list_in_range
SELECT x.product_id FROM product_price_range x
WHERE x.organization_id = ?1 AND x.store_id = ?2 AND x.currency = ?3 AND x.active = 1
  AND x.price_min BETWEEN ?5 AND ?6
  AND coalesce(x.publish_at <= ?4, 1) AND coalesce(x.unpublish_at > ?4, 1)
LIMIT 1001";
const IN_FACET: &str = "-- catalog::list_in_facet
SELECT f.product_id FROM product_facet f
WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.active = 1 AND f.kind = ?7
  AND f.value = CASE ?7
    WHEN 'category' THEN (SELECT c.id FROM category c
      WHERE c.organization_id = ?1 AND c.store_id = ?2 AND (c.id = ?8 OR c.path = ?8))
    WHEN 'collection' THEN (SELECT c.id FROM collection c
      WHERE c.organization_id = ?1 AND c.store_id = ?2 AND (c.id = ?8 OR c.handle = ?8))
    ELSE ?8 END
  AND coalesce(f.publish_at <= ?4, 1) AND coalesce(f.unpublish_at > ?4, 1)
LIMIT 1001";
const OF_VENDOR: &str = "-- catalog::list_in_vendor
SELECT p.id FROM product p
WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.status = 'active' AND p.vendor = ?8
  AND coalesce(p.publish_at <= ?4, 1) AND coalesce(p.unpublish_at > ?4, 1)
LIMIT 1001";
const OF_STOCK: &str = "-- catalog::list_in_stock
SELECT p.id FROM product p
WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.status = 'active' AND p.in_stock = ?8
  AND coalesce(p.publish_at <= ?4, 1) AND coalesce(p.unpublish_at > ?4, 1)
LIMIT 1001";

/// What a filter leaves is shown already.
const FEW_OF: &str = "-- catalog::list_in_few
SELECT p.id FROM json_each('[]') w
CROSS JOIN product_price_range x ON x.product_id = w.value AND x.currency = ?3 AND x.organization_id = ?1
CROSS JOIN product p ON p.id = x.product_id AND p.organization_id = ?1
WHERE true";

const WALK_BY_PRICE: &str = "-- catalog::list_in_order_of_price
SELECT p.id FROM product_price_range x
CROSS JOIN product p ON p.id = x.product_id AND p.organization_id = ?1
WHERE x.organization_id = ?1 AND x.store_id = ?2 AND x.currency = ?3 AND x.active = 1
  AND coalesce(x.publish_at <= ?4, 1) AND coalesce(x.unpublish_at > ?4, 1)";
const WALK: &str = "-- catalog::list_in_order
SELECT p.id FROM product p
WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.status = 'active'
  AND coalesce(p.publish_at <= ?4, 1) AND coalesce(p.unpublish_at > ?4, 1)";

// Conditions.

const IS_PRICED: &str = " AND EXISTS (SELECT 1 FROM product_price_range x
  WHERE x.organization_id = ?1 AND x.product_id = p.id AND x.currency = ?3 AND x.price_min BETWEEN ?5 AND ?6)";

/// The columns of a facet's list, with ranges.
const PAGE: &str = "-- catalog::list_in_page
SELECT p.id, p.card, json_array(x.price_min, x.price_max) AS price_range, p.sellable_variants AS sellable, p.created_at,
  p.title_key, x.price_min, NULL AS position
FROM json_each('[]') page
CROSS JOIN product p ON p.id = page.value AND p.organization_id = ?1
CROSS JOIN product_price_range x ON x.product_id = p.id AND x.currency = ?3 AND x.organization_id = ?1";

/// What a card shows in the currency. `?8` is the product.
const RANGE_OF_CARD: &str = "-- catalog::list_in_card
SELECT json_array(x.price_min, x.price_max) FROM product_price_range x
WHERE x.organization_id = ?1 AND x.product_id = ?8 AND x.currency = ?3";

/// Which page of a list.
pub struct Page<'a> {
    pub filter: &'a ListFilter,
    pub sort: Sort,
    pub after: Option<&'a (Value, ProductId)>,
    pub limit: i64,
    pub now: Timestamp,
}

/// As [`super::list::list`], with prices in a currency that is not the store's own.
pub fn list_in(tenant: Tenant, page: &Page<'_>, currency: Currency) -> Statement {
    let is_priced = page.filter.price_from.is_some() || page.filter.price_to.is_some();
    if is_priced || page.sort.key == SortKey::Price {
        let mut args = Args(vec![tenant.organization.to_string().into(), tenant.store.to_string().into()]);
        let sql = by_price(&mut args, page, currency, None);
        return Statement { sql: format!("-- catalog::list_in_currency\n{sql}").into(), args: args.0 };
    }
    let list = list_if(tenant, page.filter, page.sort, page.after, page.limit, page.now, None);
    let mut args = Args(list.args);
    let sql = with_ranges(&list.sql, args.add(currency.code()));
    Statement { sql: sql.into(), args: args.0 }
}

/// As [`super::list::list_in_own_order`], likewise.
pub fn list_in_own_order_in(tenant: Tenant, page: &Page<'_>, currency: Currency) -> Statement {
    let list = |order: ProductOrder| {
        list_if(tenant, page.filter, Sort::of(order), None, page.limit, page.now, Some(order.name()))
    };
    let mut args = Args(list(ProductOrder::Newest).args);
    let number = args.add(currency.code());
    let mut sql = String::from("-- catalog::list_in_own_order_in_currency");
    let mut between = "\n";
    for order in ProductOrder::ALL.iter().copied() {
        let sort = Sort::of(order);
        let one = match sort.key {
            SortKey::Price => by_price(&mut args, &Page { sort, after: None, ..*page }, currency, Some(order.name())),
            _ => with_ranges(&list(order).sql, number),
        };
        sql.push_str(between);
        sql.push_str("SELECT * FROM (");
        sql.push_str(&one);
        sql.push(')');
        between = "\nUNION ALL\n";
    }
    Statement { sql: sql.into(), args: args.0 }
}

fn with_ranges(list: &str, currency: usize) -> String {
    let range = numbered(&RANGE_OF_CARD.replace("?8", "p.id"), &[(3, currency)]);
    list.replace("p.card,", &format!("p.card, ({range}) AS price_range,"))
}

/// `text` with other numbers of arguments.
pub(super) fn numbered(text: &str, numbers: &[(usize, usize)]) -> String {
    let mut parts = text.split('?');
    let mut sql = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(part.len());
        let (digits, rest) = part.split_at(end);
        let known: usize = digits.parse().unwrap_or_default();
        let number = numbers.iter().find(|(from, _)| *from == known).map_or(known, |(_, to)| *to);
        sql.push_str(&format!("?{number}{rest}"));
    }
    sql
}

/// A list of what is sold in the currency. With `only_if`, empty unless what leads the list says that it is in this
/// order.
fn by_price(args: &mut Args, page: &Page<'_>, currency: Currency, only_if: Option<&str>) -> String {
    let Page { filter, sort, after, limit, now } = *page;
    let is_priced = filter.price_from.is_some() || filter.price_to.is_some();
    let (low, high) = bounds(filter, currency);
    let mut numbers = vec![(3, args.add(currency.code())), (4, args.add(now.millis()))];
    if is_priced {
        numbers.extend([(5, args.add(low)), (6, args.add(high))]);
    }
    let limit = args.add(limit);
    let shelf = filter.collection.as_deref().or(filter.category.as_deref());
    let own = only_if.zip(shelf).map(|(order, key)| order_of_shelf(filter.collection.is_some(), args.add(key), order));
    let after = after.map(|(value, id)| (args.add(value.clone()), args.add(id.to_string())));

    // A range of prices comes first: where it is empty, nothing else is read.
    let mut fits: Vec<String> = Vec::new();
    if is_priced {
        fits.push(numbered(IN_RANGE, &numbers));
    }
    let (mut has, mut any) = (String::new(), String::new());
    let facets = [
        ("collection", &filter.collection),
        ("category", &filter.category),
        ("tag", &filter.tag),
        (super::channel::KIND, &filter.channel),
    ];
    let facets = facets.into_iter().filter_map(|(kind, value)| Some((IN_FACET, kind.to_owned(), value.as_deref()?)));
    let attributes =
        filter.attributes.iter().map(|(key, value)| (IN_FACET, format!("attribute:{key}"), value.as_str()));
    let facets = facets.chain(attributes).map(|(left, kind, value)| (left, kind, Value::from(value)));
    let vendor = filter.vendor.as_deref().map(|name| (OF_VENDOR, "vendor".to_owned(), Value::from(name)));
    let stock = filter.in_stock.map(|is| (OF_STOCK, "stock".to_owned(), Value::from(i64::from(is))));
    for (left, what, value) in facets.chain(vendor).chain(stock) {
        let kind = if left == IN_FACET { args.add(what.as_str()) } else { 0 };
        let value = args.add(value);
        let own = [numbers.as_slice(), &[(7, kind), (8, value)]].concat();
        fits.push(numbered(left, &own));
        any_and_has(&what, &format!("?{kind}"), &format!("?{value}"), &mut has, &mut any);
    }

    let ranges = Ranges::of(filter, args);
    let now = numbers.iter().find(|(number, _)| *number == 4).map_or(0, |(_, now)| *now);
    fits.extend(ranges.left(now));
    has.extend(ranges.has());

    let (table, id) = if sort.key == SortKey::Price { ("x", "product_id") } else { ("p", "id") };
    let ordered = order(table, id, sort, after);
    let mut sql = String::from("WITH ");
    for (at, fit) in fits.iter().enumerate() {
        sql.push_str(&format!("fit{at} (value) AS MATERIALIZED (\n{fit}),\n"));
    }
    sql.push_str("page (value) AS MATERIALIZED (\n");
    let range = if is_priced { numbered(" AND x.price_min BETWEEN ?5 AND ?6", &numbers) } else { String::new() };
    let mut only = format!("true{any}{}", own.unwrap_or_default());
    for at in 0..fits.len() {
        let few = numbered(FEW_OF, &numbers).replace("json_each('[]')", &format!("fit{at}"));
        let count = format!("(SELECT count(*) FROM fit{at})");
        sql.push_str(&format!(
            "SELECT * FROM (\n{few}{range}{has}{ordered}\nLIMIT iif({only} AND {count} <= {FEW}, ?{limit}, 0))\nUNION ALL\n"
        ));
        only.push_str(&format!(" AND {FEW} < {count}"));
    }
    let mut walk = if sort.key == SortKey::Price { WALK_BY_PRICE } else { WALK }.to_owned();
    if is_priced && sort.key != SortKey::Price {
        walk.push_str(IS_PRICED);
    } else if is_priced {
        // A cursor bounds the index at one end; the planner takes one bound for each, and that must be the cursor.
        if sort.descending || after.is_none() {
            walk.push_str(" AND x.price_min >= ?5");
        }
        if !sort.descending || after.is_none() {
            walk.push_str(" AND x.price_min <= ?6");
        }
    }
    let walk = numbered(&walk, &numbers);
    sql.push_str(&format!("SELECT * FROM (\n{walk}{has}{ordered}\nLIMIT iif({only}, ?{limit}, 0)))\n"));
    sql.push_str(&numbered(&PAGE.replace("json_each('[]') page", "page"), &numbers));
    sql.push_str(&direction(table, id, sort));
    sql
}

/// A range of prices in the currency's minor units: the lower bound is rounded up.
fn bounds(filter: &ListFilter, currency: Currency) -> (i64, i64) {
    let scale = 10_i64.saturating_pow(4_u32.saturating_sub(u32::from(currency.exponent())));
    let from = filter.price_from.unwrap_or(0).saturating_add(scale.saturating_sub(1));
    (from.saturating_div(scale), filter.price_to.unwrap_or(i64::MAX).saturating_div(scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_in_minor_units_of_each_currency() {
        let filter = |from, to| ListFilter { price_from: from, price_to: to, ..ListFilter::default() };
        for (currency, expected) in
            [(Currency::JPY, (2, 2)), (Currency::EUR, (121, 299)), (Currency::KWD, (1206, 2999))]
        {
            assert_eq!(bounds(&filter(Some(12_051), Some(29_999)), currency), expected, "{currency}");
        }
        assert_eq!(bounds(&filter(None, Some(i64::MAX)), Currency::JPY), (0, i64::MAX / 10_000));
        assert_eq!(bounds(&filter(Some(i64::MAX), None), Currency::CLF).0, i64::MAX);
    }
}
