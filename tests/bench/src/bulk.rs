//! `hp bulk upsert` of many products: how long, how much memory, and what is left of it when it is killed half-way.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::clock::{now, peak_memory};
use crate::process::Programs;
use crate::products::{Catalog, write_lines};
use crate::{Outcome, goals};

const CATALOG: Catalog = Catalog { products: 100_000, variants: 3 };
const SECONDS: f64 = 120.0;
const BYTES: u64 = 250_000_000;

pub fn bulk(programs: &Programs) -> Outcome {
    let file = programs.scratch.join("products.jsonl");
    write_lines(&file, CATALOG)?;
    println!("\n`hp bulk upsert` of {} products, {} variants each:", CATALOG.products, CATALOG.variants);
    let whole = upsert(programs, &file, "whole", None)?;
    goals::print(&format!("upsert: {:.1} s, at most {SECONDS:.0}", whole.seconds), whole.seconds <= SECONDS);
    let megabytes = |bytes: u64| bytes / 1_000_000;
    let text = format!("upsert: {} MB held at most, {} allowed", megabytes(whole.peak), megabytes(BYTES));
    goals::print(&text, whole.peak <= BYTES);
    // Half of the time, but for the start.
    let killed = upsert(programs, &file, "killed", Some(Duration::from_secs_f64(whole.seconds / 2.0)))?;
    let all = format!("Upserted: {} created, 0 updated, 0 unchanged, 0 left out", CATALOG.products);
    for (name, said) in [("at once", &whole.said), ("killed half-way", &killed.said)] {
        println!("  {name}: {}", said.trim());
        goals::print(&format!("upsert, {name}: nothing lost and nothing doubled"), said.starts_with(&all));
    }
    Ok(())
}

struct Upserted {
    seconds: f64,
    peak: u64,
    said: String,
}

/// Upserts the file into a new store, killed after `kill` and started again.
fn upsert(programs: &Programs, file: &Path, name: &str, kill: Option<Duration>) -> Outcome<Upserted> {
    let data = programs.scratch.join(name);
    // Makes the database and the store, and ends.
    drop(programs.start_hp_dev(&data, None)?);
    if let Some(after) = kill {
        let mut child = start(programs, file, &data)?;
        thread::sleep(after);
        if child.try_wait().map_err(|error| error.to_string())?.is_some() {
            return Err("it was done before it was killed".to_owned());
        }
        child.kill().and_then(|()| child.wait()).map_err(|error| error.to_string())?;
    }
    let started = now();
    let mut child = start(programs, file, &data)?;
    let mut peak = 0;
    while child.try_wait().map_err(|error| error.to_string())?.is_none() {
        peak = peak.max(peak_memory(child.id()).unwrap_or(0));
        thread::sleep(Duration::from_millis(20));
    }
    let seconds = now().duration_since(started).as_secs_f64();
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(Upserted { seconds, peak, said })
}

fn start(programs: &Programs, file: &Path, data: &Path) -> Outcome<Child> {
    let mut command = Command::new(&programs.hp);
    let command = command.args(["bulk", "upsert"]).arg(file).arg("--data").arg(data);
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    spawned.map_err(|error| format!("hp does not start: {error}"))
}
