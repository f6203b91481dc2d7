//! The project's own commands: `cargo xtask test` and what it is made of.
//!
//! std only, so that it compiles in seconds wherever Rust is. It builds, installs and checks by
//! running the same commands a developer would, and prints each before it runs.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "says what it does, to whoever waits for it")]

mod artifacts;
mod bench;
mod install;
mod paths;
mod shell;
mod steps;
mod test;

use std::process::ExitCode;

use paths::Paths;

const USAGE: &str = "\
cargo xtask test [STEP...]   every check, or only the named steps
cargo xtask test --list      the names of the steps
cargo xtask test --deep      100,000 cases of each property of what carts cost, and of it on three targets
cargo xtask bench [PART...]  the benchmark, or only: native workerd cold catalog import bulk totals
                             --products FILE.csv: catalog reads of a file of your own, too
cargo xtask chaos            shoppers buy while everything behind the shop is killed: [--seed N] [--kills N]
cargo xtask build-worker     edge/build: the module for Cloudflare Workers
cargo xtask build-spin       target/spin: the component for Spin
cargo xtask build-ports      both hosts' ports over HTTP, for the conformance suite
cargo xtask build-totals     target/totals: the totals for browsers, and what compares them with other targets
cargo xtask build-spin-host  the host that runs the component in tests
cargo xtask sizes            the sizes of both modules
";

/// What a command answers: nothing, or the reason it failed, for a person to read.
type Outcome<T = ()> = Result<T, String>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("\nxtask: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Outcome {
    let paths = Paths::find()?;
    paths.claim_target()?;
    match words {
        ["test", steps @ ..] => test::run(&paths, steps),
        ["bench", parts @ ..] => bench::bench(&paths, parts),
        ["chaos", words @ ..] => test::chaos(&paths, words),
        ["build-worker"] => install::for_worker(&paths).and_then(|()| artifacts::build_worker(&paths)),
        ["build-spin"] => install::wasm_target("wasm32-wasip2").and_then(|()| artifacts::build_spin(&paths)),
        ["build-ports"] => install::wasm_target("wasm32-wasip2")
            .and_then(|()| install::for_worker(&paths))
            .and_then(|()| artifacts::build_ports(&paths)),
        ["build-totals"] => install::for_totals(&paths).and_then(|()| artifacts::build_totals(&paths)),
        ["build-spin-host"] => artifacts::build_spin_host(&paths),
        ["sizes"] => artifacts::print_sizes(&paths),
        _ => Err(format!("usage:\n{USAGE}")),
    }
}
