//! What is asked of SQL for an answer.

use std::time::Duration;

use crate::client::Answer;
use crate::eventually::eventually;

/// An answer that cost so many batches of SQL.
///
/// Whoever has not heard of the caller's credential reads it first: what is asked is asked again, of an instance that
/// has.
pub async fn for_batches(sql: u32, mut ask: impl AsyncFnMut() -> Answer) -> Answer {
    let what = format!("answer for {sql} batches of SQL");
    let spent = async || Some(ask().await).filter(|answer| answer.spent().sql == sql);
    eventually(&what, Duration::from_secs(20), spent).await
}
