//! Cloudflare: `POST /zones/{zone}/purge_cache` with `tags`.
//! Source: <https://developers.cloudflare.com/api/resources/cache/methods/purge/>; how many, and how often:
//! <https://developers.cloudflare.com/cache/how-to/purge-cache/#availability-and-limits>.

use http::HeaderName;
use serde_json::{Value, json};

use super::{Api, CachePurger, PurgeError};
use crate::port::BoxFuture;

pub(super) const ORIGIN: &str = "https://api.cloudflare.com";

/// Tags in one call, on every plan. How many calls there may be depends on it: 5 a minute on the free one.
const MOST_TAGS: usize = 100;

/// A zone. Its token needs the permission "Cache Purge".
#[derive(Clone)]
pub struct Cloudflare(pub(super) Api);

pub(super) fn path(zone: &str) -> String {
    format!("/client/v4/zones/{zone}/purge_cache")
}

impl CachePurger for Cloudflare {
    fn purge(&self, tags: Vec<String>) -> BoxFuture<'_, Result<(), PurgeError>> {
        Box::pin(async move {
            let answer = self.0.post(json!({ "tags": tags }).to_string()).await?;
            let said: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
            match said.get("success") {
                Some(Value::Bool(true)) => Ok(()),
                _ => Err(PurgeError::refused(&answer)),
            }
        })
    }

    fn most_tags(&self) -> usize {
        MOST_TAGS
    }

    fn tag_header(&self) -> (HeaderName, &'static str) {
        (HeaderName::from_static("cache-tag"), ",")
    }
}
