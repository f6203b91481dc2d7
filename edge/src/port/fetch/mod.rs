//! Outbound HTTP at the byte level: whole bodies, a time limit and a size limit.

pub mod private;
pub mod tenants;

use std::time::Duration;

use bytes::Bytes;

use super::BoxFuture;

/// Who chose the address of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chosen {
    /// The operator's configuration: any address, loopback included.
    ByOperator,
    /// A tenant: private, loopback, link-local and metadata addresses are refused, by name and
    /// by what the name resolves to where the host lets us see it.
    ByTenant,
}

/// The bounds of one outbound request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From sending to the last byte of the answer.
    pub timeout: Duration,
    /// The largest answer body read, in bytes.
    pub max_bytes: usize,
    pub chosen: Chosen,
}

impl Limits {
    /// 10 s, 16 MiB, to an address of the operator's.
    pub const OPERATOR: Limits =
        Limits { timeout: Duration::from_secs(10), max_bytes: 16 * 1024 * 1024, chosen: Chosen::ByOperator };
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// No connection, or it broke before the answer was whole. The server may have acted.
    #[error("no answer: {0}")]
    Connection(String),
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// A tenant-chosen URL that leads to a private address, or is no absolute http(s) URL.
    #[error("the address is refused: {0}")]
    Refused(String),
}

pub trait Fetch: Send + Sync {
    /// Sends `request` (absolute http or https URI) and reads the whole answer. Redirects are
    /// answers, never followed. Any HTTP status is an `Ok`.
    fn send(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, FetchError>>;
}
