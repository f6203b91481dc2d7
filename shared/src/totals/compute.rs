//! The whole of it.

use std::collections::BTreeMap;

use super::answer::{Explanation, PriceExplanation};
use super::groups::Groups;
use super::{
    Cart, CartLine, Delivery, DeliveryTotals, GiftItem, GiftTotals, LineTotals, Rules, Settlement, Taxes, Totals,
};
use crate::kernel::id::{ProductId, VariantId};
use crate::kernel::money::Money;
use crate::kernel::order::sort_by_key;
use crate::kernel::quantity::Quantity;
use crate::pricing::{self, BasePrice, Conversion, PriceBook, PriceQuestion, PricingError, ResolvedPrice};
use crate::promotions::{
    self, Basket, BasketLine, Discounted, Discounts, Gift, GiftOffer, PromotionError, ShippingCharge,
};
use crate::tax::{self, ShippingTax, TaxError, TaxLine, TaxQuestion, Taxed, TaxedLine};

/// Which engine this is. Raised with every change that gives another amount for any input.
pub const ENGINE_VERSION: u32 = 2;

/// Why a cart has no totals.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TotalsError {
    /// Of the line with this key.
    #[error("line {key}: {error}")]
    Price { key: u32, error: PricingError },
    #[error(transparent)]
    Promotions(#[from] PromotionError),
    #[error(transparent)]
    Tax(#[from] TaxError),
    /// The total cannot be told in the merchant's currency.
    #[error("settlement: {0}")]
    Settlement(PricingError),
    /// Of a question.
    #[error("it was asked of engine {asked}, and this is engine {ENGINE_VERSION}")]
    OtherEngine { asked: u32 },
    #[error("an amount is too large")]
    Overflow,
}

/// What `cart` costs by `rules`.
///
/// # Errors
/// [`TotalsError`]. A code that does not apply, a gift that cannot be had and an exemption that does not hold are no
/// errors: the totals say so.
pub fn total(rules: &Rules, cart: &Cart) -> Result<Totals, TotalsError> {
    worked_out(rules, cart).map(|(totals, _)| totals)
}

/// As [`total`], with all that was considered on the way.
///
/// # Errors
/// As [`total`].
pub fn explain(rules: &Rules, cart: &Cart) -> Result<Explanation, TotalsError> {
    let (totals, promotions) = worked_out(rules, cart)?;
    let units = Units::of(cart);
    let considered = |line: &CartLine| {
        let question =
            question(rules, cart, (line.variant, line.product), &line.prices, units.of_variant(line.variant));
        PriceExplanation { key: line.key, considered: pricing::explain(&rules.prices, &question).considered }
    };
    Ok(Explanation { totals, prices: cart.lines.iter().map(considered).collect(), promotions })
}

/// What `cart` is to be taxed on by `rules`: what an external provider is asked, whose outcome goes into
/// [`Cart::tax_outcome`].
///
/// # Errors
/// [`TotalsError`] of prices and promotions.
pub fn tax_question(rules: &Rules, cart: &Cart) -> Result<TaxQuestion, TotalsError> {
    taxable(rules, cart, &reduced(rules, cart)?.discounts)
}

fn worked_out(rules: &Rules, cart: &Cart) -> Result<(Totals, promotions::Trace), TotalsError> {
    let reduced = reduced(rules, cart)?;
    let question = taxable(rules, cart, &reduced.discounts)?;
    let taxed = match &cart.tax_outcome {
        None => tax::tax(&rules.tax, &question)?,
        Some(outcome) => tax::settle(&rules.tax, &question, outcome.clone())?,
    };
    put_together(rules, cart, reduced, taxed)
}

/// A cart before tax.
struct Reduced<'a> {
    /// Of each line.
    prices: Vec<ResolvedPrice>,
    gifts: Vec<(&'a GiftItem, ResolvedPrice)>,
    discounts: Discounts,
}

fn reduced<'a>(rules: &Rules, cart: &'a Cart) -> Result<Reduced<'a>, TotalsError> {
    let mut keys: Vec<u32> = cart.lines.iter().map(|line| line.key).collect();
    keys.sort_unstable();
    if keys.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
        return Err(PromotionError::RepeatedKey.into());
    }
    let prices = prices(rules, cart)?;
    let gifts = priced_gifts(rules, cart);
    let groups = Groups::of(cart, &prices);
    let discounts = promotions::evaluate(&rules.promotions, &basket(rules, cart, &prices, &groups, &gifts)?)?;
    let discounts = Discounts { lines: groups.apart(cart, &prices, discounts.lines)?, ..discounts };
    Ok(Reduced { prices, gifts, discounts })
}

/// Of each line, in the order of the cart.
fn prices(rules: &Rules, cart: &Cart) -> Result<Vec<ResolvedPrice>, TotalsError> {
    let units = Units::of(cart);
    let price = |line: &CartLine| {
        let question =
            question(rules, cart, (line.variant, line.product), &line.prices, units.of_variant(line.variant));
        pricing::resolve(&rules.prices, &question).map_err(|error| TotalsError::Price { key: line.key, error })
    };
    cart.lines.iter().map(price).collect()
}

/// What of the rules' prices is needed to price the cart again.
pub(super) fn kept_prices(rules: &Rules, cart: &Cart) -> PriceBook {
    let units = Units::of(cart);
    let of_line = |line: &CartLine| (line.variant, line.product, units.of_variant(line.variant));
    let lines = cart.lines.iter().map(|line| (of_line(line), line.prices.as_slice()));
    let gifts = cart.gifts.iter().map(|gift| ((gift.variant, gift.product, Quantity::MIN), gift.prices.as_slice()));
    let questions = lines.chain(gifts);
    let questions: Vec<PriceQuestion<'_>> = questions
        .map(|((variant, product, quantity), prices)| question(rules, cart, (variant, product), prices, quantity))
        .collect();
    rules.prices.kept_for(&questions)
}

/// Those that have a price: the others cannot be given.
fn priced_gifts<'a>(rules: &Rules, cart: &'a Cart) -> Vec<(&'a GiftItem, ResolvedPrice)> {
    let price = |gift: &'a GiftItem| {
        let question = question(rules, cart, (gift.variant, gift.product), &gift.prices, Quantity::MIN);
        Some((gift, pricing::resolve(&rules.prices, &question).ok()?))
    };
    cart.gifts.iter().filter_map(price).collect()
}

fn basket(
    rules: &Rules,
    cart: &Cart,
    prices: &[ResolvedPrice],
    groups: &Groups,
    gifts: &[(&GiftItem, ResolvedPrice)],
) -> Result<Basket, TotalsError> {
    let line = |(line, price, quantity): (&CartLine, &ResolvedPrice, Quantity)| BasketLine {
        key: line.key,
        variant: line.variant,
        product: line.product,
        collections: line.collections.clone(),
        categories: line.categories.clone(),
        quantity,
        unit: price.unit_price.minor(),
        is_on_sale: price.compare_at_price.is_some(),
    };
    let charge = |delivery: &Delivery| ShippingCharge {
        key: delivery.key,
        method: delivery.method.clone(),
        amount: delivery.amount,
    };
    if cart.deliveries.iter().any(|delivery| delivery.amount < 0) {
        return Err(PromotionError::Negative.into());
    }
    Ok(Basket {
        currency: cart.currency,
        at: cart.at,
        rounding: rules.rounding,
        rounded_per: rules.discounts_rounded_per,
        channel: cart.channel,
        customer: cart.customer.clone(),
        customer_groups: cart.customer_groups.iter().copied().collect(),
        is_first_order: cart.is_first_order,
        payment_method: cart.payment_method.clone(),
        codes: cart.codes.clone(),
        lines: groups.firsts(cart, prices).map(line).collect(),
        shipping: cart.deliveries.iter().map(charge).collect(),
        gifts: gifts
            .iter()
            .map(|(gift, price)| GiftOffer { variant: gift.variant, unit: price.unit_price.minor() })
            .collect(),
    })
}

/// What is left of lines and deliveries. Gifts are left out: nothing is left of them.
fn taxable(rules: &Rules, cart: &Cart, discounts: &Discounts) -> Result<TaxQuestion, TotalsError> {
    let line = |(line, discounted): (&CartLine, &Discounted)| {
        let (key, class) = (line.key.to_string(), line.tax_class.clone());
        let (amount, quantity) = (left(discounted)?, line.quantity.get());
        Ok::<_, TotalsError>(TaxLine { key, amount, quantity, class, taxable: line.taxable })
    };
    let charge = |(delivery, discounted): (&Delivery, &Discounted)| {
        let tax = match (&delivery.tax, &rules.shipping_tax) {
            (Some(ShippingTax::Proportional { lines }), _) if !lines.is_empty() => {
                ShippingTax::Proportional { lines: lines.clone() }
            }
            (Some(ShippingTax::Proportional { .. }), _) | (None, ShippingTax::Proportional { .. }) => {
                ShippingTax::Proportional { lines: delivery.lines.iter().map(ToString::to_string).collect() }
            }
            (Some(own @ ShippingTax::Class { .. }), _) | (None, own @ ShippingTax::Class { .. }) => own.clone(),
        };
        Ok::<_, TotalsError>(tax::ShippingCharge { key: delivery.key.to_string(), amount: left(discounted)?, tax })
    };
    Ok(TaxQuestion {
        currency: cart.currency,
        mode: rules.tax_mode,
        per: rules.tax_rounded_per,
        rounding: rules.rounding,
        destination: cart.destination.clone(),
        lines: by_key(cart.lines.iter().zip(&discounts.lines), |(line, _)| line.key)
            .map(line)
            .collect::<Result<_, _>>()?,
        shipping: by_key(cart.deliveries.iter().zip(&discounts.shipping), |(delivery, _)| delivery.key)
            .map(charge)
            .collect::<Result<_, _>>()?,
        exemptions: cart.exemptions.clone(),
        at: cart.at,
    })
}

/// In the order of their keys, so that a minor unit that cannot be divided goes to the same line however the cart is
/// ordered.
fn by_key<T>(items: impl Iterator<Item = T>, key: impl Fn(&T) -> u32) -> impl Iterator<Item = T> {
    let mut items: Vec<T> = items.collect();
    sort_by_key(&mut items, key);
    items.into_iter()
}

/// What was taxed in the order of `keys`, in that of the cart.
fn in_order_of(keys: impl Iterator<Item = u32>, taxed: Vec<TaxedLine>) -> impl Iterator<Item = TaxedLine> {
    let mut places: Vec<(u32, usize)> = keys.enumerate().map(|(place, key)| (key, place)).collect();
    sort_by_key(&mut places, |place| *place);
    let mut taxed: Vec<(usize, TaxedLine)> = places.into_iter().map(|(_, place)| place).zip(taxed).collect();
    sort_by_key(&mut taxed, |(place, _)| *place);
    taxed.into_iter().map(|(_, taxed)| taxed)
}

fn left(discounted: &Discounted) -> Result<i64, TotalsError> {
    discounted.amount.checked_sub(discounted.discount).ok_or(TotalsError::Overflow)
}

fn put_together(
    rules: &Rules,
    cart: &Cart,
    Reduced { prices, gifts, discounts }: Reduced<'_>,
    taxed: Taxed,
) -> Result<(Totals, promotions::Trace), TotalsError> {
    let [subtotal, discount] = sums(&discounts.lines)?;
    let [shipping, shipping_discount] = sums(&discounts.shipping)?;
    let of_lines = in_order_of(cart.lines.iter().map(|line| line.key), taxed.lines);
    let of_deliveries = in_order_of(cart.deliveries.iter().map(|delivery| delivery.key), taxed.shipping);
    let lines = cart.lines.iter().zip(prices).zip(discounts.lines).zip(of_lines);
    let lines = lines.map(|(((line, price), discounted), taxed)| LineTotals {
        key: line.key,
        variant: line.variant,
        product: line.product,
        quantity: line.quantity,
        price,
        amount: discounted.amount,
        discount: discounted.discount,
        discounts: discounted.discounts,
        taxes: taxed.into(),
    });
    let deliveries = cart.deliveries.iter().zip(discounts.shipping).zip(of_deliveries);
    let deliveries = deliveries.map(|((delivery, discounted), taxed)| DeliveryTotals {
        key: delivery.key,
        method: delivery.method.clone(),
        name: delivery.name.clone(),
        amount: discounted.amount,
        discount: discounted.discount,
        discounts: discounted.discounts,
        taxes: taxed.into(),
    });
    let gift = |given: &Gift| {
        let (item, price) = gifts.iter().find(|(item, _)| item.variant == given.variant)?;
        let (promotion, variant, product) = (given.promotion, given.variant, item.product);
        Some(GiftTotals {
            promotion,
            variant,
            product,
            quantity: given.quantity,
            price: price.clone(),
            amount: given.amount,
        })
    };
    let totals = Totals {
        engine: ENGINE_VERSION,
        currency: cart.currency,
        lines: lines.collect(),
        gifts: discounts.gifts.iter().filter_map(gift).collect(),
        deliveries: deliveries.collect(),
        codes: discounts.codes,
        redemptions: discounts.redemptions,
        subtotal,
        discount,
        shipping,
        shipping_discount,
        rates: taxed.rates,
        tax_source: taxed.source,
        tax_zone: taxed.zone,
        tax_mode: taxed.mode,
        rounding: taxed.rounding,
        discounts_rounded_per: rules.discounts_rounded_per,
        tax_rounded_per: taxed.per,
        refused_exemptions: taxed.refused,
        net: taxed.net,
        tax: taxed.tax,
        total: taxed.gross,
        settlement: settlement(rules, cart, taxed.gross)?,
    };
    Ok((totals, discounts.trace))
}

/// Of all of them: the amounts, and what is taken off.
fn sums(all: &[Discounted]) -> Result<[i64; 2], TotalsError> {
    let add = |[amount, discount]: [i64; 2], one: &Discounted| {
        Some([amount.checked_add(one.amount)?, discount.checked_add(one.discount)?])
    };
    all.iter().try_fold([0, 0], add).ok_or(TotalsError::Overflow)
}

fn settlement(rules: &Rules, cart: &Cart, total: i64) -> Result<Option<Settlement>, TotalsError> {
    let to = rules.prices.settlement();
    if to == cart.currency {
        return Ok(None);
    }
    let total = Money::new(total, cart.currency);
    match rules.prices.convert(total, to, cart.at, rules.rounding.into()) {
        Ok(Conversion { amount, rates }) => Ok(Some(Settlement::Converted { total: amount, rates })),
        Err(PricingError::NoRate { .. }) => Ok(Some(Settlement::NoRate)),
        Err(PricingError::StaleRate { base, quote, as_of, valid_until }) => {
            Ok(Some(Settlement::StaleRate { base, quote, as_of, valid_until }))
        }
        Err(error) => Err(TotalsError::Settlement(error)),
    }
}

impl From<TaxedLine> for Taxes {
    fn from(taxed: TaxedLine) -> Taxes {
        let TaxedLine { key: _, net, tax, gross, rates, class, why } = taxed;
        Taxes { net, tax, gross, rates, class, why }
    }
}

/// How many units of each variant are in the cart, on whichever lines.
struct Units(BTreeMap<VariantId, i64>);

impl Units {
    fn of(cart: &Cart) -> Units {
        let mut units = BTreeMap::new();
        for line in &cart.lines {
            let sum: &mut i64 = units.entry(line.variant).or_default();
            *sum = sum.saturating_add(line.quantity.get());
        }
        Units(units)
    }

    fn of_variant(&self, variant: VariantId) -> Quantity {
        // No tier begins above the most that a line can have.
        self.0.get(&variant).and_then(|units| Quantity::try_from(*units).ok()).unwrap_or(Quantity::MAX)
    }
}

fn question<'a>(
    rules: &Rules,
    cart: &'a Cart,
    (variant, product): (VariantId, ProductId),
    base: &'a [BasePrice],
    quantity: Quantity,
) -> PriceQuestion<'a> {
    PriceQuestion {
        variant,
        product,
        quantity,
        currency: cart.currency,
        channel: cart.channel,
        groups: &cart.customer_groups,
        at: cart.at,
        base,
        rounding: rules.rounding.into(),
    }
}
