//! Sorting that is compiled once.
//!
//! The standard library's sorts are compiled for each type that is sorted, which is some kilobytes of a module for each.
//! This one sorts places, whatever stands there.

use std::cmp::Ordering;

/// Sorts by `key`, which is asked once for each item. Those with equal keys stay in their order.
pub fn sort_by_key<T, K: Ord>(items: &mut [T], key: impl FnMut(&T) -> K) {
    let keys: Vec<K> = items.iter().map(key).collect();
    let mut goes_to = destinations(keys.len(), &|one, other| keys.get(one).cmp(&keys.get(other)));
    for at in 0..items.len() {
        while let Some(to) = goes_to.get(at).copied().filter(|to| *to != at) {
            items.swap(at, to);
            goes_to.swap(at, to);
        }
    }
}

/// Where each of so many goes.
fn destinations(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut sorted: Vec<usize> = (0..count).collect();
    sorted.sort_by(|one, other| compare(*one, *other));
    let mut goes_to = vec![0; count];
    for (to, from) in sorted.into_iter().enumerate() {
        if let Some(slot) = goes_to.get_mut(from) {
            *slot = to;
        }
    }
    goes_to
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_sorts_as_the_standard_library_does(keys: Vec<u8>) {
            let mut ours: Vec<(u8, usize)> = keys.into_iter().zip(0..).collect();
            let mut theirs = ours.clone();
            theirs.sort_by_key(|(key, _)| *key);
            sort_by_key(&mut ours, |(key, _)| *key);
            prop_assert_eq!(ours, theirs);
        }
    }
}
