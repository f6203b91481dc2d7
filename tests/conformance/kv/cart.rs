//! The cart's script: what it answers, and that its Lua and its Rust answer alike.

use std::collections::BTreeMap;
use std::sync::Arc;

use headlesspro_edge::cart::script::CART;
use headlesspro_edge::host::native::redis::RedisKv;
use headlesspro_edge::port::kv::{Kv, Reply};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::notation::print;
use super::{adapters, run};
use crate::redis_server::RedisServer;

/// The script's answer: its status and detail, and the cart by field.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answer {
    status: String,
    detail: Option<String>,
    cart: BTreeMap<String, String>,
}

impl Answer {
    fn line(&self, variant: &str) -> [Option<&str>; 3] {
        ["q", "n", "s"].map(|field| self.cart.get(&format!("{field}:{variant}")).map(String::as_str))
    }

    fn version(&self) -> &str {
        &self.cart["version"]
    }
}

fn answer(reply: Reply) -> Answer {
    let Reply::Array(items) = reply else {
        return Answer { status: print(&reply), detail: None, cart: BTreeMap::new() };
    };
    let mut words = items.into_iter().map(|item| match item {
        Reply::Text(text) => text,
        other => panic!("{other:?}"),
    });
    let status = words.next().unwrap();
    let words: Vec<String> = words.collect();
    match words.as_slice() {
        [detail] => Answer { status, detail: Some(detail.clone()), cart: BTreeMap::new() },
        words => {
            assert_eq!(words.len() % 2, 0, "{words:?}");
            let cart = words.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
            Answer { status, detail: None, cart }
        }
    }
}

async fn call(kv: &dyn Kv, keys: &[&str], args: &[&str]) -> Answer {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    answer(kv.script(&CART, owned(keys), owned(args)).await.unwrap())
}

/// `operation arguments ...` on the cart `c`, for any version.
async fn change(kv: &dyn Kv, operation: &str, args: &[&str]) -> Answer {
    call(kv, &["c"], &[&[operation, "600", "", ""], args].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_is_added_to_a_cart_of_its_currency_alone() {
    for adapter in adapters::all().await {
        let (kv, name) = (&*adapter.kv, adapter.name);
        let meta = r#"{"currency":"EUR"}"#;
        change(kv, "create", &[meta]).await;
        let add = async |text: &'static str| change(kv, "add", &["v1", "1", "{}", "9999", "250", text]).await;
        let refused = add(r#""currency":"JPY""#).await;
        assert_eq!((refused.status.as_str(), refused.detail.as_deref()), ("meta", Some(meta)), "{name}");
        assert_eq!(add(r#""currency":"EUR""#).await.version(), "2", "{name}");
        assert_eq!(add("").await.version(), "3", "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_added_set_and_removed() {
    for adapter in adapters::all().await {
        let (kv, name) = (&*adapter.kv, adapter.name);
        assert_eq!(change(kv, "add", &["v1", "1", "{}", "9999", "250"]).await.status, "missing", "{name}");
        assert_eq!(run(kv, "EXISTS c").await, Reply::Integer(0), "{name}: adding creates no cart");

        let created = change(kv, "create", &["{\"id\":1}"]).await;
        let fields = [("meta", "{\"id\":1}"), ("version", "1"), ("next", "0")];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!((created.status.as_str(), created.cart), ("ok", BTreeMap::from(fields)), "{name}");
        assert_eq!(change(kv, "create", &["other"]).await.status, "exists", "{name}");

        change(kv, "add", &["v2", "2", "two", "9999", "250"]).await;
        change(kv, "add", &["v1", "1", "one", "9999", "250"]).await;
        let added = change(kv, "add", &["v2", "3", "two, later", "9999", "250"]).await;
        assert_eq!(added.line("v2"), [Some("5"), Some("1"), Some("two, later")], "{name}");
        assert_eq!(added.line("v1"), [Some("1"), Some("2"), Some("one")], "{name}");
        assert_eq!(added.version(), "4", "{name}");

        let set = change(kv, "set", &["v1", "7", "9999"]).await;
        assert_eq!(set.line("v1"), [Some("7"), Some("2"), Some("one")], "{name}");
        let set = change(kv, "set", &["v2", "8", "9999"]).await;
        assert_eq!(set.line("v2"), [Some("8"), Some("1"), Some("two, later")], "{name}");
        let emptied = change(kv, "set", &["v1", "0", "9999"]).await;
        assert_eq!(emptied.line("v1"), [None, None, None], "{name}");
        let removed = change(kv, "remove", &["v2"]).await;
        assert_eq!((removed.cart.len(), removed.version()), (3, "8"), "{name}: an empty cart is a cart");
        // A line that comes back comes last.
        let again = change(kv, "add", &["v1", "1", "one", "9999", "250"]).await;
        assert_eq!(again.line("v1"), [Some("1"), Some("3"), Some("one")], "{name}");

        for (operation, args) in [("set", ["v9", "1", "9999"]), ("set", ["v9", "0", "9999"]), ("remove", ["v9"; 3])] {
            assert_eq!(change(kv, operation, &args).await.status, "no-line", "{name}: {operation} {args:?}");
        }
        let read = call(kv, &["c"], &["remove", "600", "", "", "v1"]).await;
        assert_eq!(read.version(), "10", "{name}: refusals count no version");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_hold_and_tell_what_would_have_been() {
    for adapter in adapters::all().await {
        let (kv, name) = (&*adapter.kv, adapter.name);
        change(kv, "create", &["{}"]).await;
        change(kv, "add", &["v1", "9998", "{}", "9999", "2"]).await;
        for (operation, args, would_hold) in [
            ("add", vec!["v1", "2", "{}", "9999", "2"], "10000"),
            ("add", vec!["v2", "999999999", "{}", "9999", "2"], "999999999"),
            ("set", vec!["v1", "10000", "9999"], "10000"),
        ] {
            let refused = change(kv, operation, &args).await;
            assert_eq!(
                (refused.status.as_str(), refused.detail.as_deref()),
                ("over-quantity", Some(would_hold)),
                "{name}"
            );
        }
        assert_eq!(change(kv, "add", &["v1", "1", "{}", "9999", "2"]).await.line("v1")[0], Some("9999"), "{name}");
        change(kv, "add", &["v2", "1", "{}", "9999", "2"]).await;
        assert_eq!(change(kv, "add", &["v3", "1", "{}", "9999", "2"]).await.status, "over-lines", "{name}");
        assert_eq!(
            change(kv, "add", &["v2", "1", "{}", "9999", "2"]).await.status,
            "ok",
            "{name}: a line that is there"
        );
        change(kv, "remove", &["v1"]).await;
        assert_eq!(change(kv, "add", &["v3", "1", "{}", "9999", "2"]).await.status, "ok", "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_another_version_is_refused_with_the_current_one() {
    for adapter in adapters::all().await {
        let (kv, name) = (&*adapter.kv, adapter.name);
        change(kv, "create", &["{}"]).await;
        let add = ["v1", "1", "{}", "9999", "250"];
        let at = async |version| call(kv, &["c"], &[&["add", "600", "", version], &add[..]].concat()).await;
        assert_eq!(at("1").await.version(), "2", "{name}");
        for version in ["1", "3", "02", "x"] {
            let refused = at(version).await;
            assert_eq!(
                (refused.status.as_str(), refused.detail.as_deref()),
                ("version", Some("2")),
                "{name}: {version}"
            );
        }
        assert_eq!(at("2").await.version(), "3", "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_gives_the_cart_its_whole_lifetime_again() {
    for adapter in adapters::all().await {
        let (kv, name) = (&*adapter.kv, adapter.name);
        change(kv, "create", &["{}"]).await;
        assert_eq!(run(kv, "TTL c").await, Reply::Integer(600), "{name}");
        for (operation, args) in
            [("add", vec!["v1", "1", "{}", "9999", "250"]), ("set", vec!["v1", "2", "9999"]), ("remove", vec!["v1"])]
        {
            run(kv, "EXPIRE c 10").await;
            assert_eq!(change(kv, operation, &args).await.status, "ok", "{name}: {operation}");
            assert_eq!(run(kv, "TTL c").await, Reply::Integer(600), "{name}: {operation}");
        }
        run(kv, "EXPIRE c 10").await;
        change(kv, "remove", &["v9"]).await;
        assert_eq!(run(kv, "TTL c").await, Reply::Integer(10), "{name}: a refusal changes nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_answers_its_first_answer_again() {
    for adapter in adapters::all().await {
        let (kv, name) = (&*adapter.kv, adapter.name);
        let request = async |key, fingerprint, operation, args: &[&str]| {
            call(kv, &["c", key], &[&[operation, "600", fingerprint, ""], args].concat()).await
        };
        let add = ["v1", "1", "{}", "9999", "250"];
        // A refusal is not recorded: the same request may succeed later.
        assert_eq!(request("k1", "f1", "add", &add).await.status, "missing", "{name}");
        let created = request("k0", "f0", "create", &["{}"]).await;
        let first = request("k1", "f1", "add", &add).await;
        assert_eq!((first.status.as_str(), first.version()), ("ok", "2"), "{name}");
        assert_eq!(run(kv, "TTL k1").await, Reply::Integer(86_400), "{name}");

        request("", "", "add", &add).await;
        request("", "", "add", &["v2", "5", "x", "9999", "250"]).await;
        let again = request("k1", "f1", "add", &add).await;
        assert_eq!((again.status.as_str(), &again.cart), ("replayed", &first.cart), "{name}");
        assert_eq!(request("k0", "f0", "create", &["{}"]).await.cart, created.cart, "{name}");
        for (fingerprint, operation) in [("f2", "add"), ("", "add"), ("f0", "create")] {
            let refused = request("k1", fingerprint, operation, &add).await;
            assert_eq!((refused.status.as_str(), refused.cart.len()), ("idempotency-mismatch", 0), "{name}");
        }
        let now = request("", "", "remove", &["v2"]).await;
        assert_eq!((now.line("v1")[0], now.version()), (Some("2"), "5"), "{name}: replays change nothing");
        assert_eq!(run(kv, "EXISTS \"\"").await, Reply::Integer(0), "{name}: no key, no record");
        // The cart may end before the record does.
        run(kv, "DEL c").await;
        assert_eq!(request("k1", "f1", "add", &add).await.status, "replayed", "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_defect_of_the_caller_changes_nothing() {
    for adapter in adapters::all().await {
        let (kv, name) = (&*adapter.kv, adapter.name);
        change(kv, "create", &["{}"]).await;
        let before = change(kv, "add", &["v1", "1", "{}", "9999", "250"]).await;
        for (operation, args) in [
            ("add", vec!["v1", "0", "{}", "9999", "250"]),
            ("add", vec!["v1", "-1", "{}", "9999", "250"]),
            ("add", vec!["v1", "1.5", "{}", "9999", "250"]),
            ("add", vec!["v1", "1e3", "{}", "9999", "250"]),
            ("add", vec!["v1", "", "{}", "9999", "250"]),
            ("add", vec!["v1", "1000000000", "{}", "9999", "250"]),
            ("add", vec!["v1", "1", "{}", "", "250"]),
            ("add", vec!["v1"]),
            ("set", vec!["v1", "x", "9999"]),
            ("set", vec!["v1"]),
            ("what", vec!["v1"]),
            ("", vec![]),
        ] {
            let refused = change(kv, operation, &args).await;
            assert!(refused.status.starts_with("! ERR cart script: "), "{name}: {operation} {args:?}: {refused:?}");
        }
        for lifetime in ["", "0", "-1", "x"] {
            let refused = call(kv, &["c"], &["remove", lifetime, "", "", "v1"]).await;
            assert!(refused.status.starts_with("! ERR cart script: lifetime"), "{name}: {refused:?}");
        }
        run(kv, "SET other x").await;
        let wrong = call(kv, &["other"], &["remove", "600", "", "", "v1"]).await;
        assert!(wrong.status.starts_with("! WRONGTYPE"), "{name}: {wrong:?}");
        let wrong = call(kv, &["c", "other"], &["remove", "600", "", "", "v1"]).await;
        assert!(wrong.status.starts_with("! WRONGTYPE"), "{name}: {wrong:?}");
        let after = change(kv, "add", &["v1", "1", "{}", "9999", "250"]).await;
        assert_eq!((before.version(), after.version()), ("2", "3"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_cart_is_recorded_and_replayed_whole() {
    for adapter in adapters::all().await {
        let (kv, name) = (&*adapter.kv, adapter.name);
        change(kv, "create", &["{}"]).await;
        let snapshot = format!("{{\"title\":\"{}\"}}", "ü".repeat(150));
        for number in 0..249 {
            change(kv, "add", &[&format!("v{number}"), "1", &snapshot, "9999", "250"]).await;
        }
        let last = ["add", "600", "f", "", "last", "1", snapshot.as_str(), "9999", "250"];
        let first = call(kv, &["c", "k"], &last).await;
        assert_eq!((first.status.as_str(), first.cart.len()), ("ok", 3 + 3 * 250), "{name}");
        let again = call(kv, &["c", "k"], &last).await;
        assert_eq!(again.status, "replayed", "{name}");
        assert!(again.cart == first.cart, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_take_the_place_of_those_before_and_of_no_line() {
    for adapter in adapters::all().await {
        let (kv, name) = (&*adapter.kv, adapter.name);
        assert_eq!(change(kv, "codes", &["[\"A\"]"]).await.status, "missing", "{name}");
        change(kv, "create", &["{}"]).await;
        change(kv, "add", &["v1", "1", "{}", "9999", "2"]).await;
        for codes in ["[\"A\",\"B\"]", "[]", "[\"C\"]"] {
            let entered = change(kv, "codes", &[codes]).await;
            assert_eq!((entered.status.as_str(), entered.cart["codes"].as_str()), ("ok", codes), "{name}");
            assert_eq!(entered.line("v1")[0], Some("1"), "{name}");
        }
        let stale = call(kv, &["c"], &["codes", "600", "", "1", "[]"]).await;
        assert_eq!(stale.status, "version", "{name}");
        assert_eq!(change(kv, "add", &["v2", "1", "{}", "9999", "2"]).await.status, "ok", "{name}");
        assert_eq!(change(kv, "add", &["v3", "1", "{}", "9999", "2"]).await.status, "over-lines", "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_200_parallel_adds_lands() {
    for adapter in adapters::all().await {
        change(&*adapter.kv, "create", &["{}"]).await;
        let mut callers = tokio::task::JoinSet::new();
        for caller in 0..200 {
            let kv = adapter.kv.clone();
            callers.spawn(async move {
                let key = format!("k{caller}");
                call(&*kv, &["c", &key], &["add", "600", "f", "", "v1", "1", "{}", "9999", "250"]).await
            });
        }
        let mut versions: Vec<i64> = Vec::new();
        for answer in callers.join_all().await {
            assert_eq!(answer.status, "ok", "{}", adapter.name);
            let held: i64 = answer.line("v1")[0].unwrap().parse().unwrap();
            assert_eq!(answer.version(), (held + 1).to_string(), "{}", adapter.name);
            versions.push(held);
        }
        versions.sort_unstable();
        assert!(versions.into_iter().eq(1..=200), "{}", adapter.name);
        assert_eq!(run(&*adapter.kv, "HGET c q:v1").await, Reply::text("200"), "{}", adapter.name);
    }
}

/// A call of the script with small pools of everything, so that calls meet each other.
fn calls() -> impl Strategy<Value = Vec<(Vec<String>, Vec<String>)>> {
    let cart = prop::sample::select(vec!["c1", "c2"]);
    let record = prop::option::weighted(0.4, prop::sample::select(vec!["", "k1", "k2", "k3"]));
    let fingerprint = prop::sample::select(vec!["", "f1", "f2"]);
    let version = prop_oneof![3 => Just(String::new()), 1 => (0_u8..6).prop_map(|version| version.to_string())];
    let variant = prop::sample::select(vec!["a", "b", "c", "d"]);
    let units = prop_oneof![
        6 => (0_u32..8).prop_map(|units| units.to_string()),
        1 => "[0-9a-z.-]{0,11}",
    ];
    let snapshot = prop_oneof![Just(String::new()), "[a-z\"{}:ü\u{0}]{1,8}".prop_map(String::from)];
    let operation = prop_oneof![
        1 => Just("create"),
        4 => Just("add"),
        2 => Just("set"),
        2 => Just("remove"),
        1 => Just("codes"),
        1 => "[a-z]{0,3}".prop_map(|_| "what"),
    ];
    let lifetime = prop_oneof![9 => Just("600"), 1 => prop::sample::select(vec!["0", "x", "", "1"])];
    let most = prop_oneof![5 => Just("9"), 1 => Just("")];
    let call = (cart, record, fingerprint, version, variant, units, snapshot, operation, lifetime, most).prop_map(
        |(cart, record, fingerprint, version, variant, units, snapshot, operation, lifetime, most)| {
            let keys: Vec<String> = [Some(cart), record].into_iter().flatten().map(str::to_owned).collect();
            let mut args = vec![operation.to_owned(), lifetime.to_owned(), fingerprint.to_owned(), version];
            match operation {
                "create" | "codes" => args.push(snapshot),
                "add" => args.extend([variant.to_owned(), units, snapshot, most.to_owned(), "3".to_owned()]),
                "set" => args.extend([variant.to_owned(), units, most.to_owned()]),
                _ => args.push(variant.to_owned()),
            }
            (keys, args)
        },
    );
    prop::collection::vec(call, 1..25)
}

#[test]
fn lua_and_rust_answer_any_calls_alike() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = RedisServer::start();
    let redis: Arc<dyn Kv> = Arc::new(RedisKv::new(&server.url()).unwrap());
    let mut runner = TestRunner::new(Config { cases: 300, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&calls(), |calls| {
        runtime.block_on(async {
            let memory: Arc<dyn Kv> = adapters::in_process();
            run(&*redis, "FLUSHALL").await;
            for (keys, args) in calls {
                let ask = async |kv: &Arc<dyn Kv>| answer(kv.script(&CART, keys.clone(), args.clone()).await.unwrap());
                let (lua, rust) = (ask(&redis).await, ask(&memory).await);
                prop_assert_eq!(&lua, &rust, "{:?} {:?}", keys, args);
                for key in &keys {
                    let ttl = format!("TTL {key:?}");
                    prop_assert_eq!(run(&*redis, &ttl).await, run(&*memory, &ttl).await, "{}", ttl);
                }
            }
            Ok(())
        })
    });
    outcome.unwrap();
}
