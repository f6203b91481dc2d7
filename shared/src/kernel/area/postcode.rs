//! Postcodes and patterns of them.

use std::fmt::{self, Display};
use std::str::FromStr;

/// Longest of a postcode and of a pattern's text, in letters and digits. The longest in use has 10 (Iran).
const MOST: usize = 12;

/// A postcode as it is compared: its ASCII letters, in capitals, and digits; spaces, hyphens and the like are left out,
/// so `SW1A 1AA` and `sw1a1aa` are one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Postcode(String);

impl Postcode {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a postcode of 1 to 12 letters and digits")]
pub struct InvalidPostcode;

impl FromStr for Postcode {
    type Err = InvalidPostcode;

    fn from_str(text: &str) -> Result<Postcode, InvalidPostcode> {
        let code: String =
            text.chars().filter(char::is_ascii_alphanumeric).take(MOST.saturating_add(1)).collect::<String>();
        if (1..=MOST).contains(&code.len()) { Ok(Postcode(code.to_ascii_uppercase())) } else { Err(InvalidPostcode) }
    }
}

impl Display for Postcode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

serde_as_text!(Postcode, "a postcode");

/// Which postcodes: one (`78266`), those that begin alike (`90*`), or those from one number to another (`1000-1999`).
///
/// The two numbers of a range have equally many digits, and a postcode is compared by as many of its first ones: so
/// `9000-9499` takes in Portugal's `9000-123`, and `00600-00799` a ZIP+4. A text with a hyphen whose sides are not two
/// numbers of one length is a single postcode: `100-0001`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostcodePattern {
    Exact(Postcode),
    Prefix(Postcode),
    Range { first: u64, last: u64, digits: usize },
}

/// How closely a pattern describes a postcode: one is closer than a range, a narrower range than a wider, any range
/// than a prefix, a longer prefix than a shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Closeness {
    Prefix { length: usize },
    Range { narrowness: std::cmp::Reverse<u64> },
    Exact,
}

impl PostcodePattern {
    pub(super) fn covers(&self, postcode: &Postcode) -> Option<Closeness> {
        match self {
            PostcodePattern::Exact(exact) => (exact == postcode).then_some(Closeness::Exact),
            PostcodePattern::Prefix(prefix) => {
                postcode.0.starts_with(&prefix.0).then_some(Closeness::Prefix { length: prefix.0.len() })
            }
            PostcodePattern::Range { first, last, digits } => {
                let number = number(postcode.0.get(..*digits)?)?;
                let width = last.checked_sub(*first)?;
                (*first..=*last).contains(&number).then_some(Closeness::Range { narrowness: std::cmp::Reverse(width) })
            }
        }
    }
}

fn number(text: &str) -> Option<u64> {
    // `parse` takes a sign as well.
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    #[error("expected a postcode (78266), the beginning of one (90*) or a range (1000-1999)")]
    Form,
    #[error("the range ends before it begins")]
    Backwards,
}

impl FromStr for PostcodePattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<PostcodePattern, InvalidPattern> {
        let text = text.trim();
        let code = |text: &str| match text.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ' || c == '-') {
            true => text.parse::<Postcode>().map_err(|_| InvalidPattern::Form),
            false => Err(InvalidPattern::Form),
        };
        if let Some(prefix) = text.strip_suffix('*') {
            return code(prefix).map(PostcodePattern::Prefix);
        }
        if let Some((first, last)) = text.split_once('-').filter(|(first, last)| first.len() == last.len())
            && first.len() <= MOST
            && let (Some(low), Some(high)) = (number(first), number(last))
        {
            let range = PostcodePattern::Range { first: low, last: high, digits: first.len() };
            return if low <= high { Ok(range) } else { Err(InvalidPattern::Backwards) };
        }
        code(text).map(PostcodePattern::Exact)
    }
}

impl Display for PostcodePattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PostcodePattern::Exact(code) => Display::fmt(code, formatter),
            PostcodePattern::Prefix(code) => write!(formatter, "{code}*"),
            PostcodePattern::Range { first, last, digits } => write!(formatter, "{first:0digits$}-{last:0digits$}"),
        }
    }
}

serde_as_text!(PostcodePattern, "a pattern of postcodes");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn covers(pattern: &str, postcode: &str) -> bool {
        pattern.parse::<PostcodePattern>().unwrap().covers(&postcode.parse().unwrap()).is_some()
    }

    #[test]
    fn patterns_cover_what_they_say() {
        for (pattern, postcode, expected) in [
            ("78266", "78266", true),
            ("78266", "78267", false),
            ("SW1A 1AA", "sw1a1aa", true),
            ("100-0001", "1000001", true),
            ("90*", "90210", true),
            ("90*", "9", false),
            ("BT*", "bt1 1aa", true),
            ("1000-1999", "1000", true),
            ("1000-1999", "1999", true),
            ("1000-1999", "2000", false),
            ("1000-1999", "199", false),
            ("9000-9499", "9000-123", true),
            ("9000-9499", "9500-123", false),
            ("00600-00799", "00601-1234", true),
            ("00600-00799", "60100", false),
            ("1000-1999", "1A00", false),
        ] {
            assert_eq!(covers(pattern, postcode), expected, "{pattern} {postcode}");
        }
    }

    #[test]
    fn the_closer_pattern_is_the_greater() {
        let postcode = "35001".parse().unwrap();
        let order = ["3*", "35*", "10000-99999", "35000-35999", "35001"];
        let closeness: Vec<_> = order
            .iter()
            .map(|pattern| pattern.parse::<PostcodePattern>().unwrap().covers(&postcode).unwrap())
            .collect();
        assert!(closeness.is_sorted_by(|a, b| a < b), "{closeness:?}");
    }

    #[test]
    fn a_pattern_is_short_and_no_expression() {
        for text in ["", "*", "9*0", "**", ".*", "[0-9]+", "(9|8)*", "9000..9499", "1234567890123", "é*"] {
            assert_eq!(text.parse::<PostcodePattern>(), Err(InvalidPattern::Form), "{text}");
        }
        assert_eq!("1999-1000".parse::<PostcodePattern>(), Err(InvalidPattern::Backwards));
        for text in ["78266", "90*", "00600-00799"] {
            assert_eq!(text.parse::<PostcodePattern>().unwrap().to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn hostile_text_never_panics(pattern in "\\PC{0,30}|[0-9A-Z*-]{0,30}", postcode in "\\PC{0,30}|[0-9A-Z -]{0,15}") {
            if let (Ok(pattern), Ok(postcode)) = (pattern.parse::<PostcodePattern>(), postcode.parse::<Postcode>()) {
                let _ = pattern.covers(&postcode);
                prop_assert_eq!(pattern.to_string().parse(), Ok(pattern));
            }
        }
    }
}
