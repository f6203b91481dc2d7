//! When a mail that was not taken is tried again.

use crate::kernel::time::Timestamp;

/// How long whoever took a mail to send it has it alone. Far longer than a provider may take to answer; after it,
/// the mail is somebody else's to send.
pub const LEASE_MILLIS: i64 = 120_000;

/// Pauses after the first attempt, the second ... in minutes: eight attempts in a day.
const PAUSES: [i64; 7] = [1, 5, 15, 60, 180, 360, 720];

/// When to try again after `attempts` attempts. `None`: not at all, for the mail would come too late or was tried
/// often enough.
pub fn next_attempt(attempts: i64, now: Timestamp, expires_at: Timestamp) -> Option<Timestamp> {
    let index = usize::try_from(attempts.checked_sub(1)?).ok()?;
    let pause = PAUSES.get(index)?.checked_mul(60_000)?;
    now.checked_add_millis(pause).filter(|at| *at < expires_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let (now, never) = (Timestamp::from_millis(0), Timestamp::from_millis(i64::MAX));
        let minutes = |attempts| next_attempt(attempts, now, never).map(|at| at.millis() / 60_000);
        assert_eq!(
            (1..=9).map(minutes).collect::<Vec<_>>(),
            [Some(1), Some(5), Some(15), Some(60), Some(180), Some(360), Some(720), None, None]
        );
        assert_eq!([0, -1, i64::MIN, i64::MAX].map(minutes), [None; 4]);
    }

    #[test]
    fn what_would_come_too_late_is_not_tried() {
        let now = Timestamp::from_millis(1_000);
        assert_eq!(next_attempt(1, now, Timestamp::from_millis(61_000)), None);
        assert_eq!(next_attempt(1, now, Timestamp::from_millis(61_001)), Some(Timestamp::from_millis(61_000)));
    }
}
