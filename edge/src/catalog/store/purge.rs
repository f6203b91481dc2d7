//! The table `cache_purge`.

use headlesspro_shared::catalog::{FIRST_LEASE_MILLIS, LEASE_MILLIS};
use headlesspro_shared::kernel::id::{CategoryId, OrganizationId, PurgeId, StoreId};
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::json;

use crate::app::Tenant;
use crate::port::sql::{Row, Rows, SqlError, Statement};

const ENQUEUE: &str = "-- catalog::enqueue_purge
INSERT INTO cache_purge (organization_id, store_id, id, tags, next_attempt_at, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

/// With the ids of all that is below a category by now.
const ENQUEUE_BELOW: &str = "-- catalog::enqueue_purge_below
INSERT INTO cache_purge (organization_id, store_id, id, tags, next_attempt_at, created_at)
SELECT ?1, ?2, ?3, (SELECT json_group_array(tag) FROM (
  SELECT value AS tag FROM json_each(?4)
  UNION ALL
  SELECT c.id FROM category top
  CROSS JOIN category c ON c.organization_id = ?1 AND c.store_id = ?2
    AND c.path >= top.path || '/' AND c.path < top.path || '0'
  WHERE top.organization_id = ?1 AND +top.store_id = ?2 AND top.id = ?7)), ?5, ?6";

/// For the job, which looks after every organization: those that have waited the longest first. It goes from each
/// organization that has any to the next one, however many those are that it has.
const DUE: &str = "-- catalog::due_purges (all tenants)
WITH RECURSIVE waiting (id) AS (
  SELECT min(p.organization_id) FROM cache_purge p
  UNION ALL
  SELECT (SELECT min(n.organization_id) FROM cache_purge n WHERE n.organization_id > waiting.id)
  FROM waiting WHERE waiting.id IS NOT NULL)
SELECT waiting.id AS organization_id, (SELECT d.next_attempt_at FROM cache_purge d
  WHERE d.organization_id = waiting.id AND d.next_attempt_at <= ?1 ORDER BY d.next_attempt_at LIMIT 1) AS due_at
FROM waiting WHERE due_at IS NOT NULL ORDER BY due_at LIMIT ?2";

/// Those that were made before the purge with this id would be, the oldest first: an id begins with its moment.
const GIVE_UP: &str = "-- catalog::give_up_purges (all tenants)
DELETE FROM cache_purge WHERE id IN (
  SELECT d.id FROM cache_purge d WHERE d.id < ?1 AND d.created_at <= ?2 ORDER BY d.id LIMIT ?3)";

/// Takes due purges, for as long as the lease: nobody else finds them due before it ends. Of one with more tags than a
/// call of the CDN takes they are not told: all of the store is taken back then.
const CLAIM: &str = "-- catalog::claim_purges
UPDATE cache_purge SET attempts = attempts + 1, next_attempt_at = ?3
WHERE +organization_id = ?1 AND id IN (
  SELECT d.id FROM cache_purge d WHERE d.organization_id = ?1 AND d.next_attempt_at <= ?2
  ORDER BY d.next_attempt_at LIMIT ?4)
RETURNING id, store_id, iif(json_array_length(tags) <= ?5, tags, NULL) AS tags, attempts, created_at";

/// Whoever else has taken them meanwhile has the CDN told once more, which does no harm.
const REMOVE: &str = "-- catalog::remove_purges
DELETE FROM cache_purge WHERE +organization_id = ?1 AND id IN (SELECT value FROM json_each(?2))";

/// Whoever took it since has counted another attempt.
const POSTPONE: &str = "-- catalog::postpone_purge
UPDATE cache_purge SET next_attempt_at = ?4 WHERE organization_id = ?1 AND id = ?2 AND attempts = ?3";

/// Of an organization that lives in another database: looked at again then, should it come back.
const PUT_OFF: &str = "-- catalog::put_off_purges
UPDATE cache_purge SET next_attempt_at = ?3 WHERE organization_id = ?1 AND next_attempt_at <= ?2";

/// A purge that is ours to send until the lease ends.
pub struct Claimed {
    pub id: PurgeId,
    pub store: StoreId,
    /// `None`: more than a call of the CDN takes.
    pub tags: Option<Vec<String>>,
    /// Attempts begun, this one included.
    pub attempts: i64,
    pub created_at: Timestamp,
}

/// Keeps what the CDN is to be told of a commit, in that commit; where it moves a category, with all that is `below` it.
pub fn enqueue(tenant: Tenant, id: PurgeId, tags: &[String], below: Option<CategoryId>, now: Timestamp) -> Statement {
    let bound = |statement: Statement| {
        let statement = statement.bind(id.to_string()).bind(json!(tags).to_string());
        statement.bind(later(now, FIRST_LEASE_MILLIS)).bind(now.millis())
    };
    match below {
        None => bound(tenant.statement(ENQUEUE)),
        Some(category) => bound(tenant.statement(ENQUEUE_BELOW)).bind(category.to_string()),
    }
}

/// The statement whose rows [`due_of`] takes: at most `limit` organizations that have something to be told.
pub fn due(now: Timestamp, limit: i64) -> Statement {
    Statement::new(DUE).bind(now.millis()).bind(limit)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn due_of(rows: &Rows) -> Result<Vec<OrganizationId>, SqlError> {
    rows.iter().map(|row| row.parse("organization_id")).collect()
}

/// Removes at most `limit` purges of all organizations that were made before this moment.
pub fn give_up(before: Timestamp, limit: i64) -> Statement {
    let first = PurgeId::new(before, [0; 10]);
    Statement::new(GIVE_UP).bind(first.to_string()).bind(before.millis()).bind(limit)
}

/// The statement whose rows [`claimed_of`] takes: at most `limit` purges, of each at most `tags` tags.
pub fn claim(organization: OrganizationId, now: Timestamp, limit: i64, tags: i64) -> Statement {
    let statement = Statement::new(CLAIM).bind(organization.to_string()).bind(now.millis());
    statement.bind(later(now, LEASE_MILLIS)).bind(limit).bind(tags)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn claimed_of(rows: &Rows) -> Result<Vec<Claimed>, SqlError> {
    rows.iter().map(claimed).collect()
}

fn claimed(row: Row<'_>) -> Result<Claimed, SqlError> {
    let tags = row.get::<Option<&str>>("tags")?.map(serde_json::from_str).transpose();
    Ok(Claimed {
        id: row.parse("id")?,
        store: row.parse("store_id")?,
        tags: tags.map_err(|error| SqlError::Statement(format!("tags of a purge: {error}")))?,
        attempts: row.get("attempts")?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
    })
}

/// The CDN has been told of these, or will never be.
pub fn remove(organization: OrganizationId, purges: &[PurgeId]) -> Statement {
    let ids: Vec<String> = purges.iter().map(ToString::to_string).collect();
    Statement::new(REMOVE).bind(organization.to_string()).bind(json!(ids).to_string())
}

/// Of a purge that was ours, unless it is somebody else's by now.
pub fn postpone(organization: OrganizationId, purge: &Claimed, until: Timestamp) -> Statement {
    Statement::new(POSTPONE)
        .bind(organization.to_string())
        .bind(purge.id.to_string())
        .bind(purge.attempts)
        .bind(until.millis())
}

/// Puts the due purges of an organization off, which are in a database where it does not live.
pub fn put_off(organization: OrganizationId, now: Timestamp, until: Timestamp) -> Statement {
    Statement::new(PUT_OFF).bind(organization.to_string()).bind(now.millis()).bind(until.millis())
}

fn later(now: Timestamp, millis: i64) -> i64 {
    now.millis().saturating_add(millis)
}
