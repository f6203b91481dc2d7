//! The `Idempotency-Key` header.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use sha2::{Digest, Sha256};

use crate::problem::Problem;

const HEADER: &str = "idempotency-key";

/// A client's name for one request: 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    key: String,
    request_line: String,
}

impl IdempotencyKey {
    /// SHA-256 of the caller's name and the key, in hex.
    pub fn of_caller(&self, name: &str) -> String {
        hex_of(&[name.as_bytes(), &[0], self.key.as_bytes()])
    }

    /// SHA-256 of method, path and body in hex: what a repeat of the request must share.
    pub fn fingerprint(&self, body: &[u8]) -> String {
        hex_of(&[self.request_line.as_bytes(), &[0], body])
    }
}

fn hex_of(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hex::encode(hash.finalize())
}

impl<S: Sync> OptionalFromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Problem> {
        let Some(value) = parts.headers.get(HEADER) else { return Ok(None) };
        let request_line = format!("{} {}", parts.method, parts.uri.path());
        match value.to_str() {
            Ok(key) if (1..=255).contains(&key.len()) => Ok(Some(IdempotencyKey { key: key.to_owned(), request_line })),
            _ => Err(Problem::bad_header("Idempotency-Key", "must have 1 to 255 visible ASCII characters")),
        }
    }
}

/// For requests that must carry one.
impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let key = <IdempotencyKey as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await?;
        key.ok_or_else(|| Problem::bad_header("Idempotency-Key", "is required: a retry must not buy twice"))
    }
}
