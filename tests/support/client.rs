//! A client of the API, as any program could be one: having heard of a version of a store's catalog, it reads nothing
//! older. Every answer it gets is held against the API's own description, and against what all answers have in common.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use headlesspro_shared::identity::ApiKeyClaim;
use http::{HeaderMap, Method};
use serde_json::Value;
use tokio::time::Instant;

use crate::openapi::Validator;

/// Sees each body that any client sends (`true`) and gets, with its media type.
pub static WITNESS: OnceLock<fn(bool, &str, &[u8])> = OnceLock::new();

/// The latest version of each store's catalog that any client has heard of.
static VERSIONS: LazyLock<Mutex<HashMap<String, i64>>> = LazyLock::new(Mutex::default);

static DESCRIPTION: LazyLock<Validator> = LazyLock::new(Validator::from_golden);

/// One API, asked with one key or with none. Cheap to clone; connections are shared.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: Arc<str>,
    key: Option<Arc<str>>,
}

impl Client {
    /// Somebody without a key. `url` is `http://127.0.0.1:8787`, without a slash at the end.
    pub fn new(url: &str) -> Client {
        Client::at(url, None)
    }

    /// The same with connections of its own, from another address of this machine: 127.0.0.2.
    pub fn moved_to(&self, address: IpAddr) -> Client {
        Client { key: self.key.clone(), ..Client::at(&self.url, Some(address)) }
    }

    fn at(url: &str, address: Option<IpAddr>) -> Client {
        let http = reqwest::Client::builder()
            .local_address(address)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(60))
            // workerd closes a connection that was idle for five seconds.
            .pool_idle_timeout(Duration::from_secs(2))
            .build()
            .unwrap();
        Client { http, url: url.into(), key: None }
    }

    pub fn with_key(&self, key: &str) -> Client {
        Client { key: Some(key.into()), ..self.clone() }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// `target` is a path with its query, encoded.
    pub fn call(&self, method: Method, target: &str) -> Call {
        let url = format!("{}{target}", self.url);
        let mut request = self.http.request(method.clone(), url);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        let reads_of = (method == Method::GET && target.starts_with("/api/v1/")).then(|| self.store()).flatten();
        Call { request, line: format!("{method} {target}"), store: self.store(), reads_of }
    }

    /// The store that the key or token is for.
    fn store(&self) -> Option<String> {
        let key = self.key.as_deref()?;
        if let Ok(claim) = key.parse::<ApiKeyClaim>() {
            return Some(claim.store.to_string());
        }
        let payload = URL_SAFE_NO_PAD.decode(key.split('.').nth(1)?).ok()?;
        let claims: Value = serde_json::from_slice(&payload).ok()?;
        claims["store"].as_str().map(str::to_owned)
    }

    pub fn get(&self, target: &str) -> Call {
        self.call(Method::GET, target)
    }

    pub fn head(&self, target: &str) -> Call {
        self.call(Method::HEAD, target)
    }

    pub fn post(&self, target: &str) -> Call {
        self.call(Method::POST, target)
    }

    pub fn patch(&self, target: &str) -> Call {
        self.call(Method::PATCH, target)
    }

    pub fn put(&self, target: &str) -> Call {
        self.call(Method::PUT, target)
    }

    pub fn delete(&self, target: &str) -> Call {
        self.call(Method::DELETE, target)
    }
}

/// A request that is put together.
pub struct Call {
    request: reqwest::RequestBuilder,
    line: String,
    store: Option<String>,
    /// The store whose catalog it must not show older than is known.
    reads_of: Option<String>,
}

impl Call {
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Call {
        self.request = self.request.header(name, value.as_ref());
        self
    }

    /// As a client asks that has heard of no version.
    pub fn of_any_version(mut self) -> Call {
        self.reads_of = None;
        self
    }

    pub fn json(self, body: &Value) -> Call {
        self.body("application/json", body.to_string())
    }

    pub fn body(mut self, media_type: &str, body: impl Into<reqwest::Body>) -> Call {
        self.request = self.request.header("content-type", media_type).body(body);
        self
    }

    /// Adds parameters to the query, encoded as a form is.
    pub fn query<K: AsRef<str>, V: AsRef<str>>(mut self, pairs: &[(K, V)]) -> Call {
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
        self.line = format!("{} with {pairs:?}", self.line);
        self.request = self.request.query(&pairs);
        self
    }

    /// The answer, which is well formed. Whoever is told that nothing was done, since nobody could say in time whether a
    /// token was revoked, comes again once, as it is told to: a busy machine's Redis may take longer than a request waits.
    pub async fn send(self) -> Answer {
        let again = self.again();
        let answer = self.timed().await.0;
        let wait = answer.header("retry-after").and_then(|seconds| seconds.parse().ok());
        let problem = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
        let is_to_come_again = answer.status == 503 && problem["code"] == "session-store-unavailable";
        match (again.filter(|_| is_to_come_again), wait) {
            (Some(again), Some(wait)) => {
                tokio::time::sleep(Duration::from_secs(wait)).await;
                again.timed().await.0
            }
            _ => answer,
        }
    }

    /// The same request, where its body is at hand.
    fn again(&self) -> Option<Call> {
        let request = self.request.try_clone()?;
        Some(Call { request, line: self.line.clone(), store: self.store.clone(), reads_of: self.reads_of.clone() })
    }

    /// As [`send`](Call::send), for a server that may be gone.
    pub async fn try_send(self) -> Result<Answer, reqwest::Error> {
        self.try_timed().await.map(|(answer, _)| answer)
    }

    /// As [`send`](Call::send), with the time from the request to the answer's last byte.
    pub async fn timed(self) -> (Answer, Duration) {
        let line = self.line.clone();
        self.try_timed().await.unwrap_or_else(|error| panic!("{line}: {error:?}"))
    }

    async fn try_timed(self) -> Result<(Answer, Duration), reqwest::Error> {
        let (http, request) = self.request.build_split();
        let mut request = request?;
        let known = self.reads_of.and_then(|store| VERSIONS.lock().unwrap().get(&store).copied());
        if let Some(known) = known.filter(|_| !request.headers().contains_key("min-version")) {
            request.headers_mut().insert("min-version", known.into());
        }
        let method = request.method().to_string();
        let sent = request.body().and_then(|body| body.as_bytes()).map(<[u8]>::to_vec).unwrap_or_default();
        witness(true, request.headers(), &sent);
        let url = request.url();
        let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let started = Instant::now();
        let response = http.execute(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let answer = Answer { line: self.line, status, headers, body: response.bytes().await? };
        let took = started.elapsed();
        witness(false, &answer.headers, &answer.body);
        answer.fits(&method, &target);
        if let (Some(store), Some(version)) = (self.store, answer.header("catalog-version")) {
            let version: i64 = version.parse().unwrap();
            assert!(known.is_none_or(|known| known <= version), "older than {known:?}: {answer}");
            let mut versions = VERSIONS.lock().unwrap();
            let latest = versions.entry(store).or_default();
            *latest = version.max(*latest);
        }
        Ok((answer, took))
    }
}

fn witness(is_sent: bool, headers: &HeaderMap, body: &[u8]) {
    if let Some(witness) = WITNESS.get() {
        let media_type = headers.get("content-type").and_then(|value| value.to_str().ok());
        witness(is_sent, media_type.unwrap_or_default(), body);
    }
}

/// What a request spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    pub sql: u32,
    pub redis: u32,
}

#[derive(Debug, Clone)]
pub struct Answer {
    /// Method and target of the request.
    pub line: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// Fails the test unless the answer has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// Fails the test unless the answer is this problem.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Answer {
        let answer = self.expect(status);
        assert_eq!(answer.code(), code, "{answer}");
        answer
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{self}: {error}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// A header that must be there.
    #[track_caller]
    pub fn the(&self, name: &str) -> &str {
        self.header(name).unwrap_or_else(|| panic!("{self}: no {name}"))
    }

    #[track_caller]
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_else(|| panic!("{self}: no code")).to_owned()
    }

    /// What a problem names as wrong: `#/email`, `?limit`, `If-Match:`.
    #[track_caller]
    pub fn places(&self) -> Vec<String> {
        let body = self.json();
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| place(error).unwrap_or_else(|| panic!("{self}: no place"))).collect()
    }

    pub fn spent(&self) -> Spent {
        let timing = self.the("server-timing");
        let count = |name: &str| {
            let metric = timing.split(',').map(str::trim).find_map(|metric| metric.strip_prefix(name));
            let desc = metric.and_then(|metric| metric.split("desc=\"").nth(1)?.split('"').next());
            desc.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{self}: Server-Timing is {timing}"))
        };
        Spent { sql: count("sql;"), redis: count("redis;") }
    }

    pub fn is_replayed(&self) -> bool {
        self.header("idempotent-replayed") == Some("true")
    }

    /// Fails the test unless the API may answer so to this method and target, by its description and by what all its
    /// answers have in common.
    #[track_caller]
    pub fn fits(&self, method: &str, target: &str) {
        self.check();
        let checked = DESCRIPTION.check(method, target, self.status, &self.headers, &self.body);
        checked.unwrap_or_else(|faults| panic!("{}: {faults}", self.line));
    }

    /// What every answer of the API has, whatever was asked.
    #[track_caller]
    fn check(&self) {
        let is_retry = self.status == 503 && self.header("retry-after").is_some();
        assert!(self.status < 500 || is_retry, "{self}");
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"), "{self}");
        assert_eq!(self.header("access-control-allow-origin"), Some("*"), "{self}");
        let request_id = self.the("x-request-id");
        assert!((1..=64).contains(&request_id.len()), "{self}");
        self.spent();
        let is_head = self.line.starts_with("HEAD ");
        if self.status == 304 || self.status == 204 || is_head {
            assert!(self.body.is_empty(), "{self}");
            return;
        }
        let others =
            ["application/xml", "application/jsonl", "text/csv", "text/html; charset=utf-8", "application/pdf"];
        let is_other = |media_type| others.contains(&media_type);
        if self.status < 400 && self.header("content-type").is_some_and(is_other) {
            return;
        }
        let body = self.json();
        if self.status < 400 {
            assert_eq!(self.the("content-type"), "application/json", "{self}");
            return;
        }
        assert_eq!(self.the("cache-control"), "no-store", "{self}");
        if self.line.contains(" /oauth/") && self.the("content-type") == "application/json" {
            // RFC 6749, section 5.2.
            assert!(body["error"].as_str().is_some_and(|error| !error.is_empty()), "{self}: no error");
            return;
        }
        assert_eq!(self.the("content-type"), "application/problem+json", "{self}");
        assert_eq!(body["status"], self.status, "{self}");
        assert_eq!(body["requestId"], request_id, "{self}");
        for member in ["type", "title", "code", "detail"] {
            assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "{self}: no {member}");
        }
        for error in body["errors"].as_array().into_iter().flatten() {
            assert!(place(error).is_some(), "{self}: an error without a place");
            assert!(error["detail"].as_str().is_some_and(|text| !text.is_empty()), "{self}: an error without a detail");
        }
    }
}

fn place(error: &Value) -> Option<String> {
    let text = |member: &str| error[member].as_str();
    text("pointer")
        .map(str::to_owned)
        .or_else(|| text("parameter").map(|name| format!("?{name}")))
        .or_else(|| text("header").map(|name| format!("{name}:")))
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body: String = String::from_utf8_lossy(&self.body).chars().take(2_000).collect();
        write!(f, "{} answered {} with {:?} and {body}", self.line, self.status, self.headers)
    }
}
