//! API keys: `pk_` publishable and `sk_` secret.
//!
//! `pk_<organization><store><secret>`: the 26-character suffixes of the two ids and 32 characters of
//! base32 (160 random bits). The ids make the key a *claim* of a tenant, so that the first statement
//! of a request can bind it in the same round trip that verifies the key.

use std::fmt;
use std::str::FromStr;

use super::base32::{self, CROCKFORD};
use crate::kernel::id::{Id, Kind, OrganizationId, StoreId};

pub(super) const ID_LENGTH: usize = 26;
const SECRET_LENGTH: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyKind {
    /// May stand in a storefront's source.
    Publishable,
    /// Stays on the merchant's servers.
    Secret,
}

impl KeyKind {
    pub const fn name(self) -> &'static str {
        match self {
            KeyKind::Publishable => "publishable",
            KeyKind::Secret => "secret",
        }
    }

    const fn prefix(self) -> &'static str {
        match self {
            KeyKind::Publishable => "pk_",
            KeyKind::Secret => "sk_",
        }
    }
}

/// What a key claims, before its hash has been found in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiKeyClaim {
    pub kind: KeyKind,
    pub organization: OrganizationId,
    pub store: StoreId,
}

impl ApiKeyClaim {
    /// Characters of a key, all of them ASCII.
    pub const LENGTH: usize = 3 + 2 * ID_LENGTH + SECRET_LENGTH;
}

/// The text is no API key. Says nothing of it, since it may be a key with a slip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidApiKey;

impl fmt::Display for InvalidApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an API key: expected pk_ or sk_ and 84 characters")
    }
}

impl std::error::Error for InvalidApiKey {}

/// The text of a new key, from 20 random bytes. Only its hash may be stored.
pub fn mint_api_key(kind: KeyKind, organization: OrganizationId, store: StoreId, random: [u8; 20]) -> String {
    let mut key = String::from(kind.prefix());
    key.extend([suffix_of(organization), suffix_of(store)]);
    key.push_str(&base32::encode(&random, CROCKFORD));
    key
}

impl FromStr for ApiKeyClaim {
    type Err = InvalidApiKey;

    fn from_str(text: &str) -> Result<ApiKeyClaim, InvalidApiKey> {
        let (kind, rest) = [KeyKind::Publishable, KeyKind::Secret]
            .into_iter()
            .find_map(|kind| text.strip_prefix(kind.prefix()).map(|rest| (kind, rest)))
            .ok_or(InvalidApiKey)?;
        let (organization, rest) = rest.split_at_checked(ID_LENGTH).ok_or(InvalidApiKey)?;
        let (store, secret) = rest.split_at_checked(ID_LENGTH).ok_or(InvalidApiKey)?;
        if secret.len() != SECRET_LENGTH || !secret.bytes().all(|byte| CROCKFORD.contains(&byte)) {
            return Err(InvalidApiKey);
        }
        Ok(ApiKeyClaim { kind, organization: id_of_suffix(organization)?, store: id_of_suffix(store)? })
    }
}

/// The characters of an id without its prefix, for texts that hold several.
pub(super) fn suffix_of<K: Kind>(id: Id<K>) -> String {
    id.to_string().rsplit('_').next().unwrap_or_default().to_owned()
}

pub(super) fn id_of_suffix<K: Kind>(suffix: &str) -> Result<Id<K>, InvalidApiKey> {
    format!("{}_{suffix}", K::PREFIX).parse().map_err(|_| InvalidApiKey)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_minted_key_claims_its_tenant(organization: u128, store: u128, random: [u8; 20], secret: bool) {
            let kind = if secret { KeyKind::Secret } else { KeyKind::Publishable };
            let (organization, store) = (OrganizationId::from_u128(organization), StoreId::from_u128(store));
            let key = mint_api_key(kind, organization, store, random);
            prop_assert_eq!(key.len(), ApiKeyClaim::LENGTH);
            prop_assert_eq!(key.parse(), Ok(ApiKeyClaim { kind, organization, store }));
        }

        #[test]
        fn hostile_text_is_no_key_and_no_panic(text in ".{0,120}") {
            prop_assert_eq!(text.parse::<ApiKeyClaim>(), Err(InvalidApiKey));
        }
    }
}
