//! The benchmark behind `cargo xtask bench`, which builds what it measures.
//!
//! ```text
//! bench --hp FILE [--sqld FILE] --scratch FOLDER [--products FILE] [native] [workerd] [catalog] [import] [bulk] [cold] [totals] [checkout]
//! ```
//!
//! Without a part, all of them. The catalog's part measures a shop of the products in a product file beside its own,
//! where one is given. Figures compare only within one run: the machine's processors are shared
//! by the server, by what it asks, and by the load generator.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "prints its table to whoever waits for it")]

mod bulk;
mod catalog;
mod checkout;
mod clock;
mod cold;
mod compare;
mod goals;
#[path = "../../support/hosts.rs"]
#[expect(dead_code, reason = "the scenario uses the other hosts")]
mod hosts;
mod http;
mod import;
mod load;
mod multiply;
mod people;
mod process;
mod products;
mod shop;
mod table;
mod target;
mod totals;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use process::Programs;
use shop::Request;
use target::{Backends, CATALOG, catalog_file};

/// Nothing, or the reason it failed, for a person to read.
type Outcome<T = ()> = Result<T, String>;

const PARTS: [&str; 8] = ["native", "workerd", "cold", "catalog", "import", "bulk", "totals", "checkout"];

fn main() -> ExitCode {
    // One thread: a load generator that spreads out takes both processors from the server.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let words = std::env::args().skip(1).collect();
    match runtime.map_err(|error| error.to_string()).and_then(|runtime| runtime.block_on(run(words))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("\nbench: {reason}");
            ExitCode::FAILURE
        }
    }
}

async fn run(words: Vec<String>) -> Outcome {
    let mut words = words.into_iter();
    let (mut hp, mut sqld, mut scratch, mut file, mut parts) = (None, None, None, None, Vec::new());
    while let Some(word) = words.next() {
        match word.as_str() {
            "--hp" => hp = words.next().map(PathBuf::from),
            "--sqld" => sqld = words.next().map(PathBuf::from),
            "--scratch" => scratch = words.next().map(PathBuf::from),
            "--products" => file = words.next().map(PathBuf::from),
            part if PARTS.contains(&part) => parts.push(word),
            other => return Err(format!("{other} is no part; there are {}", PARTS.join(", "))),
        }
    }
    let programs = Programs { hp: hp.ok_or("--hp is missing")?, sqld, scratch: scratch.ok_or("--scratch is missing")? };
    // What a run that broke off has left.
    if programs.scratch.exists() {
        fs::remove_dir_all(&programs.scratch).map_err(|error| error.to_string())?;
    }
    let wants = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    let measured = measure(&programs, file.as_deref(), wants).await;
    let _may_be_in_use = fs::remove_dir_all(&programs.scratch);
    measured
}

async fn measure(programs: &Programs, file: Option<&Path>, wants: impl Fn(&str) -> bool) -> Outcome {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    println!(
        "{processors} processors, shared by the server, what it asks (sqld, Redis) and this load generator: \
         compare the ratios of one run, not figures of two."
    );
    let mut measured = Vec::new();
    if wants("native") {
        let programs = programs.in_folder("native")?;
        let data = programs.scratch.join("data");
        let (target, _hp) = target::native(&programs, &data, &[])?;
        let file = catalog_file(&programs.scratch, CATALOG)?;
        let folder = data.to_string_lossy();
        programs.hp(&["import", &file, "--data", &folder])?;
        people::create(&programs, ["--data", &folder])?;
        measured.push((target.name, compare::compare(&target).await?));
    }
    if wants("workerd") {
        let backends = Backends::start(&programs.in_folder("workerd")?)?;
        let (target, _host) = backends.start_workerd()?;
        measured.push((target.name, compare::compare(&target).await?));
    }
    if !measured.is_empty() {
        table::print(&measured, &Request::COMPARED);
        goals::print_ratios(&measured);
        goals::print_verification(&measured);
    }
    if wants("cold") {
        cold::cold(&programs.in_folder("cold")?).await?;
    }
    if wants("catalog") {
        catalog::catalog(&programs.in_folder("catalog")?, file).await?;
    }
    if wants("import") {
        import::import(&programs.in_folder("import")?)?;
    }
    if wants("bulk") {
        bulk::bulk(&programs.in_folder("bulk")?)?;
    }
    if wants("totals") {
        totals::totals(&programs.in_folder("totals")?)?;
    }
    if wants("checkout") {
        checkout::checkout(&programs.in_folder("checkout")?).await?;
    }
    Ok(())
}
