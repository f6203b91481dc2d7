//! A request that makes something is sent again, since its answer was lost: it makes nothing more, and is told the same.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::passkeys::{ORIGIN, person, registration_options};
use super::sessions::{as_person, log_in};
use crate::authenticator::Authenticator;
use crate::client::{Answer, Client};
use crate::world::World;

pub async fn what_makes_a_secret_is_told_again_to_who_asks_again(world: World) {
    let owner = as_person(&world, &log_in(&world.ours, "owner@example.com").await.expect(200));
    let admin = as_person(&world, &log_in(&world.ours, "admin@example.com").await.expect(200));
    let wanted = json!({ "kind": "secret", "name": world.name("key"), "scopes": "catalog:read" });
    let made = repeated(&world, &owner, "/api/v1/api-keys", &wanted).await;
    let rotate = format!("{}/rotate", made.the("location"));
    let rotated = repeated(&world, &owner, &rotate, &json!({ "overlapSeconds": 3600 })).await;
    assert_ne!(made.json()["key"], rotated.json()["key"]);
    for answer in [&made, &rotated] {
        let server = world.nobody.with_key(answer.json()["key"].as_str().unwrap());
        server.get("/api/v1/products?limit=1").send().await.expect(200);
    }
    // Without the key of the first request it is another rotation; and somebody else's key is another key.
    let again = owner.post(&rotate).json(&json!({ "overlapSeconds": 3600 })).send().await;
    again.expect_problem(409, "api-key-not-active");
    let other = admin.post(&rotate).header("idempotency-key", world.name(&rotate)).json(&json!({})).send().await;
    other.expect_problem(409, "api-key-not-active");

    let wanted = json!({ "name": world.name("app"), "scopes": "catalog:read" });
    let app = repeated(&world, &owner, "/api/v1/apps", &wanted).await;
    let rotate = format!("{}/rotate", app.the("location"));
    let rotated = repeated(&world, &owner, &rotate, &json!({ "overlapSeconds": 3600 })).await;
    assert_eq!(rotated.json()["app"]["id"], app.json()["app"]["id"]);
    for answer in [&app, &rotated] {
        let told = answer.json();
        let (id, secret) = (told["app"]["id"].as_str().unwrap(), told["clientSecret"].as_str().unwrap());
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let token = world.nobody.post("/oauth/token").body("application/x-www-form-urlencoded", form).send().await;
        token.expect(200);
    }
}

pub async fn what_is_set_up_once_is_set_up_once(world: World) {
    let owner = as_person(&world, &log_in(&world.ours, "owner@example.com").await.expect(200));
    let provider = json!({
        "kind": "oidc", "name": "ID", "issuer": format!("https://{}.id.example", world.name("repeated")),
        "clientId": "shop", "clientSecret": "a secret", "redirectUris": ["https://shop.example/login"],
    });
    let made = repeated(&world, &owner, "/api/v1/identity-providers", &provider).await;
    assert_eq!(made.the("etag"), "\"1\"");
    let again = owner.post("/api/v1/identity-providers").json(&provider).send().await;
    again.expect_problem(409, "identity-provider-exists");
    owner.delete(made.the("location")).send().await.expect(204);

    let customer = log_in(&world.ours, "customer@example.com").await.expect(200).json();
    let body = json!({ "accountId": customer["account"]["id"], "reason": "asked for help" });
    let begun = repeated(&world, &owner, "/api/v1/impersonations", &body).await;
    let acting = world.nobody.with_key(begun.json()["accessToken"].as_str().unwrap());
    acting.get("/api/v1/auth/me").send().await.expect(200);
    let log = "/api/v1/audit-log?filter[actor]=";
    let log = owner.get(&format!("{log}{}", me(&owner).await)).send().await.expect(200).json();
    let begins = log["items"].as_array().unwrap().iter();
    let begins = begins.filter(|entry| entry["after"]["sessionId"] == begun.json()["sessionId"]).count();
    assert_eq!(begins, 1, "{log}");

    // A challenge is good once; a registration whose answer was lost is answered all the same.
    let (_, person) = person(&world, "member@example.com").await;
    let mut authenticator = Authenticator::es256(&world.name("repeated"), ORIGIN);
    let credential = authenticator.create(&registration_options(&person).await);
    let body = json!({ "name": "Phone", "credential": credential });
    let made = repeated(&world, &person, "/api/v1/auth/passkeys", &body).await;
    let again = person.post("/api/v1/auth/passkeys").json(&body).send().await;
    again.expect_problem(401, "passkey-not-proven");
    person.delete(made.the("location")).send().await.expect(204);
}

/// The one answer to several requests at once and one after them; a request with another body gets none.
async fn repeated(world: &World, client: &Client, path: &str, body: &Value) -> Answer {
    let key = world.name(path);
    let send = |body: &Value| client.post(path).header("idempotency-key", &key).json(body).send();
    let answers = join_all((0..4).map(|_| send(body))).await;
    let answers: Vec<Answer> = answers.into_iter().map(|answer| answer.expect(201)).collect();
    assert_eq!(answers.iter().filter(|answer| !answer.is_replayed()).count(), 1, "{path}");
    let again = send(body).await.expect(201);
    assert!(again.is_replayed(), "{again}");
    for answer in &answers {
        assert_eq!((&answer.body, answer.header("location")), (&again.body, again.header("location")), "{path}");
        assert!(answer.spent().redis <= 1, "{answer}");
    }
    let mut other = body.clone();
    for (member, value) in [("name", json!("other")), ("reason", json!("other")), ("overlapSeconds", json!(60))] {
        if other.get(member).is_some() {
            other[member] = value;
        }
    }
    send(&other).await.expect_problem(422, "idempotency-key-reused");
    again
}

async fn me(person: &Client) -> String {
    let me = person.get("/api/v1/auth/me").send().await.expect(200).json();
    me["id"].as_str().unwrap().to_owned()
}
