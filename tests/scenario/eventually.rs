//! Waiting for a condition, with a deadline.

use std::time::Duration;

/// Asks again and again until there is an answer; fails the test when there is none in time.
pub async fn eventually<T>(what: &str, within: Duration, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(within, asking).await.unwrap_or_else(|_| panic!("no {what} within {within:?}"))
}
