//! Steps in a row: each says what it does, stops everything when it fails, and appears with its time in
//! the table at the end.

use std::time::{Duration, Instant};

use crate::Outcome;

pub struct Steps<'a> {
    wanted: &'a [&'a str],
    started: Instant,
    done: Vec<(String, Duration)>,
}

impl<'a> Steps<'a> {
    /// Steps of which only the `wanted` run; all when it names none.
    pub fn new(wanted: &'a [&'a str]) -> Steps<'a> {
        Steps { wanted, started: now(), done: Vec::new() }
    }

    /// Runs one step, unless others are wanted.
    pub fn step(&mut self, name: &str, does: &str, work: impl FnOnce() -> Outcome) -> Outcome {
        if !self.wanted.is_empty() && !self.wanted.contains(&name) {
            return Ok(());
        }
        println!("\n==> {name}: {does} [at {}]", seconds(self.started.elapsed()));
        let started = now();
        let outcome = work();
        let took = started.elapsed();
        self.done.push((name.to_owned(), took));
        println!("<== {name}: {} after {}", if outcome.is_ok() { "ok" } else { "FAILED" }, seconds(took));
        outcome.map_err(|reason| {
            self.print_table();
            format!("{name}: {reason}\nOnly this step again: cargo xtask test {name}")
        })
    }

    /// Ends a row in which nothing failed.
    pub fn finish(self) {
        self.print_table();
        println!("all {} steps passed", self.done.len());
    }

    fn print_table(&self) {
        println!("\n{:<24} {:>9}", "step", "time");
        for (name, took) in &self.done {
            println!("{name:<24} {:>9}", seconds(*took));
        }
        println!("{:<24} {:>9}", "total", seconds(self.started.elapsed()));
    }
}

#[expect(clippy::disallowed_methods, reason = "a native tool that measures itself")]
fn now() -> Instant {
    Instant::now()
}

fn seconds(duration: Duration) -> String {
    format!("{}.{} s", duration.as_secs(), duration.subsec_millis() / 100)
}
