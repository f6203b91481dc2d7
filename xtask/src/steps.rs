//! Steps in a row, or in rows side by side: each says what it does, stops everything when it fails, and appears with its
//! time in the table at the end.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;

/// The name of a step, and what it does.
pub type Step<'a> = (&'a str, &'a str);

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
        self.begin((name, does));
        let started = now();
        let outcome = work();
        let took = started.elapsed();
        self.done.push((name.to_owned(), took));
        println!("{}", ended(name, &outcome, took));
        outcome.map_err(|reason| {
            self.print_table();
            failed(name, &reason)
        })
    }

    /// Runs rows of steps side by side: most of a compiler's work is done by one core. Where one fails no other begins.
    pub fn beside(&mut self, rows: &[Vec<Step>], work: impl Fn(&str) -> Outcome + Sync) -> Outcome {
        let (done, failures) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
        let run = |row: &[Step]| {
            for (name, does) in row {
                if !lock(&failures).is_empty() {
                    return;
                }
                self.begin((name, does));
                let started = now();
                let outcome = work(name);
                let took = started.elapsed();
                println!("\n{}", ended(name, &outcome, took));
                lock(&done).push(((*name).to_owned(), took));
                lock(&failures).extend(outcome.err().map(|reason| failed(name, &reason)));
            }
        };
        thread::scope(|scope| {
            for row in rows {
                scope.spawn(|| run(row));
            }
        });
        self.done.append(&mut lock(&done));
        let failures = lock(&failures).join("\n");
        if failures.is_empty() {
            return Ok(());
        }
        self.print_table();
        Err(failures)
    }

    fn begin(&self, (name, does): Step) {
        println!("\n==> {name}: {does} [at {}]", seconds(self.started.elapsed()));
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

fn ended(name: &str, outcome: &Outcome, took: Duration) -> String {
    format!("<== {name}: {} after {}", if outcome.is_ok() { "ok" } else { "FAILED" }, seconds(took))
}

fn failed(name: &str, reason: &str) -> String {
    format!("{name}: {reason}\nOnly this step again: cargo xtask test {name}")
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::disallowed_methods, reason = "a native tool that measures itself")]
fn now() -> Instant {
    Instant::now()
}

fn seconds(duration: Duration) -> String {
    format!("{}.{} s", duration.as_secs(), duration.subsec_millis() / 100)
}
