//! A merchant puts products together, by hand and by rule.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::client::Answer;
use crate::product_file::{Product, Variant};
use crate::world::World;

async fn make(world: &World, body: &Value) -> Value {
    world.ours.merchant.post("/api/v1/collections").json(body).send().await.expect(201).json()
}

fn id(body: &Value) -> String {
    body["id"].as_str().unwrap().to_owned()
}

fn product(world: &World, name: &str, price: &str) -> Product {
    let handle = world.name(name);
    Product::new(&handle, name).vendor(&world.mark).variant(Variant::new(&handle, price))
}

async fn product_id(world: &World, name: &str) -> String {
    id(&world.ours.product(&world.name(name)).await)
}

/// The titles of all products of a collection, a page of two at a time, in its own order or another.
async fn shown(world: &World, collection: &str, sort: Option<&str>) -> Vec<String> {
    let path = format!("/api/v1/collections/{collection}/products");
    let mut titles = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut query = vec![("limit", "2")];
        query.extend(sort.map(|sort| ("sort", sort)));
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page = world.ours.shopper.get(&path).query(&query).send().await.expect(200).json();
        titles.extend(page["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap().to_owned()));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return titles,
        }
        assert!(titles.len() < 200, "{collection} does not end");
    }
}

async fn place(world: &World, collection: &str, body: Value) -> Answer {
    world.ours.merchant.post(&format!("/api/v1/collections/{collection}/products")).json(&body).send().await
}

pub async fn a_collection_is_chosen_and_ordered_by_hand(world: World) {
    let names = ["a", "b", "c", "d", "e"];
    world.ours.import(&names.map(|name| product(&world, name, "1"))).await;
    let mut ids = Vec::new();
    for name in names {
        ids.push(product_id(&world, name).await);
    }
    let body = json!({ "name": world.name("Staff picks") });
    let key = world.name("picks");
    let create = || world.ours.merchant.post("/api/v1/collections").header("idempotency-key", &key).json(&body).send();
    let made = create().await.expect(201);
    let again = create().await.expect(201);
    assert!(again.is_replayed());
    let picks = made.json();
    assert_eq!(again.json(), picks);
    assert_eq!(picks["ready"], true);
    assert_eq!((&picks["rule"], &picks["productOrder"]), (&Value::Null, &json!("manual")));
    let handle = world.name("staff-picks");
    assert_eq!(picks["handle"], handle);
    let add = |ids: &[&String]| json!({ "add": ids.iter().map(|id| json!({ "productId": id })).collect::<Vec<_>>() });
    place(&world, &handle, add(&[&ids[2], &ids[0]])).await.expect(204);
    place(&world, &handle, add(&[&ids[1], &ids[2]])).await.expect(204);
    assert_eq!(shown(&world, &handle, None).await, ["c", "a", "b"]);
    // A place in front of all, and one between.
    let places = json!({ "add": [{ "productId": ids[4], "position": 0 }, { "productId": ids[1], "position": 1500 }] });
    place(&world, &handle, places).await.expect(204);
    assert_eq!(shown(&world, &handle, None).await, ["e", "c", "b", "a"]);
    assert_eq!(shown(&world, &handle, Some("-title")).await, ["e", "c", "b", "a"]);
    assert_eq!(shown(&world, &handle, Some("title")).await, ["a", "b", "c", "e"]);
    // Another import leaves the collection as it is.
    world.ours.import(&[product(&world, "c", "2")]).await;
    place(&world, &handle, json!({ "remove": [ids[0]] })).await.expect(204);
    assert_eq!(shown(&world, &handle, None).await, ["e", "c", "b"]);
    // The order is the collection's to say.
    let path = format!("/api/v1/collections/{handle}");
    let stale = world.ours.merchant.patch(&path).header("if-match", "\"7\"").json(&json!({ "name": "x" }));
    stale.send().await.expect_problem(412, "version-mismatch");
    let order = world.ours.merchant.patch(&path).header("if-match", "\"1\"").json(&json!({ "productOrder": "title" }));
    assert_eq!(order.send().await.expect(200).the("etag"), "\"2\"");
    assert_eq!(shown(&world, &handle, None).await, ["b", "c", "e"]);
    let query = [("filter[collection]", handle.as_str()), ("sort", "manual")];
    let listed = world.ours.shopper.get("/api/v1/products").query(&query).send().await.expect(200).json();
    assert_eq!(listed["items"][0]["title"], "e");
    world.ours.merchant.delete(&path).send().await.expect(204);
    world.ours.shopper.get(&format!("{path}/products")).send().await.expect_problem(404, "not-found");
    assert_eq!(world.ours.product(&world.name("e")).await["title"], "e");
}

pub async fn a_former_handle_leads_to_the_present_one(world: World) {
    let staff = &world.ours.merchant;
    let [first, second, third] = ["first", "second", "third"].map(|name| world.name(name));
    let made = make(&world, &json!({ "name": first, "handle": first })).await;
    let rename = async |handle: &str| {
        let path = format!("/api/v1/collections/{}", id(&made));
        staff.patch(&path).json(&json!({ "handle": handle })).send().await.expect(200)
    };
    // Where others hold what is asked for, it is what was there a moment ago.
    let fresh = async |handle: &str, below: &str| {
        let path = format!("/api/v1/collections/{handle}{below}");
        staff.get(&path).header("cache-control", "no-cache").send().await
    };
    let shown = fresh(&first, "").await.expect(200).json();
    assert!(shown["canonicalUrl"].as_str().unwrap().ends_with(&format!("/collections/{first}")), "{shown}");
    rename(&second).await;
    rename(&third).await;
    for former in [&first, &second] {
        let moved = fresh(former, "").await.expect(301);
        assert_eq!(moved.the("location"), format!("/api/v1/collections/{third}"));
        assert_eq!(moved.json(), json!({ "id": made["id"], "handle": third }));
        assert_eq!(moved.spent().sql, 1);
        assert!(moved.the("cache-tag").split(',').any(|tag| tag == id(&made)));
        let moved = fresh(former, "/products?limit=3").await.expect(301);
        assert_eq!(moved.the("location"), format!("/api/v1/collections/{third}/products?limit=3"));
    }
    world.theirs.merchant.get(&format!("/api/v1/collections/{first}")).send().await.expect_problem(404, "not-found");
    // Another that takes it has it.
    let other = make(&world, &json!({ "name": "Other", "handle": first })).await;
    assert_eq!(fresh(&first, "").await.expect(200).json()["id"], other["id"]);
    rename(&second).await;
    fresh(&second, "").await.expect(200);
    assert_eq!(fresh(&third, "").await.expect(301).json()["handle"], second.as_str());
    staff.delete(&format!("/api/v1/collections/{}", id(&made))).send().await.expect(204);
    fresh(&third, "").await.expect_problem(404, "not-found");
}

pub async fn products_added_at_once_are_all_there(world: World) {
    let names: Vec<String> = (0..20).map(|at| format!("p{at:02}")).collect();
    world.ours.import(&names.iter().map(|name| product(&world, name, "1")).collect::<Vec<_>>()).await;
    let collection = id(&make(&world, &json!({ "name": world.name("many") })).await);
    let mut ids = Vec::new();
    for name in &names {
        ids.push(product_id(&world, name).await);
    }
    let adds = ids.iter().chain(&ids).map(|id| place(&world, &collection, json!({ "add": [{ "productId": id }] })));
    for answer in join_all(adds).await {
        answer.expect(204);
    }
    let mut found = shown(&world, &collection, None).await;
    found.sort();
    assert_eq!(found, names);
}

pub async fn a_rule_finds_products_whenever_they_are_written(world: World) {
    let mark = &world.mark;
    world
        .ours
        .import(&[
            product(&world, "Red tent", "100").tags("red, Summer").category(&format!("{mark} Camp > Tents")),
            product(&world, "Blue tent", "250").tags("blue").category(&format!("{mark} Camp > Tents")),
            product(&world, "Red mug", "8.50").tags("red").category(&format!("{mark} Kitchen")),
        ])
        .await;
    let camp = world.ours.shopper.get(&format!("/api/v1/categories/{mark}-camp")).send().await.expect(200).json();
    let vendor = json!({ "field": "vendor", "operator": "equals", "value": mark });
    let rule = |matches: &str, more: Value| {
        let mut conditions = vec![vendor.clone()];
        conditions.extend(more.as_array().unwrap().clone());
        json!({ "matches": matches, "conditions": conditions })
    };
    let cases = [
        (json!([{ "field": "title", "operator": "contains", "value": "TENT" }]), vec!["Blue tent", "Red tent"]),
        (json!([{ "field": "title", "operator": "not-contains", "value": "tent" }]), vec!["Red mug"]),
        (json!([{ "field": "title", "operator": "starts-with", "value": "red" }]), vec!["Red mug", "Red tent"]),
        (json!([{ "field": "title", "operator": "ends-with", "value": "mug" }]), vec!["Red mug"]),
        (json!([{ "field": "tag", "operator": "equals", "value": "RED" }]), vec!["Red mug", "Red tent"]),
        (json!([{ "field": "tag", "operator": "not-equals", "value": "red" }]), vec!["Blue tent"]),
        (json!([{ "field": "price", "operator": "at-least", "value": "8.51" }]), vec!["Blue tent", "Red tent"]),
        (json!([{ "field": "price", "operator": "at-most", "value": "100" }]), vec!["Red mug", "Red tent"]),
        (json!([{ "field": "category", "operator": "equals", "value": camp["id"] }]), vec!["Blue tent", "Red tent"]),
        (json!([{ "field": "inStock", "operator": "equals", "value": "false" }]), vec![]),
    ];
    for (conditions, expected) in &cases {
        let name =
            format!("case {conditions}").chars().filter(char::is_ascii_alphanumeric).take(60).collect::<String>();
        let name = world.name(&name);
        let body = json!({ "name": name, "rule": rule("all", conditions.clone()), "productOrder": "title" });
        let made = make(&world, &body).await;
        assert_eq!(shown(&world, &id(&made), None).await, *expected, "{conditions}");
        world.ours.merchant.delete(&format!("/api/v1/collections/{}", id(&made))).send().await.expect(204);
    }
    // A rule that is there holds for what is written after it, and for what is sold out.
    let summer = json!({ "name": world.name("summer"), "productOrder": "title", "rule": rule("all", json!([
        { "field": "tag", "operator": "equals", "value": "summer" },
        { "field": "inStock", "operator": "equals", "value": "true" },
        { "field": "category", "operator": "equals", "value": camp["id"] },
    ])) });
    let summer = make(&world, &summer).await;
    assert_eq!(summer["rule"]["conditions"][1]["value"], "summer");
    assert_eq!(summer["ready"], true);
    let handle = world.name("summer");
    assert_eq!(shown(&world, &handle, None).await, ["Red tent"]);
    let with_stock = |stock: i64| {
        let handle = world.name("lamp");
        let lamp = Product::new(&handle, "Lamp").vendor(mark).variant(Variant::new(&handle, "5").stock(stock));
        lamp.tags("summer").category(&format!("{mark} Camp"))
    };
    world.ours.import(&[with_stock(1)]).await;
    assert_eq!(shown(&world, &handle, None).await, ["Lamp", "Red tent"]);
    let sold = world.ours.first_variant(&world.name("lamp")).await;
    let checkout = world.ours.opened(&[(&sold.variant, 1)]).await;
    world.ours.complete(&checkout, &world.name("lamp")).await.expect(201);
    assert_eq!(shown(&world, &handle, None).await, ["Red tent"]);
    world.ours.import(&[with_stock(2)]).await;
    assert_eq!(shown(&world, &handle, None).await, ["Lamp", "Red tent"]);
    // A category that a rule asks for stays, and what moves out of it leaves.
    let tents = world.ours.shopper.get(&format!("/api/v1/categories/{mark}-camp%2Ftents")).send().await.expect(200);
    let tents = format!("/api/v1/categories/{}", id(&tents.json()));
    let root = json!({ "parentId": null, "handle": world.name("tents") });
    world.ours.merchant.patch(&tents).json(&root).send().await.expect(200);
    assert_eq!(shown(&world, &handle, None).await, ["Lamp"]);
    let back = json!({ "parentId": camp["id"] });
    world.ours.merchant.patch(&tents).json(&back).send().await.expect(200);
    assert_eq!(shown(&world, &handle, None).await, ["Lamp", "Red tent"]);
    let empty = json!({ "name": world.name("asked") });
    let empty = world.ours.merchant.post("/api/v1/categories").json(&empty).send().await.expect(201).json();
    let asking = json!({ "rule": rule("any", json!([
        { "field": "category", "operator": "equals", "value": empty["id"] },
    ])) });
    world.ours.merchant.patch(&format!("/api/v1/collections/{handle}")).json(&asking).send().await.expect(200);
    assert_eq!(shown(&world, &handle, None).await, ["Blue tent", "Lamp", "Red mug", "Red tent"]);
    let asked = world.ours.merchant.delete(&format!("/api/v1/categories/{}", id(&empty))).send().await;
    assert_eq!(asked.expect_problem(409, "category-in-use").json()["collections"], 1);
    // A rule's products are nobody's to choose.
    let sold = json!({ "add": [{ "productId": sold.product }] });
    place(&world, &handle, sold.clone()).await.expect_problem(409, "collection-has-rule");
    let manual = json!({ "productOrder": "manual" });
    let answer = world.ours.merchant.patch(&format!("/api/v1/collections/{handle}")).json(&manual).send().await;
    assert_eq!(answer.expect_problem(422, "invalid-request").places(), ["#/productOrder"]);
    let none = json!({ "rule": null });
    world.ours.merchant.patch(&format!("/api/v1/collections/{handle}")).json(&none).send().await.expect(200);
    assert!(shown(&world, &handle, None).await.is_empty());
    place(&world, &handle, sold).await.expect(204);
    assert_eq!(shown(&world, &handle, None).await, ["Lamp"]);
}

pub async fn a_rule_and_products_written_at_once_find_each_other(world: World) {
    let tag = world.name("race");
    let rule = json!({ "matches": "all", "conditions": [{ "field": "tag", "operator": "equals", "value": tag }] });
    let make = |at: usize| {
        let body = json!({ "name": world.name(&format!("race {at}")), "rule": rule, "productOrder": "title" });
        let client = world.ours.merchant.clone();
        async move { client.post("/api/v1/collections").json(&body).send().await.expect(201) }
    };
    let products: Vec<Vec<Product>> =
        (0..6).map(|at| vec![product(&world, &format!("r{at}"), "1").tags(&tag)]).collect();
    let imports = join_all(products.iter().map(|products| world.ours.import(products)));
    let collections = join_all((0..6).map(make));
    let (_, collections) = futures_util::future::join(imports, collections).await;
    for collection in collections {
        let found = shown(&world, &id(&collection.json()), None).await;
        assert_eq!(found, ["r0", "r1", "r2", "r3", "r4", "r5"]);
    }
}

pub async fn what_is_wrong_with_a_collection_is_named(world: World) {
    let first = make(&world, &json!({ "name": world.name("taken") })).await;
    let condition = |field: &str, operator: &str, value: &str| {
        json!({ "name": "x", "rule": { "matches": "all", "conditions": [
            { "field": field, "operator": operator, "value": value },
        ] } })
    };
    let many = vec![json!({ "field": "tag", "operator": "equals", "value": "x" }); 21];
    let cases = [
        (json!({}), vec!["#/name"]),
        (json!({ "name": world.name("taken") }), vec!["#/handle"]),
        (json!({ "name": "x", "handle": "a\u{202e}b" }), vec!["#/handle"]),
        (json!({ "name": "x", "rule": {} }), vec!["#/rule/conditions", "#/rule/matches"]),
        (
            json!({ "name": "x", "rule": { "matches": "some", "conditions": [] } }),
            vec!["#/rule/conditions", "#/rule/matches"],
        ),
        (json!({ "name": "x", "rule": { "matches": "all", "conditions": many } }), vec!["#/rule/conditions"]),
        (condition("titel", "equals", "x"), vec!["#/rule/conditions/0/field"]),
        (condition("title", "like", "x"), vec!["#/rule/conditions/0/operator"]),
        (condition("price", "equals", "1"), vec!["#/rule/conditions/0/operator"]),
        (condition("price", "at-most", "cheap"), vec!["#/rule/conditions/0/value"]),
        (condition("category", "equals", "tents"), vec!["#/rule/conditions/0/value"]),
        (condition("category", "equals", "cat_01h455vb4pex5vsknk084sn02q"), vec!["#/rule/conditions"]),
    ];
    for (body, places) in cases {
        let answer = world.ours.merchant.post("/api/v1/collections").json(&body).send().await;
        let mut found = answer.expect_problem(422, "invalid-request").places();
        found.sort();
        assert_eq!(found, places, "{body}");
    }
    let path = format!("/api/v1/collections/{}", id(&first));
    world.theirs.merchant.get(&path).send().await.expect(404);
    world.theirs.merchant.patch(&path).json(&json!({ "name": "x" })).send().await.expect(404);
    world.theirs.merchant.delete(&path).send().await.expect(404);
    world.theirs.shopper.get(&format!("{path}/products")).send().await.expect(404);
    world.ours.shopper.delete(&path).send().await.expect_problem(403, "missing-scope");
    let missing = json!({ "add": [{ "productId": "prod_01h455vb4pex5vsknk084sn02q" }] });
    let answer = place(&world, &id(&first), missing).await.expect_problem(422, "invalid-request");
    assert_eq!(answer.places(), ["#/add/0/productId"]);
    for (query, place) in [
        ("sort=manual&filter[price][min]=1", "?sort"),
        ("filter[collection]=x", "?filter[collection]"),
        ("cursor=x", "?cursor"),
    ] {
        let answer = world.ours.shopper.get(&format!("{path}/products?{query}")).send().await;
        assert_eq!(answer.expect_problem(422, "invalid-request").places(), [place]);
    }
    let manual = world.ours.shopper.get("/api/v1/products?sort=manual").send().await;
    assert_eq!(manual.expect_problem(422, "invalid-request").places(), ["?sort"]);
}

pub async fn a_category_orders_its_products(world: World) {
    let mark = &world.mark;
    let names = ["one", "two", "three"];
    world.ours.import(&names.map(|name| product(&world, name, "1").category(&format!("{mark} Shelf")))).await;
    let path = format!("/api/v1/categories/{mark}-shelf");
    world.ours.merchant.patch(&path).json(&json!({ "productOrder": "manual" })).send().await.expect(200);
    let place = json!({ "add": [{ "productId": product_id(&world, "three").await, "position": 5 }] });
    world.ours.merchant.post(&format!("{path}/products")).json(&place).send().await.expect(204);
    let mut titles = Vec::new();
    let mut target = format!("{path}/products?limit=1");
    loop {
        let page = world.ours.shopper.get(&target).send().await.expect(200);
        titles.push(page.json()["items"][0]["title"].as_str().unwrap().to_owned());
        match page.header("link") {
            Some(link) => target = link.trim_start_matches('<').split('>').next().unwrap().to_owned(),
            None => break,
        }
    }
    assert_eq!(titles[0], "three");
    titles.sort();
    assert_eq!(titles, ["one", "three", "two"]);
    let priced = world.ours.shopper.get(&format!("{path}/products?filter[price][min]=1")).send().await.expect(200);
    assert_eq!(priced.json()["items"].as_array().unwrap().len(), 3);
    world.ours.shopper.get(&format!("{path}-none/products")).send().await.expect_problem(404, "not-found");
}
