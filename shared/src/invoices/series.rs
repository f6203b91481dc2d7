//! Series of numbers.

use std::fmt;
use std::str::FromStr;

use crate::kernel::time::Timestamp;

/// The most digits that a number is filled up to.
pub const MOST_DIGITS: i64 = 12;

const YEAR: &str = "{year}";
const LONGEST: usize = 30;

/// What stands before each number of a series: up to 30 of `A` to `Z`, `a` to `z`, `0` to `9`, `-`, `/`, `_` and `.`, and
/// `{year}`, with which each year (UTC) is a series of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Series(String);

impl Series {
    /// The series of what is made at `at`: `R{year}-` is `R2026-`.
    pub fn at(&self, at: Timestamp) -> String {
        let text = at.to_string();
        let year = text.split('-').next().unwrap_or_default();
        self.0.replace(YEAR, year)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be up to 30 letters, digits and - / _ . with {{year}} where the year is to stand")]
pub struct InvalidSeries;

impl FromStr for Series {
    type Err = InvalidSeries;

    fn from_str(text: &str) -> Result<Series, InvalidSeries> {
        let rest = text.replace(YEAR, "");
        let is_plain = rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-/_.".contains(&byte));
        if is_plain && text.len() <= LONGEST { Ok(Series(text.to_owned())) } else { Err(InvalidSeries) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_may_begin_anew_each_year() {
        let at = Timestamp::from_millis(1_795_512_600_000);
        assert_eq!("R{year}-".parse::<Series>().unwrap().at(at), "R2026-");
        assert_eq!("INV/".parse::<Series>().unwrap().at(at), "INV/");
        assert_eq!("".parse::<Series>().unwrap().at(at), "");
        for wrong in ["{month}", "R {year}", "é", "<b>", &"x".repeat(31)] {
            assert_eq!(wrong.parse::<Series>(), Err(InvalidSeries), "{wrong}");
        }
    }
}
