//! An organization in a database of its own, behind the same API as those that share the first one.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use headlesspro_edge::app::{App, Tenant};
use headlesspro_edge::host::native::fetch::NativeFetch;
use headlesspro_edge::identity::{create_account, signed_service_token};
use headlesspro_edge::migrate::migrate;
use headlesspro_edge::organizations::{Opened, open_store};
use headlesspro_edge::port::sql::Sql;
use headlesspro_edge::port::sql::hrana::HranaSql;
use headlesspro_shared::identity::{Password, Role};
use serde_json::{Value, json};

use super::mail::{MAILS, enqueue_for_each_tenant};
use super::members::tenant_of;
use super::sealed::cells;
use crate::app::{Kind, STAFF_PASSWORD, Stage};
use crate::client::{Answer, Client};
use crate::eventually::eventually;
use crate::product_file::Product;
use crate::secrets::{ISSUER, secrets};
use crate::sqld::Sqld;
use crate::stories::people::{PASSWORD, register};
use crate::stories::sessions::{as_person, log_in, refresh};
use crate::world::{Shop, World};

const PATIENCE: Duration = Duration::from_secs(60);
pub const OWNER: &str = "owner@example.com";
/// How long anybody may keep the key set.
const KEPT: &str = "public, max-age=60";

/// The second database, with an organization that was founded in it.
pub struct Second {
    pub server: Sqld,
    sql: Arc<dyn Sql>,
    /// As `hp --database` has it: over this database alone.
    app: App,
    pub opened: Opened,
}

impl Second {
    pub async fn founded(beside: &App) -> Second {
        let server = Sqld::start();
        let fetch = Arc::new(NativeFetch::new().unwrap());
        let sql: Arc<dyn Sql> = Arc::new(HranaSql::new(&server.url(), None, fetch).unwrap());
        migrate(&*sql).await.unwrap();
        let (kv, clock, entropy) = (Arc::clone(&beside.kv), Arc::clone(&beside.clock), Arc::clone(&beside.entropy));
        let app = App::new(Arc::clone(&sql), kv, clock, entropy, secrets());
        let opened = open_store(&app, "Large", "Large", "EUR".parse().unwrap()).await.unwrap();
        let email = OWNER.parse().unwrap();
        let password = Password::chosen(STAFF_PASSWORD, &email).unwrap();
        let locale = "en".parse().unwrap();
        create_account(&app, opened.tenant, &email, &password, Role::Owner, &locale).await.unwrap().unwrap();
        Second { server, sql, app, opened }
    }
}

pub fn organizations_live_in_two_databases(stage: &Stage, kind: Kind) {
    stage.run(async {
        let mut second = Second::founded(stage.app()).await;
        let isolate = stage.isolate_with(second.opened.tenant.organization, &second.server.url()).await;
        let world = stage.world_of(&isolate);
        let key = |key: &str| world.nobody.with_key(key);
        let theirs = Shop { shopper: key(&second.opened.publishable_key), merchant: key(&second.opened.secret_key) };
        let world = World { theirs, ..world };

        sessions_are_of_their_own_database(stage, &second, &world).await;
        each_sells_its_own(&world).await;
        mails_of_both_leave(stage, &second, &world).await;
        let [in_first, in_second] = nothing_stands_in_the_other(stage, &second, &world).await;
        the_first_is_served_without_the_second(stage, &mut second, &world).await;
        println!(
            "{kind}: two databases behind one API: {in_first} and {in_second} cells, none names the other's \
             organization; with one dead the other is served"
        );
    });
}

async fn sessions_are_of_their_own_database(stage: &Stage, second: &Second, world: &World) {
    let mut kids = Vec::new();
    for (shop, other) in [(&world.ours, &world.theirs), (&world.theirs, &world.ours)] {
        let tokens = log_in(shop, OWNER).await.expect(200);
        assert_eq!(tokens.spent().sql, 2, "{tokens}");
        let person = as_person(world, &tokens);
        let me = person.get("/api/v1/auth/me").send().await.expect(200);
        assert_eq!((&me.json()["id"], me.spent().sql), (&tokens.json()["account"]["id"], 1), "{me}");
        let read = person.get("/api/v1/products?limit=1").send().await.expect(200);
        assert_eq!(read.spent().sql, 1, "{read}");
        // A session is nothing to another organization, and is not ended by it.
        refresh(other, &tokens).await.expect_problem(401, "session-ended");
        refresh(shop, &tokens).await.expect(200);
        kids.push(kid(&tokens));
    }
    assert_ne!(kids[0], kids[1], "each database has keys of its own");
    let asked = key_set_of(world).await;
    let set = key_set(&asked);
    assert_eq!(asked.the("cache-control"), KEPT, "a new key signs at once");
    assert_eq!((asked.spent().sql, key_set_of(&stage.world()).await.spent().sql), (2, 1), "one for each database");
    assert!(kids.iter().all(|kid| set.contains(kid)), "{kids:?} of {set:?}");

    // Both keys are remembered by now. Neither signs for who lives in the other database.
    let (first, large) = (tenant_of(&world.ours), second.opened.tenant);
    for (app, tenant, status) in
        [(stage.app(), first, 200), (stage.app(), large, 401), (&second.app, large, 200), (&second.app, first, 401)]
    {
        let person = world.nobody.with_key(&service(app, tenant, "catalog:read").await);
        let read = person.get("/api/v1/products?limit=1").send().await;
        assert_eq!(read.status, status, "{read}");
    }
}

/// A token signed by the key of the one database that `app` knows.
async fn service(app: &App, tenant: Tenant, scopes: &str) -> String {
    let of = (tenant, "EUR".parse().unwrap());
    signed_service_token(app, of, ISSUER, "cron".parse().unwrap(), scopes.parse().unwrap()).await.unwrap()
}

fn kid(tokens: &Answer) -> String {
    let tokens = tokens.json();
    let (header, _) = tokens["accessToken"].as_str().unwrap().split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

async fn key_set_of(world: &World) -> Answer {
    world.nobody.get("/.well-known/jwks.json").send().await.expect(200)
}

fn key_set(answer: &Answer) -> Vec<String> {
    let keys = answer.json()["keys"].as_array().unwrap().clone();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// The same handles, SKUs and idempotency keys in both.
async fn each_sells_its_own(world: &World) {
    let (handle, key) = (world.name("same"), world.name("same"));
    let products = [Product::simple(&handle, "5", 10), Product::simple(&world.name("more"), "5", 10)];
    let mut own = Vec::new();
    for shop in [&world.ours, &world.theirs] {
        assert_eq!(shop.import(&products).await["products"]["created"], 2);
        let sold = shop.first_variant(&handle).await;
        let checkout = shop.opened(&[(&sold.variant, 3)]).await;
        let placed = shop.complete(&checkout, &key).await.expect(201);
        let again = shop.complete(&checkout, &key).await.expect(201);
        assert!(!placed.is_replayed() && again.is_replayed() && placed.body == again.body, "{placed}");
        assert_eq!(shop.stock(&handle).await, [7]);
        let order = placed.the("location").to_owned();
        assert_eq!(shop.merchant.get(&order).send().await.expect(200).body, placed.body);
        own.push([format!("/api/v1/products/{}", sold.product), format!("/api/v1/checkouts/{checkout}"), order]);
    }
    for (shop, paths) in [(&world.theirs, &own[0]), (&world.ours, &own[1])] {
        for path in paths {
            shop.merchant.get(path).send().await.expect_problem(404, "not-found");
        }
    }
    // A cursor is a place in a list, and the list is one's own.
    let page = async |shop: &Shop, cursor: Option<&str>| {
        let query: Vec<_> =
            [("limit", "1"), ("sort", "newest")].into_iter().chain(cursor.map(|it| ("cursor", it))).collect();
        shop.shopper.get("/api/v1/products").query(&query).send().await.expect(200).json()
    };
    let (ours, theirs) = (page(&world.ours, None).await, page(&world.theirs, None).await);
    for (shop, cursor) in [(&world.theirs, &ours["nextCursor"]), (&world.ours, &theirs["nextCursor"])] {
        for item in page(shop, Some(cursor.as_str().unwrap())).await["items"].as_array().unwrap() {
            shop.product(item["id"].as_str().unwrap()).await;
        }
    }
}

async fn mails_of_both_leave(stage: &Stage, second: &Second, world: &World) {
    // After the response that caused them.
    for (shop, name) in [(&world.ours, "ada"), (&world.theirs, "grace")] {
        register(shop, &world.email(name), PASSWORD).await.expect(202);
        world.mail(&world.email(name), "account/verify").await;
    }
    // By the cron, whichever database has signed its token.
    for (round, app, tenant) in
        [("one", stage.app(), tenant_of(&world.ours)), ("two", &second.app, second.opened.tenant)]
    {
        enqueue_for_each_tenant(stage.app(), stage.sql(), round).await;
        assert_eq!(enqueue_for_each_tenant(&second.app, &*second.sql, round).await, MAILS);
        let run = run_jobs(world, &service(app, tenant, "jobs:run").await).await.expect(200);
        assert_eq!((&run.json()["failed"], &run.json()["postponed"]), (&json!(0), &json!(0)), "{run}");
        for tenant in [tenant_of(&world.ours), second.opened.tenant] {
            assert_eq!(mails_of(world, round, tenant), MAILS, "{round}");
        }
    }
}

async fn run_jobs(world: &World, token: &str) -> Answer {
    world.nobody.with_key(token).post("/api/v1/jobs/mail").send().await
}

fn mails_of(world: &World, round: &str, tenant: Tenant) -> usize {
    (0..MAILS).map(|number| world.mails(&format!("{round}-{}-{number}@example.com", tenant.store)).len()).sum()
}

/// Answers how many cells of each were read.
async fn nothing_stands_in_the_other(stage: &Stage, second: &Second, world: &World) -> [usize; 2] {
    let (ours, theirs) = (tenant_of(&world.ours).organization, second.opened.tenant.organization);
    let mut counts = [0, 0];
    for (count, (sql, own, other)) in counts.iter_mut().zip([(stage.sql(), ours, theirs), (&*second.sql, theirs, ours)])
    {
        let cells = cells(sql).await;
        let names = |id: &str| cells.iter().find(|(_, text)| text.contains(id));
        assert!(names(&own.to_string()).is_some());
        assert_eq!(names(&other.to_string()), None);
        *count = cells.len();
    }
    counts
}

async fn the_first_is_served_without_the_second(stage: &Stage, second: &mut Second, world: &World) {
    let [ours, theirs] = [log_in(&world.ours, OWNER).await.expect(200), log_in(&world.theirs, OWNER).await.expect(200)];
    let job = service(stage.app(), tenant_of(&world.ours), "jobs:run").await;
    enqueue_for_each_tenant(stage.app(), stage.sql(), "alone").await;
    second.server.kill();

    let away = |answer: Answer| answer.expect_problem(503, "database-unavailable");
    let reads = |shop: &Shop, tokens: &Answer| -> [Client; 3] {
        [shop.shopper.clone(), shop.merchant.clone(), as_person(world, tokens)]
    };
    for client in reads(&world.theirs, &theirs) {
        away(client.get("/api/v1/products?limit=1").send().await);
    }
    away(log_in(&world.theirs, OWNER).await);
    for client in reads(&world.ours, &ours) {
        client.get("/api/v1/products?limit=1").send().await.expect(200);
    }
    log_in(&world.ours, OWNER).await.expect(200);
    let sold = world.sell("alone", "5", 10).await;
    let checkout = world.ours.opened(&[(&sold.variant, 1)]).await;
    world.ours.complete(&checkout, &world.name("alone")).await.expect(201);
    // Third parties verify tokens of the first meanwhile, and its mails leave; the scheduler is told that some did not.
    let answer = key_set_of(world).await;
    let set = key_set(&answer);
    assert!(set.contains(&kid(&ours)) && !set.contains(&kid(&theirs)), "{set:?}");
    assert_eq!(answer.the("cache-control"), "no-store", "it is not the whole set");
    away(run_jobs(world, &job).await);
    assert_eq!(mails_of(world, "alone", tenant_of(&world.ours)), MAILS);

    second.server.restart();
    eventually("the second organization is back", PATIENCE, async || {
        (world.theirs.shopper.get("/api/v1/products?limit=1").send().await.status == 200).then_some(())
    })
    .await;
    let answer = key_set_of(world).await;
    let set = key_set(&answer);
    assert!(set.contains(&kid(&ours)) && set.contains(&kid(&theirs)), "{set:?}");
    assert_eq!(answer.the("cache-control"), KEPT);
    run_jobs(world, &job).await.expect(200);
}
