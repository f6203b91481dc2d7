//! Asking for another address, and confirming it: one read and one commit each.

use headlesspro_shared::identity::{Lockout, NotRedeemable, OneTimePurpose, OneTimeToken, Password, redeem};
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::id::AccountId;
use headlesspro_shared::notifications::Message;
use serde_json::json;

use crate::app::Ctx;
use crate::failure::{Failure, Unavailable};
use crate::identity::caller::{Person, hash_of};
use crate::identity::fresh::{has_fresh_login, session_of};
use crate::identity::hashing;
use crate::identity::mailed::{TOLD_MILLIS, forgotten_before, message, mint, requester, reset_page};
use crate::identity::script::{self, LOCKOUT};
use crate::identity::second_factor::usecase::{Proven, SecondFactorError, Shown, push_shown};
use crate::identity::store::account::{self, LoginRow};
use crate::identity::store::api_key::guard_changed;
use crate::identity::store::one_time::{self, ChosenEmail, NewToken};
use crate::identity::store::{second_factor, session};
use crate::identity::telling::Owner;
use crate::identity::usecase::{data_key, email_of, ended_sessions, hash_email, unexplained, void_tokens};
use crate::journal::{self, Change, MASKED, PERSONAL};
use crate::limits::ClientAddress;
use crate::notifications::{self, NewMail};
use crate::port::sql::{Commit, Committed, Constraint, Refusal, Rows};
use crate::vault::Place;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailError {
    /// It is the account's already.
    Same,
    /// The account has a password, and none was shown.
    PasswordMissing,
    /// The account has a second factor, and none was shown.
    CodeMissing,
    /// The password is another.
    WrongPassword,
    /// Too many wrong ones: come back after so many milliseconds.
    Wait {
        millis: i64,
    },
    /// The account has no password, and its login is too long ago.
    NotFresh,
    SecondFactor(SecondFactorError),
}

/// A wish for another address.
pub struct ChangeEmail<'a> {
    pub email: &'a Email,
    /// The current one, where the account has one.
    pub password: Option<&'a Password>,
    /// The second factor: where the account has one, and beside the password where it has that.
    pub shown: Option<&'a Shown>,
    /// The client's network address, as far as the platform tells.
    pub address: Option<ClientAddress>,
}

/// Mails a link to the new address, and a notice to the one that the account has. Whether another account has the new
/// one already is told neither by the answer nor by what comes to the old address: its owner is told.
pub async fn ask(ctx: &Ctx, person: Person, wish: &ChangeEmail<'_>) -> Result<(), Failure<EmailError>> {
    let (app, tenant) = (ctx.app(), ctx.tenant());
    let purpose = OneTimePurpose::ChangeEmail;
    let (email_hash, requester) = (hash_email(app, tenant, wish.email), requester(ctx, wish.address));
    let rows = ctx
        .read(vec![
            Owner::find(ctx, person.account),
            account::by_email(tenant, &email_hash),
            session_of(tenant, person),
            second_factor::of_account(tenant, person.account),
        ])
        .await?;
    let owner = Owner::of(ctx, rows.first())?;
    let (_, own) = account::login_of(rows.first().and_then(Rows::first).ok_or(Failure::NotFound)?)?;
    let own = own.ok_or(Failure::NotFound)?;
    let (_, taken) = account::login_of(rows.get(1).and_then(Rows::first).ok_or(Failure::NotFound)?)?;
    let mut commit = Commit::new();
    let proven = prove(ctx, person, wish, (&owner, &own), &rows, &mut commit).await?;
    if taken.as_ref().is_some_and(|taken| taken.id == person.account) {
        return Err(Failure::Rejected(EmailError::Same));
    }
    // Whoever reads the mail has more of a right to the address than whoever typed it once.
    let taken = taken.filter(|taken| !taken.is_mere_registration());

    let account = person.account.to_string();
    let minted = mint(app)?;
    let sealed = owner.key.seal(place(ctx, &account), wish.email.as_str().as_bytes(), &*app.entropy)?;
    commit.push(one_time::forget(tenant, forgotten_before(ctx.now)));
    let token = NewToken {
        requested_by: Some(&requester),
        email: Some(ChosenEmail { hash: email_hash, sealed, session: person.session }),
        ..NewToken::new(&minted.hash, purpose, Some(person.account))
    };
    commit.push(one_time::insert_mailed(tenant, &token, ctx.now));
    // Each with what stands before it, or not at all. The notice first: it always is one.
    let notice = Message::EmailChanging { at: ctx.now, link: Some(reset_page(ctx, own.role)) };
    commit.push(owner.tell_after(ctx, &notice)?);
    let day = ctx.now.millis().div_euclid(TOLD_MILLIS);
    let told = ctx.now.checked_add_millis(TOLD_MILLIS).unwrap_or(ctx.now);
    let link = message(ctx, own.role, purpose, &minted.token);
    let (event_key, message, locale, expires_at) = match &taken {
        None => (purpose.mail_key(&minted.hash), link, &owner.locale, purpose.ends(ctx.now)),
        Some(taken) => {
            let message = Message::AlreadyRegistered { link: Some(reset_page(ctx, taken.role)) };
            (format!("already-registered:{}:{day}", taken.id), message, &taken.locale, told)
        }
    };
    // To an address that is no account's yet, or another's.
    let mail = NewMail { event_key: &event_key, to: wish.email, locale, message: &message, expires_at };
    commit.push(notifications::enqueue_after(app, tenant, &owner.key, &mail, ctx.now)?);
    let change =
        Change::new("email.ask-for-change", &account).has("purpose", purpose.name().into()).has("email", MASKED.into());
    commit.push(journal::audit(ctx, ctx.new_id()?, &account, change));
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {}
        Committed::Refused { statement, .. } if proven.is_refused_at(statement) => {
            return Err(Failure::Rejected(EmailError::SecondFactor(SecondFactorError::Wrong)));
        }
        Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
    }
    notifications::deliver_later(ctx);
    proven.forgive_later(ctx);
    Ok(())
}

/// Whether whoever asks has shown to be the owner: by the password, and the second factor where there is one, as for a
/// login; or, where there is no password, by the second factor or by having logged in a moment ago.
async fn prove(
    ctx: &Ctx,
    person: Person,
    wish: &ChangeEmail<'_>,
    (owner, own): (&Owner, &LoginRow),
    rows: &[Rows],
    commit: &mut Commit,
) -> Result<Proven, Failure<EmailError>> {
    let tenant = ctx.tenant();
    if let Some(stored) = &own.password {
        let shown = wish.password.ok_or(Failure::Rejected(EmailError::PasswordMissing))?;
        // Counted with the failed logins: a stolen token is no way around them.
        let counters = script::keys(tenant, &hash_email(ctx.app(), tenant, &owner.email), wish.address);
        let reply = ctx.script(&LOCKOUT, counters.clone(), script::attempt(ctx.now, &Lockout::default())).await?;
        if let Err(millis) = script::read(&reply)? {
            return Err(Failure::Rejected(EmailError::Wait { millis }));
        }
        if !hashing::is_right(shown, stored) {
            return Err(Failure::Rejected(EmailError::WrongPassword));
        }
        let app = std::sync::Arc::clone(ctx.app());
        ctx.later(async move { script::forgive(&*app.kv, counters).await });
        // Seconds may have passed since the read.
        commit.push(account::guard_password(tenant, own.id, stored));
        if !own.has_second_factor {
            return Ok(Proven::default());
        }
        let shown = wish.shown.ok_or(Failure::Rejected(EmailError::CodeMissing))?;
        return prove_second(ctx, wish, shown, rows, commit).await;
    }
    if let Some(shown) = wish.shown {
        return prove_second(ctx, wish, shown, rows, commit).await;
    }
    if has_fresh_login(ctx, rows.get(2), person).await? {
        return Ok(Proven::default());
    }
    Err(Failure::Rejected(EmailError::NotFresh))
}

async fn prove_second(
    ctx: &Ctx,
    wish: &ChangeEmail<'_>,
    shown: &Shown,
    rows: &[Rows],
    commit: &mut Commit,
) -> Result<Proven, Failure<EmailError>> {
    let pushed = push_shown(ctx, rows.get(3), shown, wish.address, commit).await;
    pushed.map(|(_, proven)| proven).map_err(|failure| failure.map(EmailError::SecondFactor))
}

fn place<'a>(ctx: &Ctx, account: &'a str) -> Place<'a> {
    Place { organization: ctx.tenant().organization, table: "account", column: "email", row: account }
}

/// Gives an account the address that the link was sent to, ends its other sessions, and tells the address before. Of two
/// accounts that confirm one address, one gets it; the other's link is gone, which is all it is told.
pub async fn confirm(ctx: &Ctx, token: &OneTimeToken) -> Result<(), Failure<NotRedeemable>> {
    let (app, tenant) = (ctx.app(), ctx.tenant());
    let purpose = OneTimePurpose::ChangeEmail;
    let gone = || Failure::Rejected(NotRedeemable::Gone);
    let hash = hash_of(token.as_str()).to_hex();
    let rows = ctx.read(vec![one_time::find(tenant, &hash, purpose)]).await?;
    let row = one_time::token_of(rows.first().and_then(Rows::first).ok_or_else(gone)?)?;
    redeem(&row.issued, None, ctx.now).map_err(Failure::Rejected)?;
    if !row.account.is_active {
        return Err(gone());
    }
    let (id, role) = (row.account.id, row.account.role);
    let chosen = row.chosen_email.ok_or_else(|| Unavailable::Corrupt("the address of a change".to_owned()))?;
    let key = data_key(app, tenant, &row.key)?;
    let before = email_of(tenant, &key, id, &row.email_sealed)?;
    let after = email_of(tenant, &key, id, &chosen.sealed)?;
    let mut commit = Commit::new();
    commit.push(one_time::use_up(tenant, &hash, purpose, ctx.now));
    let used = commit.push(one_time::guard_used());
    let removed = row.holder.map(|holder| remove_registration(ctx, holder, id, &mut commit)).transpose()?;
    let changed = commit.push(account::change_email(tenant, id, (&chosen.hash, &chosen.sealed), ctx.now));
    let active = commit.push(guard_changed());
    let ended = commit.push(session::revoke_others(tenant, id, chosen.session, "revoked", ctx.now));
    // Whatever was sent to the old address opens nothing any more.
    commit.push(one_time::void(tenant, id, ctx.now));
    journal::announce(ctx, &mut commit, "account.email_changed", &[("accountId", id.to_string())])?;
    let change = Change::new("email.change", id)
        .before(json!({ "email": before.as_str() }))
        .after(json!({ "email": after.as_str() }))
        .redacted(PERSONAL);
    let owner = Owner { account: id, role, email: before, locale: row.account.locale, key };
    let notice = Message::EmailChanged { at: ctx.now, link: Some(ctx.storefront_of(role).to_string()) };
    commit.push(owner.tell(ctx, &notice)?);
    commit.push(journal::audit(ctx, ctx.new_id()?, &id.to_string(), change));
    let rows = match ctx.commit(&commit).await? {
        Committed::Done { rows, .. } => rows,
        Committed::Refused { statement, .. } if statement == used || statement == active => return Err(gone()),
        // Somebody else has the address by now, by more than a registration.
        Committed::Refused { statement, .. } if Some(statement) == removed => return Err(gone()),
        Committed::Refused {
            statement, refusal: Refusal::Constraint { constraint: Constraint::Unique, .. }, ..
        } if statement == changed => return Err(gone()),
        Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
    };
    notifications::deliver_later(ctx);
    void_tokens(ctx, &ended_sessions(rows.get(ended))?, &[]).await;
    Ok(())
}

/// Removes a registration of the owner's address that nobody has confirmed, and answers the number of the guard, which
/// refuses where it is more.
fn remove_registration<E>(
    ctx: &Ctx,
    holder: AccountId,
    owner: AccountId,
    commit: &mut Commit,
) -> Result<usize, Failure<E>> {
    let tenant = ctx.tenant();
    commit.push(account::remove_registration(tenant, holder));
    let guard = commit.push(guard_changed());
    journal::announce(ctx, commit, "account.removed", &[("accountId", holder.to_string())])?;
    let change = Change::new("account.remove", holder).had("role", "customer".into()).had("isVerified", false.into());
    commit.push(journal::audit(ctx, ctx.new_id()?, &owner.to_string(), change));
    Ok(guard)
}
