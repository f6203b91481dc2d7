//! Which API keys may be made, and by whom.

use std::fmt;
use std::str::FromStr;

use super::{KeyKind, Permissions, Resource, Role, Scope, Scopes};
use crate::kernel::id::StoreId;

/// How long the key before a rotation may stay good, in seconds: a week.
pub const LONGEST_OVERLAP_SECONDS: i64 = 604_800;

/// How long it stays good unless told otherwise, in seconds: a day.
pub const DEFAULT_OVERLAP_SECONDS: i64 = 86_400;

/// What a merchant calls a key: 1 to 80 characters, none of them a control character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name must have 1 to 80 characters, and not only blanks")]
pub struct InvalidKeyName;

impl FromStr for KeyName {
    type Err = InvalidKeyName;

    fn from_str(text: &str) -> Result<KeyName, InvalidKeyName> {
        let text = text.trim();
        let is_name = (1..=80).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if is_name { Ok(KeyName(text.to_owned())) } else { Err(InvalidKeyName) }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssueKeyError {
    /// A key without a scope opens nothing.
    #[error("a key needs at least one scope")]
    NoScopes,
    /// The kind never carries these.
    #[error("a {} key cannot carry {scopes}", kind.name())]
    NotOfKind { kind: KeyKind, scopes: Scopes },
    /// Nobody gives what they lack.
    #[error("you do not have {0} in this store")]
    NotHeld(Scopes),
}

/// The most that a key of `kind` can carry. A publishable key stands in every storefront's source. A secret key
/// makes no credentials (one that leaked must not outlive its revocation) and is no person.
pub const fn most_of(kind: KeyKind) -> Scopes {
    const NEVER: Scopes = Scopes::OF_ONESELF.union(Scopes::of(&[
        Scope::KeysWrite,
        Scope::MembersWrite,
        Scope::MembersImpersonate,
        Scope::AppsWrite,
        Scope::ProvidersWrite,
        Scope::JobsRun,
    ]));
    match kind {
        KeyKind::Publishable => Role::GUEST,
        KeyKind::Secret => Scopes::all().difference(NEVER),
    }
}

/// Whether somebody with these permissions may make a key with `scopes` for `store`.
///
/// # Errors
/// [`IssueKeyError`] names the scopes in the way.
pub fn issue_key(actor: &Permissions, store: StoreId, kind: KeyKind, scopes: Scopes) -> Result<(), IssueKeyError> {
    if scopes.is_empty() {
        return Err(IssueKeyError::NoScopes);
    }
    let beyond = scopes.difference(most_of(kind));
    if !beyond.is_empty() {
        return Err(IssueKeyError::NotOfKind { kind, scopes: beyond });
    }
    let resource = Resource::of_store(store);
    let missing = scopes.iter().filter(|scope| actor.allows(*scope, &resource).is_err());
    let missing = missing.fold(Scopes::NONE, |all, scope| all.union(Scopes::of(&[scope])));
    if missing.is_empty() { Ok(()) } else { Err(IssueKeyError::NotHeld(missing)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::identity::{Grant, Narrowing, any_scopes};

    const STORE: StoreId = StoreId::from_u128(1);

    #[test]
    fn a_new_key_of_either_kind_can_be_made_by_an_owner() {
        let owner = Permissions::new(Role::Owner.built_in_scopes().unwrap(), &[]);
        for kind in [KeyKind::Publishable, KeyKind::Secret] {
            assert_eq!(issue_key(&owner, STORE, kind, Scopes::of_new_key(kind)), Ok(()));
            assert_eq!(issue_key(&owner, STORE, kind, Scopes::NONE), Err(IssueKeyError::NoScopes));
        }
        let audit = Scopes::of(&[Scope::AuditRead]);
        assert_eq!(issue_key(&owner, STORE, KeyKind::Secret, audit), Ok(()));
        let error = IssueKeyError::NotOfKind { kind: KeyKind::Publishable, scopes: audit };
        assert_eq!(issue_key(&owner, STORE, KeyKind::Publishable, audit), Err(error));
    }

    #[test]
    fn a_grant_for_one_store_makes_keys_for_that_store_only() {
        let to = Narrowing { store: Some(STORE), ..Narrowing::default() };
        let scopes = Scopes::of(&[Scope::CatalogRead]);
        let grants = [Grant { scopes: Role::Admin.built_in_scopes().unwrap(), to }];
        let admin = Permissions::new(Role::Admin.built_in_scopes().unwrap(), &grants);
        assert_eq!(issue_key(&admin, STORE, KeyKind::Secret, scopes), Ok(()));
        let elsewhere = StoreId::from_u128(2);
        assert_eq!(issue_key(&admin, elsewhere, KeyKind::Secret, scopes), Err(IssueKeyError::NotHeld(scopes)));
    }

    proptest! {
        #[test]
        fn no_key_has_more_than_its_maker_or_its_kind(actor in any_scopes(), scopes in any_scopes(), secret: bool) {
            let kind = if secret { KeyKind::Secret } else { KeyKind::Publishable };
            let made = issue_key(&Permissions::new(actor, &[]), STORE, kind, scopes);
            let may = !scopes.is_empty() && scopes.is_subset(actor) && scopes.is_subset(most_of(kind));
            prop_assert_eq!(made.is_ok(), may);
        }

        #[test]
        fn names_are_kept_without_blanks_around(text in "\\PC{0,90}") {
            match text.parse::<KeyName>() {
                Ok(name) => prop_assert_eq!(name.to_string(), text.trim()),
                Err(InvalidKeyName) => prop_assert!(text.trim().is_empty() || 80 < text.trim().chars().count()),
            }
        }
    }
}
