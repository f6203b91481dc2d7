//! What the two wasm hosts add below the router: settings, the shape of requests and answers, and outbound
//! HTTP when the other side fails; and both beside `hp dev`, as a developer runs them. Each host runs the built module
//! on its real runtime.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod beside_dev;

#[path = "../support/client.rs"]
#[expect(dead_code, reason = "the scenario uses the rest")]
mod client;
#[path = "../support/hosts.rs"]
#[expect(dead_code, reason = "the benchmark and the scenario use the rest")]
mod hosts;
#[path = "../support/openapi.rs"]
mod openapi;
#[path = "../scenario/product_file.rs"]
#[expect(dead_code, reason = "the scenario uses the rest")]
mod product_file;
#[path = "../commands/program.rs"]
#[expect(dead_code, reason = "the commands' suite uses the rest")]
mod program;
#[path = "../support/scripted_server.rs"]
#[expect(dead_code, reason = "the conformance suite uses the rest")]
mod scripted_server;
#[path = "../support/secrets.rs"]
#[expect(dead_code, reason = "the scenario uses the rest")]
mod secrets;
#[path = "../support/task.rs"]
mod task;
#[path = "../support/texts_like_secrets.rs"]
mod texts_like_secrets;
#[path = "../scenario/world.rs"]
#[expect(dead_code, reason = "the scenario uses the rest")]
mod world;

use std::time::{Duration, Instant};

use headlesspro_shared::identity::{KeyKind, mint_api_key};
use headlesspro_shared::kernel::id::{OrganizationId, StoreId};
use hosts::{Host, Setting};
use scripted_server::{Act, ScriptedServer};
use secrets::{LOOKUP_KEY, MASTER_KEYS};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

type Start = fn(&[Setting]) -> Result<Host, String>;

const HOSTS: [(&str, Start); 2] = [("workerd", start_workerd), ("spin", start_spin)];

/// The settings with the secrets that every host wants.
fn with_secrets<'a>(settings: &[Setting<'a>]) -> Vec<Setting<'a>> {
    [settings, &[("MASTER_KEYS", MASTER_KEYS), ("LOOKUP_KEY", LOOKUP_KEY)]].concat()
}

fn start_worker(settings: &[Setting]) -> Result<Host, String> {
    hosts::start_worker(&with_secrets(settings))
}

fn start_workerd(settings: &[Setting]) -> Result<Host, String> {
    hosts::start_workerd(&with_secrets(settings))
}

fn start_spin(settings: &[Setting]) -> Result<Host, String> {
    hosts::start_spin(&with_secrets(settings))
}

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:1";

/// The document is served from a file; what makes it is for the command line and the tests.
#[test]
fn the_generator_of_the_openapi_document_is_in_no_module() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for module in ["edge/build/index_bg.wasm", "target/spin/headlesspro.wasm"] {
        let bytes = std::fs::read(root.join(module)).unwrap_or_else(|error| panic!("{module}: {error}"));
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(holds("getOpenApiDocument"), "{module} does not serve the document");
        assert!(!holds(headlesspro_edge::openapi::REQUESTS), "{module} holds the generator");
    }
}

#[tokio::test]
async fn a_missing_setting_is_named_and_not_a_panic() {
    for (name, start) in HOSTS {
        let host = start(&[("REDIS_URL", NOWHERE)]).unwrap();
        let (status, problem) = products(&host).await;
        assert_eq!((status, &problem["code"]), (503, &"misconfigured".into()), "{name}");
        assert!(problem["detail"].as_str().unwrap().contains("DATABASE_URL"), "{name}: {problem}");
    }
}

#[tokio::test]
async fn a_setting_that_makes_no_sense_is_named_without_its_value() {
    for (name, start) in HOSTS {
        let host = start(&[("DATABASE_URL", "ftp://hidden.example"), ("REDIS_URL", NOWHERE)]).unwrap();
        let (status, problem) = products(&host).await;
        assert_eq!((status, &problem["code"]), (503, &"misconfigured".into()), "{name}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("DATABASE_URL") && !detail.contains("hidden"), "{name}: {detail}");
    }
}

#[tokio::test]
async fn a_directory_that_makes_no_sense_is_named_without_what_may_be_a_token() {
    for (name, start) in HOSTS {
        for directory in ["hidden", "org_01h455vb4pex5vsknk084sn02q ftp://hidden.example hidden"] {
            let directory = ("DATABASE_DIRECTORY", directory);
            let host = start(&[("DATABASE_URL", NOWHERE), ("REDIS_URL", NOWHERE), directory]).unwrap();
            let (status, problem) = products(&host).await;
            assert_eq!((status, &problem["code"]), (503, &"misconfigured".into()), "{name}");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains("DATABASE_DIRECTORY: entry 1:"), "{name}: {detail}");
            assert!(!detail.contains("hidden"), "{name}: {detail}");
        }
    }
}

#[tokio::test]
async fn a_rate_limit_that_makes_no_sense_is_named() {
    for (name, start) in HOSTS {
        let limits = ("RATE_LIMITS", "read=600/60s:120,write=fast");
        let host = start(&[("DATABASE_URL", NOWHERE), ("REDIS_URL", NOWHERE), limits]).unwrap();
        let (status, problem) = products(&host).await;
        assert_eq!((status, &problem["code"]), (503, &"misconfigured".into()), "{name}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("RATE_LIMITS") && detail.contains("write=fast"), "{name}: {detail}");
    }
}

#[tokio::test]
async fn a_database_that_fails_is_503_and_the_host_lives_on() {
    let cut_short = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"baton\"".to_vec();
    let endless = [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b' '; 40_000_000]].concat();
    let announced = b"HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n{".to_vec();
    let elsewhere = b"HTTP/1.1 307 Temporary Redirect\r\nlocation: /healthz\r\ncontent-length: 0\r\n\r\n".to_vec();
    for (fault, script) in [
        ("closes at once", vec![Act::Close]),
        ("dies in the middle of its answer", vec![Act::Send(cut_short), Act::Close]),
        ("answers garbage", vec![Act::Send(b"SMTP 220 hello\r\n\r\n".to_vec()), Act::Close]),
        ("answers without end", vec![Act::Send(endless), Act::Close]),
        ("announces too much", vec![Act::Send(announced), Act::Hang]),
        ("sends us elsewhere", vec![Act::Send(elsewhere), Act::Close]),
    ] {
        let database = ScriptedServer::start(script).await;
        for (name, start) in HOSTS {
            let host = start(&[("DATABASE_URL", &database.url()), ("REDIS_URL", NOWHERE)]).unwrap();
            assert_unavailable(&host, &format!("{name}, database {fault}")).await;
        }
    }
    for (name, start) in HOSTS {
        let host = start(&[("DATABASE_URL", NOWHERE), ("REDIS_URL", NOWHERE)]).unwrap();
        assert_unavailable(&host, &format!("{name}, no database")).await;
    }
}

#[tokio::test]
async fn a_database_that_never_answers_is_given_up_on() {
    let database = ScriptedServer::start(vec![Act::Hang]).await;
    let hosts =
        HOSTS.map(|(name, start)| (name, start(&[("DATABASE_URL", &database.url()), ("REDIS_URL", NOWHERE)]).unwrap()));
    let [(_, worker), (_, spin)] = &hosts;
    let started = now();
    let answers = tokio::join!(products(worker), products(spin));
    assert_eq!((answers.0.0, answers.1.0), (503, 503));
    // Once, for the ten seconds that a request to a database may take.
    assert!(started.elapsed() < Duration::from_secs(18), "{:?}", started.elapsed());
    for (name, host) in &hosts {
        assert_eq!(get(host, "/healthz").await.0, 200, "{name} serves others");
    }
}

/// An instance on Spin serves 16 requests at a time, and a Worker all of them in one isolate.
#[tokio::test]
async fn requests_that_wait_do_not_hold_up_others() {
    let database = ScriptedServer::start(vec![Act::Wait(Duration::from_millis(300)), Act::Close]).await;
    for (name, start) in HOSTS {
        let host = start(&[("DATABASE_URL", &database.url()), ("REDIS_URL", NOWHERE)]).unwrap();
        assert_eq!(get(&host, "/healthz").await.0, 200, "{name} is warm");
        let started = now();
        let waiting: Vec<_> = (0..100).map(|_| products(&host)).collect();
        for (status, _) in futures_util::future::join_all(waiting).await {
            assert_eq!(status, 503, "{name}");
        }
        assert!(started.elapsed() < Duration::from_secs(10), "{name}: {:?}", started.elapsed());
    }
}

#[tokio::test]
async fn what_http_libraries_refuse_is_a_clean_answer() {
    let endless = format!("GET /{} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", "a".repeat(70_000)).into_bytes();
    for (name, start) in HOSTS {
        let host = start(&[("DATABASE_URL", NOWHERE), ("REDIS_URL", NOWHERE)]).unwrap();
        for (what, request) in [
            (
                "a header above ASCII",
                b"GET /healthz HTTP/1.1\r\nhost: a\r\nx-note: \xff\xfe\r\nconnection: close\r\n\r\n".to_vec(),
            ),
            (
                "a path of broken UTF-8",
                b"GET /products/\xff\xc3\x28 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".to_vec(),
            ),
            ("an escape that is none", b"GET /products/%zz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".to_vec()),
            (
                "brackets and bars",
                b"GET /products/a|b^c{d}?x=[1]|2 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".to_vec(),
            ),
            ("an endless path", endless.clone()),
        ] {
            let status = status_of(&host, &request).await;
            assert!((200..500).contains(&status), "{name}, {what}: {status}");
        }
        assert_eq!(get(&host, "/healthz").await.0, 200, "{name} serves others");
    }
}

#[tokio::test]
async fn an_answer_says_its_length_and_the_router_sees_one_shape_of_request() {
    for (name, start) in HOSTS {
        let host = start(&[("DATABASE_URL", NOWHERE), ("REDIS_URL", NOWHERE)]).unwrap();
        let answer = reqwest::get(format!("{}/healthz?x=1", host.url)).await.unwrap();
        assert_eq!(answer.headers()["content-length"], "15", "{name}");
        assert_eq!(answer.text().await.unwrap(), r#"{"status":"ok"}"#, "{name}");
        let head = reqwest::Client::new().head(format!("{}/healthz", host.url)).send().await.unwrap();
        assert_eq!((head.status().as_u16(), head.bytes().await.unwrap().len()), (200, 0), "{name}");
    }
}

#[tokio::test]
async fn miniflare_runs_the_same_worker_and_ends_with_its_test() {
    let host = start_worker(&[("DATABASE_URL", NOWHERE), ("REDIS_URL", NOWHERE)]).unwrap();
    assert_eq!(get(&host, "/healthz").await.0, 200);
    let url = host.url.clone();
    drop(host);
    assert!(reqwest::get(format!("{url}/healthz")).await.is_err());
}

async fn assert_unavailable(host: &Host, case: &str) {
    let (status, problem) = products(host).await;
    assert_eq!((status, &problem["code"]), (503, &"database-unavailable".into()), "{case}: {problem}");
    assert_eq!(get(host, "/healthz").await.0, 200, "{case}: the host serves others");
}

/// A read that asks the database first.
async fn products(host: &Host) -> (u16, Value) {
    get(host, "/api/v1/products").await
}

async fn get(host: &Host, path: &str) -> (u16, Value) {
    let key = mint_api_key(KeyKind::Publishable, OrganizationId::from_u128(1), StoreId::from_u128(2), [7; 20]);
    let request = reqwest::Client::new().get(format!("{}{path}", host.url)).bearer_auth(key);
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
}

/// The status of the answer to these very bytes.
async fn status_of(host: &Host, request: &[u8]) -> u16 {
    let mut socket = TcpStream::connect(host.url.trim_start_matches("http://")).await.unwrap();
    socket.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    let _reset_after_the_answer = socket.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("an HTTP answer")
}

#[expect(clippy::disallowed_methods, reason = "a native test that measures")]
fn now() -> Instant {
    Instant::now()
}
