//! Atomic commits, alone and in parallel.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use headlesspro_edge::port::sql::{Commit, Committed, Constraint, Refusal, Sql, SqlError, Statement, Value};

use super::{cell, execute};

fn commit(statements: Vec<Statement>) -> Commit {
    let mut commit = Commit::new();
    for statement in statements {
        commit.push(statement);
    }
    commit
}

fn insert(a: i64) -> Statement {
    Statement::new("INSERT INTO t VALUES (?1) RETURNING a").bind(a)
}

async fn table_of_small_numbers(sql: &dyn Sql) {
    execute(sql, "CREATE TABLE t (a INTEGER PRIMARY KEY CHECK (a < 10)) STRICT").await;
}

pub async fn a_commit_is_all_or_nothing(sql: &dyn Sql) {
    table_of_small_numbers(sql).await;
    let Committed::Done { rows, after } = sql.commit(&commit(vec![insert(1), insert(2)])).await.unwrap() else {
        panic!("it is committed")
    };
    assert_eq!(rows.iter().map(|rows| rows.first().unwrap().get("a").unwrap()).collect::<Vec<i64>>(), [1, 2]);
    assert!(after.is_empty());
    for refused in [vec![insert(3), insert(10)], vec![insert(10), insert(3)], vec![insert(3), insert(3), insert(4)]] {
        assert!(matches!(sql.commit(&commit(refused)).await, Ok(Committed::Refused { .. })));
    }
    for wrong in ["SELEC", "SELECT * FROM missing", "SELECT ?1"] {
        let broken = commit(vec![insert(3), Statement::new(wrong)]);
        assert!(matches!(sql.commit(&broken).await, Err(SqlError::Statement(_))), "{wrong}");
    }
    assert_eq!(cell(sql, "SELECT sum(a) FROM t").await, Value::Integer(3));
    assert_eq!(sql.commit(&Commit::new()).await, Ok(Committed::Done { rows: vec![], after: vec![] }));
}

pub async fn a_refused_commit_names_its_statement_and_explains(sql: &dyn Sql) {
    table_of_small_numbers(sql).await;
    let mut change = commit(vec![insert(5), insert(10), insert(6)]);
    change.push_after(Statement::new("SELECT 'never'"));
    change.push_diagnosis(Statement::new("SELECT max(a) AS a FROM t"));
    change.push_diagnosis(Statement::new("SELECT 'because' AS why"));
    let Committed::Refused { statement, refusal, diagnosis } = sql.commit(&change).await.unwrap() else {
        panic!("it is refused")
    };
    assert_eq!(statement, 1);
    let message = "CHECK constraint failed: a < 10".to_owned();
    assert_eq!(refusal, Refusal::Constraint { constraint: Constraint::Check, message });
    // The diagnosis still sees what came before the refusal.
    assert_eq!(diagnosis[0].first().unwrap().get::<i64>("a").unwrap(), 5);
    assert_eq!(diagnosis[1].first().unwrap().get::<&str>("why").unwrap(), "because");
    assert_eq!(cell(sql, "SELECT count(*) FROM t").await, Value::Integer(0));
}

pub async fn what_runs_after_a_commit_sees_it(sql: &dyn Sql) {
    table_of_small_numbers(sql).await;
    let mut change = commit(vec![insert(5)]);
    change.push_after(Statement::new("SELECT a FROM t"));
    change.push_diagnosis(Statement::new("SELECT 'never'"));
    let Committed::Done { after, .. } = sql.commit(&change).await.unwrap() else { panic!("it is committed") };
    assert_eq!(after[0].first().unwrap().get::<i64>("a").unwrap(), 5);
}

pub async fn a_defect_in_a_diagnosis_is_no_empty_answer(sql: &dyn Sql) {
    table_of_small_numbers(sql).await;
    let mut change = commit(vec![insert(10)]);
    change.push_diagnosis(Statement::new("SELECT * FROM missing"));
    assert!(matches!(sql.commit(&change).await, Err(SqlError::Statement(_))));
}

pub async fn a_deferred_constraint_refuses_at_the_end(sql: &dyn Sql) {
    execute(sql, "CREATE TABLE p (id INTEGER PRIMARY KEY) STRICT").await;
    execute(sql, "CREATE TABLE c (p INTEGER REFERENCES p DEFERRABLE INITIALLY DEFERRED) STRICT").await;
    let child = || Statement::new("INSERT INTO c VALUES (1)");
    let parent = || Statement::new("INSERT INTO p VALUES (1)");
    let answer = sql.commit(&commit(vec![child()])).await.unwrap();
    let Committed::Refused { statement: 1, refusal: Refusal::Constraint { constraint, .. }, .. } = answer else {
        panic!("the COMMIT refuses: {answer:?}")
    };
    assert_eq!(constraint, Constraint::ForeignKey);
    assert!(matches!(sql.commit(&commit(vec![child(), parent()])).await, Ok(Committed::Done { .. })));
    assert_eq!(cell(sql, "SELECT count(*) FROM c").await, Value::Integer(1));
}

/// The batch of the design: order, stock, lines, or a list of everything that is short or unknown.
pub async fn the_checkout_batch_reserves_or_lists_what_is_short(sql: &dyn Sql) {
    for statement in [
        "CREATE TABLE stock (sku TEXT PRIMARY KEY, available INTEGER NOT NULL CHECK (available >= 0)) STRICT",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, idempotency_key TEXT NOT NULL UNIQUE) STRICT",
        "CREATE TABLE order_lines (order_id INTEGER NOT NULL REFERENCES orders, sku TEXT NOT NULL, qty INTEGER NOT NULL) STRICT",
        "INSERT INTO stock VALUES ('A', 3), ('B', 1), ('C', 0)",
    ] {
        execute(sql, statement).await;
    }
    let checkout = |key: &str, lines: &str| {
        let mut commit = Commit::new();
        commit.push(Statement::new("INSERT INTO orders (idempotency_key) VALUES (?1)").bind(key));
        commit.push(
            Statement::new(
                "UPDATE stock SET available = available - l.qty
                 FROM (SELECT value->>'sku' AS sku, sum(value->>'qty') AS qty FROM json_each(?1) GROUP BY 1) l
                 WHERE stock.sku = l.sku RETURNING stock.sku, available",
            )
            .bind(lines),
        );
        commit.push(
            Statement::new(
                "INSERT INTO order_lines (order_id, sku, qty)
                 SELECT (SELECT id FROM orders WHERE idempotency_key = ?1), stock.sku, value->>'qty'
                 FROM json_each(?2) LEFT JOIN stock ON stock.sku = value->>'sku'",
            )
            .bind(key)
            .bind(lines),
        );
        commit.push_diagnosis(
            Statement::new(
                "SELECT value->>'sku' AS sku, s.available AS available FROM json_each(?1)
                 LEFT JOIN stock s ON s.sku = value->>'sku'
                 WHERE s.available IS NULL OR s.available < value->>'qty' ORDER BY 1",
            )
            .bind(lines),
        );
        commit.push_diagnosis(Statement::new("SELECT id FROM orders WHERE idempotency_key = ?1").bind(key));
        commit.push_after(Statement::new("SELECT id FROM orders WHERE idempotency_key = ?1").bind(key));
        commit
    };
    let refused = |answer| match answer {
        Ok(Committed::Refused { statement, diagnosis, .. }) => (statement, diagnosis),
        other => panic!("refused: {other:?}"),
    };

    let two = r#"[{"sku":"A","qty":2},{"sku":"B","qty":1}]"#;
    let Ok(Committed::Done { rows, after }) = sql.commit(&checkout("k1", two)).await else { panic!("it is placed") };
    let left: BTreeSet<(String, i64)> =
        rows[1].iter().map(|row| (row.parse("sku").unwrap(), row.get("available").unwrap())).collect();
    assert_eq!(left, BTreeSet::from([("A".to_owned(), 1), ("B".to_owned(), 0)]));
    let order: i64 = after[0].first().unwrap().get("id").unwrap();

    // Said again: the order's own statement refuses, and the diagnosis answers with the first order.
    let (statement, diagnosis) = refused(sql.commit(&checkout("k1", two)).await);
    assert_eq!((statement, diagnosis[1].first().unwrap().get::<i64>("id").unwrap()), (0, order));

    // Short: every short line is listed at once.
    let short = r#"[{"sku":"A","qty":1},{"sku":"B","qty":1},{"sku":"C","qty":2}]"#;
    let (statement, diagnosis) = refused(sql.commit(&checkout("k2", short)).await);
    let listed: Vec<(&str, Option<i64>)> =
        diagnosis[0].iter().map(|row| (row.get("sku").unwrap(), row.get("available").unwrap())).collect();
    assert_eq!((statement, listed), (1, vec![("B", Some(0)), ("C", Some(0))]));

    // Unknown: the lines' statement refuses.
    let unknown = r#"[{"sku":"A","qty":1},{"sku":"Z","qty":1}]"#;
    let (statement, diagnosis) = refused(sql.commit(&checkout("k3", unknown)).await);
    let sku = diagnosis[0].iter().map(|row| row.get::<&str>("sku").unwrap()).next_back();
    assert_eq!((statement, sku), (2, Some("Z")));

    assert_eq!(cell(sql, "SELECT count(*) FROM orders").await, Value::Integer(1));
    assert_eq!(cell(sql, "SELECT sum(available) FROM stock").await, Value::Integer(1));
    assert_eq!(cell(sql, "SELECT count(*) FROM order_lines").await, Value::Integer(2));
}

/// Money moves between two rows while a reader adds them up.
pub async fn several_reads_see_one_snapshot(sql: &dyn Sql) {
    execute(sql, "CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL) STRICT").await;
    execute(sql, "INSERT INTO account VALUES (1, 500), (2, 500)").await;
    let moves = async {
        for step in 0..60_i64 {
            let amount = step % 7 - 3;
            let change = |id: i64, by: i64| {
                Statement::new("UPDATE account SET balance = balance + ?2 WHERE id = ?1").bind(id).bind(by)
            };
            let moved = sql.commit(&commit(vec![change(1, -amount), change(2, amount)])).await;
            assert!(matches!(moved, Ok(Committed::Done { .. })), "{moved:?}");
        }
    };
    let reads = async {
        let balance = |id: i64| Statement::new("SELECT balance FROM account WHERE id = ?1").bind(id);
        for _ in 0..60 {
            let rows = sql.read(vec![balance(1), balance(2)]).await.unwrap();
            let both: i64 = rows.iter().map(|rows| rows.first().unwrap().get::<i64>("balance").unwrap()).sum();
            assert_eq!(both, 1000);
        }
    };
    futures_util::future::join(moves, reads).await;
}

pub async fn parallel_commits_never_oversell(sql: &dyn Sql) {
    execute(
        sql,
        "CREATE TABLE stock (id INTEGER PRIMARY KEY, available INTEGER NOT NULL CHECK (available >= 0)) STRICT",
    )
    .await;
    execute(sql, "CREATE TABLE sold (buyer INTEGER PRIMARY KEY) STRICT").await;
    execute(sql, "INSERT INTO stock VALUES (1, 10)").await;
    let buy = |buyer: i64| async move {
        let mut order = commit(vec![
            Statement::new("INSERT INTO sold VALUES (?1)").bind(buyer),
            Statement::new("UPDATE stock SET available = available - 1 WHERE id = 1"),
        ]);
        order.push_diagnosis(Statement::new("SELECT available FROM stock"));
        match sql.commit(&order).await.unwrap() {
            Committed::Done { .. } => true,
            Committed::Refused { statement, diagnosis, .. } => {
                assert_eq!((statement, diagnosis[0].first().unwrap().get("available")), (1, Ok(0_i64)));
                false
            }
        }
    };
    let sold = join_all((0..32).map(buy)).await.into_iter().filter(|bought| *bought).count();
    assert_eq!(sold, 10);
    assert_eq!(cell(sql, "SELECT available FROM stock").await, Value::Integer(0));
    assert_eq!(cell(sql, "SELECT count(*) FROM sold").await, Value::Integer(10));
}

pub async fn parallel_increments_all_count(sql: &dyn Sql) {
    execute(sql, "CREATE TABLE counter (n INTEGER NOT NULL) STRICT").await;
    execute(sql, "INSERT INTO counter VALUES (0)").await;
    let increment = || async { execute(sql, "UPDATE counter SET n = n + 1").await.affected };
    assert_eq!(join_all((0..64).map(|_| increment())).await.iter().sum::<u64>(), 64);
    assert_eq!(cell(sql, "SELECT n FROM counter").await, Value::Integer(64));
}
