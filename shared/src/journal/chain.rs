//! Reading an organization's audit log from its first row to its last, and telling what was done to it
//! from outside.
//!
//! Row `n` keeps `hash(n) = H(hash(n - 1) ‖ content(n))`; a head of its own keeps the newest number and hash.
//! The migration that makes the tables says what that shows and what it cannot.

use std::collections::VecDeque;
use std::fmt;

use crate::kernel::report::Report;

/// 32 bytes of SHA-256.
pub type Digest = [u8; 32];

/// How many of the rows before it a row is held against, to tell an inserted row from a changed one.
const LOOK_BACK: usize = 64;

/// One row, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// 1, 2, 3 ... in each organization.
    pub number: i64,
    pub id: String,
    /// Of the row's fields, computed anew.
    pub content: Digest,
    /// As it is stored.
    pub hash: Digest,
}

/// The newest row's number and hash: as the database keeps them apart from the rows, or as somebody wrote
/// them down earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub number: i64,
    pub hash: Digest,
}

/// What was done to the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No row at all, where every log begins with its organization's.
    Empty,
    /// The rows with these numbers are gone.
    Removed {
        first: i64,
        last: i64,
    },
    /// The rows around it fit together without it.
    Inserted {
        number: i64,
        id: String,
    },
    /// It does not follow from its own fields and the row before it.
    Changed {
        number: i64,
        id: String,
    },
    /// Rows that the head knows nothing of.
    BeyondHead {
        first: i64,
        last: i64,
    },
    NoHead,
    /// The head has the number of the last row, and another hash.
    HeadDiffers {
        number: i64,
        id: String,
    },
    /// A hash that was written down earlier is another one now.
    Rewritten {
        number: i64,
        id: String,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Empty => f.write_str("there is no row at all: all were removed, and the head with them"),
            Fault::Removed { first, last } if first == last => write!(f, "row {first} was removed"),
            Fault::Removed { first, last } => write!(f, "rows {first} to {last} were removed"),
            Fault::Inserted { number, id } => write!(f, "row {number} ({id}) was inserted"),
            Fault::Changed { number, id } => write!(
                f,
                "row {number} ({id}) does not match its hash: it was changed, or the row before it was changed or \
                 removed with the numbers closed up"
            ),
            Fault::BeyondHead { first, last } => {
                write!(f, "rows {first} to {last} stand beyond the head: they were inserted, or the head was set back")
            }
            Fault::NoHead => f.write_str("the head was removed"),
            Fault::HeadDiffers { number, id } => {
                write!(
                    f,
                    "row {number} ({id}), the last one, is not the one the head knows: one of the two was changed"
                )
            }
            Fault::Rewritten { number, id } => write!(
                f,
                "row {number} ({id}) has not the hash that was written down: the log was written anew up to there, \
                 or further"
            ),
        }
    }
}

/// Takes the rows of one organization in the order of their numbers. `next` is the chain's step: the hash of
/// a row from the hash before it and the row's content.
pub struct Verifier<N> {
    next: N,
    written_down: Option<Head>,
    /// The last rows, newest last; before them, what stands before the first row.
    recent: VecDeque<Seen>,
    report: Report<Fault>,
}

struct Seen {
    number: i64,
    id: String,
    hash: Digest,
}

impl<N: Fn(&Digest, &Digest) -> Digest> Verifier<N> {
    /// `start` stands before the first row; `written_down` is a head of this log that was kept elsewhere.
    pub fn new(start: Digest, next: N, written_down: Option<Head>) -> Verifier<N> {
        let start = Seen { number: 0, id: String::new(), hash: start };
        Verifier { next, written_down, recent: VecDeque::from([start]), report: Report::default() }
    }

    pub fn push(&mut self, link: Link) {
        self.report.row();
        let follows = |before: &Seen| (self.next)(&before.hash, &link.content) == link.hash;
        let last = self.recent.back().map_or(0, |seen| seen.number);
        let is_next = link.number == last.saturating_add(1);
        if link.number <= last {
            // Only where the unique index was taken away.
            return self.report.fault(Fault::Inserted { number: link.number, id: link.id });
        }
        if let Some(at) = self.recent.iter().rposition(follows) {
            let after = at.saturating_add(1);
            let inserted: Vec<Seen> = self.recent.drain(after..).collect();
            for row in inserted {
                self.report
                    .faults
                    .retain(|fault| !matches!(fault, Fault::Changed { number, .. } if *number == row.number));
                self.report.fault(Fault::Inserted { number: row.number, id: row.id });
            }
            if !is_next {
                // It follows, so nothing is missing before it: its number is what was changed.
                self.report.fault(Fault::Changed { number: link.number, id: link.id.clone() });
            }
        } else if is_next {
            self.report.fault(Fault::Changed { number: link.number, id: link.id.clone() });
        } else {
            // Without the row before it, it cannot be held against anything.
            self.report.fault(Fault::Removed { first: last.saturating_add(1), last: link.number.saturating_sub(1) });
        }
        if self.written_down.is_some_and(|head| head.number == link.number && head.hash != link.hash) {
            self.report.fault(Fault::Rewritten { number: link.number, id: link.id.clone() });
        }
        if LOOK_BACK <= self.recent.len() {
            self.recent.pop_front();
        }
        self.recent.push_back(Seen { number: link.number, id: link.id, hash: link.hash });
    }

    /// `head` is the database's, read in one snapshot with the last rows.
    pub fn finish(mut self, head: Option<Head>) -> Report<Fault> {
        let last = self.recent.pop_back().unwrap_or(Seen { number: 0, id: String::new(), hash: Digest::default() });
        let first_missing = last.number.saturating_add(1);
        let known = head.map_or(0, |head| head.number);
        let written_down = self.written_down.map_or(0, |head| head.number);
        match head {
            None if last.number == 0 => self.report.fault(Fault::Empty),
            None => self.report.fault(Fault::NoHead),
            Some(head) if head.number < last.number => {
                self.report.fault(Fault::BeyondHead { first: head.number.saturating_add(1), last: last.number });
            }
            Some(head) if head.number == last.number && head.hash != last.hash => {
                self.report.fault(Fault::HeadDiffers { number: last.number, id: last.id });
            }
            Some(_) => {}
        }
        let newest = known.max(written_down);
        if last.number < newest {
            self.report.fault(Fault::Removed { first: first_missing, last: newest });
        }
        self.report
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Digest = [7; 32];

    /// Stands in for SHA-256: mixes every byte with all bytes before it.
    fn next(previous: &Digest, content: &Digest) -> Digest {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut hash = [0; 32];
        for mixed in hash.chunks_exact_mut(8) {
            for byte in previous.iter().chain(content) {
                state = (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(23);
            }
            mixed.copy_from_slice(&state.to_be_bytes());
        }
        hash
    }

    fn content(of: &str) -> Digest {
        next(&START, &of.bytes().chain([0; 32]).take(32).collect::<Vec<_>>().try_into().unwrap())
    }

    fn log(rows: i64) -> Vec<Link> {
        let mut previous = START;
        (1..=rows)
            .map(|number| {
                let content = content(&number.to_string());
                previous = next(&previous, &content);
                Link { number, id: format!("aud_{number}"), content, hash: previous }
            })
            .collect()
    }

    fn head(log: &[Link]) -> Option<Head> {
        log.last().map(|link| Head { number: link.number, hash: link.hash })
    }

    fn verify(log: &[Link], head: Option<Head>, written_down: Option<Head>) -> Vec<Fault> {
        let mut verifier = Verifier::new(START, next, written_down);
        log.iter().for_each(|link| verifier.push(link.clone()));
        let report = verifier.finish(head);
        assert_eq!(report.rows, log.len() as u64);
        report.faults
    }

    fn changed(number: i64) -> Fault {
        Fault::Changed { number, id: format!("aud_{number}") }
    }

    fn stranger(number: i64, hash: Digest) -> Link {
        Link { number, id: "aud_stranger".to_owned(), content: content("stranger"), hash }
    }

    fn renumbered(mut log: Vec<Link>) -> Vec<Link> {
        (1..).zip(&mut log).for_each(|(number, link)| link.number = number);
        log
    }

    #[test]
    fn an_untouched_log_has_no_faults() {
        let good = log(200);
        assert_eq!(verify(&good, head(&good), None), []);
        assert_eq!(verify(&good, head(&good), head(&good[..120])), []);
    }

    #[test]
    fn a_changed_row_is_named() {
        let mut fields = log(9);
        fields[4].content = content("other");
        assert_eq!(verify(&fields, head(&log(9)), None), [changed(5)]);
        // With a hash that fits its new fields: the next row no longer follows.
        let mut rehashed = fields.clone();
        rehashed[4].hash = next(&rehashed[3].hash, &rehashed[4].content);
        assert_eq!(verify(&rehashed, head(&log(9)), None), [changed(6)]);
        // The last row has no next one; the head tells.
        let mut last = log(9);
        last[8].content = content("other");
        last[8].hash = next(&last[7].hash, &last[8].content);
        assert_eq!(verify(&last, head(&log(9)), None), [Fault::HeadDiffers { number: 9, id: "aud_9".to_owned() }]);
        let mut number = log(9);
        number[8].number = 12;
        assert_eq!(
            verify(&number, Some(Head { number: 12, hash: number[8].hash }), None),
            [Fault::Changed { number: 12, id: "aud_9".to_owned() }]
        );
    }

    #[test]
    fn removed_rows_are_named_wherever_they_were() {
        for (gone, first, last) in [(0..2, 1, 2), (3..4, 4, 4), (6..9, 7, 9), (0..9, 1, 9)] {
            let mut left = log(9);
            left.drain(gone);
            assert_eq!(verify(&left, head(&log(9)), None), [Fault::Removed { first, last }]);
        }
        let mut closed_up = log(9);
        closed_up.remove(3);
        let closed_up = renumbered(closed_up);
        assert_eq!(verify(&closed_up, head(&closed_up), None), [Fault::Changed { number: 4, id: "aud_5".to_owned() }]);
    }

    #[test]
    fn an_inserted_row_is_named_whether_it_fits_the_row_before_it_or_not() {
        for fits in [false, true] {
            for at in 0..9 {
                let mut more = log(9);
                let before = if at == 0 { START } else { more[at - 1].hash };
                let hash = if fits { next(&before, &content("stranger")) } else { content("noise") };
                more.insert(at, stranger(0, hash));
                let more = renumbered(more);
                let inserted = Fault::Inserted { number: at as i64 + 1, id: "aud_stranger".to_owned() };
                assert_eq!(verify(&more, head(&more), None), [inserted], "{fits} {at}");
            }
        }
        let mut twice = log(9);
        twice.insert(4, stranger(4, content("noise")));
        let inserted = Fault::Inserted { number: 4, id: "aud_stranger".to_owned() };
        assert_eq!(verify(&twice, head(&log(9)), None), [inserted]);
    }

    #[test]
    fn rows_after_the_last_one_are_seen_by_the_head() {
        let mut more = log(9);
        let hash = next(&more[8].hash, &content("stranger"));
        more.push(stranger(10, hash));
        assert_eq!(verify(&more, head(&log(9)), None), [Fault::BeyondHead { first: 10, last: 10 }]);
        assert_eq!(verify(&log(9), None, None), [Fault::NoHead]);
        assert_eq!(verify(&[], None, None), [Fault::Empty]);
    }

    #[test]
    fn a_log_that_was_written_anew_is_held_against_what_was_written_down() {
        let good = log(9);
        let mut anew = good.clone();
        anew[2].content = content("other");
        for at in 2..9 {
            anew[at].hash = next(&anew[at - 1].hash, &anew[at].content);
        }
        assert_eq!(verify(&anew, head(&anew), None), []);
        let rewritten = Fault::Rewritten { number: 5, id: "aud_5".to_owned() };
        assert_eq!(verify(&anew, head(&anew), head(&good[..5])), [rewritten]);
        // The newest rows and the head set back together.
        assert_eq!(verify(&good[..4], head(&good[..4]), None), []);
        assert_eq!(verify(&good[..4], head(&good[..4]), head(&good[..7])), [Fault::Removed { first: 5, last: 7 }]);
    }

    #[test]
    fn faults_without_end_are_counted() {
        let mut noise = log(1_200);
        noise.iter_mut().for_each(|link| link.hash = content(&link.id));
        let mut verifier = Verifier::new(START, next, None);
        noise.iter().for_each(|link| verifier.push(link.clone()));
        let report = verifier.finish(head(&noise));
        assert_eq!((report.faults.len(), report.unlisted), (1_000, 200));
    }

    proptest! {
        #[test]
        fn no_single_change_goes_unseen(rows in 1..40_usize, at in 0..40_usize, kind in 0..4_u8) {
            let good = log(rows as i64);
            let at = at % rows;
            let mut tampered = good.clone();
            match kind {
                0 => tampered[at].content = content("other"),
                1 => tampered[at].hash = content("other"),
                2 => drop(tampered.remove(at)),
                _ => tampered.insert(at, stranger(at as i64 + 1, content("noise"))),
            }
            prop_assert!(!verify(&tampered, head(&good), None).is_empty());
            let tampered = renumbered(tampered);
            prop_assert!(!verify(&tampered, head(&good), None).is_empty());
        }
    }
}
