//! Something is taken away, and Redis never hears of it: the process died between the commit and the call, or Redis
//! was away. The database has kept it.

use std::sync::Arc;

use futures_util::future::join_all;
use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::identity::{reset_second_factor, revoke_service_tokens, service_token};
use headlesspro_edge::port::sql::{Commit, Statement};
use headlesspro_shared::identity::Role;
use serde_json::{Value, json};

use super::members::{hire, is_void, tenant_of};
use crate::app::{Kind, Stage};
use crate::client::Client;
use crate::stories::second_factors::enroll;
use crate::stories::sessions::{as_person, log_in};
use crate::world::World;

const CATALOG: &str = "/api/v1/products?limit=1";
const FORM: &str = "application/x-www-form-urlencoded";

/// More than one answer tells of: from there on each token is asked for.
const MANY: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600)
INSERT INTO token_void (organization_id, subject, void_before, created_at) SELECT ?1, 'made up ' || i, 1, ?2 FROM n";

pub fn what_was_taken_away_is_gone_all_the_same(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        // Its Redis is another one, so that all it is told is lost to the others.
        let lost = stage.isolate_at(Arc::new(SystemClock)).await;
        let elsewhere = stage.world_of(&lost);
        // The first who is let in begins the epoch of the Redis that isolates share: what was issued before is void.
        let honest = as_person(&world, &log_in(&world.ours, "viewer@example.com").await.expect(200));
        honest.get(CATALOG).send().await.expect(200);
        let taken = take_away(stage, &elsewhere, &world).await;

        // An isolate that remembers nothing, and one that has just been told that all of these are good.
        let isolate = stage.isolate().await;
        let fresh = stage.world_of(&isolate);
        let shown = |world: &World, client: &Client| world.nobody.with_key(client.key().unwrap());
        let all_are_void = async |world: &World| {
            for (what, client) in &taken {
                let answer = shown(world, client).get(CATALOG).send().await;
                assert_eq!(answer.status, 401, "{what}: {answer}");
                assert_eq!(answer.code(), "bad-credentials", "{what}");
            }
            shown(world, &honest).get(CATALOG).send().await.expect(200);
        };
        all_are_void(&fresh).await;
        let isolate = stage.isolate().await;
        a_scheduler_goes_on_with_another(stage, &stage.world_of(&isolate)).await;
        if kind == Kind::Native {
            join_all(taken.iter().map(async |(_, client)| is_void(&shown(&world, client)).await)).await;
            honest.get(CATALOG).send().await.expect(200);
        }
        // However much is taken away at once.
        let mut many = Commit::new();
        let now = stage.app().clock.now().millis();
        many.push(Statement::new(MANY).bind(stage.our_organization()).bind(now));
        stage.sql().commit(&many).await.unwrap();
        let isolate = stage.isolate().await;
        all_are_void(&stage.world_of(&isolate)).await;
        println!("{kind}: {} tokens were void of which Redis had not heard", taken.len());
    });
}

/// Tokens that are good at `known`, and were voided by `at`.
async fn take_away(stage: &Stage, at: &World, known: &World) -> Vec<(&'static str, Client)> {
    let owner = as_person(at, &log_in(&at.ours, "owner@example.com").await.expect(200));
    let hire = async |role, name: &str| hire(stage, at, &at.ours, role, name).await;
    let role = json!({ "name": at.name("role"), "scopes": "catalog:read orders:read" });
    let role = owner.post("/api/v1/roles").json(&role).send().await.expect(201).json()["id"].clone();
    let (demoted, suspended, removed) = (
        hire(Role::Member, "demoted").await,
        hire(Role::Admin, "suspended").await,
        hire(Role::Viewer, "removed").await,
    );
    let (narrowed, customer, leaving) =
        (hire(Role::Viewer, "narrowed").await, hire(Role::Customer, "c").await, hire(Role::Customer, "leaving").await);
    let (lost_phone, acted_as) = (hire(Role::Customer, "phone").await, hire(Role::Customer, "acted-as").await);
    let member = |id: &str| format!("/api/v1/members/{id}");
    owner.patch(&member(&narrowed.id)).json(&json!({ "role": role })).send().await.expect(200);
    let narrowed = as_person(at, &log_in(&at.ours, &narrowed.email).await.expect(200));
    enroll(&lost_phone.client).await;
    let body = json!({ "accountId": acted_as.id, "reason": "asked for help" });
    let acting = suspended.client.post("/api/v1/impersonations").json(&body).send().await.expect(201).json();
    let acting = at.nobody.with_key(acting["accessToken"].as_str().unwrap());
    let mut of_apps = Vec::new();
    let mut apps = Vec::new();
    for name in ["revoked", "kept"] {
        let wanted = json!({ "name": at.name(name), "scopes": "catalog:read" });
        let app = owner.post("/api/v1/apps").json(&wanted).send().await.expect(201).json();
        let (id, secret) = (app["app"]["id"].as_str().unwrap(), app["clientSecret"].as_str().unwrap());
        let client = format!("client_id={id}&client_secret={secret}");
        let asked = at.nobody.post("/oauth/token").body(FORM, format!("grant_type=client_credentials&{client}"));
        let token: Value = asked.send().await.expect(200).json();
        of_apps.push(at.nobody.with_key(token["access_token"].as_str().unwrap()));
        apps.push((id.to_owned(), client));
    }
    let service = service_of(stage, at, "leaked", "catalog:read").await;
    let [revoked_app, revoked_token] = <[Client; 2]>::try_from(of_apps).ok().unwrap();
    let taken = vec![
        ("a role", demoted.client),
        ("a membership that is suspended", suspended.client),
        ("who acts as another, suspended", acting),
        ("a membership", removed.client),
        ("a scope of a custom role", narrowed),
        ("an account that is suspended", customer.client),
        ("a session", leaving.client),
        ("a second factor", lost_phone.client),
        ("an app", revoked_app),
        ("one token of an app", revoked_token),
        ("the tokens of a service", service),
    ];
    for (what, client) in &taken {
        let answer = known.nobody.with_key(client.key().unwrap()).get(CATALOG).send().await;
        assert_eq!(answer.status, 200, "{what}: {answer}");
    }

    owner.patch(&member(&demoted.id)).json(&json!({ "role": "viewer" })).send().await.expect(200);
    owner.post(&format!("{}/suspend", member(&suspended.id))).send().await.expect(200);
    owner.delete(&member(&removed.id)).send().await.expect(204);
    let path = format!("/api/v1/roles/{}", role.as_str().unwrap());
    owner.patch(&path).json(&json!({ "scopes": "catalog:read" })).send().await.expect(200);
    owner.post(&format!("/api/v1/customers/{}/suspend", customer.id)).send().await.expect(200);
    taken[6].1.post("/api/v1/auth/logout").send().await.expect(204);
    let email = lost_phone.email.parse().unwrap();
    reset_second_factor(stage.app(), tenant_of(&at.ours), &email).await.unwrap().unwrap();
    owner.delete(&format!("/api/v1/apps/{}", apps[0].0)).send().await.expect(204);
    let form = format!("token={}&{}", taken[9].1.key().unwrap(), apps[1].1);
    at.nobody.post("/oauth/revoke").body(FORM, form).send().await.expect(200);
    revoke_service_tokens(stage.app(), tenant_of(&at.ours), "leaked".parse().unwrap()).await.unwrap();
    taken
}

/// Whoever has a token that the operator has just made for a service.
async fn service_of(stage: &Stage, at: &World, name: &str, scopes: &str) -> Client {
    let (app, of) = (stage.app(), (tenant_of(&at.ours), "EUR".parse().unwrap()));
    let (service, scopes) = (name.parse().unwrap(), scopes.parse().unwrap());
    at.nobody.with_key(&service_token(app, of, &app.verifier().issuer, service, scopes).await.unwrap())
}

/// What runs jobs for everybody is revoked like anything else, and no other service with it.
async fn a_scheduler_goes_on_with_another(stage: &Stage, at: &World) {
    let run = async |client: &Client| client.post("/api/v1/jobs/mail").send().await;
    let (leaked, other) =
        (service_of(stage, at, "cron", "jobs:run").await, service_of(stage, at, "queue", "jobs:run").await);
    revoke_service_tokens(stage.app(), tenant_of(&at.ours), "cron".parse().unwrap()).await.unwrap();
    run(&leaked).await.expect_problem(401, "bad-credentials");
    run(&other).await.expect(200);
    run(&service_of(stage, at, "cron", "jobs:run").await).await.expect(200);
}
