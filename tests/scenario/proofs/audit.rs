//! Whoever may read the audit log finds every change of the own store in it.

use headlesspro_edge::identity::service_token;
use headlesspro_edge::port::sql::{Commit, Statement};
use serde_json::{Value, json};

use super::members::tenant_of;
use crate::app::{Kind, Stage};
use crate::world::World;

/// A new secret key may not read the log; those of this stage may.
const ALLOW: &str = "UPDATE api_key SET scopes = scopes || ' audit:read' WHERE kind = 'secret'";

pub fn every_change_is_logged_and_shown_to_its_store(stage: &Stage, _: Kind) {
    stage.run(async {
        let mut commit = Commit::new();
        commit.push(Statement::new(ALLOW));
        stage.sql().commit(&commit).await.unwrap();
        every_change_is_in_the_log_with_its_request(stage.world()).await;
        the_log_walks_all_pages_newest_first(stage.world()).await;
        another_tenants_log_is_not_shown(stage.world()).await;
        what_no_request_does_is_logged_too(stage).await;
    });
}

async fn every_change_is_in_the_log_with_its_request(world: World) {
    let sold = world.sell("audited", "10", 5).await;
    let cart = world.ours.filled_cart(&[(&sold.variant, 2)]).await;
    let opened = world.ours.open(&cart).await.expect(201);
    let checkout = opened.json()["id"].as_str().unwrap().to_owned();
    let placed = world.ours.complete(&checkout, &world.name("audited")).await.expect(201);
    let order = placed.json()["id"].as_str().unwrap().to_owned();

    let entries = log_of(&world, &order).await;
    let [entry] = entries.as_slice() else { panic!("one entry: {entries:?}") };
    assert_eq!(entry["action"], "order.place");
    assert_eq!(entry["requestId"], placed.the("x-request-id"));
    assert_eq!(entry["before"], Value::Null);
    assert_eq!(entry["after"]["state"], "confirmed");
    assert_eq!(entry["after"]["total"]["amount"], "20.00");
    assert!(entry["actor"].as_str().unwrap().starts_with("key_"), "{entry}");

    let entries = log_of(&world, &checkout).await;
    let [entry] = entries.as_slice() else { panic!("one entry: {entries:?}") };
    assert_eq!(
        (entry["action"].as_str(), &entry["requestId"]),
        (Some("checkout.open"), &opened.the("x-request-id").into())
    );
    for told in [&entries, &log_of(&world, &order).await] {
        let told = format!("{told:?}");
        assert!(!told.contains("ada@example.com") && !told.contains("Lovelace") && !told.contains("London"), "{told}");
        assert!(told.contains("[redacted]"), "{told}");
    }
}

async fn the_log_walks_all_pages_newest_first(world: World) {
    for number in 0..3 {
        world.sell(&format!("page-{number}"), "10", 5).await;
    }
    let first = world.ours.merchant.get("/api/v1/audit-log?limit=2").send().await.expect(200);
    let cursor = first.json()["nextCursor"].as_str().unwrap().to_owned();
    assert!(first.the("link").contains(&cursor));
    assert_eq!(first.the("cache-control"), "private, no-store");
    let second =
        world.ours.merchant.get(&format!("/api/v1/audit-log?limit=2&cursor={cursor}")).send().await.expect(200);
    let numbers: Vec<i64> = [&first, &second]
        .iter()
        .flat_map(|page| items(&page.json()))
        .map(|entry| entry["number"].as_i64().unwrap())
        .collect();
    assert_eq!(numbers.len(), 4);
    assert!(numbers.windows(2).all(|pair| pair[1] < pair[0]), "{numbers:?}");

    let actor = items(&first.json())[0]["actor"].as_str().unwrap().to_owned();
    let by_actor = world.ours.merchant.get(&format!("/api/v1/audit-log?filter[actor]={actor}&limit=250")).send().await;
    assert!(items(&by_actor.expect(200).json()).iter().all(|entry| entry["actor"] == *actor));
    let nobody = world.ours.merchant.get("/api/v1/audit-log?filter[actor]=nobody").send().await.expect(200);
    assert!(items(&nobody.json()).is_empty());
    for (query, place) in [
        ("limit=0", "?limit"),
        ("cursor=x", "?cursor"),
        ("filter[subject]=", "?filter[subject]"),
        ("filter[action]=order.place", "?filter[action]"),
    ] {
        let path = format!("/api/v1/audit-log?{query}");
        let refused = world.ours.merchant.get(&path).send().await.expect_problem(422, "invalid-request");
        assert_eq!(refused.places(), [place]);
    }
}

async fn another_tenants_log_is_not_shown(world: World) {
    let sold = world.sell("not-theirs", "10", 5).await;
    let checkout = world.ours.opened(&[(&sold.variant, 1)]).await;
    assert_eq!(log_of(&world, &checkout).await.len(), 1);
    let theirs = world.theirs.merchant.get(&format!("/api/v1/audit-log?filter[subject]={checkout}")).send().await;
    assert!(items(&theirs.expect(200).json()).is_empty());
    // Not by our cursor either: a number is a place in their own log.
    let ours = world.ours.merchant.get("/api/v1/audit-log?limit=1").send().await.expect(200).json();
    let cursor = ours["nextCursor"].as_str().unwrap();
    let theirs = world.theirs.merchant.get(&format!("/api/v1/audit-log?limit=250&cursor={cursor}")).send().await;
    let (theirs, ours) = (theirs.expect(200).json(), items(&ours)[0]["storeId"].clone());
    assert!(items(&theirs).iter().all(|entry| entry["storeId"] != ours));
    world.ours.shopper.get("/api/v1/audit-log").send().await.expect_problem(403, "missing-scope");
    world.nobody.get("/api/v1/audit-log").send().await.expect_problem(401, "no-credentials");
}

/// Files that nobody uploads are removed by a job, whose token the operator has made.
async fn what_no_request_does_is_logged_too(stage: &Stage) {
    let world = stage.world();
    let (app, of) = (stage.app(), (tenant_of(&world.ours), "EUR".parse().unwrap()));
    let (name, scopes) = (world.mark.replace(|digit: char| digit.is_ascii_digit(), "x"), "jobs:run".parse().unwrap());
    let service = name.parse().unwrap();
    let token = service_token(app, of, &app.verifier().issuer, service, scopes).await.unwrap();
    let entries = log_of(&world, &format!("svc_{name}")).await;
    let [entry] = entries.as_slice() else { panic!("one entry: {entries:?}") };
    assert_eq!((&entry["action"], &entry["after"]), (&json!("service-token.issue"), &json!({ "scopes": "jobs:run" })));

    let body = json!({ "name": "never.png", "contentType": "image/png", "bytes": 64, "alt": "A tent" });
    let mut ids = Vec::new();
    for _ in 0..2 {
        let made = world.ours.merchant.post("/api/v1/files").json(&body).send().await.expect(201).json();
        ids.push(made["file"]["id"].as_str().unwrap().to_owned());
    }
    let made = world.ours.merchant.post("/api/v1/admin/bulk/upserts").json(&json!({})).send().await.expect(201).json();
    let job = made["id"].as_str().unwrap();
    let mut aging = Commit::new();
    let sql = "UPDATE bulk_job SET created_at = created_at - 2592000001 WHERE id = ?1";
    aging.push(Statement::new(sql).bind(job));
    let sql = "UPDATE media_file SET created_at = created_at - 86400001 WHERE id = ?1";
    aging.push(Statement::new(sql).bind(ids[0].as_str()));
    stage.sql().commit(&aging).await.unwrap();
    world.nobody.with_key(&token).post("/api/v1/jobs/files").send().await.expect(200);
    let done = world.nobody.with_key(&token).post("/api/v1/jobs/bulk").send().await.expect(200).json();
    assert_eq!(done["isDone"], true, "{done}");
    let job = format!("/api/v1/admin/bulk/upserts/{job}");
    world.ours.merchant.get(&job).send().await.expect_problem(404, "not-found");
    let path = |at: usize| format!("/api/v1/files/{}", ids[at]);
    world.ours.merchant.get(&path(0)).send().await.expect_problem(404, "not-found");
    world.ours.merchant.get(&path(1)).send().await.expect(200);
    world.ours.merchant.delete(&path(1)).send().await.expect(204);
    for (id, action, actor) in [(&ids[0], "file.abandon", "job"), (&ids[1], "file.delete", "key_")] {
        let entries = log_of(&world, id).await;
        let entry = &entries[0];
        assert!(entry["action"] == action && entry["actor"].as_str().unwrap().starts_with(actor), "{entry}");
        assert_eq!((&entry["before"]["alt"], &entry["after"]), (&json!("A tent"), &Value::Null), "{entry}");
    }
}

async fn log_of(world: &World, subject: &str) -> Vec<Value> {
    let path = format!("/api/v1/audit-log?filter[subject]={subject}");
    items(&world.ours.merchant.get(&path).send().await.expect(200).json())
}

fn items(page: &Value) -> Vec<Value> {
    page["items"].as_array().unwrap().clone()
}
