//! Rate limits by the generic cell rate algorithm: one number per key, the theoretical arrival time (TAT).
//!
//! All times are microseconds since 1970, and every number that occurs, between results included, is an integer below
//! 2^53. A twin in Lua, whose numbers are doubles, therefore gives the same answers as long as it uses only what
//! [`arrive`] does: `+`, `-`, `*`, `math.min`, `math.max` and comparison. It must write the TAT with
//! `string.format("%.0f", tat)`: `tostring` keeps 14 digits and a TAT has 16.
//!
//! Source: ITU-T I.371, annex A (virtual scheduling).

use std::cmp;

use super::time::Timestamp;

/// Later times than this (the year 2112) count as this.
const LAST_MICROS: i64 = 1 << 52;

/// The most that a full bucket may take to fill, in microseconds (13,000 days).
const LONGEST_MICROS: i64 = 1 << 50;

/// `count` requests a period, and up to `burst` of them at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Microseconds in which one request grows back.
    interval: i64,
    /// Requests that a full bucket holds.
    burst: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a limit needs a count, a period and a burst of at least 1, and fills within 13,000 days")]
pub struct InvalidLimit;

impl Limit {
    /// Where the period does not divide evenly, the rate is the next lower one: never more than what was asked for.
    ///
    /// # Errors
    /// [`InvalidLimit`] for a zero, or where `burst` requests take too long to grow back.
    pub fn new(count: u32, period_millis: u32, burst: u32) -> Result<Limit, InvalidLimit> {
        if count == 0 || period_millis == 0 || burst == 0 {
            return Err(InvalidLimit);
        }
        let interval = u64::from(period_millis)
            .checked_mul(1_000)
            .map(|micros| micros.div_ceil(u64::from(count)))
            .and_then(|micros| i64::try_from(micros).ok())
            .ok_or(InvalidLimit)?;
        let limit = Limit { interval, burst: i64::from(burst) };
        let fits = interval.checked_mul(limit.burst).is_some_and(|micros| micros <= LONGEST_MICROS);
        if fits { Ok(limit) } else { Err(InvalidLimit) }
    }

    /// One of our own defaults, which a test holds against [`Limit::new`].
    pub(crate) const fn known(interval: i64, burst: i64) -> Limit {
        Limit { interval, burst }
    }

    /// Microseconds in which one request grows back: what the twin is given.
    pub const fn interval_micros(&self) -> i64 {
        self.interval
    }

    /// Requests that a full bucket holds.
    pub const fn burst(&self) -> i64 {
        self.burst
    }

    /// Microseconds in which an empty bucket fills: what the twin is given, and how long a TAT must be kept.
    pub const fn tolerance_micros(&self) -> i64 {
        self.interval.saturating_mul(self.burst)
    }
}

/// The answer to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    pub allowed: bool,
    /// What to store, in microseconds. A refused request changes nothing worth storing.
    pub new_tat: i64,
    /// Requests of cost 1 that would still be allowed at once.
    pub remaining: i64,
    /// Until the bucket is full again, rounded up.
    pub reset_after_ms: i64,
    /// Until the same request would be allowed, rounded up; 0 when it was.
    pub retry_after_ms: i64,
}

/// Decides on a request that costs `cost`; `tat` is what is stored, 0 where nothing is.
///
/// A cost above the burst counts as the burst: such a request needs a full bucket, and is not refused for ever.
/// A cost of 0 looks without taking.
pub fn decide(tat: i64, now: Timestamp, limit: &Limit, cost: u32) -> Decision {
    let now = micros(now);
    let arrival = arrive(tat, now, limit.interval, limit.tolerance_micros(), charge(limit, cost));
    describe(arrival, now, limit, cost)
}

/// The time as the twin is given it.
pub fn micros(now: Timestamp) -> i64 {
    now.millis().saturating_mul(1_000).clamp(0, LAST_MICROS)
}

/// The cost as the twin is given it: from 0 to the burst.
pub fn charge(limit: &Limit, cost: u32) -> i64 {
    cmp::min(i64::from(cost), limit.burst)
}

/// Whether it was let through, and the TAT after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    pub allowed: bool,
    pub tat: i64,
}

/// The part that has a twin. All in microseconds but `charge`; `now` is [`micros`], the others come from a [`Limit`]
/// and [`charge`], and `tat` may be anything.
///
/// A TAT further in the future than a whole bucket was written by a clock that runs ahead, or under another limit. It
/// counts as an empty bucket, so that nobody waits longer than that.
pub fn arrive(tat: i64, now: i64, interval: i64, tolerance: i64, charge: i64) -> Arrival {
    let full = now.saturating_add(tolerance);
    let tat = cmp::min(cmp::max(tat, now), full);
    let next = tat.saturating_add(charge.saturating_mul(interval));
    if next <= full { Arrival { allowed: true, tat: next } } else { Arrival { allowed: false, tat } }
}

/// What the headers say of an arrival, be it decided here or by the twin.
pub fn describe(arrival: Arrival, now: i64, limit: &Limit, cost: u32) -> Decision {
    let used = arrival.tat.saturating_sub(now).clamp(0, limit.tolerance_micros());
    let free = limit.tolerance_micros().saturating_sub(used);
    let needed = charge(limit, cost).saturating_mul(limit.interval);
    let missing = if arrival.allowed { 0 } else { needed.saturating_sub(free) };
    Decision {
        allowed: arrival.allowed,
        new_tat: arrival.tat,
        remaining: free.checked_div(limit.interval).unwrap_or_default(),
        reset_after_ms: whole_millis(used),
        retry_after_ms: whole_millis(missing),
    }
}

/// Rounded up: who waits so long finds it done.
fn whole_millis(micros: i64) -> i64 {
    u64::try_from(micros).ok().and_then(|micros| i64::try_from(micros.div_ceil(1_000)).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_795_248_000_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// What Redis runs, in the doubles it runs in.
    #[expect(clippy::float_arithmetic, reason = "the twin's arithmetic is what is tested")]
    fn lua(tat: f64, now: f64, interval: f64, tolerance: f64, charge: f64) -> (bool, f64) {
        let full = now + tolerance;
        let tat = tat.max(now).min(full);
        let next = tat + charge * interval;
        if next <= full { (true, next) } else { (false, tat) }
    }

    fn any_limit() -> impl Strategy<Value = Limit> {
        let small = (1_u32..2_000, 1_u32..100_000, 1_u32..50)
            .prop_map(|(count, period, burst)| Limit::new(count, period, burst));
        let any = (any::<u32>(), any::<u32>(), any::<u32>())
            .prop_map(|(count, period, burst)| Limit::new(count, period, burst));
        prop_oneof![small, any].prop_filter_map("no limit", Result::ok)
    }

    #[test]
    fn a_burst_passes_and_then_one_by_one() {
        let limit = Limit::new(10, 1_000, 3).unwrap();
        let mut tat = 0;
        for (millis, cost, expected) in [
            (0, 1, (true, 2, 100, 0)),
            (0, 1, (true, 1, 200, 0)),
            (0, 0, (true, 1, 200, 0)),
            (0, 2, (false, 1, 200, 100)),
            (0, 1, (true, 0, 300, 0)),
            (0, 1, (false, 0, 300, 100)),
            (99, 1, (false, 0, 201, 1)),
            (100, 1, (true, 0, 300, 0)),
            (250, 9, (false, 1, 150, 150)),
            (400, 9, (true, 0, 300, 0)),
            (5_000, 1, (true, 2, 100, 0)),
        ] {
            let decision = decide(tat, at(NOW + millis), &limit, cost);
            let Decision { allowed, new_tat, remaining, reset_after_ms, retry_after_ms } = decision;
            assert_eq!((allowed, remaining, reset_after_ms, retry_after_ms), expected, "{cost} at {millis}");
            tat = new_tat;
        }
    }

    #[test]
    fn a_rate_that_does_not_divide_is_the_next_lower_one() {
        assert_eq!(Limit::new(7, 1_000, 1).unwrap().interval_micros(), 142_858);
        assert_eq!(Limit::new(u32::MAX, 1, 1).unwrap().interval_micros(), 1);
        for (count, period, burst) in [(0, 1, 1), (1, 0, 1), (1, 1, 0), (1, u32::MAX, u32::MAX)] {
            assert_eq!(Limit::new(count, period, burst), Err(InvalidLimit));
        }
    }

    #[test]
    fn a_clock_that_ran_ahead_locks_nobody_out() {
        let limit = Limit::new(1, 1_000, 5).unwrap();
        let decision = decide(i64::MAX, at(NOW), &limit, 1);
        assert_eq!((decision.allowed, decision.retry_after_ms), (false, 1_000));
        assert!(decide(decision.new_tat, at(NOW + 1_000), &limit, 1).allowed);
    }

    proptest! {
        #[test]
        fn never_more_than_the_burst_and_what_grows_back(
            limit in any_limit(), requests in prop::collection::vec((0_i64..5_000, 0_u32..20), 1..200),
        ) {
            let (mut tat, mut millis) = (0, NOW);
            // What was allowed, by time: any stretch of it is within the limit.
            let mut allowed: Vec<(i64, i64)> = Vec::new();
            for (pause, cost) in requests {
                millis += pause;
                let decision = decide(tat, at(millis), &limit, cost);
                tat = decision.new_tat;
                if decision.allowed {
                    allowed.push((millis, charge(&limit, cost)));
                }
            }
            for from in 0..allowed.len() {
                let mut sum = 0_i128;
                for (millis, charge) in &allowed[from..] {
                    sum += i128::from(*charge);
                    let elapsed = i128::from(millis - allowed[from].0) * 1_000;
                    let most = i128::from(limit.tolerance_micros()) + elapsed;
                    prop_assert!(sum * i128::from(limit.interval) <= most);
                }
            }
        }

        #[test]
        fn who_waits_as_told_is_allowed(limit in any_limit(), tat: i64, cost in 0_u32..100) {
            let refused = decide(tat, at(NOW), &limit, cost);
            prop_assert_eq!(refused.allowed, refused.retry_after_ms == 0);
            let later = decide(refused.new_tat, at(NOW + refused.retry_after_ms), &limit, cost);
            prop_assert!(refused.allowed || later.allowed);
            if 1 < refused.retry_after_ms {
                let early = decide(refused.new_tat, at(NOW + refused.retry_after_ms - 1), &limit, cost);
                prop_assert!(!early.allowed);
            }
        }

        #[test]
        fn what_remains_can_be_taken_at_once(limit in any_limit(), tat in 0_i64..1 << 52) {
            let peek = decide(tat, at(NOW), &limit, 0);
            prop_assert!(peek.allowed && (0..=limit.burst()).contains(&peek.remaining));
            let Ok(rest) = u32::try_from(peek.remaining) else { return Ok(()) };
            let taken = decide(peek.new_tat, at(NOW), &limit, rest);
            prop_assert!(taken.allowed);
            prop_assert_eq!(taken.remaining, 0);
            prop_assert!(!decide(taken.new_tat, at(NOW), &limit, 1).allowed);
        }

        #[test]
        fn a_refusal_takes_nothing(limit in any_limit(), tat: i64, cost: u32) {
            let refused = decide(tat, at(NOW), &limit, cost);
            if !refused.allowed {
                prop_assert_eq!(decide(refused.new_tat, at(NOW), &limit, 0).remaining, refused.remaining);
                prop_assert_eq!(decide(refused.new_tat, at(NOW), &limit, cost), refused);
            }
        }

        #[test]
        fn the_twin_in_doubles_gives_the_same_answers(limit in any_limit(), tat: i64, now: i64, cost: u32, near: bool) {
            let now = micros(at(now));
            // What a twin reads from Redis is what one of us wrote, or nothing.
            let tat = if near { now.saturating_add(tat % (limit.tolerance_micros() + 1)) } else { tat }.clamp(0, LAST_MICROS);
            let (interval, tolerance, charge) = (limit.interval, limit.tolerance_micros(), charge(&limit, cost));
            let ours = arrive(tat, now, interval, tolerance, charge);
            let (allowed, next) = lua(tat as f64, now as f64, interval as f64, tolerance as f64, charge as f64);
            prop_assert_eq!((ours.allowed, ours.tat), (allowed, next as i64));
            prop_assert_eq!(format!("{next:.0}"), ours.tat.to_string());
            prop_assert!(ours.tat < 1 << 53 && tolerance + LAST_MICROS + charge * interval < 1 << 53);
        }

        #[test]
        fn any_numbers_have_an_answer(limit in any_limit(), tat: i64, now: i64, cost: u32) {
            let decision = decide(tat, at(now), &limit, cost);
            prop_assert!((0..=limit.burst()).contains(&decision.remaining));
            prop_assert!(0 <= decision.reset_after_ms && 0 <= decision.retry_after_ms);
            prop_assert!((micros(at(now))..=micros(at(now)) + limit.tolerance_micros()).contains(&decision.new_tat));
        }
    }
}
