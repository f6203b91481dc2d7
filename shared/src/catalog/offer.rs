//! What a variant is offered at, now.

use crate::kernel::id::{ProductId, VariantId};
use crate::kernel::money::Money;
use crate::kernel::time::Timestamp;

/// A variant as a buyer meets it at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub variant: VariantId,
    pub product: ProductId,
    pub product_handle: String,
    pub sku: String,
    /// The product's title.
    pub title: String,
    /// The option values, such as `M / Blue`; empty for a product without options.
    pub variant_title: String,
    pub image_url: Option<String>,
    /// `None` while the merchant has not set one.
    pub price: Option<Money>,
    /// Whether its product is active, and published at this moment.
    pub published: bool,
    /// From when on it is published, or is so no more, without any write; `None` when that is not known to come.
    pub turns_at: Option<Timestamp>,
    /// Units left; `None` when they are not counted.
    pub available: Option<i64>,
    /// Something left, not counted, or sold on when nothing is left.
    pub sellable: bool,
    /// Sold on when nothing is left.
    pub continue_selling: bool,
}

/// Whether a number of units of a variant can be bought now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    Available,
    /// Fewer left than wanted, and at least one.
    InsufficientStock {
        available: i64,
    },
    SoldOut,
    /// Deleted, not active, or without a price: not for sale.
    Removed,
}

impl Availability {
    /// The name on the wire: `available`, `insufficient-stock`, `sold-out`, `removed`.
    pub const fn name(self) -> &'static str {
        match self {
            Availability::Available => "available",
            Availability::InsufficientStock { .. } => "insufficient-stock",
            Availability::SoldOut => "sold-out",
            Availability::Removed => "removed",
        }
    }

    /// Whether `units` of `offer` can be bought. No offer means the variant is gone.
    pub fn of(offer: Option<&Offer>, units: i64) -> Availability {
        let Some(offer) = offer.filter(|offer| offer.published && offer.price.is_some()) else {
            return Availability::Removed;
        };
        match offer.available {
            None => Availability::Available,
            Some(_) if offer.continue_selling => Availability::Available,
            Some(available) if units <= available => Availability::Available,
            Some(available) if 0 < available => Availability::InsufficientStock { available },
            Some(_) => Availability::SoldOut,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn offer(variant: u128, price: Option<Money>, available: Option<i64>) -> Offer {
        Offer {
            variant: VariantId::from_u128(variant),
            product: ProductId::from_u128(1),
            product_handle: "tent".to_owned(),
            sku: format!("T-{variant}"),
            title: "Tent".to_owned(),
            variant_title: "Green".to_owned(),
            image_url: None,
            price,
            published: true,
            turns_at: None,
            available,
            sellable: available != Some(0),
            continue_selling: false,
        }
    }

    #[test]
    fn availability_says_what_the_buyer_meets() {
        let price = Some(Money::new(100, "EUR".parse().unwrap()));
        let five = offer(1, price, Some(5));
        let cases = [
            (Some(five.clone()), 5, Availability::Available),
            (Some(five.clone()), 6, Availability::InsufficientStock { available: 5 }),
            (Some(offer(1, price, Some(0))), 1, Availability::SoldOut),
            (Some(offer(1, price, None)), 9_999, Availability::Available),
            (Some(Offer { continue_selling: true, ..offer(1, price, Some(-3)) }), 4, Availability::Available),
            (Some(offer(1, None, Some(5))), 1, Availability::Removed),
            (Some(Offer { published: false, ..five }), 1, Availability::Removed),
            (None, 1, Availability::Removed),
        ];
        for (offer, units, expected) in cases {
            assert_eq!(Availability::of(offer.as_ref(), units), expected, "{units} of {offer:?}");
        }
    }
}
