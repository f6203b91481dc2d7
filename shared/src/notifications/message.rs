//! What a mail is about, with what it says.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::kernel::time::Timestamp;

/// What a mail is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MailKind {
    VerifyEmail,
    ResetPassword,
    MagicLink,
    Invitation,
    Welcome,
    PasswordChanged,
    AlreadyRegistered,
    ChangeEmail,
    EmailChanging,
    EmailChanged,
    IdentityLinked,
    IdentityUnlinked,
    PasskeyAdded,
    PasskeyRemoved,
    SecondFactorOn,
    SecondFactorOff,
    RecoveryCodesReplaced,
}

named!(MailKind, UnknownMailKind, "a kind of mail", {
    VerifyEmail = "verify-email",
    ResetPassword = "reset-password",
    MagicLink = "magic-link",
    Invitation = "invitation",
    Welcome = "welcome",
    PasswordChanged = "password-changed",
    AlreadyRegistered = "already-registered",
    ChangeEmail = "change-email",
    EmailChanging = "email-changing",
    EmailChanged = "email-changed",
    IdentityLinked = "identity-linked",
    IdentityUnlinked = "identity-unlinked",
    PasskeyAdded = "passkey-added",
    PasskeyRemoved = "passkey-removed",
    SecondFactorOn = "second-factor-on",
    SecondFactorOff = "second-factor-off",
    RecoveryCodesReplaced = "recovery-codes-replaced",
});

/// A mail's values. Links are made by [`BaseUrl`](super::BaseUrl); `minutes` is how long one is good for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Message {
    VerifyEmail {
        link: String,
        minutes: u32,
    },
    ResetPassword {
        link: String,
        minutes: u32,
    },
    MagicLink {
        link: String,
        minutes: u32,
    },
    Invitation {
        link: String,
        minutes: u32,
        organization: String,
        /// The name of who invites.
        inviter: Option<String>,
    },
    Welcome {
        /// The person's name.
        name: Option<String>,
        /// To the storefront.
        link: Option<String>,
    },
    PasswordChanged {
        at: Timestamp,
        /// To where it is reset, for whoever did not change it.
        link: Option<String>,
    },
    /// Somebody tried to register with the address of an account, or to move another account to it.
    AlreadyRegistered {
        /// To where the password is reset.
        link: Option<String>,
    },
    /// To the address that an account shall have from now on.
    ChangeEmail {
        link: String,
        minutes: u32,
    },
    /// To the address that the account has until then.
    EmailChanging {
        at: Timestamp,
        link: Option<String>,
    },
    /// To the address that the account had until then. It resets no password any more: whoever did not change it has to
    /// ask the shop.
    EmailChanged {
        at: Timestamp,
        /// To the storefront.
        link: Option<String>,
    },
    /// What opens the account has changed. `link` leads to where the person sees all of it.
    IdentityLinked {
        /// The provider's name.
        what: String,
        at: Timestamp,
        link: Option<String>,
    },
    IdentityUnlinked {
        /// The provider's name.
        what: String,
        at: Timestamp,
        link: Option<String>,
    },
    PasskeyAdded {
        /// What the person calls it.
        what: String,
        at: Timestamp,
        link: Option<String>,
    },
    PasskeyRemoved {
        /// What the person called it.
        what: String,
        at: Timestamp,
        link: Option<String>,
    },
    SecondFactorOn {
        at: Timestamp,
        link: Option<String>,
    },
    SecondFactorOff {
        at: Timestamp,
        link: Option<String>,
    },
    RecoveryCodesReplaced {
        at: Timestamp,
        link: Option<String>,
    },
}

impl Message {
    pub const fn kind(&self) -> MailKind {
        match self {
            Message::VerifyEmail { .. } => MailKind::VerifyEmail,
            Message::ResetPassword { .. } => MailKind::ResetPassword,
            Message::MagicLink { .. } => MailKind::MagicLink,
            Message::Invitation { .. } => MailKind::Invitation,
            Message::Welcome { .. } => MailKind::Welcome,
            Message::PasswordChanged { .. } => MailKind::PasswordChanged,
            Message::AlreadyRegistered { .. } => MailKind::AlreadyRegistered,
            Message::ChangeEmail { .. } => MailKind::ChangeEmail,
            Message::EmailChanging { .. } => MailKind::EmailChanging,
            Message::EmailChanged { .. } => MailKind::EmailChanged,
            Message::IdentityLinked { .. } => MailKind::IdentityLinked,
            Message::IdentityUnlinked { .. } => MailKind::IdentityUnlinked,
            Message::PasskeyAdded { .. } => MailKind::PasskeyAdded,
            Message::PasskeyRemoved { .. } => MailKind::PasskeyRemoved,
            Message::SecondFactorOn { .. } => MailKind::SecondFactorOn,
            Message::SecondFactorOff { .. } => MailKind::SecondFactorOff,
            Message::RecoveryCodesReplaced { .. } => MailKind::RecoveryCodesReplaced,
        }
    }
}

/// Its values are secrets or personal.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({})", self.kind())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_survives_its_json_and_keeps_its_secret_from_logs() {
        let message = Message::Invitation {
            link: "https://shop.example/invitation#token=secret".to_owned(),
            minutes: 60,
            organization: "Acme".to_owned(),
            inviter: None,
        };
        let json = serde_json::to_string(&message).unwrap();
        assert!(json.contains(r#""kind":"invitation""#), "{json}");
        assert_eq!(serde_json::from_str::<Message>(&json).unwrap(), message);
        assert_eq!(format!("{message:?}"), "Message(invitation)");
    }
}
