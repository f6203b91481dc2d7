//! Signing up: whether merchants found organizations themselves, and how many from one place.

use std::fmt;

use crate::kernel::line::{InvalidLine, Line};
use crate::kernel::time::Timestamp;

/// Whether anybody may found an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum SignUp {
    Open,
    /// The operator founds them.
    #[default]
    Closed,
}

named!(SignUp, UnknownSignUp, "open or closed", {
    Open = "open",
    Closed = "closed",
});

/// The longest name of what a stranger founds, in characters.
const NAME: usize = 80;

/// Why a name is none that a stranger may give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFoundedName {
    #[error(transparent)]
    Line(#[from] InvalidLine),
    #[error("must be a name, not an address of a page or a mailbox")]
    Address,
}

/// A name that somebody gives to what they found. It stands in the mail that goes to whatever address they name, so it
/// must not be a message to whoever gets it: no link, and not long.
///
/// # Errors
/// [`InvalidFoundedName`].
pub fn founded_name(text: &str) -> Result<Line<200>, InvalidFoundedName> {
    let short: Line<NAME> = text.parse()?;
    let lower = short.as_str().to_lowercase();
    if lower.contains(['/', '@', '\\']) || lower.contains("www.") {
        return Err(InvalidFoundedName::Address);
    }
    Ok(short.as_str().parse()?)
}

/// From one network address, and for one e-mail address, so many organizations are founded in
/// [`FOUNDED_WITHIN_MILLIS`]: whoever looks at the service founds one or two, and an office shares its address. Each
/// sends a mail, so strangers in many places must not found any number in somebody's name.
pub const MOST_FOUNDED: usize = 5;

/// An hour, in milliseconds.
pub const FOUNDED_WITHIN_MILLIS: i64 = 3_600_000;

/// The moments of the foundings from or for one address that still count, the first one first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Foundings(Vec<Timestamp>);

impl Foundings {
    /// The moments in milliseconds, with anything between. What is no moment counts as none.
    pub fn read(text: &str) -> Foundings {
        let words = text.split(|letter: char| !letter.is_ascii_digit());
        // Fifteen digits at most, so that Lua's floats hold them exactly too.
        let moments = words.filter(|word| word.len() <= 15).filter_map(|word| word.parse().ok());
        Foundings(moments.map(Timestamp::from_millis).collect())
    }

    /// These and one more, without those that count no longer. A moment that is ahead of `now` counts.
    ///
    /// # Errors
    /// In how many milliseconds there may be another.
    pub fn one_more(&self, now: Timestamp) -> Result<Foundings, i64> {
        let until = |at: &Timestamp| at.millis().saturating_add(FOUNDED_WITHIN_MILLIS).saturating_sub(now.millis());
        let mut kept: Vec<Timestamp> = self.0.iter().copied().filter(|at| 0 < until(at)).collect();
        match kept.first() {
            Some(first) if MOST_FOUNDED <= kept.len() => Err(until(first).min(FOUNDED_WITHIN_MILLIS)),
            _ => {
                kept.push(now);
                Ok(Foundings(kept))
            }
        }
    }
}

/// With blanks between, as [`Foundings::read`] takes it.
impl fmt::Display for Foundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, moment) in self.0.iter().enumerate() {
            let blank = if at == 0 { "" } else { " " };
            write!(f, "{blank}{}", moment.millis())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_no_message() {
        for name in ["Acme GmbH", "Dr. Martens & Sons", "Amazon.com", "상점"] {
            assert_eq!(founded_name(name).map(|name| name.to_string()).as_deref(), Ok(name));
        }
        for name in ["Win: https://evil.example", "evil.example/win", "WWW.evil.example", "call me@evil.example"] {
            assert_eq!(founded_name(name), Err(InvalidFoundedName::Address), "{name}");
        }
        assert!(founded_name(&"x".repeat(NAME + 1)).is_err());
        assert!(founded_name("a\nb").is_err());
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_795_512_600_000 + millis)
    }

    #[test]
    fn five_are_founded_within_any_hour() {
        let mut foundings = Foundings::default();
        for minute in [0, 10, 20, 30, 40] {
            foundings = foundings.one_more(at(minute * 60_000)).unwrap();
        }
        assert_eq!(foundings.one_more(at(41 * 60_000)), Err(19 * 60_000));
        assert_eq!(foundings.one_more(at(FOUNDED_WITHIN_MILLIS - 1)), Err(1));
        // The first one counts no longer, and the second one does for ten minutes more.
        foundings = foundings.one_more(at(FOUNDED_WITHIN_MILLIS)).unwrap();
        assert_eq!(foundings.one_more(at(FOUNDED_WITHIN_MILLIS)), Err(10 * 60_000));
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nobody_wait_longer_than_an_hour() {
        let mut foundings = Foundings::default();
        for _ in 0..MOST_FOUNDED {
            foundings = foundings.one_more(at(90_000_000)).unwrap();
        }
        assert_eq!(foundings.one_more(at(0)), Err(FOUNDED_WITHIN_MILLIS));
    }

    #[test]
    fn a_deployment_is_closed_unless_it_says_so() {
        assert_eq!(SignUp::default(), SignUp::Closed);
        assert_eq!("open".parse(), Ok(SignUp::Open));
        for text in ["", "Open", "yes"] {
            assert_eq!(text.parse::<SignUp>(), Err(UnknownSignUp));
        }
    }

    proptest! {
        #[test]
        fn foundings_survive_their_text_and_hostile_texts_are_none(pauses in prop::collection::vec(0_i64..4_000_000, 0..20), text in ".{0,60}") {
            let (mut foundings, mut now) = (Foundings::default(), 0);
            for pause in pauses {
                now += pause;
                foundings = foundings.one_more(at(now)).unwrap_or(foundings);
                prop_assert!(foundings.0.len() <= MOST_FOUNDED);
                prop_assert_eq!(&Foundings::read(&foundings.to_string()), &foundings);
            }
            let _ = Foundings::read(&text);
        }
    }
}
