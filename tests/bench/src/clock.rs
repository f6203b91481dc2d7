//! What time it is, and how much CPU time a process has used.

use std::fs;
use std::time::{Duration, Instant};

#[expect(clippy::disallowed_methods, reason = "a native tool that measures")]
pub fn now() -> Instant {
    Instant::now()
}

/// User and system time of all threads of a process, in steps of 10 ms; zero when it is gone.
/// Source: proc_pid_stat(5).
pub fn cpu(process: u32) -> Duration {
    /// Clock ticks a second, as Linux shows them to programs on every architecture.
    const TICKS: u64 = 100;
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The second field, the program's name, may hold spaces; it ends with the last parenthesis.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks.saturating_mul(1000 / TICKS))
}

/// The most memory a process has held at a time, in bytes; `None` when it is gone.
pub fn peak_memory(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").trim().parse().ok()?;
    Some(kilobytes.saturating_mul(1024))
}
