//! The Defer port, on every host's adapter: what was deferred is done, all of it, though its client has its answer
//! and has gone.

use std::sync::Arc;
use std::time::Duration;

use headlesspro_edge::host::native::fetch::NativeFetch;
use headlesspro_edge::host::native::server::SpawnDefer;
use headlesspro_edge::port::defer::Defer;
use headlesspro_edge::port::fetch::{Fetch, Limits};

use crate::remote;
use crate::scripted_server::{Act, ScriptedServer};

/// Asks for each URL after the response.
type Asks = Box<dyn Fn(&[String])>;

fn adapters() -> Vec<(&'static str, Asks)> {
    let native: Asks = Box::new(|urls| {
        for url in urls {
            let request = http::Request::get(url).body(bytes::Bytes::new()).unwrap();
            SpawnDefer.defer(Box::pin(async move {
                let _seen_by_the_server = NativeFetch::new().unwrap().send(request, Limits::OPERATOR).await;
            }));
        }
    });
    let remote = remote::hosts().into_iter().map(|host: Arc<remote::Remote>| {
        let asks: Asks = Box::new({
            let host = Arc::clone(&host);
            move |urls| host.defer(urls)
        });
        (host.name, asks)
    });
    [("native", native)].into_iter().chain(remote).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deferred_is_done_after_the_answer() {
    for (name, asks) in adapters() {
        // The first is slow: nobody waits for it, and the others do not either.
        let slow = Act::Wait(Duration::from_millis(300));
        let answer = Act::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec());
        let servers = [
            ScriptedServer::start(vec![slow, answer]).await,
            ScriptedServer::answering(200, "").await,
            ScriptedServer::answering(500, "").await,
        ];
        let urls: Vec<String> = servers.iter().map(|server| format!("{}/{name}", server.url())).collect();
        asks(&urls);
        for server in &servers {
            let seen = async {
                while server.requests().is_empty() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(10), seen).await.unwrap_or_else(|_| panic!("{name}: not done"));
            assert!(server.requests()[0].starts_with(&format!("GET /{name} ")), "{name}");
        }
    }
}
