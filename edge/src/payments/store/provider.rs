//! The table `payment_provider`.

use headlesspro_shared::kernel::id::PaymentProviderId;
use headlesspro_shared::kernel::time::Timestamp;

use crate::app::Tenant;
use crate::payments::providers::Kind;
use crate::port::sql::{Row, Rows, SqlError, Statement};

const LIST: &str = "-- payments::providers
SELECT p.id, p.kind, p.name, p.is_active, p.capture, p.publishable_key, p.secrets_sealed, p.version, p.created_at,
  p.updated_at
FROM payment_provider p
WHERE p.organization_id = ?1 AND p.store_id = ?2 AND ?3 < p.id ORDER BY p.id LIMIT ?4";

const FIND: &str = "-- payments::provider
SELECT p.id, p.kind, p.name, p.is_active, p.capture, p.publishable_key, p.secrets_sealed, p.version, p.created_at,
  p.updated_at
FROM payment_provider p
WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.id = ?3";

/// Whose webhook it is: its address names the organization and the provider.
const OF_WEBHOOK: &str = "-- payments::provider_of_webhook
SELECT p.store_id, p.id, p.kind, p.name, p.is_active, p.capture, p.publishable_key, p.secrets_sealed, p.version,
  p.created_at, p.updated_at, k.wrapped, k.master_key_id
FROM payment_provider p
JOIN organization_key k ON k.organization_id = p.organization_id
WHERE p.organization_id = ?1 AND p.id = ?2";

const INSERT: &str = "-- payments::insert_provider
INSERT INTO payment_provider (organization_id, store_id, id, kind, name, is_active, capture, publishable_key, secrets_sealed,
  created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)";

const CHANGE: &str = "-- payments::change_provider
UPDATE payment_provider SET name = ?5, is_active = ?6, capture = ?7, publishable_key = ?8, secrets_sealed = ?9,
  updated_at = ?10, version = version + 1
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?4";

const DELETE: &str = "-- payments::delete_provider
DELETE FROM payment_provider WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?4";

/// Whom a store takes payments by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configured {
    pub id: PaymentProviderId,
    pub kind: Kind,
    /// Unique in its store.
    pub name: String,
    /// Whether orders are paid by it from now on.
    pub is_active: bool,
    /// Whether money is captured by the merchant later.
    pub captures_later: bool,
    /// What everybody may see of its keys.
    pub publishable_key: Option<String>,
    /// Of [`Secrets`](crate::payments::settings::Secrets), sealed.
    pub secrets_sealed: String,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The statement whose rows [`providers_of`] takes: those after the id `after`.
pub fn list(tenant: Tenant, after: &str, limit: i64) -> Statement {
    tenant.statement(LIST).bind(after).bind(limit)
}

/// The statement whose rows [`providers_of`] takes: the one, if it is there.
pub fn find(tenant: Tenant, id: PaymentProviderId) -> Statement {
    tenant.statement(FIND).bind(id.to_string())
}

/// The statement whose rows [`providers_of`] takes as well: with its store, and what opens its secrets.
pub fn of_webhook(organization: headlesspro_shared::kernel::id::OrganizationId, id: PaymentProviderId) -> Statement {
    Statement::new(OF_WEBHOOK).bind(organization.to_string()).bind(id.to_string())
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn providers_of(rows: &Rows) -> Result<Vec<Configured>, SqlError> {
    rows.iter().map(provider_of).collect()
}

fn provider_of(row: Row<'_>) -> Result<Configured, SqlError> {
    Ok(Configured {
        id: row.parse("id")?,
        kind: row.parse("kind")?,
        name: row.get::<&str>("name")?.to_owned(),
        is_active: row.get("is_active")?,
        captures_later: row.get::<&str>("capture")? == capture_name(true),
        publishable_key: row.get::<Option<&str>>("publishable_key")?.map(str::to_owned),
        secrets_sealed: row.get::<&str>("secrets_sealed")?.to_owned(),
        version: row.get("version")?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
        updated_at: Timestamp::from_millis(row.get("updated_at")?),
    })
}

pub const fn capture_name(captures_later: bool) -> &'static str {
    if captures_later { "manual" } else { "automatic" }
}

pub fn insert(tenant: Tenant, provider: &Configured) -> Statement {
    tenant
        .statement(INSERT)
        .bind(provider.id.to_string())
        .bind(provider.kind.name())
        .bind(provider.name.as_str())
        .bind(provider.is_active)
        .bind(capture_name(provider.captures_later))
        .bind(provider.publishable_key.as_deref())
        .bind(provider.secrets_sealed.as_str())
        .bind(provider.created_at.millis())
}

/// Changes one that is at `provider.version`: to be followed by a guard.
pub fn change(tenant: Tenant, provider: &Configured, now: Timestamp) -> Statement {
    tenant
        .statement(CHANGE)
        .bind(provider.id.to_string())
        .bind(provider.version)
        .bind(provider.name.as_str())
        .bind(provider.is_active)
        .bind(capture_name(provider.captures_later))
        .bind(provider.publishable_key.as_deref())
        .bind(provider.secrets_sealed.as_str())
        .bind(now.millis())
}

/// Deletes one that is at `version`: to be followed by a guard. A trigger refuses where there are payments by it.
pub fn delete(tenant: Tenant, id: PaymentProviderId, version: i64) -> Statement {
    tenant.statement(DELETE).bind(id.to_string()).bind(version)
}
