use proptest::prelude::*;

use super::*;
use crate::identity::{Role, any_scope, any_scopes};
use crate::kernel::id::{OrderId, ProductId};

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
    any_narrowing().prop_map(|Narrowing { store, location, channel, record }| Resource {
        store,
        location,
        channel,
        record,
    })
}

fn any_grants() -> impl Strategy<Value = Vec<Grant>> {
    prop::collection::vec((any_scopes(), any_narrowing()).prop_map(|(scopes, to)| Grant { scopes, to }), 0..5)
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
    let location = Narrowing { location: Some(LocationId::from_u128(4)), ..Narrowing::default() };
    assert!(Permissions::new(role, &[grant(location)]).enters(store(2)), "a location may be any store's");
}

#[test]
fn a_grant_needs_every_property_it_names() {
    let (location, channel) = (LocationId::from_u128(4), ChannelId::from_u128(5));
    let to = Narrowing { store: Some(store(1)), location: Some(location), ..Narrowing::default() };
    for (resource, admitted) in [
        (Resource::of_store(store(1)).at(location), true),
        (Resource::of_store(store(1)).at(location).in_channel(channel), true),
        (Resource::of_store(store(1)), false),
        (Resource::of_organization().at(location), false),
        (Resource::of_store(store(1)).at(LocationId::from_u128(6)), false),
    ] {
        assert_eq!(to.admits(&resource), admitted, "{resource:?}");
    }
}

#[test]
fn a_narrower_grant_is_covered_and_a_wider_one_is_not() {
    let orders = Scopes::of(&[Scope::OrdersRead]);
    let held = |to: &Narrowing| Permissions::new(orders, &[Grant { scopes: orders, to: to.clone() }]);
    let in_store = Narrowing { store: Some(store(1)), ..Narrowing::default() };
    let at_location = Narrowing { location: Some(LocationId::from_u128(4)), ..in_store.clone() };
    let in_another = Narrowing { store: Some(store(2)), ..at_location.clone() };
    for (giver, given, covered) in [
        (&in_store, &at_location, true),
        (&at_location, &in_store, false),
        (&in_store, &in_another, false),
        (&at_location, &in_another, false),
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
