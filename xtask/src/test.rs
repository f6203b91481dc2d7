//! `cargo xtask test`: every check there is, in the order in which a mistake shows soonest.

use std::fs;

use crate::artifacts;
use crate::install;
use crate::paths::Paths;
use crate::shell::{cargo, command, ourselves, run as run_command};
use crate::steps::{Step, Steps};
use crate::{Outcome, USAGE};

const SPIN_HOST: &str = "tests/spin-host/Cargo.toml";

/// Suites that start the built modules, and what they start.
const HOSTED_SUITES: [&str; 4] = ["chaos", "conformance", "hosts", "scenario"];
const HOSTED_BUILDS: [&str; 4] = ["build-ports", "build-worker", "build-spin", "build-spin-host"];

/// Suites that run something of npm's, or redis-server.
const TOOLED_SUITES: [&str; 3] = ["architecture", "contract", "commands"];

/// The suite of the totals for browsers and on other targets, and what it starts.
const TOTALS_SUITE: &str = "totals";
const TOTALS_BUILDS: [&str; 2] = ["build-totals", "build-spin-host"];

/// One of the rows that run side by side, when all steps run: what is built for the hosts, and what needs it. The other
/// one is what remains, but the scenario, which has the machine for itself.
const BUILDS: [&str; 10] = [
    "build-ports",
    "build-worker",
    "build-spin",
    "build-totals",
    "build-spin-host",
    "clippy-spin-host",
    "conformance",
    "hosts",
    "chaos",
    TOTALS_SUITE,
];

/// Of each property, with `--deep`.
const DEEP_CASES: &str = "100000";

/// Before a step's name: this one alone, whatever it needs.
const ALONE: &str = "--alone";

const TOOLS: Step = ("tools", "install what is missing");

/// The steps before the integration tests, which are found in `edge/Cargo.toml`.
const STEPS: [Step; 10] = [
    ("fmt", "formatting"),
    ("clippy", "lints of the workspace, every target"),
    ("clippy-wasm", "lints of the edge crate and the totals for both wasm targets"),
    ("unit", "unit and property tests"),
    ("build-ports", "both hosts' ports over HTTP, for the conformance suite"),
    ("build-worker", "the module for Workers, and its size"),
    ("build-spin", "the component for Spin, and its size"),
    ("build-totals", "the totals for browsers, and their size"),
    ("build-spin-host", "the host that runs the component in tests"),
    ("clippy-spin-host", "lints of that host"),
];

pub fn run(paths: &Paths, words: &[&str]) -> Outcome {
    let suites = suites(paths)?;
    match words {
        ["--list"] => return list(&suites),
        ["--deep"] => return deep(paths),
        [ALONE, name] => return step(paths, &suites, name),
        words if words.iter().any(|word| word.starts_with('-')) => return Err(format!("usage:\n{USAGE}")),
        _ => {}
    }
    let wanted = wanted(words, &suites)?;
    println!("target folder: {}", paths.target.display());
    let mut steps = Steps::new(&wanted);
    steps.step(TOOLS.0, TOOLS.1, || step(paths, &suites, TOOLS.0))?;
    let (last, first): (Vec<Step>, Vec<Step>) = all(&suites).partition(|(name, _)| *name == "scenario");
    if wanted.is_empty() {
        let (builds, checks) = first.into_iter().partition(|(name, _)| BUILDS.contains(name));
        steps.beside(&[builds, checks], |name| ourselves(paths, name, &["test", ALONE, name]))?;
    } else {
        for (name, does) in first {
            steps.step(name, does, || step(paths, &suites, name))?;
        }
    }
    for (name, does) in last {
        steps.step(name, does, || step(paths, &suites, name))?;
    }
    steps.finish();
    Ok(())
}

/// The properties of what carts cost, over many more cases than every run has time for, and as many carts on each target.
fn deep(paths: &Paths) -> Outcome {
    install::for_totals(paths)?;
    artifacts::build_totals(paths)?;
    artifacts::build_spin_host(paths)?;
    let filters = ["pricing::", "promotions::", "shipping::", "tax::", "totals::"];
    let words = ["test", "--package", "headlesspro-shared", "--lib", "--"].into_iter().chain(filters);
    let mut tests = command(paths, "cargo", &words.collect::<Vec<_>>());
    tests.env("PROPTEST_CASES", DEEP_CASES);
    run_command(tests)?;
    let words = ["test", "--package", "headlesspro-edge", "--test", TOTALS_SUITE, "--", "--nocapture", "three_targets"];
    let mut differential = command(paths, "cargo", &words);
    differential.env("PROPTEST_CASES", DEEP_CASES);
    run_command(differential)
}

/// The suite of the same name with other words than every run has: a seed, and how many kills.
pub fn chaos(paths: &Paths, words: &[&str]) -> Outcome {
    install::redis_server()?;
    install::for_worker(paths)?;
    artifacts::build_worker(paths)?;
    let test = ["test", "--package", "headlesspro-edge", "--test", "chaos", "--"];
    cargo(paths, &test.into_iter().chain(words.iter().copied()).collect::<Vec<_>>())
}

/// All steps but the tools'.
fn all(suites: &[String]) -> impl Iterator<Item = Step<'_>> {
    STEPS.into_iter().chain(suites.iter().map(|suite| (suite.as_str(), "integration tests")))
}

/// The named steps with those that they need; none where none is named, which means all.
fn wanted<'a>(words: &[&'a str], suites: &[String]) -> Outcome<Vec<&'a str>> {
    let is_step = |word: &&str| *word == TOOLS.0 || all(suites).any(|(name, _)| name == *word);
    let unknown: Vec<&str> = words.iter().copied().filter(|word| !is_step(word)).collect();
    if !unknown.is_empty() {
        return Err(format!("no step is named {}; see `cargo xtask test --list`", unknown.join(" or ")));
    }
    let mut wanted = words.to_vec();
    if words.iter().any(|word| HOSTED_SUITES.contains(word)) {
        // A suite alone must not run against yesterday's modules. Up to date, this takes a second.
        wanted.extend(HOSTED_BUILDS);
    }
    if words.contains(&TOTALS_SUITE) {
        wanted.extend(TOTALS_BUILDS);
    }
    // Nor does it ask for tools that nobody has installed. Where they are there, this takes no time.
    let is_build = |word: &&str| HOSTED_BUILDS.contains(word) || TOTALS_BUILDS.contains(word);
    let needs_tools = |word: &&str| *word == "clippy-wasm" || is_build(word) || TOOLED_SUITES.contains(word);
    if wanted.iter().any(needs_tools) {
        wanted.push("tools");
    }
    Ok(wanted)
}

fn step(paths: &Paths, suites: &[String], name: &str) -> Outcome {
    match name {
        "tools" => install::everything(paths),
        "fmt" => {
            cargo(paths, &["fmt", "--all", "--check"])?;
            cargo(paths, &["fmt", "--check", "--manifest-path", SPIN_HOST])
        }
        "clippy" => cargo(paths, &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
        "clippy-wasm" => {
            let targets = artifacts::WASM_TARGETS.iter().flat_map(|target| ["--target", target]);
            let packages = ["--package", "headlesspro-edge", "--package", "headlesspro-totals"];
            let package = ["clippy", "--lib"].into_iter().chain(packages).chain(targets);
            cargo(paths, &package.chain(["--", "-D", "warnings"]).collect::<Vec<_>>())
        }
        "unit" => {
            // What all test, at once: one after the other they would keep one core busy.
            cargo(paths, &["test", "--workspace", "--no-run"])?;
            cargo(paths, &["test", "--workspace", "--exclude", "headlesspro-edge"])?;
            cargo(paths, &["test", "--package", "headlesspro-edge", "--lib", "--bins"])
        }
        "build-ports" => artifacts::build_ports(paths),
        "build-worker" => artifacts::build_worker(paths),
        "build-spin" => artifacts::build_spin(paths),
        "build-totals" => artifacts::build_totals(paths),
        "build-spin-host" => artifacts::build_spin_host(paths),
        "clippy-spin-host" => {
            cargo(paths, &["clippy", "--release", "--manifest-path", SPIN_HOST, "--", "-D", "warnings"])
        }
        suite if suites.iter().any(|one| one == suite) => {
            cargo(paths, &["test", "--package", "headlesspro-edge", "--test", suite])
        }
        other => Err(format!("no step is named {other}")),
    }
}

/// The integration tests of the edge crate, in the order of its manifest; the scenario, which runs on
/// every host and takes longest, comes last.
fn suites(paths: &Paths) -> Outcome<Vec<String>> {
    let manifest = fs::read_to_string(paths.root.join("edge/Cargo.toml")).map_err(|error| format!("edge: {error}"))?;
    let mut suites: Vec<String> = manifest
        .split("\n[")
        .filter(|section| section.starts_with("[test]]"))
        .filter_map(|section| section.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')))
        .map(str::to_owned)
        .collect();
    suites.sort_by_key(|suite| suite == "scenario");
    Ok(suites)
}

fn list(suites: &[String]) -> Outcome {
    for (name, does) in [TOOLS].into_iter().chain(all(suites)) {
        println!("{name:<24} {does}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_steps_bring_what_they_need_and_unknown_ones_are_refused() {
        let suites = ["contract", "totals", "scenario"].map(str::to_owned);
        let plan = |words: &[&'static str]| {
            wanted(words, &suites).map(|mut wanted| {
                wanted.sort_unstable();
                wanted
            })
        };
        assert_eq!(plan(&[]), Ok(vec![]));
        assert_eq!(plan(&["fmt", "unit"]), Ok(vec!["fmt", "unit"]));
        assert_eq!(plan(&["contract"]), Ok(vec!["contract", "tools"]));
        assert_eq!(plan(&["build-worker"]), Ok(vec!["build-worker", "tools"]));
        let all = ["build-ports", "build-spin", "build-spin-host", "build-worker", "scenario", "tools"];
        assert_eq!(plan(&["scenario"]), Ok(all.to_vec()));
        assert_eq!(plan(&["totals"]), Ok(vec!["build-spin-host", "build-totals", "tools", "totals"]));
        let refused = plan(&["fmt", "scenari"]).unwrap_err();
        assert!(refused.starts_with("no step is named scenari;"), "{refused}");
    }
}
