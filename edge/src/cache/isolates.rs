//! Answers in the cache that isolates share: as HTTP responses, with what they are to be shown by in their headers.

use std::time::Duration;

use bytes::Bytes;
use headlesspro_shared::kernel::id::StoreId;
use headlesspro_shared::kernel::time::Timestamp;
use http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, ETAG, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Response};

use super::{Kept, millis};

/// As old may an answer be that another isolate has read: the minute that caches in front of us are allowed, which its
/// `Age` tells them to count.
pub const SHARED_FOR: Duration = Duration::from_secs(60);

const VERSION: HeaderName = HeaderName::from_static("x-kept-version");
const READ_AT: HeaderName = HeaderName::from_static("x-kept-read-at");
const TURN: HeaderName = HeaderName::from_static("x-kept-turn");
const RECORD: HeaderName = HeaderName::from_static("x-kept-record");
const CONTROL: HeaderName = HeaderName::from_static("x-kept-cache-control");
const CACHE_TAG: HeaderName = HeaderName::from_static("cache-tag");

/// Where an answer is kept. The host is that of the request, so that a purge of its zone by tags reaches it; the store
/// is that of the caller, so that no tenant finds another's. `key` is a path, as in the cache of an isolate.
pub fn url(host: &str, store: StoreId, key: &str) -> String {
    format!("https://{host}/.kept/{store}{key}")
}

impl Kept {
    /// As the shared cache keeps it. `None`: it is another answer before a second has passed.
    pub fn to_shared(&self) -> Option<Response<Bytes>> {
        let left = self.turn.map(|turn| turn.millis().saturating_sub(self.read_at.millis()).div_euclid(1_000));
        let most = i64::try_from(SHARED_FOR.as_secs()).unwrap_or(i64::MAX);
        let max_age = left.map_or(most, |left| left.min(most));
        if max_age < 1 {
            return None;
        }
        let mut answer = Response::new(self.body.clone());
        let headers = answer.headers_mut();
        *headers = self.headers.clone();
        // Of the request that was answered; the URL tells the callers apart here.
        headers.remove(VARY);
        let texts = [
            (VERSION, Some(self.version.to_string())),
            (READ_AT, Some(self.read_at.millis().to_string())),
            (RECORD, self.record.as_ref().map(ToString::to_string)),
            (TURN, self.turn.map(|turn| turn.millis().to_string())),
            (CACHE_CONTROL, Some(format!("max-age={max_age}"))),
        ];
        if let Some(control) = self.headers.get(CACHE_CONTROL) {
            headers.insert(CONTROL, control.clone());
        }
        for (name, text) in texts {
            if let Some(value) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
                headers.insert(name, value);
            }
        }
        Some(answer)
    }

    /// As it was kept by [`to_shared`](Kept::to_shared), to be shown for `kept_for` here. `None`: it is something else,
    /// or too old.
    pub fn from_shared(answer: Response<Bytes>, vary: HeaderValue, now: Timestamp, kept_for: Duration) -> Option<Kept> {
        let (parts, body) = answer.into_parts();
        let there = parts.headers;
        let text = |name: &HeaderName| there.get(name).and_then(|value| value.to_str().ok());
        let read_at = Timestamp::from_millis(text(&READ_AT)?.parse().ok()?);
        let turn = text(&TURN).map(str::parse).transpose().ok()?.map(Timestamp::from_millis);
        let until = read_at.checked_add_millis(millis(SHARED_FOR))?.min(now.checked_add_millis(millis(kept_for))?);
        // No isolate shows it beyond the moment at which it is another one without a write.
        let until = turn.map_or(until, |turn| turn.min(until));
        let version = text(&VERSION)?.parse().ok()?;
        let record = text(&RECORD).map(str::parse).transpose().ok()?;
        let etag = text(&ETAG)?.to_owned();
        let tags = text(&CACHE_TAG)?.split(',').map(str::to_owned).collect();
        let mut headers = HeaderMap::new();
        for name in [ETAG, CACHE_TAG, CONTENT_LANGUAGE, HeaderName::from_static("surrogate-key"), http::header::LINK] {
            if let Some(value) = there.get(&name) {
                headers.insert(name, value.clone());
            }
        }
        headers.insert(CACHE_CONTROL, there.get(&CONTROL)?.clone());
        headers.insert(VARY, vary);
        let kept = Kept { body, headers, etag, tags, version, record, read_at, turn, until };
        (read_at <= now && now < until).then_some(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn vary() -> HeaderValue {
        HeaderValue::from_static("Authorization")
    }

    fn kept() -> Kept {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("etag", "\"e\""),
            ("cache-tag", "prod_1,products-s"),
            ("link", "</next>; rel=\"next\""),
            ("cache-control", "public, s-maxage=60"),
            ("vary", "Authorization"),
            ("content-language", "fr-CA"),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        Kept {
            body: Bytes::from_static(b"{}"),
            headers,
            etag: "\"e\"".to_owned(),
            tags: vec!["prod_1".to_owned(), "products-s".to_owned()],
            version: 7,
            record: Some("prod_01h455vb4pex5vsknk084sn02q".parse().unwrap()),
            read_at: at(100_000),
            turn: None,
            until: at(110_000),
        }
    }

    #[test]
    fn another_isolate_shows_the_same_for_as_long_as_it_may() {
        let again = |now| Kept::from_shared(kept().to_shared().unwrap(), vary(), at(now), Duration::from_secs(10));
        let shown = again(130_000).unwrap();
        let before = kept();
        assert_eq!((&shown.body, &shown.headers, &shown.etag), (&before.body, &before.headers, &before.etag));
        assert_eq!((&shown.tags, shown.version, &shown.record), (&before.tags, before.version, &before.record));
        assert_eq!((shown.read_at, shown.until, shown.age_seconds(at(130_000))), (at(100_000), at(140_000), 30));
        assert_eq!(again(155_000).unwrap().until, at(160_000), "a minute in all");
        assert!(again(160_000).is_none() && again(99_999).is_none());
    }

    #[test]
    fn nobody_shows_it_from_its_turn_on() {
        let turning = |turn| Kept { turn: Some(at(turn)), ..kept() };
        let shared = |turn| turning(turn).to_shared();
        let again = |turn, now| {
            Kept::from_shared(shared(turn).unwrap(), vary(), at(now), Duration::from_secs(10))
                .map(|kept| (kept.until.millis(), kept.turn))
        };
        assert_eq!(shared(130_000).unwrap().headers()["cache-control"], "max-age=30");
        assert_eq!(again(130_000, 115_000), Some((125_000, Some(at(130_000)))));
        assert_eq!(again(130_000, 129_999), Some((130_000, Some(at(130_000)))));
        assert_eq!(again(130_000, 130_000), None);
        assert_eq!(again(200_000, 155_000), Some((160_000, Some(at(200_000)))), "a minute in all");
        assert!(shared(100_999).is_none() && shared(90_000).is_none());
    }

    #[test]
    fn what_is_no_such_answer_is_none() {
        for missing in ["x-kept-version", "x-kept-read-at", "x-kept-cache-control", "etag", "cache-tag"] {
            let mut answer = kept().to_shared().unwrap();
            answer.headers_mut().remove(missing);
            assert!(Kept::from_shared(answer, vary(), at(100_000), Duration::from_secs(10)).is_none(), "{missing}");
        }
        let stored = kept().to_shared().unwrap();
        assert!(stored.headers().get("vary").is_none());
        assert_eq!(stored.headers()["cache-control"], "max-age=60");
    }
}
