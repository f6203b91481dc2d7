//! An HTTP server that answers as it is told, however wrong, byte by byte.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::task::Task;

/// What the server does on one connection after it has read the request.
#[derive(Debug, Clone)]
pub enum Act {
    /// Sends these bytes as they are.
    Send(Vec<u8>),
    Wait(Duration),
    /// Never answers, and keeps the connection.
    Hang,
    /// Closes the connection; so does the end of the script.
    Close,
}

/// A whole answer, after which the connection ends.
pub fn answer(status: u16, body: impl Into<Vec<u8>>) -> Vec<Act> {
    let body = body.into();
    let length = body.len();
    let head = format!("HTTP/1.1 {status} Scripted\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    vec![Act::Send([head.into_bytes(), body].concat())]
}

/// Runs a script for every connection. Stops when dropped.
pub struct ScriptedServer {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Vec<u8>>>>,
    _task: Task,
}

impl ScriptedServer {
    pub async fn start(script: Vec<Act>) -> ScriptedServer {
        ScriptedServer::first(script.clone(), script).await
    }

    /// Runs another script for the first connection.
    pub async fn first(first: Vec<Act>, then: Vec<Act>) -> ScriptedServer {
        ScriptedServer::bind(first, then, true).await
    }

    /// Runs the script at once, for a client that does not speak HTTP.
    pub async fn without_reading(script: Vec<Act>) -> ScriptedServer {
        ScriptedServer::bind(script.clone(), script, false).await
    }

    async fn bind(first: Vec<Act>, then: Vec<Act>, reads: bool) -> ScriptedServer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        let task = Task::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            for script in std::iter::once(first).chain(std::iter::repeat(then)) {
                let (socket, _) = listener.accept().await.unwrap();
                connections.spawn(serve(socket, reads, script, seen.clone()));
            }
        });
        ScriptedServer { address, requests, _task: task }
    }

    /// Answers every request with `status` and `body`, and closes.
    pub async fn answering(status: u16, body: impl Into<Vec<u8>>) -> ScriptedServer {
        ScriptedServer::start(answer(status, body)).await
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The requests so far, head and body.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
    }

    /// The body of the last request.
    pub fn last_body(&self) -> Vec<u8> {
        let requests = self.requests.lock().unwrap();
        let last = requests.last().expect("a request came");
        last[head_length(last).unwrap()..].to_vec()
    }
}

async fn serve(mut socket: TcpStream, reads: bool, script: Vec<Act>, seen: Arc<Mutex<Vec<Vec<u8>>>>) {
    if reads {
        let Some(request) = read_request(&mut socket).await else { return };
        seen.lock().unwrap().push(request);
    }
    for act in script {
        match act {
            Act::Send(bytes) => {
                let _ = socket.write_all(&bytes).await;
                let _ = socket.flush().await;
            }
            Act::Wait(time) => tokio::time::sleep(time).await,
            Act::Hang => std::future::pending().await,
            Act::Close => break,
        }
    }
    let _ = socket.shutdown().await;
}

async fn read_request(socket: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        if let Some(head) = head_length(&bytes) {
            let lines = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
            let length = lines.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
            if head + length <= bytes.len() {
                return Some(bytes);
            }
        }
        let mut chunk = [0; 8192];
        match socket.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
        }
    }
}

/// Bytes up to and with the empty line.
fn head_length(request: &[u8]) -> Option<usize> {
    request.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}
