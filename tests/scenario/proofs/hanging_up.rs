//! Buyers ask for their order and hang up before the answer.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::books::{self, Books};
use crate::app::{Kind, Stage};
use crate::buyers::{Buyer, Repeats};

const BUYERS: usize = 60;
const UNITS: i64 = 20;

pub fn nobody_is_held_back(stage: &Stage, kind: Kind) {
    stage.run(prove(stage, kind));
}

async fn prove(stage: &Stage, kind: Kind) {
    let world = stage.world();
    let sold = world.sell("hung-up-on", "7", UNITS).await;
    let repeats = Repeats::default();
    let buyers: Vec<Buyer<'_>> = (0..BUYERS)
        .map(|at| Buyer { shop: &world.ours, name: world.name(&format!("buyer-{at}")), repeats: &repeats })
        .collect();
    let checkouts = join_all(buyers.iter().map(|buyer| buyer.open(&sold.variant, 1))).await;

    // Each hangs up a little later than the one before, so that some do in the middle of their commit.
    let address = world.ours.shopper.url().trim_start_matches("http://").to_owned();
    join_all(buyers.iter().zip(&checkouts).enumerate().map(async |(at, (buyer, checkout))| {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(&buyer.completing(checkout)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(at as u64 / 2)).await;
    }))
    .await;

    // They come back. Whatever became of the first try, each has one order or one refusal now, and no
    // place in the line of writers is still taken by somebody who has left.
    let answers = join_all(buyers.iter().zip(&checkouts).map(|(buyer, checkout)| buyer.complete(checkout))).await;
    let placed = answers.iter().filter(|answer| answer.status == 201).count();
    let replayed = answers.iter().filter(|answer| answer.is_replayed()).count();
    let refused = answers.iter().filter(|answer| answer.status == 409).count();
    assert_eq!((placed, refused), (20, 40));
    assert_eq!(repeats.told(), "no repeats");
    assert_eq!(world.ours.stock(&sold.handle).await, [0]);
    assert_eq!(books::read(stage.sql(), stage.our_organization()).await, Books::of(UNITS));
    println!("{kind}: {BUYERS} buyers hung up, {replayed} of {placed} orders were placed without them");
}
