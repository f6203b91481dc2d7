//! An external tax provider's answer, and what is done without one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::answer::{LineRate, TaxReason, TaxSource, Taxed, TaxedLine};
use super::compute::{TaxError, check, tax};
use super::question::{ShippingTax, TaxQuestion};
use super::rules::TaxRules;
use crate::organizations::TaxMode;

/// What is done when the provider answers too late, fails, or answers what does not fit the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProviderFallback {
    /// The merchant's own rates.
    #[default]
    OwnRates,
    /// Nothing is sold.
    Refuse,
}

named!(ProviderFallback, UnknownProviderFallback, "own-rates or refuse", {
    OwnRates = "own-rates",
    Refuse = "refuse",
});

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum ProviderOutcome {
    Answered { provider: String, answer: ProviderAnswer },
    TimedOut { provider: String, after_millis: i64 },
    Failed { provider: String, reason: String },
}

/// The tax of each line and charge, in minor units of the question's currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProviderAnswer {
    /// The provider's name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// In any order, each of the question's keys once.
    pub lines: Vec<ProviderLine>,
    #[serde(default)]
    pub shipping: Vec<ProviderLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProviderLine {
    pub key: String,
    pub tax: i64,
    /// They sum to `tax`.
    pub rates: Vec<ProviderRate>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProviderRate {
    pub name: String,
    pub ppm: i64,
    pub tax: i64,
}

/// Of one line.
const MOST_RATES: usize = 20;
/// Of a name, in characters.
const LONGEST_NAME: usize = 200;
/// 1,000 %, as of a rate that a merchant lays down.
const MOST_PPM: i64 = 10_000_000;

impl ProviderAnswer {
    /// Whether what a stranger answers may be kept and shown, whatever it sums to; that it fits a question is for
    /// [`settle`] to say.
    ///
    /// # Errors
    /// What is wrong with it: completes a sentence that begins with the answer.
    pub fn check(&self, question: &TaxQuestion) -> Result<(), &'static str> {
        let is_name = |name: &str| {
            !name.is_empty() && name.chars().count() <= LONGEST_NAME && !name.chars().any(char::is_control)
        };
        if self.reference.as_deref().is_some_and(|reference| !is_name(reference)) {
            return Err("it has a reference that is empty, too long or no line of text");
        }
        let lines = question.lines.iter().map(|line| (line.key.as_str(), line.amount)).collect();
        let shipping = question.shipping.iter().map(|charge| (charge.key.as_str(), charge.amount)).collect();
        let both: [(&[ProviderLine], BTreeMap<&str, i64>); 2] = [(&self.lines, lines), (&self.shipping, shipping)];
        for (answered, amounts) in both {
            for line in answered {
                if MOST_RATES < line.rates.len() {
                    return Err("it has too many rates on a line");
                }
                if line.rates.iter().any(|rate| !is_name(&rate.name) || !(0..=MOST_PPM).contains(&rate.ppm)) {
                    return Err("it has a rate without a name, or of more than 1000 %");
                }
                let amount = amounts.get(line.key.as_str()).copied().unwrap_or_default();
                let most = i128::from(amount).saturating_mul(10);
                if line.tax < 0 || most < i128::from(line.tax) {
                    return Err("it has a tax that is negative or more than 1000 %");
                }
            }
        }
        Ok(())
    }
}

/// Taxes `question` by what the provider said, or as `rules` say for when it said nothing that fits.
///
/// # Errors
/// [`TaxError::NoAnswer`] where the rules say that nothing is sold then; otherwise as [`tax`].
pub fn settle(rules: &TaxRules, question: &TaxQuestion, outcome: ProviderOutcome) -> Result<Taxed, TaxError> {
    check(question)?;
    let (provider, problem) = match outcome {
        ProviderOutcome::Answered { provider, answer } => match fit(question, &answer) {
            Ok((lines, shipping)) => {
                let source = TaxSource::Provider { provider, reference: answer.reference };
                return answered(question, source, lines, shipping);
            }
            Err(problem) => (provider, problem.to_owned()),
        },
        ProviderOutcome::TimedOut { provider, after_millis } => (provider, format!("no answer in {after_millis} ms")),
        ProviderOutcome::Failed { provider, reason } => (provider, reason),
    };
    match rules.provider_fallback {
        ProviderFallback::Refuse => Err(TaxError::NoAnswer { provider, problem }),
        ProviderFallback::OwnRates => {
            Ok(Taxed { source: TaxSource::OwnInstead { provider, problem }, ..tax(rules, question)? })
        }
    }
}

fn answered(
    question: &TaxQuestion,
    source: TaxSource,
    mut lines: Vec<TaxedLine>,
    mut shipping: Vec<TaxedLine>,
) -> Result<Taxed, TaxError> {
    for (line, asked) in lines.iter_mut().zip(&question.lines) {
        line.class = Some(asked.class.clone());
    }
    for (line, asked) in shipping.iter_mut().zip(&question.shipping) {
        if let ShippingTax::Class { class } = &asked.tax {
            line.class = Some(class.clone());
        }
    }
    let taxed = Taxed {
        currency: question.currency,
        mode: question.mode,
        per: question.per,
        rounding: question.rounding,
        source,
        zone: None,
        lines,
        shipping,
        rates: Vec::new(),
        refused: Vec::new(),
        net: 0,
        tax: 0,
        gross: 0,
    };
    taxed.summed().ok_or(TaxError::Overflow)
}

type Fitted = (Vec<TaxedLine>, Vec<TaxedLine>);

/// The answer put to the question, or what does not fit.
fn fit(question: &TaxQuestion, answer: &ProviderAnswer) -> Result<Fitted, &'static str> {
    let lines = question.lines.iter().map(|line| (&line.key, line.amount));
    let shipping = question.shipping.iter().map(|charge| (&charge.key, charge.amount));
    Ok((fit_all(question.mode, lines, &answer.lines)?, fit_all(question.mode, shipping, &answer.shipping)?))
}

fn fit_all<'q>(
    mode: TaxMode,
    asked: impl Iterator<Item = (&'q String, i64)>,
    answered: &[ProviderLine],
) -> Result<Vec<TaxedLine>, &'static str> {
    let mut left: BTreeMap<&str, &ProviderLine> = BTreeMap::new();
    for line in answered {
        if left.insert(&line.key, line).is_some() {
            return Err("it names a line twice");
        }
    }
    let mut lines = Vec::with_capacity(answered.len());
    for (key, amount) in asked {
        let line = left.remove(key.as_str()).ok_or("it leaves out a line")?;
        lines.push(fit_one(mode, amount, line)?);
    }
    if left.is_empty() { Ok(lines) } else { Err("it names a line that was not asked for") }
}

fn fit_one(mode: TaxMode, amount: i64, line: &ProviderLine) -> Result<TaxedLine, &'static str> {
    let sum = line.rates.iter().try_fold(0i64, |sum, rate| sum.checked_add(rate.tax));
    if sum != Some(line.tax) || line.rates.iter().any(|rate| rate.tax < 0) {
        return Err("the rates of a line do not sum to its tax");
    }
    let (net, gross) = match mode {
        TaxMode::Inclusive => (amount.checked_sub(line.tax), Some(amount)),
        TaxMode::Exclusive => (Some(amount), amount.checked_add(line.tax)),
    };
    let (Some(net @ 0..), Some(gross)) = (net, gross) else { return Err("the tax of a line exceeds its amount") };
    let rates = line.rates.iter();
    let rates = rates.map(|rate| LineRate { rate: None, name: rate.name.clone(), ppm: rate.ppm, net, tax: rate.tax });
    Ok(TaxedLine {
        key: line.key.clone(),
        net,
        tax: line.tax,
        gross,
        rates: rates.collect(),
        class: None,
        why: TaxReason::Provider,
    })
}
