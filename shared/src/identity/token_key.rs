//! Which key signs access tokens, and when another takes its place.
//!
//! A new key is published first and signs later: whoever verifies our tokens by the key set may keep it for
//! [`KEY_SET_SECONDS`], and has the new key by the time that a token needs it.

use super::VOID_SECONDS;
use crate::kernel::time::Timestamp;

/// How long anybody may keep the key set, in seconds: its `max-age`.
const KEY_SET_SECONDS: i64 = 60;

/// How long a new key is published before it signs, in seconds: once for whoever has just fetched the set, and once
/// more for what fetching it takes and for clocks that differ.
const PUBLISHED_BEFORE_SECONDS: i64 = 2 * KEY_SET_SECONDS;

/// How long a key is kept after the last token that it should have signed has expired, in seconds: a part of ours may
/// go on signing with a key that it has just read.
const KEPT_AFTER_SECONDS: i64 = 60;

/// Further away than any clock shows.
const NEVER: Timestamp = Timestamp::from_millis(i64::MAX);

/// A change of the key that signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// From when on the new key signs.
    pub signs_from: Timestamp,
    /// Until when the keys before verify.
    pub retires_at: Timestamp,
}

/// What comes of a new key that is published at `now`.
pub fn rotate(now: Timestamp) -> Rotation {
    let after =
        |moment: Timestamp, seconds: i64| moment.checked_add_millis(seconds.saturating_mul(1_000)).unwrap_or(NEVER);
    let signs_from = after(now, PUBLISHED_BEFORE_SECONDS);
    Rotation { signs_from, retires_at: after(signs_from, VOID_SECONDS.saturating_add(KEPT_AFTER_SECONDS)) }
}

/// The key that signs at `now`: of those that sign by then the one that began last. Where all of them are yet to
/// begin, the one that begins first: nobody is kept waiting for a key. `None` without keys.
pub fn signing_key<K>(keys: &[K], signs_from: impl Fn(&K) -> Timestamp, now: Timestamp) -> Option<&K> {
    let begun = keys.iter().filter(|key| signs_from(key) <= now).max_by_key(|key| signs_from(key));
    begun.or_else(|| keys.iter().min_by_key(|key| signs_from(key)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_key_signs_once_everybody_can_have_it_and_stays_until_its_last_token_is_over() {
        let rotation = rotate(at(0));
        assert_eq!(rotation, Rotation { signs_from: at(120_000), retires_at: at(120_000 + 960_000 + 60_000) });
        let keys = [at(-5), rotation.signs_from];
        for (now, signs) in [(0, at(-5)), (119_999, at(-5)), (120_000, at(120_000)), (i64::MAX, at(120_000))] {
            assert_eq!(signing_key(&keys, |key| *key, at(now)), Some(&signs), "{now}");
        }
    }

    #[test]
    fn the_first_key_of_all_signs_at_once() {
        assert_eq!(signing_key(&[rotate(at(0)).signs_from], |key| *key, at(0)), Some(&at(120_000)));
        assert_eq!(signing_key(&[], |key: &Timestamp| *key, at(0)), None);
    }

    proptest! {
        /// However often, and however soon one after another, keys are made: no token is signed by a key that has not
        /// been published long enough, or that is taken away before the token is over.
        #[test]
        fn no_token_outlives_its_key(pauses in prop::collection::vec(1_i64..400_000, 1..8), later in 0_i64..2_000_000) {
            // Of the first key nobody has kept a set.
            let mut keys = vec![(at(0), at(0), NEVER)];
            let mut now = 0;
            for pause in pauses {
                now += pause;
                let Rotation { signs_from, retires_at } = rotate(at(now));
                for (.., retires) in keys.iter_mut().filter(|(.., retires)| *retires == NEVER) {
                    *retires = retires_at;
                }
                keys.push((at(now), signs_from, NEVER));
                for moment in [now, now + later] {
                    let live: Vec<_> = keys.iter().filter(|(.., retires)| at(moment) < *retires).collect();
                    let (published, _, retires) = signing_key(&live, |key| key.1, at(moment)).unwrap();
                    let is_known = *published == at(0) || published.millis() + 2 * KEY_SET_SECONDS * 1_000 <= moment;
                    prop_assert!(is_known && moment + VOID_SECONDS * 1_000 < retires.millis());
                }
            }
        }
    }
}
