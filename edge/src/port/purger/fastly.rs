//! Fastly: `POST /service/{service}/purge` with `surrogate_keys`.
//! Source: <https://www.fastly.com/documentation/reference/api/purging/>.

use http::HeaderName;
use serde_json::json;

use super::{Api, CachePurger, PurgeError};
use crate::port::BoxFuture;

pub(super) const ORIGIN: &str = "https://api.fastly.com";
pub(super) const TOKEN: HeaderName = HeaderName::from_static("fastly-key");
/// With it what is purged becomes stale instead of going.
pub(super) const SOFT: HeaderName = HeaderName::from_static("fastly-soft-purge");

/// Keys in one call.
const MOST_TAGS: usize = 256;

/// A service. Its token needs the scope `purge_select`.
#[derive(Clone)]
pub struct Fastly(pub(super) Api);

pub(super) fn path(service: &str) -> String {
    format!("/service/{service}/purge")
}

impl CachePurger for Fastly {
    fn purge(&self, tags: Vec<String>) -> BoxFuture<'_, Result<(), PurgeError>> {
        Box::pin(async move { self.0.post(json!({ "surrogate_keys": tags }).to_string()).await.map(drop) })
    }

    fn most_tags(&self) -> usize {
        MOST_TAGS
    }

    fn tag_header(&self) -> (HeaderName, &'static str) {
        (HeaderName::from_static("surrogate-key"), " ")
    }
}
