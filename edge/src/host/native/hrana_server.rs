//! The embedded database as a Hrana endpoint, so that `wrangler dev`, `spin up` and any libSQL client
//! use the developer's one file: versions 2 and 3 over HTTP with JSON, batons, and cursors.
//!
//! A stream (a client's connection) has an SQLite connection of its own and writes when its turn comes in
//! the same queue as everybody else. A transaction that stays open for 5 s, or a stream nobody continues
//! for 10 s, is rolled back and forgotten, as sqld does.
//! Source: <https://github.com/tursodatabase/libsql/blob/main/docs/HRANA_3_SPEC.md>.

mod cursor;
mod protocol;
mod stream;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::libsql::EmbeddedSql;
use super::libsql::connection::Connection;
use super::libsql::writer::soon;
use protocol::{CursorRequest, Failure, PipelineRequest, PipelineResponse};
use stream::Stream;

/// The routes, to be served on a port of their own. Every request that runs SQL needs
/// `Authorization: Bearer <token>`: a page in the developer's browser can reach this port too.
pub fn router(sql: EmbeddedSql, token: &str) -> Router {
    let endpoint = Arc::new(Endpoint {
        sql,
        token: Sha256::digest(token).into(),
        parked: Mutex::default(),
        idle: Mutex::default(),
    });
    Router::new()
        // Clients ask which versions there are.
        .route("/health", get(available))
        .route("/v2", get(available))
        .route("/v3", get(available))
        .route("/v3-protobuf", get(async || StatusCode::NOT_FOUND))
        .route("/v2/pipeline", post(pipeline))
        .route("/v3/pipeline", post(pipeline))
        .route("/v3/cursor", post(run_cursor))
        .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
        .with_state(endpoint)
}

const MAX_REQUEST_BYTES: usize = 32 * 1024 * 1024;

struct Endpoint {
    sql: EmbeddedSql,
    token: [u8; 32],
    /// Streams between two requests, by the baton of the next one.
    parked: Mutex<HashMap<String, Stream>>,
    /// Connections of closed streams, for the next stream.
    idle: Mutex<Vec<Connection>>,
}

impl Endpoint {
    const STREAMS: usize = 128;
    const IDLE_CONNECTIONS: usize = 8;
    /// How long a stream waits for its next request.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// The stream of a baton, or a new one.
    fn take(&self, baton: Option<&str>) -> Result<Stream, Failure> {
        match baton {
            Some(baton) => lock(&self.parked).remove(baton).ok_or_else(Failure::expired),
            None => {
                let idle = lock(&self.idle).pop();
                let connection = idle.map_or_else(|| self.sql.open_stream(), Ok).map_err(Failure::from)?;
                Ok(Stream::new(connection, self.sql.clone()))
            }
        }
    }

    fn park(self: &Arc<Self>, stream: Stream) -> Result<String, Failure> {
        let mut random = [0; 24];
        getrandom::fill(&mut random).map_err(|_| Failure::unavailable("no randomness"))?;
        let baton = hex::encode(random);
        let until = stream.transaction_until().unwrap_or_else(|| soon(Endpoint::PATIENCE));
        {
            let mut parked = lock(&self.parked);
            if Endpoint::STREAMS <= parked.len() {
                return Err(Failure::unavailable("too many streams are open"));
            }
            parked.insert(baton.clone(), stream);
        }
        tokio::spawn(forget(Arc::downgrade(self), baton.clone(), until));
        Ok(baton)
    }

    /// Keeps the stream for its next request and answers that request's baton; none for a closed stream.
    fn park_or_end(self: &Arc<Self>, stream: Stream) -> Result<Option<String>, Failure> {
        if stream.is_closed() {
            self.end(stream);
            return Ok(None);
        }
        self.park(stream).map(Some)
    }

    fn end(&self, stream: Stream) {
        if let Some(connection) = stream.end() {
            let mut idle = lock(&self.idle);
            if idle.len() < Endpoint::IDLE_CONNECTIONS {
                idle.push(connection);
            }
        }
    }

    fn is_authorized(&self, headers: &HeaderMap) -> bool {
        let token = headers.get(header::AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        let given: [u8; 32] = Sha256::digest(token.unwrap_or_default()).into();
        given.ct_eq(&self.token).into()
    }
}

/// Ends a stream that nobody continued in time.
async fn forget(endpoint: Weak<Endpoint>, baton: String, until: Instant) {
    tokio::time::sleep_until(until.into()).await;
    if let Some(endpoint) = endpoint.upgrade() {
        let forgotten = lock(&endpoint.parked).remove(&baton);
        if let Some(stream) = forgotten {
            endpoint.end(stream);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn available() -> StatusCode {
    StatusCode::OK
}

async fn pipeline(State(endpoint): State<Arc<Endpoint>>, headers: HeaderMap, body: Bytes) -> Response {
    answer(run_pipeline(endpoint, &headers, body).await, "application/json")
}

async fn run_pipeline(endpoint: Arc<Endpoint>, headers: &HeaderMap, body: Bytes) -> Result<Vec<u8>, Failure> {
    let request: PipelineRequest = read(&endpoint, headers, &body)?;
    let stream = endpoint.take(request.baton.as_deref())?;
    let (stream, results) = blocking(move || stream.run_all(request.requests)).await?;
    let baton = endpoint.park_or_end(stream)?;
    serde_json::to_vec(&PipelineResponse { baton, base_url: (), results }).map_err(Failure::not_written)
}

async fn run_cursor(State(endpoint): State<Arc<Endpoint>>, headers: HeaderMap, body: Bytes) -> Response {
    let lines = async {
        let request: CursorRequest = read(&endpoint, &headers, &body)?;
        let stream = endpoint.take(request.baton.as_deref())?;
        let (stream, outcome) = blocking(move || stream.run_batch(request.batch)).await?;
        let baton = endpoint.park_or_end(stream)?;
        cursor::lines(baton, outcome).map_err(Failure::not_written)
    };
    answer(lines.await, "text/plain")
}

fn read<'a, T: serde::Deserialize<'a>>(
    endpoint: &Endpoint,
    headers: &HeaderMap,
    body: &'a Bytes,
) -> Result<T, Failure> {
    if !endpoint.is_authorized(headers) {
        return Err(Failure::unauthorized());
    }
    serde_json::from_slice(body).map_err(|error| Failure::malformed(&error.to_string()))
}

/// Runs what blocks on a thread for that.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Failure::unavailable("the stream stopped"))
}

fn answer(outcome: Result<Vec<u8>, Failure>, content_type: &'static str) -> Response {
    match outcome {
        Ok(body) => ([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))], body).into_response(),
        Err(failure) => failure.into_response(),
    }
}
