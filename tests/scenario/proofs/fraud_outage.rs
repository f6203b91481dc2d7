//! redis-server is killed, and hangs another time, while a store's rules would count attempts.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::app::{Kind, Stage};
use crate::eventually::eventually;
use crate::world::Shop;

const ORDERED_WITHIN: Duration = Duration::from_secs(3);
const RECOVERS_WITHIN: Duration = Duration::from_secs(15);

/// Rules that need counters, and what holds without them.
async fn judged(shop: &Shop, without: &str) {
    let when = json!([{ "kind": "count", "by": "email", "over": 1_000 }]);
    let rules = json!([{ "reason": "many", "outcome": "block", "when": when }]);
    let call = shop.merchant.call(Method::PUT, "/api/v1/fraud-settings");
    call.json(&json!({ "rules": rules, "withoutCounts": without })).send().await.expect(200);
}

async fn reviewed(shop: &Shop) -> Vec<Value> {
    let list = shop.merchant.get("/api/v1/fraud-reviews?limit=250").send().await.expect(200).json();
    list["items"].as_array().unwrap().clone()
}

pub fn the_stated_default_holds(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let (sold, shop) = (world.sell("judged-without-redis", "1", 20).await, &world.ours);
        let mut slowest = Duration::ZERO;
        for what in ["was killed", "hung"] {
            judged(shop, "review").await;
            let before = reviewed(shop).await.len();
            let mut checkouts = Vec::new();
            for _ in 0..4 {
                checkouts.push(shop.opened(&[(&sold.variant, 1)]).await);
            }
            let key = |at: usize| world.name(&format!("judged-{what}-{at}").replace(' ', "-"));
            shop.complete(&checkouts[0], &key(0)).await.expect(201);
            assert_eq!(reviewed(shop).await.len(), before, "it was counted");
            match what {
                "was killed" => stage.with_redis(|redis| redis.kill()),
                _ => stage.with_redis(|redis| redis.pause()),
            }
            for (at, (without, status)) in [("review", 201), ("block", 422), ("allow", 201)].into_iter().enumerate() {
                judged(shop, without).await;
                let started = Instant::now();
                let answer = shop.complete(&checkouts[at + 1], &key(at + 1)).await;
                slowest = slowest.max(started.elapsed());
                assert_eq!(answer.status, status, "{without}: {answer}");
                if without == "review" {
                    let reviews = reviewed(shop).await;
                    let review = reviews.iter().find(|review| review["orderId"] == answer.json()["id"]).unwrap();
                    assert_eq!(review["reasons"][0]["reason"], "counters-unavailable", "{review}");
                    assert_eq!(review["signals"]["counts"], Value::Null);
                }
            }
            assert_eq!(reviewed(shop).await.len(), before + 1);
            match what {
                "was killed" => stage.with_redis(|redis| redis.restart()),
                _ => stage.with_redis(|redis| redis.resume()),
            }
            judged(shop, "block").await;
            eventually("attempts are counted again", RECOVERS_WITHIN, async || {
                let cart = shop.shopper.post("/api/v1/cart").send().await;
                (cart.status == 201).then_some(())
            })
            .await;
            let checkout = shop.opened(&[(&sold.variant, 1)]).await;
            eventually("an order is counted again", RECOVERS_WITHIN, async || {
                (shop.complete(&checkout, &key(9)).await.status == 201).then_some(())
            })
            .await;
        }
        assert!(slowest < ORDERED_WITHIN, "an order took {slowest:?} without Redis");
        let none = json!({ "rules": [] });
        shop.merchant.call(Method::PUT, "/api/v1/fraud-settings").json(&none).send().await.expect(200);
        println!("{kind}: without Redis the default holds, slowest {slowest:.0?}");
    });
}
