//! The decision.

use std::collections::BTreeMap;

use super::answer::{LineRate, TaxReason, TaxSource, Taxed, TaxedLine, ZoneName};
use super::exemption;
use super::question::{MOST_LINES, RoundingPer, ShippingCharge, ShippingTax, TaxQuestion};
use super::rates::RateSet;
use super::rounding::{round, round_sum, share, split_over_rates};
use super::rules::{CrossBorder, TaxRules, TaxZone};
use super::{RefusedExemption, TaxClass};
use crate::kernel::area;
use crate::kernel::id::TaxRateId;
use crate::kernel::money::Rounding;
use crate::organizations::TaxMode;

static STANDARD: TaxClass = TaxClass::STANDARD;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TaxError {
    #[error("at most {MOST_LINES} lines can be taxed together")]
    TooManyLines,
    #[error("the amount of `{0}` is negative")]
    NegativeAmount(String),
    #[error("the rate {0} is not between 0 and 1000 %")]
    Rate(TaxRateId),
    #[error("the amounts are too large")]
    Overflow,
    /// The external provider had no answer, and the merchant's rules say that nothing is sold then.
    #[error("the tax provider {provider} has no answer: {problem}")]
    NoAnswer { provider: String, problem: String },
}

/// Taxes `question` by the merchant's own rates.
///
/// # Errors
/// [`TaxError`], for hostile input only: too many lines, negative amounts, sums beyond `i64`, rules that
/// [`TaxRules::check`] refuses.
pub fn tax(rules: &TaxRules, question: &TaxQuestion) -> Result<Taxed, TaxError> {
    check(question)?;
    let zone = area::closest(&rules.zones, |zone| &zone.areas, &question.destination).map(|(zone, _)| zone);
    let (exempt, refused) = exemption::decide(rules, question, zone);
    let mut plans = Plans::new(rules, question, zone, exempt);
    let items = items(question, &mut plans)?;
    let taxes = taxes(question, &plans, &items).ok_or(TaxError::Overflow)?;
    answer(question, &plans, zone, refused, items.into_iter().zip(taxes)).ok_or(TaxError::Overflow)
}

pub(super) fn check(question: &TaxQuestion) -> Result<(), TaxError> {
    if MOST_LINES < question.lines.len().saturating_add(question.shipping.len()) {
        return Err(TaxError::TooManyLines);
    }
    let lines = question.lines.iter().map(|line| (&line.key, line.amount));
    let shipping = question.shipping.iter().map(|charge| (&charge.key, charge.amount));
    match lines.chain(shipping).find(|(_, amount)| *amount < 0) {
        Some((key, _)) => Err(TaxError::NegativeAmount(key.clone())),
        None => Ok(()),
    }
}

/// How a class is taxed.
struct Plan<'r> {
    /// What is taken off the amount before: the tax of the place that prices are made for.
    contained: Option<RateSet<'r>>,
    /// Of the amount then.
    mode: TaxMode,
    /// Index of what is charged; none: nothing.
    group: Option<usize>,
    why: TaxReason,
}

/// Each class' plan, worked out when the first line of it comes.
struct Plans<'r, 'q> {
    rules: &'r TaxRules,
    question: &'q TaxQuestion,
    zone: Option<&'r TaxZone>,
    origin: Option<&'r TaxZone>,
    exempt: Option<TaxReason>,
    by_class: BTreeMap<&'q TaxClass, usize>,
    plans: Vec<Plan<'r>>,
    /// What is charged the same way: rounded together, where lines are.
    groups: Vec<(RateSet<'r>, TaxMode)>,
}

impl<'r, 'q> Plans<'r, 'q> {
    fn new(
        rules: &'r TaxRules,
        question: &'q TaxQuestion,
        zone: Option<&'r TaxZone>,
        exempt: Option<TaxReason>,
    ) -> Plans<'r, 'q> {
        let origin = match &rules.cross_border {
            CrossBorder::Gross => None,
            CrossBorder::Net { origin } => {
                area::closest(&rules.zones, |zone| &zone.areas, origin).map(|(zone, _)| zone)
            }
        };
        Plans {
            rules,
            question,
            zone,
            origin,
            exempt,
            by_class: BTreeMap::new(),
            plans: Vec::new(),
            groups: Vec::new(),
        }
    }

    fn of(&mut self, class: &'q TaxClass) -> Result<usize, TaxError> {
        if let Some(&index) = self.by_class.get(class) {
            return Ok(index);
        }
        let plan = self.make(class)?;
        let index = self.plans.len();
        self.plans.push(plan);
        self.by_class.insert(class, index);
        Ok(index)
    }

    fn make(&mut self, class: &TaxClass) -> Result<Plan<'r>, TaxError> {
        let at = self.question.at;
        let rates = |zone: Option<&'r TaxZone>| zone.map(|zone| RateSet::of(zone, class, at)).transpose();
        let (charged, why) = match rates(self.zone)? {
            Some((set, why)) => (Some(set).filter(|set| !set.is_empty()), why),
            None => (None, TaxReason::NoZone),
        };
        let contained = match (self.question.mode, &self.rules.cross_border) {
            (TaxMode::Exclusive, _) => None,
            (TaxMode::Inclusive, CrossBorder::Gross) => charged.clone(),
            (TaxMode::Inclusive, CrossBorder::Net { .. }) => rates(self.origin)?.map(|(set, _)| set),
        };
        let contained = contained.filter(|set| !set.is_empty());
        if let Some(why) = self.exempt.clone() {
            return Ok(Plan { contained, mode: TaxMode::Exclusive, group: None, why });
        }
        let is_kept = match (&self.rules.cross_border, &charged, &contained) {
            (CrossBorder::Gross, _, _) | (_, None, None) => true,
            (_, Some(charged), Some(contained)) => charged.is_equal_share(contained),
            (_, Some(_), None) | (_, None, Some(_)) => false,
        };
        let (contained, mode) = match (self.question.mode, is_kept) {
            (TaxMode::Exclusive, _) => (None, TaxMode::Exclusive),
            (TaxMode::Inclusive, true) => (None, TaxMode::Inclusive),
            (TaxMode::Inclusive, false) => (contained, TaxMode::Exclusive),
        };
        let group = charged.map(|set| self.group(set, mode));
        Ok(Plan { contained, mode, group, why })
    }

    fn group(&mut self, set: RateSet<'r>, mode: TaxMode) -> usize {
        let known = self.groups.iter().position(|(known, of)| *of == mode && known.is_same(&set));
        known.unwrap_or_else(|| {
            self.groups.push((set, mode));
            self.groups.len().saturating_sub(1)
        })
    }
}

/// A line, a charge for shipping, or a part of one that is taxed as other goods are.
struct Item {
    /// Without what its plan takes off.
    amount: i64,
    plan: usize,
    /// Index of the charge; none for lines.
    charge: Option<usize>,
}

/// The lines, then the parts of shipping, each in the order of the question.
fn items<'q>(question: &'q TaxQuestion, plans: &mut Plans<'_, 'q>) -> Result<Vec<Item>, TaxError> {
    let mut items = Vec::with_capacity(question.lines.len().saturating_add(question.shipping.len()));
    for line in &question.lines {
        let plan = plans.of(&line.class)?;
        items.push(item(question, plans, line.amount, plan, None)?);
    }
    for (index, charge) in question.shipping.iter().enumerate() {
        for (plan, amount) in parts(question, plans, charge)? {
            items.push(item(question, plans, amount, plan, Some(index))?);
        }
    }
    Ok(items)
}

fn item(
    question: &TaxQuestion,
    plans: &Plans,
    amount: i64,
    plan: usize,
    charge: Option<usize>,
) -> Result<Item, TaxError> {
    let contained = plans.plans.get(plan).and_then(|plan| plan.contained.as_ref());
    let amount = match contained {
        None => amount,
        Some(set) => {
            let tax = set.tax(i128::from(amount), TaxMode::Inclusive);
            let tax = tax.and_then(|tax| round(tax, question.rounding.into()));
            tax.and_then(|tax| amount.checked_sub(tax)).ok_or(TaxError::Overflow)?
        }
    };
    Ok(Item { amount, plan, charge })
}

/// What of a charge for shipping is taxed by which plan.
fn parts<'q>(
    question: &'q TaxQuestion,
    plans: &mut Plans<'_, 'q>,
    charge: &'q ShippingCharge,
) -> Result<Vec<(usize, i64)>, TaxError> {
    let shipped = match &charge.tax {
        ShippingTax::Class { class } => return Ok(vec![(plans.of(class)?, charge.amount)]),
        ShippingTax::Proportional { lines } => lines,
    };
    let mut weights: Vec<u64> = Vec::new();
    for line in question.lines.iter().filter(|line| shipped.is_empty() || shipped.contains(&line.key)) {
        let plan = plans.of(&line.class)?;
        let amount = u64::try_from(line.amount).map_err(|_| TaxError::NegativeAmount(line.key.clone()))?;
        weights.resize(weights.len().max(plan.saturating_add(1)), 0);
        if let Some(weight) = weights.get_mut(plan) {
            *weight = weight.checked_add(amount).ok_or(TaxError::Overflow)?;
        }
    }
    if weights.iter().all(|&weight| weight == 0) {
        // Nothing with a price goes with it: as if it were all there is.
        return Ok(vec![(plans.of(&STANDARD)?, charge.amount)]);
    }
    let shares = share(charge.amount, &weights, question.currency).ok_or(TaxError::Overflow)?;
    Ok(shares
        .into_iter()
        .enumerate()
        .filter(|&(plan, _)| weights.get(plan).is_some_and(|&weight| weight != 0))
        .collect())
}

/// What an item's tax is, and each rate's part of it.
struct ItemTax {
    tax: i64,
    parts: Vec<i64>,
}

fn taxes(question: &TaxQuestion, plans: &Plans, items: &[Item]) -> Option<Vec<ItemTax>> {
    let rounding = Rounding::from(question.rounding);
    let mut taxes: Vec<ItemTax> = items.iter().map(|_| ItemTax { tax: 0, parts: Vec::new() }).collect();
    let mut members: Vec<Vec<usize>> = plans.groups.iter().map(|_| Vec::new()).collect();
    for (index, item) in items.iter().enumerate() {
        if let Some(group) = plans.plans.get(item.plan)?.group {
            members.get_mut(group)?.push(index);
        }
    }
    let amount = |&index: &usize| items.get(index).map(|item| item.amount);

    // What each group's tax is together, unless each line is rounded on its own.
    let exact = |((set, mode), members): (&(RateSet, TaxMode), &Vec<usize>)| {
        let sum = members.iter().try_fold(0i128, |sum, member| sum.checked_add(i128::from(amount(member)?)))?;
        set.tax(sum, *mode)
    };
    let together: Option<Vec<i64>> = match question.per {
        RoundingPer::Line => None,
        RoundingPer::Rate => {
            let groups = plans.groups.iter().zip(&members);
            Some(groups.map(|group| round(exact(group)?, rounding)).collect::<Option<_>>()?)
        }
        RoundingPer::Order => {
            let exact = plans.groups.iter().zip(&members).map(exact).collect::<Option<Vec<_>>>()?;
            Some(round_sum(&exact, rounding)?)
        }
    };

    for (index, ((set, mode), members)) in plans.groups.iter().zip(&members).enumerate() {
        let (of_members, parts) = match &together {
            None => {
                let alone = |member| round(set.tax(i128::from(amount(member)?), *mode)?, rounding);
                let alone: Vec<i64> = members.iter().map(alone).collect::<Option<_>>()?;
                let parts = alone.iter().map(|tax| share(*tax, &set.weights, question.currency));
                let parts = parts.collect::<Option<Vec<_>>>()?;
                (alone, parts)
            }
            Some(together) => {
                let weights = members.iter().map(|member| u64::try_from(amount(member)?).ok());
                let shares = share(*together.get(index)?, &weights.collect::<Option<Vec<_>>>()?, question.currency)?;
                let parts = split_over_rates(&shares, set)?;
                (shares, parts)
            }
        };
        for ((member, tax), parts) in members.iter().zip(of_members).zip(parts) {
            *taxes.get_mut(*member)? = ItemTax { tax, parts };
        }
    }
    Some(taxes)
}

fn answer(
    question: &TaxQuestion,
    plans: &Plans,
    zone: Option<&TaxZone>,
    refused: Vec<RefusedExemption>,
    items: impl Iterator<Item = (Item, ItemTax)>,
) -> Option<Taxed> {
    let mut lines = Vec::with_capacity(question.lines.len());
    let mut shipping: Vec<TaxedLine> = question.shipping.iter().map(|charge| untaxed(charge, plans)).collect();
    let mut questions = question.lines.iter();
    for (item, item_tax) in items {
        let plan = plans.plans.get(item.plan)?;
        let (net, gross) = match plan.mode {
            TaxMode::Inclusive => (item.amount.checked_sub(item_tax.tax)?, item.amount),
            TaxMode::Exclusive => (item.amount, item.amount.checked_add(item_tax.tax)?),
        };
        let set = plan.group.and_then(|group| plans.groups.get(group)).map(|(set, _)| set);
        let rates = set.into_iter().flat_map(|set| set.rates.iter().zip(&item_tax.parts));
        let rates = rates.map(|(rate, part)| LineRate::of(rate, net, *part));
        match item.charge.and_then(|index| shipping.get_mut(index)) {
            None => lines.push(TaxedLine {
                key: questions.next()?.key.clone(),
                net,
                tax: item_tax.tax,
                gross,
                rates: rates.collect(),
                class: None,
                why: plan.why.clone(),
            }),
            Some(charge) => {
                charge.net = charge.net.checked_add(net)?;
                charge.tax = charge.tax.checked_add(item_tax.tax)?;
                charge.gross = charge.gross.checked_add(gross)?;
                for rate in rates {
                    match charge.rates.iter_mut().find(|known| known.rate == rate.rate) {
                        Some(known) => {
                            known.net = known.net.checked_add(rate.net)?;
                            known.tax = known.tax.checked_add(rate.tax)?;
                        }
                        None => charge.rates.push(rate),
                    }
                }
                if charge.class.is_some() {
                    charge.why = plan.why.clone();
                }
            }
        }
    }
    for (line, asked) in lines.iter_mut().zip(&question.lines) {
        line.class = Some(asked.class.clone());
    }
    let taxed = Taxed {
        currency: question.currency,
        mode: question.mode,
        per: question.per,
        rounding: question.rounding,
        source: TaxSource::Own,
        zone: zone.map(|zone| ZoneName { id: zone.id, name: zone.name.clone() }),
        lines,
        shipping,
        rates: Vec::new(),
        refused,
        net: 0,
        tax: 0,
        gross: 0,
    };
    taxed.summed()
}

/// A charge before its parts are put to it.
fn untaxed(charge: &ShippingCharge, plans: &Plans) -> TaxedLine {
    let class = match &charge.tax {
        ShippingTax::Class { class } => Some(class.clone()),
        ShippingTax::Proportional { .. } => None,
    };
    let why = match (&plans.exempt, plans.zone) {
        (Some(exempt), _) => exempt.clone(),
        (None, None) => TaxReason::NoZone,
        (None, Some(_)) => TaxReason::Proportional,
    };
    TaxedLine { key: charge.key.clone(), net: 0, tax: 0, gross: 0, rates: Vec::new(), class, why }
}
