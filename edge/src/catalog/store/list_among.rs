//! Lists of products that nothing leads by itself: several filters, or one that has no index in the list's order.
//!
//! Nobody knows beforehand which of the filters fits few products, nor whether many that each fit much fit anything
//! together. One statement finds out, within bounds:
//!
//! 1. It reads [`FEW`] products at most of what leads, in the list's order, and looks for those that meet the other
//!    conditions. Mostly that fills the page, after a few times as many as it has.
//! 2. Where it does not, each other filter is asked in turn whether it leaves [`FEW`] products at most. Those of the first
//!    one that does are held against the rest and sorted: that is the whole list. A range of prices is asked first of all,
//!    as most are narrow; with what leads, where that is a facet.
//! 3. Where all leave more, the page has what was found, which may be less than the limit or nothing, and the statement's
//!    last row is a product without a card: how far was read, which the next page is after. Where the caller is in a
//!    channel, that leads then, in the orders that it has: what is not in it is not looked at. In the others that product
//!    may be outside the channel, of which nobody in it is told: see [`cursors`](super::super::cursors).
//!
//! The tables of the statement have one row each, and each is read once, by the next one: SQLite plans a table anew
//! wherever it is named. In `few` is what was found to be sorted, in `page` what was read in order, both as JSON, and in
//! `last` how far; NULL is what was not asked for yet.

use super::list::{Asked, Sort, SortKey, limit, numbered, union, without_place};
use super::list_condition::{Condition, priced};

/// As many are sorted, and as many are read of what leads, for a page.
const FEW: usize = 1_000;

/// A page. Each product is its id and its place; with a third one, it says how far was read.
const PAGE: &str = "-- catalog::list_page
SELECT page.value ->> 0 AS id, p.card, p.sellable_variants AS sellable, page.value ->> 1 AS place
FROM json_each('[]') found
CROSS JOIN json_each(found.value) page
LEFT JOIN product p ON p.id = page.value ->> 0 AND p.organization_id = ?1 AND page.value ->> 2 IS NULL";

/// The place of the product ?4 in the order of the prices in the currency ?3.
const PLACE_ABROAD: &str = "-- catalog::list_place_in_currency
SELECT x.price_min FROM product_price_range x
WHERE x.organization_id = ?1 AND x.product_id = ?4 AND x.currency = ?3";

/// The page.
pub(super) fn among(asked: &Asked) -> String {
    let page = PAGE.replace("json_each('[]') found", "found");
    let order = direction(asked, "page.value ->> 0");
    format!("-- catalog::list_among\n{}\n{page}\nORDER BY {order}, page.value ->> 2", found(asked))
}

/// How many are on it.
pub(super) fn count(asked: &Asked) -> String {
    let is_more = "value ->> '$[#-1][2]' IS NOT NULL";
    let count = format!("json_array_length(value) - ({is_more})");
    format!("-- catalog::list_count\n{}\nSELECT {count} AS count, {is_more} AS is_more FROM found", found(asked))
}

/// The WITH whose last table is `found`, with the page as `value`.
fn found(asked: &Asked) -> String {
    let (lead, others, page) = (asked.lead(), asked.others(), asked.limit);
    // A range of prices in another order than theirs.
    let narrow = asked.orders.first().filter(|_| asked.prices.is_some() && !asked.is_in_order_of_prices());
    let meets = |conditions: &[Condition], id: &str| {
        let range = if narrow.is_some() { priced(asked, id) } else { String::new() };
        conditions.iter().map(|condition| condition.met_by(id)).collect::<String>() + &range
    };
    // The range is all that is asked for beside what leads, and its set has the places.
    let is_alone = others.is_empty() && lead.is_none_or(Condition::is_facet) && asked.currency.is_none();
    let alone = narrow.filter(|_| is_alone);

    let mut tables = Vec::new();
    tables.extend(asked.own_order());
    // Where nothing leads the prices would be read all the same.
    let beside = asked.conditions.iter().skip(usize::from(asked.is_led && narrow.is_none()));
    let is_any: String = beside.map(|condition| condition.met_by_any()).collect();
    let prices = narrow.map(|(sort, _)| asked.set_in_prices(*sort)).map(|prices| match alone {
        Some(_) => set(&prices, "json_array(id, place)"),
        None => set(&without_place(&prices), "id"),
    });
    let prices = prices.as_deref().unwrap_or("NULL");
    tables.push(format!("asked (few) AS MATERIALIZED (\nSELECT CASE WHEN true{is_any} THEN {prices} ELSE '[]' END)"));
    let (read, last) = walk(asked, &|_| lead, &meets(others, "w.id"));
    tables.push(format!(
        "walk (few, page) AS MATERIALIZED (\nSELECT few, CASE WHEN few IS NULL THEN {read} END FROM asked)"
    ));
    tables.push(format!(
        "rest (few, page, last) AS MATERIALIZED (\n\
         SELECT few, page, CASE WHEN json_array_length(page) < ?{page} THEN {last} END FROM walk)"
    ));
    let sets: String = others.iter().map(|other| format!("{},\n", set(&other.set(asked), "id"))).collect();
    tables.push(format!(
        "sets (few, page, last) AS MATERIALIZED (\n\
         SELECT CASE WHEN last IS NULL THEN few ELSE coalesce({sets}NULL, NULL) END, page, last FROM rest)"
    ));
    let mut table = "sets";
    if let Some(channel) = asked.channel.filter(|channel| lead != Some(*channel)) {
        let has_order = |sort: Sort| sort.key != SortKey::Position && !asked.is_abroad(sort);
        let lead = |sort| if has_order(sort) { Some(channel) } else { lead };
        let (read, last) = walk(asked, &lead, &meets(&asked.conditions, "w.id"));
        let is_open = "few IS NULL AND last IS NOT NULL";
        tables.push(format!(
            "walk_of_channel (few, page, last) AS MATERIALIZED (\n\
             SELECT few, CASE WHEN {is_open} THEN {read} ELSE page END, last FROM sets)"
        ));
        tables.push(format!(
            "rest_of_channel (few, page, last) AS MATERIALIZED (\n\
             SELECT few, page, CASE WHEN {is_open} AND json_array_length(page) < ?{page} THEN {last} END FROM walk_of_channel)"
        ));
        table = "rest_of_channel";
    }
    let few = match alone {
        Some((sort, _)) => {
            let (id, place) = ("w.value ->> 0", "w.value ->> 1");
            let after = asked.after(place, id, *sort);
            format!(
                "SELECT {id} AS id, {place} AS place FROM few w\nWHERE true{after}\nORDER BY {}",
                direction(asked, id)
            )
        }
        None => few(asked, &meets(others, "w.value")),
    };
    let few = few.replace("FROM few w", &format!("FROM json_each({table}.few) w"));
    tables.push(format!(
        "found (value) AS MATERIALIZED (\n\
         SELECT CASE WHEN few IS NOT NULL THEN (SELECT json_group_array(json_array(id, place)) FROM (\n{few}\nLIMIT ?{page}))\n\
         WHEN last IS NULL THEN page ELSE json_insert(page, '$[#]', json(last)) END FROM {table})"
    ));
    format!("WITH {}", tables.join(",\n"))
}

/// What is found in what leads as far as that is read, and the last of that, where there is so much.
fn walk(asked: &Asked, lead: &dyn Fn(Sort) -> Option<Condition>, meets: &str) -> (String, String) {
    let lists = |most: usize, offset: &str| {
        let list = |(sort, order): &(Sort, Option<&str>)| {
            let limit = limit(&most.to_string(), *order);
            format!("{}\nLIMIT {limit}{offset}", asked.candidates(*sort, lead(*sort)))
        };
        union(&asked.orders.iter().map(list).collect::<Vec<_>>())
    };
    let read = format!(
        "(SELECT json_group_array(json_array(id, place)) FROM (\nSELECT w.id, w.place FROM (\n{}) w\nWHERE true{meets}\n\
         LIMIT ?{}))",
        lists(FEW, ""),
        asked.limit
    );
    let last = lists(1, &format!(" OFFSET {}", FEW.saturating_sub(1)));
    (read, format!("(SELECT json_array(id, place, 1) FROM (\n{last}))"))
}

/// What a filter leaves, where that is little; else NULL.
fn set(set: &str, value: &str) -> String {
    let most = FEW.saturating_add(1);
    format!("(SELECT iif(count(*) <= {FEW}, json_group_array({value}), NULL) FROM (\n{set}\nLIMIT {most}))")
}

/// Those of the table `few` that what leads has, sorted. `meets` is what they have to meet beside.
fn few(asked: &Asked, meets: &str) -> String {
    let (sort, is_own) = match asked.orders.as_slice() {
        [(sort, None)] => (*sort, false),
        // All of them are of what leads; see `place`.
        _ => (Sort { key: SortKey::Created, descending: true }, true),
    };
    let (table, id) = asked.table(sort, asked.lead());
    let id = format!("{table}.{id}");
    let list = asked.all(sort, asked.lead());
    let from = list.lines().find_map(|line| line.strip_prefix("FROM ")).unwrap_or_default().to_owned();
    let list = list.replace(&format!("FROM {from}"), &format!("FROM few w\nCROSS JOIN {from} ON {id} = w.value"));
    // `+` keeps the planner to the product's own row: an index of all in the store looks as good to it.
    let list = list.replace(" p.store_id =", " +p.store_id =").replace(" p.status =", " +p.status =");
    let range = asked.prices.filter(|_| asked.is_in_order_of_prices());
    let range = range.map(|range| asked.both_bounds(table, range)).unwrap_or_default();
    let (list, place) = if is_own {
        (list.replace("f.created_at AS place", &format!("{} AS place", place(asked))), "place".to_owned())
    } else {
        (list, format!("{table}.{}", sort.key.column()))
    };
    let after = asked.after(&place, &id, sort);
    format!("{list}{range}{meets} AND {place} IS NOT NULL{after}\nORDER BY {}", direction(asked, &id))
}

/// The place of a facet's product in the order that the list has itself.
fn place(asked: &Asked) -> String {
    let of = |(sort, order): &(Sort, Option<&str>)| {
        let place = match asked.currency.filter(|_| asked.is_abroad(*sort)) {
            Some(currency) => format!("({})", numbered(&PLACE_ABROAD.replace("?4", "f.product_id"), currency)),
            None => format!("f.{}", sort.key.column()),
        };
        format!(" WHEN '{}' THEN {place}", order.unwrap_or_default())
    };
    let places: String = asked.orders.iter().map(of).collect();
    format!("CASE (SELECT product_order FROM own){places} END")
}

/// An ORDER BY the column `place` and the id, in the list's direction.
fn direction(asked: &Asked, id: &str) -> String {
    if let [(sort, None)] = asked.orders.as_slice() {
        return format!("place {direction}, {id} {direction}", direction = sort.direction());
    }
    let ascending = asked.orders.iter().filter(|(sort, _)| !sort.descending);
    let ascending: Vec<String> = ascending.map(|(_, order)| format!("'{}'", order.unwrap_or_default())).collect();
    let is_ascending = format!("(SELECT product_order FROM own) IN ({})", ascending.join(", "));
    format!("iif({is_ascending}, place, NULL), iif({is_ascending}, {id}, NULL), place DESC, {id} DESC")
}
