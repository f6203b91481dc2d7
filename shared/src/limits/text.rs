//! A limit's text: `600/60s:120`.

use crate::kernel::gcra::Limit;

/// Why a text is not a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLimitText {
    #[error("expected units/period:burst such as 600/60s:120, the period in s, m or h")]
    Form,
    #[error("units and burst must be between 1 and 1000000")]
    OutOfRange,
    #[error("the period must be between 1s and 24h")]
    Period,
    #[error("an empty bucket must be full again within 24 hours")]
    TooSlow,
}

const DAY_SECONDS: u32 = 86_400;
const DAY_MICROS: i64 = 86_400_000_000;
const MOST: u32 = 1_000_000;

/// Reads `units/period:burst`: so many units in a period, and up to `burst` of them at once. The period is in `s`,
/// `m` or `h`.
///
/// # Errors
/// [`InvalidLimitText`].
pub fn limit_of(text: &str) -> Result<Limit, InvalidLimitText> {
    let (units, rest) = text.split_once('/').ok_or(InvalidLimitText::Form)?;
    let (period, burst) = rest.split_once(':').ok_or(InvalidLimitText::Form)?;
    let (seconds, count) = [("s", 1_u32), ("m", 60), ("h", 3_600)]
        .into_iter()
        .find_map(|(unit, seconds)| Some((seconds, period.strip_suffix(unit)?)))
        .ok_or(InvalidLimitText::Form)?;
    let (units, count, burst) = (whole(units)?, whole(count)?, whole(burst)?);
    if !(1..=MOST).contains(&units) || !(1..=MOST).contains(&burst) {
        return Err(InvalidLimitText::OutOfRange);
    }
    let period = count.checked_mul(seconds).filter(|period| (1..=DAY_SECONDS).contains(period));
    let period = period.and_then(|period| period.checked_mul(1_000)).ok_or(InvalidLimitText::Period)?;
    let limit = Limit::new(units, period, burst).map_err(|_| InvalidLimitText::TooSlow)?;
    if limit.tolerance_micros() <= DAY_MICROS { Ok(limit) } else { Err(InvalidLimitText::TooSlow) }
}

/// Digits only.
fn whole(text: &str) -> Result<u32, InvalidLimitText> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidLimitText::Form);
    }
    text.parse().map_err(|_| InvalidLimitText::OutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_read_from_its_text() {
        for (text, interval, burst) in [
            ("600/60s:120", 100_000, 120),
            ("1/1s:1", 1_000_000, 1),
            ("60/1m:5", 1_000_000, 5),
            ("1/24h:1", 86_400_000_000, 1),
            ("1000000/1s:1000000", 1, 1_000_000),
        ] {
            let limit = limit_of(text).unwrap();
            assert_eq!((limit.interval_micros(), limit.burst()), (interval, burst), "{text}");
        }
    }

    #[test]
    fn what_is_no_limit_says_why() {
        for (text, why) in [
            ("", InvalidLimitText::Form),
            ("600", InvalidLimitText::Form),
            ("600/60s", InvalidLimitText::Form),
            ("600/60:120", InvalidLimitText::Form),
            ("600/s:120", InvalidLimitText::Form),
            ("600/1d:120", InvalidLimitText::Form),
            ("-1/60s:120", InvalidLimitText::Form),
            ("+1/60s:120", InvalidLimitText::Form),
            ("1.5/60s:120", InvalidLimitText::Form),
            (" 600/60s:120", InvalidLimitText::Form),
            ("600/60s:120:1", InvalidLimitText::Form),
            ("0/60s:120", InvalidLimitText::OutOfRange),
            ("600/60s:0", InvalidLimitText::OutOfRange),
            ("1000001/60s:120", InvalidLimitText::OutOfRange),
            ("600/60s:1000001", InvalidLimitText::OutOfRange),
            ("99999999999/60s:1", InvalidLimitText::OutOfRange),
            ("600/0s:120", InvalidLimitText::Period),
            ("600/25h:120", InvalidLimitText::Period),
            ("600/4294967295h:120", InvalidLimitText::Period),
            ("1/24h:2", InvalidLimitText::TooSlow),
            ("1/1h:1000000", InvalidLimitText::TooSlow),
        ] {
            assert_eq!(limit_of(text), Err(why), "{text:?}");
        }
    }
}
