//! Taking answers back from a CDN by their tags.

mod cloudflare;
mod fastly;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Method, Request, Response, Uri};

use super::BoxFuture;
use super::fetch::{Chosen, Fetch, FetchError, Limits};

pub use cloudflare::Cloudflare;
pub use fastly::Fastly;

/// Why answers are still shown that were to be taken back. They are until their time is over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PurgeError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The CDN's own words are in its log; its status says most.
    #[error("the CDN answered HTTP {status}")]
    Refused {
        status: u16,
        /// How long to wait before the next attempt, where it says so.
        retry_after: Option<Duration>,
    },
}

impl PurgeError {
    /// How long the CDN has asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            PurgeError::Refused { retry_after, .. } => *retry_after,
            PurgeError::Fetch(_) => None,
        }
    }

    fn refused<T>(answer: &Response<T>) -> PurgeError {
        // In seconds. A date is none of the CDNs' that are known here.
        let seconds = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        PurgeError::Refused { status: answer.status().as_u16(), retry_after: seconds.map(Duration::from_secs) }
    }
}

pub trait CachePurger: Send + Sync {
    /// Takes back every answer with one of `tags`, at most [`most_tags`](CachePurger::most_tags), in one call of ten
    /// seconds at most. Repeating it does no harm.
    ///
    /// # Errors
    /// [`PurgeError`], after which they may be taken back or not.
    fn purge(&self, tags: Vec<String>) -> BoxFuture<'_, Result<(), PurgeError>>;

    /// How many tags one call takes, at least one.
    fn most_tags(&self) -> usize;

    /// The header in which the CDN looks for an answer's tags, and what stands between them.
    fn tag_header(&self) -> (HeaderName, &'static str);
}

/// A CDN's own API: who is asked, and with which token.
#[derive(Clone)]
struct Api {
    fetch: Arc<dyn Fetch>,
    url: Uri,
    token: (HeaderName, HeaderValue),
    /// What else each call says.
    also: Option<(HeaderName, HeaderValue)>,
}

impl Api {
    const LIMITS: Limits =
        Limits { timeout: Duration::from_secs(10), max_bytes: 64 * 1024, chosen: Chosen::ByOperator };

    async fn post(&self, body: String) -> Result<Response<Bytes>, PurgeError> {
        let mut request = Request::new(Bytes::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.url.clone();
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let (name, token) = &self.token;
        headers.insert(name.clone(), token.clone());
        headers.extend(self.also.clone());
        let answer = self.fetch.send(request, Api::LIMITS).await?;
        match answer.status().is_success() {
            true => Ok(answer),
            false => Err(PurgeError::refused(&answer)),
        }
    }
}

/// Which CDN stands in front: `cloudflare:ZONE`, `fastly:SERVICE` or `fastly-soft:SERVICE`, behind a space the origin of
/// its API where that is another than the CDN's. Softly purged, an answer is not gone but stale: it is still shown while
/// the next one is fetched, and where none can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cdn {
    kind: Kind,
    id: String,
    origin: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Cloudflare,
    Fastly,
    FastlySoft,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCdn {
    #[error("CDN must be cloudflare:ZONE, fastly:SERVICE or fastly-soft:SERVICE")]
    Name,
    #[error("CDN_TOKEN is missing, or holds characters that no header may hold")]
    Token,
}

impl FromStr for Cdn {
    type Err = InvalidCdn;

    fn from_str(text: &str) -> Result<Cdn, InvalidCdn> {
        let (name, origin) = text.split_once(' ').map_or((text, None), |(name, origin)| (name, Some(origin)));
        let (kind, id) = name.split_once(':').ok_or(InvalidCdn::Name)?;
        let kind = match kind {
            "cloudflare" => Kind::Cloudflare,
            "fastly" => Kind::Fastly,
            "fastly-soft" => Kind::FastlySoft,
            _ => return Err(InvalidCdn::Name),
        };
        let is_id = !id.is_empty() && id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let origin = origin.map(|origin| origin.trim_end_matches('/').to_owned());
        if is_id { Ok(Cdn { kind, id: id.to_owned(), origin }) } else { Err(InvalidCdn::Name) }
    }
}

impl Cdn {
    /// # Errors
    /// [`InvalidCdn`].
    pub fn purger(&self, token: &str, fetch: Arc<dyn Fetch>) -> Result<Arc<dyn CachePurger>, InvalidCdn> {
        let bearer = format!("Bearer {token}");
        let (origin, path, header, value) = match self.kind {
            Kind::Cloudflare => (cloudflare::ORIGIN, cloudflare::path(&self.id), AUTHORIZATION, bearer.as_str()),
            Kind::Fastly | Kind::FastlySoft => (fastly::ORIGIN, fastly::path(&self.id), fastly::TOKEN, token),
        };
        let origin = self.origin.as_deref().unwrap_or(origin);
        let url = format!("{origin}{path}").parse().map_err(|_| InvalidCdn::Name)?;
        let mut value = HeaderValue::from_str(value).map_err(|_| InvalidCdn::Token)?;
        value.set_sensitive(true);
        if token.is_empty() {
            return Err(InvalidCdn::Token);
        }
        let also = (self.kind == Kind::FastlySoft).then(|| (fastly::SOFT, HeaderValue::from_static("1")));
        let api = Api { fetch, url, token: (header, value), also };
        Ok(match self.kind {
            Kind::Cloudflare => Arc::new(Cloudflare(api)),
            Kind::Fastly | Kind::FastlySoft => Arc::new(Fastly(api)),
        })
    }
}

#[cfg(test)]
mod tests;
