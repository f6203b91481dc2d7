//! The outermost layer: the request's id, `Server-Timing`, and the bodies of problems.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use headlesspro_shared::kernel::card_number::has_card_number;
use http::header::{CONTENT_LENGTH, HeaderName};
use http::{HeaderValue, Method};

use crate::app::{App, Spent};
use crate::problem::Problem;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

const CATALOG_VERSION: HeaderName = HeaderName::from_static("catalog-version");

/// A request's id: the client's `X-Request-Id` when it is one of 1 to 64 plain characters, else ours.
#[derive(Debug, Clone)]
pub struct RequestId(pub Arc<str>);

pub async fn request(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let id = request.headers().get(&REQUEST_ID).and_then(|id| id.to_str().ok()).filter(|id| is_plain(id));
    let id: Arc<str> = match id {
        Some(id) => Arc::from(id),
        None => Arc::from(new_id(&app)),
    };
    let spent = Arc::new(Spent::default());
    let is_head = request.method() == Method::HEAD;
    request.extensions_mut().insert(app);
    request.extensions_mut().insert(RequestId(Arc::clone(&id)));
    request.extensions_mut().insert(Arc::clone(&spent));

    let mut response = next.run(request).await;

    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        if let Some(line) = problem.log_line() {
            log::error!("request {id}: {line}");
        }
        let body = problem.render(&id);
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        *response.body_mut() = if is_head { Body::empty() } else { Body::from(body) };
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    let mut timing = format!("sql;desc=\"{}\", redis;desc=\"{}\"", spent.sql(), spent.kv());
    for (name, count) in [("issuer", spent.issuer()), ("provider", spent.provider())] {
        if 0 < count {
            timing.push_str(&format!(", {name};desc=\"{count}\""));
        }
    }
    if let Ok(value) = HeaderValue::from_str(&timing) {
        headers.insert(SERVER_TIMING, value);
    }
    if let Some(version) = spent.catalog_version() {
        headers.insert(CATALOG_VERSION, HeaderValue::from(version));
    }
    headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    response
}

fn is_plain(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        // It is logged, and kept.
        && !has_card_number(id)
}

/// The moment and 64 random bits, in hex. Without randomness the moment alone must do: an id of a request
/// guards nothing.
fn new_id(app: &App) -> String {
    let mut random = [0; 8];
    let random = app.entropy.fill(&mut random).map(|()| u64::from_be_bytes(random)).unwrap_or_default();
    format!("{:012x}{random:016x}", app.clock.now().millis())
}
