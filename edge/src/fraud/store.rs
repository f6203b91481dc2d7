//! The tables `fraud_setting` and `fraud_review`.

use headlesspro_shared::fraud::{FraudSettings, Reason, ReviewState, Signals};
use headlesspro_shared::kernel::id::{FraudReviewId, OrderId};
use headlesspro_shared::kernel::time::Timestamp;

use super::judging::Judged;
use crate::app::Tenant;
use crate::extract::stored_in;
use crate::port::sql::{Row, Rows, SqlError, Statement};
use crate::tax::text_of;

const SETTINGS: &str = "-- fraud::settings
SELECT s.document, s.version, s.updated_at FROM fraud_setting s WHERE s.organization_id = ?1 AND s.store_id = ?2";

/// Nothing where they are at another version than `?3`, which is 0 where there are none.
const REPLACE_SETTINGS: &str = "-- fraud::replace_settings
INSERT INTO fraud_setting (organization_id, store_id, document, updated_at) VALUES (?1, ?2, ?4, ?5)
ON CONFLICT (store_id) DO UPDATE SET document = excluded.document, updated_at = excluded.updated_at, version = version + 1
WHERE organization_id = ?1 AND version = ?3";

const OPEN: &str = "-- fraud::open_review
INSERT INTO fraud_review (organization_id, store_id, id, order_id, reasons, signals, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

const LIST: &str = "-- fraud::reviews
SELECT r.id, r.order_id, r.state, r.reasons, r.signals, r.note, r.decided_by, r.decided_at, r.version, r.created_at, r.place
FROM fraud_review r WHERE r.organization_id = ?1 AND r.store_id = ?2 AND ?3 < r.place
ORDER BY r.place LIMIT ?4";

const FIND: &str = "-- fraud::review
SELECT r.id, r.order_id, r.state, r.reasons, r.signals, r.note, r.decided_by, r.decided_at, r.version, r.created_at, r.place
FROM fraud_review r WHERE r.organization_id = ?1 AND r.store_id = ?2 AND r.id = ?3";

const DECIDE: &str = "-- fraud::decide
UPDATE fraud_review SET state = ?5, note = ?6, decided_by = ?7, decided_at = ?8, version = version + 1
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?4 AND state = 'open'";

/// How a store judges, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeptSettings {
    pub settings: FraudSettings,
    /// 0: the store has none of its own yet.
    pub version: i64,
    pub updated_at: Option<Timestamp>,
}

/// An order that a person looks at.
#[derive(Debug, Clone)]
pub struct Review {
    pub id: FraudReviewId,
    pub order: OrderId,
    pub state: ReviewState,
    pub reasons: Vec<Reason>,
    pub signals: Signals,
    pub note: Option<String>,
    pub decided_by: Option<String>,
    pub decided_at: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
    /// In the list.
    pub place: String,
}

/// The statement whose rows [`settings_of`] takes.
pub fn settings(tenant: Tenant) -> Statement {
    tenant.statement(SETTINGS)
}

/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn settings_of(rows: Option<&Rows>) -> Result<KeptSettings, SqlError> {
    let Some(row) = rows.and_then(Rows::first) else { return Ok(KeptSettings::default()) };
    let updated_at = Some(Timestamp::from_millis(row.get("updated_at")?));
    Ok(KeptSettings { settings: stored_in(row, "document")?, version: row.get("version")?, updated_at })
}

/// Replaces settings that are at `version`: to be followed by a guard.
pub fn replace_settings(tenant: Tenant, settings: &FraudSettings, version: i64, now: Timestamp) -> Statement {
    tenant.statement(REPLACE_SETTINGS).bind(version).bind(text_of(settings)).bind(now.millis())
}

pub fn open(tenant: Tenant, id: FraudReviewId, order: OrderId, judged: &Judged, now: Timestamp) -> Statement {
    tenant
        .statement(OPEN)
        .bind(id.to_string())
        .bind(order.to_string())
        .bind(text_of(&judged.verdict.reasons))
        .bind(text_of(&judged.signals))
        .bind(now.millis())
}

/// The statement whose rows [`reviews_of`] takes: those behind a place, the open ones first.
pub fn list(tenant: Tenant, after: &str, limit: i64) -> Statement {
    tenant.statement(LIST).bind(after).bind(limit)
}

/// The statement whose rows [`reviews_of`] takes.
pub fn find(tenant: Tenant, id: FraudReviewId) -> Statement {
    tenant.statement(FIND).bind(id.to_string())
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn reviews_of(rows: Option<&Rows>) -> Result<Vec<Review>, SqlError> {
    rows.into_iter().flat_map(Rows::iter).map(review_of).collect()
}

fn review_of(row: Row<'_>) -> Result<Review, SqlError> {
    let text = |column| Ok::<_, SqlError>(row.get::<Option<&str>>(column)?.map(str::to_owned));
    Ok(Review {
        id: row.parse("id")?,
        order: row.parse("order_id")?,
        state: row.parse("state")?,
        reasons: stored_in(row, "reasons")?,
        signals: stored_in(row, "signals")?,
        note: text("note")?,
        decided_by: text("decided_by")?,
        decided_at: row.get::<Option<i64>>("decided_at")?.map(Timestamp::from_millis),
        version: row.get("version")?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
        place: row.get::<&str>("place")?.to_owned(),
    })
}

/// Decides one that is open and at `version`: to be followed by a guard.
pub fn decide(
    tenant: Tenant,
    (id, version): (FraudReviewId, i64),
    state: ReviewState,
    note: Option<&str>,
    (by, now): (&str, Timestamp),
) -> Statement {
    let statement = tenant.statement(DECIDE).bind(id.to_string()).bind(version).bind(state.name());
    statement.bind(note).bind(by).bind(now.millis())
}
