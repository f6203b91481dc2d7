//! Orders: how many a second, and what a longer cart and a payment provider add to one.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::load::{Budget, connect, drive};
use crate::process::Programs;
use crate::shop::{Shop, text};
use crate::table::{median, percentile_of};
use crate::target::{CATALOG, catalog_file};
use crate::{Outcome, goals, target};

const ROUNDS: usize = 5;
/// Shoppers who complete their checkouts at once.
const CONCURRENT: usize = 50;
const WARM_UP: usize = 100;
const MEASURED: usize = 600;
/// With one shopper, whose time a longer cart is compared by.
const MEASURED_ALONE: usize = 150;
/// Nothing ends earlier: each checkout is completed once.
const AS_LONG_AS_IT_TAKES: Duration = Duration::from_secs(120);

/// The least orders a second that the sandbox pays for, with so many shoppers at once.
const PER_SECOND: f64 = 150.0;
/// The most that 99 of 100 of them wait, in milliseconds.
const P99_MILLIS: f32 = 400.0;
/// The most that nine lines take beside one.
const NINE_TO_ONE: f64 = 1.3;

struct Row {
    name: &'static str,
    lines: usize,
    payment: Value,
    alone: Vec<f64>,
    per_second: Vec<f64>,
    latencies: Vec<f32>,
    batches: usize,
}

/// Completes checkouts of one line, of nine, and of one that the sandbox pays, in turn.
pub async fn checkout(programs: &Programs) -> Outcome {
    println!(
        "\nOrders, natively: each is on the disk before it is answered (one sync for all that wait), {ROUNDS} rounds of \
         {MEASURED} with {CONCURRENT} shoppers at once:"
    );
    let data = programs.scratch.join("data");
    let (target, _hp) = target::native(programs, &data, &[])?;
    programs.hp(&["import", &catalog_file(&programs.scratch, CATALOG)?, "--data", &data.to_string_lossy()])?;
    let shop = Shop::new(&target);
    let manual = json!({ "provider": "manual", "method": "on-account" });
    let sandbox = json!({ "provider": provider(&shop, &target.secret_key).await?, "token": "sandbox_success" });
    let row = |name, lines, payment: &Value| Row {
        name,
        lines,
        payment: payment.clone(),
        alone: Vec::new(),
        per_second: Vec::new(),
        latencies: Vec::new(),
        batches: 0,
    };
    let mut rows = [
        row("1 line, on account", 1, &manual),
        row("9 lines, on account", 9, &manual),
        row("1 line, by the sandbox", 1, &sandbox),
    ];
    for _ in 0..ROUNDS {
        for row in &mut rows {
            let requests =
                Arc::new(shop.checkouts(MEASURED_ALONE + WARM_UP + MEASURED, row.lines, &row.payment).await?);
            let budget = |requests| Budget { time: AS_LONG_AS_IT_TAKES, requests };
            let alone = connect(target.address, 1).await?;
            let (_, seen) = drive(alone, &requests, 0, budget(MEASURED_ALONE)).await?;
            row.alone.push(f64::from(percentile_of(seen.latencies, 50)));
            let open = connect(target.address, CONCURRENT).await?;
            let (open, _) = drive(open, &requests, MEASURED_ALONE, budget(WARM_UP)).await?;
            let (_, seen) = drive(open, &requests, MEASURED_ALONE + WARM_UP, budget(MEASURED)).await?;
            let count = u32::try_from(seen.count()).unwrap_or(u32::MAX);
            row.per_second.push(f64::from(count) / seen.elapsed.as_secs_f64());
            row.batches = seen.sql.checked_div(seen.count()).unwrap_or(0);
            row.latencies.extend(seen.latencies);
        }
    }
    for row in &rows {
        println!(
            "  {:<24} {:>5.0}/s, p50 {:>6.1} ms, p99 {:>6.1} ms, alone {:>5.2} ms, {} batches of SQL",
            row.name,
            median(row.per_second.iter().copied()),
            percentile_of(row.latencies.clone(), 50) / 1e3,
            percentile_of(row.latencies.clone(), 99) / 1e3,
            median(row.alone.iter().copied()) / 1e3,
            row.batches,
        );
    }
    let [one, nine, paid] = &rows;
    let per_second = median(paid.per_second.iter().copied());
    let p99 = percentile_of(paid.latencies.clone(), 99) / 1e3;
    let ratios = nine.alone.iter().zip(&one.alone).map(|(nine, one)| nine / one);
    let ratio = median(ratios);
    goals::print(
        &format!("native, orders that the sandbox pays: {per_second:.0} a second, at least {PER_SECOND:.0}"),
        PER_SECOND <= per_second,
    );
    goals::print(&format!("native, 99 of 100 of these: within {p99:.0} ms, at most {P99_MILLIS:.0}"), p99 < P99_MILLIS);
    goals::print(
        &format!("native, 9 lines beside 1: {ratio:.2} times as long, at most {NINE_TO_ONE:.1}"),
        ratio <= NINE_TO_ONE,
    );
    Ok(())
}

/// A payment provider that takes no money.
async fn provider(shop: &Shop<'_>, secret_key: &str) -> Outcome<String> {
    let body =
        json!({ "kind": "sandbox", "name": "Bench", "capture": "automatic", "webhookSecret": "bench-webhook-secret" });
    let headers = ["idempotency-key: bench-provider"];
    let made = shop.request_as(secret_key, "POST", "/api/v1/payment-providers", &headers, Some(&body));
    let made = shop.ask(201, vec![made]).await?;
    text(made.first().ok_or("the provider has no answer")?, "/id")
}
