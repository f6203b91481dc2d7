//! What was written lately: told in any order, the newest stands first.

use headlesspro_edge::cache::written::{WRITTEN, key, tell_written};
use headlesspro_edge::port::kv::{Kv, KvError, Reply};
use headlesspro_shared::kernel::id::StoreId;

use super::{adapters, run};

const STORE: StoreId = StoreId::from_u128(7);

async fn there(kv: &dyn Kv) -> Reply {
    run(kv, &format!("GET {}", key(STORE))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_stands_first_whoever_tells_last() {
    for adapter in adapters::all().await {
        let (kv, name) = (&*adapter.kv, adapter.name);
        let tags = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let long = "p".repeat(300);
        for (version, touched, expected) in [
            (9_i64, &["prod_1", "lists"][..], "9 prod_1,lists"),
            (8, &["prod_2"], "9 prod_1,lists\n8 prod_2"),
            (9, &["prod_1", "lists"], "9 prod_1,lists\n8 prod_2"),
            // Another write of that version: either may have touched what the other has not.
            (8, &["prod_3"], "9 prod_1,lists\n8"),
            (11, &[long.as_str()], "11\n9 prod_1,lists\n8"),
            (10, &[], "11\n10\n9 prod_1,lists\n8"),
            (10, &["prod_4"], "11\n10\n9 prod_1,lists\n8"),
            (123_456_789_012_345, &["a"], "123456789012345 a\n11\n10\n9 prod_1,lists\n8"),
        ] {
            tell_written(kv, STORE, version, &tags(touched)).await.unwrap();
            assert_eq!(there(kv).await, Reply::text(expected), "{name}: {version}");
        }
        let Reply::Integer(life) = run(kv, &format!("TTL {}", key(STORE))).await else { panic!("{name}") };
        assert!((100..=120).contains(&life), "{name}: {life}");
        // Of another store nothing is known; of this one no more than sixteen.
        let other = StoreId::from_u128(8);
        for version in 1..=20 {
            tell_written(kv, other, version, &tags(&["a"])).await.unwrap();
        }
        let expected: Vec<String> = (5..=20).rev().map(|version| format!("{version} a")).collect();
        assert_eq!(run(kv, &format!("GET {}", key(other))).await, Reply::text(expected.join("\n")), "{name}");
        tell_written(kv, other, 3, &tags(&["a"])).await.unwrap();
        assert_eq!(run(kv, &format!("GET {}", key(other))).await, Reply::text(expected.join("\n")), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_version_is_overwritten_and_none_is_told() {
    for adapter in adapters::all().await {
        let (kv, name) = (&*adapter.kv, adapter.name);
        for garbage in ["soon", "-1", "1e3", "9999999999999999", "5,a"] {
            run(kv, &format!("SET {} {garbage}", key(STORE))).await;
            tell_written(kv, STORE, 4, &[]).await.unwrap();
            assert_eq!(there(kv).await, Reply::text("4"), "{name}: {garbage}");
        }
        let wrong = [
            &[][..],
            &["5"],
            &["5", "1000"],
            &["5", "0", ""],
            &["five", "1000", ""],
            &["-5", "1000", ""],
            &["5", "1.5", ""],
            &["5", "1000", "a b"],
            &["5", "1000", "a\nb"],
        ];
        for args in wrong {
            let args = args.iter().map(|arg| (*arg).to_owned()).collect();
            let refused = kv.script(&WRITTEN, vec![key(STORE)], args).await;
            assert!(matches!(refused, Ok(Reply::Error(_)) | Err(KvError::Refused(_))), "{name}: {refused:?}");
            assert_eq!(there(kv).await, Reply::text("4"), "{name}");
        }
    }
}
