//! A login that is under way while its account changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use headlesspro_edge::app::App;
use headlesspro_edge::port::BoxFuture;
use headlesspro_edge::port::entropy::{Entropy, HostEntropy, NoEntropy};
use headlesspro_edge::port::sql::{Batch, Commit, Outcome, Sql, SqlError, Statement, Step};
use headlesspro_edge::routes;
use headlesspro_shared::identity::Role;
use http::Request;
use serde_json::json;
use tower::ServiceExt;

use super::members::hire;
use crate::app::{Kind, STAFF_PASSWORD, Stage};
use crate::hosts::UNLIMITED;
use crate::secrets::{PASSWORD_HASHING, secrets};
use crate::stories::sessions::{log_in, log_in_with};

/// The same password, hashed with another salt: everybody here has the same one.
const REHASH: &str = "UPDATE account SET password_hash =
  (SELECT max(o.password_hash) FROM account o WHERE o.id <> ?1) WHERE id = ?1";
/// What no password is hashed to.
const RESET: &str = "UPDATE account SET password_hash =
  '$argon2id$v=19$m=1024,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' WHERE id = ?1";
const STORED: &str = "SELECT password_hash FROM account WHERE id = ?1";
const SUSPEND: &str = "UPDATE account SET state = 'suspended' WHERE id = ?1";
const SESSIONS: &str = "SELECT count(*) AS sessions FROM session WHERE account_id = ?1";

/// A database where something happens to an account after each login has read it and before it is done.
struct Meanwhile {
    sql: Arc<dyn Sql>,
    change: Option<Statement>,
}

impl Sql for Meanwhile {
    fn run(&self, batch: Batch) -> BoxFuture<'_, Result<Outcome, SqlError>> {
        Box::pin(async move {
            let reads_account = |step: &Step| step.statement.sql.starts_with("-- identity::account_by_email");
            let is_login = batch.steps.iter().any(reads_account);
            let outcome = self.sql.run(batch).await;
            if let Some(change) = self.change.clone().filter(|_| is_login) {
                let mut commit = Commit::new();
                commit.push(change);
                self.sql.commit(&commit).await.unwrap();
            }
            outcome
        })
    }
}

/// Native alone: the change comes from within the database's port, which no wasm host lets anybody into.
pub fn a_login_ends_with_what_it_was_let_in_for(stage: &Stage, _: Kind) {
    stage.run(async {
        let world = stage.world();
        for (name, change, status, opened) in [
            ("unchanged", None, 200, 1),
            ("rehashed", Some(REHASH), 200, 1),
            ("reset", Some(RESET), 401, 0),
            ("suspended", Some(SUSPEND), 401, 0),
        ] {
            let person = hire(stage, &world, &world.ours, Role::Customer, name).await;
            let of_person = |sql: &'static str| Statement::new(sql).bind(person.id.as_str());
            let sessions = async || {
                let rows = stage.sql().read(vec![of_person(SESSIONS)]).await.unwrap();
                rows[0].first().unwrap().get::<i64>("sessions").unwrap()
            };
            let before = sessions().await;

            let real = stage.app();
            let sql = Arc::new(Meanwhile { sql: Arc::clone(real.databases.first()), change: change.map(of_person) });
            let kv = Arc::clone(&real.kv);
            let app = App::new(sql, kv, Arc::clone(&real.clock), Arc::clone(&real.entropy), secrets());
            let router = routes::router(Arc::new(app.with_limits(UNLIMITED.parse().unwrap())));
            let body = json!({ "email": person.email, "password": STAFF_PASSWORD }).to_string();
            let request = Request::post("/api/v1/auth/login")
                .header("authorization", format!("Bearer {}", world.ours.shopper.key().unwrap()))
                .header("content-type", "application/json")
                .body(Body::from(body));
            let answer = router.oneshot(request.unwrap()).await.unwrap();
            assert_eq!(answer.status().as_u16(), status, "{name}");
            assert_eq!(sessions().await - before, opened, "{name}");
        }
    });
}

/// Native alone: of a host that is hashed by each of these settings in its turn, only one in this process is started.
pub fn a_login_hashes_the_password_as_is_wanted_now(stage: &Stage, _: Kind) {
    const FEWER: &str = "$pbkdf2-sha256$i=1000";
    const MORE: &str = "$argon2id$v=19$m=2048,t=1,p=1";
    stage.run(async {
        let world = stage.world();
        let person = hire(stage, &world, &world.ours, Role::Customer, "moved").await;
        let stored = async || {
            let rows = stage.sql().read(vec![Statement::new(STORED).bind(person.id.as_str())]).await.unwrap();
            rows[0].first().unwrap().get::<&str>("password_hash").unwrap().to_owned()
        };
        assert!(stored().await.starts_with(PASSWORD_HASHING));
        // There and back, and twice where it is that way already.
        for wanted in [FEWER, FEWER, MORE, FEWER, PASSWORD_HASHING] {
            let isolate = stage.isolate_hashing(wanted).await;
            let shop = stage.world_of(&isolate).ours;
            let before = stored().await;
            log_in_with(&shop, &person.email, "incorrect horse").await.expect_problem(401, "login-refused");
            assert_eq!(stored().await, before, "{wanted}: no wrong password is kept");
            log_in_with(&shop, &person.email, STAFF_PASSWORD).await.expect(200);
            let after = stored().await;
            assert!(after.starts_with(&format!("{wanted}$")), "{wanted}: {after}");
            assert_eq!(after == before, before.starts_with(&format!("{wanted}$")), "{wanted}");
            // Those who hash otherwise know it as well, and this one from then on.
            for shop in [&shop, &world.ours] {
                log_in_with(shop, &person.email, STAFF_PASSWORD).await.expect(200);
                log_in_with(shop, &person.email, "incorrect horse").await.expect_problem(401, "login-refused");
            }
            let isolate = stage.isolate_hashing(wanted).await;
            log_in_with(&stage.world_of(&isolate).ours, &person.email, STAFF_PASSWORD).await.expect(200);
            assert!(stored().await.starts_with(&format!("{wanted}$")), "{wanted}");
        }
    });
}

/// Counts the salts that are asked for: one for each password that is hashed.
#[derive(Default)]
struct Salts(AtomicUsize);

impl Entropy for Salts {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        if bytes.len() == 16 {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
        HostEntropy.fill(bytes)
    }
}

pub fn passwords_are_hashed_for_good_keys_only(stage: &Stage, _: Kind) {
    stage.run(async {
        let world = stage.world();
        let (real, salts) = (stage.app(), Arc::new(Salts::default()));
        let (sql, kv) = (Arc::clone(real.databases.first()), Arc::clone(&real.kv));
        let app = App::new(sql, kv, Arc::clone(&real.clock), Arc::clone(&salts) as _, secrets());
        let router = routes::router(Arc::new(app.with_limits(UNLIMITED.parse().unwrap())));
        let good = world.ours.shopper.key().unwrap().to_owned();
        // The form of a key, and another secret in it.
        let bad = format!("{}{}", &good[..good.len() - 8], "00000000");
        let (new, taken) = (world.email("new"), "customer@example.com".to_owned());
        for (key, email, status, hashed) in
            [(&bad, &new, 401, 0), (&bad, &taken, 401, 0), (&good, &new, 202, 1), (&good, &taken, 202, 1)]
        {
            salts.0.store(0, Ordering::Relaxed);
            let body = json!({ "email": email, "password": STAFF_PASSWORD }).to_string();
            let request = Request::post("/api/v1/auth/register")
                .header("authorization", format!("Bearer {key}"))
                .header("content-type", "application/json")
                .body(Body::from(body));
            let answer = router.clone().oneshot(request.unwrap()).await.unwrap();
            assert_eq!((answer.status().as_u16(), salts.0.load(Ordering::Relaxed)), (status, hashed), "{key} {email}");
        }
    });
}

/// Nobody's sessions are kept for ever: those that are over for a month go with the next logins.
pub fn sessions_that_are_long_over_are_forgotten(stage: &Stage, _: Kind) {
    stage.run(async {
        let world = stage.world();
        let kept = hire(stage, &world, &world.ours, Role::Customer, "kept").await;
        let over = hire(stage, &world, &world.ours, Role::Customer, "over").await;
        for (person, days) in [(&kept, 59), (&over, 61)] {
            let mut aging = Commit::new();
            let sql = "UPDATE session SET expires_at = expires_at - ?2 * 86400000 WHERE account_id = ?1";
            aging.push(Statement::new(sql).bind(person.id.as_str()).bind(days));
            stage.sql().commit(&aging).await.unwrap();
        }
        log_in(&world.ours, "viewer@example.com").await.expect(200);
        let count = async |id: &str| {
            let sql = "SELECT count(*) AS sessions FROM session WHERE account_id = ?1";
            let rows = stage.sql().read(vec![Statement::new(sql).bind(id)]).await.unwrap();
            rows[0].first().unwrap().get::<i64>("sessions").unwrap()
        };
        assert_eq!((count(&kept.id).await, count(&over.id).await), (1, 0));
        let body = json!({ "refreshToken": over.refresh_token });
        let refused = world.ours.shopper.post("/api/v1/auth/refresh").json(&body).send().await;
        refused.expect_problem(401, "session-ended");
    });
}
