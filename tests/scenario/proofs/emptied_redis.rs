//! Redis is emptied, and with it goes what it knew of revoked tokens: they stay void all the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::identity::service_token;
use headlesspro_edge::port::BoxFuture;
use headlesspro_edge::port::clock::Clock;
use headlesspro_edge::port::kv::Command;
use headlesspro_shared::identity::Role;
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::json;

use super::members::{hire, is_void, tenant_of};
use crate::app::{Kind, Stage};
use crate::client::{Answer, Client};
use crate::stories::sessions::{as_person, log_in, refresh};
use crate::world::World;

const CATALOG: &str = "/api/v1/products?limit=1";
const ME: &str = "/api/v1/auth/me";
const FORM: &str = "application/x-www-form-urlencoded";

pub fn revoked_tokens_stay_void(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let revoked = log_in(&world.ours, "admin@example.com").await.expect(200);
        let honest = log_in(&world.ours, "owner@example.com").await.expect(200);
        let owner = as_person(&world, &honest);
        let customer = hire(stage, &world, &world.ours, Role::Customer, "impersonated").await;
        let impersonate = async |by: &Client| {
            let body = json!({ "accountId": customer.id, "reason": "asked for help" });
            let begun = by.post("/api/v1/impersonations").json(&body).send().await.expect(201);
            world.nobody.with_key(begun.json()["accessToken"].as_str().unwrap())
        };
        let impersonated = impersonate(&owner).await;
        impersonated.get(ME).send().await.expect(200);
        let wanted = json!({ "name": world.name("app"), "scopes": "catalog:read tokens:introspect" });
        let app = owner.post("/api/v1/apps").json(&wanted).send().await.expect(201).json();
        let (id, secret) = (app["app"]["id"].as_str().unwrap(), app["clientSecret"].as_str().unwrap());
        let of_app = async || {
            let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
            let token = world.nobody.post("/oauth/token").body(FORM, form).send().await.expect(200).json();
            token["access_token"].as_str().unwrap().to_owned()
        };
        let (app_token, revoked_of_app) = (of_app().await, of_app().await);
        let service = service(stage, &world).await;
        as_person(&world, &revoked).post("/api/v1/auth/logout").send().await.expect(204);
        let form = format!("token={revoked_of_app}&client_id={id}&client_secret={secret}");
        world.nobody.post("/oauth/revoke").body(FORM, form).send().await.expect(200);

        // An epoch begins with its second, and all of these are older.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        let emptied = stage.app().kv.command(Command::new(["FLUSHALL"])).await;
        emptied.expect("Redis is emptied");
        // One isolate that remembers what it was told, and one that remembers nothing.
        let isolate = stage.isolate().await;
        let elsewhere = stage.world_of(&isolate);
        let shown = |world: &World, token: &str| world.nobody.with_key(token);
        let access = |answer: &Answer| answer.json()["accessToken"].as_str().unwrap().to_owned();
        for token in [&access(&revoked), &revoked_of_app] {
            let refused = shown(&elsewhere, token).get(CATALOG).send().await.expect_problem(401, "bad-credentials");
            assert_eq!(refused.spent().redis, 1, "{refused}");
        }
        refresh(&elsewhere.ours, &revoked).await.expect_problem(401, "session-ended");

        // Whoever was not revoked gets another token, once, and goes on everywhere.
        let there = |client: &Client| shown(&elsewhere, client.key().unwrap());
        for client in [&owner, &impersonated, &world.nobody.with_key(&app_token)] {
            there(client).get(CATALOG).send().await.expect_problem(401, "bad-credentials");
        }
        let again = as_person(&world, &refresh(&elsewhere.ours, &honest).await.expect(200));
        for client in [&again, &impersonate(&again).await, &world.nobody.with_key(&of_app().await)] {
            there(client).get(CATALOG).send().await.expect(200);
            client.get(CATALOG).send().await.expect(200);
        }
        there(&again).patch("/api/v1/organization").json(&json!({ "name": "Ours" })).send().await.expect(200);
        // Of a service's token and of keys Redis knew nothing.
        shown(&elsewhere, &service).post("/api/v1/jobs/mail").send().await.expect(200);
        elsewhere.ours.merchant.get(CATALOG).send().await.expect(200);

        // Who asks whether a token is good is told what everybody finds.
        let asker = world.nobody.with_key(&of_app().await);
        for (token, is_active) in
            [(&access(&revoked), false), (&access(&honest), false), (&app_token, false), (&service, true)]
        {
            let told = there(&asker).post("/oauth/introspect").body(FORM, format!("token={token}")).send().await;
            assert_eq!(told.expect(200).json()["active"], is_active, "{token}");
        }
        // What an isolate was told before is believed for half a minute: by the same code everywhere, so it is waited
        // for once.
        if kind == Kind::Native {
            is_void(&shown(&world, &access(&revoked))).await;
            is_void(&shown(&world, &revoked_of_app)).await;
            is_void(&owner).await;
        }
        again.get(CATALOG).send().await.expect(200);
        println!("{kind}: Redis emptied: revoked tokens stayed void, everybody else went on after one refresh");
    });
}

/// Each look at it takes most of a second.
struct Hasty(AtomicI64);

impl Clock for Hasty {
    fn now(&self) -> Timestamp {
        let late = self.0.fetch_add(700, Ordering::Relaxed);
        Timestamp::from_millis(SystemClock.now().millis() + late)
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()> {
        SystemClock.sleep(pause)
    }
}

/// Whoever logs in begins the epoch of an empty Redis, and is let in however long the login took. Native alone: the wasm hosts go by the machine's
/// clock.
pub fn a_slow_login_lets_in(stage: &Stage, _: Kind) {
    stage.run(async {
        for _ in 0..3 {
            let isolate = stage.isolate_at(Arc::new(Hasty(AtomicI64::new(0)))).await;
            let world = stage.world_of(&isolate);
            let owner = as_person(&world, &log_in(&world.ours, "owner@example.com").await.expect(200));
            owner.get(CATALOG).send().await.expect(200);
        }
    });
}

async fn service(stage: &Stage, world: &World) -> String {
    let (app, of) = (stage.app(), (tenant_of(&world.ours), "EUR".parse().unwrap()));
    let (name, scopes) = ("cron".parse().unwrap(), "jobs:run".parse().unwrap());
    service_token(app, of, &app.verifier().issuer, name, scopes).await.unwrap()
}
