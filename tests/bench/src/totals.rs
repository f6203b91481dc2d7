//! What it takes to total a cart of 50 lines with 100 active promotions: natively, in Node and on workerd.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};

use headlesspro_differential::large;

use crate::clock::now;
use crate::process::Programs;
use crate::{Outcome, goals, table};

/// The most each may take, in microseconds. Natively it is the function alone; in JavaScript a question that is an object
/// becomes an answer that is one.
const NATIVE: f64 = 300.0;
const MODULE: f64 = 1_000.0;

const ROUNDS: usize = 9;
const TIMES: u32 = 500;

/// Measures and prints.
///
/// # Errors
/// What does not run.
pub fn totals(programs: &Programs) -> Outcome {
    let question = large();
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let started = now();
        for _ in 0..TIMES {
            black_box(black_box(&question).total().map_err(|error| error.to_string())?);
        }
        rounds.push(now().duration_since(started).as_secs_f64() * 1e6 / f64::from(TIMES));
    }
    println!("\nTotals of a cart of 50 lines with 100 active promotions, the median of {ROUNDS} rounds:");
    print("native", table::median(rounds.into_iter()), NATIVE);
    let file = programs.scratch.join("question.json");
    let text = serde_json::to_string(&question).map_err(|error| error.to_string())?;
    fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut node = Command::new("node");
    node.arg(root.join("tests/bench/totals.mjs")).arg(root.join("target/totals")).arg(&file);
    let ended = node.stderr(Stdio::inherit()).output().map_err(|error| format!("node: {error}"))?;
    if !ended.status.success() {
        return Err(format!("node: {}", ended.status));
    }
    for line in String::from_utf8_lossy(&ended.stdout).lines() {
        let (host, micros) = line.rsplit_once(' ').ok_or("totals.mjs prints a host and a number")?;
        print(host, micros.parse().map_err(|_| format!("no number: {line}"))?, MODULE);
    }
    Ok(())
}

fn print(host: &str, micros: f64, most: f64) {
    goals::print(&format!("{host}: {micros:.0} us, less than {most:.0}"), micros < most);
}
