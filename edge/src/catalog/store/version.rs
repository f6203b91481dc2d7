//! How often the catalog was written.

use crate::app::Tenant;
use crate::port::sql::{Rows, SqlError, Statement};

const ADVANCE: &str = "-- catalog::advance
INSERT INTO catalog_version (organization_id, store_id, version) VALUES (?1, ?2, 1)
ON CONFLICT (store_id) DO UPDATE SET version = version + 1 WHERE organization_id = ?1
RETURNING version";

const VERSION: &str = "-- catalog::version
SELECT version FROM catalog_version WHERE organization_id = ?1 AND store_id = ?2";

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
