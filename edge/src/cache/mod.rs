//! Answers that this isolate or process keeps, so that a repeat asks no database.
//!
//! An answer is of one store and one target (path and query, and the locale where the store has several), and the same
//! for everybody who may have it: who that is is decided before it is looked for. It is kept for some seconds at most, and a write that goes through here takes
//! back at once what it touches, by the tags that the answers were given.
//!
//! Whoever has just written asks for an answer of at least that version of the catalog ([`Kept::version`]), which no
//! older answer can be taken for: not one that was kept, and not one that was still being read while the write was
//! committed.

pub mod isolates;
pub mod pages;
mod span;
pub mod written;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use headlesspro_shared::identity::RecordId;
use headlesspro_shared::kernel::id::StoreId;
use headlesspro_shared::kernel::time::Timestamp;
use http::HeaderMap;
use lru::LruCache;

use self::span::Span;

/// Bytes of answers, with their keys and tags. A Worker's isolate has 128 MB in all.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// Larger answers are not kept: one of them would push out many.
const LARGEST_BYTES: usize = MOST_BYTES / 16;
/// What an entry takes beside its texts, about.
const ENTRY_BYTES: usize = 512;
/// Stores whose writes are known; past that all is forgotten.
const MOST_STORES: usize = 4_096;

/// How long an answer is shown at most: `0` to `60` seconds. More would add to the minute that caches in front of us
/// are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepingTime(pub Duration);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected seconds, 0 to 60")]
pub struct InvalidKeepingTime;

impl FromStr for KeepingTime {
    type Err = InvalidKeepingTime;

    fn from_str(text: &str) -> Result<KeepingTime, InvalidKeepingTime> {
        let seconds = text.parse().ok().filter(|seconds| *seconds <= 60);
        seconds.map(|seconds| KeepingTime(Duration::from_secs(seconds))).ok_or(InvalidKeepingTime)
    }
}

impl fmt::Display for KeepingTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_secs())
    }
}

/// An answer as it was read.
#[derive(Debug, Clone)]
pub struct Kept {
    pub body: Bytes,
    /// All but those that differ from request to request.
    pub headers: HeaderMap,
    /// Strong, in quotes.
    pub etag: String,
    /// What a write names to take it back.
    pub tags: Vec<String>,
    /// The catalog's version that it was read at.
    pub version: i64,
    /// The id of the one record that it shows, for grants that are narrowed to records.
    pub record: Option<RecordId>,
    pub read_at: Timestamp,
    /// When another answer is due without any write, where that is known to come.
    pub turn: Option<Timestamp>,
    /// From then on it is not shown any more.
    pub until: Timestamp,
}

impl Kept {
    /// Whole seconds since it was read.
    pub fn age_seconds(&self, now: Timestamp) -> i64 {
        now.millis().saturating_sub(self.read_at.millis()).max(0).div_euclid(1_000)
    }

    fn weight(&self, target: &str) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.as_str().len().saturating_add(value.len()));
        let tags = self.tags.iter().map(|tag| tag.len().saturating_add(size_of::<String>()));
        let texts = headers.chain(tags).chain([self.body.len(), target.len(), self.etag.len(), ENTRY_BYTES]);
        texts.fold(0, usize::saturating_add)
    }
}

type Key = (StoreId, Box<str>);

/// What is kept. The least recently shown goes first.
pub struct ResponseCache(Mutex<State>);

struct State {
    entries: LruCache<Key, Arc<Kept>>,
    bytes: usize,
    /// The writes that went through here.
    written: HashMap<StoreId, Span>,
}

impl Default for ResponseCache {
    fn default() -> ResponseCache {
        ResponseCache(Mutex::new(State { entries: LruCache::unbounded(), bytes: 0, written: HashMap::new() }))
    }
}

impl ResponseCache {
    /// The answer to `target`, where it is kept, still shown `now`, and of the version `at_least`. With it the version
    /// that it is known to be of: no write up to that one has touched it.
    pub fn get(&self, store: StoreId, target: &str, at_least: Option<i64>, now: Timestamp) -> Option<(Arc<Kept>, i64)> {
        let mut state = self.lock();
        let key = (store, Box::from(target));
        let kept = Arc::clone(state.entries.get(&key)?);
        // A clock that was put back shall not keep it alive.
        if !(kept.read_at..kept.until).contains(&now) {
            state.remove(&key);
            return None;
        }
        let version = state.written.get(&store).map_or(kept.version, |written| written.holds_until(kept.version));
        at_least.is_none_or(|at_least| at_least <= version).then_some((kept, version))
    }

    /// Keeps an answer, unless a write that went through here meanwhile may have touched it.
    pub fn put(&self, store: StoreId, target: &str, kept: Arc<Kept>) {
        let weight = kept.weight(target);
        let mut state = self.lock();
        let is_overtaken = state.written.get(&store).is_some_and(|written| kept.version < written.last());
        if is_overtaken || LARGEST_BYTES < weight || kept.until <= kept.read_at {
            return;
        }
        let key = (store, Box::from(target));
        state.remove(&key);
        state.bytes = state.bytes.saturating_add(weight);
        state.entries.put(key, kept);
        while MOST_BYTES < state.bytes {
            let Some((key, kept)) = state.entries.pop_lru() else { break };
            state.bytes = state.bytes.saturating_sub(kept.weight(&key.1));
        }
    }

    /// Whether a write went through here that an answer of `version` does not show.
    pub fn is_overtaken(&self, store: StoreId, version: i64) -> bool {
        self.lock().written.get(&store).is_some_and(|written| version < written.last())
    }

    /// Takes back the answers of `store` with one of `tags`: the write of `version` touched them, and no others.
    pub fn purge(&self, store: StoreId, tags: &[String], version: i64) {
        let tags: HashSet<&str> = tags.iter().map(String::as_str).collect();
        let mut state = self.lock();
        if MOST_STORES <= state.written.len() && !state.written.contains_key(&store) {
            // What was kept before these writes must not be taken for what was read after them.
            state.written.clear();
            state.entries.clear();
            state.bytes = 0;
        }
        state.written.entry(store).and_modify(|written| written.add(version)).or_insert_with(|| Span::of(version));
        let is_touched =
            |kept: &Kept| kept.version < version && kept.tags.iter().any(|tag| tags.contains(tag.as_str()));
        let touched: Vec<Key> = state
            .entries
            .iter()
            .filter(|((of, _), kept)| *of == store && is_touched(kept))
            .map(|(key, _)| key.clone())
            .collect();
        for key in &touched {
            state.remove(key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn remove(&mut self, key: &Key) {
        if let Some(kept) = self.entries.pop(key) {
            self.bytes = self.bytes.saturating_sub(kept.weight(&key.1));
        }
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
