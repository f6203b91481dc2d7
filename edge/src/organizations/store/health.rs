//! How a store's connection is, as whoever uses it reports.

use headlesspro_shared::kernel::id::StoreId;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::organizations::Health;

use super::of_organization;
use crate::app::Tenant;
use crate::port::sql::{Rows, SqlError, Statement};

const FIND: &str = "-- organizations::store_health
SELECT health, health_message, health_at, last_sync_at FROM store WHERE organization_id = ?1 AND id = ?2";

/// Only forward in time: of two reports at once the later one stays, whichever comes first. And only where the store
/// is as the reporter's audit row says it was.
const REPORT: &str = "-- organizations::report_health
UPDATE store SET health = ?3, health_message = ?4, health_at = ?5,
  last_sync_at = max(coalesce(last_sync_at, ?6), coalesce(?6, last_sync_at))
WHERE organization_id = ?1 AND id = ?2 AND coalesce(health_at, 0) <= ?5
  AND health = ?7 AND health_message IS ?8";

/// How a connection is, or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub health: Health,
    /// For people.
    pub message: Option<String>,
    /// When it was so; `None`: nobody has reported yet.
    pub at: Option<Timestamp>,
    /// When data was last brought up to date.
    pub last_sync_at: Option<Timestamp>,
}

/// The statement whose rows [`report_of`] takes.
pub fn find(tenant: Tenant, id: StoreId) -> Statement {
    of_organization(FIND, tenant).bind(id.to_string())
}

/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn report_of(rows: &Rows) -> Result<Option<Report>, SqlError> {
    let Some(row) = rows.first() else { return Ok(None) };
    let moment = |column| Ok::<_, SqlError>(row.get::<Option<i64>>(column)?.map(Timestamp::from_millis));
    Ok(Some(Report {
        health: row.parse("health")?,
        message: row.get::<Option<&str>>("health_message")?.map(str::to_owned),
        at: moment("health_at")?,
        last_sync_at: moment("last_sync_at")?,
    }))
}

/// Changes nothing where a later report is there, or the store is not like `before` any more.
pub fn report(tenant: Tenant, id: StoreId, before: &Report, report: &Report, at: Timestamp) -> Statement {
    of_organization(REPORT, tenant)
        .bind(id.to_string())
        .bind(report.health.name())
        .bind(report.message.as_deref())
        .bind(at.millis())
        .bind(report.last_sync_at.map(Timestamp::millis))
        .bind(before.health.name())
        .bind(before.message.as_deref())
}
