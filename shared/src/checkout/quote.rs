//! Signed quotes: what a cart costs until a moment, whatever the merchant changes meanwhile.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::kernel::area::Place;
use crate::kernel::id::{AccountId, CartId, ChannelId, OrganizationId, QuoteId, StoreId, TaxZoneId, VariantId};
use crate::kernel::money::Currency;
use crate::kernel::quantity::Quantity;
use crate::kernel::time::Timestamp;
use crate::organizations::TaxMode;
use crate::totals::Totals;

/// The `typ` of a quote's header, so that nothing else that the same keys sign passes for one (RFC 8725, section 3.11).
pub const QUOTE_TYPE: &str = "quote+jwt";

/// The `aud` of a quote: whoever opens a checkout with it (RFC 8725, section 3.9).
pub const QUOTE_AUDIENCE: &str = "checkout";

/// How long a quote holds unless its maker says, in seconds: a day.
pub const QUOTE_SECONDS: i64 = 86_400;

/// The shortest that anybody asks for, in seconds.
pub const LEAST_QUOTE_SECONDS: i64 = 60;

/// The longest that anybody gets, in seconds: a week, half of the time that a cart is kept untouched.
pub const MOST_QUOTE_SECONDS: i64 = 604_800;

/// What a quote says to whoever verifies it offline. Amounts are minor units of `currency`. It names no person but by an
/// account's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuoteClaims {
    /// The origin that issued it.
    pub iss: String,
    pub aud: String,
    pub jti: QuoteId,
    /// Seconds since 1970.
    pub iat: i64,
    /// Seconds since 1970.
    pub exp: i64,
    pub org: OrganizationId,
    pub store: StoreId,
    pub cart: CartId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelId>,
    /// Who alone may use it; none: whoever has the cart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<AccountId>,
    pub currency: Currency,
    pub lines: Vec<QuotedLine>,
    /// What comes with it for nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gifts: Vec<QuotedGift>,
    pub subtotal: i64,
    pub discount: i64,
    /// Less what promotions take off it.
    #[serde(default)]
    pub shipping: i64,
    /// Whether prices hold the tax.
    pub tax_included: bool,
    pub tax: i64,
    pub total: i64,
}

/// `total` is what is paid for the line, of which `tax` is tax.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuotedLine {
    pub variant: VariantId,
    pub quantity: Quantity,
    pub unit_price: i64,
    pub discount: i64,
    pub tax: i64,
    pub total: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuotedGift {
    pub variant: VariantId,
    pub quantity: Quantity,
}

/// Whose quote it is, and how long it holds.
#[derive(Debug, Clone)]
pub struct QuoteTerms {
    pub id: QuoteId,
    pub issuer: String,
    pub organization: OrganizationId,
    pub store: StoreId,
    pub cart: CartId,
    pub channel: Option<ChannelId>,
    pub customer: Option<AccountId>,
    pub made_at: Timestamp,
    /// A whole second.
    pub expires_at: Timestamp,
}

impl QuoteTerms {
    /// When a quote ends that is made now: a whole second, since a token has no finer moments.
    pub fn end(now: Timestamp, seconds: i64) -> Timestamp {
        let second = now.millis().div_euclid(1_000).saturating_add(seconds);
        Timestamp::from_millis(second.saturating_mul(1_000))
    }

    pub fn claims(self, totals: &Totals) -> QuoteClaims {
        let lines = totals.lines.iter().map(|line| QuotedLine {
            variant: line.variant,
            quantity: line.quantity,
            unit_price: line.price.unit_price.minor(),
            discount: line.discount,
            tax: line.taxes.tax,
            total: line.taxes.gross,
        });
        let gifts = totals.gifts.iter().map(|gift| QuotedGift { variant: gift.variant, quantity: gift.quantity });
        QuoteClaims {
            iss: self.issuer,
            aud: QUOTE_AUDIENCE.to_owned(),
            jti: self.id,
            iat: self.made_at.millis().div_euclid(1_000),
            exp: self.expires_at.millis().div_euclid(1_000),
            org: self.organization,
            store: self.store,
            cart: self.cart,
            channel: self.channel,
            customer: self.customer,
            currency: totals.currency,
            lines: lines.collect(),
            gifts: gifts.collect(),
            subtotal: totals.subtotal,
            discount: totals.discount,
            shipping: totals.shipping.saturating_sub(totals.shipping_discount),
            tax_included: totals.tax_mode == TaxMode::Inclusive,
            tax: totals.tax,
            total: totals.total,
        }
    }
}

/// What a quote was made for, as it is kept.
#[derive(Debug, Clone)]
pub struct Quoted {
    pub cart: CartId,
    pub channel: Option<ChannelId>,
    pub customer: Option<AccountId>,
    pub lines: Vec<(VariantId, Quantity)>,
    /// The zone whose taxes it holds.
    pub tax_zone: Option<TaxZoneId>,
    /// Where alone it goes; none: wherever the same tax zone holds.
    pub destination: Option<Place>,
    /// Whether it has deliveries.
    pub is_shipped: bool,
    pub expires_at: Timestamp,
    pub is_used: bool,
}

/// What a checkout is to be opened for.
#[derive(Debug, Clone)]
pub struct QuoteUse<'a> {
    pub now: Timestamp,
    pub cart: CartId,
    pub channel: Option<ChannelId>,
    pub customer: Option<AccountId>,
    /// Staff, who buy for others.
    pub is_staff: bool,
    pub lines: &'a [(VariantId, Quantity)],
    /// Of where it goes.
    pub tax_zone: Option<TaxZoneId>,
    pub destination: Option<&'a Place>,
    /// Whether something has to be shipped by a method.
    pub is_shipped: bool,
}

/// Why a quote's prices are not had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotHonoured {
    #[error("is no quote that was signed here, or not as it was signed")]
    Forged,
    #[error("is a quote of another store or channel")]
    OtherStore,
    #[error("is another customer's quote")]
    OtherCustomer,
    #[error("the quote has expired; make a new one")]
    Expired,
    #[error("the quote has become an order before")]
    Used,
    #[error("the quote is for another cart, or for other lines than the cart has now; make a new one")]
    CartChanged,
    #[error("the quote has the taxes of another destination; make one for where it goes")]
    TaxedElsewhere,
    #[error("the quote is for another destination; make one for where it goes")]
    SentElsewhere,
    #[error("the quote has no shipping; make one with a destination and the methods")]
    NotShipped,
}

/// Whether a checkout has the quote's prices.
///
/// # Errors
/// [`NotHonoured`], by the first reason in the order of its variants.
pub fn honour(quoted: &Quoted, asked: &QuoteUse<'_>) -> Result<(), NotHonoured> {
    let units = |lines: &[(VariantId, Quantity)]| lines.iter().copied().collect::<BTreeMap<_, _>>();
    if quoted.channel != asked.channel {
        return Err(NotHonoured::OtherStore);
    }
    if !asked.is_staff && quoted.customer.is_some() && quoted.customer != asked.customer {
        return Err(NotHonoured::OtherCustomer);
    }
    if quoted.expires_at <= asked.now {
        return Err(NotHonoured::Expired);
    }
    if quoted.is_used {
        return Err(NotHonoured::Used);
    }
    let is_same_length = quoted.lines.len() == asked.lines.len();
    if quoted.cart != asked.cart || !is_same_length || units(&quoted.lines) != units(asked.lines) {
        return Err(NotHonoured::CartChanged);
    }
    if quoted.tax_zone != asked.tax_zone {
        return Err(NotHonoured::TaxedElsewhere);
    }
    if quoted.destination.is_some() && quoted.destination.as_ref() != asked.destination {
        return Err(NotHonoured::SentElsewhere);
    }
    if asked.is_shipped && !quoted.is_shipped {
        return Err(NotHonoured::NotShipped);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernel::id::{Id, Kind};

    fn id<K: Kind>(number: u128) -> Id<K> {
        Id::from_u128(number)
    }

    fn lines(units: &[(u128, i64)]) -> Vec<(VariantId, Quantity)> {
        units.iter().map(|(variant, units)| (id(*variant), Quantity::try_from(*units).unwrap())).collect()
    }

    fn quoted() -> Quoted {
        Quoted {
            cart: id(1),
            channel: Some(id(2)),
            customer: Some(id(3)),
            lines: lines(&[(10, 2), (11, 1)]),
            tax_zone: Some(id(4)),
            destination: None,
            is_shipped: false,
            expires_at: Timestamp::from_millis(10_000),
            is_used: false,
        }
    }

    fn asked(lines: &[(VariantId, Quantity)]) -> QuoteUse<'_> {
        QuoteUse {
            now: Timestamp::from_millis(9_999),
            cart: id(1),
            channel: Some(id(2)),
            customer: Some(id(3)),
            is_staff: false,
            lines,
            tax_zone: Some(id(4)),
            destination: None,
            is_shipped: false,
        }
    }

    #[test]
    fn each_reason_not_to_honour_a_quote_is_told_apart() {
        let own = lines(&[(11, 1), (10, 2)]);
        let good = asked(&own);
        assert_eq!(honour(&quoted(), &good), Ok(()));
        let staff = QuoteUse { customer: None, is_staff: true, ..good.clone() };
        assert_eq!(honour(&quoted(), &staff), Ok(()), "who buys for the customer");
        let anybodys = Quoted { customer: None, ..quoted() };
        assert_eq!(honour(&anybodys, &QuoteUse { customer: None, ..good.clone() }), Ok(()));
        let (fewer, more) = (lines(&[(10, 2)]), lines(&[(10, 2), (11, 2)]));
        for (refused, why) in [
            (QuoteUse { channel: None, ..good.clone() }, NotHonoured::OtherStore),
            (QuoteUse { customer: None, ..good.clone() }, NotHonoured::OtherCustomer),
            (QuoteUse { customer: Some(id(9)), ..good.clone() }, NotHonoured::OtherCustomer),
            (QuoteUse { now: Timestamp::from_millis(10_000), ..good.clone() }, NotHonoured::Expired),
            (QuoteUse { cart: id(9), ..good.clone() }, NotHonoured::CartChanged),
            (QuoteUse { lines: &fewer, ..good.clone() }, NotHonoured::CartChanged),
            (QuoteUse { lines: &more, ..good.clone() }, NotHonoured::CartChanged),
            (QuoteUse { tax_zone: None, ..good.clone() }, NotHonoured::TaxedElsewhere),
            (QuoteUse { tax_zone: Some(id(9)), ..good.clone() }, NotHonoured::TaxedElsewhere),
        ] {
            assert_eq!(honour(&quoted(), &refused), Err(why), "{refused:?}");
        }
        assert_eq!(honour(&Quoted { is_used: true, ..quoted() }, &good), Err(NotHonoured::Used));
        let [berlin, paris] = ["DE", "FR"].map(|country| Place::of_address(country.parse().unwrap(), None, None));
        let sent = Quoted { destination: Some(berlin.clone()), is_shipped: true, ..quoted() };
        let to = |place| QuoteUse { destination: Some(place), is_shipped: true, ..good.clone() };
        assert_eq!(honour(&sent, &to(&berlin)), Ok(()));
        assert_eq!(honour(&sent, &to(&paris)), Err(NotHonoured::SentElsewhere));
        assert_eq!(honour(&sent, &good), Err(NotHonoured::SentElsewhere));
        assert_eq!(honour(&quoted(), &to(&berlin)), Err(NotHonoured::NotShipped));
    }

    proptest! {
        #[test]
        fn a_quote_ends_on_a_whole_second_and_no_later_than_asked(now in 0_i64..4_000_000_000_000, seconds in 60_i64..604_801) {
            let end = QuoteTerms::end(Timestamp::from_millis(now), seconds).millis();
            prop_assert_eq!(end % 1_000, 0);
            prop_assert!(end <= now + seconds * 1_000 && now + seconds * 1_000 - end < 1_000);
        }

        #[test]
        fn the_lines_are_the_quotes_in_any_order_and_in_no_other_number(
            units in prop::collection::btree_map(1_u128..50, 1_i64..9, 1..8),
            turn in 0_usize..8,
            changed in 0_usize..8,
        ) {
            let all: Vec<(u128, i64)> = units.into_iter().collect();
            let mut turned = all.clone();
            turned.rotate_left(turn % all.len());
            let quoted = Quoted { lines: lines(&all), ..quoted() };
            prop_assert_eq!(honour(&quoted, &asked(&lines(&turned))), Ok(()));
            let at = changed % turned.len();
            turned[at].1 += 1;
            prop_assert_eq!(honour(&quoted, &asked(&lines(&turned))), Err(NotHonoured::CartChanged));
        }
    }
}
