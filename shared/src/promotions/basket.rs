//! What is bought, and the index that promotions are matched by.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Items, PromotionError, Selector};
use crate::kernel::id::{CategoryId, ChannelId, CollectionId, CustomerGroupId, ProductId, VariantId};
use crate::kernel::money::Currency;
use crate::kernel::order::sort_by_key;
use crate::kernel::quantity::Quantity;
use crate::kernel::time::Timestamp;
use crate::organizations::RoundingMode;

/// What promotions have to know of a cart. Facts that are `None` are not known yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Basket {
    /// Of all amounts here.
    pub currency: Currency,
    pub at: Timestamp,
    pub rounding: RoundingMode,
    pub rounded_per: RoundedPer,
    #[serde(default)]
    pub channel: Option<ChannelId>,
    /// Whose uses are counted: whatever a redemption is kept by.
    #[serde(default)]
    pub customer: Option<String>,
    #[serde(default)]
    pub customer_groups: BTreeSet<CustomerGroupId>,
    #[serde(default)]
    pub is_first_order: Option<bool>,
    #[serde(default)]
    pub payment_method: Option<String>,
    /// As they were entered; at most [`super::MOST_CODES`].
    #[serde(default)]
    pub codes: Vec<String>,
    pub lines: Vec<BasketLine>,
    /// One for each delivery, before promotions.
    #[serde(default)]
    pub shipping: Vec<ShippingCharge>,
    /// What the gifts of the promotions cost. Only these can be given.
    #[serde(default)]
    pub gifts: Vec<GiftOffer>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BasketLine {
    /// One of its own in the basket. Of two lines that a minor unit could go to, the lower key gets it.
    pub key: u32,
    pub variant: VariantId,
    pub product: ProductId,
    #[serde(default)]
    pub collections: Vec<CollectionId>,
    /// With those above them.
    #[serde(default)]
    pub categories: Vec<CategoryId>,
    pub quantity: Quantity,
    /// The price of one in minor units, zero or more, as the price lists say.
    pub unit: i64,
    /// Whether that price is reduced.
    #[serde(default)]
    pub is_on_sale: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShippingCharge {
    /// One of its own among the deliveries.
    pub key: u32,
    pub method: String,
    /// Zero or more.
    pub amount: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GiftOffer {
    pub variant: VariantId,
    /// Zero or more.
    pub unit: i64,
}

/// What a percentage is rounded once for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoundedPer {
    /// Each line by itself. Totals count lines of one variant at one price as one, and allocate what comes out to them.
    Line,
    /// All lines together; what comes out is allocated to them.
    Order,
}

named!(RoundedPer, UnknownRoundedPer, "line or order", {
    Line = "line",
    Order = "order",
});

/// The lines in the order of their keys, found by what they are of.
pub(super) struct Lines {
    /// For each, its place in the basket.
    pub(super) places: Vec<usize>,
    pub(super) units: Vec<i64>,
    pub(super) quantities: Vec<i64>,
    /// Unit price times quantity.
    pub(super) amounts: Vec<i64>,
    on_sale: Vec<bool>,
    variants: Vec<(VariantId, usize)>,
    products: Vec<(ProductId, usize)>,
    collections: Vec<(CollectionId, usize)>,
    categories: Vec<(CategoryId, usize)>,
    /// Whether a line is selected; only while lines are.
    marks: Vec<bool>,
}

impl Lines {
    pub(super) fn of(basket: &Basket) -> Result<Lines, PromotionError> {
        let sorted = by_key(&basket.lines, |line| line.key)?;
        let size = sorted.len();
        let mut lines = Lines {
            places: Vec::with_capacity(size),
            units: Vec::with_capacity(size),
            quantities: Vec::with_capacity(size),
            amounts: Vec::with_capacity(size),
            on_sale: Vec::with_capacity(size),
            variants: Vec::with_capacity(size),
            products: Vec::with_capacity(size),
            collections: Vec::new(),
            categories: Vec::new(),
            marks: vec![false; size],
        };
        let mut subtotal = 0i64;
        for (at, (place, line)) in sorted.into_iter().enumerate() {
            let amount = amount_of(line.unit, line.quantity)?;
            subtotal = subtotal.checked_add(amount).ok_or(PromotionError::Overflow)?;
            lines.places.push(place);
            lines.units.push(line.unit);
            lines.quantities.push(line.quantity.get());
            lines.amounts.push(amount);
            lines.on_sale.push(line.is_on_sale);
            lines.variants.push((line.variant, at));
            lines.products.push((line.product, at));
            lines.collections.extend(line.collections.iter().map(|id| (*id, at)));
            lines.categories.extend(line.categories.iter().map(|id| (*id, at)));
        }
        sort_by_key(&mut lines.variants, |one| *one);
        sort_by_key(&mut lines.products, |one| *one);
        sort_by_key(&mut lines.collections, |one| *one);
        sort_by_key(&mut lines.categories, |one| *one);
        Ok(lines)
    }

    /// Appends the places of the selected lines, ascending.
    pub(super) fn select(&mut self, selector: &Selector, selected: &mut Vec<usize>) {
        if selector.is_everything() {
            selected.extend(0..self.amounts.len());
            return;
        }
        let is_open = selector.any_of.is_empty();
        self.marks.fill(is_open);
        if !is_open {
            self.mark(&selector.any_of, true);
        }
        self.mark(&selector.none_of, false);
        let marked = self.marks.iter().zip(&self.on_sale).enumerate();
        let kept = marked.filter(|(_, (mark, on_sale))| **mark && !(selector.exclude_sale && **on_sale));
        selected.extend(kept.map(|(at, _)| at));
    }

    fn mark(&mut self, items: &Items, mark: bool) {
        mark_in(&self.variants, &items.variants, &mut self.marks, mark);
        mark_in(&self.products, &items.products, &mut self.marks, mark);
        mark_in(&self.collections, &items.collections, &mut self.marks, mark);
        mark_in(&self.categories, &items.categories, &mut self.marks, mark);
    }
}

/// Marks the lines that are of one of `ids`. The smaller of the two is looked up in the larger.
fn mark_in<T: Ord + Copy>(index: &[(T, usize)], ids: &BTreeSet<T>, marks: &mut [bool], mark: bool) {
    let mut set = |at: usize| {
        if let Some(slot) = marks.get_mut(at) {
            *slot = mark;
        }
    };
    if index.len() < ids.len() {
        index.iter().filter(|(id, _)| ids.contains(id)).for_each(|(_, at)| set(*at));
        return;
    }
    for id in ids {
        let first = index.partition_point(|(other, _)| other < id);
        let found = index.get(first..).unwrap_or_default();
        found.iter().take_while(|(other, _)| other == id).for_each(|(_, at)| set(*at));
    }
}

/// All in the order of their keys, each with its place.
pub(super) fn by_key<T>(all: &[T], key: impl Fn(&T) -> u32) -> Result<Vec<(usize, &T)>, PromotionError> {
    let mut sorted: Vec<(usize, &T)> = all.iter().enumerate().collect();
    sort_by_key(&mut sorted, |(_, one)| key(one));
    let is_repeated = sorted.windows(2).any(|pair| matches!(pair, [(_, a), (_, b)] if key(a) == key(b)));
    if is_repeated { Err(PromotionError::RepeatedKey) } else { Ok(sorted) }
}

/// Unit price times quantity.
pub(super) fn amount_of(unit: i64, quantity: Quantity) -> Result<i64, PromotionError> {
    if unit < 0 {
        return Err(PromotionError::Negative);
    }
    unit.checked_mul(quantity.get()).ok_or(PromotionError::Overflow)
}
