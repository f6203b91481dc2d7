//! What this isolate holds of one bucket: units it has taken and not used yet, and how used up the bucket is
//! at least.
//!
//! A bucket that is asked for often is asked less often for more: a lease has as many units as the last one's
//! pace would use in its time, at most twice as many as that had, and at most a twentieth of the burst. What is
//! left of a lease when it ends is lost to the caller, never given twice.

use headlesspro_shared::kernel::gcra::Limit;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::limits::{Bucket, Standing, Wait};

/// How long units that were taken may be used, in milliseconds.
const LEASE_MILLIS: i64 = 5_000;

/// A lease is at most this part of the burst.
const PART_OF_BURST: i64 = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    /// As it was when we last heard of it: others may have taken more since, and nobody gives back.
    bucket: Bucket,
    /// Units taken and not used.
    units: u32,
    /// When they end.
    until: Timestamp,
    /// How many the last lease had.
    size: u32,
    used_at: Timestamp,
    /// Somebody is asking for a lease: others ask for themselves only.
    is_asking: bool,
}

impl Held {
    pub(super) fn new(now: Timestamp) -> Held {
        Held { bucket: Bucket::FULL, units: 0, until: now, size: 0, used_at: now, is_asking: false }
    }

    /// Units that can be used now.
    pub(super) fn units(&self, now: Timestamp) -> u32 {
        // A clock that was set back must not make a lease longer.
        let left = self.until.millis().saturating_sub(now.millis());
        if (1..=LEASE_MILLIS).contains(&left) { self.units } else { 0 }
    }

    /// Uses a unit that is held, and says of which lease it was.
    pub(super) fn use_one(&mut self, now: Timestamp) -> Option<Timestamp> {
        let left = self.units(now).checked_sub(1)?;
        self.units = left;
        self.used_at = now;
        Some(self.until)
    }

    /// Takes a unit back that was not used after all, unless its lease is over.
    pub(super) fn give_back(&mut self, lease: Timestamp) {
        if self.until == lease {
            self.units = self.units.saturating_add(1);
        }
    }

    /// Whether not even a unit can be had, whoever is asked.
    pub(super) fn refuses(&self, limit: Limit, now: Timestamp) -> Option<Wait> {
        self.bucket.take(limit, 1, 1, now).err()
    }

    /// How many units to ask for, the one that is needed among them. More than one is a lease, which is asked
    /// for once at a time: tell [`received`](Held::received) or [`abandoned`](Held::abandoned) of the end.
    pub(super) fn ask(&mut self, limit: Limit, now: Timestamp) -> u32 {
        let idle = now.millis().saturating_sub(self.used_at.millis());
        if self.is_asking || !(0..=LEASE_MILLIS).contains(&idle) {
            return 1;
        }
        // As many as are used in the time of a lease, at the pace of the last one.
        let began = self.until.millis().saturating_sub(LEASE_MILLIS);
        let lasted = now.millis().saturating_sub(began).max(1);
        let used = i64::from(self.size.saturating_sub(self.units));
        let next = u32::try_from(used.saturating_mul(LEASE_MILLIS) / lasted).unwrap_or(1);
        let most = u32::try_from(limit.burst() / PART_OF_BURST).unwrap_or(u32::MAX).min(self.size.saturating_mul(2));
        let wanted = next.min(most).max(1);
        self.is_asking = 1 < wanted;
        wanted
    }

    /// `wanted` units were asked for at `asked_at` and `units` were given, one of which is used.
    pub(super) fn received(&mut self, wanted: u32, units: u32, bucket: Bucket, asked_at: Timestamp) {
        self.learn(bucket);
        self.used_at = self.used_at.max(asked_at);
        let is_lease = 1 < wanted;
        if is_lease {
            self.is_asking = false;
        }
        // A single unit, while others ask for a lease or have got one, is no sign of the pace.
        if is_lease || (!self.is_asking && self.units(asked_at) == 0) {
            self.size = units;
            self.units = units.saturating_sub(1);
            self.until = Timestamp::from_millis(asked_at.millis().saturating_add(LEASE_MILLIS));
        }
    }

    /// `wanted` units were asked for, and nothing came of it.
    pub(super) fn abandoned(&mut self, wanted: u32) {
        if 1 < wanted {
            self.is_asking = false;
            self.size = 1;
        }
    }

    /// The bucket was seen to be so used up.
    pub(super) fn learn(&mut self, bucket: Bucket) {
        self.bucket = self.bucket.max(bucket);
    }

    /// Takes a unit from what is known here of the bucket, because nobody else can be asked.
    pub(super) fn take_here(&mut self, limit: Limit, now: Timestamp) {
        if let Ok(taken) = self.bucket.take(limit, 1, 1, now) {
            self.bucket = taken.bucket;
            self.used_at = now;
        }
    }

    pub(super) fn standing(&self, limit: Limit, now: Timestamp) -> Standing {
        self.bucket.standing(limit, self.units(now), now)
    }

    /// Whether forgetting it changes nothing.
    pub(super) fn is_idle(&self, now: Timestamp) -> bool {
        !self.is_asking && self.units(now) == 0 && self.full_at() <= now
    }

    /// When the bucket is full again, in whole milliseconds.
    pub(super) fn full_at(&self) -> Timestamp {
        Timestamp::from_millis(self.bucket.micros().saturating_add(999) / 1_000)
    }
}

#[cfg(test)]
mod tests {
    use headlesspro_shared::limits::limit_of;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_795_512_600_000 + millis)
    }

    fn limit() -> Limit {
        limit_of("100/1s:200").unwrap()
    }

    /// Uses `requests` units, one each `pause` milliseconds, and answers the sizes that were asked for.
    fn asked(held: &mut Held, start: i64, pause: i64, requests: i64) -> Vec<u32> {
        let mut asked = Vec::new();
        for request in 0..requests {
            let now = at(start + request * pause);
            if held.use_one(now).is_none() {
                let wanted = held.ask(limit(), now);
                held.received(wanted, wanted, Bucket::FULL, now);
                asked.push(wanted);
            }
        }
        asked
    }

    #[test]
    fn who_comes_often_asks_seldom() {
        let mut held = Held::new(at(0));
        // Up to a twentieth of the burst.
        assert_eq!(asked(&mut held, 0, 10, 100), [1, 2, 4, 8, 10, 10, 10, 10, 10, 10, 10, 10, 10]);
        let mut strict = Held::new(at(0));
        strict.received(1, 1, Bucket::FULL, at(0));
        assert_eq!(strict.ask(limit_of("20/60s:10").unwrap(), at(10)), 1, "a small burst is never leased");
    }

    #[test]
    fn who_comes_seldom_leaves_nothing_unused() {
        let mut held = Held::new(at(0));
        assert_eq!(asked(&mut held, 0, 6_000, 5), [1, 1, 1, 1, 1]);
        // At one each 2 s not more than three can be used.
        let mut held = Held::new(at(0));
        let sizes = asked(&mut held, 0, 2_000, 20);
        assert!(sizes.iter().all(|size| *size <= 3), "{sizes:?}");
        let unused = sizes.iter().sum::<u32>() - 20;
        assert!(unused <= 3, "{unused} of {sizes:?} were lost");
    }

    #[test]
    fn a_lease_ends_after_five_seconds() {
        let mut held = Held::new(at(0));
        held.received(1, 1, Bucket::FULL, at(0));
        let wanted = held.ask(limit(), at(0));
        held.received(wanted, 5, Bucket::FULL, at(0));
        assert_eq!([0, 4_999, 5_000, 9_000].map(|now| held.units(at(now))), [4, 4, 0, 0]);
        assert_eq!(held.units(at(-60_000)), 0, "a clock that was set back makes no lease longer");
        assert_eq!(held.use_one(at(5_000)), None);
    }

    #[test]
    fn one_asks_for_a_lease_at_a_time() {
        let mut held = Held::new(at(0));
        held.received(1, 1, Bucket::FULL, at(0));
        assert_eq!(held.ask(limit(), at(1)), 2);
        assert_eq!([held.ask(limit(), at(1)), held.ask(limit(), at(2))], [1, 1]);
        held.received(1, 1, Bucket::FULL, at(1));
        assert_eq!(held.ask(limit(), at(3)), 1, "the lease is still being asked for");
        held.received(2, 2, Bucket::FULL, at(1));
        assert_eq!(held.units(at(4)), 1);
        held.use_one(at(4)).unwrap();
        assert_eq!(held.ask(limit(), at(4)), 4);
        held.abandoned(4);
        assert_eq!(held.ask(limit(), at(5)), 2, "a lease that came to nothing starts small again");
    }

    #[test]
    fn what_is_given_back_is_of_its_own_lease() {
        let mut held = Held::new(at(0));
        held.received(2, 3, Bucket::FULL, at(0));
        let lease = held.use_one(at(1)).unwrap();
        held.give_back(lease);
        assert_eq!(held.units(at(2)), 2);
        let lease = held.use_one(at(3)).unwrap();
        held.received(4, 4, Bucket::FULL, at(4));
        held.give_back(lease);
        assert_eq!(held.units(at(5)), 3);
    }

    #[test]
    fn what_is_known_of_a_bucket_only_grows() {
        let mut held = Held::new(at(0));
        let empty = Bucket::owing(2_000_000, at(0));
        held.received(1, 1, empty, at(0));
        held.learn(Bucket::owing(1, at(0)));
        assert_eq!(held.refuses(limit(), at(0)).map(|wait| wait.seconds()), Some(1));
        assert_eq!(held.refuses(limit(), at(10)), None);
        held.take_here(limit(), at(10));
        assert!(held.refuses(limit(), at(10)).is_some());
        assert!(!held.is_idle(at(2_009)) && held.is_idle(at(2_010)));
    }
}
