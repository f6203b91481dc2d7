//! Handles (slugs): the part of a URL that names a product or a category.

use std::fmt::{self, Display};
use std::str::FromStr;

/// 1 to 255 bytes of lower-case letters and digits of any script and `-`: `trail-jacket`, `куртка-3`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle(String);

impl Handle {
    /// The most bytes a handle may have.
    pub const MAX_BYTES: usize = 255;

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Makes a handle from a title: lower case, apostrophes and combining accents dropped, everything else that
    /// may not stand in a handle turned into single dashes, cut to 255 bytes at a character.
    ///
    /// `None` where no letter or digit is left. The handle of a handle without doubled or outer dashes is itself.
    pub fn slugify(text: &str) -> Option<Handle> {
        let mut slug = String::with_capacity(text.len().min(Handle::MAX_BYTES));
        let mut gap = false;
        for c in text.chars().flat_map(char::to_lowercase) {
            if matches!(c, '\'' | '\u{2019}' | '\u{300}'..='\u{36f}') {
                continue;
            }
            if !is_lower_alphanumeric(c) {
                gap = true;
                continue;
            }
            let dash = gap && !slug.is_empty();
            let needed = c.len_utf8().saturating_add(usize::from(dash));
            if Handle::MAX_BYTES < slug.len().saturating_add(needed) {
                break;
            }
            if dash {
                slug.push('-');
            }
            slug.push(c);
            gap = false;
        }
        (!slug.is_empty()).then_some(Handle(slug))
    }
}

fn is_lower_alphanumeric(c: char) -> bool {
    // Some letters, such as mathematical capitals, are upper case and have no lower case.
    c.is_alphanumeric() && !c.is_uppercase() && c.to_lowercase().eq(std::iter::once(c))
}

/// Why a text is not a handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHandle {
    #[error("the handle is empty")]
    Empty,
    #[error("the handle is longer than 255 bytes")]
    TooLong,
    #[error("the handle may hold only lower-case letters, digits and `-`")]
    Character,
}

impl FromStr for Handle {
    type Err = InvalidHandle;

    fn from_str(text: &str) -> Result<Handle, InvalidHandle> {
        if text.is_empty() {
            Err(InvalidHandle::Empty)
        } else if Handle::MAX_BYTES < text.len() {
            Err(InvalidHandle::TooLong)
        } else if !text.chars().all(|c| c == '-' || is_lower_alphanumeric(c)) {
            Err(InvalidHandle::Character)
        } else {
            Ok(Handle(text.to_owned()))
        }
    }
}

impl Display for Handle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

serde_as_text!(Handle, "a handle");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn titles_become_handles() {
        for (title, expected) in [
            ("Trail Jacket", Some("trail-jacket")),
            ("  Women's \"Fjäll\" Parka, 2nd ed. ", Some("womens-fjäll-parka-2nd-ed")),
            ("Cafe\u{301} cre\u{300}me", Some("cafe-creme")),
            ("ÜBER/Größe", Some("über-größe")),
            ("Тёплая куртка", Some("тёплая-куртка")),
            ("登山ジャケット", Some("登山ジャケット")),
            ("İstanbul", Some("istanbul")),
            ("--a--b--", Some("a-b")),
            ("a_b.c", Some("a-b-c")),
            ("", None),
            ("!?!", None),
            ("🏕️", None),
        ] {
            assert_eq!(Handle::slugify(title).as_ref().map(Handle::as_str), expected, "{title}");
        }
    }

    #[test]
    fn only_lower_case_letters_digits_and_dashes_are_handles() {
        for text in ["a", "-", "a--b", "trail-jacket-2", "größe", "куртка", &"a".repeat(255)] {
            assert_eq!(text.parse::<Handle>().unwrap().as_str(), text);
        }
        for (text, error) in [
            ("", InvalidHandle::Empty),
            ("Trail", InvalidHandle::Character),
            ("a b", InvalidHandle::Character),
            ("a/../b", InvalidHandle::Character),
            ("a_b", InvalidHandle::Character),
            ("a\n", InvalidHandle::Character),
            ("\u{1d400}", InvalidHandle::Character),
            ("ǅ", InvalidHandle::Character),
            (&"a".repeat(256), InvalidHandle::TooLong),
        ] {
            assert_eq!(text.parse::<Handle>(), Err(error), "{text:?}");
        }
        let error = serde_json::from_str::<Handle>("\"A b\"").unwrap_err();
        assert!(error.to_string().contains("lower-case letters"), "{error}");
    }

    proptest! {
        #[test]
        fn a_slug_is_a_handle_and_its_own_slug(text in ".{0,300}") {
            if let Some(handle) = Handle::slugify(&text) {
                prop_assert_eq!(handle.to_string().parse(), Ok(handle.clone()));
                prop_assert_eq!(Handle::slugify(handle.as_str()), Some(handle));
            }
        }
    }
}
