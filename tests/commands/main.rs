//! `hp` as people run it: the built program, its files, its ports and what it prints.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod accounts;
mod bulk;
mod databases;
mod dev;
mod exports;
mod imports;
mod keys;
mod program;
mod services;

#[expect(dead_code, reason = "the scenario uses the rest")]
#[path = "../support/client.rs"]
mod client;
#[path = "../scenario/eventually.rs"]
mod eventually;
#[path = "../support/openapi.rs"]
mod openapi;
#[expect(dead_code, reason = "the scenario uses the rest")]
#[path = "../scenario/product_file.rs"]
mod product_file;
#[expect(dead_code, reason = "the conformance suite kills it and starts it again")]
#[path = "../support/redis.rs"]
mod redis_server;
#[expect(dead_code, reason = "the scenario kills it and starts it again")]
#[path = "../support/sqld.rs"]
mod sqld;
#[path = "../support/texts_like_secrets.rs"]
mod texts_like_secrets;
#[path = "../support/totp_app.rs"]
mod totp_app;
#[expect(dead_code, reason = "the scenario uses the rest")]
#[path = "../scenario/world.rs"]
mod world;
