//! The lists of products with several filters at once: whatever these leave each and together, a page is one statement of
//! so many steps, and has what fits.

use std::collections::{BTreeMap, BTreeSet};

use headlesspro_edge::catalog::{opened_cursor, sealed_cursor};
use headlesspro_edge::vault::is_sealed;
use headlesspro_shared::kernel::page::{Cursor, CursorPart};

use crate::plans::{plan, scans};
use crate::product_lists::{ABROAD, CURRENCIES, SORTS, Shop, fill};
use crate::secrets::secrets;
use crate::steps::Counted;
use crate::tenant::check::statements;
use crate::tenant::schema::Schema;

const PRODUCTS: i64 = 20_000;

/// Steps of a page of 20 that one filter leads, or none.
const LED: i32 = 2_500;
/// Steps of a page of several: 1,000 products are read of what leads, and sorted, and
const AMONG: i32 = 200_000;
/// up to 1,000 more of each set are counted, and each of those is held against it.
const OF_EACH: i32 = 60_000;

/// Steps to count the 1,000 that a list may have, where one filter leads it, or none.
const COUNTED: i32 = 40_000;

/// What a filter leaves is sorted where it is so little.
const SET: &str = "iif(count(*) <= 1000, ";

/// What a statement may cost, whatever the catalog has.
pub fn most_steps(text: &str) -> i32 {
    let sets = text.matches(SET).count();
    if sets == 0 { LED } else { AMONG + OF_EACH * i32::try_from(sets).expect("few") }
}

/// A filter with the numbers of the products that it leaves.
type Filter = (&'static str, fn(i64) -> bool);

const ALL: Filter = ("", |_| true);
const CHANNELS: [Filter; 4] = [
    ALL,
    ("chan_00000000000000000000000001", |number| number % 7_000 == 1),
    ("chan_00000000000000000000000002", |number| number % 10 == 1),
    ("chan_00000000000000000000000003", |_| true),
];
const SHELVES: [Filter; 3] =
    [ALL, ("&filter[category]=all", |_| true), ("&filter[collection]=even", |number| number % 2 == 0)];
const TAGS: [Filter; 3] =
    [ALL, ("&filter[tag]=rare", |number| number <= 3), ("&filter[tag]=odd", |number| number % 2 == 1)];
const ATTRIBUTES: [Filter; 3] =
    [ALL, ("&attribute.size=even", |number| number % 2 == 0), ("&attribute.size=oldest", |number| number <= 2_000)];
const PRICES: [Filter; 3] = [
    ALL,
    ("&filter[price][min]=10.10&filter[price][max]=10.12", |number| (1_010..=1_012).contains(&price(number))),
    ("&filter[price][min]=100", |number| 10_000 <= price(number)),
];

/// As [`fill`] has them.
fn price(number: i64) -> i64 {
    (if number % 2 == 1 { 1_000 } else { 101_000 }) + number % 97
}

fn id(number: i64) -> String {
    format!("prod_{number:026}")
}

fn number(id: &str) -> i64 {
    id.trim_start_matches("prod_").parse().expect("a number")
}

/// What the lists in an order are ordered by, of a product.
fn place(sort: &str, number: i64) -> CursorPart {
    match sort.trim_start_matches('-') {
        "newest" => CursorPart::Integer(number / 3),
        "title" => CursorPart::Text(format!("t{}", number * 7_919 % 5_000)),
        "price" => CursorPart::Integer(price(number)),
        _ => CursorPart::Integer(number / 3 * 7_919 % 1_000),
    }
}

/// All products in an order.
fn in_order(sort: &str) -> Vec<i64> {
    let key = |number: &i64| match place(sort, *number) {
        CursorPart::Integer(integer) => (integer, String::new(), *number),
        CursorPart::Text(text) => (0, text, *number),
    };
    let mut numbers: Vec<i64> = (1..=PRODUCTS).collect();
    numbers.sort_by_key(key);
    if sort == "newest" || sort.starts_with('-') {
        numbers.reverse();
    }
    numbers
}

/// With the keys of the channels.
async fn shop() -> (Shop, Counted, Vec<String>) {
    let shop = Shop::open().await;
    shop.declare().await;
    let database = Counted::open(&shop.folder.path().join("test.db"));
    let one = |sql: &str| database.query(sql, &[]).0.pop().expect("a row");
    let (organization, store) = (one("SELECT id FROM organization"), one("SELECT id FROM store"));
    database.execute(&fill(&organization, &store, usize::try_from(PRODUCTS).expect("some")));
    database.execute(ABROAD);
    database.execute(&format!(
        "INSERT INTO collection (organization_id, store_id, id, handle, name, kind, product_order, description_html,
           description, metadata, created_at, updated_at)
         VALUES ('{organization}', '{store}', 'col_even', 'even', 'even', 'manual', 'manual', '', '', '{{}}', 0, 0)"
    ));
    let mut keys = vec![shop.key.clone()];
    keys.extend((1_u8..).zip(CHANNELS).skip(1).map(|(at, (channel, _))| shop.key_of(channel, at)));
    for (kind, value, condition) in [
        ("channel", "chan_00000000000000000000000001", "n % 7000 = 1"),
        ("channel", "chan_00000000000000000000000002", "n % 10 = 1"),
        ("channel", "chan_00000000000000000000000003", "1"),
        ("collection", "col_even", "n % 2 = 0"),
        ("tag", "odd", "n % 2 = 1"),
        ("attribute:size", "even", "n % 2 = 0"),
        ("attribute:size", "oldest", "n <= 2000"),
    ] {
        database.execute(&format!(
            "INSERT INTO product_facet (organization_id, store_id, kind, value, product_id, active, created_at, title_key,
               price_min, position)
             SELECT organization_id, store_id, '{kind}', '{value}', id, 1, created_at, title_key, price_min,
               iif('{kind}' = 'collection', created_at * 7919 % 1000, NULL)
             FROM (SELECT *, CAST(substr(id, 6) AS INTEGER) AS n FROM product) WHERE {condition}"
        ));
    }
    (shop, database, keys)
}

/// What was found of a page, and how far was read.
struct Found {
    numbers: Vec<i64>,
    next: Option<Cursor>,
    /// What is handed out for that.
    text: Option<String>,
}

/// Asks for one page, and holds its statement against the rules.
async fn page(shop: &Shop, database: &Counted, schema: &Schema, key: &str, path: &str) -> Found {
    // What a key is of is known for half a minute, and read with the list where it is not.
    shop.call_by(key, "GET", "/api/v1/products", "").await;
    shop.lists();
    let answer = shop.call_by(key, "GET", path, "").await;
    let mut lists = shop.lists();
    let (text, args) = lists.pop().expect("a list");
    assert_eq!(lists.len(), 0, "{path}: more than one list");
    assert_eq!(statements(&text, schema).expect("SQL").faults, Vec::<String>::new(), "{text}");
    let plan = plan(&shop.recorder.inner, &text, args.clone()).await;
    assert!(scans(&plan, &text, schema).is_empty(), "{text}\n{}", plan.join("\n"));
    assert_sorted(&text, &plan);
    let (ids, steps) = database.query(&text, &args);
    assert!(steps < most_steps(&text), "{path}: {steps} steps\n{text}");
    let text = answer.get("nextCursor").and_then(serde_json::Value::as_str).map(str::to_owned);
    let next = text.as_deref().map(|next| read(shop, key, next, path));
    let items = answer.get("items").and_then(serde_json::Value::as_array).expect("items").len();
    Found { numbers: ids.iter().take(items).map(|id| number(id)).collect(), next, text }
}

/// What a cursor says: to those in a channel nothing but its order, whatever page it is of.
fn read(shop: &Shop, key: &str, text: &str, path: &str) -> Cursor {
    let cursor: Cursor = text.parse().expect("a cursor");
    if key == shop.key {
        return cursor;
    }
    match cursor.parts_for(cursor.sort()).expect("its order") {
        [CursorPart::Text(sealed)] if is_sealed(sealed) => {}
        told => panic!("{path} tells {told:?}"),
    }
    opened_cursor(&secrets().vault.lookup, shop.tenant(), &cursor).expect("our own")
}

/// The cursor after a product, as it would be handed out to a key.
fn after(shop: &Shop, key: &str, sort: &str, number: i64) -> String {
    let cursor = Cursor::new(sort, vec![place(sort, number), CursorPart::Text(id(number))]);
    if key == shop.key {
        return cursor.to_string();
    }
    sealed_cursor(&secrets().vault.lookup, shop.tenant(), &cursor).expect("a short text").to_string()
}

/// A list is sorted where it is one of several filters, and then what fits few alone: 1,000 products at most, and
/// those of the page.
pub fn assert_sorted(text: &str, plan: &[String]) {
    let sorted = plan.iter().filter(|step| step.contains("USE TEMP B-TREE FOR ORDER BY")).count();
    let is_of_several = text.starts_with("-- catalog::list_among\n");
    assert_eq!(sorted, if is_of_several { 2 } else { 0 }, "{text}\n{}", plan.join("\n"));
    assert_eq!(text.matches(SET).count(), text.matches("\nLIMIT 1001)").count(), "{text}");
}

/// The product that a cursor is after.
fn last(cursor: &Cursor, sort: &str) -> i64 {
    match cursor.parts_for(sort).expect("this order") {
        [_, CursorPart::Text(id)] => number(id),
        other => panic!("{other:?}"),
    }
}

/// Whether a page is the beginning of what fits after a cursor, as far as it says that it was read.
fn assert_begins(found: &Found, sort: &str, order: &[i64], expected: &[i64], path: &str) {
    let end = match &found.next {
        None => expected.len(),
        Some(_) if found.numbers.len() == 20 => 20,
        Some(cursor) => {
            // It ends before the limit: all that fits up to there is on it.
            let last = last(cursor, sort);
            let read: BTreeSet<i64> =
                order.iter().copied().take_while(|number| *number != last).chain([last]).collect();
            expected.iter().take_while(|number| read.contains(number)).count()
        }
    };
    assert_eq!(found.numbers.as_slice(), expected.get(..end).expect("a beginning"), "{path}");
}

/// Each combination of a channel, a category or collection, a tag, an attribute and a range of prices, in each order, from
/// the beginning and from the middle.
#[tokio::test]
async fn filters_cost_no_more_the_fewer_fit_them_together() {
    let (shop, database, keys) = shop().await;
    let schema = Schema::of_migrations();
    for (sort, _) in SORTS {
        let order = in_order(sort);
        let ranks: BTreeMap<i64, usize> = order.iter().copied().zip(0..).collect();
        let rank = |number: i64| *ranks.get(&number).expect("a product");
        let middle = *order.get(order.len() / 2).expect("a product");
        for (at, filters) in combinations().into_iter().enumerate() {
            let [channel, of_request @ .., prices] = filters.as_slice() else { panic!("no channel") };
            let key = keys.get(at % CHANNELS.len()).expect("a key");
            let narrowed: String = of_request.iter().chain([prices]).map(|(text, _)| *text).collect();
            let fits = |number: &&i64| filters.iter().all(|(_, fits)| fits(**number));
            // Each third one in the other currency too.
            for currency in CURRENCIES.iter().filter(|currency| currency.is_empty() || at % 3 == 0) {
                let expected: Vec<i64> = order.iter().filter(fits).copied().collect();
                // A cursor is of what is asked for, or of all there is; not from outside a range of prices.
                let of_it = expected.get(expected.len() / 2).copied();
                let seen = if prices.0.is_empty() { Some(middle) } else { of_it };
                for seen in [None].into_iter().chain(seen.map(Some)) {
                    let cursor = seen.map(|seen| after(&shop, key, sort, seen));
                    let after = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
                    let from = seen.map_or(0, |seen| 1 + rank(seen));
                    let expected: Vec<i64> = expected.iter().copied().filter(|number| from <= rank(*number)).collect();
                    let path = format!("/api/v1/products?limit=20&sort={sort}{narrowed}{currency}{after}");
                    let found = page(&shop, &database, &schema, key, &path).await;
                    let path = format!("{path} {}", channel.0);
                    assert_begins(&found, sort, &order, &expected, &path);
                }
            }
        }
    }
}

/// The channel first, which is another each time.
fn combinations() -> Vec<Vec<Filter>> {
    let mut combinations = vec![Vec::new()];
    for filters in [PRICES.as_slice(), &ATTRIBUTES, &TAGS, &SHELVES, &CHANNELS] {
        combinations = combinations
            .into_iter()
            .flat_map(|chosen| filters.iter().map(move |filter| [&[*filter], chosen.as_slice()].concat()))
            .collect();
    }
    combinations
}

/// A page that says that nothing fits so far leads on to all that does.
#[tokio::test]
async fn short_pages_lead_to_the_end() {
    let (shop, database, keys) = shop().await;
    let schema = Schema::of_migrations();
    let some = |number: &i64| number % 2 == 1 && *number <= 2_000;
    for (key, channel) in keys.iter().zip(CHANNELS) {
        for ((sort, _), currency) in SORTS.iter().flat_map(|sort| CURRENCIES.map(|currency| (sort, currency))) {
            let order = in_order(sort);
            let expected: Vec<i64> = order.iter().copied().filter(|at| some(at) && channel.1(*at)).collect();
            let (mut found, mut after, mut pages) = (Vec::new(), String::new(), 0);
            loop {
                let filters = "&filter[category]=all&filter[tag]=odd&attribute.size=oldest";
                let path = format!("/api/v1/products?limit=250&sort={sort}{filters}{currency}{after}");
                let page = page(&shop, &database, &schema, key, &path).await;
                found.extend(page.numbers);
                pages += 1;
                let Some(next) = page.text else { break };
                after = format!("&cursor={next}");
            }
            assert_eq!(found, expected, "{sort} {currency}");
            // Each but the last one has read 1,000 products or is full.
            assert!(pages <= PRODUCTS / 1_000 + 5, "{sort} {currency}: {pages} pages");
        }
    }
}

/// A category or collection that is narrowed, in each order that it may say itself.
#[tokio::test]
async fn a_narrowed_shelf_is_read_in_each_order_of_its_own() {
    let (shop, database, keys) = shop().await;
    let schema = Schema::of_migrations();
    for (table, shelf, on_it) in [
        ("category", "categories/all", ALL.1),
        ("collection", "collections/even", (|number| number % 2 == 0) as fn(i64) -> bool),
    ] {
        for sort in SORTS.map(|(sort, _)| sort).into_iter().chain(["manual"]) {
            database.execute(&format!("UPDATE {table} SET product_order = '{sort}'"));
            let order = in_order(sort);
            for (at, filters) in combinations().into_iter().enumerate() {
                let [channel, of_shelf, tag, attribute, price] = filters.as_slice() else { panic!("five") };
                // A range of prices has the order of prices, and the path says the shelf.
                if !of_shelf.0.is_empty() || !price.0.is_empty() {
                    continue;
                }
                let key = keys.get(at % CHANNELS.len()).expect("a key");
                let fits = |number: &&i64| on_it(**number) && filters.iter().all(|(_, fits)| fits(**number));
                let expected: Vec<i64> = order.iter().filter(fits).copied().collect();
                for currency in CURRENCIES {
                    let (tag, attribute) = (tag.0, attribute.0);
                    let path = format!("/api/v1/{shelf}/products?limit=20{tag}{attribute}{currency}");
                    let found = page(&shop, &database, &schema, key, &path).await;
                    let path = format!("{path} {} {sort}", channel.0);
                    assert_begins(&found, sort, &order, &expected, &path);
                }
            }
        }
    }
}

/// In the orders that a channel does not lead, a page of its key may end at a product that is outside it, with its price or
/// its place: that leads on, and cannot be read or made up.
#[tokio::test]
async fn a_channels_key_is_told_of_nothing_outside_it() {
    let (shop, database, keys) = shop().await;
    let schema = Schema::of_migrations();
    let mut outside = 0;
    // It has odd products alone.
    let (key, channel) = (keys.get(2).expect("a key"), CHANNELS[2].1);
    for (sort, asked) in [
        ("price", "/api/v1/products?sort=price&currency=USD&filter[collection]=even"),
        ("-price", "/api/v1/products?sort=-price&currency=USD&filter[tag]=odd&attribute.size=even"),
        ("manual", "/api/v1/categories/all/products?sort=manual&attribute.size=even"),
        ("manual", "/api/v1/collections/even/products?limit=20"),
    ] {
        let found = page(&shop, &database, &schema, key, asked).await;
        assert_eq!(found.numbers, Vec::<i64>::new(), "{asked}");
        let (next, text) = found.next.zip(found.text).expect("1,000 were looked at");
        outside += i32::from(!channel(last(&next, sort)));
        // It goes on there, and nowhere that is made up: not at that place, nor at one that everybody may know.
        page(&shop, &database, &schema, key, &format!("{asked}&cursor={text}")).await;
        let made_up = Cursor::new(sort, vec![place(sort, 1), CursorPart::Text(id(1))]);
        let changed = format!("{}A", text.strip_suffix(|_: char| true).expect("a text"));
        let elsewhere = Cursor::new(sort, vec![CursorPart::Text("v1.AAAA".to_owned())]);
        for cursor in [next.to_string(), made_up.to_string(), changed, elsewhere.to_string()] {
            let status = shop.get_by(key, &format!("{asked}&cursor={cursor}")).await;
            assert_eq!(status, if cursor == text { 200 } else { 422 }, "{asked} {cursor}");
        }
    }
    assert!(3 <= outside, "only {outside} of the pages ended outside the channel");
}

/// It is exact where few fit any of the filters, and otherwise at least what was found.
#[tokio::test]
async fn what_fits_is_counted_within_the_same_bounds() {
    let (shop, database, keys) = shop().await;
    for (at, filters) in combinations().into_iter().enumerate() {
        let [_, of_request @ ..] = filters.as_slice() else { panic!("no channel") };
        let key = keys.get(at % CHANNELS.len()).expect("a key");
        let narrowed: String = of_request.iter().map(|(text, _)| *text).collect();
        let path = format!("/api/v1/products?count=true{narrowed}");
        let answer = shop.call_by(key, "GET", &path, "").await;
        let (text, args) = shop.asked("-- catalog::list_count").pop().expect("a count");
        let (_, steps) = database.query(&text, &args);
        assert!(steps < most_steps(&text) + COUNTED, "{path}: {steps} steps\n{text}");
        let count = answer.get("count").and_then(serde_json::Value::as_u64).expect("a count");
        let is_exact = answer.get("isCountExact").and_then(serde_json::Value::as_bool).expect("whether it is");
        let fit = (1..=PRODUCTS).filter(|number| filters.iter().all(|(_, fits)| fits(*number))).count();
        let fit = u64::try_from(fit).expect("some");
        assert!(if is_exact { count == fit } else { count <= fit }, "{path}: {count} of {fit}, exact: {is_exact}");
        let leaves_few = |fits: fn(i64) -> bool| (1..=PRODUCTS).filter(|number| fits(*number)).count() <= 1_000;
        assert!(is_exact || !filters.iter().any(|(_, fits)| leaves_few(*fits)), "{path}: few fit");
    }
}
