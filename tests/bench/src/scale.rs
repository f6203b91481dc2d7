//! Product by handle in a shop of a thousand products and in one of a million.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::now;
use crate::load::{Budget, Requests, connect, drive};
use crate::multiply::multiply;
use crate::process::Programs;
use crate::products::{self, Catalog};
use crate::shop::Shop;
use crate::table::percentile_of;
use crate::target::{Target, catalog_file, native};
use crate::{Outcome, goals};

const SMALL: Catalog = Catalog { products: 1000, variants: 1 };
/// Products made of each one of the small shop, itself among them.
const COPIES: usize = 1000;
const LARGE: Catalog = Catalog { products: SMALL.products * COPIES, variants: 1 };
/// The most the median latency may grow.
const GOAL: f32 = 1.3;

const ROUNDS: usize = 5;
const WARM_UP: Duration = Duration::from_millis(500);
const MEASURED: Duration = Duration::from_secs(2);

pub async fn scale(programs: &Programs) -> Outcome {
    println!("\nProduct by handle, {} products and {}, one variant each:", SMALL.products, LARGE.products);
    let (small, large) = (programs.scratch.join("small"), programs.scratch.join("large"));
    let file = catalog_file(&programs.scratch, SMALL)?;
    drop(programs.start_hp_dev(&small, None)?);
    programs.hp(&["import", &file, "--data", &small.to_string_lossy()])?;
    fs::create_dir_all(&large).map_err(|error| error.to_string())?;
    for name in ["headlesspro.db", "keys.json"] {
        fs::copy(small.join(name), large.join(name)).map_err(|error| format!("{name}: {error}"))?;
    }
    let started = now();
    let database = large.join("headlesspro.db");
    multiply(&database, COPIES).await?;
    let bytes = fs::metadata(&database).map_err(|error| error.to_string())?.len();
    let seconds = now().duration_since(started).as_secs_f64();
    println!("  the large database was made in {seconds:.0} s and holds {bytes} bytes");

    // What is kept costs the same in both.
    let read_now = ["--catalog-cache-seconds", "0"];
    let (small, _small_hp) = native(programs, &small, &read_now)?;
    let (large, _large_hp) = native(programs, &large, &read_now)?;
    let small_requests = Arc::new(Shop::new(&small).products(SMALL, products::handle, 100_000));
    let large_requests = Arc::new(Shop::new(&large).products(LARGE, handle, 100_000));
    for connections in [1, 16] {
        let (mut of_small, mut of_large) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let first = round.saturating_mul(20_000);
            of_small.extend(latencies(&small, &small_requests, first, connections).await?);
            of_large.extend(latencies(&large, &large_requests, first, connections).await?);
        }
        let (small, large) = (percentile_of(of_small, 50), percentile_of(of_large, 50));
        let text = format!(
            "native, {connections:>2} connections: p50 {large:.1} us at a million, {small:.1} us at a thousand: \
             {:.2} times, at most {GOAL}",
            large / small
        );
        goals::print(&text, large / small <= GOAL);
    }
    Ok(())
}

async fn latencies(target: &Target, requests: &Arc<Requests>, first: usize, connections: usize) -> Outcome<Vec<f32>> {
    let open = connect(target.address, connections).await?;
    let budget = |time| Budget { time, requests: usize::MAX };
    let (open, warm) = drive(open, requests, first, budget(WARM_UP)).await?;
    let (_, seen) = drive(open, requests, first.saturating_add(warm.count()), budget(MEASURED)).await?;
    Ok(seen.latencies)
}

/// The handle of product `number` of the large shop.
fn handle(number: usize) -> String {
    let (copy, original) = (number / SMALL.products, number % SMALL.products);
    match copy {
        0 => products::handle(original),
        copy => format!("{}-{copy}", products::handle(original)),
    }
}
