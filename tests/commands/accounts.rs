//! Accounts at the command line, and what the operator sees of those who signed up.

use std::io::Write;
use std::path::Path;

use headlesspro_edge::host::native::libsql::{Durability, EmbeddedSql};
use headlesspro_edge::port::sql::{Sql, Statement};
use serde_json::{Value, json};

use crate::client::Client;
use crate::eventually;
use crate::program::{Dev, Ended, hp, run};
use crate::totp_app::{TotpApp, seconds};

const PASSWORD: &str = "correct horse battery staple";

/// `hp` with a line on its standard input.
fn told(arguments: &[&str], line: &str) -> Ended {
    let (reader, mut writer) = std::io::pipe().unwrap();
    writeln!(writer, "{line}").unwrap();
    drop(writer);
    run(hp(arguments).stdin(reader))
}

#[tokio::test]
async fn an_account_is_hashed_as_the_host_can_afford() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = Dev::start(&data, &["--seed", "none"]);
    let folder = data.to_str().unwrap();
    let create = |email: &str, hashing: Option<&str>| {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writeln!(writer, "{PASSWORD}").unwrap();
        let mut command = hp(&["account", "create", "--email", email, "--role", "customer", "--data", folder]);
        command.args(hashing.map(|hashing| ["--password-hashing", hashing]).into_iter().flatten());
        command.env("HP_PASSWORD_HASHING", "$pbkdf2-sha256$i=900").stdin(reader);
        run(&mut command)
    };
    create("deployment@example.com", None).ok();
    create("argument@example.com", Some("$pbkdf2-sha256$i=1100")).ok();
    create("default@example.com", Some("")).ok();
    let mut hashed = password_hashes(&data).await;
    hashed.iter_mut().for_each(|hash| hash.truncate(hash.rfind('$').unwrap()));
    hashed.iter_mut().for_each(|hash| hash.truncate(hash.rfind('$').unwrap()));
    assert_eq!(hashed, ["$argon2id$v=19$m=19456,t=2,p=1", "$pbkdf2-sha256$i=1100", "$pbkdf2-sha256$i=900"]);
    for wrong in ["bcrypt", "$pbkdf2-sha256$i=0", "$argon2id$v=19$m=65537,t=2,p=1"] {
        assert!(create("wrong@example.com", Some(wrong)).refused(1).contains("--password-hashing: PASSWORD_HASHING"));
    }
    let shop = Client::new(&dev.url).with_key(dev.told("publishable key"));
    let login = json!({ "email": "deployment@example.com", "password": PASSWORD });
    shop.post("/api/v1/auth/login").json(&login).send().await.expect(200);
}

/// What is stored of the accounts' passwords.
async fn password_hashes(data: &Path) -> Vec<String> {
    let sql = EmbeddedSql::open(data.join("headlesspro.db"), Durability::Process).unwrap();
    let all = Statement::new("SELECT password_hash FROM account ORDER BY password_hash");
    let rows = (&sql as &dyn Sql).read(vec![all]).await.unwrap();
    rows[0].iter().map(|row| row.get::<&str>("password_hash").unwrap().to_owned()).collect()
}

#[tokio::test]
async fn who_lost_the_second_factor_gets_in_again_with_the_operators_help() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = Dev::start(&data, &["--seed", "none"]);
    let folder = data.to_str().unwrap();
    let email = "owner@example.com";
    told(&["account", "create", "--email", email, "--data", folder], PASSWORD).ok();
    let api = Client::new(&dev.url);
    let shop = api.with_key(dev.told("publishable key"));
    let login = json!({ "email": email, "password": PASSWORD });
    let log_in = async || shop.post("/api/v1/auth/login").json(&login).send().await;
    let reset = |email: &str| run(&mut hp(&["account", "reset-second-factor", "--email", email, "--data", folder]));
    assert!(reset(email).refused(1).contains("no second factor"));
    assert!(reset("nobody@example.com").refused(1).contains("nobody"));
    assert!(reset("nobody").refused(1).contains("--email"));

    let tokens = log_in().await.expect(200).json();
    let owner = api.with_key(tokens["accessToken"].as_str().unwrap());
    let enrolled = owner.post("/api/v1/auth/second-factor").send().await.expect(200).json();
    let code = TotpApp::of(enrolled["secret"].as_str().unwrap()).code(seconds() / 30);
    let confirm = owner.post("/api/v1/auth/second-factor/confirm").json(&json!({ "code": code }));
    let codes = confirm.send().await.expect(200).json();
    let asked = log_in().await.expect_problem(401, "second-factor-required").json();

    let said = reset(&email.to_uppercase()).ok();
    assert!(said.starts_with(&format!("account  {}", tokens["account"]["id"].as_str().unwrap())), "{said}");
    assert!(reset(email).refused(1).contains("no second factor"));
    // A login that was under way is over, and the recovery codes open nothing.
    let step = json!({ "challenge": asked["challenge"], "recoveryCode": codes["recoveryCodes"][0] });
    let step = shop.post("/api/v1/auth/login/second-factor").json(&step).send().await;
    step.expect_problem(410, "challenge-gone");
    let refresh = json!({ "refreshToken": tokens["refreshToken"] });
    let refresh = shop.post("/api/v1/auth/refresh").json(&refresh).send().await;
    refresh.expect_problem(401, "session-ended");
    let tokens = log_in().await.expect(200).json();
    let owner = api.with_key(tokens["accessToken"].as_str().unwrap());
    let log = owner.get("/api/v1/audit-log?filter[actor]=operator").send().await.expect(200).json();
    let row = log["items"].as_array().unwrap().iter().find(|row| row["action"] == "second-factor.reset").unwrap();
    assert_eq!(
        (&row["before"], &row["after"]),
        (&json!({ "hasSecondFactor": true }), &json!({ "hasSecondFactor": false }))
    );
    assert!(run(&mut hp(&["audit", "verify", "--data", folder])).ok().contains("unbroken"));
    // The running process sends the mail at its next tick.
    let mailbox = format!("{}/dev/mailbox", dev.url);
    eventually::eventually("a mail to the owner", std::time::Duration::from_secs(40), async || {
        let page = reqwest::get(&mailbox).await.unwrap().text().await.unwrap();
        page.contains("no second factor any more").then_some(())
    })
    .await;
}

#[tokio::test]
async fn whoever_signed_up_and_never_confirmed_is_shown_to_the_operator() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = Dev::start(&data, &["--seed", "none"]);
    let folder = data.to_str().unwrap();
    let body = json!({ "organizationName": "Acme", "storeName": "Acme shop", "currency": "EUR",
        "email": "owner@acme.example", "password": PASSWORD });
    let founded = Client::new(&dev.url).post("/api/v1/organizations").json(&body).send().await.expect(201).json();
    let id = founded["organizationId"].as_str().unwrap();
    let listed = run(&mut hp(&["organization", "list", "--data", folder])).ok();
    let line = listed.lines().find(|line| line.starts_with(id)).unwrap();
    assert!(line.starts_with(&format!("{id}  active     Acme  (owner unconfirmed, since 20")), "{line}");
    assert_eq!(listed.lines().filter(|line| line.contains("unconfirmed")).count(), 1, "{listed}");
    let listed = run(&mut hp(&["organization", "list", "--json", "--data", folder])).ok();
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let owners: Vec<&Value> = listed["items"].as_array().unwrap().iter().map(|one| &one["owner"]).collect();
    assert_eq!(owners, [&json!("none"), &json!("unconfirmed")]);
    assert!(run(&mut hp(&["organization", "close", id, "--data", folder])).ok().contains("closed"));
    let shop = Client::new(&dev.url).with_key(founded["publishableKey"].as_str().unwrap());
    shop.get("/api/v1/products").send().await.expect_problem(403, "organization-not-active");
}
