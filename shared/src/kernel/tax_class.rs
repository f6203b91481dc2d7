//! Tax classes: what goods say of how they are taxed.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::str::FromStr;

/// How goods are taxed, by a short code: `standard`, `reduced`, `second-reduced`, `super-reduced`, `parking`, `zero`,
/// or a merchant's own, such as `books`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaxClass(Cow<'static, str>);

impl TaxClass {
    /// What holds where nothing else is said.
    pub const STANDARD: TaxClass = TaxClass(Cow::Borrowed("standard"));

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a tax class of 1 to 40 lower-case letters, digits and hyphens, such as standard or reduced")]
pub struct InvalidTaxClass;

impl FromStr for TaxClass {
    type Err = InvalidTaxClass;

    fn from_str(text: &str) -> Result<TaxClass, InvalidTaxClass> {
        let is_code = (1..=40).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && text.starts_with(|first: char| first.is_ascii_lowercase());
        if is_code { Ok(TaxClass(Cow::Owned(text.to_owned()))) } else { Err(InvalidTaxClass) }
    }
}

impl Display for TaxClass {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

serde_as_text!(TaxClass, "a tax class");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_a_short_code() {
        for text in ["standard", "reduced", "second-reduced", "books-2026"] {
            assert_eq!(text.parse::<TaxClass>().unwrap().to_string(), text);
        }
        for text in ["", "Standard", "1st", "-a", "a b", "zéro", &"a".repeat(41)] {
            assert_eq!(text.parse::<TaxClass>(), Err(InvalidTaxClass), "{text}");
        }
    }
}
