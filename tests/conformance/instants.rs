//! What is published and unpublished by nobody's doing: from that instant on nothing else is shown, by an isolate, by
//! the cache that isolates share, or by a CDN that does what `Cache-Control` allows.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use headlesspro_edge::app::App;
use headlesspro_edge::organizations::open_store;
use headlesspro_edge::port::BoxFuture;
use headlesspro_edge::port::clock::Clock;
use headlesspro_edge::port::entropy::HostEntropy;
use headlesspro_edge::port::kv::memory::MemoryKv;
use headlesspro_edge::port::shared_cache::SharedCache;
use headlesspro_edge::port::sql::Sql;
use headlesspro_edge::scripts;
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::time::Timestamp;
use http::Response;
use serde_json::{Value, json};

use crate::databases::EmbeddedDatabase;
use crate::hand_clock::HandClock;
use crate::isolate::{Answer, Isolate};
use crate::secrets::secrets;

/// After the first read, in milliseconds: no whole seconds.
const PUBLISHED: i64 = 95_300;
const UNPUBLISHED: i64 = 140_700;
const STEP: i64 = 700;

/// A data centre's cache: shows an answer for as long as its `max-age` says.
struct DataCentre {
    clock: Arc<HandClock>,
    kept: Mutex<HashMap<String, (i64, Response<Bytes>)>>,
}

impl SharedCache for DataCentre {
    fn get(&self, url: String) -> BoxFuture<'_, Option<Response<Bytes>>> {
        let kept = self.kept.lock().unwrap();
        let found = kept.get(&url).filter(|(until, _)| self.clock.now().millis() < *until);
        let found = found.map(|(_, answer)| answer.clone());
        Box::pin(async move { found })
    }

    fn put(&self, url: String, answer: Response<Bytes>) -> BoxFuture<'_, ()> {
        let control = answer.headers()["cache-control"].to_str().unwrap();
        let until = self.clock.now().millis() + 1_000 * directive(control, "max-age").unwrap();
        self.kept.lock().unwrap().insert(url, (until, answer));
        Box::pin(async {})
    }
}

/// Shows what it may for as long as it may (RFC 9111; RFC 5861).
struct Front {
    clock: Arc<HandClock>,
    /// With the moment at which it was stored.
    kept: BTreeMap<String, (i64, Answer)>,
}

impl Front {
    async fn get(&mut self, isolate: &Isolate, path: &str) -> Answer {
        let now = self.clock.now().millis();
        let (mut is_fresh, mut stale) = (false, None);
        if let Some((stored_at, answer)) = self.kept.get(path) {
            let control = answer.header("cache-control");
            let seconds = |name| directive(control, name).unwrap_or(0) * 1_000;
            let age = 1_000 * answer.header("age").parse::<i64>().unwrap_or(0) + (now - stored_at);
            let (fresh, grace) = (seconds("s-maxage"), seconds("stale-while-revalidate"));
            is_fresh = age < fresh;
            stale = (age < fresh + grace).then(|| answer.clone());
        }
        if let Some(answer) = stale.clone().filter(|_| is_fresh) {
            return answer;
        }
        let anew = isolate.get(path).await;
        if anew.header("cache-control").contains("public") {
            self.kept.insert(path.to_owned(), (now, anew.clone()));
        } else {
            self.kept.remove(path);
        }
        stale.unwrap_or(anew)
    }
}

fn directive(control: &str, name: &str) -> Option<i64> {
    let mut directives = control.split(',').filter_map(|directive| directive.trim().split_once('='));
    directives.find(|(found, _)| *found == name).map(|(_, seconds)| seconds.parse().unwrap())
}

struct Shop {
    clock: Arc<HandClock>,
    isolates: Vec<Isolate>,
    _database: EmbeddedDatabase,
}

impl Shop {
    /// Two isolates, which share what they have read where `shared` says so.
    async fn open(shared: bool) -> Shop {
        let database = EmbeddedDatabase::migrated().await;
        let clock = Arc::new(HandClock::default());
        let sql: Arc<dyn Sql> = Arc::new(database.sql.clone());
        let kv = Arc::new(MemoryKv::new(clock.clone(), scripts::ALL));
        let centre = Arc::new(DataCentre { clock: Arc::clone(&clock), kept: Mutex::default() });
        let app = || {
            let app = App::new(Arc::clone(&sql), kv.clone(), clock.clone(), Arc::new(HostEntropy), secrets());
            let app = app.with_limits(crate::hosts::UNLIMITED.parse().unwrap());
            let app = app.keeping_answers_for(Duration::from_secs(60));
            Arc::new(if shared { app.with_shared_cache(centre.clone()) } else { app })
        };
        let first = app();
        let key = open_store(&first, "Shop", "Shop", Currency::EUR).await.unwrap().secret_key;
        let isolates = vec![Isolate::new(first, &key), Isolate::new(app(), &key)];
        let shop = Shop { clock, isolates, _database: database };
        shop.fill().await;
        shop
    }

    fn in_millis(&self, millis: i64) -> String {
        Timestamp::from_millis(self.clock.now().millis() + millis).to_string()
    }

    async fn fill(&self) {
        let isolate = &self.isolates[0];
        isolate.send("POST", "/api/v1/categories", &json!({ "name": "Tents", "handle": "tents" })).await;
        let rule = json!({ "matches": "all", "conditions": [
            { "field": "vendor", "operator": "equals", "value": "Acme" },
        ] });
        let collection = json!({ "name": "Acme", "handle": "acme", "rule": rule });
        isolate.send("POST", "/api/v1/collections", &collection).await;
        for (handle, publish, unpublish) in [
            ("always", None, None),
            ("soon", Some(self.in_millis(PUBLISHED)), None),
            ("over", None, Some(self.in_millis(UNPUBLISHED))),
        ] {
            let body = json!({
                "handle": handle, "title": handle, "status": "active", "vendor": "Acme", "category": "tents",
                "publishAt": publish, "unpublishAt": unpublish,
                "variants": [{ "price": { "amount": "1", "currency": "EUR" } }],
            });
            isolate.send("POST", "/api/v1/products", &body).await;
        }
        isolate.work_on().await;
    }

    /// Whatever shows which of the products are there.
    async fn paths(&self) -> Vec<String> {
        let index = self.isolates[0].get("/api/v1/sitemaps").await.text();
        let page = index.split("sitemaps/").nth(1).unwrap().split(".xml").next().unwrap();
        [
            "/api/v1/products",
            "/api/v1/products?filter[vendor]=Acme&sort=title",
            "/api/v1/categories/tents/products",
            "/api/v1/collections/acme/products",
            "/api/v1/products/always",
            "/api/v1/products/soon",
            "/api/v1/products/over",
            &format!("/api/v1/sitemaps/{page}"),
        ]
        .map(|path| path.replace('[', "%5B").replace(']', "%5D"))
        .to_vec()
    }
}

/// The handles of the products that are shown.
fn shown(path: &str, answer: &Answer) -> BTreeSet<String> {
    if path.contains("/sitemaps/") {
        let text = answer.text();
        let urls = text.split("/products/").skip(1).map(|rest| rest.split(['<', '"']).next().unwrap().to_owned());
        return urls.collect();
    }
    match path.strip_prefix("/api/v1/products/") {
        Some(handle) => (answer.status == 200).then(|| handle.to_owned()).into_iter().collect(),
        None => {
            let page = answer.json();
            let handle = |item: &Value| item["handle"].as_str().unwrap().to_owned();
            page["items"].as_array().unwrap().iter().map(handle).collect()
        }
    }
}

fn expected(path: &str, at: i64) -> BTreeSet<String> {
    let all = [("always", true), ("soon", PUBLISHED <= at), ("over", at < UNPUBLISHED)];
    let there = all.into_iter().filter(|(_, is_there)| *is_there).map(|(handle, _)| handle.to_owned());
    let one = path.strip_prefix("/api/v1/products/");
    there.filter(|handle| one.is_none_or(|one| one == handle)).collect()
}

/// What each isolate shows in turn, at every moment until all is as it stays.
async fn walk(shop: &Shop, mut front: Option<Front>) {
    let paths = shop.paths().await;
    let mut at = 0;
    let mut turn = 0;
    while at < UNPUBLISHED + 10_000 {
        for path in &paths {
            let isolate = &shop.isolates[turn % shop.isolates.len()];
            let answer = match &mut front {
                Some(front) => front.get(isolate, path).await,
                None => isolate.get(path).await,
            };
            isolate.work_on().await;
            assert_eq!(shown(path, &answer), expected(path, at), "{path} after {at} ms: {:?}", answer.headers);
            turn += 1;
        }
        turn += 1;
        shop.clock.advance(STEP);
        at += STEP;
    }
}

#[tokio::test]
async fn an_isolate_shows_it_from_the_instant_on() {
    walk(&Shop::open(false).await, None).await;
}

#[tokio::test]
async fn isolates_that_share_a_cache_show_it_from_the_instant_on() {
    walk(&Shop::open(true).await, None).await;
}

#[tokio::test]
async fn a_cdn_shows_it_from_the_instant_on() {
    for shared in [false, true] {
        let shop = Shop::open(shared).await;
        let front = Front { clock: Arc::clone(&shop.clock), kept: BTreeMap::new() };
        walk(&shop, Some(front)).await;
    }
}

#[tokio::test]
async fn what_nothing_turns_is_shown_for_as_long_as_before() {
    let shop = Shop::open(true).await;
    let control = async || shop.isolates[0].get("/api/v1/products").await.header("cache-control").to_owned();
    let whole = "public, max-age=0, s-maxage=60, stale-while-revalidate=60";
    assert_eq!(control().await, "public, max-age=0, s-maxage=60, stale-while-revalidate=34");
    shop.clock.advance(60_000);
    assert_eq!(control().await, "public, max-age=0, s-maxage=34");
    shop.clock.advance(UNPUBLISHED);
    assert_eq!(control().await, whole);
}
