//! Lists that adjust other lists: how far, and never in a circle.

use std::collections::BTreeMap;

use crate::kernel::id::PriceListId;

/// A list stands on at most this many others, one upon the other.
pub const MOST_BASES: usize = 4;

/// Why a list cannot be based on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BaseError {
    #[error("{base}, which {list} is based on, does not exist")]
    Unknown { list: PriceListId, base: PriceListId },
    #[error("{list} would be based on itself")]
    Cycle { list: PriceListId },
    #[error("{list} would stand on more than {MOST_BASES} lists, one upon the other")]
    TooDeep { list: PriceListId },
}

/// Decides whether the lists of a store may be written: `bases` has each list, with the one that it is based on, as it
/// would be after the write. The same for a deletion: what another list is based on cannot go.
///
/// Two writes at once can pass this and still close a circle together; resolving is bounded all the same, and a list
/// with a broken base adjusts nothing.
///
/// # Errors
/// [`BaseError`] of the first list, by id, that is wrong; a circle before anything else.
pub fn check_bases(bases: &BTreeMap<PriceListId, Option<PriceListId>>) -> Result<(), BaseError> {
    let mut wrong = None;
    for list in bases.keys() {
        match check_base(*list, |list| bases.get(&list).copied()) {
            Ok(()) => {}
            Err(error @ BaseError::Cycle { .. }) => return Err(error),
            Err(error) => drop(wrong.get_or_insert(error)),
        }
    }
    wrong.map_or(Ok(()), Err)
}

/// Follows what `list` is based on; `base_of` answers `None` for a list that does not exist.
pub(super) fn check_base(
    list: PriceListId,
    base_of: impl Fn(PriceListId) -> Option<Option<PriceListId>>,
) -> Result<(), BaseError> {
    let mut upper = list;
    for _ in 0..=MOST_BASES {
        let Some(base) = base_of(upper).flatten() else { return Ok(()) };
        if base == list {
            return Err(BaseError::Cycle { list });
        }
        if base_of(base).is_none() {
            return Err(BaseError::Unknown { list: upper, base });
        }
        upper = base;
    }
    Err(BaseError::TooDeep { list })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(raw: u8) -> PriceListId {
        PriceListId::from_u128(raw.into())
    }

    fn checked(bases: &[(u8, Option<u8>)]) -> Result<(), BaseError> {
        check_bases(&bases.iter().map(|(list, base)| (id(*list), base.map(id))).collect())
    }

    #[test]
    fn circles_long_chains_and_missing_bases_are_refused() {
        for (bases, expected) in [
            (vec![], Ok(())),
            (vec![(1, None), (2, Some(1)), (3, Some(1))], Ok(())),
            (vec![(1, Some(1))], Err(BaseError::Cycle { list: id(1) })),
            (vec![(1, Some(2)), (2, Some(1))], Err(BaseError::Cycle { list: id(1) })),
            // The circle is named, not the list that leads into it.
            (vec![(1, Some(2)), (2, Some(3)), (3, Some(2))], Err(BaseError::Cycle { list: id(2) })),
            (vec![(1, Some(9))], Err(BaseError::Unknown { list: id(1), base: id(9) })),
            (vec![(1, Some(2)), (2, Some(9))], Err(BaseError::Unknown { list: id(2), base: id(9) })),
            (vec![(1, None), (2, Some(1)), (3, Some(2)), (4, Some(3)), (5, Some(4))], Ok(())),
            (
                vec![(1, None), (2, Some(1)), (3, Some(2)), (4, Some(3)), (5, Some(4)), (6, Some(5))],
                Err(BaseError::TooDeep { list: id(6) }),
            ),
        ] {
            assert_eq!(checked(&bases), expected, "{bases:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_accepted_ends_after_few_steps(bases in prop::collection::btree_map(0..8u8, prop::option::of(0..8u8), 0..8)) {
            let pairs: Vec<_> = bases.iter().map(|(list, base)| (*list, *base)).collect();
            let mut deepest = Some(0);
            for list in bases.keys() {
                let (mut at, mut steps) = (*list, 0);
                while let Some(base) = bases.get(&at).copied().flatten() {
                    if !bases.contains_key(&base) || MOST_BASES <= steps {
                        deepest = None;
                        break;
                    }
                    (at, steps) = (base, steps + 1);
                }
                deepest = deepest.map(|deepest: usize| deepest.max(steps));
            }
            prop_assert_eq!(checked(&pairs).is_ok(), deepest.is_some());
        }
    }
}
