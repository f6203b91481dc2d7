//! The tables `outbox`, `idempotency_record`, `audit_log` and `audit_head`.

mod audit;

pub use audit::{By, audit, audit_by};
pub(super) use audit::{Entry, Filter, entries_of, head, head_of, link_of, links, list};

use headlesspro_shared::kernel::id::EventId;
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::Claim;
use crate::app::{Ctx, Tenant};
use crate::port::entropy::NoEntropy;
use crate::port::sql::{Commit, Rows, SqlError, Statement};

const EVENTS: &str = "-- journal::events
INSERT INTO outbox (organization_id, id, aggregate, aggregate_id, version, type, payload, occurred_at)
SELECT ?1, r.value ->> 'id', ?2, r.value ->> 'aggregateId', r.value ->> 'version', r.value ->> 'type',
  r.value ->> 'payload', ?4
FROM json_each(?3) r";

/// In the place after the newest event of its aggregate. With ?7 only where there is none of its type.
const NEXT_EVENT: &str = "-- journal::next_event
INSERT INTO outbox (organization_id, id, aggregate, aggregate_id, version, type, payload, occurred_at)
SELECT ?1, ?2, ?3, ?4,
  1 + coalesce((SELECT max(o.version) FROM outbox o WHERE o.organization_id = ?1 AND o.aggregate_id = ?4), 0),
  ?5, ?6, ?8
WHERE NOT (?7 AND EXISTS (SELECT 1 FROM outbox o WHERE o.organization_id = ?1 AND o.aggregate_id = ?4 AND o.type = ?5))";

const RECORD: &str = "-- journal::record
INSERT INTO idempotency_record (organization_id, store_id, key, fingerprint, status, location, body, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

const RECORDED: &str = "-- journal::recorded
SELECT fingerprint, status, location, body FROM idempotency_record
WHERE organization_id = ?1 AND store_id = ?2 AND key = ?3";

/// A domain event. The version orders the events of one aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub id: EventId,
    pub aggregate_id: String,
    pub version: i64,
    /// Such as `order.placed`.
    pub name: &'static str,
    pub payload: Json,
}

/// What an event says, by name: ids and words, never personal data or secrets. First the id of the aggregate.
pub type Payload<'a> = &'a [(&'static str, String)];

/// A first answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub fingerprint: String,
    pub status: u16,
    pub location: String,
    pub body: String,
}

/// Adds events of one kind of aggregate to the outbox.
pub fn events(tenant: Tenant, aggregate: &'static str, events: &[Event], now: Timestamp) -> Statement {
    let rows: Vec<Json> = events
        .iter()
        .map(|event| {
            json!({
                "id": event.id.to_string(),
                "aggregateId": event.aggregate_id,
                "version": event.version,
                "type": event.name,
                "payload": event.payload.to_string(),
            })
        })
        .collect();
    Statement::new(EVENTS)
        .bind(tenant.organization.to_string())
        .bind(aggregate)
        .bind(json!(rows).to_string())
        .bind(now.millis())
}

/// Has others hear of what `commit` does: the event `name`, such as `store.changed`, which begins with what kind of
/// aggregate it is of, after the newest of that aggregate. Numbers count all that is said of one id, whatever it is
/// called: an account that is a member has one row of numbers for `account.` and `member.`.
///
/// # Errors
/// [`NoEntropy`].
pub fn announce(ctx: &Ctx, commit: &mut Commit, name: &'static str, payload: Payload<'_>) -> Result<(), NoEntropy> {
    commit.push(announcement(ctx.tenant(), ctx.new_id()?, name, payload, ctx.now));
    Ok(())
}

/// The statement of [`announce`], where there is no request's context.
pub fn announcement(
    tenant: Tenant,
    id: EventId,
    name: &'static str,
    payload: Payload<'_>,
    now: Timestamp,
) -> Statement {
    next_event(tenant, id, (name, false), payload, now)
}

/// As [`announcement`], of what happens once to an aggregate: a second one is none.
pub fn announcement_once(
    tenant: Tenant,
    id: EventId,
    name: &'static str,
    payload: Payload<'_>,
    now: Timestamp,
) -> Statement {
    next_event(tenant, id, (name, true), payload, now)
}

fn next_event(
    tenant: Tenant,
    id: EventId,
    (name, is_once): (&'static str, bool),
    payload: Payload<'_>,
    now: Timestamp,
) -> Statement {
    let aggregate = name.split_once('.').map_or(name, |(aggregate, _)| aggregate);
    let members: Map<String, Json> =
        payload.iter().map(|(member, value)| ((*member).to_owned(), value.as_str().into())).collect();
    Statement::new(NEXT_EVENT)
        .bind(tenant.organization.to_string())
        .bind(id.to_string())
        .bind(aggregate)
        .bind(payload.first().map_or("", |(_, id)| id.as_str()))
        .bind(name)
        .bind(Json::from(members).to_string())
        .bind(is_once)
        .bind(now.millis())
}

/// Keeps the first answer to `claim`. A second one with the same key is refused by the primary key.
pub fn record(tenant: Tenant, claim: &Claim, status: u16, location: &str, body: &str, now: Timestamp) -> Statement {
    of_claim(RECORD, tenant, claim).bind(i64::from(status)).bind(location).bind(body).bind(now.millis())
}

/// The statement whose rows [`recorded`] takes.
pub fn idempotency_record(tenant: Tenant, key: &str) -> Statement {
    tenant.statement(RECORDED).bind(key)
}

/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn recorded(rows: &Rows) -> Result<Option<Recorded>, SqlError> {
    let Some(row) = rows.first() else { return Ok(None) };
    let status: i64 = row.get("status")?;
    Ok(Some(Recorded {
        fingerprint: row.get::<&str>("fingerprint")?.to_owned(),
        status: u16::try_from(status).unwrap_or(200),
        location: row.get::<&str>("location")?.to_owned(),
        body: row.get::<&str>("body")?.to_owned(),
    }))
}

fn of_claim(sql: &'static str, tenant: Tenant, claim: &Claim) -> Statement {
    tenant.statement(sql).bind(claim.key.as_str()).bind(claim.fingerprint.as_str())
}
