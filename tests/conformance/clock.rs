//! The Clock port, on every host's adapter.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::port::clock::Clock;

use crate::remote;

fn adapters() -> Vec<(&'static str, Arc<dyn Clock>)> {
    let remote = remote::hosts().into_iter().map(|host| (host.name, host as Arc<dyn Clock>));
    [("native", Arc::new(SystemClock) as Arc<dyn Clock>)].into_iter().chain(remote).collect()
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
        for _ in 0..100 {
            let (before, now, after) = (machine(), clock.now().millis(), machine());
            assert!((before..=after).contains(&now), "{name}: {before} {now} {after}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn time_goes_on() {
    for (name, clock) in adapters() {
        let before = clock.now().millis();
        tokio::time::sleep(Duration::from_millis(50)).await;
        let passed = clock.now().millis() - before;
        assert!((49..5_000).contains(&passed), "{name}: {passed} ms");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sleep_lasts_as_long_as_it_was_asked_for() {
    for (name, clock) in adapters() {
        for millis in [0, 1, 120] {
            #[expect(clippy::disallowed_methods, reason = "what the port is compared with")]
            let before = Instant::now();
            clock.sleep(Duration::from_millis(millis)).await;
            let slept = before.elapsed();
            assert!(Duration::from_millis(millis) <= slept && slept < Duration::from_secs(5), "{name}: {slept:?}");
        }
    }
}
