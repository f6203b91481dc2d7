//! API keys, service tokens and platforms at the command line.

use std::io::Write;

use serde_json::{Value, json};

use crate::client::Client;
use crate::program::{Dev, hp, run};

#[tokio::test]
async fn keys_are_made_listed_and_revoked_and_a_service_has_a_token_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = Dev::start(&data, &["--seed", "none"]);
    let folder = data.to_str().unwrap();
    let hp = |arguments: &[&str]| run(hp(arguments).args(["--data", folder]));
    let api = Client::new(&dev.url);

    let made = hp(&["key", "create", "--name", "Warehouse", "--scopes", "orders:read"]).ok();
    let told = |name: &str| made.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
    let (id, key) = (told("id"), told("key"));
    let order = "/api/v1/orders/ord_01h455vb4pex5vsknk084sn02q";
    api.with_key(&key).get(order).send().await.expect_problem(404, "not-found");
    api.with_key(&key).get("/api/v1/products").send().await.expect_problem(403, "missing-scope");
    let listed = hp(&["key", "list"]).ok();
    let line = listed.lines().find(|line| line.starts_with(&id)).unwrap();
    assert!(line.contains("active") && line.contains("Warehouse") && line.ends_with("(orders:read)"), "{line}");
    assert!(!listed.contains(&key), "{listed}");
    assert!(hp(&["key", "create", "--name", "x", "--scopes", "keys:write"]).refused(1).contains("--scopes"));
    assert_eq!(hp(&["key", "revoke", &id]).ok(), format!("{id} is revoked\n"));
    assert!(hp(&["key", "list"]).ok().lines().any(|line| line.starts_with(&id) && line.contains("revoked")));
    assert!(hp(&["key", "revoke", "key_01h455vb4pex5vsknk084sn02q"]).refused(1).contains("no key"));

    let token = hp(&["token", "service", "--issuer", &dev.url]).ok();
    let service = api.with_key(token.trim());
    service.post("/api/v1/jobs/mail").send().await.expect(200);
    service.get(order).send().await.expect_problem(403, "missing-scope");
    let other = hp(&["token", "service", "--issuer", "https://elsewhere.example"]).ok();
    let other = api.with_key(other.trim()).post("/api/v1/jobs/mail").send().await;
    other.expect_problem(401, "bad-credentials");
    let token = hp(&["token", "service", "--scope", "stores:report", "--name", "sync", "--issuer", &dev.url]).ok();
    let stores = hp(&["store", "list"]).ok();
    let health = format!("/api/v1/stores/{}/health", stores.split_whitespace().nth(1).unwrap());
    let report = api.with_key(token.trim()).post(&health).json(&json!({ "status": "healthy" }));
    report.send().await.expect(204);
    assert!(hp(&["token", "service", "--scope", "jobs:burn"]).refused(1).contains("--scope"));
    assert!(hp(&["token", "service", "--name", "Cron"]).refused(1).contains("--name"));
}

#[tokio::test]
async fn organizations_are_suspended_resumed_and_limited() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = Dev::start(&data, &["--seed", "none"]);
    let folder = data.to_str().unwrap();
    let hp = |arguments: &[&str]| run(hp(arguments).args(["--data", folder]));
    let json = |arguments: &[&str]| -> Value { serde_json::from_str(&hp(arguments).ok()).unwrap() };

    let listed = json(&["organization", "list", "--json"]);
    let id = listed["items"][0]["id"].as_str().unwrap();
    assert!(hp(&["organization", "list"]).ok().starts_with(&format!("{id}  active")));
    let shown = json(&["organization", "show", id, "--json"]);
    assert_eq!(shown["plan"]["stores"], json!({ "used": 1, "most": 10 }));
    let limits = ["organization", "limits", id, "--stores", "3", "--members", "unlimited", "--json"];
    let limited = json(&limits);
    assert_eq!(
        (&limited["plan"]["stores"]["most"], &limited["plan"]["members"]["most"], &limited["plan"]["apiKeys"]),
        (&json!(3), &Value::Null, &shown["plan"]["apiKeys"])
    );
    assert!(hp(&["organization", "show", id]).ok().contains("members       0 of unlimited"));
    // Members whom the operator makes are counted as well.
    let create = |email: &str, role: &str| {
        let arguments = ["account", "create", "--email", email, "--role", role, "--data", folder];
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(b"correct horse battery staple\n").unwrap();
        drop(writer);
        run(crate::program::hp(&arguments).stdin(reader))
    };
    hp(&["organization", "limits", id, "--members", "1"]).ok();
    assert!(create("owner@example.com", "owner").ok().starts_with("account  usr_"));
    assert!(create("viewer@example.com", "viewer").refused(1).contains("no more members"));
    assert!(create("ada@example.com", "customer").ok().ends_with("customer\n"));
    assert!(create("owner@example.com", "customer").refused(1).contains("already"));
    assert!(hp(&["organization", "limits", id]).refused(1).contains("--api-keys"));
    assert!(hp(&["organization", "limits", id, "--stores", "many"]).refused(2).contains("unlimited"));

    let key = dev.told("publishable key").to_owned();
    let api = Client::new(&dev.url);
    assert_eq!(json(&["organization", "suspend", id, "--json"])["status"], "suspended");
    let refused = api.with_key(&key).get("/api/v1/products").send().await;
    assert_eq!(refused.expect_problem(403, "organization-not-active").json()["organizationStatus"], "suspended");
    assert!(hp(&["organization", "suspend", id]).refused(1).contains("is suspended"));
    assert!(hp(&["organization", "resume", id]).ok().contains("active"));
    api.with_key(&key).get("/api/v1/products").send().await.expect(200);
    let nobody = "org_01h455vb4pex5vsknk084sn02q";
    assert!(hp(&["organization", "close", nobody]).refused(1).contains("no organization"));
    assert!(hp(&["audit", "verify"]).ok().contains("unbroken"));
}

#[test]
fn platforms_are_listed_with_what_they_offer() {
    let listed = run(&mut hp(&["platforms"])).ok();
    let line = listed.lines().find(|line| line.starts_with("naver-smartstore")).unwrap();
    assert!(line.contains("products inventory orders live") && line.contains("clientSecret"), "{line}");
}
