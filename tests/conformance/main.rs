//! One case list per port, run on every adapter that this machine can run.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod audit;
mod books;
mod bulk;
mod checkouts;
mod clock;
mod defer;
mod entropy;
mod fetch;
mod hand_clock;
mod imports;
mod instants;
mod isolate;
mod kv;
mod ledger;
mod mail;
mod pages;
mod pricing;
mod promotions;
mod purgers;
mod purges;
mod remote;
mod sql;

#[path = "../support/databases.rs"]
mod databases;
#[path = "../support/hosts.rs"]
#[expect(dead_code, reason = "the scenario and the benchmark use the rest")]
mod hosts;
#[path = "../support/redis.rs"]
mod redis_server;
#[path = "../support/scripted_server.rs"]
mod scripted_server;
#[path = "../support/secrets.rs"]
mod secrets;
#[path = "../support/serve.rs"]
mod serve;
#[expect(dead_code, reason = "the scenario uses the rest")]
#[path = "../support/sqld.rs"]
mod sqld;
#[path = "../support/task.rs"]
mod task;
