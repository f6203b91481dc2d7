//! 500 buyers want one of 50 units each, all at once. Writers line up in each isolate, and sqld is asked by all
//! of those: one on workerd, dozens on Spin, which starts one for every 16 requests.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use serde_json::json;
use tokio::time::Instant;

use super::books::{self, Books};
use crate::app::{Kind, Stage};
use crate::buyers::{Buyer, Repeats};

const BUYERS: usize = 500;
const UNITS: i64 = 50;

pub fn five_hundred_for_fifty(stage: &Stage, kind: Kind) {
    stage.run(prove(stage, kind));
}

async fn prove(stage: &Stage, kind: Kind) {
    let world = stage.world();
    let sold = world.sell("last-ones", "19.90", UNITS).await;
    let repeats = Repeats::default();
    let buyers: Vec<Buyer<'_>> = (0..BUYERS)
        .map(|at| Buyer { shop: &world.ours, name: world.name(&format!("buyer-{at}")), repeats: &repeats })
        .collect();

    // All of them have agreed before the first of them buys.
    let started = Instant::now();
    let opening = stream::iter(&buyers).map(|buyer| buyer.open(&sold.variant, 1)).buffered(BUYERS);
    let checkouts: Vec<String> = opening.collect().await;
    let opening = started.elapsed();
    assert_eq!(checkouts.iter().collect::<BTreeSet<_>>().len(), BUYERS);
    let repeats_of_opening = repeats.told();

    let started = Instant::now();
    let completing = stream::iter(buyers.iter().zip(&checkouts)).map(|(buyer, checkout)| async {
        let started = Instant::now();
        let answer = buyer.complete(checkout).await;
        (answer, started.elapsed())
    });
    let (answers, mut times): (Vec<_>, Vec<Duration>) = completing.buffered(BUYERS).unzip().await;
    let completing = started.elapsed();

    let started = Instant::now();
    let replaying = stream::iter(buyers.iter().zip(&checkouts)).map(|(buyer, checkout)| buyer.complete(checkout));
    let replays: Vec<_> = replaying.buffered(BUYERS).collect().await;
    let replaying = started.elapsed();

    let mut numbers = BTreeSet::new();
    let mut orders = BTreeSet::new();
    for (first, replay) in answers.iter().zip(&replays) {
        assert_eq!((replay.status, &replay.body), (first.status, &first.body), "{replay}");
        if first.status == 201 {
            assert_eq!(replay.header("location"), first.header("location"), "{replay}");
            assert!(replay.is_replayed(), "{replay}");
            let order = first.json();
            numbers.insert(order["number"].as_i64().unwrap());
            orders.insert(order["id"].as_str().unwrap().to_owned());
        } else {
            let refused = first.clone().expect_problem(409, "lines-not-available");
            let line = &refused.json()["lines"];
            assert_eq!(
                line,
                &json!([{ "variantId": sold.variant, "problem": "sold-out", "requested": 1, "available": 0 }]),
                "{refused}"
            );
        }
    }
    let refused = answers.iter().filter(|answer| answer.status == 409).count();
    assert_eq!((orders.len(), refused), (50, 450));
    assert_eq!(numbers, (1_001..=1_050).collect());
    assert_eq!(world.ours.stock(&sold.handle).await, [0]);
    for order in &orders {
        world.ours.merchant.get(&format!("/api/v1/orders/{order}")).send().await.expect(200);
    }
    assert_eq!(books::read(stage.sql(), stage.our_organization()).await, Books::of(UNITS));

    times.sort_unstable();
    let per_second = |took: Duration| BUYERS as f64 / took.as_secs_f64();
    println!(
        "{kind}: {BUYERS} buyers at once, {UNITS} units: 50 orders, 450 refusals, stock 0, {BUYERS} replays equal\n  \
         carts filled and checkouts opened in {opening:.1?} ({:.0}/s; {repeats_of_opening})\n  \
         completed in {completing:.1?} ({:.0}/s, p50 {:.0?}, p99 {:.0?}), replayed in {replaying:.1?} ({:.0}/s)\n  \
         in all {}",
        per_second(opening),
        per_second(completing),
        times[BUYERS / 2],
        times[BUYERS * 99 / 100],
        per_second(replaying),
        repeats.told(),
    );
}
