//! What becomes of a registration, which answers the same in each case.

use super::Role;

/// The account that an address has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registered {
    pub role: Role,
    pub is_verified: bool,
    pub is_active: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// There is a new account.
    New,
    /// There was a registration that nobody has confirmed: another link is sent, with what was chosen now. Whoever
    /// registers a foreign address has nothing from it, first or last: a password becomes the account's only where
    /// whoever confirms the link it was chosen for gives it again.
    Again,
    /// There is an account: its owner is told.
    Known,
}

pub fn register(found: Option<Registered>) -> Registration {
    match found {
        None => Registration::New,
        Some(Registered { role: Role::Customer, is_verified: false, is_active: true }) => Registration::Again,
        Some(_) => Registration::Known,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unconfirmed_customer_is_registered_again() {
        let found = |role, is_verified, is_active| register(Some(Registered { role, is_verified, is_active }));
        assert_eq!(register(None), Registration::New);
        assert_eq!(found(Role::Customer, false, true), Registration::Again);
        for (role, is_verified, is_active) in [
            (Role::Customer, true, true),
            (Role::Customer, false, false),
            (Role::Owner, false, true),
            (Role::Owner, true, true),
        ] {
            assert_eq!(found(role, is_verified, is_active), Registration::Known, "{role}");
        }
    }
}
