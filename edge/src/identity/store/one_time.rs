//! One-time tokens.

use headlesspro_shared::identity::{
    Issued, MAILS_COUNTED_MILLIS, MAILS_IN_AN_HOUR, MAILS_OF_ONE_IN_AN_HOUR, OneTimePurpose, PasswordHash,
    PkceChallenge,
};
use headlesspro_shared::kernel::id::{AccountId, SessionId};
use headlesspro_shared::kernel::time::Timestamp;

use super::account::{LoginRow, login_of};
use crate::app::Tenant;
use crate::failure::Unavailable;
use crate::port::sql::{Row, Statement};
use crate::vault::WrappedKey;

const INSERT: &str = "-- identity::insert_one_time_token
INSERT INTO one_time_token (organization_id, token_hash, purpose, account_id, password_hash, name_sealed,
  code_challenge, created_at, expires_at, requested_by, email_hash, email_sealed, session_id)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

/// One that is mailed, where not enough of them were: counted here, since of many at once each would find room in what
/// it has read. Nobody's is always kept, so that asking takes as long. Anybody may found an organization in any name: as
/// long as none of its owners has read a mail, it sends none but those that confirm an owner's address.
const INSERT_MAILED: &str = "-- identity::insert_mailed_one_time_token
INSERT INTO one_time_token (organization_id, token_hash, purpose, account_id, password_hash, name_sealed,
  code_challenge, created_at, expires_at, requested_by, email_hash, email_sealed, session_id)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13
FROM (
  SELECT coalesce(sum(t.requested_by = ?10), 0) AS own, coalesce(sum((t.code_challenge IS NULL) = (?7 IS NULL)), 0) AS alike FROM one_time_token t
  WHERE t.organization_id = ?1 AND t.account_id = ?4 AND t.purpose = ?3 AND ?14 < t.created_at) recent
WHERE recent.own < ?15 AND recent.alike < ?16 AND NOT EXISTS (
  SELECT 1 FROM account c WHERE c.organization_id = ?1 AND c.id = ?4 AND NOT (c.role = 'owner' AND ?3 = 'verify-email')
    AND (SELECT min(o.email_verified_at IS NULL) FROM account o WHERE o.organization_id = ?1 AND o.role = 'owner'))";

/// As the one before, with the name chosen for the newest one that is still good. With no password: whoever asks again
/// need not be the one who chose it. A founder gets few, and those soon: whoever founds in the name of another's address
/// sends it no mail for ever. The plus keeps the planner from the index on `expires_at`, by which it would read
/// every token of the organization that is still good.
const INSERT_AGAIN: &str = "-- identity::insert_one_time_token_again
INSERT INTO one_time_token (organization_id, token_hash, purpose, account_id, created_at, expires_at, requested_by,
  name_sealed)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, (
  SELECT n.name_sealed FROM one_time_token n
  WHERE n.organization_id = ?1 AND n.account_id = ?4 AND n.purpose = ?3 AND n.used_at IS NULL AND ?5 < +n.expires_at
  ORDER BY n.created_at DESC LIMIT 1)
FROM (
  SELECT coalesce(sum(t.requested_by = ?7), 0) AS own, count(*) AS alike FROM one_time_token t
  WHERE t.organization_id = ?1 AND t.account_id = ?4 AND t.purpose = ?3 AND ?8 < t.created_at) recent
WHERE recent.own < ?9 AND recent.alike < ?10 AND NOT EXISTS (
  SELECT 1 FROM account c WHERE c.organization_id = ?1 AND c.id = ?4
    AND iif(c.role = 'owner', c.created_at <= ?11 OR ?12 <= (
      SELECT count(*) FROM one_time_token f WHERE f.organization_id = ?1 AND f.account_id = ?4 AND f.purpose = ?3),
      (SELECT min(o.email_verified_at IS NULL) FROM account o WHERE o.organization_id = ?1 AND o.role = 'owner')))";

const FIND: &str = "-- identity::one_time_token
SELECT t.email_hash AS chosen_email_hash, t.email_sealed AS chosen_email, t.session_id, t.code_challenge, t.expires_at AS token_expires_at, t.used_at, t.password_hash AS chosen_password,
  t.name_sealed AS chosen_name, a.email_sealed, a.email_hash, k.wrapped, k.master_key_id, a.id, a.password_hash, a.role,
  a.grants, a.state, a.email_verified_at, a.locale,
  (SELECT c.scopes FROM custom_role c WHERE c.organization_id = a.organization_id AND c.id = a.role) AS role_scopes,
  EXISTS (SELECT 1 FROM second_factor f WHERE f.organization_id = a.organization_id AND f.account_id = a.id
    AND f.confirmed_at IS NOT NULL) AS has_second_factor,
  (SELECT o.id FROM account o WHERE o.organization_id = t.organization_id AND o.email_hash = t.email_hash
    AND o.id <> t.account_id) AS holder
FROM one_time_token t
JOIN account a ON a.organization_id = t.organization_id AND a.id = t.account_id
JOIN organization_key k ON k.organization_id = t.organization_id
WHERE t.organization_id = ?1 AND t.token_hash = ?2 AND t.purpose = ?3";

const USE: &str = "-- identity::use_one_time_token
UPDATE one_time_token SET used_at = ?4
WHERE organization_id = ?1 AND token_hash = ?2 AND purpose = ?3 AND used_at IS NULL AND ?4 < expires_at";

const VOID: &str = "-- identity::void_one_time_tokens
UPDATE one_time_token INDEXED BY one_time_token_account SET used_at = ?3
WHERE organization_id = ?1 AND account_id = ?2 AND used_at IS NULL";

const FORGET: &str = "-- identity::forget_one_time_tokens
DELETE FROM one_time_token WHERE organization_id = ?1 AND expires_at < ?2";

/// Refuses the commit when the statement before it has changed nothing.
const GUARD_USED: &str = "-- identity::guard_used
INSERT INTO violation (what) SELECT 'used before' WHERE changes() = 0";

/// A founder's mails in all, and how long after the founding there is another. Tokens are kept as long.
const FOUNDERS_MAILS: i64 = 6;
const FOUNDER_ASKS_WITHIN_MILLIS: i64 = 86_400_000;

/// A token to be kept.
pub struct NewToken<'a> {
    pub hash: &'a str,
    pub purpose: OneTimePurpose,
    pub account: Option<AccountId>,
    pub password: Option<&'a PasswordHash>,
    pub name_sealed: Option<&'a str>,
    pub bound_to: Option<PkceChallenge>,
    /// The keyed hash of where the request came from. `None`: nobody asked for it.
    pub requested_by: Option<&'a str>,
    /// The address that the account shall have.
    pub email: Option<ChosenEmail>,
}

impl<'a> NewToken<'a> {
    /// One that carries nothing more.
    pub const fn new(hash: &'a str, purpose: OneTimePurpose, account: Option<AccountId>) -> NewToken<'a> {
        NewToken {
            hash,
            purpose,
            account,
            password: None,
            name_sealed: None,
            bound_to: None,
            requested_by: None,
            email: None,
        }
    }
}

/// An address that an account shall have, and the session that asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenEmail {
    /// As `account.email_hash`.
    pub hash: String,
    /// For its place in `account`.
    pub sealed: String,
    pub session: SessionId,
}

/// A token with its account.
pub struct TokenRow {
    pub issued: Issued,
    /// What was chosen with it, by whoever asked for it: a password's hash, and a sealed name.
    pub chosen_password: Option<PasswordHash>,
    pub chosen_name: Option<String>,
    pub chosen_email: Option<ChosenEmail>,
    /// Another account that has the chosen address now.
    pub holder: Option<AccountId>,
    pub key: WrappedKey,
    pub account: LoginRow,
    pub email_sealed: String,
    pub email_hash: String,
}

/// One that is told to who has shown something, and never mailed: nothing bounds their number.
pub fn insert(tenant: Tenant, token: &NewToken<'_>, now: Timestamp) -> Statement {
    bound(Statement::new(INSERT).bind(tenant.organization.to_string()), token, now)
}

/// One that is mailed: kept unless its account was mailed enough. To be followed by its mail, which is sent only where
/// this has changed something.
pub fn insert_mailed(tenant: Tenant, token: &NewToken<'_>, now: Timestamp) -> Statement {
    let statement = Statement::new(INSERT_MAILED).bind(tenant.organization.to_string());
    within_limits(bound(statement, token, now), now)
}

fn bound(statement: Statement, token: &NewToken<'_>, now: Timestamp) -> Statement {
    statement
        .bind(token.hash)
        .bind(token.purpose.name())
        .bind(token.account.map(|id| id.to_string()))
        .bind(token.password.map(PasswordHash::to_phc))
        .bind(token.name_sealed)
        .bind(token.bound_to.map(|challenge| challenge.to_string()))
        .bind(now.millis())
        .bind(token.purpose.ends(now).millis())
        .bind(token.requested_by)
        .bind(token.email.as_ref().map(|email| email.hash.as_str()))
        .bind(token.email.as_ref().map(|email| email.sealed.as_str()))
        .bind(token.email.as_ref().map(|email| email.session.to_string()))
}

fn within_limits(statement: Statement, now: Timestamp) -> Statement {
    let since = now.checked_add_millis(-MAILS_COUNTED_MILLIS).unwrap_or(now);
    statement.bind(since.millis()).bind(MAILS_OF_ONE_IN_AN_HOUR).bind(MAILS_IN_AN_HOUR)
}

/// Another one for what was asked before: with the name chosen for the newest that is still good, and no password. As
/// [`insert_mailed`], to be followed by its mail.
pub fn insert_again(
    tenant: Tenant,
    hash: &str,
    purpose: OneTimePurpose,
    account: Option<AccountId>,
    requested_by: &str,
    now: Timestamp,
) -> Statement {
    let statement = Statement::new(INSERT_AGAIN)
        .bind(tenant.organization.to_string())
        .bind(hash)
        .bind(purpose.name())
        .bind(account.map(|id| id.to_string()))
        .bind(now.millis())
        .bind(purpose.ends(now).millis())
        .bind(requested_by);
    let founders_since = now.checked_add_millis(-FOUNDER_ASKS_WITHIN_MILLIS).unwrap_or(now);
    within_limits(statement, now).bind(founders_since.millis()).bind(FOUNDERS_MAILS)
}

/// The statement whose row [`token_of`] takes.
pub fn find(tenant: Tenant, hash: &str, purpose: OneTimePurpose) -> Statement {
    Statement::new(FIND).bind(tenant.organization.to_string()).bind(hash).bind(purpose.name())
}

/// # Errors
/// [`Unavailable`] when the row does not read back.
pub fn token_of(row: Row<'_>) -> Result<TokenRow, Unavailable> {
    let (key, account) = login_of(row)?;
    let challenge = row.get::<Option<&str>>("code_challenge")?;
    let password = row.get::<Option<&str>>("chosen_password")?;
    let email = match (row.get::<Option<&str>>("chosen_email_hash")?, row.get::<Option<&str>>("chosen_email")?) {
        (Some(hash), Some(sealed)) => {
            let session = row.parse("session_id")?;
            Some(ChosenEmail { hash: hash.to_owned(), sealed: sealed.to_owned(), session })
        }
        _ => None,
    };
    Ok(TokenRow {
        issued: Issued {
            expires_at: Timestamp::from_millis(row.get("token_expires_at")?),
            is_used: row.get::<Option<i64>>("used_at")?.is_some(),
            bound_to: challenge.map(str::parse).transpose().map_err(|_| corrupt("a code challenge"))?,
        },
        chosen_password: password.map(str::parse).transpose().map_err(|_| corrupt("a chosen password's hash"))?,
        chosen_name: row.get::<Option<&str>>("chosen_name")?.map(str::to_owned),
        chosen_email: email,
        holder: row.get::<Option<&str>>("holder")?.map(str::parse).transpose().map_err(|_| corrupt("a holder"))?,
        key,
        account: account.ok_or_else(|| corrupt("a token's account"))?,
        email_sealed: row.get::<&str>("email_sealed")?.to_owned(),
        email_hash: row.get::<&str>("email_hash")?.to_owned(),
    })
}

/// Uses a token up: to be followed by [`guard_used`].
pub fn use_up(tenant: Tenant, hash: &str, purpose: OneTimePurpose, now: Timestamp) -> Statement {
    Statement::new(USE).bind(tenant.organization.to_string()).bind(hash).bind(purpose.name()).bind(now.millis())
}

/// Refuses the commit where the statement before it changed nothing: somebody else was quicker.
pub fn guard_used() -> Statement {
    Statement::new(GUARD_USED)
}

/// Uses up all of an account's.
pub fn void(tenant: Tenant, account: AccountId, now: Timestamp) -> Statement {
    Statement::new(VOID).bind(tenant.organization.to_string()).bind(account.to_string()).bind(now.millis())
}

/// Forgets those that ended before `before`.
pub fn forget(tenant: Tenant, before: Timestamp) -> Statement {
    Statement::new(FORGET).bind(tenant.organization.to_string()).bind(before.millis())
}

fn corrupt(what: &str) -> Unavailable {
    Unavailable::Corrupt(what.to_owned())
}
