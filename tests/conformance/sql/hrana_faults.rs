//! The Hrana client when the server or the network misbehaves.

use std::sync::Arc;
use std::time::Duration;

use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::port::sql::hrana::HranaSql;
use headlesspro_edge::port::sql::{Commit, Committed, Rows, Sql, SqlError, Statement, Value};

use super::{cell, execute, hrana, query};
use crate::scripted_server::{Act, ScriptedServer};
use crate::sqld::Sqld;

fn impatient(url: &str) -> HranaSql {
    hrana(url).with_timeout(Duration::from_millis(400))
}

async fn outcome(server: &ScriptedServer) -> Result<Rows, SqlError> {
    query(&impatient(&server.url()), "SELECT 1").await
}

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n";
const WHOLE: &str = r#"{"baton":null,"base_url":null,"results":[{"type":"ok","response":{"type":"execute","result":{"cols":[{"name":"1","decltype":null}],"rows":[[{"type":"integer","value":"1"}]],"affected_row_count":0,"last_insert_rowid":null}}},{"type":"ok","response":{"type":"close"}}]}"#;

#[tokio::test]
async fn a_whole_answer_is_read() {
    let server = ScriptedServer::answering(200, WHOLE).await;
    assert_eq!(outcome(&server).await.unwrap().first().unwrap().values, [Value::Integer(1)]);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn answers_that_are_no_protocol_are_garbage() {
    let (half, _) = WHOLE.split_at(WHOLE.len() / 2);
    let (almost, _) = WHOLE.split_at(WHOLE.len() - 1);
    for body in ["", "null", "hello", "{}", "<html>", "[1", r#"{"results":[]}"#, half, almost] {
        let server = ScriptedServer::answering(200, body).await;
        let error = outcome(&server).await.unwrap_err();
        assert!(matches!(error, SqlError::Garbage(_)), "{body}: {error:?}");
    }
    let server = ScriptedServer::answering(200, vec![0xff, 0xfe, 0]).await;
    assert!(matches!(outcome(&server).await, Err(SqlError::Garbage(_))));
}

#[tokio::test]
async fn a_status_says_whose_fault_it_is() {
    for status in [500, 502, 503, 429] {
        let server = ScriptedServer::answering(status, "Internal Server Error: disk on fire").await;
        let SqlError::Unavailable(words) = outcome(&server).await.unwrap_err() else { panic!("unavailable") };
        assert!(words.contains("disk on fire") && words.contains(&status.to_string()), "{words}");
    }
    for status in [401, 403] {
        assert_eq!(outcome(&ScriptedServer::answering(status, "no").await).await, Err(SqlError::Unauthorized));
    }
    let large = ScriptedServer::answering(413, "length limit exceeded").await;
    assert_eq!(outcome(&large).await, Err(SqlError::TooLarge));
    for status in [204, 302, 400, 404] {
        let error = outcome(&ScriptedServer::answering(status, "").await).await.unwrap_err();
        assert!(matches!(error, SqlError::Garbage(_)), "{status}: {error:?}");
    }
}

#[tokio::test]
async fn a_server_that_dies_mid_answer_is_unavailable() {
    for script in [
        vec![Act::Close],
        vec![Act::Send(b"HTTP/1.1 200".to_vec()), Act::Close],
        vec![Act::Send(HEAD.into()), Act::Close],
        vec![Act::Send(format!("{HEAD}{WHOLE}").into()), Act::Close],
    ] {
        let server = ScriptedServer::start(script).await;
        let error = outcome(&server).await.unwrap_err();
        assert!(matches!(error, SqlError::Unavailable(_)), "{error:?}");
    }
    let nobody = query(&impatient("http://127.0.0.1:1"), "SELECT 1").await;
    assert!(matches!(nobody, Err(SqlError::Unavailable(_))), "{nobody:?}");
}

#[tokio::test]
async fn a_slow_server_is_given_up_on_in_time() {
    let drip = (0..100).flat_map(|_| [Act::Send(b" ".to_vec()), Act::Wait(Duration::from_millis(50))]);
    let slow_body = [vec![Act::Send(HEAD.into())], drip.collect()].concat();
    for script in [vec![Act::Hang], vec![Act::Send(HEAD.into()), Act::Hang], slow_body] {
        let server = ScriptedServer::start(script).await;
        let started = tokio::time::Instant::now();
        assert_eq!(outcome(&server).await, Err(SqlError::Timeout));
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn a_flood_is_cut_off() {
    let flood =
        vec![Act::Send(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()), Act::Send(vec![b' '; 40 * 1024 * 1024]), Act::Hang];
    let server = ScriptedServer::start(flood).await;
    let patient = hrana(&server.url()).with_timeout(Duration::from_secs(10));
    assert_eq!(query(&patient, "SELECT 1").await, Err(SqlError::TooLarge));
    let announced = ScriptedServer::start(vec![
        Act::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n".to_vec()),
        Act::Hang,
    ]);
    assert_eq!(outcome(&announced.await).await, Err(SqlError::TooLarge));
}

/// A stream that the server no longer knows costs one more round trip, and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_stream_outlives_a_server_that_is_started_again() {
    let mut server = Sqld::start();
    let sql = hrana(&server.url()).keeping_streams(2, Arc::new(SystemClock));
    execute(&sql, "CREATE TABLE t (id INTEGER PRIMARY KEY) STRICT").await;
    for id in 0..3_i64 {
        let mut commit = Commit::new();
        commit.push(Statement::new("INSERT INTO t VALUES (?1)").bind(id));
        assert!(matches!((&sql as &dyn Sql).commit(&commit).await, Ok(Committed::Done { .. })));
        server.restart();
        assert_eq!(cell(&sql, "SELECT count(*) FROM t").await, Value::Integer(id + 1));
        server.restart();
    }
}

/// Killed between commits that never stop: what was acknowledged is there, whole, and nothing is half
/// there; the same client goes on when the server is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_and_halves_nothing() {
    let mut server = Sqld::start();
    let sql = hrana(&server.url()).with_timeout(Duration::from_secs(2));
    execute(&sql, "CREATE TABLE orders (id INTEGER PRIMARY KEY) STRICT").await;
    execute(&sql, "CREATE TABLE lines (order_id INTEGER NOT NULL REFERENCES orders, n INTEGER NOT NULL) STRICT").await;

    let place = |id: i64, sql: HranaSql| async move {
        let mut order = Commit::new();
        order.push(Statement::new("INSERT INTO orders VALUES (?1)").bind(id));
        order.push(Statement::new("INSERT INTO lines VALUES (?1, 1), (?1, 2)").bind(id));
        (&sql as &dyn Sql).commit(&order).await
    };
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let buyers: Vec<_> = (0..4_i64)
        .map(|buyer| {
            let (sql, stopped) = (sql.clone(), stopped.clone());
            tokio::spawn(async move {
                let (mut acknowledged, mut failures) = (Vec::new(), 0);
                for number in 0.. {
                    if *stopped.borrow() {
                        break;
                    }
                    let id = buyer * 1_000_000 + number;
                    match place(id, sql.clone()).await {
                        Ok(Committed::Done { .. }) => acknowledged.push(id),
                        Ok(refused) => panic!("{refused:?}"),
                        Err(SqlError::Unavailable(_) | SqlError::Timeout) => failures += 1,
                        Err(error) => panic!("{error:?}"),
                    }
                    if 0 < failures {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                }
                (acknowledged, failures)
            })
        })
        .collect();

    tokio::time::sleep(Duration::from_millis(300)).await;
    server.kill();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let down = query(&sql, "SELECT 1").await;
    assert!(matches!(down, Err(SqlError::Unavailable(_))), "{down:?}");
    server.restart();
    tokio::time::sleep(Duration::from_millis(500)).await;
    stop.send(true).unwrap();

    let (mut acknowledged, mut failures) = (Vec::new(), 0);
    for buyer in buyers {
        let (more, failed) = buyer.await.unwrap();
        acknowledged.extend(more);
        failures += failed;
    }
    assert!(20 < acknowledged.len() && 0 < failures, "{} orders, {failures} failures", acknowledged.len());
    let stored = execute(&sql, "SELECT id FROM orders").await;
    let stored: std::collections::BTreeSet<i64> = stored.iter().map(|row| row.get("id").unwrap()).collect();
    assert!(acknowledged.iter().all(|id| stored.contains(id)), "an acknowledged order is lost");
    let halves = "SELECT count(*) FROM orders WHERE 2 <> (SELECT count(*) FROM lines WHERE order_id = orders.id)";
    assert_eq!(cell(&sql, halves).await, Value::Integer(0));
    let lines = i64::try_from(stored.len() * 2).unwrap();
    assert_eq!(cell(&sql, "SELECT count(*) FROM lines").await, Value::Integer(lines));
}
