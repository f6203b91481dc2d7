//! Weights.

use std::fmt;
use std::str::FromStr;

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use super::header::Column;
use super::problems::Problems;
use super::row::Row;

/// A unit in which a weight is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WeightUnit {
    Gram,
    Kilogram,
    Ounce,
    Pound,
}

impl WeightUnit {
    /// `g`, `kg`, `oz` or `lb`.
    pub const fn name(self) -> &'static str {
        match self {
            WeightUnit::Gram => "g",
            WeightUnit::Kilogram => "kg",
            WeightUnit::Ounce => "oz",
            WeightUnit::Pound => "lb",
        }
    }

    /// Exact, by definition of the international avoirdupois units (1959).
    fn grams(self) -> Decimal {
        match self {
            WeightUnit::Gram => Decimal::ONE,
            WeightUnit::Kilogram => Decimal::ONE_THOUSAND,
            WeightUnit::Ounce => Decimal::new(28_349_523_125, 9),
            WeightUnit::Pound => Decimal::new(45_359_237, 5),
        }
    }
}

/// The text is not the name of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected g, kg, oz or lb")]
pub struct InvalidWeightUnit;

impl FromStr for WeightUnit {
    type Err = InvalidWeightUnit;

    fn from_str(text: &str) -> Result<WeightUnit, InvalidWeightUnit> {
        [WeightUnit::Gram, WeightUnit::Kilogram, WeightUnit::Ounce, WeightUnit::Pound]
            .into_iter()
            .find(|unit| unit.name().eq_ignore_ascii_case(text))
            .ok_or(InvalidWeightUnit)
    }
}

impl fmt::Display for WeightUnit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

serde_as_text!(WeightUnit, "g, kg, oz or lb");

/// Ten tonnes: beyond it a weight is a mistake.
const MOST_GRAMS: i64 = 10_000_000;

/// The weight in whole grams (a half is rounded up) and the unit to show it in. The grams column counts; where
/// it is empty, the weight column in its unit does.
pub(super) fn weight(row: Row<'_>, problems: &mut Problems) -> (Option<i64>, Option<WeightUnit>) {
    let unit = match row.text(Column::WeightUnit) {
        "" => None,
        text => text
            .parse::<WeightUnit>()
            .map_err(|error| problems.error(row.line, Some(row.header.name(Column::WeightUnit)), error.to_string()))
            .ok(),
    };
    let (column, factor) = if row.is_given(Column::Grams) {
        (Column::Grams, WeightUnit::Gram)
    } else if row.is_given(Column::Weight) {
        (Column::Weight, unit.unwrap_or(WeightUnit::Gram))
    } else {
        return (None, unit);
    };
    let grams = grams(row.text(column), factor);
    if grams.is_none() {
        let reason = "is not a weight: expected a decimal number of zero or more, at most ten tonnes";
        problems.error(row.line, Some(row.header.name(column)), reason);
    }
    (grams, unit)
}

fn grams(text: &str, unit: WeightUnit) -> Option<i64> {
    // The decimal parser also takes signs and underscores.
    if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    let exact = text.parse::<Decimal>().ok()?.checked_mul(unit.grams())?;
    let whole = exact.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).to_i64()?;
    (whole <= MOST_GRAMS).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_become_whole_grams() {
        for (text, unit, expected) in [
            ("500", WeightUnit::Gram, Some(500)),
            ("907.18474", WeightUnit::Gram, Some(907)),
            ("0.5", WeightUnit::Gram, Some(1)),
            ("1.25", WeightUnit::Kilogram, Some(1_250)),
            ("2", WeightUnit::Pound, Some(907)),
            ("8", WeightUnit::Ounce, Some(227)),
            ("0", WeightUnit::Gram, Some(0)),
            ("10000", WeightUnit::Kilogram, Some(10_000_000)),
            ("10000.001", WeightUnit::Kilogram, None),
            ("-1", WeightUnit::Gram, None),
            ("1_000", WeightUnit::Gram, None),
            ("1,5", WeightUnit::Kilogram, None),
            ("1e3", WeightUnit::Gram, None),
            (".", WeightUnit::Gram, None),
            ("99999999999999999999999999999999", WeightUnit::Gram, None),
        ] {
            assert_eq!(grams(text, unit), expected, "{text} {unit:?}");
        }
    }
}
