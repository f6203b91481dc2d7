//! A rule in a large store is held against some thousand products a commit: what a commit costs, what comes of it when it
//! is stopped or meets other writes, and what a storefront is shown meanwhile.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::product_lists::{Shop, fill};
use crate::steps::Counted;

const COUNT: usize = 5_000;

/// So many products a commit.
const SLICE: i64 = 2_000;

const PATH: &str = "/api/v1/collections";
const FOUND: &str = "/api/v1/collections/found";

/// A store with so many products that all have the tag `all`, three of them `rare`.
async fn store(count: usize) -> (Shop, Counted) {
    let shop = Shop::open().await;
    let database = Counted::open(&shop.folder.path().join("test.db"));
    let (organization, store) = (shop.tenant.organization.to_string(), shop.tenant.store.to_string());
    database.execute(&fill(&organization, &store, count));
    (shop, database)
}

fn rule(tag: &str) -> Json {
    json!({ "rule": { "matches": "all", "conditions": [{ "field": "tag", "operator": "equals", "value": tag }] } })
}

/// A collection of what has the tag, called `found`; answers its id.
async fn collection(shop: &Shop, tag: &str) -> String {
    let mut body = rule(tag);
    body.as_object_mut().expect("an object").insert("name".to_owned(), json!("found"));
    shop.made(&shop.key, PATH, &body.to_string()).await
}

async fn is_ready(shop: &Shop) -> bool {
    let shown = shop.call("GET", FOUND, "").await;
    shown.get("ready").and_then(Json::as_bool).expect("whether it is ready")
}

async fn change(shop: &Shop, body: &Json) {
    assert_eq!(shop.send("PATCH", FOUND, body.to_string()).await, 200, "{body}");
}

/// The handles of what is in the collection.
fn members(database: &Counted, collection: &str) -> Vec<String> {
    let sql = format!(
        "SELECT p.handle FROM product_facet f JOIN product p ON p.id = f.product_id
         WHERE f.kind = 'collection' AND f.value = '{collection}' ORDER BY p.id"
    );
    database.query(&sql, &[]).0
}

/// As a process leaves it that has written the rule `tag` and was stopped when it had held so many products against it,
/// where all were in the collection.
fn stop(database: &Counted, collection: &str, tag: &str, held: usize) {
    database.execute(&format!(
        "UPDATE collection_condition SET value = '{tag}';
         UPDATE collection SET filled_to = iif({held}, printf('prod_%026d', {held}), '') WHERE id = '{collection}';
         DELETE FROM product_facet WHERE kind = 'collection' AND value = '{collection}'
           AND product_id <= printf('prod_%026d', {held}) AND product_id NOT IN (
             SELECT product_id FROM product_facet WHERE kind = 'tag' AND value = '{tag}')"
    ));
}

fn handles(numbers: std::ops::RangeInclusive<usize>) -> Vec<String> {
    numbers.map(|number| format!("h{number}")).collect()
}

#[tokio::test]
async fn a_commit_costs_the_same_however_many_products_there_are() {
    let mut costs = Vec::new();
    for count in [COUNT, 4 * COUNT] {
        let (shop, database) = store(count).await;
        let collection = collection(&shop, "all").await;
        assert!(is_ready(&shop).await);
        assert_eq!(members(&database, &collection).len(), count);
        let asked = shop.asked("-- catalog::");
        let of = |name: &str| {
            let beginning = format!("-- catalog::{name}_collection\n");
            asked.iter().filter(|(text, _)| text.starts_with(&beginning)).cloned().collect::<Vec<_>>()
        };
        let mut steps = Vec::new();
        for name in ["leave", "enter", "filled"] {
            let slices = of(name);
            let most = i64::try_from(count).expect("a number").checked_div(SLICE).expect("no zero") + 1;
            assert_eq!(i64::try_from(slices.len()).expect("a number"), most, "{name}");
            // The first slice once more: all of it leaves, and enters again.
            if name == "leave" {
                database.execute(&format!(
                    "UPDATE collection SET filled_to = '' WHERE id = '{collection}';
                     UPDATE collection_condition SET value = 'none'"
                ));
            } else if name == "enter" {
                database.execute("UPDATE collection_condition SET value = 'all'");
            }
            let (text, args) = slices.first().expect("a slice");
            steps.push(database.query(text, args).1);
        }
        assert_eq!(members(&database, &collection).len(), count);
        costs.push(steps);
    }
    let [few, many] = costs.as_slice() else { panic!("{costs:?}") };
    for (few, many) in few.iter().zip(many) {
        assert!(*many <= few + few / 10, "{costs:?}");
    }
}

#[tokio::test]
async fn what_was_stopped_is_gone_on_with() {
    let (shop, database) = store(COUNT).await;
    let collection = collection(&shop, "all").await;
    for (held, way) in [(0, "job"), (2_000, "job"), (2_000, "change"), (4_000, "same request"), (5_000, "change")] {
        change(&shop, &rule("all")).await;
        assert_eq!(members(&database, &collection).len(), COUNT, "{held} {way}");
        stop(&database, &collection, "rare", held);
        assert!(!is_ready(&shop).await, "{held} {way}");
        let expected = [handles(1..=3), handles(held.max(3) + 1..=COUNT)].concat();
        assert_eq!(members(&database, &collection), expected, "what had no turn stays: {held} {way}");
        match way {
            "job" => shop.run_due().await,
            "change" => change(&shop, &json!({})).await,
            _ => assert_eq!(self::collection(&shop, "all").await, collection),
        }
        assert!(is_ready(&shop).await, "{held} {way}");
        assert_eq!(members(&database, &collection), handles(1..=3), "{held} {way}");
    }
}

#[tokio::test]
async fn a_rule_that_changes_meanwhile_begins_anew() {
    let (shop, database) = store(COUNT).await;
    let collection = collection(&shop, "all").await;
    stop(&database, &collection, "none", 4_000);
    change(&shop, &rule("rare")).await;
    assert!(is_ready(&shop).await);
    assert_eq!(members(&database, &collection), handles(1..=3));
    // Once its products are chosen, nobody goes on with the rule.
    change(&shop, &rule("all")).await;
    stop(&database, &collection, "rare", 2_000);
    change(&shop, &json!({ "rule": null, "productOrder": "manual" })).await;
    shop.run_due().await;
    assert!(is_ready(&shop).await);
    assert_eq!(members(&database, &collection), Vec::<String>::new());
}

#[tokio::test]
async fn a_rule_that_is_taken_away_goes_some_thousand_products_a_commit() {
    let (shop, database) = store(COUNT).await;
    let collection = collection(&shop, "all").await;
    shop.asked("");
    change(&shop, &json!({ "rule": null })).await;
    assert_eq!(shop.asked("-- catalog::leave_collection").len(), 3);
    assert!(is_ready(&shop).await);
    assert_eq!(members(&database, &collection), Vec::<String>::new());
    // Stopped, and products are chosen before their turn comes, and after it.
    change(&shop, &rule("all")).await;
    database.execute(&format!(
        "UPDATE collection SET kind = 'manual', filled_to = printf('prod_%026d', 2000) WHERE id = '{collection}';
         DELETE FROM collection_condition;
         DELETE FROM product_facet WHERE kind = 'collection' AND value = '{collection}'
           AND product_id <= printf('prod_%026d', 2000);
         INSERT INTO collection_product (organization_id, collection_id, product_id, position)
         SELECT organization_id, '{collection}', id, 1 FROM product WHERE handle IN ('h7', 'h4500');
         INSERT INTO product_facet (organization_id, store_id, kind, value, product_id, active, created_at, title_key,
           price_min, position)
         SELECT organization_id, store_id, kind, value, printf('prod_%026d', 7), active, created_at, title_key,
           price_min, 1 FROM product_facet
         WHERE value = '{collection}' AND product_id = printf('prod_%026d', 4500)"
    ));
    assert_eq!(members(&database, &collection).len(), COUNT - 2_000 + 1);
    shop.run_due().await;
    assert!(is_ready(&shop).await);
    assert_eq!(members(&database, &collection), ["h7", "h4500"]);
    // And a rule instead of what was chosen.
    change(&shop, &rule("rare")).await;
    assert_eq!(members(&database, &collection), handles(1..=3));
}

#[tokio::test]
async fn a_collection_that_is_deleted_leaves_nothing_behind() {
    let (shop, database) = store(COUNT).await;
    let collection = collection(&shop, "all").await;
    stop(&database, &collection, "rare", 2_000);
    shop.asked("");
    assert_eq!(shop.send("DELETE", FOUND, String::new()).await, 204);
    assert_eq!(shop.asked("-- catalog::clear_listing").len(), 2, "of 3,003 products");
    assert_eq!(members(&database, &collection), Vec::<String>::new());
    shop.run_due().await;
    assert_eq!(database.query("SELECT count(*) FROM collection WHERE filled_to IS NOT NULL", &[]).0, ["0"]);
}

#[tokio::test]
async fn rules_follow_a_category_that_moves() {
    let (top, low) = ("cat_01kaaaaaaaaaaaaaaaaaaaaaaa", "cat_01kbbbbbbbbbbbbbbbbbbbbbbb");
    let (shop, database) = store(COUNT).await;
    database.execute(&format!(
        "INSERT INTO category (organization_id, store_id, id, path, handle, name, created_at)
         SELECT organization_id, store_id, j.value ->> 0, j.value ->> 1, j.value ->> 1, 'x', 0
         FROM category JOIN json_each('[[\"{top}\", \"top\"], [\"{low}\", \"low\"]]') j;
         UPDATE product SET category_id = '{low}' WHERE id > printf('prod_%026d', 1000);
         UPDATE product_facet SET value = '{low}' WHERE kind = 'category' AND product_id > printf('prod_%026d', 1000)"
    ));
    let rule = |category: &str| {
        json!({ "matches": "all", "conditions": [
        { "field": "category", "operator": "equals", "value": category }] })
    };
    let body = json!({ "name": "found", "rule": rule(top) });
    let collection = shop.made(&shop.key, PATH, &body.to_string()).await;
    let other = json!({ "name": "other", "rule": rule(low) });
    let other = {
        assert_eq!(shop.post(PATH, other.to_string()).await, 201);
        database.query("SELECT id FROM collection WHERE handle = 'other'", &[]).0.remove(0)
    };
    assert_eq!((members(&database, &collection).len(), members(&database, &other).len()), (0, 4_000));
    let patch = async |path: &str, body: Json| {
        shop.asked("");
        let status = shop.send("PATCH", &format!("/api/v1/categories/{path}"), body.to_string()).await;
        assert_eq!(status, 200, "{path} {body}");
        shop.asked("-- catalog::enter_collection").len()
    };
    // Of the rule that asks for where it goes to, and of no other.
    assert_eq!(patch(low, json!({ "parentId": top })).await, 3);
    assert_eq!(members(&database, &collection), handles(1_001..=COUNT));
    assert_eq!(patch(low, json!({ "handle": "under" })).await, 0);
    assert_eq!(patch(low, json!({ "parentId": null })).await, 3);
    assert_eq!(members(&database, &collection), Vec::<String>::new());
    assert_eq!(members(&database, &other).len(), 4_000);
    assert_eq!(patch(low, json!({ "parentId": top })).await, 3);
    // Its products stand where it stood from then on.
    assert_eq!(shop.send("DELETE", &format!("{PATH}/other"), String::new()).await, 204);
    let path = format!("/api/v1/categories/{low}?products=keep");
    assert_eq!(shop.send("DELETE", &path, String::new()).await, 204);
    assert_eq!(members(&database, &collection), handles(1_001..=COUNT));
    let left = format!("SELECT count(*) FROM product_facet WHERE kind = 'category' AND value = '{low}'");
    assert_eq!(database.query(&left, &[]).0, ["0"]);
}

#[tokio::test]
async fn what_is_written_meanwhile_is_held_against_the_rule_at_once() {
    let (shop, database) = store(COUNT).await;
    let collection = collection(&shop, "all").await;
    let import = async |tags: [&str; 2]| {
        let [mug, cup] = tags;
        let file = format!("Handle,Title,Tags,Variant Price\nmug,Mug,\"{mug}\",12.50\ncup,Cup,\"{cup}\",7.00\n");
        shop.call("POST", "/api/v1/imports", &file).await;
    };
    import(["all", "other"]).await;
    let new = || {
        let mut new = members(&database, &collection);
        new.retain(|handle| ["mug", "cup"].contains(&handle.as_str()));
        new
    };
    assert_eq!(new(), ["mug"]);
    // Their turn has not come, and they are written: one leaves and one enters.
    stop(&database, &collection, "rare", 2_000);
    assert_eq!(new(), ["mug"]);
    import(["all, blue", "other, rare"]).await;
    assert_eq!(new(), ["cup"]);
    change(&shop, &json!({})).await;
    assert!(is_ready(&shop).await);
    let expected = [handles(1..=3), vec!["cup".to_owned()]].concat();
    assert_eq!(members(&database, &collection), expected);
}

#[tokio::test]
async fn many_at_once_hold_all_of_them_against_it() {
    let (shop, database) = store(COUNT).await;
    let collection = collection(&shop, "all").await;
    stop(&database, &collection, "rare", 0);
    let empty = json!({});
    tokio::join!(change(&shop, &empty), change(&shop, &empty), shop.run_due(), change(&shop, &empty));
    assert!(is_ready(&shop).await);
    assert_eq!(members(&database, &collection), handles(1..=3));
}

#[tokio::test]
async fn no_page_shows_a_product_twice_meanwhile() {
    let (shop, database) = store(COUNT).await;
    let collection = collection(&shop, "rare").await;
    database.execute("UPDATE product SET card = json_object('handle', handle)");
    let reads = async || {
        for sort in ["newest", "title"] {
            let (mut seen, mut cursor) = (BTreeSet::new(), String::new());
            loop {
                let path = format!("{FOUND}/products?limit=250&sort={sort}{cursor}");
                let page = shop.call("GET", &path, "").await;
                for item in page.get("items").and_then(Json::as_array).expect("items") {
                    let handle = item.get("handle").and_then(Json::as_str).expect("a handle").to_owned();
                    assert!(seen.insert(handle.clone()), "{handle} twice by {sort}");
                }
                match page.get("nextCursor").and_then(Json::as_str) {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
        }
    };
    let all = rule("all");
    tokio::join!(change(&shop, &all), reads());
    assert_eq!(members(&database, &collection), handles(1..=COUNT));
}
