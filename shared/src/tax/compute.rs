//! The decision.

use super::RefusedExemption;
use super::answer::{LineRate, TaxReason, TaxSource, Taxed, TaxedLine, ZoneName};
use super::exemption;
use super::items::{Item, items};
use super::plans::{Charge, Plans, Way};
use super::question::{MOST_LINES, RoundingPer, ShippingCharge, ShippingTax, TaxQuestion};
use super::rates::Fraction;
use super::rounding::{round, round_sum, share, split_over_rates};
use super::rules::TaxRules;
use crate::kernel::area;
use crate::kernel::id::TaxRateId;
use crate::kernel::money::Rounding;
use crate::organizations::TaxMode;

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
    answer(question, &plans, refused, items.into_iter().zip(taxes)).ok_or(TaxError::Overflow)
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

/// What is taken off an item, and what it is taxed then.
struct ItemTax {
    contained: i64,
    tax: i64,
    /// Each rate's part of the tax.
    parts: Vec<i64>,
}

fn taxes(question: &TaxQuestion, plans: &Plans, items: &[Item]) -> Option<Vec<ItemTax>> {
    let mut members: Vec<Vec<usize>> = plans.ways.iter().map(|_| Vec::new()).collect();
    for (index, item) in items.iter().enumerate() {
        members.get_mut(item.way)?.push(index);
    }
    let of = |set_of: fn(&Way) -> Option<usize>| {
        let ways = plans.ways.iter().zip(&members);
        ways.filter_map(|(way, members)| Some((set_of(way)?, members.as_slice()))).collect::<Vec<_>>()
    };
    let amounts: Vec<u64> = items.iter().map(|item| u64::try_from(item.amount).ok()).collect::<Option<_>>()?;
    let contained = rounded(question, &plans.contained, &of(|way| way.contained), &amounts)?;
    let left = amounts.iter().zip(&contained);
    let left = left.map(|(amount, contained)| amount.checked_sub(u64::try_from(*contained).ok()?));
    let left: Vec<u64> = left.collect::<Option<_>>()?;
    let by_charge = of(|way| way.charged);
    let charged = rounded(question, &plans.charged, &by_charge, &left)?;

    let taxes = contained.into_iter().zip(charged);
    let mut taxes: Vec<ItemTax> = taxes.map(|(contained, tax)| ItemTax { contained, tax, parts: Vec::new() }).collect();
    for (index, (set, _)) in plans.charged.iter().enumerate() {
        let members = by_charge.iter().filter(|(of, _)| *of == index).flat_map(|(_, members)| *members);
        let of_members = members.clone().map(|member| taxes.get(*member).map(|item| item.tax));
        let parts = split_over_rates(&of_members.collect::<Option<Vec<_>>>()?, set)?;
        for (member, parts) in members.zip(parts) {
            taxes.get_mut(*member)?.parts = parts;
        }
    }
    Some(taxes)
}

/// What of each amount is tax by its set of rates; nothing of those that have none.
///
/// `ways` has the index of a set and those of the amounts that it is of. Where lines are rounded together, the tax of a
/// set is shared over its ways first: so that what each of them has left, and is taxed on, does not depend on how many
/// lines it is made of.
fn rounded(question: &TaxQuestion, sets: &[Charge], ways: &[(usize, &[usize])], amounts: &[u64]) -> Option<Vec<i64>> {
    let rounding = Rounding::from(question.rounding);
    let amounts_of =
        |members: &[usize]| members.iter().map(|member| amounts.get(*member).copied()).collect::<Option<Vec<_>>>();
    let mut taxes = vec![0; amounts.len()];
    let mut put = |members: &[usize], shares: Vec<i64>| {
        for (member, share) in members.iter().zip(shares) {
            *taxes.get_mut(*member)? = share;
        }
        Some(())
    };
    let together: fn(&[Fraction], Rounding) -> Option<Vec<i64>> = match question.per {
        RoundingPer::Line => {
            for &(set, members) in ways {
                let (set, mode) = sets.get(set)?;
                let amounts = amounts_of(members)?;
                let alone = |amount| round(set.tax(i128::from(amount), *mode)?, rounding);
                put(members, amounts.into_iter().map(alone).collect::<Option<_>>()?)?;
            }
            return Some(taxes);
        }
        RoundingPer::Rate => |exact, rounding| exact.iter().map(|exact| round(*exact, rounding)).collect(),
        RoundingPer::Order => round_sum,
    };

    let mut sums: Vec<Vec<u64>> = sets.iter().map(|_| Vec::new()).collect();
    for (set, members) in ways {
        let amounts = amounts_of(members)?;
        sums.get_mut(*set)?.push(amounts.into_iter().try_fold(0, u64::checked_add)?);
    }
    let exact = |((set, mode), sums): (&Charge, &Vec<u64>)| {
        set.tax(sums.iter().try_fold(0i128, |sum, of_way| sum.checked_add(i128::from(*of_way)))?, *mode)
    };
    let exact: Vec<Fraction> = sets.iter().zip(&sums).map(exact).collect::<Option<_>>()?;
    for (index, (tax, sums)) in together(&exact, rounding)?.into_iter().zip(&sums).enumerate() {
        let of_set = ways.iter().filter(|(set, _)| *set == index);
        for ((_, members), tax) in of_set.zip(share(tax, sums, question.currency)?) {
            put(members, share(tax, &amounts_of(members)?, question.currency)?)?;
        }
    }
    Some(taxes)
}

fn answer(
    question: &TaxQuestion,
    plans: &Plans,
    refused: Vec<RefusedExemption>,
    items: impl Iterator<Item = (Item, ItemTax)>,
) -> Option<Taxed> {
    let mut lines = Vec::with_capacity(question.lines.len());
    let mut shipping: Vec<TaxedLine> = question.shipping.iter().map(|charge| untaxed(charge, plans)).collect();
    let mut questions = question.lines.iter();
    for (item, item_tax) in items {
        let way = plans.ways.get(item.way)?;
        let why = item.plan.and_then(|plan| plans.plans.get(plan)).map(|plan| plan.why.clone());
        let amount = item.amount.checked_sub(item_tax.contained)?;
        let (net, gross) = match way.mode {
            TaxMode::Inclusive => (amount.checked_sub(item_tax.tax)?, amount),
            TaxMode::Exclusive => (amount, amount.checked_add(item_tax.tax)?),
        };
        let set = way.charged.and_then(|charged| plans.charged.get(charged)).map(|(set, _)| set);
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
                why: why?,
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
                if let Some(why) = why {
                    charge.why = why;
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
        zone: plans.zone.map(|zone| ZoneName { id: zone.id, name: zone.name.clone() }),
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
