//! When a promotion applies.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::basket::Lines;
use super::{Amounts, Basket, Refusal, Selector};
use crate::kernel::id::{ChannelId, CustomerGroupId};
use crate::kernel::time::Timestamp;

/// Of one promotion, all levels together.
pub const MOST_CONDITIONS: usize = 50;
/// Levels of a condition: `all` of `any` of `not` of another has four.
pub const MOST_DEPTH: usize = 5;

/// Deeper ones are never met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Condition {
    /// Met where each is: always, where there is none.
    All {
        of: Vec<Condition>,
    },
    /// Met where one is: never, where there is none.
    Any {
        of: Vec<Condition>,
    },
    Not {
        of: Box<Condition>,
    },
    /// Units of these lines: that there is a product, that there are five of a collection.
    Quantity {
        #[serde(default)]
        lines: Selector,
        at_least: i64,
    },
    /// The sum of these lines, in the basket's currency.
    Subtotal {
        #[serde(default)]
        lines: Selector,
        at_least: Amounts,
        /// Whether it is what the promotions before this one left; else it is the sum before any promotion.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        after_discounts: bool,
    },
    /// The customer is in one of these.
    CustomerGroup {
        any_of: BTreeSet<CustomerGroupId>,
    },
    Channel {
        any_of: BTreeSet<ChannelId>,
    },
    /// From the first instant on and before the second.
    Time {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// The customer has not ordered before.
    FirstOrder,
    PaymentMethod {
        any_of: BTreeSet<String>,
    },
    /// Each delivery goes by one of these.
    ShippingMethod {
        any_of: BTreeSet<String>,
    },
}

impl Default for Condition {
    fn default() -> Condition {
        Condition::All { of: Vec::new() }
    }
}

/// What was not met, where no number says it better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConditionKind {
    Any,
    Not,
    CustomerGroup,
    Channel,
    Time,
    FirstOrder,
    PaymentMethod,
    ShippingMethod,
    Depth,
}

named!(
    ConditionKind,
    UnknownConditionKind,
    "any, not, customer-group, channel, time, first-order, payment-method, shipping-method or depth",
    {
        Any = "any",
        Not = "not",
        CustomerGroup = "customer-group",
        Channel = "channel",
        Time = "time",
        FirstOrder = "first-order",
        PaymentMethod = "payment-method",
        ShippingMethod = "shipping-method",
        Depth = "depth",
    }
);

/// What a basket need not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    Customer,
    Channel,
    FirstOrder,
    PaymentMethod,
    ShippingMethod,
}

named!(Fact, UnknownFact, "customer, channel, first-order, payment-method or shipping-method", {
    Customer = "customer",
    Channel = "channel",
    FirstOrder = "first-order",
    PaymentMethod = "payment-method",
    ShippingMethod = "shipping-method",
});

/// Kleene's three values: the opposite of what is not known is not known either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Met {
    Yes,
    No(Refusal),
    Unknown(Refusal),
}

impl Condition {
    /// Whether the answer changes with what other promotions leave.
    pub(super) fn is_dynamic(&self, depth: usize) -> bool {
        let below = depth.saturating_add(1);
        match self {
            Condition::All { of } | Condition::Any { of } if depth < MOST_DEPTH => {
                of.iter().any(|condition| condition.is_dynamic(below))
            }
            Condition::Not { of } if depth < MOST_DEPTH => of.is_dynamic(below),
            Condition::Subtotal { after_discounts, .. } => *after_discounts,
            _ => false,
        }
    }
}

/// What conditions are held against.
pub(super) struct Facts<'a> {
    pub(super) basket: &'a Basket,
    pub(super) lines: Lines,
    /// Lines that a condition selects; only while it does.
    selected: Vec<usize>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(basket: &'a Basket, lines: Lines) -> Facts<'a> {
        Facts { basket, lines, selected: Vec::new() }
    }

    /// Whether `condition` is met, where other promotions have left `left` of each line.
    pub(super) fn check(&mut self, condition: &Condition, left: &[i64]) -> Result<(), Refusal> {
        match self.met(condition, left, 0) {
            Met::Yes => Ok(()),
            Met::No(reason) | Met::Unknown(reason) => Err(reason),
        }
    }

    fn met(&mut self, condition: &Condition, left: &[i64], depth: usize) -> Met {
        if MOST_DEPTH <= depth {
            return Met::Unknown(Refusal::ConditionNotMet { condition: ConditionKind::Depth });
        }
        let below = depth.saturating_add(1);
        let basket = self.basket;
        match condition {
            Condition::All { of } => {
                let mut met = Met::Yes;
                for condition in of {
                    match (self.met(condition, left, below), met) {
                        (no @ Met::No(_), _) => return no,
                        (unknown @ Met::Unknown(_), Met::Yes) => met = unknown,
                        _ => {}
                    }
                }
                met
            }
            Condition::Any { of } => {
                let mut met = None;
                for condition in of {
                    match (self.met(condition, left, below), met) {
                        (Met::Yes, _) => return Met::Yes,
                        (unknown @ Met::Unknown(_), None | Some(Met::No(_))) => met = Some(unknown),
                        (no, None) => met = Some(no),
                        _ => {}
                    }
                }
                met.unwrap_or(not_met(ConditionKind::Any))
            }
            Condition::Not { of } => match self.met(of, left, below) {
                Met::Yes => not_met(ConditionKind::Not),
                Met::No(_) => Met::Yes,
                unknown @ Met::Unknown(_) => unknown,
            },
            Condition::Quantity { lines, at_least } => {
                let Facts { lines: index, selected, .. } = self;
                selected.clear();
                index.select(lines, selected);
                let units = sum(selected, &index.quantities);
                match missing(units, *at_least) {
                    None => Met::Yes,
                    Some(missing) => Met::No(Refusal::QuantityNotMet { minimum: *at_least, missing }),
                }
            }
            Condition::Subtotal { lines, at_least, after_discounts } => {
                let Some(minimum) = at_least.of(basket.currency) else { return Met::Unknown(Refusal::OtherCurrency) };
                let Facts { lines: index, selected, .. } = self;
                selected.clear();
                index.select(lines, selected);
                let subtotal = sum(selected, if *after_discounts { left } else { &index.amounts });
                match missing(subtotal, minimum) {
                    None => Met::Yes,
                    Some(missing) => Met::No(Refusal::MinimumNotMet { minimum, missing }),
                }
            }
            Condition::CustomerGroup { any_of } => {
                let is_member = any_of.iter().any(|group| basket.customer_groups.contains(group));
                if is_member { Met::Yes } else { not_met(ConditionKind::CustomerGroup) }
            }
            Condition::Channel { any_of } => {
                known(basket.channel, Fact::Channel, ConditionKind::Channel, |channel| any_of.contains(&channel))
            }
            Condition::Time { from, until } => {
                let is_within =
                    from.is_none_or(|from| from <= basket.at) && until.is_none_or(|until| basket.at < until);
                if is_within { Met::Yes } else { not_met(ConditionKind::Time) }
            }
            Condition::FirstOrder => {
                known(basket.is_first_order, Fact::FirstOrder, ConditionKind::FirstOrder, |is_first| is_first)
            }
            Condition::PaymentMethod { any_of } => {
                let method = basket.payment_method.as_ref();
                known(method, Fact::PaymentMethod, ConditionKind::PaymentMethod, |method| any_of.contains(method))
            }
            Condition::ShippingMethod { any_of } => {
                let charges = Some(&basket.shipping).filter(|charges| !charges.is_empty());
                known(charges, Fact::ShippingMethod, ConditionKind::ShippingMethod, |charges| {
                    charges.iter().all(|charge| any_of.contains(&charge.method))
                })
            }
        }
    }
}

fn not_met(condition: ConditionKind) -> Met {
    Met::No(Refusal::ConditionNotMet { condition })
}

fn known<T: Copy>(value: Option<T>, fact: Fact, condition: ConditionKind, is_met: impl FnOnce(T) -> bool) -> Met {
    match value {
        None => Met::Unknown(Refusal::NotKnownYet { fact }),
        Some(value) if is_met(value) => Met::Yes,
        Some(_) => not_met(condition),
    }
}

/// What `value` has less than `minimum`.
pub(super) fn missing(value: i64, minimum: i64) -> Option<i64> {
    minimum.checked_sub(value).or(Some(i64::MAX)).filter(|_| value < minimum)
}

/// Of the values at these places. Values of a basket's lines never sum beyond `i64`.
pub(super) fn sum(places: &[usize], values: &[i64]) -> i64 {
    places.iter().filter_map(|at| values.get(*at)).fold(0, |sum, value| sum.saturating_add(*value))
}
