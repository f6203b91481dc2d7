//! Grants: scopes narrowed to a store, a location, a channel or one record.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Scope, Scopes};
use crate::kernel::id::{
    AccountKind, ApiKeyKind, AppKind, AttributeKind, CategoryKind, ChannelId, ChannelKind, CollectionKind, FileKind,
    Id, Kind, LocationId, OrderKind, ProductKind, StoreId, StoreKind,
};

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

    /// Whether a grant for it opens anything that there is.
    ///
    /// # Errors
    /// [`OpensNothing`] where it names what no route looks at, or what is nowhere together.
    pub fn opens_something(&self) -> Result<(), OpensNothing> {
        if self.location.is_some() && (self.record.is_some() || self.channel.is_some()) {
            return Err(OpensNothing::BesideLocation);
        }
        match &self.record {
            Some(record) if !RecordId::KINDS.contains(&record.kind()) => Err(OpensNothing::Record),
            Some(_) if self.channel.is_some() => Err(OpensNothing::RecordInChannel),
            Some(record) if record.kind() == AccountKind::PREFIX && self.store.is_some() => {
                Err(OpensNothing::CustomerInStore)
            }
            _ => Ok(()),
        }
    }

    /// Whether a grant for it is nobody's any more: it is kept from when it could be given. Nor is one for a channel
    /// that is named without its store, as it could be once: it would be one of each.
    fn is_void(&self) -> bool {
        self.opens_something().is_err() || (self.channel.is_some() && self.store.is_none())
    }

    /// Whether the grant reaches `resource` in `channel`. What a resource does not say of itself it is not: a grant for
    /// one location does not reach something without a location.
    fn admits(&self, resource: &Resource, channel: Option<&ChannelId>) -> bool {
        meets(self.store.as_ref(), resource.store.as_ref())
            && meets(self.location.as_ref(), resource.location.as_ref())
            && meets(self.channel.as_ref(), channel)
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

/// Why nobody is given a grant: it would open nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpensNothing {
    #[error("opens nothing beside a channel: give a grant for the one or for the other")]
    RecordInChannel,
    #[error("opens nothing beside a store: a customer is the organization's")]
    CustomerInStore,
    #[error(
        "opens nothing beside a grant of catalog:read for a channel, which shows that channel and nothing else: leave \
         catalog:read out of one of the two"
    )]
    RecordBesideChannel,
    #[error("opens nothing beside a channel or a record: give a grant for each")]
    BesideLocation,
    #[error(
        "opens nothing: expected the id of a product, order, category, collection, attribute, channel, file, API key, \
         app, store or customer"
    )]
    Record,
}

impl OpensNothing {
    /// Which property of a [`Narrowing`] is to be another.
    pub const fn property(self) -> &'static str {
        match self {
            OpensNothing::BesideLocation => "location",
            OpensNothing::RecordInChannel
            | OpensNothing::CustomerInStore
            | OpensNothing::RecordBesideChannel
            | OpensNothing::Record => "record",
        }
    }
}

/// What a decision is about. The organization is not named: the tenant rule has already bound it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resource {
    store: Option<StoreId>,
    location: Option<LocationId>,
    channels: Vec<ChannelId>,
    /// Whether it is in every channel that there will be, too.
    is_everywhere: bool,
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

    /// In these channels and no other. Without any it is a matter of the store alone.
    #[must_use]
    pub fn in_channels(self, channels: impl IntoIterator<Item = ChannelId>) -> Resource {
        Resource { channels: channels.into_iter().collect(), ..self }
    }

    /// In all channels that there will be as well: no grants for some of them are for all of it.
    #[must_use]
    pub fn everywhere(self) -> Resource {
        Resource { is_everywhere: true, ..self }
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

impl RecordId {
    /// The kinds of records that routes look at: what a grant may name.
    pub const KINDS: [&'static str; 11] = [
        ApiKeyKind::PREFIX,
        AppKind::PREFIX,
        AttributeKind::PREFIX,
        CategoryKind::PREFIX,
        ChannelKind::PREFIX,
        CollectionKind::PREFIX,
        AccountKind::PREFIX,
        FileKind::PREFIX,
        OrderKind::PREFIX,
        ProductKind::PREFIX,
        StoreKind::PREFIX,
    ];

    /// What stands before the `_`.
    pub fn kind(&self) -> &str {
        self.0.split_once('_').map_or("", |(kind, _)| kind)
    }
}

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

impl Grant {
    /// The channels that grants name.
    pub fn channels(grants: &[Grant]) -> BTreeSet<ChannelId> {
        grants.iter().filter_map(|grant| grant.to.channel).collect()
    }

    /// The grants as they are kept: each that is for a channel names the channel's store too, out of `stores`.
    ///
    /// # Errors
    /// The places of those whose channel is not there, or not one of the store that they name.
    pub fn in_stores(grants: &[Grant], stores: &BTreeMap<ChannelId, StoreId>) -> Result<Vec<Grant>, Vec<usize>> {
        let (mut kept, mut wrong) = (grants.to_vec(), Vec::new());
        for (at, grant) in kept.iter_mut().enumerate() {
            let Some(channel) = grant.to.channel else { continue };
            let store = stores.get(&channel).copied();
            if store.is_none() || grant.to.store.is_some_and(|named| Some(named) != store) {
                wrong.push(at);
            }
            grant.to.store = store;
        }
        if wrong.is_empty() { Ok(kept) } else { Err(wrong) }
    }

    /// Which of the grants open nothing because of others among them, by their places.
    ///
    /// [`OpensNothing::RecordBesideChannel`]: who may read the catalog of a channel is shown it as a storefront of it
    /// is, and so no record that is not there.
    pub fn hidden(grants: &[Grant]) -> impl Iterator<Item = (usize, OpensNothing)> {
        let reads = |grant: &Grant| grant.scopes.contains(Scope::CatalogRead);
        let is_of_channel = grants.iter().any(|grant| reads(grant) && grant.to.channel.is_some());
        let hidden = move |grant: &Grant| is_of_channel && reads(grant) && grant.to.record.is_some();
        grants
            .iter()
            .enumerate()
            .filter(move |(_, grant)| hidden(grant))
            .map(|(at, _)| (at, OpensNothing::RecordBesideChannel))
    }
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
    /// nothing to the role, and one that would be refused today ([`Narrowing::opens_something`]) nothing at all: it was
    /// kept or put into a token before it was.
    pub fn new(role: Scopes, grants: &[Grant]) -> Permissions {
        if grants.is_empty() {
            return Permissions { everywhere: role, narrowed: Vec::new() };
        }
        let mut permissions = Permissions { everywhere: role.intersection(Scopes::OF_ONESELF), narrowed: Vec::new() };
        for grant in grants {
            let scopes = grant.scopes.intersection(role);
            if grant.to.is_everywhere() {
                permissions.everywhere = permissions.everywhere.union(scopes);
            } else if !scopes.is_empty() && !grant.to.is_void() {
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

    /// Whether the scope is held for all of the resource: in each of the channels that it is in.
    ///
    /// # Errors
    /// [`Denial`] unless some grant carries the scope and reaches the resource, or some do in each of its channels.
    pub fn allows(&self, scope: Scope, resource: &Resource) -> Result<(), Denial> {
        let mut channels = resource.channels.iter();
        let is_in_some_alone = !resource.is_everywhere && !resource.channels.is_empty();
        let is_allowed = self.reaches(scope, resource, None)
            || (is_in_some_alone && channels.all(|channel| self.reaches(scope, resource, Some(channel))));
        if is_allowed { Ok(()) } else { Err(self.denial(scope)) }
    }

    /// Whether the scope is held for a part of the resource: in one of the channels that it is in. Enough to see it, and
    /// not to change it.
    ///
    /// # Errors
    /// [`Denial`] unless some grant carries the scope and reaches the resource in one of its channels.
    pub fn allows_in_part(&self, scope: Scope, resource: &Resource) -> Result<(), Denial> {
        let is_allowed = self.reaches(scope, resource, None)
            || resource.channels.iter().any(|channel| self.reaches(scope, resource, Some(channel)));
        if is_allowed { Ok(()) } else { Err(self.denial(scope)) }
    }

    /// The channels that a list of the store is narrowed to: those that grants name with this store. `None`: the scope is held for the store as a whole.
    pub fn channels(&self, scope: Scope, store: StoreId) -> Option<BTreeSet<ChannelId>> {
        let of_store = Resource::of_store(store);
        if self.reaches(scope, &of_store, None) {
            return None;
        }
        let all =
            self.with(scope).filter_map(|grant| grant.to.channel.filter(|id| grant.to.admits(&of_store, Some(id))));
        Some(all.collect())
    }

    /// The locations that a list of the store is narrowed to: those that grants name, with this store or none. `None`: the
    /// scope is held for the store as a whole.
    pub fn locations(&self, scope: Scope, store: StoreId) -> Option<BTreeSet<LocationId>> {
        let of_store = Resource::of_store(store);
        if self.reaches(scope, &of_store, None) {
            return None;
        }
        let at = |grant: &Grant| grant.to.location.filter(|id| grant.to.admits(&of_store.clone().at(*id), None));
        Some(self.with(scope).filter_map(at).collect())
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

    /// The channel that is all of the store for whoever comes with `scope`: where it is one.
    pub fn only_channel(&self, scope: Scope, store: StoreId) -> Option<ChannelId> {
        let mut channels = self.channels(scope, store)?.into_iter();
        channels.next().filter(|_| channels.next().is_none())
    }

    fn reaches(&self, scope: Scope, resource: &Resource, channel: Option<&ChannelId>) -> bool {
        self.everywhere.contains(scope) || self.with(scope).any(|grant| grant.to.admits(resource, channel))
    }

    fn denial(&self, scope: Scope) -> Denial {
        if self.scopes().contains(scope) { Denial::Elsewhere(scope) } else { Denial::MissingScope(scope) }
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
