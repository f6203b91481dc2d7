//! When a CDN that did not take answers back is told again.

use crate::kernel::time::Timestamp;

/// For so long a new purge is left to whoever made the commit, who tells the CDN right after the response.
pub const FIRST_LEASE_MILLIS: i64 = 20_000;

/// For so long a purge that a run of the job has taken is that run's alone.
pub const LEASE_MILLIS: i64 = 60_000;

/// A purge that was not taken in a day is given up: nothing in front shows an answer for so long.
pub const PURGE_WORTH_MILLIS: i64 = 86_400_000;

/// The longest pause, whatever the CDN asks for: an hour.
const LONGEST_MILLIS: i64 = 3_600_000;

/// After the first attempt of the job, doubled with each.
const PAUSE_MILLIS: i64 = 5_000;

/// When to tell the CDN again after `attempts` attempts, of which it has asked that the next comes `after_millis` later
/// at the earliest (`Retry-After`). `None`: not at all.
pub fn next_purge(
    attempts: i64,
    after_millis: Option<i64>,
    created_at: Timestamp,
    now: Timestamp,
) -> Option<Timestamp> {
    let doublings = u32::try_from(attempts.saturating_sub(1).clamp(0, 10)).unwrap_or_default();
    let pause = PAUSE_MILLIS.saturating_mul(1_i64.checked_shl(doublings).unwrap_or(i64::MAX));
    let pause = pause.max(after_millis.unwrap_or_default()).min(LONGEST_MILLIS);
    let ends = created_at.checked_add_millis(PURGE_WORTH_MILLIS)?;
    now.checked_add_millis(pause).filter(|at| *at < ends)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_512_600_000);

    fn pause(attempts: i64, after: Option<i64>) -> Option<i64> {
        next_purge(attempts, after, NOW, NOW).map(|at| at.millis() - NOW.millis())
    }

    #[test]
    fn pauses_double_and_a_cdn_that_names_one_has_it() {
        assert_eq!([1, 2, 3, 4].map(|attempts| pause(attempts, None)), [5_000, 10_000, 20_000, 40_000].map(Some));
        assert_eq!(pause(60, None), Some(LONGEST_MILLIS));
        assert_eq!(pause(1, Some(30_000)), Some(30_000));
        assert_eq!(pause(4, Some(30_000)), Some(40_000), "never sooner than by the pauses");
        assert_eq!(pause(1, Some(i64::MAX)), Some(LONGEST_MILLIS));
    }

    #[test]
    fn after_a_day_it_is_given_up() {
        let created = |ago| Timestamp::from_millis(NOW.millis() - ago);
        assert!(next_purge(1, None, created(PURGE_WORTH_MILLIS - 5_001), NOW).is_some());
        assert_eq!(next_purge(1, None, created(PURGE_WORTH_MILLIS - 5_000), NOW), None);
    }

    proptest! {
        #[test]
        fn the_next_is_later_and_within_an_hour(attempts: i64, after in proptest::option::of(any::<i64>())) {
            let pause = pause(attempts, after).unwrap();
            prop_assert!((PAUSE_MILLIS..=LONGEST_MILLIS).contains(&pause));
        }

        #[test]
        fn any_moments_go(attempts: i64, created: i64, now: i64) {
            let moment = Timestamp::from_millis;
            if let Some(at) = next_purge(attempts, None, moment(created), moment(now)) {
                prop_assert!(moment(now) < at);
            }
        }
    }
}
