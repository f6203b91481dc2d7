//! The keys: those that sign tokens (of all organizations in the database) and each organization's data key.

use headlesspro_shared::identity::signing_key;
use headlesspro_shared::kernel::id::OrganizationId;
use headlesspro_shared::kernel::time::Timestamp;

use serde_json::json;

use super::void;
use crate::app::Tenant;
use crate::identity::signing::StoredKey;
use crate::port::sql::{Row, Rows, SqlError, Statement};
use crate::vault::WrappedKey;

const INSERT_TOKEN_KEY: &str = "-- identity::insert_token_key
INSERT INTO token_key (kid, public_key, private_key_wrapped, master_key_id, created_at, signs_from)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

/// Those before the newest verify until the last token they signed has expired.
const RETIRE_TOKEN_KEYS: &str = "-- identity::retire_token_keys
UPDATE token_key INDEXED BY token_key_retires SET retires_at = ?2 WHERE retires_at IS NULL AND kid <> ?1";

/// One, or two and more for the minutes of a rotation.
const SIGNING_KEYS: &str = "-- identity::signing_keys
SELECT kid, public_key, private_key_wrapped, master_key_id, signs_from FROM token_key WHERE retires_at IS NULL
UNION ALL
SELECT kid, public_key, private_key_wrapped, master_key_id, signs_from FROM token_key WHERE ?1 < retires_at";

/// The key; whether the organization and the store that the token names do business; from when on tokens of these
/// subjects are good, and which others of the organization are void, if those are few.
const VERIFYING_KEY: &str = "-- identity::verifying_key
SELECT t.public_key, o.status AS organization_status, s.status AS store_status, s.storefront_url,
  coalesce(s.locale, o.locale) AS locale, coalesce(s.locales, o.locales) AS locales,
  (SELECT max(a.void_before) FROM token_void a
   WHERE a.organization_id = ?1 AND a.subject IN (SELECT value FROM json_each(?6))) AS void_before,
  (SELECT iif(count(*) <= 500, json_group_object(w.subject, w.void_before), NULL) FROM (
    SELECT v.subject, v.void_before FROM token_void v WHERE v.organization_id = ?1 AND ?5 < v.created_at LIMIT 501) w
  ) AS voids
FROM token_key t
LEFT JOIN organization o ON o.id = ?1
LEFT JOIN store s ON s.organization_id = ?1 AND s.id = ?2
WHERE t.kid = ?3 AND (t.retires_at IS NULL OR ?4 < t.retires_at)";

const KEY_OF_TOKEN: &str = "-- identity::key_of_token
SELECT public_key FROM token_key WHERE kid = ?1 AND (retires_at IS NULL OR ?2 < retires_at)";

const LIVE_KEYS: &str = "-- identity::live_keys
SELECT kid, public_key FROM token_key WHERE retires_at IS NULL
UNION ALL
SELECT kid, public_key FROM token_key WHERE ?1 < retires_at";

/// There are a handful.
const ALL_TOKEN_KEYS: &str = "-- identity::all_token_keys
SELECT kid, public_key, private_key_wrapped, master_key_id, signs_from FROM token_key ORDER BY created_at, kid";

const REWRAP_TOKEN_KEY: &str = "-- identity::rewrap_token_key
UPDATE token_key SET private_key_wrapped = ?3, master_key_id = ?4 WHERE kid = ?1 AND master_key_id = ?2";

const INSERT_DATA_KEY: &str = "-- identity::insert_data_key
INSERT INTO organization_key (organization_id, wrapped, master_key_id, created_at) VALUES (?1, ?2, ?3, ?4)";

const DATA_KEY: &str = "-- identity::data_key
SELECT wrapped, master_key_id FROM organization_key WHERE organization_id = ?1";

/// For the operator, who changes the master key of every organization.
const ALL_DATA_KEYS: &str = "-- identity::data_keys (all tenants)
SELECT organization_id, wrapped, master_key_id FROM organization_key ORDER BY organization_id";

const REWRAP_DATA_KEY: &str = "-- identity::rewrap_data_key
UPDATE organization_key SET wrapped = ?3, master_key_id = ?4 WHERE organization_id = ?1 AND master_key_id = ?2";

pub(in crate::identity) fn insert_token_key(key: &StoredKey, now: Timestamp) -> Statement {
    Statement::new(INSERT_TOKEN_KEY)
        .bind(key.kid.as_str())
        .bind(key.public_key.as_str())
        .bind(key.private.wrapped.as_str())
        .bind(key.private.master.as_str())
        .bind(now.millis())
        .bind(key.signs_from.millis())
}

/// Retires all but `newest` at `retires_at`.
pub(in crate::identity) fn retire_token_keys(newest: &str, retires_at: Timestamp) -> Statement {
    Statement::new(RETIRE_TOKEN_KEYS).bind(newest).bind(retires_at.millis())
}

/// The statement whose rows [`stored_keys`] takes: those of which one signs at `now`, if there are any.
pub(in crate::identity) fn signing_keys(now: Timestamp) -> Statement {
    Statement::new(SIGNING_KEYS).bind(now.millis())
}

/// The one of [`signing_keys`] that signs at `now`.
pub(in crate::identity) fn signer(rows: Option<&Rows>, now: Timestamp) -> Result<Option<StoredKey>, SqlError> {
    let stored = rows.map(stored_keys).transpose()?.unwrap_or_default();
    Ok(signing_key(&stored, |key| key.signs_from, now).cloned())
}

/// The statement whose rows [`stored_keys`] takes: all there are.
pub(in crate::identity) fn all_token_keys() -> Statement {
    Statement::new(ALL_TOKEN_KEYS)
}

pub(in crate::identity) fn stored_keys(rows: &Rows) -> Result<Vec<StoredKey>, SqlError> {
    let stored = |row: Row<'_>| {
        Ok(StoredKey {
            kid: row.get::<&str>("kid")?.to_owned(),
            public_key: row.get::<&str>("public_key")?.to_owned(),
            private: WrappedKey {
                master: row.get::<&str>("master_key_id")?.to_owned(),
                wrapped: row.get::<&str>("private_key_wrapped")?.to_owned(),
            },
            signs_from: Timestamp::from_millis(row.get("signs_from")?),
        })
    };
    rows.iter().map(stored).collect()
}

/// The statement that finds the public key of a token, in `public_key`, with `organization_status` and `store_status`
/// of the tenant that it names; `void_before` of its `subjects`, and `voids` as [`super::void::voids`] takes them.
pub(in crate::identity) fn verifying_key(tenant: Tenant, kid: &str, subjects: &[String], now: Timestamp) -> Statement {
    let statement = tenant.statement(VERIFYING_KEY).bind(kid).bind(now.millis());
    statement.bind(void::alive_since(now)).bind(json!(subjects).to_string())
}

/// The statement that finds a key by its name, in `public_key`, if it had not retired by `then`.
pub(in crate::identity) fn key_of_token(kid: &str, then: Timestamp) -> Statement {
    Statement::new(KEY_OF_TOKEN).bind(kid).bind(then.millis())
}

/// The statement whose rows [`live_keys_of`] takes: every key whose tokens are good.
pub(in crate::identity) fn live_keys(now: Timestamp) -> Statement {
    Statement::new(LIVE_KEYS).bind(now.millis())
}

/// Each key's name and public half.
pub(in crate::identity) fn live_keys_of(rows: &Rows) -> Result<Vec<(String, String)>, SqlError> {
    let text = |row: Row<'_>, name| row.get::<&str>(name).map(str::to_owned);
    rows.iter().map(|row| Ok((text(row, "kid")?, text(row, "public_key")?))).collect()
}

pub(in crate::identity) fn rewrap_token_key(kid: &str, old_master: &str, key: &WrappedKey) -> Statement {
    Statement::new(REWRAP_TOKEN_KEY).bind(kid).bind(old_master).bind(key.wrapped.as_str()).bind(key.master.as_str())
}

pub fn insert_data_key(tenant: Tenant, key: &WrappedKey, now: Timestamp) -> Statement {
    Statement::new(INSERT_DATA_KEY)
        .bind(tenant.organization.to_string())
        .bind(key.wrapped.as_str())
        .bind(key.master.as_str())
        .bind(now.millis())
}

/// The statement whose row [`wrapped`] takes: the organization's data key.
pub fn data_key(tenant: Tenant) -> Statement {
    Statement::new(DATA_KEY).bind(tenant.organization.to_string())
}

/// The statement whose rows [`data_keys_of`] takes. For the operator only.
pub(in crate::identity) fn all_data_keys() -> Statement {
    Statement::new(ALL_DATA_KEYS)
}

pub(in crate::identity) fn data_keys_of(rows: &Rows) -> Result<Vec<(OrganizationId, WrappedKey)>, SqlError> {
    rows.iter().map(|row| Ok((row.parse("organization_id")?, wrapped(row)?))).collect()
}

/// The columns `wrapped` and `master_key_id` of a row.
///
/// # Errors
/// [`SqlError::Statement`] when the row has none.
pub fn wrapped(row: Row<'_>) -> Result<WrappedKey, SqlError> {
    Ok(WrappedKey {
        master: row.get::<&str>("master_key_id")?.to_owned(),
        wrapped: row.get::<&str>("wrapped")?.to_owned(),
    })
}

pub(in crate::identity) fn rewrap_data_key(
    organization: OrganizationId,
    old_master: &str,
    key: &WrappedKey,
) -> Statement {
    Statement::new(REWRAP_DATA_KEY)
        .bind(organization.to_string())
        .bind(old_master)
        .bind(key.wrapped.as_str())
        .bind(key.master.as_str())
}
