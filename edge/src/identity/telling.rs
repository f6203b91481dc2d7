//! Mails to an account's owner when something has changed that opens it.

use headlesspro_shared::identity::Role;
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::id::{AccountId, EventKind};
use headlesspro_shared::kernel::locale::Locale;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::notifications::Message;

use super::mailed::TOLD_MILLIS;
use super::store::account;
use super::usecase::{data_key, email_of};
use crate::app::{App, Ctx, Tenant};
use crate::failure::{Failure, Unavailable};
use crate::notifications::{self, NewMail};
use crate::port::entropy::NoEntropy;
use crate::port::sql::{Rows, Statement};
use crate::vault::DataKey;

/// How a mail comes into a commit.
type Enqueue = fn(&App, Tenant, &DataKey, &NewMail<'_>, Timestamp) -> Result<Statement, NoEntropy>;

/// Who is to be told, and how.
pub struct Owner {
    pub account: AccountId,
    pub role: Role,
    pub email: Email,
    pub locale: Locale,
    pub key: DataKey,
}

impl Owner {
    /// The statement whose rows [`Owner::of`] takes.
    pub fn find(ctx: &Ctx, account: AccountId) -> Statement {
        account::with_password(ctx.tenant(), account)
    }

    /// # Errors
    /// [`Failure::NotFound`] when there is no such account, [`Failure::Unavailable`] when it does not read back.
    pub fn of<E>(ctx: &Ctx, rows: Option<&Rows>) -> Result<Owner, Failure<E>> {
        let row = rows.and_then(Rows::first).ok_or(Failure::NotFound)?;
        let (wrapped, found) = account::login_of(row)?;
        let found = found.ok_or(Failure::NotFound)?;
        let key = data_key(ctx.app(), ctx.tenant(), &wrapped)?;
        let email = email_of(ctx.tenant(), &key, found.id, row.get("email_sealed").map_err(Unavailable::from)?)?;
        Ok(Owner { account: found.id, role: found.role, email, locale: found.locale, key })
    }

    /// The statement that tells them, once the change is committed that it stands beside.
    ///
    /// # Errors
    /// [`NoEntropy`].
    pub fn tell(&self, ctx: &Ctx, message: &Message) -> Result<Statement, NoEntropy> {
        self.mail(ctx, message, notifications::enqueue)
    }

    /// As [`Owner::tell`], where the statement before it in the commit has changed something.
    ///
    /// # Errors
    /// [`NoEntropy`].
    pub fn tell_after(&self, ctx: &Ctx, message: &Message) -> Result<Statement, NoEntropy> {
        self.mail(ctx, message, notifications::enqueue_after)
    }

    fn mail(&self, ctx: &Ctx, message: &Message, enqueue: Enqueue) -> Result<Statement, NoEntropy> {
        let id = ctx.new_id::<EventKind>()?;
        let mail = NewMail {
            event_key: &format!("{}:{}:{id}", message.kind(), self.account),
            to: &self.email,
            locale: &self.locale,
            message,
            expires_at: ctx.now.checked_add_millis(TOLD_MILLIS).unwrap_or(ctx.now),
        };
        enqueue(ctx.app(), ctx.tenant(), &self.key, &mail, ctx.now)
    }
}

/// Where people of this role see what opens their accounts.
pub fn security_page(ctx: &Ctx, role: Role) -> Option<String> {
    Some(ctx.storefront_of(role).page("account/security"))
}
