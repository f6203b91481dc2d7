//! `hp totals build`: what a cart costs, as a module for browsers, Node and Workers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::{Args, Subcommand};
use serde_json::Value;

use super::output;

/// The checkout that this program was built in.
const BUILT_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What stands beside the module, from `totals/js`.
const FILES: [&str; 6] = ["engine.d.ts", "engine.js", "package.json", "totals.d.ts", "totals.js", "workerd.js"];

#[derive(Subcommand)]
pub enum TotalsCommand {
    /// Write the engine as a WebAssembly module with its JavaScript and TypeScript types. Needs Rust and a checkout: the
    /// one that stands around the current folder, or that this program was built in.
    Build(BuildArgs),
}

#[derive(Args)]
pub struct BuildArgs {
    /// The folder to write; by default `target/totals` of the checkout.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// # Errors
/// In words, for the terminal.
pub fn run(command: TotalsCommand) -> Result<(), String> {
    let TotalsCommand::Build(BuildArgs { out }) = command;
    let checkout = checkout()?;
    let module = build(&checkout)?;
    let folder = out.unwrap_or_else(|| checkout.join("target/totals"));
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let sources = FILES.map(|file| (checkout.join("totals/js").join(file), file));
    for (from, file) in sources.into_iter().chain([(module, "totals.wasm")]) {
        fs::copy(&from, folder.join(file)).map_err(|error| format!("{file} cannot be written: {error}"))?;
    }
    output::line(format_args!("{}: import {{ total, explain }} from \"./totals.js\"", folder.display()));
    Ok(())
}

fn checkout() -> Result<PathBuf, String> {
    let here = std::env::current_dir().unwrap_or_default();
    let mut candidates = here.ancestors().chain([Path::new(BUILT_IN)]);
    let found = candidates.find(|folder| folder.join("totals/js/totals.d.ts").is_file());
    found
        .map(Path::to_owned)
        .ok_or_else(|| "the module is built from a checkout of HeadlessPro: run it in one".to_owned())
}

/// Has cargo build the module, and answers where it is.
fn build(checkout: &Path) -> Result<PathBuf, String> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(checkout).args(["build", "--package", "headlesspro-totals", "--lib", "--profile", "totals"]);
    cargo.args(["--target", "wasm32-unknown-unknown", "--message-format", "json-render-diagnostics"]);
    let built = cargo.stderr(Stdio::inherit()).output();
    let built = built.map_err(|error| format!("cargo does not run ({error}); install Rust with rustup"))?;
    if !built.status.success() {
        return Err(format!("cargo could not build the module: {}", built.status));
    }
    let messages = built.stdout.split(|byte| *byte == b'\n');
    let mut files = messages.filter_map(|message| {
        let message: Value = serde_json::from_slice(message).ok()?;
        let files = message.get("filenames")?.as_array()?.iter().filter_map(Value::as_str);
        files.map(PathBuf::from).find(|file| file.ends_with("headlesspro_totals.wasm"))
    });
    files.next().ok_or_else(|| "cargo names no module".to_owned())
}
