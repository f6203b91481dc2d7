//! The lists of products: narrowed, ordered, a page at a time.
//!
//! A list must not read more when few products fit, or none: whoever has a publishable key may ask. So it is led
//! by an index that holds what one of its filters leaves, in the list's order, and ends at the page:
//!
//! - a tag, a category, a collection, a value of an attribute or the caller's channel leads by `product_facet`, which has
//!   copies of what lists are ordered by;
//! - a vendor, or whether something is in stock, by an index of `product` for each order;
//! - a range of prices is a part of each of these in the order of prices; in a currency that is not the store's own it is
//!   one of `product_price_range`, which has the products that are sold in it in the order of their lowest prices.
//!
//! What is asked for beside that is looked for in what leads, within bounds: see [`super::list_among`].
//!
//! A product is in a range of prices when its lowest price is: what lists show it from, and order it by. What is active
//! and not published at the moment is passed by in the index, whose entries end with the span of time in which they are
//! shown.

use headlesspro_shared::catalog::ProductOrder;
use headlesspro_shared::kernel::id::ProductId;
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::time::Timestamp;

use super::facet::AttributeFilter;
use super::list_among::among;
use super::list_condition::Condition;
use crate::app::Tenant;
use crate::port::sql::{Rows, SqlError, Statement, Value};

// Lists, each after one index. `place` is what the list is ordered by: `created_at` stands for any of the columns. ?3 is
// the kind of a facet or the currency: see [`numbered`]. Without the columns of the card, and without the join that they
// come from, they are what leads the list.

const LIST: &str = "-- catalog::list
SELECT p.id, p.card, p.sellable_variants AS sellable, p.created_at AS place
FROM product p
WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.status = 'active'";

/// Of what has the facet; a product stands in all ancestors of its category.
const LIST_OF_FACET: &str = "-- catalog::list_of_facet
SELECT f.product_id AS id, p.card, p.sellable_variants AS sellable, f.created_at AS place
FROM product_facet f
CROSS JOIN product p ON p.id = f.product_id AND p.organization_id = ?1
WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.active = 1 AND f.kind = ?3";

/// Of what is sold in a currency, in the order of its prices there.
const LIST_IN_CURRENCY: &str = "-- catalog::list_in_currency
SELECT x.product_id AS id, p.card, p.sellable_variants AS sellable, x.price_min AS place
FROM product_price_range x
CROSS JOIN product p ON p.id = x.product_id AND p.organization_id = ?1
WHERE x.organization_id = ?1 AND x.store_id = ?2 AND x.currency = ?3 AND x.active = 1";

// How the category or collection whose id or name is ?3 has its products ordered.

const ORDER_OF_CATEGORY: &str = "-- catalog::list_order_of_category
SELECT c.product_order FROM category c
WHERE c.organization_id = ?1 AND c.store_id = ?2 AND (c.id = ?3 OR c.path = ?3)";
const ORDER_OF_COLLECTION: &str = "-- catalog::list_order_of_collection
SELECT c.product_order FROM collection c
WHERE c.organization_id = ?1 AND c.store_id = ?2 AND (c.id = ?3 OR c.handle = ?3)";

/// What the card of the product ?4 shows in the currency ?3.
const RANGE_OF_CARD: &str = "-- catalog::list_range_of_card
SELECT json_array(x.price_min, x.price_max) FROM product_price_range x
WHERE x.organization_id = ?1 AND x.product_id = ?4 AND x.currency = ?3";

// Bounds of prices, in the store's minor units: they come in ten-thousandths of the major unit, the lower is rounded up.
// `:value` stands for the number of an argument, `:price` for a column.

const FROM_PRICE: &str = " AND :price >= (SELECT (:value + s.minor_unit_scale - 1) / s.minor_unit_scale FROM store s
  WHERE s.organization_id = ?1 AND s.id = ?2)";
const TO_PRICE: &str = " AND :price <= (SELECT :value / s.minor_unit_scale FROM store s
  WHERE s.organization_id = ?1 AND s.id = ?2)";

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

    pub(super) const fn direction(self) -> &'static str {
        if self.descending { "DESC" } else { "ASC" }
    }
}

impl SortKey {
    pub(super) const fn column(self) -> &'static str {
        match self {
            SortKey::Created => "created_at",
            SortKey::Title => "title_key",
            SortKey::Price => "price_min",
            SortKey::Position => "position",
        }
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
    /// In ten-thousandths of the currency's major unit.
    pub price_from: Option<i64>,
    pub price_to: Option<i64>,
    pub in_stock: Option<bool>,
    /// The id of the caller's.
    pub channel: Option<String>,
    pub attributes: AttributeFilter,
}

/// Which page of a list.
#[derive(Clone, Copy)]
pub struct Page<'a> {
    pub filter: &'a ListFilter,
    pub sort: Sort,
    /// The list is in the order that its category or collection says itself, whatever `sort` is: its first page, without a
    /// range of prices.
    pub own_order: bool,
    /// The sort key's value and the id of the last one of the page before.
    pub after: Option<&'a (Value, ProductId)>,
    pub limit: i64,
    /// The products are those that are shown then.
    pub now: Timestamp,
    /// Of the prices, where it is not the store's own.
    pub currency: Option<Currency>,
}

/// One page. A row without a card ends it before the limit: how far was read, which the next page is after.
pub fn list(tenant: Tenant, page: &Page<'_>) -> Statement {
    let asked = Asked::of(tenant, page);
    let sql = if asked.is_led_by_all() { asked.led() } else { among(&asked) };
    let sql = match asked.currency {
        Some(currency) => {
            let range = numbered(&RANGE_OF_CARD.replace("?4", "p.id"), currency);
            sql.replace("p.card,", &format!("p.card, ({range}) AS price_range,"))
        }
        None => sql,
    };
    Statement { sql: sql.into(), args: asked.args.0 }
}

/// How many a list has, up to its limit. The statement's row is for [`count_of`].
pub fn count(tenant: Tenant, page: &Page<'_>) -> Statement {
    let asked = Asked::of(tenant, page);
    let sql = if asked.is_led_by_all() {
        format!("-- catalog::list_count\nSELECT count(*) AS count, 0 AS is_more FROM (\n{})", asked.led())
    } else {
        super::list_among::count(&asked)
    };
    Statement { sql: sql.into(), args: asked.args.0 }
}

/// How many were found, and whether there may be more of which none was looked at.
///
/// # Errors
/// [`SqlError::Statement`] when there is no row, or one of another shape.
pub fn count_of(rows: Option<&Rows>) -> Result<(i64, bool), SqlError> {
    let row = rows.and_then(Rows::first).ok_or_else(|| SqlError::Statement("a count has no row".to_owned()))?;
    Ok((row.get("count")?, row.get("is_more")?))
}

/// What a page is asked for, by the numbers of its arguments.
pub(super) struct Asked {
    pub args: Args,
    /// What leads is the first, where anything does.
    pub conditions: Vec<Condition>,
    pub is_led: bool,
    /// What the caller is shown at all.
    pub channel: Option<Condition>,
    /// From and to.
    pub prices: Option<(usize, usize)>,
    pub currency: Option<usize>,
    pub now: usize,
    pub after: Option<(usize, usize)>,
    pub limit: usize,
    /// The orders that it may be in, each with its name where the category or collection says which.
    pub orders: Vec<(Sort, Option<&'static str>)>,
    /// The statement that says which.
    own: Option<String>,
}

impl Asked {
    fn of(tenant: Tenant, page: &Page<'_>) -> Asked {
        let filter = page.filter;
        let mut args = Args(vec![tenant.organization.to_string().into(), tenant.store.to_string().into()]);
        let mut facets = [("collection", &filter.collection), ("tag", &filter.tag), ("category", &filter.category)];
        if page.sort.key == SortKey::Position || page.own_order {
            // The place in a tag is none.
            facets.swap(1, 2);
        }
        let mut conditions = Vec::new();
        for (kind, value) in facets {
            conditions.extend(value.as_deref().map(|value| Condition::facet(&mut args, kind, value)));
        }
        for (key, value) in &filter.attributes.values {
            conditions.push(Condition::facet(&mut args, &format!("attribute:{key}"), value));
        }
        conditions.extend(filter.vendor.as_deref().map(|vendor| Condition::Vendor(args.add(vendor))));
        let stock = filter.in_stock.map(|is| Condition::Stock(args.add(i64::from(is))));
        // Much is in stock, and in a channel: they lead where nothing else does.
        conditions.extend(stock.filter(|_| filter.in_stock == Some(false)));
        let channel = filter.channel.as_deref();
        let channel = channel.map(|channel| Condition::facet(&mut args, super::channel::KIND, channel));
        conditions.extend(channel);
        conditions.extend(stock.filter(|_| filter.in_stock == Some(true)));
        let is_led = !conditions.is_empty();
        conditions.extend(filter.attributes.ranges.iter().map(|(key, range)| Condition::range(&mut args, key, range)));

        let is_priced = filter.price_from.is_some() || filter.price_to.is_some();
        let prices = is_priced.then(|| {
            let (from, to) = bounds(filter, page.currency);
            (args.add(from), args.add(to))
        });
        let orders: Vec<_> = match page.own_order {
            true => ProductOrder::ALL.iter().map(|order| (Sort::of(*order), Some(order.name()))).collect(),
            false => vec![(page.sort, None)],
        };
        let shelf = conditions.first().filter(|_| page.own_order);
        let own = shelf.map(|shelf| {
            let order = if filter.collection.is_some() { ORDER_OF_COLLECTION } else { ORDER_OF_CATEGORY };
            numbered(order, shelf.value())
        });
        let currency = page.currency.map(|currency| args.add(currency.code()));
        let after = page.after.map(|(value, id)| (args.add(value.clone()), args.add(id.to_string())));
        let now = args.add(page.now.millis());
        // The last one: each statement has it.
        let limit = args.add(page.limit);
        let is_led = is_led && !orders.iter().all(|(sort, _)| currency.is_some() && sort.key == SortKey::Price);
        Asked { args, conditions, is_led, channel, prices, currency, now, after, limit, orders, own }
    }

    /// What leads, where the order has it: prices in another currency are in no other index.
    pub(super) fn lead(&self) -> Option<Condition> {
        self.conditions.first().copied().filter(|_| self.is_led)
    }

    /// Whether a list in this order is one of prices in another currency.
    pub(super) fn is_abroad(&self, sort: Sort) -> bool {
        self.currency.is_some() && sort.key == SortKey::Price
    }

    /// Conditions that what leads does not meet by itself, in one of the orders.
    pub(super) fn others(&self) -> &[Condition] {
        let by_itself = self.is_led && !self.orders.iter().any(|(sort, _)| self.is_abroad(*sort));
        self.conditions.get(usize::from(by_itself)..).unwrap_or_default()
    }

    /// Whether the range of prices, if there is one, is a part of what leads.
    pub(super) fn is_in_order_of_prices(&self) -> bool {
        self.orders.iter().all(|(sort, _)| sort.key == SortKey::Price)
    }

    fn is_led_by_all(&self) -> bool {
        self.others().is_empty() && (self.prices.is_none() || self.is_in_order_of_prices())
    }

    /// A list of which all that is asked for leads it.
    fn led(&self) -> String {
        let list = |(sort, only): &(Sort, Option<&str>)| {
            let limit = limit(&format!("?{}", self.limit), *only);
            format!("{}\nLIMIT {limit}", self.ordered(*sort, self.lead()))
        };
        let lists: Vec<String> = self.orders.iter().map(list).collect();
        match self.own_order() {
            // Of the lists in each order only one finds anything, the others have the limit 0.
            Some(own) => format!("-- catalog::list_in_own_order\nWITH {own}\n{}", union(&lists)),
            None => union(&lists),
        }
    }

    /// The order that the list has itself, as the table `own` of a WITH.
    pub(super) fn own_order(&self) -> Option<String> {
        self.own.as_deref().map(|own| format!("own (product_order) AS MATERIALIZED (\n{own})"))
    }

    /// A list that `lead` leads, without a limit: after the cursor, in its order.
    fn ordered(&self, sort: Sort, lead: Option<Condition>) -> String {
        let (table, id) = self.table(sort, lead);
        let priced = match sort.key {
            SortKey::Price | SortKey::Position => format!(" AND {table}.{} IS NOT NULL", sort.key.column()),
            SortKey::Created | SortKey::Title => String::new(),
        };
        let range = self.prices.filter(|_| sort.key == SortKey::Price);
        let bounds = range.map(|range| self.bounds(table, range, sort)).unwrap_or_default();
        let after = self.after(&format!("{table}.{}", sort.key.column()), &format!("{table}.{id}"), sort);
        let (column, direction) = (sort.key.column(), sort.direction());
        format!(
            "{}{bounds}{priced}{after}\nORDER BY {table}.{column} {direction}, {table}.{id} {direction}",
            self.list_of(sort, lead)
        )
    }

    /// All of what leads that is shown, without cards.
    pub(super) fn all(&self, sort: Sort, lead: Option<Condition>) -> String {
        without_cards(&self.list_of(sort, lead))
    }

    fn list_of(&self, sort: Sort, lead: Option<Condition>) -> String {
        let (table, _) = self.table(sort, lead);
        let list = match (lead, self.currency) {
            _ if table == "x" => numbered(LIST_IN_CURRENCY, self.currency.unwrap_or_default()),
            (Some(lead @ Condition::Facet { kind, .. }), _) => numbered(LIST_OF_FACET, kind) + &lead.value_of_facet(),
            (Some(lead), _) => LIST.to_owned() + &lead.of_product(),
            (None, _) => LIST.to_owned(),
        };
        let list = list.replace(".created_at", &format!(".{}", sort.key.column()));
        format!(
            "{list} AND coalesce({table}.publish_at <= ?{now}, 1) AND coalesce({table}.unpublish_at > ?{now}, 1)",
            now = self.now
        )
    }

    /// What leads a list, in its order and without cards.
    pub(super) fn candidates(&self, sort: Sort, lead: Option<Condition>) -> String {
        without_cards(&self.ordered(sort, lead))
    }

    /// The name of what leads in its statement, and its column with the product's id.
    pub(super) fn table(&self, sort: Sort, lead: Option<Condition>) -> (&'static str, &'static str) {
        match lead {
            _ if self.is_abroad(sort) => ("x", "product_id"),
            Some(Condition::Facet { .. }) => ("f", "product_id"),
            _ => ("p", "id"),
        }
    }

    /// The ids of all that `lead` has and that are shown.
    pub(super) fn set(&self, lead: Option<Condition>) -> String {
        let any = Sort { key: SortKey::Created, descending: false };
        without_place(&self.all(any, lead))
    }

    /// What is in the range of prices and shown: of what leads, where that is a facet. With its place in the order, unless
    /// the prices are in another currency.
    pub(super) fn set_in_prices(&self, sort: Sort) -> String {
        let Some(range) = self.prices else { return String::new() };
        if self.currency.is_some() {
            let by_price = Sort { key: SortKey::Price, descending: false };
            return without_place(&self.all(by_price, None)) + &self.both_bounds("x", range);
        }
        let lead = self.lead().filter(|lead| lead.is_facet());
        let (table, _) = self.table(sort, lead);
        self.all(sort, lead) + &self.both_bounds(table, range)
    }

    /// In the order of prices, the part of the index that is asked for. A cursor bounds it at one end; the planner
    /// takes one bound for each end, and that must be the cursor.
    fn bounds(&self, table: &str, (from, to): (usize, usize), sort: Sort) -> String {
        let mut bounds = String::new();
        if sort.descending || self.after.is_none() {
            bounds.push_str(&self.bound(FROM_PRICE, table, from));
        }
        if !sort.descending || self.after.is_none() {
            bounds.push_str(&self.bound(TO_PRICE, table, to));
        }
        bounds
    }

    pub(super) fn both_bounds(&self, table: &str, (from, to): (usize, usize)) -> String {
        self.bound(FROM_PRICE, table, from) + &self.bound(TO_PRICE, table, to)
    }

    fn bound(&self, text: &str, table: &str, value: usize) -> String {
        let price = format!("{table}.price_min");
        match self.currency {
            // In its minor units already.
            Some(_) if text == FROM_PRICE => format!(" AND {price} >= ?{value}"),
            Some(_) => format!(" AND {price} <= ?{value}"),
            None => text.replace(":price", &price).replace(":value", &format!("?{value}")),
        }
    }

    /// That a product is after the cursor.
    pub(super) fn after(&self, place: &str, id: &str, sort: Sort) -> String {
        let than = if sort.descending { "<" } else { ">" };
        let after = self.after.map(|(key, last)| format!(" AND ({place}, {id}) {than} (?{key}, ?{last})"));
        after.unwrap_or_default()
    }
}

/// `most`, unless the list is in another order.
pub(super) fn limit(most: &str, only: Option<&str>) -> String {
    match only {
        Some(order) => format!("iif((SELECT product_order FROM own) = '{order}', {most}, 0)"),
        None => most.to_owned(),
    }
}

/// Statements after each other, each with a limit of its own.
pub(super) fn union(lists: &[String]) -> String {
    match lists {
        [one] => one.clone(),
        lists => {
            let lists: Vec<String> = lists.iter().map(|list| format!("SELECT * FROM (\n{list})")).collect();
            lists.join("\nUNION ALL\n")
        }
    }
}

/// What leads a list has no need of the cards.
fn without_cards(list: &str) -> String {
    let lines = list.lines().filter(|line| !line.starts_with("CROSS JOIN"));
    lines.map(|line| line.replace(" p.card, p.sellable_variants AS sellable,", "")).collect::<Vec<_>>().join("\n")
}

/// Nor has a set of its places.
pub(super) fn without_place(list: &str) -> String {
    let parts = list.split_once(" AS place").and_then(|(before, after)| Some((before.rsplit_once(", ")?.0, after)));
    parts.map_or_else(|| list.to_owned(), |(before, after)| format!("{before}{after}"))
}

/// A statement with another number of the argument ?3.
pub(super) fn numbered(text: &str, number: usize) -> String {
    text.replace("?3", &format!("?{number}"))
}

/// A range of prices: in ten-thousandths of the major unit, or in another currency's minor units, where the lower bound
/// is rounded up.
fn bounds(filter: &ListFilter, currency: Option<Currency>) -> (i64, i64) {
    let (from, to) = (filter.price_from.unwrap_or(0), filter.price_to.unwrap_or(i64::MAX));
    let Some(currency) = currency else { return (from, to) };
    let scale = 10_i64.saturating_pow(4_u32.saturating_sub(u32::from(currency.exponent())));
    (from.saturating_add(scale.saturating_sub(1)).saturating_div(scale), to.saturating_div(scale))
}

pub(super) struct Args(pub(super) Vec<Value>);

impl Args {
    /// The number of `value` in the statement.
    pub(super) fn add(&mut self, value: impl Into<Value>) -> usize {
        self.0.push(value.into());
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_in_minor_units_of_each_other_currency() {
        let filter = |from, to| ListFilter { price_from: from, price_to: to, ..ListFilter::default() };
        for (currency, expected) in [
            (None, (12_051, 29_999)),
            (Some(Currency::JPY), (2, 2)),
            (Some(Currency::EUR), (121, 299)),
            (Some(Currency::KWD), (1206, 2999)),
        ] {
            assert_eq!(bounds(&filter(Some(12_051), Some(29_999)), currency), expected, "{currency:?}");
        }
        assert_eq!(bounds(&filter(None, Some(i64::MAX)), Some(Currency::JPY)), (0, i64::MAX / 10_000));
        assert_eq!(bounds(&filter(Some(i64::MAX), None), Some(Currency::CLF)).0, i64::MAX);
    }
}
