//! How often the catalog was written.

use headlesspro_shared::kernel::time::Timestamp;

use crate::app::Tenant;
use crate::port::sql::{Rows, SqlError, Statement};

const ADVANCE: &str = "-- catalog::advance
INSERT INTO catalog_version (organization_id, store_id, version) VALUES (?1, ?2, 1)
ON CONFLICT (store_id) DO UPDATE SET version = version + 1 WHERE organization_id = ?1
RETURNING version";

const VERSION: &str = "-- catalog::version
SELECT version FROM catalog_version WHERE organization_id = ?1 AND store_id = ?2";

/// When the next active product is published, or is so no more.
const TURN: &str = "-- catalog::turn
SELECT min(at) AS at FROM (
  SELECT min(p.publish_at) AS at FROM product p
  WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.status = 'active' AND p.publish_at > ?3
  UNION ALL
  SELECT min(u.unpublish_at) FROM product u
  WHERE u.organization_id = ?1 AND u.store_id = ?2 AND u.status = 'active' AND u.unpublish_at > ?3)";

/// The statement whose row [`turn_of`] takes.
pub fn turn(tenant: Tenant, now: Timestamp) -> Statement {
    tenant.statement(TURN).bind(now.millis())
}

/// Until when at most what is read now is shown so, without any write.
///
/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn turn_of(rows: Option<&Rows>) -> Result<Option<Timestamp>, SqlError> {
    let at: Option<i64> = rows.and_then(Rows::first).map_or(Ok(None), |row| row.get("at"))?;
    Ok(at.map(Timestamp::from_millis))
}

/// Raises the version, for a commit that changes what is shown, and answers the new one.
pub fn advance(tenant: Tenant) -> Statement {
    tenant.statement(ADVANCE)
}

/// The version of the snapshot that is read.
pub fn version(tenant: Tenant) -> Statement {
    tenant.statement(VERSION)
}

/// 0 for a catalog that was never written.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn version_of(rows: Option<&Rows>) -> Result<i64, SqlError> {
    let row = rows.and_then(Rows::first);
    row.map_or(Ok(0), |row| row.get("version"))
}
