//! Price lists and rates stay within their bounds, what is decided about them holds in the commit, and what is left of
//! those that are deleted, and of promotions, goes slice by slice.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use headlesspro_edge::app::App;
use headlesspro_edge::host::native::libsql::EmbeddedSql;
use headlesspro_edge::jobs::run_due;
use headlesspro_edge::organizations::{Opened, open_store};
use headlesspro_edge::port::BoxFuture;
use headlesspro_edge::port::clock::Clock;
use headlesspro_edge::port::entropy::HostEntropy;
use headlesspro_edge::port::kv::memory::MemoryKv;
use headlesspro_edge::port::sql::{Batch, Commit, Committed, Outcome, Sql, SqlError, Statement};
use headlesspro_edge::scripts;
use headlesspro_shared::kernel::money::Currency;
use serde_json::{Value, json};

use crate::databases::EmbeddedDatabase;
use crate::hand_clock::HandClock;
use crate::isolate::{Answer, Isolate};
use crate::secrets::secrets;

const LISTS: &str = "/api/v1/price-lists";
const RATES: &str = "/api/v1/exchange-rates";
const DAY: i64 = 24 * 60 * 60 * 1_000;

/// A database in which somebody else is quicker, and which takes only so many more commits that remove what is left.
struct Meddled {
    sql: EmbeddedSql,
    /// What is done before the next commit that has the statement of this name.
    before: Mutex<Option<(&'static str, String)>>,
    left: AtomicUsize,
}

impl Sql for Meddled {
    fn run(&self, batch: Batch) -> BoxFuture<'_, Result<Outcome, SqlError>> {
        let has = |name: &str| batch.steps.iter().any(|step| step.statement.sql.contains(name));
        let first = self.before.lock().unwrap().take_if(|(name, _)| has(name)).map(|(_, sql)| sql);
        let is_lost = has("_of_deleted")
            && self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err();
        Box::pin(async move {
            if let Some(sql) = first {
                execute(&self.sql, sql).await;
            }
            if is_lost { Err(SqlError::Unavailable("lost".to_owned())) } else { self.sql.run(batch).await }
        })
    }
}

async fn execute(sql: &dyn Sql, text: String) {
    let mut commit = Commit::new();
    commit.push(Statement::new(text));
    let done = sql.commit(&commit).await.unwrap();
    assert!(matches!(done, Committed::Done { .. }), "{done:?}");
}

struct Shop {
    app: Arc<App>,
    sql: Arc<Meddled>,
    clock: Arc<HandClock>,
    opened: Opened,
    isolate: Isolate,
    _database: EmbeddedDatabase,
}

impl Shop {
    async fn open() -> Shop {
        let database = EmbeddedDatabase::migrated().await;
        let clock = Arc::new(HandClock::default());
        let left = AtomicUsize::new(usize::MAX);
        let sql = Arc::new(Meddled { sql: database.sql.clone(), before: Mutex::default(), left });
        let kv = Arc::new(MemoryKv::new(clock.clone(), scripts::ALL));
        let app = App::new(sql.clone() as Arc<dyn Sql>, kv, clock.clone(), Arc::new(HostEntropy), secrets());
        let app = Arc::new(app.with_limits(crate::hosts::UNLIMITED.parse().unwrap()));
        let opened = open_store(&app, "Shop", "Shop", Currency::EUR).await.unwrap();
        let isolate = Isolate::new(Arc::clone(&app), &opened.secret_key);
        Shop { app, sql, clock, opened, isolate, _database: database }
    }

    async fn execute(&self, text: String) {
        execute(&self.sql.sql, text).await;
    }

    async fn count(&self, table: &str) -> i64 {
        let sql: &dyn Sql = &self.sql.sql;
        let rows = sql.read(vec![Statement::new(format!("SELECT count(*) AS rows FROM {table}"))]).await.unwrap();
        rows[0].first().unwrap().get("rows").unwrap()
    }

    async fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.isolate.call(method, path, "application/json", body.to_string()).await
    }

    async fn id_of(&self, path: &str, body: &Value) -> String {
        self.isolate.send("POST", path, body).await.json()["id"].as_str().unwrap().to_owned()
    }

    /// The path of a list that has so many rules.
    async fn list_of(&self, rules: u32) -> String {
        let id = self.id_of(LISTS, &sale(true)).await;
        let (organization, store) = (self.opened.tenant.organization, self.opened.tenant.store);
        self.execute(format!(
            "INSERT INTO price_list_rule (organization_id, store_id, list_id, target, currency, min_quantity, price_minor)
             WITH n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {rules})
             SELECT '{organization}', '{store}', '{id}', 'var_' || printf('%026d', n), 'EUR', 1, n FROM n"
        ))
        .await;
        format!("{LISTS}/{id}")
    }

    async fn rules_and_lists(&self) -> (i64, i64) {
        (self.count("price_list_rule").await, self.count("price_list").await)
    }
}

fn sale(active: bool) -> Value {
    json!({ "name": "Sale", "kind": "sale", "active": active })
}

#[track_caller]
fn is_refused(answer: &Answer, status: u16, word: &str) {
    assert!(answer.status == status && answer.text().contains(word), "{} {}", answer.status, answer.text());
}

#[tokio::test]
async fn all_rules_of_a_list_that_stays_go_slice_by_slice() {
    let shop = Shop::open().await;
    let kept = shop.list_of(3).await;
    let list = shop.list_of(12_001).await;
    let before = shop.count("audit_log").await;
    let answer = shop.isolate.send("DELETE", &format!("{list}/rules"), &Value::Null).await;
    is_refused(&answer, 204, "");
    assert_eq!(shop.rules_and_lists().await, (3, 2));
    assert_eq!(shop.count("audit_log").await - before, 3, "5,000 at a time");
    let shown = shop.isolate.send("GET", &list, &Value::Null).await.json();
    assert_eq!((&shown["ruleCount"], &shown["version"]), (&serde_json::json!(0), &serde_json::json!(4)));
    let other = shop.isolate.send("GET", &kept, &Value::Null).await.json();
    assert_eq!(other["ruleCount"], 3);
}

#[tokio::test]
async fn rules_of_a_deleted_list_go_slice_by_slice_whoever_dies_meanwhile() {
    let shop = Shop::open().await;
    let kept = shop.list_of(3).await;
    let path = shop.list_of(12_000).await;
    shop.isolate.send("DELETE", &path, &Value::Null).await;
    assert_eq!(shop.rules_and_lists().await, (12_003, 2), "nobody waits for it");
    for (method, rest) in [("GET", ""), ("GET", "/rules"), ("DELETE", "/rules"), ("DELETE", "")] {
        assert_eq!(shop.call(method, &format!("{path}{rest}"), &Value::Null).await.status, 404, "{method} {rest}");
    }
    let listed = shop.isolate.get(LISTS).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
    // The process dies after two slices; the cron does the rest.
    shop.sql.left.store(2, Ordering::SeqCst);
    shop.isolate.work_on().await;
    assert_eq!(shop.rules_and_lists().await, (2_003, 2));
    shop.sql.left.store(usize::MAX, Ordering::SeqCst);
    run_due(&shop.app).await;
    assert_eq!(shop.rules_and_lists().await, (3, 1));
    assert_eq!(shop.isolate.get(&kept).await.json()["ruleCount"], 3);
    // One that was not removed counts for nothing.
    shop.isolate.send("DELETE", &kept, &Value::Null).await;
    shop.isolate.die();
    for _ in 0..250 {
        shop.id_of(LISTS, &sale(false)).await;
    }
    is_refused(&shop.call("POST", LISTS, &sale(false)).await, 409, "too-many-price-lists");
}

#[tokio::test]
async fn codes_of_a_deleted_promotion_are_free_at_once_and_go_slice_by_slice() {
    let shop = Shop::open().await;
    let promotions = "/api/v1/promotions";
    let half = json!({ "name": "Half", "trigger": "code",
        "effect": { "type": "reduce", "by": { "type": "percent", "rate": 500_000 } } });
    let (id, other) = (shop.id_of(promotions, &half).await, shop.id_of(promotions, &half).await);
    let (organization, store) = (shop.opened.tenant.organization, shop.opened.tenant.store);
    shop.execute(format!(
        "INSERT INTO promotion_code (organization_id, store_id, promotion_id, id, code, created_at)
         WITH n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 12000)
         SELECT '{organization}', '{store}', '{id}', 'pcode_' || printf('%026d', n), 'HALF' || n, 0 FROM n"
    ))
    .await;
    let (path, codes) = (format!("{promotions}/{id}"), format!("{promotions}/{other}/codes"));
    let (code, mine) = (format!("{path}/codes/pcode_{:026}", 2), json!({ "codes": ["HALF1"] }));
    is_refused(&shop.call("POST", &codes, &mine).await, 422, "#/codes/0");
    shop.isolate.send("DELETE", &path, &Value::Null).await;
    for (method, path) in [("GET", &path), ("DELETE", &path), ("DELETE", &code)] {
        assert_eq!(shop.call(method, path, &Value::Null).await.status, 404, "{method} {path}");
    }
    let more = json!({ "codes": ["MORE"] });
    assert_eq!(shop.call("POST", &format!("{path}/codes"), &more).await.status, 404);
    assert_eq!(shop.count("promotion_code").await, 12_000, "nobody waits for it");
    shop.isolate.send("POST", &codes, &mine).await;
    let is_found = "promotion_code c JOIN promotion p ON p.id = c.promotion_id WHERE code = 'HALF1'";
    assert_eq!(shop.count(&format!("{is_found} AND deleted_at IS NULL")).await, 1);
    shop.sql.left.store(1, Ordering::SeqCst);
    shop.isolate.work_on().await;
    assert_eq!((shop.count("promotion_code").await, shop.count("promotion").await), (7_000, 2));
    shop.sql.left.store(usize::MAX, Ordering::SeqCst);
    run_due(&shop.app).await;
    assert_eq!((shop.count("promotion_code").await, shop.count("promotion").await), (1, 1));
}

#[tokio::test]
async fn active_lists_are_so_large_together_and_no_larger() {
    let shop = Shop::open().await;
    let large = shop.id_of(LISTS, &sale(false)).await;
    shop.execute(format!(
        "UPDATE price_list SET document = json_set(document, '$.name', printf('%.*c', 262000, 'x')) WHERE id = '{large}'"
    ))
    .await;
    // It counts for nothing while no cart can read it.
    let other = shop.id_of(LISTS, &sale(true)).await;
    let mut based = sale(true);
    based["basedOn"] = json!(large);
    is_refused(&shop.call("POST", LISTS, &based).await, 409, "price-lists-too-large");
    is_refused(&shop.call("PUT", &format!("{LISTS}/{other}"), &based).await, 409, "256 KiB");
    shop.execute(format!("UPDATE price_list SET active = 1, ends_at = 1 WHERE id = '{large}'")).await;
    shop.id_of(LISTS, &sale(true)).await;
    shop.execute(format!("UPDATE price_list SET ends_at = NULL WHERE id = '{large}'")).await;
    is_refused(&shop.call("POST", LISTS, &sale(true)).await, 409, "price-lists-too-large");
    shop.id_of(LISTS, &sale(false)).await;
}

#[tokio::test]
async fn what_a_list_names_is_there_when_it_is_written() {
    let shop = Shop::open().await;
    let group = shop.id_of("/api/v1/customer-groups", &json!({ "name": "Resellers" })).await;
    let mut list = sale(true);
    list["groups"] = json!([group]);
    let gone = format!("DELETE FROM customer_group WHERE id = '{group}'");
    *shop.sql.before.lock().unwrap() = Some(("pricing::insert_list", gone));
    is_refused(&shop.call("POST", LISTS, &list).await, 422, "#/groups/0");

    let channel = shop.id_of("/api/v1/admin/channels", &json!({ "name": "Till", "handle": "till" })).await;
    let path = format!("{LISTS}/{}", shop.id_of(LISTS, &sale(true)).await);
    let mut list = sale(true);
    list["channels"] = json!([channel]);
    let gone = format!("DELETE FROM channel WHERE id = '{channel}'");
    *shop.sql.before.lock().unwrap() = Some(("pricing::change_list", gone));
    is_refused(&shop.call("PUT", &path, &list).await, 422, "#/channels/0");
    assert_eq!(shop.isolate.get(&path).await.json()["channels"], json!([]));
}

#[tokio::test]
async fn of_a_pair_the_last_rates_stay_and_those_to_come_are_bounded() {
    let shop = Shop::open().await;
    let now = shop.clock.now();
    let rate = |days: i64| {
        let at = |days: i64| now.checked_add_millis(days * DAY).unwrap();
        json!({ "source": "test", "asOf": at(days), "validUntil": at(days + 2), "rates":
            [{ "base": "EUR", "quote": "KRW", "rate": "1400" }] })
    };
    shop.isolate.send("PUT", RATES, &rate(0)).await;
    let fill = |from: i64, to: i64| {
        format!(
            "INSERT INTO exchange_rate (organization_id, store_id, pair, rate, as_of, valid_until, source)
             WITH n (n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM n WHERE n < {to})
             SELECT '{}', '{}', 'EUR/KRW', '1400', {} + n * {DAY}, {} + n * {DAY}, 'test' FROM n",
            shop.opened.tenant.organization,
            shop.opened.tenant.store,
            now.millis(),
            now.millis() + DAY
        )
    };
    shop.execute(fill(-700, -1)).await;
    shop.execute(fill(1, 3)).await;
    // What is to come says something already, and stays whatever it is.
    shop.isolate.send("PUT", RATES, &rate(0)).await;
    assert_eq!(shop.count("exchange_rate").await, 500 + 3);
    let at = |days: i64| format!("{RATES}?at={}", now.checked_add_millis(days * DAY).unwrap());
    for (days, count) in [(-500, 0), (-499, 1), (0, 1), (3, 1)] {
        let known = shop.isolate.get(&at(days)).await.json();
        assert_eq!(known["items"].as_array().unwrap().len(), count, "{days}");
    }
    shop.execute(fill(4, 500)).await;
    is_refused(&shop.call("PUT", RATES, &rate(501)).await, 409, "1,000");
    // A correction is none more.
    shop.isolate.send("PUT", RATES, &rate(500)).await;
    shop.isolate.send("DELETE", &format!("{RATES}?base=EUR&quote=KRW"), &Value::Null).await;
    assert_eq!((shop.count("exchange_rate").await, shop.count("exchange_pair").await), (0, 0));
}
