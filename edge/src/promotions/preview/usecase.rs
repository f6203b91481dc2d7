//! Holding a cart against a promotion: alone, and together with the store's others.

use std::collections::{BTreeMap, BTreeSet};

use headlesspro_shared::catalog::source::Fault;
use headlesspro_shared::kernel::id::{ChannelId, CustomerGroupId, PromotionId, VariantId};
use headlesspro_shared::kernel::money::{Currency, Money};
use headlesspro_shared::kernel::quantity::Quantity;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::organizations::RoundingMode;
use headlesspro_shared::pricing::BasePrice;
use headlesspro_shared::promotions::{
    Basket, BasketLine, BookedPromotion, Definition, Discounts, Effect, GiftOffer, PromotionBook, RoundedPer,
    ShippingCharge, Trigger, evaluate,
};

use crate::app::Ctx;
use crate::catalog::{self, LineFacts};
use crate::failure::Failure;
use crate::organizations;
use crate::promotions::store::{book, book_of};
use crate::promotions::usecase::{Outcome, PromotionError, checked, invalid, read_with, rejected};

/// A cart, as far as promotions ask about it.
pub struct Asked {
    /// In the place of the stored one.
    pub definition: Option<Definition>,
    pub currency: Currency,
    pub lines: Vec<(VariantId, Quantity)>,
    pub codes: Vec<String>,
    pub customer_groups: BTreeSet<CustomerGroupId>,
    pub channel: Option<ChannelId>,
    /// `None`: now.
    pub at: Option<Timestamp>,
    pub is_first_order: Option<bool>,
    pub payment_method: Option<String>,
    /// Methods with what they cost, in that currency.
    pub shipping: Vec<(String, Money)>,
}

pub struct Preview {
    pub currency: Currency,
    pub alone: Discounts,
    /// With the automatic promotions of the store and those of the codes.
    pub together: Discounts,
}

/// What the promotion takes off, as if its condition were all that it asks for: one by code needs none. Prices are the
/// catalog's. The customer has had none of the promotions yet.
pub async fn preview(ctx: &Ctx, id: PromotionId, asked: &Asked) -> Outcome<Preview> {
    let (tenant, at) = (ctx.tenant(), asked.at.unwrap_or(ctx.now));
    let own_gift = asked.definition.as_ref().and_then(gift_of);
    let variants: BTreeSet<VariantId> = asked.lines.iter().map(|(variant, _)| *variant).chain(own_gift).collect();
    let facts =
        |variants: &BTreeSet<VariantId>| catalog::line_facts(tenant, variants.iter().copied(), asked.channel, at);
    let beside = || {
        let mut statements = vec![organizations::money_rules(tenant), facts(&variants)];
        statements.extend(book(tenant, &asked.codes, &[], at));
        statements
    };
    let (stored, rows) = read_with(ctx, id, &beside).await?;
    let [rules, known, book @ ..] = rows.as_slice() else { return Err(Failure::NotFound) };
    let mut book = book_of(book)?;
    let mut definition = stored.definition;
    if let Some(given) = &asked.definition {
        checked(given, &book.groups).map_err(|failure| failure.map(below_definition))?;
        definition = given.clone();
    }
    definition.trigger = Trigger::Automatic;
    let own = BookedPromotion { id, definition, used: stored.used, used_by_customer: 0 };
    book.promotions.retain(|booked| booked.id != id);
    let alone = PromotionBook { promotions: vec![own.clone()], groups: book.groups.clone(), codes: Vec::new() };
    book.promotions.push(own);

    let mut known = by_variant(catalog::line_facts_of(known)?);
    let gifts = book.promotions.iter().filter_map(|booked| gift_of(&booked.definition));
    let gifts: BTreeSet<VariantId> = gifts.collect();
    let unread: BTreeSet<VariantId> = gifts.difference(&variants).copied().collect();
    if !unread.is_empty() {
        let rows = ctx.read(vec![facts(&unread)]).await?;
        known.extend(by_variant(rows.first().map(catalog::line_facts_of).transpose()?.unwrap_or_default()));
    }
    let rounding = organizations::money_rules_of(rules)?.rounding;
    let basket = basket_of(asked, at, rounding, &known, &gifts)?;
    let evaluated = |book: &PromotionBook, basket: &Basket| match evaluate(book, basket) {
        Ok(discounts) => Ok(discounts),
        Err(error) => invalid("lines", &error.to_string()),
    };
    let uncoded = Basket { codes: Vec::new(), ..basket.clone() };
    Ok(Preview { currency: asked.currency, alone: evaluated(&alone, &uncoded)?, together: evaluated(&book, &basket)? })
}

fn basket_of(
    asked: &Asked,
    at: Timestamp,
    rounding: RoundingMode,
    known: &BTreeMap<VariantId, LineFacts>,
    gifts: &BTreeSet<VariantId>,
) -> Outcome<Basket> {
    let price_of = |facts: &LineFacts| -> Option<BasePrice> {
        facts.prices.iter().find(|price| price.price.currency() == asked.currency).copied()
    };
    let (mut lines, mut faults) = (Vec::with_capacity(asked.lines.len()), Vec::new());
    for (key, (place, (variant, quantity))) in (0..).zip(asked.lines.iter().enumerate()) {
        let facts = known.get(variant);
        let Some((facts, price)) = facts.and_then(|facts| Some((facts, price_of(facts)?))) else {
            let reason = match facts {
                None => "is no variant of the store".to_owned(),
                Some(_) => format!("has no price in {}", asked.currency),
            };
            faults.push(Fault { path: format!("lines/{place}/variantId"), reason });
            continue;
        };
        lines.push(BasketLine {
            key,
            variant: *variant,
            product: facts.product,
            collections: facts.collections.clone(),
            categories: facts.categories.clone(),
            quantity: *quantity,
            unit: price.price.minor(),
            is_on_sale: price.compare_at_price.is_some_and(|before| price.price.minor() < before.minor()),
        });
    }
    if !faults.is_empty() {
        return rejected(PromotionError::Invalid(faults));
    }
    let charge = |(key, (method, amount)): (u32, &(String, Money))| ShippingCharge {
        key,
        method: method.clone(),
        amount: amount.minor(),
    };
    let offer = |variant: &VariantId| {
        let price = known.get(variant).and_then(price_of)?;
        Some(GiftOffer { variant: *variant, unit: price.price.minor() })
    };
    Ok(Basket {
        currency: asked.currency,
        at,
        rounding,
        rounded_per: RoundedPer::Line,
        channel: asked.channel,
        customer: Some(String::new()),
        customer_groups: asked.customer_groups.clone(),
        is_first_order: asked.is_first_order,
        payment_method: asked.payment_method.clone(),
        codes: asked.codes.clone(),
        lines,
        shipping: (0..).zip(&asked.shipping).map(charge).collect(),
        gifts: gifts.iter().filter_map(offer).collect(),
    })
}

fn gift_of(definition: &Definition) -> Option<VariantId> {
    match definition.effect {
        Effect::Gift { variant, .. } => Some(variant),
        Effect::Reduce { .. } | Effect::Tiered { .. } | Effect::BuyGet { .. } | Effect::FreeShipping { .. } => None,
    }
}

fn by_variant(facts: Vec<LineFacts>) -> BTreeMap<VariantId, LineFacts> {
    facts.into_iter().map(|facts| (facts.variant, facts)).collect()
}

/// Faults of a definition stand below its member of the body.
fn below_definition(error: PromotionError) -> PromotionError {
    let below = |fault: Fault| {
        let slash = if fault.path.is_empty() { "" } else { "/" };
        Fault { path: format!("definition{slash}{}", fault.path), ..fault }
    };
    match error {
        PromotionError::Invalid(faults) => PromotionError::Invalid(faults.into_iter().map(below).collect()),
        other => other,
    }
}
