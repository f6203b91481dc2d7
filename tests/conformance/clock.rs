//! The Clock port. As for Fetch, an adapter of another host joins by being listed.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::port::clock::Clock;

fn adapters() -> Vec<(&'static str, Box<dyn Clock>)> {
    vec![("native", Box::new(SystemClock))]
}

/// The machine's own time, in milliseconds of UTC.
fn machine() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "what the port is compared with")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}

#[test]
fn now_is_the_machines_time_in_milliseconds_of_utc() {
    for (name, clock) in adapters() {
        for _ in 0..1_000 {
            let (before, now, after) = (machine(), clock.now().millis(), machine());
            assert!((before..=after).contains(&now), "{name}: {before} {now} {after}");
        }
    }
}

#[tokio::test]
async fn time_goes_on() {
    for (name, clock) in adapters() {
        let before = clock.now().millis();
        tokio::time::sleep(Duration::from_millis(50)).await;
        let passed = clock.now().millis() - before;
        assert!((49..5_000).contains(&passed), "{name}: {passed} ms");
    }
}
