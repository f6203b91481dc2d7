//! What is offered for a cart, or for some goods, and a destination; and what it comes to with what is chosen.

use headlesspro_shared::catalog::{Availability, Offer};
use headlesspro_shared::kernel::area::Place;
use headlesspro_shared::kernel::id::{CartId, VariantId};
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::quantity::Quantity;
use headlesspro_shared::shipping::{Charge, Choice, Group};
use headlesspro_shared::totals::deliveries;

use super::super::usecase::{Contents, Offered, contents, offered};
use crate::app::Ctx;
use crate::failure::Failure;
use crate::shipping::{NotShipped, Shipment, chosen};
use crate::totals::{self, Agreed, Unpriced, Wanted};

/// What is to be shipped.
pub struct Ask {
    pub of: Goods,
    pub destination: Place,
    pub shipping_methods: Vec<Choice>,
    pub payment_method: Option<String>,
}

pub enum Goods {
    /// Those of a cart's lines that can be bought.
    Cart(CartId),
    /// In the store's own currency where none is given.
    Lines { lines: Vec<(VariantId, Quantity)>, currency: Option<Currency> },
}

pub enum AskError {
    NoSuchCart,
    /// The variants of the lines at these places are not for sale in this store, or not in the currency.
    NotForSale(Vec<usize>),
    /// More than can be counted.
    TooLarge,
    NotShipped(Box<NotShipped>),
}

/// What is offered, and what it comes to.
pub struct Offers {
    /// Each names its lines by their places among those that are bought.
    pub groups: Vec<Group>,
    /// One for each group, where methods were chosen.
    pub charges: Vec<Charge>,
    pub agreed: Agreed,
    /// Somebody else has the last word on the tax.
    pub is_tax_estimated: bool,
}

pub async fn ask(ctx: &Ctx, ask: Ask) -> Result<Offers, Failure<AskError>> {
    let (mut lines, currency, codes, is_cart) = match ask.of {
        Goods::Lines { lines, currency: Some(currency) } => (lines, currency, Vec::new(), false),
        Goods::Lines { lines, currency: None } => (lines, ctx.principal().await?.currency, Vec::new(), false),
        Goods::Cart(cart) => match contents(ctx, cart).await {
            Ok(Contents { lines, currency, codes }) => (lines, currency, codes, true),
            Err(Failure::NotFound) => return Err(Failure::Rejected(AskError::NoSuchCart)),
            Err(failure) => return Err(failure),
        },
    };
    let to = (currency, Some(ask.destination.country));
    let Offered { mut offers, basis, names } = offered::<AskError>(ctx, &lines, to, &codes, ctx.now).await?;
    offers.retain(|_, offer| offer.published);
    basis.price(&mut offers, &lines, currency, ctx.channel());
    let is_sold = |variant: &VariantId| offers.get(variant).is_some_and(|offer| offer.price.is_some());
    if is_cart {
        lines.retain(|(variant, quantity)| is_bought(offers.get(variant), *quantity));
    } else if lines.iter().any(|(variant, _)| !is_sold(variant)) {
        let missing = lines.iter().enumerate().filter(|(_, (variant, _))| !is_sold(variant));
        return Err(Failure::Rejected(AskError::NotForSale(missing.map(|(place, _)| place).collect())));
    }
    let mut wanted = Wanted {
        lines,
        currency,
        channel: ctx.channel(),
        customer: names.into_iter().next(),
        is_first_order: None,
        codes,
        destination: Some(ask.destination),
        payment_method: ask.payment_method,
        deliveries: Vec::new(),
    };
    let too_large = |error: Unpriced| error.or(AskError::TooLarge);
    let groups = totals::offered(ctx, &basis, &wanted, None).await.map_err(too_large)?.groups;
    let shipment = if ask.shipping_methods.is_empty() {
        Shipment { groups, charges: Vec::new() }
    } else {
        let chosen = chosen(groups, &ask.shipping_methods, currency);
        chosen.map_err(|error| Failure::Rejected(AskError::NotShipped(error)))?
    };
    wanted.deliveries = deliveries(&shipment.groups, &shipment.charges);
    let agreed = totals::priced(ctx, &basis, &wanted).await.map_err(too_large)?.agreed;
    let is_tax_estimated = basis.has_tax_provider();
    Ok(Offers { groups: shipment.groups, charges: shipment.charges, agreed, is_tax_estimated })
}

/// As a cart's lines are: one that is short counts in full.
fn is_bought(offer: Option<&Offer>, quantity: Quantity) -> bool {
    let availability = Availability::of(offer, quantity.get());
    matches!(availability, Availability::Available | Availability::InsufficientStock { .. })
}
