//! 200 buyers complete at once what only some of them can have.

use futures_util::stream::{self, StreamExt};
use http::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::books;
use crate::app::{Kind, Stage};
use crate::buyers::{Buyer, Repeats};
use crate::world::World;

const BUYERS: usize = 200;

pub fn two_hundred_with_a_code_for_one(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let promotion = promotion(&world, json!({ "name": "One only", "trigger": "code", "effect": tenth() })).await;
        let code = world.name("ONE").to_uppercase();
        let codes = json!({ "codes": [code], "limit": 1 });
        world.ours.merchant.post(&format!("{promotion}/codes")).json(&codes).send().await.expect(201);
        race(stage, kind, &promotion, &[code], 1, "code-limit-reached").await;
    });
}

pub fn two_hundred_with_a_promotion_for_a_hundred(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let body = json!({ "name": "A hundred", "trigger": "code", "effect": tenth(), "limit": 100 });
        let promotion = promotion(&world, body).await;
        let code = world.name("HUNDRED").to_uppercase();
        let codes = json!({ "codes": [code] });
        world.ours.merchant.post(&format!("{promotion}/codes")).json(&codes).send().await.expect(201);
        race(stage, kind, &promotion, &[code], 100, "limit-reached").await;
    });
}

fn tenth() -> Value {
    json!({ "type": "reduce", "by": { "type": "percent", "rate": 100_000 } })
}

/// Its path.
async fn promotion(world: &World, body: Value) -> String {
    let made = world.ours.merchant.post("/api/v1/promotions").json(&body).send().await.expect(201).json();
    format!("/api/v1/promotions/{}", made["id"].as_str().unwrap())
}

/// All have agreed to the discount before the first of them buys: `most` have it, and the others are told what it costs
/// without, and who has it is the same when everybody asks again.
async fn race(stage: &Stage, kind: Kind, promotion: &str, codes: &[String], most: usize, reason: &str) {
    let world = stage.world();
    let sold = world.sell("reduced", "10", 1_000).await;
    let repeats = Repeats::default();
    let buyers: Vec<Buyer<'_>> = (0..BUYERS)
        .map(|at| Buyer { shop: &world.ours, name: world.name(&format!("{reason}-{at}")), repeats: &repeats })
        .collect();
    let cart = world.ours.filled_cart(&[(&sold.variant, 1)]).await;
    let enter = world.ours.shopper.call(Method::PUT, &format!("/api/v1/cart/{cart}/codes"));
    enter.json(&json!({ "codes": codes })).send().await.expect(200);
    let opening = stream::iter(0..BUYERS).map(|_| async {
        let checkout = world.ours.open(&cart).await.expect(201).json();
        assert_eq!(checkout["total"]["amount"], "9.00", "{checkout}");
        checkout["id"].as_str().unwrap().to_owned()
    });
    let checkouts: Vec<String> = opening.buffered(20).collect().await;

    let started = Instant::now();
    let complete = || stream::iter(buyers.iter().zip(&checkouts)).map(|(buyer, checkout)| buyer.complete(checkout));
    let answers: Vec<_> = complete().buffered(BUYERS).collect().await;
    let took = started.elapsed();
    let again: Vec<_> = complete().buffered(BUYERS).collect().await;

    let mut had = 0;
    for (first, again) in answers.iter().zip(&again) {
        assert_eq!(first.status, again.status, "{again}");
        if first.status == 201 {
            assert_eq!(first.json()["total"]["amount"], "9.00", "{first}");
            assert_eq!(first.body, again.body, "{again}");
            had += 1;
        } else {
            let refused = first.clone().expect_problem(409, "totals-changed").json();
            assert_eq!(
                json!([refused["current"]["total"]["amount"], refused["codes"][0]["reason"]]),
                json!(["10.00", reason])
            );
        }
    }
    assert_eq!(had, most);
    let now = world.ours.merchant.get(promotion).send().await.expect(200).json();
    assert_eq!(now["used"], json!(most), "{now}");
    let units = i64::try_from(1_000 - most).unwrap();
    assert_eq!(world.ours.stock(&sold.handle).await, [units]);
    books::read(stage.sql(), stage.our_organization()).await;
    println!("{kind}: {BUYERS} at once, {had} had it, the others were told in {took:.1?}; {}", repeats.told());
}
