//! The foundings' script: on every adapter it decides as the domain does, and knows a repeat.

use headlesspro_edge::limits::ClientAddress;
use headlesspro_edge::organizations::script::{self, FOUNDINGS, Founding};
use headlesspro_edge::port::kv::{Kv, KvError, Reply};
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::organizations::Foundings;

use super::adapters;

const NOW: i64 = 1_795_512_600_000;

async fn found(kv: &dyn Kv, now: i64, repeat: Option<(&str, &str)>) -> Founding {
    found_for(kv, now, "owner", repeat).await
}

async fn found_for(kv: &dyn Kv, now: i64, owner: &str, repeat: Option<(&str, &str)>) -> Founding {
    found_from(kv, now, ([203, 0, 113, 7], owner), repeat).await
}

async fn found_from(kv: &dyn Kv, now: i64, of: ([u8; 4], &str), repeat: Option<(&str, &str)>) -> Founding {
    let keys = script::keys(Some(ClientAddress::new(of.0.into())), of.1, repeat.map(|(name, _)| name));
    let words = script::words(Timestamp::from_millis(now), repeat.map(|(_, founds)| founds));
    script::read(&kv.script(&FOUNDINGS, keys, words).await.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn foundings_are_decided_as_the_domain_decides_them() {
    for adapter in adapters::all().await {
        let (kv, name) = (&*adapter.kv, adapter.name);
        let (mut foundings, mut now) = (Foundings::default(), NOW);
        let pauses = [0, 1, 60_000, 3_599_999, 0, 0, 700_000, 3_600_000, 1_000, 900_000, 0, 7_200_000, 0, 0, 0, 0, 0];
        for step in 0..200_usize {
            now += pauses[(step * 5) % pauses.len()];
            let answer = found(kv, now, None).await;
            match foundings.one_more(Timestamp::from_millis(now)) {
                Ok(next) => {
                    assert_eq!(answer, Founding::Admitted, "{name}, step {step}");
                    foundings = next;
                }
                Err(wait) => assert_eq!(answer, Founding::Wait(wait), "{name}, step {step}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_is_known_and_counts_as_no_other() {
    for adapter in adapters::all().await {
        let (kv, name) = (&*adapter.kv, adapter.name);
        assert_eq!(found(kv, NOW, Some(("a", "first"))).await, Founding::Admitted, "{name}");
        for _ in 0..20 {
            assert_eq!(found(kv, NOW, Some(("a", "other"))).await, Founding::Known("first".to_owned()), "{name}");
        }
        for other in ["b", "c", "d", "e"] {
            assert_eq!(found(kv, NOW, Some((other, other))).await, Founding::Admitted, "{name}");
        }
        assert!(matches!(found(kv, NOW, Some(("f", "f"))).await, Founding::Wait(1..)), "{name}");
        // Of one that was refused nothing is remembered.
        assert!(matches!(found(kv, NOW, Some(("f", "f"))).await, Founding::Wait(1..)), "{name}");
        assert_eq!(found(kv, NOW, Some(("a", "again"))).await, Founding::Known("first".to_owned()), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_five_are_admitted() {
    for adapter in adapters::all().await {
        let all = futures_util::future::join_all((0..40).map(|_| found(&*adapter.kv, NOW, None))).await;
        let admitted = all.iter().filter(|one| **one == Founding::Admitted).count();
        assert_eq!(admitted, 5, "{}", adapter.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_in_many_places_found_five_in_one_name() {
    for adapter in adapters::all().await {
        let (kv, name) = (&*adapter.kv, adapter.name);
        let from = |number: u8| [198, 51, 100, number];
        for number in 0..5 {
            let one = found_from(kv, NOW + i64::from(number), (from(number), "ada"), None).await;
            assert_eq!(one, Founding::Admitted, "{name}");
        }
        for number in 0..10 {
            let one = found_from(kv, NOW + 1_000, (from(number), "ada"), None).await;
            assert_eq!(one, Founding::Wait(3_599_000), "{name}");
        }
        // What was refused for one address is not counted for the other.
        for owner in ["b", "c", "d", "e"] {
            assert_eq!(found_from(kv, NOW, (from(0), owner), None).await, Founding::Admitted, "{name}");
        }
        assert!(matches!(found_from(kv, NOW, (from(0), "f"), None).await, Founding::Wait(1..)), "{name}");
        assert_eq!(found_from(kv, NOW, (from(9), "f"), None).await, Founding::Admitted, "{name}");
        let both = found_from(kv, NOW + 3_000_000, (from(0), "ada"), None).await;
        assert_eq!(both, Founding::Wait(600_000), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_calls_are_told_alike() {
    for adapter in adapters::all().await {
        for (keys, words, expected) in [
            (1, vec![], "ERR foundings script: rule"),
            (1, vec!["x", "5", "1"], "ERR foundings script: rule"),
            (1, vec!["1", "5", "-1"], "ERR foundings script: rule"),
            (3, vec!["1", "5", "1"], "ERR foundings script: repeat"),
            (3, vec!["1", "5", "1", "x", "soon"], "ERR foundings script: repeat"),
        ] {
            let keys = ["one", "two", "three"][..keys].iter().map(|key| (*key).to_owned()).collect();
            let words = words.into_iter().map(str::to_owned).collect();
            let reply = adapter.kv.script(&FOUNDINGS, keys, words).await;
            let is_told = match &reply {
                Ok(Reply::Error(text)) | Err(KvError::Refused(text)) => text.starts_with(expected),
                _ => false,
            };
            assert!(is_told, "{}: {reply:?}", adapter.name);
        }
    }
}
