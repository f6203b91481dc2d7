use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::identity::{Role, any_scope, any_scopes};
use crate::kernel::id::{AccountId, OrderId, ProductId, SessionId};

// Few values, so that grants and resources often meet.
fn any_narrowing() -> impl Strategy<Value = Narrowing> {
    let few = || prop::option::of(0_u128..3);
    (few(), few(), few(), few()).prop_map(|(store, location, channel, record)| Narrowing {
        store: store.map(StoreId::from_u128),
        location: location.map(LocationId::from_u128),
        channel: channel.map(ChannelId::from_u128),
        record: record.map(|raw| ProductId::from_u128(raw).into()),
    })
}

fn any_resource() -> impl Strategy<Value = Resource> {
    let channels = prop::collection::btree_set(0_u128..3, 0..3);
    (any_narrowing(), channels, any::<bool>()).prop_map(|(said, channels, is_everywhere)| Resource {
        store: said.store,
        location: said.location,
        channels: channels.into_iter().map(ChannelId::from_u128).collect(),
        is_everywhere,
        record: said.record,
    })
}

fn any_grants() -> impl Strategy<Value = Vec<Grant>> {
    prop::collection::vec((any_scopes(), any_narrowing()).prop_map(|(scopes, to)| Grant { scopes, to }), 0..5)
}

/// A grant that nobody is given.
fn any_refused() -> impl Strategy<Value = Grant> {
    let refused = (any_narrowing(), 0..5, 0_u128..3).prop_map(|(to, kind, raw)| {
        let (store, channel) = (Some(store(raw)), Some(ChannelId::from_u128(raw)));
        match kind {
            0 => Narrowing { location: Some(LocationId::from_u128(raw)), channel, ..to },
            1 => Narrowing { record: Some(SessionId::from_u128(raw).into()), ..to },
            2 => Narrowing { record: Some(AccountId::from_u128(raw).into()), store, ..to },
            3 => Narrowing { record: Some(ProductId::from_u128(raw).into()), channel, ..to },
            _ => Narrowing { channel, store: None, ..to },
        }
    });
    (any_scopes(), refused).prop_map(|(scopes, to)| Grant { scopes, to })
}

fn any_permissions() -> impl Strategy<Value = Permissions> {
    (any_scopes(), any_grants()).prop_map(|(scopes, grants)| Permissions::new(scopes, &grants))
}

fn store(raw: u128) -> StoreId {
    StoreId::from_u128(raw)
}

#[test]
fn a_grant_for_one_store_does_not_reach_its_sibling_or_the_organization() {
    let role = Role::Member.built_in_scopes().unwrap();
    let to = Narrowing { store: Some(store(1)), ..Narrowing::default() };
    let clerk = Permissions::new(role, &[Grant { scopes: Scopes::of(&[Scope::OrdersRead]), to }]);
    let order = OrderId::from_u128(9);
    assert_eq!(clerk.allows(Scope::OrdersRead, &Resource::of_store(store(1)).record(order)), Ok(()));
    let elsewhere = Err(Denial::Elsewhere(Scope::OrdersRead));
    assert_eq!(clerk.allows(Scope::OrdersRead, &Resource::of_store(store(2)).record(order)), elsewhere);
    assert_eq!(clerk.allows(Scope::OrdersRead, &Resource::of_organization()), elsewhere);
    let missing = Err(Denial::MissingScope(Scope::CatalogWrite));
    assert_eq!(clerk.allows(Scope::CatalogWrite, &Resource::of_store(store(1))), missing);
    assert_eq!(clerk.allows(Scope::ProfileWrite, &Resource::of_organization()), Ok(()), "the own account");
}

#[test]
fn a_store_is_entered_where_there_is_something_to_do() {
    let role = Role::Member.built_in_scopes().unwrap();
    assert!(Permissions::new(role, &[]).enters(store(1)));
    assert!(!Permissions::new(Scopes::OF_ONESELF, &[]).enters(store(1)), "the own account is in no store");
    let grant = |to| Grant { scopes: Scopes::of(&[Scope::OrdersRead]), to };
    let one = Narrowing { store: Some(store(1)), ..Narrowing::default() };
    let clerk = Permissions::new(role, &[grant(one)]);
    assert!(clerk.enters(store(1)) && !clerk.enters(store(2)));
    let record = Narrowing { record: Some(OrderId::from_u128(4).into()), ..Narrowing::default() };
    assert!(Permissions::new(role, &[grant(record)]).enters(store(2)), "an order may be any store's");
    let location = Narrowing { location: Some(LocationId::from_u128(4)), ..Narrowing::default() };
    assert!(Permissions::new(role, &[grant(location)]).enters(store(2)), "a location may be any store's");
}

#[test]
fn a_grant_needs_every_property_it_names() {
    let (location, channel) = (LocationId::from_u128(4), ChannelId::from_u128(5));
    let to = Narrowing { store: Some(store(1)), location: Some(location), ..Narrowing::default() };
    for (resource, channel, admitted) in [
        (Resource::of_store(store(1)).at(location), None, true),
        (Resource::of_store(store(1)).at(location), Some(&channel), true),
        (Resource::of_store(store(1)), None, false),
        (Resource::of_organization().at(location), None, false),
        (Resource::of_store(store(1)).at(LocationId::from_u128(6)), None, false),
    ] {
        assert_eq!(to.admits(&resource, channel), admitted, "{resource:?}");
    }
}

#[test]
fn what_is_in_several_channels_is_seen_in_one_of_them_and_changed_in_all() {
    let scope = Scope::CatalogWrite;
    let role = Role::Member.built_in_scopes().unwrap();
    let channel = ChannelId::from_u128;
    let clerk_of = |channels: &[u128]| {
        let to = |raw: &u128| Narrowing { channel: Some(channel(*raw)), store: Some(store(1)), ..Narrowing::default() };
        let grants: Vec<Grant> =
            channels.iter().map(|raw| Grant { scopes: Scopes::of(&[scope]), to: to(raw) }).collect();
        Permissions::new(role, &grants)
    };
    let product = |channels: &[u128]| Resource::of_store(store(1)).in_channels(channels.iter().copied().map(channel));
    for (clerk, resource, is_seen, is_changed) in [
        (&[1][..], product(&[1]), true, true),
        (&[1], product(&[1, 2]), true, false),
        (&[1, 2], product(&[1, 2]), true, true),
        (&[1], product(&[2]), false, false),
        (&[1], product(&[]), false, false),
        (&[1, 2], product(&[1, 2]).everywhere(), true, false),
        (&[3], product(&[1, 2]).everywhere(), false, false),
    ] {
        let clerk = clerk_of(clerk);
        assert_eq!(clerk.allows_in_part(scope, &resource).is_ok(), is_seen, "{resource:?}");
        assert_eq!(clerk.allows(scope, &resource).is_ok(), is_changed, "{resource:?}");
    }
}

#[test]
fn a_list_is_narrowed_to_the_channels_of_grants_for_nothing_less() {
    let scope = Scope::CatalogRead;
    let held = |to: &[Narrowing]| {
        let grants: Vec<Grant> = to.iter().map(|to| Grant { scopes: Scopes::of(&[scope]), to: to.clone() }).collect();
        Permissions::new(Scopes::of(&[scope]), &grants).channels(scope, store(1)).map(|all| all.len())
    };
    let in_store = |raw| Narrowing { store: Some(store(raw)), ..Narrowing::default() };
    let in_channel = |raw| Narrowing { channel: Some(ChannelId::from_u128(raw)), ..in_store(1) };
    let record = Some(ProductId::from_u128(1).into());
    assert_eq!(held(&[]), None);
    assert_eq!(held(&[in_store(1), in_channel(1)]), None, "the store as a whole");
    assert_eq!(held(&[in_store(2)]), Some(0));
    assert_eq!(held(&[in_channel(1), in_channel(2), in_channel(2)]), Some(2));
    assert_eq!(held(&[Narrowing { store: Some(store(2)), ..in_channel(1) }]), Some(0));
    assert_eq!(held(&[Narrowing { store: None, ..in_channel(1) }]), Some(0), "it would be one of each store");
    assert_eq!(held(&[Narrowing { record, ..in_channel(1) }]), Some(0), "one record is no list");
}

#[test]
fn a_list_is_narrowed_to_the_locations_of_grants_for_nothing_less() {
    let scope = Scope::InventoryRead;
    let held = |to: &[Narrowing]| {
        let grants: Vec<Grant> = to.iter().map(|to| Grant { scopes: Scopes::of(&[scope]), to: to.clone() }).collect();
        Permissions::new(Scopes::of(&[scope]), &grants).locations(scope, store(1)).map(|all| all.len())
    };
    let in_store = |raw| Narrowing { store: Some(store(raw)), ..Narrowing::default() };
    let at = |raw| Narrowing { location: Some(LocationId::from_u128(raw)), ..Narrowing::default() };
    assert_eq!(held(&[]), None);
    assert_eq!(held(&[in_store(1), at(1)]), None, "the store as a whole");
    assert_eq!(held(&[in_store(2)]), Some(0));
    assert_eq!(held(&[at(1), at(2), at(2)]), Some(2));
    assert_eq!(held(&[Narrowing { store: Some(store(1)), ..at(1) }]), Some(1));
    assert_eq!(held(&[Narrowing { store: Some(store(2)), ..at(1) }]), Some(0));
}

#[test]
fn nobody_is_given_what_opens_nothing() {
    let record = |text: &str| Narrowing { record: Some(text.parse().unwrap()), ..Narrowing::default() };
    assert_eq!(record("prod_01h455vb4pex5vsknk084sn02q").opens_something(), Ok(()));
    assert_eq!(record("ses_01h455vb4pex5vsknk084sn02q").opens_something(), Err(OpensNothing::Record));
    let location = Narrowing { location: Some(LocationId::from_u128(1)), ..Narrowing::default() };
    assert_eq!(location.opens_something(), Ok(()));
    let channel = Some(ChannelId::from_u128(1));
    assert_eq!(Narrowing { channel, ..location.clone() }.opens_something(), Err(OpensNothing::BesideLocation));
    let product = record("prod_01h455vb4pex5vsknk084sn02q").record;
    assert_eq!(Narrowing { record: product, ..location }.opens_something(), Err(OpensNothing::BesideLocation));
    assert_eq!(Narrowing::default().opens_something(), Ok(()));
    let (in_store, channel) = (Some(store(1)), Some(ChannelId::from_u128(1)));
    let product = record("prod_01h455vb4pex5vsknk084sn02q");
    let customer = record("usr_01h455vb4pex5vsknk084sn02q");
    assert_eq!(Narrowing { store: in_store, ..product.clone() }.opens_something(), Ok(()));
    assert_eq!(Narrowing { channel, ..product }.opens_something(), Err(OpensNothing::RecordInChannel));
    assert_eq!(customer.opens_something(), Ok(()));
    assert_eq!(Narrowing { store: in_store, ..customer }.opens_something(), Err(OpensNothing::CustomerInStore));
}

#[test]
fn a_channel_is_kept_with_its_store() {
    let grant = |channel: Option<u128>, at: Option<u128>| {
        let to = Narrowing { channel: channel.map(ChannelId::from_u128), store: at.map(store), ..Narrowing::default() };
        Grant { scopes: Scopes::of(&[Scope::CatalogRead]), to }
    };
    let stores = BTreeMap::from([(ChannelId::from_u128(1), store(1)), (ChannelId::from_u128(2), store(2))]);
    let settled = |grants: &[Grant]| Grant::in_stores(grants, &stores);
    let given = [grant(Some(1), None), grant(Some(2), Some(2)), grant(None, Some(3)), grant(None, None)];
    let kept = [grant(Some(1), Some(1)), grant(Some(2), Some(2)), grant(None, Some(3)), grant(None, None)];
    assert_eq!(settled(&given), Ok(kept.to_vec()));
    assert_eq!(settled(&kept), Ok(kept.to_vec()));
    let wrong = [grant(None, Some(1)), grant(Some(3), None), grant(Some(1), Some(1)), grant(Some(1), Some(2))];
    assert_eq!(settled(&wrong), Err(vec![1, 3]));
}

#[test]
fn a_record_is_not_read_beside_a_channel() {
    let (read, write) = (Scopes::of(&[Scope::CatalogRead, Scope::CatalogWrite]), Scopes::of(&[Scope::CatalogWrite]));
    let channel = Narrowing { channel: Some(ChannelId::from_u128(1)), ..Narrowing::default() };
    let record = Narrowing { record: Some(ProductId::from_u128(1).into()), ..Narrowing::default() };
    let hidden = |all: &[(Scopes, &Narrowing)]| {
        let grants: Vec<Grant> = all.iter().map(|(scopes, to)| Grant { scopes: *scopes, to: (*to).clone() }).collect();
        Grant::hidden(&grants).collect::<Vec<_>>()
    };
    let beside = OpensNothing::RecordBesideChannel;
    assert_eq!(hidden(&[(read, &channel), (read, &record), (write, &record)]), [(1, beside)]);
    assert_eq!(hidden(&[(read, &record), (read, &channel)]), [(0, beside)]);
    for all in [[(read, &channel), (write, &record)], [(write, &channel), (read, &record)], [(read, &record); 2]] {
        assert_eq!(hidden(&all), []);
    }
}

#[test]
fn the_only_channel_is_that_of_the_scope_that_one_comes_with() {
    let in_store = Narrowing { store: Some(store(1)), ..Narrowing::default() };
    let in_channel = |raw| Narrowing { channel: Some(ChannelId::from_u128(raw)), ..in_store.clone() };
    let grant = |scope, to| Grant { scopes: Scopes::of(&[scope]), to };
    let grants = [
        grant(Scope::CatalogRead, in_channel(1)),
        grant(Scope::CatalogWrite, in_channel(1)),
        grant(Scope::CatalogWrite, in_channel(2)),
        grant(Scope::OrdersRead, in_store.clone()),
    ];
    let clerk = Permissions::new(Scopes::all(), &grants);
    for (scope, at, channel) in [
        (Scope::CatalogRead, 1, Some(ChannelId::from_u128(1))),
        (Scope::CatalogRead, 2, None),
        (Scope::CatalogWrite, 1, None),
        (Scope::OrdersRead, 1, None),
    ] {
        assert_eq!(clerk.only_channel(scope, store(at)), channel, "{scope} in store {at}");
    }
}

#[test]
fn a_narrower_grant_is_covered_and_a_wider_one_is_not() {
    let orders = Scopes::of(&[Scope::OrdersRead]);
    let held = |to: &Narrowing| Permissions::new(orders, &[Grant { scopes: orders, to: to.clone() }]);
    let in_store = Narrowing { store: Some(store(1)), ..Narrowing::default() };
    let in_channel = Narrowing { channel: Some(ChannelId::from_u128(4)), ..in_store.clone() };
    let in_another = Narrowing { store: Some(store(2)), ..in_channel.clone() };
    for (giver, given, covered) in [
        (&in_store, &in_channel, true),
        (&in_channel, &in_store, false),
        (&in_store, &in_another, false),
        (&in_channel, &in_another, false),
        (&Narrowing::default(), &in_store, true),
        (&in_store, &Narrowing::default(), false),
        (&in_store, &in_store, true),
    ] {
        assert_eq!(held(giver).covers(&held(given)), covered, "{giver:?} gives {given:?}");
    }
}

#[test]
fn a_grant_adds_nothing_to_the_role() {
    let viewer = Role::Viewer.built_in_scopes().unwrap();
    let all = Grant { scopes: Scopes::all(), to: Narrowing::default() };
    assert_eq!(Permissions::new(viewer, &[all]), Permissions::new(viewer, &[]));
}

#[test]
fn a_record_is_named_by_the_canonical_text_of_an_id() {
    let id = "prod_01h455vb4pex5vsknk084sn02q";
    assert_eq!(id.parse::<RecordId>().unwrap(), RecordId::from(id.parse::<ProductId>().unwrap()));
    for text in
        ["", "prod", "_01h455vb4pex5vsknk084sn02q", "prod_01H455VB4PEX5VSKNK084SN02Q", "p1_01h455vb4pex5vsknk084sn02q"]
    {
        assert_eq!(text.parse::<RecordId>(), Err(InvalidRecordId), "{text}");
    }
}

proptest! {
    #[test]
    fn nothing_is_allowed_that_the_role_does_not_hold(
        role in any_scopes(), grants in any_grants(), scope in any_scope(), resource in any_resource(),
    ) {
        let permissions = Permissions::new(role, &grants);
        if !role.contains(scope) {
            prop_assert_eq!(permissions.allows(scope, &resource), Err(Denial::MissingScope(scope)));
        }
        prop_assert!(permissions.scopes().is_subset(role));
        prop_assert_eq!(Permissions::default().allows(scope, &resource), Err(Denial::MissingScope(scope)));
    }

    #[test]
    fn a_channel_opens_nothing_of_a_store_that_the_grant_does_not_name(
        role in any_scopes(), grants in any_grants(), scope in any_scope(), at in 0_u128..3,
    ) {
        let of_channels = grants.into_iter().filter(|grant| grant.to.channel.is_some() && grant.to.store != Some(store(at)));
        let mut of_channels: Vec<Grant> = of_channels.collect();
        // Without any the role would be held everywhere.
        let record = Some(ProductId::from_u128(9).into());
        of_channels.push(Grant { scopes: role, to: Narrowing { record, ..Narrowing::default() } });
        let permissions = Permissions::new(role.difference(Scopes::OF_ONESELF), &of_channels);
        prop_assert_eq!(permissions.channels(scope, store(at)), Some(BTreeSet::new()));
        for channel in 0..3 {
            let resource = Resource::of_store(store(at)).in_channels([ChannelId::from_u128(channel)]);
            prop_assert!(permissions.allows_in_part(scope, &resource).is_err());
        }
    }

    /// Kept before it was refused, or in a token of before.
    #[test]
    fn what_is_refused_today_opens_nothing(
        role in any_scopes(), grants in any_grants(), refused in prop::collection::vec(any_refused(), 1..4), at: prop::sample::Index,
    ) {
        let oneself = Permissions::new(role.intersection(Scopes::OF_ONESELF), &[]);
        prop_assert_eq!(Permissions::new(role, &refused), oneself);
        if !grants.is_empty() {
            let mut mixed = grants.clone();
            let at = at.index(mixed.len());
            mixed.splice(at..at, refused);
            prop_assert_eq!(Permissions::new(role, &mixed), Permissions::new(role, &grants));
        }
    }

    #[test]
    fn what_may_be_changed_may_be_seen(
        permissions in any_permissions(), scope in any_scope(), resource in any_resource(), more in 0_u128..3,
    ) {
        let is_changed = permissions.allows(scope, &resource).is_ok();
        prop_assert!(!is_changed || permissions.allows_in_part(scope, &resource).is_ok());
        // In one more channel it is changed by fewer and seen by more.
        let mut wider = resource.clone();
        wider.channels.push(ChannelId::from_u128(more));
        let is_matter_of_the_store = resource.channels.is_empty();
        prop_assert!(is_matter_of_the_store || is_changed || permissions.allows(scope, &wider).is_err());
        let is_seen = permissions.allows_in_part(scope, &resource).is_ok();
        prop_assert!(!is_seen || permissions.allows_in_part(scope, &wider).is_ok());
    }

    #[test]
    fn a_narrowed_grant_never_allows_more_than_an_unnarrowed_one(
        role in any_scopes(), grants in any_grants(), at: prop::sample::Index, scope in any_scope(), resource in any_resource(),
    ) {
        let narrowed = Permissions::new(role, &grants);
        let mut widened = grants.clone();
        if !widened.is_empty() {
            at.get_mut(&mut widened).to = Narrowing::default();
        }
        for wider in [Permissions::new(role, &widened), Permissions::new(role, &[])] {
            prop_assert!(wider.covers(&narrowed));
            prop_assert!(narrowed.allows(scope, &resource).is_err() || wider.allows(scope, &resource).is_ok());
        }
    }

    #[test]
    fn one_more_grant_takes_nothing_away(
        role in any_scopes(), first in any_grants(), more in any_grants(), scope in any_scope(), resource in any_resource(),
    ) {
        prop_assume!(!first.is_empty());
        let fewer = Permissions::new(role, &first);
        let union = Permissions::new(role, &[first, more].concat());
        prop_assert!(fewer.allows(scope, &resource).is_err() || union.allows(scope, &resource).is_ok());
        prop_assert!(union.covers(&fewer));
    }

    #[test]
    fn who_covers_another_may_all_that_the_other_may(
        giver in any_permissions(), given in any_permissions(), scope in any_scope(), resource in any_resource(),
    ) {
        if giver.covers(&given) && given.allows(scope, &resource).is_ok() {
            prop_assert_eq!(giver.allows(scope, &resource), Ok(()));
        }
        prop_assert!(giver.covers(&giver));
        prop_assert!(giver.covers(&Permissions::default()));
    }

    #[test]
    fn who_covers_one_grant_may_all_that_it_allows(
        giver in any_narrowing(), given in any_narrowing(), resource in any_resource(),
    ) {
        let orders = Scopes::of(&[Scope::OrdersRead]);
        let held = |to: Narrowing| Permissions::new(orders, &[Grant { scopes: orders, to }]);
        let (giver, given) = (held(giver), held(given));
        if giver.covers(&given) && given.allows(Scope::OrdersRead, &resource).is_ok() {
            prop_assert_eq!(giver.allows(Scope::OrdersRead, &resource), Ok(()));
        }
    }

    #[test]
    fn permissions_travel_in_a_token_without_change(permissions in any_permissions(), limit in any_scopes()) {
        for permissions in [permissions.clone(), permissions.limited_to(limit)] {
            let (scopes, grants) = permissions.to_claims();
            prop_assert_eq!(Permissions::new(scopes, &grants), permissions);
        }
    }

    #[test]
    fn a_limit_leaves_exactly_what_is_in_it(
        permissions in any_permissions(), limit in any_scopes(), scope in any_scope(), resource in any_resource(),
    ) {
        let limited = permissions.limited_to(limit);
        let expected = limit.contains(scope) && permissions.allows(scope, &resource).is_ok();
        prop_assert_eq!(limited.allows(scope, &resource).is_ok(), expected);
        prop_assert!(permissions.covers(&limited));
    }
}
