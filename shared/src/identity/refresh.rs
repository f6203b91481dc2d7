//! Rotation of refresh tokens: each is good once, and what comes twice was stolen.

use super::Generation;
use crate::kernel::time::Timestamp;

/// How long a token that has been rotated still answers with its successor, in milliseconds: two tabs of one
/// browser refresh at the same moment, and an answer gets lost on the way.
pub const GRACE_MILLIS: i64 = 10_000;

/// How far the clocks of two edges may be apart, in milliseconds.
const SKEW_MILLIS: i64 = 60_000;

/// What the session's row says of its refresh tokens: the family of all that one login led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    pub current: Generation,
    /// When `current` took the place of the one before.
    pub rotated_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked: bool,
}

/// What a genuine token (its MAC was found good) leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// Issue `next`, by an update that is guarded by the current generation. Who loses that race reads the row
    /// and decides again.
    Rotate {
        next: Generation,
    },
    /// Answer with the successor once more, which is the current token; write nothing.
    Repeat {
        successor: Generation,
    },
    /// Somebody else has used it: revoke the family and write it to the audit log.
    Theft,
    Expired,
    Revoked,
    /// Newer than the row, which therefore is not the latest (a replica, a restored backup). Refused, and nothing
    /// is revoked: its holder did nothing wrong.
    Ahead,
}

/// Decides what becomes of a refresh token of generation `presented`.
///
/// Source: RFC 9700 (OAuth 2.0 Security Best Current Practice), section 4.14.2, refresh token rotation.
pub fn refresh(presented: Generation, family: &Family, now: Timestamp) -> Refresh {
    if family.revoked {
        return Refresh::Revoked;
    }
    if family.expires_at <= now {
        return Refresh::Expired;
    }
    if family.current < presented {
        return Refresh::Ahead;
    }
    if presented == family.current {
        // Four thousand million rotations: not in the life of a session.
        return presented.next().map_or(Refresh::Expired, |next| Refresh::Rotate { next });
    }
    let age = now.millis().saturating_sub(family.rotated_at.millis());
    if presented.next() == Some(family.current) && (-SKEW_MILLIS..=GRACE_MILLIS).contains(&age) {
        return Refresh::Repeat { successor: family.current };
    }
    Refresh::Theft
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIFE: i64 = 30 * 86_400_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn family(current: u32, rotated_at: i64) -> Family {
        Family { current: Generation(current), rotated_at: at(rotated_at), expires_at: at(LIFE), revoked: false }
    }

    /// The row, behind the guarded update that edge commits.
    struct Row(Family);

    impl Row {
        /// One refresh as edge does it: decides on what was `read`, and anew when the guard refuses.
        /// Answers with the generation the client gets.
        fn refresh(&mut self, presented: Generation, read: Family, now: Timestamp) -> Result<Generation, Refresh> {
            match refresh(presented, &read, now) {
                Refresh::Rotate { next } if self.0.current == read.current && !self.0.revoked => {
                    self.0 = Family { current: next, rotated_at: now, ..self.0 };
                    Ok(next)
                }
                Refresh::Rotate { .. } => self.refresh(presented, self.0, now),
                Refresh::Repeat { successor } => Ok(successor),
                Refresh::Theft => {
                    self.0.revoked = true;
                    Err(Refresh::Theft)
                }
                refused => Err(refused),
            }
        }
    }

    #[test]
    fn each_case_has_its_answer() {
        let old = family(7, 1_000_000);
        for (presented, now, expected) in [
            (7, 2_000_000, Refresh::Rotate { next: Generation(8) }),
            (6, 1_000_000, Refresh::Repeat { successor: Generation(7) }),
            (6, 1_010_000, Refresh::Repeat { successor: Generation(7) }),
            (6, 1_010_001, Refresh::Theft),
            (6, 940_000, Refresh::Repeat { successor: Generation(7) }),
            (6, 939_999, Refresh::Theft),
            (5, 1_000_000, Refresh::Theft),
            (8, 1_000_000, Refresh::Ahead),
            (7, LIFE - 1, Refresh::Rotate { next: Generation(8) }),
            (7, LIFE, Refresh::Expired),
            (5, LIFE, Refresh::Expired),
        ] {
            assert_eq!(refresh(Generation(presented), &old, at(now)), expected, "{presented} at {now}");
            let revoked = Family { revoked: true, ..old };
            assert_eq!(refresh(Generation(presented), &revoked, at(now)), Refresh::Revoked);
        }
        assert_eq!(refresh(Generation(u32::MAX), &family(u32::MAX, 0), at(1)), Refresh::Expired);
    }

    #[test]
    fn a_thousand_parallel_refreshes_have_one_winner_and_log_nobody_out() {
        let mut row = Row(family(1, -1_000_000));
        let read = row.0;
        let got: Vec<_> = (0..1_000).map(|delay| row.refresh(Generation(1), read, at(delay * 10))).collect();
        assert!(got.iter().all(|answer| *answer == Ok(Generation(2))));
        assert_eq!(row.0, family(2, 0));
    }

    proptest! {
        #[test]
        fn any_numbers_have_an_answer(presented: u32, current: u32, rotated: i64, expires: i64, now: i64, revoked: bool) {
            let family =
                Family { current: Generation(current), rotated_at: at(rotated), expires_at: at(expires), revoked };
            match refresh(Generation(presented), &family, at(now)) {
                Refresh::Rotate { next } => {
                    prop_assert_eq!((presented, Some(next)), (current, Generation(current).next()));
                    prop_assert!(!revoked && now < expires);
                }
                Refresh::Repeat { successor } => {
                    prop_assert_eq!((successor, Generation(presented).next()), (Generation(current), Some(successor)));
                    prop_assert!(!revoked && now < expires);
                }
                Refresh::Theft => prop_assert!(presented < current),
                Refresh::Ahead => prop_assert!(current < presented),
                Refresh::Expired | Refresh::Revoked => {}
            }
        }

        /// Bursts of parallel refreshes, each with the newest token its client has when the burst begins, seen by
        /// edges whose reads are as old as the burst.
        #[test]
        fn an_honest_client_is_never_logged_out(
            bursts in prop::collection::vec((GRACE_MILLIS + 1..LIFE / 100, prop::collection::vec(0..=GRACE_MILLIS, 1..20)), 1..20),
        ) {
            let mut row = Row(family(1, 0));
            let (mut clock, mut held) = (0, Generation(1));
            for (pause, mut delays) in bursts {
                clock += pause;
                delays.sort_unstable();
                // The grace counts from the first of the burst, which rotates.
                let first = delays[0];
                let read = row.0;
                let mut newest = held;
                for delay in &delays {
                    let answer = row.refresh(held, read, at(clock + delay - first));
                    prop_assert!(answer.is_ok(), "{:?}", answer);
                    newest = newest.max(answer.unwrap());
                }
                prop_assert_eq!(Some(newest), held.next(), "one winner");
                held = newest;
                clock += GRACE_MILLIS;
            }
        }

        /// A thief copies the client's token at some moment; then each refreshes with what it has, in any order
        /// and at any distance. Steps are true for the thief.
        #[test]
        fn thief_and_client_cannot_both_go_on(
            steps in prop::collection::vec((any::<bool>(), 0..3 * GRACE_MILLIS), 1..40),
        ) {
            let mut row = Row(family(1, 0));
            let (mut clock, mut held) = (GRACE_MILLIS, [Generation(1); 2]);
            for (thief, pause) in steps {
                clock += pause;
                let before = row.0;
                let who = usize::from(thief);
                let answer = row.refresh(held[who], before, at(clock));
                if before.revoked {
                    prop_assert_eq!(answer, Err(Refresh::Revoked));
                    continue;
                }
                let is_late = before.current != held[who]
                    && (held[who].next() != Some(before.current) || GRACE_MILLIS < clock - before.rotated_at.millis());
                prop_assert_eq!(answer == Err(Refresh::Theft), is_late, "whoever is late gives the theft away");
                if let Ok(got) = answer {
                    held[who] = got;
                }
                prop_assert_eq!(row.0.revoked, is_late);
            }
        }

        /// With both at work and further apart than the grace, the second one to refresh ends the family.
        #[test]
        fn theft_is_found_at_the_first_refresh_of_the_second_party(
            mut first_runs in 1_u32..10, pauses in GRACE_MILLIS + 1..LIFE / 20, thief_first: bool,
        ) {
            let mut row = Row(family(3, 0));
            let (mut clock, mut held) = (0, [Generation(3); 2]);
            let (first, second) = if thief_first { (1, 0) } else { (0, 1) };
            while 0 < first_runs {
                clock += pauses;
                held[first] = row.refresh(held[first], row.0, at(clock)).unwrap();
                first_runs -= 1;
            }
            clock += pauses;
            prop_assert_eq!(row.refresh(held[second], row.0, at(clock)), Err(Refresh::Theft));
            prop_assert_eq!(row.refresh(held[first], row.0, at(clock)), Err(Refresh::Revoked));
        }
    }
}
