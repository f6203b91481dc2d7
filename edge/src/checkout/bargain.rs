//! What a cart comes to for a buyer, to be agreed to: for a checkout, and for a quote of one.

use std::collections::BTreeMap;

use headlesspro_shared::catalog::Offer;
use headlesspro_shared::checkout::{NotPlaceable, Placement, agree};
use headlesspro_shared::kernel::id::VariantId;
use headlesspro_shared::shipping::{Charge, Choice};
use headlesspro_shared::tax::Missing;
use headlesspro_shared::totals::deliveries;

use crate::app::Ctx;
use crate::failure::Failure;
use crate::shipping::{self, Answers, NotShipped};
use crate::tax::UsedExemption;
use crate::totals::{self, Basis, Offered, Priced, Unpriced, Wanted};
use crate::vault::DataKey;

/// What a buyer may agree to.
pub struct Bargain {
    pub placement: Placement,
    pub priced: Priced,
    /// What it is sent by: one for each delivery of the totals.
    pub charges: Vec<Charge>,
    /// What providers have said of it.
    pub answers: Option<Answers>,
    /// The certificate that the buyer is exempt from tax by.
    pub tax_exemption: Option<UsedExemption>,
}

/// Why there is nothing to agree to.
#[derive(Debug)]
pub enum NoBargain {
    /// More than money can be counted.
    TooExpensive,
    /// Taxes depend on what the destination does not say.
    DestinationLacks(Vec<Missing>),
    NotPlaceable(NotPlaceable),
    NotShipped(Box<NotShipped>),
}

/// What is `wanted`, sent by what is chosen, at the prices and the taxes of `basis`. `offers` are those of the lines; `key`
/// is the organization's.
///
/// # Errors
/// [`NoBargain`].
pub async fn bargain(
    ctx: &Ctx,
    basis: &Basis,
    mut offers: BTreeMap<VariantId, Offer>,
    mut wanted: Wanted,
    choices: &[Choice],
    key: &DataKey,
) -> Result<Bargain, Failure<NoBargain>> {
    let missing = wanted.destination.as_ref().map(|place| basis.asks_for(place)).unwrap_or_default();
    if !missing.is_empty() {
        return Err(Failure::Rejected(NoBargain::DestinationLacks(missing)));
    }
    basis.price(&mut offers, &wanted.lines, wanted.currency, wanted.channel);
    let placement = agree(&wanted.lines, wanted.currency, &offers)
        .map_err(|error| Failure::Rejected(NoBargain::NotPlaceable(error)))?;
    let too_expensive = |error: Unpriced| error.or(NoBargain::TooExpensive);
    let Offered { groups, answers } = totals::offered(ctx, basis, &wanted, None).await.map_err(too_expensive)?;
    let shipment = shipping::chosen(groups, choices, wanted.currency);
    let shipment = shipment.map_err(|error| Failure::Rejected(NoBargain::NotShipped(error)))?;
    wanted.deliveries = deliveries(&shipment.groups, &shipment.charges);
    let Priced { agreed, gifts } = totals::priced(ctx, basis, &wanted).await.map_err(too_expensive)?;
    let settled = totals::settled(ctx, basis, &wanted, (agreed, None), key).await;
    let (agreed, tax_exemption) = settled.map_err(too_expensive)?;
    let answers = answers.map(|answers| answers.chosen(&shipment.charges));
    Ok(Bargain { placement, priced: Priced { agreed, gifts }, charges: shipment.charges, answers, tax_exemption })
}
