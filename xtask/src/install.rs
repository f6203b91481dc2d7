//! Installs what is missing. Everything here is a no-op in well under a second when it is there.

use std::fs;

use crate::Outcome;
use crate::artifacts;
use crate::paths::Paths;
use crate::shell::{ask, command, run};

/// Everything that `cargo xtask test` needs.
pub fn everything(paths: &Paths) -> Outcome {
    wasm_target("wasm32-wasip2")?;
    for_worker(paths)?;
    redis_server()
}

/// What the build for Workers needs.
pub fn for_worker(paths: &Paths) -> Outcome {
    wasm_target("wasm32-unknown-unknown")?;
    npm_packages(paths)?;
    // The bindings generator must be of the very version of the library; worker-build follows `worker`.
    cargo_tool(paths, "wasm-bindgen-cli", "wasm-bindgen", &locked_version(paths, "wasm-bindgen")?, &[])?;
    cargo_tool(paths, "worker-build", "worker-build", &locked_version(paths, "worker")?, &["--locked"])
}

/// What the totals for browsers and their tests need.
pub fn for_totals(paths: &Paths) -> Outcome {
    artifacts::WASM_TARGETS.into_iter().try_for_each(wasm_target)?;
    npm_packages(paths)
}

/// Rust's standard library for a target. rustup installs it by `rust-toolchain.toml`; this is for a
/// toolchain that came before the file did.
pub fn wasm_target(target: &str) -> Outcome {
    let sysroot = ask("rustc", &["--print", "sysroot"]).ok_or("rustc does not run; install Rust with rustup")?;
    if fs::exists(format!("{sysroot}/lib/rustlib/{target}/lib")).unwrap_or(false) {
        return Ok(());
    }
    println!("$ rustup target add {target}");
    match ask("rustup", &["target", "add", target]) {
        Some(_) => Ok(()),
        None => Err(format!(
            "the standard library for {target} is missing and `rustup target add {target}` failed. \
             It needs rustup and, once, the network."
        )),
    }
}

/// The packages of `tests/package-lock.json`, without running their install scripts: none of ours needs one.
fn npm_packages(paths: &Paths) -> Outcome {
    let folder = paths.root.join("tests");
    let wanted =
        fs::read(folder.join("package-lock.json")).map_err(|error| format!("tests/package-lock.json: {error}"))?;
    let stamp = paths.npm(".installed-lock.json");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let version = ask("node", &["--version"]).ok_or("node is missing; install Node.js 20 or newer")?;
    let major: u32 =
        version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
    if major < 20 {
        return Err(format!("Node.js {version} is too old; install 20 or newer"));
    }
    let mut install = command(paths, "npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    install.current_dir(&folder);
    run(install)?;
    fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))
}

/// A tool from crates.io, in the user's cache, at exactly this version.
fn cargo_tool(paths: &Paths, package: &str, binary: &str, version: &str, flags: &[&str]) -> Outcome {
    let installed = ask(paths.tool(binary), &["--version"]).unwrap_or_default();
    if installed.split_whitespace().any(|word| word == version) {
        return Ok(());
    }
    let root = paths.tools.to_string_lossy().into_owned();
    let mut words = vec!["install", package, "--version", version, "--root", &root];
    words.extend(flags);
    run(command(paths, "cargo", &words))
}

/// The version of a package in `Cargo.lock`.
fn locked_version(paths: &Paths, package: &str) -> Outcome<String> {
    let lock = fs::read_to_string(paths.root.join("Cargo.lock")).map_err(|error| format!("Cargo.lock: {error}"))?;
    let name = format!("name = \"{package}\"");
    lock.split("[[package]]")
        .find(|entry| entry.lines().any(|line| line == name))
        .and_then(|entry| entry.lines().find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"')))
        .map(str::to_owned)
        .ok_or_else(|| format!("Cargo.lock has no package {package}"))
}

/// Debian's and Ubuntu's redis-server, the real backend of the Redis tests.
pub fn redis_server() -> Outcome {
    if ask("redis-server", &["--version"]).is_some() {
        return Ok(());
    }
    let by_hand = "redis-server is missing. Install it (`sudo apt-get install redis-server`, `brew install redis`) \
                   so that it is on the PATH; a running service is not needed.";
    let root = ask("id", &["-u"]).is_some_and(|id| id == "0");
    let prefix: &[&str] = if root { &[] } else { &["sudo", "-n"] };
    for words in [["apt-get", "update"].as_slice(), &["apt-get", "install", "--yes", "redis-server"]] {
        let words: Vec<&str> = prefix.iter().chain(words).copied().collect();
        let Some((program, arguments)) = words.split_first() else { continue };
        println!("$ {}", words.join(" "));
        if ask(program, arguments).is_none() {
            return Err(by_hand.to_owned());
        }
    }
    ask("redis-server", &["--version"]).map(drop).ok_or_else(|| by_hand.to_owned())
}
