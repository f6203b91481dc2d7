//! Changing and resetting a password: one read and one commit each.

use headlesspro_shared::identity::{
    Lockout, NotRedeemable, OneTimePurpose, OneTimeToken, Password, PasswordError, PasswordHash, redeem,
};
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::notifications::Message;

use crate::app::Ctx;
use crate::failure::Failure;
use crate::identity::announced::verified;
use crate::identity::caller::{Person, hash_of};
use crate::identity::hashing;
use crate::identity::mailed::{TOLD_MILLIS, reset_page};
use crate::identity::script::{self, LOCKOUT};
use crate::identity::store::account::{self, LoginRow};
use crate::identity::store::{one_time, session};
use crate::identity::usecase::{data_key, email_of, ended_sessions, hash_email, unexplained, void_tokens};
use crate::journal::{self, Change};
use crate::limits::ClientAddress;
use crate::notifications::{self, NewMail};
use crate::port::sql::{Commit, Committed, Rows, Statement};
use crate::vault::DataKey;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeError {
    /// The current password is another, or there is none.
    Wrong,
    /// Too many wrong ones: come back after so many milliseconds.
    Wait { millis: i64 },
    /// The new one may not be chosen.
    NotChosen(PasswordError),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetError {
    Link(NotRedeemable),
    NotChosen(PasswordError),
}

/// A wish for another password.
pub struct ChangePassword<'a> {
    pub current: &'a Password,
    /// As it was typed.
    pub new: &'a str,
    /// The client's network address, as far as the platform tells.
    pub address: Option<ClientAddress>,
}

/// Changes the password of the person who asks, and ends all their sessions but this one.
pub async fn change(ctx: &Ctx, person: Person, wish: &ChangePassword<'_>) -> Result<(), Failure<ChangeError>> {
    let (app, tenant) = (ctx.app(), ctx.tenant());
    let rows = ctx.read(vec![account::with_password(tenant, person.account)]).await?;
    let row = rows.first().and_then(Rows::first).ok_or(Failure::NotFound)?;
    let (wrapped, found) = account::login_of(row)?;
    let found = found.ok_or(Failure::NotFound)?;
    let key = data_key(app, tenant, &wrapped)?;
    let email = email_of(tenant, &key, found.id, row.get("email_sealed")?)?;

    // Counted with the failed logins: a stolen token is no way around them.
    let counters = script::keys(tenant, &hash_email(app, tenant, &email), wish.address);
    let reply = ctx.script(&LOCKOUT, counters.clone(), script::attempt(ctx.now, &Lockout::default())).await?;
    if let Err(millis) = script::read(&reply)? {
        return Err(Failure::Rejected(ChangeError::Wait { millis }));
    }
    let stored = found.password.as_ref().filter(|stored| hashing::is_right(wish.current, stored));
    let stored = stored.ok_or(Failure::Rejected(ChangeError::Wrong))?;
    let forgiven = std::sync::Arc::clone(app);
    ctx.later(async move { script::forgive(&*forgiven.kv, counters).await });
    let new = Password::chosen(wish.new, &email).map_err(|error| Failure::Rejected(ChangeError::NotChosen(error)))?;
    let new = hashing::hash(&new, app.password_hashing, &*app.entropy)?;

    let mut commit = Commit::new();
    commit.push(account::change_password(tenant, found.id, stored, &new, ctx.now));
    let guard = commit.push(one_time::guard_used());
    let ended = commit.push(session::revoke_others(tenant, found.id, person.session, "password-changed", ctx.now));
    // A link that was asked for before would undo it.
    commit.push(one_time::void(tenant, found.id, ctx.now));
    commit.push(told(ctx, &found, &email, &new, &key)?);
    let actor = found.id.to_string();
    commit.push(journal::audit(ctx, ctx.new_id()?, &actor, chosen("password.change", &found)));
    let rows = match ctx.commit(&commit).await? {
        Committed::Done { rows, .. } => rows,
        // Another change was quicker: what was shown is not the password any more.
        Committed::Refused { statement, .. } if statement == guard => {
            return Err(Failure::Rejected(ChangeError::Wrong));
        }
        Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
    };
    notifications::deliver_later(ctx);
    void_tokens(ctx, &ended_sessions(rows.get(ended))?, &[]).await;
    Ok(())
}

/// Sets the password of the account that a link was sent to, and ends all its sessions.
pub async fn reset(ctx: &Ctx, token: &OneTimeToken, new: &str) -> Result<(), Failure<ResetError>> {
    let (app, tenant) = (ctx.app(), ctx.tenant());
    let purpose = OneTimePurpose::ResetPassword;
    let gone = || Failure::Rejected(ResetError::Link(NotRedeemable::Gone));
    let hash = hash_of(token.as_str()).to_hex();
    let rows = ctx.read(vec![one_time::find(tenant, &hash, purpose)]).await?;
    let row = rows.first().and_then(Rows::first).ok_or_else(gone)?;
    let row = one_time::token_of(row)?;
    redeem(&row.issued, None, ctx.now).map_err(|error| Failure::Rejected(ResetError::Link(error)))?;
    if !row.account.is_active {
        return Err(gone());
    }
    let id = row.account.id;
    let key = data_key(app, tenant, &row.key)?;
    let email = email_of(tenant, &key, id, &row.email_sealed)?;
    // The link is still good for another choice.
    let new = Password::chosen(new, &email).map_err(|error| Failure::Rejected(ResetError::NotChosen(error)))?;
    let new = hashing::hash(&new, app.password_hashing, &*app.entropy)?;

    let mut commit = Commit::new();
    commit.push(one_time::use_up(tenant, &hash, purpose, ctx.now));
    let guard = commit.push(one_time::guard_used());
    commit.push(account::set_password(tenant, id, &new, ctx.now));
    if !row.account.is_verified {
        commit.push(verified(ctx, id)?);
    }
    let ended = commit.push(session::revoke_all(tenant, id, "password-changed", ctx.now));
    commit.push(one_time::void(tenant, id, ctx.now));
    commit.push(told(ctx, &row.account, &email, &new, &key)?);
    commit.push(journal::audit(ctx, ctx.new_id()?, &id.to_string(), chosen("password.reset", &row.account)));
    let rows = match ctx.commit(&commit).await? {
        Committed::Done { rows, .. } => rows,
        Committed::Refused { statement, .. } if statement == guard => return Err(gone()),
        Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
    };
    notifications::deliver_later(ctx);
    // Whoever was kept waiting for wrong passwords has proved to be the owner.
    let (counter, forgiven) = (script::account_key(tenant, &row.email_hash), std::sync::Arc::clone(app));
    ctx.later(async move { script::forget(&*forgiven.kv, &counter).await });
    void_tokens(ctx, &ended_sessions(rows.get(ended))?, &[id.to_string()]).await;
    Ok(())
}

/// What the audit log keeps: that there is a new password, and nothing of what it is. Whoever sets one has confirmed the
/// address.
fn chosen(action: &'static str, account: &LoginRow) -> Change {
    Change::new(action, account.id)
        .turned("hasPassword", account.password.is_some().into(), true.into())
        .turned("isVerified", account.is_verified.into(), true.into())
        .has("hasNewPassword", true.into())
}

/// Tells the owner, once for each new password.
fn told<E>(
    ctx: &Ctx,
    account: &LoginRow,
    email: &Email,
    new: &PasswordHash,
    key: &DataKey,
) -> Result<Statement, Failure<E>> {
    let salt = hex::encode(new.salt);
    let message = Message::PasswordChanged { at: ctx.now, link: Some(reset_page(ctx, account.role)) };
    let mail = NewMail {
        event_key: &format!("password-changed:{}:{salt}", account.id),
        to: email,
        locale: &account.locale,
        message: &message,
        expires_at: ctx.now.checked_add_millis(TOLD_MILLIS).unwrap_or(ctx.now),
    };
    Ok(notifications::enqueue(ctx.app(), ctx.tenant(), key, &mail, ctx.now)?)
}
