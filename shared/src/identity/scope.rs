//! Scopes: what a route needs, and what a key, a role or a token carries.

use std::fmt;
use std::str::FromStr;

use super::{KeyKind, Role};

macro_rules! scopes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// One permission. A route names the one it needs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Scope {
            $($(#[$doc])* $variant,)*
        }

        impl Scope {
            /// Every scope, in the order in which a set is written.
            pub const ALL: [Scope; [$($name),*].len()] = [$(Scope::$variant,)*];

            /// The name on the wire and in the database: `catalog:read`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Scope::$variant => $name,)*
                }
            }

            fn of_name(name: &str) -> Option<Scope> {
                match name {
                    $($name => Some(Scope::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

scopes! {
    /// Register, log in, reset a password: the routes of somebody who is not known yet.
    AuthBegin = "auth:begin",
    /// One's own account, addresses and orders.
    ProfileRead = "profile:read",
    /// One's own account: name, addresses, password, passkeys, second factor.
    ProfileWrite = "profile:write",
    /// List and end one's own sessions.
    SessionsWrite = "sessions:write",
    CatalogRead = "catalog:read",
    CatalogWrite = "catalog:write",
    /// Price lists, customer groups, exchange rates.
    PricingRead = "pricing:read",
    PricingWrite = "pricing:write",
    PromotionsRead = "promotions:read",
    PromotionsWrite = "promotions:write",
    CartWrite = "cart:write",
    CheckoutWrite = "checkout:write",
    /// Everybody's orders; one's own are in `profile:read`.
    OrdersRead = "orders:read",
    OrdersWrite = "orders:write",
    PaymentsWrite = "payments:write",
    CustomersRead = "customers:read",
    CustomersWrite = "customers:write",
    OrganizationRead = "organization:read",
    /// Settings of the organization.
    OrganizationWrite = "organization:write",
    /// Open, change and connect stores.
    StoresWrite = "stores:write",
    /// Say how a store's connection is.
    StoresReport = "stores:report",
    MembersRead = "members:read",
    /// Invite, suspend, change roles and define them.
    MembersWrite = "members:write",
    MembersImpersonate = "members:impersonate",
    KeysRead = "keys:read",
    KeysWrite = "keys:write",
    AppsRead = "apps:read",
    AppsWrite = "apps:write",
    /// Identity providers. Who sets one up can make it vouch for anybody, an owner included.
    ProvidersWrite = "providers:write",
    AuditRead = "audit:read",
    /// Ask whether a token is good (RFC 7662).
    TokensIntrospect = "tokens:introspect",
    /// Work without a person: crons, queues. Only in service tokens of our own.
    JobsRun = "jobs:run",
    /// Zones and rates of taxes, and what customers pay none by.
    TaxRead = "tax:read",
    TaxWrite = "tax:write",
    /// Zones and methods of shipping, and what they cost.
    ShippingRead = "shipping:read",
    ShippingWrite = "shipping:write",
    /// Gift cards with their balances; not their codes.
    GiftCardsRead = "gift-cards:read",
    /// Issue gift cards, disable them, correct their balances.
    GiftCardsWrite = "gift-cards:write",
    /// What customers have to their credit; one's own is in `profile:read`.
    StoreCreditRead = "store-credit:read",
    StoreCreditWrite = "store-credit:write",
    /// Locations, what is in stock at them, and what has moved it.
    InventoryRead = "inventory:read",
    InventoryWrite = "inventory:write",
}

impl Scope {
    const fn bit(self) -> u64 {
        match 1_u64.checked_shl(self as u32) {
            Some(bit) => bit,
            None => 0,
        }
    }
}

// A scope without a bit of its own would be in no set.
const _: () = assert!(Scope::ALL.len() <= 64);

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no scope {0:?}")]
pub struct UnknownScope(pub String);

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Scope, UnknownScope> {
        // Of a text of any length only the beginning is repeated.
        Scope::of_name(text).ok_or_else(|| UnknownScope(text.chars().take(40).collect()))
    }
}

serde_as_text!(Scope, "a scope such as catalog:read");

/// A set of scopes; as text, their names with blanks between (RFC 6749, section 3.3).
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u64);

impl Scopes {
    pub const NONE: Scopes = Scopes(0);

    /// What concerns the caller's own account only, so that no grant narrows it.
    pub const OF_ONESELF: Scopes = Scopes::of(&[Scope::ProfileRead, Scope::ProfileWrite, Scope::SessionsWrite]);

    pub const fn of(scopes: &[Scope]) -> Scopes {
        let (mut bits, mut rest) = (0, scopes);
        while let [scope, tail @ ..] = rest {
            bits |= scope.bit();
            rest = tail;
        }
        Scopes(bits)
    }

    /// Every scope, `jobs:run` included: a bound, and nothing to give to anybody.
    pub const fn all() -> Scopes {
        Scopes::of(&Scope::ALL)
    }

    /// What a new key of `kind` carries: a publishable key stands in every storefront's source, so it is a
    /// guest; a secret one works like an app.
    pub const fn of_new_key(kind: KeyKind) -> Scopes {
        match kind {
            KeyKind::Publishable => Role::GUEST,
            KeyKind::Secret => Role::APP,
        }
    }

    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    #[must_use]
    pub const fn union(self, other: Scopes) -> Scopes {
        Scopes(self.0 | other.0)
    }

    #[must_use]
    pub const fn intersection(self, other: Scopes) -> Scopes {
        Scopes(self.0 & other.0)
    }

    /// What is in `self` and not in `other`.
    #[must_use]
    pub const fn difference(self, other: Scopes) -> Scopes {
        Scopes(self.0 & !other.0)
    }

    pub const fn is_subset(self, other: Scopes) -> bool {
        self.difference(other).is_empty()
    }

    /// In the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Scopes {
        scopes.into_iter().fold(Scopes::NONE, |set, scope| Scopes(set.0 | scope.bit()))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, scope) in self.iter().enumerate() {
            if 0 < at {
                f.write_str(" ")?;
            }
            f.write_str(scope.name())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Scope::name)).finish()
    }
}

impl FromStr for Scopes {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Scopes, UnknownScope> {
        text.split_ascii_whitespace().map(Scope::from_str).collect()
    }
}

serde_as_text!(Scopes, "scopes with blanks between, such as catalog:read cart:write");

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    pub fn any_scope() -> impl Strategy<Value = Scope> {
        prop::sample::select(Scope::ALL.to_vec())
    }

    pub fn any_scopes() -> impl Strategy<Value = Scopes> {
        prop::collection::vec(any_scope(), 0..12).prop_map(|scopes| Scopes::of(&scopes))
    }

    #[test]
    fn every_scope_has_its_own_name_and_bit() {
        assert_eq!(Scope::ALL.map(Scope::name).into_iter().collect::<BTreeSet<_>>().len(), Scope::ALL.len());
        assert_eq!(Scopes::all().iter().collect::<Vec<_>>(), Scope::ALL);
        for scope in Scope::ALL {
            assert_eq!(scope.name().parse(), Ok(scope));
            assert!(scope.name().split_once(':').is_some_and(|(what, how)| !what.is_empty() && !how.is_empty()));
        }
        assert_eq!("catalog:burn".parse::<Scopes>(), Err(UnknownScope("catalog:burn".to_owned())));
        assert_eq!("Catalog:read".parse::<Scope>(), Err(UnknownScope("Catalog:read".to_owned())));
    }

    #[test]
    fn a_publishable_key_can_shop_and_let_people_in_and_nothing_else() {
        assert_eq!(
            Scopes::of_new_key(KeyKind::Publishable).to_string(),
            "auth:begin catalog:read cart:write checkout:write"
        );
    }

    #[test]
    fn a_secret_key_makes_no_credentials_and_is_no_person() {
        let scopes = Scopes::of_new_key(KeyKind::Secret);
        assert!(Scopes::of_new_key(KeyKind::Publishable).is_subset(scopes));
        for scope in [
            Scope::ProfileRead,
            Scope::KeysWrite,
            Scope::AppsWrite,
            Scope::MembersWrite,
            Scope::MembersImpersonate,
            Scope::ProvidersWrite,
            Scope::JobsRun,
        ] {
            assert!(!scopes.contains(scope), "{scope}");
        }
        for scope in [Scope::CatalogWrite, Scope::OrdersRead, Scope::PaymentsWrite] {
            assert!(scopes.contains(scope), "{scope}");
        }
    }

    #[test]
    fn serde_and_debug_use_the_names() {
        let scopes = Scopes::of(&[Scope::CartWrite, Scope::CatalogRead]);
        let json = serde_json::to_string(&scopes).unwrap();
        assert_eq!(json, "\"catalog:read cart:write\"");
        assert_eq!(serde_json::from_str::<Scopes>(&json).unwrap(), scopes);
        assert_eq!(format!("{scopes:?}"), "{\"catalog:read\", \"cart:write\"}");
        let error = serde_json::from_str::<Scopes>("\"catalog:burn\"").unwrap_err().to_string();
        assert!(error.contains("no scope \"catalog:burn\""), "{error}");
    }

    proptest! {
        #[test]
        fn scopes_survive_their_text(scopes in any_scopes()) {
            prop_assert_eq!(scopes.to_string().parse(), Ok(scopes));
            prop_assert_eq!(scopes.iter().collect::<Scopes>(), scopes);
        }

        #[test]
        fn sets_behave_as_sets(a in any_scopes(), b in any_scopes(), scope in any_scope()) {
            let (in_a, in_b) = (a.contains(scope), b.contains(scope));
            prop_assert_eq!(a.union(b).contains(scope), in_a || in_b);
            prop_assert_eq!(a.intersection(b).contains(scope), in_a && in_b);
            prop_assert_eq!(a.difference(b).contains(scope), in_a && !in_b);
            prop_assert_eq!(a.is_subset(b), a.iter().all(|scope| b.contains(scope)));
            prop_assert_eq!(a.is_empty(), a.iter().next().is_none());
        }

        #[test]
        fn hostile_text_never_panics(text in ".{0,60}") {
            let _ = text.parse::<Scopes>();
        }
    }
}
