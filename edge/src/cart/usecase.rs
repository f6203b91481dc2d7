//! Filling a cart. A mutation of lines spends one Redis round trip, and one SQL read when the added variant's
//! offer is not remembered; showing a cart, and entering codes, spends one of each. Adding to a cart in another currency than the store's own
//! takes one of each more.

use std::collections::BTreeMap;

use headlesspro_shared::cart::{PricedLine, price};
use headlesspro_shared::catalog::Offer;
use headlesspro_shared::kernel::country::Country;
use headlesspro_shared::kernel::id::{CartId, VariantId};
use headlesspro_shared::kernel::money::{Currency, Money};
use headlesspro_shared::kernel::quantity::Quantity;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::totals::Totals;

use super::script::CART;
use super::store::{self, Change, Mutated, StoredCart};
use crate::app::Ctx;
use crate::catalog;
use crate::failure::{Failure, Halt, Unavailable};
use crate::journal::Claim;
use crate::totals::{self, Agreed, Basis, Priced, Wanted};

/// Why a cart stays as it is.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CartError {
    #[error("the variant is not for sale in this store, or not in the cart's currency")]
    NotForSale,
    #[error("{0} is no currency of this store")]
    NotSoldIn(Currency),
    #[error("the cart has no line of this variant")]
    NoLine,
    #[error("the line would hold {would_hold} units; a line holds at most {max}", max = Quantity::MAX)]
    OverQuantity { would_hold: i64 },
    #[error("a cart has at most {max} lines", max = headlesspro_shared::cart::MAX_LINES)]
    OverLines,
    #[error("the cart is at version {current}")]
    VersionMismatch { current: i64 },
    #[error("the cart's total is too large to be counted")]
    TooExpensive,
}

/// A cart with its prices.
#[derive(Debug)]
pub struct ShownCart {
    pub cart: StoredCart,
    pub lines: Vec<PricedLine>,
    pub subtotal: Money,
    /// What each variant is offered at: now when shown, as last seen after a mutation.
    pub offers: BTreeMap<VariantId, Offer>,
    /// Of the lines that can be bought, in their order; known when shown.
    pub totals: Option<Totals>,
    /// Whether somebody else has the last word on their tax.
    pub is_tax_estimated: bool,
    /// How the gifts of the totals are offered, in their order.
    pub gifts: Vec<Offer>,
    pub replayed: bool,
}

/// Opens a cart in one of the store's currencies, its own without one.
pub async fn create(
    ctx: &Ctx,
    currency: Option<Currency>,
    claim: Option<&Claim>,
) -> Result<ShownCart, Failure<CartError>> {
    let currency = match currency {
        None => ctx.principal().await?.currency,
        Some(currency) => {
            let rows = ctx.read(vec![catalog::currencies(ctx.tenant())]).await?;
            let (own, others) = catalog::currencies_of(rows.first())?;
            if currency != own && !others.contains(&currency) {
                return Err(Failure::Rejected(CartError::NotSoldIn(currency)));
            }
            currency
        }
    };
    let id = ctx.new_id()?;
    change(ctx, id, &Change::Create { id, currency, at: ctx.now }, claim, None).await
}

pub async fn add(
    ctx: &Ctx,
    id: CartId,
    variant: VariantId,
    quantity: Quantity,
    claim: Option<&Claim>,
    version: Option<i64>,
) -> Result<ShownCart, Failure<CartError>> {
    let line = |offer: Option<Offer>| {
        let priced = offer.filter(|offer| offer.published).and_then(|offer| Some((offer.price?, offer)));
        let (price, offer) = priced.ok_or(Failure::Rejected(CartError::NotForSale))?;
        Ok::<_, Failure<CartError>>(Change::Add { variant, quantity, offer: Box::new(offer), price })
    };
    let in_own = line(offer_of(ctx, variant).await?)?;
    match mutate(ctx, id, &in_own, claim, version).await? {
        Mutated::Currency(currency) => {
            let offer = offer_in(ctx, (variant, quantity), currency).await?;
            settled(mutate(ctx, id, &line(offer)?, claim, version).await?)
        }
        mutated => settled(mutated),
    }
}

/// Sets a line to `quantity` units; zero takes it away.
pub async fn set(
    ctx: &Ctx,
    id: CartId,
    variant: VariantId,
    quantity: i64,
    version: Option<i64>,
) -> Result<ShownCart, Failure<CartError>> {
    change(ctx, id, &Change::Set { variant, quantity }, None, version).await
}

pub async fn remove(
    ctx: &Ctx,
    id: CartId,
    variant: VariantId,
    version: Option<i64>,
) -> Result<ShownCart, Failure<CartError>> {
    change(ctx, id, &Change::Remove { variant }, None, version).await
}

/// Enters codes in the place of those before; none takes them away. Whether they apply is told, and no condition.
pub async fn enter(
    ctx: &Ctx,
    id: CartId,
    codes: Vec<String>,
    version: Option<i64>,
) -> Result<ShownCart, Failure<CartError>> {
    let entered = change(ctx, id, &Change::Codes { codes }, None, version).await?;
    totalled(ctx, entered.cart).await
}

/// The cart with today's prices and stock. Writes nothing.
pub async fn show(ctx: &Ctx, id: CartId) -> Result<ShownCart, Failure<CartError>> {
    totalled(ctx, stored(ctx, id).await?).await
}

async fn totalled(ctx: &Ctx, cart: StoredCart) -> Result<ShownCart, Failure<CartError>> {
    let (mut shown, priced) = priced(ctx, cart, ctx.now).await?;
    shown.totals = Some(priced.agreed.totals);
    shown.gifts = priced.gifts;
    Ok(shown)
}

/// What the cart would cost at `at`, and by which rules.
pub async fn asked(ctx: &Ctx, id: CartId, at: Timestamp) -> Result<Agreed, Failure<CartError>> {
    Ok(priced(ctx, stored(ctx, id).await?, at).await?.1.agreed)
}

async fn priced(ctx: &Ctx, cart: StoredCart, at: Timestamp) -> Result<(ShownCart, Priced), Failure<CartError>> {
    let lines: Vec<(VariantId, Quantity)> = cart.lines.iter().map(|line| (line.variant, line.quantity)).collect();
    let (currency, codes) = (cart.currency, cart.codes.clone());
    let Offered { mut offers, basis, names } = offered::<CartError>(ctx, &lines, (currency, None), &codes, at).await?;
    // What is not shown any more, or not here, is as it was when it was added: what it is now is nobody's to see.
    offers.retain(|_, offer| offer.published);
    let listed = basis.price(&mut offers, &lines, currency, ctx.channel());
    let mut shown = shown(cart, offers, false)?;
    shown.is_tax_estimated = basis.has_tax_provider();
    for line in shown.lines.iter_mut().filter(|line| listed.contains(&line.variant)) {
        // It was added at the catalog's price, which is none to compare with that of a list.
        line.previous_price = None;
    }
    let wanted = Wanted {
        lines: shown.bought().map(|line| (line.variant, line.quantity)).collect(),
        currency,
        channel: ctx.channel(),
        customer: names.into_iter().next(),
        is_first_order: None,
        codes,
        destination: None,
        payment_method: None,
        deliveries: Vec::new(),
    };
    let priced = totals::priced(ctx, &basis, &wanted).await.map_err(|error| error.or(CartError::TooExpensive))?;
    Ok((shown, priced))
}

/// What lines are offered at by the catalog, what totals are made from, and by what the buyer's redemptions
/// are counted.
pub struct Offered {
    pub offers: BTreeMap<VariantId, Offer>,
    pub basis: Basis,
    pub names: Vec<String>,
}

pub async fn offered<E>(
    ctx: &Ctx,
    lines: &[(VariantId, Quantity)],
    (currency, country): (Currency, Option<Country>),
    codes: &[String],
    at: Timestamp,
) -> Result<Offered, Failure<E>> {
    let variants = lines.iter().map(|(variant, _)| *variant);
    let names: Vec<String> = totals::buyer(ctx).await?.map(|account| account.to_string()).into_iter().collect();
    let reads = |channel| {
        let mut reads = vec![catalog::offers(ctx.tenant(), variants.clone(), Some(currency), channel, at)];
        reads.extend(totals::reads(ctx.tenant(), variants.clone(), currency, codes, &names, country, at));
        reads
    };
    let rows = ctx.read_in_channel(&reads).await?;
    let (offers, rules) = rows.split_first().ok_or(Unavailable::corrupt("a read answered nothing"))?;
    Ok(Offered { offers: catalog::offers_of(offers)?, basis: totals::basis_of(rules, at)?, names })
}

impl ShownCart {
    /// The lines that count: their places are the keys of the totals.
    pub fn bought(&self) -> impl Iterator<Item = &PricedLine> {
        self.lines.iter().filter(|line| line.is_bought())
    }
}

/// What a checkout takes from a cart.
pub struct Contents {
    pub currency: Currency,
    pub lines: Vec<(VariantId, Quantity)>,
    pub codes: Vec<String>,
}

/// # Errors
/// [`Failure::NotFound`] when there is no such cart.
pub async fn contents<E>(ctx: &Ctx, id: CartId) -> Result<Contents, Failure<E>> {
    Ok(stored(ctx, id).await?.into())
}

/// As [`contents`], of a cart that is kept as if it had been touched now.
///
/// # Errors
/// As [`contents`].
pub async fn kept_contents<E>(ctx: &Ctx, id: CartId) -> Result<Contents, Failure<E>> {
    let tenant = ctx.tenant();
    let replies = ctx.pipeline(vec![store::read(tenant, id), store::keep(tenant, id)]).await.map_err(Halt::of_carts)?;
    let reply = replies.into_iter().next().ok_or_else(|| Unavailable::corrupt("a cart's reply"))?;
    Ok(store::cart(reply).map_err(Failure::Unavailable)?.ok_or(Failure::NotFound)?.into())
}

impl From<StoredCart> for Contents {
    fn from(cart: StoredCart) -> Contents {
        let lines = cart.lines.into_iter().map(|line| (line.variant, line.quantity)).collect();
        Contents { currency: cart.currency, lines, codes: cart.codes }
    }
}

async fn stored<E>(ctx: &Ctx, id: CartId) -> Result<StoredCart, Failure<E>> {
    let reply = ctx.kv(store::read(ctx.tenant(), id)).await.map_err(Halt::of_carts)?;
    store::cart(reply).map_err(Failure::Unavailable)?.ok_or(Failure::NotFound)
}

async fn offer_of(ctx: &Ctx, variant: VariantId) -> Result<Option<Offer>, Failure<CartError>> {
    let cache = ctx.offers();
    // What is remembered of a tenant is for its verified keys only.
    if ctx.is_verified()
        && let Some(offer) = cache.get(ctx.tenant(), ctx.channel(), variant, ctx.now)
    {
        return Ok(Some(offer));
    }
    let read = |channel| vec![catalog::offers(ctx.tenant(), [variant], None, channel, ctx.now)];
    let rows = ctx.read_in_channel(&read).await?;
    let offer = rows.first().map(catalog::offers_of).transpose()?.and_then(|mut offers| offers.remove(&variant));
    if let Some(offer) = &offer {
        // The caller is verified by what was read.
        cache.put(ctx.tenant(), ctx.channel(), offer, ctx.now);
    }
    Ok(offer)
}

/// In another currency than the store's own. Where the catalog has no price in it, a price list may have one, and a rate
/// may bring the store's own there.
async fn offer_in(
    ctx: &Ctx,
    line: (VariantId, Quantity),
    currency: Currency,
) -> Result<Option<Offer>, Failure<CartError>> {
    let Offered { mut offers, basis, .. } = offered::<CartError>(ctx, &[line], (currency, None), &[], ctx.now).await?;
    if offers.get(&line.0).is_some_and(|offer| offer.price.is_none()) {
        basis.price(&mut offers, &[line], currency, ctx.channel());
    }
    Ok(offers.remove(&line.0))
}

async fn change(
    ctx: &Ctx,
    id: CartId,
    change: &Change,
    claim: Option<&Claim>,
    version: Option<i64>,
) -> Result<ShownCart, Failure<CartError>> {
    settled(mutate(ctx, id, change, claim, version).await?)
}

async fn mutate(
    ctx: &Ctx,
    id: CartId,
    change: &Change,
    claim: Option<&Claim>,
    version: Option<i64>,
) -> Result<Mutated, Failure<CartError>> {
    let (keys, args) = store::change(ctx.tenant(), id, change, claim, version);
    let reply = ctx.script(&CART, keys, args).await.map_err(Halt::of_carts)?;
    store::mutated(reply).map_err(Failure::Unavailable)
}

fn settled(mutated: Mutated) -> Result<ShownCart, Failure<CartError>> {
    let reject = |error| Err(Failure::Rejected(error));
    let (cart, replayed) = match mutated {
        Mutated::Done(cart) => (cart, false),
        Mutated::Replayed(cart) => (cart, true),
        Mutated::Missing => return Err(Failure::NotFound),
        Mutated::NoLine => return reject(CartError::NoLine),
        Mutated::Version { current } => return reject(CartError::VersionMismatch { current }),
        Mutated::OverQuantity { would_hold } => return reject(CartError::OverQuantity { would_hold }),
        Mutated::OverLines => return reject(CartError::OverLines),
        // A cart keeps its currency.
        Mutated::Currency(_) => return reject(CartError::NotForSale),
        Mutated::IdempotencyMismatch => return Err(Failure::IdempotencyMismatch),
    };
    let offers = cart.seen.clone();
    shown(cart, offers, replayed)
}

fn shown(
    cart: StoredCart,
    offers: BTreeMap<VariantId, Offer>,
    replayed: bool,
) -> Result<ShownCart, Failure<CartError>> {
    let priced = price(&cart.lines, cart.currency, |variant| offers.get(&variant));
    let (lines, subtotal) = priced.map_err(|_| Failure::Rejected(CartError::TooExpensive))?;
    Ok(ShownCart { cart, lines, subtotal, offers, totals: None, is_tax_estimated: false, gifts: Vec::new(), replayed })
}
