use super::*;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn store(number: u8) -> StoreId {
    StoreId::new(at(0), [number; 10])
}

fn kept(body: &str, tags: &[&str], version: i64) -> Arc<Kept> {
    Arc::new(Kept {
        body: Bytes::from(body.to_owned()),
        headers: HeaderMap::new(),
        etag: "\"1\"".to_owned(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        version,
        record: None,
        read_at: at(0),
        turn: None,
        until: at(10_000),
    })
}

fn found(
    cache: &ResponseCache,
    store: StoreId,
    target: &str,
    at_least: Option<i64>,
    now: i64,
) -> Option<(String, i64)> {
    let (kept, version) = cache.get(store, target, at_least, at(now))?;
    Some((String::from_utf8_lossy(&kept.body).into_owned(), version))
}

fn purge(cache: &ResponseCache, store: StoreId, tags: &[&str], version: i64) {
    cache.purge(store, &tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>(), version);
}

#[test]
fn an_answer_is_shown_to_its_store_until_its_time_is_over() {
    let cache = ResponseCache::default();
    cache.put(store(1), "/a", kept("a", &["t"], 5));
    assert_eq!(found(&cache, store(1), "/a", None, 9_999), Some(("a".to_owned(), 5)));
    assert_eq!(found(&cache, store(2), "/a", None, 1), None, "another tenant's");
    assert_eq!(found(&cache, store(1), "/b", None, 1), None);
    assert_eq!(found(&cache, store(1), "/a", Some(6), 1), None, "too old for whoever has just written");
    assert_eq!(found(&cache, store(1), "/a", None, 10_000), None);
    assert_eq!(found(&cache, store(1), "/a", None, 1), None, "it is gone, whatever the clock says then");
    assert_eq!(cache.lock().bytes, 0);
}

#[test]
fn a_write_takes_back_what_it_touches_and_nothing_else() {
    let cache = ResponseCache::default();
    for (number, target, tags) in [(1, "/a", ["a", "list"]), (1, "/b", ["b", "list"]), (2, "/a", ["a", "list"])] {
        cache.put(store(number), target, kept(target, &tags, 5));
    }
    purge(&cache, store(1), &["a"], 6);
    assert_eq!(found(&cache, store(1), "/a", None, 1), None);
    assert_eq!(
        found(&cache, store(1), "/b", Some(6), 1),
        Some(("/b".to_owned(), 6)),
        "as good as read after the write"
    );
    assert_eq!(found(&cache, store(2), "/a", None, 1), Some(("/a".to_owned(), 5)));
    // Others have written meanwhile.
    purge(&cache, store(1), &["c"], 9);
    assert_eq!(found(&cache, store(1), "/b", None, 1), Some(("/b".to_owned(), 5)));
    assert_eq!(found(&cache, store(1), "/b", Some(6), 1), None);
    purge(&cache, store(1), &["list"], 10);
    assert_eq!(found(&cache, store(1), "/b", None, 1), None);
}

#[test]
fn what_was_read_before_a_write_is_not_kept_after_it() {
    let cache = ResponseCache::default();
    purge(&cache, store(1), &["a"], 6);
    cache.put(store(1), "/a", kept("old", &["a"], 5));
    assert_eq!(found(&cache, store(1), "/a", None, 1), None);
    cache.put(store(1), "/a", kept("new", &["a"], 6));
    // Told late, by another request: what was read at it or after it stays.
    purge(&cache, store(1), &["a"], 6);
    assert_eq!(found(&cache, store(1), "/a", Some(6), 1), Some(("new".to_owned(), 6)));
}

#[test]
fn the_least_recently_shown_make_room() {
    let cache = ResponseCache::default();
    let body = "x".repeat(LARGEST_BYTES / 2);
    for number in 0..100 {
        cache.put(store(1), &format!("/{number}"), kept(&body, &[], 1));
        assert!(found(&cache, store(1), "/0", None, 1).is_some());
        assert!(cache.lock().bytes <= MOST_BYTES);
    }
    assert!(found(&cache, store(1), "/1", None, 1).is_none() && found(&cache, store(1), "/99", None, 1).is_some());
    cache.put(store(1), "/huge", kept(&"x".repeat(LARGEST_BYTES), &[], 1));
    assert!(found(&cache, store(1), "/huge", None, 1).is_none());
    // The same again weighs the same.
    let before = cache.lock().bytes;
    cache.put(store(1), "/99", kept(&body, &[], 1));
    assert_eq!(cache.lock().bytes, before);
    for number in 0..2 * MOST_STORES {
        cache.purge(StoreId::new(at(i64::try_from(number).unwrap()), [9; 10]), &[], 1);
    }
    assert!(cache.lock().written.len() <= MOST_STORES);
    assert_eq!(found(&cache, store(1), "/99", None, 1), None);
}
