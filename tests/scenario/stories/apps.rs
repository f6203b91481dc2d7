//! Third-party apps get tokens for their secrets (OAuth 2.0).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::sessions::{as_person, log_in};
use crate::client::{Answer, Client};
use crate::eventually::eventually;
use crate::world::World;

const REVOKED_WITHIN: Duration = Duration::from_secs(60);
const FORM: &str = "application/x-www-form-urlencoded";
const ORDER: &str = "/api/v1/orders/ord_01h455vb4pex5vsknk084sn02q";

/// An app with its secret.
struct Registered {
    id: String,
    secret: String,
}

pub async fn an_app_trades_its_secret_for_tokens(world: World) {
    let owner = owner(&world).await;
    let wanted = json!({ "name": world.name("erp"), "scopes": "orders:read catalog:read tokens:introspect" });
    let make = || owner.post("/api/v1/apps").header("idempotency-key", world.name("app")).json(&wanted);
    let made = make().send().await.expect(201);
    let again = make().send().await.expect(201);
    assert!(again.is_replayed() && again.body == made.body, "byte for byte: {again}");
    let app = registered(&made.json());

    let basic = token(&world, &app, &[]).await.expect(200);
    assert_eq!(basic.the("cache-control"), "no-store");
    assert_eq!(basic.json()["scope"], "catalog:read orders:read tokens:introspect");
    let app_client = world.nobody.with_key(basic.json()["access_token"].as_str().unwrap());
    app_client.get(ORDER).send().await.expect(404);
    let refused = app_client.post("/api/v1/cart").json(&json!({})).send().await.expect_problem(403, "missing-scope");
    assert_eq!(refused.json()["scope"], "cart:write");
    app_client.get("/api/v1/auth/me").send().await.expect_problem(403, "missing-scope");

    // Fewer scopes, and the client in the form.
    let form = encoded(&[
        ("grant_type", "client_credentials"),
        ("scope", "catalog:read"),
        ("client_id", &app.id),
        ("client_secret", &app.secret),
    ]);
    let posted = world.nobody.post("/oauth/token").body(FORM, form).send().await.expect(200);
    assert_eq!(posted.json()["scope"], "catalog:read");
    let narrowed = posted.json()["access_token"].as_str().unwrap().to_owned();
    let narrowed_client = world.nobody.with_key(&narrowed);
    narrowed_client.get("/api/v1/products?limit=1").send().await.expect(200);
    narrowed_client.get(ORDER).send().await.expect_problem(403, "missing-scope");

    // What the token carries, as another program may ask.
    let told = introspect(&app_client, &narrowed).await;
    assert_eq!((&told["active"], &told["scope"]), (&json!(true), &json!("catalog:read")));
    assert_eq!((&told["client_id"], &told["sub"]), (&json!(app.id), &json!(app.id)));
    let person = log_in(&world.ours, "viewer@example.com").await.expect(200).json();
    let person = introspect(&app_client, person["accessToken"].as_str().unwrap()).await;
    assert!(person["active"] == true && person["client_id"].is_null(), "{person}");
    let foreign = log_in(&world.theirs, "viewer@example.com").await.expect(200).json();
    for text in ["x", world.ours.shopper.key().unwrap(), foreign["accessToken"].as_str().unwrap()] {
        assert_eq!(introspect(&app_client, text).await, json!({ "active": false }));
    }
    let narrowed_may_not = narrowed_client.post("/oauth/introspect").body(FORM, "token=x").send().await;
    narrowed_may_not.expect_problem(403, "missing-scope");

    let metadata = world.nobody.get("/.well-known/oauth-authorization-server").send().await.expect(200).json();
    let issuer = metadata["issuer"].as_str().unwrap();
    assert_eq!(metadata["token_endpoint"], format!("{issuer}/oauth/token"));
    eventually("the app's last use", Duration::from_secs(10), async || {
        find(&owner, &app.id).await["lastUsedAt"].as_str().map(str::to_owned)
    })
    .await;
}

pub async fn errors_are_those_of_oauth(world: World) {
    let owner = owner(&world).await;
    let app = register(&owner, &world.name("app"), "catalog:read").await;
    let expect = |answer: Answer, status: u16, error: &str| {
        let answer = answer.expect(status);
        assert_eq!(answer.json()["error"], error, "{answer}");
        assert_eq!(status == 401, answer.header("www-authenticate").is_some_and(|text| text.starts_with("Basic")));
    };
    expect(token(&world, &app, &[("scope", "orders:read")]).await, 400, "invalid_scope");
    expect(token(&world, &app, &[("scope", "openid")]).await, 400, "invalid_scope");
    expect(token(&world, &app, &[("grant_type", "password")]).await, 400, "unsupported_grant_type");
    expect(token(&world, &app, &[("grant_type", "")]).await, 400, "invalid_request");
    expect(token(&world, &app, &[("client_secret", &app.secret)]).await, 400, "invalid_request");
    let last = if app.secret.ends_with('0') { '1' } else { '0' };
    let wrong = format!("{}{last}", &app.secret[..app.secret.len() - 1]);
    for (id, secret) in [
        (app.id.as_str(), wrong.as_str()),
        (app.id.as_str(), ""),
        ("app_01h455vb4pex5vsknk084sn02q", app.secret.as_str()),
        ("x", app.secret.as_str()),
        ("' OR 1=1 --", "cs_"),
    ] {
        let other = Registered { id: id.to_owned(), secret: secret.to_owned() };
        expect(token(&world, &other, &[]).await, 401, "invalid_client");
    }
    let post = |body: &'static str| world.nobody.post("/oauth/token").body(FORM, body).send();
    expect(post("grant_type=client_credentials").await, 401, "invalid_client");
    expect(post("grant_type=a&grant_type=b").await, 400, "invalid_request");
    let json = world.nobody.post("/oauth/token").json(&json!({ "grant_type": "client_credentials" })).send().await;
    expect(json, 400, "invalid_request");
    let large = world.nobody.post("/oauth/token").body(FORM, "x".repeat(40_000)).send().await;
    large.expect_problem(413, "body-too-large");

    let malformed = json!({ "name": " ", "scopes": "catalog:burn", "secret": "mine" });
    let malformed = owner.post("/api/v1/apps").json(&malformed).send().await.expect(422);
    assert_eq!(malformed.places(), ["#/secret", "#/name", "#/scopes"]);
    for scopes in ["", "keys:write", "profile:read", "catalog:read apps:write"] {
        let wanted = json!({ "name": "x", "scopes": scopes });
        let refused = owner.post("/api/v1/apps").json(&wanted).send().await.expect(422);
        assert_eq!(refused.places(), ["#/scopes"], "{scopes}");
    }
    let viewer = as_person(&world, &log_in(&world.ours, "viewer@example.com").await.expect(200));
    let wanted = json!({ "name": "x", "scopes": "catalog:read" });
    viewer.post("/api/v1/apps").json(&wanted).send().await.expect_problem(403, "missing-scope");
}

pub async fn a_rotated_secret_is_good_for_the_overlap_and_one_rotation_wins(world: World) {
    let owner = owner(&world).await;
    let old = register(&owner, &world.name("app"), "catalog:read").await;
    let path = format!("/api/v1/apps/{}/rotate", old.id);
    let rotate = |seconds: i64| owner.post(&path).json(&json!({ "overlapSeconds": seconds })).send();
    let new = registered(&rotate(3_600).await.expect(201).json());
    assert_eq!(new.id, old.id);
    for app in [&old, &new] {
        token(&world, app, &[]).await.expect(200);
    }
    let newest = registered(&rotate(0).await.expect(201).json());
    token(&world, &newest, &[]).await.expect(200);
    for app in [&old, &new] {
        token(&world, app, &[]).await.expect(401);
    }
    // Every secret that is told was good: no rotation overwrites another in silence.
    let answers = join_all((0..8).map(|_| rotate(3_600))).await;
    let told: Vec<Registered> =
        answers.iter().filter(|answer| answer.status == 201).map(|answer| registered(&answer.json())).collect();
    assert!(!told.is_empty());
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        answer.expect_problem(409, "app-not-active");
    }
    let shown = find(&owner, &old.id).await;
    assert!(told.iter().any(|app| app.secret.ends_with(shown["hint"].as_str().unwrap())), "{shown}");
}

pub async fn tokens_and_apps_are_revoked(world: World) {
    let owner = owner(&world).await;
    let app = register(&owner, &world.name("app"), "catalog:read tokens:introspect").await;
    let other = register(&owner, &world.name("other"), "catalog:read").await;
    let text = |answer: &Answer| answer.json()["access_token"].as_str().unwrap().to_owned();
    let first = text(&token(&world, &app, &[("scope", "catalog:read")]).await.expect(200));
    let second = text(&token(&world, &app, &[]).await.expect(200));
    let (first_client, second_client) = (world.nobody.with_key(&first), world.nobody.with_key(&second));

    // Nobody voids another's token, or one that nobody signed.
    for (revoker, victim) in [(&other, first.clone()), (&app, format!("{}x", &first[..first.len() - 1]))] {
        revoke(&world, revoker, &victim).await.expect(200);
    }
    assert_eq!(introspect(&second_client, &first).await["active"], true);
    revoke(&world, &app, &first).await.expect(200);
    revoke(&world, &app, &first).await.expect(200);
    assert_eq!(introspect(&second_client, &first).await["active"], false);
    eventually("the token to be void", REVOKED_WITHIN, async || {
        let answer = first_client.get("/api/v1/products?limit=1").send().await;
        (answer.status == 401).then_some(())
    })
    .await;
    second_client.get("/api/v1/products?limit=1").send().await.expect(200);

    owner.delete(&format!("/api/v1/apps/{}", app.id)).send().await.expect(204);
    owner.delete(&format!("/api/v1/apps/{}", app.id)).send().await.expect(204);
    assert_eq!(find(&owner, &app.id).await["state"], "revoked");
    token(&world, &app, &[]).await.expect(401);
    eventually("the app's tokens to be void", REVOKED_WITHIN, async || {
        let answer = second_client.get("/api/v1/products?limit=1").send().await;
        (answer.status == 401).then_some(())
    })
    .await;
    let rotate = owner.post(&format!("/api/v1/apps/{}/rotate", app.id)).json(&json!({}));
    rotate.send().await.expect_problem(409, "app-not-active");
}

pub async fn another_tenants_apps_are_not_there(world: World) {
    let theirs = as_person(&world, &log_in(&world.theirs, "owner@example.com").await.expect(200));
    let app = register(&theirs, &world.name("app"), "catalog:read").await;
    let owner = owner(&world).await;
    owner.delete(&format!("/api/v1/apps/{}", app.id)).send().await.expect_problem(404, "not-found");
    let rotate = owner.post(&format!("/api/v1/apps/{}/rotate", app.id)).json(&json!({}));
    rotate.send().await.expect_problem(404, "not-found");
    let ours = owner.get("/api/v1/apps").send().await.expect(200).json();
    assert!(ours["items"].as_array().unwrap().iter().all(|one| one["id"] != app.id), "{ours}");
    // Their app with a secret that claims our tenant is nobody's.
    let key = world.ours.shopper.key().unwrap();
    let forged = format!("cs_{}{}", &key[3..55], &app.secret[55..]);
    token(&world, &Registered { id: app.id, secret: forged }, &[]).await.expect(401);
}

async fn owner(world: &World) -> Client {
    as_person(world, &log_in(&world.ours, "owner@example.com").await.expect(200))
}

/// A program that may do just this.
pub async fn program(world: &World, owner: &Client, scopes: &str) -> Client {
    let app = register(owner, &world.name("program"), scopes).await;
    let token = token(world, &app, &[]).await.expect(200).json();
    world.nobody.with_key(token["access_token"].as_str().unwrap())
}

async fn register(owner: &Client, name: &str, scopes: &str) -> Registered {
    let wanted = json!({ "name": name, "scopes": scopes });
    registered(&owner.post("/api/v1/apps").json(&wanted).send().await.expect(201).json())
}

fn registered(made: &Value) -> Registered {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Registered { id: text(&made["app"]["id"]), secret: text(&made["clientSecret"]) }
}

async fn find(person: &Client, id: &str) -> Value {
    let apps = person.get("/api/v1/apps?limit=250").send().await.expect(200).json();
    let found = apps["items"].as_array().unwrap().iter().find(|app| app["id"] == id).cloned();
    found.unwrap_or_else(|| panic!("{id} is not in {apps}"))
}

/// Asks for a token with HTTP Basic; `more` replaces or adds members of the form.
async fn token(world: &World, app: &Registered, more: &[(&str, &str)]) -> Answer {
    let mut form = vec![("grant_type", "client_credentials")];
    form.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    form.extend(more);
    as_client(world, "/oauth/token", app, &form).await
}

async fn revoke(world: &World, app: &Registered, token: &str) -> Answer {
    as_client(world, "/oauth/revoke", app, &[("token", token), ("token_type_hint", "access_token")]).await
}

async fn as_client(world: &World, path: &str, app: &Registered, form: &[(&str, &str)]) -> Answer {
    let basic = STANDARD.encode(format!("{}:{}", app.id, app.secret));
    let call = world.nobody.post(path).header("authorization", format!("Basic {basic}"));
    call.body(FORM, encoded(form)).send().await
}

async fn introspect(asker: &Client, token: &str) -> Value {
    asker.post("/oauth/introspect").body(FORM, encoded(&[("token", token)])).send().await.expect(200).json()
}

fn encoded(form: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}
