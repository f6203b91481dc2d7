//! For how long caches in front may show an answer of the catalog.

use crate::kernel::time::Timestamp;

/// Shared caches may show it without asking, at most, in seconds.
const MOST_FRESH: i64 = 60;

/// And while they ask anew, at most.
const MOST_STALE: i64 = 60;

/// Whole seconds, from the moment at which an answer was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// A shared cache may show it without asking (`s-maxage`, RFC 9111, section 5.2.2.10).
    pub fresh: i64,
    /// Afterwards it may show it while it asks anew (`stale-while-revalidate`, RFC 5861, section 3).
    pub stale: i64,
}

impl Freshness {
    /// Of an answer that was read at `read_at` and is another one from `turn` on, without any write: then something is
    /// published, or is so no more. What caches may show ends before.
    pub fn until(turn: Option<Timestamp>, read_at: Timestamp) -> Freshness {
        let most = MOST_FRESH.saturating_add(MOST_STALE);
        // A second less: the age that an answer says of itself has no parts of one.
        let left = turn.map_or(most, |turn| {
            turn.millis().saturating_sub(read_at.millis()).div_euclid(1_000).saturating_sub(1).clamp(0, most)
        });
        let fresh = left.min(MOST_FRESH);
        Freshness { fresh, stale: left.saturating_sub(fresh) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn until(millis: i64) -> (i64, i64) {
        let Freshness { fresh, stale } =
            Freshness::until(Some(Timestamp::from_millis(millis)), Timestamp::from_millis(0));
        (fresh, stale)
    }

    #[test]
    fn what_is_so_for_long_is_shown_for_two_minutes() {
        assert_eq!(Freshness::until(None, Timestamp::from_millis(0)), Freshness { fresh: 60, stale: 60 });
        assert_eq!(until(i64::MAX), (60, 60));
        assert_eq!(until(121_000), (60, 60));
    }

    #[test]
    fn what_turns_soon_is_shown_until_then() {
        assert_eq!(until(120_999), (60, 59));
        assert_eq!(until(61_000), (60, 0));
        assert_eq!(until(31_500), (30, 0));
        assert_eq!([until(1_999), until(1_000), until(0), until(-5), until(i64::MIN)], [(0, 0); 5]);
    }

    proptest! {
        /// As a cache counts (RFC 9111, section 4.2.3): from when it has the answer, with the whole seconds of age that
        /// the answer says of itself.
        #[test]
        fn no_cache_shows_it_from_its_turn_on(read_at in 0_i64..1 << 45, turns_in in 0_i64..200_000, kept in 0_i64..120_000) {
            let turn = read_at + turns_in;
            let Freshness { fresh, stale } =
                Freshness::until(Some(Timestamp::from_millis(turn)), Timestamp::from_millis(read_at));
            let (handed_over, age) = (read_at + kept, kept / 1_000);
            let shown_until = handed_over + 1_000 * (fresh + stale - age).max(0);
            prop_assert!(handed_over >= turn || shown_until <= turn);
        }
    }
}
