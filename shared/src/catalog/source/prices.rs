//! What variants cost in each currency, and which writes begin a reduction.
//!
//! A price is fixed for its currency: a variant without one in a currency is not sold in it. Price lists (by channel,
//! customer group, quantity, time) are resolved from these as base prices by one pure function, see [`crate::pricing`].

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::reader::{Fault, Members, Reader};
use super::{Source, SourceVariant};
use crate::kernel::id::VariantId;
use crate::kernel::money::{Currency, Money};
use crate::organizations::MOST_CURRENCIES;

/// More wrong prices than anyone reads are not told.
const MOST_FAULTS: usize = 50;

pub(super) const LOWEST_PRICE: &str = "lowestPrice30Days";

/// What a variant costs in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Quote {
    pub price: Money,
    /// Above zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compare_at_price: Option<Money>,
    /// Of a reduction, the lowest price of the 30 days before it. See [`crate::catalog::lowest_before`].
    #[serde(rename = "lowestPrice30Days", skip_serializing_if = "Option::is_none")]
    pub lowest_price: Option<Money>,
}

impl Quote {
    pub fn currency(&self) -> Currency {
        self.price.currency()
    }

    /// Whether it is announced as lower than another price.
    pub fn is_reduced(&self) -> bool {
        self.compare_at_price.is_some_and(|from| self.price.minor() < from.minor())
    }

    /// Whether a reduction begins where this takes the place of `before`: a first one, or to another price.
    fn begins_reduction(&self, before: Option<&Quote>) -> bool {
        self.is_reduced() && before.is_none_or(|before| !before.is_reduced() || before.price != self.price)
    }

    fn says_the_same(&self, other: &Quote) -> bool {
        (self.price, self.compare_at_price) == (other.price, other.compare_at_price)
    }
}

/// Of a variant that was there before, in one currency. Neither is there where it was not, or is no longer, sold in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceChange {
    pub currency: Currency,
    pub before: Option<Quote>,
    pub now: Option<Quote>,
}

impl SourceVariant {
    /// What it costs in each currency, first in the store's own.
    pub fn quotes(&self) -> impl Iterator<Item = Quote> {
        let (compare_at_price, lowest_price) = (self.compare_at_price, self.lowest_price);
        let own = self.price.map(|price| Quote { price, compare_at_price, lowest_price });
        own.into_iter().chain(self.prices.values().copied())
    }

    pub fn quote(&self, currency: Currency) -> Option<Quote> {
        self.quotes().find(|quote| quote.currency() == currency)
    }

    /// What is another of its prices than in `was`.
    pub fn price_changes(&self, was: &SourceVariant) -> Vec<PriceChange> {
        let currencies: BTreeSet<Currency> = was.quotes().chain(self.quotes()).map(|quote| quote.currency()).collect();
        let change = |currency| PriceChange { currency, before: was.quote(currency), now: self.quote(currency) };
        let is_one = |change: &PriceChange| match (&change.before, &change.now) {
            (Some(before), Some(now)) => !now.says_the_same(before),
            _ => true,
        };
        currencies.into_iter().map(change).filter(is_one).collect()
    }

    fn set_lowest(&mut self, currency: Currency, lowest: Option<Money>) {
        match self.prices.get_mut(&currency) {
            Some(quote) => quote.lowest_price = lowest,
            None => self.lowest_price = lowest,
        }
    }
}

impl Source {
    /// The prices in currencies that are not among these, the store's further ones. Those that `known` has already stay:
    /// nobody is shown them until the store has the currency again.
    pub fn foreign_prices(&self, known: Option<&Source>, currencies: &[Currency]) -> Vec<Fault> {
        let known = known.map(by_id).unwrap_or_default();
        let faults = self.variants.iter().enumerate().flat_map(|(at, variant)| {
            let was = known.get(&variant.id).map(|was| &was.prices);
            let is_new = move |(currency, quote): &(&Currency, &Quote)| {
                let kept = was.and_then(|was| was.get(currency));
                !currencies.contains(currency) && !kept.is_some_and(|kept| quote.says_the_same(kept))
            };
            variant.prices.iter().filter(is_new).map(move |(currency, _)| Fault {
                path: format!("variants/{at}/prices/{currency}"),
                reason: "is no currency of this store".to_owned(),
            })
        });
        faults.take(MOST_FAULTS).collect()
    }

    /// Takes over what is known of the reductions that go on. Nobody else says what it is.
    pub(super) fn keep_lowest_prices(&mut self, known: Option<&Source>) {
        let known = known.map(by_id).unwrap_or_default();
        for variant in &mut self.variants {
            let was = known.get(&variant.id);
            let quotes: Vec<Quote> = variant.quotes().collect();
            variant.lowest_price = None;
            for now in quotes {
                let before = was.and_then(|was| was.quote(now.currency()));
                let goes_on = before.filter(|_| now.is_reduced() && !now.begins_reduction(before.as_ref()));
                variant.set_lowest(now.currency(), goes_on.and_then(|before| before.lowest_price));
            }
        }
    }

    /// The variants of `known` whose reductions begin with this, each with the currency: their lowest prices are to be
    /// looked up, and [`Source::set_lowest_price`]. One that is new has no price before it.
    pub fn reductions_begun(&self, known: Option<&Source>) -> Vec<(VariantId, Currency)> {
        let known = known.map(by_id).unwrap_or_default();
        let begun = self.variants.iter().filter_map(|variant| Some((variant, known.get(&variant.id)?, variant.id?)));
        let begun = begun.flat_map(|(variant, was, id)| {
            let begins = |now: &Quote| now.begins_reduction(was.quote(now.currency()).as_ref());
            variant.quotes().filter(begins).map(|now| (id, now.currency())).collect::<Vec<_>>()
        });
        begun.collect()
    }

    pub fn set_lowest_price(&mut self, variant: VariantId, lowest: Money) {
        if let Some(variant) = self.variants.iter_mut().find(|known| known.id == Some(variant)) {
            variant.set_lowest(lowest.currency(), Some(lowest));
        }
    }
}

fn by_id(source: &Source) -> BTreeMap<Option<VariantId>, &SourceVariant> {
    source.variants.iter().map(|variant| (variant.id, variant)).collect()
}

/// The prices beside that in `own`, the store's currency.
pub(super) fn prices(reader: &mut Reader, of: Members<'_>, own: Currency) -> BTreeMap<Currency, Quote> {
    let names: Vec<&str> = Currency::TABLE.iter().map(|currency| currency.code()).collect();
    let read = |reader: &mut Reader, prices: Members<'_>| {
        let mut quotes = BTreeMap::new();
        for currency in Currency::TABLE.iter().copied().filter(|currency| prices.get(currency.code()).is_some()) {
            if currency == own {
                reader.fault(currency.code(), "is the store's own currency: its price is the variant's `price`");
                continue;
            }
            let members = ["price", "compareAtPrice", LOWEST_PRICE];
            let quote = reader.object(prices, currency.code(), &members, |reader, quote| {
                if quote.is_there() && quote.get("price").is_none() {
                    reader.fault("price", "is required");
                }
                let price = reader.money(quote, "price", currency);
                let compare_at_price = reader.money(quote, "compareAtPrice", currency).filter(|price| !price.is_zero());
                let lowest_price = reader.money(quote, LOWEST_PRICE, currency);
                Some(Quote { price: price?, compare_at_price, lowest_price })
            });
            quotes.extend(quote.flatten().map(|quote| (currency, quote)));
        }
        if MOST_CURRENCIES < quotes.len() {
            reader.fault("", format!("has more than {MOST_CURRENCIES} currencies"));
        }
        quotes
    };
    reader.object(of, "prices", &names, read).unwrap_or_default()
}
