//! What goes out and what comes back.

use bytes::Bytes;
use http::Request;

use super::{LIMITS, adapters, get};
use crate::scripted_server::{Act, ScriptedServer};

fn every_byte() -> Vec<u8> {
    (0..=255).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_arrives_as_it_was_given() {
    for adapter in adapters() {
        let server = ScriptedServer::answering(200, "").await;
        let request = Request::post(format!("{}/a%2Fb/%C3%BC?q=1&q=%20x", server.url()))
            .header("authorization", "Bearer t")
            .header("x-many", "one")
            .header("x-many", "two")
            .header("content-type", "application/octet-stream")
            .body(Bytes::from(every_byte()))
            .unwrap();
        adapter.fetch.send(request, LIMITS).await.unwrap();
        let seen = server.requests().remove(0);
        assert!(seen.starts_with("POST /a%2Fb/%C3%BC?q=1&q=%20x HTTP/1.1\r\n"), "{}: {seen}", adapter.name);
        let head = seen.to_ascii_lowercase();
        for line in ["authorization: bearer t", "x-many: one", "x-many: two", "content-type: application/octet-stream"]
        {
            assert!(head.contains(&format!("\r\n{line}\r\n")), "{}: {line} in {head}", adapter.name);
        }
        assert!(head.contains(&format!("\r\nhost: 127.0.0.1:{}\r\n", server.port())), "{}: {head}", adapter.name);
        assert_eq!(server.last_body(), every_byte(), "{}", adapter.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_goes_out() {
    for adapter in adapters() {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let server = ScriptedServer::answering(200, "").await;
            let request = Request::builder().method(method).uri(server.url()).body(Bytes::new()).unwrap();
            assert_eq!(adapter.fetch.send(request, LIMITS).await.unwrap().status(), 200, "{}: {method}", adapter.name);
            assert!(
                server.requests()[0].starts_with(&format!("{method} / HTTP/1.1\r\n")),
                "{}: {method}",
                adapter.name
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_status_is_an_answer() {
    for adapter in adapters() {
        for status in [200, 201, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 404, 409, 418, 429, 500, 503, 599] {
            let body = if matches!(status, 204 | 304) { "" } else { "said" };
            let server = ScriptedServer::answering(status, body).await;
            let answer = get(&*adapter.fetch, &server.url()).await.unwrap();
            assert_eq!((answer.status().as_u16(), &answer.body()[..]), (status, body.as_bytes()), "{}", adapter.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_and_bytes_come_back_whole() {
    for adapter in adapters() {
        let mut answer = b"HTTP/1.1 200 OK\r\nX-Many: one\r\nx-many: two\r\nserver-timing: caf\xe9\r\n\
            set-cookie: a=1\r\nset-cookie: b=2\r\ncontent-length: 256\r\n\r\n"
            .to_vec();
        answer.extend(every_byte());
        let server = ScriptedServer::start(vec![Act::Send(answer)]).await;
        let answer = get(&*adapter.fetch, &server.url()).await.unwrap();
        let all = |name| {
            answer.headers().get_all(name).iter().map(|value| value.as_bytes()).collect::<Vec<_>>().join(&b", "[..])
        };
        assert_eq!(all("x-many"), b"one, two", "{}", adapter.name);
        assert_eq!(all("set-cookie"), b"a=1, b=2", "{}", adapter.name);
        // sqld answers with a byte that is not ASCII in a header; the answer is good all the same.
        assert!(answer.headers().contains_key("server-timing"), "{}", adapter.name);
        assert_eq!(answer.body().to_vec(), every_byte(), "{}", adapter.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_comes_whole_however_it_is_cut() {
    let wait = || Act::Wait(std::time::Duration::from_millis(20));
    let send = |text: &str| Act::Send(text.as_bytes().to_vec());
    for adapter in adapters() {
        for script in [
            vec![send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n"), wait(), send("\r\n01234"), wait(), send("56789")],
            vec![
                send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n0123\r\n"),
                wait(),
                send("6\r\n45"),
                wait(),
                send("6789\r\n0\r\n\r\n"),
            ],
            // Without a length the body ends with the connection.
            vec![send("HTTP/1.1 200 OK\r\n\r\n01234"), wait(), send("56789"), Act::Close],
        ] {
            let server = ScriptedServer::start(script.clone()).await;
            let answer = get(&*adapter.fetch, &server.url()).await.unwrap();
            assert_eq!(answer.body().as_ref(), b"0123456789", "{}: {script:?}", adapter.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed() {
    for adapter in adapters() {
        let elsewhere = ScriptedServer::answering(200, "elsewhere").await;
        for status in [301, 302, 303, 307, 308] {
            let answer =
                format!("HTTP/1.1 {status} Moved\r\nlocation: {}/\r\ncontent-length: 0\r\n\r\n", elsewhere.url());
            let server = ScriptedServer::start(vec![Act::Send(answer.into_bytes())]).await;
            let answer = get(&*adapter.fetch, &server.url()).await.unwrap();
            assert_eq!(answer.status().as_u16(), status, "{}", adapter.name);
            assert!(
                answer.headers()["location"].as_bytes().starts_with(elsewhere.url().as_bytes()),
                "{}",
                adapter.name
            );
        }
        assert_eq!(elsewhere.requests().len(), 0, "{}", adapter.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_connection_that_the_server_has_closed_is_no_error() {
    for adapter in adapters() {
        // The answer promises to keep the connection, and the server closes it all the same.
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec();
        let server = ScriptedServer::start(vec![Act::Send(answer), Act::Close]).await;
        for round in 0..20 {
            let request = Request::post(server.url()).body(Bytes::from_static(b"[]")).unwrap();
            let answer = adapter.fetch.send(request, LIMITS).await;
            assert!(answer.is_ok(), "{}: round {round}: {answer:?}", adapter.name);
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_run_side_by_side() {
    for adapter in adapters() {
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok".to_vec();
        let wait = Act::Wait(std::time::Duration::from_millis(100));
        let server = ScriptedServer::start(vec![wait, Act::Send(answer)]).await;
        let mut requests = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let (fetch, url) = (adapter.fetch.clone(), server.url());
            requests.spawn(async move { get(&*fetch, &url).await });
        }
        // One after the other they would take 5 s.
        let answers = tokio::time::timeout(std::time::Duration::from_secs(2), requests.join_all()).await.unwrap();
        assert!(answers.iter().all(Result::is_ok), "{}: {answers:?}", adapter.name);
    }
}
