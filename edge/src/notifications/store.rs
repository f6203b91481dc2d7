//! The table `mail`.

use headlesspro_shared::kernel::id::{MailId, OrganizationId};
use headlesspro_shared::kernel::locale::Locale;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::notifications::{LEASE_MILLIS, MailKind};

use crate::app::Tenant;
use crate::port::sql::{Row, Rows, SqlError, Statement};
use crate::vault::WrappedKey;

const ENQUEUE: &str = "-- notifications::enqueue
INSERT INTO mail (organization_id, store_id, id, event_key, kind, locale, recipient_sealed, message_sealed,
  next_attempt_at, expires_at, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?9)
ON CONFLICT (organization_id, event_key) DO NOTHING";

const ENQUEUE_AFTER: &str = "-- notifications::enqueue_after
INSERT INTO mail (organization_id, store_id, id, event_key, kind, locale, recipient_sealed, message_sealed,
  next_attempt_at, expires_at, created_at)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?9 WHERE 0 < changes()
ON CONFLICT (organization_id, event_key) DO NOTHING";

/// For the cron, which sends the mails of every organization.
/// `+` keeps the planner to what is due: the index of each organization's has all that are queued.
const DUE: &str = "-- notifications::due (all tenants)
SELECT DISTINCT +organization_id AS organization_id FROM mail WHERE state = 'queued' AND next_attempt_at <= ?1 LIMIT ?2";

/// Takes due mails, for as long as the lease: nobody else finds them due before it ends.
const CLAIM: &str = "-- notifications::claim
UPDATE mail SET attempts = attempts + 1, next_attempt_at = ?3
WHERE organization_id = ?1 AND state = 'queued' AND next_attempt_at <= ?2 AND id IN (
  SELECT m.id FROM mail m WHERE m.organization_id = ?1 AND m.state = 'queued' AND m.next_attempt_at <= ?2
  ORDER BY m.next_attempt_at LIMIT ?4)
RETURNING id, locale, recipient_sealed, message_sealed, attempts, expires_at,
  (SELECT s.name FROM store s WHERE s.organization_id = ?1 AND s.id = mail.store_id) AS shop,
  (SELECT k.wrapped FROM organization_key k WHERE k.organization_id = ?1) AS wrapped,
  (SELECT k.master_key_id FROM organization_key k WHERE k.organization_id = ?1) AS master_key_id";

/// Whoever took it since has counted another attempt.
const SETTLE: &str = "-- notifications::settle
UPDATE mail SET state = ?4, last_error = ?5, settled_at = ?6, recipient_sealed = NULL, message_sealed = NULL
WHERE organization_id = ?1 AND id = ?2 AND attempts = ?3 AND state = 'queued'";

const POSTPONE: &str = "-- notifications::postpone
UPDATE mail SET next_attempt_at = ?4, last_error = ?5
WHERE organization_id = ?1 AND id = ?2 AND attempts = ?3 AND state = 'queued'";

/// Of an organization that lives in another database: looked at again then, should it come back.
const PUT_OFF: &str = "-- notifications::put_off
UPDATE mail SET next_attempt_at = ?3 WHERE organization_id = ?1 AND state = 'queued' AND next_attempt_at <= ?2";

/// A mail to be kept, its recipient and message sealed.
pub struct Queued<'a> {
    pub id: MailId,
    pub event_key: &'a str,
    pub kind: MailKind,
    pub locale: &'a Locale,
    pub recipient_sealed: String,
    pub message_sealed: String,
    pub expires_at: Timestamp,
}

/// A mail that is ours to send until the lease ends.
pub struct Claimed {
    pub id: String,
    /// Attempts begun, this one included.
    pub attempts: i64,
    pub locale: String,
    pub recipient_sealed: String,
    pub message_sealed: String,
    pub expires_at: Timestamp,
    /// The store's name.
    pub shop: String,
    /// The organization's data key; `None` where it has none.
    pub key: Option<WrappedKey>,
}

/// What becomes of a mail after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempted {
    Sent,
    Postponed { until: Timestamp, why: String },
    Failed { why: String },
}

/// Adds a mail; a second one of the same event is none.
pub fn enqueue(tenant: Tenant, mail: Queued<'_>, now: Timestamp) -> Statement {
    bound(tenant.statement(ENQUEUE), mail, now)
}

/// As [`enqueue`], where the statement before it in the commit has changed something.
pub fn enqueue_after(tenant: Tenant, mail: Queued<'_>, now: Timestamp) -> Statement {
    bound(tenant.statement(ENQUEUE_AFTER), mail, now)
}

fn bound(statement: Statement, mail: Queued<'_>, now: Timestamp) -> Statement {
    statement
        .bind(mail.id.to_string())
        .bind(mail.event_key)
        .bind(mail.kind.name())
        .bind(mail.locale.as_str())
        .bind(mail.recipient_sealed)
        .bind(mail.message_sealed)
        .bind(now.millis())
        .bind(mail.expires_at.millis())
}

/// Puts the due mails of an organization off, which are in a database where it does not live.
pub fn put_off(organization: OrganizationId, now: Timestamp, until: Timestamp) -> Statement {
    Statement::new(PUT_OFF).bind(organization.to_string()).bind(now.millis()).bind(until.millis())
}

/// The statement whose rows [`due_of`] takes: at most `limit` organizations that have something to send.
pub fn due(now: Timestamp, limit: i64) -> Statement {
    Statement::new(DUE).bind(now.millis()).bind(limit)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn due_of(rows: &Rows) -> Result<Vec<OrganizationId>, SqlError> {
    rows.iter().map(|row| row.parse("organization_id")).collect()
}

/// The statement whose rows [`claimed_of`] takes.
pub fn claim(organization: OrganizationId, now: Timestamp, limit: i64) -> Statement {
    let lease = now.checked_add_millis(LEASE_MILLIS).unwrap_or(now);
    Statement::new(CLAIM).bind(organization.to_string()).bind(now.millis()).bind(lease.millis()).bind(limit)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn claimed_of(rows: &Rows) -> Result<Vec<Claimed>, SqlError> {
    rows.iter().map(claimed).collect()
}

fn claimed(row: Row<'_>) -> Result<Claimed, SqlError> {
    let text = |column| row.get::<&str>(column).map(str::to_owned);
    let key = match (row.get::<Option<&str>>("wrapped")?, row.get::<Option<&str>>("master_key_id")?) {
        (Some(wrapped), Some(master)) => Some(WrappedKey { wrapped: wrapped.to_owned(), master: master.to_owned() }),
        _ => None,
    };
    Ok(Claimed {
        id: text("id")?,
        attempts: row.get("attempts")?,
        locale: text("locale")?,
        recipient_sealed: text("recipient_sealed")?,
        message_sealed: text("message_sealed")?,
        expires_at: Timestamp::from_millis(row.get("expires_at")?),
        shop: row.get::<Option<&str>>("shop")?.unwrap_or_default().to_owned(),
        key,
    })
}

/// Writes down what became of a mail that was ours, unless it is somebody else's by now.
pub fn settle(organization: OrganizationId, mail: &Claimed, outcome: &Attempted, now: Timestamp) -> Statement {
    let organization = organization.to_string();
    let of = |statement: Statement| statement.bind(mail.id.as_str()).bind(mail.attempts);
    match outcome {
        Attempted::Sent => {
            of(Statement::new(SETTLE).bind(organization)).bind("sent").bind(None::<&str>).bind(now.millis())
        }
        Attempted::Failed { why } => {
            of(Statement::new(SETTLE).bind(organization)).bind("failed").bind(why.as_str()).bind(now.millis())
        }
        Attempted::Postponed { until, why } => {
            of(Statement::new(POSTPONE).bind(organization)).bind(until.millis()).bind(why.as_str())
        }
    }
}
