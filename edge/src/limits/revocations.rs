//! Which credentials are revoked, as Redis said within the last 30 s.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use headlesspro_shared::kernel::time::Timestamp;

use super::script::Answer;

/// How long a verdict is believed: this isolate's part of a revocation's delay, in milliseconds.
const BELIEVED_MILLIS: i64 = 30_000;

/// At most this many verdicts are remembered.
const MOST: usize = 8_192;

/// What is known of a request's credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    /// What was issued before this moment is void; with `None` nothing is.
    Before(Option<Timestamp>),
    /// Redis is away, and what it said before is too old.
    Unknown,
}

#[derive(Default)]
pub(super) struct Revocations(Mutex<Heard>);

#[derive(Default)]
struct Heard {
    verdicts: HashMap<String, Verdict>,
    /// Heard with the last verdict, so it is no older than any that is believed.
    epoch: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy)]
struct Verdict {
    before: Option<Timestamp>,
    heard_at: Timestamp,
}

impl Verdict {
    fn is_believed(&self, now: Timestamp) -> bool {
        (0..BELIEVED_MILLIS).contains(&now.millis().saturating_sub(self.heard_at.millis()))
    }
}

impl Revocations {
    /// Those of `keys` that Redis has to be asked for.
    pub(super) fn unknown(&self, keys: &[String], now: Timestamp) -> Vec<String> {
        if keys.is_empty() {
            return Vec::new();
        }
        let all = self.lock();
        let is_believed = |key: &&String| all.verdicts.get(*key).is_some_and(|verdict| verdict.is_believed(now));
        keys.iter().filter(|key| !is_believed(key)).cloned().collect()
    }

    /// Redis said this of `keys`, the first of the values, when it was asked at `now`. What does not read back revokes
    /// everything.
    pub(super) fn heard(&self, keys: &[String], answer: &Answer, now: Timestamp) {
        if keys.is_empty() {
            return;
        }
        let mut heard = self.lock();
        // An answer that was long on its way tells of an epoch that is over.
        heard.epoch = heard.epoch.max(Some(answer.void_before));
        let all = &mut heard.verdicts;
        if MOST < all.len().saturating_add(keys.len()) {
            all.retain(|_, verdict| verdict.is_believed(now));
        }
        if MOST < all.len().saturating_add(keys.len()) {
            all.clear();
        }
        for (key, value) in keys.iter().zip(&answer.values) {
            let before = value.as_ref().map(|text| Timestamp::from_millis(text.parse().unwrap_or(i64::MAX)));
            all.insert(key.clone(), Verdict { before, heard_at: now });
        }
    }

    /// What is known of all `keys` together, and of the epoch where the caller `is_renewable`.
    pub(super) fn of(&self, keys: &[String], is_renewable: bool, now: Timestamp) -> Revoked {
        if keys.is_empty() {
            return Revoked::Before(None);
        }
        let all = self.lock();
        let believed = keys.iter().map(|key| all.verdicts.get(key).filter(|verdict| verdict.is_believed(now)));
        let before: Option<Vec<Option<Timestamp>>> = believed.map(|verdict| Some(verdict?.before)).collect();
        let epoch = all.epoch.filter(|_| is_renewable);
        before.map_or(Revoked::Unknown, |before| Revoked::Before(before.into_iter().flatten().chain(epoch).max()))
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_795_512_600_000 + millis)
    }

    fn keys(keys: &[&str]) -> Vec<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    fn said(values: &[Option<&str>]) -> Answer {
        let values = values.iter().map(|value| value.map(str::to_owned)).collect();
        Answer { is_taken: true, buckets: Vec::new(), values, void_before: at(-600) }
    }

    #[test]
    fn a_verdict_is_believed_for_thirty_seconds() {
        let revocations = Revocations::default();
        let both = keys(&["rev:s", "rev:u"]);
        assert_eq!(revocations.unknown(&both, at(0)), both);
        assert_eq!(revocations.of(&both, false, at(0)), Revoked::Unknown);
        revocations.heard(&both[..1], &said(&[None]), at(0));
        assert_eq!(revocations.unknown(&both, at(0)), both[1..]);
        assert_eq!(revocations.of(&both, false, at(0)), Revoked::Unknown, "half a verdict is none");
        revocations.heard(&both[1..], &said(&[Some(&at(7).millis().to_string())]), at(10));
        assert_eq!(revocations.of(&both, false, at(29_999)), Revoked::Before(Some(at(7))));
        assert_eq!(revocations.unknown(&both, at(30_000)), both[..1]);
        assert_eq!(revocations.of(&both, false, at(30_000)), Revoked::Unknown);
        assert_eq!(revocations.of(&[], true, at(30_000)), Revoked::Before(None));
    }

    #[test]
    fn the_latest_revocation_counts_and_a_damaged_one_voids_all() {
        let revocations = Revocations::default();
        let both = keys(&["rev:s", "rev:u"]);
        let (later, earlier) = (at(5).millis().to_string(), at(2).millis().to_string());
        revocations.heard(&both, &said(&[Some(&later), Some(&earlier)]), at(10));
        assert_eq!(revocations.of(&both, false, at(10)), Revoked::Before(Some(at(5))));
        revocations.heard(&both[1..], &said(&[Some("soon")]), at(10));
        assert_eq!(revocations.of(&both, false, at(10)), Revoked::Before(Some(Timestamp::from_millis(i64::MAX))));
    }

    #[test]
    fn what_is_older_than_all_revocations_is_void_for_those_who_get_another() {
        let revocations = Revocations::default();
        let both = keys(&["rev:s", "rev:u"]);
        let later = at(5).millis().to_string();
        revocations.heard(&both, &said(&[Some(&later), None]), at(10));
        assert_eq!(revocations.of(&both[1..], true, at(10)), Revoked::Before(Some(at(-600))));
        assert_eq!(revocations.of(&both[1..], false, at(10)), Revoked::Before(None));
        assert_eq!(revocations.of(&both, true, at(10)), Revoked::Before(Some(at(5))));
        // Another verdict came with another epoch.
        revocations.heard(&keys(&["rev:t"]), &Answer { void_before: at(20_000), ..said(&[None]) }, at(20_500));
        assert_eq!(revocations.of(&both, true, at(20_500)), Revoked::Before(Some(at(20_000))));
        assert_eq!(revocations.of(&[], true, at(20_500)), Revoked::Before(None), "a key of the API's");
    }

    #[test]
    fn memory_is_bounded() {
        let revocations = Revocations::default();
        for number in 0..2 * MOST {
            revocations.heard(&keys(&[&format!("rev:{number}")]), &said(&[None]), at(0));
        }
        assert!(revocations.lock().verdicts.len() <= MOST);
        let last = keys(&[&format!("rev:{}", 2 * MOST - 1)]);
        assert_eq!(revocations.of(&last, false, at(0)), Revoked::Before(None));
    }
}
