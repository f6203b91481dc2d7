//! sqld is killed in the middle of checkouts.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use tokio::time::Instant;

use super::books::{self, Books};
use crate::app::{Kind, Stage};
use crate::buyers::{Buyer, Repeats};
use crate::eventually::eventually;

const BUYERS: usize = 200;
/// Requests in flight at a time.
const AT_ONCE: usize = 20;
/// Each time, the server dies after this many more orders, as it were in the middle of the next ones.
const ORDERS_BETWEEN_DEATHS: usize = 40;
const DEATHS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(60);

pub fn no_order_is_lost_or_halved(stage: &Stage, kind: Kind) {
    stage.run(prove(stage, kind));
}

async fn prove(stage: &Stage, kind: Kind) {
    let world = stage.world();
    let sold = world.sell("survivor", "5", 10_000).await;
    let repeats = Repeats::default();
    let buyers: Vec<Buyer<'_>> = (0..BUYERS)
        .map(|at| Buyer { shop: &world.ours, name: world.name(&format!("buyer-{at}")), repeats: &repeats })
        .collect();
    let opening = stream::iter(&buyers).map(|buyer| buyer.open(&sold.variant, 2)).buffered(AT_ONCE);
    let checkouts: Vec<String> = opening.collect().await;

    let placed = AtomicUsize::new(0);
    let buying = stream::iter(buyers.iter().zip(&checkouts))
        .map(|(buyer, checkout)| {
            let placed = &placed;
            async move {
                let answer = buyer.complete(checkout).await.expect(201);
                placed.fetch_add(1, Ordering::Relaxed);
                answer
            }
        })
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>();
    let dying = async {
        let mut refused = 0;
        let mut recovered = Vec::new();
        for death in 1..=DEATHS {
            eventually("orders before the next death", PATIENCE, async || {
                (ORDERS_BETWEEN_DEATHS * death <= placed.load(Ordering::Relaxed)).then_some(())
            })
            .await;
            stage.with_sqld(|sqld| sqld.kill());
            // Whoever reads meanwhile is told to come back; so is a shopper with a key nobody has seen yet.
            for path in [
                format!("/api/v1/products/{}", sold.handle),
                "/api/v1/products".to_owned(),
                "/api/v1/categories".to_owned(),
            ] {
                for client in [&world.ours.shopper, &world.theirs.shopper] {
                    let answer = client.get(&path).send().await.expect_problem(503, "database-unavailable");
                    assert!((1..=60).contains(&answer.the("retry-after").parse::<u64>().unwrap()), "{answer}");
                    refused += 1;
                }
            }
            world.nobody.get("/healthz").send().await.expect(200);
            stage.with_sqld(|sqld| sqld.restart());
            let restarted = Instant::now();
            eventually("a read after the restart", PATIENCE, async || {
                let path = format!("/api/v1/products/{}", sold.handle);
                (world.ours.shopper.get(&path).send().await.status == 200).then_some(())
            })
            .await;
            recovered.push(restarted.elapsed());
        }
        (refused, recovered)
    };
    let (answers, (refused, recovered)) = tokio::join!(buying, dying);

    // What a buyer was told is what there is, and there is nothing else.
    let orders: BTreeMap<String, _> =
        answers.iter().map(|answer| (answer.json()["id"].as_str().unwrap().to_owned(), answer)).collect();
    assert_eq!(orders.len(), BUYERS);
    for answer in orders.values() {
        let kept = world.ours.merchant.get(answer.the("location")).send().await.expect(200);
        assert_eq!(kept.body, answer.body);
    }
    assert_eq!(books::read(stage.sql(), stage.our_organization()).await, Books::of(i64::try_from(BUYERS).unwrap()));
    assert_eq!(world.ours.stock(&sold.handle).await, [10_000 - 2 * i64::try_from(BUYERS).unwrap()]);
    let replayed = answers.iter().filter(|answer| answer.is_replayed()).count();
    println!(
        "{kind}: sqld killed {DEATHS} times among {BUYERS} checkouts: every order is there and whole, {} \
         ({replayed} had been placed, and only the answer was lost); {refused} reads refused with 503; reads are back {recovered:.0?} \
         after its restart",
        repeats.told(),
    );
}
