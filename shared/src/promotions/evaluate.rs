//! The whole of it.

use super::alternatives::compared;
use super::apply::{Deliveries, Run, Runner};
use super::basket::{Lines, amount_of};
use super::candidate::{Candidate, Candidates, bit};
use super::condition::Facts;
use super::entered::entered;
use super::{
    Alternative, Basket, CodeOutcome, Considered, Discount, DiscountKind, Discounted, Discounts, Effect, Gift,
    MOST_CODES, Outcome, PromotionBook, Redemption, Refusal,
};
use crate::kernel::id::PromotionId;
use crate::kernel::order::sort_by_key;

/// Why nothing can be said of a basket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PromotionError {
    #[error("an amount is too large")]
    Overflow,
    #[error("a price is negative")]
    Negative,
    #[error("two lines or two deliveries have the same key")]
    RepeatedKey,
    #[error("a promotion is there twice")]
    RepeatedPromotion,
    #[error("there are more than {} stacking groups", super::MOST_GROUPS)]
    TooManyGroups,
    #[error("there are more than {MOST_CODES} codes")]
    TooManyCodes,
}

/// Takes off `basket` what the promotions of `book` come to. What is refused is no error: its outcome says why.
///
/// # Errors
/// [`PromotionError`], for what no basket and no book should be.
pub fn evaluate(book: &PromotionBook, basket: &Basket) -> Result<Discounts, PromotionError> {
    if MOST_CODES < basket.codes.len() {
        return Err(PromotionError::TooManyCodes);
    }
    let mut ids: Vec<PromotionId> = book.promotions.iter().map(|booked| booked.id).collect();
    sort_by_key(&mut ids, |id| *id);
    if ids.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        return Err(PromotionError::RepeatedPromotion);
    }
    let mut facts = Facts::new(basket, Lines::of(basket)?);
    let deliveries = Deliveries::of(basket)?;
    let entered = entered(book, basket);
    let candidates = Candidates::of(book, &entered, &mut facts)?;
    let mut runner = Runner::new(facts, candidates, deliveries);
    let runs = compared(&mut runner)?;

    let best = runs.first().ok_or(PromotionError::Overflow)?;
    let considered = considered(&runner.candidates, best);
    let mut discounts = taken_off(basket, &runner, best)?;
    for (at, amount) in best.applied() {
        let Some(candidate) = runner.candidates.get(at) else { continue };
        let promotion = candidate.booked.id;
        let customer = basket.customer.clone();
        discounts.redemptions.push(Redemption { promotion, code: candidate.code, customer, amount });
        if let Effect::Gift { variant, quantity } = candidate.booked.definition.effect {
            let offer = basket.gifts.iter().find(|offer| offer.variant == variant);
            let unit = offer.map_or(0, |offer| offer.unit);
            discounts.gifts.push(Gift { promotion, variant, quantity, unit, amount });
        }
    }
    discounts.codes = entered
        .iter()
        .map(|entered| {
            let promotion = entered.booked.map(|booked| booked.promotion);
            let of = considered.iter().find(|considered| Some(considered.promotion) == promotion);
            let outcome = entered.outcome(of.map(|considered| considered.outcome));
            CodeOutcome { code: entered.text.to_owned(), promotion, outcome }
        })
        .collect();
    if 1 < runs.len() {
        let alternative = |run: &Run| {
            let promotions = run.applied().filter_map(|(at, _)| runner.candidates.get(at));
            Alternative { promotions: promotions.map(|candidate| candidate.booked.id).collect(), saves: run.saves }
        };
        discounts.trace.alternatives = runs.iter().map(alternative).collect();
    }
    discounts.trace.considered = considered;
    Ok(discounts)
}

/// All lines and deliveries of the basket, with what `run` takes off them.
fn taken_off(basket: &Basket, runner: &Runner<'_>, run: &Run) -> Result<Discounts, PromotionError> {
    let before = |key, amount| Discounted { key, amount, discount: 0, discounts: Vec::new() };
    let lines = basket.lines.iter().map(|line| Ok(before(line.key, amount_of(line.unit, line.quantity)?)));
    let mut discounts = Discounts {
        lines: lines.collect::<Result<_, _>>()?,
        shipping: basket.shipping.iter().map(|charge| before(charge.key, charge.amount)).collect(),
        ..Discounts::default()
    };
    for entry in &run.entries {
        let Some(candidate) = runner.candidates.get(entry.candidate) else { continue };
        let (promotion, kind) = (candidate.booked.id, candidate.kind());
        let (all, places) = match kind {
            DiscountKind::FreeShipping => (&mut discounts.shipping, &runner.deliveries.places),
            _ => (&mut discounts.lines, &runner.facts.lines.places),
        };
        if let Some(of) = places.get(entry.at).and_then(|place| all.get_mut(*place)) {
            of.discount = of.discount.saturating_add(entry.amount);
            of.discounts.push(Discount { promotion, amount: entry.amount, kind });
        }
    }
    Ok(discounts)
}

/// What came of each candidate, where `best` applies.
fn considered(candidates: &Candidates<'_>, best: &Run) -> Vec<Considered> {
    let mut tried = best.outcomes.iter().peekable();
    let all = candidates.all.iter().enumerate().map(|(at, candidate)| {
        let outcome = match (candidate.screened, tried.next_if(|(tried, _)| *tried == at)) {
            (Err(reason), _) => Outcome::Refused { reason },
            (Ok(()), Some((_, outcome))) => *outcome,
            (Ok(()), None) => Outcome::Refused { reason: crowded_out(candidate, candidates, best) },
        };
        Considered { promotion: candidate.booked.id, outcome }
    });
    all.collect()
}

/// Why `candidate` is not among those that were tried together.
fn crowded_out(candidate: &Candidate<'_>, candidates: &Candidates<'_>, best: &Run) -> Refusal {
    let applied = || best.applied().filter_map(|(at, _)| candidates.get(at));
    let excluded = candidates.excluded_by(bit(candidate.group));
    let rival = applied().find(|other| {
        candidate.booked.definition.exclusive || other.booked.definition.exclusive || bit(other.group) & excluded != 0
    });
    match rival.or_else(|| applied().next()) {
        Some(other) => Refusal::NotCombinable { with: other.booked.id },
        None => Refusal::NothingToDiscount,
    }
}
