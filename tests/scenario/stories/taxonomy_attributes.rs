//! A merchant declares what categories and collections are said to be.

use std::slice;

use futures_util::future::join_all;
use serde_json::{Map, Value, json};

use super::files::{manual, path_of};
use super::sessions::{as_person, log_in};
use crate::client::{Answer, Client};
use crate::world::World;

/// What has values, and where it is.
const KINDS: [(&str, &str); 2] = [("category", "categories"), ("collection", "collections")];

/// A key of this story and this kind alone.
fn key(world: &World, of: &str, name: &str) -> String {
    world.name(&format!("{}-{name}", &of[..3])).to_lowercase()
}

/// Declares a filterable attribute, and answers its key.
async fn declare(world: &World, of: &str, name: &str, more: Value) -> String {
    let key = key(world, of, name);
    let mut body = json!({ "key": key, "name": name, "of": of, "filterable": true });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world.ours.merchant.post("/api/v1/admin/attributes").json(&body).send().await.expect(201);
    key
}

async fn make(world: &World, kind: &str, name: &str, more: Value) -> Answer {
    let mut body = json!({ "name": name, "handle": world.name(name) });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world.ours.merchant.post(&format!("/api/v1/{kind}")).json(&body).send().await
}

async fn patch(world: &World, kind: &str, made: &Value, body: Value) -> Answer {
    world.ours.merchant.patch(&path(kind, made)).json(&body).send().await
}

/// What is shown of it, by its id, in one round trip; but for its address in the storefront.
async fn shown(client: &Client, kind: &str, made: &Value) -> Value {
    let answer = client.get(&path(kind, made)).send().await.expect(200);
    assert!(answer.spent().sql <= 1, "{answer}");
    let mut shown = answer.json();
    assert!(shown.as_object_mut().unwrap().remove("canonicalUrl").is_some());
    shown
}

fn path(kind: &str, made: &Value) -> String {
    format!("/api/v1/{kind}/{}", made["id"].as_str().unwrap())
}

/// The names of what a list has, page by page.
async fn found(world: &World, kind: &str, query: &[(String, &str)]) -> Vec<String> {
    let mut names = Vec::new();
    let mut answer = world.ours.shopper.get(&format!("/api/v1/{kind}?limit=2")).query(query).send().await.expect(200);
    loop {
        assert!(answer.spent().sql <= 1, "{query:?}");
        let items = answer.json()["items"].as_array().unwrap().clone();
        names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        let Some(link) = answer.header("link") else { return names };
        let next = link.trim_start_matches('<').split_once('>').unwrap().0.to_owned();
        answer = world.ours.shopper.get(&next).send().await.expect(200);
    }
}

pub async fn categories_and_collections_have_what_is_declared(world: World) {
    for (of, kind) in KINDS {
        let season = declare(&world, of, "season", json!({ "type": "text" })).await;
        let depth = declare(&world, of, "depth", json!({ "type": "decimal" })).await;
        let since = declare(&world, of, "since", json!({ "type": "date" })).await;
        let tags = declare(&world, of, "tags", json!({ "type": "list", "items": "text" })).await;
        let twin = declare(&world, of, "twin", json!({ "type": "reference", "target": of })).await;
        let chart = declare(&world, of, "chart", json!({ "type": "json", "filterable": false })).await;
        let plain = make(&world, kind, &format!("{of}-plain"), json!({})).await.expect(201).json();
        assert_eq!(plain.get("attributes"), None);
        let values = json!({
            &season: " Deep Winter ", &depth: "02.50", &since: "2024-02-29", &tags: ["Snow", "Ice"],
            &twin: plain["id"], &chart: { "a": [1, null] },
        });
        let made = make(&world, kind, of, json!({ "attributes": values })).await.expect(201).json();
        let expected = json!({
            &season: { "type": "text", "value": "Deep Winter" },
            &depth: { "type": "decimal", "value": "2.5" },
            &since: { "type": "date", "value": "2024-02-29" },
            &tags: { "type": "list", "value": ["Snow", "Ice"] },
            &twin: { "type": "reference", "value": plain["id"] },
            &chart: { "type": "json", "value": { "a": [1, null] } },
        });
        assert_eq!(made["attributes"], expected);
        for client in [&world.ours.shopper, &world.ours.merchant] {
            assert_eq!(shown(client, kind, &made).await, made);
        }
        let by = |key: &str| format!("attribute.{key}");
        let twin_id = plain["id"].as_str().unwrap();
        for (query, is_found) in [
            (vec![(by(&season), "DEEP winter")], true),
            (vec![(by(&season), "winter")], false),
            (vec![(by(&depth), "2.5"), (by(&tags), "ice"), (by(&twin), twin_id)], true),
            (vec![(by(&depth), "2.5"), (by(&tags), "rain")], false),
            (vec![(by(&since) + "[min]", "2024-01-01"), (by(&depth) + "[max]", "3")], true),
            (vec![(by(&tags), "snow"), (by(&depth) + "[min]", "2.51")], false),
        ] {
            let names = found(&world, kind, &query).await;
            assert_eq!(names, if is_found { vec![of] } else { Vec::new() }, "{query:?}");
        }

        // A patch says what it says; the same once more changes nothing.
        let change = json!({ "attributes": { &season: "Summer", &depth: null, &tags: ["Sun"] } });
        let changed = patch(&world, kind, &made, change.clone()).await.expect(200).json();
        assert_eq!(changed["version"], 2);
        assert_eq!(changed["attributes"][&season]["value"], "Summer");
        assert_eq!((changed["attributes"].get(&depth), &changed["attributes"][&since]), (None, &expected[&since]));
        assert_eq!(patch(&world, kind, &made, change).await.expect(200).json()["version"], 2);
        let renamed = patch(&world, kind, &made, json!({ "name": "Renamed" })).await.expect(200).json();
        assert_eq!(renamed["attributes"], changed["attributes"]);
        assert_eq!(shown(&world.ours.shopper, kind, &made).await, renamed);
        assert_eq!(found(&world, kind, &[(by(&season), "deep winter")]).await, Vec::<String>::new());
        assert_eq!(found(&world, kind, &[(by(&season), "summer"), (by(&tags), "sun")]).await, ["Renamed"]);
        let without = patch(&world, kind, &made, json!({ "attributes": null })).await.expect(200).json();
        assert_eq!(without.get("attributes"), None);
        assert_eq!(found(&world, kind, &[(by(&season), "summer")]).await, Vec::<String>::new());
    }
}

pub async fn a_list_of_categories_or_collections_is_narrowed_in_its_order(world: World) {
    for (of, kind) in KINDS {
        let season = declare(&world, of, "season", json!({ "type": "text" })).await;
        let depth = declare(&world, of, "depth", json!({ "type": "number" })).await;
        let mut made = Vec::new();
        for (name, number) in [("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5)] {
            let values = json!({ &season: if name == "c" { "summer" } else { "winter" }, &depth: number });
            let mut body = json!({ "handle": world.name(&format!("{of}-{name}")), "attributes": values });
            if of == "category" {
                body["position"] = json!(10 - number);
            }
            made.push(make(&world, kind, name, body).await.expect(201).json());
        }
        let winter = (format!("attribute.{season}"), "winter");
        let least = (format!("attribute.{depth}[min]"), "2");
        assert_eq!(found(&world, kind, slice::from_ref(&winter)).await.concat(), "abde");
        assert_eq!(found(&world, kind, slice::from_ref(&least)).await.concat(), "bcde");
        assert_eq!(found(&world, kind, &[winter.clone(), least.clone()]).await.concat(), "bde");
        // By another name, it stands elsewhere.
        let last = json!({ "handle": world.name(&format!("{of}-z")) });
        patch(&world, kind, &made[1], last).await.expect(200);
        assert_eq!(found(&world, kind, slice::from_ref(&winter)).await.concat(), "adeb");
        assert_eq!(found(&world, kind, slice::from_ref(&least)).await.concat(), "cdeb");
        if of == "category" {
            let root = ("filter[parent]".to_owned(), "root");
            assert_eq!(found(&world, kind, &[winter.clone(), root.clone()]).await.concat(), "edba");
            // Below another one, with what is below itself.
            patch(&world, kind, &made[3], json!({ "parentId": made[0]["id"] })).await.expect(200);
            patch(&world, kind, &made[0], json!({ "parentId": made[2]["id"], "position": 0 })).await.expect(200);
            assert_eq!(found(&world, kind, slice::from_ref(&winter)).await.concat(), "adeb");
            assert_eq!(found(&world, kind, &[winter.clone(), root.clone()]).await.concat(), "eb");
            let below = |at: usize| ("filter[parent]".to_owned(), made[at]["id"].as_str().unwrap());
            assert_eq!(found(&world, kind, &[winter.clone(), below(2)]).await.concat(), "a");
            assert_eq!(found(&world, kind, &[winter.clone(), least.clone(), below(0)]).await.concat(), "d");
            patch(&world, kind, &made[4], json!({ "position": 9 })).await.expect(200);
            assert_eq!(found(&world, kind, &[winter.clone(), root]).await.concat(), "be");
        }
        // What is deleted is found no more.
        let gone = if of == "category" { &made[3] } else { &made[0] };
        world.ours.merchant.delete(&path(kind, gone)).send().await.expect(204);
        let expected = if of == "category" { "aeb" } else { "deb" };
        assert_eq!(found(&world, kind, slice::from_ref(&winter)).await.concat(), expected);

        // What lists are not narrowed by is named.
        let wood = declare(&world, "product", &format!("{of}-wood"), json!({ "type": "text" })).await;
        let season_from = format!("{season}[min]");
        for (name, value) in
            [(wood.as_str(), "oak"), ("none-such", "1"), (depth.as_str(), "02"), (season_from.as_str(), "1")]
        {
            let query = [(format!("attribute.{name}"), value)];
            let answer = world.ours.shopper.get(&format!("/api/v1/{kind}")).query(&query).send().await;
            assert_eq!(answer.expect_problem(422, "invalid-request").places(), [format!("?attribute.{name}")]);
        }
        let products = world.ours.shopper.get("/api/v1/products").query(slice::from_ref(&winter)).send().await;
        assert_eq!(products.expect_problem(422, "invalid-request").places(), [format!("?{}", winter.0)]);
        let change = world.ours.merchant.patch(&format!("/api/v1/admin/attributes/{season}"));
        change.json(&json!({ "filterable": false })).send().await.expect(200);
        let answer = world.ours.shopper.get(&format!("/api/v1/{kind}?limit=2")).query(&[winter]).send().await;
        answer.expect_problem(422, "invalid-request");
    }
}

pub async fn what_is_wrong_with_values_of_a_category_is_named_at_once(world: World) {
    for (of, kind) in KINDS {
        let season = declare(&world, of, "season", json!({ "type": "text", "choices": ["winter"] })).await;
        let twins = declare(&world, of, "twins", json!({ "type": "list", "items": "reference", "target": of })).await;
        let wood = declare(&world, "product", &format!("{of}-wood"), json!({ "type": "text" })).await;
        let none = key(&world, of, "none");
        let theirs = json!({ "name": "theirs", "handle": world.name("theirs") });
        let theirs = world.theirs.merchant.post(&format!("/api/v1/{kind}")).json(&theirs).send().await.expect(201);
        let wrong = json!({
            "metadata": { "a": "x".repeat(16 << 10) },
            "translations": { "FR": { "name": "Hiver" } },
            "attributes": { &season: "spring", &twins: [theirs.json()["id"], 1], &wood: "oak", &none: 1 },
        });
        let mut expected = vec![
            format!("#/attributes/{none}"),
            format!("#/attributes/{season}"),
            format!("#/attributes/{twins}/0"),
            format!("#/attributes/{twins}/1"),
            format!("#/attributes/{wood}"),
            "#/metadata".to_owned(),
            "#/translations/FR".to_owned(),
        ];
        expected.sort();
        let made = make(&world, kind, of, json!({ "attributes": { &season: "winter" } })).await.expect(201).json();
        for answer in
            [make(&world, kind, "wrong", wrong.clone()).await, patch(&world, kind, &made, wrong.clone()).await]
        {
            let mut places = answer.expect_problem(422, "invalid-request").places();
            places.sort();
            assert_eq!(places, expected);
        }
        // What nobody has declared leaves no trace, and is named.
        let answer = patch(&world, kind, &made, json!({ "attributes": { &none: null } })).await;
        assert_eq!(answer.expect_problem(422, "invalid-request").places(), [format!("#/attributes/{none}")]);
        let answer = patch(&world, kind, &made, json!({ "attributes": [] })).await;
        assert_eq!(answer.expect_problem(422, "invalid-request").places(), ["#/attributes"]);
        assert_eq!(shown(&world.ours.shopper, kind, &made).await, made);
    }
}

pub async fn an_attribute_of_a_category_or_collection_in_use_keeps_its_type_and_stays(world: World) {
    for (of, kind) in KINDS {
        let season = declare(&world, of, "season", json!({ "type": "text", "choices": ["winter"] })).await;
        let attribute = format!("/api/v1/admin/attributes/{season}");
        let staff = &world.ours.merchant;
        let turn = async |body: Value| staff.patch(&attribute).json(&body).send().await;
        let made = make(&world, kind, of, json!({ "attributes": { &season: "winter" } })).await.expect(201).json();
        turn(json!({ "type": "number", "choices": null })).await.expect_problem(409, "attribute-in-use");
        turn(json!({ "of": "product" })).await.expect_problem(409, "attribute-in-use");
        staff.delete(&attribute).send().await.expect_problem(409, "attribute-in-use");
        // Other limits hold for what comes.
        turn(json!({ "choices": ["summer"] })).await.expect(200);
        patch(&world, kind, &made, json!({ "attributes": { &season: "winter" } })).await.expect(200);
        let answer = patch(&world, kind, &made, json!({ "attributes": { &season: "spring" } })).await;
        assert_eq!(answer.expect_problem(422, "invalid-request").places(), [format!("#/attributes/{season}")]);
        patch(&world, kind, &made, json!({ "attributes": { &season: null } })).await.expect(200);
        turn(json!({ "type": "number", "choices": null })).await.expect(200);
        patch(&world, kind, &made, json!({ "attributes": { &season: 4 } })).await.expect(200);
        staff.delete(&attribute).send().await.expect_problem(409, "attribute-in-use");
        staff.delete(&path(kind, &made)).send().await.expect(204);
        staff.delete(&attribute).send().await.expect(204);
    }
}

pub async fn what_was_done_to_the_values_of_a_category_is_told(world: World) {
    let owner = as_person(&world, &log_in(&world.ours, "owner@example.com").await.expect(200));
    for (of, kind) in KINDS {
        let season = declare(&world, of, "season", json!({ "type": "text" })).await;
        let depth = declare(&world, of, "depth", json!({ "type": "number" })).await;
        let made = make(&world, kind, of, json!({ "attributes": { &season: "winter", &depth: 1 } })).await;
        let made = made.expect(201).json();
        patch(&world, kind, &made, json!({ "attributes": { &season: "summer" } })).await.expect(200);
        patch(&world, kind, &made, json!({ "name": "Renamed" })).await.expect(200);
        world.ours.merchant.delete(&path(kind, &made)).send().await.expect(204);
        let id = made["id"].as_str().unwrap();
        let log = owner.get(&format!("/api/v1/audit-log?filter[subject]={id}")).send().await.expect(200).json();
        let told = |state: &str| {
            let entries = log["items"].as_array().unwrap().iter();
            entries.map(|entry| entry[state].get("attributes").cloned().unwrap_or_default()).collect::<Vec<_>>()
        };
        let summer = json!({ &season: "summer", &depth: 1 });
        let none = Value::Null;
        assert_eq!(told("before"), [summer, none.clone(), json!({ &season: "winter" }), none.clone()]);
        let winter = json!({ &season: "winter", &depth: 1 });
        assert_eq!(told("after"), [none.clone(), none, json!({ &season: "summer" }), winter]);
    }
}

/// Whoever comes first: nothing has a value of what is gone, or of another type.
pub async fn an_attribute_and_a_category_written_at_once_agree(world: World) {
    let rounds = (0..8).map(|at| {
        let world = &world;
        async move {
            let (of, kind) = KINDS[at % 2];
            let name = format!("race{at}");
            let key = declare(world, of, &name, json!({ "type": "text" })).await;
            let attribute = format!("/api/v1/admin/attributes/{key}");
            let turn = async {
                match at % 4 {
                    0 | 1 => world.ours.merchant.delete(&attribute).send().await,
                    _ => world.ours.merchant.patch(&attribute).json(&json!({ "type": "number" })).send().await,
                }
            };
            let values = json!({ "attributes": { &key: "x" } });
            let (made, turned) = futures_util::join!(make(world, kind, &name, values), turn);
            assert!(matches!((made.status, turned.status), (201, 409) | (422, 200 | 204)), "{made} {turned}");
        }
    });
    join_all(rounds).await;
}

pub async fn files_that_categories_and_collections_refer_to_are_shown_and_stay(world: World) {
    let staff = &world.ours.merchant;
    for (of, kind) in KINDS {
        let papers = declare(
            &world,
            of,
            "papers",
            json!({ "type": "list", "items": "reference", "target": "file", "filterable": false }),
        )
        .await;
        let guide = declare(&world, of, "guide", json!({ "type": "reference", "target": "file" })).await;
        let (first, second) = (manual(staff).await, manual(staff).await);
        let shown_as = |file: &Value| {
            json!({
                "id": file["id"], "url": file["url"], "contentType": "application/pdf", "name": "Manual.pdf",
                "bytes": 64,
            })
        };
        let values = json!({ &papers: [first["id"], second["id"]], &guide: first["id"] });
        let made = make(&world, kind, of, json!({ "attributes": values })).await.expect(201).json();
        let shown = world.ours.shopper.get(&path(kind, &made)).send().await.expect(200).json();
        assert_eq!(shown["attributes"][&papers]["files"], json!([shown_as(&first), shown_as(&second)]));
        assert_eq!(shown["attributes"][&guide]["files"], json!([shown_as(&first)]));
        // Whoever writes something else keeps them.
        let changed = patch(&world, kind, &made, json!({ "attributes": { &guide: second["id"] } })).await.expect(200);
        assert!(changed.spent().sql <= 2, "{changed}");
        let changed = changed.json();
        assert_eq!(changed["attributes"][&papers], shown["attributes"][&papers]);
        assert_eq!(changed["attributes"][&guide]["files"], json!([shown_as(&second)]));
        for file in [&first, &second] {
            staff.delete(&path_of(file)).send().await.expect_problem(409, "file-in-use");
        }
        patch(&world, kind, &made, json!({ "attributes": { &papers: [second["id"]] } })).await.expect(200);
        staff.delete(&path_of(&first)).send().await.expect(204);
        let gone = json!({ "attributes": { &papers: [second["id"], first["id"]] } });
        let places = patch(&world, kind, &made, gone).await.expect_problem(422, "invalid-request").places();
        assert_eq!(places, [format!("#/attributes/{papers}/1")]);
        staff.delete(&path(kind, &made)).send().await.expect(204);
        staff.delete(&path_of(&second)).send().await.expect(204);

        // A file is either referred to or removed.
        for round in 0..3 {
            let file = manual(staff).await;
            let values: Map<String, Value> = [(guide.clone(), file["id"].clone())].into_iter().collect();
            let file = path_of(&file);
            let name = format!("{of}-{round}");
            let creation = make(&world, kind, &name, json!({ "attributes": values }));
            let (made, removed) = futures_util::join!(creation, staff.delete(&file).send());
            assert!(matches!((made.status, removed.status), (201, 409) | (422, 204)), "{made} {removed}");
        }
    }
}
