//! What requests spend in an isolate that remembers nothing: no more than the budget says.

use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::port::clock::Clock;
use headlesspro_shared::identity::ChallengeClaim;
use headlesspro_shared::kernel::id::AccountId;
use serde_json::json;

use crate::app::{Kind, Stage};
use crate::client::{Answer, Spent};
use crate::stories::second_factors::{confirm, early_in_a_step, enroll, step};
use crate::stories::sessions::{as_person, log_in, log_in_with};

/// Three logins an hour from one address.
pub const OF_LOGINS: &str = "*.*=1000000/20s:1000000,auth.address=3/1h:3";

pub fn logins_and_reads_keep_to_their_budget(stage: &Stage, kind: Kind) {
    stage.run(async {
        // The first request of all: the limits, the failures and whoever asks are all unknown.
        let world = stage.world();
        let login = log_in(&world.ours, "owner@example.com").await.expect(200);
        assert_eq!(login.spent(), Spent { sql: 2, redis: 1 }, "{login}");
        let again = log_in(&world.ours, "owner@example.com").await.expect(200);
        assert_eq!(again.spent(), Spent { sql: 2, redis: 1 }, "{again}");
        let token = as_person(&world, &login).key().unwrap().to_owned();
        let sold = world.sell("cold", "1", 1).await;
        let product = format!("/api/v1/products/{}", sold.handle);

        let isolate = stage.isolate().await;
        let wrong = log_in_with(&stage.world_of(&isolate).ours, "owner@example.com", "wrong password").await;
        assert_eq!(wrong.expect_problem(401, "login-refused").spent(), Spent { sql: 1, redis: 1 });
        for (credential, path) in [
            (token.as_str(), "/api/v1/auth/me"),
            (&token, &product),
            (world.ours.shopper.key().unwrap(), &product),
            (world.ours.merchant.key().unwrap(), "/api/v1/products?limit=1"),
        ] {
            let isolate = stage.isolate().await;
            let client = stage.world_of(&isolate).nobody.with_key(credential);
            let read = client.get(path).send().await.expect(200);
            // What others were shown by that key comes along from Redis.
            let is_shared = kind == Kind::Spin && world.ours.shopper.key() == Some(credential);
            let sql = if is_shared { read.spent().sql.min(1) } else { 1 };
            assert_eq!(read.spent(), Spent { sql, redis: 1 }, "{read}");
            let again = client.get(path).send().await.expect(200);
            let sql = u32::from(path == "/api/v1/auth/me");
            assert!(again.spent().sql == sql && again.spent().redis <= 1, "the catalog's answers are kept: {again}");
        }
        by_a_second_factor(stage).await;
        println!(
            "{kind}: each step of a cold login spends 2 SQL and 1 Redis, cold reads with a token or a key 1 and 1"
        );
    });
}

/// Each step in an isolate of its own.
async fn by_a_second_factor(stage: &Stage) {
    let world = stage.world();
    let person = as_person(&world, &log_in(&world.ours, "member@example.com").await.expect(200));
    let now = early_in_a_step().await;
    let app = enroll(&person).await;
    let codes = confirm(&person, &app.code(now)).await.expect(200).json();
    let in_budget = Spent { sql: 2, redis: 1 };
    let asked = log_in(&stage.world_of(&stage.isolate().await).ours, "member@example.com").await;
    let asked = asked.expect_problem(401, "second-factor-required");
    assert_eq!(asked.spent(), in_budget, "{asked}");
    let challenge = asked.json()["challenge"].as_str().unwrap().to_owned();
    for (code, spent) in
        [(json!("0000-0000-0000-0000"), Spent { sql: 2, redis: 1 }), (codes["recoveryCodes"][0].clone(), in_budget)]
    {
        let isolate = stage.isolate().await;
        let shown = step(&stage.world_of(&isolate), &challenge, json!({ "recoveryCode": code })).await;
        assert_eq!((shown.status == 200, shown.spent()), (code == codes["recoveryCodes"][0], spent), "{shown}");
    }
}

pub fn a_login_beyond_the_limits_asks_the_database_for_nothing(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        for _ in 0..3 {
            log_in_with(&world.ours, "nobody@example.com", "wrong password").await.expect_problem(401, "login-refused");
        }
        let refused = |answer: Answer| {
            let answer = answer.expect_problem(429, "rate-limited");
            assert_eq!((answer.spent().sql, answer.the("ratelimit-remaining")), (0, "0"), "{answer}");
            answer.the("retry-after").parse::<u64>().unwrap();
            answer
        };
        refused(log_in(&world.ours, "owner@example.com").await);
        // Nor where nobody knows yet that the limit is reached, whatever comes.
        for what in ["right", "made up key", "malformed", "no key"] {
            let isolate = stage.isolate().await;
            let world = stage.world_of(&isolate);
            let key = world.ours.shopper.key().unwrap();
            let last = if key.ends_with('0') { '1' } else { '0' };
            let client = match what {
                "made up key" => world.nobody.with_key(&format!("{}{last}", &key[..key.len() - 1])),
                "no key" => world.nobody.clone(),
                _ => world.ours.shopper.clone(),
            };
            let body = match what {
                "malformed" => json!({ "email": 7 }),
                _ => json!({ "email": "owner@example.com", "password": "wrong password" }),
            };
            let answer = refused(client.post("/api/v1/auth/login").json(&body).send().await);
            assert_eq!(answer.spent().redis, 1, "{what}: {answer}");
        }
        // The second step neither, whatever its challenge is.
        let claim = ChallengeClaim { account: AccountId::from_u128(1), ends: SystemClock.now(), nonce: 0 };
        for challenge in [claim.with_mac([0; 32]).as_str(), "malformed"] {
            let isolate = stage.isolate().await;
            let answer = step(&stage.world_of(&isolate), challenge, json!({ "code": "755224" })).await;
            assert_eq!(refused(answer).spent().redis, 1, "{challenge}");
        }
        println!("{kind}: logins beyond the limit were refused without the database, in cold isolates too");
    });
}
