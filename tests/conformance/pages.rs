//! Answers that isolates share through Redis: one that knows nothing asks no database, and shows nothing that it must
//! not.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use headlesspro_edge::app::App;
use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::host::native::libsql::EmbeddedSql;
use headlesspro_edge::organizations::{Opened, open_store};
use headlesspro_edge::port::BoxFuture;
use headlesspro_edge::port::entropy::HostEntropy;
use headlesspro_edge::port::kv::memory::MemoryKv;
use headlesspro_edge::port::kv::{Command, Kv, Reply};
use headlesspro_edge::port::sql::{Batch, Commit, Committed, Outcome, Sql, SqlError, Statement};
use headlesspro_edge::scripts;
use headlesspro_shared::kernel::money::Currency;

use crate::databases::EmbeddedDatabase;
use crate::hand_clock::HandClock;
use crate::isolate::{Answer, Isolate};
use crate::secrets::secrets;

const PRODUCT: &str = "/api/v1/products/tent";

struct House {
    clock: Arc<HandClock>,
    sql: Arc<dyn Sql>,
    kv: Arc<MemoryKv>,
    opened: Opened,
    _database: EmbeddedDatabase,
}

impl House {
    /// With a product for 1 euro.
    async fn open() -> House {
        let database = EmbeddedDatabase::migrated().await;
        let clock = Arc::new(HandClock::default());
        let sql: Arc<dyn Sql> = Arc::new(database.sql.clone());
        let kv = Arc::new(MemoryKv::new(clock.clone(), scripts::ALL));
        let opened = open_store(&app(&sql, &kv, &clock), "Shop", "Shop", Currency::EUR).await.unwrap();
        let house = House { clock, sql, kv, opened, _database: database };
        house.write(1).await.work_on().await;
        house
    }

    /// One that has heard of nothing yet.
    fn isolate(&self, key: &str) -> Isolate {
        Isolate::new(Arc::new(app(&self.sql, &self.kv, &self.clock)), key)
    }

    /// What a shopper is shown by such an isolate, which then does what it has put off.
    async fn shown(&self, path: &str) -> Answer {
        let isolate = self.isolate(&self.opened.publishable_key);
        let answer = isolate.get(path).await;
        isolate.work_on().await;
        answer
    }

    /// By an isolate whose work after the response is still to be done.
    async fn write(&self, price: u32) -> Isolate {
        let isolate = self.isolate(&self.opened.secret_key);
        isolate.import(format!("Handle,Title,Variant Price\ntent,Tent,{price}\n")).await;
        isolate
    }

    async fn execute(&self, sql: &'static str) {
        let mut commit = Commit::new();
        commit.push(Statement::new(sql));
        assert!(matches!(self.sql.commit(&commit).await, Ok(Committed::Done { .. })), "{sql}");
    }

    async fn in_redis(&self) -> Vec<String> {
        match self.kv.pipeline(vec![Command::new(["KEYS", "kept:*"])]).await.unwrap().remove(0) {
            Reply::Array(keys) => keys
                .into_iter()
                .map(|key| match key {
                    Reply::Text(key) => key,
                    other => panic!("{other:?}"),
                })
                .collect(),
            other => panic!("{other:?}"),
        }
    }
}

fn app(sql: &Arc<dyn Sql>, kv: &Arc<MemoryKv>, clock: &Arc<HandClock>) -> App {
    let app = App::new(Arc::clone(sql), kv.clone(), clock.clone(), Arc::new(HostEntropy), secrets());
    app.with_limits(crate::hosts::UNLIMITED.parse().unwrap()).sharing_pages()
}

fn price(answer: &Answer) -> String {
    answer.json()["priceRange"]["min"]["amount"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_isolate_that_knows_nothing_asks_no_database() {
    let house = House::open().await;
    for path in [PRODUCT, "/api/v1/products", "/api/v1/categories", "/api/v1/collections"] {
        let first = house.shown(path).await;
        assert_eq!((first.status, first.sql()), (200, 1), "{path}");
        house.clock.advance(2_000);
        let second = house.shown(path).await;
        assert_eq!((second.status, second.sql(), &second.body), (200, 0, &first.body), "{path}");
        for name in ["etag", "cache-tag", "cache-control", "vary", "catalog-version"] {
            assert_eq!(second.headers.get(name), first.headers.get(name), "{path}: {name}");
        }
        assert_eq!(second.header("age"), "2", "{path}");
    }
    // What differs in the question is another answer.
    assert_eq!(house.shown("/api/v1/products?limit=7").await.sql(), 1);
}

#[tokio::test]
async fn what_was_written_since_is_read() {
    let house = House::open().await;
    assert_eq!(price(&house.shown(PRODUCT).await), "1.00");
    house.write(2).await.work_on().await;
    let anew = house.shown(PRODUCT).await;
    assert_eq!((price(&anew).as_str(), anew.sql()), ("2.00", 1));
    // Whoever wrote may die before it tells: then for a minute at most, and never to whoever has heard of it.
    let writer = house.write(3).await;
    writer.die();
    let version = writer.get(PRODUCT).await.header("catalog-version").to_owned();
    let old = house.shown(PRODUCT).await;
    assert_eq!((price(&old).as_str(), old.sql()), ("2.00", 0));
    let isolate = house.isolate(&house.opened.publishable_key);
    let heard = isolate.get_with(PRODUCT, ("min-version", &version)).await;
    assert_eq!(price(&heard), "3.00");
    isolate.work_on().await;
    assert_eq!((price(&house.shown(PRODUCT).await).as_str(), house.shown(PRODUCT).await.sql()), ("3.00", 0));
}

#[tokio::test]
async fn what_a_write_left_alone_is_shared_on() {
    let house = House::open().await;
    let first = house.shown(PRODUCT).await;
    let write = async |handle: &str| {
        let isolate = house.isolate(&house.opened.secret_key);
        isolate.import(format!("Handle,Title,Variant Price\n{handle},Stove,5\n")).await;
        isolate
    };
    for handle in ["stove", "lamp"] {
        write(handle).await.work_on().await;
    }
    let left_alone = house.shown(PRODUCT).await;
    assert_eq!((left_alone.sql(), &left_alone.body), (0, &first.body));
    let version = |answer: &Answer| answer.header("catalog-version").parse::<i64>().unwrap();
    assert_eq!(version(&left_alone), version(&first) + 2, "it is as good as read now");
    let isolate = house.isolate(&house.opened.publishable_key);
    let heard = isolate.get_with(PRODUCT, ("min-version", left_alone.header("catalog-version"))).await;
    assert_eq!(heard.sql(), 0);
    // A list may have what is new.
    let list = house.shown("/api/v1/products").await;
    write("pan").await.work_on().await;
    let after = house.shown("/api/v1/products").await;
    assert!(after.sql() == 1 && after.body != list.body);
    house.shown(PRODUCT).await;
    // Of what nobody told, everything may be touched.
    write("kettle").await.die();
    write("mug").await.work_on().await;
    assert_eq!(house.shown(PRODUCT).await.sql(), 1);
}

#[tokio::test]
async fn an_isolate_with_no_other_question_to_redis_asks_it_before_the_database() {
    let house = House::open().await;
    // Its key is known to it and its units are taken soon, so that most requests ask Redis nothing else.
    let isolate = house.isolate(&house.opened.publishable_key);
    assert_eq!(isolate.get(PRODUCT).await.sql(), 1);
    for limit in 1..=20 {
        let path = format!("/api/v1/products?limit={limit}");
        house.shown(&path).await;
        assert_eq!(isolate.get(&path).await.sql(), 0, "{path}");
    }
}

#[tokio::test]
async fn writes_that_are_told_in_another_order_hide_no_later_one() {
    let house = House::open().await;
    let (first, second) = (house.write(2).await, house.write(3).await);
    second.die();
    assert_eq!(price(&house.shown(PRODUCT).await), "3.00");
    let third = house.write(4).await;
    third.work_on().await;
    // Late, of an older version than what is shown.
    first.work_on().await;
    let shown = house.shown(PRODUCT).await;
    assert_eq!((price(&shown).as_str(), shown.sql()), ("4.00", 1));
}

#[tokio::test]
async fn those_who_share_nothing_tell_where_they_are_to() {
    let house = House::open().await;
    let beside = |tells: bool| {
        let app =
            App::new(Arc::clone(&house.sql), house.kv.clone(), house.clock.clone(), Arc::new(HostEntropy), secrets());
        let app = app.with_limits(crate::hosts::UNLIMITED.parse().unwrap());
        Isolate::new(Arc::new(if tells { app.telling_of_writes() } else { app }), &house.opened.secret_key)
    };
    assert_eq!(price(&house.shown(PRODUCT).await), "1.00");
    for (tells, expected) in [(false, "1.00"), (true, "3.00")] {
        let isolate = beside(tells);
        isolate.import(format!("Handle,Title,Variant Price\ntent,Tent,{}\n", 2 + u32::from(tells))).await;
        isolate.work_on().await;
        assert_eq!(price(&house.shown(PRODUCT).await), expected, "{tells}");
    }
}

#[tokio::test]
async fn nothing_is_shown_for_more_than_a_minute() {
    let house = House::open().await;
    let first = house.shown(PRODUCT).await;
    house.write(2).await.die();
    house.clock.advance(29_000);
    assert_eq!(price(&house.shown(PRODUCT).await), price(&first));
    house.clock.advance(31_000);
    assert_eq!(price(&house.shown(PRODUCT).await), "2.00");
}

#[tokio::test]
async fn a_revoked_key_is_no_key_thirty_seconds_later() {
    let house = House::open().await;
    house.shown(PRODUCT).await;
    house.execute("UPDATE api_key SET revoked_at = 1 WHERE kind = 'publishable'").await;
    house.clock.advance(15_000);
    // Lent on and on it does not last longer.
    for _ in 0..2 {
        let known = house.shown(PRODUCT).await;
        assert_eq!((known.status, known.sql()), (200, 0));
    }
    house.clock.advance(15_000);
    let refused = house.shown(PRODUCT).await;
    assert_eq!((refused.status, refused.sql()), (401, 1));
}

#[tokio::test]
async fn only_what_shoppers_see_is_shared_and_a_forgery_is_none() {
    let house = House::open().await;
    for _ in 0..2 {
        let isolate = house.isolate(&house.opened.secret_key);
        assert_eq!(isolate.get(PRODUCT).await.sql(), 1, "the staff's");
        isolate.work_on().await;
    }
    let written = format!("kept:{}:written", house.opened.tenant.store);
    assert_eq!(house.in_redis().await, std::slice::from_ref(&written));
    house.shown("/api/v1/products/nothing-of-the-kind").await;
    assert_eq!(house.in_redis().await, std::slice::from_ref(&written), "what is not there");
    house.shown(PRODUCT).await;
    let keys: Vec<String> = house.in_redis().await.into_iter().filter(|key| *key != written).collect();
    let [place] = keys.as_slice() else { panic!("{keys:?}") };
    let of = |words: [&str; 3]| house.kv.pipeline(vec![Command::new(words)]);
    let Reply::Text(text) = house.kv.pipeline(vec![Command::new(["GET", place])]).await.unwrap().remove(0) else {
        panic!("it is there")
    };
    for forged in [text.replace("1.00", "0.01"), "nonsense".to_owned(), String::new()] {
        of(["SET", place, &forged]).await.unwrap();
        let shown = house.shown(PRODUCT).await;
        assert_eq!((price(&shown).as_str(), shown.sql()), ("1.00", 1), "{forged}");
    }
    // The same at another store's place is nobody's.
    let theirs = open_store(&app(&house.sql, &house.kv, &house.clock), "Other", "Other", Currency::EUR).await.unwrap();
    let number = place.rsplit_once(':').unwrap().1;
    of(["SET", &format!("kept:{}:{number}", theirs.tenant.store), &text]).await.unwrap();
    let isolate = house.isolate(&theirs.publishable_key);
    assert_eq!(isolate.get(PRODUCT).await.status, 404);
}

/// A database that is some way off.
struct Far(EmbeddedSql);

impl Sql for Far {
    fn run(&self, batch: Batch) -> BoxFuture<'_, Result<Outcome, SqlError>> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            self.0.run(batch).await
        })
    }
}

/// Instances as Spin has them: each serves 128 requests, 16 at a time.
struct Instances {
    make: Box<dyn Fn() -> Isolate + Send + Sync>,
    /// With the requests that each has begun and has in flight.
    all: Mutex<Vec<(Arc<Isolate>, usize, usize)>>,
}

impl Instances {
    async fn get(&self, path: &str) -> Answer {
        let isolate = {
            let mut all = self.all.lock().unwrap();
            all.retain(|(_, begun, in_flight)| *begun < 128 || 0 < *in_flight);
            let at =
                all.iter().position(|(_, begun, in_flight)| *begun < 128 && *in_flight < 16).unwrap_or_else(|| {
                    all.push((Arc::new((self.make)()), 0, 0));
                    all.len() - 1
                });
            let (isolate, begun, in_flight) = &mut all[at];
            *begun += 1;
            *in_flight += 1;
            Arc::clone(isolate)
        };
        let answer = isolate.get(path).await;
        isolate.work_on().await;
        let mut all = self.all.lock().unwrap();
        let (_, _, in_flight) = all.iter_mut().find(|(one, ..)| Arc::ptr_eq(one, &isolate)).unwrap();
        *in_flight -= 1;
        answer
    }
}

/// Between two writes: what 50 readers read in half a second, however busy the machine is.
const READS_A_WRITE: usize = 1_200;

/// The share of reads that asked no database, of 50 readers beside a writer.
async fn share_of_hits(shares: bool) -> f64 {
    let database = EmbeddedDatabase::migrated().await;
    let (sql, clock) = (Arc::new(Far(database.sql.clone())) as Arc<dyn Sql>, Arc::new(SystemClock));
    let kv = Arc::new(MemoryKv::new(clock.clone(), scripts::ALL));
    let opened = {
        let app = App::new(Arc::clone(&sql), kv.clone(), clock.clone(), Arc::new(HostEntropy), secrets());
        open_store(&app, "Shop", "Shop", Currency::EUR).await.unwrap()
    };
    let app = {
        let (sql, kv, clock) = (Arc::clone(&sql), kv.clone(), clock.clone());
        move || {
            let app = App::new(Arc::clone(&sql), kv.clone(), clock.clone(), Arc::new(HostEntropy), secrets());
            let app = app.with_limits(crate::hosts::UNLIMITED.parse().unwrap());
            Arc::new(if shares { app.sharing_pages() } else { app })
        }
    };
    let writer = Isolate::new(app(), &opened.secret_key);
    let write = async |number: usize| {
        let file = format!("Handle,Title,Variant Price\ntent-{},Tent,{}\n", number % 4, number + 1);
        writer.import(file).await;
        writer.work_on().await;
    };
    for number in 0..4 {
        write(number).await;
    }
    let key = opened.publishable_key.clone();
    let instances = Instances { make: Box::new(move || Isolate::new(app(), &key)), all: Mutex::default() };
    let (reads, hits, is_over) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    let readers = join_all((0..50).map(|number| {
        let (instances, reads, hits, is_over) = (&instances, &reads, &hits, &is_over);
        async move {
            while !is_over.load(Ordering::SeqCst) {
                let answer = instances.get(&format!("/api/v1/products/tent-{}", number % 4)).await;
                assert_eq!(answer.status, 200, "{}", answer.text());
                reads.fetch_add(1, Ordering::SeqCst);
                hits.fetch_add(usize::from(answer.sql() == 0), Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }));
    let writing = async {
        for number in 0..6 {
            while reads.load(Ordering::SeqCst) < READS_A_WRITE * (number + 1) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            write(number).await;
        }
        is_over.store(true, Ordering::SeqCst);
    };
    tokio::join!(readers, writing);
    let count = |counter: &AtomicUsize| u32::try_from(counter.load(Ordering::SeqCst)).unwrap();
    f64::from(count(&hits)) / f64::from(count(&reads))
}

#[tokio::test]
async fn instances_that_live_for_128_requests_seldom_ask_the_database() {
    let alone = share_of_hits(false).await;
    // What else the machine does only makes it less.
    let mut together = 0.0_f64;
    for _ in 0..5 {
        together = together.max(share_of_hits(true).await);
        if 0.95 <= together {
            break;
        }
    }
    assert!(0.95 <= together && alone < together, "{alone:.3} alone, {together:.3} together");
}

#[tokio::test]
async fn where_nothing_is_to_be_kept_nothing_is_shared() {
    let house = House::open().await;
    let app = app(&house.sql, &house.kv, &house.clock).keeping_answers_for(Duration::ZERO);
    let isolate = Isolate::new(Arc::new(app), &house.opened.publishable_key);
    isolate.get(PRODUCT).await;
    isolate.work_on().await;
    assert_eq!(house.in_redis().await.len(), 1, "but the version");
}
