//! A merchant declares what products and variants are said to be.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::client::Answer;
use crate::product_file::{Product, Variant};
use crate::world::World;

const PATH: &str = "/api/v1/admin/attributes";

/// A key of this story alone.
fn key(world: &World, name: &str) -> String {
    world.name(name).to_lowercase()
}

/// Declares a filterable attribute of products.
async fn declare(world: &World, name: &str, more: Value) -> Answer {
    let mut body = json!({ "key": key(world, name), "name": name, "of": "product", "filterable": true });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world.ours.merchant.post(PATH).json(&body).send().await
}

fn product(world: &World, name: &str, attributes: Value, variants: &[(&str, Value)]) -> Value {
    let variant = |(size, attributes): &(&str, Value)| {
        json!({
            "sku": format!("{}-{size}", world.name(name)),
            "options": [size],
            "price": { "amount": "10", "currency": "EUR" },
            "attributes": attributes,
        })
    };
    json!({
        "handle": world.name(name),
        "title": name,
        "status": "active",
        "attributes": attributes,
        "options": [{ "name": "Size" }],
        "variants": variants.iter().map(variant).collect::<Vec<_>>(),
    })
}

async fn make(world: &World, body: &Value) -> Answer {
    world.ours.merchant.post("/api/v1/products").json(body).send().await
}

async fn patch(world: &World, name: &str, body: Value) -> Answer {
    world.ours.merchant.patch(&format!("/api/v1/products/{}", world.name(name))).json(&body).send().await
}

async fn list(world: &World, query: &[(&str, &str)]) -> Answer {
    let named: Vec<_> = query.iter().map(|(name, value)| (format!("attribute.{}", key(world, name)), *value)).collect();
    world.ours.shopper.get("/api/v1/products").query(&named).send().await
}

async fn found_between(world: &World, query: &[(&str, &str, &str)], more: &str) -> Vec<String> {
    let named: Vec<_> =
        query.iter().map(|(name, end, value)| (format!("attribute.{}[{end}]", key(world, name)), *value)).collect();
    let page = world.ours.shopper.get(&format!("/api/v1/products?{more}")).query(&named).send().await.expect(200);
    assert!(page.spent().sql <= 1, "{query:?}");
    let items = page.json()["items"].as_array().unwrap().clone();
    items.iter().map(|item| item["title"].as_str().unwrap().to_owned()).collect()
}

/// The titles of the products that are found.
async fn found(world: &World, query: &[(&str, &str)]) -> Vec<String> {
    let page = list(world, query).await.expect(200);
    assert!(page.spent().sql <= 1, "{query:?}");
    let items = page.json()["items"].as_array().unwrap().clone();
    let mut titles: Vec<String> = items.iter().map(|item| item["title"].as_str().unwrap().to_owned()).collect();
    titles.sort();
    titles
}

pub async fn products_and_variants_have_what_is_declared(world: World) {
    let tent = make(&world, &product(&world, "other", json!({}), &[("S", json!({}))])).await.expect(201).json();
    let declared = declare(&world, "material", json!({ "type": "text" })).await.expect(201);
    assert_eq!(declared.json()["key"], key(&world, "material"));
    for (name, more) in [
        ("weight", json!({ "type": "decimal", "min": "0" })),
        ("people", json!({ "type": "number", "max": 12 })),
        ("new", json!({ "type": "boolean" })),
        ("since", json!({ "type": "date" })),
        ("deposit", json!({ "type": "money" })),
        ("manual", json!({ "type": "url", "filterable": false })),
        ("fits", json!({ "type": "reference", "target": "product" })),
        ("seasons", json!({ "type": "list", "items": "text" })),
        ("chart", json!({ "type": "json", "filterable": false })),
        ("cut", json!({ "type": "text", "of": "variant", "choices": ["slim", "wide"] })),
    ] {
        declare(&world, name, more).await.expect(201);
    }
    let of = |values: &[(&str, Value)]| -> Value {
        values.iter().map(|(name, value)| (key(&world, name), value.clone())).collect::<serde_json::Map<_, _>>().into()
    };
    let values = of(&[
        ("material", json!("Rip-Stop Nylon")),
        ("weight", json!("2.350")),
        ("people", json!(2)),
        ("new", json!(true)),
        ("since", json!("2024-02-29")),
        ("deposit", json!({ "amount": "20", "currency": "EUR" })),
        ("manual", json!("https://example.com/manual.pdf")),
        ("fits", tent["id"].clone()),
        ("seasons", json!(["Spring", "Summer"])),
        ("chart", json!({ "a": [1.5, null] })),
    ]);
    let variants = [("S", of(&[("cut", json!("slim"))])), ("M", of(&[("cut", json!("wide"))])), ("L", json!({}))];
    let made = make(&world, &product(&world, "tent", values, &variants)).await.expect(201).json();
    assert_eq!(made["attributes"][key(&world, "weight")], "2.35");

    // The storefront is told the types.
    let shown = world.ours.product(&world.name("tent")).await;
    for (name, expected) in [
        ("material", json!({ "type": "text", "value": "Rip-Stop Nylon" })),
        ("weight", json!({ "type": "decimal", "value": "2.35" })),
        ("people", json!({ "type": "number", "value": 2 })),
        ("new", json!({ "type": "boolean", "value": true })),
        ("since", json!({ "type": "date", "value": "2024-02-29" })),
        ("deposit", json!({ "type": "money", "value": { "amount": "20.00", "currency": "EUR" } })),
        ("manual", json!({ "type": "url", "value": "https://example.com/manual.pdf" })),
        ("fits", json!({ "type": "reference", "value": tent["id"] })),
        ("seasons", json!({ "type": "list", "value": ["Spring", "Summer"] })),
        ("chart", json!({ "type": "json", "value": { "a": [1.5, null] } })),
    ] {
        assert_eq!(shown["attributes"][key(&world, name)], expected, "{name}");
    }
    assert_eq!(shown["variants"][1]["attributes"][key(&world, "cut")], json!({ "type": "text", "value": "wide" }));
    assert_eq!((shown["variants"][2].get("attributes"), tent.get("attributes")), (None, None));

    // And finds products by them.
    for (name, value) in [
        ("material", "rip-stop nylon"),
        ("material", "RIP-STOP Nylon"),
        ("weight", "2.35"),
        ("people", "2"),
        ("new", "true"),
        ("since", "2024-02-29"),
        ("deposit", "20.00"),
        ("fits", tent["id"].as_str().unwrap()),
        ("seasons", "summer"),
        ("cut", "wide"),
    ] {
        assert_eq!(found(&world, &[(name, value)]).await, ["tent"], "{name}");
    }
    assert_eq!(found(&world, &[("seasons", "summer"), ("people", "2"), ("cut", "slim")]).await, ["tent"]);
    assert_eq!(found(&world, &[("seasons", "summer"), ("people", "3")]).await, Vec::<String>::new());

    // A patch says what it says, and a product file has no column for any of it.
    let change = of(&[("material", json!("cotton")), ("people", Value::Null)]);
    patch(&world, "tent", json!({ "attributes": change })).await.expect(200);
    assert_eq!(found(&world, &[("material", "cotton")]).await, ["tent"]);
    assert_eq!(found(&world, &[("people", "2")]).await, Vec::<String>::new());
    let mut file = Product::new(&world.name("tent"), "tent").option_names(&["Size"]);
    for size in ["S", "M", "L"] {
        file = file.variant(Variant::new(&format!("{}-{size}", world.name("tent")), "12").options(&[size]));
    }
    world.ours.import(&[file]).await;
    assert_eq!(found(&world, &[("material", "cotton"), ("cut", "slim")]).await, ["tent"]);
    let shown = world.ours.product(&world.name("tent")).await;
    assert_eq!(shown["variants"][0]["price"]["amount"], "12.00");
    assert_eq!(shown["variants"][1]["attributes"][key(&world, "cut")]["value"], "wide");
}

pub async fn what_is_wrong_with_values_is_named_at_once(world: World) {
    declare(&world, "people", json!({ "type": "number", "max": 12 })).await.expect(201);
    declare(&world, "hidden", json!({ "type": "text", "filterable": false })).await.expect(201);
    declare(&world, "cut", json!({ "type": "text", "of": "variant", "choices": ["slim"] })).await.expect(201);
    declare(&world, "likes", json!({ "type": "list", "items": "reference", "target": "product" })).await.expect(201);
    let [people, cut, likes, none] = ["people", "cut", "likes", "none"].map(|name| key(&world, name));
    let values = json!({
        people.as_str(): 13, none.as_str(): 1, likes.as_str(): ["prod_01h455vb4pex5vsknk084sn02q"],
    });
    let variants = [("S", json!({ cut.as_str(): "wide" })), ("M", json!({ people.as_str(): 1 }))];
    let wrong = make(&world, &product(&world, "wrong", values, &variants)).await.expect_problem(422, "invalid-request");
    let mut places = wrong.places();
    places.sort();
    let mut expected = vec![
        format!("#/attributes/{likes}/0"),
        format!("#/attributes/{none}"),
        format!("#/attributes/{people}"),
        format!("#/variants/0/attributes/{cut}"),
        format!("#/variants/1/attributes/{people}"),
    ];
    expected.sort();
    assert_eq!(places, expected, "{wrong}");
    assert!(wrong.json().to_string().contains(&people), "what there is is said: {wrong}");
    // What nobody has declared leaves no trace, and is named.
    make(&world, &product(&world, "good", json!({ people.as_str(): 1 }), &[("S", json!({}))])).await.expect(201);
    let body = json!({ "attributes": { none.as_str(): null } });
    let answer = patch(&world, "good", body).await.expect_problem(422, "invalid-request");
    assert_eq!(answer.places(), [format!("#/attributes/{none}")]);
    // Lists are narrowed by what may be asked for, as it is written.
    for (name, value) in [("none", "1"), ("hidden", "x"), ("people", "two"), ("people", "02")] {
        let answer = list(&world, &[(name, value)]).await.expect_problem(422, "invalid-request");
        assert_eq!(answer.places(), [format!("?attribute.{}", key(&world, name))], "{value}");
    }
    // Of another tenant there is nothing here.
    let theirs = world.theirs.shopper.get("/api/v1/products").query(&[(format!("attribute.{people}"), "1")]);
    theirs.send().await.expect_problem(422, "invalid-request");
    for client in [&world.theirs.merchant, &world.ours.shopper] {
        let status = client.get(&format!("{PATH}/{people}")).send().await.status;
        assert!(matches!(status, 403 | 404), "{status}");
    }
}

pub async fn an_attribute_in_use_keeps_its_type_and_stays(world: World) {
    let material = key(&world, "material");
    let path = format!("{PATH}/{material}");
    let body =
        json!({ "key": material, "name": "Material", "of": "product", "type": "text", "choices": ["oak", "ash"] });
    let create = || world.ours.merchant.post(PATH).header("idempotency-key", world.name("once")).json(&body).send();
    let first = create().await.expect(201);
    let again = create().await.expect(201);
    assert!(again.is_replayed());
    assert_eq!(first.json(), again.json());
    let taken = world.ours.merchant.post(PATH).json(&body).send().await.expect_problem(422, "invalid-request");
    assert_eq!(taken.places(), ["#/key"]);

    let change = |version: &str, body: Value| {
        world.ours.merchant.patch(&path).header("if-match", format!("\"{version}\"")).json(&body).send()
    };
    // While nobody has a value it may become anything.
    change("1", json!({ "type": "number", "choices": null })).await.expect(200);
    let back = change("2", json!({ "type": "text", "choices": ["oak", "ash"] })).await.expect(200);
    assert_eq!(back.header("etag"), Some("\"3\""));
    change("1", json!({ "name": "Wood" })).await.expect_problem(412, "version-mismatch");
    let draft = json!({ "handle": world.name("table"), "title": "table", "attributes": { material.as_str(): "ash" } });
    make(&world, &draft).await.expect(201);
    let refused = change("3", json!({ "type": "number", "choices": null })).await;
    refused.expect_problem(409, "attribute-in-use");
    world.ours.merchant.delete(&path).send().await.expect_problem(409, "attribute-in-use");
    // Other limits hold for what comes; it can be asked for from now on.
    list(&world, &[("material", "ash")]).await.expect_problem(422, "invalid-request");
    let changed = change("3", json!({ "choices": ["oak"], "filterable": true, "name": "Wood" })).await.expect(200);
    assert_eq!(changed.json()["choices"], json!(["oak"]));
    patch(
        &world,
        "table",
        json!({ "status": "active", "variants": [{ "price": { "amount": "9", "currency": "EUR" } }] }),
    )
    .await
    .expect(200);
    assert_eq!(found(&world, &[("material", "ash")]).await, ["table"]);
    let other = patch(&world, "table", json!({ "attributes": { material.as_str(): "elm" } })).await;
    assert_eq!(other.expect_problem(422, "invalid-request").places(), [format!("#/attributes/{material}")]);
    // Once nobody has one, it goes.
    patch(&world, "table", json!({ "attributes": { material.as_str(): null } })).await.expect(200);
    world.ours.merchant.delete(&path).header("if-match", "\"4\"").send().await.expect(204);
    world.ours.merchant.get(&path).send().await.expect_problem(404, "not-found");
    let shown = world.ours.product(&world.name("table")).await;
    assert_eq!(shown.get("attributes"), None);
}

/// Whoever comes first: no product has a value of what is gone, or of another type.
pub async fn an_attribute_and_a_product_written_at_once_agree(world: World) {
    let numbers: Vec<usize> = (0..6).collect();
    let rounds = numbers.iter().map(|at| {
        let world = &world;
        async move {
            let name = format!("race{at}");
            let key = key(world, &name);
            declare(world, &name, json!({ "type": "text" })).await.expect(201);
            let body = json!({ "title": name, "handle": world.name(&name), "attributes": { key.as_str(): "x" } });
            let path = format!("{PATH}/{key}");
            let turn = async {
                match at % 2 {
                    0 => world.ours.merchant.delete(&path).send().await,
                    _ => world.ours.merchant.patch(&path).json(&json!({ "type": "number" })).send().await,
                }
            };
            let (made, turned) = futures_util::join!(make(world, &body), turn);
            let is_made = made.status == 201;
            assert!(is_made || matches!(made.status, 422 | 503), "{made}");
            assert!(matches!(turned.status, 200 | 204 | 409), "{turned}");
            assert!(!is_made || turned.status == 409, "{made} {turned}");
        }
    });
    join_all(rounds).await;
}

pub async fn a_rule_asks_for_an_attribute(world: World) {
    declare(&world, "material", json!({ "type": "text" })).await.expect(201);
    let material = key(&world, "material");
    let condition = json!({ "field": "attribute", "attribute": material, "operator": "equals", "value": "Oak" });
    let rule = json!({ "matches": "all", "conditions": [condition] });
    let body = json!({ "name": world.name("Oak"), "handle": world.name("oak"), "rule": rule });
    world.ours.merchant.post("/api/v1/collections").json(&body).send().await.expect(201);
    for (name, wood) in [("chair", "oak"), ("stool", "pine")] {
        let body = product(&world, name, json!({ material.as_str(): wood }), &[("S", json!({}))]);
        make(&world, &body).await.expect(201);
    }
    let path = format!("/api/v1/collections/{}/products", world.name("oak"));
    let shown = world.ours.shopper.get(&path).send().await.expect(200).json();
    let titles: Vec<_> = shown["items"].as_array().unwrap().iter().map(|item| item["title"].clone()).collect();
    assert_eq!(titles, ["chair"]);
    let query = [(format!("attribute.{material}"), "pine")];
    let narrowed = world.ours.shopper.get(&path).query(&query).send().await.expect(200).json();
    assert_eq!(narrowed["items"], json!([]));
}

pub async fn lists_and_rules_ask_for_what_is_between_two_values(world: World) {
    for (name, more) in [
        ("weight", json!({ "type": "decimal" })),
        ("people", json!({ "type": "number" })),
        ("since", json!({ "type": "date" })),
        ("deposit", json!({ "type": "money" })),
        ("depths", json!({ "type": "list", "items": "number" })),
        ("length", json!({ "type": "decimal", "of": "variant" })),
        ("wood", json!({ "type": "text" })),
        ("hidden", json!({ "type": "number", "filterable": false })),
    ] {
        declare(&world, name, more).await.expect(201);
    }
    let [weight, people, since, deposit, depths, length, wood, hidden] =
        ["weight", "people", "since", "deposit", "depths", "length", "wood", "hidden"].map(|name| key(&world, name));
    let condition = |operator: &str, value: &str| json!({ "field": "attribute", "attribute": weight, "operator": operator, "value": value });
    let conditions = [condition("at-least", "-1.50"), condition("at-most", "12")];
    let rule = json!({ "matches": "all", "conditions": conditions });
    let body = json!({ "name": world.name("Light"), "handle": world.name("light"), "rule": rule });
    let made = world.ours.merchant.post("/api/v1/collections").json(&body).send().await.expect(201).json();
    assert_eq!(made["rule"]["conditions"][0]["value"], "-1.50");
    for (at, (name, of, lengths)) in [
        ("a", json!({ "w": "-12.5", "p": -3, "s": "2024-02-29", "d": "9.5", "l": [1, 50] }), ["1", "20"]),
        ("b", json!({ "w": "-1.5", "p": 0, "s": "2024-03-01", "d": "10", "l": [5] }), ["2", "3"]),
        ("c", json!({ "w": "0", "p": 9, "s": "2025-01-01", "d": "100", "l": [] }), ["9.999", "10"]),
        ("d", json!({ "w": "9.99", "p": 10, "s": "2025-12-31", "d": "100.01", "l": [9, 10] }), ["100", "0"]),
        ("e", json!({ "w": "10", "p": 100, "s": "2026-01-01", "d": "2000", "l": [100] }), ["-1", "-2"]),
    ]
    .into_iter()
    .enumerate()
    {
        let values = json!({
            weight.as_str(): of["w"], people.as_str(): of["p"], since.as_str(): of["s"], depths.as_str(): of["l"],
            deposit.as_str(): { "amount": of["d"], "currency": "EUR" }, hidden.as_str(): at,
        });
        let [small, large] = lengths.map(|long| json!({ length.as_str(): long }));
        let mut body = product(&world, name, values, &[("S", small), ("L", large)]);
        for variant in body["variants"].as_array_mut().unwrap() {
            variant["price"]["amount"] = json!(format!("{}.00", 50 - at));
        }
        make(&world, &body).await.expect(201);
    }
    for (query, expected) in [
        (vec![("weight", "min", "-1.5")], "bcde"),
        (vec![("weight", "max", "-1.5")], "ab"),
        (vec![("weight", "min", "-1.49"), ("weight", "max", "9.99")], "cd"),
        (vec![("weight", "min", "9.991"), ("weight", "max", "9.999")], ""),
        (vec![("people", "min", "9"), ("people", "max", "10.5")], "cd"),
        (vec![("people", "max", "-3")], "a"),
        (vec![("since", "min", "2024-03-01"), ("since", "max", "2025-12-31")], "bcd"),
        (vec![("deposit", "min", "9.51"), ("deposit", "max", "100")], "bc"),
        (vec![("depths", "min", "9"), ("depths", "max", "10")], "d"),
        (vec![("depths", "min", "2")], "abde"),
        (vec![("length", "min", "10"), ("length", "max", "20")], "ac"),
        (vec![("length", "max", "-1.5")], "e"),
        (vec![("people", "min", "0"), ("since", "max", "2025-12-31"), ("weight", "min", "0")], "cd"),
    ] {
        for (more, turns) in [("sort=title", false), ("sort=-title", true), ("sort=price", true), ("sort=newest", true)]
        {
            let mut titles = found_between(&world, &query, more).await;
            if turns {
                titles.reverse();
            }
            assert_eq!(titles.concat(), expected, "{query:?} {more}");
        }
    }
    // With other filters, in a range of prices, page by page, and in an order of a shelf's own.
    let light = format!("filter[collection]={}", world.name("light"));
    let heavy = [("weight", "min", "-1"), ("people", "min", "10")];
    assert_eq!(found_between(&world, &heavy, &format!("sort=title&{light}")).await.concat(), "de");
    let priced = format!("sort=title&{light}&filter[price][min]=46.5&filter[price][max]=48");
    assert_eq!(found_between(&world, &[("weight", "min", "-12")], &priced).await.concat(), "cd");
    let priced = "sort=price&filter[price][min]=46.5&filter[price][max]=49".to_owned();
    assert_eq!(found_between(&world, &[("weight", "max", "9.99")], &priced).await.concat(), "dcb");
    let mut path = format!("/api/v1/collections/{}/products?limit=2", world.name("light"));
    path.push_str(&format!("&attribute.{people}%5Bmax%5D=99"));
    let mut titles = Vec::new();
    loop {
        let page = world.ours.shopper.get(&path).send().await.expect(200);
        let items = page.json()["items"].as_array().unwrap().clone();
        titles.extend(items.iter().map(|item| item["title"].as_str().unwrap().to_owned()));
        let Some(link) = page.header("link") else { break };
        path = link.trim_start_matches('<').split_once('>').unwrap().0.to_owned();
    }
    assert_eq!(titles.concat(), "dcb");

    // What is another value stands elsewhere, and so in another collection.
    patch(&world, "b", json!({ "attributes": { weight.as_str(): "-2" } })).await.expect(200);
    assert_eq!(found_between(&world, &[("weight", "min", "-1.5")], "sort=title").await.concat(), "cde");
    assert_eq!(found_between(&world, &[], &format!("sort=title&{light}")).await.concat(), "cde");
    patch(&world, "c", json!({ "status": "draft" })).await.expect(200);
    assert_eq!(found_between(&world, &[("weight", "min", "-1.5")], "sort=title").await.concat(), "de");

    for (query, places) in [
        (format!("attribute.{weight}[min]=x"), vec![format!("?attribute.{weight}[min]")]),
        (format!("attribute.{weight}[min]=2&attribute.{weight}[max]=1.5"), vec![format!("?attribute.{weight}[max]")]),
        (format!("attribute.{weight}[min]=2025-01-01"), vec![format!("?attribute.{weight}[min]")]),
        (
            format!("attribute.{since}[min]=7&attribute.{since}[max]=2025-01-01"),
            vec![format!("?attribute.{since}[min]")],
        ),
        (format!("attribute.{wood}[max]=7"), vec![format!("?attribute.{wood}[max]")]),
        (format!("attribute.{hidden}[max]=7"), vec![format!("?attribute.{hidden}[max]")]),
        (format!("attribute.{weight}[from]=7"), vec![format!("?attribute.{weight}[from]")]),
        (
            "attribute.none-such[min]=1&attribute.none-such[max]=2".to_owned(),
            vec!["?attribute.none-such[min]".to_owned(), "?attribute.none-such[max]".to_owned()],
        ),
        (format!("attribute.{weight}[min]=1&attribute.{weight}[min]=1"), vec![format!("?attribute.{weight}[min]")]),
        ("attribute.[min]=1".to_owned(), vec!["?attribute.[min]".to_owned()]),
    ] {
        let answer = world.ours.shopper.get(&format!("/api/v1/products?{query}")).send().await;
        assert_eq!(answer.expect_problem(422, "invalid-request").places(), places, "{query}");
    }
    let mut wrong = body.clone();
    wrong["handle"] = json!(world.name("wrong"));
    wrong["rule"]["conditions"] = json!([condition("at-least", "much"), condition("not-at-most", "1")]);
    let answer = world.ours.merchant.post("/api/v1/collections").json(&wrong).send().await;
    let expected = ["#/rule/conditions/0/value", "#/rule/conditions/1/operator"];
    assert_eq!(answer.expect_problem(422, "invalid-request").places(), expected);
}
