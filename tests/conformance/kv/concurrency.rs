//! Many callers at once.

use std::sync::Arc;

use headlesspro_edge::port::kv::Reply;

use super::notation::command;
use super::{adapters, run};

#[tokio::test(flavor = "multi_thread")]
async fn every_one_of_200_parallel_increments_lands() {
    for adapter in adapters::all().await {
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..200 {
            let kv = adapter.kv.clone();
            callers.spawn(async move { run(&*kv, "HINCRBY cart lines 1").await });
        }
        let mut answers: Vec<Reply> = callers.join_all().await;
        answers.sort_by_key(|reply| match reply {
            Reply::Integer(number) => *number,
            other => panic!("{other:?}"),
        });
        assert!(answers == (1..=200).map(Reply::Integer).collect::<Vec<_>>(), "{}", adapter.name);
        assert_eq!(run(&*adapter.kv, "HGET cart lines").await, Reply::text("200"), "{}", adapter.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_runs_between_the_commands_of_a_transaction() {
    for adapter in adapters::all().await {
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let kv: Arc<_> = adapter.kv.clone();
            callers.spawn(async move {
                let group = ["INCR n", "INCR n", "INCR n"].map(command).into();
                kv.transaction(group).await.unwrap()
            });
        }
        for answers in callers.join_all().await {
            let numbers: Vec<i64> = answers
                .iter()
                .map(|reply| match reply {
                    Reply::Integer(number) => *number,
                    other => panic!("{other:?}"),
                })
                .collect();
            assert_eq!(numbers, [numbers[0], numbers[0] + 1, numbers[0] + 2], "{}", adapter.name);
        }
    }
}
