//! Numbers as Redis reads and prints them.

use super::command::{NOT_AN_INTEGER, Refused};

/// Redis' strict integer: no sign but `-`, no leading zeros, no spaces, within 64 bits.
pub(super) fn parse_integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = match digits.as_bytes() {
        [b'0'] => digits.len() == text.len(),
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if canonical { text.parse().ok() } else { None }
}

pub(super) fn integer(text: &str) -> Result<i64, Refused> {
    parse_integer(text).ok_or(NOT_AN_INTEGER)
}

/// A score: any decimal float, or an infinity; never not-a-number.
pub(super) fn parse_score(text: &str) -> Option<f64> {
    let score: f64 = text.parse().ok()?;
    let infinite_by_name = text.to_ascii_lowercase().contains("inf");
    // Adding zero makes the one negative zero the ordinary one.
    (!score.is_nan() && (score.is_finite() || infinite_by_name)).then_some(score + 0.0)
}

/// A score in the shape of C's `%.17g`, with the fewest digits that read back as the same number.
pub(super) fn print_score(score: f64) -> String {
    if score.is_infinite() {
        return if score < 0.0 { "-inf" } else { "inf" }.to_owned();
    }
    let scientific = format!("{score:e}");
    let exponent = scientific.split_once('e').and_then(|(_, exponent)| exponent.parse::<i32>().ok()).unwrap_or(0);
    if (-4..17).contains(&exponent) {
        return score.to_string();
    }
    let mantissa = scientific.split_once('e').map_or(scientific.as_str(), |(mantissa, _)| mantissa);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

/// The half-open range of `start..=stop` in a sequence of `length`; negative counts from the end.
/// Empty when nothing is in it.
pub(super) fn range(start: i64, stop: i64, length: usize) -> std::ops::Range<usize> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let from_start = |index: i64| if index < 0 { length.saturating_add(index) } else { index };
    let first = from_start(start).max(0);
    let last = from_start(stop).min(length - 1);
    if last < first {
        return 0..0;
    }
    let (first, end) = (usize::try_from(first), usize::try_from(last + 1));
    first.unwrap_or(0)..end.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_integers_are_integers() {
        for (text, value) in
            [("0", 0), ("-1", -1), ("9223372036854775807", i64::MAX), ("-9223372036854775808", i64::MIN)]
        {
            assert_eq!(parse_integer(text), Some(value), "{text}");
        }
        for text in ["", "-", "+1", "01", "-0", " 1", "1 ", "1.0", "0x1", "9223372036854775808", "١"] {
            assert_eq!(parse_integer(text), None, "{text}");
        }
    }

    #[test]
    fn scores_print_as_redis_prints_them() {
        for (score, text) in [
            (1.0, "1"),
            (-2.5, "-2.5"),
            (0.0, "0"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (0.000_1, "0.0001"),
            (0.000_000_5, "5e-07"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(print_score(score), text);
        }
    }

    #[test]
    fn ranges_count_from_both_ends() {
        assert_eq!(range(0, -1, 3), 0..3);
        assert_eq!(range(-2, 10, 3), 1..3);
        assert_eq!(range(2, 1, 3), 0..0);
        assert_eq!(range(5, 9, 3), 0..0);
        assert_eq!(range(i64::MIN, i64::MAX, 3), 0..3);
        assert_eq!(range(0, -1, 0), 0..0);
    }
}
