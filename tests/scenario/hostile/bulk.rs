//! Parts of a bulk upsert that are no products.

use http::Method;
use serde_json::{Value, json};

use crate::world::World;

pub async fn no_part_breaks_a_bulk_upsert(world: World) {
    let us = &world.ours.merchant;
    let name = world.name("');DROP TABLE product;--");
    let long = format!("{{\"handle\":\"{}\",\"title\":\"{}\"}}", world.name("long"), "x".repeat(3 << 20));
    let cases: Vec<(Vec<u8>, i64)> = vec![
        (Vec::new(), 0),
        (b"\n\n \r\n".to_vec(), 0),
        (vec![0; 1_000], 1),
        (vec![0xff; 64], 1),
        (b"null\ntrue\n1\n\"x\"\n[]\n".to_vec(), 5),
        ("[".repeat(100_000).into_bytes(), 1),
        (format!("{}\n", "{\"a\":".repeat(10_000)).into_bytes(), 1),
        (long.into_bytes(), 1),
        (json!({ "handle": "a\u{202e}b", "title": "x" }).to_string().into_bytes(), 1),
        (json!({ "handle": world.name("x"), "title": { "x": 1 }, "variants": "x" }).to_string().into_bytes(), 1),
        (json!({ "id": ["x"], "title": "x" }).to_string().into_bytes(), 1),
        (json!({ "id": "' OR 1=1", "title": "x" }).to_string().into_bytes(), 1),
        (json!({ "handle": 7, "title": "x" }).to_string().into_bytes(), 1),
        (json!({ "handle": world.name("text"), "title": name }).to_string().into_bytes(), 0),
        (b"{\"handle\":\"x\",\"title\":1e999}".to_vec(), 1),
    ];
    let mut job = String::new();
    for dry_run in [true, false] {
        let body = json!({ "dryRun": dry_run });
        let made = us.post("/api/v1/admin/bulk/upserts").json(&body).send().await.expect(201);
        job = made.header("location").unwrap().to_owned();
        for (number, (part, failed)) in (1_i64..).zip(&cases) {
            let path = format!("{job}/parts/{number}");
            let call = us.call(Method::PUT, &path).body("application/jsonl", part.clone());
            let done: Value = call.send().await.expect(200).json();
            assert_eq!((&done["isDone"], &done["failed"]), (&json!(true), &json!(failed)), "part {number}: {done}");
        }
    }
    let path = format!("/api/v1/admin/products/{}", world.name("text"));
    assert_eq!(us.get(&path).send().await.expect(200).json()["title"], name);
    let large = us.call(Method::PUT, &format!("{job}/parts/99")).body("application/jsonl", vec![b' '; (8 << 20) + 1]);
    large.send().await.expect_problem(413, "body-too-large");
    us.post(&format!("{job}/finish")).send().await.expect(200);
}
