//! People are invited to the staff by mail, and join once.

use std::time::Duration;

use futures_util::future::join_all;
use headlesspro_edge::identity::create_account;
use headlesspro_edge::port::sql::{Commit, Statement};
use headlesspro_shared::identity::{Password, Role};
use serde_json::{Value, json};

use super::members::{hire, tenant_of};
use crate::app::{Kind, STAFF_PASSWORD, Stage};
use crate::client::{Answer, Client};
use crate::eventually::eventually;
use crate::stories::sessions::{as_person, log_in};
use crate::world::World;

const AT_ONCE: usize = 20;

pub fn invitations(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        somebody_new_joins(stage, &world).await;
        a_customer_keeps_the_account(stage, &world).await;
        nobody_offers_more_than_they_hold(stage, &world).await;
        links_end(stage, &world).await;
        let winners = one_wins(stage, &world).await;
        println!("{kind}: {AT_ONCE} accepted one invitation at once, {winners} joined");
    });
}

/// The secret of the newest mail to `email` that is not `but`.
pub async fn secret(stage: &Stage, email: &str, but: Option<&str>) -> String {
    eventually("the mail", Duration::from_secs(20), async || {
        let mails = stage.mailbox().mails();
        let mut secrets = mails.iter().filter(|mail| mail.to.as_str() == email).filter_map(|mail| {
            let rest = mail.text.split_once("#token=")?.1;
            rest.split_whitespace().next().map(str::to_owned)
        });
        secrets.find(|secret| Some(secret.as_str()) != but)
    })
    .await
}

async fn invite(by: &Client, email: &str, role: &str) -> Answer {
    by.post("/api/v1/invitations").json(&json!({ "email": email, "role": role })).send().await
}

async fn accept(world: &World, body: Value) -> Answer {
    world.ours.shopper.post("/api/v1/invitations/accept").json(&body).send().await
}

async fn owner(world: &World) -> Client {
    as_person(world, &log_in(&world.ours, "owner@example.com").await.expect(200))
}

async fn state(by: &Client, id: &str) -> Value {
    let all = by.get("/api/v1/invitations?limit=250").send().await.expect(200).json();
    let found = all["items"].as_array().unwrap().iter().find(|item| item["id"] == id).cloned();
    found.unwrap_or_else(|| panic!("{id} is not in {all}"))["state"].clone()
}

async fn somebody_new_joins(stage: &Stage, world: &World) {
    let owner = owner(world).await;
    let email = format!("{}@example.com", world.name("new"));
    let store = tenant_of(&world.ours).store.to_string();
    let grants = json!([{ "scopes": "catalog:read orders:read", "to": { "store": store } }]);
    let wanted = json!({ "email": email, "role": "member", "grants": grants, "locale": "ko" });
    let key = world.name("invite");
    let send = || owner.post("/api/v1/invitations").header("idempotency-key", &key).json(&wanted).send();
    let made = send().await.expect(201);
    let again = send().await.expect(201);
    assert!(again.is_replayed() && again.json() == made.json(), "{again}");
    assert_eq!((&made.json()["state"], &made.json()["grants"]), (&json!("open"), &grants));
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let twice = invite(&owner, &email.to_uppercase(), "viewer").await.expect_problem(409, "already-invited");
    assert_eq!(twice.json()["invitationId"], id.as_str());

    let token = secret(stage, &email, None).await;
    let mail = stage.mailbox().mails().into_iter().find(|mail| mail.to.as_str() == email).unwrap();
    assert!(mail.text.contains("/invitation#token="), "{}", mail.text);
    let without = accept(world, json!({ "token": token })).await.expect(422);
    assert_eq!(without.places(), ["#/password"]);
    let weak = accept(world, json!({ "token": token, "password": "password" })).await.expect(422);
    assert_eq!(weak.places(), ["#/password"]);
    let body = json!({ "token": token, "password": STAFF_PASSWORD, "name": "Grace Hopper" });
    // Another tenant's key finds nothing.
    let foreign = world.theirs.shopper.post("/api/v1/invitations/accept").json(&body);
    foreign.send().await.expect_problem(404, "not-found");
    let joined = accept(world, body.clone()).await.expect(200);
    assert_eq!((&joined.json()["created"], &joined.json()["organization"]), (&json!(true), &json!("Ours")));
    let tokens = log_in(&world.ours, &email).await.expect(200);
    assert_eq!(tokens.json()["account"]["role"], "member");
    let person = as_person(world, &tokens);
    person.get("/api/v1/products?limit=1").send().await.expect(200);
    person.get("/api/v1/members").send().await.expect_problem(403, "missing-scope");
    let me = person.get("/api/v1/auth/me").send().await.expect(200).json();
    assert_eq!((&me["name"], &me["locale"]), (&json!("Grace Hopper"), &json!("ko")));
    assert_eq!(accept(world, body).await.expect_problem(409, "invitation-not-open").json()["state"], "accepted");
    assert_eq!(state(&owner, &id).await, "accepted");
    invite(&owner, &email, "viewer").await.expect_problem(409, "already-member");

    let log = owner.get(&format!("/api/v1/audit-log?filter[subject]={id}")).send().await.expect(200).json();
    let told = log.to_string();
    assert!(!told.contains(&email) && !told.contains(&token), "{told}");
    let actions: Vec<&str> =
        log["items"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["invitation.accept", "invitation.create"]);
}

async fn a_customer_keeps_the_account(stage: &Stage, world: &World) {
    let owner = owner(world).await;
    let customer = hire(stage, world, &world.ours, Role::Customer, "customer").await;
    invite(&owner, &customer.email, "viewer").await.expect(201);
    let token = secret(stage, &customer.email, None).await;
    let joined = accept(world, json!({ "token": token, "password": "another horse battery" })).await.expect(200);
    assert_eq!(
        (&joined.json()["created"], joined.json()["accountId"].as_str()),
        (&json!(false), Some(customer.id.as_str()))
    );
    // The password is the one it was.
    let tokens = log_in(&world.ours, &customer.email).await.expect(200);
    assert_eq!(tokens.json()["account"]["role"], "viewer");

    // Somebody else's registration of the address, never confirmed: its password, name and language count for nothing.
    let squatted = hire(stage, world, &world.ours, Role::Customer, "squatted").await;
    squatted
        .client
        .patch("/api/v1/customers/me")
        .json(&json!({ "name": "Mallory", "locale": "ko" }))
        .send()
        .await
        .expect(200);
    let mut unconfirm = Commit::new();
    let sql = "UPDATE account SET email_verified_at = NULL WHERE id = ?1";
    unconfirm.push(Statement::new(sql).bind(squatted.id.as_str()));
    stage.sql().commit(&unconfirm).await.unwrap();
    invite(&owner, &squatted.email, "admin").await.expect(201);
    let token = secret(stage, &squatted.email, None).await;
    assert_eq!(accept(world, json!({ "token": token })).await.expect(422).places(), ["#/password"]);
    let chosen = "their own long password";
    accept(world, json!({ "token": token, "password": chosen, "name": "Grace" })).await.expect(200);
    log_in(&world.ours, &squatted.email).await.expect_problem(401, "login-refused");
    let login = json!({ "email": squatted.email, "password": chosen });
    let tokens = world.ours.shopper.post("/api/v1/auth/login").json(&login).send().await.expect(200);
    let me = as_person(world, &tokens).get("/api/v1/auth/me").send().await.expect(200).json();
    assert_eq!((&me["name"], &me["locale"]), (&json!("Grace"), &json!("en")));
}

async fn nobody_offers_more_than_they_hold(stage: &Stage, world: &World) {
    let owner = owner(world).await;
    let admin = hire(stage, world, &world.ours, Role::Admin, "inviter").await;
    let email = |name: &str| format!("{}@example.com", world.name(name));
    invite(&admin.client, &email("o"), "owner").await.expect_problem(403, "owners-only");
    assert_eq!(invite(&admin.client, &email("c"), "customer").await.expect(422).places(), ["#/role"]);
    let unknown = invite(&admin.client, &email("r"), "role_01h455vb4pex5vsknk084sn02q").await;
    assert_eq!(unknown.expect(422).places(), ["#/role"]);
    let viewer = hire(stage, world, &world.ours, Role::Viewer, "onlooker").await;
    for client in [&viewer.client, &world.ours.merchant] {
        invite(client, &email("v"), "viewer").await.expect_problem(403, "missing-scope");
    }
    let malformed = json!({ "email": "x", "role": "root", "locale": "!", "grants": [{}], "note": "hi" });
    let mut places = admin.client.post("/api/v1/invitations").json(&malformed).send().await.expect(422).places();
    places.sort_unstable();
    assert_eq!(places, ["#/email", "#/grants/0/scopes", "#/locale", "#/note", "#/role"]);

    // What somebody offered ends with their own right to offer it.
    let offered = invite(&admin.client, &email("friend"), "admin").await.expect(201).json();
    let token = secret(stage, &email("friend"), None).await;
    let path = format!("/api/v1/members/{}", admin.id);
    owner.patch(&path).json(&json!({ "role": "viewer" })).send().await.expect(200);
    assert_eq!(state(&owner, offered["id"].as_str().unwrap()).await, "revoked");
    let refused = accept(world, json!({ "token": token, "password": STAFF_PASSWORD })).await;
    assert_eq!(refused.expect_problem(409, "invitation-not-open").json()["state"], "revoked");
}

async fn links_end(stage: &Stage, world: &World) {
    let owner = owner(world).await;
    let email = format!("{}@example.com", world.name("late"));
    let made = invite(&owner, &email, "viewer").await.expect(201).json();
    let path = format!("/api/v1/invitations/{}", made["id"].as_str().unwrap());
    let first = secret(stage, &email, None).await;
    owner.post(&format!("{path}/resend")).send().await.expect(200);
    let second = secret(stage, &email, Some(&first)).await;
    let body = |token: &str| json!({ "token": token, "password": STAFF_PASSWORD });
    accept(world, body(&first)).await.expect_problem(404, "not-found");
    let theirs = as_person(world, &log_in(&world.theirs, "owner@example.com").await.expect(200));
    theirs.delete(&path).send().await.expect_problem(404, "not-found");
    theirs.post(&format!("{path}/resend")).send().await.expect_problem(404, "not-found");

    let mut end = Commit::new();
    end.push(
        Statement::new("UPDATE invitation SET expires_at = created_at + 1 WHERE id = ?1").bind(made["id"].as_str()),
    );
    stage.sql().commit(&end).await.unwrap();
    assert_eq!(
        accept(world, body(&second)).await.expect_problem(409, "invitation-not-open").json()["state"],
        "expired"
    );
    owner.post(&format!("{path}/resend")).send().await.expect_problem(409, "invitation-not-open");
    // Its place is free again.
    let next = invite(&owner, &email, "viewer").await.expect(201).json();
    assert_eq!(state(&owner, made["id"].as_str().unwrap()).await, "expired");
    let path = format!("/api/v1/invitations/{}", next["id"].as_str().unwrap());
    owner.delete(&path).send().await.expect(204);
    owner.delete(&path).send().await.expect(204);
    assert_eq!(state(&owner, next["id"].as_str().unwrap()).await, "revoked");
}

/// Answers how many of those who accepted at once have joined.
async fn one_wins(stage: &Stage, world: &World) -> usize {
    let owner = owner(world).await;
    let email = format!("{}@example.com", world.name("crowd"));
    invite(&owner, &email, "viewer").await.expect(201);
    let token = secret(stage, &email, None).await;
    let body = json!({ "token": token, "password": STAFF_PASSWORD });
    let answers = join_all((0..AT_ONCE).map(|_| accept(world, body.clone()))).await;
    let winners = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(winners, 1);
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 409)));
    log_in(&world.ours, &email).await.expect(200);

    // Twenty invite one address at once: one mail, one invitation.
    let email = format!("{}@example.com", world.name("popular"));
    let answers = join_all((0..AT_ONCE).map(|_| invite(&owner, &email, "viewer"))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 409)));
    let parsed = email.parse().unwrap();
    let password = Password::chosen(STAFF_PASSWORD, &parsed).unwrap();
    let locale = "en".parse().unwrap();
    let made = create_account(stage.app(), tenant_of(&world.ours), &parsed, &password, Role::Viewer, &locale).await;
    made.unwrap().unwrap();
    // Whoever became a member meanwhile is not made one again.
    let token = secret(stage, &email, None).await;
    accept(world, json!({ "token": token })).await.expect_problem(409, "already-member");
    winners
}
