//! Short texts that stand on one line.

use std::fmt;
use std::str::FromStr;

/// One line of 1 to `MAX` characters, without control characters, trimmed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line<const MAX: usize>(String);

impl<const MAX: usize> Line<MAX> {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for Line<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLine {
    #[error("must not be empty")]
    Empty,
    #[error("must have at most {0} characters")]
    TooLong(usize),
    #[error("must not contain line breaks or other control characters")]
    ControlCharacter,
}

impl<const MAX: usize> FromStr for Line<MAX> {
    type Err = InvalidLine;

    fn from_str(text: &str) -> Result<Line<MAX>, InvalidLine> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidLine::Empty);
        }
        if text.chars().any(char::is_control) {
            return Err(InvalidLine::ControlCharacter);
        }
        if MAX < text.chars().count() {
            return Err(InvalidLine::TooLong(MAX));
        }
        Ok(Line(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_short_printable_and_trimmed() {
        assert_eq!(" Åse \u{1F3D4} ".parse::<Line<5>>().unwrap().as_str(), "Åse \u{1F3D4}");
        assert_eq!("   ".parse::<Line<5>>(), Err(InvalidLine::Empty));
        assert_eq!("a\nb".parse::<Line<5>>(), Err(InvalidLine::ControlCharacter));
        assert_eq!("\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}".parse::<Line<5>>(), Err(InvalidLine::TooLong(5)));
    }
}
