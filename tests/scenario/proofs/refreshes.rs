//! A thousand refreshes of one token at once: one of them wins, all get what it got, and nobody is logged out. A token
//! two refreshes later was stolen: then everybody is.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use headlesspro_edge::port::sql::Statement;
use headlesspro_shared::identity::{Generation, Role};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::members::{hire, is_void};
use crate::app::{Kind, Stage};
use crate::client::Answer;
use crate::stories::sessions::as_person;
use crate::world::{Shop, World};

const REFRESHES: usize = 1_000;
/// So many are under way at any moment: those who come first all try to rotate it, one after the other, and the whole
/// crowd has to be through within the grace, on two cores that it shares with the servers.
const AT_ONCE: usize = 200;
const THIEVES: usize = 20;
/// A token that was rotated answers with its successor for so long; whoever is told to come back must not be told so
/// beyond it.
const GRACE: Duration = Duration::from_secs(10);
/// For so long an isolate believes what it has heard of a token, and a second for the clocks.
const REMEMBERED: Duration = Duration::from_secs(31);

const SESSIONS: &str = "SELECT count(*) AS sessions, max(generation) AS generation, max(revoked_because) AS because
FROM session WHERE account_id = ?1";
const THEFTS: &str = "SELECT count(*) AS thefts FROM audit_log
WHERE action = 'session.theft' AND subject = (SELECT id FROM session WHERE account_id = ?1)";

pub fn one_of_a_thousand_wins(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let person = hire(stage, &world, &world.ours, Role::Member, "refreshing").await;
        let before = session(stage, &person.id).await;
        assert_eq!(before, (1, i64::from(Generation::FIRST.0), None));

        let (http, repeats) = (reqwest::Client::builder().no_proxy().build().unwrap(), AtomicUsize::new(0));
        let started = Instant::now();
        let refreshing = stream::iter(0..REFRESHES)
            .map(|_| refresh_until_answered(&http, &world.ours, &person.refresh_token, &repeats))
            .buffer_unordered(AT_ONCE);
        // Every client is honest, so each goes on: with one and the same token.
        let successors: BTreeSet<String> = refreshing.collect().await;
        let took = started.elapsed();
        assert_eq!(successors.len(), 1, "one winner");
        assert!(!successors.contains(&person.refresh_token));
        assert_eq!(session(stage, &person.id).await, (1, before.1 + 1, None));

        let [next] = successors.into_iter().collect::<Vec<_>>().try_into().unwrap();
        refresh(&world.ours, &next).await.expect(200);
        assert_eq!(session(stage, &person.id).await, (1, before.1 + 2, None));
        assert_eq!(thefts(stage, &person.id).await, 0);
        println!(
            "{kind}: {REFRESHES} refreshes of one token in {took:.1?}, one successor, {} repeated after a 503",
            repeats.into_inner()
        );
    });
}

/// A token that was rotated twice is shown: by who stole it, or by who was stolen from.
pub fn a_theft_ends_the_session(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let person = hire(stage, &world, &world.ours, Role::Member, "stolen-from").await;
        let before = session(stage, &person.id).await;
        let next = successor(&refresh(&world.ours, &person.refresh_token).await.expect(200));
        let second = refresh(&world.ours, &next).await.expect(200);
        // Its newest access token is in use, so isolates remember that it is good.
        let newest = as_person(&world, &second);
        newest.get("/api/v1/auth/me").send().await.expect(200);

        let thieves = stream::iter(0..THIEVES).map(|_| refresh(&world.ours, &person.refresh_token));
        let refused: Vec<Answer> = thieves.buffer_unordered(THIEVES).collect().await;
        for answer in refused {
            answer.expect_problem(401, "session-ended");
        }
        let detected = Instant::now();
        assert_eq!(session(stage, &person.id).await, (1, before.1 + 2, Some("theft".to_owned())));
        assert_eq!(thefts(stage, &person.id).await, 1, "{THIEVES} at once are one theft");
        for token in [&person.refresh_token, &next, &successor(&second)] {
            refresh(&world.ours, token).await.expect_problem(401, "session-ended");
        }
        is_void(&newest).await;
        is_void(&person.client).await;
        let void = detected.elapsed();
        assert_eq!(session(stage, &person.id).await.1, before.1 + 2);
        println!("{kind}: after a theft the access tokens were void within {void:.1?}");
        nobody_else_is_logged_out(stage, &world).await;
        // Isolates that had just heard that it was good have heard otherwise by now, all of them.
        tokio::time::sleep_until(detected + REMEMBERED).await;
        for _ in 0..THIEVES {
            newest.get("/api/v1/auth/me").send().await.expect_problem(401, "bad-credentials");
        }
    });
}

/// Who waited too long to be called honest, and nobody else.
async fn nobody_else_is_logged_out(stage: &Stage, world: &World) {
    let person = hire(stage, world, &world.ours, Role::Customer, "other").await;
    let first = refresh(&world.ours, &person.refresh_token).await.expect(200);
    tokio::time::sleep(GRACE + Duration::from_secs(1)).await;
    refresh(&world.ours, &person.refresh_token).await.expect_problem(401, "session-ended");
    refresh(&world.ours, &successor(&first)).await.expect_problem(401, "session-ended");
    assert_eq!(thefts(stage, &person.id).await, 1);
}

/// The successor, for a client that comes back when it is told to. It looks at nothing else of its answers, which takes
/// longer than they do: the whole crowd has to come within the grace.
async fn refresh_until_answered(http: &reqwest::Client, shop: &Shop, token: &str, repeats: &AtomicUsize) -> String {
    let (url, key) = (shop.shopper.url(), shop.shopper.key().unwrap());
    let body = json!({ "refreshToken": token }).to_string();
    loop {
        let request = http.post(format!("{url}/api/v1/auth/refresh")).bearer_auth(key);
        let request = request.header("content-type", "application/json").body(body.clone());
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        if status == 503 {
            repeats.fetch_add(1, Ordering::Relaxed);
            let seconds: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
            assert!(seconds <= 2, "{seconds} s are too long for the grace");
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            continue;
        }
        let text = answer.text().await.unwrap();
        assert_eq!(status, 200, "{text}");
        let tokens: Value = serde_json::from_str(&text).unwrap();
        return tokens["refreshToken"].as_str().unwrap().to_owned();
    }
}

async fn refresh(shop: &Shop, token: &str) -> Answer {
    shop.shopper.post("/api/v1/auth/refresh").json(&json!({ "refreshToken": token })).send().await
}

fn successor(answer: &Answer) -> String {
    answer.json()["refreshToken"].as_str().unwrap().to_owned()
}

/// How many sessions an account has, and the generation and the end of the last.
async fn session(stage: &Stage, account: &str) -> (i64, i64, Option<String>) {
    let rows = stage.sql().read(vec![Statement::new(SESSIONS).bind(account)]).await.unwrap();
    let row = rows[0].first().unwrap();
    let because = row.get::<Option<&str>>("because").unwrap().map(str::to_owned);
    (row.get("sessions").unwrap(), row.get("generation").unwrap(), because)
}

async fn thefts(stage: &Stage, account: &str) -> i64 {
    let rows = stage.sql().read(vec![Statement::new(THEFTS).bind(account)]).await.unwrap();
    rows[0].first().unwrap().get("thefts").unwrap()
}
