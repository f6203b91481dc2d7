//! What bulk upserts leave behind goes slice by slice, whoever dies meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use headlesspro_edge::app::App;
use headlesspro_edge::host::native::libsql::EmbeddedSql;
use headlesspro_edge::jobs::run_due;
use headlesspro_edge::organizations::{Opened, open_store};
use headlesspro_edge::port::BoxFuture;
use headlesspro_edge::port::entropy::HostEntropy;
use headlesspro_edge::port::kv::memory::MemoryKv;
use headlesspro_edge::port::sql::{Batch, Commit, Committed, Outcome, Sql, SqlError, Statement};
use headlesspro_edge::scripts;
use headlesspro_shared::kernel::money::Currency;
use serde_json::{Value, json};

use crate::databases::EmbeddedDatabase;
use crate::hand_clock::HandClock;
use crate::isolate::Isolate;
use crate::secrets::secrets;

const JOBS: &str = "/api/v1/admin/bulk/upserts";
const MONTH: i64 = 30 * 24 * 60 * 60 * 1_000;

/// A database that takes only so many more commits that remove what is over.
struct Failing {
    sql: EmbeddedSql,
    left: AtomicUsize,
}

impl Sql for Failing {
    fn run(&self, batch: Batch) -> BoxFuture<'_, Result<Outcome, SqlError>> {
        let removes = batch.steps.iter().any(|step| step.statement.sql.contains("products::remove_bulk"));
        let is_lost =
            removes && self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err();
        Box::pin(async move {
            if is_lost {
                return Err(SqlError::Unavailable("lost".to_owned()));
            }
            self.sql.run(batch).await
        })
    }
}

struct Shop {
    app: Arc<App>,
    sql: Arc<Failing>,
    clock: Arc<HandClock>,
    opened: Opened,
    isolate: Isolate,
    _database: EmbeddedDatabase,
}

impl Shop {
    async fn open() -> Shop {
        let database = EmbeddedDatabase::migrated().await;
        let clock = Arc::new(HandClock::default());
        let sql = Arc::new(Failing { sql: database.sql.clone(), left: AtomicUsize::new(usize::MAX) });
        let kv = Arc::new(MemoryKv::new(clock.clone(), scripts::ALL));
        let app = App::new(sql.clone() as Arc<dyn Sql>, kv, clock.clone(), Arc::new(HostEntropy), secrets());
        let app = Arc::new(app.with_limits(crate::hosts::UNLIMITED.parse().unwrap()));
        let opened = open_store(&app, "Shop", "Shop", Currency::EUR).await.unwrap();
        let isolate = Isolate::new(Arc::clone(&app), &opened.secret_key);
        Shop { app, sql, clock, opened, isolate, _database: database }
    }

    /// The path of a dry run that has claimed so much.
    async fn dry_run(&self, claims: u32) -> String {
        let made = self.isolate.send("POST", JOBS, &json!({ "dryRun": true })).await;
        let id = made.json()["id"].as_str().unwrap().to_owned();
        self.fill(
            &id,
            "bulk_claim (organization_id, job_id, kind, value, product_id)",
            "'sku', 'sku-' || n, 'prod'",
            claims,
        )
        .await;
        format!("{JOBS}/{id}")
    }

    async fn fill(&self, job: &str, columns: &str, values: &str, rows: u32) {
        let mut commit = Commit::new();
        commit.push(Statement::new(format!(
            "INSERT INTO {columns} WITH n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {rows})
             SELECT '{}', '{job}', {values} FROM n",
            self.opened.tenant.organization
        )));
        let sql: &dyn Sql = &*self.sql;
        assert!(matches!(sql.commit(&commit).await, Ok(Committed::Done { .. })));
    }

    async fn count(&self, table: &str) -> i64 {
        let statement = Statement::new(format!("SELECT count(*) AS rows FROM {table}"));
        let sql: &dyn Sql = &*self.sql;
        let rows = sql.read(vec![statement]).await.unwrap();
        rows[0].first().unwrap().get("rows").unwrap()
    }

    async fn state(&self, job: &str) -> Value {
        let answer = self.isolate.get(job).await;
        if answer.status == 404 { Value::Null } else { answer.json()["state"].clone() }
    }
}

#[tokio::test]
async fn what_a_dry_run_has_claimed_goes_slice_by_slice_after_it_has_ended() {
    let shop = Shop::open().await;
    let job = shop.dry_run(12_000).await;
    let open = shop.dry_run(10).await;
    shop.isolate.send("POST", &format!("{job}/cancel"), &Value::Null).await;
    assert_eq!(shop.count("bulk_claim").await, 12_010, "nobody waits for it");
    // The process dies after two slices.
    shop.sql.left.store(2, Ordering::SeqCst);
    shop.isolate.work_on().await;
    assert_eq!(shop.count("bulk_claim").await, 2_010);
    shop.sql.left.store(usize::MAX, Ordering::SeqCst);
    // A repeat, or whoever makes another, comes to its end.
    shop.isolate.send("POST", &format!("{job}/cancel"), &Value::Null).await;
    shop.isolate.work_on().await;
    assert_eq!((shop.count("bulk_claim").await, shop.count("bulk_job WHERE has_claims = 1").await), (10, 1));
    assert_eq!((shop.state(&job).await, shop.state(&open).await), (json!("cancelled"), json!("open")));
    shop.isolate.send("POST", &format!("{open}/finish"), &Value::Null).await;
    shop.isolate.die();
    shop.isolate.send("POST", JOBS, &json!({})).await;
    shop.isolate.work_on().await;
    assert_eq!((shop.count("bulk_claim").await, shop.count("bulk_job WHERE has_claims = 1").await), (0, 0));
}

#[tokio::test]
async fn a_job_of_a_month_ago_is_forgotten_with_its_last_slice() {
    let shop = Shop::open().await;
    let job = shop.dry_run(7_000).await;
    let id = job.rsplit('/').next().unwrap();
    shop.fill(id, "bulk_error (organization_id, job_id, part, line, errors)", "1, n, '[]'", 11_000).await;
    let part = "bulk_part (organization_id, job_id, part, sha256, bytes, bytes_done, lines, created, updated, unchanged, \
                failed)";
    shop.fill(id, part, "n, '', 1, 1, 1, 0, 0, 0, 1", 3).await;
    let part = format!("{job}/parts/9");
    shop.clock.advance(MONTH + 1);
    shop.sql.left.store(1, Ordering::SeqCst);
    let made = shop.isolate.send("POST", JOBS, &json!({})).await.json();
    assert_eq!(shop.count("bulk_claim").await, 7_000, "nobody waits for it");
    shop.isolate.work_on().await;
    // It is there until all of it has gone, but takes nothing more.
    assert_eq!((shop.count("bulk_claim").await, shop.count("bulk_error").await), (2_000, 6_000));
    assert_eq!(shop.state(&job).await, "cancelled");
    let refused = shop.isolate.call("PUT", &part, "application/jsonl", "{}".to_owned()).await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    shop.sql.left.store(usize::MAX, Ordering::SeqCst);
    shop.isolate.send("POST", JOBS, &json!({})).await;
    shop.isolate.work_on().await;
    assert_eq!(shop.state(&job).await, Value::Null);
    for table in ["bulk_claim", "bulk_error", "bulk_part"] {
        assert_eq!(shop.count(table).await, 0, "{table}");
    }
    let made = format!("{JOBS}/{}", made["id"].as_str().unwrap());
    assert_eq!((shop.state(&made).await, shop.count("bulk_job").await), (json!("open"), 2));
}

/// Nobody has to come back: a minute after the process has died the cron does the rest, and a month after they were made
/// jobs are forgotten, an open one too.
#[tokio::test]
async fn what_a_dead_process_left_goes_by_the_cron() {
    let shop = Shop::open().await;
    let job = shop.dry_run(12_000).await;
    let open = shop.dry_run(10).await;
    shop.isolate.send("POST", &format!("{job}/cancel"), &Value::Null).await;
    shop.isolate.die();
    run_due(&shop.app).await;
    assert_eq!(shop.count("bulk_claim").await, 12_010, "it may be on its way after the response");
    shop.clock.advance(60_001);
    shop.sql.left.store(1, Ordering::SeqCst);
    run_due(&shop.app).await;
    assert_eq!(shop.count("bulk_claim").await, 7_010);
    shop.sql.left.store(usize::MAX, Ordering::SeqCst);
    run_due(&shop.app).await;
    assert_eq!((shop.count("bulk_claim").await, shop.count("bulk_job").await), (10, 2));
    assert_eq!(shop.state(&open).await, "open");
    shop.clock.advance(MONTH);
    run_due(&shop.app).await;
    assert_eq!((shop.count("bulk_claim").await, shop.count("bulk_job").await), (0, 0));
}
