//! Shoppers buy while whatever stands behind the shop is killed at random moments, and afterwards everything adds up.
//!
//! `cargo xtask chaos --seed 7 --kills 200`, or with less `cargo test --test chaos`. The seed says what is killed when, and
//! what each shopper wants; which of two requests comes first it cannot say, so that a seed which has failed once is worth
//! some repeats. Two deployments are put through it, one after the other, each with half of the kills:
//!
//! - `hp dev`, a process with its database in a file, and a redis-server;
//! - the worker on workerd, a sqld and a redis-server.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![expect(clippy::print_stdout, reason = "says what it has seen")]

mod arena;
mod killing;
mod random;
mod settled;
mod shoppers;

#[expect(dead_code, reason = "the proofs of the scenario count with it")]
#[path = "../scenario/proofs/books.rs"]
mod books;
#[expect(dead_code, reason = "the proofs of the scenario buy with the rest")]
#[path = "../support/buyers.rs"]
mod buyers;
#[expect(dead_code, reason = "the scenario uses the rest")]
#[path = "../support/client.rs"]
mod client;
#[path = "../scenario/eventually.rs"]
mod eventually;
#[expect(dead_code, reason = "the scenario and the benchmark use the rest")]
#[path = "../support/hosts.rs"]
mod hosts;
#[path = "../support/openapi.rs"]
mod openapi;
#[expect(dead_code, reason = "the scenario uses the rest")]
#[path = "../scenario/product_file.rs"]
mod product_file;
#[expect(dead_code, reason = "the conformance suite lets it hang")]
#[path = "../support/redis.rs"]
mod redis_server;
#[path = "../support/secrets.rs"]
mod secrets;
#[path = "../support/serve.rs"]
mod serve;
#[expect(dead_code, reason = "the scenario uses the rest")]
#[path = "../support/sqld.rs"]
mod sqld;
#[path = "../support/task.rs"]
mod task;
#[expect(dead_code, reason = "the scenario uses the rest")]
#[path = "../scenario/world.rs"]
mod world;

use arena::Arena;
use random::Random;

/// What the normal test runs: the same each time.
const SEED: u64 = 20_261_123;
const KILLS: usize = 20;

const USAGE: &str = "usage: cargo xtask chaos [--seed N] [--kills N]";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (mut seed, mut kills) = (SEED, KILLS);
    for pair in words.chunks(2) {
        match pair {
            [name, number] if name == "--seed" => seed = number.parse().expect(USAGE),
            [name, number] if name == "--kills" => kills = number.parse().expect(USAGE),
            _ => panic!("{USAGE}"),
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    println!("seed {seed}, {kills} kills; again with: cargo xtask chaos --seed {seed} --kills {kills}");
    let halves = [kills.div_ceil(2), kills / 2];
    for (arena, kills) in [Arena::native as fn() -> Arena, Arena::worker].into_iter().zip(halves) {
        let _within = runtime.enter();
        runtime.block_on(put_through(arena(), Random::new(seed), kills));
    }
    // Does not wait for connections that somebody keeps open.
    runtime.shutdown_background();
}

async fn put_through(mut arena: Arena, random: Random, kills: usize) {
    let world = arena.world.clone();
    let shop = shoppers::furnish(&world).await;
    let crowd = shoppers::Crowd::of(&world, &shop, &random);
    let (bought, killed) = tokio::join!(crowd.buys(), async {
        let killed = killing::kill(&mut arena, &random, kills).await;
        crowd.goes_home();
        killed
    });
    println!("{}: {killed}; {}", arena.name, bought.told());
    settled::check(arena, &shop, &bought).await;
}
