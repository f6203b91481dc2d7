//! `hp import` of a large file: how long, and how much memory.

use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::clock::{now, peak_memory};
use crate::process::Programs;
use crate::products::{Catalog, write_csv};
use crate::{Outcome, goals};

const ROWS: usize = 100_000;
/// The size of the file: 100,000 rows, three for a product but for the last one.
const CATALOG: Catalog = Catalog { products: ROWS.div_ceil(3), variants: 3 };
const SECONDS: f64 = 60.0;
const BYTES: u64 = 200_000_000;

pub fn import(programs: &Programs) -> Outcome {
    let data = programs.scratch.join("import");
    // Makes the database and the store, and ends.
    drop(programs.start_hp_dev(&data, None)?);
    let file = programs.scratch.join("import.csv");
    let rows = write_csv(&file, CATALOG)?;
    println!("\n`hp import` of {rows} rows, three a product:");
    let started = now();
    let mut child = Command::new(&programs.hp)
        .arg("import")
        .arg(&file)
        .arg("--data")
        .arg(&data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("hp does not start: {error}"))?;
    let mut peak = 0;
    while child.try_wait().map_err(|error| error.to_string())?.is_none() {
        peak = peak.max(peak_memory(child.id()).unwrap_or(0));
        thread::sleep(Duration::from_millis(5));
    }
    let seconds = now().duration_since(started).as_secs_f64();
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("the import failed: {}", String::from_utf8_lossy(&output.stdout)));
    }
    println!("  {}", String::from_utf8_lossy(&output.stdout).trim());
    goals::print(&format!("import: {seconds:.1} s, at most {SECONDS:.0}"), seconds <= SECONDS);
    let megabytes = |bytes: u64| bytes / 1_000_000;
    goals::print(&format!("import: {} MB held at most, {} allowed", megabytes(peak), megabytes(BYTES)), peak <= BYTES);
    Ok(())
}
