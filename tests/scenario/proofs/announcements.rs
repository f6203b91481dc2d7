//! Whoever reads the outbox hears of every change of an organization, its stores, members, roles, invitations, keys
//! and apps, in the order of the changes; by ids, and by nothing personal or secret.

use headlesspro_edge::journal::verify;
use headlesspro_edge::organizations::{Act, PlanChange, act, open_store};
use headlesspro_edge::port::sql::Statement;
use headlesspro_shared::identity::Role;
use serde_json::{Value, json};

use super::invitations::secret;
use super::members::{hire, tenant_of};
use crate::app::{Kind, STAFF_PASSWORD, Stage};
use crate::client::Client;
use crate::stories::sessions::{as_person, log_in};
use crate::world::World;

const EVENTS: &str = "SELECT seq, aggregate, aggregate_id, type, payload FROM outbox
WHERE organization_id = ?1 AND seq > ?2 ORDER BY seq";

struct Event {
    aggregate: String,
    aggregate_id: String,
    name: String,
    payload: Value,
}

/// The outbox of one organization, read on from where it was left.
struct Outbox<'a> {
    stage: &'a Stage,
    organization: String,
    read: i64,
}

impl Outbox<'_> {
    async fn next(&mut self) -> Vec<Event> {
        let statement = Statement::new(EVENTS).bind(self.organization.as_str()).bind(self.read);
        let rows = self.stage.sql().read(vec![statement]).await.unwrap();
        let mut events = Vec::new();
        for row in rows[0].iter() {
            self.read = row.get("seq").unwrap();
            let text = |column| row.get::<&str>(column).unwrap().to_owned();
            events.push(Event {
                aggregate: text("aggregate"),
                aggregate_id: text("aggregate_id"),
                name: text("type"),
                payload: serde_json::from_str(&text("payload")).unwrap(),
            });
        }
        events
    }

    /// What was heard since the last time is of these names, of the first id of its payload, and nothing but ids.
    async fn tells(&mut self, expected: &[(&str, Value)]) {
        let events = self.next().await;
        let names: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
        let wanted: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, wanted);
        for (event, (name, payload)) in events.iter().zip(expected) {
            assert_eq!(event.payload, *payload, "{name}");
            assert_eq!(name.split_once('.').unwrap().0, event.aggregate);
            let members = payload.as_object().unwrap();
            assert!(members.values().any(|value| *value == event.aggregate_id), "{name}: {}", event.aggregate_id);
        }
    }
}

pub fn others_hear_of_changes(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let owner = as_person(&world, &log_in(&world.ours, "owner@example.com").await.expect(200));
        let organization = stage.our_organization().to_owned();
        let mut outbox = Outbox { stage, organization: organization.clone(), read: 0 };
        outbox.next().await;
        an_organization_and_its_stores(stage, &world, &owner, &mut outbox).await;
        roles_and_members(stage, &world, &owner, &mut outbox).await;
        invitations(stage, &world, &owner, &mut outbox).await;
        what_members_offered(stage, &world, &owner, &mut outbox).await;
        keys_and_apps(&world, &owner, &mut outbox).await;
        // What the command line opens.
        let currency = "EUR".parse().unwrap();
        let opened = open_store(stage.app(), &world.name("opened"), "Shop", currency).await.unwrap();
        let (new, store) = (opened.tenant.organization.to_string(), opened.tenant.store.to_string());
        let mut begun = Outbox { stage, organization: new.clone(), read: 0 };
        let events = begun.next().await;
        let names: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
        assert_eq!(names, ["organization.founded", "store.created", "api_key.created", "api_key.created"]);
        assert_eq!(events[0].payload, json!({ "organizationId": new, "storeId": store, "currency": "EUR" }));
        for id in [organization, new] {
            let log = verify(stage.sql(), id.parse().unwrap(), None).await.unwrap().report;
            assert!(log.is_unbroken(), "{log:?}");
        }
        println!("{kind}: {} events were heard of one organization", outbox.read);
    });
}

async fn an_organization_and_its_stores(stage: &Stage, world: &World, owner: &Client, outbox: &mut Outbox<'_>) {
    let id = outbox.organization.clone();
    let is = json!({ "organizationId": id, "status": "active" });
    let renamed = |name: &str| owner.patch("/api/v1/organization").json(&json!({ "name": name })).send();
    let name = owner.get("/api/v1/organization").send().await.expect(200).json()["name"].clone();
    renamed(&world.name("renamed")).await.expect(200);
    renamed(name.as_str().unwrap()).await.expect(200);
    // The same again is no change.
    renamed(name.as_str().unwrap()).await.expect(200);
    let plan = Act::Plan(PlanChange { stores: Some(Some(77)), ..PlanChange::default() });
    act(stage.app(), id.parse().unwrap(), plan).await.unwrap();
    let (one, two) = (("organization.changed", is.clone()), ("organization.changed", is.clone()));
    outbox.tells(&[one, two, ("organization.changed", is)]).await;

    let key = world.name("store");
    let wanted = json!({ "name": world.name("store") });
    let open = || owner.post("/api/v1/stores").header("idempotency-key", &key).json(&wanted).send();
    let store = open().await.expect(201).json()["id"].clone();
    assert!(open().await.expect(201).is_replayed());
    let suspend = json!({ "status": "suspended" });
    let path = format!("/api/v1/stores/{}", store.as_str().unwrap());
    owner.patch(&path).json(&suspend).send().await.expect(200);
    let made = ("store.created", json!({ "storeId": store }));
    outbox.tells(&[made, ("store.changed", json!({ "storeId": store, "status": "suspended" }))]).await;
}

async fn roles_and_members(stage: &Stage, world: &World, owner: &Client, outbox: &mut Outbox<'_>) {
    let role = json!({ "name": world.name("packers"), "scopes": "orders:read" });
    let role = owner.post("/api/v1/roles").json(&role).send().await.expect(201).json()["id"].clone();
    let person = hire(stage, world, &world.ours, Role::Viewer, "heard").await;
    let path = format!("/api/v1/members/{}", person.id);
    owner.patch(&path).json(&json!({ "role": role })).send().await.expect(200);
    let role_path = format!("/api/v1/roles/{}", role.as_str().unwrap());
    owner.patch(&role_path).json(&json!({ "scopes": "orders:read catalog:read" })).send().await.expect(200);
    owner.post(&format!("{path}/suspend")).send().await.expect(200);
    owner.post(&format!("{path}/resume")).send().await.expect(200);
    owner.delete(&path).send().await.expect(204);
    owner.delete(&role_path).send().await.expect(204);
    let of_role = json!({ "roleId": role });
    let of_member = |role: &Value| json!({ "accountId": person.id, "role": role });
    outbox
        .tells(&[
            ("role.created", of_role.clone()),
            ("account.registered", of_member(&json!("viewer"))),
            ("member.joined", of_member(&json!("viewer"))),
            ("member.role_changed", of_member(&role)),
            ("role.changed", of_role.clone()),
            ("member.suspended", of_member(&role)),
            ("member.resumed", of_member(&role)),
            ("member.removed", of_member(&json!("customer"))),
            ("role.deleted", of_role),
        ])
        .await;
}

async fn invitations(stage: &Stage, world: &World, owner: &Client, outbox: &mut Outbox<'_>) {
    let invite = async |email: &str| {
        let body = json!({ "email": email, "role": "viewer" });
        owner.post("/api/v1/invitations").json(&body).send().await.expect(201).json()["id"].clone()
    };
    let email = world.email("invited");
    let revoked = invite(&email).await;
    let path = format!("/api/v1/invitations/{}", revoked.as_str().unwrap());
    for _ in 0..2 {
        owner.delete(&path).send().await.expect(204);
    }
    let late = secret(stage, &email, None).await;
    let accepted = invite(&email).await;
    let token = secret(stage, &email, Some(&late)).await;
    let body = json!({ "token": token, "password": STAFF_PASSWORD, "name": "Grace Hopper" });
    let joined = world.ours.shopper.post("/api/v1/invitations/accept").json(&body).send().await.expect(200);
    let account = joined.json()["accountId"].clone();
    outbox
        .tells(&[
            ("invitation.created", json!({ "invitationId": revoked })),
            ("invitation.revoked", json!({ "invitationId": revoked })),
            ("invitation.created", json!({ "invitationId": accepted })),
            ("account.registered", json!({ "accountId": account, "role": "viewer" })),
            ("account.verified", json!({ "accountId": account })),
            ("invitation.accepted", json!({ "invitationId": accepted, "accountId": account })),
            ("member.joined", json!({ "accountId": account, "role": "viewer" })),
        ])
        .await;
    let log = owner.get(&format!("/api/v1/audit-log?filter[actor]={}", account.as_str().unwrap())).send().await;
    let log = log.expect(200).json();
    let row = &log["items"][0];
    assert_eq!((&row["action"], &row["subject"]), (&json!("invitation.accept"), &accepted), "{log}");
    assert_eq!(row["before"], json!({ "state": "open", "role": null }));
    let is = json!({ "state": "accepted", "accountId": account, "role": "viewer", "grants": [] });
    assert_eq!(row["after"], is);
    assert!(!log.to_string().contains("Grace") && !log.to_string().contains(&email), "{log}");
}

/// Whoever may not offer any more what they have offered takes it with them: each is told by itself.
async fn what_members_offered(stage: &Stage, world: &World, owner: &Client, outbox: &mut Outbox<'_>) {
    let admin = hire(stage, world, &world.ours, Role::Admin, "offers").await;
    let mut offered = Vec::new();
    for name in ["one", "two"] {
        let body = json!({ "email": world.email(name), "role": "viewer" });
        let made = admin.client.post("/api/v1/invitations").json(&body).send().await.expect(201).json();
        offered.push(made["id"].clone());
    }
    outbox.next().await;
    let suspended = owner.post(&format!("/api/v1/members/{}/suspend", admin.id)).send().await.expect(200);
    assert!(suspended.spent().sql <= 2, "{suspended}");
    let revoked = |at: usize| ("invitation.revoked", json!({ "invitationId": offered[at] }));
    let is = ("member.suspended", json!({ "accountId": admin.id, "role": "admin" }));
    outbox.tells(&[revoked(0), revoked(1), is]).await;
    for id in &offered {
        let log = owner.get(&format!("/api/v1/audit-log?filter[subject]={}", id.as_str().unwrap())).send().await;
        let row = log.expect(200).json()["items"][0].clone();
        assert_eq!((&row["action"], &row["after"]), (&json!("invitation.revoke"), &json!({ "state": "revoked" })));
        assert_eq!((&row["before"], row["actor"] == admin.id), (&json!({ "state": "open" }), false));
    }
}

async fn keys_and_apps(world: &World, owner: &Client, outbox: &mut Outbox<'_>) {
    let store = tenant_of(&world.ours).store.to_string();
    let post = async |path: &str, body: Value| owner.post(path).json(&body).send().await.expect(201).json();
    let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
    let wanted = json!({ "kind": "secret", "name": world.name("key") });
    let key = id(&post("/api/v1/api-keys", wanted).await["apiKey"]);
    let rotate = json!({ "overlapSeconds": 60 });
    let heir = id(&post(&format!("/api/v1/api-keys/{key}/rotate"), rotate).await["apiKey"]);
    for _ in 0..2 {
        owner.delete(&format!("/api/v1/api-keys/{heir}")).send().await.expect(204);
    }
    let of_key = |id: &str| json!({ "apiKeyId": id, "storeId": store });
    let rotated = json!({ "apiKeyId": key, "storeId": store, "replacedBy": heir });
    outbox
        .tells(&[
            ("api_key.created", of_key(&key)),
            ("api_key.rotated", rotated),
            ("api_key.created", of_key(&heir)),
            ("api_key.revoked", of_key(&heir)),
        ])
        .await;

    let wanted = json!({ "name": world.name("app"), "scopes": "catalog:read" });
    let app = id(&post("/api/v1/apps", wanted).await["app"]);
    post(&format!("/api/v1/apps/{app}/rotate"), json!({})).await;
    owner.delete(&format!("/api/v1/apps/{app}")).send().await.expect(204);
    let is = json!({ "appId": app, "storeId": store });
    let (created, rotated) = (("app.created", is.clone()), ("app.rotated", is.clone()));
    outbox.tells(&[created, rotated, ("app.revoked", is)]).await;
}
