//! The lists of products, as HTTP asks for them: their plans, and what they cost in a large catalog. A list must
//! not read more when fewer products fit.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use headlesspro_edge::app::{App, Tenant};
use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::host::native::libsql::EmbeddedSql;
use headlesspro_edge::identity::create_account;
use headlesspro_edge::organizations::open_store;
use headlesspro_edge::port::BoxFuture;
use headlesspro_edge::port::entropy::HostEntropy;
use headlesspro_edge::port::kv::memory::MemoryKv;
use headlesspro_edge::port::sql::{Batch, Outcome, Sql, SqlError, Value};
use headlesspro_edge::{routes, scripts};
use headlesspro_shared::identity::{ApiKeyClaim, KeyKind, Password, Role, mint_api_key};
use headlesspro_shared::kernel::money::Currency;
use http::Request;
use sha2::{Digest, Sha256};
use tower::ServiceExt;

use crate::plans::{database, plan, scans};
use crate::product_filters::{assert_sorted, most_steps};
use crate::secrets::secrets;
use crate::steps::Counted;
use crate::tenant::check::statements;
use crate::tenant::literals::all;
use crate::tenant::schema::{Schema, migrations};

pub const SORTS: [(&str, &str); 5] = [
    ("newest", "created_at DESC, id DESC"),
    ("title", "title_key, id"),
    ("-title", "title_key DESC, id DESC"),
    ("price", "price_min, id"),
    ("-price", "price_min DESC, id DESC"),
];

/// Filters with what they mean. "0": nothing fits, which may not cost more than [`NOTHING`].
const FILTERS: [(&str, &str); 35] = [
    ("", "1"),
    ("&filter[tag]=all", "1"),
    ("&filter[tag]=rare", "number <= 3"),
    ("&filter[tag]=none", "0"),
    ("&filter[category]=all", "1"),
    ("&filter[category]=none", "0"),
    ("&filter[collection]=all", "1"),
    ("&filter[collection]=rare", "number <= 3"),
    ("&filter[collection]=none", "0"),
    ("&filter[collection]=rare&filter[category]=all&filter[price][min]=10", "number <= 3 AND price_min >= 1000"),
    ("&filter[vendor]=only", "1"),
    ("&filter[vendor]=none", "0"),
    ("&filter[inStock]=true", "3 < number"),
    ("&filter[inStock]=false", "number <= 3"),
    ("&filter[price][min]=9&filter[price][max]=10.50", "price_min BETWEEN 900 AND 1050"),
    ("&filter[price][min]=10.10", "price_min >= 1010"),
    ("&filter[price][max]=10.01", "price_min <= 1001"),
    ("&filter[price][min]=1010.90&filter[price][max]=1010.95", "price_min BETWEEN 101090 AND 101095"),
    ("&filter[price][min]=400&filter[price][max]=500", "0"),
    ("&filter[price][min]=2000", "0"),
    ("&filter[price][max]=1", "0"),
    ("&filter[tag]=all&filter[category]=all&filter[vendor]=only&filter[inStock]=true", "3 < number"),
    ("&filter[tag]=all&filter[category]=none", "0"),
    ("&filter[category]=all&filter[vendor]=none", "0"),
    ("&filter[vendor]=only&filter[inStock]=false", "number <= 3"),
    ("&filter[tag]=rare&filter[price][min]=10", "number <= 3 AND price_min >= 1000"),
    ("&filter[category]=all&filter[price][min]=10.10", "price_min >= 1010"),
    ("&filter[category]=all&filter[price][min]=400&filter[price][max]=500", "0"),
    ("&filter[category]=none&filter[price][min]=10.10", "number = 0"),
    ("&attribute.size=all", "1"),
    ("&attribute.size=rare", "number <= 3"),
    ("&attribute.size=none", "0"),
    ("&attribute.colour=rare&attribute.size=all&filter[inStock]=false", "number <= 3"),
    ("&filter[category]=all&attribute.size=none", "0"),
    ("&attribute.size=all&filter[price][min]=10.10", "price_min >= 1010"),
];

/// Ranges of an attribute's values, which are the products' numbers, alone and with other filters.
const RANGES: [(&str, &str); 12] = [
    ("&attribute.number[min]=5&attribute.number[max]=7", "number BETWEEN 5 AND 7"),
    ("&attribute.number[min]=5000", "number >= 5000"),
    ("&attribute.number[max]=-1", "0"),
    ("&attribute.number[min]=30000&filter[tag]=all", "0"),
    ("&attribute.number[max]=1000&filter[inStock]=false", "number <= 3"),
    ("&attribute.number[min]=2&filter[tag]=rare", "number BETWEEN 2 AND 3"),
    ("&attribute.number[max]=900&filter[category]=all&filter[vendor]=only", "number <= 900"),
    ("&attribute.number[min]=5000&filter[tag]=none", "0"),
    ("&attribute.number[min]=5000&attribute.size=all&filter[collection]=all", "number >= 5000"),
    (
        "&attribute.number[min]=100&attribute.number[max]=150&filter[price][min]=10.10&filter[category]=all",
        "number BETWEEN 100 AND 150 AND price_min >= 1010",
    ),
    ("&attribute.number[min]=5000&filter[price][min]=10.10", "number >= 5000 AND price_min >= 1010"),
    (
        "&attribute.number[max]=9000&filter[price][min]=1010.90&filter[price][max]=1010.95",
        "number <= 9000 AND price_min BETWEEN 101090 AND 101095",
    ),
];

/// A list in a further currency, in which everything costs as many cents, costs no more either.
pub const CURRENCIES: [&str; 2] = ["", "&currency=USD"];

/// Has every store sell what it has in that currency.
pub const ABROAD: &str = "UPDATE store SET currencies = '[\"USD\"]';
  INSERT INTO product_price_range (organization_id, store_id, product_id, currency, active, price_min, price_max)
  SELECT organization_id, store_id, id, 'USD', 1, price_min, price_max FROM product WHERE price_min IS NOT NULL;";

/// Steps to find that there is nothing. A product that is read takes about ten or more.
const NOTHING: i32 = 1_500;

#[tokio::test]
async fn every_list_of_products_runs_on_an_index_in_its_order() {
    let shop = Shop::open().await;
    let file = "Handle,Title,Variant Price\nmug,Mug,12.50\ncup,Cup,7.00\n";
    shop.call("POST", "/api/v1/imports", file).await;
    shop.declare().await;
    shop.call("GET", "/api/v1/products", "").await;
    let tenant = shop.lists().first().expect("a list").1.clone();
    let [Value::Text(organization), Value::Text(store), ..] = tenant.as_slice() else { panic!("{tenant:?}") };
    let database = Counted::open(&shop.folder.path().join("test.db"));
    database.execute(&fill(organization, store, 100_000));
    database.execute(ABROAD);
    shop.lists();
    for ((sort, _), currency) in SORTS.iter().flat_map(|sort| CURRENCIES.map(|currency| (sort, currency))) {
        for (filter, _) in FILTERS {
            shop.call("GET", &format!("/api/v1/products?limit=1&sort={sort}{filter}{currency}"), "").await;
        }
        let first = shop.call("GET", &format!("/api/v1/products?limit=1&sort={sort}{currency}"), "").await;
        let cursor = first.get("nextCursor").and_then(serde_json::Value::as_str).expect("a second page");
        for (filter, _) in FILTERS {
            let path = format!("/api/v1/products?limit=1&sort={sort}&cursor={cursor}{filter}{currency}");
            shop.call("GET", &path, "").await;
        }
    }
    let lists = shop.lists();
    assert_eq!(lists.len(), CURRENCIES.len() * SORTS.len() * (2 * FILTERS.len() + 1));
    let schema = Schema::of_migrations();
    for (text, args) in lists {
        // What was put together keeps to the tenant as its parts do.
        assert_eq!(statements(&text, &schema).expect("SQL").faults, Vec::<String>::new(), "{text}");
        let plan = plan(&shop.recorder.inner, &text, args).await;
        assert!(scans(&plan, &text, &schema).is_empty(), "{text}\n{}", plan.join("\n"));
        assert_sorted(&text, &plan);
    }
}

#[tokio::test]
async fn a_list_of_20_000_products_costs_no_more_the_fewer_fit() {
    let shop = Shop::open().await;
    shop.call("GET", "/api/v1/products", "").await;
    let tenant = shop.lists().first().expect("a list").1.clone();
    let [Value::Text(organization), Value::Text(store), ..] = tenant.as_slice() else { panic!("{tenant:?}") };
    let database = Counted::open(&shop.folder.path().join("test.db"));
    database.execute(&fill(organization, store, 20_000));
    shop.declare().await;
    database.execute(ABROAD);
    for ((sort, order), currency) in SORTS.iter().flat_map(|sort| CURRENCIES.map(|currency| (sort, currency))) {
        for (filter, meaning) in FILTERS {
            let (expected, _) = database.query(
                &format!(
                    "SELECT id FROM (SELECT *, CAST(substr(id, 6) AS INTEGER) AS number FROM product)
                     WHERE {meaning} ORDER BY {order} LIMIT 60"
                ),
                &[],
            );
            let mut found = Vec::new();
            let mut cursor = String::new();
            for _ in 0..3 {
                let path = format!("/api/v1/products?limit=20&sort={sort}{filter}{currency}{cursor}");
                let answer = shop.call("GET", &path, "").await;
                let (text, args) = shop.lists().pop().expect("a list");
                let (mut ids, steps) = database.query(&text, &args);
                ids.truncate(20);
                found.extend(ids);
                let most = if meaning == "0" { NOTHING } else { most_steps(&text) };
                assert!(steps < most, "{path}: {steps} steps\n{text}");
                match answer.get("nextCursor").and_then(serde_json::Value::as_str) {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            assert_eq!(found, expected, "{sort} {filter} {currency}");
        }
    }
}

#[tokio::test]
async fn a_range_of_values_costs_no_more_the_fewer_fit() {
    let shop = Shop::open().await;
    shop.call("GET", "/api/v1/products", "").await;
    let tenant = shop.lists().first().expect("a list").1.clone();
    let [Value::Text(organization), Value::Text(store), ..] = tenant.as_slice() else { panic!("{tenant:?}") };
    let database = Counted::open(&shop.folder.path().join("test.db"));
    database.execute(&fill(organization, store, 20_000));
    shop.declare().await;
    let number = r#"{"key":"number","name":"x","of":"product","type":"number","filterable":true}"#;
    assert_eq!(shop.post("/api/v1/admin/attributes", number.to_owned()).await, 201);
    database.execute(ABROAD);
    database.execute(
        "INSERT INTO product_facet (organization_id, store_id, kind, value, product_id, active, created_at, title_key,
           price_min, ordinal)
         SELECT p.organization_id, p.store_id, 'attribute:number', p.n, p.id, 1, p.created_at, p.title_key, p.price_min,
           char(96 + length(p.n)) || p.n
         FROM (SELECT *, CAST(substr(id, 6) AS INTEGER) AS n FROM product) p;
         UPDATE collection SET product_order = 'manual'",
    );
    let schema = Schema::of_migrations();
    let shelf = [("", "created_at * 7919 % 1000, id")];
    let lists = SORTS.iter().flat_map(|sort| CURRENCIES.map(|currency| ("products", *sort, currency)));
    let shelves =
        shelf.iter().flat_map(|sort| CURRENCIES.map(|currency| ("collections/all/products", *sort, currency)));
    for (path, (sort, order), currency) in lists.chain(shelves) {
        for (filter, meaning) in RANGES {
            // A shelf has the order of prices in a range of them, and says its collection itself, which leads: what else
            // it is narrowed by is looked for in all of that.
            let is_other = ["price", "collection", "rare"].iter().any(|word| filter.contains(word));
            if sort.is_empty() && is_other {
                continue;
            }
            let expected = format!(
                "SELECT id FROM (SELECT *, CAST(substr(id, 6) AS INTEGER) AS number FROM product)
                 WHERE {meaning} ORDER BY {order} LIMIT 60"
            );
            let (expected, _) = database.query(&expected, &[]);
            let (mut found, mut cursor) = (Vec::new(), String::new());
            for _ in 0..3 {
                let sorted = if sort.is_empty() { String::new() } else { format!("&sort={sort}") };
                let path = format!("/api/v1/{path}?limit=20{sorted}{filter}{currency}{cursor}");
                let answer = shop.call("GET", &path, "").await;
                let (text, args) = shop.lists().pop().expect("a list");
                assert_eq!(statements(&text, &schema).expect("SQL").faults, Vec::<String>::new(), "{text}");
                let plan = plan(&shop.recorder.inner, &text, args.clone()).await;
                assert!(scans(&plan, &text, &schema).is_empty(), "{text}\n{}", plan.join("\n"));
                let (mut ids, steps) = database.query(&text, &args);
                ids.truncate(20);
                found.extend(ids);
                assert!(steps < most_steps(&text), "{path}: {steps} steps\n{text}");
                match answer.get("nextCursor").and_then(serde_json::Value::as_str) {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            assert_eq!(found, expected, "{path} {sort} {filter} {currency}");
        }
    }
}

/// The order that a category or collection says itself costs what the same order costs that is asked for.
#[tokio::test]
async fn a_shelf_of_20_000_products_is_read_in_each_order_of_its_own() {
    let shop = Shop::open().await;
    shop.call("GET", "/api/v1/products", "").await;
    let tenant = shop.lists().first().expect("a list").1.clone();
    let [Value::Text(organization), Value::Text(store), ..] = tenant.as_slice() else { panic!("{tenant:?}") };
    let database = Counted::open(&shop.folder.path().join("test.db"));
    database.execute(&fill(organization, store, 20_000));
    let manual = ("manual", "created_at * 7919 % 1000, id");
    let schema = Schema::of_migrations();
    for (table, shelf) in [("category", "categories/all"), ("collection", "collections/all")] {
        for (order, meaning) in SORTS.into_iter().chain([manual]) {
            database.execute(&format!("UPDATE {table} SET product_order = '{order}'"));
            let (expected, _) = database.query(&format!("SELECT id FROM product ORDER BY {meaning} LIMIT 60"), &[]);
            let mut found = Vec::new();
            let mut cursor = String::new();
            for _ in 0..3 {
                let answer = shop.call("GET", &format!("/api/v1/{shelf}/products?limit=20{cursor}"), "").await;
                let (text, args) = shop.lists().pop().expect("a list");
                let (mut ids, steps) = database.query(&text, &args);
                ids.truncate(20);
                found.extend(ids);
                assert!(steps < NOTHING, "{shelf} {order}: {steps} steps\n{text}");
                assert_eq!(statements(&text, &schema).expect("SQL").faults, Vec::<String>::new(), "{text}");
                let plan = plan(&shop.recorder.inner, &text, args).await;
                assert!(scans(&plan, &text, &schema).is_empty(), "{text}\n{}", plan.join("\n"));
                assert!(plan.iter().all(|step| !step.contains("TEMP B-TREE")), "{text}\n{}", plan.join("\n"));
                let next = answer.get("nextCursor").and_then(serde_json::Value::as_str).expect("another page");
                cursor = format!("&cursor={next}");
            }
            assert_eq!(found, expected, "{shelf} {order}");
        }
    }
}

/// A key of a channel is shown what is published there: as much as few products, and no more is read for it.
#[tokio::test]
async fn a_channel_of_20_000_products_is_read_as_any_other_list() {
    let shop = Shop::open().await;
    shop.declare().await;
    let database = Counted::open(&shop.folder.path().join("test.db"));
    let one = |sql: &str| database.query(sql, &[]).0.pop().expect("a row");
    let (organization, store) = (one("SELECT id FROM organization"), one("SELECT id FROM store"));
    database.execute(&fill(&organization, &store, 20_000));
    database.execute(ABROAD);
    let schema = Schema::of_migrations();
    for (number, published) in [(1_u8, "1"), (2, "number <= 3"), (3, "0")] {
        let channel = format!("chan_{number:026}");
        // The key is another each time, so that what is remembered of it is not in the way.
        let key = shop.key_of(&channel, number);
        database.execute(&format!(
            "INSERT INTO product_facet (organization_id, store_id, kind, value, product_id, active, created_at, title_key,
               price_min)
             SELECT organization_id, store_id, 'channel', '{channel}', id, 1, created_at, title_key, price_min
             FROM (SELECT *, CAST(substr(id, 6) AS INTEGER) AS number FROM product) WHERE {published}"
        ));
        for ((sort, order), currency) in SORTS.iter().flat_map(|sort| CURRENCIES.map(|currency| (sort, currency))) {
            for (filter, meaning) in FILTERS {
                let path = format!("/api/v1/products?limit=20&sort={sort}{filter}{currency}");
                shop.call_by(&key, "GET", &path, "").await;
                let (text, args) = shop.lists().pop().expect("a list");
                assert!(args.contains(&Value::Text(channel.clone())), "{path}: {args:?}");
                assert_eq!(statements(&text, &schema).expect("SQL").faults, Vec::<String>::new(), "{text}");
                let plan = plan(&shop.recorder.inner, &text, args.clone()).await;
                assert!(scans(&plan, &text, &schema).is_empty(), "{text}\n{}", plan.join("\n"));
                let (mut ids, steps) = database.query(&text, &args);
                ids.truncate(20);
                let expected = format!(
                    "SELECT id FROM (SELECT *, CAST(substr(id, 6) AS INTEGER) AS number FROM product)
                     WHERE {meaning} AND {published} ORDER BY {order} LIMIT 20"
                );
                assert_eq!(ids, database.query(&expected, &[]).0, "{path}");
                let most = if published == "0" || meaning == "0" { NOTHING } else { most_steps(&text) };
                assert!(steps < most, "{path}: {steps} steps\n{text}");
            }
        }
        for path in ["/api/v1/products/h7", "/api/v1/products/prod_00000000000000000000000002", "/api/v1/sitemaps"] {
            shop.get_by(&key, path).await;
            for (text, args) in shop.asked("-- catalog::").into_iter().filter(|(text, _)| text.contains("'channel'")) {
                assert_eq!(statements(&text, &schema).expect("SQL").faults, Vec::<String>::new(), "{text}");
                let plan = plan(&shop.recorder.inner, &text, args.clone()).await;
                assert!(scans(&plan, &text, &schema).is_empty(), "{text}\n{}", plan.join("\n"));
                assert!(plan.iter().all(|step| !step.contains("TEMP B-TREE")), "{text}\n{}", plan.join("\n"));
            }
        }
    }
}

/// Whoever has grants for channels is shown what is published there, page by full page, however far apart it stands. But
/// where the products of a hidden status are many, and those of the channels too, so much is looked at for a page, which
/// says how far it came.
#[tokio::test]
async fn pages_of_a_clerks_list_of_20_000_products_are_full() {
    /// Steps to look at 1,000 of the status and 1,000 of each channel.
    const LOOKED: i32 = 200_000;
    const PUBLISHED: [&str; 5] =
        ["1", "number <= 3", "number % 1000 = 7", "0", "status = 'active' OR number % 4000 = 155"];
    let shop = Shop::open().await;
    let database = Counted::open(&shop.folder.path().join("test.db"));
    let (organization, store) = (shop.tenant.organization.to_string(), shop.tenant.store.to_string());
    database.execute(&fill(&organization, &store, 20_000));
    database.execute("UPDATE product SET status = iif(handle LIKE '%1', 'draft', 'archived') WHERE handle LIKE '%5%'");
    let schema = Schema::of_migrations();
    let channel = |number: usize| format!("chan_{number:026}");
    for (number, published) in PUBLISHED.iter().enumerate() {
        let channel = channel(number);
        shop.key_of(&channel, u8::try_from(number).expect("few"));
        database.execute(&format!(
            "INSERT INTO product_facet (organization_id, store_id, kind, value, product_id, active, created_at, title_key,
               price_min)
             SELECT organization_id, store_id, 'channel', '{channel}', id, status = 'active', created_at, title_key,
               price_min
             FROM (SELECT *, CAST(substr(id, 6) AS INTEGER) AS number FROM product) WHERE {published}"
        ));
    }
    for channels in [&[0][..], &[1], &[2], &[3], &[4], &[0, 2], &[1, 2, 3, 4]] {
        let names: Vec<String> = channels.iter().map(|number| channel(*number)).collect();
        let published: Vec<&str> = channels.iter().filter_map(|number| PUBLISHED.get(*number).copied()).collect();
        let published = published.join(" OR ");
        let clerk = shop.clerk_of(&names).await;
        for (status, meaning) in [
            ("", "1"),
            ("&filter[status]=active", "status = 'active'"),
            ("&filter[status]=draft", "status = 'draft'"),
            ("&filter[status]=archived", "status = 'archived'"),
        ] {
            let (mut found, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
            loop {
                let path = format!("/api/v1/admin/products?limit=250{status}{cursor}");
                let answer = shop.call_by(&clerk, "GET", &path, "").await;
                let (text, args) = shop.asked("-- catalog::products_in_channels").pop().expect("a list");
                if pages == 0 {
                    let plan = plan(&shop.recorder.inner, &text, args.clone()).await;
                    assert!(scans(&plan, &text, &schema).is_empty(), "{text}\n{}", plan.join("\n"));
                }
                let (ids, steps) = database.query(&text, &args);
                assert!(steps < LOOKED, "{path}: {steps} steps\n{text}");
                let items = answer.get("items").and_then(serde_json::Value::as_array).expect("items").len();
                found.extend(ids.into_iter().take(items));
                pages += 1;
                let Some(next) = answer.get("nextCursor").and_then(serde_json::Value::as_str) else { break };
                let may_be_short = status.ends_with("draft") || status.ends_with("archived");
                assert!(items == 250 || may_be_short, "{path}: {items} of {published}");
                cursor = format!("&cursor={next}");
            }
            let expected = format!(
                "SELECT id FROM (SELECT *, CAST(substr(id, 6) AS INTEGER) AS number FROM product)
                 WHERE {meaning} AND ({published}) ORDER BY created_at DESC, id DESC"
            );
            assert_eq!(found, database.query(&expected, &[]).0, "{published} {status}");
            assert!(pages <= found.len() / 250 + 21, "{published} {status}: {pages} pages");
        }
    }
}

/// In another locale each card is looked up by its key, and nothing else is another.
#[tokio::test]
async fn what_is_read_in_another_locale_is_read_on_the_same_indexes() {
    let shop = Shop::open().await;
    let database = Counted::open(&shop.folder.path().join("test.db"));
    database.execute("UPDATE store SET locales = 'fr zh-Hant-TW'");
    shop.declare().await;
    shop.call("GET", "/api/v1/products", "").await;
    let tenant = shop.lists().first().expect("a list").1.clone();
    let [Value::Text(organization), Value::Text(store), ..] = tenant.as_slice() else { panic!("{tenant:?}") };
    database.execute(&fill(organization, store, 20_000));
    database.execute(
        "INSERT INTO product_translation (organization_id, store_id, product_id, locale, handle, shown_handle, document,
           card)
         SELECT p.organization_id, p.store_id, p.id, l.value, 'f' || p.handle, 'f' || p.handle, '{}', '{\"title\":\"f\"}'
         FROM product p JOIN json_each('[\"fr\", \"zh\", \"zh-Hant\"]') l",
    );
    let schema = Schema::of_migrations();
    let keeps_to_indexes = async |text: &str, args: &[Value]| {
        assert_eq!(statements(text, &schema).expect("SQL").faults, Vec::<String>::new(), "{text}");
        let plan = plan(&shop.recorder.inner, text, args.to_vec()).await;
        assert!(scans(&plan, text, &schema).is_empty(), "{text}\n{}", plan.join("\n"));
        assert_sorted(text, &plan);
    };
    for locale in ["fr", "zh-Hant-TW"] {
        for (sort, order) in SORTS {
            for (filter, meaning) in FILTERS {
                let path = format!("/api/v1/products?limit=20&locale={locale}&sort={sort}{filter}");
                let answer = shop.call("GET", &path, "").await;
                let items = answer.get("items").and_then(serde_json::Value::as_array).expect("items");
                assert!(items.iter().all(|item| item.get("title").is_some_and(|title| title == "f")), "{path}");
                let (text, args) = shop.lists().pop().expect("a list");
                keeps_to_indexes(&text, &args).await;
                let (mut ids, steps) = database.query(&text, &args);
                ids.truncate(20);
                let expected = format!(
                    "SELECT id FROM (SELECT *, CAST(substr(id, 6) AS INTEGER) AS number FROM product)
                     WHERE {meaning} ORDER BY {order} LIMIT 20"
                );
                assert_eq!(ids, database.query(&expected, &[]).0, "{path}");
                let most = if meaning == "0" { NOTHING } else { most_steps(&text) };
                assert!(steps < most, "{path}: {steps} steps\n{text}");
            }
        }
        for handle in ["fh7", "h7", "nothing"] {
            let path = format!("/api/v1/products/{handle}?locale={locale}");
            shop.get(&path).await;
            let asked = shop.asked("-- catalog::");
            assert_eq!(asked.len(), 5, "{asked:?}");
            for (text, args) in asked {
                keeps_to_indexes(&text, &args).await;
                if text.contains("catalog::turn") {
                    continue;
                }
                let (_, steps) = database.query(&text, &args);
                assert!(steps < NOTHING, "{path}: {steps} steps\n{text}");
            }
        }
        // By what they are called, or were: handle by handle.
        for path in [
            "categories/all?",
            "categories/all%2Fnone?",
            "categories?limit=1&",
            "collections/all?",
            "collections/none?",
        ] {
            let path = format!("/api/v1/{path}locale={locale}");
            shop.get(&path).await;
            for (text, args) in shop.asked("-- catalog::") {
                assert_eq!(statements(&text, &schema).expect("SQL").faults, Vec::<String>::new(), "{text}");
                let plan = plan(&shop.recorder.inner, &text, args.clone()).await;
                assert!(scans(&plan, &text, &schema).is_empty(), "{text}\n{}", plan.join("\n"));
                let (_, steps) = database.query(&text, &args);
                assert!(steps < NOTHING, "{path}: {steps} steps\n{text}");
            }
        }
    }
}

/// A rule that is held against a product where its stock turns is the rule that is held against it elsewhere.
#[test]
fn the_trigger_of_rules_has_the_condition_of_the_store() {
    let found = all("edge/src", &Schema::of_migrations()).unwrap_or_else(|unreadable| panic!("{unreadable}"));
    let meets = found.iter().find(|sql| sql.constant.as_deref() == Some("MEETS")).expect("MEETS");
    let condition = meets.text.replace("?1", "NEW.organization_id");
    let latest = migrations().into_iter().rev().find(|(_, text)| text.contains("TRIGGER product_stock_collected"));
    let (name, text) = latest.expect("a trigger");
    assert!(text.contains(&condition), "migrations/{name} has another condition than\n{condition}");
}

#[tokio::test]
async fn a_store_has_so_many_categories_collections_and_rules() {
    let shop = Shop::open().await;
    shop.call("GET", "/api/v1/products", "").await;
    let tenant = shop.lists().first().expect("a list").1.clone();
    let [Value::Text(organization), Value::Text(store), ..] = tenant.as_slice() else { panic!("{tenant:?}") };
    let database = Counted::open(&shop.folder.path().join("test.db"));
    let fill = |table: &str, columns: &str, values: &str, count: usize| {
        database.execute(&format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
             INSERT INTO {table} (organization_id, store_id, id, handle, name, created_at, {columns})
             SELECT '{organization}', '{store}', printf('{table}-{count}-%05d', i), '{count}-' || i, 'n', 0, {values} FROM n"
        ));
    };
    let of_collection = "kind, product_order, description_html, description, metadata, updated_at";
    fill("category", "path", "'9999-' || i", 9_999);
    fill("collection", of_collection, "'rule', 'newest', '', '', '{}', 0", 249);
    let rule = r#"{"matches":"all","conditions":[{"field":"tag","operator":"equals","value":"x"}]}"#;
    let named = |name: &str, more: &str| format!("{{\"name\":\"{name}\"{more}}}");
    let ruled = format!(",\"rule\":{rule}");
    for (path, last, beyond) in [
        ("/api/v1/categories", named("last", ""), named("beyond", "")),
        ("/api/v1/collections", named("last", &ruled), named("beyond", &ruled)),
    ] {
        assert_eq!(shop.post(path, last).await, 201, "{path}");
        assert_eq!(shop.post(path, beyond).await, 409, "{path}");
    }
    assert_eq!(shop.post("/api/v1/collections", named("chosen", "")).await, 201);
    // Nor is one more made a rule of.
    let rule_instead = named("chosen", &format!("{ruled},\"productOrder\":\"newest\""));
    assert_eq!(shop.send("PATCH", "/api/v1/collections/chosen", rule_instead).await, 409);
    fill("collection", of_collection, "'manual', 'manual', '', '', '{}', 0", 9_749);
    assert_eq!(shop.post("/api/v1/collections", named("one too many", "")).await, 409);
    // An import makes what products it can, and says which it cannot.
    let file = "Handle,Title,Product Category,Variant Price\nmug,Mug,last,12.50\ncup,Cup,another,7.00\n";
    let report = shop.call("POST", "/api/v1/imports", file).await;
    let counts = report.get("products").expect("counts");
    let count = |name: &str| counts.get(name).and_then(serde_json::Value::as_i64);
    assert_eq!((count("created"), count("failed")), (Some(1), Some(1)), "{report}");
}

/// What lists are led by is a copy: it is the product's after each way to change one.
#[tokio::test]
async fn facets_have_what_their_product_has() {
    let shop = Shop::open().await;
    let header = "Handle,Title,Tags,Type,Status,Variant Price\n";
    let database = Counted::open(&shop.folder.path().join("test.db"));
    let differing = "SELECT f.product_id FROM product_facet f LEFT JOIN product p ON p.id = f.product_id
      WHERE (f.active, f.created_at, f.title_key, f.price_min, f.publish_at, f.unpublish_at)
        IS NOT (p.status = 'active', p.created_at, p.title_key, p.price_min, p.publish_at, p.unpublish_at)";
    for (rows, active) in [
        ("mug,Mug,\"a, b\",Kitchen,active,12.50\ncup,Cup,a,Kitchen,draft,7.00\n", "1"),
        ("mug,Big mug,\"a, c\",Kitchen,active,13\ncup,Cup,a,Kitchen,active,7.00\n", "2"),
        ("mug,Big mug,\"a, c\",Kitchen,archived,13\ncup,Small cup,a,Kitchen,active,\n", "1"),
    ] {
        shop.call("POST", "/api/v1/imports", &format!("{header}{rows}")).await;
        assert_eq!(database.query(differing, &[]).0, Vec::<String>::new(), "{rows}");
        let shown = "SELECT count(*) FROM product_facet WHERE value = 'a' AND active = 1";
        assert_eq!(database.query(shown, &[]).0, [active], "{rows}");
    }
    for change in [
        "title_key = 'x'",
        "publish_at = 1",
        "unpublish_at = 2",
        "price_min = 1",
        "created_at = 5",
        "status = 'draft'",
        "price_min = NULL",
    ] {
        database.execute(&format!("UPDATE product SET {change}"));
        assert_eq!(database.query(differing, &[]).0, Vec::<String>::new(), "{change}");
    }
}

/// So many products in one statement a table: number 1 is the oldest. Half of them cost about 10, half about 1,000,
/// every third has a second price.
pub fn fill(organization: &str, store: &str, count: usize) -> String {
    format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         INSERT INTO product (organization_id, store_id, id, handle, title, title_key, vendor, product_type, status,
           body_html, price_min, price_max, sellable_variants, document, card, source_hash, version, created_at,
           updated_at)
         SELECT '{organization}', '{store}', printf('prod_%026d', i), 'h' || i, 't', 't' || (i * 7919 % 5000), 'only', '',
           'active', '', iif(i % 2, 1000, 101000) + i % 97, iif(i % 2, 1000, 101000) + i % 97 + iif(i % 3, 0, i % 400),
           i > 3, '{{}}', '{{\"title\":\"t\"}}', '', 1, i / 3, 0 FROM n;
         INSERT INTO category (organization_id, store_id, id, path, handle, name, created_at)
         VALUES ('{organization}', '{store}', 'cat_all', 'all', 'all', 'All', 0);
         INSERT INTO collection (organization_id, store_id, id, handle, name, kind, product_order, description_html,
           description, metadata, created_at, updated_at)
         SELECT '{organization}', '{store}', 'col_' || value, value, value, 'manual', 'manual', '', '', '{{}}', 0, 0
         FROM json_each('[\"all\", \"rare\"]');
         INSERT INTO product_facet (organization_id, store_id, kind, value, product_id, active, created_at, title_key,
           price_min, position)
         SELECT p.organization_id, p.store_id, k.value ->> 0, k.value ->> 1, p.id, 1, p.created_at, p.title_key,
           p.price_min, iif(k.value ->> 0 IN ('category', 'collection'), p.created_at * 7919 % 1000, NULL)
         FROM product p JOIN json_each('[[\"tag\", \"all\"], [\"tag\", \"rare\"], [\"category\", \"cat_all\"],
           [\"collection\", \"col_all\"], [\"collection\", \"col_rare\"], [\"attribute:size\", \"all\"],
           [\"attribute:size\", \"rare\"], [\"attribute:colour\", \"rare\"]]') k
         WHERE k.value ->> 1 NOT IN ('rare', 'col_rare') OR p.handle IN ('h1', 'h2', 'h3');"
    )
}

/// A store, asked over HTTP by the merchant.
pub struct Shop {
    pub folder: tempfile::TempDir,
    pub recorder: Arc<Recorder>,
    router: Router,
    app: Arc<App>,
    pub tenant: Tenant,
    pub key: String,
    publishable_key: String,
}

impl Shop {
    pub async fn open() -> Shop {
        let folder = tempfile::tempdir().expect("a folder");
        let recorder = Arc::new(Recorder { inner: database(&folder).await, seen: Mutex::default() });
        let clock = Arc::new(SystemClock);
        let sql: Arc<dyn Sql> = Arc::clone(&recorder) as Arc<dyn Sql>;
        let kv = Arc::new(MemoryKv::new(Arc::clone(&clock) as _, scripts::ALL));
        // A list that was asked for before is asked for again.
        let app = App::new(sql, kv, clock, Arc::new(HostEntropy), secrets()).keeping_answers_for(Duration::ZERO);
        let app = Arc::new(app);
        let opened = open_store(&app, "Test", "Test", Currency::EUR).await.expect("a store");
        let (key, publishable_key) = (opened.secret_key.to_string(), opened.publishable_key.to_string());
        let (router, tenant) = (routes::router(Arc::clone(&app)), opened.tenant);
        Shop { folder, recorder, router, app, tenant, key, publishable_key }
    }

    /// The token of somebody new who has grants for these channels.
    async fn clerk_of(&self, channels: &[String]) -> String {
        const PASSWORD: &str = "correct horse battery";
        let address = format!("{}@example.com", channels.iter().filter_map(|id| id.chars().last()).collect::<String>());
        let email = address.parse().expect("an address");
        let password = Password::chosen(PASSWORD, &email).expect("a password");
        let locale = "en".parse().expect("a locale");
        let made = create_account(&self.app, self.tenant, &email, &password, Role::Member, &locale).await;
        let id = made.ok().and_then(Result::ok).expect("an account");
        let grant = |channel: &String| {
            let to = serde_json::json!({ "store": self.tenant.store, "channel": channel });
            serde_json::json!({ "scopes": "catalog:read catalog:write", "to": to })
        };
        let grants = serde_json::Value::from(channels.iter().map(grant).collect::<Vec<_>>());
        let database = Counted::open(&self.folder.path().join("test.db"));
        database.execute(&format!("UPDATE account SET grants = '{grants}' WHERE id = '{id}'"));
        let body = serde_json::json!({ "email": address, "password": PASSWORD }).to_string();
        let request = Request::builder()
            .method("POST")
            .uri("/api/v1/auth/login")
            .header("authorization", format!("Bearer {}", self.publishable_key))
            .header("content-type", "application/json")
            .body(Body::from(body))
            .expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        let tokens: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        tokens.get("accessToken").and_then(serde_json::Value::as_str).expect("a token").to_owned()
    }

    pub async fn call(&self, method: &str, path: &str, body: &str) -> serde_json::Value {
        self.call_by(&self.key, method, path, body).await
    }

    pub async fn call_by(&self, key: &str, method: &str, path: &str, body: &str) -> serde_json::Value {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "text/csv")
            .body(Body::from(body.to_owned()))
            .expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        assert!(response.status().is_success(), "{method} {path}: {}", response.status());
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        serde_json::from_slice(&body).expect("JSON")
    }

    /// What the cron does.
    pub async fn run_due(&self) {
        headlesspro_edge::jobs::run_due(&self.app).await;
    }

    /// Of which store its keys are.
    pub fn tenant(&self) -> Tenant {
        let claim: ApiKeyClaim = self.key.parse().expect("a key");
        Tenant { organization: claim.organization, store: claim.store }
    }

    /// Whatever the answer is.
    async fn get(&self, path: &str) {
        self.get_by(&self.key, path).await;
    }

    /// The status of the answer.
    pub async fn get_by(&self, key: &str, path: &str) -> u16 {
        let authorization = format!("Bearer {key}");
        let request = Request::builder().uri(path).header("authorization", authorization).body(Body::empty());
        self.router.clone().oneshot(request.expect("a request")).await.expect("an answer").status().as_u16()
    }

    /// The status of the answer.
    pub async fn post(&self, path: &str, json: String) -> u16 {
        self.send("POST", path, json).await
    }

    /// What a key makes, by its id.
    pub async fn made(&self, key: &str, path: &str, json: &str) -> String {
        let request = Request::builder()
            .method("POST")
            .uri(path)
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .header("idempotency-key", path)
            .body(Body::from(json.to_owned()))
            .expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        assert!(status.is_success(), "POST {path}: {status} {}", String::from_utf8_lossy(&body));
        let json: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        json.get("id").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
    }

    pub async fn send(&self, method: &str, path: &str, json: String) -> u16 {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json")
            .body(Body::from(json))
            .expect("a request");
        self.router.clone().oneshot(request).await.expect("an answer").status().as_u16()
    }

    /// The attributes that lists are narrowed by.
    pub async fn declare(&self) {
        for key in ["size", "colour"] {
            let body = format!(r#"{{"key":"{key}","name":"x","of":"variant","type":"text","filterable":true}}"#);
            assert_eq!(self.post("/api/v1/admin/attributes", body).await, 201);
        }
    }

    /// A new channel with this id, and a key of it.
    pub fn key_of(&self, channel: &str, number: u8) -> String {
        let claim: ApiKeyClaim = self.key.parse().expect("a key");
        let key = mint_api_key(KeyKind::Publishable, claim.organization, claim.store, [number; 20]);
        let database = Counted::open(&self.folder.path().join("test.db"));
        database.execute(&format!(
            "INSERT INTO channel (id, organization_id, store_id, handle, name, filled_to, created_at, updated_at)
             SELECT '{channel}', organization_id, id, '{channel}', 'x', NULL, 0, 0 FROM store;
             INSERT INTO api_key (organization_id, store_id, id, kind, secret_hash, scopes, created_at, channel_id)
             SELECT organization_id, store_id, 'key_{channel}', kind, '{}', scopes, 0, '{channel}'
             FROM api_key WHERE kind = 'publishable' AND channel_id IS NULL",
            hex::encode(Sha256::digest(&key))
        ));
        key
    }

    /// The lists of products that were asked for since the last call.
    pub fn lists(&self) -> Vec<(String, Vec<Value>)> {
        self.asked("-- catalog::list")
    }

    /// The statements that begin so and were asked since the last call.
    pub fn asked(&self, beginning: &str) -> Vec<(String, Vec<Value>)> {
        let mut seen = std::mem::take(&mut *self.recorder.seen.lock().unwrap_or_else(PoisonError::into_inner));
        seen.retain(|(text, _)| text.starts_with(beginning));
        seen
    }
}

/// Keeps what is sent to the database, with its arguments.
pub struct Recorder {
    pub inner: EmbeddedSql,
    seen: Mutex<Vec<(String, Vec<Value>)>>,
}

impl Sql for Recorder {
    fn run(&self, batch: Batch) -> BoxFuture<'_, Result<Outcome, SqlError>> {
        let steps = batch.steps.iter().map(|step| (step.statement.sql.to_string(), step.statement.args.clone()));
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).extend(steps);
        self.inner.run(batch)
    }
}
