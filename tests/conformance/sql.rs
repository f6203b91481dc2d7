//! The Sql port: one list of cases, on the embedded engine, on the real sqld, and on our own Hrana
//! endpoint.

mod batches;
mod commits;
mod embedded;
mod endpoint;
mod hrana_faults;
mod migrations;
mod values;

use std::any::Any;
use std::sync::Arc;

use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::host::native::fetch::NativeFetch;
use headlesspro_edge::host::native::libsql::{Durability, EmbeddedSql};
use headlesspro_edge::migrate::migrate;
use headlesspro_edge::port::sql::hrana::HranaSql;
use headlesspro_edge::port::sql::turns::TakingTurns;
use headlesspro_edge::port::sql::{Commit, Committed, Rows, Sql, SqlError, Statement, Value};

use crate::sqld::Sqld;

/// An empty database, with whatever must live as long as it.
pub struct Database {
    sql: Arc<dyn Sql>,
    _keep: Box<dyn Any + Send>,
}

fn embedded() -> Database {
    let folder = tempfile::tempdir().unwrap();
    let sql = EmbeddedSql::open(folder.path().join("shop.db"), Durability::Process).unwrap();
    Database { sql: Arc::new(sql), _keep: Box::new(folder) }
}

fn sqld() -> Database {
    let server = Sqld::start();
    Database { sql: in_turn(hrana(&server.url())), _keep: Box::new(server) }
}

/// The same, with streams that are kept and used again.
fn kept_streams() -> Database {
    let server = Sqld::start();
    let sql = hrana(&server.url()).keeping_streams(4, Arc::new(SystemClock));
    Database { sql: in_turn(sql), _keep: Box::new(server) }
}

/// Our own endpoint over an embedded database.
async fn endpoint() -> Database {
    let endpoint = endpoint::Endpoint::start().await;
    Database { sql: in_turn(endpoint.client()), _keep: Box::new(endpoint) }
}

/// As every host uses it: in front of the wire client, writers take turns.
fn in_turn(sql: HranaSql) -> Arc<dyn Sql> {
    Arc::new(TakingTurns::new(Arc::new(sql), Arc::new(SystemClock)))
}

fn hrana(url: &str) -> HranaSql {
    HranaSql::new(url, None, Arc::new(NativeFetch::new().unwrap())).unwrap()
}

/// Isolates commit at once, each with a client of its own, and each hears what became of its commits. Without
/// `--checkpoint-interval-s`, sqld 0.24 stops for good in most runs of this (see `port/sql/hrana/lock.rs`).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqld_serves_the_writers_of_many_isolates() {
    const ISOLATES: usize = 40;
    const COMMITS: usize = 33;
    let server = Sqld::start();
    let url = server.url();
    let isolates: Vec<_> = (0..ISOLATES).map(|_| in_turn(hrana(&url))).collect();
    migrate(&*isolates[0]).await.unwrap();
    execute(&*isolates[0], "CREATE TABLE t (a INTEGER NOT NULL, filler TEXT NOT NULL) STRICT").await;
    let writing = isolates.into_iter().map(|sql| async move {
        for _ in 0..COMMITS {
            let mut commit = Commit::new();
            commit.push(Statement::new("INSERT INTO t VALUES (1, hex(zeroblob(20000)))"));
            assert!(matches!(sql.commit(&commit).await.unwrap(), Committed::Done { .. }));
        }
    });
    futures_util::future::join_all(writing).await;
    assert_eq!(cell(&hrana(&url), "SELECT count(*) FROM t").await, Value::Integer((ISOLATES * COMMITS) as i64));
}

/// Every case on every adapter.
macro_rules! cases {
    ($($module:ident :: $case:ident),* $(,)?) => {
        mod on_embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() { super::$module::$case(&*super::embedded().sql).await })*
        }
        mod on_sqld {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() { super::$module::$case(&*super::sqld().sql).await })*
        }
        mod on_kept_streams {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() { super::$module::$case(&*super::kept_streams().sql).await })*
        }
        mod on_our_endpoint {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() { super::$module::$case(&*super::endpoint().await.sql).await })*
        }
    };
}

cases! {
    values::integers_come_back_exactly,
    values::reals_come_back_exactly,
    values::texts_come_back_exactly,
    values::blobs_come_back_exactly,
    values::null_comes_back_and_is_not_empty,
    values::an_infinite_real_is_never_a_wrong_one,
    values::columns_are_named_also_without_rows,
    values::affected_rows_are_counted,
    values::a_megabyte_goes_in_and_out,
    values::an_answer_over_the_limit_is_too_large_and_harms_nothing,
    batches::each_constraint_is_typed,
    batches::a_refused_step_does_not_stop_the_next,
    batches::conditions_decide_what_runs,
    batches::an_open_transaction_is_rolled_back,
    batches::a_syntax_error_refuses_the_batch_and_changes_nothing,
    batches::what_is_not_one_statement_is_refused,
    batches::wrong_arguments_are_refused,
    values::a_value_over_the_limit_is_refused,
    batches::a_missing_table_is_a_refused_statement,
    batches::many_steps_run_in_order,
    batches::a_changed_schema_is_seen_by_later_reads,
    batches::an_empty_batch_has_no_steps,
    commits::a_commit_is_all_or_nothing,
    commits::a_refused_commit_names_its_statement_and_explains,
    commits::what_runs_after_a_commit_sees_it,
    commits::a_defect_in_a_diagnosis_is_no_empty_answer,
    commits::a_deferred_constraint_refuses_at_the_end,
    commits::the_checkout_batch_reserves_or_lists_what_is_short,
    commits::several_reads_see_one_snapshot,
    commits::parallel_commits_never_oversell,
    commits::parallel_increments_all_count,
    migrations::the_shops_schema_is_applied_once,
    migrations::only_what_is_missing_is_applied,
    migrations::a_changed_old_file_is_refused_by_name,
    migrations::a_refused_file_leaves_nothing_and_can_be_mended,
    migrations::a_newer_database_is_left_alone,
    migrations::runners_at_once_all_succeed,
}

trait IntoStatement {
    fn into_statement(self) -> Statement;
}

impl IntoStatement for Statement {
    fn into_statement(self) -> Statement {
        self
    }
}

impl IntoStatement for &'static str {
    fn into_statement(self) -> Statement {
        Statement::new(self)
    }
}

impl IntoStatement for String {
    fn into_statement(self) -> Statement {
        Statement::new(self)
    }
}

async fn execute(sql: &dyn Sql, statement: impl IntoStatement) -> Rows {
    query(sql, statement).await.unwrap()
}

async fn query(sql: &dyn Sql, statement: impl IntoStatement) -> Result<Rows, SqlError> {
    Ok(sql.read(vec![statement.into_statement()]).await?.remove(0))
}

/// The one value of the one row.
async fn cell(sql: &dyn Sql, statement: impl IntoStatement) -> Value {
    let rows = execute(sql, statement).await;
    assert_eq!((rows.len(), rows.columns.len()), (1, 1));
    rows.first().unwrap().values[0].clone()
}
