//! The lists of products: narrowed, ordered, a page at a time.
//!
//! A list must not read more when few products fit, or none: whoever has a publishable key may ask. So it is led
//! by an index that holds what one of its filters leaves, in the list's order, and ends at the page:
//!
//! - a tag, a category, a collection or a value of an attribute leads by `product_facet`, which has copies of what lists are ordered by;
//! - a vendor, or whether something is in stock, by an index of `product` for each order;
//! - a range of prices, in another order than theirs, by sorting what is in it when that is little
//!   ([`FEW`] products at most), and otherwise by reading the list in its order, where such products are frequent.
//!
//! What is active and not published at the moment is passed by in the index, whose entries end with the span of time in
//! which they are shown.
//!
//! What remains, and grows with the catalog: several filters that each fit many products but hardly any
//! together read what the first of them leaves; so does a range of prices with more than [`FEW`] products that
//! all stand at the list's far end.

use headlesspro_shared::catalog::ProductOrder;
use headlesspro_shared::kernel::id::ProductId;
use headlesspro_shared::kernel::time::Timestamp;

use crate::app::Tenant;
use crate::port::sql::{Row, SqlError, Statement, Value};

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

/// `asked` is the range in the store's minor units, and the lowest `price_min` of a product that may reach into
/// it: bounds come in ten-thousandths of the major unit, the lower is rounded up. `fit` is what is in the range,
/// as far as it matters. Only one half of `page` finds anything, the other has the limit 0.
const LIST_OF_PRICE: &str = "-- catalog::list_of_price
WITH spread (digits, width) AS MATERIALIZED (
  SELECT key + 1, value FROM json_each('[15, 255, 4095, 65535, 1048575, 16777215, 268435455, 4294967295, 68719476735,
    1099511627775, 17592186044415, 281474976710655, 4503599627370495, 72057594037927935, 1152921504606846975,
    9223372036854775807]')),
asked (low, high, lowest) AS MATERIALIZED (
  SELECT (?3 + s.minor_unit_scale - 1) / s.minor_unit_scale, ?4 / s.minor_unit_scale,
    (?3 + s.minor_unit_scale - 1) / s.minor_unit_scale - (SELECT max(width) FROM spread WHERE EXISTS (
      SELECT 1 FROM product p WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.status = 'active'
        AND p.price_spread = digits))
  FROM store s WHERE s.organization_id = ?1 AND s.id = ?2),
fit (id, created_at, title_key, price_min) AS MATERIALIZED (
  SELECT p.id, p.created_at, p.title_key, p.price_min
  FROM asked CROSS JOIN spread
  CROSS JOIN product p ON p.organization_id = ?1 AND p.store_id = ?2 AND p.status = 'active'
    AND p.price_spread = digits AND p.price_min BETWEEN low - width AND high AND p.price_max >= low/*fit*/
  LIMIT 1001),
page (id) AS MATERIALIZED (
  SELECT * FROM (
    SELECT fit.id FROM fit CROSS JOIN product p ON p.id = fit.id AND p.organization_id = ?1 WHERE true/*few*/)
  UNION ALL
  SELECT * FROM (
    SELECT p.id FROM product p
    WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.status = 'active'
      AND +p.price_min <= (SELECT high FROM asked) AND p.price_max >= (SELECT low FROM asked)/*walk*/))
SELECT p.id, p.card, p.sellable_variants AS sellable, p.created_at, p.title_key, p.price_min
FROM page CROSS JOIN product p ON p.id = page.id AND p.organization_id = ?1";

const LIST_OF_FACET_AND_PRICE: &str = "-- catalog::list_of_facet_and_price
WITH spread (digits, width) AS MATERIALIZED (
  SELECT key + 1, value FROM json_each('[15, 255, 4095, 65535, 1048575, 16777215, 268435455, 4294967295, 68719476735,
    1099511627775, 17592186044415, 281474976710655, 4503599627370495, 72057594037927935, 1152921504606846975,
    9223372036854775807]')),
asked (low, high, lowest) AS MATERIALIZED (
  SELECT (?5 + s.minor_unit_scale - 1) / s.minor_unit_scale, ?6 / s.minor_unit_scale,
    (?5 + s.minor_unit_scale - 1) / s.minor_unit_scale - (SELECT max(width) FROM spread WHERE EXISTS (
      SELECT 1 FROM product p WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.status = 'active'
        AND p.price_spread = digits))
  FROM store s WHERE s.organization_id = ?1 AND s.id = ?2),
fit (id, created_at, title_key, price_min) AS MATERIALIZED (
  SELECT p.id, p.created_at, p.title_key, p.price_min
  FROM asked CROSS JOIN spread
  CROSS JOIN product p ON p.organization_id = ?1 AND p.store_id = ?2 AND p.status = 'active'
    AND p.price_spread = digits AND p.price_min BETWEEN low - width AND high AND p.price_max >= low/*fit*/
  LIMIT 1001),
page (id) AS MATERIALIZED (
  SELECT * FROM (
    SELECT fit.id FROM fit CROSS JOIN product p ON p.id = fit.id AND p.organization_id = ?1 WHERE true/*few*/)
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
      AND +f.price_min <= (SELECT high FROM asked) AND p.price_max >= (SELECT low FROM asked)/*walk*/))
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
    /// Keys of attributes with the text that values are found by.
    pub attributes: Vec<(String, String)>,
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
    let is_priced = filter.price_from.is_some() || filter.price_to.is_some();
    let whole = match (facet.is_some(), is_priced) {
        (false, false) => LIST,
        (true, false) => LIST_OF_FACET,
        (false, true) => LIST_OF_PRICE,
        (true, true) => LIST_OF_FACET_AND_PRICE,
    };
    if let Some((kind, value)) = facet {
        args.add(kind);
        args.add(value);
    }
    if is_priced {
        args.add(filter.price_from.unwrap_or(0));
        args.add(filter.price_to.unwrap_or(i64::MAX));
    }

    // What leads comes first and needs no condition of its own where it is a facet.
    let mut conditions = Vec::new();
    conditions.extend(facet.map(|facet| args.condition(HAS_FACET, ANY_OF_FACET, Some(facet.0), facet.1)));
    conditions.extend(facets.map(|(kind, value)| args.condition(HAS_FACET, ANY_OF_FACET, Some(kind), value)));
    conditions.extend(filter.vendor.as_deref().map(|name| args.condition(HAS_VENDOR, ANY_OF_VENDOR, None, name)));
    conditions.extend(filter.in_stock.map(|is| args.condition(HAS_STOCK, ANY_IN_STOCK, None, i64::from(is))));
    let every: String = conditions.iter().map(|(has, _)| has.as_str()).collect();
    let but_facet: String = conditions.iter().skip(usize::from(facet.is_some())).map(|(has, _)| has.as_str()).collect();
    let mut others: String = conditions.iter().skip(1).map(|(_, any)| any.as_str()).collect();
    if let Some(order) = only_if {
        others.push_str(&order_of_shelf(filter.collection.is_some(), 4, order));
    }

    let after = after.map(|(value, id)| (args.add(value.clone()), args.add(id.to_string())));
    let limit = args.add(limit);
    let (led_by, led_id) = if facet.is_some() { ("f", "product_id") } else { ("p", "id") };
    let bounds = if is_priced { price_bounds(led_by, sort, after.is_some()) } else { String::new() };
    let now = args.add(now.millis());
    let walk = format!("{but_facet}{bounds}{}{}", shown(led_by, now), order(led_by, led_id, sort, after));
    let sql = if is_priced {
        let count = "(SELECT count(*) FROM fit)";
        let few = format!("{every}{} LIMIT iif({count} <= {FEW}, ?{limit}, 0)", order("fit", "id", sort, after));
        let walk = format!("{walk} LIMIT iif({FEW} < {count}{others}, ?{limit}, 0)");
        format!(
            "{}{}",
            whole.replace("/*fit*/", &shown("p", now)).replace("/*few*/", &few).replace("/*walk*/", &walk),
            direction("p", "id", sort)
        )
    } else if others.is_empty() {
        whole.replace("/*walk*/", &format!("{walk} LIMIT ?{limit}"))
    } else {
        whole.replace("/*walk*/", &format!("{walk} LIMIT iif(true{others}, ?{limit}, 0)"))
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
fn price_bounds(table: &str, sort: Sort, is_after: bool) -> String {
    let mut bounds = String::new();
    if sort.key == SortKey::Price {
        if sort.descending || !is_after {
            bounds.push_str(&format!(" AND {table}.price_min >= (SELECT lowest FROM asked)"));
        }
        if !sort.descending || !is_after {
            bounds.push_str(&format!(" AND {table}.price_min <= (SELECT high FROM asked)"));
        }
    }
    bounds
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
