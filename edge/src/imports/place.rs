//! Where an import goes on that was given too little time for its file.

use std::collections::BTreeSet;
use std::fmt::{self, Display};
use std::str::FromStr;

/// Why a text is no place.
pub const FOREIGN: &str = "is not a cursor of imports";

/// How many products may wait, at most.
const MOST_HELD: usize = 500;

/// Up to where a file is in. Its text is numbers with dots between them: the line, and how far each line that waits is
/// from the one before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// On which the first product starts that is not dealt with; 0: nothing is.
    pub line: u64,
    /// The lines of those before it that wait for the end of the file.
    pub held: BTreeSet<u64>,
}

impl Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.line)?;
        let mut last = 0;
        for line in &self.held {
            write!(formatter, ".{}", line.saturating_sub(last))?;
            last = *line;
        }
        Ok(())
    }
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Place, &'static str> {
        let mut numbers = text.split('.').map(|number| number.parse::<u64>().map_err(|_| FOREIGN));
        let line = numbers.next().ok_or(FOREIGN)??;
        let (mut held, mut last) = (BTreeSet::new(), 0_u64);
        for number in numbers {
            last = last.checked_add(number?).ok_or(FOREIGN)?;
            held.insert(last);
        }
        if MOST_HELD < held.len() || held.last().is_some_and(|last| line <= *last) {
            return Err(FOREIGN);
        }
        Ok(Place { line, held })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_back_from_its_text() {
        for (line, held, text) in [(0, vec![], "0"), (900, vec![], "900"), (900, vec![2, 30, 899], "900.2.28.869")] {
            let place = Place { line, held: held.into_iter().collect() };
            assert_eq!((place.to_string().as_str(), text.parse()), (text, Ok(place)));
        }
        for wrong in ["", "x", "-1", "9.", "9.9", "9.8.1", "9.18446744073709551615.1", "9..1"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }
}
