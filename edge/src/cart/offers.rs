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
        let is_so = (0..REMEMBERED_MILLIS).contains(&age) && offer.turns_at.is_none_or(|turn| now < turn);
        is_so.then(|| offer.clone())
    }

    pub fn put(&self, tenant: Tenant, channel: Option<ChannelId>, offer: &Offer, now: Timestamp) {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if REMEMBERED_OFFERS <= remembered.len() {
            remembered.clear();
        }
        remembered.insert((tenant, channel, offer.variant), (offer.clone(), now));
    }
}

#[cfg(test)]
mod tests {
    use headlesspro_shared::kernel::id::{OrganizationId, ProductId, StoreId};

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn an_offer_is_remembered_for_five_seconds_and_no_longer_than_it_is_published() {
        let tenant = Tenant { organization: OrganizationId::from_u128(1), store: StoreId::from_u128(1) };
        let variant = VariantId::from_u128(1);
        let offer = |turns_at| Offer {
            variant,
            product: ProductId::from_u128(1),
            product_handle: String::new(),
            sku: String::new(),
            title: String::new(),
            variant_title: String::new(),
            image_url: None,
            price: None,
            published: true,
            turns_at,
            available: None,
            sellable: true,
            continue_selling: false,
        };
        let cache = OfferCache::default();
        let is_remembered = |turns_at, now| {
            cache.put(tenant, None, &offer(turns_at), at(10_000));
            cache.get(tenant, None, variant, at(now)).is_some()
        };
        assert!(is_remembered(None, 14_999) && !is_remembered(None, 15_000) && !is_remembered(None, 9_999));
        assert!(is_remembered(Some(at(12_000)), 11_999) && !is_remembered(Some(at(12_000)), 12_000));
    }
}
