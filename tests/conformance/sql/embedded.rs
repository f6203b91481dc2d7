//! What only the embedded engine can get wrong: files, threads, a second process.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use futures_util::future::join_all;
use headlesspro_edge::host::native::libsql::{Durability, EmbeddedSql};
use headlesspro_edge::port::sql::{Commit, Sql, SqlError, Statement, Value};

use super::{cell, execute, query};

const COUNT_FAR: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
    SELECT count(*) FROM n";

#[tokio::test]
async fn a_file_keeps_its_data_and_needs_no_log_once_closed() {
    for durability in [Durability::Power, Durability::Process] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.db");
        for run in 0..3 {
            let sql = EmbeddedSql::open(&path, durability).unwrap();
            execute(&sql, "CREATE TABLE IF NOT EXISTS t (a INTEGER) STRICT").await;
            assert_eq!(cell(&sql, "SELECT count(*) FROM t").await, Value::Integer(run));
            execute(&sql, "INSERT INTO t VALUES (1)").await;
        }
        let files: Vec<_> = folder.path().read_dir().unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(files, ["shop.db"]);
    }
}

/// `hp migrate` and `hp dev` started together, on a file that neither has made yet.
#[test]
fn a_new_file_is_opened_by_several_at_once() {
    const AT_ONCE: usize = 4;
    for _ in 0..25 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.db");
        let start = Barrier::new(AT_ONCE);
        let open = || {
            start.wait();
            EmbeddedSql::open(&path, Durability::Process)
        };
        thread::scope(|scope| {
            let openers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(open)).collect();
            // All are open before the first is closed.
            let opened: Vec<_> = openers.into_iter().map(|opener| opener.join().unwrap()).collect();
            opened.into_iter().for_each(|sql| drop(sql.unwrap()));
        });
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    std::fs::write(&path, "this is not a database file, it only looks like one from outside").unwrap();
    for path in [path, folder.path().join("missing/shop.db"), folder.path().to_owned()] {
        let error = EmbeddedSql::open(&path, Durability::Power).err().unwrap();
        assert!(matches!(error, SqlError::Unavailable(_)), "{error:?}");
    }
}

/// A read that takes long must not stop the requests beside it, not even on a runtime of one thread.
#[tokio::test(flavor = "current_thread")]
async fn a_slow_read_does_not_hold_up_the_thread() {
    let folder = tempfile::tempdir().unwrap();
    let sql = EmbeddedSql::open(folder.path().join("shop.db"), Durability::Process).unwrap();
    for _ in 0..2 {
        let ticks = async {
            let mut longest = Duration::ZERO;
            for _ in 0..20 {
                let before = tokio::time::Instant::now();
                tokio::time::sleep(Duration::from_millis(1)).await;
                longest = longest.max(before.elapsed());
            }
            longest
        };
        let (count, longest) = futures_util::future::join(cell(&sql, COUNT_FAR), ticks).await;
        assert_eq!(count, Value::Integer(200_000));
        assert!(longest < Duration::from_millis(100), "{longest:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_reads_beside_each_other_are_all_answered() {
    let folder = tempfile::tempdir().unwrap();
    let sql = EmbeddedSql::open(folder.path().join("shop.db"), Durability::Process).unwrap();
    let counts = join_all((0..6).map(|_| cell(&sql, COUNT_FAR))).await;
    assert_eq!(counts, vec![Value::Integer(200_000); 6]);
}

/// Neither a read nor a change that never ends holds anybody up for longer than is waited for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_takes_too_long_is_given_up_and_harms_nothing() {
    const WITHOUT_END: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)";
    let folder = tempfile::tempdir().unwrap();
    let sql = EmbeddedSql::open(folder.path().join("shop.db"), Durability::Process).unwrap();
    let impatient = sql.clone().with_patience(Duration::from_millis(300));
    execute(&sql, "CREATE TABLE t (a INTEGER NOT NULL) STRICT").await;
    execute(&sql, "INSERT INTO t VALUES (0)").await;
    let started = tokio::time::Instant::now();
    for _ in 0..2 {
        let read = query(&impatient, format!("{WITHOUT_END} SELECT count(*) FROM n")).await;
        assert_eq!(read, Err(SqlError::Timeout));
    }
    let mut commit = Commit::new();
    commit.push(Statement::new("UPDATE t SET a = 1"));
    commit.push(Statement::new(format!("{WITHOUT_END} UPDATE t SET a = (SELECT count(*) FROM n)")));
    assert_eq!((&impatient as &dyn Sql).commit(&commit).await, Err(SqlError::Timeout));
    // The next in the queue comes after it, and sees nothing of it.
    execute(&sql, "UPDATE t SET a = a + 10").await;
    assert_eq!(cell(&sql, "SELECT a FROM t").await, Value::Integer(10));
    assert_eq!(cell(&impatient, "SELECT a FROM t").await, Value::Integer(10));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

/// `hp import` beside `hp dev`: two writers that do not share a queue.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_write_to_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let open = || EmbeddedSql::open(folder.path().join("shop.db"), Durability::Process).unwrap();
    let (first, second) = (open(), open());
    execute(&first, "CREATE TABLE t (a INTEGER NOT NULL) STRICT").await;
    execute(&first, "INSERT INTO t VALUES (0)").await;
    let write = async |sql: &EmbeddedSql| {
        for _ in 0..50 {
            let mut commit = Commit::new();
            commit.push(Statement::new("UPDATE t SET a = a + 1"));
            (sql as &dyn Sql).commit(&commit).await.unwrap();
        }
    };
    futures_util::future::join(write(&first), write(&second)).await;
    assert_eq!(cell(&first, "SELECT a FROM t").await, Value::Integer(100));
    assert_eq!(cell(&second, "SELECT a FROM t").await, Value::Integer(100));
}

#[tokio::test]
async fn a_statement_reaches_no_other_file() {
    let folder = tempfile::tempdir().unwrap();
    let sql = EmbeddedSql::open(folder.path().join("shop.db"), Durability::Process).unwrap();
    let other = folder.path().join("other.db");
    for statement in ["ATTACH ?1 AS other", "VACUUM INTO ?1", "SELECT load_extension(?1)"] {
        let statement = Statement::new(statement).bind(other.to_str().unwrap());
        assert!(query(&sql, statement).await.is_err());
    }
    assert!(!other.exists());
}

#[tokio::test]
async fn text_that_is_not_utf8_is_an_error_and_no_crash() {
    let folder = tempfile::tempdir().unwrap();
    let sql = EmbeddedSql::open(folder.path().join("shop.db"), Durability::Process).unwrap();
    assert!(matches!(query(&sql, "SELECT CAST(x'ff' AS TEXT)").await, Err(SqlError::Garbage(_))));
    assert_eq!(cell(&sql, "SELECT CAST(x'c3a4' AS TEXT)").await, Value::from("ä"));
}
