//! The table `price_setting`: a store's endings, and how often what decides its prices was written.

use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::pricing::PriceEnding;
use serde_json::json;

use crate::app::Tenant;
use crate::extract::stored_in;
use crate::port::sql::{Rows, SqlError, Statement};

/// A store that nothing was written of has no row.
const FIND: &str = "-- pricing::setting
SELECT s.currency, coalesce(x.endings, '[]') AS endings, coalesce(x.settings_version, 0) AS settings_version,
  coalesce(x.version, 0) AS version
FROM store s LEFT JOIN price_setting x ON x.store_id = s.id AND x.organization_id = ?1
WHERE s.organization_id = ?1 AND s.id = ?2";

const ADVANCE: &str = "-- pricing::advance
INSERT INTO price_setting (organization_id, store_id, version) VALUES (?1, ?2, 1)
ON CONFLICT (store_id) DO UPDATE SET version = version + 1 WHERE organization_id = ?1";

const ADVANCE_ALL: &str = "-- pricing::advance_all
INSERT INTO price_setting (organization_id, store_id, version)
SELECT ?1, s.id, 1 FROM store s WHERE s.organization_id = ?1
ON CONFLICT (store_id) DO UPDATE SET version = version + 1 WHERE organization_id = ?1";

const GUARD: &str = "-- pricing::guard
INSERT INTO violation (what) SELECT 'what decides prices was changed'
WHERE ?3 <> coalesce(
  (SELECT x.version FROM price_setting x WHERE x.organization_id = ?1 AND x.store_id = ?2), 0)";

/// After [`ADVANCE`], so that there is a row.
const PUT: &str = "-- pricing::put_setting
UPDATE price_setting SET endings = ?4, settings_version = settings_version + 1
WHERE organization_id = ?1 AND store_id = ?2 AND settings_version = ?3";

/// What a store has set, and how often what decides its prices was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The store's own currency.
    pub settlement: Currency,
    pub endings: Vec<PriceEnding>,
    /// Of the endings alone.
    pub settings_version: i64,
    pub version: i64,
}

/// The statement whose row [`setting_of`] takes.
pub fn find(tenant: Tenant) -> Statement {
    tenant.statement(FIND)
}

/// # Errors
/// [`SqlError::Statement`] without a row, which every store has, and for one of another shape.
pub fn setting_of(rows: Option<&Rows>) -> Result<Setting, SqlError> {
    let row = rows.and_then(Rows::first).ok_or_else(|| SqlError::Statement("no store".to_owned()))?;
    Ok(Setting {
        settlement: row.parse("currency")?,
        endings: stored_in(row, "endings")?,
        settings_version: row.get("settings_version")?,
        version: row.get("version")?,
    })
}

/// Part of every commit that changes what decides the store's prices.
pub fn advance(tenant: Tenant) -> Statement {
    tenant.statement(ADVANCE)
}

/// The same for every store of the organization.
pub fn advance_all(tenant: Tenant) -> Statement {
    Statement::new(ADVANCE_ALL).bind(tenant.organization.to_string())
}

/// Refuses the commit where what decides the store's prices was written since it was read at `version`.
pub fn guard(tenant: Tenant, version: i64) -> Statement {
    tenant.statement(GUARD).bind(version)
}

/// Sets the endings where they are at `settings_version`: to be followed by a guard.
pub fn put(tenant: Tenant, endings: &[PriceEnding], settings_version: i64) -> Statement {
    tenant.statement(PUT).bind(settings_version).bind(json!(endings).to_string())
}
