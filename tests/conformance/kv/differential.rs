//! Random commands give the same answers in the process and on a real redis-server.

use headlesspro_edge::host::native::redis::RedisKv;
use headlesspro_edge::port::kv::{Command, Kv, Reply};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

use super::notation::{print, sorted};
use super::{adapters, run};
use crate::redis_server::RedisServer;

/// Few keys and few values, so that commands meet each other's results.
fn key() -> impl Strategy<Value = String> {
    select(vec!["a", "b", "c"]).prop_map(String::from)
}

fn member() -> impl Strategy<Value = String> {
    prop_oneof![4 => select(vec!["x", "y", "z", "ü", ""]).prop_map(String::from), 1 => "\\PC{0,3}"]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![3 => number(), 1 => member()]
}

/// Mostly integers, at the ends of their range too, and some that are not quite.
fn number() -> impl Strategy<Value = String> {
    let odd = ["", "x", "+1", "01", "-0", "1.5", "9223372036854775807", "-9223372036854775808", "9223372036854775808"];
    prop_oneof![8 => (-6_i64..7).prop_map(|number| number.to_string()), 1 => select(odd.to_vec()).prop_map(String::from)]
}

/// Scores that are whole in binary, so that every printing of them is the same.
fn score() -> impl Strategy<Value = String> {
    let odd = ["inf", "-inf", "+inf", "nan", "x", "1e3", ".5", "5.", ""];
    prop_oneof![8 => (-9_i32..9).prop_map(|eighths| (f64::from(eighths) / 4.0).to_string()), 1 => select(odd.to_vec()).prop_map(String::from)]
}

fn bound() -> impl Strategy<Value = String> {
    (select(vec!["", "("]), score()).prop_map(|(exclusion, score)| format!("{exclusion}{score}"))
}

/// Seconds or milliseconds far enough away that no key ends during the test, or in the past.
fn time() -> impl Strategy<Value = String> {
    let times = ["100000", "200000", "300000", "0", "-1", "x", "9223372036854775807", "99999999999999"];
    select(times.to_vec()).prop_map(String::from)
}

fn words(name: &'static str, args: Vec<BoxedStrategy<String>>) -> BoxedStrategy<Vec<String>> {
    args.prop_map(move |args| std::iter::once(name.to_owned()).chain(args).collect()).boxed()
}

/// Up to three of the options, in any order, each with its words.
fn options(options: &[&'static str]) -> BoxedStrategy<Vec<String>> {
    prop::collection::vec(select(options.to_vec()), 0..3)
        .prop_map(|options| options.iter().flat_map(|option| option.split(' ')).map(String::from).collect())
        .boxed()
}

macro_rules! line {
    ($name:literal $(, $arg:expr)*) => { words($name, vec![$($arg.boxed()),*]) };
}

fn with_options(line: BoxedStrategy<Vec<String>>, more: BoxedStrategy<Vec<String>>) -> BoxedStrategy<Vec<String>> {
    (line, more).prop_map(|(line, more)| [line, more].concat()).boxed()
}

fn several(element: impl Strategy<Value = String> + 'static, most: usize) -> BoxedStrategy<Vec<String>> {
    prop::collection::vec(element, 0..=most).boxed()
}

fn strings() -> BoxedStrategy<Vec<String>> {
    let set =
        ["NX", "XX", "GET", "KEEPTTL", "EX 100000", "PX 100000000", "PXAT 1", "EXAT 99999999999", "EX 0", "EX", "what"];
    let getex = ["EX 100000", "PX 100000000", "PXAT 1", "PERSIST", "EX x", "EX", "NX"];
    prop_oneof![
        3 => with_options(line!("SET", key(), value()), options(&set)),
        3 => line!("GET", key()),
        2 => line!("INCR", key()),
        2 => line!("INCRBY", key(), number()),
        1 => line!("DECR", key()),
        2 => line!("DECRBY", key(), number()),
        1 => line!("APPEND", key(), value()),
        1 => line!("STRLEN", key()),
        1 => line!("GETDEL", key()),
        1 => line!("GETSET", key(), value()),
        1 => line!("SETNX", key(), value()),
        1 => line!("SETEX", key(), time(), value()),
        1 => line!("PSETEX", key(), time(), value()),
        1 => with_options(line!("GETEX", key()), options(&getex)),
        1 => with_options(line!("MGET"), several(key(), 3)),
        1 => with_options(line!("MSET"), several(key(), 4)),
    ]
    .boxed()
}

fn keys() -> BoxedStrategy<Vec<String>> {
    let expire = ["NX", "XX", "GT", "LT", "what"];
    prop_oneof![
        2 => with_options(line!("DEL"), several(key(), 3)),
        1 => with_options(line!("UNLINK"), several(key(), 2)),
        1 => with_options(line!("EXISTS"), several(key(), 3)),
        2 => line!("TYPE", key()),
        2 => with_options(line!("EXPIRE", key(), time()), options(&expire)),
        1 => with_options(line!("PEXPIRE", key(), time()), options(&expire)),
        1 => with_options(line!("EXPIREAT", key(), select(vec!["1", "99999999999"]).prop_map(String::from)), options(&expire)),
        2 => line!("TTL", key()),
        1 => line!("PTTL", key()),
        1 => line!("PERSIST", key()),
        1 => line!("KEYS", "[abx*?\\[\\]^\\-\\\\]{0,4}"),
    ]
    .boxed()
}

fn hashes() -> BoxedStrategy<Vec<String>> {
    let pairs = || prop::collection::vec(prop_oneof![member(), value()], 1..6).boxed();
    prop_oneof![
        3 => with_options(line!("HSET", key()), pairs()),
        1 => with_options(line!("HMSET", key()), pairs()),
        1 => line!("HSETNX", key(), member(), value()),
        2 => line!("HGET", key(), member()),
        1 => with_options(line!("HMGET", key()), several(member(), 3)),
        2 => line!("HGETALL", key()),
        2 => with_options(line!("HDEL", key()), several(member(), 3)),
        1 => line!("HEXISTS", key(), member()),
        3 => line!("HINCRBY", key(), member(), number()),
        1 => line!("HKEYS", key()),
        1 => line!("HVALS", key()),
        1 => line!("HLEN", key()),
        1 => line!("HSTRLEN", key(), member()),
    ]
    .boxed()
}

fn lists_and_sets() -> BoxedStrategy<Vec<String>> {
    prop_oneof![
        2 => with_options(line!("LPUSH", key()), several(member(), 3)),
        3 => with_options(line!("RPUSH", key()), several(member(), 4)),
        1 => with_options(line!("LPOP", key()), several(number(), 1)),
        1 => with_options(line!("RPOP", key()), several(number(), 1)),
        2 => line!("LRANGE", key(), number(), number()),
        1 => line!("LINDEX", key(), number()),
        1 => line!("LLEN", key()),
        1 => line!("LTRIM", key(), number(), number()),
        3 => with_options(line!("SADD", key()), several(member(), 4)),
        1 => with_options(line!("SREM", key()), several(member(), 3)),
        2 => line!("SMEMBERS", key()),
        1 => line!("SISMEMBER", key(), member()),
        1 => line!("SCARD", key()),
    ]
    .boxed()
}

fn sorted_sets() -> BoxedStrategy<Vec<String>> {
    let add = ["NX", "XX", "GT", "LT", "CH", "INCR"];
    let range = ["BYSCORE", "REV", "WITHSCORES", "LIMIT 0 2", "LIMIT 1 -1", "LIMIT -1 2", "LIMIT 0", "what"];
    let pairs = prop::collection::vec((score(), member()), 1..4);
    let pairs = pairs.prop_map(|pairs| pairs.into_iter().flat_map(|(score, member)| [score, member]).collect()).boxed();
    prop_oneof![
        4 => with_options(with_options(line!("ZADD", key()), options(&add)), pairs),
        1 => line!("ZADD", key(), score()),
        2 => line!("ZINCRBY", key(), score(), member()),
        1 => line!("ZSCORE", key(), member()),
        3 => with_options(line!("ZRANGE", key(), number(), number()), options(&range)),
        3 => with_options(line!("ZRANGE", key(), bound(), bound()), options(&range)),
        1 => with_options(line!("ZREM", key()), several(member(), 3)),
        1 => line!("ZCARD", key()),
        1 => line!("ZCOUNT", key(), bound(), bound()),
        1 => line!("ZREMRANGEBYSCORE", key(), bound(), bound()),
    ]
    .boxed()
}

fn any_command() -> impl Strategy<Value = Command> {
    let mistakes = prop_oneof![
        line!("nosuch", member()),
        with_options(line!("ZADD"), several(key(), 3)),
        with_options(line!("HSET"), several(key(), 2)),
        with_options(line!("Get"), several(key(), 2)),
    ];
    let known = prop_oneof![4 => strings(), 3 => keys(), 3 => hashes(), 3 => lists_and_sets(), 3 => sorted_sets()];
    prop_oneof![20 => known, 1 => mistakes].prop_map(Command)
}

/// The part of an answer that Redis promises: no order of fields and members, no exact milliseconds.
fn promised(command: &Command, reply: Reply) -> String {
    let reply = match (command.0[0].as_str(), reply) {
        ("HGETALL", reply) => sorted(reply, 2),
        ("HKEYS" | "HVALS" | "SMEMBERS" | "KEYS", reply) => sorted(reply, 1),
        // Two clocks read one after the other.
        ("TTL", Reply::Integer(left)) if 0 <= left => Reply::Integer((left + 5) / 10),
        ("PTTL", Reply::Integer(left)) if 0 <= left => Reply::Integer((left + 5_000) / 10_000),
        (_, reply) => reply,
    };
    print(&reply)
}

#[test]
fn random_commands_are_answered_alike() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = RedisServer::start();
    let redis = RedisKv::new(&server.url()).unwrap();
    let cases = std::env::var("KV_DIFFERENTIAL_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(400);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let sequences = (prop::collection::vec(any_command(), 1..40), any::<bool>());
    let outcome = runner.run(&sequences, |(commands, in_transaction)| {
        runtime.block_on(async {
            let memory = adapters::in_process();
            run(&redis, "FLUSHALL").await;
            let (there, here) = match in_transaction {
                true => (redis.transaction(commands.clone()).await, memory.transaction(commands.clone()).await),
                false => (redis.pipeline(commands.clone()).await, memory.pipeline(commands.clone()).await),
            };
            let (there, here) = match (there, here) {
                (Ok(there), Ok(here)) => (there, here),
                (there, here) => {
                    prop_assert_eq!(there, here);
                    return Ok(());
                }
            };
            for ((command, there), here) in commands.iter().zip(there).zip(here) {
                prop_assert_eq!(promised(command, there), promised(command, here), "{:?}", command);
            }
            Ok(())
        })
    });
    outcome.unwrap();
}
