//! The Fetch port. The cases know the port only, so an adapter of another host joins them by being
//! listed in [`adapters`]: itself, or something that passes each call on to it.

mod cases;
mod limits;
mod tenants;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use headlesspro_edge::host::native::fetch::NativeFetch;
use headlesspro_edge::port::fetch::{Chosen, Fetch, FetchError, Limits};
use http::{Request, Response};

struct Adapter {
    name: &'static str,
    fetch: Arc<dyn Fetch>,
}

fn adapters() -> Vec<Adapter> {
    vec![Adapter { name: "native", fetch: Arc::new(NativeFetch::new().unwrap()) }]
}

/// Half a second, a thousand bytes, to any address.
const LIMITS: Limits = Limits { timeout: Duration::from_millis(500), max_bytes: 1_000, chosen: Chosen::ByOperator };

async fn get(fetch: &dyn Fetch, url: &str) -> Result<Response<Bytes>, FetchError> {
    fetch.send(Request::get(url).body(Bytes::new()).unwrap(), LIMITS).await
}
