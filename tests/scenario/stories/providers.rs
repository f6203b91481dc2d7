//! An owner changes an identity provider.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::sessions::{as_person, log_in};
use crate::client::{Answer, Client};
use crate::world::World;

const PROVIDERS: &str = "/api/v1/identity-providers";

pub async fn a_provider_is_changed_in_parts_and_its_secret_never_shown(world: World) {
    let owner = as_person(&world, &log_in(&world.ours, "owner@example.com").await.expect(200));
    let made = set_up(&world, &owner, "parts").await;
    let before = made.json();
    let path = made.the("location").to_owned();
    let change = |body: Value| owner.patch(&path).json(&body);
    let wanted = json!({ "name": "Acme ID", "clientSecret": "another secret: 42%", "signsUp": false });
    let changed = change(wanted).header("if-match", made.the("etag")).send().await.expect(200);
    let mut expected = before.clone();
    expected
        .as_object_mut()
        .unwrap()
        .extend(json!({ "name": "Acme ID", "signsUp": false, "version": 2 }).as_object().unwrap().clone());
    assert_eq!(changed.json(), expected);
    assert_eq!(changed.the("etag"), "\"2\"");
    let stale = change(json!({ "name": "Late" })).header("if-match", made.the("etag")).send().await;
    assert_eq!(stale.expect_problem(412, "version-mismatch").json()["version"], 2);
    // Nothing to be changed is no change, and null takes away.
    assert_eq!(change(json!({})).send().await.expect(200).json()["version"], 2);
    let public = change(json!({ "clientSecret": null, "scope": null })).send().await.expect(200).json();
    assert_eq!(
        (&public["hasSecret"], &public["scope"], &public["version"]),
        (&json!(false), &json!("openid email profile"), &json!(3))
    );

    let id = before["id"].as_str().unwrap();
    let log = owner.get(&format!("/api/v1/audit-log?filter[subject]={id}")).send().await.expect(200);
    let rows = log.json()["items"].clone();
    assert_eq!((&rows[1]["before"]["name"], &rows[1]["after"]["name"]), (&before["name"], &json!("Acme ID")));
    assert_eq!((&rows[1]["after"]["hasNewSecret"], &rows[0]["after"]["hasSecret"]), (&json!(true), &json!(false)));
    for answer in [&changed, &log] {
        assert!(!String::from_utf8_lossy(&answer.body).contains("another secret"), "{answer}");
    }
    owner.delete(&path).send().await.expect(204);
    change(json!({ "name": "Gone" })).send().await.expect_problem(404, "not-found");
}

pub async fn providers_are_listed_in_pages_the_newest_first(world: World) {
    let owner = as_person(&world, &log_in(&world.ours, "owner@example.com").await.expect(200));
    let mut made = Vec::new();
    for number in 0..3 {
        made.push(set_up(&world, &owner, &format!("page-{number}")).await.json()["id"].clone());
        // Those of one millisecond are in no order.
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    let (mut seen, mut next) = (Vec::new(), Some(format!("{PROVIDERS}?limit=2")));
    while let Some(path) = next {
        let page = owner.get(&path).send().await.expect(200);
        let body = page.json();
        seen.extend(body["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
        next = body["nextCursor"].as_str().map(|cursor| format!("{PROVIDERS}?limit=2&cursor={cursor}"));
        assert_eq!(next.is_some(), page.header("link").is_some(), "{page}");
    }
    let own: Vec<&Value> = seen.iter().filter(|id| made.contains(id)).collect();
    assert_eq!(own, made.iter().rev().collect::<Vec<_>>());
    owner.get(&format!("{PROVIDERS}?cursor=x")).send().await.expect_problem(422, "invalid-request");
}

pub async fn a_provider_keeps_making_sense(world: World) {
    let owner = as_person(&world, &log_in(&world.ours, "owner@example.com").await.expect(200));
    let made = set_up(&world, &owner, "sense").await;
    let path = made.the("location").to_owned();
    for (change, places) in [
        (json!({ "redirectUris": [] }), vec!["#/redirectUris"]),
        (json!({ "clientId": null }), vec!["#/clientId"]),
        (json!({ "redirectUris": ["http://shop.example/login"] }), vec!["#/redirectUris/0"]),
        (json!({ "issuer": "https://evil.example" }), vec!["#/issuer"]),
        (json!({ "kind": "google" }), vec!["#/kind"]),
        (json!({ "name": "", "clientSecret": "\u{1f980}" }), vec!["#/name", "#/clientSecret"]),
    ] {
        let refused = owner.patch(&path).json(&change).send().await.expect(422);
        assert_eq!(refused.places(), places, "{change}");
    }
    let tokens = json!({ "redirectUris": [], "clientId": null, "tokenAudiences": ["https://shop.example"] });
    owner.patch(&path).json(&tokens).send().await.expect(200);
    // Ten at once all count.
    let renames = (0..10).map(|number| {
        let body = json!({ "name": format!("Name {number}") });
        owner.patch(&path).json(&body).send()
    });
    let renamed = join_all(renames).await.into_iter().filter(|answer| answer.status == 200).count();
    let listed = owner.get(PROVIDERS).send().await.expect(200).json();
    let found = listed["items"].as_array().unwrap().iter().find(|item| item["id"] == made.json()["id"]).unwrap();
    assert_eq!(found["version"], 2 + i64::try_from(renamed).unwrap());

    let admin = as_person(&world, &log_in(&world.ours, "admin@example.com").await.expect(200));
    let refused = admin.patch(&path).json(&json!({ "name": "Mine" })).send().await;
    assert_eq!(refused.expect_problem(403, "missing-scope").json()["scope"], "providers:write");
    let theirs = as_person(&world, &log_in(&world.theirs, "owner@example.com").await.expect(200));
    theirs.patch(&path).json(&json!({ "name": "Mine" })).send().await.expect_problem(404, "not-found");
    owner.delete(&path).send().await.expect(204);
}

async fn set_up(world: &World, owner: &Client, name: &str) -> Answer {
    let body = json!({
        "kind": "oidc",
        "name": "ID",
        "issuer": format!("https://{}.id.example", world.name(name)),
        "clientId": "shop",
        "clientSecret": "a secret",
        "scope": "openid",
        "redirectUris": ["https://shop.example/login"],
    });
    owner.post(PROVIDERS).json(&body).send().await.expect(201)
}
