//! A tenant's URL leads to no address that is not the public's.

use bytes::Bytes;
use headlesspro_edge::port::fetch::{Chosen, FetchError, Limits};
use http::Request;

use super::{LIMITS, adapters, get};
use crate::scripted_server::ScriptedServer;

const BY_TENANT: Limits = Limits { chosen: Chosen::ByTenant, ..LIMITS };

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_reaches_no_private_address_in_any_spelling() {
    for adapter in adapters() {
        let server = ScriptedServer::answering(200, "secret").await;
        let port = server.port();
        assert!(get(&*adapter.fetch, &server.url()).await.is_ok(), "{}: the operator may", adapter.name);
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "0.0.0.0",
            "0",
            "localhost",
            "LOCALHOST.",
            "sub.localhost",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[64:ff9b::7f00:1]",
            "user@127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "[fe80::1]",
            "[fc00::1]",
            "metadata.google.internal",
        ] {
            let Ok(request) = Request::get(format!("http://{host}:{port}/")).body(Bytes::new()) else { continue };
            let outcome = adapter.fetch.send(request, BY_TENANT).await;
            // A name may also lead nowhere at all; what counts is that nobody is reached.
            let closed = match &outcome {
                Err(FetchError::Refused(_)) => true,
                Err(FetchError::Connection(_)) => host.ends_with("internal") || host.contains("localhost"),
                _ => false,
            };
            assert!(closed, "{}: {host}: {outcome:?}", adapter.name);
        }
        assert_eq!(server.requests().len(), 1, "{}: only the operator's request came", adapter.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_url_is_an_absolute_http_url() {
    for adapter in adapters() {
        for url in ["/path", "ftp://example.com/", "example.com:80", "*"] {
            let request = Request::get(url).body(Bytes::new()).unwrap();
            let outcome = adapter.fetch.send(request, BY_TENANT).await;
            assert!(matches!(outcome, Err(FetchError::Refused(_))), "{}: {url}: {outcome:?}", adapter.name);
        }
    }
}
