//! Custom roles: permission sets of an organization's own.

use super::membership::{Member, MembershipError};
use crate::identity::{Permissions, Scope, Scopes};

/// Why a permission set is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CustomRoleError {
    #[error(transparent)]
    Membership(#[from] MembershipError),
    #[error("a role needs at least one scope")]
    Empty,
    /// Names them.
    #[error("nobody can define a role with more than they are allowed themselves: {0}")]
    BeyondOwn(Scopes),
}

/// Whether `actor` may define a role of `scopes`: a new one, or one that had the scopes `before`. Whoever holds it loses
/// `before` and gets `scopes`, so the actor must hold both, everywhere. Deleting it takes the same right as leaving it
/// as it is.
///
/// # Errors
/// [`CustomRoleError`].
pub fn define_role(actor: &Member, before: Scopes, scopes: Scopes) -> Result<(), CustomRoleError> {
    actor.may(Scope::MembersWrite)?;
    if scopes.is_empty() {
        return Err(CustomRoleError::Empty);
    }
    let holds = |scope: &Scope| {
        let wanted = Permissions::new(Scopes::of(&[*scope]), &[]);
        actor.appointment.permissions().covers(&wanted)
    };
    let beyond: Scopes = before.union(scopes).iter().filter(|scope| !holds(scope)).collect();
    if beyond.is_empty() { Ok(()) } else { Err(CustomRoleError::BeyondOwn(beyond)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::identity::{Denial, Role, any_scopes};
    use crate::organizations::membership::tests::member;

    #[test]
    fn a_role_is_made_of_what_its_maker_holds() {
        let admin = member(1, Role::Admin);
        let clerk = Scopes::of(&[Scope::OrdersRead, Scope::OrdersWrite]);
        assert_eq!(define_role(&admin, Scopes::NONE, clerk), Ok(()));
        assert_eq!(define_role(&admin, clerk, Scopes::NONE), Err(CustomRoleError::Empty));
        let beyond = Scopes::of(&[Scope::ProvidersWrite]);
        for (before, scopes) in [(Scopes::NONE, clerk.union(beyond)), (clerk.union(beyond), clerk)] {
            assert_eq!(define_role(&admin, before, scopes), Err(CustomRoleError::BeyondOwn(beyond)));
        }
        let denied = MembershipError::Denied(Denial::MissingScope(Scope::MembersWrite));
        assert_eq!(define_role(&member(1, Role::Member), Scopes::NONE, clerk), Err(denied.into()));
        let job = Scopes::of(&[Scope::JobsRun]);
        assert_eq!(define_role(&member(1, Role::Owner), Scopes::NONE, job), Err(CustomRoleError::BeyondOwn(job)));
    }

    proptest! {
        #[test]
        fn a_role_that_may_be_defined_may_be_given(scopes in any_scopes()) {
            use crate::kernel::id::RoleId;
            use crate::organizations::{Appointment, appoint};
            let admin = member(1, Role::Admin);
            let role = Appointment::new(Role::Custom(RoleId::from_u128(1)), scopes, &[]);
            if !scopes.is_empty() && !scopes.contains(Scope::JobsRun) {
                prop_assert_eq!(define_role(&admin, Scopes::NONE, scopes).is_ok(), appoint(&admin, &role).is_ok());
            }
        }
    }
}
