//! The prior price of a reduction, which the law has shown beside it.
//!
//! Directive 98/6/EC, Article 6a, as Directive (EU) 2019/2161 added it: whoever announces a price reduction indicates
//! the prior price (1), which is the lowest price applied during at least 30 days before the application of the price
//! reduction (2). So it is fixed when the reduction begins and does not move with time. Each further reduction is one
//! of its own here, measured against what was applied before it: member states may allow the price before the first
//! one instead (5), none asks for it. A product that has been sold for a shorter time is measured by that (4).
//! Commission notice 2021/C 526/02 explains it: each currency is a price of its own, as each sales channel is.

use crate::kernel::time::Timestamp;

/// How far back the prices before a reduction count: 30 days.
pub const WINDOW_MILLIS: i64 = 30 * 24 * 60 * 60 * 1000;

/// The lowest price that was applied in the 30 days before `began`, in minor units; `None` where there was none.
///
/// `history` says from which moments on which price was applied, in any order, and `None` where there was none; of
/// two entries of one moment, the later one of the history holds. The price in force as the 30 days begin counts;
/// what applies at `began`, or later, does not.
pub fn lowest_before(history: impl IntoIterator<Item = (Timestamp, Option<i64>)>, began: Timestamp) -> Option<i64> {
    let start = began.millis().saturating_sub(WINDOW_MILLIS);
    let mut in_force: Option<(i64, Option<i64>)> = None;
    let mut lowest: Option<i64> = None;
    for (at, price) in
        history.into_iter().map(|(at, price)| (at.millis(), price)).filter(|(at, _)| *at < began.millis())
    {
        if start < at {
            lowest = lowest.into_iter().chain(price).min();
        } else if in_force.is_none_or(|(last, _)| last <= at) {
            in_force = Some((at, price));
        }
    }
    lowest.into_iter().chain(in_force.and_then(|(_, price)| price)).min()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BEGAN: i64 = 100 * 86_400_000;

    fn lowest(history: &[(i64, Option<i64>)]) -> Option<i64> {
        let moment = |(at, price): &(i64, Option<i64>)| (Timestamp::from_millis(*at), *price);
        lowest_before(history.iter().map(moment), Timestamp::from_millis(BEGAN))
    }

    #[test]
    fn what_was_applied_within_thirty_days_counts_and_nothing_else() {
        let start = BEGAN - WINDOW_MILLIS;
        for (history, expected) in [
            (vec![], None),
            // In force as the days begin, whenever it was set.
            (vec![(0, Some(100))], Some(100)),
            (vec![(0, Some(50)), (start, Some(100))], Some(100)),
            (vec![(0, Some(50)), (start + 1, Some(100))], Some(50)),
            // What begins with the reduction, or later, does not count.
            (vec![(0, Some(100)), (BEGAN, Some(60))], Some(100)),
            (vec![(0, Some(100)), (BEGAN + 1, Some(60))], Some(100)),
            (vec![(0, Some(100)), (BEGAN - 1, Some(60))], Some(60)),
            // A campaign in between, over again.
            (vec![(0, Some(100)), (start + 5, Some(70)), (start + 9, Some(100))], Some(70)),
            (vec![(0, Some(100)), (start - 9, Some(70)), (start - 5, Some(100))], Some(100)),
            // On sale for a shorter time, and not at all.
            (vec![(BEGAN - 5, Some(90))], Some(90)),
            (vec![(0, Some(10)), (start - 1, None)], None),
            (vec![(0, Some(10)), (start + 1, None)], Some(10)),
            // Of one moment, the later one.
            (vec![(0, Some(10)), (0, Some(100))], Some(100)),
        ] {
            assert_eq!(lowest(&history), expected, "{history:?}");
        }
    }

    proptest! {
        /// Each entry holds from its moment to the next one's.
        #[test]
        fn it_is_the_lowest_of_the_spans_that_reach_into_the_window(
            moments in prop::collection::btree_map(-5..45_i64, prop::option::of(0..50_i64), 0..12),
            turn in 0..12_usize,
        ) {
            let start = BEGAN - WINDOW_MILLIS;
            let mut history: Vec<_> = moments.iter().map(|(day, price)| (start + day * 86_400_000, *price)).collect();
            let spans = history.iter().enumerate().filter(|(at, (from, _))| {
                let until = history.get(at + 1).map_or(i64::MAX, |next| next.0);
                *from < BEGAN && start < until
            });
            let expected = spans.filter_map(|(_, (_, price))| *price).min();
            prop_assert_eq!(lowest(&history), expected);
            let middle = turn.min(history.len());
            history.rotate_left(middle);
            prop_assert_eq!(lowest(&history), expected);
        }

        #[test]
        fn no_moment_is_a_panic(history in prop::collection::vec((any::<i64>(), any::<Option<i64>>()), 0..9), began: i64) {
            let moments = history.iter().map(|(at, price)| (Timestamp::from_millis(*at), *price));
            if let Some(found) = lowest_before(moments, Timestamp::from_millis(began)) {
                prop_assert!(history.iter().any(|(at, price)| *at < began && *price == Some(found)));
            }
        }
    }
}
