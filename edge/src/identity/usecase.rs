//! Sessions: log in, refresh, log out, list and revoke.

use futures_util::future::join_all;
use headlesspro_shared::identity::{
    Challenge, HashParameters, Lockout, Password, Refresh, RefreshClaim, RefreshToken, Role, VOID_SECONDS,
    needs_rehash, refresh as decide,
};
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::id::{AccountId, SessionId, StoreId};
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::json;
use subtle::ConstantTimeEq;

use super::caller::{Person, hash_of, revocation_key};
use super::newest::Newest;
use super::opening::{self, Opened, Opening, SUSPENDED, Tokens, refresh_token, session_end, signing_key};
use super::script::{self, LIMITS_AND_LOCKOUT};
use super::store::account::{AccountRow, LoginRow};
use super::store::api_key::guard_changed;
use super::store::session::{OpenStore, SessionRow, SessionSummary};
use super::store::{account, keys, session};
use super::{hashing, second_factor};
use crate::app::{App, Ctx, Tenant};
use crate::failure::{Failure, Unavailable};
use crate::journal::{self, Change};
use crate::limits::{ClientAddress, Joint};
use crate::port::kv::Command;
use crate::port::sql::{Commit, Committed, Refusal, Rows, SqlError, Statement};
use crate::vault::{DataKey, Place, Purpose, WrappedKey};

/// An account as its owner sees it.
pub struct Account {
    pub id: AccountId,
    pub email: String,
    pub name: Option<String>,
    pub phone: Option<String>,
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
    /// The password is right; the challenge stands for it.
    SecondFactor { challenge: Challenge },
}

/// The refresh token is not good (any more): log in again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionEnded;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshError {
    Ended,
    /// Customers are in the store whose key they come with.
    StaffOnly,
}

/// Who logs in, as told by the request.
pub struct Login<'a> {
    pub email: &'a Email,
    pub password: &'a Password,
    /// The client's network address, as far as the platform tells.
    pub address: Option<ClientAddress>,
    pub device: &'a str,
    pub wanted: HashParameters,
}

/// Opens a session: one Redis round trip, the one that counts the request too, one read, one commit.
pub async fn log_in(ctx: &Ctx, login: &Login<'_>) -> Result<Tokens, Failure<LoginError>> {
    let tenant = ctx.tenant();
    let email_hash = hash_email(ctx.app(), tenant, login.email);
    // Counted before the password is looked at: a thousand parallel guesses are not all admitted. Before the key is
    // verified too, so that the limits can be asked for in the same round trip: whoever makes one up keeps nobody
    // waiting who could not be kept waiting with the real one, which everybody can see.
    let counters = script::keys(tenant, &email_hash, login.address);
    let attempt = script::attempt(ctx.now, &Lockout::default());
    let joint = Joint { script: &LIMITS_AND_LOCKOUT, keys: counters.clone(), args: attempt };
    let reply = ctx.decide_first(&joint).await?;
    if let Err(millis) = script::read(&reply)? {
        return Err(Failure::Rejected(LoginError::Wait { millis }));
    }
    let rows = ctx.read(vec![account::by_email(tenant, &email_hash), keys::signing_keys(ctx.now)]).await?;
    let found = rows.first().and_then(Rows::first).ok_or_else(no_data_key)?;
    let (_, found) = account::login_of(found)?;
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

    let mut account = account;
    for _ in 0..ATTEMPTS {
        match enter(ctx, login, &account, &email_hash, rows.get(1)).await? {
            Entered::In(opened) => {
                forgive(ctx, counters);
                return opened.tokens(ctx).await;
            }
            Entered::AskedFor(challenge) => {
                forgive(ctx, counters);
                return Err(Failure::Rejected(LoginError::SecondFactor { challenge }));
            }
            Entered::Changed(now) => {
                let stored = now.password.as_ref().filter(|_| now.is_active);
                if !stored.is_some_and(|stored| hashing::is_right(login.password, stored)) {
                    return Err(Failure::Rejected(LoginError::Refused));
                }
                account = *now;
            }
        }
    }
    Err(Failure::Rejected(LoginError::Refused))
}

/// How often a right password is tried: again where it was hashed anew meanwhile, by another login.
const ATTEMPTS: usize = 3;

/// What became of a right password.
enum Entered {
    In(Box<Opened>),
    AskedFor(Challenge),
    /// The account is this by now.
    Changed(Box<LoginRow>),
}

/// One commit: with a session in it, or a challenge for who has a second factor.
async fn enter(
    ctx: &Ctx,
    login: &Login<'_>,
    account: &LoginRow,
    email_hash: &str,
    signing: Option<&Rows>,
) -> Result<Entered, Failure<LoginError>> {
    let tenant = ctx.tenant();
    let stored = account.password.as_ref().ok_or(Failure::Rejected(LoginError::Refused))?;
    let mut commit = Commit::new();
    // Seconds may have passed since the read: who resets the password meanwhile ends this login too.
    let guard = commit.push(account::guard_password(tenant, account.id, stored));
    if needs_rehash(&stored.parameters, &login.wanted) {
        let new = hashing::hash(login.password, login.wanted, &*ctx.app().entropy)?;
        commit.push(account::rehash(tenant, account.id, stored, &new, ctx.now));
    }
    let entered = if account.has_second_factor {
        Entered::AskedFor(second_factor::usecase::challenge(ctx, account.id, &mut commit)?)
    } else {
        let (role, permissions) = (account.role, account.permissions.clone());
        let opening = Opening { account: account.id, role, permissions, device: login.device };
        Entered::In(Box::new(opening::open(ctx, signing, opening, &mut commit)?))
    };
    commit.push_diagnosis(account::by_email(tenant, email_hash));
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(entered),
        Committed::Refused { statement, diagnosis, .. } if statement == guard => {
            let now = diagnosis.first().and_then(Rows::first).map(account::login_of).transpose()?;
            let now = now.and_then(|(_, now)| now).ok_or(Failure::Rejected(LoginError::Refused))?;
            Ok(Entered::Changed(Box::new(now)))
        }
        Committed::Refused { refusal, .. } if refusal.is_raised(SUSPENDED) => {
            Err(Failure::Rejected(LoginError::Refused))
        }
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// Forgives failed logins, after the answer.
fn forgive(ctx: &Ctx, counters: Vec<String>) {
    let app = std::sync::Arc::clone(ctx.app());
    ctx.later(async move { script::forgive(&*app.kv, counters).await });
}

/// Swaps a refresh token for its successor and a new access token: one read, one commit, and one read more where a
/// replica has not heard yet of what made the token. With `wanted` a session of the staff is in that store from then
/// on; one that its grants do not reach is not there, and nothing is swapped.
pub async fn refresh(
    ctx: &Ctx,
    token: &RefreshToken,
    wanted: Option<StoreId>,
) -> Result<Tokens, Failure<RefreshError>> {
    let tenant = ctx.tenant();
    let ended = || Failure::Rejected(RefreshError::Ended);
    let mut reads = vec![session::find(tenant, token.claim.session), keys::signing_keys(ctx.now)];
    reads.extend(wanted.map(|store| session::open_store(tenant, store)));
    let mut rows = ctx.read(reads.clone()).await?;
    let mac =
        ctx.app().vault.lookup.mac(tenant.organization, Purpose::RefreshToken, token.claim.authenticated().as_bytes());
    // The organization is in what the MAC was made over, and in its key.
    if !bool::from(mac.ct_eq(&token.mac)) || token.claim.organization != tenant.organization {
        return Err(ended());
    }
    let mut found = rows.first().map(session::session_of).transpose()?.flatten();
    // The token is ours, so there is its session, at its generation: perhaps not where was read.
    if found.as_ref().is_none_or(|row| decide(token.claim.generation, &row.family, ctx.now) == Refresh::Ahead) {
        rows = ctx.clone().reading_what_is_current().read(reads).await?;
        found = rows.first().map(session::session_of).transpose()?.flatten();
    }
    let mut commit = Commit::new();
    let key = signing_key(ctx, rows.get(1), &mut commit)?;
    let wanted = match wanted {
        None => Wanted::AsBefore,
        Some(_) => Wanted::Store(rows.get(2).map(session::open_store_of).transpose()?.flatten()),
    };

    // A second time when another was quicker; then there is nothing left to win.
    for _ in 0..2 {
        let row = found.take().filter(|row| row.is_active).ok_or_else(ended)?;
        let decision = decide(token.claim.generation, &row.family, ctx.now);
        let generation = match decision {
            Refresh::Repeat { successor } => successor,
            Refresh::Rotate { next } => next,
            Refresh::Expired | Refresh::Revoked | Refresh::Ahead => return Err(ended()),
            Refresh::Theft => {
                end_for_theft(ctx, token.claim, &row).await?;
                return Err(ended());
            }
        };
        let elsewhere = elsewhere(&row, &wanted)?;
        let store = elsewhere.map_or(tenant.store, |store| store.id);
        let text = refresh_token(ctx.app(), tenant, token.claim.session, generation);
        let mut commit = commit.clone();
        if let Refresh::Rotate { next } = decision {
            let hash = hash_of(&text).to_hex();
            let steps = (row.family.current, next);
            let moments = (ctx.now, session_end(ctx.now));
            commit.push(session::rotate(tenant, token.claim.session, steps, &hash, moments, store));
            let guard = commit.push(guard_changed());
            if row.store_id != store {
                commit.push(moved(ctx, token.claim, &row, store)?);
            }
            commit.push_diagnosis(session::find(tenant, token.claim.session));
            match ctx.commit(&commit).await? {
                Committed::Done { .. } => {}
                Committed::Refused { statement, diagnosis, .. } if statement == guard => {
                    found = diagnosis.first().map(session::session_of).transpose()?.flatten();
                    continue;
                }
                Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
            }
        } else if matches!(wanted, Wanted::Store(_)) && row.store_id != store {
            commit.push(session::enter(tenant, token.claim.session, store));
            let guard = commit.push(guard_changed());
            commit.push(moved(ctx, token.claim, &row, store)?);
            match ctx.commit(&commit).await? {
                Committed::Done { .. } => {}
                // It was ended meanwhile.
                Committed::Refused { statement, .. } if statement == guard => return Err(ended()),
                Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
            }
        }
        let person = Person { account: row.account, session: token.claim.session };
        let (role, permissions) = (row.role, row.permissions);
        return Opened { key, person, role, permissions, refresh_token: text, elsewhere }.tokens(ctx).await;
    }
    Err(ended())
}

/// Which store a refresh asks for.
enum Wanted {
    AsBefore,
    /// `None`: there is no such store, or it is suspended.
    Store(Option<OpenStore>),
}

/// The store that a session goes on in, where that is not the one of the key that asks. The staff stays where it was;
/// where that store is suspended meanwhile, it is back at the key's.
fn elsewhere(session: &SessionRow, wanted: &Wanted) -> Result<Option<OpenStore>, Failure<RefreshError>> {
    match wanted {
        Wanted::AsBefore if session.role == Role::Customer => Ok(None),
        Wanted::AsBefore => Ok(session.store),
        Wanted::Store(_) if session.role == Role::Customer => Err(Failure::Rejected(RefreshError::StaffOnly)),
        Wanted::Store(store) => {
            let store = store.filter(|store| session.permissions.enters(store.id));
            Ok(Some(store.ok_or(Failure::NotFound)?))
        }
    }
}

/// What the audit log keeps of a session that goes on in another store.
fn moved(ctx: &Ctx, claim: RefreshClaim, row: &SessionRow, store: StoreId) -> Result<Statement, Failure<RefreshError>> {
    let in_store = |id: StoreId| json!({ "storeId": id.to_string() });
    let change = Change::new("session.move", claim.session).before(in_store(row.store_id)).after(in_store(store));
    Ok(journal::audit(ctx, ctx.new_id()?, &row.account.to_string(), change))
}

/// What the audit log keeps of a session that was open, or of an account some of whose were.
fn ended(action: &'static str, subject: impl ToString, because: &'static str) -> Change {
    Change::new(action, subject).turned("isOpen", true.into(), false.into()).has("because", because.into())
}

async fn end_for_theft(ctx: &Ctx, claim: RefreshClaim, row: &SessionRow) -> Result<(), Failure<RefreshError>> {
    let mut commit = Commit::new();
    commit.push(session::revoke(ctx.tenant(), claim.session, row.account, "theft", ctx.now));
    // Of several who show it at once one is written down.
    let guard = commit.push(guard_changed());
    let change = ended("session.theft", claim.session, "theft");
    commit.push(journal::audit(ctx, ctx.new_id()?, &row.account.to_string(), change));
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {}
        Committed::Refused { statement, .. } if statement == guard => {}
        Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
    }
    // The next who shows it finds the session ended, and voids nothing.
    void_tokens(ctx, &[claim.session], &[]).await;
    Ok(())
}

/// A page of the sessions of the person who asks, and the one behind it.
pub async fn list(
    ctx: &Ctx,
    person: Person,
    wanted: &Newest,
) -> Result<(Vec<SessionSummary>, Option<Newest>), Failure<SessionEnded>> {
    let rows = ctx.read(vec![session::of_account(ctx.tenant(), person.account, ctx.now, wanted)]).await?;
    let sessions = rows.first().map(session::summaries).transpose()?.unwrap_or_default();
    Ok(wanted.page(sessions, |session| (session.created_at, session.id.to_string())))
}

/// The account of the person who asks.
pub async fn account<E>(ctx: &Ctx, person: Person) -> Result<Account, Failure<E>> {
    let rows = ctx.read(vec![account::by_id(ctx.tenant(), person.account)]).await?;
    let row = rows.first().and_then(Rows::first).ok_or(Failure::NotFound)?;
    Ok(opened(ctx, account::account_of(row)?)?)
}

/// An account with what was sealed of it.
pub(super) fn opened(ctx: &Ctx, row: AccountRow) -> Result<Account, Unavailable> {
    let organization = ctx.tenant().organization;
    let key = data_key(ctx.app(), ctx.tenant(), &row.key)?;
    let id = row.id.to_string();
    let open = |column, sealed: &str| {
        let opened = key.open_text(Place { organization, table: "account", column, row: &id }, sealed);
        opened.map_err(|error| Unavailable::Corrupt(format!("an account's {column}: {error}")))
    };
    Ok(Account {
        id: row.id,
        email: open("email", &row.email_sealed)?,
        name: row.name_sealed.as_deref().map(|sealed| open("name", sealed)).transpose()?,
        phone: row.phone_sealed.as_deref().map(|sealed| open("phone", sealed)).transpose()?,
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
    let guard = commit.push(guard_changed());
    let actor = person.account.to_string();
    commit.push(journal::audit(ctx, ctx.new_id()?, &actor, ended("session.revoke", id, because)));
    commit.push_diagnosis(session::find(tenant, id));
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {}
        // Ended before, or nothing of theirs.
        Committed::Refused { statement, diagnosis, .. } if statement == guard => {
            let found = diagnosis.first().map(session::session_of).transpose()?.flatten();
            found.filter(|row| row.account == person.account).ok_or(Failure::NotFound)?;
        }
        Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
    }
    void_tokens(ctx, &[id], &[]).await;
    Ok(())
}

/// Ends every session of the person who asks.
pub async fn revoke_all(ctx: &Ctx, person: Person) -> Result<(), Failure<SessionEnded>> {
    let mut commit = Commit::new();
    commit.push(session::revoke_all(ctx.tenant(), person.account, "revoked", ctx.now));
    let guard = commit.push(guard_changed());
    let actor = person.account.to_string();
    let change = ended("session.revoke-all", person.account, "revoked");
    commit.push(journal::audit(ctx, ctx.new_id()?, &actor, change));
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {}
        // They were all ended.
        Committed::Refused { statement, .. } if statement == guard => {}
        Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
    }
    void_tokens(ctx, &[], &[actor]).await;
    Ok(())
}

/// Tells Redis what the commit before has kept: of these sessions, which have ended, no token is good; of these accounts
/// and apps, none that was issued until now. Every edge hears of it within 30 s. It does from the database as well, so
/// that nothing is lost where Redis does not answer, or is never told.
pub async fn void_tokens(ctx: &Ctx, ended: &[SessionId], subjects: &[String]) {
    let mut commands = ending(ctx, ended);
    commands.extend(voiding(ctx, subjects));
    if ctx.pipeline(commands).await.is_err() {
        log::warn!("tokens that were revoked are void within half a minute: Redis was not told");
    }
}

fn voiding(ctx: &Ctx, ids: &[String]) -> Vec<Command> {
    // A token of this very millisecond is void too.
    let before = ctx.app().clock.now().millis().saturating_add(1).to_string();
    ids.iter().map(|id| set_void(ctx, id, &before)).collect()
}

/// So many sessions of one account are voided each by its name; all are by the account's.
const MOST_VOIDED: usize = 100;

/// A session that has ended gets no new tokens, so all that it ever had are void, whatever the clock of the isolate
/// that issued them.
fn ending(ctx: &Ctx, ended: &[SessionId]) -> Vec<Command> {
    ended.iter().take(MOST_VOIDED).map(|id| set_void(ctx, &id.to_string(), &i64::MAX.to_string())).collect()
}

fn set_void(ctx: &Ctx, id: &str, before: &str) -> Command {
    Command::new(["SET", &revocation_key(ctx.tenant().organization, id), before, "EX", &VOID_SECONDS.to_string()])
}

/// The statement that ends every session of an account, whose tokens are void with it; answers their ids, which
/// [`ended_sessions`] takes.
pub fn end_sessions(tenant: Tenant, account: AccountId, because: &'static str, now: Timestamp) -> Statement {
    session::revoke_all(tenant, account, because, now)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn ended_sessions(rows: Option<&Rows>) -> Result<Vec<SessionId>, SqlError> {
    Ok(rows.map(session::ids_of).transpose()?.unwrap_or_default())
}

/// The public halves of the keys that sign access tokens.
pub struct PublicKeys {
    /// Each with its name.
    pub keys: Vec<(String, String)>,
    /// Whether every database has told its own.
    pub is_complete: bool,
}

/// The keys that had not retired by `then`, in all databases: those whose access tokens are good, where that is now. A database that does not answer keeps nobody from the keys of
/// the others: its organizations are served nothing meanwhile.
///
/// # Errors
/// [`Unavailable`] where there is no key for that.
pub async fn public_keys(app: &App, then: Timestamp) -> Result<PublicKeys, Unavailable> {
    let asked = app.databases.all().map(|(_, sql)| async move {
        let rows = sql.read(vec![keys::live_keys(then)]).await?;
        Ok::<_, SqlError>(rows.first().map(keys::live_keys_of).transpose()?.unwrap_or_default())
    });
    let (mut live, mut failed) = (Vec::new(), None);
    for answer in join_all(asked).await {
        match answer {
            // A database that began as the copy of another has its keys.
            Ok(keys) => keys.into_iter().for_each(|key| {
                if !live.contains(&key) {
                    live.push(key);
                }
            }),
            Err(error) => {
                log::error!("the token keys of a database are not told: {error}");
                failed = Some(error);
            }
        }
    }
    match failed {
        Some(error) if live.is_empty() => Err(error.into()),
        failed => Ok(PublicKeys { keys: live, is_complete: failed.is_none() }),
    }
}

/// The keyed hash of an address, in hex. It is the same in capitals: nobody gets a second account that way.
pub(super) fn hash_email(app: &App, tenant: Tenant, email: &Email) -> String {
    app.vault.lookup.of_email(tenant.organization, &email.as_str().to_lowercase())
}

/// An organization's data key, as it was read with what it opens.
///
/// # Errors
/// [`Unavailable`] when no master key of the host opens it.
pub fn data_key(app: &App, tenant: Tenant, wrapped: &WrappedKey) -> Result<DataKey, Unavailable> {
    let key = app.vault.masters.data_key(tenant.organization, wrapped);
    key.map_err(|error| Unavailable::Corrupt(error.to_string()))
}

/// The organization's data key, in the rows of its statement.
///
/// # Errors
/// [`Unavailable`] when there is none, or no master key of the host opens it.
pub fn data_key_of(app: &App, tenant: Tenant, rows: Option<&Rows>) -> Result<DataKey, Unavailable> {
    let wrapped = rows.and_then(Rows::first).map(keys::wrapped).transpose()?;
    let wrapped = wrapped.ok_or_else(|| Unavailable::corrupt("the organization has no data key"))?;
    data_key(app, tenant, &wrapped)
}

/// The address of an account.
pub(super) fn email_of(tenant: Tenant, key: &DataKey, id: AccountId, sealed: &str) -> Result<Email, Unavailable> {
    let row = id.to_string();
    let place = Place { organization: tenant.organization, table: "account", column: "email", row: &row };
    let opened = key.open_text(place, sealed).ok().and_then(|text| text.parse().ok());
    opened.ok_or_else(|| Unavailable::Corrupt("an account's address".to_owned()))
}

/// The answers of the commit's statements, and of those after it.
pub(super) fn committed<E>(outcome: Committed) -> Result<(Vec<Rows>, Vec<Rows>), Failure<E>> {
    match outcome {
        Committed::Done { rows, after } => Ok((rows, after)),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

pub(super) fn unexplained<E>(refusal: &Refusal) -> Failure<E> {
    Failure::Unavailable(Unavailable::Corrupt(format!("a commit was refused: {refusal:?}")))
}

pub(super) fn no_data_key<E>() -> Failure<E> {
    Failure::Unavailable(Unavailable::Corrupt("the organization has no data key: run `hp migrate`".to_owned()))
}
