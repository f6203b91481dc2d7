//! The promotions that a basket is held against.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Code, Condition, Definition};
use crate::kernel::id::{PromotionCodeId, PromotionId};
use crate::kernel::time::Timestamp;

/// Of a store. Groups that exclude each other make at most 3^(12/3) = 81 sets of groups that do not.
/// Source of the bound: Moon and Moser, "On cliques in graphs" (1965).
pub const MOST_GROUPS: usize = 12;

/// A snapshot of a store's promotions, in any order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PromotionBook {
    pub promotions: Vec<BookedPromotion>,
    pub groups: Vec<StackingGroup>,
    /// Those that the basket names, as far as there are such codes.
    pub codes: Vec<BookedCode>,
}

impl PromotionBook {
    /// The first instant after `at` from which one of the promotions may say something else: it, or a condition of it,
    /// begins or ends to hold.
    pub fn turns_at(&self, at: Timestamp) -> Option<Timestamp> {
        let mut turns = Vec::new();
        let mut conditions = Vec::new();
        for promotion in &self.promotions {
            turns.extend(promotion.definition.starts_at.into_iter().chain(promotion.definition.ends_at));
            conditions.push(&promotion.definition.condition);
        }
        while let Some(condition) = conditions.pop() {
            match condition {
                Condition::All { of } | Condition::Any { of } => conditions.extend(of),
                Condition::Not { of } => conditions.push(of),
                Condition::Time { from, until } => turns.extend(from.iter().chain(until)),
                Condition::Quantity { .. }
                | Condition::Subtotal { .. }
                | Condition::CustomerGroup { .. }
                | Condition::Channel { .. }
                | Condition::FirstOrder
                | Condition::PaymentMethod { .. }
                | Condition::ShippingMethod { .. } => {}
            }
        }
        turns.into_iter().filter(|turn| at < *turn).min()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BookedPromotion {
    pub id: PromotionId,
    pub definition: Definition,
    /// Redemptions so far.
    #[serde(default)]
    pub used: i64,
    /// Of them, those of the basket's customer.
    #[serde(default)]
    pub used_by_customer: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BookedCode {
    pub id: PromotionCodeId,
    pub code: Code,
    /// Triggered by codes.
    pub promotion: PromotionId,
    #[serde(default)]
    pub used: i64,
    /// 1 is a code for a single use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<i64>,
}

/// Promotions that a merchant treats alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StackingGroup {
    /// 1 to 64 lower-case letters, digits, `-` and `_`, a letter first.
    pub key: String,
    /// Among the groups, and with the promotions of none, which have 0; the higher number applies first.
    #[serde(default)]
    pub priority: i32,
    pub within: Within,
    /// Groups that do not apply where this one does, nor it where they do: it is enough that one of two says so. Of
    /// those that exclude each other, the ones apply that save most.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub excludes: BTreeSet<String>,
}

/// How promotions of one group combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// Each applies to what the ones before left.
    Stack,
    /// The one that saves most when it is the group's turn applies, the others do not.
    Best,
}

named!(Within, UnknownWithin, "stack or best", {
    Stack = "stack",
    Best = "best",
});

#[cfg(test)]
mod tests {
    use super::super::tests::{automatic, book, percent};
    use super::*;

    #[test]
    fn the_next_turn_is_that_of_a_window_or_of_a_condition() {
        let at = Timestamp::from_millis;
        let mut one = automatic(percent(100_000));
        one.starts_at = Some(at(10));
        one.ends_at = Some(at(50));
        let of = Condition::Not { of: Box::new(Condition::Time { from: Some(at(20)), until: Some(at(40)) }) };
        one.condition = Condition::All { of: vec![of] };
        let book = book([one]);
        let turns: Vec<_> = [0, 10, 19, 20, 39, 40, 50].map(|now| book.turns_at(at(now)).map(Timestamp::millis)).into();
        assert_eq!(turns, [Some(10), Some(20), Some(20), Some(40), Some(40), Some(50), None]);
    }
}
