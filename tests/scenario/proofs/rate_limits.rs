//! Limits that are reached: who is refused, who is not, and what becomes of it when Redis is gone.
//!
//! Nothing comes back during a proof: the limits are of an hour.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use serde_json::json;
use tokio::time::Instant;

use crate::app::{Kind, Stage};
use crate::client::{Answer, Client};
use crate::eventually::eventually;
use crate::stories::gift_cards::issued;

pub const OF_KEYS: &str = "*.*=1000000/20s:1000000,read.key=60/1h:60,read.organization=90/1h:90";
pub const OF_ADDRESSES: &str = "*.*=1000000/20s:1000000,read.address=40/1h:40";

pub const OF_GUESSES: &str = "*.*=1000000/20s:1000000,auth.key=12/1h:12";

/// Nobody's, and not in Redis: one round trip, and an answer that is for the caller alone.
const CART: &str = "/api/v1/cart/cart_01h455vb4pex5vsknk084sn02q";
/// How long a request may take that Redis has no answer for.
const SERVED_WITHIN: Duration = Duration::from_secs(3);
const RECOVERS_WITHIN: Duration = Duration::from_secs(20);

pub fn keys_and_organizations_are_limited_apart(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let sold = world.sell("limited", "1", 1).await;
        // A wrong key of the same store uses up its own, and nothing of the right one's.
        let key = world.ours.shopper.key().unwrap();
        let last = if key.ends_with('0') { '1' } else { '0' };
        let guess = world.nobody.with_key(&format!("{}{last}", &key[..key.len() - 1]));
        let guesses = flood(&guess, CART, 100).await;
        assert!(guesses.iter().all(|answer| [401, 429].contains(&answer.status)), "{}", guesses[0]);
        assert_through(&guesses, 60);

        // One of the shopper's is spent on finding the product.
        let answers = flood(&world.ours.shopper, CART, 100).await;
        let through = assert_through(&answers, 59);
        for answer in &answers {
            let number = |name: &str| answer.the(name).parse::<u64>().unwrap();
            assert!(number("ratelimit-remaining") <= number("ratelimit-limit"), "{answer}");
            assert!(number("ratelimit-reset") <= 3_600, "{answer}");
            if answer.status == 429 {
                let refused = answer.clone().expect_problem(429, "rate-limited");
                assert!(refused.json()["detail"].as_str().unwrap().contains("this key"), "{refused}");
                assert_eq!((number("ratelimit-limit"), number("ratelimit-remaining")), (60, 0), "{refused}");
                assert!((1..=60).contains(&number("retry-after")), "{refused}");
            }
        }
        // Whoever is refused is refused, whatever the path, and does nothing.
        let path = format!("/api/v1/products/{}", sold.handle);
        world.ours.shopper.get(&path).send().await.expect_problem(429, "rate-limited");
        world.ours.shopper.head(&path).send().await.expect(429);
        // Another class has buckets of its own.
        world.ours.shopper.post("/api/v1/cart").send().await.expect(201);

        // The other key of the same store goes on, until the organization's limit is reached.
        let answers = flood(&world.ours.merchant, CART, 100).await;
        let also = answers.iter().filter(|answer| answer.status != 429).count();
        assert!((5..60).contains(&also), "{also} requests of the other key went through");
        let whose = |answer: &&Answer| answer.json()["detail"].as_str().unwrap().contains("this organization");
        let refused: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 429).collect();
        assert!(refused.iter().any(whose), "nobody was refused for the organization");
        // Another tenant is not disturbed, and shared caches are told nothing of one caller.
        let theirs = world.theirs.shopper.get("/api/v1/products?limit=1").send().await.expect(200);
        assert!(theirs.headers.keys().all(|name| !name.as_str().starts_with("ratelimit")), "{theirs}");
        let theirs = world.theirs.shopper.get(CART).send().await.expect(404);
        assert_eq!(theirs.the("ratelimit-limit"), "60", "{theirs}");
        println!("{kind}: of 100 each, {through} and {also} requests of two keys of one organization went through");
    });
}

/// A code that pays is as good as money, and whoever completes a checkout can try ten at once.
pub fn codes_of_gift_cards_are_guessed_at_the_pace_of_logins(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let sold = world.sell("guessed", "5", 50).await;
        let card = issued(&world.ours, "20.00").await;
        let complete = async |codes: &[String]| {
            let checkout = world.ours.opened(&[(&sold.variant, 1)]).await;
            let call = world.ours.shopper.post(&format!("/api/v1/checkouts/{checkout}/complete"));
            call.header("idempotency-key", &checkout).json(&json!({ "giftCards": codes })).send().await
        };
        let guesses = |count: u32, from: u32| (0..count).map(move |number| format!("{:0>16}", number + from));
        let right = || card["code"].as_str().unwrap().to_owned();
        // One that is right is a request like a look-up; of wrong ones each is.
        complete(&[right()]).await.expect(201);
        let wrong: Vec<String> = guesses(9, 100).collect();
        let refused = complete(&wrong).await.expect_problem(409, "tenders-not-available").json();
        assert_eq!(refused["giftCards"].as_array().unwrap().len(), 9, "{refused}");
        // Two are left: of three guesses nothing is told, not even of the one that is right.
        let mixed: Vec<String> = guesses(3, 200).chain([right()]).collect();
        let refused = complete(&mixed).await.expect_problem(429, "rate-limited");
        assert!(refused.header("retry-after").is_some(), "{refused}");
        complete(&[right()]).await.expect_problem(429, "rate-limited");
        let lookup = json!({ "code": card["code"] });
        let call = world.ours.shopper.post("/api/v1/gift-cards/lookup").json(&lookup);
        call.send().await.expect_problem(429, "rate-limited");
        // Who pays otherwise goes on, and so does the merchant's own key.
        let checkout = world.ours.opened(&[(&sold.variant, 1)]).await;
        world.ours.complete(&checkout, &checkout).await.expect(201);
        let checkout = world.ours.opened(&[(&sold.variant, 1)]).await;
        let call = world.ours.merchant.post(&format!("/api/v1/checkouts/{checkout}/complete"));
        let body = json!({ "giftCards": [card["code"]] });
        call.header("idempotency-key", &checkout).json(&body).send().await.expect(201);
        println!("{kind}: a code was guessed no oftener than by looking it up");
    });
}

pub fn addresses_are_limited_apart(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let at = |last: u8| world.ours.shopper.moved_to(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)));
        let (one, other) = (at(2), at(3));
        let through = assert_through(&flood(&one, CART, 80).await, 40);
        // Who has no good key, or none at all, comes from somewhere too.
        world.nobody.moved_to(Ipv4Addr::new(127, 0, 0, 2).into()).get(CART).send().await.expect(429);
        // What a client says of itself does not count, but where its platform says it in the same header.
        for header in ["x-forwarded-for", "x-real-ip", "forwarded", "true-client-ip", "spin-client-addr"] {
            one.get(CART).header(header, "198.51.100.7").send().await.expect_problem(429, "rate-limited");
        }
        let answer = other.get(CART).send().await.expect(404);
        assert_eq!((answer.the("ratelimit-limit"), answer.the("ratelimit-remaining")), ("40", "39"), "{answer}");
        println!("{kind}: of 80 requests from one address {through} went through");
    });
}

pub fn redis_is_not_needed(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let sold = world.theirs.import(&[crate::product_file::Product::simple(&world.name("kept"), "1", 1)]).await;
        assert_eq!(sold["errorCount"], 0);
        let path = format!("/api/v1/products/{}", world.name("kept"));
        world.ours.merchant.get("/api/v1/products?limit=1").send().await.expect(200);

        let mut told = Vec::new();
        for (what, client) in [("was killed", &world.ours.merchant), ("hung", &world.theirs.merchant)] {
            match what {
                "was killed" => stage.with_redis(|redis| redis.kill()),
                _ => stage.with_redis(|redis| redis.pause()),
            }
            let path = if what == "was killed" { "/api/v1/products?limit=1" } else { &path };
            let mut slowest = Duration::ZERO;
            let mut served = 0;
            for _ in 0..200 {
                let started = Instant::now();
                let answer = client.get(path).send().await;
                assert!([200, 429].contains(&answer.status), "{answer}");
                served += usize::from(answer.status == 200);
                slowest = slowest.max(started.elapsed());
            }
            assert!(slowest < SERVED_WITHIN, "a request took {slowest:?} while Redis {what}");
            // Each isolate counts for itself now. On Spin one serves 128 requests.
            assert!((1..=180).contains(&served), "{served} were served");
            told.push(format!("Redis {what}: {served} of 200 served, slowest {slowest:.0?}"));
            match what {
                "was killed" => stage.with_redis(|redis| redis.restart()),
                _ => stage.with_redis(|redis| redis.resume()),
            }
            eventually("Redis is asked again", RECOVERS_WITHIN, async || {
                let answer = world.theirs.shopper.post("/api/v1/cart").send().await;
                (answer.status == 201 && 1 < answer.spent().redis).then_some(())
            })
            .await;
        }
        println!("{kind}: {}", told.join("; "));
    });
}

/// Many requests, some at once.
async fn flood(client: &Client, path: &str, requests: usize) -> Vec<Answer> {
    stream::iter(0..requests).map(|_| client.get(path).send()).buffered(10).collect().await
}

/// How many were not refused: `limit` at most, and not far fewer, since an isolate that ends takes with it what
/// it had borrowed.
fn assert_through(answers: &[Answer], limit: usize) -> usize {
    let through = answers.iter().filter(|answer| answer.status != 429).count();
    assert!((limit / 2..=limit).contains(&through), "{through} of {} went through; {limit} may", answers.len());
    through
}
