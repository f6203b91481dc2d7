//! Scopes: what a route needs and a key carries.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::KeyKind;

/// One permission. A route names the one it needs; a key carries a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    CatalogRead,
    CatalogWrite,
    CartWrite,
    CheckoutWrite,
    OrdersRead,
    PaymentsWrite,
}

impl Scope {
    pub const ALL: [Scope; 6] = [
        Scope::CatalogRead,
        Scope::CatalogWrite,
        Scope::CartWrite,
        Scope::CheckoutWrite,
        Scope::OrdersRead,
        Scope::PaymentsWrite,
    ];

    /// The name on the wire and in the database: `catalog:read`.
    pub const fn name(self) -> &'static str {
        match self {
            Scope::CatalogRead => "catalog:read",
            Scope::CatalogWrite => "catalog:write",
            Scope::CartWrite => "cart:write",
            Scope::CheckoutWrite => "checkout:write",
            Scope::OrdersRead => "orders:read",
            Scope::PaymentsWrite => "payments:write",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no scope {0:?}")]
pub struct UnknownScope(pub String);

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Scope, UnknownScope> {
        Scope::ALL.into_iter().find(|scope| scope.name() == text).ok_or_else(|| UnknownScope(text.to_owned()))
    }
}

/// A set of scopes; as text, their names with blanks between.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// What a new key of `kind` carries. A publishable key stands in every storefront's source, so it
    /// may shop, and neither read orders nor say that one is paid.
    pub fn of_new_key(kind: KeyKind) -> Scopes {
        match kind {
            KeyKind::Publishable => {
                Scopes([Scope::CatalogRead, Scope::CartWrite, Scope::CheckoutWrite].into_iter().collect())
            }
            KeyKind::Secret => Scopes(Scope::ALL.into_iter().collect()),
        }
    }

    pub fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|scope| scope.name()).collect();
        f.write_str(&names.join(" "))
    }
}

impl FromStr for Scopes {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Scopes, UnknownScope> {
        text.split_ascii_whitespace().map(Scope::from_str).collect::<Result<_, _>>().map(Scopes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_survive_their_text() {
        for kind in [KeyKind::Publishable, KeyKind::Secret] {
            let scopes = Scopes::of_new_key(kind);
            assert_eq!(scopes.to_string().parse::<Scopes>(), Ok(scopes));
        }
        assert_eq!("catalog:burn".parse::<Scopes>(), Err(UnknownScope("catalog:burn".to_owned())));
    }

    #[test]
    fn a_publishable_key_cannot_read_orders_or_mark_them_paid() {
        let scopes = Scopes::of_new_key(KeyKind::Publishable);
        for scope in [Scope::OrdersRead, Scope::PaymentsWrite, Scope::CatalogWrite] {
            assert!(!scopes.contains(scope), "{scope}");
        }
    }
}
