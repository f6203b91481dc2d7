//! Sorted sets.

mod commands;
mod range;

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

pub(super) use commands::COMMANDS;

/// Members by score, and by name where scores are equal.
#[derive(Default)]
pub(super) struct SortedSet {
    scores: HashMap<String, f64>,
    ordered: BTreeSet<Scored>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scored {
    pub(super) score: f64,
    pub(super) member: String,
}

impl Eq for Scored {}

impl PartialOrd for Scored {
    fn partial_cmp(&self, other: &Scored) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scored {
    fn cmp(&self, other: &Scored) -> Ordering {
        self.score.total_cmp(&other.score).then_with(|| self.member.cmp(&other.member))
    }
}

impl SortedSet {
    pub(super) fn len(&self) -> usize {
        self.scores.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }

    pub(super) fn score(&self, member: &str) -> Option<f64> {
        self.scores.get(member).copied()
    }

    /// Lowest score first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Scored> {
        self.ordered.iter()
    }

    pub(super) fn insert(&mut self, member: &str, score: f64) {
        if let Some(before) = self.scores.insert(member.to_owned(), score) {
            self.ordered.remove(&Scored { score: before, member: member.to_owned() });
        }
        self.ordered.insert(Scored { score, member: member.to_owned() });
    }

    pub(super) fn remove(&mut self, member: &str) -> bool {
        let Some((member, score)) = self.scores.remove_entry(member) else { return false };
        self.ordered.remove(&Scored { score, member })
    }
}
