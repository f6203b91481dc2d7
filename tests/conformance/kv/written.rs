//! The version that was written last: told in any order, it is only raised.

use headlesspro_edge::cache::written::{WRITTEN, key, tell_written};
use headlesspro_edge::port::kv::{Kv, KvError, Reply};
use headlesspro_shared::kernel::id::StoreId;

use super::{adapters, run};

const STORE: StoreId = StoreId::from_u128(7);

async fn there(kv: &dyn Kv) -> Reply {
    run(kv, &format!("GET {}", key(STORE))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_tells_last_the_highest_version_stays() {
    for adapter in adapters::all().await {
        let (kv, name) = (&*adapter.kv, adapter.name);
        for (version, expected) in
            [(9_i64, 9_i64), (8, 9), (9, 9), (10, 10), (2, 10), (123_456_789_012_345, 123_456_789_012_345)]
        {
            tell_written(kv, STORE, version).await.unwrap();
            assert_eq!(there(kv).await, Reply::Text(expected.to_string()), "{name}: {version}");
        }
        let Reply::Integer(life) = run(kv, &format!("TTL {}", key(STORE))).await else { panic!("{name}") };
        assert!((100..=120).contains(&life), "{name}: {life}");
        // Of another store nothing is known.
        tell_written(kv, StoreId::from_u128(8), 3).await.unwrap();
        assert_eq!(run(kv, &format!("GET {}", key(StoreId::from_u128(8)))).await, Reply::text("3"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_version_is_overwritten_and_none_is_told() {
    for adapter in adapters::all().await {
        let (kv, name) = (&*adapter.kv, adapter.name);
        for garbage in ["soon", "-1", "1e3", "9999999999999999"] {
            run(kv, &format!("SET {} {garbage}", key(STORE))).await;
            tell_written(kv, STORE, 4).await.unwrap();
            assert_eq!(there(kv).await, Reply::text("4"), "{name}: {garbage}");
        }
        for args in [&[][..], &["5"], &["5", "0"], &["five", "1000"], &["-5", "1000"], &["5", "1.5"]] {
            let args = args.iter().map(|arg| (*arg).to_owned()).collect();
            let refused = kv.script(&WRITTEN, vec![key(STORE)], args).await;
            assert!(matches!(refused, Ok(Reply::Error(_)) | Err(KvError::Refused(_))), "{name}: {refused:?}");
            assert_eq!(there(kv).await, Reply::text("4"), "{name}");
        }
    }
}
