//! A cache that several isolates share: Cloudflare's, in each of its data centres.
//!
//! It may forget at any time, and may show what was taken back elsewhere; whoever asks decides by what an answer says of
//! its age whether it will do.

use bytes::Bytes;
use http::Response;

use super::BoxFuture;

pub trait SharedCache: Send + Sync {
    /// What is kept under `url`, if it is at hand. A cache that does not answer has nothing.
    fn get(&self, url: String) -> BoxFuture<'_, Option<Response<Bytes>>>;

    /// Keeps an answer for as long as its `Cache-Control` says, or not.
    fn put(&self, url: String, answer: Response<Bytes>) -> BoxFuture<'_, ()>;
}
