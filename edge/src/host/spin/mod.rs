//! Spin: the entry point, and the ports over WASI 0.3.
//!
//! One instance serves up to 128 requests, 16 at a time, so the router is built once from the
//! component's variables and nothing in it belongs to one request.
//!
//! No request may wait for another one: no async lock, no shared future. wit-bindgen 0.57 panics when one
//! task wakes another, and with its feature `inter-task-wakeup` wasmtime 48 traps instead; either ends
//! every request of the instance.

mod fetch;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use headlesspro_shared::kernel::time::Timestamp;
use http::Response;
use spin_sdk::http::Request;
use tower::ServiceExt;

use super::remote::{self, DATABASE_STREAMS, DATABASE_TOKEN, DATABASE_URL, Misconfigured, REDIS_TOKEN, REDIS_URL};
use crate::port::BoxFuture;
use crate::port::clock::Clock;
use crate::port::defer::Defer;
use fetch::SpinFetch;

static ROUTER: OnceLock<Router> = OnceLock::new();

#[spin_sdk::http_service]
async fn handle(request: Request) -> Response<Body> {
    let router = match router().await {
        Ok(router) => router,
        Err(reason) => {
            eprintln!("{reason}");
            return remote::misconfigured(&reason);
        }
    };
    let mut request = request.map(Body::new);
    remote::in_origin_form(&mut request);
    request.extensions_mut().insert(Arc::new(Spawn) as Arc<dyn Defer>);
    match router.oneshot(request).await {
        Ok(mut response) => {
            remote::without_stray_length(&mut response);
            response
        }
        Err(never) => match never {},
    }
}

/// The instance's one router, built from the component's variables by the first request.
async fn router() -> Result<Router, Misconfigured> {
    if let Some(router) = ROUTER.get() {
        return Ok(router.clone());
    }
    let mut found = Vec::new();
    for name in [DATABASE_URL, DATABASE_TOKEN, DATABASE_STREAMS, REDIS_URL, REDIS_TOKEN] {
        if let Ok(value) = spin_sdk::variables::get(name.to_ascii_lowercase()).await {
            found.push((name, value));
        }
    }
    let setting = |wanted: &str| found.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.clone());
    let router = remote::router(setting, Arc::new(SpinFetch), Arc::new(WallClock))?;
    Ok(ROUTER.get_or_init(|| router).clone())
}

struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "this is the Clock port; WASI has a wall clock")]
    fn now(&self) -> Timestamp {
        let millis = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()> {
        Box::pin(spin_sdk::time::sleep(pause))
    }
}

/// Work beside the response: the instance stays until it ends, as far as the runtime's limit on a
/// request goes.
struct Spawn;

impl Defer for Spawn {
    fn defer(&self, work: BoxFuture<'static, ()>) {
        spin_sdk::wit_bindgen::spawn(work);
    }
}
