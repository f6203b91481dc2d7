//! The code of a gift card: whoever knows it can spend what is on the card.

use std::fmt;
use std::str::FromStr;

use crate::identity::base32::{self, CROCKFORD};

/// A code in its one canonical form: 16 to 32 capital letters and digits. One that is made has 16 of Crockford's base32,
/// 80 random bits. Only a keyed hash of it may be stored, and its last four characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GiftCardCode(String);

const SHORTEST: usize = 16;
const LONGEST: usize = 32;

impl GiftCardCode {
    pub fn mint(random: [u8; 10]) -> GiftCardCode {
        GiftCardCode(base32::encode(&random, CROCKFORD).to_ascii_uppercase())
    }

    /// What is hashed.
    pub fn canonical(&self) -> &str {
        &self.0
    }

    /// For reading and typing: `XXXX-XXXX-XXXX-XXXX`.
    pub fn grouped(&self) -> String {
        base32::grouped(&self.0)
    }

    /// What a card is recognised by where its code must not be shown.
    pub fn last_four(&self) -> &str {
        self.0.get(self.0.len().saturating_sub(4)..).unwrap_or_default()
    }
}

/// A letter or digit as people type it, in the canonical form.
const fn read(char: char) -> char {
    match char.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        char => char,
    }
}

/// The last four characters of a code, as people type them.
///
/// # Errors
/// They are not four, or others than letters and digits.
pub fn last_four(text: &str) -> Result<String, InvalidLastFour> {
    let is_four = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_four.then(|| text.chars().map(read).collect()).ok_or(InvalidLastFour)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have four letters or digits")]
pub struct InvalidLastFour;

impl fmt::Debug for GiftCardCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GiftCardCode(..)")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have 16 to 32 letters A to Z and digits; blanks and hyphens do not count")]
pub struct InvalidGiftCardCode;

impl FromStr for GiftCardCode {
    type Err = InvalidGiftCardCode;

    /// Reads any case, skips blanks and hyphens, and takes o for 0, i and l for 1, as Crockford advises.
    fn from_str(text: &str) -> Result<GiftCardCode, InvalidGiftCardCode> {
        let mut code = String::new();
        for char in text.chars().filter(|char| !matches!(char, ' ' | '-')) {
            if LONGEST <= code.len() || !char.is_ascii_alphanumeric() {
                return Err(InvalidGiftCardCode);
            }
            code.push(read(char));
        }
        if SHORTEST <= code.len() { Ok(GiftCardCode(code)) } else { Err(InvalidGiftCardCode) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = GiftCardCode::mint([0; 10]);
        assert_eq!((code.grouped().as_str(), code.last_four()), ("0000-0000-0000-0000", "0000"));
        for text in ["0000000000000000", "oooo OOOO 0000-0000", " 0000-0000-0000-0000 "] {
            assert_eq!(text.parse(), Ok(code.clone()), "{text}");
        }
        let printed: GiftCardCode = "il-winter 2026 sale card".parse().unwrap();
        assert_eq!((printed.canonical(), printed.last_four()), ("11W1NTER2026SA1ECARD", "CARD"));
        for text in ["", "0000-0000-0000-000", &"0".repeat(33), "000000000000000é", "000000000000000_"] {
            assert_eq!(text.parse::<GiftCardCode>(), Err(InvalidGiftCardCode), "{text}");
        }
        assert_eq!(format!("{code:?}"), "GiftCardCode(..)");
        assert_eq!(last_four("cOiL").as_deref(), Ok("C011"));
        assert!(last_four("é11").is_err() && last_four("12345").is_err() && last_four("1-23").is_err());
    }

    proptest! {
        #[test]
        fn what_is_minted_is_read(random: [u8; 10], other: [u8; 10]) {
            let code = GiftCardCode::mint(random);
            prop_assert_eq!(code.grouped().len(), 19);
            prop_assert_eq!(code.grouped().to_lowercase().parse(), Ok(code.clone()));
            prop_assert_eq!(code == GiftCardCode::mint(other), random == other);
        }

        #[test]
        fn hostile_text_never_panics(text in ".{0,60}") {
            if let Ok(code) = text.parse::<GiftCardCode>() {
                prop_assert_eq!(code.last_four().len(), 4);
            }
        }
    }
}
