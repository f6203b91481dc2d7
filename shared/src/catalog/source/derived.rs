//! What is derived from a source.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Source, SourceInventory, SourceOption, SourceSeo, SourceVariant};
use crate::kernel::money::Money;

impl Source {
    /// The values of the option with this number that variants have, each once: first those that the option orders.
    pub fn values_of<'a>(&'a self, number: usize, option: &'a SourceOption) -> Vec<&'a str> {
        let named: Vec<&str> =
            self.variants.iter().filter_map(|variant| variant.options.get(number)).map(String::as_str).collect();
        let there: BTreeSet<&str> = named.iter().copied().collect();
        let ordered = option.values.iter().map(String::as_str).filter(|value| there.contains(value));
        let mut seen = BTreeSet::new();
        ordered.chain(named.iter().copied()).filter(|value| seen.insert(*value)).collect()
    }

    /// The lowest and the highest price of the variants that have one.
    pub fn price_range(&self) -> Option<(Money, Money)> {
        let prices = self.variants.iter().filter_map(|variant| variant.price);
        let min = prices.clone().min_by_key(|price| price.minor())?;
        Some((min, prices.max_by_key(|price| price.minor())?))
    }

    /// The values of the product's own attributes and of its variants', by key.
    pub fn attribute_values(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.attributes.iter().chain(self.variants.iter().flat_map(|variant| &variant.attributes))
    }

    /// What lists are ordered by.
    pub fn title_key(&self) -> String {
        self.title.to_lowercase()
    }
}

impl SourceVariant {
    /// The option values: `M / Blue`.
    pub fn title(&self) -> String {
        self.options.join(" / ")
    }

    /// The option values joined by U+001F: what tells a product's variants apart.
    pub fn option_key(&self) -> String {
        self.options.join("\u{1f}")
    }
}

impl SourceSeo {
    pub(super) fn is_empty(&self) -> bool {
        self.title.is_none() && self.description.is_none()
    }
}

impl SourceInventory {
    /// Units that are there, where they are counted.
    pub fn counted(self) -> Option<i64> {
        self.tracked.then_some(self.quantity)
    }

    /// Whether one can be bought.
    pub fn is_sellable(self) -> bool {
        0 < self.quantity || !self.tracked || self.continue_selling
    }
}
