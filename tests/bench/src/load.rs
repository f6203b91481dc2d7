//! Closed-loop load: each connection asks again as soon as it is answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::Outcome;
use crate::clock::now;
use crate::http::{Answer, Connection};

/// Requests, byte by byte, and the status each of them is to be answered with.
pub struct Requests {
    pub status: u16,
    pub all: Vec<Vec<u8>>,
    /// Whether what they are answered with is wanted.
    pub keeps: bool,
}

impl Requests {
    pub fn new(status: u16, all: Vec<Vec<u8>>) -> Requests {
        Requests { status, all, keeps: false }
    }
}

/// When a load ends: whichever comes first.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    pub time: Duration,
    pub requests: usize,
}

/// What a load saw.
#[derive(Debug, Default)]
pub struct Seen {
    pub elapsed: Duration,
    /// In microseconds, one for each request.
    pub latencies: Vec<f32>,
    /// Sums over all answers.
    pub bytes: usize,
    pub sql: usize,
    pub redis: usize,
    /// The bodies, where they are wanted, with the numbers of their requests.
    pub bodies: Vec<(usize, Vec<u8>)>,
}

impl Seen {
    pub fn count(&self) -> usize {
        self.latencies.len()
    }

    fn add(&mut self, other: Seen) {
        self.latencies.extend(other.latencies);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.sql = self.sql.saturating_add(other.sql);
        self.redis = self.redis.saturating_add(other.redis);
        self.bodies.extend(other.bodies);
    }
}

/// `count` open connections to a server, from different addresses.
pub async fn connect(address: SocketAddr, count: usize) -> Outcome<Vec<Connection>> {
    let mut connections = Vec::with_capacity(count);
    for number in 0..count {
        connections.push(Connection::open_from(number, address).await?);
    }
    Ok(connections)
}

/// Sends the requests from number `first` on, over and over, and gives the connections back.
///
/// # Errors
/// A broken connection, or an answer of another status, which ends the load.
pub async fn drive(
    connections: Vec<Connection>,
    requests: &Arc<Requests>,
    first: usize,
    budget: Budget,
) -> Outcome<(Vec<Connection>, Seen)> {
    let started = now();
    let issued = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for connection in connections {
        let (requests, issued) = (Arc::clone(requests), Arc::clone(&issued));
        tasks.spawn(converse(connection, requests, issued, first, started, budget));
    }
    let mut seen = Seen::default();
    let mut connections = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        let (connection, part) = ended.map_err(|error| error.to_string())??;
        connections.push(connection);
        seen.add(part);
    }
    seen.elapsed = now().duration_since(started);
    Ok((connections, seen))
}

async fn converse(
    mut connection: Connection,
    requests: Arc<Requests>,
    issued: Arc<AtomicUsize>,
    first: usize,
    started: Instant,
    budget: Budget,
) -> Outcome<(Connection, Seen)> {
    let mut seen = Seen::default();
    let mut asked = now();
    loop {
        let number = issued.fetch_add(1, Ordering::Relaxed);
        if budget.requests <= number || budget.time <= asked.duration_since(started) {
            return Ok((connection, seen));
        }
        let at = first.saturating_add(number).checked_rem(requests.all.len()).unwrap_or(0);
        let request = requests.all.get(at).ok_or("there are no requests")?;
        let answer = connection.ask(request).await?;
        expect(requests.status, request, &answer)?;
        let answered = now();
        if requests.keeps {
            seen.bodies.push((at, answer.body.to_vec()));
        }
        seen.latencies.push(answered.duration_since(asked).as_secs_f32() * 1e6);
        seen.bytes = seen.bytes.saturating_add(answer.bytes());
        seen.sql = seen.sql.saturating_add(usize::try_from(answer.head.sql).unwrap_or(0));
        seen.redis = seen.redis.saturating_add(usize::try_from(answer.head.redis).unwrap_or(0));
        asked = answered;
    }
}

fn expect(status: u16, request: &[u8], answer: &Answer<'_>) -> Outcome {
    if answer.head.status == status {
        return Ok(());
    }
    let line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
    Err(format!(
        "`{}` was answered with {}, not {status}: {}",
        String::from_utf8_lossy(line),
        answer.head.status,
        String::from_utf8_lossy(answer.body)
    ))
}

/// Sends each request once, over a few connections, and answers the bodies in the order of the requests.
///
/// # Errors
/// As [`drive`].
pub async fn collect(address: SocketAddr, requests: Requests) -> Outcome<Vec<Vec<u8>>> {
    const CONNECTIONS: usize = 16;
    let requests = Arc::new(requests);
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for mut connection in connect(address, CONNECTIONS.min(requests.all.len())).await? {
        let (requests, next) = (Arc::clone(&requests), Arc::clone(&next));
        tasks.spawn(async move {
            let mut bodies = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(request) = requests.all.get(number) else { return Ok::<_, String>(bodies) };
                let answer = connection.ask(request).await?;
                expect(requests.status, request, &answer)?;
                bodies.push((number, answer.body.to_vec()));
            }
        });
    }
    let mut bodies = Vec::with_capacity(requests.all.len());
    while let Some(ended) = tasks.join_next().await {
        bodies.extend(ended.map_err(|error| error.to_string())??);
    }
    bodies.sort_unstable_by_key(|(number, _)| *number);
    Ok(bodies.into_iter().map(|(_, body)| body).collect())
}
