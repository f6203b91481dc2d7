//! Prices in several currencies, and what a reduction is measured against.

use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::product_file::Product;
use crate::stories::passkeys;
use crate::world::World;

/// Our shop sells in francs, yen and Kuwaiti dinars as well: yen have no decimals, dinars three.
pub async fn sells_abroad(world: &World) -> (Client, String) {
    let owner = passkeys::person(world, "owner@example.com").await.1;
    let store = owner.get("/api/v1/stores").send().await.expect(200).json()["items"][0]["id"].clone();
    let path = format!("/api/v1/stores/{}", store.as_str().unwrap());
    let body = json!({ "currencies": ["KWD", "JPY", "CHF", "JPY"] });
    let changed = owner.patch(&path).json(&body).header("if-match", "*").send().await.expect(200).json();
    assert_eq!(changed["currencies"], json!(["CHF", "JPY", "KWD"]));
    (owner, path)
}

fn money(amount: &str, currency: &str) -> Value {
    json!({ "amount": amount, "currency": currency })
}

fn variant(world: &World, sku: &str, size: &str, euros: &str, abroad: &[(&str, &str)]) -> Value {
    let prices = abroad.iter().map(|(currency, amount)| {
        let price = json!({ "price": money(amount, currency) });
        ((*currency).to_owned(), price)
    });
    json!({
        "sku": format!("{}-{size}", world.name(sku)),
        "options": [size],
        "price": money(euros, "EUR"),
        "prices": Value::Object(prices.collect()),
        "inventory": { "quantity": 20 },
    })
}

async fn make(world: &World, name: &str, variants: &[Value]) -> Value {
    let body = json!({
        "handle": world.name(name), "title": world.name(name), "vendor": world.name("Acme"), "status": "active",
        "tags": [world.name("abroad")], "options": [{ "name": "Size" }], "variants": variants,
    });
    world.ours.merchant.post("/api/v1/products").json(&body).send().await.expect(201).json()
}

async fn patch(world: &World, key: &str, body: &Value) -> Answer {
    world.ours.merchant.patch(&format!("/api/v1/products/{key}")).json(body).send().await
}

/// The variants in a currency, as a shopper sees them.
async fn shown(world: &World, key: &str, currency: &str) -> Value {
    let path = format!("/api/v1/products/{key}?currency={currency}");
    world.ours.shopper.get(&path).send().await.expect(200).json()
}

async fn history(world: &World, product: &Value, variant: usize, query: &str) -> Value {
    let (id, variant) = (product["id"].as_str().unwrap(), product["variants"][variant]["id"].as_str().unwrap());
    let path = format!("/api/v1/admin/products/{id}/variants/{variant}/prices{query}");
    world.ours.merchant.get(&path).send().await.expect(200).json()
}

fn amounts(history: &Value) -> Vec<Option<String>> {
    let items = history["items"].as_array().unwrap().iter();
    items.map(|item| item["price"]["amount"].as_str().map(str::to_owned)).collect()
}

pub async fn a_product_is_sold_in_three_currencies(world: World) {
    let (owner, store) = sells_abroad(&world).await;
    let variants = [
        variant(&world, "tent", "S", "10.00", &[("JPY", "1600"), ("KWD", "3.125")]),
        variant(&world, "tent", "L", "12.00", &[("JPY", "1900")]),
    ];
    let made = make(&world, "tent", &variants).await;
    let id = made["id"].as_str().unwrap();
    assert_eq!(made["variants"][0]["prices"]["KWD"], json!({ "price": money("3.125", "KWD") }));

    // In the store's own currency a product is what it is without asking, byte by byte.
    let plain = world.ours.shopper.get(&format!("/api/v1/products/{id}")).send().await.expect(200);
    let own = world.ours.shopper.get(&format!("/api/v1/products/{id}?currency=EUR")).send().await.expect(200);
    assert_eq!((&plain.body, plain.the("etag")), (&own.body, own.the("etag")));

    let yen = shown(&world, id, "JPY").await;
    assert_eq!(yen["priceRange"], json!({ "min": money("1600", "JPY"), "max": money("1900", "JPY") }));
    assert_eq!(yen["variants"][1]["price"], money("1900", "JPY"));
    assert_eq!(yen["jsonLd"]["offers"][0]["priceCurrency"], "JPY");
    // Where it has no price it is shown, and cannot be bought.
    let dinars = shown(&world, id, "KWD").await;
    assert_eq!(
        (&dinars["variants"][0]["price"], &dinars["variants"][1]["price"]),
        (&money("3.125", "KWD"), &Value::Null)
    );
    assert_eq!(dinars["priceRange"]["max"], money("3.125", "KWD"));
    assert_eq!(dinars["jsonLd"]["offers"].as_array().unwrap().len(), 1);
    // All else is as it was.
    let mut same = yen.clone();
    for member in ["priceRange", "variants", "jsonLd"] {
        same[member] = plain.json()[member].clone();
    }
    assert_eq!(same, plain.json());

    for (query, place) in [("?currency=USD", "currency"), ("?currency=eur", "currency"), ("?cur=EUR", "cur")] {
        for path in [format!("/api/v1/products/{id}{query}"), format!("/api/v1/products{query}")] {
            let refused = world.ours.shopper.get(&path).send().await.expect_problem(422, "invalid-request");
            assert_eq!(refused.places(), [format!("?{place}")], "{path}");
        }
    }
    // The other shop sells in its own alone.
    let path = "/api/v1/products?currency=JPY";
    world.theirs.shopper.get(path).send().await.expect_problem(422, "invalid-request");

    // A price that is gone is not sold in any more; all others stay.
    let mut fewer = made["variants"].clone();
    fewer[0]["prices"].as_object_mut().unwrap().remove("JPY");
    let changed = patch(&world, id, &json!({ "variants": fewer })).await.expect(200).json();
    assert_eq!(shown(&world, id, "JPY").await["priceRange"]["min"], money("1900", "JPY"));
    assert_eq!(amounts(&history(&world, &changed, 0, "?currency=JPY").await), [None, Some("1600".to_owned())]);

    // What is not the store's is refused by name, with all else that is wrong.
    let mut wrong = changed["variants"].clone();
    wrong[0]["prices"] = json!({
        "USD": { "price": money("1", "USD") }, "KWD": { "price": money("1.0001", "KWD") },
        "JPY": { "price": money("5.5", "JPY"), "compareAtPrice": money("9", "EUR") },
        "EUR": { "price": money("5", "EUR") }, "XYZ": {},
    });
    wrong[1]["prices"] = json!({ "JPY": { "compareAtPrice": money("9", "JPY") }, "KWD": 3 });
    let refused = patch(&world, id, &json!({ "variants": wrong })).await.expect_problem(422, "invalid-request");
    let mut places = refused.places();
    places.sort();
    let expected = [
        "0/prices/EUR",
        "0/prices/JPY/compareAtPrice/currency",
        "0/prices/JPY/price/amount",
        "0/prices/KWD/price/amount",
        "0/prices/XYZ",
        "1/prices/JPY/price",
        "1/prices/KWD",
    ];
    assert_eq!(places, expected.map(|place| format!("#/variants/{place}")));
    wrong[0]["prices"] = json!({ "USD": { "price": money("1", "USD") } });
    wrong[1]["prices"] = json!({});
    let refused = patch(&world, id, &json!({ "variants": wrong })).await.expect_problem(422, "invalid-request");
    assert_eq!(refused.places(), ["#/variants/0/prices/USD"]);

    let own = json!({ "currencies": ["EUR"] });
    let refused = owner.patch(&store).json(&own).header("if-match", "*").send().await.expect(422);
    assert_eq!(refused.places(), ["#/currencies"]);
    let unknown = json!({ "currencies": ["JPY", "yen"] });
    let refused = owner.patch(&store).json(&unknown).header("if-match", "*").send().await.expect(422);
    assert_eq!(refused.places(), ["#/currencies/1"]);
}

pub async fn lists_are_narrowed_and_ordered_in_the_currency_asked_for(world: World) {
    sells_abroad(&world).await;
    // In yen the order is another one than in euros; one is not sold there.
    for (name, euros, yen) in [("a", "10.00", "900"), ("b", "11.00", "700"), ("c", "12.00", "800")] {
        let yen = [("JPY", yen)];
        make(&world, name, &[variant(&world, name, "S", euros, &yen), variant(&world, name, "L", "15", &yen)]).await;
    }
    make(&world, "d", &[variant(&world, "d", "S", "5.00", &[])]).await;
    let tag = format!("filter[tag]={}", world.name("abroad"));
    let vendor = format!("filter[vendor]={}", world.name("Acme"));
    let listed = async |query: &str| {
        let path = format!("/api/v1/products?{query}");
        let page = world.ours.shopper.get(&path).send().await.expect(200).json();
        let name = |item: &Value| item["handle"].as_str().unwrap().rsplit('-').next().unwrap().to_owned();
        let names: Vec<String> = page["items"].as_array().unwrap().iter().map(name).collect();
        (names.concat(), page)
    };
    for narrowed in [&tag, &vendor, &format!("{vendor}&{tag}"), &format!("{tag}&filter[inStock]=true")] {
        for (query, expected) in [
            ("sort=price", "dabc"),
            ("sort=price&currency=EUR", "dabc"),
            ("sort=price&currency=JPY", "bca"),
            ("sort=-price&currency=JPY", "acb"),
            ("sort=title&currency=JPY", "abcd"),
            ("sort=price&currency=JPY&filter[price][min]=750", "ca"),
            ("sort=title&currency=JPY&filter[price][min]=700&filter[price][max]=800.5", "bc"),
            ("sort=newest&currency=JPY&filter[price][max]=899.9999", "cb"),
            ("sort=-price&currency=JPY&filter[price][min]=900.1", ""),
            ("sort=price&currency=KWD", ""),
        ] {
            assert_eq!(listed(&format!("{narrowed}&{query}")).await.0, expected, "{narrowed} {query}");
        }
    }
    let (_, page) = listed(&format!("{tag}&sort=title&currency=JPY")).await;
    assert_eq!(page["items"][0]["priceRange"]["min"], money("900", "JPY"));
    assert_eq!(page["items"][3]["priceRange"], Value::Null);
    // Page by page.
    let mut found = String::new();
    let mut cursor = String::new();
    loop {
        let (names, page) = listed(&format!("{tag}&sort=price&currency=JPY&limit=1{cursor}")).await;
        found.push_str(&names);
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(found, "bca");
    // What is not shown any more is in no list.
    let b = world.name("b");
    patch(&world, &b, &json!({ "status": "archived" })).await.expect(200);
    assert_eq!(listed(&format!("{tag}&sort=price&currency=JPY")).await.0, "ca");
    patch(&world, &b, &json!({ "status": "active" })).await.expect(200);
    assert_eq!(listed(&format!("{tag}&sort=price&currency=JPY")).await.0, "bca");

    // A collection in an order of its own has it in each currency.
    let body = json!({
        "handle": world.name("shelf"), "name": "Shelf", "productOrder": "price",
        "rule": { "matches": "all", "conditions": [{ "field": "tag", "operator": "equals", "value": world.name("abroad") }] },
    });
    world.ours.merchant.post("/api/v1/collections").json(&body).send().await.expect(201);
    for (query, expected) in [("", "dabc"), ("?currency=JPY", "bca"), ("?currency=EUR", "dabc")] {
        let path = format!("/api/v1/collections/{}/products{query}", world.name("shelf"));
        let page = world.ours.shopper.get(&path).send().await.expect(200).json();
        let name = |item: &Value| item["handle"].as_str().unwrap().rsplit('-').next().unwrap().to_owned();
        let names: Vec<String> = page["items"].as_array().unwrap().iter().map(name).collect();
        assert_eq!(names.concat(), expected, "{query}");
    }
}

pub async fn a_reduction_says_the_lowest_price_before_it(world: World) {
    sells_abroad(&world).await;
    let made = make(&world, "mug", &[variant(&world, "mug", "S", "10.00", &[("JPY", "1600")])]).await;
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!(amounts(&history(&world, &made, 0, "").await), [Some("10.00".to_owned())]);
    let reprice = async |euros: Value, compare: Value, yen: &str| {
        let mut variants = made["variants"].clone();
        (variants[0]["price"], variants[0]["compareAtPrice"]) = (euros, compare);
        variants[0]["prices"]["JPY"]["price"] = money(yen, "JPY");
        // Nobody says himself what it was.
        variants[0]["lowestPrice30Days"] = money("99.00", "EUR");
        patch(&world, &id, &json!({ "variants": variants })).await.expect(200).json()
    };
    let lowest = async |currency: &str| shown(&world, &id, currency).await["variants"][0]["lowestPrice30Days"].clone();
    let eur = |amount: &str| money(amount, "EUR");

    // A lower price that is not announced as a reduction; then a raise, which is announced as one.
    let changed = reprice(eur("8.00"), Value::Null, "1600").await;
    assert_eq!((changed["variants"][0].get("lowestPrice30Days"), lowest("EUR").await), (None, Value::Null));
    reprice(eur("9.00"), eur("10.00"), "1600").await;
    assert_eq!(lowest("EUR").await, eur("8.00"));
    assert_eq!(lowest("JPY").await, Value::Null);
    // What does not touch the reduction leaves it as it began; the same again writes no history.
    patch(&world, &id, &json!({ "vendor": world.name("Other") })).await.expect(200);
    reprice(eur("9.00"), eur("10.00"), "1600").await;
    assert_eq!(lowest("EUR").await, eur("8.00"));
    // A further one is measured against what was before it; in another currency there was another history.
    reprice(eur("7.00"), eur("10.00"), "1500").await;
    assert_eq!(lowest("EUR").await, eur("8.00"));
    reprice(eur("6.00"), eur("10.00"), "1500").await;
    assert_eq!(lowest("EUR").await, eur("7.00"));
    // It is over.
    let last = reprice(eur("10.00"), Value::Null, "1500").await;
    assert_eq!(lowest("EUR").await, Value::Null);

    let expected = ["10.00", "6.00", "7.00", "9.00", "8.00", "10.00"].map(|amount| Some(amount.to_owned()));
    let all = history(&world, &last, 0, "").await;
    assert_eq!(amounts(&all), expected);
    assert_eq!(all["items"][1]["compareAtPrice"], eur("10.00"));
    let moments: Vec<&str> = all["items"].as_array().unwrap().iter().map(|item| item["at"].as_str().unwrap()).collect();
    assert!(moments.windows(2).all(|pair| pair[0] > pair[1]), "{moments:?}");
    let yen = history(&world, &last, 0, "?currency=JPY").await;
    assert_eq!(amounts(&yen), ["1500", "1600"].map(|amount| Some(amount.to_owned())));
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = history(&world, &last, 0, &format!("?limit=4{cursor}")).await;
        found.extend(amounts(&page));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(found, expected);

    let variant = last["variants"][0]["id"].as_str().unwrap();
    let path = |product: &str, variant: &str| format!("/api/v1/admin/products/{product}/variants/{variant}/prices");
    for (product, variant) in [(id.as_str(), "var_0"), (&world.name("none"), variant), (&id, &id)] {
        world.ours.merchant.get(&path(product, variant)).send().await.expect_problem(404, "not-found");
    }
    world.theirs.merchant.get(&path(&id, variant)).send().await.expect_problem(404, "not-found");
    world.ours.shopper.get(&path(&id, variant)).send().await.expect_problem(403, "missing-scope");
    for query in ["?limit=0", "?currency=yen", "?cursor=x", "?before=1"] {
        let call = world.ours.merchant.get(&format!("{}{query}", path(&id, variant)));
        call.send().await.expect_problem(422, "invalid-request");
    }
}

pub async fn an_import_leaves_a_history_and_the_prices_that_files_do_not_have(world: World) {
    sells_abroad(&world).await;
    let handle = world.name("cup");
    world.ours.import(&[Product::simple(&handle, "10.00", 5)]).await;
    let path = format!("/api/v1/admin/products/{handle}");
    let source = world.ours.merchant.get(&path).send().await.expect(200).json();
    let mut variants = source["variants"].clone();
    variants[0]["prices"] = json!({ "JPY": { "price": money("1500", "JPY"), "compareAtPrice": money("1600", "JPY") } });
    patch(&world, &handle, &json!({ "variants": variants })).await.expect(200);
    for price in ["9.00", "9.00", "11.00"] {
        world.ours.import(&[Product::simple(&handle, price, 5)]).await;
    }
    let source = world.ours.merchant.get(&path).send().await.expect(200).json();
    assert_eq!(source["variants"][0]["prices"], variants[0]["prices"]);
    let expected = ["11.00", "9.00", "10.00"].map(|amount| Some(amount.to_owned()));
    assert_eq!(amounts(&history(&world, &source, 0, "").await), expected);
    assert_eq!(shown(&world, &handle, "JPY").await["variants"][0]["price"], money("1500", "JPY"));
    // A variant that is deleted has no history any more.
    world.ours.merchant.delete(&format!("/api/v1/products/{handle}")).send().await.expect(204);
    world.ours.import(&[Product::simple(&handle, "3.00", 5)]).await;
    let again = world.ours.merchant.get(&path).send().await.expect(200).json();
    assert_eq!(amounts(&history(&world, &again, 0, "").await), [Some("3.00".to_owned())]);
}

pub async fn a_cart_is_filled_and_ordered_in_its_currency(world: World) {
    sells_abroad(&world).await;
    let variants = [
        variant(&world, "bag", "S", "10.00", &[("JPY", "1600"), ("KWD", "3.125")]),
        variant(&world, "bag", "L", "12.00", &[]),
    ];
    let made = make(&world, "bag", &variants).await;
    let (id, ids) = (made["id"].as_str().unwrap(), world.ours.variants(made["id"].as_str().unwrap()).await);
    let open = async |currency: &str| {
        world.ours.shopper.post("/api/v1/cart").json(&json!({ "currency": currency })).send().await
    };
    let cart = open("KWD").await.expect(201).json();
    assert_eq!((&cart["currency"], &cart["subtotal"]), (&json!("KWD"), &money("0.000", "KWD")));
    let cart = cart["id"].as_str().unwrap();
    let filled = world.ours.add(cart, &ids[0], 2).await.expect(200).json();
    assert_eq!((&filled["subtotal"], &filled["version"]), (&money("6.250", "KWD"), &json!(2)));
    assert_eq!(filled["lines"][0]["unitPrice"], money("3.125", "KWD"));
    world.ours.add(cart, &ids[1], 1).await.expect_problem(422, "variant-not-for-sale");
    assert_eq!(world.ours.cart(cart).await["subtotal"], money("6.250", "KWD"));

    // What was agreed on in dinars is sold at that price in dinars, or not at all.
    let checkout = world.ours.open(cart).await.expect(201).json();
    assert_eq!(checkout["total"], money("6.250", "KWD"));
    let reprice = async |dinars: &str| {
        let mut variants = made["variants"].clone();
        variants[0]["prices"]["KWD"]["price"] = money(dinars, "KWD");
        patch(&world, id, &json!({ "variants": variants })).await.expect(200);
    };
    reprice("3.250").await;
    let checkout = checkout["id"].as_str().unwrap();
    let refused = world.ours.complete(checkout, &world.name("dear")).await.expect_problem(409, "lines-not-available");
    assert!(refused.json().to_string().contains("3.250"), "{refused}");
    assert_eq!(world.ours.cart(cart).await["lines"][0]["previousPrice"], money("3.125", "KWD"));
    reprice("3.125").await;
    // Another price in euros is nobody's business here.
    let mut variants = made["variants"].clone();
    variants[0]["price"] = money("99", "EUR");
    patch(&world, id, &json!({ "variants": variants })).await.expect(200);
    let order = world.ours.complete(checkout, &world.name("buy")).await.expect(201).json();
    assert_eq!((&order["total"], &order["lines"][0]["unitPrice"]), (&money("6.250", "KWD"), &money("3.125", "KWD")));
    assert_eq!(world.ours.stock(id).await, [18, 20]);

    for (currency, status) in [("USD", 422), ("yen", 422)] {
        assert_eq!(open(currency).await.expect(status).places(), ["#/currency"], "{currency}");
    }
    assert_eq!(open("EUR").await.expect(201).json()["currency"], "EUR");
}
