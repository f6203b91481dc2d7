//! Sending mail.

pub mod http;
pub mod memory;

use std::fmt;

use headlesspro_shared::kernel::email::Email;

use super::BoxFuture;

/// One mail to one person.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The same for each attempt to send this mail, so that a provider can tell a repeat.
    pub id: String,
    pub to: Email,
    /// One line.
    pub subject: String,
    pub text: String,
    /// A whole document.
    pub html: String,
}

/// Mails hold secrets and are personal: only their id may be told.
impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mail({})", self.id)
    }
}

/// Why a mail was not taken. Says nothing of the mail, nor of the settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// The provider will not take this mail, however often it is asked.
    #[error("refused: {0}")]
    Refused(String),
    /// No answer, or one that asks to come again. The mail may have been taken.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

pub trait Mailer: Send + Sync {
    /// Hands a mail over for delivery.
    ///
    /// # Errors
    /// [`MailError`].
    fn send(&self, mail: Mail) -> BoxFuture<'_, Result<(), MailError>>;
}
