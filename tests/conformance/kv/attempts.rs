//! The script that counts attempts to buy: on every adapter each counts once in its window.

use std::collections::BTreeMap;

use headlesspro_edge::fraud::script::{ATTEMPTS, answer, call};
use headlesspro_edge::port::kv::{Kv, KvError, Reply};

use super::{adapters, run};

const NOW: i64 = 1_795_512_600_000;

async fn counted(kv: &dyn Kv, now: i64, attempt: &str, keys: &[(&str, u32)]) -> Vec<u32> {
    let keys: Vec<(String, u32)> = keys.iter().map(|(key, window)| ((*key).to_owned(), *window)).collect();
    let (words, args) = call(now, attempt, &keys);
    let reply = kv.script(&ATTEMPTS, words, args).await.unwrap();
    answer(&reply, keys.len()).unwrap_or_else(|| panic!("{reply:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_count_once_each_for_as_long_as_their_window() {
    for adapter in adapters::all().await {
        let (kv, name) = (&*adapter.kv, adapter.name);
        // First moments by key and attempt, beside the store's.
        let mut known: BTreeMap<(usize, usize), i64> = BTreeMap::new();
        let windows = [60_u32, 90];
        let mut now = NOW;
        let pauses = [0, 1, 999, 15_000, 0, 59_999, 60_000, 0, 1, 30_000];
        for step in 0..200_usize {
            now += pauses[(step * 7) % pauses.len()];
            let attempt = (step * 5) % 9;
            let expected: Vec<u32> = (0..windows.len())
                .map(|key| {
                    let over = now - i64::from(windows[key]) * 1_000;
                    known.retain(|(own, _), at| *own != key || over < *at);
                    known.entry((key, attempt)).or_insert(now);
                    u32::try_from(known.keys().filter(|(own, _)| *own == key).count()).unwrap()
                })
                .collect();
            let keys = [("attempts:a", windows[0]), ("attempts:b", windows[1])];
            assert_eq!(counted(kv, now, &format!("n{attempt}"), &keys).await, expected, "{name}, step {step}");
        }
        let Reply::Integer(life) = run(kv, "TTL attempts:b").await else { panic!("{name}") };
        assert!((60..=90).contains(&life), "{name}: {life}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_no_more_are_kept_than_rules_ask_for() {
    for adapter in adapters::all().await {
        let (kv, name) = (&*adapter.kv, adapter.name);
        for attempt in 0..1_005 {
            counted(kv, NOW, &format!("n{attempt}"), &[("attempts:many", 60)]).await;
        }
        assert_eq!(counted(kv, NOW, "one more", &[("attempts:many", 60)]).await, [1_001], "{name}");
        assert_eq!(run(kv, "ZCARD attempts:many").await, Reply::Integer(1_001), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_attempts_are_all_counted() {
    for adapter in adapters::all().await {
        let attempts =
            (0..50).map(async |at| counted(&*adapter.kv, NOW, &format!("p{at}"), &[("attempts:p", 60)]).await);
        let mut counts = futures_util::future::join_all(attempts).await.concat();
        counts.sort_unstable();
        assert_eq!(counts, (1..=50).collect::<Vec<_>>(), "{}", adapter.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_arguments_are_refused_and_count_nothing() {
    for adapter in adapters::all().await {
        let (kv, name) = (&*adapter.kv, adapter.name);
        let wrong =
            [&[][..], &["5"], &["5", "a"], &["5", "", "60"], &["", "a", "60"], &["-5", "a", "60"], &["5", "a", "0"]];
        for args in wrong.into_iter().chain([&["5", "a", "1.5"][..], &["5", "a", "60", "60"]]) {
            let args = args.iter().map(|arg| (*arg).to_owned()).collect();
            let refused = kv.script(&ATTEMPTS, vec!["attempts:wrong".to_owned()], args).await;
            assert!(matches!(refused, Ok(Reply::Error(_)) | Err(KvError::Refused(_))), "{name}: {refused:?}");
        }
        assert_eq!(run(kv, "EXISTS attempts:wrong").await, Reply::Integer(0), "{name}");
    }
}
