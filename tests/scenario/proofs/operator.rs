//! The operator suspends, resumes and closes an organization, and says what its plan allows.

use std::time::Duration;

use futures_util::future::join_all;
use headlesspro_edge::app::Tenant;
use headlesspro_edge::identity::service_token;
use headlesspro_edge::organizations::{Act, OperatorError, Organization, PlanChange, act};
use headlesspro_shared::identity::Role;
use headlesspro_shared::kernel::id::OrganizationId;
use headlesspro_shared::organizations::StatusAction;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::invitations::secret;
use super::members::{hire, tenant_of};
use crate::app::{Kind, STAFF_PASSWORD, Stage};
use crate::client::{Answer, Client};
use crate::eventually::eventually;
use crate::stories::sessions::{as_person, log_in};
use crate::world::World;

/// What the operator says holds everywhere within a minute.
const WITHIN: Duration = Duration::from_secs(60);

const AT_ONCE: usize = 20;

pub fn plans_are_kept(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let owner = as_person(&world, &log_in(&world.ours, "owner@example.com").await.expect(200));
        let made = one_more_at_once(stage, &world, &owner).await;
        members_are_limited(stage, &world, &owner).await;
        println!("{kind}: {AT_ONCE} stores and {AT_ONCE} keys at once where one more was allowed: {made:?} were made");
    });
}

pub fn a_suspended_organization_is_shut(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let credentials = credentials(stage, &world).await;
        let ours = stage.our_organization().parse().unwrap();
        let become_so = async |action| act(stage.app(), ours, Act::Status(action)).await;
        let began = Instant::now();
        become_so(StatusAction::Suspend).await.unwrap();
        for (name, client) in &credentials {
            shut(name, client, "suspended").await;
        }
        let took = began.elapsed();
        jobs_go_on(stage, &world, tenant_of(&world.ours)).await;
        shut("shopper", &world.ours.shopper, "suspended").await;
        let login = world.ours.shopper.post("/api/v1/auth/login");
        let login = login.json(&json!({ "email": "owner@example.com", "password": STAFF_PASSWORD })).send().await;
        login.expect_problem(403, "organization-not-active");
        // Of nobody who only claims to belong to it anything is told, and others are not disturbed.
        let key = world.ours.shopper.key().unwrap();
        let other = if key.ends_with('0') { '1' } else { '0' };
        let guessed = format!("{}{other}", &key[..key.len() - 1]);
        let refused = world.nobody.with_key(&guessed).get("/api/v1/products?limit=1").send().await;
        refused.expect_problem(401, "bad-credentials");
        world.theirs.shopper.get("/api/v1/products?limit=1").send().await.expect(200);

        let again = become_so(StatusAction::Suspend).await;
        assert!(matches!(again, Err(OperatorError::Illegal(_))), "{again:?}");
        become_so(StatusAction::Resume).await.unwrap();
        for (name, client) in &credentials {
            client.get("/api/v1/products?limit=1").send().await.expect(200);
            println!("{kind}: {name} is good again");
        }
        let owner = as_person(&world, &log_in(&world.ours, "owner@example.com").await.expect(200));
        let log = owner.get(&format!("/api/v1/audit-log?filter[subject]={ours}")).send().await.expect(200).json();
        let said: Vec<Value> = log["items"].as_array().unwrap().iter().map(|row| row["action"].clone()).collect();
        assert_eq!(said, ["organization.resume", "organization.suspend"]);
        assert_eq!(
            (&log["items"][1]["actor"], &log["items"][1]["after"]["status"]),
            (&json!("operator"), &json!("suspended"))
        );

        become_so(StatusAction::Close).await.unwrap();
        for (name, client) in &credentials {
            shut(name, client, "closed").await;
        }
        let again = become_so(StatusAction::Resume).await;
        assert!(matches!(again, Err(OperatorError::Illegal(_))), "{again:?}");
        println!("{kind}: a suspended organization was shut to {} credentials after {took:?}", credentials.len());
    });
}

/// One of each kind that is not a person's from elsewhere, all good and remembered.
async fn credentials(stage: &Stage, world: &World) -> Vec<(&'static str, Client)> {
    let owner = as_person(world, &log_in(&world.ours, "owner@example.com").await.expect(200));
    let customer = hire(stage, world, &world.ours, Role::Customer, "shut").await.client;
    let wanted = json!({ "name": "ERP", "scopes": "catalog:read" });
    let made = owner.post("/api/v1/apps").json(&wanted).send().await.expect(201).json();
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        made["app"]["id"].as_str().unwrap(),
        made["clientSecret"].as_str().unwrap()
    );
    let token = world.nobody.post("/oauth/token").body("application/x-www-form-urlencoded", form).send().await;
    let app = world.nobody.with_key(token.expect(200).json()["access_token"].as_str().unwrap());
    let credentials = vec![
        ("publishable key", world.ours.shopper.clone()),
        ("secret key", world.ours.merchant.clone()),
        ("owner", owner),
        ("customer", customer),
        ("app", app),
    ];
    for (_, client) in &credentials {
        client.get("/api/v1/products?limit=1").send().await.expect(200);
    }
    credentials
}

/// Jobs are every tenant's, whichever one the scheduler's token names.
async fn jobs_go_on(stage: &Stage, world: &World, tenant: Tenant) {
    let with = async |scopes: &str| {
        let (app, service, scopes) = (stage.app(), "cron".parse().unwrap(), scopes.parse().unwrap());
        let of = (tenant, "EUR".parse().unwrap());
        let token = service_token(app, of, &app.verifier().issuer, service, scopes).await.unwrap();
        world.nobody.with_key(&token).post("/api/v1/jobs/mail").send().await
    };
    with("jobs:run").await.expect(200);
    with("jobs:run catalog:read").await.expect_problem(403, "organization-not-active");
}

async fn shut(name: &str, client: &Client, status: &str) {
    let refused: Answer = eventually(name, WITHIN, async || {
        let answer = client.get("/api/v1/products?limit=1").send().await;
        (answer.status != 200).then_some(answer)
    })
    .await;
    assert_eq!(refused.expect_problem(403, "organization-not-active").json()["organizationStatus"], status, "{name}");
}

async fn limit(stage: &Stage, change: PlanChange) -> Organization {
    let ours: OrganizationId = stage.our_organization().parse().unwrap();
    act(stage.app(), ours, Act::Plan(change)).await.unwrap()
}

/// Answers how many stores and keys were made.
async fn one_more_at_once(stage: &Stage, world: &World, owner: &Client) -> [usize; 2] {
    let plan = async || owner.get("/api/v1/organization").send().await.expect(200).json()["plan"].clone();
    let before = limit(stage, PlanChange { stores: Some(None), ..PlanChange::default() }).await;
    assert_eq!(plan().await["stores"], json!({ "used": 1, "most": null }));
    let change = PlanChange { stores: Some(Some(2)), members: None, api_keys: Some(Some(before.api_keys + 1)) };
    limit(stage, change).await;
    let stores = async |number: usize| {
        let body = json!({ "name": world.name(&format!("store-{number}")) });
        owner.post("/api/v1/stores").json(&body).send().await
    };
    let keys = async |number: usize| {
        let body = json!({ "kind": "secret", "name": world.name(&format!("key-{number}")) });
        owner.post("/api/v1/api-keys").json(&body).send().await
    };
    let stores = join_all((0..AT_ONCE).map(stores)).await;
    let keys = join_all((0..AT_ONCE).map(keys)).await;
    let mut made = [0, 0];
    let mut key = Value::Null;
    for (number, (name, most, answers)) in
        [("stores", 2, stores), ("apiKeys", before.api_keys + 1, keys)].into_iter().enumerate()
    {
        for answer in answers {
            if answer.status == 201 {
                made[number] += 1;
                key = answer.json()["apiKey"]["id"].clone();
                continue;
            }
            let refused = answer.expect_problem(409, "plan-limit").json();
            assert_eq!(
                (&refused["limit"], &refused["most"], &refused["used"]),
                (&json!(name), &json!(most), &json!(most))
            );
        }
        assert_eq!(plan().await[name], json!({ "used": most, "most": most }));
    }
    assert_eq!(made, [1, 1]);
    // A rotation makes no key more, and a revoked one makes room.
    let path = format!("/api/v1/api-keys/{}", key.as_str().unwrap());
    let rotated = owner.post(&format!("{path}/rotate")).json(&json!({ "overlapSeconds": 60 })).send().await.expect(201);
    let refused = owner.post("/api/v1/api-keys").json(&json!({ "kind": "secret", "name": "x" })).send().await;
    refused.expect_problem(409, "plan-limit");
    let heir = format!("/api/v1/api-keys/{}", rotated.json()["apiKey"]["id"].as_str().unwrap());
    owner.delete(&heir).send().await.expect(204);
    // The one that it took the place of is good for the overlap, and counts.
    let make = || owner.post("/api/v1/api-keys").json(&json!({ "kind": "secret", "name": "x" })).send();
    make().await.expect_problem(409, "plan-limit");
    assert_eq!(plan().await["apiKeys"]["used"], before.api_keys + 1);
    owner.delete(&path).send().await.expect(204);
    make().await.expect(201);
    made
}

async fn members_are_limited(stage: &Stage, world: &World, owner: &Client) {
    let invite = async |name: &str| {
        let email = format!("{}@example.com", world.name(name));
        owner.post("/api/v1/invitations").json(&json!({ "email": email, "role": "viewer" })).send().await.expect(201);
        secret(stage, &email, None).await
    };
    let tokens = [invite("first").await, invite("second").await];
    let plan = owner.get("/api/v1/organization").send().await.expect(200).json()["plan"]["members"].clone();
    let most = plan["used"].as_i64().unwrap() + 1;
    limit(stage, PlanChange { members: Some(Some(most)), ..PlanChange::default() }).await;
    let accept = async |token: &String| {
        let body = json!({ "token": token, "password": STAFF_PASSWORD, "name": "Grace Hopper" });
        world.ours.shopper.post("/api/v1/invitations/accept").json(&body).send().await
    };
    let mut answers = join_all(tokens.iter().map(accept)).await;
    answers.sort_by_key(|answer| answer.status);
    let refused = answers.pop().unwrap().expect_problem(409, "plan-limit").json();
    assert_eq!((&refused["limit"], &refused["used"]), (&json!("members"), &json!(most)));
    answers.pop().unwrap().expect(200);
    // Nothing of the refused one stays but the invitation, which is good later.
    limit(stage, PlanChange { members: Some(None), ..PlanChange::default() }).await;
    let mut later = join_all(tokens.iter().map(accept)).await;
    later.sort_by_key(|answer| answer.status);
    later.remove(0).expect(200);
}
