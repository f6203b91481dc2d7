//! How the database runs the statements: on an index, never by reading a whole table. Asked of the real
//! engine with the real schema: for each constant in the source, and for each statement that the list of
//! products puts together.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use headlesspro_edge::app::App;
use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::host::native::libsql::{Durability, EmbeddedSql};
use headlesspro_edge::migrate::migrate;
use headlesspro_edge::organizations::open_store;
use headlesspro_edge::port::BoxFuture;
use headlesspro_edge::port::entropy::HostEntropy;
use headlesspro_edge::port::kv::memory::MemoryKv;
use headlesspro_edge::port::sql::{Batch, Outcome, Sql, SqlError, Statement, Value};
use headlesspro_edge::{routes, scripts};
use headlesspro_shared::kernel::money::Currency;
use http::Request;
use tower::ServiceExt;

use crate::secrets::secrets;
use crate::tenant::check::statements;
use crate::tenant::literals::all;
use crate::tenant::schema::Schema;

/// Statements that read a whole table, each with its reason.
const WHOLE_TABLES: [(&str, &str); 3] = [
    ("organizations::stores (all tenants)", "lists every store, which is the whole table"),
    ("identity::data_keys (all tenants)", "every key is wrapped anew"),
    ("identity::all_token_keys", "every key is wrapped anew"),
];

#[tokio::test]
async fn every_statement_runs_on_an_index() {
    let folder = tempfile::tempdir().expect("a folder");
    let sql = database(&folder).await;
    let schema = Schema::of_migrations();
    let found = all("edge/src", &schema).unwrap_or_else(|unreadable| panic!("{unreadable}"));
    let mut count = 0;
    for statement in found.iter().filter(|sql| !sql.is_fragment && !sql.findings.tables.is_empty()) {
        let is_exception = WHOLE_TABLES.iter().any(|(name, _)| statement.name() == Some(name));
        let plan = plan(&sql, &statement.text, Vec::new()).await;
        let scans = scans(&plan, &statement.text, &schema);
        assert_eq!(is_exception, !scans.is_empty(), "{}\n{}\nscans {scans:?}", statement.text, plan.join("\n"));
        count += 1;
    }
    assert!(count > 30, "only {count} statements were found");
}

#[tokio::test]
async fn every_list_of_products_runs_on_an_index_in_its_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let recorder = Arc::new(Recorder { inner: database(&folder).await, seen: Mutex::default() });
    let clock = Arc::new(SystemClock);
    let sql: Arc<dyn Sql> = Arc::clone(&recorder) as Arc<dyn Sql>;
    let kv = Arc::new(MemoryKv::new(Arc::clone(&clock) as _, scripts::ALL));
    let app = Arc::new(App::new(sql, kv, clock, Arc::new(HostEntropy), secrets()));
    let opened = open_store(&app, "Test", "Test", Currency::EUR).await.expect("a store");
    let router = routes::router(app);
    let call = async |method: &str, path: &str, body: &'static str| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", opened.secret_key))
            .header("content-type", "text/csv")
            .body(Body::from(body))
            .expect("a request");
        let response = router.clone().oneshot(request).await.expect("an answer");
        assert!(response.status().is_success(), "{method} {path}: {}", response.status());
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        serde_json::from_slice::<serde_json::Value>(&body).expect("JSON")
    };
    let file = "Handle,Title,Variant Price\nmug,Mug,12.50\ncup,Cup,7.00\n";
    call("POST", "/api/v1/imports", file).await;
    recorder.seen.lock().unwrap_or_else(PoisonError::into_inner).clear();

    let filters = [
        "",
        "&filter[category]=outdoor",
        "&filter[vendor]=Northwind",
        "&filter[tag]=new",
        "&filter[price][min]=1&filter[price][max]=20",
        "&filter[inStock]=true",
        "&filter[inStock]=false",
        "&filter[category]=a&filter[vendor]=b&filter[tag]=c&filter[price][min]=1&filter[inStock]=true",
    ];
    for sort in ["newest", "title", "-title", "price", "-price"] {
        for filter in filters {
            call("GET", &format!("/api/v1/products?limit=1&sort={sort}{filter}"), "").await;
        }
        let first = call("GET", &format!("/api/v1/products?limit=1&sort={sort}"), "").await;
        let cursor = first.get("nextCursor").and_then(serde_json::Value::as_str).expect("a second page");
        call("GET", &format!("/api/v1/products?limit=1&sort={sort}&cursor={cursor}"), "").await;
    }

    let seen = std::mem::take(&mut *recorder.seen.lock().unwrap_or_else(PoisonError::into_inner));
    let lists: Vec<(&String, &Vec<Value>)> = seen.iter().filter(|(sql, _)| sql.contains("catalog::list")).collect();
    assert_eq!(lists.len(), 5 * (filters.len() + 1), "every combination is a statement of its own");
    let schema = Schema::of_migrations();
    for (text, args) in lists {
        // What was put together keeps to the tenant as its parts do.
        assert_eq!(statements(text, &schema).expect("SQL").faults, Vec::<String>::new(), "{text}");
        let plan = plan(&recorder.inner, text, args.clone()).await;
        assert!(scans(&plan, text, &schema).is_empty(), "{text}\n{}", plan.join("\n"));
        // Sorting reads everything that fits for each page. Of one vendor that may be few.
        let is_sorted = plan.iter().any(|step| step.contains("USE TEMP B-TREE FOR ORDER BY"));
        assert!(!is_sorted || text.contains("p.vendor ="), "{text}\n{}", plan.join("\n"));
    }
}

#[tokio::test]
async fn a_scan_is_recognised() {
    let folder = tempfile::tempdir().expect("a folder");
    let sql = database(&folder).await;
    let schema = Schema::of_migrations();
    for (text, expected) in [
        ("SELECT id FROM product WHERE title = 'x'", vec!["product"]),
        ("SELECT p.id FROM product p JOIN json_each('[]') j WHERE p.title = j.value", vec!["p"]),
        ("SELECT count(*) FROM variant", vec!["variant"]),
        ("UPDATE orders SET email = '' WHERE email = 'x'", vec!["orders"]),
        // The tables that refer to the deleted row are searched for it.
        ("DELETE FROM category WHERE id = 'x'", vec!["product", "category"]),
        ("SELECT id FROM product WHERE id = 'x'", vec![]),
        ("SELECT value FROM json_each('[]')", vec![]),
    ] {
        let plan = plan(&sql, text, Vec::new()).await;
        assert_eq!(scans(&plan, text, &schema), expected, "{text}\n{}", plan.join("\n"));
    }
}

async fn database(folder: &tempfile::TempDir) -> EmbeddedSql {
    let sql = EmbeddedSql::open(folder.path().join("test.db"), Durability::Process).expect("a database");
    migrate(&sql).await.expect("the schema");
    sql
}

/// The steps that `EXPLAIN QUERY PLAN` names.
async fn plan(sql: &EmbeddedSql, text: &str, mut args: Vec<Value>) -> Vec<String> {
    args.resize(args.len().max(parameters(text)), Value::Null);
    let statement = Statement { sql: format!("EXPLAIN QUERY PLAN {text}").into(), args };
    let rows = (sql as &dyn Sql).read(vec![statement]).await.unwrap_or_else(|error| panic!("{text}: {error}"));
    let rows = rows.first().expect("an answer");
    rows.iter().map(|row| row.get::<&str>("detail").expect("a detail").to_owned()).collect()
}

/// The highest number of a `?1`.
fn parameters(text: &str) -> usize {
    let numbers = text.split('?').skip(1).map(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0)
    });
    numbers.max().unwrap_or(0)
}

/// The tables, by their names in the statement, that the plan reads from end to end.
///
/// An INSERT's plan also names tables that refer to its own; those are looked at only while a deferred
/// foreign key is open, and ours are not deferred. A DELETE does look for rows that refer to the deleted.
fn scans(plan: &[String], text: &str, schema: &Schema) -> Vec<String> {
    let findings = statements(text, schema).unwrap_or_else(|error| panic!("{text}: {error}"));
    let code = text.lines().find(|line| !line.starts_with("--")).unwrap_or_default();
    let mut names: Vec<&str> = findings.tables.iter().map(|(_, alias)| alias.as_str()).collect();
    if code.starts_with("INSERT") {
        names.remove(0);
    } else if code.starts_with("DELETE") {
        names.extend(schema.tables.iter().map(String::as_str));
    }
    let scanned = plan.iter().filter_map(|step| step.strip_prefix("SCAN ")?.split_whitespace().next());
    scanned.filter(|name| names.contains(name)).map(str::to_owned).collect()
}

/// Keeps what is sent to the database, with its arguments.
struct Recorder {
    inner: EmbeddedSql,
    seen: Mutex<BTreeMap<String, Vec<Value>>>,
}

impl Sql for Recorder {
    fn run(&self, batch: Batch) -> BoxFuture<'_, Result<Outcome, SqlError>> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for step in &batch.steps {
            seen.insert(step.statement.sql.to_string(), step.statement.args.clone());
        }
        drop(seen);
        self.inner.run(batch)
    }
}
