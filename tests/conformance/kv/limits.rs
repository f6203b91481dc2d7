//! The limits' script: what it answers, and that its Lua and its Rust answer alike.

use std::sync::Arc;

use headlesspro_edge::host::native::redis::RedisKv;
use headlesspro_edge::limits::script::{self, Answer, Ask, LIMITS};
use headlesspro_edge::port::kv::{Kv, Reply};
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::limits::limit_of;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

use super::notation::print;
use super::{adapters, run, run_all};
use crate::redis_server::RedisServer;

const NOW: i64 = 1_795_512_600_000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(NOW + millis)
}

fn ask(key: &str, limit: &str, needed: u32, wanted: u32) -> Ask {
    Ask { key: key.to_owned(), limit: limit_of(limit).unwrap(), needed, wanted }
}

async fn call(kv: &dyn Kv, now: i64, asks: &[Ask], revocations: &[&str]) -> Answer {
    let revocations: Vec<String> = revocations.iter().map(|key| (*key).to_owned()).collect();
    let (keys, args) = script::call(at(now), asks, &revocations);
    let reply = kv.script(&LIMITS, keys, args).await.unwrap();
    script::answer(&reply, asks.len(), revocations.len(), at(now)).unwrap_or_else(|| panic!("{reply:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn units_are_taken_from_all_buckets_or_from_none() {
    for adapter in adapters::all().await {
        let (kv, name) = (&*adapter.kv, adapter.name);
        let asks = [ask("a", "2/2s:2", 1, 1), ask("k", "100/10s:100", 1, 20)];
        let first = call(kv, 0, &asks, &[]).await;
        assert_eq!((first.is_taken, first.buckets), (true, vec![(1, 1_000_000), (20, 2_000_000)]), "{name}");
        let second = call(kv, 500, &asks, &[]).await;
        assert_eq!((second.is_taken, second.buckets), (true, vec![(1, 1_500_000), (20, 3_500_000)]), "{name}");
        for _ in 0..3 {
            let refused = call(kv, 500, &asks, &[]).await;
            assert_eq!((refused.is_taken, refused.buckets), (false, vec![(0, 1_500_000), (0, 3_500_000)]), "{name}");
        }
        let third = call(kv, 1_000, &asks, &[]).await;
        assert_eq!((third.is_taken, third.buckets), (true, vec![(1, 2_000_000), (20, 5_000_000)]), "{name}");
        // More than is needed leaves half to others.
        let fourth = call(kv, 2_000, &asks, &[]).await;
        assert_eq!((fourth.is_taken, fourth.buckets), (true, vec![(1, 2_000_000), (20, 6_000_000)]), "{name}");
        let fifth = call(kv, 3_000, &asks, &[]).await;
        assert_eq!((fifth.is_taken, fifth.buckets[1]), (true, (20, 7_000_000)), "{name}");
        let sixth = call(kv, 4_000, &[ask("k", "100/10s:100", 1, 50)], &[]).await;
        assert_eq!(sixth.buckets, [(20, 8_000_000)], "{name}: 40 are left");
        // Nothing is needed: what there is is told, and nothing changes.
        let seen = call(kv, 4_000, &[ask("k", "100/10s:100", 0, 0)], &[]).await;
        assert_eq!((seen.is_taken, seen.buckets), (true, vec![(0, 8_000_000)]), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_gone_when_it_is_full() {
    for adapter in adapters::all().await {
        let (kv, name) = (&*adapter.kv, adapter.name);
        call(kv, 0, &[ask("a", "1/100s:5", 1, 1)], &[]).await;
        assert_eq!(run(kv, "GET a").await, Reply::Text(((NOW + 100_000) * 1_000).to_string()), "{name}");
        assert_eq!(run(kv, "TTL a").await, Reply::Integer(100), "{name}");
        // The longest that there is, with all its digits.
        call(kv, 0, &[ask("day", "1/24h:1", 1, 1)], &[]).await;
        assert_eq!(run(kv, "GET day").await, Reply::Text(((NOW + 86_400_000) * 1_000).to_string()), "{name}");
        call(kv, 0, &[ask("short", "1000000/1s:1000000", 1, 1)], &[]).await;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        assert_eq!(run(kv, "EXISTS short").await, Reply::Integer(0), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn revocations_are_told_in_the_same_call_and_refusal() {
    for adapter in adapters::all().await {
        let (kv, name) = (&*adapter.kv, adapter.name);
        run(kv, "SET rev:o:ses 1795512600007").await;
        let keys = ["rev:o:usr", "rev:o:ses", "rev:o:none"];
        let expected = [None, Some("1795512600007".to_owned()), None];
        let asks = [ask("a", "1/10s:1", 1, 1)];
        for is_taken in [true, false] {
            let answer = call(kv, 0, &asks, &keys).await;
            assert_eq!((answer.is_taken, &answer.values[..]), (is_taken, &expected[..]), "{name}");
        }
        let alone = call(kv, 0, &[], &keys).await;
        assert_eq!((alone.is_taken, alone.buckets.len(), &alone.values[..]), (true, 0, &expected[..]), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_epoch_begins_where_none_is_kept_and_does_not_end() {
    for adapter in adapters::all().await {
        let (kv, name) = (&*adapter.kv, adapter.name);
        let begun = |second: i64| at(second * 1_000);
        for (now, kept) in [(1_999, 1), (5_000, 1), (90_000, 1)] {
            assert_eq!(call(kv, now, &[], &["rev:o:ses"]).await.void_before, begun(kept), "{name}");
        }
        assert_eq!(run(kv, "TTL rev:epoch").await, Reply::Integer(-1), "{name}");
        // With a refusal too, and whoever asks.
        run(kv, "DEL rev:epoch").await;
        let asks = [ask("a", "1/10s:1", 1, 1)];
        call(kv, 7_000, &asks, &[]).await;
        run(kv, "DEL rev:epoch").await;
        let refused = call(kv, 8_000, &asks, &[]).await;
        assert_eq!((refused.is_taken, refused.void_before), (false, begun(8)), "{name}");
        // One that cannot be begins anew.
        for (kept, expected) in [("soon", 9), ("", 9), ("1795512669000", 69), ("1795512669001", 9)] {
            run_all(kv, &[&format!("SET rev:epoch {kept:?}")]).await;
            assert_eq!(call(kv, 9_000, &[], &[]).await.void_before, begun(expected), "{name}: {kept}");
        }
        // Of twenty at once one begins it.
        run(kv, "DEL rev:epoch").await;
        let callers = (0..20).map(|caller| {
            let kv = adapter.kv.clone();
            tokio::spawn(async move { call(&*kv, 10_000 + caller * 1_000, &[], &[]).await.void_before })
        });
        let mut told: Vec<Timestamp> = Vec::new();
        for caller in callers.collect::<Vec<_>>() {
            told.push(caller.await.unwrap());
        }
        told.dedup();
        assert_eq!(told.len(), 1, "{name}: {told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_200_at_once_as_many_get_through_as_the_tightest_bucket_has() {
    for adapter in adapters::all().await {
        let mut callers = tokio::task::JoinSet::new();
        for caller in 0..200 {
            let kv = adapter.kv.clone();
            callers.spawn(async move {
                let own = ask(&format!("own{}", caller % 20), "5/1h:5", 1, 1);
                call(&*kv, 0, &[own, ask("all", "60/1h:60", 1, 1)], &[]).await
            });
        }
        let taken = callers.join_all().await.into_iter().filter(|answer| answer.is_taken).count();
        assert_eq!(taken, 60, "{}", adapter.name);
        let rest = call(&*adapter.kv, 0, &[ask("all", "60/1h:60", 0, 0)], &[]).await;
        assert_eq!(rest.buckets, [(0, 3_600_000_000)], "{}: the refused took nothing", adapter.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_defect_of_the_caller_changes_nothing() {
    for adapter in adapters::all().await {
        let (kv, name) = (&*adapter.kv, adapter.name);
        let now = NOW.to_string();
        let wrong = async |keys: &[&str], args: &[&str], what: &str| {
            let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
            let answer = print(&kv.script(&LIMITS, owned(keys), owned(args)).await.unwrap());
            assert!(answer.starts_with(&format!("! {what}")), "{name}: {keys:?} {args:?}: {answer}");
        };
        let good = [now.as_str(), "1", "1000", "5", "1", "1"];
        for (at, bad, what) in [
            (0, "", "moment"),
            (0, "-1", "moment"),
            (0, "1.5", "moment"),
            (0, "4500000000001", "moment"),
            (1, "", "buckets"),
            (1, "2", "buckets"),
            (1, "101", "buckets"),
            (2, "0", "limit"),
            (2, "x", "limit"),
            (2, "86400000001", "limit"),
            (3, "0", "limit"),
            (3, "1000001", "limit"),
            (4, "-1", "units"),
            (5, "1e3", "units"),
        ] {
            let mut args = good;
            args[at] = bad;
            wrong(&["a"], &args, &format!("ERR limits script: {what}")).await;
        }
        wrong(&["a"], &[], "ERR limits script: moment").await;
        wrong(&["a"], &good[..5], "ERR limits script: buckets").await;
        wrong(&[], &good, "ERR limits script: buckets").await;
        wrong(&["a"], &[&now, "1", "86400000000", "2", "1", "1"], "ERR limits script: limit").await;
        // A good bucket beside a bad one is not touched either.
        let both = [now.as_str(), "2", "1000", "5", "1", "1", "1000", "5", "1", "1"];
        for odd in ["x", "-5", "1.5", "10000000000000000"] {
            run(kv, &format!("SET odd {odd}")).await;
            wrong(&["a", "odd"], &both, "ERR limits script: bucket").await;
        }
        run(kv, "RPUSH list x").await;
        wrong(&["a", "list"], &both, "WRONGTYPE").await;
        wrong(&["a", "list"], &good, "WRONGTYPE").await;
        assert_eq!(run(kv, "EXISTS a").await, Reply::Integer(0), "{name}");
    }
}

/// One call with what it finds: no state is left from one to the next, because what a short bucket leaves
/// ends by the real clock.
#[derive(Debug, Clone)]
struct Case {
    millis: i64,
    /// Each bucket's value in microseconds after the moment; `None`: it is full.
    found: [Option<i64>; 3],
    /// Key, interval, burst, needed, wanted.
    asks: Vec<(&'static str, [String; 4])>,
    revocations: Vec<&'static str>,
}

fn cases() -> impl Strategy<Value = Case> {
    let millis = prop_oneof![6 => 0_i64..1_000_000, 1 => Just(0 - NOW), 1 => Just(4_500_000_000_000 - NOW)];
    let owed = prop_oneof![
        2 => Just(None),
        4 => (-1_000_i64..40_000_000).prop_map(Some),
        1 => (0_i64..200_000_000_000).prop_map(Some),
    ];
    let interval = prop_oneof![
        8 => select(vec!["1", "7", "1000", "333334", "1000000", "86400000000"]).prop_map(String::from),
        3 => (1_u64..40_000_000).prop_map(|interval| interval.to_string()),
        1 => "[0-9]{0,12}",
    ];
    let burst = prop_oneof![8 => (1_u32..40).prop_map(|burst| burst.to_string()), 1 => "[0-9]{0,7}"];
    let units = || prop_oneof![12 => (0_u32..9).prop_map(|units| units.to_string()), 1 => "[0-9x.-]{0,8}"];
    let key = prop_oneof![12 => select(vec!["a", "b", "c"]), 1 => select(vec!["odd", "list"])];
    let ask = (key, interval, burst, units(), units());
    let ask = ask.prop_map(|(key, interval, burst, needed, wanted)| (key, [interval, burst, needed, wanted]));
    let revocations = prop::collection::vec(select(vec!["r1", "r2", "none", "a", "e"]), 0..3);
    (millis, [owed.clone(), owed.clone(), owed], prop::collection::vec(ask, 0..4), revocations)
        .prop_map(|(millis, found, asks, revocations)| Case { millis, found, asks, revocations })
}

#[test]
fn lua_and_rust_answer_any_calls_alike() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = RedisServer::start();
    let redis: Arc<dyn Kv> = Arc::new(RedisKv::new(&server.url()).unwrap());
    let mut runner = TestRunner::new(Config { cases: 3_000, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&cases(), |case| {
        runtime.block_on(async {
            let memory: Arc<dyn Kv> = adapters::in_process();
            let mut before = [
                "FLUSHALL",
                "SET r1 1795512600007",
                "SET r2 soon",
                "SET odd x1",
                "RPUSH list x",
                "SET e 1795512700000",
            ]
            .map(str::to_owned)
            .to_vec();
            let now = NOW + case.millis;
            for (key, owed) in ["a", "b", "c"].into_iter().zip(case.found) {
                before.extend(owed.map(|owed| format!("SET {key} {}", (now * 1_000 + owed).max(0))));
            }
            let before: Vec<&str> = before.iter().map(String::as_str).collect();
            run_all(&*redis, &before).await;
            run_all(&*memory, &before).await;

            let keys: Vec<String> =
                case.asks.iter().map(|(key, _)| *key).chain(case.revocations).map(str::to_owned).collect();
            let args = [now.to_string(), case.asks.len().to_string()];
            let args: Vec<String> = args.into_iter().chain(case.asks.into_iter().flat_map(|(_, args)| args)).collect();
            let ask = async |kv: &Arc<dyn Kv>| {
                let reply = kv.script(&LIMITS, keys.clone(), args.clone()).await.unwrap();
                // Redis says behind an error where in the script it was.
                if matches!(&reply, Reply::Error(text) if text.starts_with("WRONGTYPE")) { Reply::Nil } else { reply }
            };
            let (lua, rust) = (ask(&redis).await, ask(&memory).await);
            prop_assert_eq!(&lua, &rust, "{:?} {:?}", keys, args);
            for key in &keys {
                let get = format!("GET {key:?}");
                let (there, here) = (run(&*redis, &get).await, run(&*memory, &get).await);
                // What ends within moments may have ended on one side only.
                let is_over = matches!((&there, &here), (Reply::Nil, _) | (_, Reply::Nil));
                prop_assert!(there == here || is_over, "{}: {:?} {:?}", get, there, here);
            }
            Ok(())
        })
    });
    outcome.unwrap();
}
