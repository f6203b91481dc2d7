//! Sessions: log in, refresh, log out, list and revoke.

use headlesspro_shared::identity::{
    ACCESS_SECONDS, Access, AccessClaims, Generation, Grant, HashParameters, Lockout, Password, Refresh, RefreshClaim,
    RefreshToken, Role, Subject, VOID_SECONDS, needs_rehash, refresh as decide,
};
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::id::{AccountId, SessionId};
use headlesspro_shared::kernel::time::Timestamp;
use subtle::ConstantTimeEq;

use super::caller::{Person, hash_of, revocation_key};
use super::script::{self, LOCKOUT};
use super::signing::SigningKey;
use super::store::session::{NewSession, SessionRow, SessionSummary};
use super::store::{account, keys, session};
use super::{hashing, signing};
use crate::app::{App, Ctx, Tenant};
use crate::failure::{Failure, Unavailable};
use crate::journal::{self, Change};
use crate::limits::ClientAddress;
use crate::port::kv::Command;
use crate::port::sql::{Commit, Committed, Rows};
use crate::vault::{Place, Purpose};

/// A session lives so long after its last refresh.
const SESSION_MILLIS: i64 = 30 * 86_400_000;

/// What a login or refresh gives.
pub struct Tokens {
    pub access_token: String,
    /// Seconds.
    pub expires_in: i64,
    pub refresh_token: String,
    pub account: AccountId,
    pub role: Role,
}

/// An account as its owner sees it.
pub struct Account {
    pub id: AccountId,
    pub email: String,
    pub name: Option<String>,
    pub role: Role,
    pub locale: String,
    pub email_verified_at: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginError {
    /// Address or password, or the address is not verified, or the account is suspended: never said which.
    Refused,
    /// Too many failures: come back after so many milliseconds.
    Wait { millis: i64 },
}

/// The refresh token is not good (any more): log in again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionEnded;

/// Who logs in, as told by the request.
pub struct Login<'a> {
    pub email: &'a Email,
    pub password: &'a Password,
    /// The client's network address, as far as the platform tells.
    pub address: Option<ClientAddress>,
    pub device: &'a str,
    pub wanted: HashParameters,
}

/// Opens a session: one read, one Redis round trip, one commit.
pub async fn log_in(ctx: &Ctx, login: &Login<'_>) -> Result<Tokens, Failure<LoginError>> {
    let tenant = ctx.tenant();
    let email_hash = hash_email(ctx.app(), tenant, login.email);
    let rows = ctx.read(vec![account::by_email(tenant, &email_hash), keys::signing_key()]).await?;
    let found = rows.first().and_then(Rows::first).ok_or_else(no_data_key)?;
    let (_, found) = account::login_of(found).map_err(Failure::Unavailable)?;

    // Counted before the password is looked at: a thousand parallel guesses are not all admitted.
    let counters = script::keys(tenant, &email_hash, login.address);
    let reply = ctx.script(&LOCKOUT, counters.clone(), script::attempt(ctx.now, &Lockout::default())).await?;
    if let Err(millis) = script::read(&reply)? {
        return Err(Failure::Rejected(LoginError::Wait { millis }));
    }
    let stored = found.as_ref().and_then(|account| account.password.as_ref());
    let is_right = match stored {
        Some(stored) => hashing::is_right(login.password, stored),
        None => {
            hashing::pretend(login.password, login.wanted);
            false
        }
    };
    let account = match found {
        Some(account) if is_right && account.is_active && account.is_verified => account,
        _ => return Err(Failure::Rejected(LoginError::Refused)),
    };

    let mut commit = Commit::new();
    if let Some(stored) = account.password.as_ref().filter(|stored| needs_rehash(&stored.parameters, &login.wanted)) {
        let new = hashing::hash(login.password, login.wanted, &*ctx.app().entropy)?;
        commit.push(account::rehash(tenant, account.id, stored, &new, ctx.now));
    }
    let key = signing_key(ctx, rows.get(1), &mut commit)?;
    let session: SessionId = ctx.new_id()?;
    let refresh_token = refresh_token(ctx.app(), tenant, session, Generation::FIRST);
    commit.push(session::insert(
        tenant,
        &NewSession {
            id: session,
            account: account.id,
            token_hash: hash_of(&refresh_token).to_hex(),
            device: login.device,
            expires_at: later(ctx.now, SESSION_MILLIS),
        },
        ctx.now,
    ));
    commit.push(journal::audit(ctx, ctx.new_id()?, &account.id.to_string(), Change::new("session.open", session)));
    committed(ctx.commit(&commit).await?)?;
    let app = std::sync::Arc::clone(ctx.app());
    ctx.later(async move { script::forgive(&*app.kv, counters).await });
    let person = Person { account: account.id, session };
    tokens(ctx, &key, person, account.role, account.grants, refresh_token).await
}

/// Swaps a refresh token for its successor and a new access token: one read, one commit.
pub async fn refresh(ctx: &Ctx, token: &RefreshToken) -> Result<Tokens, Failure<SessionEnded>> {
    let tenant = ctx.tenant();
    let ended = || Failure::Rejected(SessionEnded);
    let rows = ctx.read(vec![session::find(tenant, token.claim.session), keys::signing_key()]).await?;
    let mac =
        ctx.app().vault.lookup.mac(tenant.organization, Purpose::RefreshToken, token.claim.authenticated().as_bytes());
    // The organization is in what the MAC was made over, and in its key.
    if !bool::from(mac.ct_eq(&token.mac)) || token.claim.organization != tenant.organization {
        return Err(ended());
    }
    let mut found = rows.first().map(session::session_of).transpose().map_err(Failure::Unavailable)?.flatten();
    let mut commit = Commit::new();
    let key = signing_key(ctx, rows.get(1), &mut commit)?;

    // A second time when another was quicker; then there is nothing left to win.
    for _ in 0..2 {
        let row = found.take().filter(|row| row.is_active).ok_or_else(ended)?;
        let generation = match decide(token.claim.generation, &row.family, ctx.now) {
            Refresh::Repeat { successor } => successor,
            Refresh::Expired | Refresh::Revoked | Refresh::Ahead => return Err(ended()),
            Refresh::Theft => {
                end_for_theft(ctx, token.claim, &row).await?;
                return Err(ended());
            }
            Refresh::Rotate { next } => {
                let successor = refresh_token(ctx.app(), tenant, token.claim.session, next);
                let hash = hash_of(&successor).to_hex();
                let expires_at = later(ctx.now, SESSION_MILLIS);
                let mut commit = commit.clone();
                let steps = (row.family.current, next);
                let rotated =
                    commit.push(session::rotate(tenant, token.claim.session, steps, &hash, ctx.now, expires_at));
                commit.push_after(session::find(tenant, token.claim.session));
                let (changed, after) = committed(ctx.commit(&commit).await?)?;
                if changed.get(rotated).is_none_or(Rows::is_empty) {
                    found = after.first().map(session::session_of).transpose().map_err(Failure::Unavailable)?.flatten();
                    continue;
                }
                next
            }
        };
        let text = refresh_token(ctx.app(), tenant, token.claim.session, generation);
        let person = Person { account: row.account, session: token.claim.session };
        return tokens(ctx, &key, person, row.role, row.grants, text).await;
    }
    Err(ended())
}

async fn end_for_theft(ctx: &Ctx, claim: RefreshClaim, row: &SessionRow) -> Result<(), Failure<SessionEnded>> {
    let mut commit = Commit::new();
    commit.push(session::revoke(ctx.tenant(), claim.session, row.account, "theft", ctx.now));
    let change = Change::new("session.theft", claim.session);
    commit.push(journal::audit(ctx, ctx.new_id()?, &row.account.to_string(), change));
    committed(ctx.commit(&commit).await?)?;
    void(ctx, &claim.session.to_string()).await
}

/// The sessions of the person who asks, newest first.
pub async fn list(ctx: &Ctx, person: Person) -> Result<Vec<SessionSummary>, Failure<SessionEnded>> {
    let rows = ctx.read(vec![session::of_account(ctx.tenant(), person.account, ctx.now)]).await?;
    Ok(rows.first().map(session::summaries).transpose()?.unwrap_or_default())
}

/// The account of the person who asks.
pub async fn account(ctx: &Ctx, person: Person) -> Result<Account, Failure<SessionEnded>> {
    let rows = ctx.read(vec![account::by_id(ctx.tenant(), person.account)]).await?;
    let row = rows.first().and_then(Rows::first).ok_or(Failure::NotFound)?;
    let row = account::account_of(row).map_err(Failure::Unavailable)?;
    let organization = ctx.tenant().organization;
    let key = ctx.app().vault.masters.data_key(organization, &row.key);
    let key = key.map_err(|error| Unavailable::Corrupt(error.to_string()))?;
    let id = row.id.to_string();
    let open = |column, sealed: &str| {
        let opened = key.open_text(Place { organization, table: "account", column, row: &id }, sealed);
        opened.map_err(|error| Unavailable::Corrupt(format!("an account's {column}: {error}")))
    };
    Ok(Account {
        id: row.id,
        email: open("email", &row.email_sealed)?,
        name: row.name_sealed.as_deref().map(|sealed| open("name", sealed)).transpose()?,
        role: row.role,
        locale: row.locale,
        email_verified_at: row.email_verified_at,
        version: row.version,
        created_at: row.created_at,
    })
}

/// Ends one session of the person who asks. Again, it is ended again.
pub async fn revoke(
    ctx: &Ctx,
    person: Person,
    id: SessionId,
    because: &'static str,
) -> Result<(), Failure<SessionEnded>> {
    let tenant = ctx.tenant();
    let mut commit = Commit::new();
    commit.push(session::revoke(tenant, id, person.account, because, ctx.now));
    let actor = person.account.to_string();
    commit.push(journal::audit(ctx, ctx.new_id()?, &actor, Change::new("session.revoke", id)));
    commit.push_after(session::find(tenant, id));
    let (_, after) = committed(ctx.commit(&commit).await?)?;
    let found = after.first().map(session::session_of).transpose().map_err(Failure::Unavailable)?.flatten();
    found.filter(|row| row.account == person.account).ok_or(Failure::NotFound)?;
    void(ctx, &id.to_string()).await
}

/// Ends every session of the person who asks.
pub async fn revoke_all(ctx: &Ctx, person: Person) -> Result<(), Failure<SessionEnded>> {
    let mut commit = Commit::new();
    commit.push(session::revoke_all(ctx.tenant(), person.account, "revoked", ctx.now));
    let actor = person.account.to_string();
    commit.push(journal::audit(ctx, ctx.new_id()?, &actor, Change::new("session.revoke-all", person.account)));
    committed(ctx.commit(&commit).await?)?;
    void(ctx, &actor).await
}

/// Lets no token of a session or an account pass any more, at any edge that hears of it within 30 s.
async fn void(ctx: &Ctx, id: &str) -> Result<(), Failure<SessionEnded>> {
    // A token of this very millisecond is void too.
    let before = later(ctx.now, 1).millis().to_string();
    let key = revocation_key(ctx.tenant().organization, id);
    ctx.kv(Command::new(["SET", &key, &before, "EX", &VOID_SECONDS.to_string()])).await?;
    Ok(())
}

/// The keys whose tokens are good now: each with its name and public half.
pub async fn public_keys(app: &App) -> Result<Vec<(String, String)>, Unavailable> {
    let rows = app.sql.read(vec![keys::live_keys(app.clock.now())]).await?;
    let text = |row: crate::port::sql::Row<'_>, name| row.get::<&str>(name).map(str::to_owned);
    let live = rows.first().map(|rows| {
        rows.iter().map(|row| Ok((text(row, "kid")?, text(row, "public_key")?))).collect::<Result<_, Unavailable>>()
    });
    live.transpose().map(Option::unwrap_or_default)
}

/// The key to sign with: the newest, or one that `commit` keeps from now on.
pub(super) fn signing_key<E>(ctx: &Ctx, rows: Option<&Rows>, commit: &mut Commit) -> Result<SigningKey, Failure<E>> {
    let app = ctx.app();
    let stored = rows.map(keys::stored_keys).transpose()?.unwrap_or_default();
    match stored.first() {
        Some(stored) => SigningKey::open(stored, &app.vault.masters).map_err(Failure::Unavailable),
        None => {
            let (key, stored) = signing::SigningKey::generate(&app.vault.masters, &*app.entropy)?;
            commit.push(keys::insert_token_key(&stored, ctx.now));
            Ok(key)
        }
    }
}

async fn tokens<E>(
    ctx: &Ctx,
    key: &SigningKey,
    person: Person,
    role: Role,
    grants: Vec<Grant>,
    refresh_token: String,
) -> Result<Tokens, Failure<E>> {
    let tenant = ctx.tenant();
    let access = Access {
        org: tenant.organization,
        store: tenant.store,
        currency: ctx.principal().await?.currency,
        sid: Some(person.session),
        role,
        scopes: account::scopes_of(role),
        grants,
        act: None,
        iat_ms: ctx.now.millis(),
    };
    let issuer = ctx.app().verifier().issuer.clone();
    let claims = AccessClaims::new(issuer, Subject::Account(person.account), access, ctx.now);
    let access_token = key.sign(&claims).map_err(Failure::Unavailable)?;
    Ok(Tokens { access_token, expires_in: ACCESS_SECONDS, refresh_token, account: person.account, role })
}

/// The text of a session's refresh token: the same each time, so that parallel refreshes get the same successor.
fn refresh_token(app: &App, tenant: Tenant, session: SessionId, generation: Generation) -> String {
    let claim = RefreshClaim { organization: tenant.organization, session, generation };
    let message = claim.authenticated();
    claim.with_mac(&app.vault.lookup.mac(tenant.organization, Purpose::RefreshToken, message.as_bytes()))
}

/// An address is the same in capitals: nobody gets a second account that way.
pub(super) fn hash_email(app: &App, tenant: Tenant, email: &Email) -> String {
    app.vault.lookup.of_email(tenant.organization, &email.as_str().to_lowercase())
}

/// The answers of the commit's statements, and of those after it.
pub(super) fn committed<E>(outcome: Committed) -> Result<(Vec<Rows>, Vec<Rows>), Failure<E>> {
    match outcome {
        Committed::Done { rows, after } => Ok((rows, after)),
        Committed::Refused { refusal, .. } => {
            Err(Failure::Unavailable(Unavailable::Corrupt(format!("a commit was refused: {refusal:?}"))))
        }
    }
}

fn no_data_key<E>() -> Failure<E> {
    Failure::Unavailable(Unavailable::Corrupt("the organization has no data key: run `hp migrate`".to_owned()))
}

fn later(now: Timestamp, millis: i64) -> Timestamp {
    now.checked_add_millis(millis).unwrap_or(now)
}
