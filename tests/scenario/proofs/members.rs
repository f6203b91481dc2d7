//! Who works for an organization: roles, grants, suspensions, and the last owner, who stays.

use std::time::Duration;

use headlesspro_edge::app::Tenant;
use headlesspro_edge::identity::create_account;
use headlesspro_shared::identity::{ApiKeyClaim, Password, Role};
use serde_json::{Value, json};

use crate::app::{Kind, STAFF_PASSWORD, Stage};
use crate::client::{Answer, Client};
use crate::eventually::eventually;
use crate::stories::sessions::{as_person, log_in};
use crate::world::{Shop, World};

/// What is taken away is gone everywhere within a minute.
const VOID_WITHIN: Duration = Duration::from_secs(60);

/// Two owners try to get rid of each other so many times.
const ROUNDS: usize = 12;

pub fn members(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        they_are_listed(stage, &world).await;
        a_role_changes_what_an_old_token_may(stage, &world).await;
        a_suspended_member_is_out_until_resumed(stage, &world).await;
        who_leaves_is_a_customer(stage, &world).await;
        nobody_reaches_beyond(stage, &world).await;
        let rounds = owners_who_demote_each_other(stage, &world).await;
        println!("{kind}: {rounds} pairs of owners demoted each other at once, one of each was refused");
    });
}

pub fn roles_and_grants(stage: &Stage, _: Kind) {
    stage.run(async {
        let world = stage.world();
        custom_roles_live_and_die(stage, &world).await;
        grants_narrow_a_role(stage, &world).await;
        a_grant_for_one_app_or_key_reaches_no_other(stage, &world).await;
    });
}

/// Somebody new with a role in our shop.
pub struct Somebody {
    pub id: String,
    pub email: String,
    pub client: Client,
    pub refresh_token: String,
}

pub fn tenant_of(shop: &Shop) -> Tenant {
    let claim: ApiKeyClaim = shop.shopper.key().unwrap().parse().unwrap();
    Tenant { organization: claim.organization, store: claim.store }
}

pub async fn hire(stage: &Stage, world: &World, shop: &Shop, role: Role, name: &str) -> Somebody {
    let email = format!("{}@example.com", world.name(name));
    let parsed = email.parse().unwrap();
    let password = Password::chosen(STAFF_PASSWORD, &parsed).unwrap();
    let locale = "en".parse().unwrap();
    let made = create_account(stage.app(), tenant_of(shop), &parsed, &password, role, &locale).await;
    let id = made.unwrap().unwrap().to_string();
    let tokens = log_in(shop, &email).await.expect(200);
    let refresh_token = tokens.json()["refreshToken"].as_str().unwrap().to_owned();
    Somebody { id, email, client: as_person(world, &tokens), refresh_token }
}

async fn owner(world: &World, shop: &Shop) -> Client {
    as_person(world, &log_in(shop, "owner@example.com").await.expect(200))
}

async fn appoint(by: &Client, id: &str, body: Value) -> Answer {
    by.patch(&format!("/api/v1/members/{id}")).json(&body).send().await
}

pub async fn is_void(client: &Client) {
    eventually("an old token to be void", VOID_WITHIN, async || {
        let answer = client.get("/api/v1/products?limit=1").send().await;
        (answer.status == 401).then_some(())
    })
    .await;
}

async fn refresh(shop: &Shop, token: &str) -> Answer {
    shop.shopper.post("/api/v1/auth/refresh").json(&json!({ "refreshToken": token })).send().await
}

async fn they_are_listed(stage: &Stage, world: &World) {
    let owner = owner(world, &world.ours).await;
    hire(stage, world, &world.ours, Role::Viewer, "listed").await;
    let all = owner.get("/api/v1/members?limit=250").send().await.expect(200).json();
    let emails: Vec<&str> =
        all["items"].as_array().unwrap().iter().map(|item| item["email"].as_str().unwrap()).collect();
    assert!(emails.contains(&"owner@example.com") && !emails.contains(&"customer@example.com"), "{emails:?}");
    let mut paged = Vec::new();
    let mut target = "/api/v1/members?limit=2".to_owned();
    loop {
        let page = owner.get(&target).send().await.expect(200);
        paged.extend(page.json()["items"].as_array().unwrap().clone());
        let Some(next) = page.json()["nextCursor"].as_str().map(str::to_owned) else { break };
        assert!(page.the("link").contains(&next));
        target = format!("/api/v1/members?limit=2&cursor={next}");
    }
    assert_eq!(&paged, all["items"].as_array().unwrap());
    let id = all["items"][0]["id"].as_str().unwrap();
    let one = owner.get(&format!("/api/v1/members/{id}")).send().await.expect(200);
    assert_eq!(one.json(), all["items"][0]);
    let customer = as_person(world, &log_in(&world.ours, "customer@example.com").await.expect(200));
    customer.get("/api/v1/members").send().await.expect_problem(403, "missing-scope");
    let theirs = self::owner(world, &world.theirs).await;
    theirs.get(&format!("/api/v1/members/{id}")).send().await.expect_problem(404, "not-found");
}

async fn a_role_changes_what_an_old_token_may(stage: &Stage, world: &World) {
    let owner = owner(world, &world.ours).await;
    let person = hire(stage, world, &world.ours, Role::Viewer, "promoted").await;
    person.client.get("/api/v1/api-keys").send().await.expect_problem(403, "missing-scope");
    let before = owner.get(&format!("/api/v1/members/{}", person.id)).send().await.expect(200);
    let stale = owner.patch(&format!("/api/v1/members/{}", person.id)).header("if-match", "\"99\"");
    let stale = stale.json(&json!({ "role": "admin" })).send().await.expect_problem(412, "version-mismatch");
    assert_eq!(stale.json()["version"], before.json()["version"]);
    let changed = owner.patch(&format!("/api/v1/members/{}", person.id)).header("if-match", before.the("etag"));
    let changed = changed.json(&json!({ "role": "admin" })).send().await.expect(200);
    assert_eq!((&changed.json()["role"], changed.spent().sql <= 2), (&json!("admin"), true), "{changed}");
    assert_ne!(changed.the("etag"), before.the("etag"));
    is_void(&person.client).await;
    let tokens = refresh(&world.ours, &person.refresh_token).await.expect(200);
    let admin = as_person(world, &tokens);
    admin.get("/api/v1/api-keys").send().await.expect(200);
    // Again, nothing changes.
    let again = appoint(&owner, &person.id, json!({ "role": "admin" })).await.expect(200);
    assert_eq!(again.json(), changed.json());

    let log = owner.get(&format!("/api/v1/audit-log?filter[subject]={}", person.id)).send().await.expect(200).json();
    assert_eq!(log["items"][0]["action"], "member.appoint");
    assert_eq!(log["items"][0]["before"]["role"], "viewer");
    assert_eq!(log["items"][0]["after"]["role"], "admin");
    let malformed = appoint(&owner, &person.id, json!({ "role": "root", "grants": [{ "to": { "store": "x" } }] }));
    let mut places = malformed.await.expect(422).places();
    places.sort_unstable();
    assert_eq!(places, ["#/grants/0/scopes", "#/grants/0/to/store", "#/role"]);
    assert_eq!(appoint(&owner, &person.id, json!({})).await.expect(422).places(), ["#/role"]);
}

async fn a_suspended_member_is_out_until_resumed(stage: &Stage, world: &World) {
    let owner = owner(world, &world.ours).await;
    let person = hire(stage, world, &world.ours, Role::Member, "suspended").await;
    let path = format!("/api/v1/members/{}", person.id);
    let suspended = owner.post(&format!("{path}/suspend")).send().await.expect(200);
    assert_eq!(suspended.json()["state"], "suspended");
    owner.post(&format!("{path}/suspend")).send().await.expect_problem(409, "member-already-there");
    is_void(&person.client).await;
    refresh(&world.ours, &person.refresh_token).await.expect_problem(401, "session-ended");
    log_in(&world.ours, &person.email).await.expect_problem(401, "login-refused");
    owner.post(&format!("{path}/resume")).send().await.expect(200);
    owner.post(&format!("{path}/resume")).send().await.expect_problem(409, "member-already-there");
    refresh(&world.ours, &person.refresh_token).await.expect_problem(401, "session-ended");
}

async fn who_leaves_is_a_customer(stage: &Stage, world: &World) {
    let owner = owner(world, &world.ours).await;
    let removed = hire(stage, world, &world.ours, Role::Member, "removed").await;
    let left = hire(stage, world, &world.ours, Role::Viewer, "left").await;
    let path = format!("/api/v1/members/{}", removed.id);
    owner.delete(&path).send().await.expect(204);
    owner.delete(&path).send().await.expect_problem(404, "not-found");
    left.client.delete("/api/v1/membership").send().await.expect(204);
    for person in [&removed, &left] {
        is_void(&person.client).await;
        owner.get(&format!("/api/v1/members/{}", person.id)).send().await.expect_problem(404, "not-found");
        let tokens = log_in(&world.ours, &person.email).await.expect(200);
        assert_eq!(tokens.json()["account"]["role"], "customer");
    }
    // Alone, the owner neither leaves nor steps down.
    owner.delete("/api/v1/membership").send().await.expect_problem(409, "last-owner");
    let me = owner.get("/api/v1/auth/me").send().await.expect(200).json();
    let own = me["id"].as_str().unwrap();
    appoint(&owner, own, json!({ "role": "admin" })).await.expect_problem(409, "last-owner");
    owner.post(&format!("/api/v1/members/{own}/suspend")).send().await.expect_problem(409, "last-owner");
    owner.delete(&format!("/api/v1/members/{own}")).send().await.expect_problem(409, "last-owner");
}

async fn nobody_reaches_beyond(stage: &Stage, world: &World) {
    let admin = hire(stage, world, &world.ours, Role::Admin, "reaching").await;
    let target = hire(stage, world, &world.ours, Role::Viewer, "reached").await;
    let owner = owner(world, &world.ours).await;
    let own = owner.get("/api/v1/auth/me").send().await.expect(200).json();
    appoint(&admin.client, &target.id, json!({ "role": "owner" })).await.expect_problem(403, "owners-only");
    appoint(&admin.client, &admin.id, json!({ "role": "owner" })).await.expect_problem(403, "owners-only");
    let owner_id = own["id"].as_str().unwrap();
    appoint(&admin.client, owner_id, json!({ "role": "viewer" })).await.expect_problem(403, "owners-only");
    let customer = appoint(&admin.client, &target.id, json!({ "role": "customer" })).await;
    assert_eq!(customer.expect(422).places(), ["#/role"]);
    let unknown = json!({ "role": "role_01h455vb4pex5vsknk084sn02q" });
    assert_eq!(appoint(&admin.client, &target.id, unknown).await.expect(422).places(), ["#/role"]);
    for client in [&target.client, &world.ours.merchant] {
        appoint(client, &admin.id, json!({ "role": "viewer" })).await.expect_problem(403, "missing-scope");
    }
    let theirs = self::owner(world, &world.theirs).await;
    appoint(&theirs, &target.id, json!({ "role": "viewer" })).await.expect_problem(404, "not-found");
    theirs.delete(&format!("/api/v1/members/{}", target.id)).send().await.expect_problem(404, "not-found");
}

/// Answers how many rounds were fought.
async fn owners_who_demote_each_other(stage: &Stage, world: &World) -> usize {
    let first = owner(world, &world.ours).await;
    for round in 0..ROUNDS {
        let one = hire(stage, world, &world.ours, Role::Owner, &format!("one-{round}")).await;
        let other = hire(stage, world, &world.ours, Role::Owner, &format!("other-{round}")).await;
        let (one_done, other_done) = futures_util::future::join(
            appoint(&one.client, &other.id, json!({ "role": "admin" })),
            appoint(&other.client, &one.id, json!({ "role": "admin" })),
        )
        .await;
        let statuses = [one_done.status, other_done.status];
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{one_done}\n{other_done}");
        assert!(statuses.iter().all(|status| matches!(status, 200 | 401 | 403 | 409)), "{one_done}\n{other_done}");
        for person in [&one, &other] {
            appoint(&first, &person.id, json!({ "role": "viewer" })).await.expect(200);
        }
    }
    // The last two leave at once: one of them stays.
    let last = hire(stage, world, &world.ours, Role::Owner, "last").await;
    let leave = |client: &Client| client.delete("/api/v1/membership").send();
    let (one, other) = futures_util::future::join(leave(&first), leave(&last.client)).await;
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409], "{one}\n{other}");
    ROUNDS
}

async fn custom_roles_live_and_die(stage: &Stage, world: &World) {
    let owner = owner(world, &world.ours).await;
    let admin = hire(stage, world, &world.ours, Role::Admin, "maker").await;
    let person = hire(stage, world, &world.ours, Role::Viewer, "packer").await;
    let name = world.name("packers");
    let wanted = json!({ "name": name, "scopes": "orders:read" });
    let create = |client: &Client, body: &Value| client.post("/api/v1/roles").json(body).send();
    let with_key = || admin.client.post("/api/v1/roles").header("idempotency-key", &name).json(&wanted).send();
    let made = with_key().await.expect(201);
    let again = with_key().await.expect(201);
    assert!(again.is_replayed() && again.json() == made.json(), "{again}");
    assert_eq!(create(&admin.client, &wanted).await.expect(422).places(), ["#/name"]);
    let beyond = json!({ "name": world.name("gods"), "scopes": "orders:read providers:write" });
    assert_eq!(create(&admin.client, &beyond).await.expect(422).places(), ["#/scopes"]);
    let empty = json!({ "name": world.name("nobodies"), "scopes": "" });
    assert_eq!(create(&admin.client, &empty).await.expect(422).places(), ["#/scopes"]);
    create(&person.client, &wanted).await.expect_problem(403, "missing-scope");

    let made = made.json();
    let (id, path) = (made["id"].as_str().unwrap(), format!("/api/v1/roles/{}", made["id"].as_str().unwrap()));
    appoint(&admin.client, &person.id, json!({ "role": id })).await.expect(200);
    let shown = owner.get(&format!("/api/v1/members/{}", person.id)).send().await.expect(200).json();
    assert_eq!(
        (&shown["roleName"], &shown["scopes"]),
        (&json!(name), &json!("profile:read profile:write sessions:write orders:read"))
    );
    is_void(&person.client).await;
    let packer = as_person(world, &log_in(&world.ours, &person.email).await.expect(200));
    packer.get("/api/v1/orders/ord_01h455vb4pex5vsknk084sn02q").send().await.expect(404);
    // Whatever a role says, its holder looks after the own account, and logs out.
    for path in ["/api/v1/auth/me", "/api/v1/customers/me", "/api/v1/auth/sessions"] {
        packer.get(path).send().await.expect(200);
    }
    let elsewhere = as_person(world, &log_in(&world.ours, &person.email).await.expect(200));
    elsewhere.post("/api/v1/auth/logout").send().await.expect(204);
    let refused = packer.get("/api/v1/products?limit=1").send().await.expect_problem(403, "missing-scope");
    assert_eq!(refused.json()["scope"], "catalog:read");

    let listed = admin.client.get("/api/v1/roles").send().await.expect(200).json();
    let found = listed["items"].as_array().unwrap().iter().find(|role| role["id"] == id).unwrap();
    assert_eq!(found["members"], 1);
    admin.client.delete(&path).send().await.expect_problem(409, "role-in-use");
    let stale = admin.client.patch(&path).header("if-match", "\"7\"").json(&json!({ "scopes": "catalog:read" }));
    stale.send().await.expect_problem(412, "version-mismatch");
    // An owner widens it beyond an admin, who cannot touch it any more, nor give it.
    owner.patch(&path).json(&json!({ "scopes": "orders:read providers:write" })).send().await.expect(200);
    let change = admin.client.patch(&path).json(&json!({ "scopes": "orders:read" })).send().await;
    assert_eq!(change.expect(422).places(), ["#/scopes"]);
    appoint(&admin.client, &person.id, json!({ "role": "viewer" })).await.expect_problem(403, "beyond-own-permissions");
    is_void(&packer).await;
    owner
        .patch(&path)
        .json(&json!({ "name": world.name("readers"), "scopes": "catalog:read" }))
        .send()
        .await
        .expect(200);
    let reader = as_person(world, &log_in(&world.ours, &person.email).await.expect(200));
    reader.get("/api/v1/products?limit=1").send().await.expect(200);

    let theirs = self::owner(world, &world.theirs).await;
    theirs.get(&path).send().await.expect_problem(404, "not-found");
    theirs.delete(&path).send().await.expect_problem(404, "not-found");
    appoint(&admin.client, &person.id, json!({ "role": "viewer" })).await.expect(200);
    let shown = admin.client.get(&path).send().await.expect(200);
    admin.client.delete(&path).header("if-match", shown.the("etag")).send().await.expect(204);
    admin.client.get(&path).send().await.expect_problem(404, "not-found");
    let log = owner.get(&format!("/api/v1/audit-log?filter[subject]={id}")).send().await.expect(200).json();
    let actions: Vec<&str> =
        log["items"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["role.delete", "role.change", "role.change", "role.create"]);
}

async fn a_grant_for_one_app_or_key_reaches_no_other(stage: &Stage, world: &World) {
    let owner = owner(world, &world.ours).await;
    let person = hire(stage, world, &world.ours, Role::Admin, "keeper").await;
    let store = tenant_of(&world.ours).store.to_string();
    for (list, kind, id) in [("apps", "app", "/app/id"), ("api-keys", "key", "/apiKey/id")] {
        let mut made = Vec::new();
        for name in ["own", "other"] {
            let mut body = json!({ "name": world.name(&format!("{kind}-{name}")), "scopes": "catalog:read" });
            if kind == "key" {
                body["kind"] = json!("secret");
            }
            let one = owner.post(&format!("/api/v1/{list}")).json(&body).send().await.expect(201).json();
            made.push(one.pointer(id).unwrap().as_str().unwrap().to_owned());
        }
        let scope = if kind == "app" { "apps:write" } else { "keys:write" };
        let grants = json!([
            { "scopes": scope, "to": { "record": made[0] } },
            { "scopes": "catalog:read", "to": { "store": store } },
        ]);
        appoint(&owner, &person.id, json!({ "grants": grants })).await.expect(200);
        let keeper = as_person(world, &log_in(&world.ours, &person.email).await.expect(200));
        let path = |at: usize| format!("/api/v1/{list}/{}", made[at]);
        let rotate = |at: usize| keeper.post(&format!("{}/rotate", path(at))).json(&json!({ "overlapSeconds": 0 }));
        rotate(1).send().await.expect_problem(404, "not-found");
        keeper.delete(&path(1)).send().await.expect_problem(404, "not-found");
        let all = owner.get(&format!("/api/v1/{list}")).send().await.expect(200).json();
        let other = all["items"].as_array().unwrap().iter().find(|one| one["id"] == made[1].as_str()).unwrap();
        assert_eq!(other["state"], "active", "{other}");
        rotate(0).send().await.expect(201);
        keeper.delete(&path(0)).send().await.expect(204);
        let more = keeper.post(&format!("/api/v1/{list}")).json(&json!({}));
        more.send().await.expect_problem(403, "missing-scope");
    }
}

async fn grants_narrow_a_role(stage: &Stage, world: &World) {
    let owner = owner(world, &world.ours).await;
    let person = hire(stage, world, &world.ours, Role::Member, "narrowed").await;
    let sold = world.sell("narrowed", "10", 5).await;
    let mut orders = Vec::new();
    for number in 0..2 {
        let checkout = world.ours.opened(&[(&sold.variant, 1)]).await;
        let placed = world.ours.complete(&checkout, &world.name(&format!("narrowed-{number}"))).await.expect(201);
        orders.push(placed.json()["id"].as_str().unwrap().to_owned());
    }
    let store = tenant_of(&world.ours).store.to_string();
    let narrow = async |grants: Value| {
        appoint(&owner, &person.id, json!({ "grants": grants })).await.expect(200);
        as_person(world, &log_in(&world.ours, &person.email).await.expect(200))
    };
    let order = |client: &Client, at: usize| client.get(&format!("/api/v1/orders/{}", orders[at])).send();

    let here = narrow(json!([{ "scopes": "orders:read catalog:read", "to": { "store": store } }])).await;
    order(&here, 0).await.expect(200);
    here.get("/api/v1/products?limit=1").send().await.expect(200);
    let refused = here.get("/api/v1/members").send().await.expect_problem(403, "missing-scope");
    assert_eq!(refused.json()["scope"], "members:read");
    here.get("/api/v1/auth/me").send().await.expect(200);

    let elsewhere =
        json!([{ "scopes": "orders:read catalog:read", "to": { "store": "store_01h455vb4pex5vsknk084sn02q" } }]);
    let elsewhere = narrow(elsewhere).await;
    let refused = elsewhere.get("/api/v1/products?limit=1").send().await.expect_problem(403, "missing-scope");
    assert_eq!(refused.json()["scope"], "catalog:read");
    order(&elsewhere, 0).await.expect_problem(404, "not-found");

    let record = narrow(json!([
        { "scopes": "orders:read", "to": { "record": orders[1] } },
        { "scopes": "catalog:read", "to": { "record": sold.product } },
    ]))
    .await;
    order(&record, 0).await.expect_problem(404, "not-found");
    order(&record, 1).await.expect(200);
    record.get(&format!("/api/v1/products/{}", sold.handle)).send().await.expect(200);
    record.get("/api/v1/products?limit=1").send().await.expect_problem(403, "missing-scope");
    let other = world.sell("beyond", "10", 5).await;
    record.get(&format!("/api/v1/products/{}", other.handle)).send().await.expect_problem(404, "not-found");

    // A narrowing without limits is none; many are too many.
    let wide = narrow(json!([])).await;
    order(&wide, 0).await.expect(200);
    wide.get("/api/v1/members").send().await.expect(200);
    let many: Vec<Value> = (0..21).map(|_| json!({ "scopes": "orders:read" })).collect();
    assert_eq!(appoint(&owner, &person.id, json!({ "grants": many })).await.expect(422).places(), ["#/grants"]);
}
