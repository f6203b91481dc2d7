//! From rows to totals.

use std::collections::BTreeMap;

use headlesspro_shared::catalog::{Availability, Offer};
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::area::Place;
use headlesspro_shared::kernel::country::Country;
use headlesspro_shared::kernel::id::{AccountId, ChannelId, PromotionId, VariantId};
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::quantity::Quantity;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::pricing::{BookParts, PriceBook};
use headlesspro_shared::promotions::{BookedPromotion, Effect, Outcome, PromotionError, Refusal, RoundedPer};
use headlesspro_shared::tax::{RoundingPer, ShippingTax, TaxClass, TaxError, TaxRules};
use headlesspro_shared::totals::{Cart, CartLine, GiftItem, Question, Rules, Totals, TotalsError, explain};

use crate::app::{Ctx, Tenant};
use crate::catalog::{self, LineFacts};
use crate::failure::{Failure, Halt, Unavailable};
use crate::organizations;
use crate::port::sql::{Rows, SqlError, Statement};
use crate::promotions::{self, Standing};

/// What is to be totalled.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub lines: Vec<(VariantId, Quantity)>,
    pub currency: Currency,
    pub channel: Option<ChannelId>,
    /// Whose redemptions are counted: the account's id, or the hash of a guest's address.
    pub customer: Option<String>,
    /// `None`: not known yet.
    pub is_first_order: Option<bool>,
    pub codes: Vec<String>,
    /// `None`: not known yet.
    pub destination: Option<Place>,
}

/// What was totalled, by which rules, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    pub question: Question,
    pub totals: Totals,
    pub standing: Standing,
}

impl Agreed {
    /// Whether the rules say the same at `now` as they did, unless somebody has changed them.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.standing.turns_at.is_none_or(|turn| now < turn)
    }

    /// As checkouts and orders keep it, whose readers need not know what else the merchant offers.
    #[must_use]
    pub fn as_kept(self) -> Agreed {
        Agreed { question: self.question.without_idle_promotions(&self.totals), ..self }
    }
}

/// What was totalled, and how what comes with it for nothing is offered.
#[derive(Debug, Clone)]
pub struct Priced {
    pub agreed: Agreed,
    /// One for each gift of the totals, in their order.
    pub gifts: Vec<Offer>,
}

/// Why there are no totals.
#[derive(Debug)]
pub enum Unpriced {
    /// More than money can be counted.
    TooExpensive,
    Halt(Halt),
}

impl Unpriced {
    /// The same for a use case that says `too_expensive` in its own words.
    pub fn or<E>(self, too_expensive: E) -> Failure<E> {
        match self {
            Unpriced::TooExpensive => Failure::Rejected(too_expensive),
            Unpriced::Halt(halt) => halt.into(),
        }
    }
}

impl From<Unavailable> for Unpriced {
    fn from(error: Unavailable) -> Unpriced {
        Unpriced::Halt(Halt::Unavailable(error))
    }
}

impl From<SqlError> for Unpriced {
    fn from(error: SqlError) -> Unpriced {
        Unpriced::from(Unavailable::from(error))
    }
}

impl From<TotalsError> for Unpriced {
    fn from(error: TotalsError) -> Unpriced {
        match error {
            TotalsError::Overflow
            | TotalsError::Promotions(PromotionError::Overflow)
            | TotalsError::Tax(TaxError::Overflow) => Unpriced::TooExpensive,
            error => Unavailable::corrupt(format!("rules of totals: {error}")).into(),
        }
    }
}

/// The statements whose rows [`priced`] takes. By each of `names` redemptions of the customer are counted: the account's
/// id, the hash of an address.
pub fn reads(
    tenant: Tenant,
    variants: impl IntoIterator<Item = VariantId>,
    codes: &[String],
    names: &[String],
    at: Timestamp,
) -> Vec<Statement> {
    let mut statements = vec![
        organizations::money_rules(tenant),
        catalog::line_facts(tenant, variants, None, at),
        promotions::standing(tenant, at),
    ];
    statements.extend(promotions::book(tenant, codes, names, at));
    statements
}

/// Totals of what is `wanted` at `at`. Lines keep their places: the key of each is its place in `wanted`. Where a gift is
/// earned, one more read says whether it can be had.
///
/// # Errors
/// [`Unpriced`].
pub async fn priced(ctx: &Ctx, rows: &[Rows], wanted: &Wanted, at: Timestamp) -> Result<Priced, Unpriced> {
    let agreed = without_gifts(rows, wanted, at)?;
    let earned = earned(&agreed)?;
    if earned.is_empty() {
        return Ok(Priced { agreed, gifts: Vec::new() });
    }
    let (tenant, variants) = (ctx.tenant(), earned.iter().map(|(variant, _)| *variant));
    let reads = vec![
        catalog::offers(tenant, variants.clone(), Some(wanted.currency), wanted.channel, at),
        catalog::line_facts(tenant, variants, wanted.channel, at),
    ];
    let rows = ctx.read(reads).await.map_err(Unpriced::Halt)?;
    let [offers, facts] = rows.as_slice() else { return Err(short().into()) };
    let mut offers = catalog::offers_of(offers)?;
    offers.retain(|variant, offer| {
        let units_of = |lines: &[(VariantId, Quantity)]| {
            let own = lines.iter().filter(|(other, _)| other == variant);
            own.fold(0_i64, |sum, (_, quantity)| sum.saturating_add(quantity.get()))
        };
        let units = units_of(&earned).saturating_add(units_of(&wanted.lines));
        offer.price.is_some() && Availability::of(Some(offer), units) == Availability::Available
    });
    let Agreed { mut question, standing, .. } = agreed;
    question.cart.gifts = catalog::line_facts_of(facts)?
        .into_iter()
        .filter(|facts| offers.contains_key(&facts.variant))
        .map(|facts| GiftItem {
            variant: facts.variant,
            product: facts.product,
            prices: facts.prices,
            tax_class: TaxClass::STANDARD,
        })
        .collect();
    let totals = question.total()?;
    let gifts = totals.gifts.iter().filter_map(|gift| offers.get(&gift.variant).cloned()).collect();
    Ok(Priced { agreed: Agreed { question, totals, standing }, gifts })
}

/// The gifts that only want somebody to say that they are there, with their units.
fn earned(agreed: &Agreed) -> Result<Vec<(VariantId, Quantity)>, TotalsError> {
    let Question { rules, cart, .. } = &agreed.question;
    let gift = |booked: &BookedPromotion| match booked.definition.effect {
        Effect::Gift { variant, quantity } => Some((booked.id, variant, quantity)),
        Effect::Reduce { .. } | Effect::Tiered { .. } | Effect::BuyGet { .. } | Effect::FreeShipping { .. } => None,
    };
    let gifts: Vec<_> = rules.promotions.promotions.iter().filter_map(gift).collect();
    if gifts.is_empty() {
        return Ok(Vec::new());
    }
    let considered = explain(rules, cart)?.promotions.considered;
    let is_earned = |promotion: PromotionId| {
        considered.iter().any(|one| {
            let refused = matches!(one.outcome, Outcome::Refused { reason: Refusal::GiftNotAvailable { .. } });
            one.promotion == promotion && refused
        })
    };
    let earned = gifts.into_iter().filter(|(promotion, ..)| is_earned(*promotion));
    Ok(earned.map(|(_, variant, quantity)| (variant, quantity)).collect())
}

fn without_gifts(rows: &[Rows], wanted: &Wanted, at: Timestamp) -> Result<Agreed, Unpriced> {
    let [settings, facts, standing, book @ ..] = rows else { return Err(short().into()) };
    let facts = catalog::line_facts_of(facts)?;
    let facts = facts.into_iter().map(|facts| (facts.variant, facts)).collect();
    let money = organizations::money_rules_of(settings)?;
    let promotions = promotions::book_of(book)?;
    let standing = promotions::standing_of(standing, &promotions, at)?;
    let parts = BookParts { settlement: money.currency, endings: Vec::new(), lists: Vec::new(), rates: Vec::new() };
    let rules = Rules {
        prices: PriceBook::new(parts).map_err(|error| Unavailable::corrupt(error.to_string()))?,
        promotions,
        tax: TaxRules::none(),
        tax_mode: money.tax_mode,
        rounding: money.rounding,
        discounts_rounded_per: RoundedPer::Line,
        tax_rounded_per: RoundingPer::Line,
        shipping_tax: ShippingTax::Proportional { lines: Vec::new() },
    };
    let question = Question::new(rules, cart(wanted, &facts, at)?);
    Ok(Agreed { totals: question.total()?, question, standing })
}

fn cart(wanted: &Wanted, facts: &BTreeMap<VariantId, LineFacts>, at: Timestamp) -> Result<Cart, Unavailable> {
    let line = |(place, (variant, quantity)): (usize, &(VariantId, Quantity))| {
        let facts = facts.get(variant).ok_or_else(|| Unavailable::corrupt("a line's variant is not in the catalog"))?;
        Ok::<_, Unavailable>(CartLine {
            key: u32::try_from(place).unwrap_or(u32::MAX),
            variant: *variant,
            product: facts.product,
            collections: facts.collections.clone(),
            categories: facts.categories.clone(),
            quantity: *quantity,
            prices: facts.prices.clone(),
            tax_class: TaxClass::STANDARD,
        })
    };
    Ok(Cart {
        currency: wanted.currency,
        at,
        channel: wanted.channel,
        customer: wanted.customer.clone(),
        customer_groups: Vec::new(),
        is_first_order: wanted.is_first_order,
        payment_method: None,
        codes: wanted.codes.clone(),
        destination: wanted.destination.clone().map_or_else(anywhere, Ok)?,
        exemptions: Vec::new(),
        tax_outcome: None,
        lines: wanted.lines.iter().enumerate().map(line).collect::<Result<_, _>>()?,
        gifts: Vec::new(),
        deliveries: Vec::new(),
    })
}

/// Where nothing is taxed, it makes no difference where it goes.
fn anywhere() -> Result<Place, Unavailable> {
    let country = Country::all().next().ok_or_else(|| Unavailable::corrupt("there are no countries"))?;
    Ok(Place::of_address(country, None, None))
}

fn short() -> Unavailable {
    Unavailable::corrupt("a read answered too few statements")
}

/// The customer who buys. Staff buy for somebody else.
///
/// # Errors
/// [`Halt`] where the caller's credentials are not good.
pub async fn buyer(ctx: &Ctx) -> Result<Option<AccountId>, Halt> {
    let Some(person) = ctx.person() else { return Ok(None) };
    let is_staff = ctx.principal().await?.permissions.scopes().contains(Scope::OrdersRead);
    Ok((!is_staff).then_some(person.account))
}
