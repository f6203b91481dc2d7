//! Third-party apps: what their secrets look like, and what they may carry (OAuth 2.0 client credentials, RFC 6749,
//! section 4.4).

use std::str::FromStr;

use super::base32::{self, CROCKFORD};
use super::key::{ID_LENGTH, id_of_suffix, suffix_of};
use super::{Permissions, Resource, Role, Scopes};
use crate::kernel::id::{OrganizationId, StoreId};

const PREFIX: &str = "cs_";
const SECRET_LENGTH: usize = 32;

/// What a client secret claims, before its hash has been found in the database: `cs_<organization><store><secret>`,
/// as API keys are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientSecretClaim {
    pub organization: OrganizationId,
    pub store: StoreId,
}

/// The text is no client secret. Says nothing of it, since it may be one with a slip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a client secret")]
pub struct InvalidClientSecret;

/// The text of a new client secret, from 20 random bytes. Only its hash may be stored.
pub fn mint_client_secret(organization: OrganizationId, store: StoreId, random: [u8; 20]) -> String {
    let mut secret = String::from(PREFIX);
    secret.extend([suffix_of(organization), suffix_of(store)]);
    secret.push_str(&base32::encode(&random, CROCKFORD));
    secret
}

impl FromStr for ClientSecretClaim {
    type Err = InvalidClientSecret;

    fn from_str(text: &str) -> Result<ClientSecretClaim, InvalidClientSecret> {
        let rest = text.strip_prefix(PREFIX).ok_or(InvalidClientSecret)?;
        let (organization, rest) = rest.split_at_checked(ID_LENGTH).ok_or(InvalidClientSecret)?;
        let (store, secret) = rest.split_at_checked(ID_LENGTH).ok_or(InvalidClientSecret)?;
        if secret.len() != SECRET_LENGTH || !secret.bytes().all(|byte| CROCKFORD.contains(&byte)) {
            return Err(InvalidClientSecret);
        }
        let organization = id_of_suffix(organization).map_err(|_| InvalidClientSecret)?;
        Ok(ClientSecretClaim { organization, store: id_of_suffix(store).map_err(|_| InvalidClientSecret)? })
    }
}

/// Why an app cannot have these scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppScopesError {
    #[error("an app needs at least one scope")]
    NoScopes,
    /// No app ever carries these: they are a person's, or make credentials.
    #[error("an app cannot carry {0}")]
    NotForApps(Scopes),
    /// Nobody gives what they lack.
    #[error("you do not have {0} in this store")]
    NotHeld(Scopes),
}

/// Whether somebody with these permissions may give an app of `store` these scopes.
///
/// # Errors
/// [`AppScopesError`] names the scopes in the way.
pub fn give_app(actor: &Permissions, store: StoreId, scopes: Scopes) -> Result<(), AppScopesError> {
    if scopes.is_empty() {
        return Err(AppScopesError::NoScopes);
    }
    let beyond = scopes.difference(Role::APP);
    if !beyond.is_empty() {
        return Err(AppScopesError::NotForApps(beyond));
    }
    let resource = Resource::of_store(store);
    let missing: Scopes = scopes.iter().filter(|scope| actor.allows(*scope, &resource).is_err()).collect();
    if missing.is_empty() { Ok(()) } else { Err(AppScopesError::NotHeld(missing)) }
}

/// An asked-for scope is unknown, malformed, or more than the app has (`invalid_scope`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a scope is unknown, or more than the client has")]
pub struct ScopeRefused;

/// The scopes of a token: those asked for, all of `held` where none are named (RFC 6749, section 3.3).
///
/// # Errors
/// [`ScopeRefused`]; a token never gets fewer scopes in silence.
pub fn narrow(held: Scopes, asked: Option<&str>) -> Result<Scopes, ScopeRefused> {
    let asked = asked.map(str::trim).filter(|asked| !asked.is_empty());
    let Some(asked) = asked else { return Ok(held) };
    let asked: Scopes = asked.parse().map_err(|_| ScopeRefused)?;
    if asked.is_subset(held) { Ok(asked) } else { Err(ScopeRefused) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::identity::{Scope, any_scopes};

    const STORE: StoreId = StoreId::from_u128(1);

    #[test]
    fn an_app_gets_what_its_maker_has_and_apps_may_carry() {
        let owner = Permissions::new(Role::Owner.built_in_scopes().unwrap(), &[]);
        assert_eq!(give_app(&owner, STORE, Role::APP), Ok(()));
        assert_eq!(give_app(&owner, STORE, Scopes::NONE), Err(AppScopesError::NoScopes));
        let keys = Scopes::of(&[Scope::KeysWrite]);
        let asked = keys.union(Scopes::of(&[Scope::CatalogRead]));
        assert_eq!(give_app(&owner, STORE, asked), Err(AppScopesError::NotForApps(keys)));
        let viewer = Permissions::new(Role::Viewer.built_in_scopes().unwrap(), &[]);
        let write = Scopes::of(&[Scope::CatalogWrite]);
        assert_eq!(give_app(&viewer, STORE, write), Err(AppScopesError::NotHeld(write)));
    }

    #[test]
    fn a_token_gets_what_is_asked_for_or_nothing() {
        let held = Scopes::of(&[Scope::CatalogRead, Scope::OrdersRead]);
        for (asked, expected) in [
            (None, Ok(held)),
            (Some(""), Ok(held)),
            (Some("orders:read"), Ok(Scopes::of(&[Scope::OrdersRead]))),
            (Some("orders:read catalog:read"), Ok(held)),
            (Some("orders:write"), Err(ScopeRefused)),
            (Some("orders:read orders:write"), Err(ScopeRefused)),
            (Some("openid"), Err(ScopeRefused)),
        ] {
            assert_eq!(narrow(held, asked), expected, "{asked:?}");
        }
    }

    proptest! {
        #[test]
        fn a_minted_secret_claims_its_tenant(organization: u128, store: u128, random: [u8; 20]) {
            let claim = ClientSecretClaim {
                organization: OrganizationId::from_u128(organization),
                store: StoreId::from_u128(store),
            };
            let text = mint_client_secret(claim.organization, claim.store, random);
            prop_assert_eq!(text.parse(), Ok(claim));
            prop_assert!(text.parse::<crate::identity::ApiKeyClaim>().is_err());
        }

        #[test]
        fn hostile_text_is_no_secret_and_no_panic(text in "(cs_)?.{0,120}") {
            prop_assert_eq!(text.parse::<ClientSecretClaim>(), Err(InvalidClientSecret));
        }

        #[test]
        fn no_token_has_more_than_its_app(held in any_scopes(), asked in any_scopes()) {
            if let Ok(scopes) = narrow(held, Some(&asked.to_string())) {
                prop_assert!(scopes.is_subset(held));
            }
        }
    }
}
