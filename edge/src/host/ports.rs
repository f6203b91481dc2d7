//! A wasm host's ports over HTTP, so that the conformance lists run on its adapters. No module that is deployed
//! has this: `cargo xtask build-ports` alone sets the feature.
//!
//! ```text
//! POST /fetch    {"method", "url", "headers": [[name, value]], "body", "timeoutMillis", "maxBytes", "byTenant"}
//!                {"status", "headers", "body"} or {"error", "reason"}; bodies in base64
//! POST /now      milliseconds of UTC
//! POST /sleep    the milliseconds in the body; answers after them
//! POST /entropy  as many bytes as the body says, in base64
//! POST /defer    answers at once; asks for each URL of the body, one a line, after the response
//! ```

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::port::clock::Clock;
use crate::port::defer::Defer;
use crate::port::entropy::{Entropy, HostEntropy};
use crate::port::fetch::{Chosen, Fetch, FetchError, Limits};

/// The ports that a host has of its own.
pub struct Ports {
    pub fetch: Arc<dyn Fetch>,
    pub clock: Arc<dyn Clock>,
    pub defer: Arc<dyn Defer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outbound {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
    timeout_millis: u64,
    max_bytes: usize,
    by_tenant: bool,
}

/// The answer to a call of the conformance suite.
pub async fn answer(ports: Ports, request: Request<Body>) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let text = String::from_utf8_lossy(&body);
    let said = match path.as_str() {
        "/fetch" => match serde_json::from_slice(&body) {
            Ok(outbound) => fetch(&*ports.fetch, outbound).await.to_string(),
            Err(error) => return told(StatusCode::BAD_REQUEST, error.to_string()),
        },
        "/now" => ports.clock.now().millis().to_string(),
        "/sleep" => {
            ports.clock.sleep(Duration::from_millis(text.parse().unwrap_or(0))).await;
            String::new()
        }
        "/entropy" => {
            let mut bytes = vec![0; text.parse().unwrap_or(0)];
            match HostEntropy.fill(&mut bytes) {
                Ok(()) => STANDARD.encode(bytes),
                Err(error) => return told(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
            }
        }
        "/defer" => {
            for url in text.lines().filter_map(|line| line.parse::<Uri>().ok()) {
                let fetch = Arc::clone(&ports.fetch);
                ports.defer.defer(Box::pin(async move {
                    let mut request = Request::new(Bytes::new());
                    *request.uri_mut() = url;
                    let _seen_by_the_server = fetch.send(request, Limits::OPERATOR).await;
                }));
            }
            String::new()
        }
        _ => return told(StatusCode::NOT_FOUND, path),
    };
    told(StatusCode::OK, said)
}

fn told(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}

async fn fetch(fetch: &dyn Fetch, outbound: Outbound) -> Value {
    let limits = Limits {
        timeout: Duration::from_millis(outbound.timeout_millis),
        max_bytes: outbound.max_bytes,
        chosen: if outbound.by_tenant { Chosen::ByTenant } else { Chosen::ByOperator },
    };
    let request = match asked(outbound) {
        Ok(request) => request,
        Err(reason) => return json!({ "error": "malformed", "reason": reason }),
    };
    match fetch.send(request, limits).await {
        Ok(response) => {
            let headers: Vec<_> = response
                .headers()
                .iter()
                .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]))
                .collect();
            json!({
                "status": response.status().as_u16(), "headers": headers, "body": STANDARD.encode(response.body()),
            })
        }
        Err(FetchError::Connection(reason)) => json!({ "error": "connection", "reason": reason }),
        Err(FetchError::Refused(reason)) => json!({ "error": "refused", "reason": reason }),
        Err(FetchError::Timeout(_)) => json!({ "error": "timeout" }),
        Err(FetchError::TooLarge(_)) => json!({ "error": "too-large" }),
    }
}

fn asked(outbound: Outbound) -> Result<Request<Bytes>, String> {
    let body = STANDARD.decode(outbound.body).map_err(|error| error.to_string())?;
    let mut request = Request::new(Bytes::from(body));
    *request.method_mut() = outbound.method.parse::<Method>().map_err(|error| error.to_string())?;
    *request.uri_mut() = outbound.url.parse::<Uri>().map_err(|error| error.to_string())?;
    for (name, value) in outbound.headers {
        let name: HeaderName = name.parse().map_err(|_| name)?;
        let value = HeaderValue::from_str(&value).map_err(|error| error.to_string())?;
        request.headers_mut().append(name, value);
    }
    Ok(request)
}
