//! Running `hp`.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::client::Client;
use crate::texts_like_secrets;
use crate::world::Shop;

/// Longer than any start takes, on a busy machine too.
const STARTS_WITHIN: Duration = Duration::from_secs(60);
const ENDS_WITHIN: Duration = Duration::from_secs(20);

/// `hp` with these arguments, without what the developer's own environment says of databases and keys.
pub fn hp(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hp"));
    command.args(arguments).stdin(Stdio::null());
    for name in [
        "HP_DATABASE_URL",
        "HP_DATABASE_TOKEN",
        "HP_MASTER_KEYS",
        "HP_LOOKUP_KEY",
        "HP_PASSWORD_HASHING",
        "HP_RATE_LIMITS",
        "HP_ISSUER",
    ] {
        command.env_remove(name);
    }
    command
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// What it wrote to stdout; fails the test unless it ended well.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }

    /// What it wrote to stderr; fails the test unless it ended with this code, having panicked nowhere.
    #[track_caller]
    pub fn refused(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(!self.stderr.contains("panicked"), "{self:?}");
        self.stderr
    }
}

/// Commands that tell a secret, which is what they are for. On stdout: what goes wrong is told on stderr, which is kept
/// by whatever runs them.
const TELLING: [[&str; 2]; 4] = [["keys", "new"], ["key", "create"], ["store", "create"], ["token", "service"]];

/// Runs a command to its end. It tells no secret that it should not.
#[track_caller]
pub fn run(command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let ended = Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) };
    let arguments: Vec<&str> = command.get_args().take(2).map(|argument| argument.to_str().unwrap()).collect();
    assert_eq!(texts_like_secrets::in_text(&ended.stderr), BTreeSet::new(), "{arguments:?}");
    if !TELLING.iter().any(|telling| arguments == telling) {
        assert_eq!(texts_like_secrets::in_text(&ended.stdout), BTreeSet::new(), "{arguments:?}");
    }
    ended
}

/// The writing end of a pipe whose reader has hung up, as that of `hp ... | true`.
pub fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// A running `hp dev`. Killed when dropped.
pub struct Dev {
    child: Child,
    pub url: String,
    /// Everything it printed until it was ready.
    pub greeting: String,
}

impl Dev {
    /// Starts it over `data`, in a folder where it finds no project, and waits for the end of its greeting.
    pub fn start(data: &Path, arguments: &[&str]) -> Dev {
        // Another process may take a port between our look and its own.
        let started = (0..5).find_map(|_| Dev::try_start(data, arguments));
        started.expect("`hp dev` starts on a free port")
    }

    fn try_start(data: &Path, arguments: &[&str]) -> Option<Dev> {
        let port = two_free_ports();
        let mut command = dev_command(data, port);
        let mut child = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, receiver) = mpsc::channel();
        let stdout = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            // Reads on after the greeting, so that the process never blocks on a full pipe.
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _nobody_waits = sender.send(line);
            }
        });
        // From here on a failure ends the process.
        let mut dev = Dev { child, url: format!("http://127.0.0.1:{port}"), greeting: String::new() };
        loop {
            match receiver.recv_timeout(STARTS_WITHIN) {
                Ok(line) => {
                    dev.greeting.push_str(&line);
                    dev.greeting.push('\n');
                    if line == "Ctrl-C ends it." {
                        return Some(dev);
                    }
                }
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("no greeting, only: {}", dev.greeting),
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    let mut said = String::new();
                    dev.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
                    assert!(said.contains("cannot listen"), "{said}");
                    return None;
                }
            }
        }
    }

    /// The rest of the greeting's line that begins with `name`.
    #[track_caller]
    pub fn told(&self, name: &str) -> &str {
        let line = self.greeting.lines().find_map(|line| line.trim_start().strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in {}", self.greeting)).trim()
    }

    /// The shop that it tells of.
    pub fn shop(&self) -> Shop {
        self.shop_at(&self.url)
    }

    /// The same, asked at another host of its data.
    pub fn shop_at(&self, url: &str) -> Shop {
        let key = |name: &str| Client::new(url).with_key(self.told(name));
        Shop { shopper: key("publishable key"), merchant: key("secret key") }
    }

    /// Presses Ctrl-C, and waits for the end.
    pub fn interrupt(mut self) -> ExitStatus {
        interrupt(&mut self.child)
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _may_be_gone = self.child.kill();
        let _reaped = self.child.wait();
        let mut said = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            let _as_far_as_it_is_text = stderr.read_to_string(&mut said);
        }
        // On stdout it shows the mails that it would send, with their links; its log is on stderr.
        if !std::thread::panicking() {
            assert_eq!(texts_like_secrets::in_text(&said), BTreeSet::new(), "in the log of `hp dev`");
        }
    }
}

/// A variant whose units are counted, several of which are left.
pub struct Counted {
    pub handle: String,
    pub variant: String,
    pub units: i64,
}

/// The first one that the shop lists.
pub async fn first_counted(shop: &Shop) -> Counted {
    let page = shop.shopper.get("/api/v1/products?filter[inStock]=true&limit=50").send().await.expect(200).json();
    for item in page["items"].as_array().unwrap() {
        let handle = item["handle"].as_str().unwrap().to_owned();
        for variant in shop.product(&handle).await["variants"].as_array().unwrap() {
            let units = variant["availability"]["quantity"].as_i64().unwrap_or(0);
            if 1 < units {
                return Counted { handle, variant: variant["id"].as_str().unwrap().to_owned(), units };
            }
        }
    }
    panic!("nothing is in stock");
}

/// How many units of it the shop shows.
pub async fn units_of(shop: &Shop, counted: &Counted) -> Option<i64> {
    let product = shop.product(&counted.handle).await;
    let mut variants = product["variants"].as_array().unwrap().iter();
    variants.find(|variant| variant["id"] == counted.variant.as_str())?["availability"]["quantity"].as_i64()
}

/// `hp dev` over `data` on `port`. It runs beside its data, so that it links no wrangler or Spin project.
pub fn dev_command(data: &Path, port: u16) -> Command {
    let mut command = hp(&["dev", "--port", &port.to_string(), "--data"]);
    command.arg(data).current_dir(data.parent().unwrap());
    command
}

/// Sends SIGINT, and waits for the end.
pub fn interrupt(child: &mut Child) -> ExitStatus {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    for _ in 0..ENDS_WITHIN.as_millis() / 20 {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("it still runs {ENDS_WITHIN:?} after SIGINT");
}

/// The first of two neighbouring ports of 127.0.0.1 that are free.
pub fn two_free_ports() -> u16 {
    let listen = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok();
    let found = (0..100).find_map(|_| {
        let first = listen(0)?;
        let port = first.local_addr().ok()?.port();
        listen(port.checked_add(1)?).map(|_second| port)
    });
    found.expect("two free ports")
}
