//! Whether a store's promotions say what they said.

use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::promotions::PromotionBook;

use crate::app::Tenant;
use crate::port::sql::{Rows, SqlError, Statement};

const STANDING: &str = "-- promotions::standing
SELECT coalesce((SELECT s.version FROM promotion_standing s WHERE s.organization_id = ?1 AND s.store_id = ?2), 0) AS version,
  (SELECT min(p.starts_at) FROM promotion p WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.active = 1
    AND p.triggered_by = 'automatic' AND p.ends_at > ?3 AND p.starts_at > ?3) AS begins_at";

const GUARD: &str = "-- promotions::guard
INSERT INTO violation (what)
SELECT 'the promotions have changed'
WHERE coalesce((SELECT s.version FROM promotion_standing s WHERE s.organization_id = ?1 AND s.store_id = ?2), 0) <> ?3";

/// How a store's promotions stood when they were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Grows with what the merchant changes of them.
    pub version: i64,
    /// The next instant at which one of them begins or ends by itself; none: they stay as they are.
    pub turns_at: Option<Timestamp>,
}

/// The statement whose rows [`standing_of`] takes.
pub fn standing(tenant: Tenant, at: Timestamp) -> Statement {
    tenant.statement(STANDING).bind(at.millis())
}

/// Of the promotions in `book`, which were read with it, and of those that begin later.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn standing_of(rows: &Rows, book: &PromotionBook, at: Timestamp) -> Result<Standing, SqlError> {
    let row = rows.first().ok_or_else(|| SqlError::Statement("promotions stand nowhere".to_owned()))?;
    let begins_at = row.get::<Option<i64>>("begins_at")?.map(Timestamp::from_millis);
    Ok(Standing { version: row.get("version")?, turns_at: begins_at.into_iter().chain(book.turns_at(at)).min() })
}

/// Refuses the commit unless the promotions are those of `version`.
pub fn guard(tenant: Tenant, version: i64) -> Statement {
    tenant.statement(GUARD).bind(version)
}
