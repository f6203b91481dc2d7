//! Instants.

use std::fmt::{self, Display};
use std::str::FromStr;

/// An instant: milliseconds of UTC since 1970-01-01, before or after.
///
/// The text is RFC 3339 in UTC with milliseconds, `2026-11-21T08:00:00.000Z`; a year that four digits cannot hold
/// has a sign and at least six, as in ISO 8601's expanded form. Serde uses the text; SQL uses [`Timestamp::millis`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    pub const fn from_millis(millis: i64) -> Timestamp {
        Timestamp(millis)
    }

    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The instant `millis` later, or earlier where negative. `None` beyond `i64` milliseconds.
    pub fn checked_add_millis(self, millis: i64) -> Option<Timestamp> {
        self.0.checked_add(millis).map(Timestamp)
    }

    /// Milliseconds from `earlier` to `self`, negative where it is later. `None` beyond `i64`.
    pub fn millis_since(self, earlier: Timestamp) -> Option<i64> {
        self.0.checked_sub(earlier.0)
    }
}

/// Why a text is not an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTimestamp {
    #[error("expected an RFC 3339 time such as 2026-11-21T08:00:00.000Z")]
    Form,
    #[error("the time has a month, day, hour, minute, second or offset that does not exist")]
    OutOfRange,
}

const DAY: i64 = 86_400_000;

impl Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.0.div_euclid(DAY));
        let millis = self.0.rem_euclid(DAY);
        let (hour, minute) = (millis.div_euclid(3_600_000), millis.div_euclid(60_000).rem_euclid(60));
        let (second, milli) = (millis.div_euclid(1_000).rem_euclid(60), millis.rem_euclid(1_000));
        if (0..=9_999).contains(&year) {
            write!(formatter, "{year:04}")?;
        } else {
            write!(formatter, "{year:+07}")?;
        }
        write!(formatter, "-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    /// Reads RFC 3339 with any offset. Digits beyond milliseconds are cut off; leap seconds are refused.
    fn from_str(text: &str) -> Result<Timestamp, InvalidTimestamp> {
        let fields = Fields::read(text).ok_or(InvalidTimestamp::Form)?;
        fields.timestamp().ok_or(InvalidTimestamp::OutOfRange)
    }
}

/// The numbers of an RFC 3339 text, each with the right count of digits but not yet in range.
struct Fields {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    milli: i64,
    /// Sign, hours and minutes east of UTC.
    offset: (i64, i64, i64),
}

impl Fields {
    fn read(text: &str) -> Option<Fields> {
        let rest = &mut text.as_bytes();
        let year = match rest.first()? {
            b'+' => signed_year(rest, 1)?,
            b'-' => signed_year(rest, -1)?,
            _ => digits(rest, 4)?,
        };
        let month = separated(rest, b"-")?;
        let day = separated(rest, b"-")?;
        let hour = separated(rest, b"Tt")?;
        let minute = separated(rest, b":")?;
        let second = separated(rest, b":")?;
        let milli = match rest.first() {
            Some(b'.') => {
                one_of(rest, b".")?;
                fraction(rest)?
            }
            _ => 0,
        };
        let offset = match one_of(rest, b"Zz+-")? {
            b'+' => (1, digits(rest, 2)?, separated(rest, b":")?),
            b'-' => (-1, digits(rest, 2)?, separated(rest, b":")?),
            _ => (1, 0, 0),
        };
        rest.is_empty().then_some(Fields { year, month, day, hour, minute, second, milli, offset })
    }

    fn timestamp(&self) -> Option<Timestamp> {
        let (sign, offset_hours, offset_minutes) = self.offset;
        let in_range = (1..=12).contains(&self.month)
            && (1..=days_in_month(self.year, self.month)).contains(&self.day)
            && self.hour <= 23
            && self.minute <= 59
            && self.second <= 59
            && offset_hours <= 23
            && offset_minutes <= 59;
        if !in_range {
            return None;
        }
        let offset = offset_hours.checked_mul(60)?.checked_add(offset_minutes)?.checked_mul(sign)?;
        let minutes = self.hour.checked_mul(60)?.checked_add(self.minute)?.checked_sub(offset)?;
        let seconds = minutes.checked_mul(60)?.checked_add(self.second)?;
        let in_day = i128::from(seconds.checked_mul(1_000)?.checked_add(self.milli)?);
        // In i128: the first day of the range starts before the first millisecond of it.
        let days = i128::from(days_from_civil(self.year, self.month, self.day));
        let millis = days.checked_mul(i128::from(DAY))?.checked_add(in_day)?;
        i64::try_from(millis).ok().map(Timestamp)
    }
}

fn one_of(rest: &mut &[u8], allowed: &[u8]) -> Option<u8> {
    let (&byte, after) = rest.split_first()?;
    *rest = after;
    allowed.contains(&byte).then_some(byte)
}

fn digits(rest: &mut &[u8], count: usize) -> Option<i64> {
    let (digits, after) = rest.split_at_checked(count)?;
    *rest = after;
    digits.iter().try_fold(0i64, |value, digit| {
        let digit = if digit.is_ascii_digit() { digit.checked_sub(b'0')? } else { return None };
        value.checked_mul(10)?.checked_add(i64::from(digit))
    })
}

fn separated(rest: &mut &[u8], separators: &[u8]) -> Option<i64> {
    one_of(rest, separators)?;
    digits(rest, 2)
}

/// Six to nine digits after a sign: `i64` milliseconds reach the year 292277026.
fn signed_year(rest: &mut &[u8], sign: i64) -> Option<i64> {
    one_of(rest, b"+-")?;
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let year = if (6..=9).contains(&count) { digits(rest, count)? } else { return None };
    year.checked_mul(sign)
}

fn fraction(rest: &mut &[u8]) -> Option<i64> {
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let milli = match count {
        0 => return None,
        1 => digits(rest, 1)?.checked_mul(100)?,
        2 => digits(rest, 2)?.checked_mul(10)?,
        _ => digits(rest, 3)?,
    };
    *rest = rest.get(count.saturating_sub(3)..)?;
    Some(milli)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar. Source: Howard Hinnant,
/// "chrono-compatible low-level date algorithms".
#[expect(clippy::arithmetic_side_effects, reason = "years have at most nine digits, so no term comes near i64")]
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a count of days since 1970-01-01; the inverse of [`days_from_civil`].
#[expect(clippy::arithmetic_side_effects, reason = "days of i64 milliseconds have at most twelve digits")]
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

serde_as_text!(Timestamp, "an RFC 3339 time");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn instants_print_in_utc_with_milliseconds() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (1_795_248_000_000, "2026-11-21T08:00:00.000Z"),
            (951_782_400_001, "2000-02-29T00:00:00.001Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (253_402_300_800_000, "+010000-01-01T00:00:00.000Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
            (-62_167_219_200_001, "-000001-12-31T23:59:59.999Z"),
            (i64::MAX, "+292278994-08-17T07:12:55.807Z"),
            (i64::MIN, "-292275055-05-16T16:47:04.192Z"),
        ] {
            assert_eq!(Timestamp::from_millis(millis).to_string(), text);
            assert_eq!(text.parse(), Ok(Timestamp::from_millis(millis)));
        }
    }

    #[test]
    fn offsets_and_fractions_are_read() {
        let eight: Timestamp = "2026-11-21T08:00:00.000Z".parse().unwrap();
        for (text, later) in [
            ("2026-11-21T08:00:00Z", 0),
            ("2026-11-21t08:00:00z", 0),
            ("2026-11-21T10:00:00+02:00", 0),
            ("2026-11-20T20:30:00-11:30", 0),
            ("2026-11-21T08:00:00.5Z", 500),
            ("2026-11-21T08:00:00.12Z", 120),
            ("2026-11-21T08:00:00.123999999Z", 123),
        ] {
            assert_eq!(text.parse().ok(), eight.checked_add_millis(later), "{text}");
        }
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "",
            "2026-11-21",
            "2026-11-21 08:00:00Z",
            "2026-11-21T08:00:00",
            "2026-11-21T08:00Z",
            "2026-11-21T08:00:00.Z",
            "2026-11-21T08:00:00+0200",
            "2026-11-21T08:00:00Zx",
            "26-11-21T08:00:00Z",
            "+2026-11-21T08:00:00Z",
            "2026-1-21T08:00:00Z",
            "\u{662}026-11-21T08:00:00Z",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(InvalidTimestamp::Form), "{text}");
        }
        for text in [
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-11-21T24:00:00Z",
            "2026-11-21T08:60:00Z",
            "2026-06-30T23:59:60Z",
            "2026-11-21T08:00:00+24:00",
            "+999999999-01-01T00:00:00Z",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(InvalidTimestamp::OutOfRange), "{text}");
        }
    }

    #[test]
    fn arithmetic_stays_in_range() {
        assert_eq!(Timestamp::from_millis(i64::MAX).checked_add_millis(1), None);
        assert_eq!(Timestamp::from_millis(5).millis_since(Timestamp::from_millis(7)), Some(-2));
        assert_eq!(Timestamp::from_millis(-2).millis_since(Timestamp::from_millis(i64::MAX)), None);
    }

    #[test]
    fn serde_uses_the_text() {
        let json = serde_json::to_string(&Timestamp::from_millis(0)).unwrap();
        assert_eq!(json, "\"1970-01-01T00:00:00.000Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), Timestamp::from_millis(0));
        let error = serde_json::from_str::<Timestamp>("\"yesterday\"").unwrap_err();
        assert!(error.to_string().contains("RFC 3339"), "{error}");
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(millis: i64) {
            let at = Timestamp::from_millis(millis);
            prop_assert_eq!(at.to_string().parse(), Ok(at));
        }

        #[test]
        fn arbitrary_text_never_panics(
            text in ".{0,40}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,12})?[-+Z][0-9:]{0,5}"
        ) {
            let _ = text.parse::<Timestamp>();
        }
    }
}
