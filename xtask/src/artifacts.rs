//! The two wasm modules and the host that runs one of them in tests.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Outcome;
use crate::paths::Paths;
use crate::shell::{ask, cargo, command, run};

/// The most the worker may weigh, gzipped, in bytes. The shop alone was to stay below 600 KB and weighed 519; with
/// 28 routes it weighed 709, with 111 routes, of people, staff, OAuth and passkeys 1,215, and with the catalog's writes,
/// files, collections and cache 1,430; with translations, attributes, further currencies, bulk jobs and channels 1,687;
/// with grants for these, addresses in each locale, purges and answers that isolates share 1,759; with promotions and the
/// engine of totals, whose rules are read and written, 2,092; with price lists, taxes and shipping some 2,300, with gift
/// cards, exemptions, providers and quotes 2,496, with locations and carriers' rates 2,565. Payments, refunds, their sweeper
/// and fraud rules came after that: what a shop is for was not to be left out for our own bound, so it moved to where a
/// tenth of Cloudflare's limit of 3 MB on the free plan is left.
const WORKER_LIMIT: usize = 2_900_000;

/// The most the totals for browsers may weigh, gzipped, in bytes. 150 KB is the aim; two fifths of the 194 that they weigh
/// read questions.
const TOTALS_LIMIT: usize = 200_000;

/// What Workers and Spin load.
const WORKERS: &str = "wasm32-unknown-unknown";
const SPIN: &str = "wasm32-wasip2";
pub const WASM_TARGETS: [&str; 2] = [WORKERS, SPIN];

/// The profiles of modules that are deployed, and of those that only tests load.
const DEPLOYED: &str = "wasm";
const TESTED: &str = "wasm-test";

/// Builds `edge/build`. When the compiled module is the one of the last time, that is all.
pub fn build_worker(paths: &Paths) -> Outcome {
    build_module(paths, WORKERS, DEPLOYED, &[])?;
    let module = read(&compiled(paths, WORKERS, DEPLOYED))?;
    let stamp = paths.root.join("target/xtask/worker.stamp");
    let built_from = fingerprint(&[&module, &fs::read(paths.tool("worker-build")).unwrap_or_default()]);
    let is_current = fs::read_to_string(&stamp).is_ok_and(|last| last == built_from);
    if !(is_current && paths.worker().iter().all(|file| file.exists())) {
        worker_build(paths, DEPLOYED, &[], &[])?;
        write(&stamp, built_from.as_bytes())?;
    }
    print_worker_size(paths)
}

/// Builds the component and puts it where `spin.toml` looks for it.
pub fn build_spin(paths: &Paths) -> Outcome {
    build_module(paths, SPIN, DEPLOYED, &[])?;
    let module = read(&compiled(paths, SPIN, DEPLOYED))?;
    if !fs::read(paths.component()).is_ok_and(|last| last == module) {
        write(&paths.component(), &module)?;
    }
    print_spin_size(paths)
}

/// Builds both modules once more, for the conformance suite: each host's ports over HTTP in the place of the API.
pub fn build_ports(paths: &Paths) -> Outcome {
    const FEATURE: [&str; 2] = ["--features", "ports-over-http"];
    build_module(paths, SPIN, TESTED, &FEATURE)?;
    copy(&compiled(paths, SPIN, TESTED), &paths.root.join("target/ports/ports.wasm"))?;
    build_module(paths, WORKERS, TESTED, &FEATURE)?;
    let module = read(&compiled(paths, WORKERS, TESTED))?;
    let stamp = paths.root.join("target/xtask/ports.stamp");
    let built_from = fingerprint(&[&module]);
    let folder = paths.root.join("target/ports/worker");
    if fs::read_to_string(&stamp).is_ok_and(|last| last == built_from) && folder.join("index_bg.wasm").exists() {
        return Ok(());
    }
    // It is not deployed: what it weighs does not matter.
    worker_build(paths, TESTED, &["--no-opt", "--out-dir", "../target/ports/worker"], &FEATURE)?;
    write(&stamp, built_from.as_bytes())
}

/// Builds the totals for browsers into `target/totals`, as a merchant does, and what the differential run needs beside
/// them into `target/differential`.
pub fn build_totals(paths: &Paths) -> Outcome {
    cargo(
        paths,
        &["run", "--quiet", "--package", "headlesspro-edge", "--", "totals", "build", "--out", "target/totals"],
    )?;
    let build = ["build", "--package", "headlesspro-differential", "--bins", "--profile", TESTED];
    cargo(paths, &build)?;
    cargo(paths, &[&build[..], &["--target", SPIN]].concat())?;
    let folder = paths.root.join("target/differential");
    copy(&paths.target.join(TESTED).join("differential"), &folder.join("differential"))?;
    copy(&paths.target.join(SPIN).join(TESTED).join("differential.wasm"), &folder.join("differential.wasm"))?;
    let gzipped = print_size(paths, "totals", &[paths.root.join("target/totals/totals.wasm")])?;
    if TOTALS_LIMIT < gzipped {
        return Err(format!("the totals weigh {gzipped} bytes gzipped, more than the {TOTALS_LIMIT} they may"));
    }
    Ok(())
}

/// `worker-build` of the edge crate.
fn worker_build(paths: &Paths, profile: &str, options: &[&str], cargo_options: &[&str]) -> Outcome {
    let words = [&["--profile", profile], options, &["edge"], cargo_options].concat();
    let mut build = command(paths, paths.tool("worker-build"), &words);
    // Without these three it downloads its own.
    build.env("WASM_BINDGEN_BIN", existing(paths.tool("wasm-bindgen"))?);
    build.env("WASM_OPT_BIN", existing(paths.npm(".bin/wasm-opt"))?);
    build.env("ESBUILD_BIN", existing(paths.npm(".bin/esbuild"))?);
    run(build)
}

/// Builds `tests/spin-host` and puts it beside the component. The binary is kept in the user's cache by
/// what it was built from: a clean checkout would otherwise compile it again for a minute.
///
/// Optimised, since an unoptimised wasmtime takes a minute to load a component.
pub fn build_spin_host(paths: &Paths) -> Outcome {
    let folder = paths.root.join("tests/spin-host");
    let mut sources = vec![folder.join("Cargo.toml"), folder.join("Cargo.lock")];
    let listed = fs::read_dir(folder.join("src")).map_err(|error| format!("tests/spin-host/src: {error}"))?;
    sources.extend(listed.filter_map(|entry| entry.ok().map(|entry| entry.path())));
    sources.sort();
    let mut contents = sources.iter().map(|source| read(source)).collect::<Outcome<Vec<_>>>()?;
    contents.push(ask("rustc", &["--version", "--verbose"]).unwrap_or_default().into_bytes());
    let contents: Vec<&[u8]> = contents.iter().map(Vec::as_slice).collect();
    let kept = paths.tool(&format!("spin-host-{}", fingerprint(&contents)));
    if !kept.exists() {
        cargo(paths, &["build", "--release", "--manifest-path", "tests/spin-host/Cargo.toml"])?;
        copy(&paths.target.join("release/spin-host"), &kept)?;
    }
    copy(&kept, &paths.root.join("target/spin/spin-host"))
}

/// Prints the sizes of both modules, as built.
pub fn print_sizes(paths: &Paths) -> Outcome {
    print_worker_size(paths)?;
    print_spin_size(paths)
}

fn print_worker_size(paths: &Paths) -> Outcome {
    let gzipped = print_size(paths, "worker", &paths.worker())?;
    if WORKER_LIMIT < gzipped {
        return Err(format!("the worker weighs {gzipped} bytes gzipped, more than the {WORKER_LIMIT} it may"));
    }
    Ok(())
}

fn print_spin_size(paths: &Paths) -> Outcome {
    print_size(paths, "spin component", &[paths.component()]).map(drop)
}

fn build_module(paths: &Paths, target: &str, profile: &str, options: &[&str]) -> Outcome {
    // One target at a time: of two, cargo makes other artifacts than worker-build asks it for.
    let build = ["build", "--package", "headlesspro-edge", "--lib", "--target", target, "--profile", profile];
    cargo(paths, &[&build, options].concat())
}

/// What cargo makes of the `edge` crate for a target.
fn compiled(paths: &Paths, target: &str, profile: &str) -> PathBuf {
    paths.target.join(target).join(profile).join("headlesspro_edge.wasm")
}

/// Prints the size of the files together and answers it gzipped, in bytes.
fn print_size(paths: &Paths, name: &str, files: &[PathBuf]) -> Outcome<usize> {
    let mut content = Vec::new();
    for file in files {
        content.extend(read(file)?);
    }
    let gzipped = gzipped(&content)?;
    let kilobytes = |bytes: usize| format!("{}.{} KB", bytes / 1000, bytes % 1000 / 100);
    let whole = kilobytes(content.len());
    let places: Vec<String> = files.iter().map(|file| paths.relative(file).to_string()).collect();
    println!("size of the {name}: {} gzip ({whole} plain), {}", kilobytes(gzipped), places.join(" + "));
    Ok(gzipped)
}

/// The length of `content` after `gzip -9`, in bytes.
fn gzipped(content: &[u8]) -> Outcome<usize> {
    let failed = |error: std::io::Error| format!("gzip: {error}");
    let mut gzip =
        Command::new("gzip").args(["-9", "-c"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
    let input = gzip.stdin.take();
    std::thread::scope(|scope| {
        // In a thread of its own: gzip answers before it has read everything.
        scope.spawn(move || input.map(|mut input| input.write_all(content)));
        let output = gzip.wait_with_output().map_err(failed)?;
        if output.status.success() { Ok(output.stdout.len()) } else { Err(format!("gzip: {}", output.status)) }
    })
}

/// Tells contents apart; not cryptographic.
fn fingerprint(contents: &[&[u8]]) -> String {
    let mut hasher = DefaultHasher::new();
    contents.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn existing(path: PathBuf) -> Outcome<PathBuf> {
    if path.exists() { Ok(path) } else { Err(format!("{} is missing", path.display())) }
}

fn read(path: &Path) -> Outcome<Vec<u8>> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, content: &[u8]) -> Outcome {
    in_folder(path, || fs::write(path, content))
}

/// Copies a file with its permissions. By way of a rename, so that a running copy is not touched.
fn copy(from: &Path, to: &Path) -> Outcome {
    let partial = to.with_extension("partial");
    in_folder(to, || fs::copy(from, &partial).and_then(|_| fs::rename(&partial, to)))
}

fn in_folder(path: &Path, work: impl FnOnce() -> std::io::Result<()>) -> Outcome {
    fs::create_dir_all(path.parent().unwrap_or(path))
        .and_then(|()| work())
        .map_err(|error| format!("{}: {error}", path.display()))
}
