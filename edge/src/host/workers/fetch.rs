//! Outbound HTTP by the runtime's `fetch`.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use worker::js_sys::futures::JsFuture;
use worker::js_sys::{self, Array, Promise, Uint8Array};
use worker::send::SendFuture;
use worker::wasm_bindgen::prelude::wasm_bindgen;
use worker::wasm_bindgen::{self, JsCast, JsValue};

use super::http::{header_lines, headers_of};
use crate::port::BoxFuture;
use crate::port::fetch::{Chosen, Fetch, FetchError, Limits, private};

/// The runtime's `fetch`, with its own connection pool and TLS.
///
/// Which address a name resolves to is not shown to a Worker. That is no hole: Cloudflare's edge
/// reaches no private network unless a tunnel is bound to the Worker by name.
#[derive(Debug, Clone, Copy, Default)]
pub struct WorkersFetch;

impl Fetch for WorkersFetch {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> BoxFuture<'_, Result<Response<Bytes>, FetchError>> {
        // Sound because an isolate has one thread.
        Box::pin(SendFuture::new(send(request, limits)))
    }
}

async fn send(request: Request<Bytes>, limits: Limits) -> Result<Response<Bytes>, FetchError> {
    if limits.chosen == Chosen::ByTenant {
        private::check(request.uri())?;
    }
    let (parts, body) = request.into_parts();
    let (method, uri, headers) = (parts.method.as_str(), parts.uri.to_string(), header_lines(&parts.headers));
    let answer = exchange(method, &uri, &headers, &body, millis(limits.timeout), limits.max_bytes);
    let answer: Array =
        JsFuture::from(answer).await.and_then(JsCast::dyn_into).map_err(|error| failure(&error, limits))?;
    let status = answer.get(0).as_f64().and_then(|status| StatusCode::from_u16(status as u16).ok());
    let body = answer.get(2).dyn_into::<Uint8Array>();
    let (Some(status), Ok(body)) = (status, body) else {
        return Err(FetchError::Connection("the runtime answered something else than HTTP".to_owned()));
    };
    let mut response = Response::new(Bytes::from(body.to_vec()));
    *response.status_mut() = status;
    *response.headers_mut() = headers_of(&answer.get(1).as_string().unwrap_or_default());
    Ok(response)
}

#[wasm_bindgen(module = "/src/host/workers/crossing.js")]
extern "C" {
    fn exchange(method: &str, url: &str, headers: &str, body: &[u8], millis: u32, limit: usize) -> Promise;
}

fn failure(error: &JsValue, limits: Limits) -> FetchError {
    match error.as_string().as_deref() {
        Some("timeout") => FetchError::Timeout(limits.timeout),
        Some("too large") => FetchError::TooLarge(limits.max_bytes),
        _ => {
            let reason = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
            FetchError::Connection(reason.unwrap_or_else(|| format!("{error:?}")))
        }
    }
}

/// The time limit in the runtime's unit, never 0 (which would mean "at once").
fn millis(limit: Duration) -> u32 {
    u32::try_from(limit.as_millis()).unwrap_or(u32::MAX).max(1)
}
