//! Cloudflare: `POST /zones/{zone}/purge_cache` with `tags`.
//! Source: <https://developers.cloudflare.com/api/resources/cache/methods/purge/>.

use http::HeaderName;
use serde_json::{Value, json};

use super::{Api, CachePurger, PurgeError};
use crate::port::BoxFuture;

pub(super) const ORIGIN: &str = "https://api.cloudflare.com";

/// Tags in one call, on every plan.
const AT_ONCE: usize = 30;

/// A zone. Its token needs the permission "Cache Purge".
#[derive(Clone)]
pub struct Cloudflare(pub(super) Api);

pub(super) fn path(zone: &str) -> String {
    format!("/client/v4/zones/{zone}/purge_cache")
}

impl CachePurger for Cloudflare {
    fn purge(&self, tags: Vec<String>) -> BoxFuture<'_, Result<(), PurgeError>> {
        Box::pin(async move {
            for tags in tags.chunks(AT_ONCE) {
                let answer = self.0.post(json!({ "tags": tags }).to_string()).await?;
                let said: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
                if said.get("success") != Some(&Value::Bool(true)) {
                    return Err(PurgeError::refused(&answer));
                }
            }
            Ok(())
        })
    }

    fn tag_header(&self) -> (HeaderName, &'static str) {
        (HeaderName::from_static("cache-tag"), ",")
    }
}
