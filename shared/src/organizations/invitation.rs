//! Invitations to the staff: open until accepted, revoked or expired, and each only once.

use crate::kernel::email::Email;
use crate::kernel::time::Timestamp;

/// How long an invitation stays open, in milliseconds: a week.
pub const INVITATION_MILLIS: i64 = 604_800_000;

/// What decides an invitation's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invitation {
    pub expires_at: Timestamp,
    pub accepted_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationState {
    Open,
    Accepted,
    Revoked,
    Expired,
}

named!(InvitationState, UnknownInvitationState, "open, accepted, revoked or expired", {
    Open = "open",
    Accepted = "accepted",
    Revoked = "revoked",
    Expired = "expired",
});

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvitationError {
    #[error("the invitation is {0}")]
    NotOpen(InvitationState),
    /// Does not say to whom.
    #[error("the invitation was sent to another e-mail address")]
    OtherEmail,
}

impl Invitation {
    pub fn state(&self, now: Timestamp) -> InvitationState {
        if self.accepted_at.is_some() {
            InvitationState::Accepted
        } else if self.revoked_at.is_some() {
            InvitationState::Revoked
        } else if self.expires_at <= now {
            InvitationState::Expired
        } else {
            InvitationState::Open
        }
    }

    /// Whether the account with the address `accepting` may accept what was sent to `invited`; capitals do not matter.
    ///
    /// # Errors
    /// [`InvitationError`].
    pub fn accept(&self, invited: &Email, accepting: &Email, now: Timestamp) -> Result<(), InvitationError> {
        self.while_open(now)?;
        let is_same = invited.as_str().to_lowercase() == accepting.as_str().to_lowercase();
        if is_same { Ok(()) } else { Err(InvitationError::OtherEmail) }
    }

    /// # Errors
    /// [`InvitationError::NotOpen`].
    pub fn revoke(&self, now: Timestamp) -> Result<(), InvitationError> {
        self.while_open(now)
    }

    fn while_open(&self, now: Timestamp) -> Result<(), InvitationError> {
        match self.state(now) {
            InvitationState::Open => Ok(()),
            state @ (InvitationState::Accepted | InvitationState::Revoked | InvitationState::Expired) => {
                Err(InvitationError::NotOpen(state))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn only_an_open_invitation_can_be_accepted_or_revoked() {
        let email: Email = "ada@example.com".parse().unwrap();
        let open = Invitation { expires_at: at(1_000), accepted_at: None, revoked_at: None };
        let accepted = Invitation { accepted_at: Some(at(500)), ..open };
        let revoked = Invitation { revoked_at: Some(at(500)), ..open };
        for (invitation, now, state) in [
            (open, 999, InvitationState::Open),
            (open, 1_000, InvitationState::Expired),
            (accepted, 999, InvitationState::Accepted),
            (accepted, 1_000, InvitationState::Accepted),
            (revoked, 999, InvitationState::Revoked),
            (Invitation { revoked_at: Some(at(501)), ..accepted }, 999, InvitationState::Accepted),
        ] {
            assert_eq!(invitation.state(at(now)), state);
            let expected = if state == InvitationState::Open { Ok(()) } else { Err(InvitationError::NotOpen(state)) };
            assert_eq!(invitation.accept(&email, &email, at(now)), expected);
            assert_eq!(invitation.revoke(at(now)), expected);
            assert_eq!(state.name().parse(), Ok(state));
        }
    }

    #[test]
    fn an_invitation_is_for_the_one_it_was_sent_to() {
        let open = Invitation { expires_at: at(1_000), accepted_at: None, revoked_at: None };
        let [ada, upper, eve] =
            ["ada@example.com", "ADA@EXAMPLE.COM", "eve@example.com"].map(|text| text.parse::<Email>().unwrap());
        assert_eq!(open.accept(&ada, &upper, at(0)), Ok(()));
        assert_eq!(open.accept(&ada, &eve, at(0)), Err(InvitationError::OtherEmail));
    }
}
