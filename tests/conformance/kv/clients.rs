//! Our REST endpoint as others use it: Upstash's own clients, and HTTP by hand.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use headlesspro_edge::host::native::fetch::NativeFetch;
use headlesspro_edge::host::native::redis::RedisKv;
use headlesspro_edge::port::fetch::{Fetch, Limits};
use http::Request;
use http::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::adapters::{self, RestEndpoint, TOKEN};
use crate::redis_server::RedisServer;

/// Runs `tests/clients/upstash.mjs` against `endpoint`.
async fn run_upstash_clients(endpoint: &RestEndpoint, backend: &str) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests");
    assert!(tests.join("node_modules/@upstash/redis").exists(), "run `npm ci --ignore-scripts` in tests/ first");
    let node = tokio::process::Command::new("node")
        .arg(tests.join("clients/upstash.mjs"))
        .args([&endpoint.url, TOKEN, backend])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output =
        tokio::time::timeout(Duration::from_secs(60), node).await.expect("node ends").expect("node is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn upstash_clients_work_on_the_in_process_store() {
    run_upstash_clients(&RestEndpoint::start(adapters::in_process()).await, "memory").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn upstash_clients_work_on_redis_server() {
    let server = RedisServer::start();
    let endpoint = RestEndpoint::start(Arc::new(RedisKv::new(&server.url()).unwrap())).await;
    run_upstash_clients(&endpoint, "redis").await;
}

/// Status and JSON of one request; `authorization` empty for none.
async fn ask(endpoint: &RestEndpoint, method: &str, path: &str, authorization: &str, body: &str) -> (u16, Value) {
    let mut request = Request::new(Bytes::from(body.to_owned()));
    *request.method_mut() = method.parse().unwrap();
    *request.uri_mut() = format!("{}{path}", endpoint.url).parse().unwrap();
    if !authorization.is_empty() {
        request.headers_mut().insert(AUTHORIZATION, authorization.parse().unwrap());
    }
    let answer = NativeFetch::new().unwrap().send(request, Limits::OPERATOR).await.unwrap();
    let body = match answer.body().is_empty() {
        true => Value::Null,
        false => serde_json::from_slice(answer.body()).unwrap(),
    };
    (answer.status().as_u16(), body)
}

async fn ask_with_token(endpoint: &RestEndpoint, method: &str, path: &str, body: &str) -> (u16, Value) {
    ask(endpoint, method, path, &format!("Bearer {TOKEN}"), body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_token_opens_the_endpoint() {
    let endpoint = RestEndpoint::start(adapters::in_process()).await;
    let refused = (401, json!({"error": "Unauthorized"}));
    for authorization in ["", "Bearer", "Bearer ", "Bearer wrong", "Basic dG9rZW4=", TOKEN] {
        for path in ["/", "/pipeline", "/get/k", "/nosuch?_token=wrong"] {
            assert_eq!(
                ask(&endpoint, "POST", path, authorization, "[\"PING\"]").await,
                refused,
                "{authorization} {path}"
            );
        }
    }
    let longer = format!("Bearer {TOKEN}x");
    assert_eq!(ask(&endpoint, "GET", "/ping", &longer, "").await, refused);
    let pong = (200, json!({"result": "PONG"}));
    assert_eq!(ask(&endpoint, "GET", "/ping", &format!("bearer {TOKEN}"), "").await, pong);
    assert_eq!(ask(&endpoint, "GET", &format!("/ping?_token={}", TOKEN.replace(' ', "%20")), "", "").await, pong);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_can_be_the_path() {
    let endpoint = RestEndpoint::start(adapters::in_process()).await;
    let result = |result: Value| (200, json!({ "result": result }));
    for (method, path, body, expected) in [
        ("GET", "/set/k/v%2F%20%C3%BC", "", json!("OK")),
        ("GET", "/get/k", "", json!("v/ ü")),
        ("GET", "/GET/k/", "", json!("v/ ü")),
        ("POST", "/set/k", "a body\nas it is", json!("OK")),
        ("PUT", "/append/k", "!", json!(16)),
        ("GET", "/get/k", "", json!("a body\nas it is!")),
        ("POST", "/set/k?EX=100&NX", "x", Value::Null),
        ("POST", "/set/k?EX=100", "x", json!("OK")),
        ("GET", "/ttl/k", "", json!(100)),
        ("GET", "/hgetall/none", "", json!([])),
    ] {
        assert_eq!(ask_with_token(&endpoint, method, path, body).await, result(expected), "{method} {path}");
    }
    assert_eq!(ask_with_token(&endpoint, "HEAD", "/ping", "").await, (200, Value::Null));
    assert_eq!(ask_with_token(&endpoint, "DELETE", "/ping", "").await.0, 405);
    let wrong = ask_with_token(&endpoint, "GET", "/get", "").await;
    assert_eq!(wrong, (400, json!({"error": "ERR wrong number of arguments for 'get' command"})));
    assert_eq!(ask_with_token(&endpoint, "GET", "/get/%ff", "").await.0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_bodies_are_refused_in_words() {
    let endpoint = RestEndpoint::start(adapters::in_process()).await;
    for path in ["/", "/pipeline", "/multi-exec"] {
        for body in [
            "",
            "{",
            "null",
            "{}",
            "\"PING\"",
            "[]",
            "[[]]",
            "[null]",
            "[[null]]",
            "[[[\"PING\"]]]",
            "[\"SET\",{}]",
            "\u{1}",
        ] {
            let (status, answer) = ask_with_token(&endpoint, "POST", path, body).await;
            assert!(
                status == 400 && answer["error"].as_str().unwrap().starts_with("ERR"),
                "{path} {body}: {status} {answer}"
            );
        }
    }
    let numbers = ask_with_token(&endpoint, "POST", "/", r#"["MSET","a",1,"b",2.5,"c",true]"#).await;
    assert_eq!(numbers, (200, json!({"result": "OK"})));
    let (_, values) = ask_with_token(&endpoint, "POST", "/", r#"["MGET","a","b","c"]"#).await;
    assert_eq!(values["result"], json!(["1", "2.5", "true"]));
    let huge = format!("[\"SET\",\"k\",\"{}\"]", "x".repeat(11 * 1024 * 1024));
    assert_eq!(ask_with_token(&endpoint, "POST", "/", &huge).await.0, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_redis_is_said_so() {
    let mut server = RedisServer::start();
    let endpoint = RestEndpoint::start(Arc::new(RedisKv::new(&server.url()).unwrap())).await;
    server.kill();
    for (path, body) in [("/", "[\"PING\"]"), ("/pipeline", "[[\"PING\"]]"), ("/multi-exec", "[[\"PING\"]]")] {
        let (status, answer) = ask_with_token(&endpoint, "POST", path, body).await;
        assert_eq!(status, 503, "{path}: {answer}");
        assert!(answer["error"].as_str().unwrap().starts_with("ERR Redis is not reachable"), "{answer}");
    }
}
