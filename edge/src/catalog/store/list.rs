//! The lists of products: narrowed, ordered, a page at a time.
//!
//! A list must not read more when few products fit, or none: whoever has a publishable key may ask. So it is led
//! by an index that holds what one of its filters leaves, in the list's order, and ends at the page:
//!
//! - a tag, a category, a collection or a value of an attribute leads by `product_facet`, which has copies of what lists are ordered by;
//! - a vendor, or whether something is in stock, by an index of `product` for each order;
//! - the caller's channel, as a tag does, where nothing else leads;
//! - a range of prices is one of the lists in the order of prices; in another order by sorting what is in it when that
//!   is little ([`FEW`] products at most), and otherwise by reading the list in its order, where such products are
//!   frequent.
//!
//! A product is in a range when its lowest price is: what lists show it from, and order it by.
//!
//! - a range of an attribute's values by sorting what is in it when that is little: see [`super::list_within`].
//!
//! What is active and not published at the moment is passed by in the index, whose entries end with the span of time in
//! which they are shown.
//!
//! What remains, and grows with the catalog: several filters that each fit many products but hardly any
//! together read what the first of them leaves; so does a range of prices with more than [`FEW`] products that
//! all stand at the list's far end.

use std::borrow::Cow;

use headlesspro_shared::catalog::ProductOrder;
use headlesspro_shared::catalog::attribute::Range;
use headlesspro_shared::kernel::id::ProductId;
use headlesspro_shared::kernel::time::Timestamp;

use super::list_within::Ranges;
use crate::app::Tenant;
use crate::port::sql::{Row, Rows, SqlError, Statement, Value};

const LIST: &str = "-- catalog::list
SELECT p.id, p.card, p.sellable_variants AS sellable, p.created_at, p.title_key, p.price_min
FROM product p
WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.status = 'active'/*walk*/";

/// Of a tag, of a category by its id or path, or of a collection by its id or handle; a product stands in all
/// ancestors of its category.
const LIST_OF_FACET: &str = "-- catalog::list_of_facet
SELECT p.id, p.card, p.sellable_variants AS sellable, p.created_at, p.title_key, p.price_min, f.position
FROM product_facet f
CROSS JOIN product p ON p.id = f.product_id AND p.organization_id = ?1
WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.active = 1 AND f.kind = ?3
  AND f.value = CASE ?3
    WHEN 'category' THEN (SELECT c.id FROM category c
      WHERE c.organization_id = ?1 AND c.store_id = ?2 AND (c.id = ?4 OR c.path = ?4))
    WHEN 'collection' THEN (SELECT c.id FROM collection c
      WHERE c.organization_id = ?1 AND c.store_id = ?2 AND (c.id = ?4 OR c.handle = ?4))
    ELSE ?4 END/*walk*/";

/// A range of prices in another order than theirs. `asked` is the range in the store's minor units: bounds come in
/// ten-thousandths of the major unit, the lower is rounded up. `fit` is what is in it, as far as it matters. Only one half
/// of `page` finds anything, the other has the limit 0.
const LIST_OF_PRICE: &str = "-- catalog::list_of_price
WITH asked (low, high) AS MATERIALIZED (
  SELECT (?3 + s.minor_unit_scale - 1) / s.minor_unit_scale, ?4 / s.minor_unit_scale
  FROM store s WHERE s.organization_id = ?1 AND s.id = ?2),
fit (id, created_at, title_key) AS MATERIALIZED (
  SELECT p.id, p.created_at, p.title_key FROM product p
  WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.status = 'active'
    AND p.price_min >= (SELECT low FROM asked) AND p.price_min <= (SELECT high FROM asked)/*fit*/
  LIMIT 1001),
page (id) AS MATERIALIZED (
  SELECT * FROM (
    SELECT fit.id FROM fit/*of*/ CROSS JOIN product p ON p.id = fit.id AND p.organization_id = ?1/*that*/
    WHERE true/*few*/)
  UNION ALL
  SELECT * FROM (
    SELECT p.id FROM product p
    WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.status = 'active'
      AND +p.price_min >= (SELECT low FROM asked) AND +p.price_min <= (SELECT high FROM asked)/*walk*/))
SELECT p.id, p.card, p.sellable_variants AS sellable, p.created_at, p.title_key, p.price_min
FROM page CROSS JOIN product p ON p.id = page.id AND p.organization_id = ?1";

/// Likewise, of what the facet has in the range.
const LIST_OF_FACET_AND_PRICE: &str = "-- catalog::list_of_facet_and_price
WITH asked (low, high) AS MATERIALIZED (
  SELECT (?5 + s.minor_unit_scale - 1) / s.minor_unit_scale, ?6 / s.minor_unit_scale
  FROM store s WHERE s.organization_id = ?1 AND s.id = ?2),
fit (id, created_at, title_key) AS MATERIALIZED (
  SELECT f.product_id, f.created_at, f.title_key FROM product_facet f
  WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.active = 1 AND f.kind = ?3
    AND f.value = CASE ?3
      WHEN 'category' THEN (SELECT c.id FROM category c
        WHERE c.organization_id = ?1 AND c.store_id = ?2 AND (c.id = ?4 OR c.path = ?4))
      WHEN 'collection' THEN (SELECT c.id FROM collection c
        WHERE c.organization_id = ?1 AND c.store_id = ?2 AND (c.id = ?4 OR c.handle = ?4))
      ELSE ?4 END
    AND f.price_min >= (SELECT low FROM asked) AND f.price_min <= (SELECT high FROM asked)/*fit*/
  LIMIT 1001),
page (id) AS MATERIALIZED (
  SELECT * FROM (
    SELECT fit.id FROM fit/*of*/ CROSS JOIN product p ON p.id = fit.id AND p.organization_id = ?1/*that*/
    WHERE true/*few*/)
  UNION ALL
  SELECT * FROM (
    SELECT p.id FROM product_facet f
    CROSS JOIN product p ON p.id = f.product_id AND p.organization_id = ?1
    WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.active = 1 AND f.kind = ?3
      AND f.value = CASE ?3
        WHEN 'category' THEN (SELECT c.id FROM category c
          WHERE c.organization_id = ?1 AND c.store_id = ?2 AND (c.id = ?4 OR c.path = ?4))
        WHEN 'collection' THEN (SELECT c.id FROM collection c
          WHERE c.organization_id = ?1 AND c.store_id = ?2 AND (c.id = ?4 OR c.handle = ?4))
        ELSE ?4 END
      AND +f.price_min >= (SELECT low FROM asked) AND +f.price_min <= (SELECT high FROM asked)/*walk*/))
SELECT p.id, p.card, p.sellable_variants AS sellable, p.created_at, p.title_key, p.price_min
FROM page CROSS JOIN product p ON p.id = page.id AND p.organization_id = ?1";

/// Products in a range of prices that are sorted for each page; `fit` holds one more.
pub(super) const FEW: i64 = 1_000;

// In the conditions below `:kind` and `:value` stand for the numbers of arguments.

const HAS_FACET: &str = " AND EXISTS (SELECT 1 FROM product_facet f
  WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.product_id = p.id AND f.kind = :kind
    AND f.value = CASE :kind
      WHEN 'category' THEN (SELECT c.id FROM category c
        WHERE c.organization_id = ?1 AND c.store_id = ?2 AND (c.id = :value OR c.path = :value))
      WHEN 'collection' THEN (SELECT c.id FROM collection c
        WHERE c.organization_id = ?1 AND c.store_id = ?2 AND (c.id = :value OR c.handle = :value))
      ELSE :value END)";
/// `:price` is the column that the list is in the order of.
const FROM_PRICE: &str = " AND :price >= (SELECT (:value + s.minor_unit_scale - 1) / s.minor_unit_scale FROM store s
  WHERE s.organization_id = ?1 AND s.id = ?2)";
const TO_PRICE: &str = " AND :price <= (SELECT :value / s.minor_unit_scale FROM store s
  WHERE s.organization_id = ?1 AND s.id = ?2)";
const HAS_VENDOR: &str = " AND p.vendor = :value";
const HAS_STOCK: &str = " AND p.in_stock = :value";

// Whether there is anything of the kind at all: a list that another filter leads would read all of that to find
// nothing.

const ANY_OF_FACET: &str = " AND EXISTS (SELECT 1 FROM product_facet f
  WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.active = 1 AND f.kind = :kind
    AND f.value = CASE :kind
      WHEN 'category' THEN (SELECT c.id FROM category c
        WHERE c.organization_id = ?1 AND c.store_id = ?2 AND (c.id = :value OR c.path = :value))
      WHEN 'collection' THEN (SELECT c.id FROM collection c
        WHERE c.organization_id = ?1 AND c.store_id = ?2 AND (c.id = :value OR c.handle = :value))
      ELSE :value END)";
const ANY_OF_VENDOR: &str = " AND EXISTS (SELECT 1 FROM product p
  WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.status = 'active' AND p.vendor = :value)";
const ANY_IN_STOCK: &str = " AND EXISTS (SELECT 1 FROM product p
  WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.status = 'active' AND p.in_stock = :value)";

// Whether the category or collection that leads the list has its products in this order.

const ORDER_OF_CATEGORY: &str = " AND EXISTS (SELECT 1 FROM category c
  WHERE c.organization_id = ?1 AND c.store_id = ?2 AND (c.id = ?4 OR c.path = ?4) AND c.product_order = ':order')";
const ORDER_OF_COLLECTION: &str = " AND EXISTS (SELECT 1 FROM collection c
  WHERE c.organization_id = ?1 AND c.store_id = ?2 AND (c.id = ?4 OR c.handle = ?4) AND c.product_order = ':order')";

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
    /// In the category or collection that leads the list.
    Position,
}

impl Sort {
    pub const fn of(order: ProductOrder) -> Sort {
        let (key, descending) = match order {
            ProductOrder::Manual => (SortKey::Position, false),
            ProductOrder::Newest => (SortKey::Created, true),
            ProductOrder::Title => (SortKey::Title, false),
            ProductOrder::TitleDescending => (SortKey::Title, true),
            ProductOrder::Price => (SortKey::Price, false),
            ProductOrder::PriceDescending => (SortKey::Price, true),
        };
        Sort { key, descending }
    }
}

impl SortKey {
    const fn column(self) -> &'static str {
        match self {
            SortKey::Created => "created_at",
            SortKey::Title => "title_key",
            SortKey::Price => "price_min",
            SortKey::Position => "position",
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
    /// An id or a handle.
    pub collection: Option<String>,
    pub vendor: Option<String>,
    /// Lower case.
    pub tag: Option<String>,
    /// In ten-thousandths of the store's currency.
    pub price_from: Option<i64>,
    pub price_to: Option<i64>,
    pub in_stock: Option<bool>,
    /// The id of the caller's.
    pub channel: Option<String>,
    /// Keys of attributes with the text that values are found by.
    pub attributes: Vec<(String, String)>,
    /// Keys of attributes with what their values are between.
    pub ranges: Vec<(String, Range)>,
}

/// One page of what is shown `now`: at most `limit` products after `after` (the sort key's value and the id of the last one).
pub fn list(
    tenant: Tenant,
    filter: &ListFilter,
    sort: Sort,
    after: Option<&(Value, ProductId)>,
    limit: i64,
    now: Timestamp,
) -> Statement {
    list_if(tenant, filter, sort, after, limit, now, None)
}

/// The first page of a category or a collection in the order that it says itself: of the lists in each order only one
/// finds anything, the others have the limit 0. Without a range of prices.
pub fn list_in_own_order(tenant: Tenant, filter: &ListFilter, limit: i64, now: Timestamp) -> Statement {
    let mut lists = ProductOrder::ALL
        .iter()
        .map(|order| list_if(tenant, filter, Sort::of(*order), None, limit, now, Some(order.name())));
    let mut all = lists.next().unwrap_or_else(|| Statement::new(""));
    let mut sql = format!("-- catalog::list_in_own_order\nSELECT * FROM ({})", all.sql);
    for list in lists {
        sql.push_str("\nUNION ALL\nSELECT * FROM (");
        sql.push_str(&list.sql);
        sql.push(')');
    }
    all.sql = sql.into();
    all
}

/// How many a list has, up to its limit. The statement's row is for [`count_of`].
pub fn count(mut list: Statement) -> Statement {
    list.sql = format!("-- catalog::list_count\nSELECT count(*) AS count FROM (\n{})", list.sql).into();
    list
}

/// # Errors
/// [`SqlError::Statement`] when there is no row, or one of another shape.
pub fn count_of(rows: Option<&Rows>) -> Result<i64, SqlError> {
    let row = rows.and_then(Rows::first).ok_or_else(|| SqlError::Statement("a count has no row".to_owned()))?;
    row.get("count")
}

/// As [`list`]; with `only_if`, empty unless what leads the list says that it is in this order.
pub(super) fn list_if(
    tenant: Tenant,
    filter: &ListFilter,
    sort: Sort,
    after: Option<&(Value, ProductId)>,
    limit: i64,
    now: Timestamp,
    only_if: Option<&str>,
) -> Statement {
    let mut args = Args(vec![tenant.organization.to_string().into(), tenant.store.to_string().into()]);
    let mut facets = [("collection", &filter.collection), ("tag", &filter.tag), ("category", &filter.category)];
    if sort.key == SortKey::Position || only_if.is_some() {
        // The place in a tag is none.
        facets.swap(1, 2);
    }
    let attributes: Vec<_> = filter.attributes.iter().map(|(key, value)| (format!("attribute:{key}"), value)).collect();
    let facets = facets.iter().filter_map(|(kind, value)| Some((*kind, value.as_deref()?)));
    let mut facets = facets.chain(attributes.iter().map(|(kind, value)| (kind.as_str(), value.as_str())));
    let facet = facets.next();
    // Many products are in a channel: it leads where nothing else does.
    let mut channel = filter.channel.as_deref().map(|channel| (super::channel::KIND, channel));
    let is_led = facet.is_some() || filter.vendor.is_some() || filter.in_stock == Some(false);
    let facet = if is_led { facet } else { channel.take() };
    let is_priced = filter.price_from.is_some() || filter.price_to.is_some();
    let is_sorted = is_priced && sort.key != SortKey::Price;
    let whole = match (facet.is_some(), is_sorted) {
        (false, false) => LIST,
        (true, false) => LIST_OF_FACET,
        (false, true) => LIST_OF_PRICE,
        (true, true) => LIST_OF_FACET_AND_PRICE,
    };
    if let Some((kind, value)) = facet {
        args.add(kind);
        args.add(value);
    }
    let range = is_priced.then(|| {
        let (from, to) = (filter.price_from.unwrap_or(0), filter.price_to.unwrap_or(i64::MAX));
        (args.add(from), args.add(to))
    });

    // What leads comes first and needs no condition of its own where it is a facet.
    let mut conditions = Vec::new();
    conditions.extend(facet.map(|facet| args.condition(HAS_FACET, ANY_OF_FACET, Some(facet.0), facet.1)));
    conditions.extend(facets.map(|(kind, value)| args.condition(HAS_FACET, ANY_OF_FACET, Some(kind), value)));
    conditions.extend(filter.vendor.as_deref().map(|name| args.condition(HAS_VENDOR, ANY_OF_VENDOR, None, name)));
    conditions.extend(filter.in_stock.map(|is| args.condition(HAS_STOCK, ANY_IN_STOCK, None, i64::from(is))));
    conditions.extend(channel.map(|(kind, value)| args.condition(HAS_FACET, ANY_OF_FACET, Some(kind), value)));
    let ranges = Ranges::of(filter, &mut args);
    let plain: String = conditions.iter().skip(usize::from(facet.is_some())).map(|(has, _)| has.as_str()).collect();
    conditions.extend(ranges.has().into_iter().map(|has| (has, String::new())));
    let but_facet: String = conditions.iter().skip(usize::from(facet.is_some())).map(|(has, _)| has.as_str()).collect();
    let mut others: String = conditions.iter().skip(1).map(|(_, any)| any.as_str()).collect();
    if let Some(order) = only_if {
        others.push_str(&order_of_shelf(filter.collection.is_some(), 4, order));
    }
    let (only, many) = (format!("true{others}"), ranges.all_leave_many());
    others.push_str(&many);

    let after = after.map(|(value, id)| (args.add(value.clone()), args.add(id.to_string())));
    let limit = args.add(limit);
    let (led_by, led_id) = if facet.is_some() { ("f", "product_id") } else { ("p", "id") };
    let in_prices = range.map(|range| in_prices("p", range)).unwrap_or_default();
    let range = range.filter(|_| !is_sorted);
    let bounds = range.map(|range| price_bounds(led_by, range, sort, after.is_some())).unwrap_or_default();
    let now = args.add(now.millis());
    let shown = shown(led_by, now);
    let walk = format!("{but_facet}{bounds}{shown}{}", order(led_by, led_id, sort, after));
    let sql = if is_sorted {
        let count = "(SELECT count(*) FROM fit)";
        let few =
            format!("{but_facet}{} LIMIT iif({count} <= {FEW}{many}, ?{limit}, 0)", order("fit", "id", sort, after));
        let walk = format!("{walk} LIMIT iif({FEW} < {count}{others}, ?{limit}, 0)");
        // What stands in the index is all that is asked of them, unless they have to meet further conditions.
        let alone = whole.split_once("/*of*/").zip(whole.split_once("/*that*/")).filter(|_| but_facet.is_empty());
        let whole = alone.map_or(Cow::Borrowed(whole), |((before, _), (_, after))| format!("{before}{after}").into());
        let page = whole.replace("/*fit*/", &shown).replace("/*few*/", &few).replace("/*walk*/", &walk);
        format!("{page}{}", direction("p", "id", sort))
    } else if others.is_empty() {
        whole.replace("/*walk*/", &format!("{walk} LIMIT ?{limit}"))
    } else {
        whole.replace("/*walk*/", &format!("{walk} LIMIT iif(true{others}, ?{limit}, 0)"))
    };
    let sql = if ranges.is_empty() {
        sql
    } else {
        ranges.few_first(&sql, now, &|within, has, and| {
            let (led, table) = match facet {
                Some(_) => (LIST_OF_FACET, "product_facet f"),
                None => (LIST, "product p"),
            };
            let first = format!("FROM {within} w\nCROSS JOIN {table} ON {led_by}.{led_id} = w.value");
            let led = led.replace(&format!("FROM {table}"), &first);
            // The list of what is in a range of prices says no places.
            let led = if is_sorted { led.replace(", f.position", "") } else { led };
            let rest = format!("{plain}{has}{in_prices}{shown}{}", order(led_by, led_id, sort, after));
            led.replace("/*walk*/", &format!("{rest} LIMIT iif({only}{and}, ?{limit}, 0)"))
        })
    };
    Statement { sql: sql.into(), args: args.0 }
}

/// Whether the category or collection whose id or name is the argument of that number has its products in `order`.
pub(super) fn order_of_shelf(is_collection: bool, key: usize, order: &str) -> String {
    let own = if is_collection { ORDER_OF_COLLECTION } else { ORDER_OF_CATEGORY };
    own.replace(":order", order).replace("?4", &format!("?{key}"))
}

/// Adds that a product meets the condition `what`, of these arguments, and that any product does.
pub(super) fn any_and_has(what: &str, kind: &str, value: &str, has: &mut String, any: &mut String) {
    let (one, some) = match what {
        "vendor" => (HAS_VENDOR, ANY_OF_VENDOR),
        "stock" => (HAS_STOCK, ANY_IN_STOCK),
        _ => (HAS_FACET, ANY_OF_FACET),
    };
    has.push_str(&one.replace(":kind", kind).replace(":value", value));
    any.push_str(&some.replace(":kind", kind).replace(":value", value));
}

/// Whether `table`'s row is published at the moment of that argument.
fn shown(table: &str, now: usize) -> String {
    format!(" AND coalesce({table}.publish_at <= ?{now}, 1) AND coalesce({table}.unpublish_at > ?{now}, 1)")
}

/// The rest of a WHERE that begins after the cursor, and its ORDER BY.
pub(super) fn order(table: &str, id: &str, sort: Sort, after: Option<(usize, usize)>) -> String {
    let column = sort.key.column();
    let priced = match sort.key {
        SortKey::Price | SortKey::Position => format!(" AND {table}.{column} IS NOT NULL"),
        SortKey::Created | SortKey::Title => String::new(),
    };
    let than = if sort.descending { "<" } else { ">" };
    let after = after
        .map(|(key, last)| format!(" AND ({table}.{column}, {table}.{id}) {than} (?{key}, ?{last})"))
        .unwrap_or_default();
    format!("{priced}{after}{}", direction(table, id, sort))
}

pub(super) fn direction(table: &str, id: &str, sort: Sort) -> String {
    let (column, direction) = (sort.key.column(), if sort.descending { "DESC" } else { "ASC" });
    format!("\nORDER BY {table}.{column} {direction}, {table}.{id} {direction}")
}

/// In the order of prices, the part of the index that is asked for. A cursor bounds it at one end; the planner
/// takes one bound for each end, and that must be the cursor.
fn price_bounds(table: &str, (from, to): (usize, usize), sort: Sort, is_after: bool) -> String {
    let mut bounds = String::new();
    if sort.descending || !is_after {
        bounds.push_str(&price_bound(FROM_PRICE, table, from));
    }
    if !sort.descending || !is_after {
        bounds.push_str(&price_bound(TO_PRICE, table, to));
    }
    bounds
}

fn in_prices(table: &str, (from, to): (usize, usize)) -> String {
    price_bound(FROM_PRICE, table, from) + &price_bound(TO_PRICE, table, to)
}

fn price_bound(text: &str, table: &str, value: usize) -> String {
    text.replace(":price", &format!("{table}.price_min")).replace(":value", &format!("?{value}"))
}

pub(super) struct Args(pub(super) Vec<Value>);

impl Args {
    /// The number of `value` in the statement.
    pub(super) fn add(&mut self, value: impl Into<Value>) -> usize {
        self.0.push(value.into());
        self.0.len()
    }

    /// A condition on a product, and whether any product meets it, with their arguments.
    fn condition(&mut self, has: &str, any: &str, kind: Option<&str>, value: impl Into<Value>) -> (String, String) {
        let kind = kind.map(|kind| format!("?{}", self.add(kind))).unwrap_or_default();
        let value = format!("?{}", self.add(value));
        let fill = |text: &str| text.replace(":kind", &kind).replace(":value", &value);
        (fill(has), fill(any))
    }
}
