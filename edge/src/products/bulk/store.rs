//! The tables `bulk_job`, `bulk_part`, `bulk_error` and `bulk_claim`; how their rows go: [`sweep`](super::sweep).

use std::str::FromStr;

use headlesspro_shared::kernel::id::BulkJobId;
use headlesspro_shared::kernel::time::Timestamp;
use serde::Serialize;
use serde_json::json;

use crate::app::Tenant;
use crate::port::sql::{Row, Rows, SqlError, Statement};

const INSERT: &str = "-- products::insert_bulk_job
INSERT INTO bulk_job (organization_id, store_id, id, name, mode, dry_run, has_claims, state, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?7, ?7, 'open', ?6, ?6)";

const JOB: &str = "-- products::bulk_job
SELECT j.name, j.mode, j.dry_run, j.state, j.created_at, j.updated_at, count(p.part) AS parts,
  coalesce(sum(p.bytes_done = p.bytes), 0) AS parts_done, coalesce(max(p.part), 0) AS last_part,
  coalesce(sum(p.lines), 0) AS lines, coalesce(sum(p.created), 0) AS created, coalesce(sum(p.updated), 0) AS updated,
  coalesce(sum(p.unchanged), 0) AS unchanged, coalesce(sum(p.failed), 0) AS failed
FROM bulk_job j LEFT JOIN bulk_part p ON p.job_id = j.id AND p.organization_id = ?1
WHERE j.organization_id = ?1 AND j.store_id = ?2 AND j.id = ?3
GROUP BY j.id";

/// The first part that is not done.
const NEXT_PART: &str = "-- products::next_bulk_part
SELECT coalesce(min(d.part) + 1, 1) AS next FROM (
  SELECT 0 AS part
  UNION ALL
  SELECT p.part FROM bulk_part p WHERE p.organization_id = ?1 AND p.job_id = ?2 AND p.bytes_done = p.bytes) d
WHERE NOT EXISTS (SELECT 1 FROM bulk_part n
  WHERE n.organization_id = ?1 AND n.job_id = ?2 AND n.part = d.part + 1 AND n.bytes_done = n.bytes)";

const PAGE: &str = "-- products::bulk_jobs
SELECT j.id FROM bulk_job j
WHERE j.organization_id = ?1 AND j.store_id = ?2 AND j.id < ?3
ORDER BY j.id DESC LIMIT ?4";

const PAGE_OF_STATE: &str = "-- products::bulk_jobs_of_state
SELECT j.id FROM bulk_job j
WHERE j.organization_id = ?1 AND j.store_id = ?2 AND j.state = ?5 AND j.id < ?3
ORDER BY j.id DESC LIMIT ?4";

/// The empty list stands for the ids of a page.
const JOBS: &str = "-- products::bulk_jobs_with_parts
SELECT j.id, j.name, j.mode, j.dry_run, j.state, j.created_at, j.updated_at, count(p.part) AS parts,
  coalesce(sum(p.bytes_done = p.bytes), 0) AS parts_done, coalesce(max(p.part), 0) AS last_part,
  coalesce(sum(p.lines), 0) AS lines, coalesce(sum(p.created), 0) AS created, coalesce(sum(p.updated), 0) AS updated,
  coalesce(sum(p.unchanged), 0) AS unchanged, coalesce(sum(p.failed), 0) AS failed,
  (SELECT coalesce(min(d.part) + 1, 1) FROM (
      SELECT 0 AS part
      UNION ALL
      SELECT q.part FROM bulk_part q WHERE q.organization_id = ?1 AND q.job_id = j.id AND q.bytes_done = q.bytes) d
    WHERE NOT EXISTS (SELECT 1 FROM bulk_part n
      WHERE n.organization_id = ?1 AND n.job_id = j.id AND n.part = d.part + 1 AND n.bytes_done = n.bytes)) AS next
FROM json_each('[]') page
CROSS JOIN bulk_job j ON j.id = page.value AND j.organization_id = ?1
LEFT JOIN bulk_part p ON p.job_id = j.id AND p.organization_id = ?1
GROUP BY j.id ORDER BY j.id DESC";

const NAMED: &str = "-- products::bulk_job_named
SELECT j.id FROM bulk_job j
WHERE j.organization_id = ?1 AND j.store_id = ?2 AND j.name = ?3 AND j.state = 'open' AND j.dry_run = ?4
ORDER BY j.id DESC LIMIT 1";

const END: &str = "-- products::end_bulk_job
UPDATE bulk_job SET state = ?4, updated_at = ?5
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND state = 'open'";

/// Refuses the commit when the statement before it has changed nothing.
const GUARD_CHANGED: &str = "-- products::guard_changed
INSERT INTO violation (what) SELECT 'unchanged' WHERE changes() = 0";

/// Refuses the commit unless the job takes parts.
const GUARD_OPEN: &str = "-- products::guard_open
INSERT INTO violation (what) SELECT 'closed' WHERE NOT EXISTS (
  SELECT 1 FROM bulk_job j WHERE j.organization_id = ?1 AND j.store_id = ?2 AND j.id = ?3 AND j.state = 'open')";

/// Refuses the commit while there are parts that are not done, or are missing between others.
const GUARD_WHOLE: &str = "-- products::guard_whole
INSERT INTO violation (what)
SELECT 'parts are missing' FROM (
  SELECT count(*) AS parts, max(p.part) AS last, sum(p.bytes_done < p.bytes) AS begun
  FROM bulk_part p WHERE p.organization_id = ?1 AND p.job_id = ?2) s
WHERE s.parts <> s.last OR s.begun > 0";

const PART: &str = "-- products::bulk_part
SELECT p.sha256, p.bytes, p.bytes_done, p.lines, p.created, p.updated, p.unchanged, p.failed
FROM bulk_part p WHERE p.organization_id = ?1 AND p.job_id = ?2 AND p.part = ?3";

/// Whoever else sends the same part has perhaps come further meanwhile.
const ADVANCE: &str = "-- products::advance_bulk_part
INSERT INTO bulk_part (organization_id, job_id, part, sha256, bytes, bytes_done, lines, created, updated, unchanged, failed)
SELECT ?1, j.id, ?4, ?5, ?6, ?8, ?9, ?10, ?11, ?12, ?13
FROM bulk_job j WHERE j.organization_id = ?1 AND j.store_id = ?2 AND j.id = ?3
ON CONFLICT (job_id, part) DO UPDATE SET
  bytes_done = excluded.bytes_done, lines = excluded.lines, created = excluded.created, updated = excluded.updated,
  unchanged = excluded.unchanged, failed = excluded.failed
WHERE bulk_part.organization_id = ?1 AND bulk_part.sha256 = excluded.sha256 AND bulk_part.bytes_done = ?7";

const INSERT_ERRORS: &str = "-- products::insert_bulk_errors
INSERT INTO bulk_error (organization_id, job_id, part, line, errors)
SELECT ?1, j.id, ?4, r.value ->> 'line', r.value ->> 'errors'
FROM json_each(?5) r
CROSS JOIN bulk_job j ON j.id = ?3 AND j.organization_id = ?1 AND j.store_id = ?2";

const ERRORS: &str = "-- products::bulk_errors
SELECT e.part, e.line, e.errors FROM bulk_error e
WHERE e.organization_id = ?1 AND e.job_id = ?2 AND (e.part, e.line) > (?3, ?4)
ORDER BY e.part, e.line LIMIT ?5";

/// Refuses what it is the last statement of: it was only tried.
const TAKE_BACK: &str = "-- products::take_back
INSERT INTO violation (what) VALUES ('only tried')";

/// NOT NULL refuses what another product has.
const CLAIM: &str = "-- products::claim_in_dry_run
INSERT INTO bulk_claim (organization_id, job_id, kind, value, product_id)
SELECT ?1, j.id, r.value ->> 0, r.value ->> 1, r.value ->> 2
FROM json_each(?4) r
CROSS JOIN bulk_job j ON j.id = ?3 AND j.organization_id = ?1 AND j.store_id = ?2
WHERE true
ON CONFLICT (job_id, kind, value) DO UPDATE SET
  product_id = iif(bulk_claim.product_id = excluded.product_id, excluded.product_id, NULL)
WHERE bulk_claim.organization_id = ?1";

const CLAIMS: &str = "-- products::claims_of_dry_run
SELECT c.kind, c.value, c.product_id FROM json_each(?3) r
CROSS JOIN bulk_claim c ON c.organization_id = ?1 AND c.job_id = ?2 AND c.kind = r.value ->> 0 AND c.value = r.value ->> 1
WHERE c.product_id IS NOT r.value ->> 2";

/// For the job, which looks after every store: those of the oldest jobs that are over.
const OVER: &str = "-- products::stores_with_jobs_over (all tenants)
SELECT * FROM (
  SELECT j.organization_id, j.store_id FROM bulk_job j WHERE j.created_at < ?1 ORDER BY j.created_at LIMIT ?3)
UNION
SELECT * FROM (
  SELECT e.organization_id, e.store_id FROM bulk_job e
  WHERE e.has_claims = 1 AND e.state <> 'open' AND e.updated_at < ?2 ORDER BY e.updated_at LIMIT ?3)";

const ENDED: &str = "-- products::ended_jobs_with_claims
SELECT j.id FROM bulk_job j
WHERE j.organization_id = ?1 AND j.store_id = ?2 AND j.has_claims = 1 AND j.state <> 'open' LIMIT ?3";

const OLD: &str = "-- products::old_bulk_jobs
SELECT j.id FROM bulk_job j
WHERE j.organization_id = ?1 AND j.store_id = ?2 AND j.created_at < ?3 ORDER BY j.created_at LIMIT ?4";

/// Nothing is added any more to what is being forgotten.
const CLOSE: &str = "-- products::close_old_bulk_job
UPDATE bulk_job SET state = 'cancelled', updated_at = ?5
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND created_at < ?4 AND state = 'open'";

const REMOVE_CLAIMS: &str = "-- products::remove_bulk_claims
DELETE FROM bulk_claim WHERE organization_id = ?1 AND job_id = ?2 AND (kind, value) IN (
  SELECT c.kind, c.value FROM bulk_claim c WHERE c.organization_id = ?1 AND c.job_id = ?2 LIMIT ?3)";

const REMOVE_ERRORS: &str = "-- products::remove_bulk_errors
DELETE FROM bulk_error WHERE organization_id = ?1 AND job_id = ?2 AND (part, line) IN (
  SELECT e.part, e.line FROM bulk_error e WHERE e.organization_id = ?1 AND e.job_id = ?2 LIMIT ?3)";

const REMOVE_PARTS: &str = "-- products::remove_bulk_parts
DELETE FROM bulk_part WHERE organization_id = ?1 AND job_id = ?2 AND part IN (
  SELECT p.part FROM bulk_part p WHERE p.organization_id = ?1 AND p.job_id = ?2 LIMIT ?3)";

/// An ended job gets no more of them.
const CLAIMS_ARE_GONE: &str = "-- products::bulk_claims_are_gone
UPDATE bulk_job SET has_claims = 0
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND state <> 'open'
  AND NOT EXISTS (SELECT 1 FROM bulk_claim c WHERE c.organization_id = ?1 AND c.job_id = ?3)";

/// Once nothing is left that would go with it.
const FORGET: &str = "-- products::forget_bulk_job
DELETE FROM bulk_job
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND created_at < ?4
  AND NOT EXISTS (SELECT 1 FROM bulk_claim c WHERE c.organization_id = ?1 AND c.job_id = ?3)
  AND NOT EXISTS (SELECT 1 FROM bulk_error e WHERE e.organization_id = ?1 AND e.job_id = ?3)
  AND NOT EXISTS (SELECT 1 FROM bulk_part p WHERE p.organization_id = ?1 AND p.job_id = ?3)";

/// What becomes of members that a line leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// They stay as they are: a line is a JSON Merge Patch.
    #[default]
    Merge,
    /// They get their defaults: a line is the whole product.
    Replace,
}

impl Mode {
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Merge => "merge",
            Mode::Replace => "replace",
        }
    }
}

impl FromStr for Mode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Mode, &'static str> {
        let all = [Mode::Merge, Mode::Replace];
        all.into_iter().find(|mode| mode.name() == text).ok_or("must be merge or replace")
    }
}

/// What became of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub lines: i64,
    pub created: i64,
    pub updated: i64,
    pub unchanged: i64,
    /// Left out because of an error.
    pub failed: i64,
}

/// What a job is made of.
#[derive(Debug, Clone, Copy)]
pub struct NewJob<'a> {
    pub name: &'a str,
    pub mode: Mode,
    pub dry_run: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub id: BulkJobId,
    pub name: String,
    pub mode: Mode,
    /// Whether its lines are only tried.
    pub dry_run: bool,
    /// `open`, `finished` or `cancelled`.
    pub state: String,
    pub parts: i64,
    pub parts_done: i64,
    pub last_part: i64,
    /// The first one that is not done; 0 where that was not asked for.
    pub next_part: i64,
    pub counts: Counts,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// How far a part has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub number: i64,
    pub sha256: String,
    pub bytes: i64,
    pub bytes_done: i64,
    pub counts: Counts,
    /// Whether there is a row of it.
    pub is_stored: bool,
}

impl Part {
    pub fn is_done(&self) -> bool {
        self.is_stored && self.bytes_done == self.bytes
    }
}

/// A line that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineError {
    #[serde(skip)]
    pub part: i64,
    /// In its part, counted from 1.
    pub line: i64,
    /// A list in JSON.
    pub errors: String,
}

pub fn insert(tenant: Tenant, id: BulkJobId, made: &NewJob<'_>, now: Timestamp) -> Statement {
    let NewJob { name, mode, dry_run } = *made;
    let statement = tenant.statement(INSERT).bind(id.to_string()).bind(name).bind(mode.name()).bind(now.millis());
    statement.bind(dry_run)
}

/// The statements whose rows [`job_of`] takes.
pub fn job(tenant: Tenant, id: BulkJobId) -> [Statement; 2] {
    let next = Statement::new(NEXT_PART).bind(tenant.organization.to_string()).bind(id.to_string());
    [tenant.statement(JOB).bind(id.to_string()), next]
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn job_of(id: BulkJobId, rows: &[Rows]) -> Result<Option<Job>, SqlError> {
    let Some(row) = rows.first().and_then(Rows::first) else { return Ok(None) };
    let next_part = rows.get(1).and_then(Rows::first).map_or(Ok(0), |row| row.get("next"))?;
    of_row(id, row, next_part).map(Some)
}

fn of_row(id: BulkJobId, row: Row<'_>, next_part: i64) -> Result<Job, SqlError> {
    Ok(Job {
        id,
        name: row.get::<&str>("name")?.to_owned(),
        mode: row.parse("mode")?,
        dry_run: row.get("dry_run")?,
        state: row.get::<&str>("state")?.to_owned(),
        parts: row.get("parts")?,
        parts_done: row.get("parts_done")?,
        last_part: row.get("last_part")?,
        next_part,
        counts: counts_of(row)?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
        updated_at: Timestamp::from_millis(row.get("updated_at")?),
    })
}

/// The statement whose rows [`jobs_of`] takes: at most `limit` jobs before this one, the newest first.
pub fn jobs(tenant: Tenant, state: Option<&str>, before: Option<BulkJobId>, limit: i64) -> Statement {
    let page = if state.is_some() { PAGE_OF_STATE } else { PAGE };
    let sql = format!(
        "-- products::bulk_jobs\nWITH page (value) AS MATERIALIZED (\n{page})\n{}",
        JOBS.replace("json_each('[]') page", "page")
    );
    // After the ids of all jobs there are.
    let before = before.map_or_else(|| "c".to_owned(), |before| before.to_string());
    let mut statement = tenant.statement("").bind(before).bind(limit);
    if let Some(state) = state {
        statement = statement.bind(state);
    }
    Statement { sql: sql.into(), ..statement }
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn jobs_of(rows: &Rows) -> Result<Vec<Job>, SqlError> {
    rows.iter().map(|row| of_row(row.parse("id")?, row, row.get("next")?)).collect()
}

fn counts_of(row: Row<'_>) -> Result<Counts, SqlError> {
    Ok(Counts {
        lines: row.get("lines")?,
        created: row.get("created")?,
        updated: row.get("updated")?,
        unchanged: row.get("unchanged")?,
        failed: row.get("failed")?,
    })
}

/// The statement whose rows hold the id of the newest open job of this name.
pub fn named(tenant: Tenant, name: &str, dry_run: bool) -> Statement {
    tenant.statement(NAMED).bind(name).bind(dry_run)
}

/// Ends a job that is open; refused unless it is.
pub fn end(tenant: Tenant, id: BulkJobId, state: &str, now: Timestamp) -> [Statement; 2] {
    let end = tenant.statement(END).bind(id.to_string()).bind(state).bind(now.millis());
    [end, Statement::new(GUARD_CHANGED)]
}

pub fn guard_open(tenant: Tenant, id: BulkJobId) -> Statement {
    tenant.statement(GUARD_OPEN).bind(id.to_string())
}

pub fn guard_whole(tenant: Tenant, id: BulkJobId) -> Statement {
    Statement::new(GUARD_WHOLE).bind(tenant.organization.to_string()).bind(id.to_string())
}

/// The statement whose row [`part_of`] takes.
pub fn part(tenant: Tenant, job: BulkJobId, number: i64) -> Statement {
    Statement::new(PART).bind(tenant.organization.to_string()).bind(job.to_string()).bind(number)
}

/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn part_of(number: i64, rows: Option<&Rows>) -> Result<Option<Part>, SqlError> {
    let of = |row: Row<'_>| {
        Ok(Part {
            number,
            sha256: row.get::<&str>("sha256")?.to_owned(),
            bytes: row.get("bytes")?,
            bytes_done: row.get("bytes_done")?,
            counts: counts_of(row)?,
            is_stored: true,
        })
    };
    rows.and_then(Rows::first).map(of).transpose()
}

/// Writes how far a part has come, refused unless it was at `from` bytes.
pub fn advance(tenant: Tenant, job: BulkJobId, part: &Part, from: i64) -> [Statement; 2] {
    let Counts { lines, created, updated, unchanged, failed } = part.counts;
    let mut advance = tenant.statement(ADVANCE).bind(job.to_string()).bind(part.number).bind(part.sha256.as_str());
    for number in [part.bytes, from, part.bytes_done, lines, created, updated, unchanged, failed] {
        advance = advance.bind(number);
    }
    [advance, Statement::new(GUARD_CHANGED)]
}

pub fn take_back() -> Statement {
    Statement::new(TAKE_BACK)
}

/// What a product has, or would have, that no other can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    pub what: What,
    pub value: String,
    pub product: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Handle,
    Sku,
}

impl What {
    const fn name(self) -> &'static str {
        match self {
            What::Handle => "handle",
            What::Sku => "sku",
        }
    }
}

fn json_of(claims: &[Claimed]) -> String {
    let of = |claim: &Claimed| json!([claim.what.name(), claim.value, claim.product]);
    json!(claims.iter().map(of).collect::<Vec<_>>()).to_string()
}

/// Notes what the products of a dry run would have; refused where another product of it would have it.
pub fn claim(tenant: Tenant, job: BulkJobId, claims: &[Claimed]) -> Statement {
    tenant.statement(CLAIM).bind(job.to_string()).bind(json_of(claims))
}

/// The statement whose rows [`claims_of`] takes: what of this other products of the dry run would have.
pub fn claims_of_others(tenant: Tenant, job: BulkJobId, claims: &[Claimed]) -> Statement {
    let statement = Statement::new(CLAIMS).bind(tenant.organization.to_string()).bind(job.to_string());
    statement.bind(json_of(claims))
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn claims_of(rows: &Rows) -> Result<Vec<Claimed>, SqlError> {
    let of = |row: Row<'_>| {
        let what = if row.get::<&str>("kind")? == What::Sku.name() { What::Sku } else { What::Handle };
        let text = |name| row.get::<&str>(name).map(str::to_owned);
        Ok(Claimed { what, value: text("value")?, product: text("product_id")? })
    };
    rows.iter().map(of).collect()
}

pub fn insert_errors(tenant: Tenant, job: BulkJobId, part: i64, errors: &[LineError]) -> Statement {
    tenant.statement(INSERT_ERRORS).bind(job.to_string()).bind(part).bind(json!(errors).to_string())
}

/// The statement whose rows [`errors_of`] takes: at most `limit` after this part and line.
pub fn errors(tenant: Tenant, job: BulkJobId, after: (i64, i64), limit: i64) -> Statement {
    let (part, line) = after;
    let statement = Statement::new(ERRORS).bind(tenant.organization.to_string()).bind(job.to_string());
    statement.bind(part).bind(line).bind(limit)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn errors_of(rows: &Rows) -> Result<Vec<LineError>, SqlError> {
    let of = |row: Row<'_>| {
        let errors = row.get::<&str>("errors")?.to_owned();
        Ok(LineError { part: row.get("part")?, line: row.get("line")?, errors })
    };
    rows.iter().map(of).collect()
}

/// The statement whose rows [`over_of`] takes: the stores of the oldest `limit` jobs that were made before `before`, and
/// of those that ended before `ended` and may have claims left.
pub fn over(before: i64, ended: i64, limit: i64) -> Statement {
    Statement::new(OVER).bind(before).bind(ended).bind(limit)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn over_of(rows: &Rows) -> Result<Vec<Tenant>, SqlError> {
    let of = |row: Row<'_>| Ok(Tenant { organization: row.parse("organization_id")?, store: row.parse("store_id")? });
    rows.iter().map(of).collect()
}

/// The statement whose rows hold the ids of at most `limit` jobs that take no more parts and may have claims left.
pub fn ended_with_claims(tenant: Tenant, limit: i64) -> Statement {
    tenant.statement(ENDED).bind(limit)
}

/// The statement whose rows hold the ids of at most `limit` jobs that were made before `before`, the oldest first.
pub fn old(tenant: Tenant, before: i64, limit: i64) -> Statement {
    tenant.statement(OLD).bind(before).bind(limit)
}

/// Removes at most `most` of an ended job's claims, and notes when none are left.
pub fn clear(tenant: Tenant, job: BulkJobId, most: i64) -> [Statement; 2] {
    [removal(REMOVE_CLAIMS, tenant, job, most), tenant.statement(CLAIMS_ARE_GONE).bind(job.to_string())]
}

/// Removes at most `most` of each of all that a job has which was made before `before`, and the job with the last of it.
/// It is closed first.
pub fn forget(tenant: Tenant, job: BulkJobId, before: i64, now: Timestamp, most: i64) -> [Statement; 5] {
    let of_old = |sql| tenant.statement(sql).bind(job.to_string()).bind(before);
    let [claims, errors, parts] =
        [REMOVE_CLAIMS, REMOVE_ERRORS, REMOVE_PARTS].map(|table| removal(table, tenant, job, most));
    [of_old(CLOSE).bind(now.millis()), claims, errors, parts, of_old(FORGET)]
}

fn removal(sql: &'static str, tenant: Tenant, job: BulkJobId, most: i64) -> Statement {
    Statement::new(sql).bind(tenant.organization.to_string()).bind(job.to_string()).bind(most)
}
