//! Typed, sortable ids in TypeID form: `prod_01h455vb4pex5vsknk084sn02q`.

use std::cmp::Ordering;
use std::fmt::{self, Debug, Display, Write};
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use crate::kernel::time::Timestamp;

/// What an id names. The kinds are declared in this file, one line each.
pub trait Kind {
    /// 1 to 63 lower-case letters, without the underscore.
    const PREFIX: &'static str;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $alias:ident = $prefix:literal;)*) => {$(
        #[doc = concat!("The kind of [`", stringify!($alias), "`].")]
        #[derive(Debug)]
        pub enum $kind {}

        impl Kind for $kind {
            const PREFIX: &'static str = $prefix;
        }

        $(#[$doc])*
        #[doc = concat!("Written `", $prefix, "_` and 26 characters.")]
        pub type $alias = Id<$kind>;
    )*};
}

kinds! {
    /// A tenant.
    OrganizationKind OrganizationId = "org";
    /// A shop front of an organization.
    StoreKind StoreId = "store";
    /// A place that holds stock.
    LocationKind LocationId = "loc";
    /// A way goods are sold: a storefront, a marketplace, a till.
    ChannelKind ChannelId = "chan";
    /// A person's account in one organization, staff or customer.
    AccountKind AccountId = "usr";
    /// One login and all refresh tokens that came of it.
    SessionKind SessionId = "ses";
    MembershipKind MembershipId = "mem";
    InvitationKind InvitationId = "inv";
    /// A custom role.
    RoleKind RoleId = "role";
    /// An entry of an account's address book.
    AddressKind AddressId = "addr";
    /// An API key; not the secret itself.
    ApiKeyKind ApiKeyId = "key";
    /// A third-party app.
    AppKind AppId = "app";
    /// A configured issuer of foreign identities.
    IdentityProviderKind IdentityProviderId = "idp";
    PasskeyKind PasskeyId = "pas";
    /// A person at a foreign issuer, as linked to an account here.
    ExternalIdentityKind ExternalIdentityId = "ext";
    ProductKind ProductId = "prod";
    VariantKind VariantId = "var";
    CategoryKind CategoryId = "cat";
    CollectionKind CollectionId = "col";
    ImageKind ImageId = "img";
    /// A file that a store keeps in its bucket.
    FileKind FileId = "file";
    /// An attribute that a store declares.
    AttributeKind AttributeId = "attr";
    PriceListKind PriceListId = "plist";
    /// Customers whom a merchant treats alike: wholesale, staff, members.
    CustomerGroupKind CustomerGroupId = "cgrp";
    CartKind CartId = "cart";
    /// What a cart costs until a moment, signed.
    QuoteKind QuoteId = "quote";
    CheckoutKind CheckoutId = "chk";
    OrderKind OrderId = "ord";
    OrderLineKind OrderLineId = "line";
    ImportKind ImportId = "imp";
    BulkJobKind BulkJobId = "bulk";
    EventKind EventId = "evt";
    AuditKind AuditId = "aud";
    PaymentKind PaymentId = "pay";
    /// Whom a store takes payments by.
    PaymentProviderKind PaymentProviderId = "psp";
    RefundKind RefundId = "refund";
    /// An order that a person looks at for fraud.
    FraudReviewKind FraudReviewId = "frev";
    /// An invoice, or a credit note.
    InvoiceKind InvoiceId = "invc";
    PromotionKind PromotionId = "promo";
    /// What a shopper enters to get a promotion.
    PromotionCodeKind PromotionCodeId = "pcode";
    GiftCardKind GiftCardId = "gcard";
    /// What a ledger moved at once.
    LedgerTransactionKind LedgerTransactionId = "ltx";
    MailKind MailId = "mail";
    /// What a CDN is to take back.
    PurgeKind PurgeId = "purge";
    /// Where the same taxes hold.
    TaxZoneKind TaxZoneId = "tzone";
    TaxRateKind TaxRateId = "trate";
    /// A customer's certificate of exemption from tax.
    TaxExemptionKind TaxExemptionId = "texm";
    /// Where the same ways of shipping are offered.
    ShippingZoneKind ShippingZoneId = "szone";
    ShippingMethodKind ShippingMethodId = "smeth";
}

/// An id of kind `K`: 128 bits, normally a UUIDv7, so ids sort by the time they were made.
///
/// Text form: `PREFIX_` and 26 characters of Crockford's base32 in lower case. There is exactly one text for
/// one id. Source: TypeID specification 0.3; UUIDv7: RFC 9562, section 5.7.
pub struct Id<K>(u128, PhantomData<fn() -> K>);

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const DIGITS: usize = 26;
/// Of 12 digits.
const MASK: u128 = (1 << 60) - 1;
const MILLIS_LIMIT: u64 = (1 << 48) - 1;

impl<K> Id<K> {
    /// A UUIDv7 made at `at` from 80 random bits, of which 74 are used.
    ///
    /// An instant before 1970 or beyond 48 bits of milliseconds (the year 10889) is clamped.
    pub fn new(at: Timestamp, random: [u8; 10]) -> Id<K> {
        let millis = u64::try_from(at.millis()).unwrap_or(0).min(MILLIS_LIMIT);
        let [a0, a1, b @ ..] = random;
        let rand_a = u128::from(u16::from_be_bytes([a0, a1]) & 0x0fff);
        let rand_b = u128::from(u64::from_be_bytes(b) & 0x3fff_ffff_ffff_ffff);
        Id::from_u128((u128::from(millis) << 80) | (0x7 << 76) | (rand_a << 64) | (0b10 << 62) | rand_b)
    }

    /// Takes any 128 bits, so that ids made elsewhere can be restored.
    pub const fn from_u128(raw: u128) -> Id<K> {
        Id(raw, PhantomData)
    }

    /// When the id was made. Meaningful only for an id from [`Id::new`].
    pub fn created_at(self) -> Timestamp {
        Timestamp::from_millis(i64::try_from(self.0 >> 80).unwrap_or(i64::MAX))
    }
}

/// The text is not an id of the expected kind. Says what was expected, never what was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    #[error("expected an id that starts with `{expected}_`")]
    Prefix { expected: &'static str },
    #[error("expected `{expected}_` followed by 26 lower-case base32 characters (0-9, a-z without i, l, o, u)")]
    Suffix { expected: &'static str },
}

impl<K: Kind> FromStr for Id<K> {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let suffix = text
            .strip_prefix(K::PREFIX)
            .and_then(|rest| rest.strip_prefix('_'))
            .ok_or(InvalidId::Prefix { expected: K::PREFIX })?;
        decode(suffix).map(Id::from_u128).ok_or(InvalidId::Suffix { expected: K::PREFIX })
    }
}

fn decode(suffix: &str) -> Option<u128> {
    // 26 digits hold 130 bits: a first digit above 7 would be a second text for a smaller id.
    if suffix.len() != DIGITS || !matches!(suffix.as_bytes().first(), Some(b'0'..=b'7')) {
        return None;
    }
    let (first, rest) = suffix.as_bytes().split_first_chunk::<2>()?;
    let (middle, last) = rest.split_first_chunk::<12>()?;
    let [first, middle, last] = [value_of(first)?, value_of(middle)?, value_of(last)?].map(u128::from);
    Some((first << 120) | (middle << 60) | last)
}

/// Of 12 digits at most: wasm has no wider integers of its own.
fn value_of(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0u64, |value, byte| {
        let digit = VALUES.get(usize::from(*byte)).copied().flatten()?;
        Some((value << 5) | u64::from(digit))
    })
}

/// The digit that a byte is.
#[expect(clippy::indexing_slicing, reason = "what is out of bounds here does not compile")]
const VALUES: [Option<u8>; 256] = {
    let mut values = [None; 256];
    let mut digit = 0u8;
    while digit < 32 {
        values[ALPHABET[digit as usize] as usize] = Some(digit);
        digit += 1;
    }
    values
};

impl<K: Kind> Display for Id<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(K::PREFIX)?;
        formatter.write_char('_')?;
        // Put together first: a call of the formatter for each digit costs more than all of the rest.
        let mut digits = [b'0'; DIGITS];
        let values = [self.0, self.0 >> 60, self.0 >> 120].map(|raw| u64::try_from(raw & MASK).unwrap_or(0));
        for (chunk, value) in digits.rchunks_mut(12).zip(values) {
            for (digit, shift) in chunk.iter_mut().rev().zip((0_u32..).step_by(5)) {
                let index = usize::try_from((value >> shift) & 31).unwrap_or(0);
                *digit = ALPHABET.get(index).copied().unwrap_or(b'0');
            }
        }
        formatter.write_str(str::from_utf8(&digits).unwrap_or_default())
    }
}

impl<K: Kind> Debug for Id<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, formatter)
    }
}

// Written by hand: a derive would ask the same of `K`, which is never a value.
impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Id<K> {}

impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K> Eq for Id<K> {}

impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

serde_as_text!([K: Kind] Id<K>, "an id");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_are_those_of_the_typeid_specification() {
        // From valid.yml of the specification, with our own prefix.
        for (suffix, uuid) in [
            ("00000000000000000000000000", 0),
            ("00000000000000000000000001", 1),
            ("0000000000000000000000000g", 16),
            ("7zzzzzzzzzzzzzzzzzzzzzzzzz", u128::MAX),
            ("0123456789abcdefghjkmnpqrs", 0x0110_c853_1d09_52d8_d73e_1194_e95b_5f19),
            ("01h455vb4pex5vsknk084sn02q", 0x0189_0a5d_ac96_774b_bcce_b302_099a_8057),
        ] {
            let text = format!("prod_{suffix}");
            assert_eq!(ProductId::from_u128(uuid).to_string(), text);
            assert_eq!(text.parse(), Ok(ProductId::from_u128(uuid)));
        }
    }

    #[test]
    fn only_the_canonical_text_of_the_right_kind_is_an_id() {
        for text in [
            "",
            "prod",
            "prod_",
            "_01h455vb4pex5vsknk084sn02q",
            "var_01h455vb4pex5vsknk084sn02q",
            "prod01h455vb4pex5vsknk084sn02q",
            "PROD_01h455vb4pex5vsknk084sn02q",
            "prod_01H455VB4PEX5VSKNK084SN02Q",
            "prod_81h455vb4pex5vsknk084sn02q",
            "prod_01h455vb4pex5vsknk084sn02",
            "prod_01h455vb4pex5vsknk084sn02qq",
            "prod_01h455vb4pex5vsknk084sn02i",
            "prod_01h455vb4pex5vsknk084sn02\u{e9}",
            "prod__01h455vb4pex5vsknk084sn02",
            " prod_01h455vb4pex5vsknk084sn02q",
        ] {
            let error = text.parse::<ProductId>().unwrap_err();
            assert!(error.to_string().contains("`prod_`"), "{text}: {error}");
        }
    }

    #[test]
    fn a_new_id_is_a_uuid_version_7() {
        let id = OrderId::new(Timestamp::from_millis(0x0189_0a5d_ac96), [0xff; 10]);
        assert_eq!(id.0, 0x0189_0a5d_ac96_7fff_bfff_ffff_ffff_ffff);
        let id = OrderId::new(Timestamp::from_millis(0x0189_0a5d_ac96), [0; 10]);
        assert_eq!(id.0, 0x0189_0a5d_ac96_7000_8000_0000_0000_0000);
        assert_eq!(id.created_at(), Timestamp::from_millis(0x0189_0a5d_ac96));
    }

    #[test]
    fn serde_uses_the_text_and_names_the_expected_prefix() {
        let id = CartId::from_u128(7);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, "\"cart_00000000000000000000000007\"");
        assert_eq!(serde_json::from_str::<CartId>(&json).unwrap(), id);
        let error = serde_json::from_str::<OrderId>(&json).unwrap_err();
        assert!(error.to_string().contains("`ord_`"), "{error}");
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(raw: u128) {
            let id = VariantId::from_u128(raw);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }

        #[test]
        fn ids_sort_as_their_texts_do(a: u128, b: u128) {
            let (a, b) = (EventId::from_u128(a), EventId::from_u128(b));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }

        #[test]
        fn later_ids_sort_later(at in 0i64..1 << 47, random: [u8; 10], other: [u8; 10]) {
            let earlier = EventId::new(Timestamp::from_millis(at), random);
            prop_assert!(earlier < EventId::new(Timestamp::from_millis(at + 1), other));
        }

        #[test]
        fn any_instant_makes_an_id(millis: i64, random: [u8; 10]) {
            let raw = StoreId::new(Timestamp::from_millis(millis), random).0;
            prop_assert_eq!((raw >> 76) & 0xf, 7);
            prop_assert_eq!((raw >> 62) & 0b11, 0b10);
        }

        #[test]
        fn arbitrary_text_never_panics(text in "(prod_)?.{0,40}") {
            if let Ok(id) = text.parse::<ProductId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
