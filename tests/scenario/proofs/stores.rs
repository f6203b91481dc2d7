//! An organization's settings and stores, and its staff in somebody else's name.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::port::clock::Clock;
use headlesspro_edge::port::sql::Statement;
use headlesspro_shared::identity::Role;
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::{Value, json};

use super::members::{hire, is_void, tenant_of};
use crate::app::{Kind, Stage};
use crate::client::{Answer, Client};
use crate::stories::sessions::{as_person, log_in};
use crate::world::World;

const AT_ONCE: usize = 20;

pub fn settings_and_stores(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        settings_are_changed_by_one_at_a_time(&world).await;
        stores_have_their_own_or_their_organizations_settings(stage, &world).await;
        credentials_are_sealed_and_never_shown(stage, &world).await;
        a_session_moves_between_stores(stage, &world).await;
        links_lead_to_the_stores_own_storefront(stage, &world).await;
        let late = reports_go_forward_only(&world).await;
        println!("{kind}: {AT_ONCE} reports of a store's health at once, {late} came too late");
        let opened = the_plan_bounds_stores(&world).await;
        println!("{kind}: {AT_ONCE} opened stores at once within a plan of ten, {opened} did");
    });
}

pub fn impersonation(stage: &Stage, _: Kind) {
    stage.run(async {
        let world = stage.world();
        a_customer_is_impersonated_under_both_names(stage, &world).await;
        nobody_becomes_more(stage, &world).await;
    });
}

async fn owner(world: &World) -> Client {
    as_person(world, &log_in(&world.ours, "owner@example.com").await.expect(200))
}

async fn settings_are_changed_by_one_at_a_time(world: &World) {
    let owner = owner(world).await;
    let before = owner.get("/api/v1/organization").send().await.expect(200);
    assert_eq!(before.json()["settings"]["currency"], "EUR");
    let change = |body: Value| owner.patch("/api/v1/organization").json(&body);
    let wanted =
        json!({ "timezone": "Europe/Berlin", "locale": "de-AT", "taxMode": "exclusive", "rounding": "half-even" });
    let changed = change(wanted.clone()).header("if-match", before.the("etag")).send().await.expect(200);
    for name in ["timezone", "locale", "taxMode", "rounding"] {
        assert_eq!(changed.json()["settings"][name], wanted[name], "{changed}");
    }
    let stale = change(json!({ "name": "Late" })).header("if-match", before.the("etag")).send().await;
    assert_eq!(stale.expect_problem(412, "version-mismatch").json()["version"], changed.json()["version"]);
    let wrong = json!({ "currency": "eur", "timezone": "Berlin", "taxMode": "gross", "status": "suspended" });
    let mut places = change(wrong).header("if-match", "*").send().await.expect(422).places();
    places.sort_unstable();
    assert_eq!(places, ["#/currency", "#/status", "#/taxMode", "#/timezone"]);

    let viewer = as_person(world, &log_in(&world.ours, "viewer@example.com").await.expect(200));
    viewer.get("/api/v1/organization").send().await.expect(200);
    let refused = viewer.patch("/api/v1/organization").json(&json!({ "name": "Mine" })).send().await;
    assert_eq!(refused.expect_problem(403, "missing-scope").json()["scope"], "organization:write");
    world.ours.merchant.get("/api/v1/organization").send().await.expect(200);
    world.ours.shopper.get("/api/v1/organization").send().await.expect_problem(403, "missing-scope");
    let id = changed.json()["id"].as_str().unwrap().to_owned();
    let log = owner.get(&format!("/api/v1/audit-log?filter[subject]={id}")).send().await.expect(200).json();
    assert_eq!(log["items"][0]["before"]["taxMode"], "inclusive");
    assert_eq!(log["items"][0]["after"]["taxMode"], "exclusive");
}

async fn stores_have_their_own_or_their_organizations_settings(stage: &Stage, world: &World) {
    let owner = owner(world).await;
    let wanted = json!({ "name": world.name("seoul"), "currency": "KRW", "locale": "ko" });
    let made = owner.post("/api/v1/stores").json(&wanted).send().await.expect(201);
    assert_eq!(made.json()["settings"]["currency"], "KRW");
    assert_eq!(
        (&made.json()["settings"]["timezone"], &made.json()["ownSettings"]),
        (&json!("Europe/Berlin"), &json!(["locale"]))
    );
    let path = made.the("location").to_owned();
    let own = owner.patch(&path).json(&json!({ "timezone": "Asia/Seoul", "locale": null })).send().await.expect(200);
    assert_eq!(
        (&own.json()["settings"]["timezone"], &own.json()["settings"]["locale"]),
        (&json!("Asia/Seoul"), &json!("de-AT"))
    );
    // The default locale is one of the locales, which are the organization's until the store has its own.
    let locales = async |path: &str, list: Value| {
        let changed = owner.patch(path).json(&json!({ "locales": list })).send().await.expect(200).json();
        changed["settings"]["locales"].clone()
    };
    assert_eq!(locales("/api/v1/organization", json!(["FR-ca", "fr", "fr-CA"])).await, json!(["de-AT", "fr-CA", "fr"]));
    assert_eq!(locales(&path, json!(["ko"])).await, json!(["de-AT", "ko"]));
    assert_eq!(locales(&path, Value::Null).await, json!(["de-AT", "fr-CA", "fr"]));
    let many: Vec<String> = ('a'..='u').map(|letter| format!("a{letter}")).collect();
    for wrong in [json!(["de_AT"]), json!(["en fr"]), json!(many)] {
        let refused = owner.patch(&path).json(&json!({ "locales": wrong })).send().await.expect(422);
        assert_eq!(refused.places(), ["#/locales"], "{wrong}");
    }
    assert_eq!(locales("/api/v1/organization", json!([])).await, json!(["de-AT"]));
    let taken = owner.post("/api/v1/stores").json(&wanted).send().await.expect(422);
    assert_eq!(taken.places(), ["#/name"]);
    let taken = owner.patch(&path).json(&json!({ "name": "Ours" })).send().await.expect(422);
    assert_eq!(taken.places(), ["#/name"]);
    let stale = owner.patch(&path).header("if-match", made_etag(&made)).json(&json!({ "name": "x" })).send().await;
    stale.expect_problem(412, "version-mismatch");
    // A member who works for the new store alone sees it, and no sibling.
    let clerk = hire(stage, world, &world.ours, Role::Viewer, "clerk").await;
    let id = own.json()["id"].clone();
    let grants = json!({ "grants": [{ "scopes": "organization:read", "to": { "store": id } }] });
    owner.patch(&format!("/api/v1/members/{}", clerk.id)).json(&grants).send().await.expect(200);
    let narrowed = as_person(world, &log_in(&world.ours, &clerk.email).await.expect(200));
    narrowed.get(&path).send().await.expect(200);
    let sibling = format!("/api/v1/stores/{}", tenant_of(&world.ours).store);
    narrowed.get(&sibling).send().await.expect_problem(404, "not-found");
    narrowed.get("/api/v1/stores").send().await.expect_problem(403, "missing-scope");
    let theirs = as_person(world, &log_in(&world.theirs, "owner@example.com").await.expect(200));
    theirs.get(&path).send().await.expect_problem(404, "not-found");
    theirs.patch(&path).json(&json!({ "name": "Stolen" })).send().await.expect_problem(404, "not-found");
    // One storefront stays active.
    owner.patch(&path).json(&json!({ "status": "suspended" })).send().await.expect(200);
    owner.patch(&sibling).json(&json!({ "status": "suspended" })).send().await.expect_problem(409, "last-store");
}

fn made_etag(made: &Answer) -> String {
    format!("\"{}\"", made.json()["version"])
}

async fn credentials_are_sealed_and_never_shown(stage: &Stage, world: &World) {
    let owner = owner(world).await;
    let secret = format!("secret-of-{}", world.mark);
    let wanted = json!({
        "name": world.name("naver"),
        "platform": "naver-smartstore",
        "credentials": { "clientId": "acme", "clientSecret": secret },
    });
    let key = world.name("naver");
    let send = || owner.post("/api/v1/stores").header("idempotency-key", &key).json(&wanted).send();
    let made = send().await.expect(201);
    let again = send().await.expect(201);
    assert!(again.is_replayed() && again.json() == made.json(), "{again}");
    let json = made.json();
    assert_eq!(
        (&json["kind"], &json["hasCredentials"], &json["health"]),
        (&json!("marketplace"), &json!(true), &json!("unknown"))
    );
    let id = json["id"].as_str().unwrap();
    let log = owner.get(&format!("/api/v1/audit-log?filter[subject]={id}")).send().await.expect(200);
    for answer in [&made, &log, &owner.get(made.the("location")).send().await.expect(200)] {
        assert!(!String::from_utf8_lossy(&answer.body).contains(&secret), "{answer}");
    }
    let sql = "SELECT credentials_sealed FROM store WHERE id = ?1";
    let rows = stage.sql().read(vec![Statement::new(sql).bind(id)]).await.unwrap();
    let sealed = rows[0].first().unwrap().get::<&str>("credentials_sealed").unwrap().to_owned();
    assert!(sealed.starts_with("v1.") && !sealed.contains(&secret));
    let open = async |body: Value| owner.post("/api/v1/stores").json(&body).send().await.expect(422).places();
    let other = world.name("other");
    assert_eq!(open(json!({ "name": other, "platform": "nowhere" })).await, ["#/platform"]);
    for credentials in [json!({ "clientId": "x" }), json!({ "clientId": "x", "clientSecret": "y", "more": "z" })] {
        let body = json!({ "name": other, "platform": "naver-smartstore", "credentials": credentials });
        assert_eq!(open(body).await, ["#/credentials"]);
    }
    assert_eq!(open(json!({ "name": other, "credentials": { "clientId": "x" } })).await, ["#/credentials"]);
    let platforms = owner.get("/api/v1/platforms").send().await.expect(200).json();
    assert!(platforms["items"].as_array().unwrap().iter().any(|platform| platform["id"] == "naver-smartstore"));
}

/// A login whose newest refresh token is kept.
struct Login(String);

impl Login {
    fn of(tokens: &Answer) -> Login {
        Login(tokens.json()["refreshToken"].as_str().unwrap().to_owned())
    }

    async fn refresh(&mut self, world: &World, store: Option<&str>) -> Answer {
        let mut body = json!({ "refreshToken": self.0 });
        if let Some(store) = store {
            body["storeId"] = store.into();
        }
        let answer = world.ours.shopper.post("/api/v1/auth/refresh").json(&body).send().await;
        if answer.status == 200 {
            *self = Login::of(&answer);
        }
        answer
    }

    /// The store that the next access token is for.
    async fn store(&mut self, world: &World, store: Option<&str>) -> String {
        let answer = self.refresh(world, store).await.expect(200);
        claims_of(&answer)["store"].as_str().unwrap().to_owned()
    }
}

fn claims_of(tokens: &Answer) -> Value {
    let token = tokens.json()["accessToken"].as_str().unwrap().to_owned();
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&claims).unwrap()
}

fn session_of(tokens: &Answer) -> String {
    claims_of(tokens)["sid"].as_str().unwrap().to_owned()
}

async fn a_session_moves_between_stores(stage: &Stage, world: &World) {
    let sold = world.sell("first-store", "1", 1).await;
    let mut login = Login::of(&log_in(&world.ours, "owner@example.com").await.expect(200));
    let first = tenant_of(&world.ours).store.to_string();
    assert_eq!(login.store(world, None).await, first);
    let owner = owner(world).await;
    let wanted = json!({ "name": world.name("second"), "currency": "KRW" });
    let second = owner.post("/api/v1/stores").json(&wanted).send().await.expect(201).json()["id"].clone();
    let second = second.as_str().unwrap().to_owned();
    // A store of somebody else's is not there, and nothing is swapped.
    let theirs = tenant_of(&world.theirs).store.to_string();
    login.refresh(world, Some(&theirs)).await.expect_problem(404, "not-found");
    assert_eq!(login.refresh(world, Some("x")).await.expect(422).places(), ["#/storeId"]);
    let old = Login(login.0.clone());
    let moved = login.refresh(world, Some(&second)).await.expect(200);
    let product = format!("/api/v1/products/{}", sold.handle);
    as_person(world, &moved).get(&product).send().await.expect_problem(404, "not-found");
    // The next ones are for the same store, also where an answer got lost.
    assert_eq!(Login(old.0.clone()).store(world, None).await, second);
    assert_eq!(login.store(world, None).await, second);
    assert_eq!(login.store(world, Some(&first)).await, first);
    let mut customer = Login::of(&log_in(&world.ours, "customer@example.com").await.expect(200));
    customer.refresh(world, Some(&second)).await.expect_problem(403, "staff-only");
    customer.refresh(world, None).await.expect(200);
    // Grants decide, as they are now.
    let clerk = hire(stage, world, &world.ours, Role::Viewer, "mover").await;
    let grants = json!({ "grants": [{ "scopes": "organization:read", "to": { "store": second } }] });
    owner.patch(&format!("/api/v1/members/{}", clerk.id)).json(&grants).send().await.expect(200);
    let mut clerk = Login(clerk.refresh_token);
    assert_eq!(clerk.store(world, Some(&second)).await, second);
    clerk.refresh(world, Some(&first)).await.expect_problem(404, "not-found");
    let log = owner.get(&format!("/api/v1/audit-log?filter[subject]={}", session_of(&moved))).send().await.expect(200);
    let log = log.json()["items"].as_array().unwrap().clone();
    let moves: Vec<_> = log.iter().filter(|row| row["action"] == "session.move").collect();
    let seen: Vec<_> = moves.iter().map(|row| (&row["before"]["storeId"], &row["after"]["storeId"])).collect();
    assert_eq!(seen, [(&json!(second), &json!(first)), (&json!(first), &json!(second))], "{log:?}");
    let wanted = json!({ "kind": "secret", "name": "introspector", "scopes": "tokens:introspect" });
    let key = owner.post("/api/v1/api-keys").json(&wanted).send().await.expect(201).json();
    let is_active = async |world: &World| {
        let form = format!("token={}", moved.json()["accessToken"].as_str().unwrap());
        let client = world.nobody.with_key(key["key"].as_str().unwrap());
        let call = client.post("/oauth/introspect").body("application/x-www-form-urlencoded", form);
        call.send().await.expect(200).json()["active"] == true
    };
    assert!(is_active(world).await);
    // A suspended store is left.
    let suspend = json!({ "status": "suspended" });
    owner.patch(&format!("/api/v1/stores/{second}")).json(&suspend).send().await.expect(200);
    let isolate = stage.isolate().await;
    assert!(!is_active(&stage.world_of(&isolate)).await, "a token of a suspended store");
    assert_eq!(clerk.store(world, None).await, first);
    clerk.refresh(world, Some(&second)).await.expect_problem(404, "not-found");
}

async fn links_lead_to_the_stores_own_storefront(stage: &Stage, world: &World) {
    let owner = owner(world).await;
    let open = |url: &str| {
        let body = json!({ "name": world.name("own-front"), "storefrontUrl": url });
        owner.post("/api/v1/stores").json(&body).send()
    };
    let long = format!("https://shop.example/{}", "a".repeat(500));
    for url in ["http://shop.example", "javascript:alert(1)", "https://user@shop.example", "https://a.example?b", &long]
    {
        assert_eq!(open(url).await.expect(422).places(), ["#/storefrontUrl"], "{url}");
    }
    let made = open("https://seoul.example/shop/").await.expect(201);
    assert_eq!(made.json()["storefrontUrl"], "https://seoul.example/shop");
    let mut login = Login::of(&log_in(&world.ours, "owner@example.com").await.expect(200));
    let moved = as_person(world, &login.refresh(world, made.json()["id"].as_str()).await.expect(200));
    let wanted = json!({ "kind": "publishable", "name": "own-front" });
    let key = moved.post("/api/v1/api-keys").json(&wanted).send().await.expect(201).json();
    let shopper = world.nobody.with_key(key["key"].as_str().unwrap());
    let customer = hire(stage, world, &world.ours, Role::Customer, "forgetful").await;
    let forgot = shopper.post("/api/v1/auth/password/forgot").json(&json!({ "email": customer.email }));
    forgot.send().await.expect(202);
    world.mail(&customer.email, "https://seoul.example/shop/account/reset-password#token=").await;
    let invited = world.email("of-seoul");
    let invite = moved.post("/api/v1/invitations").json(&json!({ "email": invited, "role": "viewer" }));
    invite.send().await.expect(201);
    // Those of the staff open more than the store: no store says where they lead.
    let chief = hire(stage, world, &world.ours, Role::Owner, "chief").await;
    let forgot = shopper.post("/api/v1/auth/password/forgot").json(&json!({ "email": chief.email }));
    forgot.send().await.expect(202);
    for (email, page) in [(&chief.email, "/account/reset-password#token="), (&invited, "/invitation#token=")] {
        let mail = world.mail(email, page).await;
        assert!(!mail.text.contains("seoul.example"), "{}", mail.text);
    }
    let path = made.the("location");
    let admin = hire(stage, world, &world.ours, Role::Admin, "evil").await.client;
    let evil = json!({ "name": world.name("evil"), "storefrontUrl": "https://evil.example" });
    let none = json!({ "storefrontUrl": null });
    for call in [admin.patch(path).json(&evil), admin.post("/api/v1/stores").json(&evil), admin.patch(path).json(&none)]
    {
        let refused = call.send().await.expect_problem(403, "missing-scope");
        assert_eq!(refused.json()["scope"], "providers:write");
    }
    let as_it_is = json!({ "locale": "ko", "storefrontUrl": made.json()["storefrontUrl"] });
    admin.patch(path).json(&as_it_is).send().await.expect(200);
    let none = owner.patch(path).json(&json!({ "storefrontUrl": null })).send().await.expect(200);
    assert!(none.json()["storefrontUrl"].is_null(), "{none}");
    let refused = owner.patch(path).json(&json!({ "storefrontUrl": "ftp://shop.example" })).send().await.expect(422);
    assert_eq!(refused.places(), ["#/storefrontUrl"]);
}

/// Answers how many of many reports at once came later than one of a later moment.
async fn reports_go_forward_only(world: &World) -> usize {
    let owner = owner(world).await;
    let id = tenant_of(&world.ours).store.to_string();
    let path = format!("/api/v1/stores/{id}/health");
    let report = |client: &Client, body: Value| client.post(&path).json(&body).send();
    let shown = async || owner.get(&format!("/api/v1/stores/{id}")).send().await.expect(200).json();
    let wanted = json!({ "kind": "secret", "name": "sync", "scopes": "stores:report" });
    let key = owner.post("/api/v1/api-keys").json(&wanted).send().await.expect(201).json();
    let job = world.nobody.with_key(key["key"].as_str().unwrap());
    let first = json!({ "status": "failing", "message": "401 of the platform", "observedAt": "2026-01-02T03:04:05Z" });
    for _ in 0..3 {
        report(&job, first.clone()).await.expect(204);
    }
    let store = shown().await;
    assert_eq!(
        (&store["health"], &store["healthMessage"], &store["lastSyncAt"]),
        (&json!("failing"), &json!("401 of the platform"), &Value::Null)
    );
    assert_eq!(store["healthAt"], "2026-01-02T03:04:05.000Z");
    let said = async || {
        let log = owner.get(&format!("/api/v1/audit-log?filter[subject]={id}")).send().await.expect(200).json();
        let rows = log["items"].as_array().unwrap().iter().filter(|row| row["action"] == "store.health");
        rows.map(|row| row["after"]["health"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(said().await, ["failing"], "what repeats is no change");

    let minute = |minute: usize| format!("2026-02-03T04:{minute:02}:00.000Z");
    let at_once = (0..AT_ONCE).map(|number| {
        let at = minute(number);
        report(&job, json!({ "status": "healthy", "observedAt": at, "lastSyncAt": at }))
    });
    let mut late = 0;
    for answer in join_all(at_once).await {
        if answer.status != 204 {
            assert!(answer.expect_problem(409, "report-outdated").json()["observedAt"].is_string());
            late += 1;
        }
    }
    assert_eq!(said().await, ["healthy", "failing"], "of many at once one is the change");
    let newest = json!(minute(AT_ONCE - 1));
    let store = shown().await;
    assert_eq!((&store["health"], &store["healthAt"], &store["lastSyncAt"]), (&json!("healthy"), &newest, &newest));
    // A synchronisation is not undone by a report that knows of an earlier one.
    report(&job, json!({ "status": "degraded", "lastSyncAt": minute(0) })).await.expect(204);
    let store = shown().await;
    assert_eq!((&store["health"], &store["lastSyncAt"]), (&json!("degraded"), &newest));
    let listed = owner.get("/api/v1/stores").send().await.expect(200).json();
    assert!(listed["items"].as_array().unwrap().contains(&store), "{listed}");

    // A clock that is ahead keeps nobody from reporting.
    let soon = Timestamp::from_millis(SystemClock.now().millis() + 40_000).to_string();
    report(&job, json!({ "status": "healthy", "observedAt": soon, "lastSyncAt": soon })).await.expect(204);
    report(&job, json!({ "status": "healthy" })).await.expect(204);
    assert!(shown().await["lastSyncAt"].as_str().unwrap() < soon.as_str());
    new_credentials_have_no_health_yet(world, &owner).await;

    let future = json!({ "status": "healthy", "lastSyncAt": "2999-01-01T00:00:00Z" });
    assert_eq!(report(&job, future).await.expect(422).places(), ["#/lastSyncAt"]);
    let wrong = json!({ "status": "unknown", "message": "", "observedAt": "soon", "health": "healthy" });
    let mut places = report(&job, wrong).await.expect(422).places();
    places.sort_unstable();
    assert_eq!(places, ["#/health", "#/message", "#/observedAt", "#/status"]);
    let healthy = json!({ "status": "healthy" });
    let viewer = as_person(world, &log_in(&world.ours, "viewer@example.com").await.expect(200));
    for client in [&world.ours.shopper, &viewer] {
        let refused = report(client, healthy.clone()).await.expect_problem(403, "missing-scope");
        assert_eq!(refused.json()["scope"], "stores:report");
    }
    report(&world.theirs.merchant, healthy).await.expect_problem(404, "not-found");
    late
}

async fn new_credentials_have_no_health_yet(world: &World, owner: &Client) {
    let credentials = |secret: &str| json!({ "clientId": "acme", "clientSecret": secret });
    let (name, platform) = (world.name("tried"), "naver-smartstore");
    let wanted = json!({ "name": name, "platform": platform, "credentials": credentials("one") });
    let made = owner.post("/api/v1/stores").json(&wanted).send().await.expect(201);
    let path = made.the("location");
    let report = |body: Value| owner.post(&format!("{path}/health")).json(&body).send();
    report(json!({ "status": "failing" })).await.expect(204);
    let renewed = json!({ "credentials": credentials("two") });
    let renewed = owner.patch(path).json(&renewed).send().await.expect(200).json();
    assert_eq!((&renewed["health"], &renewed["healthAt"]), (&json!("unknown"), &Value::Null));
}

/// Answers how many stores were opened.
async fn the_plan_bounds_stores(world: &World) -> usize {
    let owner = owner(world).await;
    let open = async |number: usize| {
        let body = json!({ "name": world.name(&format!("store-{number}")) });
        owner.post("/api/v1/stores").json(&body).send().await
    };
    let plan = owner.get("/api/v1/organization").send().await.expect(200).json()["plan"]["stores"].clone();
    let left = usize::try_from(plan["most"].as_i64().unwrap() - plan["used"].as_i64().unwrap()).unwrap();
    let answers = join_all((0..AT_ONCE).map(open)).await;
    let opened = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(opened, left);
    for refused in answers.into_iter().filter(|answer| answer.status != 201) {
        refused.expect_problem(409, "plan-limit");
    }
    opened
}

async fn begin(by: &Client, account: &str) -> Answer {
    let body = json!({ "accountId": account, "reason": "Ticket 4711" });
    by.post("/api/v1/impersonations").json(&body).send().await
}

async fn a_customer_is_impersonated_under_both_names(stage: &Stage, world: &World) {
    let owner = owner(world).await;
    let admin = hire(stage, world, &world.ours, Role::Admin, "support").await;
    let customer = hire(stage, world, &world.ours, Role::Customer, "helped").await;
    let begun = begin(&admin.client, &customer.id).await.expect(201);
    let json = begun.json();
    assert_eq!((json["expiresIn"].as_i64(), &json["role"]), (Some(900), &json!("customer")));
    let scopes = json["scopes"].as_str().unwrap();
    assert!(!scopes.contains("profile:write") && !scopes.contains("sessions:write"), "{scopes}");
    let acting = as_person(world, &begun);
    let me = acting.get("/api/v1/auth/me").send().await.expect(200).json();
    assert_eq!(me["id"], customer.id.as_str());
    // What cannot be done in somebody's name, and the customer sees it.
    acting.post("/api/v1/auth/logout").send().await.expect_problem(403, "missing-scope");
    acting.delete("/api/v1/membership").send().await.expect_problem(403, "missing-scope");
    begin(&acting, &admin.id).await.expect_problem(403, "missing-scope");
    let sessions = customer.client.get("/api/v1/auth/sessions").send().await.expect(200).json();
    let found = sessions["items"].as_array().unwrap().iter().find(|session| session["id"] == json["sessionId"]);
    assert_eq!(found.unwrap()["device"], format!("impersonated by {}", admin.id));

    // A change in the customer's name stands in the log under both.
    let sold = world.sell("impersonated", "10", 5).await;
    let cart = acting.post("/api/v1/cart").send().await.expect(201).json()["id"].as_str().unwrap().to_owned();
    let add = acting.post(&format!("/api/v1/cart/{cart}/items")).json(&json!({ "variantId": sold.variant }));
    add.send().await.expect(200);
    let opened = acting.post("/api/v1/checkouts").json(&crate::world::order_form(&cart)).send().await.expect(201);
    let checkout = opened.json()["id"].as_str().unwrap().to_owned();
    let read_log = async |subject: &str| {
        owner.get(&format!("/api/v1/audit-log?filter[subject]={subject}")).send().await.expect(200).json()["items"]
            .clone()
    };
    assert_eq!(read_log(&checkout).await[0]["actor"], format!("{} as {}", admin.id, customer.id));
    let begun_entry = read_log(&customer.id).await;
    assert_eq!(
        (&begun_entry[0]["action"], &begun_entry[0]["actor"]),
        (&json!("impersonation.begin"), &json!(admin.id))
    );
    assert_eq!(begun_entry[0]["after"]["reason"], "Ticket 4711");

    // Whoever loses the right loses the token that came of it; and the customer can end it.
    owner.post(&format!("/api/v1/members/{}/suspend", admin.id)).send().await.expect(200);
    is_void(&acting).await;
    let owners = begin(&owner, &customer.id).await.expect(201);
    let path = format!("/api/v1/auth/sessions/{}", owners.json()["sessionId"].as_str().unwrap());
    customer.client.delete(&path).send().await.expect(204);
    is_void(&as_person(world, &owners)).await;
}

async fn nobody_becomes_more(stage: &Stage, world: &World) {
    let owner = owner(world).await;
    let me = owner.get("/api/v1/auth/me").send().await.expect(200).json();
    let own = me["id"].as_str().unwrap();
    let admin = hire(stage, world, &world.ours, Role::Admin, "climber").await;
    begin(&admin.client, own).await.expect_problem(403, "owners-only");
    assert_eq!(begin(&owner, own).await.expect(422).places(), ["#/accountId"]);
    let member = hire(stage, world, &world.ours, Role::Member, "member").await;
    for client in [&member.client, &world.ours.merchant] {
        begin(client, &admin.id).await.expect_problem(403, "missing-scope");
    }
    let theirs = as_person(world, &log_in(&world.theirs, "owner@example.com").await.expect(200));
    begin(&theirs, &member.id).await.expect_problem(404, "not-found");
    owner.post(&format!("/api/v1/members/{}/suspend", member.id)).send().await.expect(200);
    begin(&owner, &member.id).await.expect_problem(409, "account-suspended");
    let malformed = json!({ "accountId": "x", "reason": " " });
    let places = owner.post("/api/v1/impersonations").json(&malformed).send().await.expect(422).places();
    assert_eq!(places, ["#/accountId", "#/reason"]);
}
