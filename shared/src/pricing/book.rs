//! Everything that prices depend on besides the catalog.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use crate::catalog::source::Fault;
use crate::kernel::id::PriceListId;
use crate::kernel::money::{Currency, Money, Rounding};
use crate::kernel::order::sort_by_key;
use crate::kernel::time::Timestamp;

use super::bases::check_base;
use super::rates::Rates;
use super::{Conversion, ExchangeRate, PriceEnding, PriceList, PricingError, Verdict};

/// A price book as it is stored and sent, in any order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BookParts {
    /// The store's own currency, in which the merchant is paid and from which prices are converted.
    pub settlement: Currency,
    /// Where converted prices end up, at most one for each currency.
    #[serde(default)]
    pub endings: Vec<PriceEnding>,
    #[serde(default)]
    pub lists: Vec<PriceList>,
    /// A store that converts nothing has none: there, a variant without a price in a currency is not sold in it.
    #[serde(default)]
    pub rates: Vec<ExchangeRate>,
}

/// A price book that is sound, and sorted so that a price is found without reading all of it. On the wire its
/// [`BookParts`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BookParts", into = "BookParts")]
pub struct PriceBook {
    settlement: Currency,
    endings: Vec<PriceEnding>,
    /// By priority, the highest first, then by id.
    pub(super) lists: Vec<PriceList>,
    /// Of each of `lists`, the place of the one that it is based on.
    pub(super) bases: Vec<Result<Option<usize>, Verdict>>,
    rates: Rates,
}

/// Why the parts make no price book. A list that is based on a missing one, or on itself, is no reason: see
/// [`super::check_bases`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    #[error("{0} is there twice")]
    DuplicateList(PriceListId),
    #[error("{list}: {} {}", .fault.path, .fault.reason)]
    List { list: PriceListId, fault: Fault },
    #[error("the ending for {currency}: {reason}")]
    Ending { currency: Currency, reason: &'static str },
    #[error("the rate of {base} in {quote} of {as_of}: {reason}")]
    Rate { base: Currency, quote: Currency, as_of: Timestamp, reason: String },
}

impl PriceBook {
    /// # Errors
    /// [`BookError`] for what could not have been written: [`PriceList::faults`], [`ExchangeRate::fault`], two lists of
    /// one id, two endings for one currency, two rates of one pair and moment.
    pub fn new(parts: BookParts) -> Result<PriceBook, BookError> {
        let BookParts { settlement, endings, mut lists, rates } = parts;
        check_endings(&endings)?;
        for list in &mut lists {
            list.index();
            if let Some(fault) = list.faults().into_iter().next() {
                return Err(BookError::List { list: list.id, fault });
            }
        }
        sort_by_key(&mut lists, |list| (Reverse(list.priority), list.id));
        let places = places_of(&lists);
        if let Some([(id, _), _]) = places.windows(2).find(|pair| matches!(pair, [(one, _), (two, _)] if one == two)) {
            return Err(BookError::DuplicateList(*id));
        }
        let bases = bases_of(&lists, &places);
        let rates = Rates::new(rates);
        check_rates(rates.all())?;
        Ok(PriceBook { settlement, endings, lists, bases, rates })
    }

    pub fn settlement(&self) -> Currency {
        self.settlement
    }

    pub fn list(&self, id: PriceListId) -> Option<&PriceList> {
        self.lists.iter().find(|list| list.id == id)
    }

    /// The next moment after `at` at which a list begins or ends, or a rate begins to hold or holds no more; none: prices
    /// stay as they are, unless somebody writes.
    pub fn turns_at(&self, at: Timestamp) -> Option<Timestamp> {
        let lists = self.lists.iter().filter(|list| list.active).flat_map(|list| [list.starts_at, list.ends_at]);
        let rates = self.rates.all().iter().flat_map(|rate| [Some(rate.as_of), Some(rate.valid_until)]);
        lists.chain(rates).flatten().filter(|moment| at < *moment).min()
    }

    /// Converts an amount that is not a price: a charge for shipping, a total to the settlement currency. Rounded once,
    /// to whole minor units; endings are for prices. The rates are those that were known at `at`.
    ///
    /// # Errors
    /// `NoRate`, `StaleRate`, or `OutOfRange` beyond `i64` minor units.
    pub fn convert(
        &self,
        amount: Money,
        to: Currency,
        at: Timestamp,
        rounding: Rounding,
    ) -> Result<Conversion, PricingError> {
        let route = self.rates.route(amount.currency(), to, at)?;
        let exact = route.exact(amount, to);
        let minor = exact.and_then(|(numerator, denominator)| rounding.divide(numerator, denominator));
        let minor = minor.and_then(|minor| i64::try_from(minor).ok()).ok_or(PricingError::OutOfRange)?;
        Ok(Conversion { amount: Money::new(minor, to), rates: route.rates() })
    }

    /// The same with these lists, which are some of its own, in their order, and say no more than they did.
    pub(super) fn with_lists(&self, lists: Vec<PriceList>) -> PriceBook {
        let bases = bases_of(&lists, &places_of(&lists));
        let (endings, rates) = (self.endings.clone(), self.rates.clone());
        PriceBook { settlement: self.settlement, endings, lists, bases, rates }
    }

    pub(super) fn rates(&self) -> &Rates {
        &self.rates
    }

    pub(super) fn endings(&self) -> &[PriceEnding] {
        &self.endings
    }
}

impl TryFrom<BookParts> for PriceBook {
    type Error = BookError;

    fn try_from(parts: BookParts) -> Result<PriceBook, BookError> {
        PriceBook::new(parts)
    }
}

impl From<PriceBook> for BookParts {
    fn from(book: PriceBook) -> BookParts {
        let PriceBook { settlement, endings, lists, rates, bases: _ } = book;
        BookParts { settlement, endings, lists, rates: rates.all().to_vec() }
    }
}

/// The places of lists, by their ids.
fn places_of(lists: &[PriceList]) -> Vec<(PriceListId, usize)> {
    let mut places: Vec<(PriceListId, usize)> = lists.iter().enumerate().map(|(at, list)| (list.id, at)).collect();
    sort_by_key(&mut places, |place| *place);
    places
}

/// Of each list, the place of the one that it is based on.
fn bases_of(lists: &[PriceList], places: &[(PriceListId, usize)]) -> Vec<Result<Option<usize>, Verdict>> {
    let place = |id: PriceListId| {
        let found = places.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        places.get(found).map(|(_, at)| *at)
    };
    let base_of = |id: PriceListId| place(id).and_then(|at| lists.get(at)).map(|list| list.based_on);
    lists.iter().map(|list| Ok(check_base(list.id, base_of).map(|()| list.based_on.and_then(place))?)).collect()
}

fn check_endings(endings: &[PriceEnding]) -> Result<(), BookError> {
    for (at, ending) in endings.iter().enumerate() {
        let is_second = endings.iter().take(at).any(|other| other.currency == ending.currency);
        let reason = ending.fault().map(|(_, reason)| reason).or(is_second.then_some("it has one already"));
        if let Some(reason) = reason {
            return Err(BookError::Ending { currency: ending.currency, reason });
        }
    }
    Ok(())
}

fn check_rates(sorted: &[ExchangeRate]) -> Result<(), BookError> {
    let refusal = |rate: &ExchangeRate, reason| {
        let ExchangeRate { base, quote, as_of, .. } = *rate;
        BookError::Rate { base, quote, as_of, reason }
    };
    for rate in sorted {
        if let Some(fault) = rate.fault() {
            return Err(refusal(rate, format!("{} {}", fault.path, fault.reason)));
        }
    }
    for pair in sorted.windows(2) {
        if let [one, two] = pair
            && (one.base, one.quote, one.as_of) == (two.base, two.quote, two.as_of)
        {
            return Err(refusal(one, "it is there twice".to_owned()));
        }
    }
    Ok(())
}
