//! The staff writes products.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::{Value, json};

use crate::client::Answer;
use crate::product_file::Product;
use crate::stories::sessions::{as_person, log_in};
use crate::world::World;

/// A product with two variants, shown at once.
fn tent(world: &World, name: &str) -> Value {
    json!({
        "handle": world.name(name),
        "title": "Tunnel Tent",
        "description": "<p onclick=\"steal()\">Light</p><script>alert(1)</script>",
        "vendor": world.name("Northwind"),
        "status": "active",
        "tags": [world.name("Sale")],
        "options": [{ "name": "Colour" }],
        "images": [{ "url": "https://images.example.com/tent.jpg", "alt": "A tent" }],
        "seo": { "title": "The tent" },
        "metadata": { "erp": { "number": 4711 } },
        "variants": [variant(world, name, "Moss", "189.00", 12), variant(world, name, "Sand", "209.00", 0)],
    })
}

fn variant(world: &World, name: &str, colour: &str, price: &str, quantity: i64) -> Value {
    json!({
        "sku": format!("{}-{colour}", world.name(name)),
        "options": [colour],
        "price": { "amount": price, "currency": "EUR" },
        "hsCode": "630622",
        "dimensions": { "lengthMm": 480, "widthMm": 160, "heightMm": 160 },
        "inventory": { "quantity": quantity },
    })
}

async fn make(world: &World, body: &Value) -> Value {
    world.ours.merchant.post("/api/v1/products").json(body).send().await.expect(201).json()
}

async fn patch(world: &World, key: &str, body: &Value) -> Answer {
    world.ours.merchant.patch(&format!("/api/v1/products/{key}")).json(body).send().await
}

async fn source(world: &World, key: &str) -> Answer {
    world.ours.merchant.get(&format!("/api/v1/admin/products/{key}")).send().await
}

pub async fn a_product_is_made_shown_changed_and_deleted(world: World) {
    let made = world.ours.merchant.post("/api/v1/products").json(&tent(&world, "tent")).send().await.expect(201);
    assert_eq!(made.header("etag"), Some("\"1\""));
    let location = made.header("location").unwrap().to_owned();
    let made = made.json();
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!(world.ours.merchant.get(&location).send().await.expect(200).json(), made);

    // Kept as it was given, shown sanitised; what is the staff's is the staff's.
    assert!(made["description"].as_str().unwrap().contains("<script>"));
    let shown = world.ours.product(&world.name("tent")).await;
    assert_eq!(shown["description"], "<p>Light</p>");
    assert_eq!((shown.get("metadata"), shown["variants"][0].get("hsCode")), (None, None));
    assert_eq!(shown["variants"][0]["dimensions"], json!({ "lengthMm": 480, "widthMm": 160, "heightMm": 160 }));
    assert_eq!(shown["options"], json!([{ "name": "Colour", "values": ["Moss", "Sand"] }]));
    assert_eq!(shown["seo"], json!({ "title": "The tent", "description": "" }));
    let stock = |product: &Value| {
        let variants = product["variants"].as_array().unwrap().iter();
        variants.map(|variant| variant["availability"]["quantity"].as_i64()).collect::<Vec<_>>()
    };
    assert_eq!((stock(&shown), shown["inStock"].as_bool()), (vec![Some(12), Some(0)], Some(true)));

    // A patch leaves all else, the stock that was sold since too.
    let sold = world.ours.opened(&[(shown["variants"][0]["id"].as_str().unwrap(), 5)]).await;
    let order = world.ours.complete(&sold, &world.name("buy")).await.expect(201).json();
    let body = json!({ "title": "Tunnel Tent 2", "seo": { "title": null }, "metadata": { "erp": { "bin": "A1" } } });
    let call = world.ours.merchant.patch(&format!("/api/v1/products/{id}"));
    let bytes = body.to_string().into_bytes();
    let changed = call.body("application/merge-patch+json", bytes).header("if-match", "\"1\"").send().await.expect(200);
    assert_eq!(changed.header("etag"), Some("\"2\""));
    let changed = changed.json();
    assert_eq!(changed["metadata"], json!({ "erp": { "number": 4711, "bin": "A1" } }));
    assert_eq!((changed.get("seo"), &changed["variants"]), (None, &made["variants"]));
    let shown = world.ours.product(&id).await;
    assert_eq!(
        (shown["title"].as_str(), shown["seo"]["title"].as_str()),
        (Some("Tunnel Tent 2"), Some("Tunnel Tent 2"))
    );
    assert_eq!(stock(&shown), [Some(7), Some(0)]);

    // The same again changes nothing.
    assert_eq!(patch(&world, &id, &body).await.expect(200).json(), changed);

    world.ours.merchant.delete(&format!("/api/v1/products/{id}")).header("if-match", "\"2\"").send().await.expect(204);
    for key in [id.as_str(), &world.name("tent")] {
        source(&world, key).await.expect_problem(404, "not-found");
        world.ours.shopper.get(&format!("/api/v1/products/{key}")).send().await.expect_problem(404, "not-found");
        patch(&world, key, &json!({})).await.expect_problem(404, "not-found");
    }
    // What was bought of it stays bought, and its names are free.
    let path = format!("/api/v1/orders/{}", order["id"].as_str().unwrap());
    assert_eq!(world.ours.merchant.get(&path).send().await.expect(200).json()["lines"], order["lines"]);
    make(&world, &tent(&world, "tent")).await;
}

pub async fn variants_keep_their_ids_across_a_patch(world: World) {
    let made = make(&world, &tent(&world, "ids")).await;
    let id = made["id"].as_str().unwrap();
    let ids: Vec<&str> = made["variants"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    // By id, with another SKU and other options; by SKU; one that is new.
    let mut by_id = variant(&world, "ids", "Sage", "10", 3);
    by_id["id"] = json!(ids[0]);
    let mut by_sku = made["variants"][1].clone();
    by_sku.as_object_mut().unwrap().remove("id");
    let body = json!({ "variants": [variant(&world, "ids", "Blue", "1", 4), by_sku, by_id] });
    let changed = patch(&world, id, &body).await.expect(200).json();
    let of = |at: usize| changed["variants"][at]["id"].as_str().unwrap();
    assert_eq!((of(1), of(2)), (ids[1], ids[0]));
    assert!(!ids.contains(&of(0)));
    assert_eq!(world.ours.stock(id).await, [4, 0, 3]);

    // One that is not named any more is gone, and its SKU is free.
    let gone = patch(&world, id, &json!({ "variants": [changed["variants"][1]] })).await.expect(200).json();
    assert_eq!(gone["variants"].as_array().unwrap().len(), 1);
    assert_eq!(world.ours.variants(id).await, [ids[1]]);
    let free = json!({ "title": world.name("free"), "variants": [{ "sku": format!("{}-Blue", world.name("ids")) }] });
    make(&world, &free).await;

    // Ids of others are nobody's.
    let other = make(&world, &tent(&world, "other")).await;
    let taken = patch(&world, id, &json!({ "variants": [other["variants"][0]] })).await;
    assert!(taken.expect_problem(422, "invalid-request").places().contains(&"#/variants/0/id".to_owned()));
}

pub async fn handles_and_skus_are_a_stores_own(world: World) {
    make(&world, &tent(&world, "one")).await;
    let second = tent(&world, "one");
    let answer = world.ours.merchant.post("/api/v1/products").json(&second).send().await;
    let mut places = answer.expect_problem(422, "invalid-request").places();
    places.sort();
    assert_eq!(places, ["#/handle", "#/variants/0/sku", "#/variants/1/sku"]);

    let two = make(&world, &tent(&world, "two")).await;
    let (id, handle) = (two["id"].as_str().unwrap(), world.name("one"));
    let mut variants = two["variants"].clone();
    variants[1]["sku"] = json!(format!("{handle}-Moss"));
    let answer = patch(&world, id, &json!({ "handle": handle, "variants": variants })).await;
    let mut places = answer.expect_problem(422, "invalid-request").places();
    places.sort();
    assert_eq!(places, ["#/handle", "#/variants/1/sku"]);
    assert_eq!(source(&world, id).await.expect(200).json(), two);

    // Its own variants may swap theirs; and another store may have the same.
    variants = two["variants"].clone();
    (variants[0]["sku"], variants[1]["sku"]) = (two["variants"][1]["sku"].clone(), two["variants"][0]["sku"].clone());
    patch(&world, id, &json!({ "variants": variants })).await.expect(200);
    let mut theirs = tent(&world, "one");
    for variant in theirs["variants"].as_array_mut().unwrap() {
        variant["price"]["currency"] = json!("BHD");
    }
    world.theirs.merchant.post("/api/v1/products").json(&theirs).send().await.expect(201);
    let path = format!("/api/v1/admin/products/{id}");
    world.theirs.merchant.get(&path).send().await.expect_problem(404, "not-found");
    world.theirs.merchant.delete(&format!("/api/v1/products/{id}")).send().await.expect_problem(404, "not-found");
}

pub async fn a_change_of_another_version_is_refused_with_the_current_one(world: World) {
    let made = make(&world, &tent(&world, "versions")).await;
    let id = made["id"].as_str().unwrap();
    patch(&world, id, &json!({ "vendor": "A" })).await.expect(200);
    let path = format!("/api/v1/products/{id}");
    let stale =
        world.ours.merchant.patch(&path).json(&json!({ "vendor": "B" })).header("if-match", "\"1\"").send().await;
    assert_eq!(stale.expect_problem(412, "version-mismatch").json()["version"], 2);
    let stale = world.ours.merchant.delete(&path).header("if-match", "\"1\"").send().await;
    assert_eq!(stale.expect_problem(412, "version-mismatch").json()["version"], 2);

    // Many at once: each finds what the one before it left.
    let calls = (0..8).map(|number| {
        let (world, id) = (world.clone(), id.to_owned());
        async move { patch(&world, &id, &json!({ "metadata": { format!("n{number}"): number } })).await.status }
    });
    let statuses = join_all(calls).await;
    assert!(statuses.iter().all(|status| matches!(status, 200 | 409)), "{statuses:?}");
    let after = source(&world, id).await.expect(200).json();
    let done = statuses.iter().filter(|status| **status == 200).count();
    assert!(1 <= done, "whoever is refused was overtaken by somebody: {statuses:?}");
    assert_eq!(after["metadata"].as_object().unwrap().len(), done + 1);
    assert_eq!(after["version"].as_u64().unwrap(), 2 + u64::try_from(done).unwrap());
}

pub async fn drafts_are_the_staffs_alone(world: World) {
    let draft = make(&world, &json!({ "title": world.name("Idea") })).await;
    assert_eq!((draft["status"].as_str(), draft["variants"].as_array().map(Vec::len)), (Some("draft"), Some(1)));
    let (id, handle) = (draft["id"].as_str().unwrap(), draft["handle"].as_str().unwrap());
    for key in [id, handle] {
        world.ours.shopper.get(&format!("/api/v1/products/{key}")).send().await.expect_problem(404, "not-found");
        let path = format!("/api/v1/admin/products/{key}");
        world.ours.shopper.get(&path).send().await.expect_problem(403, "missing-scope");
        assert_eq!(source(&world, key).await.expect(200).json(), draft);
    }
    world.ours.shopper.get("/api/v1/admin/products").send().await.expect_problem(403, "missing-scope");
    world.ours.shopper.post("/api/v1/products").json(&json!({})).send().await.expect_problem(403, "missing-scope");

    let listed = async |status: &str| {
        let path = format!("/api/v1/admin/products?limit=250{status}");
        let page = world.ours.merchant.get(&path).send().await.expect(200).json();
        let items = page["items"].as_array().unwrap().clone();
        items.into_iter().find(|item| item["id"] == id)
    };
    let item = listed("").await.expect("the draft");
    assert_eq!((item["status"].as_str(), item["version"].as_i64()), (Some("draft"), Some(1)));
    assert!(listed("&filter[status]=draft").await.is_some() && listed("&filter[status]=active").await.is_none());

    // Without a price it stays one.
    let answer = patch(&world, id, &json!({ "status": "active" })).await;
    assert_eq!(answer.expect_problem(422, "invalid-request").places(), ["#/variants/0/price"]);
    patch(
        &world,
        id,
        &json!({ "status": "archived", "variants": [{ "price": { "amount": "1", "currency": "EUR" } }] }),
    )
    .await
    .expect(200);
    assert!(listed("&filter[status]=archived").await.is_some() && listed("&filter[status]=draft").await.is_none());
}

pub async fn the_staffs_list_walks_all_statuses_without_loss(world: World) {
    let mut made = Vec::new();
    for (at, status) in ["draft", "active", "archived", "active", "draft"].into_iter().enumerate() {
        let body = json!({
            "title": world.name(&format!("walk {at}")),
            "status": status,
            "variants": [{ "price": { "amount": "1", "currency": "EUR" } }],
        });
        made.push(make(&world, &body).await["id"].as_str().unwrap().to_owned());
    }
    let mut path = "/api/v1/admin/products?limit=2".to_owned();
    let mut found = Vec::new();
    while found.len() < 2_000 {
        let page = world.ours.merchant.get(&path).send().await.expect(200).json();
        for item in page["items"].as_array().unwrap() {
            found.push(item["id"].as_str().unwrap().to_owned());
        }
        match page["nextCursor"].as_str() {
            Some(cursor) if !made.iter().all(|id| found.contains(id)) => {
                path = format!("/api/v1/admin/products?limit=2&cursor={cursor}");
            }
            _ => break,
        }
    }
    found.retain(|id| made.contains(id));
    made.reverse();
    assert_eq!(found, made, "the newest first, each once");
}

pub async fn a_repeat_makes_one_product(world: World) {
    let body = tent(&world, "repeat");
    let send = async |body: &Value| {
        let call = world.ours.merchant.post("/api/v1/products").json(body);
        call.header("idempotency-key", world.name("key")).send().await
    };
    let first = send(&body).await.expect(201).json();
    let again = send(&body).await.expect(201);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.json(), first);
    send(&tent(&world, "another")).await.expect_problem(422, "idempotency-key-reused");
}

pub async fn a_file_changes_what_it_says_and_nothing_else(world: World) {
    let handle = world.name("both");
    world.ours.import(&[Product::simple(&handle, "5.00", 3).vendor("Acme")]).await;
    let imported = source(&world, &handle).await.expect(200).json();
    assert_eq!((imported["vendor"].as_str(), imported["status"].as_str()), (Some("Acme"), Some("active")));
    let body = json!({
        "publishAt": "2020-01-01T00:00:00.000Z",
        "metadata": { "erp": 1 },
        "variants": [{
            "sku": imported["variants"][0]["sku"],
            "price": { "amount": "6.00", "currency": "EUR" },
            "inventory": { "quantity": 9 },
            "originCountry": "VN",
            "metadata": { "bin": "A1" },
        }],
    });
    let changed = patch(&world, &handle, &body).await.expect(200).json();
    assert_eq!(changed["variants"][0]["id"], imported["variants"][0]["id"]);
    assert_eq!(world.ours.stock(&handle).await, [9]);

    let report = world.ours.import(&[Product::simple(&handle, "7.00", 9).vendor("Acme")]).await;
    assert_eq!(report["products"]["updated"], 1, "{report}");
    let mut expected = changed.clone();
    let after = source(&world, &handle).await.expect(200).json();
    expected["variants"][0]["price"] = json!({ "amount": "7.00", "currency": "EUR" });
    for member in ["version", "updatedAt"] {
        expected[member] = after[member].clone();
    }
    assert_eq!(after, expected);
    let report = world.ours.import(&[Product::simple(&handle, "7.00", 9).vendor("Acme")]).await;
    assert_eq!(report["products"]["unchanged"], 1, "{report}");
}

pub async fn what_was_done_to_a_product_is_told(world: World) {
    let made = make(&world, &tent(&world, "told")).await;
    let id = made["id"].as_str().unwrap();
    patch(&world, id, &json!({ "vendor": "Acme" })).await.expect(200);
    world.ours.merchant.delete(&format!("/api/v1/products/{id}")).send().await.expect(204);
    let path = format!("/api/v1/audit-log?filter[subject]={id}");
    let owner = as_person(&world, &log_in(&world.ours, "owner@example.com").await.expect(200));
    let log = owner.get(&path).send().await.expect(200).json();
    let entries = log["items"].as_array().unwrap();
    let actions: Vec<_> = entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["product.delete", "product.change", "product.create"]);
    assert_eq!(entries[1]["before"], json!({ "vendor": world.name("Northwind") }));
    assert_eq!(entries[1]["after"], json!({ "vendor": "Acme" }));
    assert_eq!((&entries[0]["after"], &entries[2]["before"]), (&Value::Null, &Value::Null));
}

/// So many milliseconds after the server's moment, in RFC 3339.
async fn moment(world: &World, millis: i64) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let title = world.name(&format!("Clock {}", NUMBER.fetch_add(1, Ordering::Relaxed)));
    let made = make(world, &json!({ "title": title })).await;
    let now: Timestamp = made["createdAt"].as_str().unwrap().parse().unwrap();
    Timestamp::from_millis(now.millis() + millis).to_string()
}

pub async fn a_product_is_shown_and_sold_within_its_span_of_time(world: World) {
    let tag = world.name("Sale").to_lowercase();
    let make_at = async |name: &str, publish: Option<String>, unpublish: Option<String>| {
        let mut body = tent(&world, name);
        (body["publishAt"], body["unpublishAt"]) = (json!(publish), json!(unpublish));
        make(&world, &body).await
    };
    let (past, future) = (moment(&world, -3_600_000).await, moment(&world, 3_600_000).await);
    make_at("now", Some(past.clone()), Some(future.clone())).await;
    let later = make_at("later", Some(future), None).await;
    make_at("over", None, Some(past.clone())).await;
    let listed = async |query: &str| {
        let path = format!("/api/v1/products?filter[tag]={tag}{query}");
        let page = world.ours.shopper.get(&path).send().await.expect(200).json();
        let mut handles: Vec<String> =
            page["items"].as_array().unwrap().iter().map(|item| item["handle"].as_str().unwrap().to_owned()).collect();
        handles.sort();
        handles
    };
    let vendor = format!("&filter[vendor]={}", world.name("Northwind"));
    for query in ["", "&sort=title", "&sort=-price", &vendor, "&filter[price][min]=100", "&filter[inStock]=true"] {
        assert_eq!(listed(query).await, [world.name("now")], "{query}");
    }
    for name in ["later", "over"] {
        let path = format!("/api/v1/products/{}", world.name(name));
        world.ours.shopper.get(&path).send().await.expect_problem(404, "not-found");
        source(&world, &world.name(name)).await.expect(200);
    }
    let cart = world.ours.new_cart().await;
    let variant = later["variants"][0]["id"].as_str().unwrap();
    let answer = world.ours.add(&cart, variant, 1).await;
    assert!(answer.status >= 400 || answer.json()["lines"][0]["status"] == "removed", "{answer}");

    // What is agreed on is not sold once it is over, by nobody's doing.
    let soon = make_at("soon", Some(past), Some(moment(&world, 2_500).await)).await;
    let variant = soon["variants"][0]["id"].as_str().unwrap();
    let checkout = world.ours.opened(&[(variant, 1)]).await;
    assert_eq!(listed("").await, [world.name("now"), world.name("soon")]);
    tokio::time::sleep(Duration::from_millis(2_700)).await;
    assert_eq!(listed("").await, [world.name("now")]);
    world.ours.complete(&checkout, &world.name("late")).await.expect_problem(409, "lines-not-available");
}
