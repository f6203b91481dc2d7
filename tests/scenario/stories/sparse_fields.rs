//! Storefronts ask for some members of products.

use std::time::Duration;

use serde_json::{Value, json};

use crate::eventually::eventually;
use crate::world::World;

async fn make(world: &World, name: &str) -> Value {
    let variant = |colour: &str, price: &str| {
        json!({
            "sku": format!("{}-{colour}", world.name(name)), "options": [colour],
            "price": { "amount": price, "currency": "EUR" }, "inventory": { "quantity": 3 },
        })
    };
    let body = json!({
        "handle": world.name(name), "title": format!("A \"{name}\", {{1}}"), "status": "active",
        "vendor": world.name("Sparse"), "category": world.name("sparse"), "options": [{ "name": "Colour" }],
        "images": [{ "url": "https://images.example.com/1.jpg", "alt": "A tent" }],
        "description": "<p>Light, and {warm}</p>",
        "variants": [variant("Moss", "189.00"), variant("Sand", "209.50")],
    });
    world.ours.merchant.post("/api/v1/products").json(&body).send().await.expect(201).json()
}

/// Three products in a category and a collection, and the lists that they are in.
async fn sells(world: &World) -> [String; 3] {
    make_shelf(world).await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        ids.push(json!({ "productId": make(world, name).await["id"] }));
    }
    let shelf = json!({ "name": "Sparse", "handle": world.name("sparse") });
    world.ours.merchant.post("/api/v1/collections").json(&shelf).send().await.expect(201);
    let path = format!("/api/v1/collections/{}/products", world.name("sparse"));
    world.ours.merchant.post(&path).json(&json!({ "add": ids })).send().await.expect(204);
    let vendor = world.name("Sparse");
    [
        format!("/api/v1/products?filter[vendor]={vendor}"),
        format!("/api/v1/categories/{}/products?sort=newest", world.name("sparse")),
        format!("{path}?sort=newest"),
    ]
}

pub async fn only_the_members_that_are_asked_for_are_shown(world: World) {
    let lists = sells(&world).await;
    let path = format!("/api/v1/products/{}", world.name("b"));
    let get = async |path: &str| world.ours.shopper.get(path).send().await.expect(200);
    let whole = get(&path).await;
    let full = whole.json();
    let some = |of: &Value, names: &[&str]| -> Value {
        names.iter().map(|name| ((*name).to_owned(), of[*name].clone())).collect()
    };
    let each =
        |of: &Value, names: &[&str]| -> Value { of.as_array().unwrap().iter().map(|one| some(one, names)).collect() };
    let mut etags = vec![whole.the("etag").to_owned()];
    for (fields, expected) in [
        ("id", some(&full, &["id"])),
        ("title,handle", some(&full, &["id", "title", "handle"])),
        ("variants,inStock,jsonLd", some(&full, &["id", "variants", "inStock", "jsonLd"])),
        (
            "variants.price,variants.availability,category.path,seo.title,images.url",
            json!({
                "id": full["id"],
                "variants": each(&full["variants"], &["id", "price", "availability"]),
                "category": some(&full["category"], &["id", "path"]),
                "seo": some(&full["seo"], &["title"]),
                "images": each(&full["images"], &["id", "url"]),
            }),
        ),
    ] {
        let shown = get(&format!("{path}?fields={fields}")).await;
        assert_eq!(shown.json(), expected, "{fields}");
        for header in ["cache-tag", "cache-control", "vary"] {
            assert_eq!(shown.header(header), whole.header(header), "{fields}");
        }
        let etag = shown.the("etag").to_owned();
        assert!(!etags.contains(&etag), "{fields}");
        let known = world.ours.shopper.get(&format!("{path}?fields={fields}")).header("if-none-match", &etag);
        assert_eq!(known.send().await.expect(304).the("etag"), etag);
        let other = world.ours.shopper.get(&path).header("if-none-match", &etag);
        other.send().await.expect(200);
        etags.push(etag);
    }

    for list in &lists {
        let whole = get(list).await;
        let cards = whole.json();
        let all = get(&format!("{list}&fields=handle,title,vendor,image,priceRange,inStock")).await;
        assert_eq!(all.json(), cards);
        assert_ne!(all.header("etag"), whole.header("etag"));
        let shown = get(&format!("{list}&limit=2&count=true&fields=priceRange.min,title,image.url")).await;
        let page = shown.json();
        assert_eq!((&page["count"], &page["isCountExact"]), (&json!(3), &json!(true)), "{list}");
        let expected: Vec<Value> = cards["items"].as_array().unwrap()[..2]
            .iter()
            .map(|card| {
                let mut expected = some(card, &["id", "title"]);
                expected["priceRange"] = some(&card["priceRange"], &["min"]);
                expected["image"] = some(&card["image"], &["id", "url"]);
                expected
            })
            .collect();
        assert_eq!(page["items"], json!(expected), "{list}");
        // The next page is of the same members.
        let link = shown.the("link");
        let next = get(link.trim_start_matches('<').split_once('>').unwrap().0).await.json();
        let names: Vec<&String> = next["items"][0].as_object().unwrap().keys().collect();
        assert_eq!(names, ["id", "image", "priceRange", "title"], "{link}");
    }

    // What was called otherwise is asked for as it was.
    let renamed = json!({ "handle": world.name("renamed") });
    world.ours.merchant.patch(&path).json(&renamed).send().await.expect(200);
    let moved = world.ours.shopper.get(&format!("{path}?fields=title,id")).send().await.expect(301);
    let expected = some(&full, &["id", "title"]);
    assert_eq!(get(moved.the("location")).await.json(), expected, "{moved}");
}

pub async fn members_in_another_order_are_the_same_answer(world: World) {
    let [list, ..] = sells(&world).await;
    let product = format!("/api/v1/products/{}?", world.name("a"));
    for path in [list + "&", product] {
        let first = world.ours.shopper.get(&format!("{path}fields=vendor,title,id")).send().await.expect(200);
        // Soon every instance has it, whatever the order.
        for fields in ["fields=title,vendor", "fields=vendor,vendor,title", "fields=id%2Cvendor%2Ctitle"] {
            eventually("an answer without SQL", Duration::from_secs(20), async || {
                let call = world.ours.shopper.get(&format!("{path}{fields}")).of_any_version();
                let answer = call.send().await.expect(200);
                assert_eq!((answer.the("etag"), &answer.body), (first.the("etag"), &first.body), "{fields}");
                (answer.spent().sql == 0).then_some(())
            })
            .await;
        }
    }
    // A write takes back what shows its product, in part too.
    let change = json!({ "title": "Other" });
    let path = format!("/api/v1/products/{}", world.name("a"));
    world.ours.merchant.patch(&path).json(&change).send().await.expect(200);
    let shown = world.ours.shopper.get(&format!("{path}?fields=title,vendor")).send().await.expect(200).json();
    assert_eq!(shown["title"], "Other");
}

pub async fn members_that_no_product_has_are_named_with_those_there_are(world: World) {
    make_shelf(&world).await;
    let one = format!("/api/v1/products/{}", make(&world, "a").await["id"].as_str().unwrap());
    let shelf = format!("/api/v1/categories/{}/products", world.name("sparse"));
    let long = "id,".repeat(700);
    let refused = async |path: &str, fields: &str| -> String {
        let answer = world.ours.shopper.get(path).query(&[("fields", fields)]).send().await;
        let answer = answer.expect_problem(422, "invalid-request");
        assert_eq!(answer.places(), ["?fields"], "{fields}");
        answer.json()["errors"][0]["detail"].as_str().unwrap().to_owned()
    };
    for path in [one.as_str(), "/api/v1/products", &shelf] {
        for fields in
            ["", ",", "id,", "Title", " title", "title.x", "seo..title", "metadata", "variants.metadata", &long]
        {
            refused(path, fields).await;
        }
    }
    let told = refused(&one, "title,colour,variants.cost").await;
    assert!(told.contains("colour, variants.cost"), "{told}");
    for there in ["canonicalUrl", "variants.price", "jsonLd"] {
        assert!(told.contains(there), "{told}");
    }
    // A list does not have what the product has alone.
    let told = refused("/api/v1/products", "description").await;
    assert!(told.contains("image") && !told.contains("variants"), "{told}");
    for path in ["/api/v1/categories", "/api/v1/collections"] {
        let answer = world.ours.shopper.get(&format!("{path}?fields=id")).send().await;
        assert_eq!(answer.expect_problem(422, "invalid-request").places(), ["?fields"]);
    }
}

async fn make_shelf(world: &World) {
    let shelf = json!({ "name": "Sparse", "handle": world.name("sparse") });
    world.ours.merchant.post("/api/v1/categories").json(&shelf).send().await.expect(201);
}
