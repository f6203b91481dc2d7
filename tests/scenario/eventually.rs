//! Waiting for a condition, with a deadline.

use std::time::Duration;

use crate::client::Answer;

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

/// An answer that cost so many batches of SQL.
///
/// Whoever has not heard of the caller's credential reads it first: what is asked is asked again, of an instance that
/// has.
pub async fn for_batches(sql: u32, mut ask: impl AsyncFnMut() -> Answer) -> Answer {
    let what = format!("answer for {sql} batches of SQL");
    let spent = async || Some(ask().await).filter(|answer| answer.spent().sql == sql);
    eventually(&what, Duration::from_secs(20), spent).await
}
