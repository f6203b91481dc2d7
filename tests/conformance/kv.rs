//! The Kv port: the same cases on the in-process store, on redis-server over TCP, and on the REST
//! client against our endpoint over either.

mod adapters;
mod attempts;
mod cart;
mod cases;
mod clients;
mod concurrency;
mod differential;
mod failures;
mod foundings;
mod joint;
mod limits;
mod lockout;
mod notation;
mod values;
mod written;

use headlesspro_edge::port::kv::{Kv, Reply, Script};

/// Answers its arguments.
static ECHO: Script = Script {
    name: "echo of the tests",
    lua: "return ARGV",
    native: |_, _, args| Reply::Array(args.iter().map(Reply::text).collect()),
};

/// Runs one line of [`notation`], or panics with what went wrong.
async fn run(kv: &dyn Kv, line: &str) -> Reply {
    kv.command(notation::command(line)).await.unwrap_or_else(|error| panic!("{line}: {error}"))
}

/// [`run`] for each line, in one pipeline.
async fn run_all(kv: &dyn Kv, lines: &[&str]) -> Vec<Reply> {
    kv.pipeline(lines.iter().map(|line| notation::command(line)).collect()).await.unwrap()
}
