//! The one price of a line. The rules are those of the module.

use crate::kernel::money::{Money, Rate};

use super::ending::{ending_for, round_price};
use super::list::{has_currency, tier};
use super::rates::{Route, in_range};
use super::{
    BasePrice, Considered, Explanation, ListKind, PriceBook, PriceList, PriceQuestion, PriceRule, PriceSource,
    PriceStep, PricingError, ResolvedPrice, RulePrice, RuleTarget, Verdict,
};

/// Picks the one price of a line.
///
/// A list that would need a rate that is missing or stale loses, as one that does not apply does. The catalog's price
/// is refused for that only where no override list gives one.
///
/// # Errors
/// [`PricingError`] when there is no regular price.
pub fn resolve(book: &PriceBook, question: &PriceQuestion<'_>) -> Result<ResolvedPrice, PricingError> {
    Asked::new(book, question).decide().resolved
}

/// Picks the same price as [`resolve`] and says what became of the catalog and of every list.
pub fn explain(book: &PriceBook, question: &PriceQuestion<'_>) -> Explanation {
    let asked = Asked::new(book, question);
    let decision = asked.decide();
    let considered = asked.considered(&decision);
    Explanation { resolved: decision.resolved, considered }
}

/// A question with the catalog's answer to it.
pub(super) struct Asked<'a> {
    book: &'a PriceBook,
    question: &'a PriceQuestion<'a>,
    catalog: Result<CatalogPrice<'a>, PricingError>,
}

/// The catalog's price in the currency asked for.
struct CatalogPrice<'a> {
    price: Money,
    compare_at: Option<Money>,
    /// As the catalog has it, and how it got here.
    original: Money,
    route: Route<'a>,
}

/// A list with its place in the book and the price that it gives.
#[derive(Clone, Copy)]
struct Offer<'a> {
    at: usize,
    list: &'a PriceList,
    price: Money,
}

struct Decision<'a> {
    resolved: Result<ResolvedPrice, PricingError>,
    /// The override that set the regular price.
    regular: Option<Offer<'a>>,
    sale: Option<Offer<'a>>,
}

impl<'a> Asked<'a> {
    pub(super) fn new(book: &'a PriceBook, question: &'a PriceQuestion<'a>) -> Asked<'a> {
        Asked { book, question, catalog: catalog_price(book, question) }
    }

    fn decide(&self) -> Decision<'a> {
        let regular = self.best(ListKind::Override, i32::MIN, None);
        let of_catalog = self.catalog.as_ref().map(|catalog| catalog.price).map_err(|error| *error);
        let regular_price = regular.map_or(of_catalog, |offer| Ok(offer.price));
        let lowest_priority = regular.map_or(i32::MIN, |offer| offer.list.priority);
        let below = |regular: Money| self.best(ListKind::Sale, lowest_priority, Some(regular));
        let sale = regular_price.ok().and_then(below);
        let resolved = regular_price.map(|regular_price| {
            let mut steps = Steps { told: Some(Vec::with_capacity(2)), read: None };
            let (unit_price, compare_at_price, source) = match sale.or(regular) {
                Some(Offer { at, list, price }) => {
                    // It gave this price a moment ago; now it also says how.
                    let _ = self.price_of(at, list, &mut steps);
                    (price, sale.map(|_| regular_price), PriceSource::List(list.id))
                }
                None => {
                    let _ = self.catalog_base(&mut steps);
                    (regular_price, self.catalog.as_ref().ok().and_then(|it| it.compare_at), PriceSource::Catalog)
                }
            };
            ResolvedPrice { unit_price, compare_at_price, source, steps: steps.told.unwrap_or_default() }
        });
        Decision { resolved, regular, sale }
    }

    /// The list of a kind that wins: by priority, then price, then age. Lists are sorted by priority and age, so no
    /// list is asked that another one's priority rules out.
    fn best(&self, kind: ListKind, lowest_priority: i32, below: Option<Money>) -> Option<Offer<'a>> {
        let mut best: Option<Offer<'a>> = None;
        for (at, list) in self.book.lists.iter().enumerate().filter(|(_, list)| list.kind == kind) {
            if list.priority < best.map_or(lowest_priority, |best| best.list.priority) {
                break;
            }
            let Ok(price) = self.offer(at, list) else { continue };
            if best.map(|best| best.price).or(below).is_none_or(|limit| price.minor() < limit.minor()) {
                best = Some(Offer { at, list, price });
            }
        }
        best
    }

    /// The places of the list that gave the price, and of the one whose regular price it replaces.
    pub(super) fn winners(&self) -> impl Iterator<Item = usize> {
        let Decision { regular, sale, .. } = self.decide();
        [regular, sale].into_iter().flatten().map(|offer| offer.at)
    }

    /// The rules that are looked at for what a list gives, each with the place of its list: the list's own and, where a
    /// percentage changes them, those of what it is based on.
    pub(super) fn read_of(&self, at: usize, list: &PriceList) -> Vec<(usize, PriceRule)> {
        let mut steps = Steps { told: None, read: Some(Vec::new()) };
        // Where it gives no price, what was looked at says so again.
        let _ = self.price_of(at, list, &mut steps);
        steps.read.unwrap_or_default()
    }

    /// What a list gives to whom it is meant for.
    fn offer(&self, at: usize, list: &PriceList) -> Result<Money, Verdict> {
        self.takes_part(list)?;
        self.price_of(at, list, &mut Steps { told: None, read: None })
    }

    /// Whether a list is in force, and meant for whoever asks.
    pub(super) fn takes_part(&self, list: &PriceList) -> Result<(), Verdict> {
        let question = self.question;
        list.in_force(question.at)?;
        if !list.currencies.is_empty() && !list.currencies.contains(&question.currency) {
            return Err(Verdict::OtherCurrency);
        }
        if !list.channels.is_empty() && question.channel.is_none_or(|channel| !list.channels.contains(&channel)) {
            return Err(Verdict::OtherChannel);
        }
        if !list.groups.is_empty() && !list.groups.iter().any(|group| question.groups.contains(group)) {
            return Err(Verdict::OtherGroup);
        }
        Ok(())
    }

    /// What a list gives, whoever it is meant for.
    fn price_of(&self, at: usize, list: &PriceList, steps: &mut Steps) -> Result<Money, Verdict> {
        let mut lost = Verdict::NoRule;
        for target in
            [RuleTarget::Variant(self.question.variant), RuleTarget::Product(self.question.product), RuleTarget::All]
        {
            match self.price_for(target, at, list, steps) {
                Err(Verdict::NoRule) => {}
                Err(verdict @ (Verdict::BelowQuantity | Verdict::NoRate)) => lost = verdict,
                decided => return decided,
            }
        }
        Err(lost)
    }

    fn price_for(&self, target: RuleTarget, at: usize, list: &PriceList, steps: &mut Steps) -> Result<Money, Verdict> {
        let PriceQuestion { quantity, currency, .. } = *self.question;
        let settlement = self.book.settlement();
        let rules = list.rules_for(target);
        if rules.is_empty() {
            return Err(Verdict::NoRule);
        }
        for wanted in [Some(currency), None, Some(settlement)] {
            let Some(rule) = tier(rules, wanted, quantity) else { continue };
            steps.note(at, *rule);
            let min_quantity = rule.min_quantity;
            return match rule.price {
                RulePrice::ChangePpm(change_ppm) => {
                    let from = self.base_of(at, steps)?;
                    let ending = ending_for(&list.endings, currency);
                    let exact = changed(from, change_ppm).ok_or(Verdict::OutOfRange)?;
                    let minor = round_price(exact, ending, self.question.rounding).ok_or(Verdict::OutOfRange)?;
                    let to = in_range(Money::new(minor, currency))?;
                    steps.push(|| {
                        let (list, ending) = (list.id, ending.copied());
                        PriceStep::Adjusted { list, min_quantity, change_ppm, from, to, ending }
                    });
                    Ok(to)
                }
                RulePrice::Fixed(price) => {
                    let (converted, route) = self.here(price)?;
                    steps.push(|| PriceStep::Fixed { list: list.id, min_quantity, price });
                    self.push_conversion(price, converted, route, steps);
                    Ok(converted)
                }
            };
        }
        let is_tiered = [Some(currency), None, Some(settlement)].iter().any(|wanted| has_currency(rules, *wanted));
        Err(if is_tiered { Verdict::BelowQuantity } else { Verdict::NoRule })
    }

    /// What the percentages of the list at `at` change.
    fn base_of(&self, at: usize, steps: &mut Steps) -> Result<Money, Verdict> {
        let base = self.book.bases.get(at).copied().unwrap_or(Ok(None))?;
        let based_on = base.and_then(|base| Some((base, self.book.lists.get(base)?)));
        let Some((base, list)) = based_on.filter(|(_, list)| list.in_force(self.question.at).is_ok()) else {
            return self.catalog_base(steps);
        };
        let before = steps.len();
        match self.price_of(base, list, steps) {
            // No list of the kind sale ever gives more than the catalog.
            Ok(price) if list.kind == ListKind::Sale && self.is_above_catalog(price) => {
                steps.back_to(before);
                self.catalog_base(steps)
            }
            Err(Verdict::NoRule | Verdict::BelowQuantity | Verdict::NoRate) => {
                steps.back_to(before);
                self.catalog_base(steps)
            }
            decided => decided,
        }
    }

    fn is_above_catalog(&self, price: Money) -> bool {
        self.catalog.as_ref().is_ok_and(|catalog| catalog.price.minor() < price.minor())
    }

    fn catalog_base(&self, steps: &mut Steps) -> Result<Money, Verdict> {
        let catalog = self.catalog.as_ref().map_err(|error| *error)?;
        steps.push(|| PriceStep::Catalog { price: catalog.original });
        self.push_conversion(catalog.original, catalog.price, catalog.route, steps);
        Ok(catalog.price)
    }

    /// `price` in the currency asked for.
    fn here(&self, price: Money) -> Result<(Money, Route<'a>), PricingError> {
        let PriceQuestion { currency, at, rounding, .. } = *self.question;
        self.book.rates().price_in(price, currency, at, (self.book.endings(), rounding))
    }

    fn push_conversion(&self, from: Money, to: Money, route: Route<'_>, steps: &mut Steps) {
        if matches!(route, Route::Same) {
            return;
        }
        steps.push(|| {
            let ending = ending_for(self.book.endings(), to.currency()).copied();
            PriceStep::Converted { from, to, rates: route.rates(), ending }
        });
    }

    fn considered(&self, decision: &Decision<'_>) -> Vec<Considered> {
        let lists = &self.book.lists;
        let verdict = match &self.catalog {
            Err(error) => Verdict::from(*error),
            Ok(_) if decision.regular.is_none() && decision.sale.is_none() => Verdict::Won,
            Ok(_) => Verdict::Replaced,
        };
        let price = self.catalog.as_ref().ok().map(|catalog| catalog.price);
        let mut considered = Vec::with_capacity(lists.len().saturating_add(1));
        considered.push(Considered { source: PriceSource::Catalog, kind: None, priority: None, price, verdict });
        for (at, list) in lists.iter().enumerate() {
            let offer = self.offer(at, list);
            considered.push(Considered {
                source: PriceSource::List(list.id),
                kind: Some(list.kind),
                priority: Some(list.priority),
                price: offer.ok(),
                verdict: offer
                    .map_or_else(|verdict| verdict, |price| self.verdict(decision, Offer { at, list, price })),
            });
        }
        considered
    }

    /// What became of a list that gave a price.
    fn verdict(&self, decision: &Decision<'_>, offer: Offer<'_>) -> Verdict {
        let Decision { regular, sale, .. } = decision;
        let is = |winner: &Option<Offer<'_>>| winner.is_some_and(|winner| winner.at == offer.at);
        if is(&sale.or(*regular)) {
            return Verdict::Won;
        }
        if is(regular) {
            return Verdict::Replaced;
        }
        if offer.list.kind == ListKind::Override {
            // Where an override gives a price, one of them is the regular one.
            return regular.map_or(Verdict::LowerPriority, |winner| offer.lost_to(winner));
        }
        let catalog = self.catalog.as_ref().ok().map(|catalog| catalog.price);
        let Some(regular_price) = regular.map(|regular| regular.price).or(catalog) else {
            return Verdict::NoBasePrice;
        };
        if regular.is_some_and(|regular| offer.list.priority < regular.list.priority) {
            Verdict::LowerPriority
        } else if regular_price.minor() <= offer.price.minor() {
            Verdict::NotLower
        } else {
            sale.map_or(Verdict::LowerPriority, |winner| offer.lost_to(winner))
        }
    }
}

impl Offer<'_> {
    /// Why it lost to another of its kind.
    fn lost_to(self, winner: Offer<'_>) -> Verdict {
        if self.list.priority < winner.list.priority {
            Verdict::LowerPriority
        } else if winner.price.minor() < self.price.minor() {
            Verdict::HigherPrice
        } else {
            Verdict::NewerList
        }
    }
}

/// The catalog's price in the currency asked for: the one that is set for it, else the settlement currency's, converted.
fn catalog_price<'a>(book: &'a PriceBook, question: &PriceQuestion<'_>) -> Result<CatalogPrice<'a>, PricingError> {
    let PriceQuestion { base, currency, at, rounding, .. } = *question;
    let set_in = |currency| base.iter().find(|base| base.price.currency() == currency);
    let set = set_in(currency).or_else(|| set_in(book.settlement()));
    let BasePrice { price: original, compare_at_price } = *set.ok_or(PricingError::NoPrice { currency })?;
    let here = |price| book.rates().price_in(price, currency, at, (book.endings(), rounding));
    let (price, route) = here(in_range(original)?)?;
    let compare_at = compare_at_price.and_then(|compare_at| Some(here(in_range(compare_at).ok()?).ok()?.0));
    let compare_at = compare_at.filter(|compare_at| price.minor() < compare_at.minor());
    Ok(CatalogPrice { price, compare_at, original, route })
}

/// `price` changed by a share, in minor units as a numerator and a denominator. `None` beyond `i128`.
fn changed(price: Money, change: Rate) -> Option<(i128, i128)> {
    let one = i128::from(Rate::ONE.ppm());
    let factor = one.checked_add(change.ppm().into())?;
    Some((i128::from(price.minor()).checked_mul(factor)?, one))
}

/// The steps to a price, and the rules that were looked at on the way, where somebody wants to know them.
struct Steps {
    told: Option<Vec<PriceStep>>,
    /// Each with the place of its list. What was looked at in vain stays.
    read: Option<Vec<(usize, PriceRule)>>,
}

impl Steps {
    fn push(&mut self, step: impl FnOnce() -> PriceStep) {
        if let Some(told) = &mut self.told {
            told.push(step());
        }
    }

    fn note(&mut self, list: usize, rule: PriceRule) {
        if let Some(read) = &mut self.read {
            read.push((list, rule));
        }
    }

    fn len(&self) -> usize {
        self.told.as_ref().map_or(0, Vec::len)
    }

    fn back_to(&mut self, length: usize) {
        if let Some(told) = &mut self.told {
            told.truncate(length);
        }
    }
}
