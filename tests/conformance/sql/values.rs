//! What goes in comes out.

use headlesspro_edge::port::sql::{Sql, SqlError, Statement, Value};

use super::{cell, execute, query};

/// Stored in a column of `kind`, and as an argument that is only echoed.
async fn comes_back(sql: &dyn Sql, kind: &str, values: impl IntoIterator<Item = Value>) {
    execute(sql, format!("CREATE TABLE kept (id INTEGER PRIMARY KEY, value {kind} NOT NULL) STRICT")).await;
    for (id, value) in (0_i64..).zip(values) {
        let insert = Statement::new("INSERT INTO kept (id, value) VALUES (?1, ?2)").bind(id).bind(value.clone());
        assert_eq!(execute(sql, insert).await.affected, 1);
        assert_eq!(cell(sql, Statement::new("SELECT value FROM kept WHERE id = ?1").bind(id)).await, value);
        assert_eq!(cell(sql, Statement::new("SELECT ?1").bind(value.clone())).await, value);
    }
}

pub async fn integers_come_back_exactly(sql: &dyn Sql) {
    let integers = [0, 1, -1, 9_007_199_254_740_993, i64::MAX, i64::MIN, i64::MIN + 1];
    comes_back(sql, "INTEGER", integers.map(Value::Integer)).await;
}

pub async fn reals_come_back_exactly(sql: &dyn Sql) {
    let third = 1.0 / 3.0;
    let reals = [0.0, 3.0, 0.1, -third, std::f64::consts::PI, 1e19, 1e300, f64::MAX, f64::MIN_POSITIVE, 5e-324];
    comes_back(sql, "REAL", reals.map(Value::Real)).await;
}

pub async fn texts_come_back_exactly(sql: &dyn Sql) {
    let long = "ä\"\\\n".repeat(25_000);
    let texts = [
        "",
        " ",
        "a\0b",
        "\0",
        "🚀 ünïcode \u{202e} \u{feff}",
        "'; DROP TABLE kept; --",
        "\"\\/\u{8}\u{1f}\r\n\t",
        &long,
    ];
    comes_back(sql, "TEXT", texts.map(Value::from)).await;
}

pub async fn blobs_come_back_exactly(sql: &dyn Sql) {
    let all: Vec<u8> = (0..=255).collect();
    let blobs = [vec![], vec![0], vec![255, 0], vec![1, 2, 3], all.repeat(401)];
    comes_back(sql, "BLOB", blobs.map(Value::Blob)).await;
}

pub async fn null_comes_back_and_is_not_empty(sql: &dyn Sql) {
    let select = Statement::new("SELECT ?1 AS a, ?2 AS b, ?1 IS NULL AS c, ?2 IS NULL AS d").bind(Value::Null).bind("");
    let rows = execute(sql, select).await;
    let row = rows.first().unwrap();
    assert_eq!(row.values, [Value::Null, Value::from(""), Value::Integer(1), Value::Integer(0)]);
    assert_eq!(row.get::<Option<&str>>("a").unwrap(), None);
    assert_eq!(row.get::<Option<&str>>("b").unwrap(), Some(""));
}

/// JSON holds no infinite number, so an adapter either keeps it or says that it cannot.
pub async fn an_infinite_real_is_never_a_wrong_one(sql: &dyn Sql) {
    for (statement, infinite) in [
        (Statement::new("SELECT 1e400"), f64::INFINITY),
        (Statement::new("SELECT ?1").bind(Value::Real(f64::NEG_INFINITY)), f64::NEG_INFINITY),
    ] {
        match query(sql, statement).await {
            Ok(rows) => assert_eq!(rows.first().unwrap().values, [Value::Real(infinite)]),
            Err(error) => assert!(matches!(error, SqlError::Garbage(_) | SqlError::Statement(_)), "{error}"),
        }
    }
}

pub async fn columns_are_named_also_without_rows(sql: &dyn Sql) {
    let rows = execute(sql, "SELECT 1 AS one, 2 AS \"zwei drei\", 3 AS one WHERE false").await;
    assert_eq!(*rows.columns, ["one", "zwei drei", "one"]);
    assert!(rows.is_empty() && rows.first().is_none());
    let rows = execute(sql, "SELECT 1 AS one, NULL AS two").await;
    let row = rows.first().unwrap();
    assert_eq!(row.get::<i64>("one").unwrap(), 1);
    assert!(matches!(row.get::<i64>("three"), Err(SqlError::Statement(words)) if words.contains("three")));
    assert!(matches!(row.get::<i64>("two"), Err(SqlError::Statement(words)) if words.contains("two")));
}

pub async fn affected_rows_are_counted(sql: &dyn Sql) {
    execute(sql, "CREATE TABLE counted (id INTEGER PRIMARY KEY, n INTEGER) STRICT").await;
    execute(sql, "CREATE TABLE log (id INTEGER PRIMARY KEY) STRICT").await;
    execute(sql, "CREATE TRIGGER logged AFTER INSERT ON counted BEGIN INSERT INTO log (id) VALUES (NULL); END").await;
    for (statement, affected) in [
        ("INSERT INTO counted (id) VALUES (1), (2), (3)", 3),
        ("UPDATE counted SET n = 1 WHERE id < 3", 2),
        ("UPDATE counted SET n = 1 WHERE id = 9", 0),
        ("INSERT INTO counted (id) VALUES (1) ON CONFLICT DO UPDATE SET n = 2", 1),
        ("INSERT INTO counted (id) VALUES (1) ON CONFLICT DO NOTHING", 0),
        ("INSERT INTO counted (id) VALUES (4) RETURNING id", 1),
        ("SELECT * FROM counted", 0),
        ("CREATE INDEX counted_n ON counted (n)", 0),
        ("DELETE FROM counted", 4),
    ] {
        assert_eq!(execute(sql, statement).await.affected, affected, "{statement}");
    }
}

pub async fn a_megabyte_goes_in_and_out(sql: &dyn Sql) {
    execute(sql, "CREATE TABLE big (body TEXT) STRICT").await;
    let body = "0123456789abcdef".repeat(65_536);
    execute(sql, Statement::new("INSERT INTO big VALUES (?1)").bind(body.as_str())).await;
    assert_eq!(cell(sql, "SELECT body FROM big").await, Value::Text(body));
}

pub async fn an_answer_over_the_limit_is_too_large_and_harms_nothing(sql: &dyn Sql) {
    let large = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 11)
        SELECT hex(zeroblob(600000)) FROM n";
    assert_eq!(query(sql, large).await, Err(SqlError::TooLarge));
    let several = sql.read(vec![Statement::new("SELECT 1"), Statement::new(large)]).await;
    assert_eq!(several, Err(SqlError::TooLarge));
    assert_eq!(cell(sql, "SELECT 7").await, Value::Integer(7));
}

pub async fn a_value_over_the_limit_is_refused(sql: &dyn Sql) {
    assert_eq!(query(sql, "SELECT hex(zeroblob(6000000))").await, Err(SqlError::TooLarge));
    let large = "x".repeat(11 * 1024 * 1024);
    assert!(query(sql, Statement::new("SELECT length(?1)").bind(large)).await.is_err());
    assert_eq!(cell(sql, "SELECT 7").await, Value::Integer(7));
}
