//! A merchant keeps the category tree.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::product_file::{Product, Variant};
use crate::world::World;

async fn make(world: &World, name: &str, parent: Option<&str>) -> String {
    let body = json!({ "name": world.name(name), "parentId": parent });
    id(&world.ours.merchant.post("/api/v1/categories").json(&body).send().await.expect(201))
}

fn id(answer: &Answer) -> String {
    answer.json()["id"].as_str().unwrap().to_owned()
}

async fn get(client: &Client, key: &str) -> Value {
    client.get(&format!("/api/v1/categories/{}", key.replace('/', "%2F"))).send().await.expect(200).json()
}

async fn patch(world: &World, key: &str, body: Value) -> Answer {
    world.ours.merchant.patch(&format!("/api/v1/categories/{}", key.replace('/', "%2F"))).json(&body).send().await
}

/// The titles of the products that a category shows, itself and what is below it.
async fn shown(world: &World, category: &str) -> Vec<String> {
    let query = [("filter[category]", category), ("sort", "title"), ("limit", "250")];
    let list = world.ours.shopper.get("/api/v1/products").query(&query).send().await.expect(200).json();
    list["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap().to_owned()).collect()
}

fn titled(world: &World, name: &str) -> Product {
    let handle = world.name(name);
    Product::new(&handle, name).variant(Variant::new(&handle, "1"))
}

async fn product_id(world: &World, name: &str) -> String {
    world.ours.product(&world.name(name)).await["id"].as_str().unwrap().to_owned()
}

pub async fn a_category_is_made_shown_changed_and_deleted(world: World) {
    let body = json!({
        "name": world.name("Größe & Co"),
        "position": 3,
        "productOrder": "title",
        "description": "<p onclick=\"x()\">Good</p><script>alert(1)</script>",
        "imageUrl": "https://images.example.com/a.jpg",
        "metadata": { "icon": "tent", "nested": { "a": 1, "b": 2 } },
        "seo": { "title": "Sizes" },
    });
    let key = world.name("category");
    let create = || world.ours.merchant.post("/api/v1/categories").header("idempotency-key", &key).json(&body).send();
    let made = create().await.expect(201);
    let again = create().await.expect(201);
    assert!(again.is_replayed() && again.body == made.body);
    let category = made.json();
    let (id, path) = (category["id"].as_str().unwrap(), world.name("größe-co"));
    assert_eq!(category["path"], path);
    assert_eq!(made.the("location"), format!("/api/v1/categories/{id}"));
    assert_eq!(category["description"], "<p>Good</p>");
    assert_eq!(category["seo"], json!({ "title": "Sizes", "description": "" }));
    for key in [id, &path] {
        let mut shown = get(&world.ours.shopper, key).await;
        let url = shown.as_object_mut().unwrap().remove("canonicalUrl").unwrap();
        assert!(url.as_str().unwrap().contains("/categories/"), "{url}");
        assert_eq!(shown, category);
    }

    // A merge patch: what is left out stays.
    let change = json!({
        "name": world.name("Sizes"), "imageUrl": null, "metadata": { "icon": null, "nested": { "b": 3 } },
        "seo": { "title": null, "description": "All of them" },
    });
    let stale = world.ours.merchant.patch(&format!("/api/v1/categories/{id}")).header("if-match", "\"9\"");
    let stale = stale.json(&change).send().await.expect_problem(412, "version-mismatch");
    assert_eq!(stale.json()["version"], 1);
    let changed = world.ours.merchant.patch(&format!("/api/v1/categories/{id}")).header("if-match", "\"1\"");
    let changed = changed.json(&change).send().await.expect(200);
    assert_eq!(changed.the("etag"), "\"2\"");
    let changed = changed.json();
    assert_eq!((&changed["version"], &changed["path"]), (&json!(2), &json!(path)));
    assert_eq!(changed["metadata"], json!({ "nested": { "a": 1, "b": 3 } }));
    assert_eq!(changed["imageUrl"], Value::Null);
    assert_eq!(changed["seo"], json!({ "title": world.name("Sizes"), "description": "All of them" }));
    assert_eq!(changed["description"], "<p>Good</p>");
    // What changes nothing makes no version.
    assert_eq!(patch(&world, id, json!({ "position": 3 })).await.expect(200).json()["version"], 2);

    let delete = |version: &'static str| {
        world.ours.merchant.delete(&format!("/api/v1/categories/{id}")).header("if-match", version).send()
    };
    delete("\"1\"").await.expect_problem(412, "version-mismatch");
    delete("\"2\"").await.expect(204);
    world.ours.shopper.get(&format!("/api/v1/categories/{id}")).send().await.expect_problem(404, "not-found");
    delete("\"2\"").await.expect_problem(404, "not-found");
}

pub async fn what_is_wrong_with_a_category_is_named(world: World) {
    let root = make(&world, "root", None).await;
    let cases = [
        (json!({}), vec!["#/name"]),
        (json!({ "name": "!?!" }), vec!["#/handle"]),
        (json!({ "name": "a", "handle": "a/b" }), vec!["#/handle"]),
        (json!({ "name": "a", "handle": "a\u{202e}b" }), vec!["#/handle"]),
        (json!({ "name": "a", "handle": "a\u{7}b" }), vec!["#/handle"]),
        (
            json!({ "name": "a\nb", "handle": "A", "position": -1, "productOrder": "best" }),
            vec!["#/handle", "#/name", "#/position", "#/productOrder"],
        ),
        (json!({ "name": "a", "parentId": "cat_1" }), vec!["#/parentId"]),
        (json!({ "name": "a", "parentId": "cat_01h455vb4pex5vsknk084sn02q" }), vec!["#/parentId"]),
        (json!({ "name": "a", "imageUrl": "javascript:alert(1)" }), vec!["#/imageUrl"]),
        (json!({ "name": "a", "metadata": { "x": "y".repeat(17 << 10) } }), vec!["#/metadata"]),
        (json!({ "name": "a", "seo": { "title": "a\nb" } }), vec!["#/seo/title"]),
        (json!({ "name": world.name("root") }), vec!["#/handle"]),
    ];
    for (body, places) in cases {
        let answer = world.ours.merchant.post("/api/v1/categories").json(&body).send().await;
        let mut found = answer.expect_problem(422, "invalid-request").places();
        found.sort();
        assert_eq!(found, places, "{body}");
    }
    // Nobody else's category is a parent, and nobody else's can be read or changed.
    let theirs = json!({ "name": world.name("theirs"), "parentId": root });
    let foreign = world.theirs.merchant.post("/api/v1/categories").json(&theirs).send().await;
    assert_eq!(foreign.expect_problem(422, "invalid-request").places(), ["#/parentId"]);
    let path = format!("/api/v1/categories/{root}");
    world.theirs.merchant.get(&path).send().await.expect(404);
    world.theirs.merchant.patch(&path).json(&json!({ "name": "x" })).send().await.expect(404);
    world.theirs.merchant.delete(&path).send().await.expect(404);
    world.theirs.merchant.post(&format!("{path}/products")).json(&json!({ "remove": [] })).send().await.expect(422);
    world.ours.shopper.patch(&path).json(&json!({ "name": "x" })).send().await.expect_problem(403, "missing-scope");
}

pub async fn a_subtree_moves_with_its_products(world: World) {
    let product = |name: &str, category: String| titled(&world, name).category(&category);
    let mark = &world.mark;
    world
        .ours
        .import(&[
            product("bulb", format!("{mark} Home > Lamps > Bulbs")),
            product("lamp", format!("{mark} Home > Lamps")),
            product("sofa", format!("{mark} Home > Sofas")),
            product("torch", format!("{mark} Outdoor")),
        ])
        .await;
    let (home, outdoor) = (format!("{mark}-home"), format!("{mark}-outdoor"));
    let (home_id, outdoor_id) = (get(&world.ours.shopper, &home).await, get(&world.ours.shopper, &outdoor).await);
    let (home_id, outdoor_id) = (home_id["id"].as_str().unwrap(), outdoor_id["id"].as_str().unwrap());
    let lamps = get(&world.ours.shopper, &format!("{home}/lamps")).await["id"].as_str().unwrap().to_owned();
    // A bulb stands in the other branch of its old ancestor as well, and stays there.
    let bulb = product_id(&world, "bulb").await;
    let sofas = get(&world.ours.shopper, &format!("{home}/sofas")).await["id"].as_str().unwrap().to_owned();
    let add = json!({ "add": [{ "productId": bulb }] });
    world.ours.merchant.post(&format!("/api/v1/categories/{sofas}/products")).json(&add).send().await.expect(204);
    assert_eq!(shown(&world, &home).await, ["bulb", "lamp", "sofa"]);

    let moved = patch(&world, &lamps, json!({ "parentId": outdoor_id, "handle": "lights" })).await.expect(200).json();
    assert_eq!((&moved["path"], &moved["version"]), (&json!(format!("{outdoor}/lights")), &json!(2)));
    assert_eq!(shown(&world, &home).await, ["bulb", "sofa"]);
    assert_eq!(shown(&world, &outdoor).await, ["bulb", "lamp", "torch"]);
    assert_eq!(shown(&world, &format!("{outdoor}/lights/bulbs")).await, ["bulb"]);
    assert!(shown(&world, &format!("{home}/lamps")).await.is_empty());
    let reference = world.ours.product(&world.name("bulb")).await["category"].clone();
    assert_eq!(reference["path"], format!("{outdoor}/lights/bulbs"));
    // A rename is seen in the products at once.
    patch(&world, &lamps, json!({ "name": "Lights" })).await.expect(200);
    assert_eq!(world.ours.product(&world.name("lamp")).await["category"]["name"], "Lights");

    // To the top and back below itself, which no tree is.
    patch(&world, &lamps, json!({ "parentId": null, "handle": world.name("lights") })).await.expect(200);
    assert_eq!(shown(&world, &outdoor).await, ["torch"]);
    let bulbs = get(&world.ours.shopper, &format!("{}/bulbs", world.name("lights"))).await;
    for own in [lamps.as_str(), bulbs["id"].as_str().unwrap()] {
        let cycle = patch(&world, &lamps, json!({ "parentId": own })).await.expect_problem(422, "invalid-request");
        assert_eq!(cycle.places(), ["#/parentId"]);
    }
    // A path that is taken stays whose it is.
    let taken = patch(&world, &lamps, json!({ "parentId": home_id, "handle": "sofas" })).await;
    assert_eq!(taken.expect_problem(422, "invalid-request").places(), ["#/handle"]);
    // What was imported is imported by its path again, wherever the old category is.
    world.ours.import(&[product("lamp", format!("{mark} Home > Lamps"))]).await;
    assert_eq!(shown(&world, &home).await, ["bulb", "lamp", "sofa"]);
}

/// What the database says now: where others hold what is asked for, it is what was there a moment ago.
async fn fresh(client: &Client, path: &str) -> Answer {
    let path = format!("/api/v1/categories/{}", path.replace('/', "%2F"));
    client.get(&path).header("cache-control", "no-cache").send().await
}

pub async fn a_former_path_leads_to_the_present_one(world: World) {
    let staff = &world.ours.merchant;
    let make = async |handle: &str, parent: Option<&str>| {
        let body = json!({ "name": handle, "handle": handle, "parentId": parent });
        id(&staff.post("/api/v1/categories").json(&body).send().await.expect(201))
    };
    let [home, garden, other] = ["home", "garden", "other"].map(|name| world.name(name));
    let root = make(&home, None).await;
    let lamps = make("lamps", Some(&root)).await;
    let bulbs = make("bulbs", Some(&lamps)).await;
    let moves_to = async |former: &str, id: &str, path: &str| {
        let moved = fresh(staff, former).await.expect(301);
        assert_eq!(moved.json(), json!({ "id": id, "path": path }), "{former}");
        assert_eq!(moved.the("location"), format!("/api/v1/categories/{}", path.replace('/', "%2F")));
        assert_eq!(moved.spent().sql, 1);
        let tags: Vec<&str> = moved.the("cache-tag").split(',').collect();
        assert!(tags.contains(&id) && tags.iter().any(|tag| tag.starts_with("categories-")), "{tags:?}");
    };
    fresh(staff, &format!("{home}/lamps/bulbs")).await.expect(200);
    // Called otherwise: all that is below it is found by the path that it had.
    patch(&world, &root, json!({ "handle": garden })).await.expect(200);
    moves_to(&home, &root, &garden).await;
    moves_to(&format!("{home}/lamps/bulbs"), &bulbs, &format!("{garden}/lamps/bulbs")).await;
    // However often, and whichever of the path: it is one step to where it is.
    patch(&world, &lamps, json!({ "handle": "lights" })).await.expect(200);
    patch(&world, &bulbs, json!({ "parentId": null, "handle": other })).await.expect(200);
    for former in [format!("{home}/lamps/bulbs"), format!("{garden}/lamps/bulbs"), format!("{garden}/lights/bulbs")] {
        moves_to(&former, &bulbs, &other).await;
    }
    moves_to(&format!("{home}/lamps"), &lamps, &format!("{garden}/lights")).await;
    // Its products are where it is, with all that is asked of them.
    let former = format!("/api/v1/categories/{home}%2Flamps/products?limit=7&sort=title");
    let moved = staff.get(&former).header("cache-control", "no-cache").send().await.expect(301);
    assert_eq!(moved.the("location"), format!("/api/v1/categories/{garden}%2Flights/products?limit=7&sort=title"));
    staff.get(moved.the("location")).send().await.expect(200);
    world.theirs.merchant.get(&format!("/api/v1/categories/{home}")).send().await.expect_problem(404, "not-found");

    // Another category that takes a path has it; what was below that path leads on, until it is taken too.
    let taker = make(&home, None).await;
    assert_eq!(fresh(staff, &home).await.expect(200).json()["id"], taker.as_str());
    moves_to(&format!("{home}/lamps"), &lamps, &format!("{garden}/lights")).await;
    let below = make("lamps", Some(&taker)).await;
    assert_eq!(fresh(staff, &format!("{home}/lamps")).await.expect(200).json()["id"], below.as_str());
    moves_to(&format!("{home}/lamps/bulbs"), &bulbs, &other).await;
    // Back to where it was: nothing leads in a circle.
    patch(&world, &bulbs, json!({ "parentId": lamps, "handle": "bulbs" })).await.expect(200);
    fresh(staff, &format!("{garden}/lights/bulbs")).await.expect(200);
    moves_to(&other, &bulbs, &format!("{garden}/lights/bulbs")).await;
    // What is gone leads nowhere, but what was below it and was moved away does.
    patch(&world, &bulbs, json!({ "parentId": null, "handle": other })).await.expect(200);
    staff.delete(&format!("/api/v1/categories/{lamps}")).send().await.expect(204);
    fresh(staff, &format!("{garden}/lights")).await.expect_problem(404, "not-found");
    moves_to(&format!("{garden}/lights/bulbs"), &bulbs, &other).await;
    staff.delete(&format!("/api/v1/categories/{bulbs}")).send().await.expect(204);
    for gone in [format!("{garden}/lights/bulbs"), other, format!("{home}/lamps/bulbs")] {
        fresh(staff, &gone).await.expect_problem(404, "not-found");
    }
    // What is no path at all is none that was one.
    for wrong in ["a//b", "/", "a\"b", "A", "%F0%9F%8F%95", &["x"; 50].join("/")] {
        fresh(staff, wrong).await.expect_problem(404, "not-found");
    }
}

pub async fn a_category_has_a_page_in_the_storefront(world: World) {
    let root = make(&world, "größe", None).await;
    let below = make(&world, "below", Some(&root)).await;
    let shown = get(&world.ours.shopper, &below).await;
    let url = shown["canonicalUrl"].as_str().unwrap();
    let path = shown["path"].as_str().unwrap().replace("ö", "%C3%B6").replace("ß", "%C3%9F");
    assert!(url.ends_with(&format!("/categories/{path}")), "{url}");
    // In a store of one locale there is no other page.
    assert_eq!(shown.get("alternates"), None);
}

pub async fn a_tree_ends_at_its_tenth_level(world: World) {
    let mut parent: Option<String> = None;
    let mut line = Vec::new();
    for depth in 1..=10 {
        let made = make(&world, &format!("level-{depth}"), parent.as_deref()).await;
        line.push(made.clone());
        parent = Some(made);
    }
    let below = json!({ "name": "eleventh", "parentId": parent });
    let deep = world.ours.merchant.post("/api/v1/categories").json(&below).send().await;
    assert_eq!(deep.expect_problem(422, "invalid-request").places(), ["#/parentId"]);
    // A subtree of two levels does not fit below the ninth.
    let (two, _) = (make(&world, "two", None).await, ());
    make(&world, "two-below", Some(&two)).await;
    let deep = patch(&world, &two, json!({ "parentId": line[8] })).await;
    assert_eq!(deep.expect_problem(422, "invalid-request").places(), ["#/parentId"]);
    patch(&world, &two, json!({ "parentId": line[7] })).await.expect(200);
    // A file cannot do it either.
    let path = vec![world.name("deep"); 1_000].join(" > ");
    let file = Product::simple(&world.name("deep"), "1", 1).category(&path);
    let file = crate::product_file::file(crate::product_file::Generation::Newer, &[file]);
    let report = world.ours.import_file(file).await.expect(200).json();
    assert_eq!((&report["products"]["failed"], &report["errorCount"]), (&json!(1), &json!(1)), "{report}");
}

pub async fn a_category_with_something_in_it_is_not_deleted(world: World) {
    let mark = &world.mark;
    let product = |name: &str, category: &str| titled(&world, name).category(category);
    world
        .ours
        .import(&[product("rake", &format!("{mark} Garden > Tools")), product("seed", &format!("{mark} Garden"))])
        .await;
    let garden = format!("{mark}-garden");
    let tools = format!("{garden}/tools");
    let delete = |key: &str, query: &str| {
        world.ours.merchant.delete(&format!("/api/v1/categories/{}{query}", key.replace('/', "%2F"))).send()
    };
    let parent = delete(&garden, "?products=keep").await.expect_problem(409, "category-in-use").json();
    assert_eq!((&parent["children"], &parent["allowedActions"]), (&json!(1), &json!(["move-children"])), "{parent}");
    let leaf = delete(&tools, "").await.expect_problem(409, "category-in-use").json();
    assert_eq!((&leaf["children"], &leaf["products"]), (&json!(0), &json!(1)), "{leaf}");
    delete(&tools, "?products=drop").await.expect_problem(422, "invalid-request");
    // Its products stand in its parent from then on.
    let extra = product_id(&world, "seed").await;
    let add = json!({ "add": [{ "productId": extra }] });
    let place = world.ours.merchant.post(&format!("/api/v1/categories/{}/products", tools.replace('/', "%2F")));
    place.json(&add).send().await.expect(204);
    delete(&tools, "?products=keep").await.expect(204);
    assert_eq!(world.ours.product(&world.name("rake")).await["category"]["path"], garden);
    assert_eq!(shown(&world, &garden).await, ["rake", "seed"]);
    delete(&garden, "?products=keep").await.expect(204);
    assert_eq!(world.ours.product(&world.name("rake")).await["category"], Value::Null);
    assert!(shown(&world, &garden).await.is_empty());
}

pub async fn a_product_is_in_several_categories(world: World) {
    let mark = &world.mark;
    let names = ["one", "two", "three"];
    let products = names.map(|name| titled(&world, name).category(&format!("{mark} Main")));
    world.ours.import(&products).await;
    let gifts = make(&world, "gifts", None).await;
    let below = make(&world, "below", Some(&gifts)).await;
    let [one, two, three] =
        [product_id(&world, "one").await, product_id(&world, "two").await, product_id(&world, "three").await];
    let place = |category: &str, body: Value| {
        world.ours.merchant.post(&format!("/api/v1/categories/{category}/products")).json(&body).send()
    };
    // Many at once, from many sides: all of them are there.
    let adds = [&one, &two, &three, &one, &two].map(|id| place(&below, json!({ "add": [{ "productId": id }] })));
    for answer in join_all(adds).await {
        answer.expect(204);
    }
    assert_eq!(shown(&world, &gifts).await, ["one", "three", "two"]);
    assert_eq!(shown(&world, &format!("{mark}-main")).await, ["one", "three", "two"]);
    // Another import takes nobody out of what they were put into.
    world.ours.import(&[titled(&world, "one").vendor("x").category(&format!("{mark} Main"))]).await;
    assert_eq!(shown(&world, &below).await, ["one", "three", "two"]);
    place(&below, json!({ "remove": [one, two] })).await.expect(204);
    assert_eq!(shown(&world, &gifts).await, ["three"]);
    // The main category is the product's own.
    let main = get(&world.ours.shopper, &format!("{mark}-main")).await["id"].as_str().unwrap().to_owned();
    place(&main, json!({ "remove": [one] })).await.expect(204);
    assert_eq!(shown(&world, &main).await, ["one", "three", "two"]);

    let missing = json!({ "add": [{ "productId": three }, { "productId": "prod_01h455vb4pex5vsknk084sn02q" }] });
    let answer = place(&below, missing).await.expect_problem(422, "invalid-request");
    assert_eq!(answer.places(), ["#/add/1/productId"]);
    let twice = json!({ "add": [{ "productId": three }, { "productId": three, "position": -1 }], "remove": ["x"] });
    let mut places = place(&below, twice).await.expect_problem(422, "invalid-request").places();
    places.sort();
    assert_eq!(places, ["#/add/1/position", "#/add/1/productId", "#/remove/0"]);
    assert_eq!(place(&below, json!({})).await.expect_problem(422, "invalid-request").places(), ["#/add"]);
    let theirs = json!({ "add": [{ "productId": three }] });
    let foreign = world.theirs.merchant.post(&format!("/api/v1/categories/{below}/products")).json(&theirs).send();
    foreign.await.expect(404);
}

pub async fn one_level_of_the_tree_is_listed_by_position(world: World) {
    let root = make(&world, "levels", None).await;
    let mut made = Vec::new();
    for (name, position) in [("c", 1), ("a", 2), ("b", 2)] {
        let body = json!({ "name": world.name(name), "parentId": root, "position": position });
        made.push(id(&world.ours.merchant.post("/api/v1/categories").json(&body).send().await.expect(201)));
    }
    let mut found = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut query = vec![("filter[parent]", root.as_str()), ("limit", "1")];
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page = world.ours.shopper.get("/api/v1/categories").query(&query).send().await.expect(200).json();
        found.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(found, made);
    for wrong in ["cat_1", "", "ROOT"] {
        let answer = world.ours.shopper.get("/api/v1/categories").query(&[("filter[parent]", wrong)]).send().await;
        assert_eq!(answer.expect_problem(422, "invalid-request").places(), ["?filter[parent]"]);
    }
}

pub async fn fifty_moves_at_once_leave_a_tree(world: World) {
    const COUNT: usize = 10;
    let mut ids = Vec::new();
    for at in 0..COUNT {
        ids.push(make(&world, &format!("ring-{at}"), None).await);
    }
    // Each below the next, the last below the first, and other rings across: together they would be cycles.
    let moves = (0..50).map(|number| {
        let (at, step) = (number % COUNT, number / COUNT + 1);
        let body = json!({ "parentId": ids[(at + step) % COUNT] });
        world.ours.merchant.patch(&format!("/api/v1/categories/{}", ids[at])).json(&body).send()
    });
    let (mut done, mut refused) = (0, 0);
    for answer in join_all(moves).await {
        match answer.status {
            200 => done += 1,
            422 => {
                assert_eq!(answer.places(), ["#/parentId"], "{answer}");
                refused += 1;
            }
            _ => assert_eq!(answer.expect(409).code(), "changed-meanwhile"),
        }
    }
    println!("50 moves at once: {done} done, {refused} refused as cycles");
    assert!(0 < done);
    // Every category is there once, below its parent, on a way that ends at a root.
    let mut paths = BTreeSet::new();
    for id in &ids {
        let category = get(&world.ours.shopper, id).await;
        let path = category["path"].as_str().unwrap().to_owned();
        let parent = match category["parentId"].as_str() {
            Some(parent) => format!("{}/", get(&world.ours.shopper, parent).await["path"].as_str().unwrap()),
            None => String::new(),
        };
        assert_eq!(path, format!("{parent}{}", category["handle"].as_str().unwrap()));
        assert!(paths.insert(path));
    }
}
