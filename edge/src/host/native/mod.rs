//! A server or a laptop: tokio, embedded libSQL, real or in-process Redis.

pub mod bucket;
pub mod clock;
pub mod fetch;
pub mod hrana_server;
pub mod libsql;
pub mod mailbox;
pub mod redis;
pub mod redis_rest;
pub mod server;
