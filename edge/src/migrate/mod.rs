//! The database's schema: append-only SQL files, each applied once, whole, and in order.
//!
//! A file and the record of it (name, SHA-256, moment) are one atomic commit. So two runners at once
//! cannot corrupt anything: the second finds the record taken, nothing of its file happens, and it goes
//! on with the next. A file that was applied must never change; what it should have done differently is
//! a new file.

mod files;
mod split;

use sha2::{Digest, Sha256};

use crate::port::sql::{Commit, Committed, Rows, Sql, SqlError, Statement};

pub use files::ALL;

/// One file of `migrations/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// `yyyymmddhhmm_<context>_<what>`, the file's name without `.sql`. Their order is the order of names.
    pub name: &'static str,
    pub sql: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// What this run applied, in order.
    pub applied: Vec<&'static str>,
    /// How many were there before, or were applied by another runner meanwhile.
    pub present: usize,
    /// Applied by a newer version of this program. Harmless as long as this one has nothing to add.
    pub newer: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MigrateError {
    #[error(transparent)]
    Sql(#[from] SqlError),
    #[error("the migration {0} was applied to this database and changed since; restore the file and add a new one")]
    Changed(String),
    #[error(
        "this database was migrated by a newer version ({newer} is not known here), which knew nothing of \
         {pending}; use the newest version"
    )]
    Newer { newer: String, pending: String },
    #[error("the migration {name} is refused at its statement {statement}: {message}")]
    Refused { name: String, statement: usize, message: String },
    #[error("the migration {name} is malformed: {reason}")]
    Malformed { name: String, reason: &'static str },
}

/// Applies what this program knows and the database lacks. Running it again does nothing.
///
/// # Errors
/// [`MigrateError`]. Whatever was applied before the error stays applied.
pub async fn migrate(sql: &dyn Sql) -> Result<Report, MigrateError> {
    apply(sql, ALL, |_| {}).await
}

/// Applies those of `migrations` that the database lacks, telling the name of each as it is done.
///
/// # Errors
/// As [`migrate`].
pub async fn apply(
    sql: &dyn Sql,
    migrations: &[Migration],
    mut on_applied: impl FnMut(&'static str),
) -> Result<Report, MigrateError> {
    let records = records(sql).await?;
    let mut pending = Vec::new();
    for migration in migrations {
        match records.iter().find(|record| record.name == migration.name) {
            None => pending.push(migration),
            Some(record) => record.expect(migration)?,
        }
    }
    let known = |record: &&Record| migrations.iter().any(|migration| migration.name == record.name);
    let newer = records.iter().filter(|record| !known(record)).map(|record| record.name.clone()).collect();
    let mut report = Report { applied: Vec::new(), present: migrations.len().saturating_sub(pending.len()), newer };
    if let (Some(newer), Some(first)) = (report.newer.first(), pending.first()) {
        return Err(MigrateError::Newer { newer: newer.clone(), pending: first.name.to_owned() });
    }
    for migration in pending {
        if apply_one(sql, migration).await? {
            on_applied(migration.name);
            report.applied.push(migration.name);
        } else {
            report.present = report.present.saturating_add(1);
        }
    }
    Ok(report)
}

/// One row of `schema_migration`.
struct Record {
    name: String,
    checksum: String,
}

impl Record {
    fn expect(&self, migration: &Migration) -> Result<(), MigrateError> {
        if self.checksum == checksum(migration) { Ok(()) } else { Err(MigrateError::Changed(self.name.clone())) }
    }
}

const TABLE: &str = "-- migrate::table
CREATE TABLE IF NOT EXISTS schema_migration (
  name TEXT NOT NULL PRIMARY KEY,
  -- SHA-256 of the file, in hex.
  checksum TEXT NOT NULL,
  -- Milliseconds of UTC.
  applied_at INTEGER NOT NULL
) STRICT";

const TABLE_EXISTS: &str = "-- migrate::table_exists
SELECT count(*) AS found FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migration'";

const LIST: &str = "-- migrate::list
SELECT name, checksum FROM schema_migration ORDER BY name";

const FIND: &str = "-- migrate::find
SELECT name, checksum FROM schema_migration WHERE name = ?1";

const RECORD: &str = "-- migrate::record
INSERT INTO schema_migration (name, checksum, applied_at)
VALUES (?1, ?2, CAST(round(unixepoch('subsec') * 1000) AS INTEGER))";

async fn records(sql: &dyn Sql) -> Result<Vec<Record>, MigrateError> {
    let exists = sql.read(vec![Statement::new(TABLE_EXISTS)]).await?;
    let found: i64 = exists.first().and_then(Rows::first).map_or(Ok(0), |row| row.get("found"))?;
    if found == 0 {
        let mut commit = Commit::new();
        commit.push(Statement::new(TABLE));
        if let Committed::Refused { refusal, .. } = sql.commit(&commit).await? {
            return Err(SqlError::Unavailable(refusal.into_message()).into());
        }
    }
    let rows = sql.read(vec![Statement::new(LIST)]).await?;
    rows.iter()
        .flat_map(Rows::iter)
        .map(|row| Ok(Record { name: row.parse("name")?, checksum: row.parse("checksum")? }))
        .collect()
}

/// Answers false when another runner was first.
async fn apply_one(sql: &dyn Sql, migration: &Migration) -> Result<bool, MigrateError> {
    let name = || migration.name.to_owned();
    let statements =
        split::statements(migration.sql).map_err(|reason| MigrateError::Malformed { name: name(), reason })?;
    let mut commit = Commit::new();
    let record = commit.push(Statement::new(RECORD).bind(migration.name).bind(checksum(migration)));
    for statement in statements {
        commit.push(Statement::new(statement));
    }
    commit.push_diagnosis(Statement::new(FIND).bind(migration.name));
    match sql.commit(&commit).await {
        Ok(Committed::Done { .. }) => Ok(true),
        Ok(Committed::Refused { statement, refusal, diagnosis }) => {
            let other = diagnosis.first().and_then(Rows::first).filter(|_| statement == record);
            match other {
                Some(row) => {
                    let record = Record { name: row.parse("name")?, checksum: row.parse("checksum")? };
                    record.expect(migration).map(|()| false)
                }
                None => {
                    let message = refusal.into_message();
                    Err(MigrateError::Refused { name: name(), statement, message })
                }
            }
        }
        Err(SqlError::Statement(message)) => Err(MigrateError::Refused { name: name(), statement: 0, message }),
        Err(error) => Err(error.into()),
    }
}

/// The same for a file with the line ends of another system.
fn checksum(migration: &Migration) -> String {
    hex::encode(Sha256::digest(migration.sql.replace("\r\n", "\n")))
}
