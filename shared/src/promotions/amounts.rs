//! Amounts by currency.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::kernel::money::Currency;

/// What a rule says for each currency, in minor units: `{"EUR": 500, "KRW": 7000}`. There is no other way from one
/// currency to another.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
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
