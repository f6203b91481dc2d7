//! Our Hrana endpoint as others use it: the real clients, and HTTP by hand.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use headlesspro_edge::host::native::fetch::NativeFetch;
use headlesspro_edge::host::native::hrana_server;
use headlesspro_edge::host::native::libsql::{Durability, EmbeddedSql};
use headlesspro_edge::port::fetch::{Fetch, Limits};
use headlesspro_edge::port::sql::hrana::HranaSql;
use headlesspro_edge::port::sql::{Sql, SqlError, Statement, Value};
use http::Request;
use http::header::AUTHORIZATION;
use serde_json::json;

use super::{cell, execute};
use crate::serve::serve;
use crate::sqld::Sqld;
use crate::task::Task;

const TOKEN: &str = "a secret";

/// The endpoint over an embedded database of its own.
pub struct Endpoint {
    pub url: String,
    sql: EmbeddedSql,
    _server: Task,
    _folder: tempfile::TempDir,
}

impl Endpoint {
    pub async fn start() -> Endpoint {
        let folder = tempfile::tempdir().unwrap();
        let sql = EmbeddedSql::open(folder.path().join("shop.db"), Durability::Process).unwrap();
        let (url, server) = serve(hrana_server::router(sql.clone(), TOKEN)).await;
        Endpoint { url, sql, _server: server, _folder: folder }
    }

    pub fn client(&self) -> HranaSql {
        HranaSql::new(&self.url, Some(TOKEN), Arc::new(NativeFetch::new().unwrap())).unwrap()
    }

    /// Status and JSON of one request.
    async fn post(&self, path: &str, body: serde_json::Value) -> (u16, serde_json::Value) {
        let mut request = Request::post(format!("{}{path}", self.url)).body(Bytes::from(body.to_string())).unwrap();
        request.headers_mut().insert(AUTHORIZATION, format!("Bearer {TOKEN}").parse().unwrap());
        let answer = NativeFetch::new().unwrap().send(request, Limits::OPERATOR).await.unwrap();
        (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap())
    }

    async fn get(&self, path: &str) -> u16 {
        let request = Request::get(format!("{}{path}", self.url)).body(Bytes::new()).unwrap();
        NativeFetch::new().unwrap().send(request, Limits::OPERATOR).await.unwrap().status().as_u16()
    }
}

/// Runs `tests/clients/libsql.mjs`.
async fn run_libsql_clients(url: &str, server: &str) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests");
    assert!(tests.join("node_modules/@libsql/client").exists(), "run `npm ci --ignore-scripts` in tests/ first");
    let node = tokio::process::Command::new("node")
        .arg(tests.join("clients/libsql.mjs"))
        .args([url, TOKEN, server])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output =
        tokio::time::timeout(Duration::from_secs(90), node).await.expect("node ends").expect("node is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_clients_work_on_our_endpoint() {
    run_libsql_clients(&Endpoint::start().await.url, "ours").await;
}

/// Shows that what the script expects is what the real server does.
#[tokio::test(flavor = "multi_thread")]
async fn the_real_clients_work_on_the_real_server() {
    run_libsql_clients(&Sqld::start().url(), "sqld").await;
}

#[tokio::test]
async fn clients_can_ask_which_versions_there_are() {
    let endpoint = Endpoint::start().await;
    for (path, status) in [("/v2", 200), ("/v3", 200), ("/v3-protobuf", 404), ("/v3/pipeline", 405), ("/v1", 404)] {
        assert_eq!(endpoint.get(path).await, status, "{path}");
    }
}

#[tokio::test]
async fn only_the_token_opens_the_endpoint() {
    let endpoint = Endpoint::start().await;
    for token in [None, Some("wrong"), Some("a secre"), Some("a secretly")] {
        let stranger = HranaSql::new(&endpoint.url, token, Arc::new(NativeFetch::new().unwrap())).unwrap();
        let refused = (&stranger as &dyn Sql).read(vec![Statement::new("SELECT 1")]).await;
        assert_eq!(refused, Err(SqlError::Unauthorized), "{token:?}");
    }
    assert_eq!(cell(&endpoint.client(), "SELECT 1").await, Value::Integer(1));
}

#[tokio::test]
async fn a_baton_continues_its_stream_and_works_once() {
    let endpoint = Endpoint::start().await;
    execute(&endpoint.sql, "CREATE TABLE t (a INTEGER) STRICT").await;
    let execute = |sql: &str| json!({"type": "execute", "stmt": {"sql": sql}});
    let (status, begun) = endpoint
        .post("/v3/pipeline", json!({"requests": [
            {"type": "store_sql", "sql_id": 1, "sql": "INSERT INTO t VALUES (?)"},
            execute("BEGIN"),
            {"type": "execute", "stmt": {"sql_id": 1, "args": [{"type": "integer", "value": "5"}], "want_rows": false}},
            {"type": "get_autocommit"},
            {"type": "describe", "sql": "SELECT a AS b, :x FROM t"},
        ]}))
        .await;
    assert_eq!(status, 200);
    assert_eq!(begun["results"][2]["response"]["result"]["affected_row_count"], 1);
    assert_eq!(begun["results"][3]["response"], json!({"type": "get_autocommit", "is_autocommit": false}));
    assert_eq!(
        begun["results"][4]["response"]["result"],
        json!({
            "params": [{"name": ":x"}],
            "cols": [{"name": "b", "decltype": "INTEGER"}, {"name": ":x", "decltype": null}],
            "is_explain": false,
            "is_readonly": true,
        })
    );
    assert_eq!(cell(&endpoint.sql, "SELECT count(*) FROM t").await, Value::Integer(0));

    let go_on =
        json!({"baton": begun["baton"], "requests": [execute("COMMIT"), {"type": "close"}, execute("SELECT 1")]});
    let (status, ended) = endpoint.post("/v2/pipeline", go_on.clone()).await;
    assert_eq!((status, &ended["baton"]), (200, &json!(null)));
    assert_eq!(ended["results"][2]["error"]["code"], "STREAM_CLOSED");
    assert_eq!(cell(&endpoint.sql, "SELECT count(*) FROM t").await, Value::Integer(1));

    let (status, again) = endpoint.post("/v3/pipeline", go_on).await;
    assert_eq!((status, &again["code"]), (400, &json!("STREAM_EXPIRED")));
}

#[tokio::test]
async fn what_is_no_request_is_refused_in_words() {
    let endpoint = Endpoint::start().await;
    for body in [json!(null), json!([]), json!({}), json!({"requests": [{"type": "drop"}]}), json!({"requests": 1})] {
        let (status, answer) = endpoint.post("/v3/pipeline", body.clone()).await;
        assert_eq!((status, &answer["code"]), (400, &json!("HTTP_BODY_INVALID")), "{body}");
    }
    let steps = json!([{"condition": {"type": "ok", "step": 9}, "stmt": {"sql": "SELECT 1"}}]);
    let batch = json!({"requests": [{"type": "batch", "batch": {"steps": steps}}]});
    let (_, answer) = endpoint.post("/v3/pipeline", batch).await;
    assert_eq!(answer["results"][0]["error"]["code"], "BATCH_COND_BAD_STEP");
    for statement in [json!({}), json!({"sql_id": 7}), json!({"sql": "SELECT 1", "sql_id": 7})] {
        let (_, answer) =
            endpoint.post("/v3/pipeline", json!({"requests": [{"type": "execute", "stmt": statement}]})).await;
        assert_eq!(answer["results"][0]["type"], "error", "{statement}");
    }
}

/// A stream that writes holds everybody else up, in turn and not for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_transaction_gives_way_after_five_seconds() {
    let endpoint = Endpoint::start().await;
    execute(&endpoint.sql, "CREATE TABLE t (a INTEGER) STRICT").await;
    let requests =
        ["BEGIN IMMEDIATE", "INSERT INTO t VALUES (1)"].map(|sql| json!({"type": "execute", "stmt": {"sql": sql}}));
    let (_, begun) = endpoint.post("/v3/pipeline", json!({"requests": requests})).await;
    assert!(begun["baton"].is_string());
    // Reads do not wait.
    assert_eq!(cell(&endpoint.sql, "SELECT count(*) FROM t").await, Value::Integer(0));
    let waited = tokio::time::Instant::now();
    execute(&endpoint.sql, "INSERT INTO t VALUES (2)").await;
    assert!((Duration::from_secs(4)..Duration::from_secs(7)).contains(&waited.elapsed()), "{:?}", waited.elapsed());
    assert_eq!(cell(&endpoint.sql, "SELECT group_concat(a) FROM t").await, Value::from("2"));
}
