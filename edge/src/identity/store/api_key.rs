//! API keys.

use headlesspro_shared::identity::{KeyKind, Permissions, Scopes};
use headlesspro_shared::kernel::id::ApiKeyId;
use headlesspro_shared::kernel::time::Timestamp;

use crate::app::Tenant;
use crate::identity::{KeyHash, Principal};
use crate::port::sql::{Row, SqlError, Statement};

const VERIFY: &str = "-- identity::verify
SELECT k.id, k.scopes, k.expires_at, s.currency
FROM api_key k JOIN store s ON s.id = k.store_id AND s.organization_id = k.organization_id
WHERE k.organization_id = ?1 AND k.store_id = ?2 AND k.secret_hash = ?3
  AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR ?4 < k.expires_at)";

const INSERT: &str = "-- identity::insert_api_key
INSERT INTO api_key (organization_id, store_id, id, kind, secret_hash, scopes, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

pub struct NewApiKey {
    pub id: ApiKeyId,
    pub kind: KeyKind,
    pub hash: KeyHash,
}

pub fn insert_api_key(tenant: Tenant, key: &NewApiKey, now: Timestamp) -> Statement {
    Statement::new(INSERT)
        .bind(tenant.organization.to_string())
        .bind(tenant.store.to_string())
        .bind(key.id.to_string())
        .bind(key.kind.name())
        .bind(key.hash.to_hex())
        .bind(Scopes::of_new_key(key.kind).to_string())
        .bind(now.millis())
}

pub(in crate::identity) fn verify(tenant: Tenant, hash: &KeyHash, now: Timestamp) -> Statement {
    Statement::new(VERIFY)
        .bind(tenant.organization.to_string())
        .bind(tenant.store.to_string())
        .bind(hash.to_hex())
        .bind(now.millis())
}

/// The key's principal, and when the key expires.
pub(in crate::identity) fn principal(row: Row<'_>) -> Result<(Principal, Option<Timestamp>), SqlError> {
    let principal = Principal {
        actor: row.get::<&str>("id")?.to_owned(),
        permissions: Permissions::new(row.parse("scopes")?, &[]),
        currency: row.parse("currency")?,
        person: None,
        issued_at: None,
    };
    Ok((principal, row.get::<Option<i64>>("expires_at")?.map(Timestamp::from_millis)))
}
