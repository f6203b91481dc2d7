//! Impersonation: the staff sees what a customer or a colleague sees, and every step is written down under both names.

use super::membership::{Appointment, Member, MembershipError};
use crate::identity::{Permissions, Scope, Scopes};
use crate::kernel::id::AccountId;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImpersonationError {
    #[error(transparent)]
    Membership(#[from] MembershipError),
    #[error("nobody impersonates themselves")]
    Oneself,
    /// Two names are written down, not three.
    #[error("who is impersonated impersonates nobody")]
    Nested,
}

/// What no impersonation may do: lock the person out, or make credentials that outlive it.
const WITHHELD: Scopes = Scopes::of(&[
    Scope::ProfileWrite,
    Scope::SessionsWrite,
    Scope::MembersWrite,
    Scope::MembersImpersonate,
    Scope::KeysWrite,
    Scope::AppsWrite,
    Scope::ProvidersWrite,
]);

/// Whether `actor` may act as the account `target`, a customer or one of the staff; `nested` where the actor's own
/// session is an impersonation. Answers with what the impersonation may do.
///
/// # Errors
/// [`ImpersonationError`]: above all when the target may do anything that the actor may not.
pub fn impersonate(
    actor: &Member,
    nested: bool,
    target: AccountId,
    appointment: &Appointment,
) -> Result<Permissions, ImpersonationError> {
    actor.may(Scope::MembersImpersonate)?;
    if nested {
        return Err(ImpersonationError::Nested);
    }
    if actor.account == target {
        return Err(ImpersonationError::Oneself);
    }
    actor.appointment.commands(appointment)?;
    Ok(appointment.permissions().limited_to(Scopes::all().difference(WITHHELD)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::identity::{Denial, Resource, Role, any_scope, any_scopes};
    use crate::kernel::id::RoleId;
    use crate::organizations::MemberState;
    use crate::organizations::membership::tests::{appointment, member};

    fn target() -> AccountId {
        AccountId::from_u128(2)
    }

    #[test]
    fn nobody_becomes_one_who_may_more() {
        let missing = ImpersonationError::Membership(Denial::MissingScope(Scope::MembersImpersonate).into());
        let owners_only = ImpersonationError::Membership(MembershipError::OwnersOnly);
        for (actor, as_whom, expected) in [
            (Role::Owner, Role::Owner, None),
            (Role::Owner, Role::Customer, None),
            (Role::Admin, Role::Customer, None),
            (Role::Admin, Role::Admin, None),
            (Role::Admin, Role::Owner, Some(owners_only)),
            (Role::Member, Role::Customer, Some(missing)),
        ] {
            let outcome = impersonate(&member(1, actor), false, target(), &appointment(as_whom));
            assert_eq!(outcome.err(), expected, "{actor} as {as_whom}");
        }
    }

    #[test]
    fn an_impersonation_is_one_deep_and_of_somebody_else_by_somebody_active() {
        let (admin, customer) = (member(1, Role::Admin), appointment(Role::Customer));
        assert_eq!(impersonate(&admin, true, target(), &customer), Err(ImpersonationError::Nested));
        assert_eq!(impersonate(&admin, false, admin.account, &admin.appointment), Err(ImpersonationError::Oneself));
        let suspended = Member { state: MemberState::Suspended, ..admin };
        let refused = impersonate(&suspended, false, target(), &customer);
        assert_eq!(refused, Err(MembershipError::ActorSuspended.into()));
    }

    proptest! {
        #[test]
        fn an_impersonation_may_no_more_than_either_and_makes_no_credentials(
            actor in any_scopes(), as_whom in any_scopes(), scope in any_scope(),
        ) {
            let custom = |scopes| Appointment::new(Role::Custom(RoleId::from_u128(1)), scopes, &[]);
            let actor = Member { appointment: custom(actor), ..member(1, Role::Viewer) };
            let as_whom = custom(as_whom);
            let Ok(session) = impersonate(&actor, false, target(), &as_whom) else { return Ok(()) };
            let resource = Resource::of_organization();
            if session.allows(scope, &resource).is_ok() {
                prop_assert!(actor.appointment.permissions().allows(scope, &resource).is_ok());
                prop_assert!(as_whom.permissions().allows(scope, &resource).is_ok());
                prop_assert!(!WITHHELD.contains(scope));
            }
        }
    }
}
