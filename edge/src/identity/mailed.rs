//! Secrets that come by mail: asking for one, and what the mails say.

use std::convert::Infallible;

use headlesspro_shared::identity::{OneTimePurpose, OneTimeToken, PkceChallenge, Role};
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::notifications::Message;

use super::caller::hash_of;
use super::store::account::{self, LoginRow};
use super::store::one_time::{self, NewToken};
use super::usecase::{committed, data_key, hash_email, no_data_key};
use crate::app::{App, Ctx};
use crate::failure::{Failure, Unavailable};
use crate::journal::{self, Change};
use crate::limits::ClientAddress;
use crate::notifications::{self, NewMail};
use crate::port::entropy::NoEntropy;
use crate::port::sql::{Commit, Rows, Statement};
use crate::vault::{DataKey, Place, Purpose};

/// Tokens are kept so long after their end: whoever comes late is told as whoever comes twice.
const KEPT_MILLIS: i64 = 86_400_000;

/// A mail that tells of something is not sent after so long, in milliseconds: a day.
pub const TOLD_MILLIS: i64 = 86_400_000;

/// What the audit log calls whoever has no account.
const NOBODY: &str = "nobody";

/// A new secret: its text, which is told once, and the hash that is kept.
pub struct Minted {
    pub token: OneTimeToken,
    pub hash: String,
}

/// # Errors
/// [`NoEntropy`].
pub fn mint(app: &App) -> Result<Minted, NoEntropy> {
    let mut random = [0; 32];
    app.entropy.fill(&mut random)?;
    let token = OneTimeToken::mint(random);
    let hash = hash_of(token.as_str()).to_hex();
    Ok(Minted { token, hash })
}

/// Who asks, by a keyed hash of where the request came from: addresses of people's networks are not kept.
pub fn requester(ctx: &Ctx, address: Option<ClientAddress>) -> String {
    let address = address.map_or_else(|| "unknown".to_owned(), ClientAddress::counted_as);
    let (organization, purpose) = (ctx.tenant().organization, Purpose::NetworkAddress);
    let mac = ctx.app().vault.lookup.mac(organization, purpose, address.as_bytes());
    mac.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Tokens that ended before this moment are forgotten.
pub fn forgotten_before(now: Timestamp) -> Timestamp {
    now.checked_add_millis(-KEPT_MILLIS).unwrap_or(now)
}

/// The mail that brings a token to an account of this role; its link leads to a page of the storefront.
pub fn message(ctx: &Ctx, role: Role, purpose: OneTimePurpose, token: &OneTimeToken) -> Message {
    let page = |path| ctx.storefront_of(role).secret_page(path, token.as_str());
    let minutes = purpose.minutes();
    match purpose {
        OneTimePurpose::VerifyEmail => Message::VerifyEmail { link: page("account/verify"), minutes },
        OneTimePurpose::ResetPassword => Message::ResetPassword { link: page("account/reset-password"), minutes },
        OneTimePurpose::ChangeEmail => Message::ChangeEmail { link: page("account/confirm-email"), minutes },
        // A challenge is never mailed; a link that logs in is what comes nearest.
        OneTimePurpose::MagicLink | OneTimePurpose::SecondFactor => {
            Message::MagicLink { link: page("account/magic"), minutes }
        }
    }
}

/// The mail that confirms the address of whoever founds an organization. Its link names the new store by its publishable
/// key, which the page needs to confirm anything there.
pub fn founders_message(ctx: &Ctx, publishable_key: &str, token: &OneTimeToken) -> Message {
    let page = format!("account/verify?key={publishable_key}");
    let link = ctx.storefront_of(Role::Owner).secret_page(&page, token.as_str());
    Message::VerifyEmail { link, minutes: OneTimePurpose::VerifyEmail.minutes() }
}

/// Where an account of this role resets a password that was forgotten.
pub fn reset_page(ctx: &Ctx, role: Role) -> String {
    ctx.storefront_of(role).page("account/forgot-password")
}

/// Somebody asks for a link.
pub struct Ask<'a> {
    pub email: &'a Email,
    pub purpose: OneTimePurpose,
    /// The client that alone can use the link.
    pub bound_to: Option<PkceChallenge>,
    /// Where the request came from, as far as the platform tells.
    pub address: Option<ClientAddress>,
    /// The publishable key that the request came with, where a founder's link needs it.
    pub publishable_key: Option<&'a str>,
    /// What the audit log calls it.
    pub action: &'static str,
}

impl Ask<'_> {
    fn is_for(&self, account: &LoginRow) -> bool {
        match self.purpose {
            OneTimePurpose::VerifyEmail => account.is_active && !account.is_verified,
            OneTimePurpose::ResetPassword | OneTimePurpose::MagicLink => account.is_active,
            OneTimePurpose::SecondFactor | OneTimePurpose::ChangeEmail => false,
        }
    }
}

/// Sends a link to an address that has an account. What is read, made and written is the same for one that has none,
/// and so is the answer: one read, one commit.
///
/// # Errors
/// [`Failure`] when the caller may not, or the database does not answer.
pub async fn ask(ctx: &Ctx, ask: &Ask<'_>) -> Result<(), Failure<Infallible>> {
    let (app, tenant) = (ctx.app(), ctx.tenant());
    let email_hash = hash_email(app, tenant, ask.email);
    let requester = requester(ctx, ask.address);
    let rows = ctx.read(vec![account::by_email(tenant, &email_hash)]).await?;
    let row = rows.first().and_then(Rows::first).ok_or_else(no_data_key)?;
    let (wrapped, found) = account::login_of(row)?;
    let key = data_key(app, tenant, &wrapped)?;
    let account = found.filter(|account| ask.is_for(account));
    // What is mailed to nobody opens nothing, and is not counted.
    let owner = account.as_ref().map(|account| account.id);
    let subject = owner.map_or_else(|| NOBODY.to_owned(), |id| id.to_string());
    let minted = mint(app)?;
    let mut commit = Commit::new();
    commit.push(one_time::forget(tenant, forgotten_before(ctx.now)));
    commit.push(match ask.purpose {
        OneTimePurpose::VerifyEmail => {
            one_time::insert_again(tenant, &minted.hash, ask.purpose, owner, &requester, ctx.now)
        }
        OneTimePurpose::ResetPassword
        | OneTimePurpose::MagicLink
        | OneTimePurpose::SecondFactor
        | OneTimePurpose::ChangeEmail => one_time::insert_mailed(
            tenant,
            &NewToken {
                bound_to: ask.bound_to,
                requested_by: Some(&requester),
                ..NewToken::new(&minted.hash, ask.purpose, owner)
            },
            ctx.now,
        ),
    });
    let role = account.as_ref().map_or(Role::Customer, |account| account.role);
    // Of owners only a founder has an address that nobody has confirmed.
    let message = match ask.publishable_key.filter(|_| role == Role::Owner) {
        Some(key) => founders_message(ctx, key, &minted.token),
        None => message(ctx, role, ask.purpose, &minted.token),
    };
    let locale = account.map(|account| account.locale).unwrap_or_default();
    let mail = notifications::enqueue_after(
        app,
        tenant,
        &key,
        &NewMail {
            event_key: &ask.purpose.mail_key(&minted.hash),
            to: ask.email,
            locale: &locale,
            message: &message,
            expires_at: ask.purpose.ends(ctx.now),
        },
        ctx.now,
    )?;
    // Sealed for nobody too, and then left out.
    if owner.is_some() {
        commit.push(mail);
    }
    let actor = &ctx.principal().await?.actor;
    let change = Change::new(ask.action, subject).has("purpose", ask.purpose.name().into());
    commit.push(journal::audit(ctx, ctx.new_id()?, actor, change));
    committed(ctx.commit(&commit).await?)?;
    notifications::deliver_later(ctx);
    Ok(())
}

/// Greets an account whose address has just been confirmed.
///
/// # Errors
/// [`Failure::Unavailable`].
pub fn welcome<E>(
    ctx: &Ctx,
    account: &LoginRow,
    email: &Email,
    name_sealed: Option<&str>,
    key: &DataKey,
) -> Result<Statement, Failure<E>> {
    let row = account.id.to_string();
    let organization = ctx.tenant().organization;
    let place = Place { organization, table: "account", column: "name", row: &row };
    let name = name_sealed.map(|sealed| key.open_text(place, sealed)).transpose();
    let name =
        name.map_err(|error| Failure::Unavailable(Unavailable::Corrupt(format!("an account's name: {error}"))))?;
    let message = Message::Welcome { name, link: Some(ctx.storefront_of(account.role).to_string()) };
    let mail = NewMail {
        event_key: &format!("welcome:{row}"),
        to: email,
        locale: &account.locale,
        message: &message,
        expires_at: ctx.now.checked_add_millis(TOLD_MILLIS).unwrap_or(ctx.now),
    };
    Ok(notifications::enqueue(ctx.app(), ctx.tenant(), key, &mail, ctx.now)?)
}
