//! Requests and responses between the `http` crate and the Workers runtime.
//!
//! Our own conversion, because a request from outside may hold what `http` refuses (an endless URL, a
//! header byte above ASCII): that is answered with 400, never with a panic or a 500.

use std::future::ready;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use http_body_util::BodyExt;
use worker::js_sys::Uint8Array;
use worker::js_sys::futures::JsFuture;
use worker::send::SendFuture;
use worker::wasm_bindgen::prelude::wasm_bindgen;
use worker::wasm_bindgen::{self, JsValue};
use worker::web_sys;

use crate::host::remote;

/// Bodies of known length up to this many bytes come in and go out whole; larger ones are streamed.
const WHOLE: u64 = 256 * 1024;

/// The request is none that `http` can hold.
pub struct Malformed;

/// The request as the router takes it. A short body is read before anything is decided: it costs less
/// than a JavaScript stream, and a body that is left unread makes workerd reset the connection, which the
/// client may be about to use again. A longer one is a stream.
pub async fn request(raw: &web_sys::Request) -> Result<Request<Body>, Malformed> {
    let body = match raw.body() {
        None => Body::empty(),
        Some(_) if is_short(raw) => whole(raw).await,
        Some(stream) => Body::new(worker::Body::new(stream)),
    };
    let head = head(raw);
    let (method, rest) = head.split_once('\n').ok_or(Malformed)?;
    let (url, headers) = rest.split_once('\n').ok_or(Malformed)?;
    let mut request = Request::new(body);
    *request.method_mut() = Method::from_bytes(method.as_bytes()).map_err(|_| Malformed)?;
    *request.uri_mut() = url.parse().map_err(|_| Malformed)?;
    *request.headers_mut() = headers_of(headers);
    remote::in_origin_form(&mut request);
    Ok(request)
}

fn is_short(raw: &web_sys::Request) -> bool {
    let length = raw.headers().get("content-length").ok().flatten();
    length.and_then(|length| length.parse::<u64>().ok()).is_some_and(|length| length <= WHOLE)
}

/// The whole body; one that breaks off fails when it is read.
async fn whole(raw: &web_sys::Request) -> Body {
    let read = async { JsFuture::from(raw.array_buffer()?).await };
    match SendFuture::new(read).await {
        Ok(buffer) => Body::from(Uint8Array::new(&buffer).to_vec()),
        Err(_) => Body::from_stream(stream::once(ready(Err::<Bytes, _>("the body broke off")))),
    }
}

/// The answer in the runtime's shape. A short body goes out as one buffer, which costs a tenth of a
/// JavaScript stream's CPU time.
pub async fn response(mut response: Response<Body>) -> worker::Result<web_sys::Response> {
    remote::without_stray_length(&mut response);
    let (parts, body) = response.into_parts();
    let (status, headers) = (parts.status.as_u16(), header_lines(&parts.headers));
    if body.is_end_stream() || remote::is_bodyless(parts.status) {
        return Ok(respond(status, &headers, &[])?);
    }
    match body.size_hint().exact() {
        Some(length) if length <= WHOLE => {
            let bytes = body.collect().await.map_err(|error| worker::Error::RustError(error.to_string()))?.to_bytes();
            Ok(respond(status, &headers, &bytes)?)
        }
        _ => worker::response_to_wasm(Response::from_parts(parts, body)),
    }
}

#[wasm_bindgen(module = "/src/host/workers/crossing.js")]
extern "C" {
    fn head(request: &web_sys::Request) -> String;

    #[wasm_bindgen(catch)]
    fn respond(status: u16, headers: &str, body: &[u8]) -> Result<web_sys::Response, JsValue>;
}

/// Headers in one text, a line for each name and each value. No value holds a line break.
pub fn header_lines(headers: &HeaderMap) -> String {
    let mut lines = String::new();
    for (name, value) in headers {
        lines.push_str(name.as_str());
        lines.push('\n');
        match value.to_str() {
            Ok(value) => lines.push_str(value),
            Err(_) => lines.extend(value.as_bytes().iter().copied().map(char::from)),
        }
        lines.push('\n');
    }
    lines
}

/// Headers from a text of that kind. One that `http` refuses is left out.
pub fn headers_of(lines: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut lines = lines.split('\n');
    while let (Some(name), Some(value)) = (lines.next(), lines.next()) {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), header_value(value)) {
            headers.append(name, value);
        }
    }
    headers
}

/// A JavaScript header value is a byte string: each character stands for one byte.
fn header_value(value: &str) -> Result<HeaderValue, http::header::InvalidHeaderValue> {
    if value.is_ascii() {
        return HeaderValue::from_str(value);
    }
    let bytes: Vec<u8> = value.chars().map(|character| u8::try_from(character).unwrap_or(b'?')).collect();
    HeaderValue::from_bytes(&bytes)
}
