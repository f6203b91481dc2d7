//! The tables `media_file` and `media_removal`.

use headlesspro_shared::kernel::id::{FileId, OrganizationId, StoreId};
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::media::{ContentType, FileStatus, FocalPoint};
use serde_json::json;

use crate::app::Tenant;
use crate::port::blob::UPLOAD_SECONDS;
use crate::port::sql::{Row, Rows, SqlError, Statement};

const FIND: &str = "-- media::find
SELECT id, name, content_type, bytes, object_key, alt, focal_x, focal_y, status, version, created_at, updated_at
FROM media_file WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3";

const LIST: &str = "-- media::list
SELECT id, name, content_type, bytes, object_key, alt, focal_x, focal_y, status, version, created_at, updated_at
FROM media_file WHERE organization_id = ?1 AND store_id = ?2 AND id < ?3 ORDER BY id DESC LIMIT ?4";

/// Those of some files that are uploaded.
const READY: &str = "-- media::ready
SELECT f.id, f.name, f.content_type, f.bytes, f.object_key, f.alt, f.focal_x, f.focal_y, f.status, f.version,
  f.created_at, f.updated_at
FROM json_each(?3) wanted
CROSS JOIN media_file f ON f.id = wanted.value AND f.organization_id = ?1 AND +f.store_id = ?2
WHERE f.status = 'ready'";

const INSERT: &str = "-- media::insert
INSERT INTO media_file (organization_id, store_id, id, name, content_type, bytes, object_key, alt, focal_x, focal_y,
  status, version, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'pending', 1, ?11, ?11)";

const COMPLETE: &str = "-- media::complete
UPDATE media_file SET status = 'ready', version = version + 1, updated_at = ?4
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND status = 'pending'";

const CHANGE: &str = "-- media::change
UPDATE media_file SET alt = ?5, focal_x = ?6, focal_y = ?7, version = version + 1, updated_at = ?8
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?4";

/// Of one that goes with the statement after it.
const REMOVE_OBJECT: &str = "-- media::remove_object
INSERT INTO media_removal (organization_id, object_key, next_attempt_at, uploads_end_at)
SELECT organization_id, object_key, ?5, ?6 FROM media_file
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?4";

const DELETE: &str = "-- media::delete
DELETE FROM media_file WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?4";

/// Refuses the commit when the statement before it has changed nothing.
const GUARD_CHANGED: &str = "-- media::guard_changed
INSERT INTO violation (what) SELECT 'unchanged' WHERE changes() = 0";

/// Refuses the commit while something shows a file beside products' images, which refer to its row: a value of an
/// attribute, or the address of it that a category or collection has, whatever follows it after `?` or `#`.
const GUARD_UNUSED: &str = "-- media::guard_unused
INSERT INTO violation (what) SELECT 'a file is in use' WHERE EXISTS (
  SELECT 1 FROM attribute_definition a
  WHERE a.organization_id = ?1 AND a.store_id = ?2 AND a.definition ->> 'target' = 'file' AND (EXISTS (
      SELECT 1 FROM product_facet f
      WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.kind = 'attribute:' || a.key AND f.value = ?3)
    OR EXISTS (
      SELECT 1 FROM category_facet f
      WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.key = a.key AND f.value = ?3)
    OR EXISTS (
      SELECT 1 FROM collection_facet f
      WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.key = a.key AND f.value = ?3)))
OR EXISTS (
  SELECT 1 FROM media_file m
  CROSS JOIN category c ON c.organization_id = ?1 AND c.store_id = ?2
    AND c.image_url >= ?4 || m.object_key AND c.image_url < ?4 || m.object_key || '@'
  WHERE m.organization_id = ?1 AND +m.store_id = ?2 AND m.id = ?3)
OR EXISTS (
  SELECT 1 FROM media_file m
  CROSS JOIN collection c ON c.organization_id = ?1 AND c.store_id = ?2
    AND c.image_url >= ?4 || m.object_key AND c.image_url < ?4 || m.object_key || '@'
  WHERE m.organization_id = ?1 AND +m.store_id = ?2 AND m.id = ?3)";

/// Refuses the commit when one of the files is none of the store's that are ready.
const GUARD_READY: &str = "-- media::guard_ready
INSERT INTO violation (what) SELECT 'a file is gone' FROM json_each(?3) w
LEFT JOIN media_file f ON f.id = w.value AND f.organization_id = ?1 AND +f.store_id = ?2
WHERE f.status IS NOT 'ready'";

/// Refuses the commit unless an image of the store that is ready is kept under the key.
const GUARD_IMAGE: &str = "-- media::guard_image
INSERT INTO violation (what) SELECT 'an image is gone' WHERE NOT EXISTS (
  SELECT 1 FROM media_file f WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.object_key = ?3
    AND f.status = 'ready' AND f.content_type LIKE 'image/%')";

/// For the job, which removes the objects of every organization.
const DUE: &str = "-- media::due (all tenants)
SELECT organization_id FROM media_removal WHERE next_attempt_at <= ?1
UNION SELECT organization_id FROM media_file WHERE status = 'pending' AND created_at < ?2
LIMIT ?3";

/// Uploads that never came to their end.
const ABANDONED: &str = "-- media::abandoned
SELECT store_id, id, name, content_type, bytes, object_key, alt, focal_x, focal_y, status, version, created_at,
  updated_at
FROM media_file WHERE organization_id = ?1 AND status = 'pending' AND created_at < ?2 ORDER BY created_at, id LIMIT ?3";

/// Of one that goes with the statement after it.
const ABANDON_OBJECT: &str = "-- media::abandon_object
INSERT INTO media_removal (organization_id, object_key, next_attempt_at, uploads_end_at)
SELECT organization_id, object_key, ?3, ?4 FROM media_file WHERE organization_id = ?1 AND id = ?2 AND status = 'pending'";

const ABANDON: &str = "-- media::abandon
DELETE FROM media_file WHERE organization_id = ?1 AND id = ?2 AND status = 'pending'";

/// Of an organization that lives in another database, where its log is: rows that nobody reads.
const ABANDON_AWAY: &str = "-- media::abandon_away
DELETE FROM media_file WHERE organization_id = ?1 AND id IN (
  SELECT f.id FROM media_file f WHERE f.organization_id = ?1 AND f.status = 'pending' AND f.created_at < ?2
  ORDER BY f.created_at, f.id LIMIT ?3)";

/// Takes due removals, for as long as the lease: nobody else finds them due before it ends.
const CLAIM: &str = "-- media::claim
UPDATE media_removal SET attempts = attempts + 1, next_attempt_at = ?3
WHERE organization_id = ?1 AND object_key IN (
  SELECT r.object_key FROM media_removal r WHERE r.organization_id = ?1 AND r.next_attempt_at <= ?2
  ORDER BY r.next_attempt_at LIMIT ?4)
RETURNING object_key, attempts, uploads_end_at";

const REMOVED: &str = "-- media::removed
DELETE FROM media_removal WHERE organization_id = ?1 AND object_key IN (SELECT value FROM json_each(?2))";

const POSTPONE: &str = "-- media::postpone
UPDATE media_removal SET next_attempt_at = ?3 WHERE organization_id = ?1 AND object_key = ?2";

/// Of an organization that lives in another database: looked at again then, should it come back.
const PUT_OFF: &str = "-- media::put_off
UPDATE media_removal SET next_attempt_at = ?3 WHERE organization_id = ?1 AND next_attempt_at <= ?2";

/// A file as the staff sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub id: FileId,
    pub name: String,
    pub content_type: ContentType,
    pub bytes: i64,
    pub object_key: String,
    pub alt: String,
    pub focal_point: Option<FocalPoint>,
    pub status: FileStatus,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// An object that is ours to remove until the lease ends.
pub struct Claimed {
    pub object_key: String,
    /// Attempts begun, this one included.
    pub attempts: i64,
    pub uploads_end_at: Timestamp,
}

/// The statement whose rows [`files_of`] takes: the one file, if it is there.
pub fn find(tenant: Tenant, id: FileId) -> Statement {
    tenant.statement(FIND).bind(id.to_string())
}

/// The statement whose rows [`files_of`] takes: those of these ids that are the store's and are uploaded.
pub fn ready(tenant: Tenant, ids: &[&str]) -> Statement {
    tenant.statement(READY).bind(json!(ids).to_string())
}

/// The statement whose rows [`files_of`] takes: the newest whose ids come before `before`.
pub fn list(tenant: Tenant, before: &str, limit: i64) -> Statement {
    tenant.statement(LIST).bind(before).bind(limit)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn files_of(rows: &Rows) -> Result<Vec<File>, SqlError> {
    rows.iter().map(file_of).collect()
}

fn file_of(row: Row<'_>) -> Result<File, SqlError> {
    let text = |column| row.get::<&str>(column).map(str::to_owned);
    let focal: (Option<i64>, Option<i64>) = (row.get("focal_x")?, row.get("focal_y")?);
    Ok(File {
        id: row.parse("id")?,
        name: text("name")?,
        content_type: row.parse("content_type")?,
        bytes: row.get("bytes")?,
        object_key: text("object_key")?,
        alt: text("alt")?,
        focal_point: focal.0.zip(focal.1).map(|(x, y)| FocalPoint { x, y }),
        status: row.parse("status")?,
        version: row.get("version")?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
        updated_at: Timestamp::from_millis(row.get("updated_at")?),
    })
}

pub fn insert(tenant: Tenant, file: &File) -> Statement {
    tenant
        .statement(INSERT)
        .bind(file.id.to_string())
        .bind(file.name.as_str())
        .bind(file.content_type.name())
        .bind(file.bytes)
        .bind(file.object_key.as_str())
        .bind(file.alt.as_str())
        .bind(file.focal_point.map(|focal| focal.x))
        .bind(file.focal_point.map(|focal| focal.y))
        .bind(file.created_at.millis())
}

/// Makes a pending file ready.
pub fn complete(tenant: Tenant, id: FileId, now: Timestamp) -> Statement {
    tenant.statement(COMPLETE).bind(id.to_string()).bind(now.millis())
}

/// Changes a file that is at `file.version` to be described like `file`.
pub fn change(tenant: Tenant, file: &File, now: Timestamp) -> Statement {
    tenant
        .statement(CHANGE)
        .bind(file.id.to_string())
        .bind(file.version)
        .bind(file.alt.as_str())
        .bind(file.focal_point.map(|focal| focal.x))
        .bind(file.focal_point.map(|focal| focal.y))
        .bind(now.millis())
}

/// The statements that remove a file at `version`, and have its object removed.
pub fn delete(tenant: Tenant, id: FileId, version: i64, now: Timestamp) -> [Statement; 2] {
    let of = |sql| tenant.statement(sql).bind(id.to_string()).bind(version);
    [of(REMOVE_OBJECT).bind(now.millis()).bind(uploads_end(now).millis()), of(DELETE)]
}

/// The statement that refuses the commit when the one before it has changed nothing.
pub fn guard_changed() -> Statement {
    Statement::new(GUARD_CHANGED)
}

/// Refuses the commit while something shows the file; addresses of files are `public_url` and their keys.
pub fn guard_unused(tenant: Tenant, id: FileId, public_url: String) -> Statement {
    tenant.statement(GUARD_UNUSED).bind(id.to_string()).bind(public_url)
}

/// Refuses the commit when one of these files is gone.
pub fn guard_ready(tenant: Tenant, ids: &[String]) -> Statement {
    tenant.statement(GUARD_READY).bind(json!(ids).to_string())
}

/// Refuses the commit unless an image that is ready is kept under `key`.
pub fn guard_image(tenant: Tenant, key: &str) -> Statement {
    tenant.statement(GUARD_IMAGE).bind(key)
}

/// When every upload that is allowed by now has ended.
fn uploads_end(now: Timestamp) -> Timestamp {
    now.checked_add_millis(i64::from(UPLOAD_SECONDS).saturating_mul(1_000)).unwrap_or(now)
}

/// The statement whose rows [`due_of`] takes: at most `limit` organizations that have objects to remove, or uploads
/// that were begun before `abandoned` and did not come to their end.
pub fn due(now: Timestamp, abandoned: Timestamp, limit: i64) -> Statement {
    Statement::new(DUE).bind(now.millis()).bind(abandoned.millis()).bind(limit)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn due_of(rows: &Rows) -> Result<Vec<OrganizationId>, SqlError> {
    rows.iter().map(|row| row.parse("organization_id")).collect()
}

/// The statement whose rows [`abandoned_of`] takes: at most `limit` files whose uploads were begun before that moment
/// and did not come to their end.
pub fn abandoned(organization: OrganizationId, before: Timestamp, limit: i64) -> Statement {
    Statement::new(ABANDONED).bind(organization.to_string()).bind(before.millis()).bind(limit)
}

/// Each with its store.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn abandoned_of(rows: &Rows) -> Result<Vec<(StoreId, File)>, SqlError> {
    rows.iter().map(|row| Ok((row.parse("store_id")?, file_of(row)?))).collect()
}

/// The statements that remove a file that is still not uploaded, and have its object removed.
pub fn abandon(organization: OrganizationId, id: FileId, now: Timestamp) -> [Statement; 2] {
    let of = |sql| Statement::new(sql).bind(organization.to_string()).bind(id.to_string());
    [of(ABANDON_OBJECT).bind(now.millis()).bind(uploads_end(now).millis()), of(ABANDON)]
}

/// As [`abandon`], of at most `limit` files of an organization in a database where it does not live.
pub fn abandon_away(organization: OrganizationId, before: Timestamp, limit: i64) -> Statement {
    Statement::new(ABANDON_AWAY).bind(organization.to_string()).bind(before.millis()).bind(limit)
}

/// The statement whose rows [`claimed_of`] takes.
pub fn claim(organization: OrganizationId, now: Timestamp, lease_ends: Timestamp, limit: i64) -> Statement {
    Statement::new(CLAIM).bind(organization.to_string()).bind(now.millis()).bind(lease_ends.millis()).bind(limit)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn claimed_of(rows: &Rows) -> Result<Vec<Claimed>, SqlError> {
    rows.iter()
        .map(|row| {
            Ok(Claimed {
                object_key: row.get::<&str>("object_key")?.to_owned(),
                attempts: row.get("attempts")?,
                uploads_end_at: Timestamp::from_millis(row.get("uploads_end_at")?),
            })
        })
        .collect()
}

/// Forgets objects that are gone for good.
pub fn removed(organization: OrganizationId, keys: &[&str]) -> Statement {
    Statement::new(REMOVED).bind(organization.to_string()).bind(json!(keys).to_string())
}

/// Has an object removed again at that moment.
pub fn postpone(organization: OrganizationId, key: &str, until: Timestamp) -> Statement {
    Statement::new(POSTPONE).bind(organization.to_string()).bind(key).bind(until.millis())
}

/// Puts off what is due of an organization in a database where it does not live.
pub fn put_off(organization: OrganizationId, now: Timestamp, until: Timestamp) -> Statement {
    Statement::new(PUT_OFF).bind(organization.to_string()).bind(now.millis()).bind(until.millis())
}
