//! A writer and fifty readers: what a cache may show, and what not.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{join, join_all};
use headlesspro_edge::app::App;
use serde_json::Value;
use tokio::time::Instant;

use crate::app::{Kind, Stage};
use crate::eventually::eventually;
use crate::product_file::{Generation, Product, file};
use crate::world::World;

/// How long it takes, in seconds; `HP_FRESHNESS_SECONDS` says another time.
const FOR: u64 = 10;
const READERS: usize = 50;
/// Between two writes.
const PAUSE: Duration = Duration::from_secs(1);
/// Which is more than a busy machine takes to read an answer.
const MARGIN: Duration = Duration::from_secs(1);
const PRODUCTS: usize = 4;
/// Of a reader who is told to come back.
const PATIENCE: Duration = Duration::from_secs(20);
/// One of each product.
const FIRST_WRITES: i64 = 4;

/// How long an answer is shown that a write has made old, to whoever has not heard of the write, as README says: not at
/// all where the write went through the isolate, which is the only one; elsewhere until the isolate forgets it. What
/// isolates share no write leaves there: theirs all go through one data centre.
fn shown_at_most(kind: Kind) -> Duration {
    match kind {
        Kind::Native | Kind::NativeWithRedis => MARGIN,
        Kind::Workers | Kind::Spin => App::ANSWERS_KEPT_FOR + MARGIN,
    }
}

/// A price in whole euros is that of one write, of one product after the other.
struct Shared {
    is_over: AtomicBool,
    version: AtomicI64,
    /// Of each product, what was told last.
    prices: [AtomicI64; PRODUCTS],
    /// When each price was gone, in milliseconds since the start; 0 while it is not.
    gone: Vec<AtomicI64>,
    reads: AtomicUsize,
    kept: AtomicUsize,
    stalest_millis: AtomicI64,
}

pub fn readers_and_a_writer(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let seconds = std::env::var("HP_FRESHNESS_SECONDS").map_or(FOR, |seconds| seconds.parse().unwrap());
        let time = Duration::from_secs(seconds);
        let writes = usize::try_from(time.as_millis() / PAUSE.as_millis()).unwrap() + 10;
        let shared = Shared {
            is_over: AtomicBool::new(false),
            version: AtomicI64::new(0),
            prices: std::array::from_fn(|_| AtomicI64::new(0)),
            gone: (0..writes).map(|_| AtomicI64::new(0)).collect(),
            reads: AtomicUsize::new(0),
            kept: AtomicUsize::new(0),
            stalest_millis: AtomicI64::new(0),
        };
        let started = Instant::now();
        for price in 1..=FIRST_WRITES {
            write(&world, &shared, price, started).await;
        }
        let readers = join_all((0..READERS).map(|number| read(&world, &shared, number, started)));
        let writer = async {
            let mut price = FIRST_WRITES + 1;
            while started.elapsed() < time {
                write(&world, &shared, price, started).await;
                price += 1;
                tokio::time::sleep(PAUSE).await;
            }
            shared.is_over.store(true, Ordering::SeqCst);
            price - 1
        };
        let (_, writes) = join(readers, writer).await;
        let (reads, kept) = (shared.reads.load(Ordering::SeqCst), shared.kept.load(Ordering::SeqCst));
        let stalest = shared.stalest_millis.load(Ordering::SeqCst);
        println!(
            "{kind}: {writes} writes, {reads} reads, {:.1} % without the database, none older than asked for; the others \
             at most {stalest} ms",
            percent(kept, reads)
        );
        assert!(95.0 <= percent(kept, reads), "{kept} of {reads}");
        assert!(u128::try_from(stalest).unwrap() <= shown_at_most(kind).as_millis(), "{stalest} ms");
        tokio::time::sleep(shown_at_most(kind)).await;
        nobody_is_shown_less_than_the_last(&world, &shared).await;
        if kind == Kind::Workers {
            isolates_share(&world).await;
        }
    });
}

/// In whichever isolate they come to. So many at once, who find nothing kept, may be told to come back.
async fn nobody_is_shown_less_than_the_last(world: &World, shared: &Shared) {
    let reads = (0..8 * READERS).map(|number| async move {
        let path = format!("/api/v1/products/{}", handle(world, number % PRODUCTS));
        let answer = eventually("an answer", PATIENCE, async || {
            let answer = world.ours.shopper.get(&path).of_any_version().send().await;
            (answer.status != 503).then(|| answer.expect(200))
        })
        .await;
        let price = shared.prices[number % PRODUCTS].load(Ordering::SeqCst);
        assert_eq!(shown(&answer.json()), price, "{answer}");
    });
    join_all(reads).await;
}

/// An isolate that has forgotten an answer, or never had it, finds it in the cache of its data centre, and says how old
/// it is.
async fn isolates_share(world: &World) {
    let path = format!("/api/v1/products/{}", handle(world, 0));
    // What an isolate has written itself it does not believe others about, if they have read before.
    world.ours.import(&[Product::simple(&handle(world, 0), "6000", 5)]).await;
    let before = world.ours.shopper.get(&path).of_any_version().send().await.expect(200);
    tokio::time::sleep(App::ANSWERS_KEPT_FOR + Duration::from_millis(500)).await;
    // By now the key may have to be looked up again, with which the answer would be read.
    world.ours.shopper.get("/api/v1/categories").of_any_version().send().await.expect(200);
    let shared = world.ours.shopper.get(&path).of_any_version().send().await.expect(200);
    assert_eq!((shared.spent().sql, &shared.body), (0, &before.body), "{shared}");
    assert!(10 <= shared.the("age").parse::<u64>().unwrap(), "{shared}");
    for name in ["etag", "cache-tag", "cache-control", "vary", "catalog-version"] {
        assert_eq!(shared.header(name), before.header(name), "{name}");
    }
    // A write that goes through this isolate, or a client that has heard of one, has it read anew.
    world.ours.import(&[Product::simple(&handle(world, 0), "7000", 5)]).await;
    let anew = world.ours.shopper.get(&path).of_any_version().send().await.expect(200);
    assert_eq!((shown(&anew.json()), anew.spent().sql), (7000, 1), "{anew}");
}

#[expect(clippy::cast_precision_loss, reason = "counts of some thousands, for a person to read")]
fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole as f64
}

fn millis(since: Instant) -> i64 {
    i64::try_from(since.elapsed().as_millis()).unwrap()
}

fn handle(world: &World, number: usize) -> String {
    world.name(&format!("fresh-{number}"))
}

async fn write(world: &World, shared: &Shared, price: i64, started: Instant) {
    let number = usize::try_from(price).unwrap();
    let product = number % PRODUCTS;
    let products = [Product::simple(&handle(world, product), &price.to_string(), 5)];
    let written = world.ours.import_file(file(Generation::Newer, &products)).await.expect(200);
    // From here on the product's price before is an old one.
    shared.gone[number.saturating_sub(PRODUCTS)].store(millis(started).max(1), Ordering::SeqCst);
    shared.prices[product].store(price, Ordering::SeqCst);
    shared.version.store(written.the("catalog-version").parse().unwrap(), Ordering::SeqCst);
}

async fn read(world: &World, shared: &Shared, number: usize, started: Instant) {
    let path = format!("/api/v1/products/{}", handle(world, number % PRODUCTS));
    // Every tenth has just written, or was told by somebody who has.
    let has_heard = number.is_multiple_of(10);
    while !shared.is_over.load(Ordering::SeqCst) {
        let call = world.ours.shopper.get(&path).of_any_version();
        // In this order: the version is told after its price, so it is this price's or a newer one's.
        let price = shared.prices[number % PRODUCTS].load(Ordering::SeqCst);
        let version = shared.version.load(Ordering::SeqCst);
        let asked_at = millis(started);
        let call = if has_heard { call.header("min-version", version.to_string()) } else { call };
        let answer = call.send().await.expect(200);
        shared.reads.fetch_add(1, Ordering::SeqCst);
        shared.kept.fetch_add(usize::from(answer.spent().sql == 0), Ordering::SeqCst);
        let shown = shown(&answer.json());
        if has_heard {
            assert!(price <= shown, "{shown} after {price}: {answer}");
            assert!(version <= answer.the("catalog-version").parse().unwrap(), "{answer}");
        } else {
            let gone = shared.gone[usize::try_from(shown).unwrap()].load(Ordering::SeqCst);
            if gone != 0 {
                shared.stalest_millis.fetch_max(asked_at - gone, Ordering::SeqCst);
            }
        }
        // So that a reader is a shopper and not a load.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn shown(product: &Value) -> i64 {
    let amount = product["priceRange"]["min"]["amount"].as_str().unwrap();
    amount.split('.').next().unwrap().parse().unwrap()
}
