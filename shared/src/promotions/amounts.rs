//! Amounts by currency.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::kernel::money::{Currency, Money};

/// What a rule says for each currency, in minor units. There is no other way from one currency to another.
///
/// Written as decimal texts, as all amounts are: `{"EUR": "5.00", "KRW": "7000"}`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Amounts(pub BTreeMap<Currency, i64>);

impl Amounts {
    pub fn of(&self, currency: Currency) -> Option<i64> {
        self.0.get(&currency).copied()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<const N: usize> From<[(Currency, i64); N]> for Amounts {
    fn from(amounts: [(Currency, i64); N]) -> Amounts {
        Amounts(BTreeMap::from(amounts))
    }
}

impl Serialize for Amounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let texts = self.0.iter().map(|(currency, minor)| (currency, Money::new(*minor, *currency).amount_text()));
        serializer.collect_map(texts)
    }
}

impl<'de> Deserialize<'de> for Amounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Amounts, D::Error> {
        deserializer.deserialize_map(ByCurrency)
    }
}

struct ByCurrency;

impl<'de> Visitor<'de> for ByCurrency {
    type Value = Amounts;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("amounts by currency such as {\"EUR\": \"12.34\"}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Amounts, A::Error> {
        let mut amounts = BTreeMap::new();
        while let Some((currency, text)) = entries.next_entry::<Currency, String>()? {
            let amount = Money::parse_amount(&text, currency);
            let amount = amount.map_err(|error| A::Error::custom(format_args!("{currency}: {error}")))?;
            if amounts.insert(currency, amount.minor()).is_some() {
                return Err(A::Error::custom(format_args!("{currency} is there twice")));
            }
        }
        Ok(Amounts(amounts))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use Currency::{BHD, EUR, KRW};

    #[test]
    fn amounts_are_decimal_texts_by_currency() {
        let amounts = Amounts::from([(EUR, 5_000), (KRW, 70_000), (BHD, 1_250)]);
        let json = r#"{"BHD":"1.250","EUR":"50.00","KRW":"70000"}"#;
        assert_eq!(serde_json::to_string(&amounts).unwrap(), json);
        assert_eq!(serde_json::from_str::<Amounts>(json).unwrap(), amounts);
        assert_eq!(serde_json::from_str::<Amounts>(r#"{"EUR":"50"}"#).unwrap(), Amounts::from([(EUR, 5_000)]));
        for (json, reason) in [
            (r#"{"EUR":5000}"#, "expected a string"),
            (r#"{"EUR":"50,00"}"#, "EUR: the amount contains a comma"),
            (r#"{"KRW":"0.5"}"#, "KRW: KRW has 0 decimals"),
            (r#"{"EURO":"1"}"#, "ISO 4217"),
            (r#"{"EUR":"1","EUR":"2"}"#, "EUR is there twice"),
            (r#"["EUR"]"#, "amounts by currency"),
        ] {
            let error = serde_json::from_str::<Amounts>(json).unwrap_err().to_string();
            assert!(error.contains(reason), "{json}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(minor in any::<i64>(), place in 0..Currency::TABLE.len()) {
            let amounts = Amounts::from([(Currency::TABLE[place], minor)]);
            let json = serde_json::to_string(&amounts).unwrap();
            prop_assert_eq!(serde_json::from_str::<Amounts>(&json).unwrap(), amounts);
        }
    }
}
