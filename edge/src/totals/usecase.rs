//! From rows to totals.

use std::collections::{BTreeMap, BTreeSet};

use headlesspro_shared::catalog::{Availability, Offer};
use headlesspro_shared::checkout::ManualPayment;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::area::Place;
use headlesspro_shared::kernel::country::Country;
use headlesspro_shared::kernel::id::{AccountId, ChannelId, PromotionId, VariantId};
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::quantity::Quantity;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::pricing::{self, PriceQuestion, PriceSource, PriceStep, PricingError, ResolvedPrice};
use headlesspro_shared::promotions::{BookedPromotion, Effect, Outcome, PromotionBook, PromotionError, Refusal};
use headlesspro_shared::shipping::{Goods, Group, ShippingError, rates};
use headlesspro_shared::tax::{Missing, TaxError, TaxRules};
use headlesspro_shared::totals::{
    Cart, CartLine, Delivery, GiftItem, Question, Rules, Totals, TotalsError, explain, to_ship,
};

use crate::app::{Ctx, Tenant};
use crate::catalog::{self, LineFacts, PriceIn};
use crate::failure::{Failure, Halt, Unavailable};
use crate::organizations::{self, MoneyRules};
use crate::port::sql::{Rows, SqlError, Statement};
use crate::pricing::Book;
use crate::shipping::{self, Answers, NotAsked, StoreShipping};
use crate::tax::{self, Held, StoreTaxes};
use crate::{pricing as price_lists, promotions};

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
    /// `None`: not known yet. The store's settings say whose tax holds until then.
    pub destination: Option<Place>,
    /// `None`: not chosen yet.
    pub payment_method: Option<String>,
    /// What was chosen of [`offered`]; none: nothing yet, or nothing is charged.
    pub deliveries: Vec<Delivery>,
}

/// How what decides a store's totals stood when it was read: a version of each kind, which [`Agreed::guards`] holds a
/// commit to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// How often the merchant has changed promotions.
    pub promotions: i64,
    /// How often what decides prices was written.
    pub prices: i64,
    /// How often what decides taxes was written.
    pub tax: i64,
    /// How often zones of shipping were written; none: nobody has asked them where it goes.
    pub shipping: Option<i64>,
    /// The same of the buyer's certificates of exemption.
    pub exemptions: i64,
    /// The next instant at which one of them says something else by itself; none: they stay as they are.
    pub turns_at: Option<Timestamp>,
}

impl Standing {
    /// Of what a quote has fixed, whatever the rules say meanwhile. They are at no such version, so that a release that
    /// knows no quotes counts anew.
    pub const FIXED: Standing =
        Standing { promotions: -1, prices: -1, tax: -1, exemptions: -1, shipping: None, turns_at: None };
}

/// What was totalled, by which rules, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    pub question: Question,
    pub totals: Totals,
    pub standing: Standing,
}

impl Agreed {
    /// The statements that refuse a commit unless everything stands as it did; none for what a quote has fixed.
    pub fn guards(&self, tenant: Tenant) -> Vec<Statement> {
        if self.is_fixed() {
            return Vec::new();
        }
        let cart = &self.question.cart;
        let mut guards = vec![
            promotions::guard(tenant, self.standing.promotions),
            price_lists::guard(tenant, self.standing.prices),
            tax::guard(tenant, self.standing.tax),
        ];
        guards.extend(self.standing.shipping.map(|version| shipping::guard(tenant, version)));
        let account = cart.customer.as_deref().and_then(|customer| customer.parse().ok());
        // Who is in which group is no business of the other buyers, so no version of the store's tells it.
        if let Some(account) = account {
            guards.push(price_lists::guard_groups(tenant, account, &cart.customer_groups));
        }
        // Nor is who has which certificates. A guest has none.
        let version = self.standing.exemptions;
        if account.is_some() || version != 0 {
            guards.push(tax::guard_exemptions(tenant, account, version));
        }
        guards
    }

    /// Whether the rules say the same at `now` as they did, unless somebody has changed them.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.standing.turns_at.is_none_or(|turn| now < turn)
    }

    /// Whether a payment method was named, and it is another one, or none is needed.
    pub fn is_paid_otherwise(&self, method: Option<ManualPayment>) -> bool {
        let method = method.map(ManualPayment::name);
        self.question.cart.payment_method.as_deref().is_some_and(|named| Some(named) != method)
    }

    /// Whether it depends on where it goes by more than a tax zone: by what it is sent by, or whom the merchant asks.
    pub fn is_for_one_place(&self) -> bool {
        let cart = &self.question.cart;
        !cart.deliveries.is_empty() || cart.tax_outcome.is_some()
    }

    /// Whether a quote has fixed it.
    pub fn is_fixed(&self) -> bool {
        self.standing == Standing::FIXED
    }

    /// As checkouts and orders keep it, whose readers need not know what else the merchant offers, or what others pay.
    #[must_use]
    pub fn as_kept(self) -> Agreed {
        Agreed { question: self.question.without_idle_rules(&self.totals), ..self }
    }

    /// Whether the line at a place costs what the catalog says, and no list or rate has made that another price. A gift
    /// is at no such place.
    pub fn is_at_catalog_price(&self, place: usize) -> bool {
        let price = self.totals.lines.get(place).map(|line| &line.price).filter(|_| !self.is_fixed());
        price.is_some_and(|price| {
            price.source == PriceSource::Catalog && matches!(price.steps.as_slice(), [PriceStep::Catalog { .. }])
        })
    }

    /// What the catalog said of the lines and gifts: in their currency and, where it says nothing in that, in the store's
    /// own, whose prices are converted; and what the lines are taxed as.
    pub fn catalog_prices(&self) -> Vec<PriceIn> {
        let Question { rules, cart, .. } = &self.question;
        let is_given = |gift: &&GiftItem| self.totals.gifts.iter().any(|given| given.variant == gift.variant);
        // Which bear no tax.
        let gifts = cart.gifts.iter().filter(is_given).map(|gift| (gift.variant, &gift.prices, None));
        let lines = cart.lines.iter().map(|line| {
            let taxed = (line.tax_class.clone(), line.taxable);
            (line.variant, &line.prices, Some(taxed))
        });
        let mut said = Vec::with_capacity(cart.lines.len());
        for (variant, prices, taxed) in lines.chain(gifts) {
            let price_in = |currency| prices.iter().map(|base| base.price).find(|price| price.currency() == currency);
            let set = price_in(cart.currency);
            said.push(PriceIn { variant, currency: cart.currency, price: set, taxed });
            let own = rules.prices.settlement();
            if set.is_none() {
                said.push(PriceIn { variant, currency: own, price: price_in(own), taxed: None });
            }
        }
        said
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

impl From<ShippingError> for Unpriced {
    fn from(error: ShippingError) -> Unpriced {
        match error {
            ShippingError::Overflow => Unpriced::TooExpensive,
            error => Unavailable::corrupt(format!("what is to be shipped: {error}")).into(),
        }
    }
}

impl From<TotalsError> for Unpriced {
    fn from(error: TotalsError) -> Unpriced {
        match error {
            TotalsError::Overflow
            | TotalsError::Promotions(PromotionError::Overflow)
            | TotalsError::Tax(TaxError::Overflow)
            | TotalsError::Settlement(PricingError::OutOfRange) => Unpriced::TooExpensive,
            TotalsError::Tax(TaxError::NoAnswer { problem, .. }) => Unavailable::Taxes(problem).into(),
            error => Unavailable::corrupt(format!("rules of totals: {error}")).into(),
        }
    }
}

/// What totals are made from, as it was read.
#[derive(Debug)]
pub struct Basis {
    at: Timestamp,
    money: MoneyRules,
    facts: BTreeMap<VariantId, LineFacts>,
    pub(super) taxes: StoreTaxes,
    /// The buyer's certificates of exemption.
    pub(super) held: Held,
    promotions: PromotionBook,
    prices: Book,
    /// Of the promotions.
    promoted: promotions::Standing,
    /// Where it is known where it goes.
    shipping: Option<(StoreShipping, BTreeMap<VariantId, Goods>)>,
}

/// The statements whose rows [`basis_of`] takes: what each context says of the variants in a currency, one after another.
/// By each of `names` redemptions of the customer are counted: the account's id, the hash of an address. `country` is
/// that of the destination; with it, how the store ships there is read too.
pub fn reads(
    tenant: Tenant,
    variants: impl IntoIterator<Item = VariantId>,
    currency: Currency,
    codes: &[String],
    names: &[String],
    country: Option<Country>,
    at: Timestamp,
) -> Vec<Statement> {
    let variants: Vec<VariantId> = variants.into_iter().collect();
    // Whoever has no account is in no group.
    let account = names.iter().find_map(|name| name.parse().ok());
    let mut statements =
        vec![organizations::money_rules(tenant), catalog::line_facts(tenant, variants.clone(), None, at)];
    statements.push(promotions::standing(tenant, at));
    statements.extend(tax::rules(tenant, country));
    statements.extend(promotions::book(tenant, codes, names, at));
    statements.extend(price_lists::book(tenant, &variants, currency, account, at));
    if let Some(country) = country {
        statements.extend(shipping::rules(tenant, country));
        statements.push(catalog::goods(tenant, variants));
    }
    statements.extend(account.map(|account| tax::held(tenant, account)));
    statements
}

/// The rules of shipping, and the goods.
const SHIPPING_STATEMENTS: usize = shipping::RULES_STATEMENTS + 1;

/// # Errors
/// [`Unavailable`] when rows are missing, of another shape, or no sound rules.
pub fn basis_of(rows: &[Rows], at: Timestamp) -> Result<Basis, Unavailable> {
    let [money, facts, standing, rows @ ..] = rows else { return Err(short()) };
    let (taxes, rows) = rows.split_at_checked(tax::RULES_STATEMENTS).ok_or_else(short)?;
    let (promotions, rows) = rows.split_at_checked(promotions::BOOK_STATEMENTS).ok_or_else(short)?;
    let (prices, rows) = rows.split_at_checked(price_lists::BOOK_STATEMENTS).ok_or_else(short)?;
    // Of an account, or nothing; it is fewer than there are of shipping.
    let (shipping, held) = rows.split_at_checked(SHIPPING_STATEMENTS).unwrap_or((&[], rows));
    let shipping = match shipping {
        [rules @ .., goods] => Some((shipping::rules_of(rules)?, catalog::goods_of(goods)?)),
        [] => None,
    };
    let facts = catalog::line_facts_of(facts)?;
    let promotions = promotions::book_of(promotions)?;
    Ok(Basis {
        at,
        money: organizations::money_rules_of(money)?,
        facts: facts.into_iter().map(|facts| (facts.variant, facts)).collect(),
        taxes: tax::rules_of(taxes)?,
        held: tax::held_of(held.first())?,
        promoted: promotions::standing_of(standing, &promotions, at)?,
        promotions,
        prices: price_lists::book_of(prices)?,
        shipping,
    })
}

impl Basis {
    /// Whether somebody else has the last word on the tax.
    pub fn has_tax_provider(&self) -> bool {
        self.taxes.settings.provider.is_some()
    }

    /// What the address of a destination does not say, and taxes there depend on.
    pub fn asks_for(&self, destination: &Place) -> Vec<Missing> {
        self.taxes.rules.asks_for(destination)
    }

    /// Sets what one unit of each of `lines` is offered at: the catalog's price, or what price lists and rates make of it
    /// for whoever buys; nothing where it is not sold in the currency. The variants that are at the price of a list.
    pub fn price(
        &self,
        offers: &mut BTreeMap<VariantId, Offer>,
        lines: &[(VariantId, Quantity)],
        currency: Currency,
        channel: Option<ChannelId>,
    ) -> BTreeSet<VariantId> {
        let mut listed = BTreeSet::new();
        for (variant, quantity) in lines {
            let Some(offer) = offers.get_mut(variant) else { continue };
            let price = self.facts.get(variant).and_then(|facts| self.price_of(facts, *quantity, currency, channel));
            offer.price = price.as_ref().map(|price| price.unit_price);
            if price.is_some_and(|price| price.source != PriceSource::Catalog) {
                listed.insert(*variant);
            }
        }
        listed
    }

    /// What the catalog has no price for is not for sale, whatever a list says.
    fn price_of(
        &self,
        facts: &LineFacts,
        quantity: Quantity,
        currency: Currency,
        channel: Option<ChannelId>,
    ) -> Option<ResolvedPrice> {
        let question = PriceQuestion {
            variant: facts.variant,
            product: facts.product,
            quantity,
            currency,
            channel,
            groups: &self.prices.groups,
            at: self.at,
            base: &facts.prices,
            rounding: self.money.rounding.into(),
        };
        let is_sold = self.prices.is_sold_in && !facts.prices.is_empty();
        is_sold.then(|| pricing::resolve(&self.prices.prices, &question).ok()).flatten()
    }
}

/// What is offered to ship with.
#[derive(Debug, Default)]
pub struct Offered {
    /// The lines of each are named by their places.
    pub groups: Vec<Group>,
    /// What providers have said of it.
    pub answers: Option<Answers>,
}

/// What is offered to ship what is `wanted` with, whatever deliveries it has, by what its lines come to without. Nothing
/// where the store does not ship by methods, or nobody knows where to. It is one question to each provider of the store's
/// that methods there name, all at once, and none that was answered `before`.
///
/// # Errors
/// [`Unpriced`].
pub async fn offered(ctx: &Ctx, basis: &Basis, wanted: &Wanted, before: Option<&Answers>) -> Result<Offered, Unpriced> {
    let Some((store, goods)) = basis.shipping.as_ref().filter(|(store, _)| store.is_kept) else {
        return Ok(Offered::default());
    };
    let of = |(variant, _): &(VariantId, Quantity)| {
        goods.get(variant).ok_or_else(|| Unavailable::corrupt("a line's variant is not in the catalog"))
    };
    let goods: Vec<&Goods> = wanted.lines.iter().map(of).collect::<Result<_, _>>()?;
    if !goods.iter().any(|goods| goods.needs_shipping) {
        return Ok(Offered::default());
    }
    let Agreed { question, totals, .. } = without_gifts(basis, wanted, &[])?;
    let mut delivery = to_ship(&question.cart, &totals, &goods, wanted.destination.clone())?;
    let answers = shipping::ask(ctx, store, &mut delivery, before).await.map_err(|error| match error {
        NotAsked::Shipping(error) => error.into(),
        NotAsked::Unavailable(error) => Unpriced::from(error),
    })?;
    Ok(Offered { groups: rates(&store.rules, &delivery)?, answers })
}

/// Totals of what is `wanted`. Lines keep their places: the key of each is its place in `wanted`. Where a gift is earned,
/// one more read says whether it can be had.
///
/// # Errors
/// [`Unpriced`].
pub async fn priced(ctx: &Ctx, basis: &Basis, wanted: &Wanted) -> Result<Priced, Unpriced> {
    let agreed = without_gifts(basis, wanted, &wanted.deliveries)?;
    let earned = earned(&agreed)?;
    if earned.is_empty() {
        return Ok(Priced { agreed, gifts: Vec::new() });
    }
    let (tenant, variants) = (ctx.tenant(), earned.iter().map(|(variant, _)| *variant));
    let reads = vec![
        catalog::offers(tenant, variants.clone(), Some(wanted.currency), wanted.channel, basis.at),
        catalog::line_facts(tenant, variants, wanted.channel, basis.at),
    ];
    let rows = ctx.read(reads).await.map_err(Unpriced::Halt)?;
    let [offers, facts] = rows.as_slice() else { return Err(short().into()) };
    let facts = catalog::line_facts_of(facts)?;
    let mut offers = catalog::offers_of(offers)?;
    for facts in &facts {
        let price = basis.price_of(facts, Quantity::MIN, wanted.currency, wanted.channel);
        if let Some(offer) = offers.get_mut(&facts.variant) {
            offer.price = price.map(|price| price.unit_price);
        }
    }
    offers.retain(|variant, offer| {
        let units_of = |lines: &[(VariantId, Quantity)]| {
            let own = lines.iter().filter(|(other, _)| other == variant);
            own.fold(0_i64, |sum, (_, quantity)| sum.saturating_add(quantity.get()))
        };
        let units = units_of(&earned).saturating_add(units_of(&wanted.lines));
        Availability::of(Some(offer), units) == Availability::Available
    });
    let Agreed { mut question, standing, .. } = agreed;
    question.cart.gifts = facts
        .into_iter()
        .filter(|facts| offers.contains_key(&facts.variant))
        .map(|facts| GiftItem {
            variant: facts.variant,
            product: facts.product,
            prices: facts.prices,
            tax_class: facts.tax_class,
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

fn without_gifts(basis: &Basis, wanted: &Wanted, deliveries: &[Delivery]) -> Result<Agreed, Unpriced> {
    let (at, StoreTaxes { rules, settings, version, .. }) = (basis.at, &basis.taxes);
    let (tax, destination) = match wanted.destination.as_ref().or(settings.sells_from.as_ref()) {
        Some(destination) if !rules.zones.is_empty() => rules.clone().concerning(destination),
        _ => (TaxRules::none(), anywhere()?),
    };
    let exempt_until = basis.held.exemptions.iter().filter_map(|exemption| exemption.turns_at(at)).min();
    let turns = [basis.promoted.turns_at, basis.prices.prices.turns_at(at), tax.turns_at(at), exempt_until];
    let standing = Standing {
        promotions: basis.promoted.version,
        prices: basis.prices.version,
        tax: *version,
        shipping: basis.shipping.as_ref().map(|(store, _)| store.version),
        exemptions: basis.held.version,
        turns_at: turns.into_iter().flatten().min(),
    };
    let rules = Rules {
        prices: basis.prices.prices.clone(),
        promotions: basis.promotions.clone(),
        tax,
        tax_mode: basis.money.tax_mode,
        rounding: basis.money.rounding,
        discounts_rounded_per: settings.discounts_rounded_per,
        tax_rounded_per: settings.tax_rounded_per,
        shipping_tax: settings.shipping_tax.clone(),
    };
    let mut cart = cart(basis, wanted, destination)?;
    cart.deliveries = deliveries.to_vec();
    let question = Question::new(rules, cart);
    Ok(Agreed { totals: question.total()?, question, standing })
}

fn cart(basis: &Basis, wanted: &Wanted, destination: Place) -> Result<Cart, Unavailable> {
    let line = |(place, (variant, quantity)): (usize, &(VariantId, Quantity))| {
        let facts =
            basis.facts.get(variant).ok_or_else(|| Unavailable::corrupt("a line's variant is not in the catalog"))?;
        Ok::<_, Unavailable>(CartLine {
            key: u32::try_from(place).unwrap_or(u32::MAX),
            variant: *variant,
            product: facts.product,
            collections: facts.collections.clone(),
            categories: facts.categories.clone(),
            quantity: *quantity,
            prices: facts.prices.clone(),
            tax_class: facts.tax_class.clone(),
            taxable: facts.taxable,
        })
    };
    Ok(Cart {
        currency: wanted.currency,
        at: basis.at,
        channel: wanted.channel,
        customer: wanted.customer.clone(),
        customer_groups: basis.prices.groups.clone(),
        is_first_order: wanted.is_first_order,
        payment_method: wanted.payment_method.clone(),
        codes: wanted.codes.clone(),
        destination,
        exemptions: basis.held.exemptions.clone(),
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
    Ok((!is_staff(ctx).await?).then_some(person.account))
}

/// Whether whoever asks works for the merchant, a person or a program.
///
/// # Errors
/// [`Halt`] where the caller's credentials are not good.
pub async fn is_staff(ctx: &Ctx) -> Result<bool, Halt> {
    Ok(ctx.principal().await?.permissions.scopes().contains(Scope::OrdersRead))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_counted_in_the_merchants_currency_is_too_expensive() {
        let overflow = TotalsError::Settlement(PricingError::OutOfRange);
        assert!(matches!(Unpriced::from(overflow), Unpriced::TooExpensive));
    }
}
