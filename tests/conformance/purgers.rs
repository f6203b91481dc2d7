//! What every CDN's adapter makes of what the CDN answers.

use std::sync::Arc;
use std::time::Duration;

use headlesspro_edge::host::native::fetch::NativeFetch;
use headlesspro_edge::port::purger::{CachePurger, Cdn, PurgeError};

use crate::scripted_server::{Act, ScriptedServer};

const ADAPTERS: [&str; 3] = ["cloudflare:zone", "fastly:service", "fastly-soft:service"];

fn purger(adapter: &str, origin: &str) -> Arc<dyn CachePurger> {
    let cdn: Cdn = format!("{adapter} {origin}").parse().unwrap();
    cdn.purger("s3cret", Arc::new(NativeFetch::new().unwrap())).unwrap()
}

/// What becomes of a purge that is answered so, and what the CDN was sent.
async fn purged(adapter: &str, answer: &str) -> (Result<(), PurgeError>, String) {
    let server = ScriptedServer::start(vec![Act::Send(answer.replace('\n', "\r\n").into_bytes())]).await;
    let result = purger(adapter, &server.url()).purge(vec!["prod_1".to_owned(), "products-s".to_owned()]).await;
    (result, server.requests().concat())
}

#[tokio::test]
async fn what_is_taken_back_is_told_with_its_tags_and_the_token() {
    for adapter in ADAPTERS {
        let well = "HTTP/1.1 200 OK\ncontent-length: 16\n\n{\"success\":true}";
        let (result, sent) = purged(adapter, well).await;
        assert_eq!(result, Ok(()), "{adapter}");
        let (head, body) = sent.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /") && head.contains("s3cret"), "{adapter}: {head}");
        assert!(body.contains(r#"["prod_1","products-s"]"#), "{adapter}: {body}");
        assert_eq!(head.to_ascii_lowercase().contains("fastly-soft-purge: 1"), adapter.contains("soft"), "{head}");
    }
}

#[tokio::test]
async fn what_is_not_taken_says_when_to_come_again() {
    for adapter in ADAPTERS {
        for (status, retry_after, expected) in [
            (503, "", None),
            (500, "retry-after: 3\n", Some(3)),
            (429, "Retry-After: 90\n", Some(90)),
            (429, "retry-after: Fri, 31 Dec 2027 23:59:59 GMT\n", None),
            (429, "retry-after: -1\n", None),
            (401, "", None),
        ] {
            let answer = format!("HTTP/1.1 {status} No\n{retry_after}content-length: 2\n\n{{}}");
            let (result, _) = purged(adapter, &answer).await;
            let error = PurgeError::Refused { status, retry_after: expected.map(Duration::from_secs) };
            assert_eq!(result, Err(error), "{adapter}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_cdn_that_is_not_there_or_hangs_up_takes_nothing() {
    for adapter in ADAPTERS {
        for answer in ["", "HTTP/1.1 200 OK\ncontent-length: 99\n\n{", "nonsense\n\n"] {
            let (result, _) = purged(adapter, answer).await;
            assert!(matches!(result, Err(PurgeError::Fetch(_))), "{adapter}: {answer}: {result:?}");
        }
        let nobody = {
            let server = ScriptedServer::start(Vec::new()).await;
            server.url()
        };
        let result = purger(adapter, &nobody).purge(vec!["prod_1".to_owned()]).await;
        assert!(matches!(result, Err(PurgeError::Fetch(_))), "{adapter}: {result:?}");
    }
}
