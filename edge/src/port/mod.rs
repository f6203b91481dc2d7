//! What the handlers need of the outside: ports, each a small object-safe trait with at least two
//! real adapters ([`shared_cache`] has one so far: other hosts have none to share). The futures are `Send` everywhere; a host whose own futures are not wraps them
//! once, in its leaf adapter. Wire clients that only need [`fetch::Fetch`] live here beside their
//! trait and run on every host; adapters that need a host's own library live under `host/`. [`blob`] is such a client, of a protocol
//! that all buckets speak.

pub mod blob;
pub mod clock;
pub mod defer;
pub mod entropy;
pub mod fetch;
pub mod kv;
pub mod mac;
pub mod mailer;
pub mod purger;
pub mod shared_cache;
pub mod sql;

/// A boxed `Send` future, so that ports are object-safe.
pub type BoxFuture<'a, T> = futures_util::future::BoxFuture<'a, T>;
