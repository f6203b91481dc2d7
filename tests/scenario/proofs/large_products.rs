//! Products, categories and collections whose texts in several languages are together more than a database takes or
//! answers at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::port::BoxFuture;
use headlesspro_edge::port::clock::Clock;
use headlesspro_edge::port::sql::{Commit, Committed, Statement};
use headlesspro_shared::kernel::page::{Cursor, CursorPart};
use headlesspro_shared::kernel::time::Timestamp;
use http::Method;
use serde_json::{Value, json};

use crate::app::{Kind, Stage};
use crate::client::Client;
use crate::product_file::{Generation, Product, Variant, file};
use crate::world::World;

/// Before anybody has heard of the shop: what it was is remembered for a while.
const SPEAK: &str = "UPDATE store SET locale = 'en', locales = 'fr de es it' WHERE organization_id = ?1";
const LOCALES: [&str; 4] = ["fr", "de", "es", "it"];

const PRODUCTS: usize = 400;
/// Of each text: those of all products are 11 MB.
const CHARACTERS: usize = 5_500;

/// By which each look is ten seconds later than the one before.
struct Hurrying(AtomicI64);

impl Clock for Hurrying {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.fetch_add(10_000, Ordering::SeqCst))
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()> {
        SystemClock.sleep(pause)
    }
}

/// A file that takes longer than a request may go in by several, and comes to the same.
pub fn a_file_that_takes_long_goes_on_in_the_next_request(stage: &Stage, kind: Kind) {
    const ALL: usize = 2_400;
    stage.run(async {
        let world = stage.world();
        let isolate = stage.isolate_at(Arc::new(Hurrying(AtomicI64::new(SystemClock.now().millis())))).await;
        let us = &stage.world_of(&isolate).ours.merchant;
        let named = |at: usize| world.name(&format!("slow-{at:04}"));
        let product = |at: usize, sku: &str| {
            Product::new(&named(at), &format!("Slow {at}")).variant(Variant::new(sku, "1.00").stock(3))
        };
        // What the first of the file takes over, the last one gives away.
        world.ours.import(&[product(ALL - 1, &world.name("moving"))]).await;
        let mut products: Vec<Product> = (0..ALL).map(|at| product(at, &named(at))).collect();
        products[0] = product(0, &world.name("moving"));
        let mut content = file(Generation::Newer, &products);
        let broken = content.lines().nth(700).unwrap().replace("1.00", "-1.00");
        content = content
            .lines()
            .enumerate()
            .map(|(at, line)| if at == 700 { &broken } else { line })
            .fold(String::new(), |all, line| all + line + "\n");
        for dry_run in [true, false] {
            let (requests, counts, lines) = imported(us, &content, dry_run).await;
            assert!(1 < requests, "it had the time");
            assert_eq!((counts, lines), ([2_398, 1, 0, 1], vec![json!(701)]), "{requests} requests");
        }
        let first = us.get(&format!("/api/v1/admin/products/{}", named(0))).send().await.expect(200).json();
        assert_eq!(first["variants"][0]["sku"], world.name("moving"));
        // A cursor is good for its file alone.
        let cursor = |sort: &str, parts: [&str; 2]| {
            Cursor::new(sort, parts.map(|text| CursorPart::Text(text.to_owned())).into()).to_string()
        };
        let other = "0".repeat(32);
        for wrong in [
            cursor("import", [&other, "400"]),
            cursor("import", [&other, "1.2.3"]),
            cursor("newest", [&other, "400"]),
            "x".to_owned(),
        ] {
            let call = us.post(&format!("/api/v1/imports?cursor={wrong}")).body("text/csv", content.clone());
            assert_eq!(call.send().await.expect_problem(422, "invalid-request").places(), ["?cursor"], "{wrong}");
        }
        println!("{kind}: a file of {ALL} products in several requests");
    });
}

/// Sends a file until all of it is in. Answers how many requests that were, how many products were created, updated,
/// left as they are and left out, and the lines of the errors.
async fn imported(client: &Client, content: &str, dry_run: bool) -> (usize, [u64; 4], Vec<Value>) {
    let (mut requests, mut cursor, mut counts, mut lines) = (0, String::new(), [0; 4], Vec::new());
    loop {
        let path = format!("/api/v1/imports?dryRun={dry_run}{cursor}");
        let answer = client.post(&path).body("text/csv", content.to_owned()).send().await;
        let report = answer.json();
        requests += 1;
        for (sum, name) in counts.iter_mut().zip(["created", "updated", "unchanged", "failed"]) {
            *sum += report["products"][name].as_u64().unwrap();
        }
        lines.extend(report["errors"].as_array().unwrap().iter().map(|error| error["line"].clone()));
        let Some(next) = report["nextCursor"].as_str() else {
            answer.expect(200);
            return (requests, counts, lines);
        };
        cursor = format!("&cursor={next}");
        answer.expect(202);
    }
}

async fn speak(stage: &Stage) -> World {
    let mut speak = Commit::new();
    speak.push(Statement::new(SPEAK).bind(stage.our_organization()));
    assert!(matches!(stage.sql().commit(&speak).await.unwrap(), Committed::Done { .. }));
    stage.world()
}

pub fn pages_of_long_texts_are_short(stage: &Stage, kind: Kind) {
    const ALL: usize = 100;
    stage.run(async {
        let world = speak(stage).await;
        let text = "<p>So it goes on, and on. </p>".repeat(2_000);
        for shelves in ["categories", "collections"] {
            let path = format!("/api/v1/{shelves}");
            for at in 0..ALL {
                let said = |name| json!({ "name": format!("{name} {at}"), "description": &text[..30_000] });
                let body = json!({ "name": format!("Long {at:03}"), "description": text,
                    "translations": { "it": said("Lungo"), "fr": said("Long") } });
                world.ours.merchant.post(&path).json(&body).send().await.expect(201);
            }
            for query in ["", "&locale=it", "&filter[parent]=root&locale=it"] {
                if shelves == "collections" && query.contains("parent") {
                    continue;
                }
                let (mut found, mut pages, mut cursor) = (Vec::new(), 0, String::new());
                loop {
                    let page =
                        world.ours.shopper.get(&format!("{path}?limit=250{query}{cursor}")).send().await.expect(200);
                    assert!(page.body.len() < 4_000_000, "{}", page.body.len());
                    let page = page.json();
                    for item in page["items"].as_array().unwrap() {
                        assert_eq!(item.get("translations"), None);
                        let length = item["description"].as_str().unwrap().len();
                        assert_eq!(length, if query.contains("it") { 30_000 } else { text.len() });
                        found.push(item["handle"].as_str().unwrap().to_owned());
                    }
                    pages += 1;
                    let Some(next) = page["nextCursor"].as_str() else { break };
                    cursor = format!("&cursor={next}");
                }
                let all: Vec<String> = (0..ALL).map(|at| format!("long-{at:03}")).collect();
                assert_eq!(found, all, "{shelves} {query}");
                assert!(1 < pages, "{shelves} {query}");
            }
            let one = world.ours.shopper.get(&format!("{path}/long-007?locale=it")).send().await.expect(200).json();
            assert_eq!((&one["name"], &one["translations"]["fr"]["name"]), (&json!("Lungo 7"), &json!("Long 7")));
        }
        println!("{kind}: {ALL} categories and collections of 180 KB were listed");
    });
}

pub fn large_products_come_in_by_lines_and_by_file(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = speak(stage).await;
        let texts = "<p>So it goes on, and on. </p>".repeat(CHARACTERS / 30);
        let all: Vec<Value> = (0..PRODUCTS).map(|at| product(&world, at, &texts)).collect();
        let (first, second) = all.split_at(PRODUCTS / 2);
        for lines in [first, second] {
            assert_eq!(upserted(&world, lines).await, json!([200, 200, 0, 0]));
        }
        // A few bytes each, about products of which a server does not answer all at once.
        let patches = (0..PRODUCTS).map(|at| json!({ "handle": handle(&world, at), "vendor": "Long" }));
        assert_eq!(upserted(&world, &patches.collect::<Vec<_>>()).await, json!([400, 0, 400, 0]));
        // A file says nothing of translations, which are kept.
        let products: Vec<Product> =
            (0..PRODUCTS).map(|at| Product::simple(&handle(&world, at), "12.00", 5).body(&texts)).collect();
        let (_, counts, lines) = imported(&world.ours.merchant, &file(Generation::Newer, &products), false).await;
        assert_eq!((counts, lines), ([0, 400, 0, 0], vec![]));
        for at in [0, 199, 200, 399] {
            let path = format!("/api/v1/products/{}?locale=it", handle(&world, at));
            let shown = world.ours.shopper.get(&path).send().await.expect(200).json();
            assert_eq!(shown["title"], format!("Lungo {at}"));
            assert_eq!(shown["priceRange"]["min"]["amount"], "12.00");
        }
        // One that no commit could have stops no other.
        let marks = "\"".repeat(500_000);
        let lines = [product(&world, 400, "short"), product(&world, 401, &marks), product(&world, 402, "short")];
        assert_eq!(upserted(&world, &lines).await, json!([3, 2, 0, 1]));
        let path = format!("/api/v1/admin/products/{}", handle(&world, 401));
        world.ours.merchant.get(&path).send().await.expect_problem(404, "not-found");
        println!("{kind}: {PRODUCTS} products of 27 KB came in, were patched and came in again");
    });
}

fn handle(world: &World, at: usize) -> String {
    world.name(&format!("long-{at}"))
}

fn product(world: &World, at: usize, text: &str) -> Value {
    let said = |title: &str| json!({ "title": format!("{title} {at}"), "description": text });
    let mut product = json!({
        "handle": handle(world, at),
        "title": format!("Long {at}"),
        "description": text,
        "status": "active",
        "variants": [{ "sku": handle(world, at), "price": { "amount": "10.00", "currency": "EUR" } }],
        "translations": {},
    });
    for locale in LOCALES {
        product["translations"][locale] = said(if locale == "it" { "Lungo" } else { "Long" });
    }
    product
}

/// Lines, and of these created, updated and left out.
async fn upserted(world: &World, lines: &[Value]) -> Value {
    let us = &world.ours.merchant;
    let made = us.post("/api/v1/admin/bulk/upserts").json(&json!({})).send().await.expect(201);
    let path = format!("{}/parts/1", made.the("location"));
    let content: String = lines.iter().map(|line| format!("{line}\n")).collect();
    loop {
        let call = us.call(Method::PUT, &path).body("application/jsonl", content.clone());
        let answer = call.send().await;
        if answer.status != 202 {
            let done = answer.expect(200).json();
            return ["lines", "created", "updated", "failed"].iter().map(|name| done[*name].clone()).collect();
        }
    }
}
