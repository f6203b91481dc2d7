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
use http::{HeaderName, Response};
use spin_sdk::http::Request;
use tower::ServiceExt;

use super::remote::{self, Misconfigured};
use crate::limits::ClientAddress;
use crate::port::BoxFuture;
use crate::port::clock::Clock;
use crate::port::defer::Defer;
use fetch::SpinFetch;

static ROUTER: OnceLock<(Router, HeaderName)> = OnceLock::new();

/// The header in which the platform tells the client's address. Spin itself writes `spin-client-addr`; behind
/// a proxy that is the proxy's own, and the setting names what that one writes: `x-forwarded-for`, or
/// `true-client-ip` on Akamai Functions.
const CLIENT_ADDRESS_HEADER: &str = "CLIENT_ADDRESS_HEADER";
const SPIN_CLIENT_ADDR: HeaderName = HeaderName::from_static("spin-client-addr");

#[spin_sdk::http_service]
async fn handle(request: Request) -> Response<Body> {
    #[cfg(feature = "ports-over-http")]
    if !request.uri().path().is_empty() {
        let ports =
            super::ports::Ports { fetch: Arc::new(SpinFetch), clock: Arc::new(WallClock), defer: Arc::new(Spawn) };
        return super::ports::answer(ports, request.map(Body::new)).await;
    }
    let (router, address_header) = match router().await {
        Ok(built) => built,
        Err(reason) => {
            super::log::write(&reason.to_string());
            return remote::misconfigured(&reason);
        }
    };
    let mut request = request.map(Body::new);
    remote::in_origin_form(&mut request);
    request.extensions_mut().insert(Arc::new(Spawn) as Arc<dyn Defer>);
    if let Some(client) = ClientAddress::from_header(request.headers(), address_header) {
        request.extensions_mut().insert(client);
    }
    match router.oneshot(request).await {
        Ok(mut response) => {
            remote::without_stray_length(&mut response);
            response
        }
        Err(never) => match never {},
    }
}

/// The instance's one router, and the header with the client's address, from the component's variables.
async fn router() -> Result<(Router, HeaderName), Misconfigured> {
    if let Some(built) = ROUTER.get() {
        return Ok(built.clone());
    }
    let mut found = Vec::new();
    for name in remote::SETTINGS.into_iter().chain([CLIENT_ADDRESS_HEADER]) {
        if let Ok(value) = spin_sdk::variables::get(name.to_ascii_lowercase()).await {
            found.push((name, value));
        }
    }
    let setting = |wanted: &str| found.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.clone());
    let (router, _) = remote::service(setting, Arc::new(SpinFetch), Arc::new(WallClock), None)?;
    let address_header = match setting(CLIENT_ADDRESS_HEADER).filter(|name| !name.is_empty()) {
        Some(name) => name.parse().map_err(|_| Misconfigured::AddressHeader)?,
        None => SPIN_CLIENT_ADDR,
    };
    Ok(ROUTER.get_or_init(|| (router, address_header)).clone())
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
