//! Many pay at once with what is there for few of them.

use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::books;
use crate::app::{Kind, Stage};
use crate::buyers::{Buyer, Repeats};
use crate::stories::gift_cards::{CARDS, issued};
use crate::world::World;

const BUYERS: usize = 200;

/// So many checkouts of one unit.
async fn opened(world: &World, variant: &str, count: usize) -> Vec<String> {
    let cart = world.ours.filled_cart(&[(variant, 1)]).await;
    let opening = stream::iter(0..count).map(|_| async {
        let checkout = world.ours.open(&cart).await.expect(201).json();
        checkout["id"].as_str().unwrap().to_owned()
    });
    opening.buffered(20).collect().await
}

async fn shown(world: &World, card: &Value) -> Value {
    let path = format!("{CARDS}/{}", card["id"].as_str().unwrap());
    world.ours.merchant.get(&path).send().await.expect(200).json()
}

/// One has it, and the others are told what is left; who that is stays the same when everybody asks again.
pub fn two_hundred_with_a_card_for_one(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let sold = world.sell("paid-by-card", "10", 1_000).await;
        let card = issued(&world.ours, "10.00").await;
        let repeats = Repeats::default();
        let buyers: Vec<Buyer<'_>> = (0..BUYERS)
            .map(|at| Buyer { shop: &world.ours, name: world.name(&format!("card-{at}")), repeats: &repeats })
            .collect();
        let checkouts = opened(&world, &sold.variant, BUYERS).await;
        let body = json!({
            "giftCards": [card["code"]],
            "payment": { "provider": "manual", "method": "on-account" },
        })
        .to_string();

        let started = Instant::now();
        let complete = || {
            let pairs = stream::iter(buyers.iter().zip(&checkouts));
            pairs.map(|(buyer, checkout)| buyer.complete_by(checkout, &body)).buffered(BUYERS)
        };
        let answers: Vec<_> = complete().collect().await;
        let took = started.elapsed();
        let again: Vec<_> = complete().collect().await;

        let mut had = 0;
        let gone = json!([{ "index": 0, "lastFour": card["lastFour"], "problem": "insufficient",
            "balance": { "amount": "0.00", "currency": "EUR" } }]);
        for (first, again) in answers.iter().zip(&again) {
            assert_eq!(first.status, again.status, "{again}");
            if first.status == 201 {
                assert_eq!(first.json()["tenders"][0]["amount"]["amount"], "10.00", "{first}");
                assert_eq!(first.body, again.body, "{again}");
                had += 1;
            } else {
                let refused = first.clone().expect_problem(409, "tenders-not-available").json();
                assert_eq!(refused["giftCards"], gone, "{refused}");
            }
        }
        assert_eq!(had, 1);
        assert_eq!(shown(&world, &card).await["balance"]["amount"], "0.00");
        assert_eq!(world.ours.stock(&sold.handle).await, [999]);
        books::read(stage.sql(), stage.our_organization()).await;
        println!("{kind}: {BUYERS} at once, {had} had it, the others were told in {took:.1?}; {}", repeats.told());
    });
}

/// Cards are issued, corrected, disabled and spent at once, in no order: what is on them is what was moved.
pub fn the_ledger_adds_up(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let sold = world.sell("paid-by-many-cards", "3.33", 1_000).await;
        let mut cards = Vec::new();
        for amount in ["1.00", "7.77", "20.00"] {
            cards.push(issued(&world.ours, amount).await);
        }
        let checkouts = opened(&world, &sold.variant, 60).await;
        let doing = stream::iter(checkouts.iter().enumerate()).map(|(at, checkout)| {
            let (world, card, other) = (&world, &cards[at % 3], &cards[(at / 3) % 3]);
            async move {
                let path = format!("{CARDS}/{}", card["id"].as_str().unwrap());
                let amount = ["-0.50", "0.37", "1.01", "-2.22"][at % 4];
                let body = json!({ "amount": { "amount": amount, "currency": "EUR" }, "reason": "Any" });
                let adjusted = world.ours.merchant.post(&format!("{path}/adjustments")).json(&body).send().await;
                assert!([201, 409].contains(&adjusted.status), "{adjusted}");
                if at % 10 == 0 {
                    for state in ["disable", "enable"] {
                        world.ours.merchant.post(&format!("{path}/{state}")).send().await;
                    }
                }
                let mut codes = vec![card["code"].clone()];
                if card != other {
                    codes.push(other["code"].clone());
                }
                let body = json!({
                    "giftCards": codes,
                    "payment": { "provider": "manual", "method": "on-account" },
                });
                let call = world.ours.shopper.post(&format!("/api/v1/checkouts/{checkout}/complete"));
                let paid = call.header("idempotency-key", checkout).json(&body).send().await;
                assert!([201, 409, 503].contains(&paid.status), "{paid}");
                usize::from(paid.status == 201)
            }
        });
        let placed: Vec<usize> = doing.buffer_unordered(20).collect().await;
        let placed: usize = placed.iter().sum();
        assert!(0 < placed);
        for card in &cards {
            let path = format!("{CARDS}/{}", card["id"].as_str().unwrap());
            let now = shown(&world, card).await;
            let entries = world.ours.merchant.get(&format!("{path}/entries?limit=250")).send().await.expect(200).json();
            let entries = entries["items"].as_array().unwrap().clone();
            let cents = |money: &Value| money["amount"].as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
            let sum: i64 = entries.iter().map(|entry| cents(&entry["amount"])).sum();
            assert_eq!(sum, cents(&now["balance"]), "{now}");
            assert!(entries.iter().all(|entry| 0 <= cents(&entry["balance"])), "{entries:?}");
        }
        books::read(stage.sql(), stage.our_organization()).await;
        println!("{kind}: 60 at once on three cards, {placed} orders paid, and the ledger adds up");
    });
}
