//! People change the addresses of their accounts.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::people::{PASSWORD, exchange, register, sign_up};
use super::second_factors::{confirm as confirm_factor, early_in_a_step, enroll};
use super::sessions::{as_person, log_in_with, refresh};
use crate::client::{Answer, Client};
use crate::eventually::eventually;
use crate::world::World;

const PATH: &str = "/api/v1/auth/email";
const PAGE: &str = "account/confirm-email";

pub async fn an_address_is_changed_once_the_new_one_is_confirmed(world: World) {
    let (old, new) = (world.email("before"), world.email("after"));
    sign_up(&world, &old).await;
    let lost = log_in_with(&world.ours, &old, PASSWORD).await.expect(200);
    let mine = log_in_with(&world.ours, &old, PASSWORD).await.expect(200);
    let person = as_person(&world, &mine);
    assert_eq!(ask(&person, json!({ "email": new })).await.expect(422).places(), ["#/currentPassword"]);
    ask(&person, with_password(&new, "incorrect mule cell")).await.expect_problem(403, "wrong-password");
    assert_eq!(ask(&person, with_password(&old.to_uppercase(), PASSWORD)).await.expect(422).places(), ["#/email"]);
    let asked = ask(&person, with_password(&new, PASSWORD)).await.expect(202);
    assert!(asked.spent().sql <= 2, "{asked}");
    world.mail(&old, "asked to use another e-mail address").await;
    let token = world.mailed_secret(&new, PAGE).await;
    // Nothing has changed until then; and no link for another thing.
    let me = person.get("/api/v1/auth/me").send().await.expect(200).json();
    assert_eq!(me["email"], json!(old));
    exchange(&world.ours, &token, None).await.expect_problem(410, "link-gone");
    world.ours.shopper.post("/api/v1/auth/magic").json(&json!({ "email": old })).send().await.expect(202);
    let link = world.mailed_secret(&old, "account/magic").await;

    let answers = join_all((0..8).map(|_| confirm(&world, &token))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 1, "{answers:?}");
    confirm(&world, &token).await.expect_problem(410, "link-gone");
    let me = person.get("/api/v1/auth/me").send().await.expect(200).json();
    assert!(me["email"] == json!(new) && me["emailVerifiedAt"].is_string(), "{me}");
    world.mail(&old, "ask for your account back").await;
    refresh(&world.ours, &mine).await.expect(200);
    refresh(&world.ours, &lost).await.expect_problem(401, "session-ended");
    exchange(&world.ours, &link, None).await.expect_problem(410, "link-gone");
    log_in_with(&world.ours, &old, PASSWORD).await.expect_problem(401, "login-refused");
    log_in_with(&world.ours, &new, PASSWORD).await.expect(200);
    // The old address is anybody's again.
    register(&world.ours, &old, PASSWORD).await.expect(202);
    eventually("another link", Duration::from_secs(20), async || {
        let all = world.mails(&old);
        let links = all.iter().filter(|mail| mail.text.contains("account/verify"));
        (links.count() == 2).then_some(())
    })
    .await;
}

pub async fn a_taken_address_is_not_disclosed_and_its_owner_told(world: World) {
    let (email, taken, free) = (world.email("asks"), world.email("taken"), world.email("free"));
    sign_up(&world, &email).await;
    sign_up(&world, &taken).await;
    let person = as_person(&world, &log_in_with(&world.ours, &email, PASSWORD).await.expect(200));
    let notices = async |count: usize| {
        eventually("a notice", Duration::from_secs(20), async || {
            let all = world.mails(&email);
            let told = all.iter().filter(|mail| mail.text.contains("asked to use another"));
            (told.count() == count).then_some(())
        })
        .await;
    };
    let first = ask(&person, with_password(&taken, PASSWORD)).await.expect(202);
    notices(1).await;
    let second = ask(&person, with_password(&free, PASSWORD)).await.expect(202);
    notices(2).await;
    assert_eq!((first.json(), first.spent().sql), (second.json(), second.spent().sql));
    world.mail(&taken, "has an account already").await;
    world.mailed_secret(&free, PAGE).await;
    assert!(world.mails(&taken).iter().all(|mail| !mail.text.contains(PAGE)));
    // An address is nobody's to flood.
    for _ in 0..6 {
        ask(&person, with_password(&world.email("flooded"), PASSWORD)).await.expect(202);
    }
    eventually("three mails", Duration::from_secs(20), async || {
        (world.mails(&world.email("flooded")).len() == 3).then_some(())
    })
    .await;
}

pub async fn what_comes_to_ones_own_address_tells_nothing_of_another_one(world: World) {
    let taken = world.email("somebodys");
    sign_up(&world, &taken).await;
    for (name, other) in [("spies-taken", taken), ("spies-free", world.email("nobodys"))] {
        let email = world.email(name);
        sign_up(&world, &email).await;
        let person = as_person(&world, &log_in_with(&world.ours, &email, PASSWORD).await.expect(200));
        for round in 0..2 {
            let own = world.email(&format!("{name}-{round}"));
            let both = join_all([&other, &own].map(|email| ask(&person, with_password(email, PASSWORD)))).await;
            both.into_iter().for_each(|answer| drop(answer.expect(202)));
            world.mailed_secret(&own, PAGE).await;
        }
    }
}

pub async fn of_two_who_confirm_one_address_one_has_it(world: World) {
    let wanted = world.email("wanted");
    let mut tokens = Vec::new();
    for name in ["one", "two"] {
        let email = world.email(name);
        sign_up(&world, &email).await;
        let person = as_person(&world, &log_in_with(&world.ours, &email, PASSWORD).await.expect(200));
        ask(&person, with_password(&wanted, PASSWORD)).await.expect(202);
        tokens.push(
            eventually("another link", Duration::from_secs(20), async || {
                let newest = world.mailed_secret(&wanted, PAGE).await;
                (!tokens.contains(&newest)).then_some(newest)
            })
            .await,
        );
    }
    let answers = join_all(tokens.iter().map(|token| confirm(&world, token))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 410], "{answers:?}");
    // Nor is it to be had once it is somebody's by a registration that they confirmed.
    let late = world.email("late");
    sign_up(&world, &late).await;
    let person = as_person(&world, &log_in_with(&world.ours, &late, PASSWORD).await.expect(200));
    let meanwhile = world.email("meanwhile");
    ask(&person, with_password(&meanwhile, PASSWORD)).await.expect(202);
    let token = world.mailed_secret(&meanwhile, PAGE).await;
    sign_up(&world, &meanwhile).await;
    confirm(&world, &token).await.expect_problem(410, "link-gone");
    let theirs = world.theirs.shopper.post(&format!("{PATH}/confirm")).json(&json!({ "token": token })).send().await;
    theirs.expect_problem(410, "link-gone");
}

pub async fn a_registration_that_nobody_confirmed_gives_way_to_a_change(world: World) {
    let (email, before, after) = (world.email("moves"), world.email("squatted-before"), world.email("squatted-after"));
    sign_up(&world, &email).await;
    let mine = log_in_with(&world.ours, &email, PASSWORD).await.expect(200);
    let person = as_person(&world, &mine);
    let squat = async |email: &str| {
        register(&world.ours, email, "incorrect mule cell").await.expect(202);
        world.mailed_secret(email, "account/verify").await
    };
    // One that was there when the change was asked for, and one that came before it was confirmed.
    for wanted in [before, after] {
        let is_first = wanted.contains("before");
        let early = if is_first { Some(squat(&wanted).await) } else { None };
        ask(&person, with_password(&wanted, PASSWORD)).await.expect(202);
        let token = world.mailed_secret(&wanted, PAGE).await;
        let link = match early {
            Some(link) => link,
            None => squat(&wanted).await,
        };
        confirm(&world, &token).await.expect(204);
        let me = person.get("/api/v1/auth/me").send().await.expect(200).json();
        assert_eq!(me["email"], json!(wanted));
        let strangers = json!({ "token": link, "password": "incorrect mule cell" });
        let strangers = world.ours.shopper.post("/api/v1/auth/verify-email").json(&strangers).send().await;
        strangers.expect_problem(410, "link-gone");
        log_in_with(&world.ours, &wanted, PASSWORD).await.expect(200);
    }
}

pub async fn an_account_without_a_password_shows_a_code_or_a_fresh_login(world: World) {
    let email = world.email("passwordless");
    register(&world.ours, &email, PASSWORD).await.expect(202);
    world.ours.shopper.post("/api/v1/auth/magic").json(&json!({ "email": email })).send().await.expect(202);
    let link = world.mailed_secret(&email, "account/magic").await;
    let person = as_person(&world, &exchange(&world.ours, &link, None).await.expect(200));
    ask(&person, json!({ "email": world.email("by-login") })).await.expect(202);
    world.mailed_secret(&world.email("by-login"), PAGE).await;
    let with_code = |code: String| ask(&person, json!({ "email": world.email("by-code"), "code": code }));
    with_code("123456".to_owned()).await.expect_problem(409, "second-factor-missing");
    let now = early_in_a_step().await;
    let app = enroll(&person).await;
    confirm_factor(&person, &app.code(now - 1)).await.expect(200);
    with_code("000000".to_owned()).await.expect_problem(401, "second-factor-wrong");
    with_code(app.code(now)).await.expect(202);
    with_code(app.code(now)).await.expect_problem(401, "second-factor-wrong");
    let token = world.mailed_secret(&world.email("by-code"), PAGE).await;
    confirm(&world, &token).await.expect(204);
    // It takes a person.
    let key = world.ours.merchant.post(PATH).json(&json!({ "email": email })).send().await;
    key.expect_problem(403, "missing-scope");
}

pub async fn an_account_with_a_second_factor_shows_it_beside_the_password(world: World) {
    let email = world.email("guarded");
    sign_up(&world, &email).await;
    let person = as_person(&world, &log_in_with(&world.ours, &email, PASSWORD).await.expect(200));
    let now = early_in_a_step().await;
    let app = enroll(&person).await;
    let codes = confirm_factor(&person, &app.code(now - 1)).await.expect(200).json()["recoveryCodes"].clone();
    // Wrong codes are counted per network address, which stories share.
    let person = person.moved_to(std::net::Ipv4Addr::new(127, 0, 0, 14).into());
    let with = |name: &str, field: &str, code: &str| {
        let mut body = with_password(&world.email(name), PASSWORD);
        body[field] = json!(code);
        body
    };
    let alone = with_password(&world.email("by-password"), PASSWORD);
    assert_eq!(ask(&person, alone).await.expect(422).places(), ["#/code"]);
    ask(&person, with("by-guess", "code", "000000")).await.expect_problem(401, "second-factor-wrong");
    ask(&person, with("by-old-code", "code", &app.code(now - 1))).await.expect_problem(401, "second-factor-wrong");
    let mut both = with("by-both", "code", &app.code(now));
    both["recoveryCode"] = codes[0].clone();
    assert_eq!(ask(&person, both).await.expect(422).places(), ["#/recoveryCode"]);
    ask(&person, with("by-recovery", "recoveryCode", codes[0].as_str().unwrap())).await.expect(202);
    world.mailed_secret(&world.email("by-recovery"), PAGE).await;
    ask(&person, with("by-app", "code", &app.code(now))).await.expect(202);
    let token = world.mailed_secret(&world.email("by-app"), PAGE).await;
    confirm(&world, &token).await.expect(204);
    for name in ["by-password", "by-guess", "by-old-code", "by-both"] {
        assert_eq!(world.mails(&world.email(name)).len(), 0, "{name}");
    }
}

fn with_password(email: &str, password: &str) -> Value {
    json!({ "email": email, "currentPassword": password })
}

async fn ask(person: &Client, body: Value) -> Answer {
    person.post(PATH).json(&body).send().await
}

async fn confirm(world: &World, token: &str) -> Answer {
    world.ours.shopper.post(&format!("{PATH}/confirm")).json(&json!({ "token": token })).send().await
}
