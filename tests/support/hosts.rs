//! Starts the built modules on their runtimes, each on a free port of 127.0.0.1, and stops them when
//! dropped. std only, so that the benchmark can use it too.
//!
//! The modules are those of the last `cargo xtask build-worker` and `cargo xtask build-spin`;
//! `cargo xtask test` builds them first.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

/// How long a runtime may take to listen. miniflare takes a second on an idle machine.
const START: Duration = Duration::from_secs(120);
/// How long a runtime may take to end after it was asked to.
const STOP: Duration = Duration::from_secs(5);

/// A setting of the module by its name on Workers, such as `("DATABASE_URL", "http://127.0.0.1:8080")`.
pub type Setting<'a> = (&'a str, &'a str);

/// Rate limits that no crowd of ours reaches, all of which comes from one address.
pub const UNLIMITED: &str = "*.*=1000000/20s:1000000";

/// A running host. Dropping it stops it.
#[derive(Debug)]
pub struct Host {
    /// `http://127.0.0.1:41234`, without a slash at the end.
    pub url: String,
    /// What the runtime and the module wrote.
    pub log: PathBuf,
    child: Child,
    is_dead: bool,
}

impl Host {
    /// Ends the process at once, in the middle of whatever it does.
    pub fn kill(mut self) {
        let _may_be_gone = self.child.kill();
        let _reaped = self.child.wait();
        self.is_dead = true;
    }

    /// The process that does the work, for measuring it.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if self.is_dead {
            return;
        }
        // Closing stdin asks for an orderly end; `spin` listens to SIGINT only.
        drop(self.child.stdin.take());
        let _may_be_gone =
            Command::new("kill").args(["-INT", &self.child.id().to_string()]).stderr(Stdio::null()).status();
        for _ in 0..STOP.as_millis() / 20 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _may_be_gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The worker on workerd, run by miniflare.
///
/// # Errors
/// What is missing or did not start, with the runtime's log.
pub fn start_worker(settings: &[Setting]) -> Result<Host, String> {
    built(&root().join("edge/build/index_bg.wasm"), "cargo xtask build-worker")?;
    let mut command = Command::new("node");
    command.arg(root().join("tests/hosts/workers.mjs")).arg(json(settings));
    start("miniflare", command, |line| line.starts_with("http://").then(|| line.to_owned()))
}

/// The worker on workerd alone, without miniflare's proxy in front: for measuring.
///
/// # Errors
/// What is missing or did not start, with the runtime's log.
pub fn start_workerd(settings: &[Setting]) -> Result<Host, String> {
    start_workerd_at(0, settings)
}

/// The same on a port; on a free one where it is 0.
///
/// # Errors
/// What is missing or did not start, with the runtime's log.
pub fn start_workerd_at(port: u16, settings: &[Setting]) -> Result<Host, String> {
    let build = root().join("edge/build");
    built(&build.join("index_bg.wasm"), "cargo xtask build-worker")?;
    start_workerd_of(&build, port, settings)
}

/// The project in `folder` as `wrangler dev` runs it, by its `wrangler.toml` and `.dev.vars`, with the module that was
/// built last. The manifest's build command is answered by a `cargo` that does nothing. wrangler asks nobody and keeps
/// what it writes in the folder.
///
/// # Errors
/// What is missing or did not start, with the runtime's log.
pub fn start_wrangler_dev(folder: &Path) -> Result<Host, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let (build, programs) = (folder.join("edge/build"), folder.join("bin"));
    for watched in ["edge/build", "edge/src", "shared/src", "migrations", "bin"] {
        fs::create_dir_all(folder.join(watched)).map_err(failed)?;
    }
    for file in ["index.js", "index_bg.wasm"] {
        let module = root().join("edge/build").join(file);
        built(&module, "cargo xtask build-worker")?;
        fs::copy(module, build.join(file)).map_err(failed)?;
    }
    let cargo = programs.join("cargo");
    fs::write(&cargo, "#!/bin/sh\n").map_err(failed)?;
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).map_err(failed)?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(programs).chain(std::env::split_paths(&path)));
    let mut command = Command::new("node");
    command.arg(root().join("tests/node_modules/wrangler/bin/wrangler.js")).current_dir(folder);
    command.args(["dev", "--local", "--ip", "127.0.0.1", "--port", &free_port()?.to_string()]);
    command.args(["--inspector-port", "0", "--show-interactive-dev-session=false"]);
    command.env("PATH", path.map_err(|error| error.to_string())?).env("HOME", folder);
    command.env_remove("XDG_CONFIG_HOME");
    for (name, value) in [
        ("CI", "1"),
        ("CLOUDFLARE_CF_FETCH_ENABLED", "false"),
        ("NO_COLOR", "1"),
        ("WRANGLER_SEND_ERROR_REPORTS", "false"),
        ("WRANGLER_SEND_METRICS", "false"),
    ] {
        command.env(name, value);
    }
    start("wrangler", command, |line| {
        let (_, url) = line.split_once("Ready on ")?;
        url.split_whitespace().next().map(str::to_owned)
    })
}

/// Both wasm hosts with their ports over HTTP in the place of the API.
///
/// # Errors
/// What is missing or did not start, with the runtime's log.
pub fn start_ports() -> Result<[(&'static str, Host); 2], String> {
    let folder = root().join("target/ports");
    let (worker, component) = (folder.join("worker"), folder.join("ports.wasm"));
    built(&component, "cargo xtask build-ports")?;
    Ok([("workerd", start_workerd_of(&worker, 0, &[])?), ("spin", start_spin_host(&component, &[])?)])
}

fn start_workerd_of(build: &Path, port: u16, settings: &[Setting]) -> Result<Host, String> {
    let folder = scratch()?;
    for file in ["index.js", "index_bg.wasm"] {
        fs::copy(build.join(file), folder.join(file)).map_err(|error| format!("{file}: {error}"))?;
    }
    let config = folder.join("config.capnp");
    fs::write(&config, capnp(port, settings)?).map_err(|error| format!("{}: {error}", config.display()))?;
    let mut command = Command::new(workerd());
    command.args(["serve", "--control-fd=1"]).arg(&config);
    start("workerd", command, |line| {
        let port = line.split_once(r#""port":"#)?.1.split(|character: char| !character.is_ascii_digit()).next()?;
        Some(format!("http://127.0.0.1:{port}"))
    })
}

/// The component on `spin` where that is on the PATH, else on `tests/spin-host`.
///
/// # Errors
/// What is missing or did not start, with the runtime's log.
pub fn start_spin(settings: &[Setting]) -> Result<Host, String> {
    let component = root().join("target/spin/headlesspro.wasm");
    built(&component, "cargo xtask build-spin")?;
    if is_on_path("spin") { start_spin_up(settings) } else { start_spin_host(&component, settings) }
}

fn start_spin_host(component: &Path, settings: &[Setting]) -> Result<Host, String> {
    let binary = root().join("target/spin/spin-host");
    built(&binary, "cargo xtask build-spin-host")?;
    let mut command = Command::new(binary);
    command.args(["--listen", "127.0.0.1:0", "--stop-with-stdin", "--component"]).arg(component);
    for (name, value) in settings {
        command.arg("--variable").arg(format!("{}={value}", name.to_ascii_lowercase()));
    }
    start("spin-host", command, |line| line.starts_with("http://").then(|| line.to_owned()))
}

fn start_spin_up(settings: &[Setting]) -> Result<Host, String> {
    let port = free_port()?;
    let mut command = Command::new("spin");
    command.args(["up", "--from"]).arg(root().join("spin.toml")).arg("--listen").arg(format!("127.0.0.1:{port}"));
    for (name, value) in settings {
        command.env(format!("SPIN_VARIABLE_{name}"), value);
    }
    start("spin", command, move |line| {
        // It says "Serving http://..." before its first component listens.
        let listens = || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
        let waited = || {
            (0..100).any(|_| {
                listens() || {
                    std::thread::sleep(Duration::from_millis(50));
                    false
                }
            })
        };
        (line.contains("Serving") && waited()).then(|| format!("http://127.0.0.1:{port}"))
    })
}

/// Other identity providers, as `tests/hosts/identity_provider.mjs` says: at `http://127.0.0.1:<port>`.
///
/// # Errors
/// What did not start, with its log.
pub fn start_identity_provider(port: u16) -> Result<Host, String> {
    let mut command = Command::new("node");
    command.arg(root().join("tests/hosts/identity_provider.mjs")).arg(port.to_string());
    start("identity-provider", command, |line| line.starts_with("http://").then(|| line.to_owned()))
}

/// Starts `command` and waits for the line of its stdout that gives its address.
fn start(
    name: &str,
    mut command: Command,
    address: impl Fn(&str) -> Option<String> + Send + 'static,
) -> Result<Host, String> {
    let log = scratch()?.join(format!("{name}.log"));
    let stderr = File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()
        .map_err(|error| format!("{name} does not start: {error}"))?;
    let stdout = child.stdout.take();
    // From here on a failure stops the process.
    let mut host = Host { url: String::new(), log, child, is_dead: false };
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        // Reads on after the address, so that the process never blocks on a full pipe.
        for line in stdout.into_iter().flat_map(|stdout| BufReader::new(stdout).lines()).map_while(Result::ok) {
            if let Some(url) = address(&line) {
                let _nobody_waits = sender.send(url);
            }
        }
    });
    match receiver.recv_timeout(START) {
        Ok(url) => {
            host.url = url;
            Ok(host)
        }
        Err(_ended_or_late) => {
            let log = fs::read_to_string(&host.log).unwrap_or_default();
            Err(format!("{name} gave no address within {START:?}. Its log:\n{log}"))
        }
    }
}

/// The configuration of `workerd serve`: the worker with its settings as bindings, free to call any address.
fn capnp(port: u16, settings: &[Setting]) -> Result<String, String> {
    let wrangler = root().join("wrangler.toml");
    let wrangler = fs::read_to_string(&wrangler).map_err(|error| format!("{}: {error}", wrangler.display()))?;
    let date = wrangler
        .lines()
        .find_map(|line| line.strip_prefix("compatibility_date = "))
        .ok_or("wrangler.toml has no compatibility_date")?;
    let bindings: Vec<String> =
        settings.iter().map(|(name, value)| format!("(name = {}, text = {})", quoted(name), quoted(value))).collect();
    Ok(format!(
        r#"using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true))),
  ],
  sockets = [(name = "http", address = "127.0.0.1:{port}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  compatibilityDate = {date},
  modules = [
    (name = "index.js", esModule = embed "index.js"),
    (name = "index_bg.wasm", wasm = embed "index_bg.wasm"),
  ],
  bindings = [{}],
);
"#,
        bindings.join(", ")
    ))
}

fn json(settings: &[Setting]) -> String {
    let members: Vec<String> =
        settings.iter().map(|(name, value)| format!("{}:{}", quoted(name), quoted(value))).collect();
    format!("{{{}}}", members.join(","))
}

/// A string literal that JSON and Cap'n Proto read alike, of what settings hold: printable ASCII.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The runtime in its npm package, named after the platform.
fn workerd() -> PathBuf {
    let system = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
    let processor = if cfg!(target_arch = "aarch64") { "arm64" } else { "64" };
    root().join(format!("tests/node_modules/@cloudflare/workerd-{system}-{processor}/bin/workerd"))
}

/// The checkout, which holds the folder of whichever crate includes this file.
fn root() -> PathBuf {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    above.into_iter().find(|folder| folder.join("wrangler.toml").is_file()).map_or_else(PathBuf::new, Path::to_path_buf)
}

fn built(file: &Path, by: &str) -> Result<(), String> {
    if file.exists() { Ok(()) } else { Err(format!("{} is missing; `{by}` builds it", file.display())) }
}

fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(OsStr::new(program)).is_file())
}

/// A port of 127.0.0.1 that nobody listens on now.
///
/// # Errors
/// None is free.
pub fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| format!("no free port: {error}"))?;
    listener.local_addr().map(|address| address.port()).map_err(|error| format!("no free port: {error}"))
}

/// The first of two neighbouring ports of 127.0.0.1 that are free.
///
/// # Errors
/// None are.
pub fn two_free_ports() -> Result<u16, String> {
    let listen = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok();
    let found = (0..100).find_map(|_| {
        let first = listen(0)?;
        let port = first.local_addr().ok()?.port();
        listen(port.checked_add(1)?).map(|_second| port)
    });
    found.ok_or_else(|| "no two neighbouring ports are free".to_owned())
}

/// A new folder for one host's files.
fn scratch() -> Result<PathBuf, String> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = root().join(format!("target/hosts/{}-{number}", std::process::id()));
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}
