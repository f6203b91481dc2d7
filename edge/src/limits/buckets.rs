//! What this isolate holds of all buckets: it answers from that where it can, asks Redis where it must, and
//! goes on alone where Redis is away.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use headlesspro_shared::kernel::gcra::Limit;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::limits::{Bucket, Standing, Subject, Wait};

use super::lease::Held;
use super::script::{Answer, Ask};

/// At most this many buckets are remembered; then those are forgotten whose being forgotten matters least.
const MOST: usize = 8_192;

/// A bucket that a request takes a unit from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) subject: Subject,
    /// Its key in Redis.
    pub(super) key: String,
    pub(super) limit: Limit,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Whose limit is reached, and when a unit is there again.
    pub refused: Option<(Subject, Wait)>,
    /// Of the bucket that is nearest to its end.
    pub standing: Standing,
}

#[derive(Default)]
pub(super) struct Buckets(Mutex<HashMap<String, Held>>);

/// One bucket's part in a request.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// A unit of this lease is used.
    Held(Timestamp),
    /// So many units are to be asked for.
    Wanted(u32),
}

/// A request that is served from here, is refused from here, or has to be asked for.
pub(super) enum Reserved<'a> {
    Decided(Decision),
    Open(Open<'a>),
}

/// A request that Redis has to be asked for. Dropped before it is decided, it gives back what it holds.
pub(super) struct Open<'a> {
    buckets: &'a Buckets,
    counted: &'a [Counted],
    parts: Vec<Part>,
    now: Timestamp,
    is_decided: bool,
}

impl Buckets {
    /// Takes a unit of each bucket from what is held here, as far as it goes.
    pub(super) fn reserve<'a>(&'a self, counted: &'a [Counted], now: Timestamp) -> Reserved<'a> {
        let mut all = self.lock();
        let waits = counted.iter().filter_map(|one| {
            let held = all.get(&one.key).filter(|held| held.units(now) == 0)?;
            Some((one.subject, held.refuses(one.limit, now)?, held.standing(one.limit, now)))
        });
        if let Some(decision) = refusal(waits) {
            return Reserved::Decided(decision);
        }
        let part = |one: &Counted| match all.get_mut(&one.key) {
            None => Part::Wanted(1),
            Some(held) => held.use_one(now).map_or_else(|| Part::Wanted(held.ask(one.limit, now)), Part::Held),
        };
        let parts: Vec<Part> = counted.iter().map(part).collect();
        if parts.iter().all(|part| matches!(part, Part::Held(_))) {
            return Reserved::Decided(served(&all, counted, now));
        }
        Reserved::Open(Open { buckets: self, counted, parts, now, is_decided: false })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.lock().len()
    }
}

impl Reserved<'_> {
    pub(super) fn is_refused(&self) -> bool {
        matches!(self, Reserved::Decided(decision) if decision.refused.is_some())
    }

    /// What Redis is to be asked for.
    pub(super) fn asks(&self) -> Vec<Ask> {
        match self {
            Reserved::Decided(_) => Vec::new(),
            Reserved::Open(open) => open.asks(),
        }
    }

    /// Decides by Redis' answer, or without one.
    pub(super) fn decide(self, answer: Option<&Answer>) -> Decision {
        match (self, answer) {
            (Reserved::Decided(decision), _) => decision,
            (Reserved::Open(open), Some(answer)) => open.settle(answer),
            (Reserved::Open(open), None) => open.settle_here(),
        }
    }
}

impl Open<'_> {
    fn asks(&self) -> Vec<Ask> {
        let wanted = self.counted.iter().zip(&self.parts).filter_map(|(one, part)| match part {
            Part::Held(_) => None,
            Part::Wanted(wanted) => Some((one, *wanted)),
        });
        wanted.map(|(one, wanted)| Ask { key: one.key.clone(), limit: one.limit, needed: 1, wanted }).collect()
    }

    /// Decides by the answer to what was asked.
    fn settle(mut self, answer: &Answer) -> Decision {
        self.is_decided = true;
        let now = self.now;
        let mut all = self.buckets.lock();
        let mut waits = Vec::new();
        let mut given = answer.buckets.iter();
        for (one, part) in self.counted.iter().zip(&self.parts) {
            let Part::Wanted(wanted) = part else { continue };
            let (units, owed) = given.next().copied().unwrap_or_default();
            let bucket = Bucket::owing(owed, now);
            if answer.is_taken {
                entry(&mut all, &one.key, now).received(*wanted, units, bucket, now);
                continue;
            }
            if let Some(held) = all.get_mut(&one.key) {
                held.abandoned(*wanted);
            }
            // Whoever makes up keys shall not fill our memory with buckets that nobody used.
            if 0 < owed {
                entry(&mut all, &one.key, now).learn(bucket);
            }
            if let Err(wait) = bucket.take(one.limit, 1, 1, now) {
                waits.push((one.subject, wait, bucket.standing(one.limit, 0, now)));
            }
        }
        if answer.is_taken {
            return served(&all, self.counted, now);
        }
        self.give_back(&mut all);
        // A refusal without a bucket that refuses would be a defect of the script.
        refusal(waits.into_iter()).unwrap_or_else(|| served(&all, self.counted, now))
    }

    /// Decides without Redis, by what is known here.
    fn settle_here(mut self) -> Decision {
        self.is_decided = true;
        let now = self.now;
        let mut all = self.buckets.lock();
        for (one, part) in self.counted.iter().zip(&self.parts) {
            if let (Part::Wanted(wanted), Some(held)) = (part, all.get_mut(&one.key)) {
                held.abandoned(*wanted);
            }
        }
        // Somebody else may have taken the last unit while Redis was asked.
        let asked = self.counted.iter().zip(&self.parts).filter(|(_, part)| matches!(part, Part::Wanted(_)));
        let waits = asked.clone().filter_map(|(one, _)| {
            let held = all.get(&one.key)?;
            Some((one.subject, held.refuses(one.limit, now)?, held.standing(one.limit, now)))
        });
        if let Some(decision) = refusal(waits) {
            self.give_back(&mut all);
            return decision;
        }
        for (one, _) in asked {
            entry(&mut all, &one.key, now).take_here(one.limit, now);
        }
        served(&all, self.counted, now)
    }

    fn give_back(&self, all: &mut HashMap<String, Held>) {
        for (one, part) in self.counted.iter().zip(&self.parts) {
            if let (Part::Held(lease), Some(held)) = (part, all.get_mut(&one.key)) {
                held.give_back(*lease);
            }
        }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if self.is_decided {
            return;
        }
        let mut all = self.buckets.lock();
        for (one, part) in self.counted.iter().zip(&self.parts) {
            if let (Part::Wanted(wanted), Some(held)) = (part, all.get_mut(&one.key)) {
                held.abandoned(*wanted);
            }
        }
        self.give_back(&mut all);
    }
}

/// The refusal that lasts longest.
fn refusal(waits: impl Iterator<Item = (Subject, Wait, Standing)>) -> Option<Decision> {
    let longest = waits.max_by_key(|(_, wait, _)| *wait);
    longest.map(|(subject, wait, standing)| Decision { refused: Some((subject, wait)), standing })
}

/// The standing of the bucket with the fewest units left; of those the one that takes longest to fill.
fn served(all: &HashMap<String, Held>, counted: &[Counted], now: Timestamp) -> Decision {
    let standings = counted.iter().map(|one| match all.get(&one.key) {
        Some(held) => held.standing(one.limit, now),
        None => Bucket::FULL.standing(one.limit, 0, now),
    });
    let tightest = standings.min_by_key(|standing| (standing.remaining, Reverse(standing.reset_seconds)));
    let nothing = Standing { limit: 0, remaining: 0, reset_seconds: 0 };
    Decision { refused: None, standing: tightest.unwrap_or(nothing) }
}

fn entry<'a>(all: &'a mut HashMap<String, Held>, key: &str, now: Timestamp) -> &'a mut Held {
    if MOST <= all.len() && !all.contains_key(key) {
        forget(all, now);
    }
    all.entry(key.to_owned()).or_insert_with(|| Held::new(now))
}

/// Makes room: first what is full anyway, then the fuller half. An emptied bucket stays, or filling our memory
/// would be a way around its limit.
fn forget(all: &mut HashMap<String, Held>, now: Timestamp) {
    all.retain(|_, held| !held.is_idle(now));
    if all.len() < MOST / 2 {
        return;
    }
    let mut moments: Vec<Timestamp> = all.values().map(Held::full_at).collect();
    let middle = moments.len() / 2;
    let (_, median, _) = moments.select_nth_unstable(middle);
    let median = *median;
    all.retain(|_, held| median < held.full_at());
}

#[cfg(test)]
mod tests {
    use headlesspro_shared::limits::limit_of;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_795_512_600_000 + millis)
    }

    fn counted(subject: Subject, key: &str, limit: &str) -> Counted {
        Counted { subject, key: key.to_owned(), limit: limit_of(limit).unwrap() }
    }

    fn two() -> Vec<Counted> {
        vec![counted(Subject::Address, "a", "10/10s:10"), counted(Subject::Key, "k", "400/10s:400")]
    }

    fn open<'a>(buckets: &'a Buckets, counted: &'a [Counted], now: Timestamp) -> Open<'a> {
        match buckets.reserve(counted, now) {
            Reserved::Open(open) => open,
            Reserved::Decided(decision) => panic!("{decision:?}"),
        }
    }

    fn decided(buckets: &Buckets, counted: &[Counted], now: Timestamp) -> Decision {
        match buckets.reserve(counted, now) {
            Reserved::Open(open) => panic!("{:?}", open.asks()),
            Reserved::Decided(decision) => decision,
        }
    }

    fn taken(buckets: &[(u32, i64)]) -> Answer {
        Answer { is_taken: true, buckets: buckets.to_vec(), values: Vec::new(), void_before: at(0) }
    }

    fn refused(buckets: &[(u32, i64)]) -> Answer {
        Answer { is_taken: false, ..taken(buckets) }
    }

    #[test]
    fn the_tightest_bucket_is_told() {
        let (buckets, counted) = (Buckets::default(), two());
        let decision = open(&buckets, &counted, at(0)).settle(&taken(&[(1, 1_000_000), (1, 25_000)]));
        let standing = Standing { limit: 10, remaining: 9, reset_seconds: 1 };
        assert_eq!(decision, Decision { refused: None, standing });
    }

    #[test]
    fn a_lease_of_one_bucket_leaves_the_other_to_be_asked() {
        let (buckets, counted) = (Buckets::default(), two());
        open(&buckets, &counted, at(0)).settle(&taken(&[(1, 1_000_000), (1, 25_000)]));
        let second = open(&buckets, &counted, at(1));
        assert_eq!(second.asks().iter().map(|ask| ask.wanted).collect::<Vec<_>>(), [1, 2]);
        second.settle(&taken(&[(1, 2_000_000), (2, 75_000)]));
        let third = open(&buckets, &counted, at(2));
        assert_eq!(third.asks().iter().map(|ask| ask.key.as_str()).collect::<Vec<_>>(), ["a"]);
        // Refused by the address: the key's unit is given back.
        let decision = third.settle(&refused(&[(0, 10_000_000)]));
        assert_eq!(decision.refused.map(|(subject, wait)| (subject, wait.seconds())), Some((Subject::Address, 1)));
        assert_eq!((decision.standing.remaining, decision.standing.reset_seconds), (0, 10));
        let key = &counted[1..];
        assert_eq!(decided(&buckets, key, at(3)).refused, None);
        assert_eq!(open(&buckets, key, at(3)).asks().len(), 1);
    }

    #[test]
    fn a_bucket_that_is_known_to_be_empty_is_not_asked_for() {
        let (buckets, counted) = (Buckets::default(), two());
        open(&buckets, &counted, at(0)).settle(&refused(&[(0, 10_000_000), (0, 0)]));
        for (now, seconds) in [(0, 1), (999, 1)] {
            let decision = decided(&buckets, &counted, at(now));
            assert_eq!(decision.refused.map(|(_, wait)| wait.seconds()), Some(seconds), "at {now}");
        }
        assert_eq!(open(&buckets, &counted, at(1_000)).asks().len(), 2);
        assert_eq!(buckets.len(), 1, "a key that nobody used is not remembered");
    }

    #[test]
    fn without_redis_the_limit_holds_all_or_nothing() {
        let (buckets, counted) = (Buckets::default(), two());
        for request in 0..10 {
            let decision = open(&buckets, &counted, at(0)).settle_here();
            assert_eq!((decision.refused, decision.standing.remaining), (None, 9 - request));
        }
        let decision = decided(&buckets, &counted, at(0));
        assert_eq!(decision.refused.map(|(subject, wait)| (subject, wait.seconds())), Some((Subject::Address, 1)));
        // The refused ones took nothing of the key.
        let key = open(&buckets, &counted[1..], at(0)).settle_here();
        assert_eq!(key.standing.remaining, 389);
        assert_eq!(open(&buckets, &counted, at(1_000)).settle_here().refused, None);
    }

    #[test]
    fn two_who_ask_at_once_do_not_share_a_unit() {
        let buckets = Buckets::default();
        let counted = [counted(Subject::Address, "a", "1/10s:1")];
        let (first, second) = (open(&buckets, &counted, at(0)), open(&buckets, &counted, at(0)));
        assert_eq!(first.settle_here().refused, None);
        assert!(second.settle_here().refused.is_some());
    }

    #[test]
    fn who_hangs_up_while_redis_is_asked_gives_back() {
        let (buckets, counted) = (Buckets::default(), two());
        open(&buckets, &counted, at(0)).settle(&taken(&[(1, 1_000_000), (1, 25_000)]));
        open(&buckets, &counted, at(1)).settle(&taken(&[(1, 2_000_000), (2, 75_000)]));
        drop(open(&buckets, &counted, at(2)));
        assert_eq!(open(&buckets, &counted, at(3)).asks().len(), 1, "the key's unit is there again");
        let key = &counted[1..];
        assert_eq!(decided(&buckets, key, at(4)).refused, None);
        drop(open(&buckets, key, at(5)));
        assert_eq!(open(&buckets, key, at(6)).asks()[0].wanted, 2, "the next one may ask for a lease");
    }

    #[test]
    fn memory_is_bounded_and_forgets_emptied_buckets_last() {
        let buckets = Buckets::default();
        let emptied = [counted(Subject::Address, "emptied", "1/1h:1")];
        open(&buckets, &emptied, at(0)).settle_here();
        for number in 0..3 * MOST {
            let one = [counted(Subject::Address, &format!("a{number}"), "100/60s:100")];
            open(&buckets, &one, at(i64::try_from(number).unwrap() / 100)).settle_here();
        }
        assert!(buckets.len() <= MOST);
        assert!(decided(&buckets, &emptied, at(1_000)).refused.is_some());
    }
}
