//! When a method is offered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::delivery::{DeliveryLine, Totals};
use super::offer::WhyNot;
use crate::kernel::area::Place;
use crate::kernel::country::Country;
use crate::kernel::id::LocationId;
use crate::kernel::money::Currency;
use crate::tax::TaxClass;

/// All of them must hold, of the group that is shipped.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Conditions {
    /// In minor units; a currency that is not named has no bounds.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub subtotal: BTreeMap<Currency, Span>,
    /// In grams.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Span>,
    /// Where it goes; none: anywhere in the zone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub countries: Vec<Country>,
    /// Where it ships from; none: anywhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<LocationId>,
    pub tags: Terms<String>,
    pub classes: Terms<TaxClass>,
}

/// From `min` to `max`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Span {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
}

/// Which lines may be shipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Terms<T> {
    /// Every line has one of these; none: any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub any_of: Vec<T>,
    /// No line has one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub none_of: Vec<T>,
}

// By hand: a derive would ask the same of `T`.
impl<T> Default for Terms<T> {
    fn default() -> Terms<T> {
        Terms { any_of: Vec::new(), none_of: Vec::new() }
    }
}

impl<T: PartialEq> Terms<T> {
    fn allow(&self, has: &[T]) -> bool {
        (self.any_of.is_empty() || has.iter().any(|term| self.any_of.contains(term)))
            && !has.iter().any(|term| self.none_of.contains(term))
    }
}

impl Span {
    const fn holds(self, value: i64) -> bool {
        let is_enough = match self.min {
            Some(min) => min <= value,
            None => true,
        };
        let is_little = match self.max {
            Some(max) => value <= max,
            None => true,
        };
        is_enough && is_little
    }
}

impl Conditions {
    /// Every reason against.
    pub(super) fn against(
        &self,
        currency: Currency,
        destination: Option<&Place>,
        location: Option<LocationId>,
        lines: &[&DeliveryLine],
        totals: &Totals,
    ) -> Vec<WhyNot> {
        let mut against = Vec::new();
        let mut span = |span: Option<Span>, value: i64, why: fn(Span, i64) -> WhyNot| {
            if let Some(span) = span.filter(|span| !span.holds(value)) {
                against.push(why(span, value));
            }
        };
        let subtotal = self.subtotal.get(&currency).copied();
        span(subtotal, totals.subtotal, |span, value| WhyNot::Subtotal { span, value });
        span(self.weight, totals.weight, |span, value| WhyNot::Weight { span, value });
        span(self.quantity, totals.quantity, |span, value| WhyNot::Quantity { span, value });
        if !self.countries.is_empty() && !destination.is_some_and(|place| self.countries.contains(&place.country)) {
            against.push(WhyNot::Country);
        }
        if !self.locations.is_empty() && !location.is_some_and(|location| self.locations.contains(&location)) {
            against.push(WhyNot::Location);
        }
        for line in lines {
            if !self.tags.allow(&line.tags) {
                against.push(WhyNot::Tags { line: line.key.clone() });
            }
            if !self.classes.allow(line.class.as_slice()) {
                against.push(WhyNot::Class { line: line.key.clone() });
            }
        }
        against
    }
}
