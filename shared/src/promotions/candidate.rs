//! The promotions that may apply to a basket, in the order in which they do.

use std::cmp::Reverse;
use std::ops::Range;

use super::condition::{Facts, missing, sum};
use super::entered::Entered;
use super::{
    BookedPromotion, DiscountKind, Effect, Fact, MOST_GROUPS, PromotionBook, PromotionError, Reduction, Refusal,
    Selector, StackingGroup, Threshold, Tier, Trigger, Within,
};
use crate::kernel::id::PromotionCodeId;
use crate::kernel::money::Currency;
use crate::kernel::order::sort_by_key;

pub(super) struct Candidate<'a> {
    pub(super) booked: &'a BookedPromotion,
    pub(super) code: Option<PromotionCodeId>,
    /// Its place in [`Candidates::groups`].
    pub(super) group: usize,
    /// What is taken off its lines: of tiers, by the one that is reached.
    pub(super) reduction: Option<&'a Reduction>,
    /// Its lines in [`Candidates::selected`]; those to buy, of [`Effect::BuyGet`].
    pub(super) lines: Range<usize>,
    /// The lines to get.
    pub(super) get: Range<usize>,
    /// Whether it applies as far as can be said before any other does.
    pub(super) screened: Result<(), Refusal>,
    /// Whether its condition depends on what others leave.
    pub(super) is_dynamic: bool,
}

impl Candidate<'_> {
    pub(super) fn kind(&self) -> DiscountKind {
        match (&self.booked.definition.effect, self.reduction) {
            (Effect::BuyGet { .. }, _) => DiscountKind::BuyGet,
            (Effect::FreeShipping { .. }, _) => DiscountKind::FreeShipping,
            (Effect::Gift { .. }, _) => DiscountKind::Gift,
            (_, Some(Reduction::PerUnit { .. })) => DiscountKind::PerUnit,
            (_, Some(Reduction::PerLine { .. })) => DiscountKind::PerLine,
            (_, Some(Reduction::PerOrder { .. })) => DiscountKind::PerOrder,
            (_, Some(Reduction::Percent { .. }) | None) => DiscountKind::Percent,
        }
    }
}

pub(super) struct Group<'a> {
    key: &'a str,
    priority: i32,
    pub(super) within: Within,
    /// A bit for each group that does not apply beside it.
    pub(super) excludes: u32,
}

pub(super) struct Candidates<'a> {
    /// In the order in which they apply.
    pub(super) all: Vec<Candidate<'a>>,
    /// In that order, too. That of the promotions without one has no key.
    pub(super) groups: Vec<Group<'a>>,
    pub(super) selected: Vec<usize>,
}

impl<'a> Candidates<'a> {
    /// # Errors
    /// [`PromotionError::TooManyGroups`].
    pub(super) fn of(
        book: &'a PromotionBook,
        entered: &[Entered<'a>],
        facts: &mut Facts<'a>,
    ) -> Result<Candidates<'a>, PromotionError> {
        let groups = groups(book)?;
        let none = groups.iter().position(|group| group.key.is_empty()).unwrap_or(0);
        let mut candidates =
            Candidates { all: Vec::with_capacity(book.promotions.len()), groups, selected: Vec::new() };
        for booked in &book.promotions {
            let definition = &booked.definition;
            let code = entered
                .iter()
                .filter(|entered| entered.refusal.is_none())
                .find_map(|entered| entered.booked.filter(|code| code.promotion == booked.id));
            let code = match (definition.trigger, code) {
                (Trigger::Code, Some(code)) => Some(code.id),
                (Trigger::Code, None) => continue,
                (Trigger::Automatic, _) => None,
            };
            let key = definition.group.as_deref().unwrap_or_default();
            let group = candidates.groups.iter().position(|group| group.key == key).unwrap_or(none);
            let mut candidate = Candidate {
                booked,
                code,
                group,
                reduction: None,
                lines: 0..0,
                get: 0..0,
                screened: Ok(()),
                is_dynamic: definition.condition.is_dynamic(0),
            };
            candidate.screened = screen(&mut candidate, &mut candidates.selected, facts);
            candidates.all.push(candidate);
        }
        sort_by_key(&mut candidates.all, |candidate| {
            let definition = &candidate.booked.definition;
            (candidate.group, Reverse(definition.priority), stage(candidate), candidate.booked.id)
        });
        Ok(candidates)
    }

    pub(super) fn get(&self, at: usize) -> Option<&Candidate<'a>> {
        self.all.get(at)
    }

    pub(super) fn within(&self, at: usize) -> Within {
        self.all
            .get(at)
            .and_then(|candidate| self.groups.get(candidate.group))
            .map_or(Within::Stack, |group| group.within)
    }

    /// The groups that those of `mask` exclude, as bits.
    pub(super) fn excluded_by(&self, mask: u32) -> u32 {
        let groups = self.groups.iter().enumerate();
        groups.filter(|(at, _)| mask & bit(*at) != 0).fold(0, |excluded, (_, group)| excluded | group.excludes)
    }
}

/// The bit of the group at this place.
pub(super) fn bit(group: usize) -> u32 {
    u32::try_from(group).ok().and_then(|group| 1u32.checked_shl(group)).unwrap_or(0)
}

fn groups(book: &PromotionBook) -> Result<Vec<Group<'_>>, PromotionError> {
    if MOST_GROUPS < book.groups.len() {
        return Err(PromotionError::TooManyGroups);
    }
    let none = Group { key: "", priority: 0, within: Within::Stack, excludes: 0 };
    let mut groups = vec![none];
    for StackingGroup { key, priority, within, .. } in &book.groups {
        groups.push(Group { key, priority: *priority, within: *within, excludes: 0 });
    }
    sort_by_key(&mut groups, |group| (Reverse(group.priority), group.key));
    for group in &book.groups {
        for key in group.excludes.iter().filter(|key| **key != group.key) {
            let [own, other] = [&group.key, key].map(|key| groups.iter().position(|group| group.key == key));
            let Some((own, other)) = own.zip(other) else { continue };
            for (at, excluded) in [(own, other), (other, own)] {
                if let Some(group) = groups.get_mut(at) {
                    group.excludes |= bit(excluded);
                }
            }
        }
    }
    Ok(groups)
}

/// What comes first of promotions of equal priority.
fn stage(candidate: &Candidate<'_>) -> u8 {
    let of = |lines: &Selector, by: &Reduction| match by {
        Reduction::PerOrder { .. } => 2,
        Reduction::Percent { .. } | Reduction::PerUnit { .. } | Reduction::PerLine { .. } => {
            u8::from(lines.is_everything())
        }
    };
    match &candidate.booked.definition.effect {
        Effect::BuyGet { .. } => 0,
        Effect::Reduce { lines, by } => of(lines, by),
        // By the tier that is reached. Without one it does not apply.
        Effect::Tiered { lines, .. } => candidate.reduction.map_or(0, |by| of(lines, by)),
        Effect::FreeShipping { .. } => 3,
        Effect::Gift { .. } => 4,
    }
}

/// Finds the lines of `candidate`, unless it does not apply whatever others do.
fn screen<'a>(candidate: &mut Candidate<'a>, selected: &mut Vec<usize>, facts: &mut Facts<'a>) -> Result<(), Refusal> {
    let BookedPromotion { definition, used, used_by_customer, .. } = candidate.booked;
    let basket = facts.basket;
    if !definition.active {
        return Err(Refusal::Inactive);
    }
    if let Some(starts_at) = definition.starts_at.filter(|starts_at| basket.at < *starts_at) {
        return Err(Refusal::NotStarted { starts_at });
    }
    if let Some(ended_at) = definition.ends_at.filter(|ends_at| *ends_at <= basket.at) {
        return Err(Refusal::Expired { ended_at });
    }
    if definition.limit.is_some_and(|limit| limit <= *used) {
        return Err(Refusal::LimitReached);
    }
    if let Some(limit) = definition.limit_per_customer {
        if basket.customer.is_none() {
            return Err(Refusal::NotKnownYet { fact: Fact::Customer });
        }
        if limit <= *used_by_customer {
            return Err(Refusal::CustomerLimitReached);
        }
    }
    if !definition.max_discount.is_empty() && definition.max_discount.of(basket.currency).is_none() {
        return Err(Refusal::OtherCurrency);
    }
    if !candidate.is_dynamic {
        // Nothing in it asks for what is left.
        facts.check(&definition.condition, &[])?;
    }
    let mut select = |facts: &mut Facts<'a>, selector: &Selector| {
        let start = selected.len();
        facts.lines.select(selector, selected);
        let found = start..selected.len();
        if found.is_empty() { Err(Refusal::NothingToDiscount) } else { Ok(found) }
    };
    match &definition.effect {
        Effect::Reduce { lines, by } => {
            candidate.reduction = Some(in_currency(by, basket.currency)?);
            candidate.lines = select(facts, lines)?;
        }
        Effect::Tiered { lines, tiers } => {
            candidate.lines = select(facts, lines)?;
            let places = selected.get(candidate.lines.clone()).unwrap_or_default();
            let tier = reached(tiers, places, facts)?;
            candidate.reduction = Some(in_currency(&tier.by, basket.currency)?);
        }
        Effect::BuyGet { buy, get, .. } => {
            candidate.lines = select(facts, buy)?;
            candidate.get = select(facts, get)?;
        }
        Effect::FreeShipping { .. } if basket.shipping.is_empty() => {
            return Err(Refusal::NotKnownYet { fact: Fact::ShippingMethod });
        }
        Effect::Gift { variant, .. } if basket.gifts.iter().all(|offer| offer.variant != *variant) => {
            return Err(Refusal::GiftNotAvailable { variant: *variant });
        }
        Effect::FreeShipping { .. } | Effect::Gift { .. } => {}
    }
    Ok(())
}

fn in_currency(by: &Reduction, currency: Currency) -> Result<&Reduction, Refusal> {
    match by {
        Reduction::PerUnit { amounts } | Reduction::PerLine { amounts } | Reduction::PerOrder { amounts }
            if amounts.of(currency).is_none() =>
        {
            Err(Refusal::OtherCurrency)
        }
        _ => Ok(by),
    }
}

/// The last tier that these lines reach, or what they miss of the first.
fn reached<'a>(tiers: &'a [Tier], places: &[usize], facts: &Facts<'_>) -> Result<&'a Tier, Refusal> {
    let shortfall = |tier: &Tier| match &tier.at_least {
        Threshold::Quantity { units } => missing(sum(places, &facts.lines.quantities), *units)
            .map(|missing| Refusal::QuantityNotMet { minimum: *units, missing }),
        Threshold::Subtotal { amounts } => match amounts.of(facts.basket.currency) {
            None => Some(Refusal::OtherCurrency),
            Some(minimum) => missing(sum(places, &facts.lines.amounts), minimum)
                .map(|missing| Refusal::MinimumNotMet { minimum, missing }),
        },
    };
    match tiers.iter().rev().find(|tier| shortfall(tier).is_none()) {
        Some(tier) => Ok(tier),
        None => Err(tiers.first().and_then(shortfall).unwrap_or(Refusal::NothingToDiscount)),
    }
}
