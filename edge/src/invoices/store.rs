//! The tables `invoice_setting` and `invoice`.

use headlesspro_shared::invoices::{Document, Kind};
use headlesspro_shared::kernel::id::{ChannelId, InvoiceId, OrderId, RefundId};
use headlesspro_shared::kernel::time::Timestamp;

use super::settings::{KeptSettings, Numbering, Settings};
use crate::app::Tenant;
use crate::extract::stored_in;
use crate::identity::wrapped_key;
use crate::port::sql::{Row, Rows, SqlError, Statement};
use crate::tax::text_of;
use crate::vault::WrappedKey;

const SETTINGS: &str = "-- invoices::settings
SELECT s.document, s.version, s.updated_at FROM invoice_setting s WHERE s.organization_id = ?1 AND s.store_id = ?2";

/// Nothing where they are at another version than `?3`, which is 0 where there are none.
const REPLACE_SETTINGS: &str = "-- invoices::replace_settings
INSERT INTO invoice_setting (organization_id, store_id, document, updated_at) VALUES (?1, ?2, ?4, ?5)
ON CONFLICT (store_id) DO UPDATE SET document = excluded.document, updated_at = excluded.updated_at, version = version + 1
WHERE organization_id = ?1 AND version = ?3";

/// The transaction is the only writer, so the numbers of a series have no gaps. Nothing where the order is not to be invoiced
/// any more, or other credit notes have come between: `?16` is how many there were.
const INSERT: &str = "-- invoices::insert
INSERT INTO invoice (organization_id, store_id, id, order_id, kind, series, number, credits_id, refund_id, currency,
  gross_minor, document, personal_sealed, created_at)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, next.number, ?7, ?8, ?9, ?10,
  json_set(?11, '$.number', ?6 || printf('%0*d', ?12, next.number)), ?13, ?14
FROM (SELECT coalesce((SELECT max(i.number) FROM invoice i
    WHERE i.organization_id = ?1 AND i.store_id = ?2 AND i.series = ?6) + 1, ?15) AS number) next
WHERE EXISTS (SELECT 1 FROM orders o WHERE o.organization_id = ?1 AND o.store_id = ?2 AND o.id = ?4
    AND (?5 = 'credit-note' OR o.state NOT IN ('pending', 'cancelled')))
  AND (?7 IS NULL OR ?16 = (SELECT count(*) FROM invoice c WHERE c.organization_id = ?1 AND c.credits_id = ?7))";

const FIND: &str = "-- invoices::one
SELECT i.id, i.order_id, i.kind, i.credits_id, i.refund_id, i.document, i.personal_sealed, o.channel_id, k.wrapped,
  k.master_key_id
FROM invoice i JOIN orders o ON o.organization_id = i.organization_id AND o.id = i.order_id
JOIN organization_key k ON k.organization_id = i.organization_id
WHERE i.organization_id = ?1 AND i.store_id = ?2 AND i.id = ?3";

const OF_ORDER: &str = "-- invoices::of_order
SELECT i.id, i.order_id, i.kind, i.credits_id, i.refund_id, i.document, i.personal_sealed, o.channel_id, k.wrapped,
  k.master_key_id
FROM invoice i JOIN orders o ON o.organization_id = i.organization_id AND o.id = i.order_id
JOIN organization_key k ON k.organization_id = i.organization_id
WHERE i.organization_id = ?1 AND i.store_id = ?2 AND i.order_id = ?3
ORDER BY i.id LIMIT 1000";

const LIST: &str = "-- invoices::list
SELECT i.id, i.order_id, i.kind, i.credits_id, i.refund_id, i.document, i.personal_sealed, NULL AS channel_id, k.wrapped,
  k.master_key_id
FROM invoice i JOIN organization_key k ON k.organization_id = i.organization_id
WHERE i.organization_id = ?1 AND i.store_id = ?2 AND ?3 < i.id
ORDER BY i.id LIMIT ?4";

/// A document as it is kept, whom it goes to still sealed.
#[derive(Debug)]
pub struct Kept {
    pub id: InvoiceId,
    pub order: OrderId,
    pub kind: Kind,
    pub credits: Option<InvoiceId>,
    pub refund: Option<RefundId>,
    pub document: Document,
    pub personal_sealed: String,
    /// The order's.
    pub channel: Option<ChannelId>,
    pub key: WrappedKey,
}

/// One to be written down.
pub struct New<'a> {
    pub id: InvoiceId,
    pub order: OrderId,
    /// Of a credit note: its invoice, and how many credit notes that has.
    pub credits: Option<(InvoiceId, usize)>,
    pub refund: Option<RefundId>,
    pub series: &'a str,
    pub numbering: &'a Numbering,
    pub document: &'a Document,
    pub personal_sealed: &'a str,
}

/// The statement whose rows [`settings_of`] takes.
pub fn settings(tenant: Tenant) -> Statement {
    tenant.statement(SETTINGS)
}

/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn settings_of(rows: Option<&Rows>) -> Result<KeptSettings, SqlError> {
    let Some(row) = rows.and_then(Rows::first) else {
        return Ok(KeptSettings { settings: None, version: 0, updated_at: None });
    };
    let updated_at = Some(Timestamp::from_millis(row.get("updated_at")?));
    Ok(KeptSettings { settings: Some(stored_in(row, "document")?), version: row.get("version")?, updated_at })
}

/// Replaces settings that are at `version`: to be followed by a guard.
pub fn replace_settings(tenant: Tenant, settings: &Settings, version: i64, now: Timestamp) -> Statement {
    tenant.statement(REPLACE_SETTINGS).bind(version).bind(text_of(settings)).bind(now.millis())
}

/// Writes one down under the next number of its series: to be followed by a guard.
pub fn insert(tenant: Tenant, new: &New<'_>) -> Statement {
    let (credits, notes) = new.credits.map_or((None, 0), |(id, notes)| (Some(id.to_string()), notes));
    tenant
        .statement(INSERT)
        .bind(new.id.to_string())
        .bind(new.order.to_string())
        .bind(new.document.kind.name())
        .bind(new.series)
        .bind(credits)
        .bind(new.refund.map(|id| id.to_string()))
        .bind(new.document.currency.code())
        .bind(new.document.gross)
        .bind(text_of(new.document))
        .bind(new.numbering.digits)
        .bind(new.personal_sealed)
        .bind(new.document.issued_at.millis())
        .bind(new.numbering.first)
        .bind(i64::try_from(notes).unwrap_or(i64::MAX))
}

/// The statement whose rows [`kept_of`] takes.
pub fn find(tenant: Tenant, id: InvoiceId) -> Statement {
    tenant.statement(FIND).bind(id.to_string())
}

/// The statement whose rows [`kept_of`] takes: all of an order, the oldest first.
pub fn of_order(tenant: Tenant, order: OrderId) -> Statement {
    tenant.statement(OF_ORDER).bind(order.to_string())
}

/// The statement whose rows [`kept_of`] takes: a store's behind an id, the oldest first.
pub fn list(tenant: Tenant, after: &str, limit: i64) -> Statement {
    tenant.statement(LIST).bind(after).bind(limit)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn kept_of(rows: Option<&Rows>) -> Result<Vec<Kept>, SqlError> {
    rows.into_iter().flat_map(Rows::iter).map(one_of).collect()
}

fn one_of(row: Row<'_>) -> Result<Kept, SqlError> {
    let has = |column| Ok::<_, SqlError>(row.get::<Option<&str>>(column)?.is_some());
    Ok(Kept {
        id: row.parse("id")?,
        order: row.parse("order_id")?,
        kind: row.parse("kind")?,
        credits: has("credits_id")?.then(|| row.parse("credits_id")).transpose()?,
        refund: has("refund_id")?.then(|| row.parse("refund_id")).transpose()?,
        document: stored_in(row, "document")?,
        personal_sealed: row.get::<&str>("personal_sealed")?.to_owned(),
        channel: has("channel_id")?.then(|| row.parse("channel_id")).transpose()?,
        key: wrapped_key(row)?,
    })
}
