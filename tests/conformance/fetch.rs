//! The Fetch port, on every host's adapter.

mod cases;
mod limits;
mod tenants;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use headlesspro_edge::host::native::fetch::NativeFetch;
use headlesspro_edge::port::fetch::{Chosen, Fetch, FetchError, Limits};
use http::{Request, Response};

use crate::remote;

struct Adapter {
    name: &'static str,
    fetch: Arc<dyn Fetch>,
}

fn adapters() -> Vec<Adapter> {
    let native = Adapter { name: "native", fetch: Arc::new(NativeFetch::new().unwrap()) };
    let remote = remote::hosts().into_iter().map(|host| Adapter { name: host.name, fetch: host });
    [native].into_iter().chain(remote).collect()
}

/// Half a second, a thousand bytes, to any address.
const LIMITS: Limits = Limits { timeout: Duration::from_millis(500), max_bytes: 1_000, chosen: Chosen::ByOperator };

async fn get(fetch: &dyn Fetch, url: &str) -> Result<Response<Bytes>, FetchError> {
    fetch.send(Request::get(url).body(Bytes::new()).unwrap(), LIMITS).await
}
