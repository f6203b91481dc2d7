//! Totals on the wire.

use headlesspro_shared::kernel::id::PromotionKind;
use headlesspro_shared::kernel::money::{Currency, Money};
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::promotions::{CodeOutcome, Outcome, Refusal};
use headlesspro_shared::totals::{ENGINE_VERSION, Question, Totals, TotalsError, explain};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::extract::{Query, QueryParams};
use crate::wire::{IdText, MoneyBody};

/// What it comes to. `total = subtotal - discount`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Totals")]
pub struct TotalsBody {
    /// Of the lines, before discounts.
    pub subtotal: MoneyBody,
    /// What promotions take off.
    pub discount: MoneyBody,
    /// What is to be paid.
    pub total: MoneyBody,
}

impl From<&Totals> for TotalsBody {
    fn from(totals: &Totals) -> TotalsBody {
        let money = |minor| Money::new(minor, totals.currency).into();
        TotalsBody { subtotal: money(totals.subtotal), discount: money(totals.discount), total: money(totals.total) }
    }
}

/// A code as it was entered, and what came of it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "EnteredCode")]
pub struct CodeBody {
    pub code: String,
    /// Whether it takes something off; null after a change of lines, whose answer knows no promotions.
    pub applied: Option<bool>,
    #[schemars(with = "Option<IdText<PromotionKind>>")]
    pub promotion_id: Option<String>,
    /// What it takes off in all; null where it is not applied.
    pub discount: Option<MoneyBody>,
    /// Why it is not applied: `unknown`, `minimum-not-met`, `limit-reached`, `not-combinable` and such.
    pub reason: Option<String>,
    /// What the lines have less than they must come to, where that is the reason.
    pub missing: Option<MoneyBody>,
}

/// What came of each code, or nothing yet.
pub fn codes(entered: &[String], totals: Option<&Totals>) -> Vec<CodeBody> {
    match totals {
        Some(totals) => totals.codes.iter().map(|outcome| code(outcome, totals.currency)).collect(),
        None => entered.iter().map(|code| unknown(code.clone())).collect(),
    }
}

fn unknown(code: String) -> CodeBody {
    CodeBody { code, applied: None, promotion_id: None, discount: None, reason: None, missing: None }
}

fn code(outcome: &CodeOutcome, currency: Currency) -> CodeBody {
    let money = |minor| Some(MoneyBody::from(Money::new(minor, currency)));
    let body = CodeBody { promotion_id: outcome.promotion.map(|id| id.to_string()), ..unknown(outcome.code.clone()) };
    match outcome.outcome {
        Outcome::Applied { amount } => CodeBody { applied: Some(true), discount: money(amount), ..body },
        Outcome::Refused { reason } => CodeBody {
            applied: Some(false),
            reason: name_of(reason),
            missing: match reason {
                Refusal::MinimumNotMet { missing, .. } => money(missing),
                _ => None,
            },
            ..body
        },
    }
}

/// As the engine writes it.
fn name_of(reason: Refusal) -> Option<String> {
    let value = serde_json::to_value(reason).ok()?;
    value.get("type").and_then(Value::as_str).map(str::to_owned)
}

/// What is taken off the line at a place, and what is left of it, if totals are known. Gifts come after the lines.
pub fn discounted(totals: Option<&Totals>, place: usize) -> Option<(Money, Money)> {
    let totals = totals?;
    let money = |minor| Money::new(minor, totals.currency);
    match totals.lines.get(place) {
        Some(line) => Some((money(line.discount), money(line.taxes.gross))),
        None => {
            let gift = totals.gifts.get(place.checked_sub(totals.lines.len())?)?;
            Some((money(gift.amount), money(0)))
        }
    }
}

/// `?at=`: another instant than now.
pub struct Moment(pub Option<Timestamp>);

impl Query for Moment {
    fn parse(params: &mut QueryParams) -> Moment {
        Moment(params.take("at", str::parse::<Timestamp>))
    }
}

/// Why it costs what it costs. Amounts are whole minor units of `currency`; rates are parts per million.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TotalsExplanation")]
pub struct ExplanationBody {
    /// The version of the engine that gave the totals.
    pub engine: u32,
    #[schemars(regex(pattern = "^[A-Z]{3}$"))]
    pub currency: String,
    /// Of each line: price with its steps, discounts with their promotions, taxes with their rates.
    pub totals: Map<String, Value>,
    /// What was considered for the price of each line; null where another engine gave the totals.
    pub prices: Option<Vec<Value>>,
    /// Which promotions were considered, in their order, and what came of each; null where another engine did.
    pub promotions: Option<Map<String, Value>>,
}

/// Explains what was asked. `recorded` is what was answered to it, for questions to another engine.
///
/// # Errors
/// [`TotalsError`], for another moment than it was asked for.
pub fn explanation(question: &Question, recorded: Totals) -> Result<ExplanationBody, TotalsError> {
    let object = |value: Result<Value, serde_json::Error>| match value {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    };
    if question.engine != ENGINE_VERSION {
        return Ok(ExplanationBody {
            engine: recorded.engine,
            currency: recorded.currency.to_string(),
            totals: object(serde_json::to_value(&recorded)),
            prices: None,
            promotions: None,
        });
    }
    let explained = explain(&question.rules, &question.cart)?;
    let prices = serde_json::to_value(&explained.prices).ok().and_then(|value| match value {
        Value::Array(items) => Some(items),
        _ => None,
    });
    Ok(ExplanationBody {
        engine: explained.totals.engine,
        currency: explained.totals.currency.to_string(),
        totals: object(serde_json::to_value(&explained.totals)),
        prices,
        promotions: Some(object(serde_json::to_value(&explained.promotions))),
    })
}
