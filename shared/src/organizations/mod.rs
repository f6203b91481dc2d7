//! Merchants: organizations, their stores and settings, and the people who work there.

mod custom_role;
mod impersonation;
mod invitation;
mod membership;
mod plan;
mod platform;
mod settings;
mod sign_up;

pub use custom_role::{CustomRoleError, define_role};
pub use impersonation::{ImpersonationError, impersonate};
pub use invitation::{INVITATION_MILLIS, Invitation, InvitationError, InvitationState, UnknownInvitationState};
pub use membership::{
    Appointment, Member, MemberState, MembershipError, UnknownMemberState, appoint, change_role, leave, remove, resume,
    suspend,
};
pub use plan::{IllegalStatus, OrganizationStatus, Plan, StatusAction, UnknownOrganizationStatus};
pub use platform::{Ability, ConnectError, Health, PLATFORMS, Platform, UnknownAbility, UnknownHealth, connect};
pub use settings::{
    InvalidTimezone, MOST_CURRENCIES, RoundingMode, Settings, SettingsChange, Status, TaxMode, Timezone,
    UnknownRoundingMode, UnknownStatus, UnknownTaxMode,
};
pub use sign_up::{
    FOUNDED_WITHIN_MILLIS, Foundings, InvalidFoundedName, MOST_FOUNDED, SignUp, UnknownSignUp, founded_name,
};
