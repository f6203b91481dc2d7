//! Page sizes.

use std::fmt::{self, Display};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How many items a page holds at most: 1 to 250, 20 where nobody says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Limit(u8);

/// The page size is not a number between 1 and 250.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the limit must be a number between 1 and 250")]
pub struct LimitOutOfRange;

impl Limit {
    pub const MAX: Limit = Limit(250);

    pub const fn get(self) -> i64 {
        self.0 as i64
    }
}

impl Default for Limit {
    fn default() -> Limit {
        Limit(20)
    }
}

impl TryFrom<i64> for Limit {
    type Error = LimitOutOfRange;

    fn try_from(items: i64) -> Result<Limit, LimitOutOfRange> {
        match u8::try_from(items) {
            Ok(items @ 1..=250) => Ok(Limit(items)),
            _ => Err(LimitOutOfRange),
        }
    }
}

impl FromStr for Limit {
    type Err = LimitOutOfRange;

    fn from_str(text: &str) -> Result<Limit, LimitOutOfRange> {
        text.parse::<i64>().map_err(|_| LimitOutOfRange)?.try_into()
    }
}

impl Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.0, formatter)
    }
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.get())
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Limit, D::Error> {
        i64::deserialize(deserializer)?.try_into().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_to_250_items_fit_on_a_page() {
        assert_eq!(Limit::default().get(), 20);
        for (text, items) in [("1", 1), ("250", 250)] {
            assert_eq!(text.parse::<Limit>().map(Limit::get), Ok(items));
        }
        for text in ["", "0", "251", "-1", "1.5", "20 ", "99999999999999999999", "all"] {
            assert_eq!(text.parse::<Limit>(), Err(LimitOutOfRange), "{text}");
        }
        let error = serde_json::from_str::<Limit>("0").unwrap_err();
        assert!(error.to_string().contains("between 1 and 250"), "{error}");
    }
}
