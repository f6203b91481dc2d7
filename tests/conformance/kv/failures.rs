//! Servers that are wrong, slow, dead or back again.

use std::sync::Arc;
use std::time::Duration;

use headlesspro_edge::host::native::fetch::NativeFetch;
use headlesspro_edge::host::native::redis::RedisKv;
use headlesspro_edge::port::kv::upstash::{InvalidUpstash, UpstashKv};
use headlesspro_edge::port::kv::{Command, Kv, KvError, MAX_ANSWER, Reply};

use super::adapters::{self, RestEndpoint};
use super::notation::command;
use super::{ECHO, run};
use crate::redis_server::RedisServer;
use crate::scripted_server::{Act, ScriptedServer};

fn client(url: &str) -> UpstashKv {
    let fetch = Arc::new(NativeFetch::new().unwrap());
    let client = UpstashKv::new(fetch, url, "secret-token").unwrap();
    client.with_timeout(Duration::from_millis(300)).with_max_bytes(1_000)
}

/// What the client makes of one command, of two, and of a transaction of two.
async fn outcomes(kv: &dyn Kv) -> [Result<Vec<Reply>, KvError>; 3] {
    let two = || vec![command("GET a"), command("GET b")];
    [kv.pipeline(vec![command("GET a")]).await, kv.pipeline(two()).await, kv.transaction(two()).await]
}

#[tokio::test]
async fn commands_go_out_as_upstash_wants_them() {
    let server = ScriptedServer::answering(200, r#"[{"result":"a"},{"result":null}]"#).await;
    let kv = client(&format!("{}/", server.url()));
    let answers = outcomes(&kv).await;
    assert!(matches!(&answers[0], Err(KvError::Garbage(_))), "{answers:?}");
    assert_eq!(answers[1], Ok(vec![Reply::text("a"), Reply::Nil]));
    assert_eq!(answers[1], answers[2]);

    let requests = server.requests();
    for (request, (path, body)) in requests.iter().zip([
        ("POST / ", r#"["GET","a"]"#),
        ("POST /pipeline ", r#"[["GET","a"],["GET","b"]]"#),
        ("POST /multi-exec ", r#"[["GET","a"],["GET","b"]]"#),
    ]) {
        assert!(request.starts_with(path) && request.ends_with(&format!("\r\n\r\n{body}")), "{request}");
        assert!(request.to_ascii_lowercase().contains("\r\nauthorization: bearer secret-token\r\n"), "{request}");
    }
    assert_eq!(requests.len(), 3);
}

#[tokio::test]
async fn what_is_not_an_answer_is_garbage() {
    for body in
        ["", "[", r#"[{"result":"a"},{"resu"#, "<html>Welcome</html>", "null", "{}", r#"[{"result":1}]"#, "[1,2]"]
    {
        let server = ScriptedServer::answering(200, body).await;
        for outcome in outcomes(&client(&server.url())).await {
            assert!(matches!(outcome, Err(KvError::Garbage(_))), "{body}: {outcome:?}");
        }
    }
    for status in [204, 302, 404, 405] {
        let server = ScriptedServer::answering(status, "").await;
        for outcome in outcomes(&client(&server.url())).await {
            assert!(matches!(outcome, Err(KvError::Garbage(_))), "{status}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn each_refusal_has_its_meaning() {
    for (status, body, expected) in [
        (401, r#"{"error":"Unauthorized"}"#, "unauthorized"),
        (401, "", "unauthorized"),
        (403, "<html>", "unauthorized"),
        (404, r#"{"error":"no such database"}"#, "refused"),
        (413, r#"{"error":"ERR max request size exceeded"}"#, "refused"),
        (429, r#"{"error":"too many requests"}"#, "unavailable"),
        (500, "Internal Server Error", "unavailable"),
        (502, "<html>bad gateway</html>", "unavailable"),
        (503, r#"{"error":"ERR Redis is not reachable"}"#, "unavailable"),
    ] {
        let server = ScriptedServer::answering(status, body).await;
        for outcome in outcomes(&client(&server.url())).await {
            let kind = match outcome.clone().unwrap_err() {
                KvError::Unauthorized => "unauthorized",
                KvError::Refused(_) => "refused",
                KvError::Unavailable(_) => "unavailable",
                _ => "other",
            };
            assert_eq!(kind, expected, "{status} {body}: {outcome:?}");
        }
    }
    // Upstash answers 400 both to a command that Redis refuses and to a group it cannot read.
    let server = ScriptedServer::answering(400, r#"{"error":"ERR syntax error"}"#).await;
    let [one, several, transaction] = outcomes(&client(&server.url())).await;
    assert_eq!(one, Ok(vec![Reply::Error("ERR syntax error".to_owned())]));
    assert_eq!(several, Err(KvError::Refused("ERR syntax error".to_owned())));
    assert_eq!(transaction, several);
}

#[tokio::test]
async fn a_connection_that_breaks_is_unavailable() {
    let head = || Act::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[{\"result\":".to_vec());
    for script in [vec![Act::Close], vec![head(), Act::Close], vec![Act::Send(b"what is this?\r\n\r\n".to_vec())]] {
        let server = ScriptedServer::start(script.clone()).await;
        for outcome in outcomes(&client(&server.url())).await {
            assert!(matches!(outcome, Err(KvError::Unavailable(_))), "{script:?}: {outcome:?}");
        }
    }
    let nobody = client("http://127.0.0.1:1");
    for outcome in outcomes(&nobody).await {
        assert!(matches!(&outcome, Err(KvError::Unavailable(reason)) if !reason.contains("secret")), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_in_time() {
    let head = Act::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[{\"result\":".to_vec());
    for script in [vec![Act::Hang], vec![head, Act::Hang], vec![Act::Wait(Duration::from_millis(900))]] {
        let server = ScriptedServer::start(script).await;
        let waited = tokio::time::timeout(Duration::from_secs(2), outcomes(&client(&server.url()))).await;
        assert_eq!(waited.unwrap(), [Err(KvError::Timeout), Err(KvError::Timeout), Err(KvError::Timeout)]);
    }
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_not_read() {
    let server = ScriptedServer::answering(200, format!(r#"{{"result":"{}"}}"#, "x".repeat(2_000))).await;
    for outcome in outcomes(&client(&server.url())).await {
        assert_eq!(outcome, Err(KvError::TooLarge(1_000)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_over_the_limit_is_too_large_and_harms_nothing() {
    const LIMIT: usize = 100_000;
    for adapter in adapters::on_a_wire(LIMIT).await {
        let (name, kv) = (adapter.name, &*adapter.kv);
        let value = "x".repeat(LIMIT / 3);
        assert_eq!(kv.command(Command::new(["SET", "k", &value])).await, Ok(Reply::ok()), "{name}");
        let get = |count: usize| (0..count).map(|_| command("GET k")).collect::<Vec<_>>();
        let echo = |count: usize| kv.script(&ECHO, vec![], vec![value.clone(); count]);
        let fitting = vec![Reply::text(&value); 2];
        let too_large = Err(KvError::TooLarge(LIMIT));
        assert_eq!(kv.pipeline(vec![command("MGET k k k k")]).await, too_large, "{name}");
        assert_eq!(kv.pipeline(get(4)).await, too_large, "{name}");
        assert_eq!(kv.transaction(get(4)).await, too_large, "{name}");
        // The store in the process runs our own scripts alone, none of which says so much.
        let has_lua = name.contains("redis-server");
        if has_lua {
            assert_eq!(echo(4).await, Err(KvError::TooLarge(LIMIT)), "{name}");
            assert_eq!(echo(2).await, Ok(Reply::Array(fitting.clone())), "{name}");
        }
        // What it was asked to do is done, and the next request hears of nothing.
        let written = vec![command("INCR n"), command("MGET k k k k")];
        assert_eq!(kv.pipeline(written).await, too_large, "{name}");
        assert_eq!(run(kv, "GET n").await, Reply::text("1"), "{name}");
        assert_eq!(run(kv, "MGET k k").await, Reply::Array(fitting.clone()), "{name}");
        assert_eq!(kv.pipeline(get(2)).await, Ok(fitting.clone()), "{name}");
        assert_eq!(kv.transaction(get(2)).await, Ok(fitting), "{name}");
        // Nor does a neighbour on the same connection.
        let (large, small) = futures_util::future::join(kv.pipeline(get(4)), kv.pipeline(get(1))).await;
        assert_eq!((large, small), (too_large, Ok(vec![Reply::text(&value)])), "{name}");
    }
}

/// Unless told otherwise, a client takes 8 MiB.
#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_an_answer_is_eight_mebibytes() {
    for adapter in adapters::on_a_wire(MAX_ANSWER).await {
        let (name, kv) = (adapter.name, &*adapter.kv);
        let mebibyte = "x".repeat(1024 * 1024);
        assert_eq!(kv.command(Command::new(["SET", "k", &mebibyte])).await, Ok(Reply::ok()), "{name}");
        let length = |replies: Result<Vec<Reply>, KvError>| replies.map(|replies| replies.len());
        assert_eq!(length(kv.pipeline(vec![command("GET k"); 7]).await), Ok(7), "{name}");
        let large = length(kv.pipeline(vec![command("GET k"); 8]).await);
        // The endpoint before a Redis server has a client of its own, with the same limit.
        let is_refused = matches!(large, Err(KvError::TooLarge(MAX_ANSWER) | KvError::Unavailable(_)));
        assert!(is_refused, "{name}: {large:?}");
    }
}

#[test]
fn settings_that_make_no_request_are_refused_at_once() {
    let client =
        |url, token| UpstashKv::new(Arc::new(NativeFetch::new().unwrap()), url, token).map(|_| ()).unwrap_err();
    for url in ["", "eu1.upstash.io", "redis://127.0.0.1:6379", "https://", "/path", "http://h/?q=1"] {
        assert_eq!(client(url, "token"), InvalidUpstash::Url, "{url}");
    }
    assert_eq!(client("https://eu1.upstash.io", "line\nbreak"), InvalidUpstash::Token);
    for url in ["", "127.0.0.1:6379", "http://127.0.0.1", "redis://user:hunter2@"] {
        let Err(KvError::Refused(reason)) = RedisKv::new(url).map(|_| ()) else { panic!("{url}") };
        assert!(!reason.contains("hunter2"), "{reason}");
    }
}

/// Calls until it works again; panics when it does not within 5 s.
async fn until_back(kv: &dyn Kv, line: &str) -> Reply {
    for _ in 0..100 {
        if let Ok(reply) = kv.command(command(line)).await {
            return reply;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{line} does not work again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_is_an_error_within_two_seconds_and_used_again_when_it_is_back() {
    let mut server = RedisServer::start();
    let tcp = Arc::new(RedisKv::new(&server.url()).unwrap());
    let endpoint = RestEndpoint::start(Arc::new(RedisKv::new(&server.url()).unwrap())).await;
    let adapters: [Arc<dyn Kv>; 2] = [tcp, Arc::new(endpoint.client())];
    for round in 1..=2 {
        for kv in &adapters {
            until_back(&**kv, "PING").await;
            assert_eq!(run(&**kv, &format!("SET round {round}")).await, Reply::ok());
            // A script the server has learnt, and forgets with the restart.
            let echo = kv.script(&ECHO, vec![], vec!["hello".to_owned()]).await;
            assert_eq!(echo, Ok(Reply::Array(vec![Reply::text("hello")])));
        }
        server.kill();
        for kv in &adapters {
            for _ in 0..5 {
                let ping = tokio::time::timeout(Duration::from_secs(2), kv.pipeline(vec![command("PING")])).await;
                assert!(matches!(ping.unwrap(), Err(KvError::Unavailable(_))));
            }
            let group = kv.transaction(vec![command("INCR n")]).await;
            assert!(matches!(group, Err(KvError::Unavailable(_))), "{group:?}");
        }
        server.restart();
        for kv in &adapters {
            assert_eq!(until_back(&**kv, "GET round").await, Reply::Nil, "the server begins empty");
            let echo = kv.script(&ECHO, vec![], vec!["again".to_owned()]).await;
            assert_eq!(echo, Ok(Reply::Array(vec![Reply::text("again")])));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_while_nobody_asks_costs_no_request() {
    let mut server = RedisServer::start();
    let kv: Arc<dyn Kv> = Arc::new(RedisKv::new(&server.url()).unwrap());
    run(&*kv, "PING").await;
    server.kill();
    server.restart();
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    assert_eq!(run(&*kv, "PING").await, Reply::text("PONG"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stands_still_is_a_timeout_within_two_seconds_and_used_again() {
    let server = RedisServer::start();
    let kv = Arc::new(RedisKv::new(&server.url()).unwrap());
    let endpoint = RestEndpoint::start(Arc::new(RedisKv::new(&server.url()).unwrap())).await;
    let rest = endpoint.client();
    run(&*kv, "SET k v").await;
    run(&rest, "SET k v").await;
    server.pause();
    for _ in 0..2 {
        let calls = (0..20).map(|_| {
            let kv = kv.clone();
            tokio::spawn(async move {
                tokio::time::timeout(Duration::from_secs(2), kv.pipeline(vec![command("GET k")])).await
            })
        });
        for call in calls.collect::<Vec<_>>() {
            assert_eq!(call.await.unwrap().unwrap(), Err(KvError::Timeout));
        }
        let over_rest = tokio::time::timeout(Duration::from_secs(2), rest.pipeline(vec![command("GET k")])).await;
        assert!(matches!(over_rest.unwrap(), Err(KvError::Unavailable(_))));
    }
    server.resume();
    assert_eq!(until_back(&*kv, "GET k").await, Reply::text("v"));
    assert_eq!(until_back(&rest, "GET k").await, Reply::text("v"));
}

#[tokio::test]
async fn a_server_that_does_not_speak_redis_is_an_error() {
    for script in [vec![Act::Send(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())], vec![Act::Close], vec![Act::Hang]] {
        let server = ScriptedServer::without_reading(script.clone()).await;
        for scheme in ["redis:", "rediss:"] {
            let kv = RedisKv::new(&server.url().replace("http:", scheme)).unwrap();
            let outcome = tokio::time::timeout(Duration::from_secs(3), kv.pipeline(vec![command("GET k")])).await;
            assert!(outcome.unwrap().is_err(), "{scheme} {script:?}");
        }
    }
}
