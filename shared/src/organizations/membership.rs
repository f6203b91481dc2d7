//! Who may give which role to whom. Nobody gives, takes or changes more than they hold; only an owner deals with
//! owners; and there is always an owner who can.
//!
//! `owners` is the count of active owners that the decision was made on. Two owners who leave at once are both told
//! yes, so the commit must guard it in the database as well.

use crate::identity::{Denial, Grant, Permissions, Resource, Role, Scope, Scopes};
use crate::kernel::id::AccountId;

/// A role with what it allows its holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appointment {
    role: Role,
    permissions: Permissions,
}

impl Appointment {
    /// `stored` as in [`Role::scopes`].
    pub fn new(role: Role, stored: Scopes, grants: &[Grant]) -> Appointment {
        Appointment { role, permissions: Permissions::new(role.scopes(stored), grants) }
    }

    pub fn role(&self) -> Role {
        self.role
    }

    pub fn permissions(&self) -> &Permissions {
        &self.permissions
    }

    /// Whether one who holds `self` may deal with `other`: give it, take it or act in its name.
    pub(super) fn commands(&self, other: &Appointment) -> Result<(), MembershipError> {
        if other.role == Role::Owner && self.role != Role::Owner {
            return Err(MembershipError::OwnersOnly);
        }
        if self.permissions.covers(&other.permissions) { Ok(()) } else { Err(MembershipError::BeyondOwn) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberState {
    Active,
    /// Keeps the role, and can do nothing with it.
    Suspended,
}

named!(MemberState, UnknownMemberState, "active or suspended", {
    Active = "active",
    Suspended = "suspended",
});

/// A member of an organization's staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub account: AccountId,
    pub appointment: Appointment,
    pub state: MemberState,
}

impl Member {
    fn is_active_owner(&self) -> bool {
        self.appointment.role == Role::Owner && self.state == MemberState::Active
    }

    /// Whether the member is active and holds `scope` for the whole organization.
    pub(super) fn may(&self, scope: Scope) -> Result<(), MembershipError> {
        if self.state != MemberState::Active {
            return Err(MembershipError::ActorSuspended);
        }
        Ok(self.appointment.permissions.allows(scope, &Resource::of_organization())?)
    }
}

/// Why a change of the staff is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MembershipError {
    #[error(transparent)]
    Denied(#[from] Denial),
    #[error("a suspended member changes nothing")]
    ActorSuspended,
    /// Customers, guests and apps are no members.
    #[error("a member cannot have the role {0}")]
    NotForStaff(Role),
    #[error("only an owner can make, change or remove an owner")]
    OwnersOnly,
    #[error("nobody can give or change more than they are allowed themselves")]
    BeyondOwn,
    #[error("the last owner must stay")]
    LastOwner,
    #[error("the member is already {0}")]
    AlreadyIn(MemberState),
}

/// Whether `actor` may make somebody a member, or invite them to be one.
///
/// # Errors
/// [`MembershipError`].
pub fn appoint(actor: &Member, appointment: &Appointment) -> Result<(), MembershipError> {
    actor.may(Scope::MembersWrite)?;
    if !appointment.role.is_staff() {
        return Err(MembershipError::NotForStaff(appointment.role));
    }
    actor.appointment.commands(appointment)
}

/// Whether `actor` may give `target` another role, or narrow or widen the one they have.
///
/// # Errors
/// [`MembershipError`].
pub fn change_role(actor: &Member, target: &Member, to: &Appointment, owners: u32) -> Result<(), MembershipError> {
    touch(actor, target)?;
    appoint(actor, to)?;
    if to.role == Role::Owner { Ok(()) } else { spare_the_last_owner(target, owners) }
}

/// # Errors
/// [`MembershipError`].
pub fn suspend(actor: &Member, target: &Member, owners: u32) -> Result<(), MembershipError> {
    touch(actor, target)?;
    if target.state == MemberState::Suspended {
        return Err(MembershipError::AlreadyIn(target.state));
    }
    spare_the_last_owner(target, owners)
}

/// Ends a suspension.
///
/// # Errors
/// [`MembershipError`].
pub fn resume(actor: &Member, target: &Member) -> Result<(), MembershipError> {
    touch(actor, target)?;
    if target.state == MemberState::Active { Err(MembershipError::AlreadyIn(target.state)) } else { Ok(()) }
}

/// # Errors
/// [`MembershipError`].
pub fn remove(actor: &Member, target: &Member, owners: u32) -> Result<(), MembershipError> {
    touch(actor, target)?;
    spare_the_last_owner(target, owners)
}

/// Whether a member may leave by themselves, which needs no scope.
///
/// # Errors
/// [`MembershipError::LastOwner`].
pub fn leave(member: &Member, owners: u32) -> Result<(), MembershipError> {
    spare_the_last_owner(member, owners)
}

fn touch(actor: &Member, target: &Member) -> Result<(), MembershipError> {
    actor.may(Scope::MembersWrite)?;
    actor.appointment.commands(&target.appointment)
}

fn spare_the_last_owner(target: &Member, owners: u32) -> Result<(), MembershipError> {
    if target.is_active_owner() && owners <= 1 { Err(MembershipError::LastOwner) } else { Ok(()) }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::identity::Narrowing;
    use crate::kernel::id::{RoleId, StoreId};

    pub fn appointment(role: Role) -> Appointment {
        Appointment::new(role, Scopes::NONE, &[])
    }

    pub fn member(account: u128, role: Role) -> Member {
        Member { account: AccountId::from_u128(account), appointment: appointment(role), state: MemberState::Active }
    }

    fn custom(scopes: &[Scope]) -> Appointment {
        Appointment::new(Role::Custom(RoleId::from_u128(1)), Scopes::of(scopes), &[])
    }

    #[test]
    fn who_may_make_whom() {
        use MembershipError::{BeyondOwn, Denied, NotForStaff, OwnersOnly};
        let missing = Denied(Denial::MissingScope(Scope::MembersWrite));
        for (actor, given, expected) in [
            (Role::Owner, Role::Owner, Ok(())),
            (Role::Owner, Role::Admin, Ok(())),
            (Role::Admin, Role::Owner, Err(OwnersOnly)),
            (Role::Admin, Role::Admin, Ok(())),
            (Role::Admin, Role::Viewer, Ok(())),
            (Role::Admin, Role::Customer, Err(NotForStaff(Role::Customer))),
            (Role::Owner, Role::App, Err(NotForStaff(Role::App))),
            (Role::Member, Role::Viewer, Err(missing)),
            (Role::Viewer, Role::Viewer, Err(missing)),
        ] {
            assert_eq!(appoint(&member(1, actor), &appointment(given)), expected, "{actor} makes {given}");
        }
        let admin = member(1, Role::Admin);
        assert_eq!(appoint(&admin, &custom(&[Scope::OrdersRead])), Ok(()));
        assert_eq!(appoint(&admin, &custom(&[Scope::ProvidersWrite])), Err(BeyondOwn));
        assert_eq!(custom(&[Scope::JobsRun]).permissions().scopes(), Scopes::OF_ONESELF);
    }

    #[test]
    fn who_holds_everything_is_still_no_owner() {
        let all = Appointment::new(Role::Custom(RoleId::from_u128(1)), Scopes::all(), &[]);
        let actor = Member { appointment: all, ..member(1, Role::Viewer) };
        let owner = member(2, Role::Owner);
        assert_eq!(appoint(&actor, &owner.appointment), Err(MembershipError::OwnersOnly));
        assert_eq!(suspend(&actor, &owner, 2), Err(MembershipError::OwnersOnly));
        assert_eq!(change_role(&actor, &owner, &appointment(Role::Viewer), 2), Err(MembershipError::OwnersOnly));
    }

    #[test]
    fn whose_role_is_narrowed_gives_nothing_beyond() {
        let to = Narrowing { store: Some(StoreId::from_u128(1)), ..Narrowing::default() };
        let here = |scopes: &[Scope]| Grant { scopes: Scopes::of(scopes), to: to.clone() };
        let everywhere = Grant { scopes: Scopes::of(&[Scope::MembersWrite]), to: Narrowing::default() };
        let grants = [everywhere, here(&[Scope::OrdersRead])];
        let manager =
            Member { appointment: Appointment::new(Role::Admin, Scopes::NONE, &grants), ..member(1, Role::Admin) };
        let clerk = |grant: Grant| Appointment::new(Role::Viewer, Scopes::NONE, &[grant]);
        assert_eq!(appoint(&manager, &clerk(here(&[Scope::OrdersRead]))), Ok(()));
        assert_eq!(appoint(&manager, &clerk(here(&[Scope::CustomersRead]))), Err(MembershipError::BeyondOwn));
        assert_eq!(appoint(&manager, &appointment(Role::Viewer)), Err(MembershipError::BeyondOwn));
        let narrow = [here(&[Scope::MembersWrite, Scope::OrdersRead])];
        let manager = Member { appointment: Appointment::new(Role::Admin, Scopes::NONE, &narrow), ..manager };
        let elsewhere = MembershipError::Denied(Denial::Elsewhere(Scope::MembersWrite));
        assert_eq!(appoint(&manager, &clerk(here(&[Scope::OrdersRead]))), Err(elsewhere));
    }

    #[test]
    fn the_last_owner_stays_an_active_owner() {
        let owner = member(1, Role::Owner);
        let refused = Err(MembershipError::LastOwner);
        assert_eq!(leave(&owner, 1), refused);
        assert_eq!(remove(&owner, &owner, 1), refused);
        assert_eq!(suspend(&owner, &owner, 1), refused);
        assert_eq!(change_role(&owner, &owner, &appointment(Role::Admin), 1), refused);
        assert_eq!(change_role(&owner, &owner, &appointment(Role::Owner), 1), Ok(()));
        assert_eq!(leave(&owner, 2), Ok(()));
        let suspended = Member { state: MemberState::Suspended, ..member(2, Role::Owner) };
        assert_eq!(remove(&owner, &suspended, 1), Ok(()), "it was not the one who counted");
        assert_eq!(leave(&member(3, Role::Viewer), 1), Ok(()));
    }

    #[test]
    fn a_suspended_member_changes_nothing_and_is_suspended_once() {
        let owner = member(1, Role::Owner);
        let suspended = Member { state: MemberState::Suspended, ..member(2, Role::Owner) };
        assert_eq!(appoint(&suspended, &appointment(Role::Viewer)), Err(MembershipError::ActorSuspended));
        assert_eq!(suspend(&owner, &suspended, 1), Err(MembershipError::AlreadyIn(MemberState::Suspended)));
        assert_eq!(resume(&owner, &suspended), Ok(()));
        assert_eq!(resume(&owner, &member(3, Role::Viewer)), Err(MembershipError::AlreadyIn(MemberState::Active)));
    }

    fn any_appointment() -> impl Strategy<Value = Appointment> {
        let scopes = crate::identity::any_scopes();
        let store = prop::option::of(0_u128..2);
        (0..6_usize, scopes, store).prop_map(|(at, scopes, store)| {
            let role =
                *Role::BUILT_IN.get(at).filter(|role| role.is_staff()).unwrap_or(&Role::Custom(RoleId::from_u128(1)));
            let to = Narrowing { store: store.map(StoreId::from_u128), ..Narrowing::default() };
            let grants = [Grant { scopes: Scopes::all(), to }];
            Appointment::new(role, scopes, if store.is_some() { &grants } else { &[] })
        })
    }

    /// One try of one member at another: which ones, what, and which role.
    fn any_try() -> impl Strategy<Value = (prop::sample::Index, prop::sample::Index, u8, Appointment)> {
        (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..6_u8, any_appointment())
    }

    fn apply(staff: &mut Vec<Member>, who: usize, whom: usize, what: u8, to: &Appointment) {
        let owners = u32::try_from(staff.iter().filter(|member| member.is_active_owner()).count()).unwrap();
        let (actor, target) = (staff[who].clone(), staff[whom].clone());
        match what {
            0 if appoint(&actor, to).is_ok() && staff.len() < 12 => {
                let account = AccountId::from_u128(u128::try_from(staff.len()).unwrap() + 100);
                staff.push(Member { account, appointment: to.clone(), state: MemberState::Active });
            }
            1 if change_role(&actor, &target, to, owners).is_ok() => staff[whom].appointment = to.clone(),
            2 if suspend(&actor, &target, owners).is_ok() => staff[whom].state = MemberState::Suspended,
            3 if resume(&actor, &target).is_ok() => staff[whom].state = MemberState::Active,
            4 if remove(&actor, &target, owners).is_ok() => drop(staff.remove(whom)),
            5 if leave(&actor, owners).is_ok() => drop(staff.remove(who)),
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn whatever_happens_an_active_owner_is_there(tries in prop::collection::vec(any_try(), 1..60)) {
            let mut staff = vec![member(1, Role::Owner), member(2, Role::Admin), member(3, Role::Owner)];
            for (who, whom, what, to) in tries {
                let (who, whom) = (who.index(staff.len()), whom.index(staff.len()));
                apply(&mut staff, who, whom, what, &to);
                prop_assert!(staff.iter().any(Member::is_active_owner));
            }
        }

        #[test]
        fn without_an_owners_hand_nobody_gets_more_than_somebody_had(
            others in prop::collection::vec(any_appointment(), 1..5), tries in prop::collection::vec(any_try(), 1..60),
        ) {
            let mut staff = vec![member(1, Role::Owner)];
            for (account, appointment) in (2..).zip(others) {
                if appointment.role != Role::Owner {
                    staff.push(Member { appointment, ..member(account, Role::Viewer) });
                }
            }
            let before = staff.clone();
            for (who, whom, what, to) in tries {
                let (who, whom) = (who.index(staff.len()), whom.index(staff.len()));
                if staff[who].appointment.role != Role::Owner {
                    apply(&mut staff, who, whom, what, &to);
                }
            }
            prop_assert_eq!(staff.iter().filter(|member| member.appointment.role == Role::Owner).count(), 1);
            for member in staff.iter().filter(|member| member.appointment.role != Role::Owner) {
                let covered = before
                    .iter()
                    .filter(|old| old.appointment.role != Role::Owner)
                    .any(|old| old.appointment.permissions.covers(&member.appointment.permissions));
                prop_assert!(covered, "{:?}", member);
            }
        }
    }
}
