//! Offers remembered for a few seconds, so that adding to a cart mostly spends no SQL.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use headlesspro_shared::catalog::Offer;
use headlesspro_shared::kernel::id::{ChannelId, VariantId};
use headlesspro_shared::kernel::time::Timestamp;

use crate::app::Tenant;

/// Long enough for a burst, short enough for a price: carts are priced anew when shown, and orders
/// when placed.
const REMEMBERED_MILLIS: i64 = 5_000;

/// At most this many offers; then all are forgotten.
const REMEMBERED_OFFERS: usize = 4_096;

/// As it is offered in a channel, or wherever it is.
type Remembered = HashMap<(Tenant, Option<ChannelId>, VariantId), (Offer, Timestamp)>;

#[derive(Default)]
pub struct OfferCache(Mutex<Remembered>);

impl OfferCache {
    pub fn get(&self, tenant: Tenant, channel: Option<ChannelId>, variant: VariantId, now: Timestamp) -> Option<Offer> {
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (offer, read_at) = remembered.get(&(tenant, channel, variant))?;
        let age = now.millis().saturating_sub(read_at.millis());
        (0..REMEMBERED_MILLIS).contains(&age).then(|| offer.clone())
    }

    pub fn put(&self, tenant: Tenant, channel: Option<ChannelId>, offer: &Offer, now: Timestamp) {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if REMEMBERED_OFFERS <= remembered.len() {
            remembered.clear();
        }
        remembered.insert((tenant, channel, offer.variant), (offer.clone(), now));
    }
}
