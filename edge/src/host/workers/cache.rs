//! The Cache API: one cache for all isolates of a data centre.

use bytes::Bytes;
use http::Response;
use worker::js_sys::futures::JsFuture;
use worker::js_sys::{Array, Promise, Uint8Array};
use worker::send::SendFuture;
use worker::wasm_bindgen::prelude::wasm_bindgen;
use worker::wasm_bindgen::{self, JsCast};

use super::http::{header_lines, headers_of};
use crate::port::BoxFuture;
use crate::port::shared_cache::SharedCache;

/// `caches.default`. A runtime without one (`workerd serve` unless it is given one) has nothing at hand.
pub struct WorkersCache;

impl SharedCache for WorkersCache {
    fn get(&self, url: String) -> BoxFuture<'_, Option<Response<Bytes>>> {
        // Sound because an isolate has one thread.
        Box::pin(SendFuture::new(async move {
            let found: Array = JsFuture::from(recall(&url)).await.ok()?.dyn_into().ok()?;
            let body: Uint8Array = found.get(1).dyn_into().ok()?;
            let mut answer = Response::new(Bytes::from(body.to_vec()));
            *answer.headers_mut() = headers_of(&found.get(0).as_string()?);
            Some(answer)
        }))
    }

    fn put(&self, url: String, answer: Response<Bytes>) -> BoxFuture<'_, ()> {
        Box::pin(SendFuture::new(async move {
            let kept = remember(&url, &header_lines(answer.headers()), answer.body());
            // What cannot be kept is read again.
            let _may_be_missing = JsFuture::from(kept).await;
        }))
    }
}

#[wasm_bindgen(module = "/src/host/workers/crossing.js")]
extern "C" {
    fn recall(url: &str) -> Promise;

    fn remember(url: &str, headers: &str, body: &[u8]) -> Promise;
}
