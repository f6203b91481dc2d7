//! Whether an address has an account is told neither by an answer nor by its time.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::house::House;
use super::median;

/// So many answers to addresses with an account, and as many to addresses without, in each round.
const TIMED: usize = 61;

/// The middle one of so many rounds decides: a machine that does something else meanwhile spoils one of them.
const ROUNDS: usize = 3;

/// How far the medians may be apart. A mail to be sent is one row more; a password that is hashed, or a read that is
/// made, for one of the two alone would be several times as long.
const ALIKE: std::ops::RangeInclusive<f64> = 0.8..=1.25;

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "measures the native router")]
async fn an_address_with_an_account_takes_as_long_as_one_without() {
    let house = House::build().await;
    for (path, status) in [
        ("/api/v1/auth/register", 202),
        ("/api/v1/auth/login", 401),
        ("/api/v1/auth/magic", 202),
        ("/api/v1/auth/password/forgot", 202),
        ("/api/v1/auth/verify-email/resend", 202),
    ] {
        let mut ratios = Vec::new();
        for round in 0..ROUNDS {
            // Each address is asked for once: what is sent to one and counted for it is bounded.
            let known = house.people(TIMED).await;
            let unknown = (0..TIMED).map(|number| format!("nobody-{number}-{round}{}@example.com", path.len()));
            let addresses = [unknown.collect(), known];
            let mut times: [Vec<Duration>; 2] = Default::default();
            let mut answers: [Vec<Value>; 2] = Default::default();
            for number in 0..TIMED * 2 {
                let (which, at) = ((number / 2 + number) % 2, number / 2);
                let body = body(path, &addresses[which][at]);
                let started = Instant::now();
                let answer = house.post(path, &body).await;
                times[which].push(started.elapsed());
                assert_eq!(answer.status, status, "{path}: {}", answer.body);
                answers[which].push(answer.without_request_id());
            }
            let [of_unknown, of_known] = answers;
            assert_eq!(of_unknown, of_known, "{path}");
            let [unknown, known] = times.map(median);
            let ratio = known.as_secs_f64() / unknown.as_secs_f64();
            println!("{path}: without an account {unknown:?}, with one {known:?}, {ratio:.3}");
            ratios.push(ratio);
        }
        ratios.sort_by(f64::total_cmp);
        assert!(ALIKE.contains(&ratios[ROUNDS / 2]), "{path}: {ratios:?}");
    }
}

fn body(path: &str, email: &str) -> Value {
    match path.rsplit('/').next() {
        Some("register") => json!({ "email": email, "password": "another horse battery" }),
        Some("login") => json!({ "email": email, "password": "wrong horse battery" }),
        _ => json!({ "email": email }),
    }
}
