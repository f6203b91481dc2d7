//! SKUs for variants that have none.

use xxhash_rust::xxh3::Xxh3Default;

use crate::kernel::handle::Handle;
use crate::kernel::sku::Sku;

/// The SKU of a variant without one. It depends on nothing but the product's handle and the variant's option
/// values, so it is the same on every import, and it differs from every other synthesised SKU.
///
/// Where all values are ASCII letters and digits: the handle and the values, joined by `_`, such as
/// `trail-jacket_M_Red`. Handles and values hold no `_`, so different variants get different texts.
///
/// Else, or where that has more than 64 characters: the same with each value as a slug, cut to 51 characters,
/// then `.` and 12 hexadecimal digits of the XXH3 hash of handle and values, such as
/// `trail-jacket_deep-red.0c4f1b6a92d7`.
pub(in crate::catalog) fn synthesise(handle: &Handle, option_values: &[String]) -> Option<Sku> {
    let is_plain = |value: &String| !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if option_values.iter().all(is_plain) {
        let mut text = handle.to_string();
        for value in option_values {
            text.push('_');
            text.push_str(value);
        }
        if text.chars().count() <= MOST_CHARS {
            return text.parse().ok();
        }
    }
    hashed(handle, option_values)
}

/// The second form of [`synthesise`], also used where another variant has the first as its own.
pub(super) fn hashed(handle: &Handle, option_values: &[String]) -> Option<Sku> {
    let mut text = handle.to_string();
    let mut hash = Xxh3Default::new();
    hash.update(handle.as_str().as_bytes());
    for value in option_values {
        hash.update(b"\x1f");
        hash.update(value.as_bytes());
        text.push('_');
        text.push_str(Handle::slugify(value).as_ref().map_or("", Handle::as_str));
    }
    let readable: String = text.chars().take(READABLE_CHARS).collect();
    format!("{readable}.{:012x}", hash.digest() >> 16).parse().ok()
}

/// Shorter than what a merchant may give: it is read by people.
const MOST_CHARS: usize = 64;
/// What is left of these beside the dot and twelve digits.
const READABLE_CHARS: usize = 51;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn sku(handle: &str, values: &[&str]) -> String {
        let values: Vec<String> = values.iter().map(|&value| value.to_owned()).collect();
        synthesise(&handle.parse().unwrap(), &values).unwrap().to_string()
    }

    #[test]
    fn the_forms_are_stable() {
        // Changing any of these gives every merchant's variants new SKUs on the next import.
        assert_eq!(sku("trail-jacket", &[]), "trail-jacket");
        assert_eq!(sku("trail-jacket", &["M", "Red"]), "trail-jacket_M_Red");
        assert_eq!(sku("trail-jacket", &["M", "Deep red"]), "trail-jacket_m_deep-red.1e577f43f7c4");
        assert_eq!(sku("mug", &["🏕️"]), "mug_.80574dec0c16");
        let long = "a".repeat(255);
        assert_eq!(sku(&long, &["M"]), format!("{}.8ebd4fff3dad", "a".repeat(51)));
    }

    #[test]
    fn values_that_read_alike_get_different_skus() {
        let all = [
            sku("tent", &["1/2"]),
            sku("tent", &["1-2"]),
            sku("tent", &["1 2"]),
            sku("tent", &["1", "2"]),
            sku("tent", &["12"]),
            sku("tent", &["a", "b c"]),
            sku("tent", &["a b", "c"]),
            sku("tent", &["Red"]),
            sku("tent", &["red"]),
            sku("tent-red", &[]),
        ];
        assert_eq!(BTreeSet::from_iter(&all).len(), all.len(), "{all:?}");
    }

    proptest! {
        #[test]
        fn any_option_values_have_a_sku(handle in "[a-zé0-9-]{1,120}", values in prop::collection::vec(".{1,99}", 0..4)) {
            let handle: Handle = handle.parse().unwrap();
            prop_assert!(synthesise(&handle, &values).is_some());
            prop_assert!(hashed(&handle, &values).is_some());
        }
    }
}
