//! Stock keeping units.

use std::fmt::{self, Display};
use std::str::FromStr;

/// What a merchant calls a variant: 1 to 255 characters, trimmed, without control characters. Case matters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sku(String);

impl Sku {
    /// The most characters a SKU may have, as in Shopify.
    pub const MAX_CHARS: usize = 255;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is not a SKU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSku {
    #[error("the SKU is empty")]
    Empty,
    #[error("the SKU has more than 255 characters")]
    TooLong,
    #[error("the SKU contains a control character such as a line break or a tab")]
    ControlCharacter,
}

impl FromStr for Sku {
    type Err = InvalidSku;

    /// Blanks around the text are dropped.
    fn from_str(text: &str) -> Result<Sku, InvalidSku> {
        let text = text.trim();
        if text.is_empty() {
            Err(InvalidSku::Empty)
        } else if text.chars().any(char::is_control) {
            Err(InvalidSku::ControlCharacter)
        } else if text.chars().nth(Sku::MAX_CHARS).is_some() {
            Err(InvalidSku::TooLong)
        } else {
            Ok(Sku(text.to_owned()))
        }
    }
}

impl Display for Sku {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

serde_as_text!(Sku, "a SKU");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn skus_are_trimmed_and_bounded() {
        assert_eq!(" AB 12 ".parse::<Sku>().unwrap().as_str(), "AB 12");
        assert!("é".repeat(255).parse::<Sku>().is_ok());
        for (text, error) in [
            (String::new(), InvalidSku::Empty),
            ("  ".into(), InvalidSku::Empty),
            ("a\u{0}b".into(), InvalidSku::ControlCharacter),
            ("a\r\nX: y".into(), InvalidSku::ControlCharacter),
            ("é".repeat(256), InvalidSku::TooLong),
        ] {
            assert_eq!(text.parse::<Sku>(), Err(error), "{text:?}");
        }
        let error = serde_json::from_str::<Sku>("\"\"").unwrap_err();
        assert!(error.to_string().contains("the SKU is empty"), "{error}");
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(text in ".{0,260}") {
            if let Ok(sku) = text.parse::<Sku>() {
                prop_assert_eq!(sku.to_string().parse(), Ok(sku));
            }
        }
    }
}
