//! Accounts.

use headlesspro_shared::identity::{Grant, PasswordHash, Permissions, Role, Scopes};
use headlesspro_shared::kernel::id::AccountId;
use headlesspro_shared::kernel::locale::Locale;
use headlesspro_shared::kernel::time::Timestamp;

use super::keys::wrapped;
use crate::app::Tenant;
use crate::failure::Unavailable;
use crate::port::sql::{Row, Statement};
use crate::vault::WrappedKey;

const INSERT: &str = "-- identity::insert_account
INSERT INTO account (organization_id, id, email_hash, email_sealed, name_sealed, password_hash, role, state, locale,
  email_verified_at, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'active', ?8, ?9, ?10, ?10)";

/// A store's data key, and the account of that e-mail hash if there is one.
const BY_EMAIL: &str = "-- identity::account_by_email
SELECT k.wrapped, k.master_key_id, a.id, a.password_hash, a.role, a.grants, a.state, a.email_verified_at, a.locale,
  (SELECT c.scopes FROM custom_role c WHERE c.organization_id = a.organization_id AND c.id = a.role) AS role_scopes,
  EXISTS (SELECT 1 FROM second_factor f WHERE f.organization_id = a.organization_id AND f.account_id = a.id
    AND f.confirmed_at IS NOT NULL) AS has_second_factor
FROM store s
JOIN organization_key k ON k.organization_id = s.organization_id
LEFT JOIN account a ON a.organization_id = s.organization_id AND a.email_hash = ?3
WHERE s.organization_id = ?1 AND s.id = ?2";

const REHASH: &str = "-- identity::rehash_password
UPDATE account SET password_hash = ?4, updated_at = ?5
WHERE organization_id = ?1 AND id = ?2 AND password_hash = ?3";

/// Confirms an address that was not confirmed before. A password from before then is nobody's: it does not stay.
const VERIFY: &str = "-- identity::verify_account
UPDATE account SET email_verified_at = ?3, updated_at = ?3, version = version + 1,
  password_hash = ?4, name_sealed = coalesce(?5, name_sealed)
WHERE organization_id = ?1 AND id = ?2 AND email_verified_at IS NULL";

/// Confirms the address of a registration that is nothing more, for somebody else than who registered it: nothing of
/// what was chosen with it stays.
const TAKE_OVER: &str = "-- identity::take_over_account
UPDATE account SET email_verified_at = ?3, updated_at = ?3, version = version + 1,
  password_hash = NULL, name_sealed = ?4, phone_sealed = NULL
WHERE organization_id = ?1 AND id = ?2 AND email_verified_at IS NULL AND state = 'active' AND role = 'customer'
  AND NOT EXISTS (SELECT 1 FROM second_factor f WHERE f.organization_id = ?1 AND f.account_id = ?2
    AND f.confirmed_at IS NOT NULL)";

/// Removes a registration that is nothing more, whose address is somebody else's.
const REMOVE_REGISTRATION: &str = "-- identity::remove_registration
DELETE FROM account
WHERE organization_id = ?1 AND id = ?2 AND email_verified_at IS NULL AND state = 'active' AND role = 'customer'
  AND NOT EXISTS (SELECT 1 FROM second_factor f WHERE f.organization_id = ?1 AND f.account_id = ?2
    AND f.confirmed_at IS NOT NULL)";

/// Whoever has read a mail to the address has confirmed it.
const SET_PASSWORD: &str = "-- identity::set_password
UPDATE account SET password_hash = ?4, updated_at = ?3, version = version + 1,
  email_verified_at = coalesce(email_verified_at, ?3)
WHERE organization_id = ?1 AND id = ?2";

/// Another account's address is refused by the table.
const CHANGE_EMAIL: &str = "-- identity::change_email
UPDATE account SET email_hash = ?3, email_sealed = ?4, email_verified_at = ?5, updated_at = ?5, version = version + 1
WHERE organization_id = ?1 AND id = ?2 AND state = 'active'";

/// Unless it was changed meanwhile.
const CHANGE_PASSWORD: &str = "-- identity::change_password
UPDATE account SET password_hash = ?4, updated_at = ?5, version = version + 1
WHERE organization_id = ?1 AND id = ?2 AND password_hash = ?3";

/// Refuses the commit where the password that was shown is not the account's any more, or the account is suspended.
const GUARD_PASSWORD: &str = "-- identity::guard_password
INSERT INTO violation (what) SELECT 'credentials changed' WHERE NOT EXISTS (
  SELECT 1 FROM account WHERE organization_id = ?1 AND id = ?2 AND password_hash = ?3 AND state = 'active')";

/// An account, with what a change of its password needs.
const WITH_PASSWORD: &str = "-- identity::account_with_password
SELECT k.wrapped, k.master_key_id, a.id, a.email_sealed, a.email_hash, a.password_hash, a.role, a.grants, a.state,
  a.email_verified_at, a.locale,
  (SELECT c.scopes FROM custom_role c WHERE c.organization_id = a.organization_id AND c.id = a.role) AS role_scopes,
  EXISTS (SELECT 1 FROM second_factor f WHERE f.organization_id = a.organization_id AND f.account_id = a.id
    AND f.confirmed_at IS NOT NULL) AS has_second_factor
FROM account a JOIN organization_key k ON k.organization_id = a.organization_id
WHERE a.organization_id = ?1 AND a.id = ?2";

const CHANGE_PROFILE: &str = "-- identity::change_profile
UPDATE account SET name_sealed = iif(?3, ?4, name_sealed), phone_sealed = iif(?5, ?6, phone_sealed),
  locale = coalesce(?7, locale), version = version + 1, updated_at = ?8
WHERE organization_id = ?1 AND id = ?2 AND (?9 IS NULL OR version = ?9)";

const BY_ID: &str = "-- identity::account
SELECT k.wrapped, k.master_key_id, a.id, a.email_sealed, a.name_sealed, a.phone_sealed, a.role, a.grants, a.state, a.locale,
  a.email_verified_at, a.version, a.created_at
FROM account a JOIN organization_key k ON k.organization_id = a.organization_id
WHERE a.organization_id = ?1 AND a.id = ?2";

/// An account to be made.
pub struct NewAccount<'a> {
    pub id: AccountId,
    pub email_hash: String,
    pub email_sealed: String,
    pub name_sealed: Option<String>,
    pub password: Option<&'a PasswordHash>,
    pub role: Role,
    pub locale: Locale,
    pub verified: bool,
}

/// What a login needs of an account.
pub struct LoginRow {
    pub id: AccountId,
    pub password: Option<PasswordHash>,
    pub role: Role,
    pub permissions: Permissions,
    pub is_active: bool,
    pub is_verified: bool,
    /// One that is confirmed.
    pub has_second_factor: bool,
    pub locale: Locale,
}

impl LoginRow {
    /// Whether it is a registration that nobody has confirmed, and nothing more: anybody can register any address, so
    /// it must keep nobody from theirs.
    pub fn is_mere_registration(&self) -> bool {
        !self.is_verified && self.is_active && self.role == Role::Customer && !self.has_second_factor
    }
}

/// What is to change of a profile. The inner `None` takes a value away.
pub struct ProfileChange<'a> {
    pub name_sealed: Option<Option<String>>,
    pub phone_sealed: Option<Option<String>>,
    pub locale: Option<&'a Locale>,
}

/// An account as its owner sees it, still sealed.
pub struct AccountRow {
    pub key: WrappedKey,
    pub id: AccountId,
    pub email_sealed: String,
    pub name_sealed: Option<String>,
    pub phone_sealed: Option<String>,
    pub role: Role,
    pub locale: String,
    pub email_verified_at: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
}

pub fn insert(tenant: Tenant, account: &NewAccount<'_>, now: Timestamp) -> Statement {
    Statement::new(INSERT)
        .bind(tenant.organization.to_string())
        .bind(account.id.to_string())
        .bind(account.email_hash.as_str())
        .bind(account.email_sealed.as_str())
        .bind(account.name_sealed.as_deref())
        .bind(account.password.map(PasswordHash::to_phc))
        .bind(account.role.to_string())
        .bind(account.locale.to_string())
        .bind(account.verified.then_some(now.millis()))
        .bind(now.millis())
}

/// The statement whose row [`login_of`] takes.
pub fn by_email(tenant: Tenant, email_hash: &str) -> Statement {
    tenant.statement(BY_EMAIL).bind(email_hash)
}

/// The organization's data key, and the account.
///
/// # Errors
/// [`Unavailable`] when the row does not read back.
pub fn login_of(row: Row<'_>) -> Result<(WrappedKey, Option<LoginRow>), Unavailable> {
    let key = wrapped(row)?;
    if row.get::<Option<&str>>("id")?.is_none() {
        return Ok((key, None));
    }
    let password = row.get::<Option<&str>>("password_hash")?;
    Ok((
        key,
        Some(LoginRow {
            id: row.parse("id")?,
            password: password.map(str::parse).transpose().map_err(|_| Unavailable::corrupt("a password's hash"))?,
            role: row.parse("role")?,
            permissions: permissions(row)?,
            is_active: row.get::<&str>("state")? == "active",
            is_verified: row.get::<Option<i64>>("email_verified_at")?.is_some(),
            has_second_factor: row.get::<i64>("has_second_factor")? == 1,
            locale: row.parse("locale")?,
        }),
    ))
}

/// Puts a new hash in the place of `old`, unless the password was changed meanwhile.
pub fn rehash(tenant: Tenant, id: AccountId, old: &PasswordHash, new: &PasswordHash, now: Timestamp) -> Statement {
    Statement::new(REHASH)
        .bind(tenant.organization.to_string())
        .bind(id.to_string())
        .bind(old.to_phc())
        .bind(new.to_phc())
        .bind(now.millis())
}

/// Refuses the commit where the account is not active, or its password not `shown`, any more.
pub fn guard_password(tenant: Tenant, id: AccountId, shown: &PasswordHash) -> Statement {
    Statement::new(GUARD_PASSWORD).bind(tenant.organization.to_string()).bind(id.to_string()).bind(shown.to_phc())
}

/// Confirms the address of an account that has not done so yet. It has that password from now on, or none.
pub fn verify(
    tenant: Tenant,
    id: AccountId,
    password: Option<&PasswordHash>,
    chosen_name: Option<&str>,
    now: Timestamp,
) -> Statement {
    Statement::new(VERIFY)
        .bind(tenant.organization.to_string())
        .bind(id.to_string())
        .bind(now.millis())
        .bind(password.map(PasswordHash::to_phc))
        .bind(chosen_name)
}

/// Gives a registration that nobody has confirmed to whose address it is: to be followed by a guard, which finds one
/// that is more than that.
pub fn take_over(tenant: Tenant, id: AccountId, name_sealed: Option<&str>, now: Timestamp) -> Statement {
    Statement::new(TAKE_OVER)
        .bind(tenant.organization.to_string())
        .bind(id.to_string())
        .bind(now.millis())
        .bind(name_sealed)
}

/// Removes a registration that nobody has confirmed, in favour of whose address it is: to be followed by a guard, which
/// finds one that is more than that.
pub fn remove_registration(tenant: Tenant, id: AccountId) -> Statement {
    Statement::new(REMOVE_REGISTRATION).bind(tenant.organization.to_string()).bind(id.to_string())
}

/// Sets a password by what only the reader of a mail can know.
pub fn set_password(tenant: Tenant, id: AccountId, new: &PasswordHash, now: Timestamp) -> Statement {
    Statement::new(SET_PASSWORD)
        .bind(tenant.organization.to_string())
        .bind(id.to_string())
        .bind(now.millis())
        .bind(new.to_phc())
}

/// Puts another address in the place of the account's, which whoever has read a mail to it has confirmed; changes
/// nothing where the account is suspended, and is refused where another account has the address.
pub fn change_email(tenant: Tenant, id: AccountId, (hash, sealed): (&str, &str), now: Timestamp) -> Statement {
    Statement::new(CHANGE_EMAIL)
        .bind(tenant.organization.to_string())
        .bind(id.to_string())
        .bind(hash)
        .bind(sealed)
        .bind(now.millis())
}

/// Puts a new password in the place of `old`; changes nothing where another was quicker.
pub fn change_password(
    tenant: Tenant,
    id: AccountId,
    old: &PasswordHash,
    new: &PasswordHash,
    now: Timestamp,
) -> Statement {
    Statement::new(CHANGE_PASSWORD)
        .bind(tenant.organization.to_string())
        .bind(id.to_string())
        .bind(old.to_phc())
        .bind(new.to_phc())
        .bind(now.millis())
}

/// Changes what is given, where the account is at the expected version: to be followed by a guard.
pub fn change_profile(
    tenant: Tenant,
    id: AccountId,
    change: &ProfileChange<'_>,
    expected: Option<i64>,
    now: Timestamp,
) -> Statement {
    Statement::new(CHANGE_PROFILE)
        .bind(tenant.organization.to_string())
        .bind(id.to_string())
        .bind(change.name_sealed.is_some())
        .bind(change.name_sealed.clone().flatten())
        .bind(change.phone_sealed.is_some())
        .bind(change.phone_sealed.clone().flatten())
        .bind(change.locale.map(Locale::as_str))
        .bind(now.millis())
        .bind(expected)
}

/// The statement whose row [`login_of`] takes, with `email_sealed` and `email_hash`.
pub fn with_password(tenant: Tenant, id: AccountId) -> Statement {
    Statement::new(WITH_PASSWORD).bind(tenant.organization.to_string()).bind(id.to_string())
}

/// The statement whose row [`account_of`] takes.
pub fn by_id(tenant: Tenant, id: AccountId) -> Statement {
    Statement::new(BY_ID).bind(tenant.organization.to_string()).bind(id.to_string())
}

/// # Errors
/// [`Unavailable`] when the row does not read back.
pub fn account_of(row: Row<'_>) -> Result<AccountRow, Unavailable> {
    Ok(AccountRow {
        key: wrapped(row)?,
        id: row.parse("id")?,
        email_sealed: row.get::<&str>("email_sealed")?.to_owned(),
        name_sealed: row.get::<Option<&str>>("name_sealed")?.map(str::to_owned),
        phone_sealed: row.get::<Option<&str>>("phone_sealed")?.map(str::to_owned),
        role: row.parse("role")?,
        locale: row.get::<&str>("locale")?.to_owned(),
        email_verified_at: row.get::<Option<i64>>("email_verified_at")?.map(Timestamp::from_millis),
        version: row.get("version")?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
    })
}

/// What `role` allows with `role_scopes` and narrowed by `grants`.
pub(super) fn permissions(row: Row<'_>) -> Result<Permissions, Unavailable> {
    let role: Role = row.parse("role")?;
    let grants: Vec<Grant> =
        serde_json::from_str(row.get("grants")?).map_err(|_| Unavailable::corrupt("an account's grants"))?;
    let stored: Option<Scopes> = row
        .get::<Option<&str>>("role_scopes")?
        .map(str::parse)
        .transpose()
        .map_err(|_| Unavailable::corrupt("a role's scopes"))?;
    Ok(Permissions::new(role.scopes(stored.unwrap_or_default()), &grants))
}
