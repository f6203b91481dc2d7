//! The ports of the wasm hosts, each call passed on over HTTP to a module that answers with the host's own
//! adapter (`edge/src/host/ports.rs`).

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use headlesspro_edge::host::native::fetch::NativeFetch;
use headlesspro_edge::port::BoxFuture;
use headlesspro_edge::port::clock::Clock;
use headlesspro_edge::port::entropy::{Entropy, NoEntropy};
use headlesspro_edge::port::fetch::{Chosen, Fetch, FetchError, Limits};
use headlesspro_shared::kernel::time::Timestamp;
use http::{Request, Response};
use serde_json::{Value, json};

use crate::hosts::{Host, start_ports};

/// The adapters of one host.
pub struct Remote {
    pub name: &'static str,
    host: Host,
}

/// One of each wasm host, started for this caller.
pub fn hosts() -> Vec<Arc<Remote>> {
    start_ports().unwrap().into_iter().map(|(name, host)| Arc::new(Remote { name, host })).collect()
}

impl Remote {
    /// One call that waits for its answer, wherever it is made from.
    fn call(&self, path: &str, body: &str) -> String {
        let request = Request::post(format!("{}{path}", self.host.url)).body(Bytes::from(body.to_owned())).unwrap();
        let ask = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(NativeFetch::new().unwrap().send(request, Limits::OPERATOR)).unwrap()
        };
        let answer = std::thread::spawn(ask).join().unwrap();
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        assert_eq!(answer.status(), 200, "{}: {path}: {text}", self.name);
        text
    }

    /// Asks the host to ask for `urls` after its answer.
    pub fn defer(&self, urls: &[String]) {
        self.call("/defer", &urls.join("\n"));
    }
}

impl Clock for Remote {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.call("/now", "").parse().unwrap())
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()> {
        self.call("/sleep", &pause.as_millis().to_string());
        Box::pin(async {})
    }
}

impl Entropy for Remote {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        let filled = STANDARD.decode(self.call("/entropy", &bytes.len().to_string())).unwrap();
        bytes.copy_from_slice(&filled);
        Ok(())
    }
}

impl Fetch for Remote {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> BoxFuture<'_, Result<Response<Bytes>, FetchError>> {
        Box::pin(async move {
            let outbound = Request::post(format!("{}/fetch", self.host.url)).body(written(&request, limits)).unwrap();
            let answer = NativeFetch::new().unwrap().send(outbound, Limits::OPERATOR).await.unwrap();
            let text = String::from_utf8_lossy(answer.body());
            assert_eq!(answer.status(), 200, "{}: {text}", self.name);
            read(&serde_json::from_str(&text).unwrap(), limits)
        })
    }
}

fn written(request: &Request<Bytes>, limits: Limits) -> Bytes {
    let headers = request.headers().iter();
    let headers: Vec<_> = headers.map(|(name, value)| json!([name.as_str(), value.to_str().unwrap()])).collect();
    let outbound = json!({
        "method": request.method().as_str(),
        "url": request.uri().to_string(),
        "headers": headers,
        "body": STANDARD.encode(request.body()),
        "timeoutMillis": limits.timeout.as_millis() as u64,
        "maxBytes": limits.max_bytes,
        "byTenant": limits.chosen == Chosen::ByTenant,
    });
    Bytes::from(outbound.to_string())
}

fn read(answer: &Value, limits: Limits) -> Result<Response<Bytes>, FetchError> {
    let reason = || answer["reason"].as_str().unwrap().to_owned();
    match answer["error"].as_str() {
        Some("connection") => return Err(FetchError::Connection(reason())),
        Some("refused") => return Err(FetchError::Refused(reason())),
        Some("timeout") => return Err(FetchError::Timeout(limits.timeout)),
        Some("too-large") => return Err(FetchError::TooLarge(limits.max_bytes)),
        Some(other) => panic!("{other}: {answer}"),
        None => {}
    }
    let mut response = Response::builder().status(answer["status"].as_u64().unwrap() as u16);
    for header in answer["headers"].as_array().unwrap() {
        response = response.header(header[0].as_str().unwrap(), header[1].as_str().unwrap());
    }
    Ok(response.body(Bytes::from(STANDARD.decode(answer["body"].as_str().unwrap()).unwrap())).unwrap())
}
