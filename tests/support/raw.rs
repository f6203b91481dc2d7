//! Requests that no HTTP library would send, byte by byte.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::Answer;

/// Long enough for any answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends `request` as it is to `url` (`http://127.0.0.1:8787`) and reads one answer. `None` when the
/// server closed the connection without one. An answer of the API's own, which its request id tells from its host's,
/// fits the API's description as any client's does.
pub async fn exchange(url: &str, request: Vec<u8>) -> Option<Answer> {
    send(url, request, false).await
}

/// As [`exchange`], and says that nothing more will follow.
pub async fn exchange_and_end(url: &str, request: Vec<u8>) -> Option<Answer> {
    send(url, request, true).await
}

async fn send(url: &str, request: Vec<u8>, ends: bool) -> Option<Answer> {
    let asked = String::from_utf8_lossy(&request).lines().next().unwrap_or_default().to_owned();
    let line: String = asked.chars().take(100).collect();
    let address = url.strip_prefix("http://").expect("raw requests go over plain HTTP");
    let socket = TcpStream::connect(address).await.unwrap();
    let (mut reader, mut writer) = socket.into_split();
    // The server may answer before it has everything, and stop reading.
    let writing = tokio::spawn(async move {
        let _ = writer.write_all(&request).await;
        if ends {
            let _ = writer.shutdown().await;
        }
        writer
    });
    let mut received = Vec::new();
    let answer = tokio::time::timeout(PATIENCE, async {
        let mut chunk = [0; 16 * 1024];
        loop {
            if let Some(answer) = parse(&line, &received) {
                return Some(answer);
            }
            match reader.read(&mut chunk).await {
                Ok(0) | Err(_) => return None,
                Ok(count) => received.extend_from_slice(&chunk[..count]),
            }
        }
    });
    let answer = answer.await.unwrap_or_else(|_| panic!("{line}: no answer within {PATIENCE:?}"));
    writing.abort();
    if let Some(answer) = answer.as_ref().filter(|answer| answer.header("x-request-id").is_some()) {
        let mut words = asked.split(' ');
        answer.fits(words.next().unwrap_or_default(), words.next().unwrap_or_default());
    }
    answer
}

/// The answer, once all of it has been received.
fn parse(line: &str, received: &[u8]) -> Option<Answer> {
    let end = received.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&received[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status: u16 = lines.next()?.split(' ').nth(1)?.parse().unwrap();
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, HeaderValue::from_str(value.trim()).unwrap());
    }
    let rest = &received[end + 4..];
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap());
    let body = match header("content-length") {
        Some(length) => rest.get(..length.parse().unwrap())?.to_vec(),
        None if header("transfer-encoding") == Some("chunked") => unchunk(rest)?,
        None => Vec::new(),
    };
    Some(Answer { line: line.to_owned(), status, headers, body: Bytes::from(body) })
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(end + 2..end + 2 + length)?);
        rest = rest.get(end + 4 + length..)?;
    }
}

/// Sends `request` and closes the connection without waiting for an answer.
pub async fn break_off(url: &str, request: Vec<u8>) {
    let address = url.strip_prefix("http://").expect("raw requests go over plain HTTP");
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(&request).await.unwrap();
    socket.shutdown().await.unwrap();
}
