//! Roles: named sets of scopes. What a role does not list it does not allow.

use std::fmt;
use std::str::FromStr;

use super::{Scope, Scopes};
use crate::kernel::id::{InvalidId, RoleId};

/// What somebody is to an organization. Written `owner`, or the id of a custom role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Everything, other owners and identity providers included.
    Owner,
    /// Everything but what could make an owner of oneself.
    Admin,
    /// Runs the shop.
    Member,
    /// Looks, and changes nothing but the own account.
    Viewer,
    /// A shopper with an account.
    Customer,
    /// A shopper without one: whoever holds a publishable key.
    Guest,
    /// A third-party app or a secret key. For an app it is the most that it can be given.
    App,
    /// A permission set of the organization's own. Its scopes are data.
    Custom(RoleId),
}

impl Role {
    pub const BUILT_IN: [Role; 7] =
        [Role::Owner, Role::Admin, Role::Member, Role::Viewer, Role::Customer, Role::Guest, Role::App];

    pub(super) const GUEST: Scopes =
        Scopes::of(&[Scope::AuthBegin, Scope::CatalogRead, Scope::CartWrite, Scope::CheckoutWrite]);

    const CUSTOMER: Scopes =
        Scopes::OF_ONESELF.union(Scopes::of(&[Scope::CatalogRead, Scope::CartWrite, Scope::CheckoutWrite]));

    const VIEWER: Scopes = Scopes::OF_ONESELF.union(Scopes::of(&[
        Scope::CatalogRead,
        Scope::PricingRead,
        Scope::PromotionsRead,
        Scope::OrdersRead,
        Scope::CustomersRead,
        Scope::OrganizationRead,
        Scope::MembersRead,
        Scope::TaxRead,
        Scope::ShippingRead,
        Scope::GiftCardsRead,
        Scope::StoreCreditRead,
        Scope::InventoryRead,
    ]));

    const MEMBER: Scopes = Role::VIEWER.union(Scopes::of(&[
        Scope::CatalogWrite,
        Scope::PricingWrite,
        Scope::PromotionsWrite,
        Scope::CartWrite,
        Scope::CheckoutWrite,
        Scope::OrdersWrite,
        Scope::PaymentsWrite,
        Scope::CustomersWrite,
        Scope::TaxWrite,
        Scope::ShippingWrite,
        Scope::GiftCardsWrite,
        Scope::StoreCreditWrite,
        Scope::InventoryWrite,
    ]));

    // `auth:begin` and `tokens:introspect` are here to be given to keys and apps: nobody gives what they lack.
    const ADMIN: Scopes = Role::MEMBER.union(Scopes::of(&[
        Scope::AuthBegin,
        Scope::OrganizationWrite,
        Scope::StoresWrite,
        Scope::StoresReport,
        Scope::MembersWrite,
        Scope::MembersImpersonate,
        Scope::KeysRead,
        Scope::KeysWrite,
        Scope::AppsRead,
        Scope::AppsWrite,
        Scope::AuditRead,
        Scope::TokensIntrospect,
    ]));

    const OWNER: Scopes = Role::ADMIN.union(Scopes::of(&[Scope::ProvidersWrite]));

    // Nothing that makes credentials: a leaked key must not be able to outlive its revocation.
    pub(super) const APP: Scopes = Role::GUEST.union(Scopes::of(&[
        Scope::CatalogWrite,
        Scope::PricingRead,
        Scope::PricingWrite,
        Scope::PromotionsRead,
        Scope::PromotionsWrite,
        Scope::OrdersRead,
        Scope::OrdersWrite,
        Scope::PaymentsWrite,
        Scope::CustomersRead,
        Scope::CustomersWrite,
        Scope::OrganizationRead,
        Scope::StoresReport,
        Scope::TokensIntrospect,
        Scope::TaxRead,
        Scope::TaxWrite,
        Scope::ShippingRead,
        Scope::ShippingWrite,
        Scope::GiftCardsRead,
        Scope::GiftCardsWrite,
        Scope::StoreCreditRead,
        Scope::StoreCreditWrite,
        Scope::InventoryRead,
        Scope::InventoryWrite,
    ]));

    /// The scopes of a built-in role; `None` for a custom one, whose scopes are stored.
    pub const fn built_in_scopes(self) -> Option<Scopes> {
        match self {
            Role::Owner => Some(Role::OWNER),
            Role::Admin => Some(Role::ADMIN),
            Role::Member => Some(Role::MEMBER),
            Role::Viewer => Some(Role::VIEWER),
            Role::Customer => Some(Role::CUSTOMER),
            Role::Guest => Some(Role::GUEST),
            Role::App => Some(Role::APP),
            Role::Custom(_) => None,
        }
    }

    /// What the role allows. `stored` are the scopes of a custom role, and count for nothing with a built-in one. A
    /// custom role is never more than an owner's, and whoever has it looks after the own account whatever it says.
    pub const fn scopes(self, stored: Scopes) -> Scopes {
        match self.built_in_scopes() {
            Some(scopes) => scopes,
            None => stored.intersection(Role::OWNER).union(Scopes::OF_ONESELF),
        }
    }

    /// Whether a member of the organization can have it, which customers, guests and apps are not.
    pub const fn is_staff(self) -> bool {
        match self {
            Role::Owner | Role::Admin | Role::Member | Role::Viewer | Role::Custom(_) => true,
            Role::Customer | Role::Guest | Role::App => false,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Role::Owner => "owner",
            Role::Admin => "admin",
            Role::Member => "member",
            Role::Viewer => "viewer",
            Role::Customer => "customer",
            Role::Guest => "guest",
            Role::App => "app",
            Role::Custom(id) => return fmt::Display::fmt(id, f),
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected owner, admin, member, viewer, customer, guest, app or the id of a custom role (`role_...`)")]
pub struct UnknownRole;

impl From<InvalidId> for UnknownRole {
    fn from(_: InvalidId) -> UnknownRole {
        UnknownRole
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Role, UnknownRole> {
        Ok(match text {
            "owner" => Role::Owner,
            "admin" => Role::Admin,
            "member" => Role::Member,
            "viewer" => Role::Viewer,
            "customer" => Role::Customer,
            "guest" => Role::Guest,
            "app" => Role::App,
            id => Role::Custom(id.parse()?),
        })
    }
}

serde_as_text!(Role, "a role");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scopes(role: Role) -> Scopes {
        role.built_in_scopes().unwrap()
    }

    #[test]
    fn each_staff_role_holds_what_the_lower_one_holds() {
        for pair in [Role::Viewer, Role::Member, Role::Admin, Role::Owner].windows(2) {
            assert!(scopes(pair[0]).is_subset(scopes(pair[1])), "{} in {}", pair[0], pair[1]);
            assert_ne!(scopes(pair[0]), scopes(pair[1]));
        }
    }

    #[test]
    fn an_admin_can_give_the_scopes_of_every_role_but_the_owners() {
        for role in Role::BUILT_IN {
            assert_eq!(scopes(role).is_subset(scopes(Role::Admin)), role != Role::Owner, "{role}");
        }
    }

    #[test]
    fn nobody_works_as_a_job_and_a_viewer_changes_only_the_own_account() {
        for role in Role::BUILT_IN {
            assert!(!scopes(role).contains(Scope::JobsRun), "{role}");
        }
        let writes: Vec<&str> =
            scopes(Role::Viewer).iter().map(Scope::name).filter(|name| !name.ends_with(":read")).collect();
        assert_eq!(writes, ["profile:write", "sessions:write"]);
    }

    #[test]
    fn who_has_a_custom_role_looks_after_the_own_account() {
        let custom = Role::Custom(RoleId::from_u128(1));
        let clerk = Scopes::of(&[Scope::OrdersRead]);
        assert_eq!(custom.scopes(clerk), clerk.union(Scopes::OF_ONESELF));
        assert_eq!(custom.scopes(Scopes::of(&[Scope::JobsRun])), Scopes::OF_ONESELF);
        for role in Role::BUILT_IN.into_iter().filter(|role| role.is_staff()).chain([Role::Customer]) {
            assert!(Scopes::OF_ONESELF.is_subset(role.scopes(Scopes::NONE)), "{role}");
        }
    }

    #[test]
    fn a_shopper_sees_nothing_of_others() {
        for role in [Role::Customer, Role::Guest] {
            let foreign = [
                Scope::OrdersRead,
                Scope::CustomersRead,
                Scope::MembersRead,
                Scope::PaymentsWrite,
                // Codes that nobody has told them.
                Scope::PromotionsRead,
            ];
            assert!(scopes(role).intersection(Scopes::of(&foreign)).is_empty(), "{role}");
            assert!(!role.is_staff());
        }
    }

    #[test]
    fn other_texts_are_no_roles() {
        for text in ["", "Owner", "owner ", "root", "role_", "usr_01h455vb4pex5vsknk084sn02q"] {
            assert_eq!(text.parse::<Role>(), Err(UnknownRole), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_role_survives_its_text(id: u128, at in 0..Role::BUILT_IN.len()) {
            for role in [Role::BUILT_IN[at], Role::Custom(RoleId::from_u128(id))] {
                prop_assert_eq!(role.to_string().parse(), Ok(role));
            }
        }
    }
}
