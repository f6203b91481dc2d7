//! People log in, go on, and log out.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::world::{Shop, World};

const PASSWORD: &str = "correct horse battery";

pub async fn a_person_logs_in_goes_on_and_logs_out(world: World) {
    let first = log_in(&world.ours, "owner@example.com").await.expect(200);
    // One for the rate limit and the failures.
    assert_eq!(first.spent().redis, 1, "{first}");
    assert_eq!(first.json()["expiresIn"], 900);
    let person = as_person(&world, &first);
    let me = person.get("/api/v1/auth/me").send().await.expect(200).json();
    assert_eq!((&me["email"], &me["role"]), (&json!("owner@example.com"), &json!("owner")));
    assert_eq!(me["id"], first.json()["account"]["id"]);

    let second = refresh(&world.ours, &first).await.expect(200);
    assert_ne!(second.json()["refreshToken"], first.json()["refreshToken"]);
    let person = as_person(&world, &second);
    let sessions = person.get("/api/v1/auth/sessions?limit=250").send().await.expect(200).json();
    let current: Vec<&Value> =
        sessions["items"].as_array().unwrap().iter().filter(|session| session["current"] == true).collect();
    assert_eq!(current.len(), 1, "{sessions}");

    person.post("/api/v1/auth/logout").send().await.expect(204);
    refresh(&world.ours, &second).await.expect_problem(401, "session-ended");
}

pub async fn the_address_is_the_same_in_capitals_and_nothing_else_is(world: World) {
    log_in(&world.ours, "Owner@EXAMPLE.com").await.expect(200);
    for (email, password) in [
        ("owner@example.com", "Correct horse battery"),
        ("owner@example.com", ""),
        ("nobody@example.com", PASSWORD),
        ("owner@example.org", PASSWORD),
    ] {
        let refused = log_in_with(&world.ours, email, password).await;
        refused.expect_problem(401, "login-refused");
    }
    let malformed = world.ours.shopper.post("/api/v1/auth/login").json(&json!({ "email": "x", "admin": true }));
    let malformed = malformed.send().await.expect(422);
    assert_eq!(malformed.places(), ["#/admin", "#/email", "#/password"]);
}

pub async fn guessing_gets_slow_and_one_account_slows_no_other(world: World) {
    let email = format!("{}@example.com", world.mark);
    let mut waits = 0;
    for _ in 0..8 {
        let answer = log_in_with(&world.ours, &email, "wrong password").await;
        if answer.status == 429 {
            let seconds: u64 = answer.the("retry-after").parse().unwrap();
            assert!((1..=900).contains(&seconds), "{answer}");
            waits += 1;
        } else {
            answer.expect_problem(401, "login-refused");
        }
    }
    assert!(0 < waits, "eight guesses in a row were all looked at");
    log_in_with(&world.theirs, &email, "wrong password").await.expect_problem(401, "login-refused");
}

pub async fn parallel_refreshes_agree_and_an_old_token_ends_the_session(world: World) {
    let first = log_in(&world.ours, "member@example.com").await.expect(200);
    let answers = join_all((0..50).map(|_| refresh(&world.ours, &first))).await;
    let successors: Vec<Value> =
        answers.into_iter().map(|answer| answer.expect(200).json()["refreshToken"].clone()).collect();
    assert!(successors.iter().all(|successor| *successor == successors[0]), "one winner");

    let second = refresh_with(&world.ours, successors[0].as_str().unwrap()).await.expect(200);
    // The first token is two generations old by now: whoever shows it has stolen it, or was stolen from.
    refresh(&world.ours, &first).await.expect_problem(401, "session-ended");
    refresh(&world.ours, &second).await.expect_problem(401, "session-ended");
}

pub async fn a_made_up_refresh_token_ends_nobodys_session(world: World) {
    let first = log_in(&world.ours, "viewer@example.com").await.expect(200);
    let token = first.json()["refreshToken"].as_str().unwrap().to_owned();
    let (start, mac) = token.split_at(token.len() - 43);
    let other_mac: String = mac.chars().map(|letter| if letter == 'A' { 'B' } else { 'A' }).collect();
    for forged in [format!("{start}{other_mac}"), "rt_".to_owned(), "x".repeat(106), String::new()] {
        refresh_with(&world.ours, &forged).await.expect_problem(401, "session-ended");
    }
    // Another tenant's key cannot use it either, and harms it not.
    refresh_with(&world.theirs, &token).await.expect_problem(401, "session-ended");
    refresh(&world.ours, &first).await.expect(200);
}

pub async fn a_token_is_good_for_its_own_tenant_and_scopes(world: World) {
    let owner = as_person(&world, &log_in(&world.ours, "owner@example.com").await.expect(200));
    let viewer = as_person(&world, &log_in(&world.ours, "viewer@example.com").await.expect(200));
    let customer = as_person(&world, &log_in(&world.ours, "customer@example.com").await.expect(200));
    for person in [&owner, &viewer, &customer] {
        person.get("/api/v1/products?limit=1").send().await.expect(200);
    }
    let file = "Handle,Title,Variant Price\n";
    let import = |person: &Client| person.post("/api/v1/imports?dryRun=true").body("text/csv", file).send();
    import(&owner).await.expect(200);
    for person in [&viewer, &customer] {
        let refused = import(person).await.expect_problem(403, "missing-scope");
        assert_eq!(refused.json()["scope"], "catalog:write", "{refused}");
    }
    // The other shop's session is not there, and neither is a key's.
    let theirs = as_person(&world, &log_in(&world.theirs, "owner@example.com").await.expect(200));
    let sessions = theirs.get("/api/v1/auth/sessions?limit=250").send().await.expect(200).json();
    let foreign = sessions["items"][0]["id"].as_str().unwrap();
    owner.delete(&format!("/api/v1/auth/sessions/{foreign}")).send().await.expect_problem(404, "not-found");
    world.ours.merchant.get("/api/v1/auth/me").send().await.expect_problem(403, "missing-scope");
}

pub async fn a_session_is_ended_from_another_one(world: World) {
    let lost = log_in(&world.ours, "admin@example.com").await.expect(200);
    let other = log_in(&world.ours, "admin@example.com").await.expect(200);
    let (lost_device, other_device) = (as_person(&world, &lost), as_person(&world, &other));
    let sessions = lost_device.get("/api/v1/auth/sessions?limit=250").send().await.expect(200).json();
    let current = sessions["items"].as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
    let path = format!("/api/v1/auth/sessions/{}", current["id"].as_str().unwrap());
    other_device.delete(&path).send().await.expect(204);
    other_device.delete(&path).send().await.expect(204);
    refresh(&world.ours, &lost).await.expect_problem(401, "session-ended");
    refresh(&world.ours, &other).await.expect(200);
}

pub async fn tokens_that_nobody_signed_are_refused(world: World) {
    let tokens = log_in(&world.ours, "owner@example.com").await.expect(200);
    let token = tokens.json()["accessToken"].as_str().unwrap().to_owned();
    let parts: Vec<&str> = token.split('.').collect();
    let other = log_in(&world.theirs, "owner@example.com").await.expect(200);
    let other = other.json()["accessToken"].as_str().unwrap().to_owned();
    let other_parts: Vec<&str> = other.split('.').collect();
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIiwia2lkIjoieCJ9";
    for forged in [
        format!("{}.{}.{}", parts[0], parts[1], other_parts[2]),
        format!("{}.{}.{}", parts[0], other_parts[1], parts[2]),
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{token}.x"),
        tokens.json()["refreshToken"].as_str().unwrap().to_owned(),
        "a".repeat(20_000),
    ] {
        let refused = world.nobody.with_key(&forged).get("/api/v1/products?limit=1").send().await;
        refused.expect_problem(401, "bad-credentials");
    }
    let keys = world.nobody.get("/.well-known/jwks.json").send().await.expect(200).json();
    assert!(keys["keys"].as_array().is_some_and(|keys| !keys.is_empty()), "{keys}");
}

pub async fn log_in(shop: &Shop, email: &str) -> Answer {
    log_in_with(shop, email, PASSWORD).await
}

pub async fn log_in_with(shop: &Shop, email: &str, password: &str) -> Answer {
    shop.shopper.post("/api/v1/auth/login").json(&json!({ "email": email, "password": password })).send().await
}

pub async fn refresh(shop: &Shop, tokens: &Answer) -> Answer {
    refresh_with(shop, tokens.json()["refreshToken"].as_str().unwrap()).await
}

async fn refresh_with(shop: &Shop, token: &str) -> Answer {
    shop.shopper.post("/api/v1/auth/refresh").json(&json!({ "refreshToken": token })).send().await
}

pub fn as_person(world: &World, tokens: &Answer) -> Client {
    world.nobody.with_key(tokens.json()["accessToken"].as_str().unwrap())
}
