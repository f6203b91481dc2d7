//! What is taxed: the lines, and the parts of shipping that go with them.

use super::TaxClass;
use super::compute::TaxError;
use super::plans::Plans;
use super::question::{ShippingCharge, ShippingTax, TaxQuestion};
use super::rounding::share;
use crate::kernel::order::sort_by_key;

static STANDARD: TaxClass = TaxClass::STANDARD;

/// A line, a charge for shipping, or the part of one that is taxed as the goods of one way are.
pub(super) struct Item {
    pub amount: i64,
    pub way: usize,
    /// Index of the plan whose reason it has; none for shipping that is taxed as what is shipped.
    pub plan: Option<usize>,
    /// Index of the charge; none for lines.
    pub charge: Option<usize>,
}

/// The lines, then the parts of shipping, each in the order of the question.
pub(super) fn items<'q>(question: &'q TaxQuestion, plans: &mut Plans<'_, 'q>) -> Result<Vec<Item>, TaxError> {
    let mut items = Vec::with_capacity(question.lines.len().saturating_add(question.shipping.len()));
    for line in &question.lines {
        let (plan, way) = if line.taxable { plans.of(&line.class)? } else { plans.untaxed() };
        items.push(Item { amount: line.amount, way, plan: Some(plan), charge: None });
    }
    let goods = Goods::of(question, &items)?;
    for (index, charge) in question.shipping.iter().enumerate() {
        let of = |(way, amount)| Item { amount, way, plan: None, charge: Some(index) };
        match &charge.tax {
            ShippingTax::Class { class } => {
                let (plan, way) = plans.of(class)?;
                items.push(Item { plan: Some(plan), ..of((way, charge.amount)) });
            }
            ShippingTax::Proportional { lines } => {
                items.extend(parts(question, plans, charge, goods.weights(lines)?)?.into_iter().map(of));
            }
        }
    }
    Ok(items)
}

/// What of a charge for shipping is taxed by which way. By ways and not by classes: classes with the same rates are
/// one amount on an invoice, and one part is rounded once.
fn parts<'q>(
    question: &TaxQuestion,
    plans: &mut Plans<'_, 'q>,
    charge: &ShippingCharge,
    weights: Vec<u64>,
) -> Result<Vec<(usize, i64)>, TaxError> {
    if weights.iter().all(|&weight| weight == 0) {
        // Nothing with a price goes with it: as if it were all there is.
        return Ok(vec![(plans.of(&STANDARD)?.1, charge.amount)]);
    }
    let shares = share(charge.amount, &weights, question.currency).ok_or(TaxError::Overflow)?;
    let parts = shares.into_iter().zip(weights).enumerate();
    Ok(parts.filter(|(_, (_, weight))| *weight != 0).map(|(way, (amount, _))| (way, amount)).collect())
}

/// The lines, as shipping is split over them.
struct Goods<'q> {
    /// The way of each and what it costs.
    lines: Vec<(usize, u64)>,
    /// What all of them cost, by way.
    all: Vec<u64>,
    /// The index of each by its key, in the order of the keys.
    by_key: Vec<(&'q str, usize)>,
}

impl<'q> Goods<'q> {
    /// `items` are those of the lines.
    fn of(question: &'q TaxQuestion, items: &[Item]) -> Result<Goods<'q>, TaxError> {
        let amount = |item: &Item| u64::try_from(item.amount).map(|amount| (item.way, amount));
        let lines: Vec<(usize, u64)> =
            items.iter().map(amount).collect::<Result<_, _>>().map_err(|_| TaxError::Overflow)?;
        let all = sums(lines.iter())?;
        let mut by_key: Vec<(&str, usize)> = Vec::new();
        let is_named =
            |charge: &ShippingCharge| matches!(&charge.tax, ShippingTax::Proportional { lines } if !lines.is_empty());
        if question.shipping.iter().any(is_named) {
            by_key = question.lines.iter().map(|line| line.key.as_str()).zip(0..).collect();
            sort_by_key(&mut by_key, |one| *one);
        }
        Ok(Goods { lines, all, by_key })
    }

    /// What the lines with these keys cost, by way; of all lines where there are no keys.
    fn weights(&self, keys: &[String]) -> Result<Vec<u64>, TaxError> {
        if keys.is_empty() {
            return Ok(self.all.clone());
        }
        let mut keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        sort_by_key(&mut keys, |key| *key);
        keys.dedup();
        let with = |key| {
            let first = self.by_key.partition_point(|(known, _)| *known < key);
            self.by_key.iter().skip(first).take_while(move |(known, _)| *known == key)
        };
        sums(keys.into_iter().flat_map(with).filter_map(|(_, index)| self.lines.get(*index)))
    }
}

/// The sum of the amounts of each way.
fn sums<'g>(lines: impl Iterator<Item = &'g (usize, u64)>) -> Result<Vec<u64>, TaxError> {
    let mut sums: Vec<u64> = Vec::new();
    for &(way, amount) in lines {
        sums.resize(sums.len().max(way.saturating_add(1)), 0);
        if let Some(sum) = sums.get_mut(way) {
            *sum = sum.checked_add(amount).ok_or(TaxError::Overflow)?;
        }
    }
    Ok(sums)
}
