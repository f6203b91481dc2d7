//! redis-server is killed in the middle, and hangs another time.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::books::{self, Books};
use crate::app::{Kind, Stage};
use crate::client::Client;
use crate::eventually::eventually;
use crate::stories::sessions::{as_person, log_in, refresh};
use crate::world::World;

/// How long a shopper may wait to hear that there are no carts now.
const REFUSED_WITHIN: Duration = Duration::from_secs(5);
const RECOVERS_WITHIN: Duration = Duration::from_secs(15);

/// How long a buyer may wait for the order.
const ORDERED_WITHIN: Duration = Duration::from_secs(3);
/// What Redis has said of a token is believed for so long.
const BELIEVED: Duration = Duration::from_secs(31);

/// So small a burst that no isolate borrows from it: each write asks Redis, where there is one.
pub const ASKING_EACH_TIME: &str = "*.*=1000000/20s:1000000,write.*=600/60s:19";

pub fn catalog_is_served_and_carts_come_back(stage: &Stage, kind: Kind) {
    stage.run(prove(stage, kind));
}

async fn prove(stage: &Stage, kind: Kind) {
    let world = stage.world();
    let sold = world.sell("outage", "1", 1_000).await;
    let cart = world.ours.filled_cart(&[(&sold.variant, 1)]).await;
    let over = AtomicBool::new(false);
    let (reads, adds, refusals) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));

    // Shoppers browse all the while, and notice nothing.
    let browsing = futures_util::future::join_all((0..4).map(|_| async {
        while !over.load(Ordering::Relaxed) {
            world.ours.product(&sold.handle).await;
            world.ours.shopper.get("/api/v1/products?limit=5").send().await.expect(200);
            reads.fetch_add(2, Ordering::Relaxed);
        }
    }));
    // Others fill carts: each add is done, or refused with a time to come back.
    let filling = futures_util::future::join_all((0..4).map(|_| async {
        while !over.load(Ordering::Relaxed) {
            let answer = world.ours.add(&cart, &sold.variant, 1).await;
            match answer.status {
                200 => adds.fetch_add(1, Ordering::Relaxed),
                // After the restart Redis is empty: the cart is gone, and says so.
                404 => 0,
                _ => {
                    answer.expect_problem(503, "cart-store-unavailable");
                    refusals.fetch_add(1, Ordering::Relaxed)
                }
            };
        }
    }));
    let outage = async {
        eventually("adds before the outage", RECOVERS_WITHIN, async || {
            (20 < adds.load(Ordering::Relaxed)).then_some(())
        })
        .await;
        stage.with_redis(|redis| redis.kill());
        let slowest = every_cart_request_is_refused(&world, &cart, &sold.variant).await;
        let before = reads.load(Ordering::Relaxed);
        eventually("reads during the outage", RECOVERS_WITHIN, async || {
            (before + 20 < reads.load(Ordering::Relaxed)).then_some(())
        })
        .await;
        stage.with_redis(|redis| redis.restart());
        let restarted = Instant::now();
        let cart = eventually("a new cart after the outage", RECOVERS_WITHIN, async || {
            let answer = world.ours.shopper.post("/api/v1/cart").send().await;
            (answer.status == 201).then(|| answer.json()["id"].as_str().unwrap().to_owned())
        })
        .await;
        let recovered = restarted.elapsed();
        for _ in 0..20 {
            world.ours.add(&cart, &sold.variant, 1).await.expect(200);
        }
        // A server that hangs looks alive to its connections: only time tells.
        stage.with_redis(|redis| redis.pause());
        let slowest_hanging = every_cart_request_is_refused(&world, &cart, &sold.variant).await;
        stage.with_redis(|redis| redis.resume());
        eventually("the same cart after the pause", RECOVERS_WITHIN, async || {
            let answer = world.ours.shopper.get(&format!("/api/v1/cart/{cart}")).send().await;
            (answer.status == 200).then_some(())
        })
        .await;
        let checkout = world.ours.open(&cart).await.expect(201).json()["id"].as_str().unwrap().to_owned();
        world.ours.complete(&checkout, &world.name("after-the-outage")).await.expect(201);
        over.store(true, Ordering::Relaxed);
        (slowest, slowest_hanging, recovered)
    };
    let (_, _, (slowest, slowest_hanging, recovered)) = tokio::join!(browsing, filling, outage);
    println!(
        "{kind}: redis-server killed: {} catalog reads served, {} cart requests refused with 503 (slowest {slowest:.0?}, \
         {slowest_hanging:.0?} where it hung); carts are back {recovered:.0?} after its restart",
        reads.load(Ordering::Relaxed),
        refusals.load(Ordering::Relaxed),
    );
}

/// Every route that needs a cart says 503 with Retry-After, soon; those that need none work.
async fn every_cart_request_is_refused(world: &World, cart: &str, variant: &str) -> Duration {
    let line = format!("/api/v1/cart/{cart}/items/{variant}");
    let shopper = &world.ours.shopper;
    let mut slowest = Duration::ZERO;
    for call in [
        shopper.post("/api/v1/cart"),
        shopper.get(&format!("/api/v1/cart/{cart}")),
        shopper.post(&format!("/api/v1/cart/{cart}/items")).json(&json!({ "variantId": variant })),
        shopper.patch(&line).json(&json!({ "quantity": 1 })),
        shopper.delete(&line),
        shopper.post("/api/v1/checkouts").json(&crate::world::order_form(cart)),
    ] {
        let started = Instant::now();
        let refused = call.send().await.expect_problem(503, "cart-store-unavailable");
        assert!((1..=60).contains(&refused.the("retry-after").parse::<u64>().unwrap()), "{refused}");
        slowest = slowest.max(started.elapsed());
    }
    assert!(slowest < REFUSED_WITHIN, "a refusal took {slowest:?}");
    slowest
}

pub fn an_open_checkout_becomes_an_order(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let sold = world.sell("outlives-redis", "1", 10).await;
        let mut told = Vec::new();
        let mut orders = 0;
        for what in ["was killed", "hung"] {
            // One that was opened with a key is opened again without its cart.
            let form = crate::world::order_form(&world.ours.filled_cart(&[(&sold.variant, 1)]).await);
            let opening_key = world.name(&format!("open-{what}").replace(' ', "-"));
            // Without Redis this process counts by itself, and what was asked until now has used its units up: a client
            // that is told so comes again.
            let open = async || loop {
                let call = world.ours.shopper.post("/api/v1/checkouts").header("idempotency-key", &opening_key);
                let answer = call.json(&form).send().await;
                if answer.status != 429 {
                    break answer.expect(201);
                }
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            };
            let opened = open().await;
            let mut checkouts = Vec::new();
            for _ in 0..3 {
                checkouts.push(world.ours.opened(&[(&sold.variant, 1)]).await);
                orders += 1;
            }
            // The limiter has asked Redis until now, and does not know yet what is about to happen.
            let counted = world.ours.shopper.post("/api/v1/cart").send().await.expect(201);
            assert_eq!(counted.spent().redis, 2, "{counted}");
            match what {
                "was killed" => stage.with_redis(|redis| redis.kill()),
                _ => stage.with_redis(|redis| redis.pause()),
            }
            let mut slowest = Duration::ZERO;
            for (at, checkout) in checkouts.iter().enumerate() {
                let key = world.name(&format!("{what}-{at}").replace(' ', "-"));
                let started = Instant::now();
                let placed = world.ours.complete(checkout, &key).await.expect(201);
                slowest = slowest.max(started.elapsed());
                if at == 0 {
                    assert_eq!(placed.spent().redis, 1, "the limiter asked in vain: {placed}");
                }
                placed.the("ratelimit-remaining");
                let again = world.ours.complete(checkout, &key).await.expect(201);
                assert!(again.is_replayed() && again.body == placed.body, "{again}");
                let kept = world.ours.merchant.get(placed.the("location")).send().await.expect(200);
                assert_eq!(kept.body, placed.body);
            }
            let again = open().await;
            assert!(again.is_replayed() && again.body == opened.body, "{again}");
            assert!(slowest < ORDERED_WITHIN, "an order took {slowest:?} while Redis {what}");
            told.push(format!("Redis {what}: {} orders, slowest {slowest:.0?}", checkouts.len()));
            match what {
                "was killed" => stage.with_redis(|redis| redis.restart()),
                _ => stage.with_redis(|redis| redis.resume()),
            }
            eventually("Redis is asked again", RECOVERS_WITHIN, async || {
                let answer = world.ours.shopper.post("/api/v1/cart").send().await;
                (answer.status == 201 && answer.spent().redis == 2).then_some(())
            })
            .await;
            // Asking so often has spent the units; all are back after this.
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        assert_eq!(books::read(stage.sql(), stage.our_organization()).await, Books::of(orders));
        assert_eq!(world.ours.stock(&sold.handle).await, [10 - orders]);
        println!("{kind}: {}", told.join("; "));
    });
}

/// Tokens say themselves how long they are good. Whether one was revoked only Redis knows: without it everybody reads
/// on and does what is their own, and nobody changes what is the merchant's.
pub fn tokens_read_on_and_change_nothing_of_the_merchants(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let log_in = async |email: &str| log_in(&world.ours, email).await.expect(200);
        let (owner, customer) = (log_in("owner@example.com").await, log_in("customer@example.com").await);
        let refreshing = log_in("member@example.com").await;
        // Nothing is known of these tokens yet when Redis goes away.
        let owners = owner;
        let (mut owner, customer) = (as_person(&world, &owners), as_person(&world, &customer));
        let id = viewer(&world).await;
        let mut refused = 0;
        for what in ["was killed", "hung"] {
            match what {
                "was killed" => stage.with_redis(|redis| redis.kill()),
                _ => stage.with_redis(|redis| redis.pause()),
            }
            for path in ["/api/v1/auth/me", "/api/v1/products?limit=1", "/api/v1/members", "/api/v1/organization"] {
                owner.get(path).send().await.expect(200);
            }
            customer.get("/api/v1/customers/me").send().await.expect(200);
            customer.patch("/api/v1/customers/me").json(&json!({ "name": "Grace" })).send().await.expect(200);
            let name = json!({ "name": world.name("never") });
            let role = json!({ "name": world.name("never"), "scopes": "orders:read" });
            let key = json!({ "kind": "secret", "name": world.name("never") });
            let founding = json!({ "organizationName": world.name("never"), "storeName": "Never", "currency": "EUR",
                "email": world.email("never"), "password": "correct horse battery" });
            // Who cannot be counted founds nothing.
            let founding = world.nobody.post("/api/v1/organizations").json(&founding).send().await;
            founding.expect_problem(503, "session-store-unavailable");
            // Whose attempts cannot be counted does not log in either.
            let attempt = json!({ "email": "customer@example.com", "password": "correct horse battery" });
            let attempt = world.ours.shopper.post("/api/v1/auth/login").json(&attempt).send().await;
            attempt.expect_problem(503, "session-store-unavailable");
            for call in [
                owner.patch("/api/v1/organization").json(&name),
                owner.post("/api/v1/roles").json(&role),
                owner.post("/api/v1/api-keys").json(&key),
                owner.post("/api/v1/apps").json(&json!({ "name": world.name("never"), "scopes": "orders:read" })),
                owner.patch(&format!("/api/v1/members/{id}")).json(&json!({ "role": "viewer" })),
                owner.post("/api/v1/imports").body("text/csv", "Handle,Title,Variant Price\nnever,Never,1\n"),
            ] {
                let answer = call.send().await.expect_problem(503, "session-store-unavailable");
                assert!((1..=60).contains(&answer.the("retry-after").parse::<u64>().unwrap()), "{answer}");
                refused += 1;
            }
            // A key's revocation is in the database.
            let file = "Handle,Title,Variant Price\n";
            world.ours.merchant.post("/api/v1/imports?dryRun=true").body("text/csv", file).send().await.expect(200);
            let change = json!({ "timezone": "Europe/Berlin" });
            let write = async |owner: &Client, status: u16| {
                eventually("a privileged write after the outage", RECOVERS_WITHIN, async || {
                    let answer = owner.patch("/api/v1/organization").json(&change).send().await;
                    (answer.status == status).then_some(())
                })
                .await;
            };
            if what == "was killed" {
                stage.with_redis(|redis| redis.restart());
                // An empty one does not know what was revoked: whoever is logged in refreshes once.
                write(&owner, 401).await;
                owner = as_person(&world, &refresh(&world.ours, &owners).await.expect(200));
            } else {
                stage.with_redis(|redis| redis.resume());
            }
            write(&owner, 200).await;
            if what == "was killed" {
                // The verdicts that were just heard are believed for half a minute: another token has none.
                tokio::time::sleep(BELIEVED).await;
            }
        }
        let shown = owner.get("/api/v1/organization").send().await.expect(200).json();
        assert_eq!(shown["name"], "Ours", "what was refused was not done");
        refresh(&world.ours, &refreshing).await.expect(200);
        println!("{kind}: without Redis tokens read on, and {refused} privileged writes were refused with 503");
    });
}

async fn viewer(world: &World) -> String {
    let tokens = log_in(&world.ours, "viewer@example.com").await.expect(200);
    tokens.json()["account"]["id"].as_str().unwrap().to_owned()
}
