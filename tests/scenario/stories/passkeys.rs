//! People make passkeys and log in with them; what is not theirs, or was seen before, opens nothing.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::sessions::{as_person, log_in};
use crate::authenticator::Authenticator;
use crate::client::{Answer, Client};
use crate::world::World;

pub const ORIGIN: &str = "https://www.shop.example";

pub async fn a_passkey_is_made_used_named_and_removed(world: World) {
    let (tokens, person) = person(&world, "member@example.com").await;
    for (number, mut authenticator) in
        [Authenticator::es256(&world.name("a"), ORIGIN), Authenticator::ed_dsa(&world.name("b"), ORIGIN)]
            .into_iter()
            .enumerate()
    {
        authenticator.attests = number == 1;
        let made = register(&person, &mut authenticator).await.expect(201);
        assert_eq!(made.json()["algorithm"], ["ES256", "EdDSA"][number]);
        let path = made.the("location").to_owned();
        let opened = log_in_with(&world, &mut authenticator).await.expect(200);
        assert_eq!(opened.json()["account"], tokens.json()["account"]);
        as_person(&world, &opened).get("/api/v1/auth/me").send().await.expect(200);

        let named = person.patch(&path).json(&json!({ "name": "Key ring" })).send().await.expect(200).json();
        assert!(named["name"] == "Key ring" && named["lastUsedAt"].is_string() && named["backedUp"] == true, "{named}");
        let listed = person.get("/api/v1/auth/passkeys").send().await.expect(200).json();
        assert!(listed["items"].as_array().unwrap().contains(&named), "{listed}");
        // The same credential is registered once; another account's passkeys are not there.
        let again = register(&person, &mut authenticator).await;
        again.expect_problem(409, "passkey-exists");
        let (_, other) = self::person(&world, "viewer@example.com").await;
        other.delete(&path).send().await.expect_problem(404, "not-found");
        other.patch(&path).json(&json!({ "name": "Mine" })).send().await.expect_problem(404, "not-found");
        person.delete(&path).send().await.expect(204);
        person.delete(&path).send().await.expect_problem(404, "not-found");
        log_in_with(&world, &mut authenticator).await.expect_problem(401, "login-refused");
    }
}

pub async fn the_owner_is_told_of_passkeys_that_come_and_go(world: World) {
    set_party(&as_person(&world, &log_in(&world.ours, "owner@example.com").await.expect(200))).await;
    let email = world.email("told");
    super::people::sign_up(&world, &email).await;
    let person = as_person(&world, &log_in(&world.ours, &email).await.expect(200));
    let made = register(&person, &mut Authenticator::es256(&world.name("told"), ORIGIN)).await.expect(201);
    let told = world.mail(&email, "a passkey was added to your account at ").await;
    assert!(told.text.contains(": Phone."), "{}", told.text);
    person.delete(made.the("location")).send().await.expect(204);
    let told = world.mail(&email, "a passkey was removed from your account at ").await;
    assert!(told.text.contains(": Phone."), "{}", told.text);
}

pub async fn a_challenge_is_good_once_and_for_who_asked(world: World) {
    let (_, person) = person(&world, "admin@example.com").await;
    let mut authenticator = Authenticator::es256(&world.name("a"), ORIGIN);
    register(&person, &mut authenticator).await.expect(201);
    // Ten at once with one answer: one session.
    let answer = authenticator.get(&login_options(&world).await);
    let answers = join_all((0..10).map(|_| present(&world, &answer))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 9));
    for answer in lost {
        answer.expect_problem(401, "passkey-not-proven");
    }
    // A challenge of a registration logs nobody in, and one of somebody else registers nothing.
    let options = registration_options(&person).await;
    let mut mixed = options.clone();
    mixed["publicKey"]["rpId"] = options["publicKey"]["rp"]["id"].clone();
    present(&world, &authenticator.get(&mixed)).await.expect_problem(401, "passkey-not-proven");
    let (_, other) = self::person(&world, "viewer@example.com").await;
    let credential = Authenticator::es256(&world.name("b"), ORIGIN).create(&options);
    let body = json!({ "credential": credential });
    other.post("/api/v1/auth/passkeys").json(&body).send().await.expect_problem(401, "passkey-not-proven");
    person.post("/api/v1/auth/passkeys").json(&body).send().await.expect(201);
    let mut made_up = login_options(&world).await;
    made_up["publicKey"]["challenge"] = json!("b3BhcXVlLWJ5LWRlc2lnbi1hbmQtdXNlZC1vbmNlLTA");
    present(&world, &authenticator.get(&made_up)).await.expect_problem(401, "passkey-not-proven");
}

pub async fn what_an_authenticator_must_not_say_is_refused(world: World) {
    let (_, person) = person(&world, "owner@example.com").await;
    let good = Authenticator::es256(&world.name("a"), ORIGIN);
    let lies = || {
        let elsewhere = Authenticator { origin: "https://evil.example".to_owned(), ..good.clone() };
        let other_party = Authenticator { rp_id: Some("evil.example".to_owned()), ..good.clone() };
        [elsewhere, other_party, good.clone().without_verification(), good.clone().untouched()]
    };
    for mut authenticator in lies() {
        register(&person, &mut authenticator).await.expect_problem(401, "passkey-not-proven");
    }
    let mut authenticator = good.clone();
    register(&person, &mut authenticator).await.expect(201);
    for lie in lies() {
        let mut liar = authenticator.clone();
        (liar.origin, liar.rp_id, liar.flags) = (lie.origin, lie.rp_id, lie.flags);
        log_in_with(&world, &mut liar).await.expect_problem(401, "passkey-not-proven");
    }
    // Another key with the same id, and a signature of another answer.
    let mut forger = Authenticator::es256(&world.name("b"), ORIGIN);
    forger.credential_id = authenticator.credential_id.clone();
    let mut forged = forger.get(&login_options(&world).await);
    forged["response"]["userHandle"] = Value::Null;
    present(&world, &forged).await.expect_problem(401, "passkey-not-proven");
    let one = authenticator.get(&login_options(&world).await);
    let mut other = authenticator.get(&login_options(&world).await);
    other["response"]["signature"] = one["response"]["signature"].clone();
    present(&world, &other).await.expect_problem(401, "passkey-not-proven");
    let mut foreign = authenticator.get(&login_options(&world).await);
    foreign["response"]["userHandle"] = json!("dXNyXzAx");
    present(&world, &foreign).await.expect_problem(401, "login-refused");
    // The other tenant has no such passkey, although it has the same domain.
    let theirs = as_person(&world, &log_in(&world.theirs, "owner@example.com").await.expect(200));
    set_party(&theirs).await;
    let options = world.theirs.shopper.post("/api/v1/auth/passkeys/login-options").json(&json!({})).send().await;
    let answer = json!({ "credential": authenticator.get(&options.expect(200).json()) });
    let answer = world.theirs.shopper.post("/api/v1/auth/passkeys/login").json(&answer).send().await;
    answer.expect_problem(401, "login-refused");
    let malformed = json!({ "credential": { "rawId": "*", "type": "password", "response": {}, "secret": 1 } });
    let malformed = world.ours.shopper.post("/api/v1/auth/passkeys/login").json(&malformed).send().await.expect(422);
    assert_eq!(malformed.places(), ["#/credential/secret", "#/credential/rawId"]);
}

pub async fn a_counter_that_goes_back_is_refused(world: World) {
    let (_, person) = person(&world, "member@example.com").await;
    let mut authenticator = Authenticator::es256(&world.name("a"), ORIGIN);
    authenticator.count = Some(7);
    register(&person, &mut authenticator).await.expect(201);
    let mut copy = authenticator.clone();
    log_in_with(&world, &mut authenticator).await.expect(200);
    log_in_with(&world, &mut authenticator).await.expect(200);
    log_in_with(&world, &mut copy).await.expect_problem(401, "passkey-not-proven");
    log_in_with(&world, &mut authenticator).await.expect(200);
}

pub async fn only_staff_say_for_whom_passkeys_are_made(world: World) {
    let (_, owner) = person(&world, "owner@example.com").await;
    let (_, viewer) = person(&world, "viewer@example.com").await;
    let party = json!({ "rpId": "shop.example", "name": "Shop", "origins": ["https://shop.example"] });
    viewer.patch("/api/v1/relying-party").json(&party).send().await.expect_problem(403, "missing-scope");
    assert_eq!(viewer.get("/api/v1/relying-party").send().await.expect(200).json()["rpId"], "shop.example");
    for (change, place) in [
        (json!({ "rpId": "https://shop.example" }), "#/rpId"),
        (json!({ "origins": ["https://evil.example"] }), "#/origins"),
        (json!({ "origins": [] }), "#/origins"),
        (json!({ "name": "" }), "#/name"),
    ] {
        let mut body = party.clone();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let refused = owner.patch("/api/v1/relying-party").json(&body).send().await.expect(422);
        assert_eq!(refused.places(), [place], "{change}");
    }
    for path in ["/api/v1/auth/passkeys/registration-options", "/api/v1/auth/passkeys"] {
        world.ours.merchant.post(path).json(&json!({})).send().await.expect_problem(403, "missing-scope");
    }
}

/// Somebody who is logged in, in a shop that passkeys can be made for.
pub async fn person(world: &World, email: &str) -> (Answer, Client) {
    set_party(&as_person(world, &log_in(&world.ours, "owner@example.com").await.expect(200))).await;
    let tokens = log_in(&world.ours, email).await.expect(200);
    let person = as_person(world, &tokens);
    (tokens, person)
}

pub async fn set_party(owner: &Client) {
    let origins = json!(["https://shop.example", ORIGIN]);
    let party = json!({ "rpId": "shop.example", "name": "Shop", "origins": origins });
    owner.patch("/api/v1/relying-party").json(&party).send().await.expect(200);
}

pub async fn registration_options(person: &Client) -> Value {
    let options = person.post("/api/v1/auth/passkeys/registration-options").json(&json!({})).send().await;
    options.expect(200).json()
}

pub async fn register(person: &Client, authenticator: &mut Authenticator) -> Answer {
    let credential = authenticator.create(&registration_options(person).await);
    let body = json!({ "name": "Phone", "credential": credential });
    person.post("/api/v1/auth/passkeys").json(&body).send().await
}

async fn login_options(world: &World) -> Value {
    let options = world.ours.shopper.post("/api/v1/auth/passkeys/login-options").json(&json!({})).send().await;
    options.expect(200).json()
}

pub async fn log_in_with(world: &World, authenticator: &mut Authenticator) -> Answer {
    let options = login_options(world).await;
    present(world, &authenticator.get(&options)).await
}

async fn present(world: &World, credential: &Value) -> Answer {
    let body = json!({ "credential": credential });
    world.ours.shopper.post("/api/v1/auth/passkeys/login").json(&body).send().await
}
