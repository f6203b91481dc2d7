//! Codes, as shoppers enter them.

use std::fmt;
use std::str::FromStr;

/// That a basket may name.
pub const MOST_CODES: usize = 20;

const MOST_CHARS: usize = 64;

/// 1 to 64 letters, digits, `-`, `.`, `_` and `~`: what an address holds without escapes (RFC 3986, section 2.3,
/// "unreserved"). Case does not matter, nor do blanks around it; kept in capitals.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(String);

impl Code {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to 64 letters A to Z, digits, -, ., _ and ~")]
pub struct InvalidCode;

impl FromStr for Code {
    type Err = InvalidCode;

    fn from_str(text: &str) -> Result<Code, InvalidCode> {
        let text = text.trim();
        let is_code = (1..=MOST_CHARS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
        if is_code { Ok(Code(text.to_ascii_uppercase())) } else { Err(InvalidCode) }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

serde_as_text!(Code, "a code");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_and_blanks_around_do_not_matter() {
        for (text, code) in [("save10", "SAVE10"), ("  Save-10 ", "SAVE-10"), ("a.b_c~d", "A.B_C~D"), ("1", "1")] {
            assert_eq!(text.parse::<Code>().unwrap().as_str(), code);
        }
        assert!("x".repeat(64).parse::<Code>().is_ok());
        for text in ["", "  ", "SAVE 10", "10%", "sparen\u{e4}", "a/b", "a\nb", &"x".repeat(65)] {
            assert_eq!(text.parse::<Code>(), Err(InvalidCode), "{text}");
        }
        assert_eq!(serde_json::from_str::<Code>("\"save10\"").unwrap().to_string(), "SAVE10");
    }

    proptest! {
        #[test]
        fn hostile_text_never_panics_and_a_code_reads_back(text in ".{0,70}|[a-zA-Z0-9._~-]{0,70}") {
            if let Ok(code) = text.parse::<Code>() {
                prop_assert_eq!(code.as_str().parse(), Ok(code.clone()));
            }
        }
    }
}
