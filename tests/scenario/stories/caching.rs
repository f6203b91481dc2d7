//! What a cache in front may keep, and what an answer costs.

use std::time::Duration;

use headlesspro_shared::kernel::time::Timestamp;
use serde_json::{Value, json};

use crate::client::{Answer, Spent};
use crate::eventually::eventually;
use crate::product_file::{Generation, Product, file};
use crate::world::World;

/// The catalog's three kinds of answers.
fn catalog(handle: &str, vendor: &str) -> [String; 3] {
    [
        format!("/api/v1/products/{handle}"),
        format!("/api/v1/products?filter%5Bvendor%5D={vendor}"),
        "/api/v1/categories".to_owned(),
    ]
}

pub async fn catalog_answers_have_strong_etags_and_304(world: World) {
    let (handle, vendor) = (world.name("etag"), world.name("etags"));
    world.ours.import(&[Product::simple(&handle, "1", 1).vendor(&vendor)]).await;
    let get = |path: &str| world.ours.shopper.get(path);
    for path in &catalog(&handle, &vendor)[..2] {
        let full = get(path).send().await.expect(200);
        let etag = full.the("etag").to_owned();
        assert!(etag.starts_with('"') && etag.ends_with('"') && 10 < etag.len(), "{etag}");
        let lists = [etag.clone(), format!("\"other\", {etag}"), format!("W/{etag}"), "*".to_owned()];
        for known in lists {
            let answer = get(path).header("if-none-match", &known).send().await.expect(304);
            assert_eq!(answer.the("etag"), etag, "{known}");
            assert_eq!(answer.header("cache-control"), full.header("cache-control"), "{known}");
            assert_eq!(answer.header("cache-tag"), full.header("cache-tag"), "{known}");
            assert_eq!(answer.header("vary"), full.header("vary"), "{known}");
            assert_eq!(answer.header("content-type"), None, "{known}");
        }
        for known in ["\"other\"", "nonsense", "", "\""] {
            let answer = get(path).header("if-none-match", known).send().await.expect(200);
            assert_eq!(answer.body, full.body, "{known}");
        }
    }
    // Other stories add categories all the time, so a 304 may take another try.
    eventually("a 304 of the categories", Duration::from_secs(20), async || {
        let etag = get("/api/v1/categories").send().await.expect(200).the("etag").to_owned();
        let answer = get("/api/v1/categories").header("if-none-match", etag).send().await;
        (answer.status == 304).then_some(())
    })
    .await;
}

pub async fn an_etag_changes_with_what_it_stands_for(world: World) {
    let (handle, vendor) = (world.name("moving"), world.name("movers"));
    let product = |price: &str, stock| Product::simple(&handle, price, stock).vendor(&vendor);
    world.ours.import(&[product("1", 5)]).await;
    let [one, list, _] = catalog(&handle, &vendor);
    let etag = async |path: &str| world.ours.shopper.get(path).send().await.expect(200).the("etag").to_owned();
    let first = (etag(&one).await, etag(&list).await);

    world.ours.import(&[product("2", 5)]).await;
    let after_price = (etag(&one).await, etag(&list).await);
    assert_ne!(after_price.0, first.0);
    assert_ne!(after_price.1, first.1);

    // A sale changes the product's availability, and the list's when nothing is left.
    let sold = world.ours.first_variant(&handle).await;
    let checkout = world.ours.opened(&[(&sold.variant, 2)]).await;
    world.ours.complete(&checkout, &world.name("moving-1")).await.expect(201);
    let after_sale = (etag(&one).await, etag(&list).await);
    assert_ne!(after_sale.0, after_price.0);
    assert_eq!(after_sale.1, after_price.1);

    let checkout = world.ours.opened(&[(&sold.variant, 3)]).await;
    world.ours.complete(&checkout, &world.name("moving-2")).await.expect(201);
    assert_ne!(etag(&list).await, after_price.1);
}

pub async fn an_order_takes_back_what_a_rule_says_of_stock(world: World) {
    let (handle, vendor) = (world.name("last-one"), world.name("last"));
    world.ours.import(&[Product::simple(&handle, "1", 1).vendor(&vendor)]).await;
    let make = async |name: &str, conditions: Value| {
        let rule = json!({ "matches": "all", "conditions": conditions });
        let body = json!({ "name": name, "handle": world.name(name), "rule": rule });
        world.ours.merchant.post("/api/v1/collections").json(&body).send().await.expect(201);
        let of_shelf = format!("/api/v1/collections/{}/products", world.name(name));
        [of_shelf, format!("/api/v1/products?filter%5Bcollection%5D={}", world.name(name))]
    };
    let by_vendor = json!({ "field": "vendor", "operator": "equals", "value": vendor });
    let sold_out = json!({ "field": "inStock", "operator": "equals", "value": "false" });
    let ruled = make("sold-out", json!([by_vendor, sold_out])).await;
    let others = make("of-vendor", json!([by_vendor])).await;
    let titles = async |path: &str| {
        let answer = world.ours.shopper.get(path).send().await.expect(200);
        let is_by_stock = answer.the("cache-tag").split(',').any(|tag| tag.starts_with("stock-"));
        (answer.json()["items"].as_array().unwrap().len(), is_by_stock)
    };
    for (path, other) in ruled.iter().zip(&others) {
        assert_eq!((titles(path).await, titles(other).await), ((0, true), (1, false)), "{path}");
    }
    let sold = world.ours.first_variant(&handle).await;
    let checkout = world.ours.opened(&[(&sold.variant, 1)]).await;
    world.ours.complete(&checkout, &world.name("last-one")).await.expect(201);
    for (path, other) in ruled.iter().zip(&others) {
        assert_eq!((titles(path).await, titles(other).await), ((1, true), (1, false)), "{path}");
    }
}

pub async fn catalog_answers_may_be_kept_and_personal_ones_not(world: World) {
    let (handle, vendor) = (world.name("kept"), world.name("keepers"));
    world.ours.import(&[Product::simple(&handle, "1", 9).vendor(&vendor)]).await;
    let sold = world.ours.first_variant(&handle).await;
    for path in catalog(&handle, &vendor) {
        // For less where another story has something published or unpublished meanwhile.
        let answer = eventually("an answer that is so for long", Duration::from_secs(20), async || {
            let answer = world.ours.shopper.get(&path).send().await.expect(200);
            let control: Vec<&str> = answer.the("cache-control").split(',').map(str::trim).collect();
            assert!(control.contains(&"public"), "{path}: {control:?}");
            let is_whole = |name: &str| control.iter().any(|word| word.starts_with(name));
            (is_whole("s-maxage=") && is_whole("stale-while-revalidate=")).then_some(answer)
        })
        .await;
        let vary = answer.the("vary").to_ascii_lowercase();
        assert!(vary.split(',').any(|name| name.trim() == "authorization"), "{path}: {vary}");
        let tags: Vec<&str> = answer.the("cache-tag").split(',').collect();
        assert!(!tags.is_empty(), "{path}");
        // Purging what is ours leaves another tenant's answers alone.
        let others = world.theirs.shopper.get(&path).send().await;
        let others: Vec<&str> = others.header("cache-tag").unwrap_or_default().split(',').collect();
        assert!(tags.iter().all(|tag| !others.contains(tag)), "{path}: {tags:?} {others:?}");
        if path.contains("products") {
            assert!(tags.contains(&sold.product.as_str()), "{path}: {tags:?}");
        }
    }

    let cart = world.ours.shopper.post("/api/v1/cart").send().await.expect(201);
    let id = cart.json()["id"].as_str().unwrap().to_owned();
    let added = world.ours.add(&id, &sold.variant, 1).await.expect(200);
    let opened = world.ours.open(&id).await.expect(201);
    let checkout = opened.json()["id"].as_str().unwrap().to_owned();
    let placed = world.ours.complete(&checkout, &world.name("kept")).await.expect(201);
    let order = placed.json()["id"].as_str().unwrap().to_owned();
    let shown = [
        world.ours.shopper.get(&format!("/api/v1/cart/{id}")).send().await.expect(200),
        world.ours.shopper.get(&format!("/api/v1/checkouts/{checkout}")).send().await.expect(200),
        world.ours.merchant.get(&format!("/api/v1/orders/{order}")).send().await.expect(200),
        world.ours.import_file("Handle,Title,Price\n").await.expect(200),
    ];
    for answer in [cart, added, opened, placed].into_iter().chain(shown) {
        assert_eq!(answer.the("cache-control"), "private, no-store", "{answer}");
    }
}

pub async fn a_cache_is_told_to_ask_when_something_is_published(world: World) {
    let merchant = &world.theirs.merchant;
    let made = async |body: &Value| merchant.post("/api/v1/products").json(body).send().await.expect(201).json();
    let title = world.name("To Come");
    let first = made(&json!({ "title": world.name("Before It") })).await;
    let now: Timestamp = first["createdAt"].as_str().unwrap().parse().unwrap();
    let in_half_a_minute = Timestamp::from_millis(now.millis() + 30_000).to_string();
    let body = json!({
        "title": title, "status": "active", "publishAt": in_half_a_minute,
        "variants": [{ "price": { "amount": "1", "currency": "BHD" } }],
    });
    let to_come = made(&body).await["id"].as_str().unwrap().to_owned();
    let answer = merchant.get("/api/v1/products").header("cache-control", "no-cache").send().await.expect(200);
    let control = answer.the("cache-control");
    let seconds = control.strip_prefix("public, max-age=0, s-maxage=").expect(control);
    assert!(seconds.parse::<i64>().is_ok_and(|seconds| seconds < 30), "and no longer than that: {control}");
    merchant.delete(&format!("/api/v1/products/{to_come}")).send().await.expect(204);
}

pub async fn whoever_has_written_reads_nothing_older(world: World) {
    let (handle, vendor) = (world.name("fresh"), world.name("fresh"));
    let product = |price: &str| Product::simple(&handle, price, 5).vendor(&vendor);
    let written = |answer: Answer| answer.expect(200).the("catalog-version").parse::<i64>().unwrap();
    let write = async |price: &str| written(world.ours.import_file(file(Generation::Newer, &[product(price)])).await);
    let at_least = |path: &str, version: i64| {
        world.ours.shopper.get(path).of_any_version().header("min-version", version.to_string()).send()
    };
    let first = write("1").await;
    for price in ["2", "3", "4", "5"] {
        let version = write(price).await;
        assert!(first < version);
        let [one, list, _] = catalog(&handle, &vendor);
        for (path, pointer) in [(one, ""), (list, "/items/0")] {
            // Kept by now wherever it was asked for.
            world.ours.shopper.get(&path).of_any_version().send().await.expect(200);
            let answer = at_least(&path, version).await.expect(200);
            assert!(version <= answer.the("catalog-version").parse().unwrap(), "{answer}");
            let shown = answer.json();
            let amount = shown.pointer(&format!("{pointer}/priceRange/min/amount")).unwrap();
            assert_eq!(amount, &json!(format!("{price}.00")), "{answer}");
        }
    }
    // A sale is a write as well, told again to whoever did not hear it.
    let sold = world.ours.first_variant(&handle).await;
    let checkout = world.ours.opened(&[(&sold.variant, 2)]).await;
    let placed = world.ours.complete(&checkout, &world.name("fresh")).await.expect(201);
    let again = world.ours.complete(&checkout, &world.name("fresh")).await.expect(201);
    for answer in [placed, again] {
        let version = answer.the("catalog-version").parse().unwrap();
        let shown = at_least(&format!("/api/v1/products/{handle}"), version).await.expect(200).json();
        assert_eq!(shown["variants"][0]["availability"]["quantity"], 3, "{shown}");
    }
    // What is not there either is not there as of that version.
    at_least("/api/v1/products/nothing-of-the-kind", first).await.expect_problem(404, "not-found");
    let path = format!("/api/v1/products/{handle}");
    let ahead = at_least(&path, i64::MAX).await.expect_problem(412, "version-unknown").json();
    assert!(first < ahead["version"].as_i64().unwrap(), "{ahead}");
    for wrong in ["", "-1", "1.5", "newest", "9223372036854775808", "1, 2"] {
        let answer = world.ours.shopper.get(&path).header("min-version", wrong).send().await;
        assert_eq!(answer.expect_problem(400, "invalid-header").places(), ["Min-Version:"], "{wrong}");
    }
    // Another tenant's versions are others: what we write leaves theirs, which other stories may write meanwhile.
    world.theirs.import(&[Product::simple(&handle, "1", 5)]).await;
    let theirs = async || {
        let listed = world.theirs.merchant.get("/api/v1/admin/products?limit=1").of_any_version().send().await;
        written(listed)
    };
    let before = write("6").await;
    eventually("a write that leaves their version", Duration::from_secs(60), async || {
        let version = theirs().await;
        assert!(before < write("7").await && before < write("6").await);
        (version == theirs().await).then_some(())
    })
    .await;
}

pub async fn round_trips_stay_within_their_budget(world: World) {
    let (handle, vendor) = (world.name("cheap"), world.name("cheap"));
    world.ours.import(&[Product::simple(&handle, "1", 9_999).vendor(&vendor)]).await;
    let sold = world.ours.first_variant(&handle).await;
    let at_most = |answer: &Answer, sql: u32, redis: u32| {
        let spent = answer.spent();
        assert!(spent.sql <= sql && spent.redis <= redis, "{answer}");
    };
    for path in catalog(&handle, &vendor) {
        for _ in 0..3 {
            let answer = world.ours.shopper.get(&path).send().await.expect(200);
            at_most(&answer, 1, 1);
        }
        world.ours.merchant.get(&path).send().await.expect(200);
        // Soon every instance has it. One that is asked for nothing older than the newest cannot show what it has while
        // other stories write.
        eventually("an answer without SQL", Duration::from_secs(20), async || {
            let answer = world.ours.shopper.get(&path).of_any_version().send().await.expect(200);
            (answer.spent().sql == 0).then_some(())
        })
        .await;
    }

    let created = world.ours.shopper.post("/api/v1/cart").send().await.expect(201);
    at_most(&created, 1, 2);
    let cart = created.json()["id"].as_str().unwrap().to_owned();
    let line = format!("/api/v1/cart/{cart}/items/{}", sold.variant);
    for quantity in 1..4 {
        at_most(&world.ours.add(&cart, &sold.variant, quantity).await.expect(200), 1, 2);
        let set = world.ours.shopper.patch(&line).json(&json!({ "quantity": quantity })).send().await.expect(200);
        at_most(&set, 1, 2);
    }
    at_most(&world.ours.shopper.delete(&line).send().await.expect(200), 1, 2);

    // Units of the rate limits are at hand for most requests. Each instance has its own, and while other stories
    // keep a host starting new ones, few are at hand anywhere.
    eventually("50 reads of which half ask Redis at most", Duration::from_secs(60), async || {
        let mut asked = 0;
        for _ in 0..50 {
            let read = world.ours.shopper.get(&format!("/api/v1/products/{handle}")).send().await;
            asked += read.expect(200).spent().redis;
        }
        (asked <= 25).then_some(())
    })
    .await;

    // The key is known by now, and soon so is the offer: then Redis alone is asked, once.
    eventually("an add without SQL", Duration::from_secs(20), async || {
        let spent = world.ours.add(&cart, &sold.variant, 1).await.expect(200).spent();
        (spent == Spent { sql: 0, redis: 1 }).then_some(())
    })
    .await;
    eventually("a cart shown for one of each", Duration::from_secs(20), async || {
        let shown = world.ours.shopper.get(&format!("/api/v1/cart/{cart}")).send().await.expect(200);
        (shown.spent() == Spent { sql: 1, redis: 1 }).then_some(())
    })
    .await;

    // Where a promotion was written since the checkout was opened, it is totalled again; other stories write some.
    let mut tries = 0..;
    let placed = eventually("an order for a read and a commit", Duration::from_secs(20), async || {
        let opened = world.ours.open(&cart).await.expect(201);
        at_most(&opened, 3, 2);
        let checkout: Value = opened.json();
        let key = world.name(&format!("cheap-{}", tries.next().unwrap()));
        let placed = world.ours.complete(checkout["id"].as_str().unwrap(), &key).await.expect(201);
        at_most(&placed, 5, 1);
        (placed.spent().sql <= 3).then_some(placed)
    })
    .await;
    let order = format!("/api/v1/orders/{}", placed.json()["id"].as_str().unwrap());
    at_most(&world.ours.merchant.get(&order).send().await.expect(200), 1, 1);
}
