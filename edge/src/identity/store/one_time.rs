//! One-time tokens.

use headlesspro_shared::identity::{Issued, OneTimePurpose, PasswordHash, PkceChallenge, Recent};
use headlesspro_shared::kernel::id::{AccountId, SessionId};
use headlesspro_shared::kernel::time::Timestamp;

use super::account::{LoginRow, login_of};
use crate::app::Tenant;
use crate::failure::Unavailable;
use crate::port::sql::{Row, Rows, Statement};
use crate::vault::WrappedKey;

const INSERT: &str = "-- identity::insert_one_time_token
INSERT INTO one_time_token (organization_id, token_hash, purpose, account_id, password_hash, name_sealed,
  code_challenge, created_at, expires_at, requested_by, email_hash, email_sealed, session_id)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

/// With the name chosen for the newest one that is still good. With no password: whoever asks again need not be the one
/// who chose it. The plus keeps the planner from the index on `expires_at`, by which it would read every token of the
/// organization that is still good.
const INSERT_AGAIN: &str = "-- identity::insert_one_time_token_again
INSERT INTO one_time_token (organization_id, token_hash, purpose, account_id, created_at, expires_at, requested_by,
  name_sealed)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, max(t.name_sealed) FROM (
  SELECT n.name_sealed FROM one_time_token n
  WHERE n.organization_id = ?1 AND n.account_id = ?4 AND n.purpose = ?3 AND n.used_at IS NULL AND ?5 < +n.expires_at
  ORDER BY n.created_at DESC LIMIT 1) t";

const RECENT: &str = "-- identity::recent_one_time_tokens
SELECT count(*) AS recent, coalesce(sum(t.requested_by = ?5), 0) AS own, max(t.created_at) AS newest FROM account a
JOIN one_time_token t ON t.organization_id = a.organization_id AND t.account_id = a.id
WHERE a.organization_id = ?1 AND a.email_hash = ?2 AND t.purpose = ?3 AND ?4 < t.created_at";

const RECENT_OF_ACCOUNT: &str = "-- identity::recent_one_time_tokens_of_account
SELECT count(*) AS recent, coalesce(sum(t.requested_by = ?5), 0) AS own, max(t.created_at) AS newest
FROM one_time_token t
WHERE t.organization_id = ?1 AND t.account_id = ?2 AND t.purpose = ?3 AND ?4 < t.created_at";

const FIND: &str = "-- identity::one_time_token
SELECT t.email_hash AS chosen_email_hash, t.email_sealed AS chosen_email, t.session_id, t.code_challenge, t.expires_at AS token_expires_at, t.used_at, t.password_hash AS chosen_password,
  t.name_sealed AS chosen_name, a.email_sealed, a.email_hash, k.wrapped, k.master_key_id, a.id, a.password_hash, a.role,
  a.grants, a.state, a.email_verified_at, a.locale,
  (SELECT c.scopes FROM custom_role c WHERE c.organization_id = a.organization_id AND c.id = a.role) AS role_scopes,
  EXISTS (SELECT 1 FROM second_factor f WHERE f.organization_id = a.organization_id AND f.account_id = a.id
    AND f.confirmed_at IS NOT NULL) AS has_second_factor
FROM one_time_token t
JOIN account a ON a.organization_id = t.organization_id AND a.id = t.account_id
JOIN organization_key k ON k.organization_id = t.organization_id
WHERE t.organization_id = ?1 AND t.token_hash = ?2 AND t.purpose = ?3";

const USE: &str = "-- identity::use_one_time_token
UPDATE one_time_token SET used_at = ?4
WHERE organization_id = ?1 AND token_hash = ?2 AND purpose = ?3 AND used_at IS NULL AND ?4 < expires_at";

const VOID: &str = "-- identity::void_one_time_tokens
UPDATE one_time_token SET used_at = ?3 WHERE organization_id = ?1 AND account_id = ?2 AND used_at IS NULL";

const FORGET: &str = "-- identity::forget_one_time_tokens
DELETE FROM one_time_token WHERE organization_id = ?1 AND expires_at < ?2";

/// Refuses the commit when the statement before it has changed nothing.
const GUARD_USED: &str = "-- identity::guard_used
INSERT INTO violation (what) SELECT 'used before' WHERE changes() = 0";

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
    pub key: WrappedKey,
    pub account: LoginRow,
    pub email_sealed: String,
    pub email_hash: String,
}

pub fn insert(tenant: Tenant, token: &NewToken<'_>, now: Timestamp) -> Statement {
    Statement::new(INSERT)
        .bind(tenant.organization.to_string())
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

/// Another one for what was asked before: with the name chosen for the newest that is still good, and no password.
pub fn insert_again(
    tenant: Tenant,
    hash: &str,
    purpose: OneTimePurpose,
    account: Option<AccountId>,
    requested_by: &str,
    now: Timestamp,
) -> Statement {
    Statement::new(INSERT_AGAIN)
        .bind(tenant.organization.to_string())
        .bind(hash)
        .bind(purpose.name())
        .bind(account.map(|id| id.to_string()))
        .bind(now.millis())
        .bind(purpose.ends(now).millis())
        .bind(requested_by)
}

/// The statement whose rows [`recent_of`] takes: the tokens of the address's account since then.
pub fn recent(
    tenant: Tenant,
    email_hash: &str,
    purpose: OneTimePurpose,
    since: Timestamp,
    requested_by: &str,
) -> Statement {
    Statement::new(RECENT)
        .bind(tenant.organization.to_string())
        .bind(email_hash)
        .bind(purpose.name())
        .bind(since.millis())
        .bind(requested_by)
}

/// As [`recent`], of an account that is known.
pub fn recent_of_account(
    tenant: Tenant,
    account: AccountId,
    purpose: OneTimePurpose,
    since: Timestamp,
    requested_by: &str,
) -> Statement {
    Statement::new(RECENT_OF_ACCOUNT)
        .bind(tenant.organization.to_string())
        .bind(account.to_string())
        .bind(purpose.name())
        .bind(since.millis())
        .bind(requested_by)
}

/// # Errors
/// [`Unavailable`] when there is no count.
pub fn recent_of(rows: Option<&Rows>) -> Result<Recent, Unavailable> {
    let row = rows.and_then(Rows::first).ok_or_else(|| corrupt("a count of tokens"))?;
    let newest = row.get::<Option<i64>>("newest")?.map(Timestamp::from_millis);
    Ok(Recent { all: row.get("recent")?, own: row.get("own")?, newest })
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
