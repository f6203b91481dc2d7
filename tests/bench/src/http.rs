//! One keep-alive HTTP/1.1 connection that asks and waits. It does as little as it can for a request:
//! whatever the client takes of the machine, the server does not get.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::Outcome;

pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What the head of an answer says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Head {
    pub status: u16,
    /// From `Server-Timing`.
    pub sql: u32,
    pub redis: u32,
    bytes: usize,
    body_bytes: Option<usize>,
}

pub struct Answer<'a> {
    pub head: Head,
    pub body: &'a [u8],
}

impl Answer<'_> {
    /// Head and body, in bytes.
    pub fn bytes(&self) -> usize {
        self.head.bytes.saturating_add(self.body.len())
    }
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Outcome<Connection> {
        Connection::open_from(0, address).await
    }

    /// From the client of this number: each has an address of this machine, so that nobody waits for what another
    /// is counted for.
    pub async fn open_from(number: usize, address: SocketAddr) -> Outcome<Connection> {
        let failed = |error| format!("{address}: {error}");
        let socket = TcpSocket::new_v4().map_err(failed)?;
        let own = Ipv4Addr::new(127, 0, 1, u8::try_from(number).unwrap_or(u8::MAX).max(1));
        // Linux has all of 127.0.0.0/8. Elsewhere the system chooses.
        let _may_be_refused = socket.bind(SocketAddr::from((own, 0)));
        let stream = socket.connect(address).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        Ok(Connection { stream, buffer: vec![0; 64 * 1024] })
    }

    /// Sends one request, whole, and reads its answer.
    pub async fn ask(&mut self, request: &[u8]) -> Outcome<Answer<'_>> {
        self.stream.write_all(request).await.map_err(|error| format!("cannot send: {error}"))?;
        let (mut filled, mut head) = (0, None);
        loop {
            if filled == self.buffer.len() {
                self.buffer.resize(filled.saturating_mul(2), 0);
            }
            let free = self.buffer.get_mut(filled..).unwrap_or_default();
            match self.stream.read(free).await {
                Ok(0) => return Err("the server closed the connection".to_owned()),
                Ok(read) => filled = filled.saturating_add(read),
                Err(error) => return Err(format!("cannot receive: {error}")),
            }
            let received = self.buffer.get(..filled).unwrap_or_default();
            if head.is_none() {
                head = read_head(received)?;
            }
            let Some(read) = head else { continue };
            let body_bytes = read.body_bytes.ok_or("the server does not say how long its answer is")?;
            let end = read.bytes.saturating_add(body_bytes);
            if end < filled {
                return Err("the server sent more than its answer".to_owned());
            }
            if end == filled {
                return Ok(Answer { head: read, body: self.buffer.get(read.bytes..end).unwrap_or_default() });
            }
        }
    }
}

/// The head, once all of it is there.
fn read_head(received: &[u8]) -> Outcome<Option<Head>> {
    let Some(end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return Ok(None) };
    let text = received.get(..end).and_then(|head| str::from_utf8(head).ok()).ok_or("the answer's head is not text")?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let mut head = Head { status: status.ok_or("this is not HTTP")?, bytes: end.saturating_add(4), ..Head::default() };
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            head.body_bytes = value.trim().parse().ok();
        } else if name.eq_ignore_ascii_case("server-timing") {
            (head.sql, head.redis) = (count(value, "sql"), count(value, "redis"));
        }
    }
    if matches!(head.status, 204 | 304) {
        head.body_bytes = Some(0);
    }
    Ok(Some(head))
}

/// The number in `sql;desc="1"`.
fn count(timing: &str, name: &str) -> u32 {
    let entries = timing.split(',').filter_map(|entry| entry.trim().split_once(";desc="));
    let mut of_name = entries.filter(|(entry, _)| *entry == name);
    of_name.next().and_then(|(_, number)| number.trim_matches('"').parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_status_length_and_round_trips() {
        let text =
            b"HTTP/1.1 201 Created\r\nContent-Length: 7\r\nserver-timing: sql;desc=\"2\", redis;desc=\"1\"\r\n\r\n{}";
        let head = read_head(text).unwrap().unwrap();
        assert_eq!((head.status, head.body_bytes, head.sql, head.redis), (201, Some(7), 2, 1));
        assert_eq!(head.bytes, text.len() - 2);
    }

    #[test]
    fn half_a_head_is_waited_for() {
        assert!(read_head(b"HTTP/1.1 200 OK\r\ncontent-le").unwrap().is_none());
    }
}
