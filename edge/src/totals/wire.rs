//! Totals on the wire.

use headlesspro_shared::kernel::id::PromotionKind;
use headlesspro_shared::kernel::money::{Currency, Money};
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::organizations::TaxMode;
use headlesspro_shared::promotions::{CodeOutcome, Outcome, Refusal};
use headlesspro_shared::totals::{LineTotals, Question, Totals, TotalsError};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::extract::{Query, QueryParams};
use crate::wire::{IdText, MoneyBody, members_of, value_of};

/// What it comes to: `total = subtotal - discount`, and the tax where prices do not hold it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Totals")]
pub struct TotalsBody {
    /// Of the lines, before discounts.
    pub subtotal: MoneyBody,
    /// What promotions take off.
    pub discount: MoneyBody,
    /// Of all of it; left out where the store has no tax zone for where it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taxes: Option<TaxesBody>,
    /// Whether prices hold the tax, so that it is in the subtotal; left out with `taxes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_included: Option<bool>,
    /// What is to be paid.
    pub total: MoneyBody,
}

/// What of an amount is tax: `net + tax` is what is paid.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Taxes")]
pub struct TaxesBody {
    pub net: MoneyBody,
    /// The sum of its rates.
    pub tax: MoneyBody,
    pub rates: Vec<RateBody>,
}

/// What a rate gives.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AppliedTaxRate")]
pub struct RateBody {
    /// As invoices say it.
    pub name: String,
    /// Parts per million: 190,000 is 19 %.
    pub ppm: i64,
    /// What it is on, without any tax.
    pub net: MoneyBody,
    pub tax: MoneyBody,
}

impl From<&Totals> for TotalsBody {
    fn from(totals: &Totals) -> TotalsBody {
        let money = |minor| Money::new(minor, totals.currency).into();
        let taxes = is_taxed(totals).then(|| TaxesBody {
            net: money(totals.net),
            tax: money(totals.tax),
            rates: totals.rates.iter().map(|sum| rate(&sum.name, [sum.ppm, sum.net, sum.tax], totals)).collect(),
        });
        TotalsBody {
            subtotal: money(totals.subtotal),
            discount: money(totals.discount),
            tax_included: taxes.is_some().then_some(totals.tax_mode == TaxMode::Inclusive),
            taxes,
            total: money(totals.total),
        }
    }
}

fn rate(name: &str, [ppm, net, tax]: [i64; 3], totals: &Totals) -> RateBody {
    let money = |minor| Money::new(minor, totals.currency).into();
    RateBody { name: name.to_owned(), ppm, net: money(net), tax: money(tax) }
}

/// Whether a zone has decided: that of the destination, or that of the origin, whose tax was taken off.
fn is_taxed(totals: &Totals) -> bool {
    let paid = |line: &LineTotals| line.amount.checked_sub(line.discount);
    totals.tax_zone.is_some() || totals.lines.iter().any(|line| paid(line) != Some(line.taxes.gross))
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

/// What a line comes to.
#[derive(Debug, Clone, Copy)]
pub struct LineSums {
    pub discount: Money,
    /// Part of the total.
    pub tax: Money,
    /// What is paid for it.
    pub total: Money,
}

/// What the line at a place comes to, if totals are known. Gifts come after the lines.
pub fn line_sums(totals: Option<&Totals>, place: usize) -> Option<LineSums> {
    let totals = totals?;
    let sums = |[discount, tax, total]: [i64; 3]| {
        let money = |minor| Money::new(minor, totals.currency);
        Some(LineSums { discount: money(discount), tax: money(tax), total: money(total) })
    };
    match totals.lines.get(place) {
        Some(line) => sums([line.discount, line.taxes.tax, line.taxes.gross]),
        None => sums([totals.gifts.get(place.checked_sub(totals.lines.len())?)?.amount, 0, 0]),
    }
}

/// What of the line at a place is tax, where a zone has decided. Gifts bear none.
pub fn line_taxes(totals: Option<&Totals>, place: usize) -> Option<TaxesBody> {
    let totals = totals.filter(|totals| is_taxed(totals))?;
    let taxes = &totals.lines.get(place)?.taxes;
    let money = |minor| Money::new(minor, totals.currency).into();
    let rates = taxes.rates.iter().map(|of| rate(&of.name, [of.ppm, of.net, of.tax], totals));
    Some(TaxesBody { net: money(taxes.net), tax: money(taxes.tax), rates: rates.collect() })
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
