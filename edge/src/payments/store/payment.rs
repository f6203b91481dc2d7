//! The tables `payment`, which orders insert, `payment_attempt` and `payment_event`.

use headlesspro_shared::kernel::id::{CheckoutId, OrderId, OrganizationId, PaymentId, PaymentProviderId, StoreId};
use headlesspro_shared::kernel::money::Money;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::orders::{OrderState, PaymentState};
use headlesspro_shared::payments::Sums;

use crate::app::Tenant;
use crate::identity::wrapped_key;
use crate::payments::providers::Kind;
use crate::port::sql::{Row, Rows, SqlError, Statement};
use crate::vault::WrappedKey;

/// By its order's id, its order's checkout's or its own.
const FIND: &str = "-- payments::find
SELECT p.id, p.order_id, p.provider_id, p.reference, p.state, p.currency, p.amount_minor, p.authorized_minor,
  p.captured_minor, p.refunded_minor, p.is_over, p.review, p.return_url, p.attempts, p.ends_at, p.due_at, p.version,
  o.state AS order_state, o.channel_id, d.kind, d.capture, d.secrets_sealed, k.wrapped, k.master_key_id,
  (SELECT coalesce(sum(r.amount_minor), 0) FROM refund r
    WHERE r.organization_id = ?1 AND r.order_id = p.order_id AND r.state <> 'failed') AS refunding_minor
FROM payment p
JOIN orders o ON o.organization_id = p.organization_id AND o.id = p.order_id
JOIN organization_key k ON k.organization_id = p.organization_id
LEFT JOIN payment_provider d ON d.organization_id = p.organization_id AND d.id = p.provider_id
WHERE p.organization_id = ?1 AND o.store_id = ?2 AND p.order_id = coalesce(?3,
  (SELECT c.id FROM orders c WHERE c.organization_id = ?1 AND c.checkout_id = ?4),
  (SELECT q.order_id FROM payment q WHERE q.organization_id = ?1 AND q.id = ?5))";

/// Once of each version: whoever has read another one changes nothing.
const LEARN: &str = "-- payments::learn
UPDATE payment SET state = ?4, reference = coalesce(reference, ?5), authorized_minor = ?6, captured_minor = ?7,
  is_over = ?8, review = ?9, due_at = ?10, version = version + 1
WHERE organization_id = ?1 AND id = ?2 AND version = ?3";

const POSTPONE: &str = "-- payments::postpone
UPDATE payment SET due_at = ?4 WHERE organization_id = ?1 AND id = ?2 AND version = ?3 AND due_at IS NOT NULL";

const BEGIN_ATTEMPT: &str = "-- payments::begin_attempt
INSERT INTO payment_attempt (organization_id, payment_id, number, state, started_at, updated_at)
VALUES (?1, ?2, ?3, 'open', ?4, ?4)";

const COUNT_ATTEMPT: &str = "-- payments::count_attempt
UPDATE payment SET attempts = ?4, return_url = coalesce(?5, return_url), version = version + 1
WHERE organization_id = ?1 AND id = ?2 AND version = ?3";

const TURN_ATTEMPT: &str = "-- payments::turn_attempt
UPDATE payment_attempt SET state = ?4, declined_for = ?5, updated_at = ?6
WHERE organization_id = ?1 AND payment_id = ?2 AND number = ?3";

const HEAR: &str = "-- payments::hear
INSERT INTO payment_event (organization_id, provider_id, event_id, type, payment_id, received_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (organization_id, provider_id, event_id) DO NOTHING";

const HEARD: &str = "-- payments::heard
SELECT e.event_id FROM payment_event e WHERE e.organization_id = ?1 AND e.provider_id = ?2 AND e.event_id = ?3";

/// The cron's: the payments of every organization that somebody has to look at.
const DUE: &str = "-- payments::due (all tenants)
SELECT p.organization_id, o.store_id, p.order_id FROM payment p JOIN orders o ON o.id = p.order_id
WHERE p.due_at <= ?1 ORDER BY p.due_at LIMIT ?2";

/// A payment, and what its order is by now.
#[derive(Debug, Clone)]
pub struct Payment {
    pub id: PaymentId,
    pub order: OrderId,
    /// `None`: the merchant's own word.
    pub by: Option<By>,
    /// What the provider calls it.
    pub reference: Option<String>,
    pub state: PaymentState,
    pub amount: Money,
    pub sums: Sums,
    pub review: Option<String>,
    pub return_url: Option<String>,
    pub attempts: i64,
    pub ends_at: Option<Timestamp>,
    pub due_at: Option<Timestamp>,
    pub version: i64,
    pub order_state: OrderState,
    /// What refunds that have not failed come to.
    pub refunding: i64,
}

/// The provider of a payment.
#[derive(Debug, Clone)]
pub struct By {
    pub id: PaymentProviderId,
    pub kind: Kind,
    pub captures_later: bool,
    pub secrets_sealed: String,
    pub key: WrappedKey,
}

/// How an attempt stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub number: i64,
    pub state: &'static str,
    pub declined_for: Option<String>,
}

/// What a provider has told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub provider: PaymentProviderId,
    pub id: String,
    pub name: String,
    pub payment: PaymentId,
}

/// Where a payment is that somebody has to look at.
pub struct Due {
    pub tenant: Tenant,
    pub order: OrderId,
}

/// The statement whose rows [`payment_of`] takes.
pub fn of_order(tenant: Tenant, order: OrderId) -> Statement {
    find(tenant, Some(order), None, None)
}

/// The statement whose rows [`payment_of`] takes: of the order that a checkout has become.
pub fn of_checkout(tenant: Tenant, checkout: CheckoutId) -> Statement {
    find(tenant, None, Some(checkout), None)
}

/// The statement whose rows [`payment_of`] takes: by its own id.
pub fn by_id(tenant: Tenant, id: PaymentId) -> Statement {
    find(tenant, None, None, Some(id))
}

fn find(tenant: Tenant, order: Option<OrderId>, checkout: Option<CheckoutId>, id: Option<PaymentId>) -> Statement {
    tenant
        .statement(FIND)
        .bind(order.map(|id| id.to_string()))
        .bind(checkout.map(|id| id.to_string()))
        .bind(id.map(|id| id.to_string()))
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn payment_of(rows: Option<&Rows>) -> Result<Option<Payment>, SqlError> {
    rows.and_then(Rows::first).map(from_row).transpose()
}

fn from_row(row: Row<'_>) -> Result<Payment, SqlError> {
    let by = match row.get::<Option<&str>>("provider_id")? {
        None => None,
        Some(_) => Some(By {
            id: row.parse("provider_id")?,
            kind: row.parse("kind")?,
            captures_later: row.get::<&str>("capture")? == super::provider::capture_name(true),
            secrets_sealed: row.get::<&str>("secrets_sealed")?.to_owned(),
            key: wrapped_key(row)?,
        }),
    };
    let (state, amount): (PaymentState, i64) = (row.parse("state")?, row.get("amount_minor")?);
    let refunded = row.get("refunded_minor")?;
    let sums = match by {
        Some(_) => Sums {
            authorized: row.get("authorized_minor")?,
            captured: row.get("captured_minor")?,
            refunded,
            is_over: row.get("is_over")?,
        },
        None => of_manual(state, amount, refunded),
    };
    let text = |column| Ok::<_, SqlError>(row.get::<Option<&str>>(column)?.map(str::to_owned));
    let moment = |column| Ok::<_, SqlError>(row.get::<Option<i64>>(column)?.map(Timestamp::from_millis));
    Ok(Payment {
        id: row.parse("id")?,
        order: row.parse("order_id")?,
        by,
        reference: text("reference")?,
        state,
        amount: Money::new(amount, row.parse("currency")?),
        sums,
        review: text("review")?,
        return_url: text("return_url")?,
        attempts: row.get("attempts")?,
        ends_at: moment("ends_at")?,
        due_at: moment("due_at")?,
        version: row.get("version")?,
        order_state: row.parse("order_state")?,
        refunding: row.get("refunding_minor")?,
    })
}

/// What the merchant's word comes to: what is owed can be captured, once it is there, or be called off.
fn of_manual(state: PaymentState, amount: i64, refunded: i64) -> Sums {
    let of = |authorized, captured, is_over| Sums { authorized, captured, refunded, is_over };
    match state {
        PaymentState::Pending | PaymentState::Authorized => of(amount, 0, false),
        PaymentState::Captured | PaymentState::PartiallyRefunded | PaymentState::Refunded => of(amount, amount, false),
        PaymentState::Voided | PaymentState::Failed => of(amount, 0, true),
    }
}

/// Keeps what is known of it by now, where nobody else has learned anything meanwhile: to be followed by a guard.
pub fn learn(tenant: Tenant, payment: &Payment) -> Statement {
    let (organization, id) = (tenant.organization.to_string(), payment.id.to_string());
    Statement::new(LEARN)
        .bind(organization)
        .bind(id)
        .bind(payment.version)
        .bind(payment.state.to_string())
        .bind(payment.reference.as_deref())
        .bind(payment.sums.authorized)
        .bind(payment.sums.captured)
        .bind(payment.sums.is_over)
        .bind(payment.review.as_deref())
        .bind(payment.due_at.map(Timestamp::millis))
}

/// Has somebody look at it later.
pub fn postpone(tenant: Tenant, payment: &Payment, due_at: Timestamp) -> Statement {
    let (organization, id) = (tenant.organization.to_string(), payment.id.to_string());
    Statement::new(POSTPONE).bind(organization).bind(id).bind(payment.version).bind(due_at.millis())
}

/// Adds the attempt with this number, before anything is tried.
pub fn begin_attempt(tenant: Tenant, payment: PaymentId, number: i64, now: Timestamp) -> Statement {
    let (organization, id) = (tenant.organization.to_string(), payment.to_string());
    Statement::new(BEGIN_ATTEMPT).bind(organization).bind(id).bind(number).bind(now.millis())
}

/// Says in the payment that there is another attempt: to be followed by a guard.
pub fn count_attempt(tenant: Tenant, payment: &Payment, number: i64, return_url: Option<&str>) -> Statement {
    let (organization, id) = (tenant.organization.to_string(), payment.id.to_string());
    Statement::new(COUNT_ATTEMPT).bind(organization).bind(id).bind(payment.version).bind(number).bind(return_url)
}

pub fn turn_attempt(tenant: Tenant, payment: PaymentId, attempt: &Attempt, now: Timestamp) -> Statement {
    let (organization, id) = (tenant.organization.to_string(), payment.to_string());
    Statement::new(TURN_ATTEMPT)
        .bind(organization)
        .bind(id)
        .bind(attempt.number)
        .bind(attempt.state)
        .bind(attempt.declined_for.as_deref())
        .bind(now.millis())
}

/// Keeps that it was told; once.
pub fn hear(tenant: Tenant, event: &Event, now: Timestamp) -> Statement {
    let organization = tenant.organization.to_string();
    Statement::new(HEAR)
        .bind(organization)
        .bind(event.provider.to_string())
        .bind(event.id.as_str())
        .bind(event.name.as_str())
        .bind(event.payment.to_string())
        .bind(now.millis())
}

/// The statement with a row where it was told before.
pub fn heard(tenant: Tenant, event: &Event) -> Statement {
    let organization = tenant.organization.to_string();
    Statement::new(HEARD).bind(organization).bind(event.provider.to_string()).bind(event.id.as_str())
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
        Ok(Due { tenant: Tenant { organization, store }, order: row.parse("order_id")? })
    };
    rows.iter().map(of).collect()
}
