//! Steps, conditions and refusals.

use headlesspro_edge::port::sql::{
    Batch, Condition, Constraint, Outcome, Refusal, Sql, SqlError, Statement, StepOutcome, Value,
};

use super::{cell, execute, query};

const SCHEMA: &[&str] = &[
    "CREATE TABLE parent (id INTEGER PRIMARY KEY) STRICT",
    "CREATE TABLE child (
        id TEXT PRIMARY KEY,
        parent_id INTEGER REFERENCES parent (id),
        name TEXT NOT NULL UNIQUE,
        amount INTEGER NOT NULL DEFAULT 0 CHECK (amount >= 0),
        CONSTRAINT name_is_short CHECK (length(name) < 10)
    ) STRICT",
    "CREATE TRIGGER sold_out BEFORE INSERT ON child WHEN NEW.name = 'none'
     BEGIN SELECT RAISE(ABORT, 'OUT_OF_STOCK'); END",
];

async fn run(sql: &dyn Sql, steps: Vec<(&'static str, Option<Condition>)>) -> Result<Outcome, SqlError> {
    let mut batch = Batch::default();
    for (statement, condition) in steps {
        batch.push(Statement::new(statement), condition);
    }
    sql.run(batch).await
}

/// `d` done, `r` refused, `s` skipped.
fn letters(outcome: &Outcome) -> String {
    let letter = |step: &StepOutcome| match step {
        StepOutcome::Done(_) => 'd',
        StepOutcome::Refused(_) => 'r',
        StepOutcome::Skipped => 's',
    };
    outcome.steps.iter().map(letter).collect()
}

pub async fn each_constraint_is_typed(sql: &dyn Sql) {
    for statement in SCHEMA {
        execute(sql, *statement).await;
    }
    execute(sql, "INSERT INTO child (id, name) VALUES ('a', 'first')").await;
    for (statement, constraint, message) in [
        ("INSERT INTO child (id, name) VALUES ('a', 'x')", Constraint::Unique, "UNIQUE constraint failed: child.id"),
        (
            "INSERT INTO child (id, name) VALUES ('b', 'first')",
            Constraint::Unique,
            "UNIQUE constraint failed: child.name",
        ),
        ("INSERT INTO child (id) VALUES ('b')", Constraint::NotNull, "NOT NULL constraint failed: child.name"),
        ("UPDATE child SET amount = amount - 1", Constraint::Check, "CHECK constraint failed: amount >= 0"),
        (
            "INSERT INTO child (id, name) VALUES ('b', 'much too long')",
            Constraint::Check,
            "CHECK constraint failed: name_is_short",
        ),
        (
            "INSERT INTO child (id, name, parent_id) VALUES ('b', 'x', 9)",
            Constraint::ForeignKey,
            "FOREIGN KEY constraint failed",
        ),
        ("INSERT INTO child (id, name) VALUES ('b', 'none')", Constraint::Trigger, "OUT_OF_STOCK"),
        (
            "UPDATE child SET amount = 'many'",
            Constraint::DataType,
            "cannot store TEXT value in INTEGER column child.amount",
        ),
        ("INSERT INTO parent (id) VALUES ('x')", Constraint::DataType, "datatype mismatch"),
    ] {
        // As one statement, and as a step among others.
        let refusal = Refusal::Constraint { constraint, message: message.to_owned() };
        let alone = run(sql, vec![(statement, None)]).await.unwrap();
        assert_eq!(alone.steps, [StepOutcome::Refused(refusal.clone())], "{statement}");
        let among = run(sql, vec![("SELECT 1", None), (statement, None)]).await.unwrap();
        assert_eq!(among.steps[1], StepOutcome::Refused(refusal), "{statement}");
    }
}

pub async fn a_refused_step_does_not_stop_the_next(sql: &dyn Sql) {
    execute(sql, "CREATE TABLE t (a INTEGER CHECK (a < 10)) STRICT").await;
    let insert = |a| if a { "INSERT INTO t VALUES (1)" } else { "INSERT INTO t VALUES (10)" };
    let outcome = run(sql, vec![(insert(true), None), (insert(false), None), (insert(true), None)]).await.unwrap();
    assert_eq!(letters(&outcome), "drd");
    assert_eq!(cell(sql, "SELECT count(*) FROM t").await, Value::Integer(2));
}

pub async fn conditions_decide_what_runs(sql: &dyn Sql) {
    let select = "SELECT 1";
    let missing = "SELECT * FROM missing";
    let outcome = run(
        sql,
        vec![
            (select, None),
            (missing, None),
            (select, Some(Condition::Ok(0))),
            (select, Some(Condition::Ok(1))),
            (select, Some(Condition::not_ok(1))),
            // A skipped step is not ok.
            (select, Some(Condition::not_ok(3))),
            (select, Some(Condition::And(vec![Condition::Ok(0), Condition::Ok(3)]))),
            (select, Some(Condition::Or(vec![Condition::Ok(3), Condition::Ok(0)]))),
            (select, Some(Condition::And(vec![]))),
            (select, Some(Condition::Or(vec![]))),
            (select, Some(Condition::Not(Box::new(Condition::And(vec![Condition::Ok(0), Condition::not_ok(1)]))))),
        ],
    );
    assert_eq!(letters(&outcome.await.unwrap()), "drdsddsddss");
}

pub async fn an_open_transaction_is_rolled_back(sql: &dyn Sql) {
    execute(sql, "CREATE TABLE t (a INTEGER) STRICT").await;
    for begin in ["BEGIN IMMEDIATE", "BEGIN"] {
        let open = run(sql, vec![(begin, None), ("INSERT INTO t VALUES (1)", None), ("SELECT count(*) FROM t", None)]);
        assert_eq!(letters(&open.await.unwrap()), "ddd");
    }
    assert_eq!(cell(sql, "SELECT count(*) FROM t").await, Value::Integer(0));
    execute(sql, "INSERT INTO t VALUES (2)").await;
    assert_eq!(cell(sql, "SELECT sum(a) FROM t").await, Value::Integer(2));
}

pub async fn a_syntax_error_refuses_the_batch_and_changes_nothing(sql: &dyn Sql) {
    execute(sql, "CREATE TABLE t (a INTEGER) STRICT").await;
    for wrong in ["SELEC 1", "SELECT 1 FROM", "INSERT INTO t VALUES (1", "SELECT 'open"] {
        assert!(matches!(query(sql, wrong).await, Err(SqlError::Statement(_))), "{wrong}");
        let steps = vec![
            ("BEGIN IMMEDIATE", None),
            ("INSERT INTO t VALUES (1)", Some(Condition::Ok(0))),
            (wrong, Some(Condition::Ok(1))),
            ("COMMIT", Some(Condition::Ok(2))),
        ];
        assert!(matches!(run(sql, steps).await, Err(SqlError::Statement(_))), "{wrong}");
    }
    assert_eq!(cell(sql, "SELECT count(*) FROM t").await, Value::Integer(0));
}

pub async fn what_is_not_one_statement_is_refused(sql: &dyn Sql) {
    for wrong in ["", "  ", "-- nothing", "SELECT 1; SELECT 2"] {
        assert!(matches!(query(sql, wrong).await, Err(SqlError::Statement(_))), "{wrong}");
    }
    for right in ["SELECT 7;", "-- store::find\nSELECT 7", "SELECT 7; -- done\n", "/* ; */ SELECT 7 ; "] {
        assert_eq!(cell(sql, right).await, Value::Integer(7), "{right}");
    }
}

pub async fn wrong_arguments_are_refused(sql: &dyn Sql) {
    for statement in [
        Statement::new("SELECT ?1, ?2").bind(1),
        Statement::new("SELECT ?1").bind(1).bind(2),
        Statement::new("SELECT 1").bind(1),
    ] {
        assert!(matches!(query(sql, statement).await, Err(SqlError::Statement(_))));
    }
    assert_eq!(cell(sql, Statement::new("SELECT ?1 + ?2 + ?1").bind(1).bind(2)).await, Value::Integer(4));
}

pub async fn a_missing_table_is_a_refused_statement(sql: &dyn Sql) {
    let Err(SqlError::Statement(words)) = query(sql, "SELECT * FROM missing").await else { panic!("it is refused") };
    assert_eq!(words, "no such table: missing");
    assert!(matches!(query(sql, "SELECT nothing").await, Err(SqlError::Statement(_))));
    assert!(matches!(query(sql, "SELECT json('x')").await, Err(SqlError::Statement(_))));
}

pub async fn many_steps_run_in_order(sql: &dyn Sql) {
    let mut batch = Batch::default();
    for number in 0..300_i64 {
        let condition = if number == 0 { None } else { usize::try_from(number - 1).ok().map(Condition::Ok) };
        batch.push(Statement::new("SELECT ?1 AS n").bind(number), condition);
    }
    let outcome = sql.run(batch).await.unwrap();
    for (number, step) in (0_i64..).zip(outcome.steps) {
        let StepOutcome::Done(rows) = step else { panic!("step {number} is not done") };
        assert_eq!(rows.first().unwrap().get::<i64>("n").unwrap(), number);
    }
}

pub async fn a_changed_schema_is_seen_by_later_reads(sql: &dyn Sql) {
    execute(sql, "CREATE TABLE t (a INTEGER) STRICT").await;
    execute(sql, "INSERT INTO t VALUES (1)").await;
    assert_eq!(*execute(sql, "SELECT * FROM t").await.columns, ["a"]);
    assert!(query(sql, "SELECT b FROM t").await.is_err());
    execute(sql, "ALTER TABLE t ADD COLUMN b TEXT").await;
    assert_eq!(*execute(sql, "SELECT * FROM t").await.columns, ["a", "b"]);
    assert_eq!(cell(sql, "SELECT b FROM t").await, Value::Null);
    execute(sql, "CREATE TABLE u (a INTEGER) STRICT").await;
    assert_eq!(cell(sql, "SELECT count(*) FROM u").await, Value::Integer(0));
    execute(sql, "DROP TABLE t").await;
    assert!(query(sql, "SELECT * FROM t").await.is_err());
}

pub async fn an_empty_batch_has_no_steps(sql: &dyn Sql) {
    assert_eq!(sql.run(Batch::default()).await, Ok(Outcome { steps: vec![] }));
    assert_eq!(sql.read(vec![]).await, Ok(vec![]));
}
