//! Grants: scopes narrowed to a store, a location, a channel or one record.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Scope, Scopes};
use crate::kernel::id::{ChannelId, Id, Kind, LocationId, StoreId};

/// Where a grant holds: at what has *all* of the named properties. Without any it holds everywhere.
///
/// A property that the code does not know is refused when read, not skipped: skipping it would widen the grant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Narrowing {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordId>,
}

impl Narrowing {
    pub fn is_everywhere(&self) -> bool {
        *self == Narrowing::default()
    }

    /// Whether the grant reaches `resource`. What a resource does not say of itself it is not: a grant for one
    /// location does not reach something without a location.
    pub fn admits(&self, resource: &Resource) -> bool {
        meets(self.store.as_ref(), resource.store.as_ref())
            && meets(self.location.as_ref(), resource.location.as_ref())
            && meets(self.channel.as_ref(), resource.channel.as_ref())
            && meets(self.record.as_ref(), resource.record.as_ref())
    }

    /// Whether `wider` admits all that `self` admits.
    fn is_within(&self, wider: &Narrowing) -> bool {
        meets(wider.store.as_ref(), self.store.as_ref())
            && meets(wider.location.as_ref(), self.location.as_ref())
            && meets(wider.channel.as_ref(), self.channel.as_ref())
            && meets(wider.record.as_ref(), self.record.as_ref())
    }
}

fn meets<T: PartialEq>(wanted: Option<&T>, found: Option<&T>) -> bool {
    wanted.is_none() || wanted == found
}

/// What a decision is about. The organization is not named: the tenant rule has already bound it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resource {
    store: Option<StoreId>,
    location: Option<LocationId>,
    channel: Option<ChannelId>,
    record: Option<RecordId>,
}

impl Resource {
    /// Something of the whole organization, which no narrowed grant reaches.
    pub fn of_organization() -> Resource {
        Resource::default()
    }

    pub fn of_store(store: StoreId) -> Resource {
        Resource { store: Some(store), ..Resource::default() }
    }

    #[must_use]
    pub fn at(self, location: LocationId) -> Resource {
        Resource { location: Some(location), ..self }
    }

    #[must_use]
    pub fn in_channel(self, channel: ChannelId) -> Resource {
        Resource { channel: Some(channel), ..self }
    }

    #[must_use]
    pub fn record(self, record: impl Into<RecordId>) -> Resource {
        Resource { record: Some(record.into()), ..self }
    }
}

/// The text of an id of any kind: `prod_01h455vb4pex5vsknk084sn02q`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordId(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected the id of a record, such as prod_01h455vb4pex5vsknk084sn02q")]
pub struct InvalidRecordId;

impl FromStr for RecordId {
    type Err = InvalidRecordId;

    fn from_str(text: &str) -> Result<RecordId, InvalidRecordId> {
        let (prefix, suffix) = text.split_once('_').ok_or(InvalidRecordId)?;
        let is_prefix = (1..=63).contains(&prefix.len()) && prefix.bytes().all(|byte| byte.is_ascii_lowercase());
        // The suffix is the same for all kinds.
        let is_suffix = format!("{}_{suffix}", AnyKind::PREFIX).parse::<Id<AnyKind>>().is_ok();
        if is_prefix && is_suffix { Ok(RecordId(text.to_owned())) } else { Err(InvalidRecordId) }
    }
}

enum AnyKind {}

impl Kind for AnyKind {
    const PREFIX: &'static str = "any";
}

impl<K: Kind> From<Id<K>> for RecordId {
    fn from(id: Id<K>) -> RecordId {
        RecordId(id.to_string())
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

serde_as_text!(RecordId, "the id of a record");

/// Scopes that hold only where the narrowing says: `{"scopes": "orders:read", "to": {"location": "loc_..."}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    pub scopes: Scopes,
    #[serde(default, skip_serializing_if = "Narrowing::is_everywhere")]
    pub to: Narrowing,
}

/// All that a caller may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Permissions {
    everywhere: Scopes,
    narrowed: Vec<Grant>,
}

/// Why something is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// Nothing the caller has carries the scope: 403, naming it.
    #[error("the scope {0} is missing")]
    MissingScope(Scope),
    /// The caller has the scope, but not here. Answered as if the resource were not there.
    #[error("the scope {0} is granted elsewhere only")]
    Elsewhere(Scope),
}

impl Permissions {
    /// A role's or a key's scopes, narrowed by `grants` where there are any. Then a scope that no grant names is
    /// not held at all, but for what concerns the caller's own account ([`Scopes::OF_ONESELF`]). A grant adds
    /// nothing to the role.
    pub fn new(role: Scopes, grants: &[Grant]) -> Permissions {
        if grants.is_empty() {
            return Permissions { everywhere: role, narrowed: Vec::new() };
        }
        let mut permissions = Permissions { everywhere: role.intersection(Scopes::OF_ONESELF), narrowed: Vec::new() };
        for grant in grants {
            let scopes = grant.scopes.intersection(role);
            if grant.to.is_everywhere() {
                permissions.everywhere = permissions.everywhere.union(scopes);
            } else if !scopes.is_empty() {
                permissions.narrowed.push(Grant { scopes, to: grant.to.clone() });
            }
        }
        permissions
    }

    /// The arguments that [`Permissions::new`] makes the same of: how permissions travel in a token.
    pub fn to_claims(&self) -> (Scopes, Vec<Grant>) {
        let mut grants = self.narrowed.clone();
        if !grants.is_empty() {
            grants.push(Grant { scopes: self.everywhere, to: Narrowing::default() });
        }
        (self.scopes(), grants)
    }

    /// Every scope that is held anywhere: what a route is opened by, before the record is known.
    pub fn scopes(&self) -> Scopes {
        self.narrowed.iter().fold(self.everywhere, |all, grant| all.union(grant.scopes))
    }

    /// # Errors
    /// [`Denial`] unless some grant carries the scope and reaches the resource.
    pub fn allows(&self, scope: Scope, resource: &Resource) -> Result<(), Denial> {
        if self.everywhere.contains(scope) || self.with(scope).any(|grant| grant.to.admits(resource)) {
            return Ok(());
        }
        Err(if self.scopes().contains(scope) { Denial::Elsewhere(scope) } else { Denial::MissingScope(scope) })
    }

    /// Whether there is anything to be done in `store`, beyond what concerns the caller's own account.
    pub fn enters(&self, store: StoreId) -> bool {
        let within = |grant: &Grant| meets(grant.to.store.as_ref(), Some(&store));
        !self.everywhere.is_subset(Scopes::OF_ONESELF) || self.narrowed.iter().any(within)
    }

    /// Whether `self` allows all that `other` allows: who gives `other` away must cover it.
    ///
    /// Errs on the side of no: several grants of `self` are not put together to cover one of `other`.
    pub fn covers(&self, other: &Permissions) -> bool {
        let covers_grant = |given: &Grant| {
            given
                .scopes
                .difference(self.everywhere)
                .iter()
                .all(|scope| self.with(scope).any(|own| given.to.is_within(&own.to)))
        };
        other.everywhere.is_subset(self.everywhere) && other.narrowed.iter().all(covers_grant)
    }

    /// What both allow: of `self`, only `scopes`.
    #[must_use]
    pub fn limited_to(&self, scopes: Scopes) -> Permissions {
        let limited = |grant: &Grant| Grant { scopes: grant.scopes.intersection(scopes), to: grant.to.clone() };
        Permissions {
            everywhere: self.everywhere.intersection(scopes),
            narrowed: self.narrowed.iter().map(limited).filter(|grant| !grant.scopes.is_empty()).collect(),
        }
    }

    fn with(&self, scope: Scope) -> impl Iterator<Item = &Grant> {
        self.narrowed.iter().filter(move |grant| grant.scopes.contains(scope))
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod wire {
    use super::*;

    #[test]
    fn a_grant_reads_back_from_its_json_and_an_unknown_property_is_refused() {
        let to = Narrowing { location: Some(LocationId::from_u128(1)), ..Narrowing::default() };
        let grant = Grant { scopes: Scopes::of(&[Scope::OrdersRead]), to };
        let json = serde_json::to_string(&grant).unwrap();
        assert_eq!(json, r#"{"scopes":"orders:read","to":{"location":"loc_00000000000000000000000001"}}"#);
        assert_eq!(serde_json::from_str::<Grant>(&json).unwrap(), grant);
        for json in [
            r#"{"scopes":"orders:read","to":{"region":"north"}}"#,
            r#"{"scopes":"orders:read","only":{}}"#,
            r#"{"scopes":"orders:read","to":{"record":"north"}}"#,
            r#"{"to":{}}"#,
        ] {
            assert!(serde_json::from_str::<Grant>(json).is_err(), "{json}");
        }
    }
}
