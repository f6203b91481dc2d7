//! The table `refund`, and what of an order there is to give back.

use headlesspro_shared::kernel::id::{OrderId, OrderLineId, OrganizationId, PaymentId, RefundId, StoreId};
use headlesspro_shared::kernel::money::Money;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::payments::RefundState;
use serde::{Deserialize, Serialize};

use crate::app::Tenant;
use crate::extract::stored_in;
use crate::port::sql::{Row, Rows, SqlError, Statement};

const LIST: &str = "-- payments::refunds
SELECT r.id, r.order_id, r.payment_id, r.currency, r.amount_minor, r.shipping_minor, r.lines, r.reason, r.state,
  r.failed_for, r.reference, r.created_at, r.updated_at
FROM refund r JOIN orders o ON o.organization_id = r.organization_id AND o.id = r.order_id
WHERE r.organization_id = ?1 AND o.store_id = ?2 AND r.order_id = ?3 AND (?4 IS NULL OR r.id = ?4)
ORDER BY r.id LIMIT 1000";

/// What was ordered of each line, what it has cost and how many units' money is given back, and the same of shipping.
const BASIS: &str = "-- payments::refundable_lines
SELECT l.id, l.quantity, coalesce(l.gross_minor, l.total_minor - l.discount_minor) AS gross_minor,
  (SELECT coalesce(sum(n.value ->> 'quantity'), 0) FROM refund r JOIN json_each(r.lines) n
    WHERE r.organization_id = ?1 AND r.order_id = l.order_id AND r.state <> 'failed' AND n.value ->> 'lineId' = l.id)
    AS refunded
FROM order_line l JOIN orders o ON o.organization_id = l.organization_id AND o.id = l.order_id
WHERE l.organization_id = ?1 AND o.store_id = ?2 AND l.order_id = ?3";

const INSERT: &str = "-- payments::insert_refund
INSERT INTO refund (organization_id, id, order_id, payment_id, currency, amount_minor, shipping_minor, lines, reason, state,
  due_at, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'pending', ?10, ?11, ?11)";

const TURN: &str = "-- payments::turn_refund
UPDATE refund SET state = ?3, failed_for = ?4, reference = coalesce(?5, reference), due_at = ?6, updated_at = ?7
WHERE organization_id = ?1 AND id = ?2 AND state <> ?3 AND state <> 'failed'";

const POSTPONE: &str = "-- payments::postpone_refund
UPDATE refund SET due_at = ?3 WHERE organization_id = ?1 AND id = ?2 AND due_at IS NOT NULL";

/// The payment says what of it has arrived, and where it stands with that.
const SUM_UP: &str = "-- payments::sum_up_refunds
UPDATE payment SET refunded_minor = s.refunded,
  state = CASE
    WHEN s.refunded = 0 THEN 'captured'
    WHEN s.refunded < iif(provider_id IS NULL, amount_minor, captured_minor) THEN 'partially-refunded'
    ELSE 'refunded'
  END, version = version + 1
FROM (SELECT coalesce(sum(r.amount_minor), 0) AS refunded FROM refund r
  WHERE r.organization_id = ?1 AND r.order_id = ?3 AND r.state = 'succeeded') s
WHERE payment.organization_id = ?1 AND payment.id = ?2 AND payment.state IN ('captured', 'partially-refunded', 'refunded')
RETURNING payment.state";

const DUE: &str = "-- payments::refunds_due (all tenants)
SELECT r.organization_id, o.store_id, r.order_id, r.id FROM refund r JOIN orders o ON o.id = r.order_id
WHERE r.due_at <= ?1 ORDER BY r.due_at LIMIT ?2";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    pub id: RefundId,
    pub order: OrderId,
    pub payment: PaymentId,
    pub amount: Money,
    /// Of it, for shipping.
    pub shipping: Money,
    pub lines: Vec<RefundedLine>,
    pub reason: Option<String>,
    pub state: RefundState,
    /// The provider's word for why not.
    pub failed_for: Option<String>,
    pub reference: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Units of a line whose money is given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefundedLine {
    pub line_id: OrderLineId,
    pub quantity: i64,
    /// In minor units.
    pub amount: i64,
}

/// What there is of a line to give back.
#[derive(Debug, Clone, Copy)]
pub struct Basis {
    pub line: OrderLineId,
    pub quantity: i64,
    pub gross: i64,
    /// Units of it whose money is given back.
    pub refunded: i64,
}

/// A refund that is to be asked for again.
pub struct Due {
    pub tenant: Tenant,
    pub order: OrderId,
    pub refund: RefundId,
}

/// The statement whose rows [`refunds_of`] takes: all of an order, or the one.
pub fn list(tenant: Tenant, order: OrderId, id: Option<RefundId>) -> Statement {
    tenant.statement(LIST).bind(order.to_string()).bind(id.map(|id| id.to_string()))
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn refunds_of(rows: &Rows) -> Result<Vec<Refund>, SqlError> {
    let of = |row: Row<'_>| {
        let currency = row.parse("currency")?;
        let text = |column| Ok::<_, SqlError>(row.get::<Option<&str>>(column)?.map(str::to_owned));
        Ok(Refund {
            id: row.parse("id")?,
            order: row.parse("order_id")?,
            payment: row.parse("payment_id")?,
            amount: Money::new(row.get("amount_minor")?, currency),
            shipping: Money::new(row.get("shipping_minor")?, currency),
            lines: stored_in(row, "lines")?,
            reason: text("reason")?,
            state: row.parse("state")?,
            failed_for: text("failed_for")?,
            reference: text("reference")?,
            created_at: Timestamp::from_millis(row.get("created_at")?),
            updated_at: Timestamp::from_millis(row.get("updated_at")?),
        })
    };
    rows.iter().map(of).collect()
}

/// The statement whose rows [`basis_of`] takes.
pub fn basis(tenant: Tenant, order: OrderId) -> Statement {
    tenant.statement(BASIS).bind(order.to_string())
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn basis_of(rows: &Rows) -> Result<Vec<Basis>, SqlError> {
    let of = |row: Row<'_>| {
        Ok(Basis {
            line: row.parse("id")?,
            quantity: row.get("quantity")?,
            gross: row.get("gross_minor")?,
            refunded: row.get("refunded")?,
        })
    };
    rows.iter().map(of).collect()
}

/// Adds one that is to be asked for. A trigger refuses more than there is.
pub fn insert(tenant: Tenant, refund: &Refund, due_at: Timestamp) -> Statement {
    Statement::new(INSERT)
        .bind(tenant.organization.to_string())
        .bind(refund.id.to_string())
        .bind(refund.order.to_string())
        .bind(refund.payment.to_string())
        .bind(refund.amount.currency().code())
        .bind(refund.amount.minor())
        .bind(refund.shipping.minor())
        .bind(serde_json::to_string(&refund.lines).unwrap_or_default())
        .bind(refund.reason.as_deref())
        .bind(due_at.millis())
        .bind(refund.created_at.millis())
}

/// Keeps what was said of it, where that is news: to be followed by a guard.
pub fn turn(tenant: Tenant, refund: &Refund, due_at: Option<Timestamp>, now: Timestamp) -> Statement {
    Statement::new(TURN)
        .bind(tenant.organization.to_string())
        .bind(refund.id.to_string())
        .bind(refund.state.name())
        .bind(refund.failed_for.as_deref())
        .bind(refund.reference.as_deref())
        .bind(due_at.map(Timestamp::millis))
        .bind(now.millis())
}

pub fn postpone(tenant: Tenant, refund: RefundId, due_at: Timestamp) -> Statement {
    let organization = tenant.organization.to_string();
    Statement::new(POSTPONE).bind(organization).bind(refund.to_string()).bind(due_at.millis())
}

/// Adds up in the payment what has arrived of its refunds.
pub fn sum_up(tenant: Tenant, refund: &Refund) -> Statement {
    let organization = tenant.organization.to_string();
    Statement::new(SUM_UP).bind(organization).bind(refund.payment.to_string()).bind(refund.order.to_string())
}

/// The statement whose rows [`due_of`] takes: the longest due first.
pub fn due(now: Timestamp, limit: i64) -> Statement {
    Statement::new(DUE).bind(now.millis()).bind(limit)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn due_of(rows: &Rows) -> Result<Vec<Due>, SqlError> {
    let of = |row: Row<'_>| {
        let (organization, store): (OrganizationId, StoreId) = (row.parse("organization_id")?, row.parse("store_id")?);
        let tenant = Tenant { organization, store };
        Ok(Due { tenant, order: row.parse("order_id")?, refund: row.parse("id")? })
    };
    rows.iter().map(of).collect()
}
