//! The servers a measurement needs, each a process of its own on a free port of 127.0.0.1, killed when
//! dropped.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::Outcome;
use crate::hosts::{UNLIMITED, free_port, two_free_ports};
use crate::target::{LOOKUP_KEY, MASTER_KEYS};

/// Where the built programs are.
#[derive(Clone)]
pub struct Programs {
    pub hp: PathBuf,
    /// Only the parts that run the worker need it.
    pub sqld: Option<PathBuf>,
    /// Data and logs, removed at the end.
    pub scratch: PathBuf,
}

/// A running server.
pub struct Server {
    pub address: SocketAddr,
    child: Child,
}

impl Server {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _may_be_gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// `hp dev` with an empty shop, and what its data folder holds for it.
pub struct HpDev {
    pub server: Server,
    pub publishable_key: String,
    pub secret_key: String,
    /// The Upstash endpoint and its token.
    pub redis_url: String,
    pub token: String,
}

impl Programs {
    /// The same programs with a folder of their own for data.
    pub fn in_folder(&self, name: &str) -> Outcome<Programs> {
        let scratch = self.scratch.join(name);
        std::fs::create_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
        Ok(Programs { scratch, ..self.clone() })
    }

    /// Starts `hp dev` over `data`, with the Redis of the process or with a server.
    ///
    /// # Errors
    /// What it wrote to its log.
    pub fn start_hp_dev(&self, data: &Path, redis: Option<&Server>) -> Outcome<HpDev> {
        self.start_hp_dev_with(data, redis, &[])
    }

    /// The same with other settings beside.
    pub fn start_hp_dev_with(&self, data: &Path, redis: Option<&Server>, words: &[&str]) -> Outcome<HpDev> {
        let port = two_free_ports()?;
        let mut command = Command::new(&self.hp);
        command.args(["dev", "--seed", "none", "--rate-limits", UNLIMITED, "--port", &port.to_string(), "--data"]);
        command.arg(data).args(words);
        if let Some(redis) = redis {
            command.args(["--redis", &format!("redis://{}/", redis.address)]);
        }
        let server = self.start("hp", command, port, answers_http)?;
        let file = data.join("keys.json");
        let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let keys: Value = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        let key = |name| keys.get(name).and_then(Value::as_str).map(str::to_owned).ok_or("keys.json lacks a key");
        let redis_url = format!("http://127.0.0.1:{}", port.saturating_add(1));
        let (publishable_key, secret_key) = (key("publishable_key")?, key("secret_key")?);
        Ok(HpDev { server, publishable_key, secret_key, redis_url, token: key("token")? })
    }

    pub fn start_sqld(&self) -> Outcome<Server> {
        let port = free_port()?;
        let mut command = Command::new(self.sqld.as_ref().ok_or("--sqld is missing")?);
        command.args(["--no-welcome", "--http-listen-addr", &format!("127.0.0.1:{port}")]);
        // As the README says to run it.
        command.args(["--checkpoint-interval-s", "10", "-d"]);
        command.arg(self.scratch.join("data.sqld")).env("RUST_LOG", "off");
        self.start("sqld", command, port, answers_http)
    }

    pub fn start_redis(&self) -> Outcome<Server> {
        let port = free_port()?;
        let mut command = Command::new("redis-server");
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"]);
        command.arg(&self.scratch);
        self.start("redis-server", command, port, listens)
    }

    /// Runs `hp` to its end and answers what it printed.
    pub fn hp(&self, words: &[&str]) -> Outcome<String> {
        self.hp_told(words, "")
    }

    /// The same with something on its standard input.
    pub fn hp_told(&self, words: &[&str], input: &str) -> Outcome<String> {
        let failed = |error: std::io::Error| format!("{}: {error}", self.hp.display());
        let mut child = Command::new(&self.hp)
            .args(words)
            .env("HP_MASTER_KEYS", MASTER_KEYS)
            .env("HP_LOOKUP_KEY", LOOKUP_KEY)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        if let Some(mut stdin) = child.stdin.take() {
            // One that has ended reads nothing.
            let _may_be_gone = stdin.write_all(input.as_bytes());
        }
        let output = child.wait_with_output().map_err(failed)?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        match output.status.success() {
            true => Ok(said),
            false => Err(format!("`hp {}`: {said}{}", words.join(" "), String::from_utf8_lossy(&output.stderr))),
        }
    }

    fn start(&self, name: &str, mut command: Command, port: u16, is_ready: fn(SocketAddr) -> bool) -> Outcome<Server> {
        let log = self.scratch.join(format!("{name}-{port}.log"));
        let out = File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        let err = out.try_clone().map_err(|error| format!("{}: {error}", log.display()))?;
        let child = command
            .current_dir(&self.scratch)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .spawn()
            .map_err(|error| format!("{name} does not start: {error}"))?;
        let mut server = Server { address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), child };
        for _ in 0..2000 {
            if !matches!(server.child.try_wait(), Ok(None)) {
                break;
            }
            if is_ready(server.address) {
                return Ok(server);
            }
            thread::sleep(Duration::from_millis(10));
        }
        Err(format!("{name} does not answer. Its log:\n{}", std::fs::read_to_string(&log).unwrap_or_default()))
    }
}

/// Whether an HTTP server answers. Listening is not enough: `hp dev` binds its port first of all.
fn answers_http(address: SocketAddr) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
        stream.read_exact(&mut [0; 12])
    };
    ask().is_ok()
}

fn listens(address: SocketAddr) -> bool {
    TcpStream::connect(address).is_ok()
}
