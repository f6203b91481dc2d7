//! What one isolate has found of a publishable key, for others to know it by: for as long as that one knows it, no
//! longer.

use std::sync::Arc;

use headlesspro_shared::identity::{Permissions, Scopes};
use headlesspro_shared::kernel::id::ChannelId;
use headlesspro_shared::kernel::locale::{Locale, LocaleList, Locales};
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::notifications::BaseUrl;
use serde::{Deserialize, Serialize};

use super::caller::{KeyHash, Principal, Verifier};
use crate::app::Tenant;

#[derive(Serialize, Deserialize)]
struct Lent {
    actor: String,
    scopes: Scopes,
    currency: Currency,
    storefront: Option<String>,
    locale: Locale,
    locales: Vec<Locale>,
    channel: Option<ChannelId>,
    /// When the database found the key good, in milliseconds.
    since: i64,
    until: i64,
}

impl Verifier {
    /// What is known of a key, as text. `None`: nothing is, or the credential is no key.
    pub fn lend(&self, hash: KeyHash, now: Timestamp) -> Option<String> {
        let (_, principal, (since, until)) = self.remembered(hash, now)?;
        let (scopes, grants) = principal.permissions.to_claims();
        if principal.issued_at.is_some() || principal.person.is_some() || !grants.is_empty() {
            return None;
        }
        let lent = Lent {
            actor: principal.actor.clone(),
            scopes,
            currency: principal.currency,
            storefront: principal.storefront.as_ref().map(ToString::to_string),
            locale: principal.locales.default_locale().clone(),
            locales: principal.locales.all().cloned().collect(),
            channel: principal.channel,
            since: since.millis(),
            until: until.millis(),
        };
        serde_json::to_string(&lent).ok()
    }

    /// Takes what another isolate has lent, from somebody who is believed, unless the key is known here.
    pub fn borrow(&self, hash: KeyHash, tenant: Tenant, text: &str, now: Timestamp) {
        if self.remembered(hash, now).is_some() {
            return;
        }
        let Some(lent) = serde_json::from_str::<Lent>(text).ok() else { return };
        let others = LocaleList::of(lent.locales.iter().map(Locale::as_str)).unwrap_or_default();
        let storefront = match lent.storefront.map(|url| url.parse::<BaseUrl>()).transpose() {
            Ok(storefront) => storefront,
            Err(_) => return,
        };
        let principal = Principal {
            actor: lent.actor,
            permissions: Permissions::new(lent.scopes, &[]),
            currency: lent.currency,
            storefront,
            locales: Arc::new(Locales::new(lent.locale, others)),
            channel: lent.channel,
            person: None,
            impersonator: None,
            issued_at: None,
        };
        let since = Timestamp::from_millis(lent.since);
        self.remember(hash, tenant, &Arc::new(principal), since, Some(Timestamp::from_millis(lent.until)));
    }
}

#[cfg(test)]
mod tests {
    use headlesspro_shared::kernel::id::{OrganizationId, StoreId};

    use super::super::caller::hash_of;
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_795_512_600_000 + millis)
    }

    fn tenant() -> Tenant {
        Tenant { organization: OrganizationId::from_u128(1), store: StoreId::from_u128(2) }
    }

    fn verifier() -> Verifier {
        Verifier::new("https://api.example".to_owned())
    }

    fn principal() -> Arc<Principal> {
        Arc::new(Principal {
            actor: "key_01h455vb4pex5vsknk084sn02q".to_owned(),
            permissions: Permissions::new("catalog:read cart:write".parse().unwrap(), &[]),
            currency: Currency::EUR,
            storefront: Some("https://shop.example".parse().unwrap()),
            locales: Arc::new(Locales::new("de-AT".parse().unwrap(), "fr en".parse().unwrap())),
            channel: Some(ChannelId::from_u128(3)),
            person: None,
            impersonator: None,
            issued_at: None,
        })
    }

    #[test]
    fn a_key_is_known_elsewhere_for_as_long_as_where_it_was_found_good() {
        let (first, second, third) = (verifier(), verifier(), verifier());
        let hash = hash_of("pk_1");
        assert_eq!(first.lend(hash, at(0)), None);
        first.remember(hash, tenant(), &principal(), at(0), None);
        second.borrow(hash, tenant(), &first.lend(hash, at(20_000)).unwrap(), at(20_000));
        let known = |verifier: &Verifier, now| verifier.recall(hash, at(now));
        assert_eq!(known(&second, 20_000), Some((tenant(), principal())));
        // Lent once more it does not last longer.
        third.borrow(hash, tenant(), &second.lend(hash, at(29_999)).unwrap(), at(29_999));
        assert!(known(&third, 29_999).is_some() && known(&third, 30_000).is_none());
        assert!(second.lend(hash, at(30_000)).is_none());
        // Nor longer than the key.
        first.remember(hash, tenant(), &principal(), at(40_000), Some(at(45_000)));
        second.borrow(hash, tenant(), &first.lend(hash, at(41_000)).unwrap(), at(41_000));
        assert!(known(&second, 44_999).is_some() && known(&second, 45_000).is_none());
    }

    #[test]
    fn what_is_known_here_is_not_taken_from_elsewhere() {
        let (first, second) = (verifier(), verifier());
        let hash = hash_of("pk_1");
        first.remember(hash, tenant(), &principal(), at(0), None);
        let newer = Arc::new(Principal { channel: None, ..(*principal()).clone() });
        second.remember(hash, tenant(), &newer, at(5_000), None);
        second.borrow(hash, tenant(), &first.lend(hash, at(6_000)).unwrap(), at(6_000));
        assert_eq!(second.recall(hash, at(6_000)), Some((tenant(), newer)));
        second.borrow(hash_of("pk_2"), tenant(), "{}", at(6_000));
        assert!(second.recall(hash_of("pk_2"), at(6_000)).is_none());
    }

    #[test]
    fn only_keys_are_lent() {
        let first = verifier();
        let token = Arc::new(Principal { issued_at: Some(at(0)), ..(*principal()).clone() });
        first.remember(hash_of("token"), tenant(), &token, at(0), None);
        assert_eq!(first.lend(hash_of("token"), at(1)), None);
    }
}
