//! Whom a provider vouches for gets the registration of their address, and is asked for a second factor.

use futures_util::future::join_all;
use headlesspro_edge::port::sql::{Commit, Committed, Statement};
use headlesspro_shared::identity::Role;
use serde_json::{Value, json};

use super::identity_providers::{PAGE, begun, come, finish, set_up};
use super::members::{Somebody, hire, is_void};
use crate::app::{Kind, STAFF_PASSWORD, Stage};
use crate::authenticator::Authenticator;
use crate::hosts::start_identity_provider;
use crate::stories::passkeys::{self, ORIGIN, person};
use crate::stories::people;
use crate::stories::second_factors::{confirm, early_in_a_step, enroll, step};
use crate::stories::sessions::{as_person, log_in, log_in_with};
use crate::world::World;

const IDENTITIES: &str = "/api/v1/auth/identities";
const UNVERIFY: &str = "UPDATE account SET email_verified_at = NULL WHERE id = ?1";
/// Logged in eleven minutes ago.
const AGE: &str = "UPDATE session SET created_at = created_at - 660000 WHERE account_id = ?1";
const SUSPEND: &str = "UPDATE account SET state = 'suspended' WHERE id = ?1";

/// The password of whoever registered what is not theirs.
const STRANGERS: &str = "incorrect mule cell";

pub fn a_registration_gives_way_to_its_owner(stage: &Stage, kind: Kind) {
    let provider = start_identity_provider(stage.provider_port()).unwrap();
    stage.run(async {
        let world = stage.world();
        let owner = as_person(&world, &log_in(&world.ours, "owner@example.com").await.expect(200));
        let id = set_up(&owner, json!({ "clientId": "shop", "issuer": provider.url })).await;
        a_strangers_registration_is_whose_address_it_is(stage, &world, &id).await;
        whatever_opened_it_is_void(stage, &world, &id).await;
        more_than_a_registration_stays(stage, &world, &id).await;
        println!("{kind}: registrations that nobody confirmed went to whom the provider vouched for");
    });
}

async fn a_strangers_registration_is_whose_address_it_is(stage: &Stage, world: &World, id: &str) {
    let name = world.name("squatted");
    let email = world.email("squatted");
    people::register(&world.ours, &email, STRANGERS).await.expect(202);
    let link = world.mailed_secret(&email, "account/verify").await;
    // The provider has to know the address.
    let unsure = format!("unverified-{name}");
    people::register(&world.ours, &format!("{unsure}@example.com"), STRANGERS).await.expect(202);
    let refused = come(world, id, &unsure).await.expect_problem(409, "identity-not-linked");
    assert_eq!(refused.json()["reason"], "email-not-verified");

    // Many browsers of the owner at once: one account, and it is theirs.
    let answers = join_all((0..6).map(|_| come(world, id, &name))).await;
    let accounts: Vec<Value> = answers.iter().map(|answer| answer.json()["account"].clone()).collect();
    assert!(accounts.iter().all(|account| account["role"] == "customer" && *account == accounts[0]), "{accounts:?}");
    let me = as_person(world, &answers[0]).get("/api/v1/auth/me").send().await.expect(200).json();
    assert_eq!((&me["email"], &me["name"]), (&json!(email), &json!(format!("Person {name}"))));
    assert!(me["emailVerifiedAt"].is_string(), "{me}");
    people::confirm(&world.ours, &link, STRANGERS).await.expect_problem(410, "link-gone");
    log_in_with(&world.ours, &email, STRANGERS).await.expect_problem(401, "login-refused");
    assert_eq!(events_of(stage, accounts[0]["id"].as_str().unwrap()).await, ["account.registered", "account.verified"]);
}

async fn whatever_opened_it_is_void(stage: &Stage, world: &World, id: &str) {
    person(world, "owner@example.com").await;
    let squatter = hire(stage, world, &world.ours, Role::Customer, "squatter").await;
    let mut authenticator = Authenticator::es256(&world.name("squatter"), ORIGIN);
    passkeys::register(&squatter.client, &mut authenticator).await.expect(201);
    enroll(&squatter.client).await;
    change(stage, UNVERIFY, &squatter).await;
    let name = world.name("squatter");
    let owner = come(world, id, &name).await.expect(200);
    assert_eq!(owner.json()["account"]["id"], squatter.id);
    is_void(&squatter.client).await;
    let refresh = json!({ "refreshToken": squatter.refresh_token });
    let refresh = world.ours.shopper.post("/api/v1/auth/refresh").json(&refresh).send().await;
    refresh.expect_problem(401, "session-ended");
    log_in_with(&world.ours, &squatter.email, STAFF_PASSWORD).await.expect_problem(401, "login-refused");
    passkeys::log_in_with(world, &mut authenticator).await.expect_problem(401, "login-refused");
    let owner = as_person(world, &owner);
    let left = owner.get("/api/v1/auth/passkeys").send().await.expect(200).json();
    assert_eq!(left["items"], json!([]));
    confirm(&owner, "123456").await.expect_problem(409, "second-factor-missing");
}

async fn more_than_a_registration_stays(stage: &Stage, world: &World, id: &str) {
    let staff = hire(stage, world, &world.ours, Role::Viewer, "unconfirmed-viewer").await;
    let suspended = hire(stage, world, &world.ours, Role::Customer, "suspended").await;
    change(stage, SUSPEND, &suspended).await;
    let guarded = hire(stage, world, &world.ours, Role::Customer, "guarded").await;
    let now = early_in_a_step().await;
    confirm(&guarded.client, &enroll(&guarded.client).await.code(now)).await.expect(200);
    for somebody in [staff, suspended, guarded] {
        change(stage, UNVERIFY, &somebody).await;
        let name = somebody.email.strip_suffix("@example.com").unwrap();
        let refused = come(world, id, name).await.expect_problem(409, "identity-not-linked");
        assert_eq!(refused.json()["reason"], "account-not-verified", "{name}");
    }
}

pub fn a_providers_word_is_one_factor(stage: &Stage, kind: Kind) {
    let provider = start_identity_provider(stage.provider_port()).unwrap();
    stage.run(async {
        let world = stage.world();
        let owner = as_person(&world, &log_in(&world.ours, "owner@example.com").await.expect(200));
        let id = set_up(&owner, json!({ "clientId": "shop", "issuer": provider.url })).await;
        person(&world, "owner@example.com").await;
        let ada = hire(stage, &world, &world.ours, Role::Customer, "ada").await;
        let name = world.name("ada");
        come(&world, &id, &name).await.expect(200);
        let mut authenticator = Authenticator::es256(&name, ORIGIN);
        passkeys::register(&ada.client, &mut authenticator).await.expect(201);
        let now = early_in_a_step().await;
        let app = enroll(&ada.client).await;
        let codes = confirm(&ada.client, &app.code(now)).await.expect(200).json()["recoveryCodes"].clone();

        let asked = come(&world, &id, &name).await.expect_problem(401, "second-factor-required").json();
        assert!(asked.get("accessToken").is_none(), "{asked}");
        let challenge = asked["challenge"].as_str().unwrap();
        step(&world, challenge, json!({ "code": app.code(now) })).await.expect_problem(401, "second-factor-wrong");
        let opened = step(&world, challenge, json!({ "recoveryCode": codes[0] })).await.expect(200);
        assert_eq!(opened.json()["account"]["id"], ada.id);
        // A link that was asked for is made, and opens no session by itself either.
        let link = as_person(&world, &opened).post(&format!("/api/v1/auth/providers/{id}/link"));
        let link = begun(link.json(&json!({ "redirectUri": PAGE })).send().await);
        let other = world.name("ada-at-work");
        finish(&world.ours.shopper, &link, &other).await.expect_problem(401, "second-factor-required");
        come(&world, &id, &other).await.expect_problem(401, "second-factor-required");
        // A passkey with its owner verified is both.
        let opened = passkeys::log_in_with(&world, &mut authenticator).await.expect(200);
        assert_eq!(opened.json()["account"]["id"], ada.id);
        linked_identities_are_shown_and_unlinked(stage, &world, &id).await;
        who_has_no_password_changes_the_address_by_a_fresh_login(stage, &world, &id).await;
        println!("{kind}: logins by a provider were asked for the code, one by a passkey was not");
    });
}

async fn linked_identities_are_shown_and_unlinked(stage: &Stage, world: &World, id: &str) {
    let grace = hire(stage, world, &world.ours, Role::Customer, "grace").await;
    let name = world.name("grace");
    let listed = async || grace.client.get(IDENTITIES).send().await.expect(200).json()["items"].clone();
    assert_eq!(listed().await, json!([]));
    come(world, id, &name).await.expect(200);
    world.mail(&grace.email, "can be opened by Tests").await;
    let first = listed().await[0].clone();
    assert_eq!((&first["provider"]["id"], &first["email"]), (&json!(id), &json!(grace.email)), "{first}");
    let hint = first["subjectHint"].as_str().unwrap().trim_start_matches('\u{2026}');
    assert!(name.ends_with(hint) && hint.len() < name.len(), "{first}");
    come(world, id, &name).await.expect(200);
    assert!(first["linkedAt"].as_str() < listed().await[0]["lastUsedAt"].as_str(), "{first}");

    let path = format!("{IDENTITIES}/{}", first["id"].as_str().unwrap());
    let other = as_person(world, &log_in(&world.ours, "member@example.com").await.expect(200));
    other.delete(&path).send().await.expect_problem(404, "not-found");
    let theirs = as_person(world, &log_in(&world.theirs, "owner@example.com").await.expect(200));
    theirs.delete(&path).send().await.expect_problem(404, "not-found");
    grace.client.delete(&path).send().await.expect(204);
    world.mail(&grace.email, "is no longer linked to Tests").await;
    grace.client.delete(&path).send().await.expect_problem(404, "not-found");

    // Who has nothing but identities keeps one, whoever many are unlinked at once.
    let lise = come(world, id, &world.name("lise")).await.expect(200);
    let lise = as_person(world, &lise);
    for number in 0..2 {
        let link = lise.post(&format!("/api/v1/auth/providers/{id}/link")).json(&json!({ "redirectUri": PAGE }));
        let link = begun(link.send().await);
        finish(&world.ours.shopper, &link, &world.name(&format!("lise-{number}"))).await.expect(200);
    }
    let page = lise.get(&format!("{IDENTITIES}?limit=2")).send().await.expect(200).json();
    let next = format!("{IDENTITIES}?limit=2&cursor={}", page["nextCursor"].as_str().unwrap());
    let last = lise.get(&next).send().await.expect(200).json();
    assert_eq!(last["nextCursor"], Value::Null, "{last}");
    let items = [page, last].iter().flat_map(|page| page["items"].as_array().unwrap().clone()).collect::<Vec<_>>();
    let all = lise.get(IDENTITIES).send().await.expect(200).json()["items"].clone();
    assert_eq!(json!(items), all);
    let items = all;
    let paths: Vec<String> =
        items.as_array().unwrap().iter().map(|item| format!("{IDENTITIES}/{}", item["id"].as_str().unwrap())).collect();
    let answers = join_all(paths.iter().map(|path| lise.delete(path).send())).await;
    let (gone, kept): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 204);
    assert_eq!((gone.len(), kept.len()), (2, 1));
    for answer in kept {
        answer.expect_problem(409, "last-login-method");
    }
}

async fn who_has_no_password_changes_the_address_by_a_fresh_login(stage: &Stage, world: &World, id: &str) {
    let tokens = come(world, id, &world.name("emmy")).await.expect(200);
    let account = tokens.json()["account"]["id"].as_str().unwrap().to_owned();
    let emmy = as_person(world, &tokens);
    let new = world.email("emmy-n");
    let ask = || emmy.post("/api/v1/auth/email").json(&json!({ "email": new })).send();
    ask().await.expect(202);
    let mut age = Commit::new();
    age.push(Statement::new(AGE).bind(account.as_str()));
    stage.sql().commit(&age).await.unwrap();
    ask().await.expect_problem(403, "login-not-fresh");
    // Nor does a token that is all somebody has add anything else that opens the account.
    let link = json!({ "redirectUri": PAGE });
    for (path, body) in [
        ("/api/v1/auth/passkeys/registration-options", json!({})),
        ("/api/v1/auth/second-factor", json!({})),
        (format!("/api/v1/auth/providers/{id}/link").as_str(), link),
    ] {
        emmy.post(path).json(&body).send().await.expect_problem(403, "login-not-fresh");
    }
    let token = json!({ "token": world.mailed_secret(&new, "account/confirm-email").await });
    world.ours.shopper.post("/api/v1/auth/email/confirm").json(&token).send().await.expect(204);
    let told = ["account.registered", "account.verified", "account.email_changed"];
    assert_eq!(events_of(stage, &account).await, told);
    // The identity is still theirs, and the address it was found by nobody's.
    let again = come(world, id, &world.name("emmy")).await.expect(200);
    assert_eq!(again.json()["account"]["id"], json!(account));
}

async fn change(stage: &Stage, sql: &'static str, somebody: &Somebody) {
    let mut commit = Commit::new();
    commit.push(Statement::new(sql).bind(somebody.id.as_str()));
    assert!(matches!(stage.sql().commit(&commit).await, Ok(Committed::Done { .. })));
}

/// The types of an account's events, in their order.
async fn events_of(stage: &Stage, account: &str) -> Vec<String> {
    let events = Statement::new("SELECT type FROM outbox WHERE aggregate_id = ?1 ORDER BY version").bind(account);
    let rows = stage.sql().read(vec![events]).await.unwrap();
    rows[0].iter().map(|row| row.get::<&str>("type").unwrap().to_owned()).collect()
}
