//! People log in with a second factor.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::people::sign_up;
use super::sessions::{as_person, log_in_with};
use crate::client::{Answer, Client};
use crate::totp_app::{TotpApp, seconds};
use crate::world::World;

const PASSWORD: &str = "correct horse battery";
const FACTOR: &str = "/api/v1/auth/second-factor";

pub async fn a_second_factor_is_asked_for_and_each_code_is_good_once(world: World) {
    let world = turned(world);
    let (email, person) = customer(&world, "factor").await;
    let now = early_in_a_step().await;
    let app = enroll(&person).await;
    // Not before it is confirmed.
    log_in_with(&world.ours, &email, PASSWORD).await.expect(200);
    confirm(&person, "000000").await.expect_problem(401, "second-factor-wrong");
    let codes = confirm(&person, &app.code(now - 1)).await.expect(200).json()["recoveryCodes"].clone();
    assert_eq!(codes.as_array().map(Vec::len), Some(10), "{codes}");
    person.post(FACTOR).send().await.expect_problem(409, "second-factor-active");

    let asked = challenge(&world, &email).await;
    step(&world, &asked, json!({ "code": "000000" })).await.expect_problem(401, "second-factor-wrong");
    let used = json!({ "code": app.code(now - 1) });
    step(&world, &asked, used).await.expect_problem(401, "second-factor-wrong");
    // Twenty at once with one code and one challenge: one session.
    let right = json!({ "code": app.code(now) });
    let other = challenge(&world, &email).await;
    let all = (0..6).map(|at| step(&world, if at % 2 == 0 { &asked } else { &other }, right.clone()));
    let answers = join_all(all).await;
    let opened: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(opened.len(), 1, "{answers:?}");
    as_person(&world, opened[0]).get("/api/v1/auth/me").send().await.expect(200);
    assert!(opened[0].spent().sql <= 2, "{}", opened[0]);

    // A link is no way around it.
    world.ours.shopper.post("/api/v1/auth/magic").json(&json!({ "email": email })).send().await.expect(202);
    let link = json!({ "token": world.mailed_secret(&email, "account/magic").await });
    let asked = world.ours.shopper.post("/api/v1/auth/magic/exchange").json(&link).send().await;
    let asked = asked.expect_problem(401, "second-factor-required").json()["challenge"].as_str().unwrap().to_owned();
    let recovery = json!({ "recoveryCode": codes[0].as_str().unwrap().to_uppercase() });
    step(&world, &asked, recovery.clone()).await.expect(200);
    step(&world, &asked, recovery.clone()).await.expect_problem(410, "challenge-gone");
    let asked = challenge(&world, &email).await;
    step(&world, &asked, recovery).await.expect_problem(401, "second-factor-wrong");

    let disable = person.post(&format!("{FACTOR}/disable")).json(&json!({ "code": app.code(now + 1) }));
    disable.send().await.expect(204);
    log_in_with(&world.ours, &email, PASSWORD).await.expect(200);
    step(&world, &asked, json!({ "code": app.code(now + 1) })).await.expect_problem(410, "challenge-gone");
    person
        .post(&format!("{FACTOR}/disable"))
        .json(&json!({ "recoveryCode": codes[1] }))
        .send()
        .await
        .expect_problem(409, "second-factor-missing");
}

pub async fn new_recovery_codes_void_the_old_ones(world: World) {
    let world = turned(world);
    let (email, person) = customer(&world, "recovers").await;
    let replace = |code: String| person.post(&format!("{FACTOR}/recovery-codes")).json(&json!({ "code": code })).send();
    replace("123456".to_owned()).await.expect_problem(409, "second-factor-missing");
    let now = early_in_a_step().await;
    let app = enroll(&person).await;
    let old = confirm(&person, &app.code(now - 1)).await.expect(200).json()["recoveryCodes"].clone();
    world.mail(&email, "takes a code of an authenticator app").await;
    // A recovery code does not make ten of itself, and neither does a wrong or a used one of the app.
    assert_eq!(replace(old[0].as_str().unwrap().to_owned()).await.expect(422).places(), ["#/code"]);
    replace("000000".to_owned()).await.expect_problem(401, "second-factor-wrong");
    replace(app.code(now - 1)).await.expect_problem(401, "second-factor-wrong");
    // Of several at once with one code, one has codes.
    let answers = join_all((0..4).map(|_| replace(app.code(now)))).await;
    let made: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(made.len(), 1, "{answers:?}");
    let new = made[0].json()["recoveryCodes"].clone();
    assert!(new.as_array().map(Vec::len) == Some(10) && new != old, "{new}");
    world.mail(&email, "The ones before are void").await;
    let asked = challenge(&world, &email).await;
    step(&world, &asked, json!({ "recoveryCode": old[1] })).await.expect_problem(401, "second-factor-wrong");
    step(&world, &asked, json!({ "recoveryCode": new[0] })).await.expect(200);
    let off = person.post(&format!("{FACTOR}/disable")).json(&json!({ "recoveryCode": new[1] }));
    off.send().await.expect(204);
    world.mail(&email, "takes no code of an authenticator app any more").await;
}

pub async fn guessing_codes_gets_slow_and_what_is_no_code_is_named(world: World) {
    let world = turned(world);
    let (email, person) = customer(&world, "guesser").await;
    confirm(&person, "123456").await.expect_problem(409, "second-factor-missing");
    let now = early_in_a_step().await;
    let app = enroll(&person).await;
    confirm(&person, &app.code(now)).await.expect(200);
    let asked = challenge(&world, &email).await;
    for (wrong, place) in [
        (json!({}), "#/code"),
        (json!({ "code": "12345" }), "#/code"),
        (json!({ "code": "1234567" }), "#/code"),
        (json!({ "recoveryCode": "short" }), "#/recoveryCode"),
        (json!({ "code": "123456", "recoveryCode": "0f9c-2m4x-7k1q-w8hz" }), "#/recoveryCode"),
    ] {
        assert_eq!(step(&world, &asked, wrong).await.expect_problem(422, "invalid-request").places(), [place]);
    }
    step(&world, "x", json!({ "code": "123456" })).await.expect_problem(410, "challenge-gone");
    let mut waits = 0;
    for _ in 0..9 {
        let answer = step(&world, &asked, json!({ "recoveryCode": "0f9c-2m4x-7k1q-w8hz" })).await;
        if answer.status == 429 {
            answer.expect_problem(429, "too-many-logins");
            waits += 1;
        } else {
            answer.expect_problem(401, "second-factor-wrong");
        }
    }
    assert!(0 < waits, "nine guesses in a row were all looked at");
    // The password is not kept waiting for it, nor is another tenant's key let in.
    challenge(&world, &email).await;
    let body = json!({ "challenge": asked, "code": "123456" });
    world
        .theirs
        .shopper
        .post("/api/v1/auth/login/second-factor")
        .json(&body)
        .send()
        .await
        .expect_problem(410, "challenge-gone");
}

/// The other shop in the place of ours: wrong codes are counted per organization and network address, which all
/// stories share, and other stories fail to log in at ours.
fn turned(world: World) -> World {
    World { ours: world.theirs.clone(), theirs: world.ours.clone(), ..world }
}

async fn customer(world: &World, name: &str) -> (String, Client) {
    let email = world.email(name);
    sign_up(world, &email).await;
    let person = as_person(world, &log_in_with(&world.ours, &email, PASSWORD).await.expect(200));
    (email, person)
}

pub async fn confirm(person: &Client, code: &str) -> Answer {
    person.post(&format!("{FACTOR}/confirm")).json(&json!({ "code": code })).send().await
}

/// The challenge of a login by password.
async fn challenge(world: &World, email: &str) -> String {
    let asked = log_in_with(&world.ours, email, PASSWORD).await.expect_problem(401, "second-factor-required").json();
    assert_eq!(asked["expiresIn"], 300);
    asked["challenge"].as_str().unwrap().to_owned()
}

pub async fn step(world: &World, challenge: &str, shown: Value) -> Answer {
    let mut body = shown;
    body["challenge"] = json!(challenge);
    world.ours.shopper.post("/api/v1/auth/login/second-factor").json(&body).send().await
}

pub async fn enroll(person: &Client) -> TotpApp {
    let enrolled = person.post(FACTOR).send().await.expect(200).json();
    let secret = enrolled["secret"].as_str().unwrap();
    assert!(enrolled["uri"].as_str().unwrap().contains(secret), "{enrolled}");
    TotpApp::of(secret)
}

/// The number of the step of 30 s, at least ten of which are left.
pub async fn early_in_a_step() -> i64 {
    while 20 < seconds() % 30 {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    seconds() / 30
}
