//! Totals on the wire.

use headlesspro_shared::kernel::id::PromotionKind;
use headlesspro_shared::kernel::money::{Currency, Money};
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::promotions::{CodeOutcome, Outcome, Refusal};
use headlesspro_shared::totals::{Question, Totals, TotalsError};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::extract::{Query, QueryParams};
use crate::wire::{IdText, MoneyBody, members_of, value_of};

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
        // What nobody has announced is not there.
        Outcome::Refused { reason: Refusal::Inactive | Refusal::NotStarted { .. } } => {
            CodeBody { applied: Some(false), reason: name_of(Refusal::Unknown), ..unknown(outcome.code.clone()) }
        }
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
    value_of(&reason).get("type").and_then(Value::as_str).map(str::to_owned)
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

/// Explains what was asked.
///
/// # Errors
/// [`TotalsError`], for another moment than it was asked for.
pub fn explanation(question: &Question) -> Result<ExplanationBody, TotalsError> {
    let explained = question.explain()?;
    let prices = explained.prices.iter().map(value_of);
    Ok(ExplanationBody {
        engine: explained.totals.engine,
        currency: explained.totals.currency.to_string(),
        totals: without_customers(members_of(&explained.totals)),
        prices: Some(prices.collect()),
        promotions: Some(members_of(&explained.promotions)),
    })
}

/// Of totals that another engine has given, as they were recorded.
pub fn recorded_explanation(totals: Map<String, Value>) -> ExplanationBody {
    let engine = totals.get("engine").and_then(Value::as_u64).and_then(|engine| u32::try_from(engine).ok());
    let currency = totals.get("currency").and_then(Value::as_str).unwrap_or_default().to_owned();
    let (engine, totals) = (engine.unwrap_or_default(), without_customers(totals));
    ExplanationBody { engine, currency, totals, prices: None, promotions: None }
}

/// Whose redemptions were counted is told where redemptions are.
fn without_customers(mut totals: Map<String, Value>) -> Map<String, Value> {
    let redemptions = totals.get_mut("redemptions").and_then(Value::as_array_mut);
    for redemption in redemptions.into_iter().flatten().filter_map(Value::as_object_mut) {
        redemption.remove("customer");
    }
    totals
}
