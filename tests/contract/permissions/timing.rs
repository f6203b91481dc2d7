//! Whether an address has an account is told neither by an answer nor by its time.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::house::House;
use super::median;

/// So many answers to addresses with an account, and as many to addresses without.
const TIMED: usize = 151;

/// A machine that does something else meanwhile is asked again so often.
const ROUNDS: usize = 5;

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
        let mut ratio = 0.0;
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
            ratio = known.as_secs_f64() / unknown.as_secs_f64();
            println!("{path}: without an account {unknown:?}, with one {known:?}, {ratio:.3}");
            if (0.9..=1.1).contains(&ratio) {
                break;
            }
        }
        assert!((0.9..=1.1).contains(&ratio), "{path}: {ratio}");
    }
}

fn body(path: &str, email: &str) -> Value {
    match path.rsplit('/').next() {
        Some("register") => json!({ "email": email, "password": "another horse battery" }),
        Some("login") => json!({ "email": email, "password": "wrong horse battery" }),
        _ => json!({ "email": email }),
    }
}
