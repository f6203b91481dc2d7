//! Totals on the wire.

use headlesspro_shared::kernel::id::{LocationKind, PromotionKind, QuoteKind, ShippingMethodKind, TaxExemptionKind};
use headlesspro_shared::kernel::money::{Currency, Money};
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::organizations::TaxMode;
use headlesspro_shared::promotions::{CodeOutcome, Outcome, Refusal};
use headlesspro_shared::shipping::{Charge, OfferKind};
use headlesspro_shared::tax::{RefusedExemption, TaxReason, TaxSource};
use headlesspro_shared::totals::{Delivery, DeliveryTotals, LineTotals, Question, Taxes, Totals, TotalsError};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::usecase::Agreed;
use crate::extract::{Query, QueryParams};
use crate::wire::{IdText, MoneyBody, members_of, value_of};

/// What it comes to: `total = subtotal - discount + shipping - shippingDiscount` where `taxIncluded` is true, or left out
/// without `taxes`; and `total = net + tax` of its taxes in any case.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Totals")]
pub struct TotalsBody {
    /// Of the lines, before discounts.
    pub subtotal: MoneyBody,
    /// What promotions take off the lines.
    pub discount: MoneyBody,
    /// Of the deliveries, before discounts; left out, as the next, where no method was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping: Option<MoneyBody>,
    /// What promotions take off the deliveries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_discount: Option<MoneyBody>,
    /// Of all of it; left out where the store has no tax zone for where it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taxes: Option<TaxesBody>,
    /// Whether prices hold the tax, so that it is in the subtotal; left out with `taxes`, and where prices hold another
    /// tax than is paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_included: Option<bool>,
    /// Of a store with a tax provider: that it has said the tax (`provider`), that the zones' rates say it since it has
    /// not answered (`rules`), or that they do until it is asked (`estimate`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["provider", "rules", "estimate"]))]
    pub tax_source: Option<String>,
    /// The certificates of exemption that the buyer has and that do not hold; left out where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused_exemptions: Vec<RefusedExemptionBody>,
    /// What is to be paid.
    pub total: MoneyBody,
}

/// A certificate of exemption that does not hold.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RefusedTaxExemption")]
pub struct RefusedExemptionBody {
    #[schemars(with = "IdText<TaxExemptionKind>")]
    pub id: String,
    #[schemars(extend("enum" = ["other-zone", "not-yet-valid", "expired"]))]
    pub reason: String,
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
    /// Of a line: the certificate by which it bears no tax.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<IdText<TaxExemptionKind>>")]
    pub exemption_id: Option<String>,
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
            exemption_id: None,
        });
        let of_deliveries = |minor| (!totals.deliveries.is_empty()).then(|| money(minor));
        let refused = |refused: &RefusedExemption| RefusedExemptionBody {
            id: refused.number.clone(),
            reason: value_of(&refused.why).as_str().unwrap_or_default().to_owned(),
        };
        TotalsBody {
            subtotal: money(totals.subtotal),
            discount: money(totals.discount),
            shipping: of_deliveries(totals.shipping),
            shipping_discount: of_deliveries(totals.shipping_discount),
            tax_included: taxes.as_ref().and_then(|_| is_in_prices(totals)),
            // Where nothing is taxed, nothing is refused in earnest.
            refused_exemptions: taxes.iter().flat_map(|_| &totals.refused_exemptions).map(refused).collect(),
            taxes,
            tax_source: match totals.tax_source {
                TaxSource::Provider { .. } => Some("provider".to_owned()),
                TaxSource::OwnInstead { .. } => Some("rules".to_owned()),
                TaxSource::Own => None,
            },
            total: money(totals.total),
        }
    }
}

fn rate(name: &str, [ppm, net, tax]: [i64; 3], totals: &Totals) -> RateBody {
    let money = |minor| Money::new(minor, totals.currency).into();
    RateBody { name: name.to_owned(), ppm, net: money(net), tax: money(tax) }
}

impl TotalsBody {
    /// The same of what the store's tax provider is still to be asked about.
    #[must_use]
    pub fn estimated(self) -> TotalsBody {
        TotalsBody { tax_source: Some("estimate".to_owned()), ..self }
    }
}

/// Nothing where prices hold a tax, and what is paid is with another one.
fn is_in_prices(totals: &Totals) -> Option<bool> {
    let of_lines = totals.subtotal.checked_sub(totals.discount)?;
    let of_deliveries = totals.shipping.checked_sub(totals.shipping_discount)?;
    match totals.tax_mode {
        TaxMode::Exclusive => Some(false),
        TaxMode::Inclusive => (of_lines.checked_add(of_deliveries) == Some(totals.total)).then_some(true),
    }
}

/// Whether a provider has decided, or a zone: that of the destination, or that of the origin, whose tax was taken off.
fn is_taxed(totals: &Totals) -> bool {
    let paid = |line: &LineTotals| line.amount.checked_sub(line.discount);
    let is_provided = matches!(totals.tax_source, TaxSource::Provider { .. });
    is_provided || totals.tax_zone.is_some() || totals.lines.iter().any(|line| paid(line) != Some(line.taxes.gross))
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
    taxes_body(&totals?.lines.get(place)?.taxes, totals?)
}

/// `None` where no zone has decided.
fn taxes_body(taxes: &Taxes, totals: &Totals) -> Option<TaxesBody> {
    let money = |minor| Money::new(minor, totals.currency).into();
    let rates = taxes.rates.iter().map(|of| rate(&of.name, [of.ppm, of.net, of.tax], totals));
    let exemption_id = match &taxes.why {
        TaxReason::Exempt { certificate } => Some(certificate.clone()),
        _ => None,
    };
    let body = || TaxesBody { net: money(taxes.net), tax: money(taxes.tax), rates: rates.collect(), exemption_id };
    is_taxed(totals).then(body)
}

/// Lines that are sent together, by what, and what that costs.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Delivery")]
pub struct DeliveryBody {
    #[schemars(with = "IdText<ShippingMethodKind>")]
    pub method_id: String,
    /// An external provider's code for its rate; left out where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Where it is sent from, or picked up; left out where the store does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<IdText<LocationKind>>")]
    pub location_id: Option<String>,
    #[schemars(extend("enum" = ["delivery", "pickup"]))]
    pub kind: &'static str,
    /// As the buyer reads it.
    pub name: String,
    /// The places of its lines.
    pub lines: Vec<u32>,
    /// Before promotions.
    pub price: MoneyBody,
    /// What promotions take off; left out where that is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount: Option<MoneyBody>,
    /// Left out where the store has no tax zone for where it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taxes: Option<TaxesBody>,
    /// The price less the discount, and with the tax where prices do not hold it.
    pub total: MoneyBody,
}

/// The deliveries of what was agreed, which are by these charges.
pub fn deliveries(charges: &[Charge], agreed: Option<&Agreed>) -> Vec<DeliveryBody> {
    let Some(Agreed { question, totals, .. }) = agreed else { return Vec::new() };
    let money = |minor| MoneyBody::from(Money::new(minor, totals.currency));
    let of = |((charge, delivery), costs): ((&Charge, &Delivery), &DeliveryTotals)| DeliveryBody {
        method_id: charge.method.to_string(),
        service: charge.service.clone(),
        location_id: charge.place().map(|location| location.to_string()),
        kind: kind_name(charge.kind),
        name: costs.name.clone(),
        lines: delivery.lines.clone(),
        price: money(costs.amount),
        discount: (0 < costs.discount).then(|| money(costs.discount)),
        taxes: taxes_body(&costs.taxes, totals),
        total: money(costs.taxes.gross),
    };
    charges.iter().zip(&question.cart.deliveries).zip(&totals.deliveries).map(of).collect()
}

/// As it is written, on the wire and in the database.
pub fn kind_name(kind: OfferKind) -> &'static str {
    match kind {
        OfferKind::Delivery => "delivery",
        OfferKind::Pickup { .. } => "pickup",
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
    /// The quote whose prices, promotions and taxes they are; left out where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<IdText<QuoteKind>>")]
    pub quote_id: Option<String>,
    #[schemars(regex(pattern = "^[A-Z]{3}$"))]
    pub currency: String,
    /// Of each line: price with its steps, discounts with their promotions, taxes with their rates.
    pub totals: Map<String, Value>,
    /// What was considered for the price of each line; null where another engine gave the totals.
    pub prices: Option<Vec<Value>>,
    /// Which promotions were considered, in their order, and what came of each; null where another engine did.
    pub promotions: Option<Map<String, Value>>,
    /// Of each delivery of an order, by its `key`, how its price came about; left out where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shipping: Vec<Value>,
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
        quote_id: None,
        currency: explained.totals.currency.to_string(),
        totals: without_customers(members_of(&explained.totals)),
        prices: Some(prices.collect()),
        promotions: Some(members_of(&explained.promotions)),
        shipping: Vec::new(),
    })
}

/// Of totals that another engine has given, as they were recorded.
pub fn recorded_explanation(totals: Map<String, Value>) -> ExplanationBody {
    let engine = totals.get("engine").and_then(Value::as_u64).and_then(|engine| u32::try_from(engine).ok());
    let currency = totals.get("currency").and_then(Value::as_str).unwrap_or_default().to_owned();
    let (engine, totals) = (engine.unwrap_or_default(), without_customers(totals));
    ExplanationBody { engine, quote_id: None, currency, totals, prices: None, promotions: None, shipping: Vec::new() }
}

/// Whose redemptions were counted is told where redemptions are.
fn without_customers(mut totals: Map<String, Value>) -> Map<String, Value> {
    let redemptions = totals.get_mut("redemptions").and_then(Value::as_array_mut);
    for redemption in redemptions.into_iter().flatten().filter_map(Value::as_object_mut) {
        redemption.remove("customer");
    }
    totals
}
