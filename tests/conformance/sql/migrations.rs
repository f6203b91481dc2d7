//! The migrations on every adapter.

use std::sync::Arc;

use futures_util::future::join_all;
use headlesspro_edge::host::native::libsql::{Durability, EmbeddedSql};
use headlesspro_edge::migrate::{ALL, MigrateError, Migration, apply, migrate};
use headlesspro_edge::port::sql::{Sql, Value};

use super::{cell, execute, hrana, in_turn};
use crate::databases::{EmbeddedDatabase, SqldDatabase};
use crate::sqld::Sqld;

const FIRST: Migration = Migration {
    name: "202601010000_test_first",
    sql: "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL DEFAULT ';') STRICT; -- one; row\n
          INSERT INTO t (a) VALUES (1);
          CREATE TRIGGER doubled AFTER INSERT ON t WHEN NEW.a < 100 BEGIN
            INSERT INTO t (a) VALUES (NEW.a * 100);
          END;",
};
const SECOND: Migration = Migration { name: "202601010001_test_second", sql: "INSERT INTO t (a) VALUES (2);" };
const BROKEN: Migration = Migration {
    name: "202601010002_test_broken",
    sql: "CREATE TABLE u (a INTEGER) STRICT; INSERT INTO t (a) VALUES (3); INSERT INTO t (a) VALUES (1)",
};

pub async fn the_shops_schema_is_applied_once(sql: &dyn Sql) {
    let report = migrate(sql).await.unwrap();
    assert_eq!(report.applied, ALL.iter().map(|migration| migration.name).collect::<Vec<_>>());
    let again = migrate(sql).await.unwrap();
    assert_eq!((again.applied.len(), again.present), (0, ALL.len()));
    assert_eq!(cell(sql, "SELECT count(*) FROM organization").await, Value::Integer(0));
    // The clock of the record is the wall clock, in milliseconds.
    let recent = "SELECT min(applied_at) BETWEEN unixepoch() * 1000 - 60000 AND unixepoch() * 1000 + 60000
        FROM schema_migration";
    assert_eq!(cell(sql, recent).await, Value::Integer(1));
}

pub async fn only_what_is_missing_is_applied(sql: &dyn Sql) {
    let mut told = Vec::new();
    apply(sql, &[FIRST], |name| told.push(name)).await.unwrap();
    assert_eq!(cell(sql, "SELECT group_concat(a) FROM t").await, Value::from("1"));
    let report = apply(sql, &[FIRST, SECOND], |name| told.push(name)).await.unwrap();
    assert_eq!((report.applied, report.present), (vec![SECOND.name], 1));
    assert_eq!(told, [FIRST.name, SECOND.name]);
    assert_eq!(cell(sql, "SELECT group_concat(a) FROM t").await, Value::from("1,2,200"));
}

pub async fn a_changed_old_file_is_refused_by_name(sql: &dyn Sql) {
    apply(sql, &[FIRST, SECOND], |_| {}).await.unwrap();
    let changed = Migration { sql: "INSERT INTO t (a) VALUES (5);", ..SECOND };
    let third = Migration { name: "202601010003_test_third", ..SECOND };
    let refused = apply(sql, &[FIRST, changed, third], |_| {}).await;
    assert_eq!(refused, Err(MigrateError::Changed(SECOND.name.to_owned())));
    assert!(refused.unwrap_err().to_string().contains(SECOND.name));
    assert_eq!(cell(sql, "SELECT count(*) FROM t").await, Value::Integer(3));
    // Only the line ends differ: another system's checkout.
    let windows: &'static str = FIRST.sql.replace('\n', "\r\n").leak();
    assert!(apply(sql, &[Migration { sql: windows, ..FIRST }, SECOND], |_| {}).await.is_ok());
}

pub async fn a_refused_file_leaves_nothing_and_can_be_mended(sql: &dyn Sql) {
    let refused = apply(sql, &[FIRST, SECOND, BROKEN], |_| {}).await;
    let Err(MigrateError::Refused { name, statement, message }) = refused else { panic!("refused: {refused:?}") };
    assert_eq!((name.as_str(), statement, message.as_str()), (BROKEN.name, 3, "UNIQUE constraint failed: t.a"));
    assert_eq!(cell(sql, "SELECT count(*) FROM sqlite_schema WHERE name = 'u'").await, Value::Integer(0));
    assert_eq!(cell(sql, "SELECT max(a) FROM t").await, Value::Integer(200));
    for wrong in ["SELEC 1", "INSERT INTO missing VALUES (1)", "SELECT 1; COMMIT", "SELECT 'open"] {
        let wrong = Migration { sql: wrong, ..BROKEN };
        let refused = apply(sql, &[FIRST, SECOND, wrong], |_| {}).await.unwrap_err();
        assert!(refused.to_string().contains(BROKEN.name), "{refused}");
    }
    let mended = Migration { sql: "CREATE TABLE u (a INTEGER) STRICT", ..BROKEN };
    assert_eq!(apply(sql, &[FIRST, SECOND, mended], |_| {}).await.unwrap().applied, [BROKEN.name]);
}

pub async fn a_newer_database_is_left_alone(sql: &dyn Sql) {
    apply(sql, &[FIRST, SECOND], |_| {}).await.unwrap();
    // Nothing to add: harmless, and told.
    let report = apply(sql, &[FIRST], |_| {}).await.unwrap();
    assert_eq!((report.applied.len(), report.newer), (0, vec![SECOND.name.to_owned()]));
    // Something to add that the newer program did not know.
    let refused = apply(sql, &[FIRST, BROKEN], |_| {}).await;
    let (newer, pending) = (SECOND.name.to_owned(), BROKEN.name.to_owned());
    assert_eq!(refused, Err(MigrateError::Newer { newer, pending }));
}

pub async fn runners_at_once_all_succeed(sql: &dyn Sql) {
    let reports = join_all((0..4).map(|_| migrate(sql))).await;
    assert_each_file_was_applied_once(sql, reports.into_iter().map(Result::unwrap).map(|report| report.applied)).await;
}

async fn assert_each_file_was_applied_once(sql: &dyn Sql, applied: impl Iterator<Item = Vec<&'static str>>) {
    let mut applied: Vec<_> = applied.flatten().collect();
    applied.sort_unstable();
    assert_eq!(applied, ALL.iter().map(|migration| migration.name).collect::<Vec<_>>());
    let count = i64::try_from(ALL.len()).unwrap();
    assert_eq!(cell(sql, "SELECT count(*) FROM schema_migration").await, Value::Integer(count));
    execute(sql, "PRAGMA foreign_key_check").await;
    assert_eq!(cell(sql, "PRAGMA integrity_check").await, Value::from("ok"));
}

/// Runners that share no connection, no queue and no runtime.
#[test]
fn separate_runners_at_once_all_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let open_file = || -> Arc<dyn Sql> { Arc::new(EmbeddedSql::open(&path, Durability::Process).unwrap()) };
    let server = Sqld::start();
    let open_server = || in_turn(hrana(&server.url()));
    let openers: [&(dyn Fn() -> Arc<dyn Sql> + Sync); 2] = [&open_file, &open_server];
    for open in openers {
        let applied: Vec<_> = std::thread::scope(|scope| {
            let runner = || runtime().block_on(async { migrate(&*open()).await.unwrap().applied });
            let runners: Vec<_> = (0..4).map(|_| scope.spawn(runner)).collect();
            runners.into_iter().map(|runner| runner.join().unwrap()).collect()
        });
        runtime().block_on(assert_each_file_was_applied_once(&*open(), applied.into_iter()));
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Neither engine understands a statement of ours differently.
#[tokio::test]
async fn both_engines_end_with_the_same_schema() {
    let (file, server) = (EmbeddedDatabase::migrated().await, SqldDatabase::migrated().await);
    let schema = "SELECT type, name, tbl_name, sql FROM sqlite_schema
        WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE 'libsql_%' ORDER BY type, name";
    let embedded = execute(&file.sql, schema).await;
    assert!(ALL.len() < embedded.len());
    assert_eq!(embedded, execute(&server.sql, schema).await);
    // And so does whoever opens them next.
    let reopened = EmbeddedSql::open(file.path(), Durability::Process).unwrap();
    assert_eq!(embedded, execute(&reopened, schema).await);
    assert_eq!(embedded, execute(&hrana(&server.server.url()), schema).await);
}

#[test]
fn hp_migrate_says_what_it_did() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.db");
    let server = Sqld::start();
    let targets =
        [file.to_str().unwrap().to_owned(), server.url(), server.url().replace("http://", "libsql://") + "?tls=0"];
    let hp = |database: &str| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_hp"))
            .args(["migrate", "--database", database])
            .current_dir(folder.path())
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    for (target, is_new) in targets.iter().zip([true, true, false]) {
        let (succeeded, told, errors) = hp(target);
        assert!(succeeded, "{errors}");
        for migration in ALL {
            assert_eq!(told.contains(&format!("applied {}\n", migration.name)), is_new, "{told}");
        }
        let (succeeded, told, _) = hp(target);
        assert!(succeeded && told.starts_with("up to date"), "{told}");
    }
    let (succeeded, _, errors) = hp("http://127.0.0.1:1");
    assert!(!succeeded && errors.contains("not reachable"), "{errors}");
    let (succeeded, _, errors) = hp("missing/folder/shop.db");
    assert!(!succeeded && errors.contains("missing/folder/shop.db"), "{errors}");
}
