//! Second factors and recovery codes.

use headlesspro_shared::identity::{OneTimePurpose, Role, TotpStep};
use headlesspro_shared::kernel::id::AccountId;
use headlesspro_shared::kernel::locale::Locale;
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::json;

use super::keys::wrapped;
use crate::app::Tenant;
use crate::failure::Unavailable;
use crate::port::sql::{Row, Statement};
use crate::vault::WrappedKey;

const OF_ACCOUNT: &str = "-- identity::second_factor
SELECT k.wrapped, k.master_key_id, a.id, a.role, a.email_sealed, a.locale, f.secret_sealed, f.confirmed_at, f.last_step
FROM account a JOIN organization_key k ON k.organization_id = a.organization_id
LEFT JOIN second_factor f ON f.organization_id = a.organization_id AND f.account_id = a.id
WHERE a.organization_id = ?1 AND a.id = ?2";

const OF_CHALLENGE: &str = "-- identity::second_factor_of_challenge
SELECT k.wrapped, k.master_key_id, a.id, a.role, a.email_sealed, a.locale, f.secret_sealed, f.confirmed_at, f.last_step
FROM one_time_token t JOIN account a ON a.organization_id = t.organization_id AND a.id = t.account_id
JOIN organization_key k ON k.organization_id = a.organization_id
LEFT JOIN second_factor f ON f.organization_id = a.organization_id AND f.account_id = a.id
WHERE t.organization_id = ?1 AND t.token_hash = ?2 AND t.purpose = ?3";

/// One that is confirmed stays.
const ENROLL: &str = "-- identity::enroll_second_factor
INSERT INTO second_factor (organization_id, account_id, secret_sealed, created_at) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (account_id) DO UPDATE SET secret_sealed = excluded.secret_sealed, created_at = excluded.created_at,
  last_step = NULL
WHERE second_factor.organization_id = ?1 AND second_factor.confirmed_at IS NULL";

const CONFIRM: &str = "-- identity::confirm_second_factor
UPDATE second_factor SET confirmed_at = ?3, last_step = ?4
WHERE organization_id = ?1 AND account_id = ?2 AND confirmed_at IS NULL AND secret_sealed = ?5";

/// Two uses of one code: the second finds its step used.
const USE_STEP: &str = "-- identity::use_totp_step
UPDATE second_factor SET last_step = ?3
WHERE organization_id = ?1 AND account_id = ?2 AND confirmed_at IS NOT NULL AND (last_step IS NULL OR last_step < ?3)";

const USE_CODE: &str = "-- identity::use_recovery_code
UPDATE recovery_code SET used_at = ?4
WHERE organization_id = ?1 AND account_id = ?2 AND code_hash = ?3 AND used_at IS NULL";

const FORGET_CODES: &str = "-- identity::forget_recovery_codes
DELETE FROM recovery_code WHERE organization_id = ?1 AND account_id = ?2";

const INSERT_CODES: &str = "-- identity::insert_recovery_codes
INSERT INTO recovery_code (organization_id, account_id, code_hash)
SELECT ?1, ?2, r.value FROM json_each(?3) r";

const REMOVE: &str = "-- identity::remove_second_factor
DELETE FROM second_factor WHERE organization_id = ?1 AND account_id = ?2";

/// An account's second factor, its secret still sealed.
pub struct SecondFactorRow {
    pub key: WrappedKey,
    pub account: AccountId,
    pub role: Role,
    pub email_sealed: String,
    pub locale: Locale,
    pub secret_sealed: Option<String>,
    pub is_confirmed: bool,
    pub last_step: Option<TotpStep>,
}

/// The statement whose row [`second_factor_of`] takes.
pub fn of_account(tenant: Tenant, account: AccountId) -> Statement {
    of(OF_ACCOUNT, tenant, account)
}

/// The statement whose row [`second_factor_of`] takes: of the account that a challenge is for.
pub fn of_challenge(tenant: Tenant, hash: &str) -> Statement {
    let purpose = OneTimePurpose::SecondFactor.name();
    Statement::new(OF_CHALLENGE).bind(tenant.organization.to_string()).bind(hash).bind(purpose)
}

/// # Errors
/// [`Unavailable`] when the row does not read back.
pub fn second_factor_of(row: Row<'_>) -> Result<SecondFactorRow, Unavailable> {
    Ok(SecondFactorRow {
        key: wrapped(row)?,
        account: row.parse("id")?,
        role: row.parse("role")?,
        email_sealed: row.get::<&str>("email_sealed")?.to_owned(),
        locale: row.parse("locale")?,
        secret_sealed: row.get::<Option<&str>>("secret_sealed")?.map(str::to_owned),
        is_confirmed: row.get::<Option<i64>>("confirmed_at")?.is_some(),
        last_step: row.get::<Option<i64>>("last_step")?.map(TotpStep),
    })
}

/// Keeps a secret that waits for its first code: to be followed by a guard, which finds one that is confirmed.
pub fn enroll(tenant: Tenant, account: AccountId, secret_sealed: &str, now: Timestamp) -> Statement {
    of(ENROLL, tenant, account).bind(secret_sealed).bind(now.millis())
}

/// To be followed by a guard: another confirmation, or another secret, may have been quicker.
pub fn confirm(tenant: Tenant, account: AccountId, secret_sealed: &str, step: TotpStep, now: Timestamp) -> Statement {
    of(CONFIRM, tenant, account).bind(now.millis()).bind(step.0).bind(secret_sealed)
}

/// To be followed by a guard: the step may have been used.
pub fn use_step(tenant: Tenant, account: AccountId, step: TotpStep) -> Statement {
    of(USE_STEP, tenant, account).bind(step.0)
}

/// To be followed by a guard: there may be no such code, or none any more.
pub fn use_code(tenant: Tenant, account: AccountId, hash: &str, now: Timestamp) -> Statement {
    of(USE_CODE, tenant, account).bind(hash).bind(now.millis())
}

pub fn forget_codes(tenant: Tenant, account: AccountId) -> Statement {
    of(FORGET_CODES, tenant, account)
}

pub fn insert_codes(tenant: Tenant, account: AccountId, hashes: &[String]) -> Statement {
    of(INSERT_CODES, tenant, account).bind(json!(hashes).to_string())
}

pub fn remove(tenant: Tenant, account: AccountId) -> Statement {
    of(REMOVE, tenant, account)
}

fn of(sql: &'static str, tenant: Tenant, account: AccountId) -> Statement {
    Statement::new(sql).bind(tenant.organization.to_string()).bind(account.to_string())
}
