//! Commands that are about the connection or the whole database.

use super::command::{Answer, Refused, SYNTAX, Spec, spec};
use super::keyspace::Keyspace;
use crate::port::kv::Reply;

pub(super) const COMMANDS: &[Spec] = &[
    spec("ping", -1, ping),
    spec("echo", 2, echo),
    spec("time", 1, time),
    spec("dbsize", 1, size),
    spec("flushdb", -1, flush),
    spec("flushall", -1, flush),
];

fn ping(_: &mut Keyspace, args: &[&str]) -> Answer {
    match args {
        [] => Ok(Reply::Text("PONG".to_owned())),
        [message] => Ok(Reply::text(message)),
        _ => Err(Refused::Arity),
    }
}

fn echo(_: &mut Keyspace, args: &[&str]) -> Answer {
    let [message] = args else { return Err(Refused::Arity) };
    Ok(Reply::text(message))
}

/// Seconds, and microseconds of the second, as text.
fn time(store: &mut Keyspace, _: &[&str]) -> Answer {
    let (seconds, millis) = (store.now().div_euclid(1_000), store.now().rem_euclid(1_000));
    Ok(Reply::Array(vec![Reply::Text(seconds.to_string()), Reply::Text((millis * 1_000).to_string())]))
}

fn size(store: &mut Keyspace, _: &[&str]) -> Answer {
    Ok(Reply::count(store.keys().count()))
}

fn flush(store: &mut Keyspace, args: &[&str]) -> Answer {
    let known = match args {
        [] => true,
        [how] => how.eq_ignore_ascii_case("async") || how.eq_ignore_ascii_case("sync"),
        _ => false,
    };
    if !known {
        return Err(SYNTAX);
    }
    store.clear();
    Ok(Reply::ok())
}
