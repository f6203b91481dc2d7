//! Promotions applied one after the other.

use super::basket::{amount_of, by_key};
use super::buy_get::{Terms, assign};
use super::candidate::Candidates;
use super::condition::Facts;
use super::left::Left;
use super::reduce::{allocate_to, reduce};
use super::{Basket, Effect, Outcome, PromotionError, Reduction, Refusal, Within};

/// What one candidate takes off one line, or one delivery: the effect says which of the two.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) candidate: usize,
    /// By the order of the keys.
    pub(super) at: usize,
    pub(super) amount: i64,
}

/// What some candidates come to together.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) saves: i64,
    pub(super) entries: Vec<Entry>,
    /// Those that were tried, ascending.
    pub(super) outcomes: Vec<(usize, Outcome)>,
}

impl Run {
    pub(super) fn applied(&self) -> impl Iterator<Item = (usize, i64)> {
        self.outcomes.iter().filter_map(|(candidate, outcome)| match outcome {
            Outcome::Applied { amount } => Some((*candidate, *amount)),
            Outcome::Refused { .. } => None,
        })
    }
}

/// What a candidate would take off now.
#[derive(Debug, Default)]
struct Proposal {
    /// Places of lines, or of deliveries, each with an amount of at most what is left of it.
    parts: Vec<(usize, i64)>,
    /// Units that were bought or got, so that no other promotion counts them.
    engaged: Vec<(usize, i64)>,
    /// Of them, those that were got, in the order of the parts.
    got: Vec<(usize, i64)>,
    /// What was to be taken off each unit, where that is how the parts came about.
    unit: Option<i64>,
    is_delivery: bool,
    /// With the worth of a gift, of which there are no parts.
    saves: i64,
}

impl Proposal {
    fn clear(&mut self) {
        self.parts.clear();
        self.engaged.clear();
        self.got.clear();
        self.unit = None;
        self.is_delivery = false;
        self.saves = 0;
    }

    /// Of the parts.
    fn total(&self) -> Result<i64, PromotionError> {
        let sum = self.parts.iter().try_fold(0i64, |sum, (_, amount)| sum.checked_add(*amount));
        sum.ok_or(PromotionError::Overflow)
    }
}

/// The deliveries in the order of their keys.
pub(super) struct Deliveries<'a> {
    /// For each, its place in the basket.
    pub(super) places: Vec<usize>,
    amounts: Vec<i64>,
    methods: Vec<&'a str>,
}

impl<'a> Deliveries<'a> {
    pub(super) fn of(basket: &'a Basket) -> Result<Deliveries<'a>, PromotionError> {
        let sorted = by_key(&basket.shipping, |charge| charge.key)?;
        if sorted.iter().any(|(_, charge)| charge.amount < 0) {
            return Err(PromotionError::Negative);
        }
        Ok(Deliveries {
            places: sorted.iter().map(|(place, _)| *place).collect(),
            amounts: sorted.iter().map(|(_, charge)| charge.amount).collect(),
            methods: sorted.iter().map(|(_, charge)| charge.method.as_str()).collect(),
        })
    }
}

pub(super) struct Runner<'a> {
    pub(super) facts: Facts<'a>,
    pub(super) candidates: Candidates<'a>,
    pub(super) deliveries: Deliveries<'a>,
    left: Left,
    left_of_deliveries: Vec<i64>,
    engaged: Vec<i64>,
    proposal: Proposal,
    best: Proposal,
}

impl<'a> Runner<'a> {
    pub(super) fn new(facts: Facts<'a>, candidates: Candidates<'a>, deliveries: Deliveries<'a>) -> Runner<'a> {
        let size = facts.lines.amounts.len();
        Runner {
            left: Left::default(),
            left_of_deliveries: deliveries.amounts.clone(),
            engaged: Vec::with_capacity(size),
            proposal: Proposal::default(),
            best: Proposal::default(),
            facts,
            candidates,
            deliveries,
        }
    }

    /// Applies `members`, which are ascending, to the basket. The entries go to `room`, whatever is in it.
    ///
    /// # Errors
    /// [`PromotionError::Overflow`].
    pub(super) fn run(&mut self, members: &[usize], mut room: Vec<Entry>) -> Result<Run, PromotionError> {
        self.left.restart(&self.facts.lines.amounts, &self.facts.lines.quantities);
        self.left_of_deliveries.clone_from(&self.deliveries.amounts);
        self.engaged.clear();
        self.engaged.resize(self.facts.lines.amounts.len(), 0);
        room.clear();
        let mut run = Run { saves: 0, entries: room, outcomes: Vec::with_capacity(members.len()) };
        let is_one = |a: &usize, b: &usize| {
            self.candidates.within(*a) == Within::Best
                && self.candidates.get(*a).map(|one| one.group) == self.candidates.get(*b).map(|other| other.group)
        };
        // Members of a group stand beside each other. Those of which one is to be chosen are handled together.
        let turns: Vec<&[usize]> = members.chunk_by(is_one).collect();
        for turn in turns {
            self.take_turn(turn, &mut run)?;
        }
        Ok(run)
    }

    /// Applies that one of `turn` which saves most, the first of equal ones.
    fn take_turn(&mut self, turn: &[usize], run: &mut Run) -> Result<(), PromotionError> {
        let mut winner: Option<usize> = None;
        for &at in turn {
            match self.propose(at)? {
                Err(reason) => run.outcomes.push((at, Outcome::Refused { reason })),
                Ok(()) if winner.is_none() || self.best.saves < self.proposal.saves => {
                    winner = Some(at);
                    std::mem::swap(&mut self.best, &mut self.proposal);
                    run.outcomes.push((at, Outcome::Applied { amount: self.best.saves }));
                }
                Ok(()) => run.outcomes.push((at, Outcome::Applied { amount: self.proposal.saves })),
            }
        }
        let Some(winner) = winner else { return Ok(()) };
        if let Some(with) = self.candidates.get(winner).map(|candidate| candidate.booked.id) {
            let lost = run.outcomes.iter_mut().rev().take(turn.len()).filter(|(at, _)| *at != winner);
            for (_, outcome) in lost.filter(|(_, outcome)| matches!(outcome, Outcome::Applied { .. })) {
                *outcome = Outcome::Refused { reason: Refusal::NotCombinable { with } };
            }
        }
        let Runner { facts, left, left_of_deliveries, engaged, best, .. } = self;
        run.entries.extend(best.parts.iter().map(|&(at, amount)| Entry { candidate: winner, at, amount }));
        if best.is_delivery {
            for &(at, amount) in &best.parts {
                if let Some(left) = left_of_deliveries.get_mut(at) {
                    *left = left.saturating_sub(amount);
                }
            }
        } else if best.got.is_empty() {
            for &(at, amount) in &best.parts {
                left.take(at, amount, best.unit, facts.basket.currency)?;
            }
        } else {
            left.give(&best.got, &best.parts, facts.basket.rounding.into())?;
        }
        for &(at, units) in &best.engaged {
            if let Some(count) = engaged.get_mut(at) {
                *count = count.saturating_add(units);
            }
        }
        run.saves = run.saves.checked_add(best.saves).ok_or(PromotionError::Overflow)?;
        Ok(())
    }

    /// Makes `self.proposal` what this candidate would take off now.
    fn propose(&mut self, at: usize) -> Result<Result<(), Refusal>, PromotionError> {
        let Runner { facts, candidates, deliveries, left, left_of_deliveries, engaged, proposal, .. } = self;
        proposal.clear();
        let Some(candidate) = candidates.get(at) else { return Ok(Err(Refusal::Unknown)) };
        let definition = &candidate.booked.definition;
        if candidate.is_dynamic
            && let Err(reason) = facts.check(&definition.condition, &left.lines)
        {
            return Ok(Err(reason));
        }
        let basket = facts.basket;
        let places = candidates.selected.get(candidate.lines.clone()).unwrap_or_default();
        match &definition.effect {
            Effect::Gift { variant, quantity } => {
                let Some(offer) = basket.gifts.iter().find(|offer| offer.variant == *variant) else {
                    return Ok(Err(Refusal::GiftNotAvailable { variant: *variant }));
                };
                proposal.saves = amount_of(offer.unit, *quantity)?;
                return Ok(Ok(()));
            }
            Effect::FreeShipping { methods } => {
                proposal.is_delivery = true;
                let charged = left_of_deliveries.iter().zip(&deliveries.methods).enumerate();
                let free = charged.filter(|(_, (_, method))| methods.is_empty() || methods.contains(**method));
                proposal.parts.extend(free.map(|(at, (left, _))| (at, *left)));
            }
            Effect::BuyGet { buy_quantity, get_quantity, rate, most_repeats, .. } => {
                let terms = Terms { buy: *buy_quantity, get: *get_quantity, most: *most_repeats };
                let get = candidates.selected.get(candidate.get.clone()).unwrap_or_default();
                // What costs nothing any more cannot be got for less.
                let get: Vec<usize> = get.iter().copied().filter(|at| 0 < left.rest(*at, 1).left).collect();
                let units = facts.lines.quantities.iter().zip(&*engaged);
                let free: Vec<i64> = units.map(|(units, engaged)| units.saturating_sub(*engaged)).collect();
                let prices = facts.lines.units.iter().enumerate();
                let prices: Vec<(i64, i64)> = prices.map(|(at, unit)| (*unit, left.rest(at, 1).worth())).collect();
                let assignment = assign(&terms, places, &get, &prices, &free);
                for &(at, units) in &assignment.got {
                    let amount = left.rest(at, units).at(*rate, basket.rounding.into());
                    proposal.parts.push((at, amount.ok_or(PromotionError::Overflow)?));
                }
                proposal.engaged.extend(assignment.got.iter().chain(&assignment.bought));
                proposal.got = assignment.got;
            }
            Effect::Reduce { .. } | Effect::Tiered { .. } => {
                if let Some(reduction) = candidate.reduction {
                    reduce(reduction, places, left, facts, &mut proposal.parts)?;
                    if let Reduction::PerUnit { amounts } = reduction {
                        proposal.unit = amounts.of(basket.currency);
                    }
                }
            }
        }
        proposal.parts.retain(|(_, amount)| 0 < *amount);
        proposal.saves = proposal.total()?;
        if let Some(most) = definition.max_discount.of(basket.currency)
            && most < proposal.saves
        {
            allocate_to(most.max(0), basket.currency, &mut proposal.parts)?;
            proposal.parts.retain(|(_, amount)| 0 < *amount);
            proposal.saves = proposal.total()?;
        }
        Ok(if proposal.parts.is_empty() { Err(Refusal::NothingToDiscount) } else { Ok(()) })
    }
}
