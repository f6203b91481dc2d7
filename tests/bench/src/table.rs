//! The table, and what was asked of it.

use std::time::Duration;

use crate::compare::{CONNECTIONS, Cell, Round};
use crate::shop::Request;

/// Prints one line for each host or shop, and request.
pub fn print(measured: &[(&str, Vec<Cell>)], requests: &[Request]) {
    let columns = |text: &str| format!("{text:^23}");
    println!(
        "\n{:<27}|{}|{}|{}|{}| CPU us/request |",
        "",
        columns("requests/s"),
        columns("ratio to hello"),
        columns("p50 ms"),
        columns("p99 ms")
    );
    let connections = CONNECTIONS.map(|connections| format!("{connections:>7}")).join(" ");
    println!(
        "{:<8} {:<18}|{connections}|{connections}|{connections}|{connections}| server  others | SQL Redis  bytes",
        "host", "request"
    );
    for (host, cells) in measured {
        for request in requests {
            let of_request: Vec<&Cell> = cells.iter().filter(|cell| cell.request == *request).collect();
            if !of_request.is_empty() {
                print_line(host, *request, &of_request);
            }
        }
    }
}

fn print_line(host: &str, request: Request, cells: &[&Cell]) {
    let columns = |number: &dyn Fn(&Cell) -> String| {
        cells.iter().map(|cell| format!("{:>7}", number(cell))).collect::<Vec<_>>().join(" ")
    };
    let rounds: Vec<&Round> = cells.iter().flat_map(|cell| &cell.rounds).collect();
    // The busiest cells: with one connection much of the time is waking up.
    let busiest: Vec<&Round> = cells.last().into_iter().flat_map(|cell| &cell.rounds).collect();
    let mean = |number: &dyn Fn(&Round) -> usize| {
        let count: usize = rounds.iter().map(|round| round.seen.count()).sum();
        let sum: usize = rounds.iter().map(|round| number(round)).sum();
        decimal(sum) / decimal(count.max(1))
    };
    println!(
        "{host:<8} {:<18}|{}|{}|{}|{}| {:>6.0}  {:>6.0} | {:>3.1} {:>5.1} {:>6.0}",
        request.name(),
        columns(&|cell| format!("{:.0}", median(cell.rounds.iter().map(|round| round.per_second)))),
        columns(&|cell| format!("{:.2}", ratio(cell))),
        columns(&|cell| format!("{:.3}", percentile(cell, 50) / 1e3)),
        columns(&|cell| format!("{:.3}", percentile(cell, 99) / 1e3)),
        micros_each(&busiest, |round| round.server_cpu),
        micros_each(&busiest, |round| round.beside_cpu),
        mean(&|round| round.seen.sql),
        mean(&|round| round.seen.redis),
        mean(&|round| round.seen.bytes),
    );
}

/// CPU time of the server for a request where it is busiest, in microseconds.
pub fn server_micros(cell: &Cell) -> f64 {
    let rounds: Vec<&Round> = cell.rounds.iter().collect();
    micros_each(&rounds, |round| round.server_cpu)
}

/// The share of hello's requests a second: of the goals, the median of the rounds.
pub fn ratio(cell: &Cell) -> f64 {
    median(cell.rounds.iter().map(|round| round.to_hello))
}

/// A latency in microseconds, over all rounds.
pub fn percentile(cell: &Cell, percent: usize) -> f32 {
    percentile_of(cell.rounds.iter().flat_map(|round| round.seen.latencies.iter().copied()).collect(), percent)
}

pub fn percentile_of(mut latencies: Vec<f32>, percent: usize) -> f32 {
    latencies.sort_unstable_by(f32::total_cmp);
    let last = latencies.len().saturating_sub(1);
    latencies.get(last.saturating_mul(percent) / 100).copied().unwrap_or(f32::NAN)
}

pub fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.get(numbers.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

fn micros_each(rounds: &[&Round], time: impl Fn(&Round) -> Duration) -> f64 {
    let count: usize = rounds.iter().map(|round| round.seen.count()).sum();
    rounds.iter().map(|round| time(round).as_secs_f64()).sum::<f64>() * 1e6 / decimal(count.max(1))
}

/// In two halves, since only these are floats without loss.
fn decimal(count: usize) -> f64 {
    let half = |half: usize| u32::try_from(half).map_or(f64::INFINITY, f64::from);
    half(count >> 32) * 4_294_967_296.0 + half(count & 0xffff_ffff)
}
