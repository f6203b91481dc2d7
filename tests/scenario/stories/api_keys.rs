//! A merchant makes, rotates and revokes API keys.

use std::time::Duration;

use serde_json::{Value, json};

use super::sessions::{as_person, log_in};
use crate::client::Client;
use crate::eventually::eventually;
use crate::world::World;

/// A revoked key is void everywhere within a minute; an isolate remembers one for half of that.
const REVOKED_WITHIN: Duration = Duration::from_secs(60);

pub async fn a_key_is_made_used_listed_and_revoked(world: World) {
    let owner = owner(&world).await;
    let name = world.name("warehouse");
    let wanted = json!({ "kind": "secret", "name": name, "scopes": "orders:read catalog:read" });
    let make = || owner.post("/api/v1/api-keys").header("idempotency-key", &name).json(&wanted);
    let made = make().send().await.expect(201);
    let again = make().send().await.expect(201);
    assert!(again.is_replayed() && again.body == made.body, "byte for byte: {again}");
    let made = made.json();
    let (id, key) = (made["apiKey"]["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    assert!(key.starts_with("sk_") && key.ends_with(made["apiKey"]["hint"].as_str().unwrap()));

    let server = world.nobody.with_key(key);
    server.get("/api/v1/products?limit=1").send().await.expect(200);
    server.get("/api/v1/orders/ord_01h455vb4pex5vsknk084sn02q").send().await.expect(404);
    let refused = server.post("/api/v1/cart").json(&json!({})).send().await.expect_problem(403, "missing-scope");
    assert_eq!(refused.json()["scope"], "cart:write");
    eventually("the key's last use", Duration::from_secs(10), async || {
        find(&owner, id).await["lastUsedAt"].as_str().map(str::to_owned)
    })
    .await;

    owner.delete(&format!("/api/v1/api-keys/{id}")).send().await.expect(204);
    owner.delete(&format!("/api/v1/api-keys/{id}")).send().await.expect(204);
    assert_eq!(find(&owner, id).await["state"], "revoked");
    eventually("the key to be void", REVOKED_WITHIN, async || {
        let answer = server.get("/api/v1/products?limit=1").send().await;
        (answer.status == 401).then_some(())
    })
    .await;
}

pub async fn nobody_makes_a_key_with_more_than_they_have(world: World) {
    let make = async |person: &Client, body: Value| person.post("/api/v1/api-keys").json(&body).send().await;
    let owner = owner(&world).await;
    for (kind, scopes) in [
        ("publishable", "orders:read"),
        ("publishable", "catalog:read audit:read"),
        ("secret", "keys:write"),
        ("secret", "catalog:read members:write"),
        ("secret", "profile:write"),
        ("secret", ""),
    ] {
        let refused = make(&owner, json!({ "kind": kind, "name": "x", "scopes": scopes })).await.expect(422);
        assert_eq!(refused.places(), ["#/scopes"], "{kind} {scopes}");
    }
    let malformed = json!({ "kind": "root", "name": " ", "scopes": "catalog:burn", "expiresAt": "soon", "key": "sk_" });
    let mut places = make(&owner, malformed).await.expect(422).places();
    places.sort_unstable();
    assert_eq!(places, ["#/expiresAt", "#/key", "#/kind", "#/name", "#/scopes"]);
    let past = json!({ "kind": "secret", "name": "x", "expiresAt": "2020-01-01T00:00:00Z" });
    assert_eq!(make(&owner, past).await.expect(422).places(), ["#/expiresAt"]);

    let viewer = as_person(&world, &log_in(&world.ours, "viewer@example.com").await.expect(200));
    make(&viewer, json!({ "kind": "secret", "name": "x" })).await.expect_problem(403, "missing-scope");
    make(&world.ours.merchant, json!({ "kind": "secret", "name": "x" })).await.expect_problem(403, "missing-scope");
}

pub async fn a_rotated_key_and_its_successor_are_both_good_for_the_overlap(world: World) {
    let owner = owner(&world).await;
    let wanted = json!({ "kind": "publishable", "name": world.name("storefront") });
    let old = owner.post("/api/v1/api-keys").json(&wanted).send().await.expect(201).json();
    let path = format!("/api/v1/api-keys/{}/rotate", old["apiKey"]["id"].as_str().unwrap());
    let new = owner.post(&path).json(&json!({ "overlapSeconds": 3600 })).send().await.expect(201).json();
    assert_eq!((&new["apiKey"]["name"], &new["apiKey"]["scopes"]), (&old["apiKey"]["name"], &old["apiKey"]["scopes"]));
    for made in [&old, &new] {
        let shopper = world.nobody.with_key(made["key"].as_str().unwrap());
        shopper.get("/api/v1/products?limit=1").send().await.expect(200);
    }
    let shown = find(&owner, old["apiKey"]["id"].as_str().unwrap()).await;
    assert_eq!((&shown["state"], &shown["replacedBy"]), (&json!("active"), &new["apiKey"]["id"]));
    assert!(shown["expiresAt"].is_string(), "{shown}");
    owner.post(&path).json(&json!({})).send().await.expect_problem(409, "api-key-not-active");

    // While both are good there is no third: a chain of overlaps would be as many keys as one likes.
    let path = format!("/api/v1/api-keys/{}/rotate", new["apiKey"]["id"].as_str().unwrap());
    let rotate = || owner.post(&path).json(&json!({ "overlapSeconds": 0 })).send();
    rotate().await.expect_problem(409, "api-key-overlapping");
    let before = format!("/api/v1/api-keys/{}", old["apiKey"]["id"].as_str().unwrap());
    owner.delete(&before).send().await.expect(204);

    // Without an overlap the old one is void at once where nobody remembers it.
    rotate().await.expect(201);
    assert_eq!(find(&owner, new["apiKey"]["id"].as_str().unwrap()).await["state"], "expired");

    // What was to end some day has a successor that does, too.
    let wanted = json!({ "kind": "publishable", "name": "x", "expiresAt": "2999-01-01T00:00:00Z" });
    let mortal = owner.post("/api/v1/api-keys").json(&wanted).send().await.expect(201).json();
    let path = format!("/api/v1/api-keys/{}/rotate", mortal["apiKey"]["id"].as_str().unwrap());
    let heir = owner.post(&path).json(&json!({})).send().await.expect(201).json();
    let end = heir["apiKey"]["expiresAt"].as_str().unwrap();
    assert!(end.starts_with("2999-01-01T00:"), "{end}");
}

pub async fn another_tenants_keys_are_not_there(world: World) {
    let theirs = as_person(&world, &log_in(&world.theirs, "owner@example.com").await.expect(200));
    let keys = theirs.get("/api/v1/api-keys").send().await.expect(200).json();
    let foreign = keys["items"][0]["id"].as_str().unwrap();
    let owner = owner(&world).await;
    owner.delete(&format!("/api/v1/api-keys/{foreign}")).send().await.expect_problem(404, "not-found");
    let rotate = owner.post(&format!("/api/v1/api-keys/{foreign}/rotate")).json(&json!({}));
    rotate.send().await.expect_problem(404, "not-found");
    let ours = owner.get("/api/v1/api-keys").send().await.expect(200).json();
    let theirs: Vec<&Value> = keys["items"].as_array().unwrap().iter().map(|key| &key["id"]).collect();
    assert!(ours["items"].as_array().unwrap().iter().all(|key| !theirs.contains(&&key["id"])));
}

pub async fn keys_and_apps_are_paged_newest_first(world: World) {
    let owner = owner(&world).await;
    for (path, wrapped) in [("/api/v1/api-keys", "/apiKey/id"), ("/api/v1/apps", "/app/id")] {
        let wanted = |number| match path {
            "/api/v1/apps" => json!({ "name": format!("Page {number}"), "scopes": "orders:read" }),
            _ => json!({ "kind": "secret", "name": format!("Page {number}"), "scopes": "orders:read" }),
        };
        let mut made = Vec::new();
        for number in 0..5 {
            let one = owner.post(path).json(&wanted(number)).send().await.expect(201).json();
            made.push(one.pointer(wrapped).unwrap().clone());
        }
        let mut seen: Vec<Value> = Vec::new();
        let mut next = format!("{path}?limit=2");
        while !made.iter().all(|id| seen.contains(id)) {
            let page = owner.get(&next).send().await.expect(200);
            let items = page.json()["items"].as_array().unwrap().clone();
            let is_last = page.header("link").is_none();
            assert!(items.len() == 2 || (is_last && items.len() == 1), "{page}");
            seen.extend(items.into_iter().map(|item| item["id"].clone()));
            if is_last {
                break;
            }
            next = page.the("link").strip_prefix('<').unwrap().split('>').next().unwrap().to_owned();
        }
        // Others make some meanwhile; none comes twice, and these come as they were made.
        let distinct: std::collections::BTreeSet<&str> = seen.iter().map(|id| id.as_str().unwrap()).collect();
        assert_eq!(distinct.len(), seen.len());
        seen.retain(|id| made.contains(id));
        assert!(seen.iter().rev().eq(&made), "{seen:?}");
        let foreign = owner.get(&format!("{path}?cursor=x&limit=0")).send().await;
        assert_eq!(foreign.expect_problem(422, "invalid-request").places(), ["?limit", "?cursor"]);
    }
}

async fn owner(world: &World) -> Client {
    as_person(world, &log_in(&world.ours, "owner@example.com").await.expect(200))
}

async fn find(person: &Client, id: &str) -> Value {
    let keys = person.get("/api/v1/api-keys?limit=250").send().await.expect(200).json();
    let found = keys["items"].as_array().unwrap().iter().find(|key| key["id"] == id).cloned();
    found.unwrap_or_else(|| panic!("{id} is not in {keys}"))
}
