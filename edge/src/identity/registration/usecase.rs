//! Registering, and confirming an address: one read and one commit each.

use std::convert::Infallible;

use headlesspro_shared::identity::{
    NotRedeemable, OneTimePurpose, OneTimeToken, Password, PasswordHash, Registered, Registration, Role, redeem,
    register as decide,
};
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::id::AccountKind;
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::locale::Locale;
use headlesspro_shared::notifications::Message;
use serde_json::json;

use crate::app::Ctx;
use crate::failure::{Failure, Unavailable};
use crate::identity::announced::{registered, verified};
use crate::identity::caller::hash_of;
use crate::identity::hashing;
use crate::identity::mailed::{TOLD_MILLIS, forgotten_before, message, mint, requester, reset_page, welcome};
use crate::identity::store::account::{self, LoginRow, NewAccount};
use crate::identity::store::one_time::{self, NewToken};
use crate::identity::usecase::{data_key, email_of, hash_email, no_data_key, unexplained};
use crate::journal::{self, Change};
use crate::limits::ClientAddress;
use crate::notifications::{self, NewMail};
use crate::port::sql::{Commit, Committed, Constraint, Refusal, Rows};
use crate::vault::{DataKey, Place};

/// What somebody registers with.
pub struct Register {
    pub email: Email,
    pub password: Password,
    pub name: Option<Line<200>>,
    pub locale: Locale,
}

/// A registration with what was found out for it.
struct Attempt<'a> {
    command: &'a Register,
    email_hash: &'a str,
    password: &'a PasswordHash,
    /// Who asks.
    requester: &'a str,
}

/// Makes an account that waits for its address to be confirmed. For an address that has one already nothing is told
/// to whoever asks, neither by the answer nor by its time; its owner gets a mail that says so.
pub async fn register(
    ctx: &Ctx,
    command: &Register,
    address: Option<ClientAddress>,
) -> Result<(), Failure<Infallible>> {
    let (app, tenant) = (ctx.app(), ctx.tenant());
    let email_hash = hash_email(app, tenant, &command.email);
    let requester = requester(ctx, address);
    let mut hashed = None;
    // A second time when another registered the same address meanwhile.
    for _ in 0..2 {
        let rows = ctx.read(vec![account::by_email(tenant, &email_hash)]).await?;
        // Not for whoever has no good key, since it costs more than all else; and whatever is known of the address.
        let password = match hashed.take() {
            Some(password) => password,
            None => hashing::hash(&command.password, app.password_hashing, &*app.entropy)?,
        };
        let row = rows.first().and_then(Rows::first).ok_or_else(no_data_key)?;
        let (wrapped, found) = account::login_of(row)?;
        let key = data_key(app, tenant, &wrapped)?;
        let attempt = Attempt { command, email_hash: &email_hash, password: &password, requester: &requester };
        let commit = commit_of(ctx, &attempt, found.as_ref(), &key).await?;
        hashed = Some(password);
        match ctx.commit(&commit).await? {
            Committed::Done { .. } => {
                notifications::deliver_later(ctx);
                return Ok(());
            }
            Committed::Refused { refusal: Refusal::Constraint { constraint: Constraint::Unique, .. }, .. } => {}
            Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
        }
    }
    Err(Failure::Unavailable(Unavailable::Corrupt("an address is neither free nor taken".to_owned())))
}

async fn commit_of(
    ctx: &Ctx,
    attempt: &Attempt<'_>,
    found: Option<&LoginRow>,
    key: &DataKey,
) -> Result<Commit, Failure<Infallible>> {
    let (app, tenant) = (ctx.app(), ctx.tenant());
    let Attempt { command, email_hash, password, requester } = *attempt;
    let purpose = OneTimePurpose::VerifyEmail;
    let known = found.map(|account| Registered {
        role: account.role,
        is_verified: account.is_verified,
        is_active: account.is_active,
    });
    let role = found.map_or(Role::Customer, |account| account.role);
    let decision = decide(known);
    let id = match found {
        Some(account) => account.id,
        None => ctx.new_id::<AccountKind>()?,
    };
    let row = id.to_string();
    let seal = |column, plain: &str| {
        let place = Place { organization: tenant.organization, table: "account", column, row: &row };
        key.seal(place, plain.as_bytes(), &*app.entropy)
    };
    let (email_sealed, name_sealed) = (
        seal("email", command.email.as_str())?,
        command.name.as_ref().map(|name| seal("name", name.as_str())).transpose()?,
    );
    let minted = mint(app)?;
    let mut commit = Commit::new();
    commit.push(one_time::forget(tenant, forgotten_before(ctx.now)));
    if decision == Registration::New {
        let account = NewAccount {
            id,
            email_hash: email_hash.to_owned(),
            email_sealed,
            name_sealed: name_sealed.clone(),
            // It comes with the confirmation, to who reads the mail and knows it: neither alone sets a password.
            password: None,
            role: Role::Customer,
            locale: command.locale.clone(),
            verified: false,
        };
        commit.push(account::insert(tenant, &account, ctx.now));
        commit.push(registered(ctx, id, Role::Customer)?);
    }
    let is_known = decision == Registration::Known;
    // One that opens nothing, and keeps nothing, for an account that is confirmed.
    commit.push(one_time::insert_mailed(
        tenant,
        &NewToken {
            password: (!is_known).then_some(password),
            name_sealed: name_sealed.as_deref().filter(|_| !is_known),
            requested_by: Some(requester),
            ..NewToken::new(&minted.hash, purpose, (!is_known).then_some(id))
        },
        ctx.now,
    ));
    let (event_key, message, expires_at) = if is_known {
        let day = ctx.now.millis().div_euclid(TOLD_MILLIS);
        let expires_at = ctx.now.checked_add_millis(TOLD_MILLIS).unwrap_or(ctx.now);
        let message = Message::AlreadyRegistered { link: Some(reset_page(ctx, role)) };
        (format!("already-registered:{row}:{day}"), message, expires_at)
    } else {
        (purpose.mail_key(&minted.hash), message(ctx, role, purpose, &minted.token), purpose.ends(ctx.now))
    };
    let locale = found.map_or(&command.locale, |account| &account.locale);
    let mail = NewMail { event_key: &event_key, to: &command.email, locale, message: &message, expires_at };
    // With the token before it, or not at all.
    commit.push(notifications::enqueue_after(app, tenant, key, &mail, ctx.now)?);
    let actor = &ctx.principal().await?.actor;
    let change = match decision {
        Registration::New => {
            Change::new("account.register", row).after(json!({ "role": "customer", "locale": command.locale.as_str() }))
        }
        Registration::Again | Registration::Known => {
            Change::new("account.register-again", row).has("purpose", purpose.name().into())
        }
    };
    commit.push(journal::audit(ctx, ctx.new_id()?, actor, change));
    Ok(commit)
}

/// Confirms the address that a link was sent to. The password chosen for that link becomes the account's only where
/// whoever confirms gives it too: anybody may have registered the address. Answers whether the account has a password
/// now.
pub async fn verify(
    ctx: &Ctx,
    token: &OneTimeToken,
    password: Option<&Password>,
) -> Result<bool, Failure<NotRedeemable>> {
    let (app, tenant) = (ctx.app(), ctx.tenant());
    let purpose = OneTimePurpose::VerifyEmail;
    let hash = hash_of(token.as_str()).to_hex();
    let rows = ctx.read(vec![one_time::find(tenant, &hash, purpose)]).await?;
    let row = rows.first().and_then(Rows::first).ok_or(Failure::Rejected(NotRedeemable::Gone))?;
    let row = one_time::token_of(row)?;
    redeem(&row.issued, None, ctx.now).map_err(Failure::Rejected)?;
    if !row.account.is_active {
        return Err(Failure::Rejected(NotRedeemable::Gone));
    }
    let proven = match (password, &row.chosen_password) {
        (Some(given), Some(chosen)) if hashing::is_right(given, chosen) => Some(chosen),
        _ => None,
    };
    let has_password = if row.account.is_verified { row.account.password.is_some() } else { proven.is_some() };
    let (id, key) = (row.account.id, data_key(app, tenant, &row.key)?);
    let email = email_of(tenant, &key, id, &row.email_sealed)?;
    let mut commit = Commit::new();
    commit.push(one_time::use_up(tenant, &hash, purpose, ctx.now));
    let guard = commit.push(one_time::guard_used());
    let name = row.chosen_name.as_deref();
    commit.push(account::verify(tenant, id, proven, name, ctx.now));
    // Nobody else's registration of the address is confirmed any more.
    commit.push(one_time::void(tenant, id, ctx.now));
    if !row.account.is_verified {
        commit.push(verified(ctx, id)?);
        commit.push(welcome(ctx, &row.account, &email, name, &key)?);
    }
    let change = Change::new("account.verify", id)
        .before(json!({ "isVerified": row.account.is_verified }))
        .after(json!({ "isVerified": true }));
    commit.push(journal::audit(ctx, ctx.new_id()?, &id.to_string(), change));
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {
            notifications::deliver_later(ctx);
            Ok(has_password)
        }
        // Another use of the same link was quicker.
        Committed::Refused { statement, .. } if statement == guard => Err(Failure::Rejected(NotRedeemable::Gone)),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}
