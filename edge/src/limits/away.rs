//! Whether Redis is away. While it is, no request asks it: one probe a second does, after a response.

use std::sync::atomic::{AtomicI64, Ordering};

use headlesspro_shared::kernel::time::Timestamp;

/// Between two probes, in milliseconds.
const PAUSE_MILLIS: i64 = 1_000;

/// 0 while Redis answers, else the moment of the next probe.
#[derive(Debug, Default)]
pub(super) struct Away(AtomicI64);

impl Away {
    pub(super) fn is_away(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    /// Redis did not answer. Answers whether that is news.
    pub(super) fn lost(&self, now: Timestamp) -> bool {
        self.0.compare_exchange(0, next(now), Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Redis answered a probe.
    pub(super) fn found(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Whether it is time for a probe, which whoever is told so makes.
    pub(super) fn is_probe_due(&self, now: Timestamp) -> bool {
        let due = self.0.load(Ordering::Relaxed);
        let left = due.saturating_sub(now.millis());
        // A clock that was set back must not put the probe off.
        let is_due = due != 0 && !(1..=PAUSE_MILLIS).contains(&left);
        is_due && self.0.compare_exchange(due, next(now), Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// Never 0, which means that nothing is to be probed.
fn next(now: Timestamp) -> i64 {
    now.millis().saturating_add(PAUSE_MILLIS).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_probe_a_second_until_one_is_answered() {
        let away = Away::default();
        let at = |millis: i64| Timestamp::from_millis(1_795_512_600_000 + millis);
        assert!(!away.is_away() && !away.is_probe_due(at(0)));
        assert!(away.lost(at(0)));
        assert!(!away.lost(at(10)), "no news");
        let probes: Vec<i64> = (0..40).map(|step| step * 100).filter(|step| away.is_probe_due(at(*step))).collect();
        assert_eq!(probes, [1_000, 2_000, 3_000]);
        assert!(away.is_away());
        assert!(away.is_probe_due(at(-60_000)), "a clock that was set back");
        away.found();
        assert!(!away.is_away() && !away.is_probe_due(at(9_000)));
    }
}
