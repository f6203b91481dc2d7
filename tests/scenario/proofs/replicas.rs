//! A database with a replica near the shopper: it answers the reads, and is behind for a moment.

use std::sync::Arc;
use std::time::Duration;

use headlesspro_edge::host::native::libsql::EmbeddedSql;
use headlesspro_edge::port::BoxFuture;
use headlesspro_edge::port::sql::{Batch, Outcome, Sql, SqlError};
use http::Method;
use serde_json::{Value, json};

use super::directory::{OWNER, Second};
use crate::app::{Kind, Stage};
use crate::eventually::eventually;
use crate::product_file::{Generation, Product, file};
use crate::stories::gift_cards::issued;
use crate::stories::sessions::{as_person, log_in, refresh};
use crate::world::{Shop, World};

const WRITES: usize = 40;
/// A replica that has heard of everything shows nothing: so many are made at most until it was behind once.
const MOST_WRITES: usize = 20 * WRITES;

pub fn whoever_has_written_reads_it_from_a_replica(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let replica = stage.with_sqld(|sqld| sqld.replica());
        let organization = stage.our_organization().parse().unwrap();
        let isolate = stage.isolate_with(organization, &replica.url()).await;
        let near = stage.world_of(&isolate);
        let handle = world.name("replicated");
        let path = format!("/api/v1/products/{handle}");
        let (mut was_behind, mut number) = (0, 0);
        while number < WRITES || (was_behind == 0 && number < MOST_WRITES) {
            number += 1;
            let product = Product::simple(&handle, &number.to_string(), 5);
            let written = world.ours.import_file(file(Generation::Newer, &[product])).await.expect(200);
            let version = written.the("catalog-version");
            let read = near.ours.shopper.get(&path).of_any_version().header("min-version", version);
            let read = read.send().await.expect(200);
            let price = json!(format!("{number}.00"));
            assert_eq!(read.json()["priceRange"]["min"]["amount"], price, "{read}");
            was_behind += u32::from(1 < read.spent().sql);
        }
        println!("{kind}: {number} writes read at once from a replica, which was behind {was_behind} of them");
        assert!(0 < was_behind, "the replica was never behind, which shows nothing");
    });
}

/// A database whose replica has not heard of anything since it was copied. As with sqld, a replica sends on to the
/// primary what takes the write lock.
struct Behind {
    primary: Arc<dyn Sql>,
    replica: EmbeddedSql,
}

impl Sql for Behind {
    fn run(&self, batch: Batch) -> BoxFuture<'_, Result<Outcome, SqlError>> {
        if batch.takes_write_lock() { self.primary.run(batch) } else { self.replica.run(batch) }
    }
}

pub fn the_staff_decides_on_what_is_current(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let known = make(&world, "known").await;
        let (replica, _folder) = stage.copy_of_database();
        let isolate = stage.isolate_over(Arc::new(Behind { primary: stage.shared_sql(), replica })).await;
        let near = World { mark: world.mark.clone(), ..stage.world_of(&isolate) };
        products(&near, &known).await;
        categories_and_collections(&near).await;
        attributes_and_files(&near).await;
        lines_and_files_of_products(&near).await;
        println!("{kind}: a replica that is behind for good, and nobody of the staff noticed");
    });
}

/// What was put on a gift card a moment ago pays, whatever the replica says.
pub fn what_was_topped_up_pays_near_a_replica(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let sold = world.sell("topped-up", "8", 5).await;
        let card = issued(&world.ours, "5.00").await;
        let checkout = world.ours.opened(&[(&sold.variant, 1)]).await;
        let (replica, _folder) = stage.copy_of_database();
        let isolate = stage.isolate_over(Arc::new(Behind { primary: stage.shared_sql(), replica })).await;
        let near = stage.world_of(&isolate);
        let top_up = json!({ "amount": { "amount": "5.00", "currency": "EUR" }, "reason": "Topped up" });
        let path = format!("/api/v1/gift-cards/{}/adjustments", card["id"].as_str().unwrap());
        world.ours.merchant.post(&path).json(&top_up).send().await.expect(201);
        let call = near.ours.shopper.post(&format!("/api/v1/checkouts/{checkout}/complete"));
        let call = call.header("idempotency-key", &checkout).json(&json!({ "giftCards": [card["code"]] }));
        let order = call.send().await.expect(201).json();
        assert_eq!(order["tenders"][0]["amount"]["amount"], "8.00", "{order}");
        println!("{kind}: a card was topped up, and paid where nobody had heard of it");
    });
}

fn product(world: &World, name: &str) -> Value {
    let price = json!({ "amount": "10.00", "currency": "EUR" });
    let variant = json!({ "sku": world.name(name), "price": price });
    json!({ "handle": world.name(name), "title": name, "status": "active", "variants": [variant] })
}

async fn make(world: &World, name: &str) -> String {
    let made = world.ours.merchant.post("/api/v1/products").json(&product(world, name)).send().await.expect(201);
    made.json()["id"].as_str().unwrap().to_owned()
}

async fn products(near: &World, known: &str) {
    let us = &near.ours.merchant;
    // What it was before is no change to a replica that is behind.
    let path = format!("/api/v1/products/{known}");
    for (title, version) in [("another", 2), ("known", 3), ("another", 4)] {
        let changed = us.patch(&path).json(&json!({ "title": title })).send().await.expect(200).json();
        assert_eq!((&changed["title"], &changed["version"]), (&json!(title), &json!(version)));
    }
    let key = near.name("made-once");
    let call = || us.post("/api/v1/products").header("idempotency-key", &key).json(&product(near, "new"));
    let made = call().send().await.expect(201);
    assert_eq!(call().send().await.expect(201).json(), made.json());
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let (path, shown) = (format!("/api/v1/products/{id}"), format!("/api/v1/admin/products/{id}"));
    let first = us.get(&shown).of_any_version().send().await.expect(200);
    assert_eq!(first.the("etag"), "\"1\"");
    let patch = json!({ "title": "Newer" });
    us.patch(&path).header("if-match", "\"1\"").json(&patch).send().await.expect(200);
    let late = us.patch(&path).header("if-match", "\"1\"").json(&patch).send().await;
    assert_eq!(late.expect_problem(412, "version-mismatch").json()["version"], 2);
    // Whoever has heard of a version reads nothing older.
    let told = us.patch(&path).json(&json!({ "title": "Newest" })).send().await.expect(200);
    let version = told.the("catalog-version");
    let seen = us.get(&shown).header("min-version", version).send().await.expect(200);
    assert_eq!((&seen.json()["title"], seen.the("catalog-version")), (&json!("Newest"), version));
    let listed = us.get("/api/v1/admin/products").header("min-version", version).send().await.expect(200);
    assert_eq!(listed.json()["items"][0]["id"], id);
    us.get(&shown).header("min-version", "x").send().await.expect_problem(400, "invalid-header");
    let variant = seen.json()["variants"][0]["id"].as_str().unwrap().to_owned();
    let prices = us.get(&format!("{shown}/variants/{variant}/prices")).of_any_version();
    assert_eq!(prices.send().await.expect(200).json()["items"][0]["price"]["amount"], "10.00");
    us.delete(&path).header("if-match", "\"3\"").send().await.expect(204);
    us.delete(&path).send().await.expect_problem(404, "not-found");
}

async fn categories_and_collections(near: &World) {
    let us = &near.ours.merchant;
    let product = make(near, "placed").await;
    for kind in ["categories", "collections"] {
        let all = format!("/api/v1/{kind}");
        let made = us.post(&all).json(&json!({ "name": near.name(kind) })).send().await.expect(201).json();
        let id = made["id"].as_str().unwrap().to_owned();
        let path = format!("{all}/{id}");
        let renamed = us.patch(&path).header("if-match", "\"1\"").json(&json!({ "name": "Renamed" }));
        assert_eq!(renamed.send().await.expect(200).json()["name"], "Renamed");
        let late = us.patch(&path).header("if-match", "\"1\"").json(&json!({ "name": "Late" })).send().await;
        assert_eq!(late.expect_problem(412, "version-mismatch").json()["version"], 2);
        us.patch(&path).json(&json!({ "name": near.name(kind) })).send().await.expect(200);
        let placed = json!({ "add": [{ "productId": product }] });
        us.post(&format!("{path}/products")).json(&placed).send().await.expect(204);
        if kind == "categories" {
            let below = json!({ "name": "Below", "parentId": id });
            let below = us.post(&all).json(&below).send().await.expect(201).json();
            us.patch(&format!("/api/v1/products/{product}")).json(&json!({ "category": id })).send().await.expect(200);
            us.delete(&format!("{all}/{}", below["id"].as_str().unwrap())).send().await.expect(204);
        }
        us.delete(&format!("{path}{}", if kind == "categories" { "?products=keep" } else { "" }))
            .send()
            .await
            .expect(204);
        us.delete(&path).send().await.expect_problem(404, "not-found");
    }
}

async fn attributes_and_files(near: &World) {
    let us = &near.ours.merchant;
    let key = "replicated_material";
    let attribute = json!({ "key": key, "name": "Material", "of": "product", "type": "text" });
    us.post("/api/v1/admin/attributes").json(&attribute).send().await.expect(201);
    let path = format!("/api/v1/admin/attributes/{key}");
    us.get(&path).of_any_version().send().await.expect(200);
    us.patch(&path).header("if-match", "\"1\"").json(&json!({ "name": "Fabric" })).send().await.expect(200);
    us.patch(&path).json(&json!({ "name": "Cloth" })).send().await.expect(200);
    let mut with = product(near, "with-attribute");
    with["attributes"] = json!({ key: "wool" });
    let made = us.post("/api/v1/products").json(&with).send().await.expect(201).json();
    us.delete(&path).send().await.expect_problem(409, "attribute-in-use");
    us.delete(&format!("/api/v1/products/{}", made["id"].as_str().unwrap())).send().await.expect(204);
    us.delete(&path).send().await.expect(204);

    let announced = json!({ "name": "tent.png", "contentType": "image/png", "bytes": 100 });
    let made = us.post("/api/v1/files").json(&announced).send().await.expect(201).json();
    let path = format!("/api/v1/files/{}", made["file"]["id"].as_str().unwrap());
    us.get(&path).of_any_version().send().await.expect(200);
    us.patch(&path).header("if-match", "\"1\"").json(&json!({ "alt": "A tent" })).send().await.expect(200);
    us.patch(&path).json(&json!({ "alt": "" })).send().await.expect(200);
    us.post(&format!("{path}/complete")).send().await.expect_problem(409, "file-not-uploaded");
    us.delete(&path).send().await.expect(204);
}

async fn lines_and_files_of_products(near: &World) {
    let us = &near.ours.merchant;
    let job = us.post("/api/v1/admin/bulk/upserts").json(&json!({})).send().await.expect(201);
    let job = job.the("location").to_owned();
    us.get(&job).of_any_version().send().await.expect(200);
    // What it was before the first of them is a change again.
    for (part, title) in [(1, "another"), (2, "known"), (3, "by lines")] {
        let line = json!({ "handle": near.name("known"), "title": title });
        let call = us.call(Method::PUT, &format!("{job}/parts/{part}"));
        let done = call.body("application/jsonl", line.to_string()).send().await.expect(200).json();
        let expected = if part == 1 { 0 } else { 1 };
        assert_eq!((&done["updated"], &done["failed"]), (&json!(expected), &json!(0)), "{done}");
    }
    let done = us.post(&format!("{job}/finish")).send().await.expect(200).json();
    assert_eq!((&done["state"], &done["partsDone"]), (&json!("finished"), &json!(3)));
    for price in ["11.00", "10.00", "12.00"] {
        let product = Product::simple(&near.name("known"), price, 5);
        let report = near.ours.import_file(file(Generation::Newer, &[product])).await.expect(200).json();
        assert_eq!((&report["products"]["updated"], &report["errorCount"]), (&json!(1), &json!(0)), "{report}");
    }
}

const LOGINS: usize = 12;
/// As [`MOST_WRITES`].
const MOST_LOGINS: usize = 10 * LOGINS;
const PATIENCE: Duration = Duration::from_secs(20);

/// Who logs in at the primary and goes on near a replica that is behind is nobody whom the replica does not know.
pub fn whoever_has_logged_in_goes_on_at_a_replica(stage: &Stage, kind: Kind) {
    stage.run(async {
        let second = Second::founded(stage.app()).await;
        let replica = second.server.replica();
        let organization = second.opened.tenant.organization;
        let near_to = async |url: String| {
            let isolate = stage.isolate_with(organization, &url).await;
            let world = stage.world_of(&isolate);
            let key = |key: &str| world.nobody.with_key(key);
            let ours = Shop { shopper: key(&second.opened.publishable_key), merchant: key(&second.opened.secret_key) };
            (isolate, World { ours, ..world })
        };
        let (_primary, world) = near_to(second.server.url()).await;
        let (_near, near) = near_to(replica.url()).await;
        eventually("the replica to know of the shop", PATIENCE, async || {
            let read = near.ours.shopper.get("/api/v1/products?limit=1").send().await;
            (read.status == 200).then_some(())
        })
        .await;
        let (mut was_behind, mut logins) = (0, 0);
        while logins < LOGINS || (was_behind == 0 && logins < MOST_LOGINS) {
            logins += 1;
            let tokens = log_in(&world.ours, OWNER).await.expect(200);
            let near_by = refresh(&near.ours, &tokens).await.expect(200);
            // The successor is of a generation that the replica may not have heard of either.
            let next = refresh(&world.ours, &near_by).await.expect(200);
            let last = refresh(&near.ours, &next).await.expect(200);
            was_behind += [near_by, last].iter().filter(|answer| 2 < answer.spent().sql).count();
            let tokens = log_in(&world.ours, OWNER).await.expect(200);
            as_person(&near, &tokens).post("/api/v1/auth/second-factor").send().await.expect(200);
        }
        println!("{kind}: {} refreshes near a replica, which was behind {was_behind} of them", 2 * logins);
        assert!(0 < was_behind, "the replica was never behind, which shows nothing");
    });
}
