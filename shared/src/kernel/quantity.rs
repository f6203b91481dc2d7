//! Quantities.

use std::fmt::{self, Display};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Units of one line: 1 to 9,999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(u16);

/// The number of units is not between 1 and 9,999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the quantity must be between 1 and 9999")]
pub struct QuantityOutOfRange;

impl Quantity {
    pub const MIN: Quantity = Quantity(1);
    pub const MAX: Quantity = Quantity(9_999);

    pub const fn get(self) -> i64 {
        self.0 as i64
    }

    /// # Errors
    /// [`QuantityOutOfRange`] above 9,999.
    pub fn checked_add(self, other: Quantity) -> Result<Quantity, QuantityOutOfRange> {
        self.get().checked_add(other.get()).ok_or(QuantityOutOfRange)?.try_into()
    }
}

impl TryFrom<i64> for Quantity {
    type Error = QuantityOutOfRange;

    fn try_from(units: i64) -> Result<Quantity, QuantityOutOfRange> {
        match u16::try_from(units) {
            Ok(units @ 1..=9_999) => Ok(Quantity(units)),
            _ => Err(QuantityOutOfRange),
        }
    }
}

impl Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.0, formatter)
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.get())
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Quantity, D::Error> {
        i64::deserialize(deserializer)?.try_into().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_to_9999_units_are_a_quantity() {
        for units in [1, 2, 9_999] {
            assert_eq!(Quantity::try_from(units).map(Quantity::get), Ok(units));
        }
        for units in [0, -1, 10_000, 65_537, i64::MIN, i64::MAX] {
            assert_eq!(Quantity::try_from(units), Err(QuantityOutOfRange), "{units}");
        }
        assert_eq!(Quantity::MAX.checked_add(Quantity::MIN), Err(QuantityOutOfRange));
        assert_eq!(Quantity::MIN.checked_add(Quantity::MIN).map(Quantity::get), Ok(2));
    }

    #[test]
    fn serde_uses_the_number_and_refuses_with_the_range() {
        assert_eq!(serde_json::to_string(&Quantity::MAX).unwrap(), "9999");
        assert_eq!(serde_json::from_str::<Quantity>("7").unwrap().get(), 7);
        for json in ["0", "-3", "10000"] {
            let error = serde_json::from_str::<Quantity>(json).unwrap_err();
            assert!(error.to_string().contains("between 1 and 9999"), "{json}: {error}");
        }
        for json in ["1.5", "\"1\"", "null"] {
            assert!(serde_json::from_str::<Quantity>(json).is_err(), "{json}");
        }
    }
}
