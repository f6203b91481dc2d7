//! What a method costs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::delivery::Totals;
use super::expression::Expression;
use super::external::ExternalFallback;
use super::offer::{WhyNot, WhyPrice};
use crate::kernel::money::Currency;

/// In minor units of each currency. A method is not offered in a currency that it has no amount in.
pub type Amounts = BTreeMap<Currency, i64>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Price {
    Flat {
        amounts: Amounts,
    },
    /// The first row that reaches what the group measures; a group beyond the last is not offered the method.
    Table {
        measure: Measure,
        rows: BTreeMap<Currency, Vec<Row>>,
    },
    Expression {
        expressions: BTreeMap<Currency, Expression>,
    },
    /// As an external provider says.
    External {
        provider: String,
        fallback: ExternalFallback,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Grams.
    Weight,
    /// Minor units of the currency.
    Subtotal,
    /// Units.
    Quantity,
}

named!(Measure, UnknownMeasure, "weight, subtotal or quantity", {
    Weight = "weight",
    Subtotal = "subtotal",
    Quantity = "quantity",
});

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Row {
    /// The most that the row is for, itself included; none: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<i64>,
    pub amount: i64,
}

/// From which subtotal on a method costs nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FreeOver {
    pub of: FreeOverOf,
    /// The threshold itself is free. A currency without one never is.
    pub amounts: Amounts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FreeOverOf {
    /// Of all lines, those of other groups and those that need no shipping among them.
    Order,
    Group,
}

named!(FreeOverOf, UnknownFreeOverOf, "order or group", {
    Order = "order",
    Group = "group",
});

impl Measure {
    pub(super) const fn of(self, totals: &Totals) -> i64 {
        match self {
            Measure::Weight => totals.weight,
            Measure::Subtotal => totals.subtotal,
            Measure::Quantity => totals.quantity,
        }
    }
}

/// What of [`Price`] needs nobody else.
pub(super) fn flat(amounts: &Amounts, currency: Currency) -> Result<(i64, WhyPrice), WhyNot> {
    let amount = amounts.get(&currency).copied().ok_or(WhyNot::NoPrice)?;
    not_negative(amount).map(|amount| (amount, WhyPrice::Flat))
}

pub(super) fn table(
    measure: Measure,
    rows: &BTreeMap<Currency, Vec<Row>>,
    currency: Currency,
    totals: &Totals,
) -> Result<(i64, WhyPrice), WhyNot> {
    let rows = rows.get(&currency).ok_or(WhyNot::NoPrice)?;
    let measured = measure.of(totals);
    let row = rows.iter().find(|row| row.up_to.is_none_or(|most| measured <= most));
    let row = row.ok_or(WhyNot::BeyondTable { measure, measured })?;
    not_negative(row.amount).map(|amount| (amount, WhyPrice::Table { measure, measured, up_to: row.up_to }))
}

pub(super) fn expression(
    expressions: &BTreeMap<Currency, Expression>,
    currency: Currency,
    totals: &Totals,
) -> Result<(i64, WhyPrice), WhyNot> {
    let expression = expressions.get(&currency).ok_or(WhyNot::NoPrice)?;
    let amount = expression.value(totals).ok_or(WhyNot::Incomputable)?;
    not_negative(amount).map(|amount| (amount, WhyPrice::Expression))
}

pub(super) fn not_negative(amount: i64) -> Result<i64, WhyNot> {
    if amount < 0 { Err(WhyNot::Incomputable) } else { Ok(amount) }
}
