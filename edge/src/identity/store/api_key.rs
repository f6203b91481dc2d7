//! API keys.

use headlesspro_shared::identity::{KeyKind, Permissions, Scopes};
use headlesspro_shared::kernel::id::{ApiKeyId, ChannelId};
use headlesspro_shared::kernel::time::Timestamp;

use super::tenant::{locales, storefront};
use super::void::alive_since;
use crate::app::Tenant;
use crate::failure::{PlanExceeded, Unavailable};
use crate::identity::newest::Newest;
use crate::identity::{KeyHash, Principal};
use crate::port::sql::{Row, Rows, SqlError, Statement};

const VERIFY: &str = "-- identity::verify
SELECT k.id, k.scopes, k.expires_at, k.channel_id, s.currency, s.storefront_url, coalesce(s.locale, o.locale) AS locale,
  coalesce(s.locales, o.locales) AS locales, o.status AS organization_status,
  (SELECT iif(count(*) <= 500, json_group_object(w.subject, w.void_before), NULL) FROM (
    SELECT v.subject, v.void_before FROM token_void v WHERE v.organization_id = ?1 AND ?5 < v.created_at LIMIT 501) w
  ) AS voids
FROM api_key k JOIN store s ON s.id = k.store_id AND s.organization_id = k.organization_id
JOIN organization o ON o.id = k.organization_id
WHERE k.organization_id = ?1 AND k.store_id = ?2 AND k.secret_hash = ?3 AND s.status = 'active'
  AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR ?4 < k.expires_at)";

const INSERT: &str = "-- identity::insert_api_key
INSERT INTO api_key (organization_id, store_id, id, kind, secret_hash, scopes, name, hint, created_at, expires_at,
  channel_id)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

const LIST: &str = "-- identity::api_keys
SELECT id, kind, scopes, name, hint, created_at, expires_at, revoked_at, replaced_by, channel_id FROM api_key
WHERE organization_id = ?1 AND store_id = ?2 AND (created_at, id) < (?3, ?4)
ORDER BY created_at DESC, id DESC LIMIT ?5";

const FIND: &str = "-- identity::api_key
SELECT id, kind, scopes, name, hint, created_at, expires_at, revoked_at, replaced_by, channel_id FROM api_key
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3";

const REVOKE: &str = "-- identity::revoke_api_key
UPDATE api_key SET revoked_at = ?4 WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND revoked_at IS NULL";

/// The key that the one took the place of, while both are good.
const PREDECESSOR: &str = "-- identity::predecessor
SELECT id FROM api_key
WHERE organization_id = ?1 AND store_id = ?2 AND replaced_by = ?3 AND revoked_at IS NULL AND ?4 < expires_at";

/// Of two rotations at once the second finds nothing to replace. Nor does one while the key before is good: a chain
/// of overlaps would be as many keys as somebody likes.
const REPLACE: &str = "-- identity::replace_api_key
UPDATE api_key SET replaced_by = ?4, expires_at = min(coalesce(expires_at, ?5), ?5)
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND revoked_at IS NULL AND replaced_by IS NULL
  AND NOT EXISTS (SELECT 1 FROM api_key p WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.replaced_by = ?3
    AND p.revoked_at IS NULL AND ?6 < p.expires_at)";

/// Refuses the commit where the organization's plan allows no more keys. One that is replaced counts no more, unless
/// the one in its place was revoked: then it is the one that works.
const GUARD_PLAN: &str = "-- identity::guard_api_keys
INSERT INTO violation (what) SELECT 'plan' FROM organization o WHERE o.id = ?1 AND o.most_api_keys <= (
  SELECT count(*) FROM api_key k WHERE k.organization_id = ?1 AND k.revoked_at IS NULL AND (k.replaced_by IS NULL
    OR EXISTS (SELECT 1 FROM api_key n WHERE n.organization_id = ?1 AND n.id = k.replaced_by AND n.revoked_at IS NOT NULL))
    AND (k.expires_at IS NULL OR ?2 < k.expires_at))";

const PLAN: &str = "-- identity::api_keys_of_plan
SELECT o.most_api_keys AS most, (
  SELECT count(*) FROM api_key k WHERE k.organization_id = ?1 AND k.revoked_at IS NULL AND (k.replaced_by IS NULL
    OR EXISTS (SELECT 1 FROM api_key n WHERE n.organization_id = ?1 AND n.id = k.replaced_by AND n.revoked_at IS NOT NULL))
    AND (k.expires_at IS NULL OR ?2 < k.expires_at)) AS used
FROM organization o WHERE o.id = ?1";

/// Refuses the commit when the statement before it has changed nothing.
const GUARD_CHANGED: &str = "-- identity::guard_changed
INSERT INTO violation (what) SELECT 'unchanged' WHERE changes() = 0";

/// By id or handle; an id has a `_` in it, which no handle has.
const CHANNEL: &str = "-- identity::channel_of_key
SELECT c.id AS channel_id, c.filled_to IS NULL AS is_ready FROM channel c
WHERE c.organization_id = ?1 AND c.store_id = ?2 AND (c.id = ?3 OR c.handle = ?3)";

/// Refuses the commit when the channel is gone.
const GUARD_CHANNEL: &str = "-- identity::guard_channel
INSERT INTO violation (what) SELECT 'the channel is gone' WHERE NOT EXISTS (SELECT 1 FROM channel c
  WHERE c.organization_id = ?1 AND +c.store_id = ?2 AND c.id = ?3)";

/// Refuses the commit while a good key is of the channel.
const GUARD_NO_KEY: &str = "-- identity::guard_no_key_of_channel
INSERT INTO violation (what) SELECT 'a key is of the channel' WHERE EXISTS (SELECT 1 FROM api_key k
  WHERE k.organization_id = ?1 AND +k.store_id = ?2 AND k.channel_id = ?3 AND k.revoked_at IS NULL
    AND (k.expires_at IS NULL OR ?4 < k.expires_at))";

/// A key to be kept: all of it but its text.
pub struct NewApiKey {
    pub id: ApiKeyId,
    pub kind: KeyKind,
    pub hash: KeyHash,
    pub scopes: Scopes,
    pub name: String,
    /// The last four characters.
    pub hint: String,
    pub expires_at: Option<Timestamp>,
    /// Of a publishable key, what it is shown; it never changes.
    pub channel: Option<ChannelId>,
}

/// A key as the merchant sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub kind: KeyKind,
    pub scopes: Scopes,
    pub name: String,
    pub hint: String,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub replaced_by: Option<ApiKeyId>,
    pub channel: Option<ChannelId>,
}

pub fn insert_api_key(tenant: Tenant, key: &NewApiKey, now: Timestamp) -> Statement {
    tenant
        .statement(INSERT)
        .bind(key.id.to_string())
        .bind(key.kind.name())
        .bind(key.hash.to_hex())
        .bind(key.scopes.to_string())
        .bind(key.name.as_str())
        .bind(key.hint.as_str())
        .bind(now.millis())
        .bind(key.expires_at.map(Timestamp::millis))
        .bind(key.channel.map(|id| id.to_string()))
}

pub(in crate::identity) fn verify(tenant: Tenant, hash: &KeyHash, now: Timestamp) -> Statement {
    tenant.statement(VERIFY).bind(hash.to_hex()).bind(now.millis()).bind(alive_since(now))
}

/// The statement that refuses the commit where the plan allows no more keys.
pub(in crate::identity) fn guard_plan(tenant: Tenant, now: Timestamp) -> Statement {
    Statement::new(GUARD_PLAN).bind(tenant.organization.to_string()).bind(now.millis())
}

/// The statement whose rows [`plan_of`] takes.
pub(in crate::identity) fn plan(tenant: Tenant, now: Timestamp) -> Statement {
    Statement::new(PLAN).bind(tenant.organization.to_string()).bind(now.millis())
}

/// What the plan allows and what there is; `None` where it allows all.
///
/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub(in crate::identity) fn plan_of(rows: &Rows) -> Result<Option<PlanExceeded>, SqlError> {
    let Some(row) = rows.first() else { return Ok(None) };
    let most: Option<i64> = row.get("most")?;
    let used = row.get("used")?;
    Ok(most.map(|most| PlanExceeded { limit: "apiKeys", most, used }))
}

/// The key's principal, and when the key expires.
pub(in crate::identity) fn principal(row: Row<'_>) -> Result<(Principal, Option<Timestamp>), SqlError> {
    let principal = Principal {
        actor: row.get::<&str>("id")?.to_owned(),
        permissions: Permissions::new(row.parse("scopes")?, &[]),
        currency: row.parse("currency")?,
        storefront: storefront(row)?,
        locales: locales(row)?,
        channel: channel(row)?,
        person: None,
        impersonator: None,
        issued_at: None,
    };
    Ok((principal, moment(row, "expires_at")?))
}

/// The statement whose rows [`keys_of`] takes: a page of the store's.
pub(in crate::identity) fn list(tenant: Tenant, wanted: &Newest) -> Statement {
    wanted.bind(tenant.statement(LIST))
}

/// Where a key stands in the list.
pub(in crate::identity) fn place(key: &ApiKey) -> (Timestamp, String) {
    (key.created_at, key.id.to_string())
}

/// The statement whose rows [`keys_of`] takes: the one key, if it is there.
pub(in crate::identity) fn find(tenant: Tenant, id: ApiKeyId) -> Statement {
    tenant.statement(FIND).bind(id.to_string())
}

/// The statement that finds a row where the key before `id` is still good.
pub(in crate::identity) fn predecessor(tenant: Tenant, id: ApiKeyId, now: Timestamp) -> Statement {
    tenant.statement(PREDECESSOR).bind(id.to_string()).bind(now.millis())
}

pub(in crate::identity) fn keys_of(rows: &Rows) -> Result<Vec<ApiKey>, Unavailable> {
    rows.iter().map(key_of).collect()
}

fn key_of(row: Row<'_>) -> Result<ApiKey, Unavailable> {
    Ok(ApiKey {
        id: row.parse("id")?,
        kind: match row.get("kind")? {
            "publishable" => KeyKind::Publishable,
            "secret" => KeyKind::Secret,
            _ => return Err(Unavailable::Corrupt("a key's kind".to_owned())),
        },
        scopes: row.parse("scopes")?,
        name: row.get::<&str>("name")?.to_owned(),
        hint: row.get::<&str>("hint")?.to_owned(),
        created_at: Timestamp::from_millis(row.get("created_at")?),
        expires_at: moment(row, "expires_at")?,
        revoked_at: moment(row, "revoked_at")?,
        replaced_by: match row.get::<Option<&str>>("replaced_by")? {
            None => None,
            Some(_) => Some(row.parse("replaced_by")?),
        },
        channel: channel(row)?,
    })
}

/// A key's channel.
pub(super) fn channel(row: Row<'_>) -> Result<Option<ChannelId>, SqlError> {
    row.get::<Option<&str>>("channel_id")?.map(|_| row.parse("channel_id")).transpose()
}

/// The statement whose row [`channel_of`] takes, by id or handle.
pub(in crate::identity) fn find_channel(tenant: Tenant, key: &str) -> Statement {
    tenant.statement(CHANNEL).bind(key)
}

/// A channel, and whether all that is published everywhere is in it.
pub(in crate::identity) fn channel_of(rows: Option<&Rows>) -> Result<Option<(ChannelId, bool)>, SqlError> {
    let of = |row: Row<'_>| Ok((row.parse("channel_id")?, row.get("is_ready")?));
    rows.and_then(Rows::first).map(of).transpose()
}

/// The statement that refuses the commit when the channel is gone.
pub(in crate::identity) fn guard_channel(tenant: Tenant, id: ChannelId) -> Statement {
    tenant.statement(GUARD_CHANNEL).bind(id.to_string())
}

/// The statement that refuses the commit while a good key is of the channel.
pub fn guard_no_key_of(tenant: Tenant, channel: ChannelId, now: Timestamp) -> Statement {
    tenant.statement(GUARD_NO_KEY).bind(channel.to_string()).bind(now.millis())
}

fn moment(row: Row<'_>, column: &str) -> Result<Option<Timestamp>, SqlError> {
    Ok(row.get::<Option<i64>>(column)?.map(Timestamp::from_millis))
}

pub(in crate::identity) fn revoke(tenant: Tenant, id: ApiKeyId, now: Timestamp) -> Statement {
    tenant.statement(REVOKE).bind(id.to_string()).bind(now.millis())
}

/// Says which key takes the place of `id` now, and lets it be good until `good_until` at most. Changes nothing
/// when the key is revoked, replaced or not there, or the one before it is still good.
pub(in crate::identity) fn replace(
    tenant: Tenant,
    id: ApiKeyId,
    by: ApiKeyId,
    (now, good_until): (Timestamp, Timestamp),
) -> Statement {
    tenant.statement(REPLACE).bind(id.to_string()).bind(by.to_string()).bind(good_until.millis()).bind(now.millis())
}

/// The statement that refuses the commit when the one before it has changed nothing.
pub(in crate::identity) fn guard_changed() -> Statement {
    Statement::new(GUARD_CHANGED)
}
