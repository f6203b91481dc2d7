//! How each class is taxed where the question goes.

use std::collections::BTreeMap;

use super::TaxClass;
use super::answer::TaxReason;
use super::compute::TaxError;
use super::question::TaxQuestion;
use super::rates::RateSet;
use super::rules::{CrossBorder, TaxRules, TaxZone};
use crate::kernel::area;
use crate::organizations::TaxMode;

/// How a class is taxed.
pub(super) struct Plan {
    /// Index of its [`Way`].
    pub way: usize,
    pub why: TaxReason,
}

/// What is done with an amount, whatever its class: amounts of one way are one amount, where lines are rounded together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    /// Index of what is taken off before: the tax of the place that prices are made for.
    pub contained: Option<usize>,
    /// Of the amount then.
    pub mode: TaxMode,
    /// Index of what is charged; none: nothing.
    pub charged: Option<usize>,
}

/// Rates and whether the amounts that they are of hold them: rounded together, where lines are.
pub(super) type Charge<'r> = (RateSet<'r>, TaxMode);

/// Each class' plan, worked out when the first line of it comes.
pub(super) struct Plans<'r, 'q> {
    rules: &'r TaxRules,
    question: &'q TaxQuestion,
    pub zone: Option<&'r TaxZone>,
    origin: Option<&'r TaxZone>,
    pub exempt: Option<TaxReason>,
    by_class: BTreeMap<&'q TaxClass, usize>,
    untaxed: Option<(usize, usize)>,
    pub plans: Vec<Plan>,
    pub ways: Vec<Way>,
    pub contained: Vec<Charge<'r>>,
    pub charged: Vec<Charge<'r>>,
}

impl<'r, 'q> Plans<'r, 'q> {
    pub fn new(
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
            untaxed: None,
            plans: Vec::new(),
            ways: Vec::new(),
            contained: Vec::new(),
            charged: Vec::new(),
        }
    }

    /// The plan's index and its way's.
    pub fn of(&mut self, class: &'q TaxClass) -> Result<(usize, usize), TaxError> {
        let known = self.by_class.get(class).copied();
        if let Some((index, plan)) = known.and_then(|index| Some((index, self.plans.get(index)?))) {
            return Ok((index, plan.way));
        }
        let plan = self.make(class)?;
        let (index, way) = (self.plans.len(), plan.way);
        self.plans.push(plan);
        self.by_class.insert(class, index);
        Ok((index, way))
    }

    /// As [`Plans::of`], for what bears no tax.
    pub fn untaxed(&mut self) -> (usize, usize) {
        if let Some(known) = self.untaxed {
            return known;
        }
        let way = self.way(None, TaxMode::Exclusive, None);
        let made = (self.plans.len(), way);
        self.plans.push(Plan { way, why: TaxReason::NotTaxable });
        self.untaxed = Some(made);
        made
    }

    fn make(&mut self, class: &TaxClass) -> Result<Plan, TaxError> {
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
            return Ok(Plan { way: self.way(contained, TaxMode::Exclusive, None), why });
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
        Ok(Plan { way: self.way(contained, mode, charged), why })
    }

    fn way(&mut self, contained: Option<RateSet<'r>>, mode: TaxMode, charged: Option<RateSet<'r>>) -> usize {
        let contained = contained.map(|set| index_of(&mut self.contained, (set, TaxMode::Inclusive), is_same));
        let charged = charged.map(|set| index_of(&mut self.charged, (set, mode), is_same));
        index_of(&mut self.ways, Way { contained, mode, charged }, Way::eq)
    }
}

fn is_same((set, mode): &Charge, (other, of): &Charge) -> bool {
    mode == of && set.is_same(other)
}

/// Where `item` is in `items`, put there if it is not.
fn index_of<T>(items: &mut Vec<T>, item: T, is_same: impl Fn(&T, &T) -> bool) -> usize {
    let known = items.iter().position(|known| is_same(known, &item));
    known.unwrap_or_else(|| {
        items.push(item);
        items.len().saturating_sub(1)
    })
}
