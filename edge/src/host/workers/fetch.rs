//! Outbound HTTP by the runtime's `fetch`.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::{Request, Response, StatusCode, header};
use worker::js_sys::futures::JsFuture;
use worker::js_sys::{self, Uint8Array};
use worker::send::SendFuture;
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::web_sys;

use super::http::{headers_from, headers_into};
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
    // The signal also ends the reading of the body, so the limit holds to the last byte.
    let signal = web_sys::AbortSignal::timeout_with_u32(millis(limits.timeout));
    match exchange(request, &signal, limits.max_bytes).await {
        Err(FetchError::Connection(_)) if signal.aborted() => Err(FetchError::Timeout(limits.timeout)),
        outcome => outcome,
    }
}

async fn exchange(
    request: Request<Bytes>,
    signal: &web_sys::AbortSignal,
    max_bytes: usize,
) -> Result<Response<Bytes>, FetchError> {
    let init = web_sys::RequestInit::new();
    init.set_method(request.method().as_str());
    init.set_redirect(web_sys::RequestRedirect::Manual);
    init.set_signal(Some(signal));
    init.set_headers(headers_into(request.headers()).map_err(|error| FetchError::Refused(error.to_string()))?.as_ref());
    if !request.body().is_empty() {
        init.set_body(&Uint8Array::new_from_slice(request.body()));
    }
    let scope: web_sys::WorkerGlobalScope = js_sys::global().unchecked_into();
    let raw: web_sys::Response = JsFuture::from(scope.fetch_with_str_and_init(&request.uri().to_string(), &init))
        .await
        .and_then(JsCast::dyn_into)
        .map_err(connection)?;

    let mut response = Response::new(Bytes::new());
    *response.status_mut() =
        StatusCode::from_u16(raw.status()).map_err(|error| FetchError::Connection(error.to_string()))?;
    *response.headers_mut() = headers_from(&raw.headers());
    *response.body_mut() = body(&raw, response.headers(), max_bytes).await?;
    Ok(response)
}

/// Reads the whole body, at most `max_bytes` of it.
async fn body(raw: &web_sys::Response, headers: &http::HeaderMap, max_bytes: usize) -> Result<Bytes, FetchError> {
    // The length says what comes only when the runtime has nothing to decompress.
    let known: Option<usize> = match headers.contains_key(header::CONTENT_ENCODING) {
        true => None,
        false => headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok()),
    };
    match known {
        Some(length) if max_bytes < length => return Err(FetchError::TooLarge(max_bytes)),
        Some(_) => {
            let buffer = JsFuture::from(raw.array_buffer().map_err(connection)?).await.map_err(connection)?;
            return Ok(Uint8Array::new(&buffer).to_vec().into());
        }
        None => {}
    }
    let Some(stream) = raw.body() else { return Ok(Bytes::new()) };
    let mut stream = worker::Body::new(stream);
    let mut whole = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| FetchError::Connection(error.to_string()))?;
        if max_bytes.saturating_sub(whole.len()) < chunk.len() {
            return Err(FetchError::TooLarge(max_bytes));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

fn connection(error: JsValue) -> FetchError {
    let reason = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
    FetchError::Connection(reason.unwrap_or_else(|| format!("{error:?}")))
}

/// The time limit in the runtime's unit, never 0 (which would mean "at once").
fn millis(limit: Duration) -> u32 {
    u32::try_from(limit.as_millis()).unwrap_or(u32::MAX).max(1)
}
