//! The staff looks customers up, and suspends them.

use std::time::Duration;

use serde_json::{Value, json};

use super::people::{PASSWORD, exchange, sign_up};
use super::sessions::{as_person, log_in, log_in_with, refresh};
use crate::client::Client;
use crate::eventually::eventually;
use crate::world::World;

const CUSTOMERS: &str = "/api/v1/customers";

/// What is taken away is gone everywhere within a minute.
const VOID_WITHIN: Duration = Duration::from_secs(60);

pub async fn customers_are_listed_newest_first_and_found_by_their_address(world: World) {
    let emails = ["first", "second", "third"].map(|name| world.email(name));
    for email in &emails {
        sign_up(&world, email).await;
    }
    let person = as_person(&world, &log_in_with(&world.ours, &emails[0], PASSWORD).await.expect(200));
    person
        .patch("/api/v1/customers/me")
        .json(&json!({ "name": "Grace", "phone": "+49 30 1" }))
        .send()
        .await
        .expect(200);

    let mut paged: Vec<Value> = Vec::new();
    let mut target = format!("{CUSTOMERS}?limit=2");
    while paged.iter().all(|item| item["email"] != *emails[0]) {
        let page = world.ours.merchant.get(&target).send().await.expect(200);
        assert_eq!(page.the("cache-control"), "private, no-store");
        paged.extend(page.json()["items"].as_array().unwrap().clone());
        let Some(next) = page.json()["nextCursor"].as_str().map(str::to_owned) else { break };
        assert!(page.the("link").contains(&next));
        target = format!("{CUSTOMERS}?limit=2&cursor={next}");
    }
    let own: Vec<&str> = paged
        .iter()
        .filter_map(|item| item["email"].as_str())
        .filter(|email| emails.iter().any(|own| own == email))
        .collect();
    assert_eq!(own, [&emails[2], &emails[1], &emails[0]]);
    let ids: Vec<&str> = paged.iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert!(ids.windows(2).all(|pair| pair[1] < pair[0]), "{ids:?}");

    let first = found(&world.ours.merchant, &emails[0].to_uppercase()).await;
    assert_eq!(
        (&first["name"], &first["phone"], &first["state"]),
        (&json!("Grace"), &json!("+49 30 1"), &json!("active"))
    );
    assert!(first["emailVerifiedAt"].is_string(), "{first}");
    let path = format!("{CUSTOMERS}/{}", first["id"].as_str().unwrap());
    let shown = world.ours.merchant.get(&path).send().await.expect(200);
    assert_eq!((shown.json(), shown.the("etag").to_owned()), (first.clone(), format!("\"{}\"", first["version"])));
    for secret in ["password", "hash", "secret", "sealed"] {
        assert!(!shown.json().to_string().to_lowercase().contains(secret), "{shown}");
    }
    // Who works here is no customer, and another tenant's are not there.
    for email in ["owner@example.com", "viewer@example.com", "nobody-at-all@example.com"] {
        let page = world.ours.merchant.get(CUSTOMERS).query(&[("filter[email]", email)]).send().await.expect(200);
        assert_eq!(page.json()["items"], json!([]), "{email}");
    }
    let owner = as_person(&world, &log_in(&world.ours, "owner@example.com").await.expect(200));
    let me = owner.get("/api/v1/auth/me").send().await.expect(200).json()["id"].as_str().unwrap().to_owned();
    owner.get(&format!("{CUSTOMERS}/{me}")).send().await.expect_problem(404, "not-found");
    owner.post(&format!("{CUSTOMERS}/{me}/suspend")).send().await.expect_problem(404, "not-found");
    let theirs = world.theirs.merchant.get(CUSTOMERS).query(&[("filter[email]", &emails[0])]).send().await;
    assert_eq!(theirs.expect(200).json()["items"], json!([]));
    world.theirs.merchant.get(&path).send().await.expect_problem(404, "not-found");
    for verb in ["suspend", "resume"] {
        let theirs = world.theirs.merchant.post(&format!("{path}/{verb}")).send().await;
        theirs.expect_problem(404, "not-found");
    }
    // A viewer looks and changes nothing; a customer sees nobody.
    let viewer = as_person(&world, &log_in(&world.ours, "viewer@example.com").await.expect(200));
    viewer.get(&path).send().await.expect(200);
    viewer.post(&format!("{path}/suspend")).send().await.expect_problem(403, "missing-scope");
    person.get(CUSTOMERS).send().await.expect_problem(403, "missing-scope");
    world.ours.shopper.get(&path).send().await.expect_problem(403, "missing-scope");

    for (query, place) in [
        ("limit=0", "?limit"),
        ("cursor=x", "?cursor"),
        ("filter[email]=", "?filter[email]"),
        ("filter[email]=ada", "?filter[email]"),
        ("filter[name]=Grace", "?filter[name]"),
        ("sort=oldest", "?sort"),
    ] {
        let refused = world.ours.merchant.get(&format!("{CUSTOMERS}?{query}")).send().await;
        assert_eq!(refused.expect_problem(422, "invalid-request").places(), [place], "{query}");
    }
    for id in ["me%00", "usr_", "prod_01h455vb4pex5vsknk084sn02q", "'%20OR%201=1--"] {
        world.ours.merchant.get(&format!("{CUSTOMERS}/{id}")).send().await.expect_problem(404, "not-found");
    }
}

pub async fn a_suspended_customer_is_out_until_resumed(world: World) {
    let email = world.email("suspended");
    sign_up(&world, &email).await;
    let tokens = log_in_with(&world.ours, &email, PASSWORD).await.expect(200);
    let person = as_person(&world, &tokens);
    person.get("/api/v1/customers/me").send().await.expect(200);
    ask_for_link(&world, &email).await;
    let before = world.mailed_secret(&email, "account/magic").await;
    let member = as_person(&world, &log_in(&world.ours, "member@example.com").await.expect(200));
    let customer = found(&member, &email).await;
    let path = format!("{CUSTOMERS}/{}", customer["id"].as_str().unwrap());

    let stale = member.post(&format!("{path}/suspend")).header("if-match", "\"99\"").send().await;
    assert_eq!(stale.expect_problem(412, "version-mismatch").json()["version"], customer["version"]);
    let etag = format!("\"{}\"", customer["version"]);
    let suspended = member.post(&format!("{path}/suspend")).header("if-match", &etag).send().await.expect(200);
    assert_eq!((&suspended.json()["state"], suspended.spent().sql <= 2), (&json!("suspended"), true), "{suspended}");
    // Again, it is suspended again, and nothing has changed.
    let again = member.post(&format!("{path}/suspend")).send().await.expect(200);
    assert_eq!(again.json(), suspended.json());
    eventually("the customer's token to be void", VOID_WITHIN, async || {
        (person.get("/api/v1/customers/me").send().await.status == 401).then_some(())
    })
    .await;
    refresh(&world.ours, &tokens).await.expect_problem(401, "session-ended");
    log_in_with(&world.ours, &email, PASSWORD).await.expect_problem(401, "login-refused");
    // Nor by a link: neither by one from before, nor by another, which is not sent.
    exchange(&world.ours, &before, None).await.expect_problem(410, "link-gone");
    ask_for_link(&world, &email).await;

    for _ in 0..2 {
        let resumed = member.post(&format!("{path}/resume")).send().await.expect(200).json();
        assert_eq!((&resumed["state"], &resumed["email"]), (&json!("active"), &json!(email)));
    }
    refresh(&world.ours, &tokens).await.expect_problem(401, "session-ended");
    log_in_with(&world.ours, &email, PASSWORD).await.expect(200);
    // A link that was sent meanwhile would have come before this mail.
    let forgot = world.ours.shopper.post("/api/v1/auth/password/forgot").json(&json!({ "email": email }));
    forgot.send().await.expect(202);
    world.mailed_secret(&email, "account/reset-password").await;
    let mails = world.mails(&email);
    assert_eq!(mails.iter().filter(|mail| mail.text.contains("account/magic")).count(), 1);
    let owner = as_person(&world, &log_in(&world.ours, "owner@example.com").await.expect(200));
    let log = owner.get(&format!("/api/v1/audit-log?filter[subject]={}", customer["id"].as_str().unwrap()));
    let log = log.send().await.expect(200).json();
    let said: Vec<&Value> = log["items"].as_array().unwrap().iter().collect();
    let of = |action: &str| said.iter().filter(|row| row["action"] == action).copied().cloned().collect::<Vec<Value>>();
    let [suspend] = of("customer.suspend").try_into().unwrap();
    let [resume] = of("customer.resume").try_into().unwrap();
    assert_eq!(
        (&suspend["before"], &suspend["after"]),
        (&json!({ "state": "active" }), &json!({ "state": "suspended" }))
    );
    assert_eq!((&resume["before"], &resume["after"]), (&suspend["after"], &suspend["before"]));
    assert!(suspend["actor"].as_str().unwrap().starts_with("usr_"), "{suspend}");
}

async fn ask_for_link(world: &World, email: &str) {
    world.ours.shopper.post("/api/v1/auth/magic").json(&json!({ "email": email })).send().await.expect(202);
}

async fn found(by: &Client, email: &str) -> Value {
    let page = by.get(CUSTOMERS).query(&[("filter[email]", email)]).send().await.expect(200).json();
    assert_eq!((page["items"].as_array().unwrap().len(), &page["nextCursor"]), (1, &Value::Null), "{page}");
    page["items"][0].clone()
}
