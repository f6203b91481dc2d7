//! Cloudflare Workers: the entry point, and the ports over the Workers runtime.
//!
//! One isolate has one thread and serves many requests at a time. The router is built from the
//! bindings of the first request and lives as long as the isolate; whatever belongs to one request
//! (its `Context`) travels in the request's extensions.

mod cache;
mod fetch;
mod http;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use headlesspro_shared::kernel::time::Timestamp;
use tower::ServiceExt;
use worker::js_sys::futures::{JsFuture, future_to_promise};
use worker::js_sys::{Date, Promise};
use worker::send::SendFuture;
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::{Context, Delay, Env, ScheduleContext, ScheduledEvent, event, web_sys};

use super::remote::{self, Misconfigured};
use crate::app::App;
use crate::jobs;
use crate::limits::ClientAddress;
use crate::port::BoxFuture;
use crate::port::clock::Clock;
use crate::port::defer::Defer;
use crate::problem::Problem;
use fetch::WorkersFetch;

static SERVICE: OnceLock<(Router, Arc<App>)> = OnceLock::new();

/// Set by Cloudflare on every request, in the place of what a client sent by that name.
const CLIENT_ADDRESS: &str = "cf-connecting-ip";

/// The runtime ends the work of a request whose client has hung up. A change is brought to its end
/// nevertheless: its place in the line of writers is given back, and the client's repeat finds the outcome.
#[event(fetch)]
async fn handle(request: web_sys::Request, env: Env, context: Context) -> worker::Result<web_sys::Response> {
    let context = Arc::new(WaitUntil(context));
    let changes_nothing = matches!(request.method().as_str(), "GET" | "HEAD" | "OPTIONS");
    let answer = answer(request, env, Arc::clone(&context));
    if changes_nothing {
        return answer.await;
    }
    let promise = future_to_promise(AssertUnwindSafe(async move { Ok(answer.await?.into()) }));
    context.keep(&promise);
    Ok(JsFuture::from(promise).await?.unchecked_into())
}

async fn answer(request: web_sys::Request, env: Env, context: Arc<WaitUntil>) -> worker::Result<web_sys::Response> {
    #[cfg(feature = "ports-over-http")]
    if let Ok(request) = http::request(&request).await {
        let ports =
            super::ports::Ports { fetch: Arc::new(WorkersFetch), clock: Arc::new(WorkersClock), defer: context };
        return http::response(super::ports::answer(ports, request).await).await;
    }
    let response = match (http::request(&request).await, service(&env)) {
        (Ok(mut request), Ok((router, _))) => {
            request.extensions_mut().insert(context as Arc<dyn Defer>);
            if let Some(client) = ClientAddress::from_header(request.headers(), CLIENT_ADDRESS) {
                request.extensions_mut().insert(client);
            }
            match router.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        }
        (Err(http::Malformed), _) => remote::outside_the_router(Problem::malformed_request()),
        (_, Err(reason)) => {
            worker::console_error!("{reason}");
            remote::misconfigured(&reason)
        }
    };
    http::response(response).await
}

/// The cron of `wrangler.toml`: does what no request has done.
#[event(scheduled)]
async fn tick(_: ScheduledEvent, env: Env, _: ScheduleContext) {
    match service(&env) {
        Ok((_, app)) => jobs::run_due(&app).await,
        Err(reason) => worker::console_error!("{reason}"),
    }
}

/// The isolate's one application, built from vars and secrets by the first request.
fn service(env: &Env) -> Result<(Router, Arc<App>), Misconfigured> {
    if let Some(service) = SERVICE.get() {
        return Ok(service.clone());
    }
    let setting = |name: &str| env.var(name).ok().map(|value| value.to_string());
    let service =
        remote::service(setting, Arc::new(WorkersFetch), Arc::new(WorkersClock), Some(Arc::new(cache::WorkersCache)))?;
    Ok(SERVICE.get_or_init(|| service).clone())
}

/// `Date.now()`. It stands still between two I/O calls, by design of the runtime.
struct WorkersClock;

impl Clock for WorkersClock {
    fn now(&self) -> Timestamp {
        // A number, not an object: it is asked for several times a request.
        #[expect(clippy::cast_possible_truncation, reason = "whole milliseconds, far below 2^53")]
        let millis = Date::now() as i64;
        Timestamp::from_millis(millis)
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()> {
        // Sound because an isolate has one thread.
        Box::pin(SendFuture::new(Delay::from(pause)))
    }
}

/// `waitUntil` of one request: the runtime lets the work live for 30 s after the response.
struct WaitUntil(Context);

impl WaitUntil {
    fn keep(&self, promise: &Promise) {
        if self.0.as_ref().wait_until(promise).is_err() {
            worker::console_warn!("the runtime keeps no work after the response; a cron or a repeat does what is left");
        }
    }
}

impl Defer for WaitUntil {
    fn defer(&self, work: BoxFuture<'static, ()>) {
        self.keep(&future_to_promise(AssertUnwindSafe(async move {
            work.await;
            Ok(JsValue::UNDEFINED)
        })));
    }
}
