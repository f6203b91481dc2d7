//! The Hrana client when the server or the network misbehaves.

use std::sync::Arc;
use std::time::Duration;

use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::port::sql::hrana::HranaSql;
use headlesspro_edge::port::sql::{Commit, Committed, Rows, Sql, SqlError, Statement, Value};

use super::{cell, execute, hrana, query};
use crate::scripted_server::{Act, ScriptedServer, answer};
use crate::sqld::Sqld;

/// As Workers keeps streams unless told otherwise (`DATABASE_STREAMS`).
fn keeping_streams(sql: HranaSql) -> HranaSql {
    sql.keeping_streams(4, Arc::new(SystemClock))
}

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n";
const WHOLE: &str = r#"{"baton":null,"base_url":null,"results":[{"type":"ok","response":{"type":"execute","result":{"cols":[{"name":"1","decltype":null}],"rows":[[{"type":"integer","value":"1"}]],"affected_row_count":0,"last_insert_rowid":null}}},{"type":"ok","response":{"type":"close"}}]}"#;
/// The same, with a stream that can be used again.
const KEPT: &str = r#"{"baton":"the kept stream","base_url":null,"results":[{"type":"ok","response":{"type":"execute","result":{"cols":[{"name":"1","decltype":null}],"rows":[[{"type":"integer","value":"1"}]],"affected_row_count":0,"last_insert_rowid":null}}}]}"#;

/// What each client makes of a fault: the plain one, one that would keep its first stream, and one that has a stream
/// and uses it again. Whatever happened on that stream, no later request goes on with it.
async fn outcomes(fault: Vec<Act>) -> [(&'static str, Result<Rows, SqlError>); 3] {
    outcomes_within(fault, Duration::from_secs(5)).await
}

async fn outcomes_within(fault: Vec<Act>, patience: Duration) -> [(&'static str, Result<Rows, SqlError>); 3] {
    let client = |server: &ScriptedServer| hrana(&server.url()).with_timeout(patience);
    let plain = async {
        let server = ScriptedServer::start(fault.clone()).await;
        query(&client(&server), "SELECT 1").await
    };
    let keeping = async {
        let server = ScriptedServer::start(fault.clone()).await;
        query(&keeping_streams(client(&server)), "SELECT 1").await
    };
    let kept = async {
        let server = ScriptedServer::first(answer(200, KEPT), fault.clone()).await;
        let sql = keeping_streams(client(&server));
        query(&sql, "SELECT 1").await.unwrap();
        let outcome = query(&sql, "SELECT 1").await;
        assert!(server.requests()[1].contains("the kept stream"), "{:?}", server.requests());
        let asked = server.requests().len();
        let _fails_as_well = query(&sql, "SELECT 1").await;
        assert!(server.requests()[asked].contains(r#"{"baton":null"#), "{:?}", server.requests());
        outcome
    };
    let (plain, keeping, kept) = tokio::join!(plain, keeping, kept);
    [("plain", plain), ("keeping streams", keeping), ("on a kept stream", kept)]
}

#[tokio::test]
async fn a_whole_answer_is_read() {
    let server = ScriptedServer::answering(200, WHOLE).await;
    for sql in [hrana(&server.url()), keeping_streams(hrana(&server.url()))] {
        let rows = query(&sql, "SELECT 1").await.unwrap();
        assert_eq!(rows.first().unwrap().values, [Value::Integer(1)]);
    }
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn answers_that_are_no_protocol_are_garbage() {
    let (half, _) = WHOLE.split_at(WHOLE.len() / 2);
    let (almost, _) = WHOLE.split_at(WHOLE.len() - 1);
    let texts = ["", "null", "hello", "{}", "<html>", "[1", r#"{"results":[]}"#, half, almost].map(str::as_bytes);
    for body in texts.into_iter().chain([&[0xff, 0xfe, 0][..]]) {
        for (client, outcome) in outcomes(answer(200, body)).await {
            let body = String::from_utf8_lossy(body);
            assert!(matches!(outcome, Err(SqlError::Garbage(_))), "{client}: {body}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn a_status_says_whose_fault_it_is() {
    for status in [500, 502, 503, 429] {
        for (client, outcome) in outcomes(answer(status, "Internal Server Error: disk on fire")).await {
            let Err(SqlError::Unavailable(words)) = outcome else { panic!("{client}: {status}: {outcome:?}") };
            assert!(words.contains("disk on fire") && words.contains(&status.to_string()), "{client}: {words}");
        }
    }
    for status in [401, 403] {
        for (client, outcome) in outcomes(answer(status, "no")).await {
            assert_eq!(outcome, Err(SqlError::Unauthorized), "{client}: {status}");
        }
    }
    for (client, outcome) in outcomes(answer(413, "length limit exceeded")).await {
        assert_eq!(outcome, Err(SqlError::TooLarge), "{client}");
    }
    for status in [204, 302, 400, 404] {
        for (client, outcome) in outcomes(answer(status, "")).await {
            assert!(matches!(outcome, Err(SqlError::Garbage(_))), "{client}: {status}: {outcome:?}");
        }
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
        for (client, outcome) in outcomes(script).await {
            assert!(matches!(outcome, Err(SqlError::Unavailable(_))), "{client}: {outcome:?}");
        }
    }
    let nobody = hrana("http://127.0.0.1:1");
    for sql in [nobody.clone(), keeping_streams(nobody)] {
        let outcome = query(&sql, "SELECT 1").await;
        assert!(matches!(outcome, Err(SqlError::Unavailable(_))), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_slow_server_is_given_up_on_in_time() {
    let drip = (0..100).flat_map(|_| [Act::Send(b" ".to_vec()), Act::Wait(Duration::from_millis(50))]);
    let slow_body = [vec![Act::Send(HEAD.into())], drip.collect()].concat();
    for script in [vec![Act::Hang], vec![Act::Send(HEAD.into()), Act::Hang], slow_body] {
        let started = tokio::time::Instant::now();
        for (client, outcome) in outcomes_within(script, Duration::from_millis(400)).await {
            assert_eq!(outcome, Err(SqlError::Timeout), "{client}");
        }
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn a_flood_is_cut_off() {
    let flood =
        vec![Act::Send(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()), Act::Send(vec![b' '; 40 * 1024 * 1024]), Act::Hang];
    for (client, outcome) in outcomes_within(flood, Duration::from_secs(10)).await {
        assert_eq!(outcome, Err(SqlError::TooLarge), "{client}");
    }
    let announced = vec![Act::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n".to_vec()), Act::Hang];
    for (client, outcome) in outcomes(announced).await {
        assert_eq!(outcome, Err(SqlError::TooLarge), "{client}");
    }
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_and_halves_nothing() {
    loses_and_halves_nothing(|sql| sql).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_and_halves_nothing_on_kept_streams() {
    loses_and_halves_nothing(keeping_streams).await;
}

/// Killed between commits that never stop: what was acknowledged is there, whole, and nothing is half
/// there; the same client goes on when the server is back.
async fn loses_and_halves_nothing(client: fn(HranaSql) -> HranaSql) {
    let mut server = Sqld::start();
    let sql = client(hrana(&server.url()).with_timeout(Duration::from_secs(2)));
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
