//! API keys, service tokens and platforms at the command line.

use std::io::Write;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use headlesspro_edge::host::native::libsql::{Durability, EmbeddedSql};
use headlesspro_edge::port::sql::{Commit, Sql, Statement};
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
    for _ in 0..2 {
        assert_eq!(hp(&["key", "revoke", &id]).ok(), format!("{id} is revoked\n"));
    }
    assert!(hp(&["key", "list"]).ok().lines().any(|line| line.starts_with(&id) && line.contains("revoked")));
    assert!(hp(&["key", "revoke", "key_01h455vb4pex5vsknk084sn02q"]).refused(1).contains("no key"));

    let token = hp(&["token", "service", "--issuer", &dev.url]).ok();
    let service = api.with_key(token.trim());
    service.post("/api/v1/jobs/mail").send().await.expect(200);
    service.get(order).send().await.expect_problem(403, "missing-scope");
    let revoked = hp(&["token", "revoke", "svc_cron"]).ok();
    assert!(revoked.starts_with("tokens of svc_cron that were issued until now for org_"), "{revoked}");
    let another = hp(&["token", "service", "--issuer", &dev.url]).ok();
    api.with_key(another.trim()).post("/api/v1/jobs/mail").send().await.expect(200);
    assert!(hp(&["token", "revoke", "Cron"]).refused(1).contains("lower-case"));
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
async fn the_keys_of_tokens_and_of_the_installation_are_changed_while_people_are_logged_in() {
    const PASSWORD: &str = "correct horse battery staple";
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = Dev::start(&data, &["--seed", "none"]);
    let text = data.to_str().unwrap();
    let hp = |arguments: &[&str]| run(hp(arguments).args(["--data", text]));
    let owner = ["account", "create", "--email", "owner@example.com", "--data", text];
    let made = run(crate::program::hp(&owner).stdin(said(PASSWORD))).ok();
    assert!(made.starts_with("account  usr_"), "{made}");
    let login = json!({ "email": "owner@example.com", "password": PASSWORD });
    let log_in = async |dev: &Dev| {
        let shop = Client::new(&dev.url).with_key(dev.told("publishable key"));
        shop.post("/api/v1/auth/login").json(&login).send().await.expect(200).json()
    };
    let kid = |tokens: &Value| {
        let header = tokens["accessToken"].as_str().unwrap().split('.').next().unwrap();
        let header = URL_SAFE_NO_PAD.decode(header).unwrap();
        serde_json::from_slice::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
    };
    let me = async |dev: &Dev, tokens: &Value| {
        let person = Client::new(&dev.url).with_key(tokens["accessToken"].as_str().unwrap());
        person.get("/api/v1/auth/me").send().await.expect(200).json()
    };

    // A new key is published, and signs two minutes later; the one before is good until its tokens are over.
    let before = log_in(&dev).await;
    let rotated = hp(&["keys", "rotate"]).ok();
    assert_eq!(kid(&log_in(&dev).await), kid(&before));
    let keys = Client::new(&dev.url).get("/.well-known/jwks.json").send().await.expect(200).json();
    let mut named: Vec<&str> =
        keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap()).collect();
    named.sort_unstable();
    two_minutes_pass(&data).await;
    let after = log_in(&dev).await;
    assert!(kid(&before) != kid(&after) && rotated.contains(&kid(&after)), "{rotated}");
    let mut expected = [kid(&before), kid(&after)];
    expected.sort_unstable();
    assert_eq!(named, expected);
    for tokens in [&before, &after] {
        assert_eq!(me(&dev, tokens).await["email"], "owner@example.com");
    }
    let shop = Client::new(&dev.url).with_key(dev.told("publishable key"));
    let refresh = json!({ "refreshToken": before["refreshToken"] });
    let refreshed = shop.post("/api/v1/auth/refresh").json(&refresh).send().await.expect(200).json();
    assert_eq!(kid(&refreshed), kid(&after));

    // The master key is changed: added in front everywhere, everything wrapped anew, the one before taken away.
    assert!(dev.interrupt().success());
    let sealed = sealed_columns(&data).await;
    let file = data.join("secrets.json");
    let mut secrets: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let old = secrets["master_keys"].as_str().unwrap().to_owned();
    let printed = run(&mut crate::program::hp(&["keys", "new"])).ok();
    let new = printed.lines().find_map(|line| line.strip_prefix("MASTER_KEYS=")).unwrap();
    let mut set = |master_keys: &str| {
        secrets["master_keys"] = json!(master_keys);
        std::fs::write(&file, secrets.to_string()).unwrap();
    };
    set(&format!("{new},{old}"));
    assert_eq!(
        hp(&["keys", "rewrap"]).ok(),
        "wrapped anew: 1 data keys, 2 token keys; 0 were wrapped by the current master key already\n"
    );
    set(new);
    assert!(hp(&["keys", "rewrap"]).ok().contains("0 data keys, 0 token keys; 3"));
    assert_eq!(sealed_columns(&data).await, sealed, "data is not rewritten");
    let dev = Dev::start(&data, &[]);
    let tokens = log_in(&dev).await;
    assert_eq!(me(&dev, &tokens).await["email"], "owner@example.com");
    // The organization's log says so, and names no key but by its id.
    let owner = Client::new(&dev.url).with_key(tokens["accessToken"].as_str().unwrap());
    let log = owner.get("/api/v1/audit-log?filter[actor]=operator").send().await.expect(200).json();
    let rows: Vec<(&str, &Value, &Value)> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|row| (row["action"].as_str().unwrap(), &row["before"], &row["after"]))
        .filter(|(action, ..)| action.contains("-key") && !action.starts_with("api-key"))
        .collect();
    let id = |keys: &str| json!({ "masterKey": keys.split(':').next().unwrap() });
    let (was, is) = (id(&old), id(new));
    let (action, from, to) = rows[0];
    assert_eq!((action, &from["kid"], &to["kid"]), ("token-keys.rotate", &json!(kid(&before)), &json!(kid(&after))));
    assert!(to["signsFrom"].is_string(), "{to}");
    assert_eq!(
        rows[1..],
        [("data-key.rewrap", &was, &is), ("token-keys.rewrap", &was, &is), ("token-keys.rewrap", &was, &is),]
    );
    assert!(hp(&["audit", "verify"]).ok().contains("unbroken"));
    drop(dev);
    // Without the key that wraps, nothing opens, and it says so.
    set(&old);
    assert!(hp(&["keys", "rewrap"]).refused(1).contains("MASTER_KEYS"));
}

/// For the keys of tokens alone.
async fn two_minutes_pass(data: &Path) {
    let sql = EmbeddedSql::open(data.join("headlesspro.db"), Durability::Process).unwrap();
    let mut commit = Commit::new();
    commit.push(Statement::new("UPDATE token_key SET signs_from = signs_from - 120000"));
    (&sql as &dyn Sql).commit(&commit).await.unwrap();
}

/// What is sealed of accounts, as it is stored.
async fn sealed_columns(data: &Path) -> Vec<String> {
    let sql = EmbeddedSql::open(data.join("headlesspro.db"), Durability::Process).unwrap();
    let rows = (&sql as &dyn Sql).read(vec![Statement::new("SELECT email_sealed FROM account ORDER BY id")]).await;
    rows.unwrap()[0].iter().map(|row| row.get::<&str>("email_sealed").unwrap().to_owned()).collect()
}

/// A pipe that says a line.
fn said(line: &str) -> std::io::PipeReader {
    let (reader, mut writer) = std::io::pipe().unwrap();
    writeln!(writer, "{line}").unwrap();
    reader
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
        run(crate::program::hp(&arguments).stdin(said("correct horse battery staple")))
    };
    hp(&["organization", "limits", id, "--members", "1"]).ok();
    assert!(create("owner@example.com", "owner").ok().starts_with("account  usr_"));
    assert!(create("viewer@example.com", "viewer").refused(1).contains("no more members"));
    assert!(create("ada@example.com", "customer").ok().ends_with("customer\n"));
    assert!(create("owner@example.com", "customer").refused(1).contains("already"));
    // So are keys: two are there from the beginning.
    hp(&["organization", "limits", id, "--api-keys", "3"]).ok();
    let create = ["key", "create", "--kind", "secret", "--name", "Back office"];
    assert!(hp(&create).ok().contains("key  sk_"));
    assert!(hp(&create).refused(1).contains("no more API keys"));
    hp(&["organization", "limits", id, "--api-keys", "unlimited"]).ok();
    assert!(hp(&create).ok().contains("key  sk_"));
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
