//! Which units of a basket are bought, and which are got for it.

use crate::kernel::order::sort_by_key;
use crate::kernel::quantity::Quantity;

/// `buy` units of some lines entitle to `get` units of some lines, `most` times.
pub(super) struct Terms {
    pub(super) buy: Quantity,
    pub(super) get: Quantity,
    pub(super) most: Option<Quantity>,
}

/// Units by line, at the places that were given.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) got: Vec<(usize, i64)>,
    pub(super) bought: Vec<(usize, i64)>,
}

/// Gets the cheapest units of the lines `get` for the dearest of the lines `buy`, as often as they suffice.
///
/// Both are ascending places of lines; `prices` and `free` say for each place what a unit costs, with what discounts left
/// of that where prices are the same, and how many may be counted. So it makes no difference how units that cost the same
/// are put on lines. A line may be in both: none of its units is then bought and got. The last time, fewer than `get` may be
/// left to get, but not none.
pub(super) fn assign(terms: &Terms, buy: &[usize], get: &[usize], prices: &[(i64, i64)], free: &[i64]) -> Assignment {
    let free_at = |at: usize| free.get(at).copied().unwrap_or(0).max(0);
    let price_at = |at: usize| prices.get(at).copied().unwrap_or_default();
    let is_both = |at: usize| buy.binary_search(&at).is_ok() && get.binary_search(&at).is_ok();
    let (mut to_buy, mut to_get, mut to_both) = (0i64, 0i64, 0i64);
    for &at in buy {
        let count = if is_both(at) { &mut to_both } else { &mut to_buy };
        *count = count.saturating_add(free_at(at));
    }
    for &at in get.iter().filter(|at| !is_both(**at)) {
        to_get = to_get.saturating_add(free_at(at));
    }

    // What has to be bought of lines that are in both; the rest of these can be got.
    let taken = |times: i64| times.saturating_mul(terms.buy.get()).saturating_sub(to_buy).max(0);
    let gettable = |times: i64| to_get.saturating_add(to_both).saturating_sub(taken(times));
    let suffices = |times: i64| {
        taken(times) <= to_both && times.saturating_sub(1).saturating_mul(terms.get.get()) < gettable(times)
    };
    let bound = to_buy.saturating_add(to_both).checked_div(terms.buy.get()).unwrap_or(0);
    let times = largest(terms.most.map_or(bound, |most| bound.min(most.get())), suffices);
    if times == 0 {
        return Assignment::default();
    }

    let mut by_price: Vec<usize> = get.to_vec();
    sort_by_key(&mut by_price, |at| (price_at(*at), *at));
    let mut wanted = times.saturating_mul(terms.get.get());
    let mut spare = to_both.saturating_sub(taken(times));
    let mut assignment = Assignment::default();
    let mut got = vec![0i64; free.len()];
    for at in by_price {
        if wanted == 0 {
            break;
        }
        let most = if is_both(at) { free_at(at).min(spare) } else { free_at(at) };
        let units = most.min(wanted);
        if 0 < units {
            wanted = wanted.saturating_sub(units);
            spare = if is_both(at) { spare.saturating_sub(units) } else { spare };
            assignment.got.push((at, units));
            if let Some(got) = got.get_mut(at) {
                *got = units;
            }
        }
    }

    let mut by_price: Vec<usize> = buy.to_vec();
    sort_by_key(&mut by_price, |at| (std::cmp::Reverse(price_at(*at)), *at));
    let mut wanted = times.saturating_mul(terms.buy.get());
    for at in by_price {
        if wanted == 0 {
            break;
        }
        let got = got.get(at).copied().unwrap_or(0);
        let units = free_at(at).saturating_sub(got).min(wanted);
        if 0 < units {
            wanted = wanted.saturating_sub(units);
            assignment.bought.push((at, units));
        }
    }
    assignment
}

/// The largest number up to `most` that suffices, where none above one that does not does; 0 where 1 does not.
fn largest(most: i64, suffices: impl Fn(i64) -> bool) -> i64 {
    let (mut least, mut most) = (0i64, most.max(0));
    while least < most {
        let middle = most.saturating_sub(most.saturating_sub(least) >> 1);
        if suffices(middle) {
            least = middle;
        } else {
            most = middle.saturating_sub(1);
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn terms(buy: i64, get: i64, most: Option<i64>) -> Terms {
        let quantity = |units: i64| Quantity::try_from(units).unwrap();
        Terms { buy: quantity(buy), get: quantity(get), most: most.map(quantity) }
    }

    #[test]
    fn the_dearest_are_bought_and_the_cheapest_got() {
        // Lines 0, 1 and 2 cost 30, 20 and 10.
        let prices = [(30, 30), (20, 20), (10, 10)];
        for (rule, buy, get, free, got, bought) in [
            (terms(1, 1, None), &[0, 1, 2][..], &[0, 1, 2][..], [1, 1, 0], &[(1, 1)][..], &[(0, 1)][..]),
            (terms(2, 1, None), &[0, 1, 2], &[0, 1, 2], [1, 1, 1], &[(2, 1)], &[(0, 1), (1, 1)]),
            (terms(2, 1, None), &[0, 1, 2], &[0, 1, 2], [2, 2, 2], &[(2, 2)], &[(0, 2), (1, 2)]),
            (terms(2, 1, Some(1)), &[0, 1, 2], &[0, 1, 2], [2, 2, 2], &[(2, 1)], &[(0, 2)]),
            (terms(2, 1, None), &[0], &[0], [2, 0, 0], &[], &[]),
            (terms(2, 1, None), &[0], &[0], [3, 0, 0], &[(0, 1)], &[(0, 2)]),
            (terms(2, 2, None), &[0], &[0], [3, 0, 0], &[(0, 1)], &[(0, 2)]),
            (terms(2, 1, None), &[0], &[1], [4, 1, 0], &[(1, 1)], &[(0, 2)]),
            (terms(1, 1, None), &[0], &[1, 2], [2, 9, 1], &[(2, 1), (1, 1)], &[(0, 2)]),
            (terms(1, 1, None), &[0, 1], &[1, 2], [1, 1, 0], &[(1, 1)], &[(0, 1)]),
            // The last of them is needed as bought, though it is the cheapest.
            (terms(1, 1, None), &[2], &[1, 2], [0, 1, 1], &[(1, 1)], &[(2, 1)]),
            (terms(1, 1, None), &[], &[1], [9, 9, 9], &[], &[]),
        ] {
            let assignment = assign(&rule, buy, get, &prices, &free);
            assert_eq!((&assignment.got[..], &assignment.bought[..]), (got, bought), "{free:?}");
        }
    }

    #[test]
    fn of_one_price_those_are_got_of_which_least_is_left() {
        let assigned =
            |prices: [(i64, i64); 3]| assign(&terms(1, 1, None), &[0, 1, 2], &[0, 1, 2], &prices, &[1, 1, 2]);
        assert_eq!(assigned([(30, 30), (30, 20), (30, 25)]).got, [(1, 1), (2, 1)]);
        assert_eq!(assigned([(30, 30), (30, 20), (30, 25)]).bought, [(0, 1), (2, 1)]);
    }

    proptest! {
        #[test]
        fn no_unit_counts_twice_and_what_is_got_is_paid_for(
            lines in prop::collection::vec((0i64..50, 0i64..12, any::<bool>(), any::<bool>()), 0..8),
            buy in 1i64..5, get in 1i64..4, most in prop::option::of(1i64..4),
        ) {
            let places = |is_in: fn(&(i64, i64, bool, bool)) -> bool| -> Vec<usize> {
                lines.iter().enumerate().filter(|(_, line)| is_in(line)).map(|(at, _)| at).collect()
            };
            let (to_buy, to_get) = (places(|line| line.2), places(|line| line.3));
            let (prices, free): (Vec<(i64, i64)>, Vec<i64>) =
                lines.iter().map(|line| ((line.0, line.0), line.1)).unzip();
            let assignment = assign(&terms(buy, get, most), &to_buy, &to_get, &prices, &free);
            let units = |of: &[(usize, i64)]| of.iter().map(|(_, units)| units).sum::<i64>();
            let (got, bought) = (units(&assignment.got), units(&assignment.bought));
            for (at, free) in free.iter().enumerate() {
                let here = |of: &[(usize, i64)]| of.iter().filter(|part| part.0 == at).map(|part| part.1).sum::<i64>();
                prop_assert!(here(&assignment.got) + here(&assignment.bought) <= *free);
            }
            prop_assert_eq!(bought % buy, 0);
            prop_assert!(got <= bought / buy * get);
            prop_assert!(bought == 0 || (bought / buy - 1) * get < got);
            prop_assert!(most.is_none_or(|most| bought / buy <= most));
            prop_assert!(assignment.got.iter().all(|(at, _)| to_get.contains(at)));
            prop_assert!(assignment.bought.iter().all(|(at, _)| to_buy.contains(at)));
        }
    }
}
