//! What of a book is kept with what was priced by it.

use std::collections::BTreeSet;

use crate::kernel::id::CustomerGroupId;

use super::resolve::Asked;
use super::{PriceBook, PriceList, PriceQuestion};

/// Whom a list is for that is kept, and is not for the buyer: the group with the lowest id, which nobody is in.
const NOBODY: CustomerGroupId = CustomerGroupId::from_u128(0);

impl PriceBook {
    /// The book that answers these questions as this one does, and says no more than that takes: the lists that gave a
    /// price, those whose regular price they replace, and what these are based on, each with the rules that were looked
    /// at. Of the groups that a list is for it names those that the buyer is in; of lists that lost it has nothing.
    ///
    /// The questions are one buyer's, of one moment, in one currency and channel.
    #[must_use]
    pub fn kept_for(&self, questions: &[PriceQuestion<'_>]) -> PriceBook {
        let asked: Vec<Asked<'_>> = questions.iter().map(|question| Asked::new(self, question)).collect();
        let mut kept: BTreeSet<usize> = BTreeSet::new();
        for winner in asked.iter().flat_map(Asked::winners) {
            let mut next = Some(winner);
            while let Some(at) = next.filter(|at| kept.insert(*at)) {
                next = self.bases.get(at).copied().and_then(|base| base.ok().flatten());
            }
        }
        let (mut read, mut lists) = (BTreeSet::new(), Vec::with_capacity(kept.len()));
        for (at, list) in self.lists.iter().enumerate().filter(|(at, _)| kept.contains(at)) {
            // What takes part is asked by every question, or it would give another price than it did, and win. Of what
            // does not, only what was built upon is asked.
            let askers = asked.iter().filter(|asked| asked.takes_part(list).is_ok());
            let rules = askers.flat_map(|asked| asked.read_of(at, list));
            read.extend(rules.map(|(of, rule)| (of, rule.key())));
            lists.push((at, list));
        }
        let list = |(at, list): (usize, &PriceList)| PriceList {
            rules: list.rules.iter().filter(|rule| read.contains(&(at, rule.key()))).copied().collect(),
            ..questions.first().map_or_else(|| list.clone(), |question| list.meant_for(question))
        };
        self.with_lists(lists.into_iter().map(list).collect())
    }
}

impl PriceList {
    /// The same as far as the question tells, without its rules: it takes part or does not, for the same reason.
    fn meant_for(&self, question: &PriceQuestion<'_>) -> PriceList {
        let mut groups = only(&self.groups, |group| question.groups.contains(group));
        if groups.is_empty() && !self.groups.is_empty() {
            groups.push(NOBODY);
        }
        let mut channels = only(&self.channels, |channel| question.channel == Some(*channel));
        if channels.is_empty() {
            channels.clone_from(&self.channels);
        }
        let mut currencies = only(&self.currencies, |currency| question.currency == *currency);
        if currencies.is_empty() {
            currencies.clone_from(&self.currencies);
        }
        let (name, endings) = (self.name.clone(), self.endings.clone());
        PriceList { name, groups, channels, currencies, endings, rules: Vec::new(), ..*self }
    }
}

fn only<T: Copy>(all: &[T], is_asked_for: impl Fn(&T) -> bool) -> Vec<T> {
    all.iter().copied().filter(is_asked_for).collect()
}
