//! Time, size, and servers that are not there.

use std::time::Duration;

use bytes::Bytes;
use headlesspro_edge::port::fetch::{FetchError, Limits};
use http::Request;

use super::{LIMITS, adapters, get};
use crate::scripted_server::{Act, ScriptedServer};

fn send(text: &str) -> Act {
    Act::Send(text.as_bytes().to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_limit_holds_from_the_first_byte_to_the_last() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n";
    let drip = std::iter::repeat_n([send("x"), Act::Wait(Duration::from_millis(100))], 100).flatten();
    for adapter in adapters() {
        for script in [
            vec![Act::Hang],
            vec![send("HTTP/1.1 200"), Act::Hang],
            vec![send(head), Act::Hang],
            // Never silent for long, and never done.
            [send(head)].into_iter().chain(drip.clone()).collect(),
        ] {
            let server = ScriptedServer::start(script.clone()).await;
            let within = tokio::time::timeout(LIMITS.timeout * 2, get(&*adapter.fetch, &server.url())).await;
            let shown = &script[..script.len().min(2)];
            assert_eq!(
                within.unwrap().unwrap_err(),
                FetchError::Timeout(LIMITS.timeout),
                "{}: {shown:?}",
                adapter.name
            );
        }
        // A request after one that was given up is not harmed by it.
        let server = ScriptedServer::answering(200, "ok").await;
        assert!(get(&*adapter.fetch, &server.url()).await.is_ok(), "{}", adapter.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_the_largest_size_is_read_and_one_byte_more_is_not() {
    for adapter in adapters() {
        for (size, fits) in [(0, true), (999, true), (1_000, true), (1_001, false), (5_000_000, false)] {
            let body = "x".repeat(size);
            let announced = format!("HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n{body}");
            let chunked = match size {
                0 => "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
                _ => format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{size:x}\r\n{body}\r\n0\r\n\r\n"),
            };
            let unannounced = format!("HTTP/1.1 200 OK\r\n\r\n{body}");
            for answer in [announced, chunked, unannounced] {
                let server = ScriptedServer::start(vec![send(&answer)]).await;
                let outcome = get(&*adapter.fetch, &server.url()).await;
                match fits {
                    true => assert_eq!(outcome.unwrap().body().len(), size, "{}", adapter.name),
                    false => assert_eq!(outcome.unwrap_err(), FetchError::TooLarge(1_000), "{}: {size}", adapter.name),
                }
            }
        }
        // A body without end is given up on long before the time limit.
        let endless =
            std::iter::once(send("HTTP/1.1 200 OK\r\n\r\n")).chain(std::iter::repeat_n(send(&"x".repeat(10_000)), 100));
        let server = ScriptedServer::start(endless.chain([Act::Hang]).collect()).await;
        let outcome = get(&*adapter.fetch, &server.url()).await;
        assert_eq!(outcome.unwrap_err(), FetchError::TooLarge(1_000), "{}", adapter.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_fails_or_breaks_says_so() {
    for adapter in adapters() {
        for script in [
            vec![Act::Close],
            vec![send("HTTP/1.1 2"), Act::Close],
            vec![send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n0123"), Act::Close],
            vec![send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n0123\r\n"), Act::Close],
            vec![send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nwhat\r\n"), Act::Close],
            vec![send("this is no HTTP\r\n\r\n"), Act::Close],
        ] {
            let server = ScriptedServer::start(script.clone()).await;
            let outcome = get(&*adapter.fetch, &server.url()).await;
            assert!(matches!(outcome, Err(FetchError::Connection(_))), "{}: {script:?}: {outcome:?}", adapter.name);
        }
        for url in ["http://127.0.0.1:1/?token=hunter2", "http://no-such-host.invalid/?token=hunter2"] {
            // Looking up a name may take longer than the connection to one's own machine.
            let limits = Limits { timeout: Duration::from_secs(10), ..LIMITS };
            let outcome = adapter.fetch.send(Request::get(url).body(Bytes::new()).unwrap(), limits).await;
            let Err(FetchError::Connection(reason)) = outcome else { panic!("{}: {url}: {outcome:?}", adapter.name) };
            assert!(!reason.contains("hunter2"), "{}: the reason may be logged: {reason}", adapter.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_absolute_http_url_is_refused() {
    for adapter in adapters() {
        for url in ["/path", "ftp://127.0.0.1/", "example.com:80", "*"] {
            let outcome = get(&*adapter.fetch, url).await;
            let refused = matches!(outcome, Err(FetchError::Refused(_) | FetchError::Connection(_)));
            assert!(refused, "{}: {url}: {outcome:?}", adapter.name);
        }
    }
}
