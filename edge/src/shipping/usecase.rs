//! What is offered for some goods and a destination.

use headlesspro_shared::kernel::area::Place;
use headlesspro_shared::kernel::id::VariantId;
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::quantity::Quantity;
use headlesspro_shared::shipping::{Delivery, DeliveryLine, Group, ShippingError, ShippingRules, rates};

use super::store;
use crate::app::Ctx;
use crate::catalog;
use crate::failure::{Failure, Unavailable};

/// What is to be shipped.
pub struct Wanted {
    /// The store's own where none is given.
    pub currency: Option<Currency>,
    pub destination: Option<Place>,
    pub lines: Vec<(VariantId, Quantity)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RatesError {
    /// The variants of the lines at these places are not for sale in this store, or not in the currency.
    NotForSale(Vec<usize>),
    TooLarge(ShippingError),
}

/// The groups of the lines, each named by its place, with what they are offered; amounts are of the currency.
pub async fn offered(ctx: &Ctx, wanted: &Wanted) -> Result<(Currency, Vec<Group>), Failure<RatesError>> {
    let tenant = ctx.tenant();
    let country = wanted.destination.as_ref().map(|place| place.country);
    let variants = || wanted.lines.iter().map(|(variant, _)| *variant);
    let reads = |channel| {
        vec![
            store::zones_to(tenant, country),
            catalog::offers(tenant, variants(), wanted.currency, channel, ctx.now),
            catalog::goods(tenant, variants()),
        ]
    };
    let rows = ctx.read_in_channel(&reads).await?;
    let [zones, offers, goods] = rows.as_slice() else {
        return Err(Unavailable::corrupt("a read answered too few statements").into());
    };
    let rules = ShippingRules { zones: store::zones_of(zones)?, pickups: Vec::new() };
    let (offers, goods) = (catalog::offers_of(offers)?, catalog::goods_of(goods)?);
    let currency = match wanted.currency {
        Some(currency) => currency,
        None => ctx.principal().await?.currency,
    };
    let mut missing = Vec::new();
    let mut lines = Vec::new();
    for (at, (variant, quantity)) in wanted.lines.iter().enumerate() {
        let price = offers.get(variant).filter(|offer| offer.published).and_then(|offer| offer.price);
        let (Some(price), Some(goods)) = (price, goods.get(variant)) else {
            missing.push(at);
            continue;
        };
        let units = quantity.get();
        let times = |value: i64| value.checked_mul(units).ok_or(too_large(ShippingError::Overflow));
        lines.push(DeliveryLine {
            key: at.to_string(),
            quantity: units,
            amount: times(price.minor())?,
            weight: times(goods.weight_grams)?,
            needs_shipping: goods.needs_shipping,
            location: None,
            class: Some(goods.tax_class.clone()),
            tags: goods.tags.clone(),
        });
    }
    if !missing.is_empty() {
        return Err(Failure::Rejected(RatesError::NotForSale(missing)));
    }
    let delivery = Delivery { currency, destination: wanted.destination.clone(), lines, external: Vec::new() };
    Ok((currency, rates(&rules, &delivery).map_err(too_large)?))
}

fn too_large(error: ShippingError) -> Failure<RatesError> {
    Failure::Rejected(RatesError::TooLarge(error))
}
