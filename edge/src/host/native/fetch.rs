//! The Fetch port over reqwest, with rustls and its own certificates.

use std::error::Error as StdError;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;

use crate::port::BoxFuture;
use crate::port::fetch::{Chosen, Fetch, FetchError, Limits, private};

/// Outbound HTTP/1.1 and HTTP/2 with pooled connections. Cheap to clone.
///
/// Proxy variables of the environment are not followed: a proxy would resolve a tenant's names where
/// we cannot see it, and would stand between us and a database on this machine.
#[derive(Debug, Clone)]
pub struct NativeFetch {
    operator: reqwest::Client,
    tenant: reqwest::Client,
}

impl NativeFetch {
    /// # Errors
    /// [`FetchError::Connection`] when the TLS library does not start.
    pub fn new() -> Result<NativeFetch, FetchError> {
        let builder = || {
            reqwest::Client::builder()
                .redirect(Policy::none())
                .no_proxy()
                .connect_timeout(Duration::from_secs(5))
                .pool_idle_timeout(Duration::from_secs(30))
        };
        Ok(NativeFetch {
            operator: builder().build().map_err(connection)?,
            tenant: builder().dns_resolver(Arc::new(PublicAddresses)).build().map_err(connection)?,
        })
    }
}

impl Fetch for NativeFetch {
    fn send(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, FetchError>> {
        Box::pin(async move {
            let client = match limits.chosen {
                Chosen::ByOperator => &self.operator,
                Chosen::ByTenant => {
                    private::check(request.uri())?;
                    &self.tenant
                }
            };
            match tokio::time::timeout(limits.timeout, exchange(client, request, limits)).await {
                Ok(answer) => answer,
                Err(_elapsed) => Err(FetchError::Timeout(limits.timeout)),
            }
        })
    }
}

async fn exchange(
    client: &reqwest::Client,
    request: http::Request<Bytes>,
    limits: Limits,
) -> Result<http::Response<Bytes>, FetchError> {
    let request =
        reqwest::Request::try_from(request).map_err(|error| FetchError::Refused(chain(&error.without_url())))?;
    let answer = client.execute(request).await.map_err(|error| failure(error, limits))?;
    let too_large = FetchError::TooLarge(limits.max_bytes);
    let announced = answer.content_length().unwrap_or(0);
    if usize::try_from(announced).map_or(true, |announced| limits.max_bytes < announced) {
        return Err(too_large);
    }
    let (status, version, headers) = (answer.status(), answer.version(), answer.headers().clone());
    let mut chunks = std::pin::pin!(answer.bytes_stream());
    // Most answers are one chunk, which is passed on without a copy.
    let first = chunks.try_next().await.map_err(|error| failure(error, limits))?.unwrap_or_default();
    let mut body = BytesMut::new();
    let mut read = first.len();
    while let Some(chunk) = chunks.try_next().await.map_err(|error| failure(error, limits))? {
        read = read.saturating_add(chunk.len());
        if limits.max_bytes < read {
            return Err(too_large);
        }
        if body.is_empty() {
            body.extend_from_slice(&first);
        }
        body.extend_from_slice(&chunk);
    }
    if limits.max_bytes < read {
        return Err(too_large);
    }
    let mut response = http::Response::new(if body.is_empty() { first } else { body.freeze() });
    *response.status_mut() = status;
    *response.version_mut() = version;
    *response.headers_mut() = headers;
    Ok(response)
}

/// The system's resolver, refusing a name when any of its addresses is not public. reqwest connects to
/// exactly the addresses answered here, so that a name cannot change between the check and the call.
struct PublicAddresses;

impl Resolve for PublicAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            match found.iter().find(|socket| !private::is_public(socket.ip())) {
                Some(socket) => Err(NotPublic(socket.ip()).into()),
                None => Ok(Box::new(found.into_iter()) as Addrs),
            }
        })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the name leads to the private or reserved address {0}")]
struct NotPublic(IpAddr);

fn connection(error: reqwest::Error) -> FetchError {
    FetchError::Connection(chain(&error.without_url()))
}

fn failure(error: reqwest::Error, limits: Limits) -> FetchError {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(&error);
    while let Some(inner) = cause {
        if inner.is::<NotPublic>() {
            return FetchError::Refused("a name that leads to a private or reserved address".to_owned());
        }
        cause = inner.source();
    }
    if error.is_timeout() { FetchError::Timeout(limits.timeout) } else { connection(error) }
}

/// reqwest's own message says "error sending request"; the reason is further down. The URL stays out of
/// it: it may hold a secret.
fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers every connection with `parts`, 20 ms apart, and then closes or hangs.
    async fn server(parts: &'static [&'static [u8]], hang: bool) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut request = [0; 1024];
                    let _ = socket.read(&mut request).await;
                    for part in parts {
                        let _ = socket.write_all(part).await;
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                    if hang {
                        std::future::pending::<()>().await;
                    }
                });
            }
        });
        url
    }

    fn limits(chosen: Chosen) -> Limits {
        Limits { timeout: Duration::from_millis(300), max_bytes: 10, chosen }
    }

    async fn get(url: &str, chosen: Chosen) -> Result<http::Response<Bytes>, FetchError> {
        let request = http::Request::get(url).body(Bytes::new()).unwrap();
        NativeFetch::new().unwrap().send(request, limits(chosen)).await
    }

    #[tokio::test]
    async fn an_answer_in_parts_arrives_whole() {
        let url = server(&[b"HTTP/1.1 201 Created\r\nx-a: b\r\ncontent-length: 10\r\n\r\n", b"01234", b"56789"], true);
        let answer = get(&url.await, Chosen::ByOperator).await.unwrap();
        assert_eq!((answer.status().as_u16(), &answer.headers()["x-a"]), (201, &"b".parse().unwrap()));
        assert_eq!(answer.body().as_ref(), b"0123456789");
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer() {
        let url = server(&[b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"], true);
        assert_eq!(get(&url.await, Chosen::ByOperator).await.unwrap().status().as_u16(), 302);
    }

    #[tokio::test]
    async fn a_large_answer_is_refused_whether_announced_or_not() {
        let announced = server(&[b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n01234567890"], false).await;
        let streamed = server(&[b"HTTP/1.1 200 OK\r\n\r\n012345", b"67890"], true).await;
        let at_once = server(&[b"HTTP/1.1 200 OK\r\n\r\n01234567890"], false).await;
        for url in [announced, streamed, at_once] {
            assert_eq!(get(&url, Chosen::ByOperator).await.unwrap_err(), FetchError::TooLarge(10));
        }
    }

    #[tokio::test]
    async fn the_time_limit_covers_the_body() {
        let silent = server(&[], true).await;
        let slow = server(&[b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n0123"], true).await;
        for url in [silent, slow] {
            let timeout = FetchError::Timeout(Duration::from_millis(300));
            assert_eq!(get(&url, Chosen::ByOperator).await.unwrap_err(), timeout);
        }
    }

    #[tokio::test]
    async fn a_broken_connection_is_named_without_the_url() {
        let broken = server(&[b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n0123"], false).await;
        for url in [broken, "http://127.0.0.1:1/?token=secret".to_owned()] {
            let error = get(&url, Chosen::ByOperator).await.unwrap_err();
            assert!(matches!(&error, FetchError::Connection(reason) if !reason.contains("secret")), "{error:?}");
        }
    }

    #[tokio::test]
    async fn a_tenant_reaches_no_private_server_by_address_or_by_name() {
        let url = server(&[b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"], true).await;
        assert!(get(&url, Chosen::ByOperator).await.is_ok());
        assert!(matches!(get(&url, Chosen::ByTenant).await, Err(FetchError::Refused(_))));

        // A name that leads to loopback, past the check of the URL: the resolver refuses it.
        let fetch = NativeFetch::new().unwrap();
        let request = http::Request::get(url.replace("127.0.0.1", "localhost")).body(Bytes::new()).unwrap();
        let error = exchange(&fetch.tenant, request, limits(Chosen::ByTenant)).await.unwrap_err();
        assert!(matches!(error, FetchError::Refused(_)), "{error:?}");
    }
}
