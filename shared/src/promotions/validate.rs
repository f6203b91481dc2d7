//! What is wrong with a promotion that a merchant writes.

use super::{
    Amounts, Condition, Definition, Effect, MOST_CONDITIONS, MOST_DEPTH, Reduction, Selector, StackingGroup, Threshold,
    Tier,
};
use crate::catalog::source::Fault;
use crate::kernel::line::Line;
use crate::kernel::money::{Currency, Rate};
use crate::organizations::MOST_CURRENCIES;

/// Of one selector, or of one list of a condition.
pub const MOST_ITEMS: usize = 250;
/// Of one promotion.
pub const MOST_TIERS: usize = 20;

const MOST_NAME_CHARS: usize = 255;
const MOST_METHOD_CHARS: usize = 64;
/// Of currencies, with the store's own.
const MOST_AMOUNTS: usize = MOST_CURRENCIES + 1;

/// Everything that is wrong with a definition, each with its place: `effect/tiers/0/by/rate`. `groups` are the keys
/// of the store's stacking groups.
///
/// # Errors
/// At least one [`Fault`].
pub fn validate(definition: &Definition, groups: &[&str]) -> Result<(), Vec<Fault>> {
    let mut faults = Faults::default();
    if let Err(error) = definition.name.parse::<Line<MOST_NAME_CHARS>>() {
        faults.add("name", error);
    }
    if let (Some(starts_at), Some(ends_at)) = (definition.starts_at, definition.ends_at)
        && ends_at <= starts_at
    {
        faults.add("endsAt", "must be later than startsAt");
    }
    if let Some(group) = &definition.group {
        if !groups.contains(&group.as_str()) {
            faults.add("group", "is not the key of a stacking group");
        }
        if definition.exclusive {
            faults.add("exclusive", "must be false in a group, which combines with nothing else then");
        }
    }
    for (name, limit) in [("limit", definition.limit), ("limitPerCustomer", definition.limit_per_customer)] {
        if limit.is_some_and(|limit| limit < 1) {
            faults.add(name, "must be 1 or more");
        }
    }
    if !definition.max_discount.is_empty() {
        faults.amounts("maxDiscount", &definition.max_discount);
        if matches!(definition.effect, Effect::Gift { .. }) {
            faults.add("maxDiscount", "is not for gifts");
        }
    }
    let mut count = 0usize;
    faults.below("condition", |faults| faults.condition(&definition.condition, 1, &mut count));
    if MOST_CONDITIONS < count {
        faults.add("condition", format!("must have at most {MOST_CONDITIONS} conditions"));
    }
    faults.below("effect", |faults| faults.effect(&definition.effect));
    faults.end()
}

/// Everything that is wrong with a stacking group. `others` are the keys of the store's other groups.
///
/// # Errors
/// At least one [`Fault`].
pub fn validate_group(group: &StackingGroup, others: &[&str]) -> Result<(), Vec<Fault>> {
    let mut faults = Faults::default();
    let is_key = group.key.len() <= 64
        && group.key.starts_with(|first: char| first.is_ascii_lowercase())
        && group.key.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'));
    if !is_key {
        faults.add("key", "must be 1 to 64 lower-case letters, digits, - and _, a letter first");
    }
    if others.contains(&group.key.as_str()) {
        faults.add("key", "is that of another group");
    }
    if super::MOST_GROUPS <= others.len() {
        faults.add("", format!("must not be one of more than {} groups", super::MOST_GROUPS));
    }
    for excluded in &group.excludes {
        if *excluded == group.key {
            faults.add("excludes", "must not name the group itself");
        } else if !others.contains(&excluded.as_str()) {
            faults.add("excludes", "names a group that does not exist");
        }
    }
    faults.end()
}

/// What was found so far, and where one is.
#[derive(Default)]
struct Faults {
    path: Vec<String>,
    found: Vec<Fault>,
}

impl Faults {
    fn end(self) -> Result<(), Vec<Fault>> {
        if self.found.is_empty() { Ok(()) } else { Err(self.found) }
    }

    fn add(&mut self, name: &str, reason: impl ToString) {
        let own = Some(name).filter(|name| !name.is_empty());
        let names: Vec<&str> = self.path.iter().map(String::as_str).chain(own).collect();
        let fault = Fault { path: names.join("/"), reason: reason.to_string() };
        if !self.found.contains(&fault) {
            self.found.push(fault);
        }
    }

    fn below(&mut self, name: impl ToString, check: impl FnOnce(&mut Faults)) {
        self.path.push(name.to_string());
        check(self);
        self.path.pop();
    }

    fn each<'a, T: 'a>(
        &mut self,
        name: &str,
        all: impl IntoIterator<Item = &'a T>,
        mut check: impl FnMut(&mut Faults, &'a T),
    ) {
        self.below(name, |faults| {
            for (at, one) in all.into_iter().enumerate() {
                faults.below(at, |faults| check(faults, one));
            }
        });
    }

    fn condition(&mut self, condition: &Condition, depth: usize, count: &mut usize) {
        *count = count.saturating_add(1);
        // Deeper ones, and more, need not be read: nothing of them would hold.
        if MOST_CONDITIONS < *count {
            return;
        }
        if MOST_DEPTH < depth {
            self.add("", format!("must have at most {MOST_DEPTH} levels"));
            return;
        }
        let below = depth.saturating_add(1);
        match condition {
            Condition::All { of } => self.each("of", of, |faults, one| faults.condition(one, below, count)),
            Condition::Any { of } => {
                if of.is_empty() {
                    self.add("of", "must not be empty");
                }
                self.each("of", of, |faults, one| faults.condition(one, below, count));
            }
            Condition::Not { of } => self.below("of", |faults| faults.condition(of, below, count)),
            Condition::Quantity { lines, at_least } => {
                self.below("lines", |faults| faults.selector(lines));
                if *at_least < 1 {
                    self.add("atLeast", "must be 1 or more");
                }
            }
            Condition::Subtotal { lines, at_least, .. } => {
                self.below("lines", |faults| faults.selector(lines));
                self.amounts("atLeast", at_least);
            }
            Condition::CustomerGroup { any_of } => self.size("anyOf", any_of.len()),
            Condition::Channel { any_of } => self.size("anyOf", any_of.len()),
            Condition::Time { from, until } => match (from, until) {
                (None, None) => self.add("", "must have from, until or both"),
                (Some(from), Some(until)) if until <= from => self.add("until", "must be later than from"),
                _ => {}
            },
            Condition::FirstOrder => {}
            Condition::PaymentMethod { any_of } | Condition::ShippingMethod { any_of } => {
                self.size("anyOf", any_of.len());
                self.methods("anyOf", any_of);
            }
        }
    }

    fn effect(&mut self, effect: &Effect) {
        match effect {
            Effect::Reduce { lines, by } => {
                self.below("lines", |faults| faults.selector(lines));
                self.below("by", |faults| faults.reduction(by));
            }
            Effect::Tiered { lines, tiers } => {
                self.below("lines", |faults| faults.selector(lines));
                if !(1..=MOST_TIERS).contains(&tiers.len()) {
                    self.add("tiers", format!("must be 1 to {MOST_TIERS}"));
                }
                self.each("tiers", tiers, |faults, tier| {
                    match &tier.at_least {
                        Threshold::Quantity { units } if *units < 1 => faults.add("atLeast/units", "must be 1 or more"),
                        Threshold::Quantity { .. } => {}
                        Threshold::Subtotal { amounts } => faults.amounts("atLeast/amounts", amounts),
                    }
                    faults.below("by", |faults| faults.reduction(&tier.by));
                });
                if tiers.windows(2).any(|pair| matches!(pair, [lower, higher] if !is_above(higher, lower))) {
                    self.add("tiers", "must all be of one kind and the same currencies, each above the one before it");
                }
            }
            Effect::BuyGet { buy, get, rate, .. } => {
                self.below("buy", |faults| faults.selector(buy));
                self.below("get", |faults| faults.selector(get));
                self.rate(*rate);
            }
            Effect::FreeShipping { methods } => {
                if MOST_ITEMS < methods.len() {
                    self.add("methods", format!("must name at most {MOST_ITEMS}"));
                }
                self.methods("methods", methods);
            }
            Effect::Gift { .. } => {}
        }
    }

    fn reduction(&mut self, by: &Reduction) {
        match by {
            Reduction::Percent { rate } => self.rate(*rate),
            Reduction::PerUnit { amounts } | Reduction::PerLine { amounts } | Reduction::PerOrder { amounts } => {
                self.amounts("amounts", amounts);
            }
        }
    }

    fn rate(&mut self, rate: Rate) {
        if !(1..=Rate::ONE.ppm()).contains(&rate.ppm()) {
            self.add("rate", "must be 1 to 1000000 parts per million");
        }
    }

    fn amounts(&mut self, name: &str, amounts: &Amounts) {
        self.size_up_to(name, amounts.0.len(), MOST_AMOUNTS);
        if amounts.0.values().any(|amount| *amount < 1) {
            self.add(name, "must be above zero in each currency");
        }
    }

    fn selector(&mut self, selector: &Selector) {
        for (name, items) in [("anyOf", &selector.any_of), ("noneOf", &selector.none_of)] {
            if MOST_ITEMS < items.len() {
                self.add(name, format!("must name at most {MOST_ITEMS}"));
            }
        }
    }

    fn methods<'a>(&mut self, name: &str, methods: impl IntoIterator<Item = &'a String>) {
        self.each(name, methods, |faults, method| {
            if let Err(error) = method.parse::<Line<MOST_METHOD_CHARS>>() {
                faults.add("", error);
            }
        });
    }

    fn size(&mut self, name: &str, size: usize) {
        self.size_up_to(name, size, MOST_ITEMS);
    }

    fn size_up_to(&mut self, name: &str, size: usize, most: usize) {
        if !(1..=most).contains(&size) {
            self.add(name, format!("must have 1 to {most} entries"));
        }
    }
}

/// Whether a tier is reached by less than the next one, in every currency.
fn is_above(higher: &Tier, lower: &Tier) -> bool {
    match (&higher.at_least, &lower.at_least) {
        (Threshold::Quantity { units: higher }, Threshold::Quantity { units: lower }) => lower < higher,
        (Threshold::Subtotal { amounts: higher }, Threshold::Subtotal { amounts: lower }) => {
            let is_above = |currency: &Currency, lower: i64| higher.of(*currency).is_some_and(|higher| lower < higher);
            higher.0.len() == lower.0.len() && lower.0.iter().all(|(currency, lower)| is_above(currency, *lower))
        }
        _ => false,
    }
}
