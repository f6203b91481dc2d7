//! Answers that isolates share through Redis, on hosts that have no cache of their own.
//!
//! An answer is found by all that it depends on: the publishable key, the target, and the languages that are accepted.
//! With it goes what was known of the key, so that an isolate which knows neither asks no database. It is asked for in
//! the round trip of the rate limits, or in one instead of the database's, and together with what was written lately, as
//! far as the writers came to tell it: what was touched since is not shown.
//!
//! It lies in one of its store's places, whatever lay there before: however many answers there are, a store takes no
//! more room than its places do. Redis is not believed: each answer has a MAC under a key of its organization's.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use headlesspro_shared::kernel::id::{OrganizationId, StoreId};
use headlesspro_shared::kernel::time::Timestamp;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::isolates::SHARED_FOR;
use super::{Kept, millis, written};
use crate::port::kv::Command;
use crate::vault::{LookupKey, Purpose};

/// Of each store. With the largest answers in all of them, 16 MiB.
const PLACES: u64 = 512;

/// Larger answers are not shared.
const LARGEST: usize = 32 * 1024;

/// Where the answer to a request is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    organization: OrganizationId,
    store: StoreId,
    /// SHA-256 of all that the answer depends on, in hex.
    digest: String,
    place: u64,
}

impl Address {
    /// `key` is the hash of the publishable key, which claims this tenant; `target` the path and query.
    pub fn of((organization, store): (OrganizationId, StoreId), key: &str, target: &str, languages: &str) -> Address {
        let mut hash = Sha256::new();
        for part in [key, target, languages] {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        let digest: [u8; 32] = hash.finalize().into();
        let place = digest.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        Address { organization, store, digest: hex::encode(digest), place: place.checked_rem(PLACES).unwrap_or(0) }
    }

    /// What Redis is asked for: the answer, and what was written lately.
    pub fn keys(&self) -> [String; 2] {
        [format!("kept:{}:{}", self.store, self.place), written::key(self.store)]
    }
}

/// Whether Redis was asked for the answer to a request, and what it had.
#[derive(Debug, Clone)]
pub enum Found {
    NotAsked,
    Asked(Option<Arc<Page>>),
}

/// An answer as isolates share it.
#[derive(Debug, Clone)]
pub struct Page {
    /// What is known of the key that it was read with.
    pub credential: String,
    /// By what an isolate keeps it.
    pub key: String,
    pub kept: Kept,
}

/// All but the body, which follows it as it is.
#[derive(Serialize, Deserialize)]
struct Head {
    digest: String,
    credential: String,
    key: String,
    headers: Vec<(String, String)>,
    etag: String,
    tags: Vec<String>,
    version: i64,
    record: Option<String>,
    read_at: i64,
    turn: Option<i64>,
}

impl Page {
    /// The command that puts it where others look for it. `None`: it is too large, or over before it is there.
    pub fn share(&self, address: &Address, lookup: &LookupKey, now: Timestamp) -> Option<Command> {
        let Kept { body, headers, etag, tags, version, record, read_at, turn, .. } = &self.kept;
        let until = read_at.checked_add_millis(millis(SHARED_FOR))?;
        let life = turn.map_or(until, |turn| turn.min(until)).millis_since(now).filter(|life| 0 < *life)?;
        let header =
            |(name, value): (&HeaderName, &HeaderValue)| Some((name.to_string(), value.to_str().ok()?.to_owned()));
        let head = Head {
            digest: address.digest.clone(),
            credential: self.credential.clone(),
            key: self.key.clone(),
            headers: headers.iter().filter_map(header).collect(),
            etag: etag.clone(),
            tags: tags.clone(),
            version: *version,
            record: record.as_ref().map(ToString::to_string),
            read_at: read_at.millis(),
            turn: turn.map(Timestamp::millis),
        };
        let text = format!("{}\n{}", serde_json::to_string(&head).ok()?, str::from_utf8(body).ok()?);
        if LARGEST < text.len() {
            return None;
        }
        let text = format!("{} {}\n{text}", address.digest, mac(lookup, address, &text));
        let [place, _] = address.keys();
        Some(Command(vec!["SET".to_owned(), place, text, "PX".to_owned(), life.to_string()]))
    }

    /// As [`read`](Page::read), from the values of the address's keys.
    pub fn of_values(
        values: Vec<Option<String>>,
        address: &Address,
        lookup: &LookupKey,
        now: Timestamp,
        kept_for: Duration,
    ) -> Option<Page> {
        let [text, written] = <[Option<String>; 2]>::try_from(values).ok()?;
        Page::read(&text?, written.as_deref(), address, lookup, now, kept_for)
    }

    /// What Redis has at the address, to be shown for `kept_for` here; `written` is what was written lately, where
    /// anybody told. `None`: it is another answer, too old, touched since, or not ours.
    fn read(
        text: &str,
        written: Option<&str>,
        address: &Address,
        lookup: &LookupKey,
        now: Timestamp,
        kept_for: Duration,
    ) -> Option<Page> {
        // First what costs least: anybody may ask for what others have been shown.
        let (said, text) = text.strip_prefix(&address.digest)?.strip_prefix(' ')?.split_once('\n')?;
        let is_ours = bool::from(mac(lookup, address, text).as_bytes().ct_eq(said.as_bytes()));
        let (head, body) = text.split_once('\n').filter(|_| is_ours)?;
        let head: Head = serde_json::from_str(head).ok()?;
        if head.digest != address.digest {
            return None;
        }
        let version = written::holds_until(written.unwrap_or_default(), head.version, &head.tags)?;
        let read_at = Timestamp::from_millis(head.read_at);
        let turn = head.turn.map(Timestamp::from_millis);
        let until = read_at.checked_add_millis(millis(SHARED_FOR))?.min(now.checked_add_millis(millis(kept_for))?);
        let until = turn.map_or(until, |turn| turn.min(until));
        let mut headers = HeaderMap::with_capacity(head.headers.len());
        for (name, value) in &head.headers {
            headers.insert(name.parse::<HeaderName>().ok()?, value.parse::<HeaderValue>().ok()?);
        }
        let kept = Kept {
            body: Bytes::copy_from_slice(body.as_bytes()),
            headers,
            etag: head.etag,
            tags: head.tags,
            version,
            record: head.record.map(|record| record.parse()).transpose().ok()?,
            read_at,
            turn,
            until,
        };
        (read_at <= now && now < until).then_some(Page { credential: head.credential, key: head.key, kept })
    }
}

fn mac(lookup: &LookupKey, address: &Address, text: &str) -> String {
    hex::encode(lookup.mac(address.organization, Purpose::Page, text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::Vault;

    const KEPT_FOR: Duration = Duration::from_secs(10);

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_795_512_600_000 + millis)
    }

    fn lookup() -> LookupKey {
        let key = "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM";
        Vault::from_settings(&format!("m1:{key}"), key).unwrap().lookup
    }

    fn address(target: &str) -> Address {
        Address::of((OrganizationId::from_u128(1), StoreId::from_u128(2)), "hash", target, "fr, en")
    }

    fn page(body: &str) -> Page {
        let mut headers = HeaderMap::new();
        headers.insert("etag", HeaderValue::from_static("\"e\""));
        headers.insert("cache-control", HeaderValue::from_static("public, s-maxage=60"));
        let kept = Kept {
            body: Bytes::copy_from_slice(body.as_bytes()),
            headers,
            etag: "\"e\"".to_owned(),
            tags: vec!["prod_1".to_owned()],
            version: 7,
            record: Some("prod_01h455vb4pex5vsknk084sn02q".parse().unwrap()),
            read_at: at(0),
            turn: None,
            until: at(10_000),
        };
        Page { credential: "{}".to_owned(), key: "/target".to_owned(), kept }
    }

    /// The text, and how long it lives.
    fn shared(page: &Page, now: i64) -> Option<(String, i64)> {
        let Command(words) = page.share(&address("/a"), &lookup(), at(now))?;
        let [set, place, text, px, life] = <[String; 5]>::try_from(words).unwrap();
        assert_eq!((set.as_str(), &place, px.as_str()), ("SET", &address("/a").keys()[0], "PX"));
        Some((text, life.parse().unwrap()))
    }

    fn read(text: &str, written: Option<&str>, target: &str, now: i64) -> Option<Page> {
        Page::read(text, written, &address(target), &lookup(), at(now), KEPT_FOR)
    }

    #[test]
    fn another_isolate_reads_what_one_has_shared() {
        let before = page("{\n\"lines\": \"\u{e4}\n\"}");
        let (text, life) = shared(&before, 1_000).unwrap();
        assert_eq!(life, 59_000);
        let after = read(&text, None, "/a", 2_000).unwrap();
        assert_eq!((&after.credential, &after.key), (&before.credential, &before.key));
        assert_eq!((&after.kept.body, &after.kept.headers), (&before.kept.body, &before.kept.headers));
        assert_eq!((&after.kept.etag, &after.kept.tags), (&before.kept.etag, &before.kept.tags));
        assert_eq!((after.kept.version, &after.kept.record), (7, &before.kept.record));
        assert_eq!((after.kept.read_at, after.kept.until), (at(0), at(12_000)));
        assert_eq!(read(&text, None, "/a", 55_000).unwrap().kept.until, at(60_000), "a minute in all");
        assert!(read(&text, None, "/a", 60_000).is_none() && read(&text, None, "/a", -1).is_none());
    }

    #[test]
    fn nobody_shows_what_was_written_since_or_turns() {
        let (text, _) = shared(&page("{}"), 0).unwrap();
        let version = |written| read(&text, Some(written), "/a", 1).map(|page| page.kept.version);
        assert_eq!((version("7"), version("8"), version("soon")), (Some(7), None, None));
        assert_eq!((version("9 prod_2\n8 prod_3"), version("9 prod_2\n8 prod_1")), (Some(9), None));
        let mut turning = page("{}");
        turning.kept.turn = Some(at(5_000));
        let (text, life) = shared(&turning, 0).unwrap();
        assert_eq!((life, read(&text, None, "/a", 4_999).unwrap().kept.until), (5_000, at(5_000)));
        assert!(read(&text, None, "/a", 5_000).is_none() && shared(&turning, 5_000).is_none());
    }

    #[test]
    fn an_answer_is_to_its_own_question_and_ours() {
        let (text, _) = shared(&page("{}"), 0).unwrap();
        assert!(read(&text, None, "/b", 1).is_none());
        for (from, to) in [("{}", "[]"), ("\"version\":7", "\"version\":9"), ("\n", "")] {
            assert!(read(&text.replacen(from, to, 1), None, "/a", 1).is_none(), "{from}");
        }
        let other = Address::of((OrganizationId::from_u128(9), StoreId::from_u128(2)), "hash", "/a", "fr, en");
        assert!(Page::read(&text, None, &other, &lookup(), at(1), KEPT_FOR).is_none());
        assert!(read("", None, "/a", 1).is_none() && read("x\n{}\n{}", None, "/a", 1).is_none());
        assert!(shared(&page(&"x".repeat(LARGEST)), 0).is_none());
    }

    #[test]
    fn what_differs_in_anything_is_elsewhere() {
        let tenant = (OrganizationId::from_u128(1), StoreId::from_u128(2));
        let all = [("k", "/a", ""), ("k", "/", "a"), ("k/", "a", ""), ("", "k/a", ""), ("k", "/a", "en")];
        let digests: std::collections::BTreeSet<String> =
            all.iter().map(|(key, target, languages)| Address::of(tenant, key, target, languages).digest).collect();
        assert_eq!(digests.len(), all.len());
        let places: std::collections::BTreeSet<[String; 2]> =
            (0..5_000).map(|number| Address::of(tenant, "k", &format!("/{number}"), "").keys()).collect();
        assert_eq!(places.len(), usize::try_from(PLACES).unwrap(), "however many there are");
    }
}
