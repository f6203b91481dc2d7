//! A CDN takes back what a write has changed, though it is away or the process dies right after the commit.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::future::join_all;
use headlesspro_edge::port::sql::{Commit, Committed, Statement};
use serde_json::{Value, json};

use crate::app::{Kind, Stage, serve};
use crate::eventually::eventually;
use crate::product_file::Product;

const SOON: Duration = Duration::from_secs(20);

/// Answers as Cloudflare does. While it is away, nobody hears of it again.
#[derive(Default)]
struct Cdn {
    is_away: AtomicBool,
    asked: Mutex<usize>,
    told: Mutex<BTreeSet<String>>,
}

impl Cdn {
    async fn answer(&self, body: String) -> Response {
        *self.asked.lock().unwrap() += 1;
        if self.is_away.load(Ordering::SeqCst) {
            return std::future::pending().await;
        }
        let body: Value = serde_json::from_str(&body).unwrap();
        let tags = body["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap().to_owned());
        self.told.lock().unwrap().extend(tags);
        (StatusCode::OK, json!({ "success": true }).to_string()).into_response()
    }

    fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }

    fn has_told(&self, tag: &str) -> bool {
        self.told.lock().unwrap().contains(tag)
    }
}

pub fn what_a_write_has_changed_is_taken_back_whoever_dies(stage: &Stage, kind: Kind) {
    stage.run(async {
        let cdn = Arc::new(Cdn::default());
        let answers = Arc::clone(&cdn);
        let router = Router::new().fallback(move |body: String| async move { answers.answer(body).await });
        let setting = format!("cloudflare:zone {}", serve(router).await.unwrap());
        let first = stage.isolate_behind(&setting).await;
        let world = stage.world_of(&first);
        let handle = world.name("purged");
        let write = async |price: &str| {
            world.ours.import(&[Product::simple(&handle, price, 5)]).await;
            world.ours.product(&handle).await["id"].as_str().unwrap().to_owned()
        };
        let product = write("1").await;
        write("2").await;
        eventually("a purge right after the response", SOON, async || {
            (cdn.has_told(&product) && kept(stage).await == 0).then_some(())
        })
        .await;

        // The CDN is asked, and the process dies before it answers.
        cdn.told.lock().unwrap().clear();
        cdn.is_away.store(true, Ordering::SeqCst);
        let before = cdn.asked();
        write("3").await;
        eventually("the CDN to be asked", SOON, async || (before < cdn.asked()).then_some(())).await;
        drop(first);
        assert_eq!(kept(stage).await, 1);
        cdn.is_away.store(false, Ordering::SeqCst);

        let second = stage.isolate_behind(&setting).await;
        execute(stage, "UPDATE api_key SET scopes = scopes || ' jobs:run' WHERE kind = 'secret'").await;
        let world = stage.world_of(&second);
        let run = async || world.ours.merchant.post("/api/v1/jobs/purges").send().await.expect(200).json();
        assert_eq!(run().await["sent"], 0, "whoever wrote may still be at it");
        execute(stage, "UPDATE cache_purge SET next_attempt_at = 0").await;
        let runs = join_all((0..3).map(|_| run())).await;
        let sent: u64 = runs.iter().map(|run| run["sent"].as_u64().unwrap()).sum();
        assert_eq!(sent, 1, "{runs:?}");
        assert!(cdn.has_told(&product), "what the dead has left");
        assert_eq!(kept(stage).await, 0);
        world.ours.shopper.post("/api/v1/jobs/purges").send().await.expect_problem(403, "missing-scope");
        println!("{kind}: a write whose process died was told to the CDN by the job, once");
    });
}

async fn kept(stage: &Stage) -> usize {
    stage.sql().read(vec![Statement::new("SELECT id FROM cache_purge")]).await.unwrap()[0].len()
}

async fn execute(stage: &Stage, sql: &'static str) {
    let mut commit = Commit::new();
    commit.push(Statement::new(sql));
    assert!(matches!(stage.sql().commit(&commit).await, Ok(Committed::Done { .. })), "{sql}");
}
