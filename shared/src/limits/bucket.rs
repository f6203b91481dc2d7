//! One counter: what is kept of it is one moment, at which it is full again.

use crate::kernel::gcra::{self, Limit};
use crate::kernel::time::Timestamp;

/// How used up a bucket is: the moment it is full again, in microseconds of UTC (GCRA's theoretical arrival
/// time). What lies in the past is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Bucket(i64);

/// Units that were taken, and the bucket after that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    pub units: u32,
    pub bucket: Bucket,
}

/// Milliseconds, rounded up, until the units that were needed are there if nobody else takes any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wait(i64);

/// What a caller may know of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The most units at once.
    pub limit: u32,
    /// Units that can be taken now.
    pub remaining: u32,
    /// Seconds until all of `limit` can be taken at once, rounded up.
    pub reset_seconds: u32,
}

impl Bucket {
    pub const FULL: Bucket = Bucket(0);

    /// Full at this moment, in microseconds of UTC.
    pub const fn full_at(micros: i64) -> Bucket {
        Bucket(micros)
    }

    /// The moment at which it is full again, in microseconds of UTC.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// A bucket that is full in `owed` microseconds.
    pub fn owing(owed: i64, now: Timestamp) -> Bucket {
        Bucket(gcra::micros(now).saturating_add(owed))
    }

    /// Microseconds until it is full again: at least 0, and at most what an empty one needs, so that a caller
    /// whose clock is ahead of ours can empty a bucket and no more than that.
    pub fn owed(self, limit: Limit, now: Timestamp) -> i64 {
        gcra::decide(self.0, now, &limit, 0).new_tat.saturating_sub(gcra::micros(now))
    }

    /// Takes `needed` units, and of those there are beyond half of what is left up to `wanted` in all:
    /// others may need the rest before ours are used.
    ///
    /// # Errors
    /// [`Wait`] where fewer than `needed` are there; nothing is taken.
    pub fn take(self, limit: Limit, needed: u32, wanted: u32, now: Timestamp) -> Result<Taken, Wait> {
        let available = units(gcra::decide(self.0, now, &limit, 0).remaining);
        if available < needed {
            return Err(Wait(gcra::decide(self.0, now, &limit, needed).retry_after_ms));
        }
        let units = needed.max(wanted.min(available / 2));
        Ok(Taken { units, bucket: Bucket(gcra::decide(self.0, now, &limit, units).new_tat) })
    }

    /// What is left, where `kept` units were taken and are still to be used.
    pub fn standing(self, limit: Limit, kept: u32, now: Timestamp) -> Standing {
        let left = units(gcra::decide(self.0, now, &limit, 0).remaining);
        let kept_micros = limit.interval_micros().saturating_mul(i64::from(kept));
        let owed = self.owed(limit, now).saturating_sub(kept_micros);
        let burst = units(limit.burst());
        Standing {
            limit: burst,
            remaining: left.saturating_add(kept).min(burst),
            reset_seconds: u32::try_from(whole(owed, 1_000_000)).unwrap_or(u32::MAX),
        }
    }
}

impl Wait {
    /// Whole seconds, rounded up, at least 1.
    pub fn seconds(self) -> u64 {
        whole(self.0, 1_000).max(1)
    }
}

fn units(count: i64) -> u32 {
    u32::try_from(count.max(0)).unwrap_or(u32::MAX)
}

/// `amount / unit`, rounded up; 0 for less than nothing.
fn whole(amount: i64, unit: u64) -> u64 {
    u64::try_from(amount).unwrap_or(0).div_ceil(unit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::limits::limit_of;

    const START: i64 = 1_795_512_600_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(START + millis)
    }

    fn limit(text: &str) -> Limit {
        limit_of(text).unwrap()
    }

    #[test]
    fn a_burst_goes_through_and_then_one_each_interval() {
        let limit = limit("2/1s:3");
        let mut bucket = Bucket::FULL;
        for remaining in [2, 1, 0] {
            bucket = bucket.take(limit, 1, 1, at(0)).unwrap().bucket;
            assert_eq!(bucket.standing(limit, 0, at(0)).remaining, remaining);
        }
        assert_eq!(bucket.take(limit, 1, 1, at(0)), Err(Wait(500)));
        assert_eq!(bucket.take(limit, 1, 1, at(499)), Err(Wait(1)));
        let next = bucket.take(limit, 1, 1, at(500)).unwrap();
        assert_eq!((next.units, next.bucket), (1, Bucket::owing(1_500_000, at(500))));
        assert_eq!(next.bucket.take(limit, 3, 3, at(500)), Err(Wait(1_500)));
        assert_eq!(next.bucket.take(limit, 3, 3, at(2_000)).map(|taken| taken.units), Ok(3));
    }

    #[test]
    fn more_than_is_needed_leaves_half_to_others() {
        let limit = limit("100/1s:100");
        for (owed_units, needed, wanted, units) in [
            (0, 1, 20, 20),
            (0, 1, 90, 50),
            (70, 1, 20, 15),
            (98, 1, 20, 1),
            (99, 1, 20, 1),
            (50, 0, 0, 0),
            (100, 0, 9, 0),
        ] {
            let bucket = Bucket::owing(owed_units * 10_000, at(0));
            let taken = bucket.take(limit, needed, wanted, at(0)).unwrap();
            assert_eq!(taken.units, units, "{owed_units} owed, {wanted} wanted");
        }
        assert_eq!(Bucket::owing(1_000_000, at(0)).take(limit, 1, 20, at(0)), Err(Wait(10)));
    }

    #[test]
    fn units_that_are_kept_count_as_left() {
        let limit = limit("10/10s:10");
        let bucket = Bucket::FULL.take(limit, 5, 5, at(0)).unwrap().bucket;
        assert_eq!(bucket.standing(limit, 0, at(0)), Standing { limit: 10, remaining: 5, reset_seconds: 5 });
        assert_eq!(bucket.standing(limit, 4, at(0)), Standing { limit: 10, remaining: 9, reset_seconds: 1 });
        assert_eq!(bucket.standing(limit, 4, at(2_500)), Standing { limit: 10, remaining: 10, reset_seconds: 0 });
        assert_eq!(Bucket::FULL.standing(limit, 0, at(0)), Standing { limit: 10, remaining: 10, reset_seconds: 0 });
    }

    #[test]
    fn a_clock_that_is_ahead_empties_a_bucket_and_no_more() {
        let limit = limit("10/10s:10");
        let hours_ahead = Bucket::FULL.take(limit, 1, 1, at(7_200_000)).unwrap().bucket;
        assert_eq!(hours_ahead.standing(limit, 0, at(0)).reset_seconds, 10);
        assert_eq!(hours_ahead.take(limit, 1, 1, at(0)), Err(Wait(1_000)));
    }

    #[test]
    fn a_wait_is_told_in_whole_seconds_and_is_never_nothing() {
        for (millis, seconds) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (59_000, 59)] {
            assert_eq!(Wait(millis).seconds(), seconds);
        }
    }

    proptest! {
        /// Borrowing does not get around the limit: any stretch of time has at most the burst and what came back.
        #[test]
        fn no_more_than_the_limit_goes_through(
            units in 1_u32..50, seconds in 1_u32..20, burst in 1_u32..40,
            steps in prop::collection::vec((0_i64..2_000, 0_u32..5, 0_u32..20), 1..60),
        ) {
            let limit = limit(&format!("{units}/{seconds}s:{burst}"));
            let mut bucket = Bucket::FULL;
            let mut now = 0;
            let mut taken = Vec::new();
            for (pause, needed, wanted) in steps {
                now += pause;
                match bucket.take(limit, needed, wanted, at(now)) {
                    Ok(got) => {
                        prop_assert!(needed <= got.units && got.units <= needed.max(wanted));
                        bucket = got.bucket;
                        taken.push((now, i64::from(got.units)));
                    }
                    Err(Wait(millis)) if needed <= burst => {
                        prop_assert!(bucket.take(limit, needed, needed, at(now + millis)).is_ok());
                        prop_assert!(bucket.take(limit, needed, needed, at(now + millis - 1)).is_err());
                    }
                    Err(_) => {}
                }
            }
            for (from, _) in &taken {
                for (to, _) in taken.iter().filter(|(to, _)| from <= to) {
                    let within = taken.iter().filter(|(at, _)| (from..=to).contains(&at)).map(|(_, units)| units);
                    let came_back = (to - from) * 1_000 / limit.interval_micros();
                    prop_assert!(within.sum::<i64>() <= i64::from(burst) + came_back);
                }
            }
        }

        #[test]
        fn any_numbers_have_an_answer(
            micros: i64, now: i64, units in 1_u32..=1_000_000, seconds in 1_u32..=86_400, burst in 1_u32..=1_000_000,
            needed: u32, wanted: u32, kept: u32,
        ) {
            if let Ok(limit) = limit_of(&format!("{units}/{seconds}s:{burst}")) {
                let (bucket, now) = (Bucket::full_at(micros), Timestamp::from_millis(now));
                let _ = bucket.take(limit, needed, wanted, now);
                prop_assert!(bucket.standing(limit, kept, now).remaining <= burst);
                prop_assert!((0..=limit.tolerance_micros()).contains(&bucket.owed(limit, now)));
            }
        }
    }
}
