//! What other issuers publish, as this isolate remembers it: found in Redis, or fetched, when it is wanted, and used
//! while they are away.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use headlesspro_shared::identity::federation::{Document, ForeignKey, Issuer, Plan, plan};
use headlesspro_shared::kernel::time::Timestamp;
use http::header::ACCEPT;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::kept::{Asking, Kept, Which};
use crate::app::App;
use crate::port::fetch::FetchError;

/// A document of an issuer has at most so many bytes.
const LONGEST: usize = 256 * 1024;

/// Of so many addresses documents are remembered; then all are forgotten.
const MOST: usize = 256;

/// Why a provider's word could not be had, or taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// It does not answer, or says that it cannot. Trying again may help.
    #[error("the provider does not answer: {0}")]
    Unavailable(String),
    /// It is not what it must be: its configuration, its keys, its answers.
    #[error("the provider's answer is not good: {0}")]
    NotGood(&'static str),
}

impl From<FetchError> for ProviderError {
    fn from(error: FetchError) -> ProviderError {
        match error {
            FetchError::Refused(_) => ProviderError::NotGood("an address that may not be called"),
            FetchError::TooLarge(_) => ProviderError::NotGood("an answer that is too large"),
            FetchError::Connection(_) | FetchError::Timeout(_) => ProviderError::Unavailable(error.to_string()),
        }
    }
}

/// The metadata of an issuer that is used here (OpenID Connect Discovery, section 3).
#[derive(Debug, Clone, Deserialize)]
pub struct Metadata {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub userinfo_endpoint: Option<String>,
    pub jwks_uri: String,
    #[serde(default)]
    pub token_endpoint_auth_methods_supported: Vec<String>,
}

/// A JSON Web Key Set. A key that does not read is left out: it is for others.
#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

/// The documents of issuers, by their addresses.
#[derive(Default)]
pub struct Issuers {
    metadata: Remembered<Metadata>,
    keys: Remembered<Vec<ForeignKey>>,
}

/// A document with what is known of it.
struct Entry<T> {
    known: Document,
    document: Option<Arc<T>>,
}

struct Remembered<T>(Mutex<HashMap<String, Entry<T>>>);

impl<T> Default for Remembered<T> {
    fn default() -> Remembered<T> {
        Remembered(Mutex::default())
    }
}

impl Issuers {
    /// # Errors
    /// [`ProviderError`].
    pub async fn metadata(&self, asking: Asking<'_>, issuer: &str) -> Result<Arc<Metadata>, ProviderError> {
        let issuer: Issuer = issuer.parse().map_err(|_| ProviderError::NotGood("its issuer"))?;
        let read = |metadata: Metadata| {
            // Another issuer's metadata would lend it its keys (section 4.3).
            let is_own = metadata.issuer == issuer.as_str();
            if is_own { Ok(metadata) } else { Err(ProviderError::NotGood("its metadata names another issuer")) }
        };
        self.metadata.get(asking, Which::Metadata, &issuer.discovery(), false, read).await
    }

    /// The keys at `url`; with `lacks_key` those of a set that was fetched for it, within the last moments or now.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn keys(
        &self,
        asking: Asking<'_>,
        url: &str,
        lacks_key: bool,
    ) -> Result<Arc<Vec<ForeignKey>>, ProviderError> {
        let read = |set: KeySet| Ok(set.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect());
        self.keys.get(asking, Which::Keys, url, lacks_key, read).await
    }
}

impl<T> Remembered<T> {
    /// No request waits for another's fetch: two at once fetch twice where there is nothing yet. Where there is
    /// something, one of all isolates fetches what takes its place.
    async fn get<W: DeserializeOwned>(
        &self,
        asking: Asking<'_>,
        which: Which,
        url: &str,
        lacks_key: bool,
        read: impl Fn(W) -> Result<T, ProviderError>,
    ) -> Result<Arc<T>, ProviderError> {
        let away = |since: &str| ProviderError::Unavailable(since.to_owned());
        let app = asking.app;
        let (mut plan, mut held) = self.look(url, lacks_key, app.clock.now());
        if plan != Plan::Use {
            let kept = asking.recall(which, url).await;
            self.learn(url, kept, |text| parse(text.as_bytes()).and_then(&read));
            (plan, held) = self.look(url, lacks_key, app.clock.now());
        }
        let or_stale = match plan {
            Plan::Use => return held.ok_or_else(|| away("it has not answered yet")),
            Plan::Unavailable => return Err(away("it did not a moment ago")),
            Plan::Fetch { or_stale } => or_stale,
        };
        if held.is_some() && !asking.claims(which, lacks_key).await {
            return held.filter(|_| or_stale).ok_or_else(|| away("it is being asked"));
        }
        let fetched = fetch(asking, url).await;
        match fetched.and_then(|body| Ok((parse(&body).and_then(&read)?, body))) {
            Ok((document, body)) => {
                let (document, known) = self.keep(url, document, lacks_key, app.clock.now());
                asking.keep(which, url, &known, &String::from_utf8_lossy(&body)).await;
                Ok(document)
            }
            Err(error) => {
                let now = app.clock.now();
                self.failed(url, now);
                asking.failed(which, now).await;
                log::warn!("an identity provider's document is not to be had: {error}");
                held.filter(|_| or_stale).ok_or(error)
            }
        }
    }

    /// Takes over what is kept for all, where it is newer.
    fn learn(&self, url: &str, kept: Kept, read: impl Fn(&str) -> Result<T, ProviderError>) {
        let document = kept.text.as_deref().and_then(|text| read(text).ok());
        self.with(url, |entry| {
            entry.known.failed_at = entry.known.failed_at.max(kept.known.failed_at);
            if document.is_some() && entry.known.fetched_at < kept.known.fetched_at {
                entry.known.fetched_at = kept.known.fetched_at;
                entry.known.searched_at = entry.known.searched_at.max(kept.known.searched_at);
                entry.known.failed_at = kept.known.failed_at;
                entry.document = document.map(Arc::new);
            }
        });
    }

    fn look(&self, url: &str, lacks_key: bool, now: Timestamp) -> (Plan, Option<Arc<T>>) {
        self.with(url, |entry| (plan(&entry.known, lacks_key, now), entry.document.clone()))
    }

    fn keep(&self, url: &str, document: T, lacks_key: bool, now: Timestamp) -> (Arc<T>, Document) {
        let document = Arc::new(document);
        self.with(url, |entry| {
            entry.known.fetched_at = Some(now);
            entry.known.failed_at = None;
            if lacks_key {
                entry.known.searched_at = Some(now);
            }
            entry.document = Some(Arc::clone(&document));
            (Arc::clone(&document), entry.known)
        })
    }

    fn failed(&self, url: &str, now: Timestamp) {
        self.with(url, |entry| entry.known.failed_at = Some(now));
    }

    fn with<R>(&self, url: &str, act: impl FnOnce(&mut Entry<T>) -> R) -> R {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if MOST <= all.len() && !all.contains_key(url) {
            all.clear();
        }
        act(all.entry(url.to_owned()).or_insert_with(|| Entry { known: Document::default(), document: None }))
    }
}

async fn fetch(asking: Asking<'_>, url: &str) -> Result<Bytes, ProviderError> {
    let request = http::Request::get(url).header(ACCEPT, "application/json").body(Bytes::new());
    let request = request.map_err(|_| ProviderError::NotGood("an address that is none"))?;
    asking.spent.add_issuer();
    send(asking.app, request).await
}

fn parse<W: DeserializeOwned>(text: &[u8]) -> Result<W, ProviderError> {
    serde_json::from_slice(text).map_err(|_| ProviderError::NotGood("a document that does not read"))
}

/// The body of an answer with status 200.
///
/// # Errors
/// [`ProviderError`]: unavailable for 429 and 5xx, not good for all others.
pub async fn send(app: &App, request: http::Request<Bytes>) -> Result<Bytes, ProviderError> {
    let fetch = app.tenant_fetch().ok_or(ProviderError::NotGood("this host makes no calls"))?;
    let answer = fetch.send(request, LONGEST).await?;
    let status = answer.status();
    if status == http::StatusCode::OK {
        return Ok(answer.into_body());
    }
    if status.is_server_error() || status == http::StatusCode::TOO_MANY_REQUESTS {
        return Err(ProviderError::Unavailable(format!("status {}", status.as_u16())));
    }
    Err(ProviderError::NotGood("it refuses"))
}
