//! What a CDN is to take back, from the commit that changes it until the CDN has been told: on the embedded engine and
//! on sqld, with a CDN that answers as it is told.

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use headlesspro_edge::app::App;
use headlesspro_edge::catalog::{PurgeRun, send_purges};
use headlesspro_edge::organizations::{Opened, open_store};
use headlesspro_edge::port::BoxFuture;
use headlesspro_edge::port::entropy::HostEntropy;
use headlesspro_edge::port::kv::memory::MemoryKv;
use headlesspro_edge::port::purger::{CachePurger, PurgeError};
use headlesspro_edge::port::sql::turns::TakingTurns;
use headlesspro_edge::port::sql::{Commit, Committed, Sql, Statement};
use headlesspro_edge::scripts;
use headlesspro_shared::catalog::{FIRST_LEASE_MILLIS, LEASE_MILLIS};
use headlesspro_shared::kernel::money::Currency;
use http::HeaderName;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::databases::{EmbeddedDatabase, SqldDatabase};
use crate::hand_clock::HandClock;
use crate::isolate::Isolate;
use crate::secrets::secrets;

/// Of the CDN's calls.
const MOST_TAGS: usize = 100;

/// Takes answers back as it is told to.
#[derive(Default)]
struct Cdn {
    told: Mutex<Vec<Vec<String>>>,
    /// What it answers first; afterwards it takes everything.
    answers: Mutex<VecDeque<Answer>>,
    go_on: Notify,
}

enum Answer {
    Takes,
    Says(PurgeError),
    Hangs,
}

impl Cdn {
    fn answers(&self, answers: impl IntoIterator<Item = Answer>) {
        self.answers.lock().unwrap().extend(answers);
    }

    /// What it was told of since it was last asked for, each call's tags in order.
    fn told(&self) -> Vec<Vec<String>> {
        std::mem::take(&mut *self.told.lock().unwrap())
    }
}

impl CachePurger for Cdn {
    fn purge(&self, mut tags: Vec<String>) -> BoxFuture<'_, Result<(), PurgeError>> {
        let answer = self.answers.lock().unwrap().pop_front();
        Box::pin(async move {
            match answer {
                Some(Answer::Says(error)) => return Err(error),
                Some(Answer::Hangs) => self.go_on.notified().await,
                None | Some(Answer::Takes) => tokio::time::sleep(Duration::from_millis(2)).await,
            }
            tags.sort();
            self.told.lock().unwrap().push(tags);
            Ok(())
        })
    }

    fn most_tags(&self) -> usize {
        MOST_TAGS
    }

    fn tag_header(&self) -> (HeaderName, &'static str) {
        (HeaderName::from_static("cache-tag"), ",")
    }
}

fn says(status: u16, retry_after: Option<u64>) -> Answer {
    Answer::Says(PurgeError::Refused { status, retry_after: retry_after.map(Duration::from_secs) })
}

/// A shop behind a CDN.
struct Shop {
    app: Arc<App>,
    clock: Arc<HandClock>,
    cdn: Arc<Cdn>,
    opened: Opened,
    isolate: Isolate,
    sql: Arc<dyn Sql>,
    _keep: Box<dyn std::any::Any>,
}

impl Shop {
    async fn embedded() -> Shop {
        let database = EmbeddedDatabase::migrated().await;
        Shop::over(Arc::new(database.sql.clone()), Box::new(database)).await
    }

    async fn sqld() -> Shop {
        let database = SqldDatabase::migrated().await;
        let clock = Arc::new(HandClock::default());
        // As every host has it: a commit that finds the lock taken is sent again.
        let sql = TakingTurns::new(Arc::new(database.sql.clone()), clock);
        Shop::over(Arc::new(sql), Box::new(database)).await
    }

    async fn over(sql: Arc<dyn Sql>, keep: Box<dyn std::any::Any>) -> Shop {
        let (clock, cdn) = (Arc::new(HandClock::default()), Arc::new(Cdn::default()));
        let app = Arc::new(app(&sql, &clock).with_cdn(cdn.clone()));
        let opened = open_store(&app, "Shop", "Shop", Currency::EUR).await.unwrap();
        let isolate = Isolate::new(Arc::clone(&app), &opened.secret_key);
        Shop { app, clock, cdn, opened, isolate, sql, _keep: keep }
    }

    /// A write, with what is to be done after its response still to come.
    async fn write(&self, price: u32) {
        self.isolate.import(format!("Handle,Title,Variant Price\ntent,Tent,{price}\n")).await;
    }

    /// Sent, postponed and failed.
    async fn run(&self) -> [u32; 3] {
        counts(send_purges(&self.app).await.unwrap())
    }

    async fn execute(&self, sql: impl Into<Cow<'static, str>>) {
        let mut commit = Commit::new();
        commit.push(Statement::new(sql));
        assert!(matches!(self.sql.commit(&commit).await, Ok(Committed::Done { .. })));
    }

    /// As many more writes like those that are kept, each with so many tags of its own.
    async fn copies(&self, count: u32, tags: u32) {
        self.execute(format!(
            "INSERT INTO cache_purge (id, organization_id, store_id, tags, next_attempt_at, created_at)
             WITH n (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < {count}),
               t (t) AS (VALUES (1) UNION ALL SELECT t + 1 FROM t WHERE t < {tags})
             SELECT substr(p.id, 1, length(p.id) - 10) || printf('%010d', n), p.organization_id, p.store_id,
               (SELECT json_group_array('prod_' || n || '_' || t) FROM t), p.next_attempt_at, p.created_at
             FROM n CROSS JOIN (SELECT * FROM cache_purge WHERE store_id = '{}' LIMIT 1) p",
            self.opened.tenant.store
        ))
        .await;
    }

    /// The tags of what the database keeps, the oldest first.
    async fn kept(&self) -> Vec<BTreeSet<String>> {
        let statement = Statement::new("SELECT tags FROM cache_purge ORDER BY id");
        let rows = self.sql.read(vec![statement]).await.unwrap().remove(0);
        rows.iter().map(|row| serde_json::from_str(row.get("tags").unwrap()).unwrap()).collect()
    }

    /// Of a write that changes which products lists have.
    fn tag(&self, of: &str) -> String {
        format!("{of}-{}", self.opened.tenant.store)
    }
}

fn app(sql: &Arc<dyn Sql>, clock: &Arc<HandClock>) -> App {
    let kv = Arc::new(MemoryKv::new(clock.clone(), scripts::ALL));
    let app = App::new(Arc::clone(sql), kv, clock.clone(), Arc::new(HostEntropy), secrets());
    app.with_limits(crate::hosts::UNLIMITED.parse().unwrap())
}

fn counts(run: PurgeRun) -> [u32; 3] {
    [run.sent, run.postponed, run.failed]
}

/// Every case on both engines.
macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        mod on_embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() { super::$case(super::Shop::embedded().await).await })*
        }
        mod on_sqld {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() { super::$case(super::Shop::sqld().await).await })*
        }
    };
}

cases! {
    a_purge_leaves_right_after_the_response_and_leaves_nothing_behind,
    what_the_dead_have_left_the_job_sends_once,
    what_the_cdn_did_not_take_the_job_sends,
    a_cdn_that_is_away_is_told_again_with_growing_pauses,
    a_cdn_that_names_a_pause_has_it,
    after_a_day_a_purge_is_given_up,
    what_is_too_old_goes_though_it_is_not_due,
    a_backlog_drains_call_after_call_and_is_not_told_twice,
    a_cdn_that_is_away_is_asked_once_a_run,
    what_is_due_of_many_stores_is_told_in_one_call,
    many_runs_at_once_send_each_once,
    whoever_dies_while_telling_leaves_it_to_the_next,
    one_call_tells_of_every_organization,
    without_a_cdn_nothing_is_kept,
    a_commit_that_is_refused_keeps_nothing,
    a_large_write_takes_back_all_of_the_store,
    a_category_that_moves_takes_back_what_is_below_it,
}

async fn a_purge_leaves_right_after_the_response_and_leaves_nothing_behind(shop: Shop) {
    shop.write(1).await;
    let kept = shop.kept().await;
    assert_eq!(kept.len(), 1);
    assert!(kept[0].contains(&shop.tag("products")), "{kept:?}");
    shop.isolate.work_on().await;
    let told = shop.cdn.told();
    assert_eq!(told.iter().map(|tags| tags.iter().cloned().collect()).collect::<Vec<BTreeSet<_>>>(), kept);
    assert!(shop.kept().await.is_empty());
    shop.clock.advance(FIRST_LEASE_MILLIS);
    assert_eq!((shop.run().await, shop.cdn.told().len()), ([0, 0, 0], 0));
}

async fn what_the_dead_have_left_the_job_sends_once(shop: Shop) {
    for price in [1, 2] {
        shop.write(price).await;
        shop.isolate.die();
    }
    let all: BTreeSet<String> = shop.kept().await.into_iter().flatten().collect();
    assert_eq!(shop.run().await, [0, 0, 0], "whoever made the commit may still be at it");
    shop.clock.advance(FIRST_LEASE_MILLIS);
    assert_eq!(shop.run().await, [2, 0, 0]);
    assert_eq!(shop.cdn.told(), [all.into_iter().collect::<Vec<_>>()], "each tag once");
    assert!(shop.kept().await.is_empty());
    assert_eq!(shop.run().await, [0, 0, 0]);
}

async fn what_the_cdn_did_not_take_the_job_sends(shop: Shop) {
    shop.cdn.answers([says(503, None), says(500, None), says(502, None)]);
    shop.write(1).await;
    shop.isolate.work_on().await;
    assert_eq!((shop.cdn.told().len(), shop.kept().await.len()), (0, 1));
    shop.clock.advance(FIRST_LEASE_MILLIS);
    assert_eq!((shop.run().await, shop.cdn.told().len()), ([1, 0, 0], 1));
}

async fn a_cdn_that_is_away_is_told_again_with_growing_pauses(shop: Shop) {
    shop.write(1).await;
    shop.isolate.die();
    shop.clock.advance(FIRST_LEASE_MILLIS);
    for pause in [5_000, 10_000, 20_000] {
        shop.cdn.answers([says(503, None)]);
        assert_eq!(shop.run().await, [0, 1, 0]);
        shop.clock.advance(pause - 1);
        assert_eq!(shop.run().await, [0, 0, 0]);
        shop.clock.advance(1);
    }
    assert_eq!((shop.run().await, shop.cdn.told().len()), ([1, 0, 0], 1));
}

async fn a_cdn_that_names_a_pause_has_it(shop: Shop) {
    // After the response as well: it is asked once, not three times.
    shop.cdn.answers([says(429, Some(90))]);
    shop.write(1).await;
    shop.isolate.work_on().await;
    assert!(shop.cdn.told().is_empty());
    shop.clock.advance(FIRST_LEASE_MILLIS);
    shop.cdn.answers([says(429, Some(90))]);
    assert_eq!(shop.run().await, [0, 1, 0]);
    shop.clock.advance(89_999);
    assert_eq!(shop.run().await, [0, 0, 0]);
    shop.clock.advance(1);
    assert_eq!((shop.run().await, shop.cdn.told().len()), ([1, 0, 0], 1));
}

async fn after_a_day_a_purge_is_given_up(shop: Shop) {
    shop.write(1).await;
    shop.isolate.die();
    shop.clock.advance(86_400_000);
    shop.cdn.answers([says(403, None)]);
    assert_eq!(shop.run().await, [0, 0, 1]);
    assert!(shop.kept().await.is_empty());
    // Where nobody ran for longer, it is not even tried.
    shop.write(2).await;
    shop.isolate.die();
    shop.clock.advance(86_400_001);
    assert_eq!((shop.run().await, shop.cdn.told().len()), ([0, 0, 1], 0));
    assert!(shop.kept().await.is_empty());
}

async fn what_is_too_old_goes_though_it_is_not_due(shop: Shop) {
    for price in [1, 2] {
        shop.write(price).await;
        shop.isolate.die();
    }
    // As a CDN that asks for an hour each time leaves them.
    shop.execute("UPDATE cache_purge SET next_attempt_at = created_at + 90000000, attempts = 30").await;
    shop.clock.advance(86_400_001);
    shop.write(3).await;
    shop.isolate.die();
    shop.clock.advance(FIRST_LEASE_MILLIS);
    shop.cdn.answers([says(403, None)]);
    assert_eq!(shop.run().await, [0, 1, 2]);
    assert_eq!(shop.kept().await.len(), 1);
}

async fn a_backlog_drains_call_after_call_and_is_not_told_twice(shop: Shop) {
    shop.write(1).await;
    shop.isolate.die();
    shop.copies(249, 3).await;
    shop.clock.advance(FIRST_LEASE_MILLIS);
    // The second call is one too many.
    shop.cdn.answers([Answer::Takes, says(429, Some(60))]);
    assert_eq!(shop.run().await, [100, 100, 0]);
    assert_eq!((shop.cdn.told().len(), shop.kept().await.len()), (1, 150));
    assert_eq!(shop.run().await, [50, 0, 0]);
    shop.clock.advance(60_000);
    assert_eq!(shop.run().await, [100, 0, 0]);
    let told = shop.cdn.told();
    assert_eq!((told.len(), shop.kept().await.len()), (2, 0));
    // Each claim has more tags than a call takes.
    assert_eq!(told[1], [shop.tag("catalog")]);
}

async fn a_cdn_that_is_away_is_asked_once_a_run(shop: Shop) {
    let theirs = open_store(&shop.app, "Theirs", "Theirs", Currency::EUR).await.unwrap();
    let isolate = Isolate::new(Arc::clone(&shop.app), &theirs.secret_key);
    isolate.import("Handle,Title,Variant Price\nboat,Boat,9\n".to_owned()).await;
    isolate.die();
    shop.write(1).await;
    shop.isolate.die();
    shop.copies(149, 1).await;
    shop.clock.advance(FIRST_LEASE_MILLIS);
    shop.cdn.answers([says(401, None)]);
    let run = shop.run().await;
    assert_eq!((run[0], run[2], shop.cdn.told().len()), (0, 0, 0));
    assert!(run[1] <= 100, "{run:?}");
}

async fn what_is_due_of_many_stores_is_told_in_one_call(shop: Shop) {
    let mut stores = Vec::new();
    for number in 0..3 {
        let name = format!("Theirs {number}");
        let theirs = open_store(&shop.app, &name, &name, Currency::EUR).await.unwrap();
        let isolate = Isolate::new(Arc::clone(&shop.app), &theirs.secret_key);
        // What is there already is named by its products.
        for price in [1, 2] {
            let lines = (0..90).map(|product| format!("boat-{product},Boat,{price}\n"));
            isolate.import(format!("Handle,Title,Variant Price\n{}", lines.collect::<String>())).await;
        }
        isolate.die();
        stores.push(theirs.tenant.store);
    }
    shop.write(1).await;
    shop.isolate.die();
    shop.clock.advance(FIRST_LEASE_MILLIS);
    assert_eq!(shop.run().await[1..], [0, 0]);
    let told = shop.cdn.told();
    let [tags] = told.as_slice() else { panic!("{told:?}") };
    assert!(tags.len() <= MOST_TAGS && tags.contains(&shop.tag("products")), "{tags:?}");
    let whole = stores.iter().filter(|store| tags.contains(&format!("catalog-{store}"))).count();
    assert!(2 <= whole, "{tags:?}");
}

async fn many_runs_at_once_send_each_once(shop: Shop) {
    for price in 1..=6 {
        shop.write(price).await;
    }
    shop.isolate.die();
    shop.clock.advance(FIRST_LEASE_MILLIS);
    let runs = join_all((0..8).map(|_| shop.run())).await;
    assert_eq!(runs.iter().map(|run| run[0]).sum::<u32>(), 6, "{runs:?}");
    assert!(shop.kept().await.is_empty());
}

async fn whoever_dies_while_telling_leaves_it_to_the_next(shop: Shop) {
    shop.write(1).await;
    shop.isolate.die();
    shop.clock.advance(FIRST_LEASE_MILLIS);
    shop.cdn.answers([Answer::Hangs]);
    let dying = tokio::time::timeout(Duration::from_millis(300), shop.run()).await;
    assert!(dying.is_err());
    shop.clock.advance(LEASE_MILLIS - 1);
    assert_eq!(shop.run().await, [0, 0, 0]);
    shop.clock.advance(1);
    assert_eq!((shop.run().await, shop.cdn.told().len()), ([1, 0, 0], 1));
}

async fn one_call_tells_of_every_organization(shop: Shop) {
    let theirs = open_store(&shop.app, "Theirs", "Theirs", Currency::EUR).await.unwrap();
    let isolate = Isolate::new(Arc::clone(&shop.app), &theirs.secret_key);
    isolate.import("Handle,Title,Variant Price\nboat,Boat,9\n".to_owned()).await;
    isolate.die();
    shop.write(1).await;
    shop.isolate.die();
    shop.clock.advance(FIRST_LEASE_MILLIS);
    assert_eq!(shop.run().await, [2, 0, 0]);
    let told = shop.cdn.told();
    let [tags] = told.as_slice() else { panic!("{told:?}") };
    for store in [theirs.tenant.store, shop.opened.tenant.store] {
        assert!(tags.contains(&format!("products-{store}")), "{tags:?}");
    }
}

async fn without_a_cdn_nothing_is_kept(shop: Shop) {
    let alone = Arc::new(app(&shop.sql, &shop.clock));
    let isolate = Isolate::new(Arc::clone(&alone), &shop.opened.secret_key);
    isolate.import("Handle,Title,Variant Price\ntent,Tent,1\n".to_owned()).await;
    isolate.work_on().await;
    assert!(shop.kept().await.is_empty());
    let run = send_purges(&alone).await.unwrap();
    assert_eq!((counts(run), run.round_trips), ([0, 0, 0], 0));
}

async fn a_commit_that_is_refused_keeps_nothing(shop: Shop) {
    let body = json!({ "name": "Tents", "handle": "tents" });
    shop.isolate.send("POST", "/api/v1/categories", &body).await;
    shop.isolate.work_on().await;
    // The path is another's.
    let refused = shop.isolate.call("POST", "/api/v1/categories", "application/json", body.to_string()).await;
    assert!(400 <= refused.status, "{}", refused.text());
    assert!(shop.kept().await.is_empty());
}

async fn a_large_write_takes_back_all_of_the_store(shop: Shop) {
    let file = |price: u32| {
        let lines = (0..400).map(|number| format!("tent-{number},Tent,{price}\n"));
        format!("Handle,Title,Variant Price\n{}", lines.collect::<String>())
    };
    shop.isolate.import(file(1)).await;
    shop.isolate.work_on().await;
    shop.cdn.told();
    shop.isolate.import(file(2)).await;
    shop.isolate.work_on().await;
    let told = shop.cdn.told();
    let most = told.iter().map(Vec::len).max().unwrap();
    assert!(most <= MOST_TAGS && told.contains(&vec![shop.tag("catalog")]), "{told:?}");
    // Every answer names it.
    let first = shop.isolate.get("/api/v1/products/tent-1").await;
    let first_page = shop.isolate.get("/api/v1/sitemaps").await.text();
    let page = first_page.split("sitemaps/").nth(1).unwrap().split(".xml").next().unwrap().to_owned();
    for answer in [
        first,
        shop.isolate.get("/api/v1/products").await,
        shop.isolate.get("/api/v1/categories").await,
        shop.isolate.get("/api/v1/collections").await,
        shop.isolate.get("/api/v1/sitemaps").await,
        shop.isolate.get(&format!("/api/v1/sitemaps/{page}")).await,
    ] {
        assert_eq!(answer.status, 200, "{}", answer.text());
        let tags: Vec<&str> = answer.header("cache-tag").split(',').collect();
        assert!(tags.contains(&shop.tag("catalog").as_str()), "{tags:?}");
    }
}

async fn a_category_that_moves_takes_back_what_is_below_it(shop: Shop) {
    let make = async |name: &str, parent: Value| {
        let body = json!({ "name": name, "handle": name, "parentId": parent });
        shop.isolate.send("POST", "/api/v1/categories", &body).await.json()["id"].as_str().unwrap().to_owned()
    };
    let (outdoor, indoor) = (make("outdoor", Value::Null).await, make("indoor", Value::Null).await);
    let tents = make("tents", json!(outdoor)).await;
    let tunnels = make("tunnels", json!(tents)).await;
    shop.isolate.work_on().await;
    assert_eq!(shop.cdn.told().len(), 4);
    shop.isolate.send("PATCH", &format!("/api/v1/categories/{tents}"), &json!({ "parentId": indoor })).await;
    let kept = shop.kept().await.remove(0);
    assert!(kept.contains(&tents) && kept.contains(&tunnels), "{kept:?}");
    assert!(!kept.contains(&outdoor) && !kept.contains(&indoor), "{kept:?}");
    shop.isolate.work_on().await;
    let told: BTreeSet<String> = shop.cdn.told().into_iter().flatten().collect();
    assert_eq!(told, kept);
}
