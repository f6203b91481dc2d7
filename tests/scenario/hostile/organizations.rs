//! Bodies and forms of what acts for an organization: its settings, stores, staff, keys, apps and providers.

use http::Method;
use serde_json::{Value, json};

use super::texts::STATEMENTS;
use super::with;
use crate::client::{Answer, Call, Client};
use crate::stories::sessions::{as_person, log_in};
use crate::world::World;

/// A body that would be good, for a route that is never to be reached with one.
struct Door {
    client: Client,
    method: Method,
    path: String,
    body: Value,
}

impl Door {
    fn call(&self) -> Call {
        self.client.call(self.method.clone(), &self.path)
    }

    async fn send(&self, body: &Value) -> Answer {
        self.call().json(body).send().await
    }

    async fn send_bytes(&self, body: &[u8]) -> Answer {
        self.call().body("application/json", body.to_vec()).send().await
    }

    fn fields(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.body.as_object().unwrap().iter()
    }
}

fn id(prefix: &str) -> String {
    format!("{prefix}_01h455vb4pex5vsknk084sn02q")
}

/// With what categories and collections say of themselves.
fn extended_category(mut body: Value) -> Value {
    let more = json!({
        "position": 1, "productOrder": "manual", "description": "<p>Dry.</p>", "imageUrl": "https://a.example/b.jpg",
        "metadata": { "icon": "tent" }, "seo": { "title": "Tents", "description": "For two" },
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// A collection has no place among others.
fn of_collection(mut body: Value) -> Value {
    body.as_object_mut().unwrap().remove("position");
    body
}

async fn doors(world: &World) -> Vec<Door> {
    let owner = as_person(world, &log_in(&world.ours, "owner@example.com").await.expect(200));
    let store = owner.get("/api/v1/stores").send().await.expect(200).json()["items"][0]["id"].clone();
    let store = store.as_str().unwrap().to_owned();
    let door = |client: &Client, method: Method, path: String, body: Value| Door {
        client: client.clone(),
        method,
        path: format!("/api/v1/{path}"),
        body,
    };
    let grants = json!([{ "scopes": "orders:read", "to": { "store": store } }]);
    let settings = json!({
        "name": "Acme", "timezone": "Europe/Berlin", "locale": "de", "taxMode": "inclusive", "rounding": "half-up",
    });
    let extended = |more: Value| {
        let mut body = settings.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let credentials = json!({ "clientId": "acme", "clientSecret": "secret" });
    let rule = json!({ "matches": "all", "conditions": [{ "field": "tag", "operator": "equals", "value": "x" }] });
    let attribute = json!({
        "key": "width", "name": "Width", "of": "product", "type": "number", "filterable": true, "min": 1, "max": 9,
    });
    let provider = json!({
        "name": "Acme ID", "clientId": "shop", "clientSecret": "secret", "scope": "openid",
        "redirectUris": ["https://shop.example/login"], "tokenAudiences": ["https://shop.example"],
        "signsUp": true, "trustsEmail": false,
    });
    let (post, patch) = (Method::POST, Method::PATCH);
    vec![
        door(
            &world.nobody,
            post.clone(),
            "organizations".to_owned(),
            json!({ "organizationName": "Acme", "storeName": "Acme shop", "currency": "EUR", "locale": "en",
                "email": "grace@example.com", "password": "correct horse battery", "name": "Grace Hopper" }),
        ),
        door(&owner, patch.clone(), "organization".to_owned(), extended(json!({ "currency": "EUR" }))),
        door(
            &owner,
            post.clone(),
            "stores".to_owned(),
            extended(json!({
                "currency": "EUR", "platform": "naver-smartstore", "credentials": credentials,
                "storefrontUrl": "https://shop.example",
            })),
        ),
        door(&owner, patch.clone(), format!("stores/{store}"), extended(json!({ "status": "active" }))),
        door(
            &owner,
            post.clone(),
            format!("stores/{store}/health"),
            json!({ "status": "healthy", "message": "ok", "observedAt": "2026-01-01T00:00:00Z" }),
        ),
        door(&owner, patch.clone(), format!("members/{}", id("usr")), json!({ "role": "viewer", "grants": grants })),
        door(
            &owner,
            post.clone(),
            "invitations".to_owned(),
            json!({ "email": "grace@example.com", "role": "viewer", "grants": grants, "locale": "en" }),
        ),
        door(
            &world.ours.shopper,
            post.clone(),
            "invitations/accept".to_owned(),
            json!({ "token": "t", "password": "correct horse battery", "name": "Grace Hopper" }),
        ),
        door(&owner, post.clone(), "roles".to_owned(), json!({ "name": "Packer", "scopes": "orders:read" })),
        door(&owner, patch.clone(), format!("roles/{}", id("role")), json!({ "name": "Packer" })),
        door(
            &owner,
            post.clone(),
            "api-keys".to_owned(),
            json!({ "kind": "secret", "name": "ERP", "scopes": "orders:read", "expiresAt": "2999-01-01T00:00:00Z",
                "channel": "outlet" }),
        ),
        door(&owner, post.clone(), format!("api-keys/{}/rotate", id("key")), json!({ "overlapSeconds": 60 })),
        door(
            &owner,
            post.clone(),
            "files".to_owned(),
            json!({ "name": "tent.jpg", "contentType": "image/jpeg", "bytes": 1_024, "alt": "A tent",
                "focalPoint": { "x": 0.5, "y": 1 } }),
        ),
        door(&owner, patch.clone(), format!("files/{}", id("file")), json!({ "alt": "A tent", "focalPoint": null })),
        door(&owner, post.clone(), "apps".to_owned(), json!({ "name": "ERP", "scopes": "orders:read" })),
        door(&owner, post.clone(), format!("apps/{}/rotate", id("app")), json!({ "overlapSeconds": 60 })),
        door(&owner, post.clone(), "impersonations".to_owned(), json!({ "accountId": id("usr"), "reason": "help" })),
        door(
            &world.ours.merchant,
            post.clone(),
            "categories".to_owned(),
            extended_category(json!({ "name": "Tents", "handle": "tents", "parentId": id("cat") })),
        ),
        door(
            &world.ours.merchant,
            patch.clone(),
            format!("categories/{}", id("cat")),
            extended_category(json!({ "name": "Tents", "handle": "tents", "parentId": id("cat") })),
        ),
        door(
            &world.ours.merchant,
            post.clone(),
            format!("categories/{}/products", id("cat")),
            json!({ "add": [{ "productId": id("prod"), "position": 1 }], "remove": [id("prod")] }),
        ),
        door(
            &world.ours.merchant,
            post.clone(),
            "collections".to_owned(),
            of_collection(extended_category(json!({ "name": "Tents", "handle": "tents", "rule": rule }))),
        ),
        door(
            &world.ours.merchant,
            patch.clone(),
            format!("collections/{}", id("col")),
            of_collection(extended_category(json!({ "name": "Tents", "handle": "tents", "rule": rule }))),
        ),
        door(
            &world.ours.merchant,
            post.clone(),
            format!("collections/{}/products", id("col")),
            json!({ "add": [{ "productId": id("prod"), "position": 1 }], "remove": [id("prod")] }),
        ),
        door(&world.ours.merchant, post.clone(), "admin/attributes".to_owned(), attribute),
        door(
            &world.ours.merchant,
            post.clone(),
            "gift-cards".to_owned(),
            json!({ "amount": { "amount": "50.00", "currency": "EUR" }, "code": "WINTER26-4F7Q-9ZTK",
                "expiresAt": "2999-01-01T00:00:00.000Z", "note": "Sold at the counter" }),
        ),
        door(
            &world.ours.merchant,
            post.clone(),
            "price-lists".to_owned(),
            json!({ "name": "Sale", "kind": "sale", "priority": 1, "active": true, "channels": [id("chan")],
                "groups": [id("cgrp")], "currencies": ["EUR"], "startsAt": "2026-11-27T00:00:00.000Z",
                "endsAt": "2026-12-27T00:00:00.000Z", "basedOn": id("plist"), "endings": [] }),
        ),
        door(
            &world.ours.merchant,
            post.clone(),
            "admin/channels".to_owned(),
            json!({ "name": "Outlet", "handle": "outlet" }),
        ),
        door(
            &world.ours.merchant,
            patch.clone(),
            format!("admin/channels/{}", id("chan")),
            json!({ "name": "Outlet", "handle": "outlet" }),
        ),
        door(&owner, patch, format!("identity-providers/{}", id("idp")), provider),
        door(&world.ours.shopper, post, "auth/refresh".to_owned(), json!({ "refreshToken": "rt_", "storeId": store })),
    ]
}

/// The field, or something in it, is named.
#[track_caller]
fn names(answer: &Answer, field: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (422, "invalid-request"), "{field}: {answer}");
    let place = format!("#/{field}");
    let is_named = |named: &String| *named == place || named.starts_with(&format!("{place}/"));
    assert!(answer.places().iter().any(is_named), "{field}: {answer}");
    assert!(answer.body.len() < 5_000, "an error does not repeat what was sent: {answer}");
}

pub async fn what_is_no_object_opens_no_door(world: World) {
    let malformed: [&[u8]; 12] = [
        b"{",
        b"nope",
        b"{\"name\":}",
        b"{\"name\":\"x\"}}",
        b"{\"name\":\"\\ud800\"}",
        b"{\"name\":\"\xff\xfe\"}",
        b"{\"name\":\"\xc0\x80\"}",
        b"{\"name\":\"a\x00b\"}",
        b"\x00",
        b"\xef\xbb\xbf{}",
        b"{\"name\":1e999999}",
        b"{\"\xf0\x9f\":1}",
    ];
    for door in doors(&world).await {
        for body in malformed {
            let answer = door.send_bytes(body).await;
            match answer.status {
                400 => assert_eq!((answer.code().as_str(), answer.places()), ("malformed-body", vec!["#".to_owned()])),
                _ => assert!(!answer.expect_problem(422, "invalid-request").places().is_empty()),
            }
        }
        for body in [&b"[]"[..], b"\"text\"", b"7", b"true", b"null", b"[[{}]]"] {
            let answer = door.send_bytes(body).await;
            assert!(matches!(answer.status, 400 | 422), "{answer}");
        }
        let large = format!("{{\"name\":\"{}\"}}", "x".repeat(300 * 1024));
        door.send_bytes(large.as_bytes()).await.expect_problem(413, "body-too-large");
        let deep = format!("{{\"name\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        let answer = door.send_bytes(deep.as_bytes()).await;
        assert!(matches!(answer.status, 400 | 422), "{answer}");
        let text = door.call().body("text/plain", door.body.to_string()).send().await;
        text.expect_problem(415, "not-json");
    }
}

pub async fn fields_that_are_wrong_or_unknown_are_named(world: World) {
    for door in doors(&world).await {
        for (field, good) in door.fields() {
            for wrong in [json!(7.5), json!(true), json!("\u{0}"), json!(["\u{0}", 1]), json!({ "a": { "b": [] } })] {
                // Metadata is any object, a description any text.
                let is_free = matches!(field.as_str(), "metadata" | "description");
                let is_own = wrong.is_boolean() && good.is_boolean()
                    || is_free && (wrong.is_object() && good.is_object() || wrong.is_string() && good.is_string());
                if !is_own {
                    let mut body = with(&door.body, &format!("/{field}"), wrong);
                    // So that nothing can come of it.
                    body["unknown"] = json!(1);
                    let answer = door.send(&body).await;
                    names(&answer, "unknown");
                    if !is_secret(field) {
                        names(&answer, field);
                    }
                }
            }
        }
        let mut body = door.body.clone();
        for name in ["__proto__", "Name", "organizationId", "a.b", ""] {
            body[name] = json!({ "admin": true });
        }
        let answer = door.send(&body).await;
        for name in ["__proto__", "Name", "organizationId"] {
            names(&answer, name);
        }
        let wide: serde_json::Map<String, Value> = (0..2_000).map(|at| (format!("field-{at}"), json!(at))).collect();
        let answer = door.send(&Value::Object(wide)).await.expect_problem(422, "invalid-request");
        assert!(answer.body.len() < 100_000, "{} bytes of errors", answer.body.len());
    }
}

pub async fn texts_that_are_too_long_or_statements_do_no_harm(world: World) {
    let long = "x".repeat(20_000);
    for door in doors(&world).await {
        for (field, _) in door.fields().filter(|(_, good)| good.is_string()) {
            let hostile = STATEMENTS.iter().copied().chain([long.as_str(), "\u{1b}[31m", "a\r\nBcc: eve@example.com"]);
            for text in hostile {
                let mut body = with(&door.body, &format!("/{field}"), json!(text));
                body["unknown"] = json!(1);
                names(&door.send(&body).await, "unknown");
            }
            if !is_secret(field) && field != "description" {
                let mut body = with(&door.body, &format!("/{field}"), json!(long));
                body["unknown"] = json!(1);
                names(&door.send(&body).await, field);
            }
        }
    }
    // A name is a text, whatever it says.
    let owner = as_person(&world, &log_in(&world.ours, "owner@example.com").await.expect(200));
    for statement in STATEMENTS.iter().filter(|statement| !statement.contains('\r')) {
        let name = format!("{} {statement}", world.mark);
        let made = owner.post("/api/v1/roles").json(&json!({ "name": name, "scopes": "orders:read" })).send().await;
        let made = made.expect(201);
        let path = made.the("location");
        assert_eq!(owner.get(path).send().await.expect(200).json()["name"], name.as_str());
        owner.delete(path).send().await.expect(204);
        for list in ["members", "invitations", "stores"] {
            for parameter in ["limit", "cursor", "filter[role]"] {
                let answer = owner.get(&format!("/api/v1/{list}")).query(&[(parameter, statement)]).send().await;
                let places = answer.expect_problem(422, "invalid-request").places();
                assert_eq!(places, [format!("?{parameter}")]);
            }
        }
        let encoded: String = statement.bytes().map(|byte| format!("%{byte:02x}")).collect();
        for path in ["stores", "members", "roles"] {
            let answer = owner.get(&format!("/api/v1/{path}/{encoded}")).send().await;
            answer.expect_problem(404, "not-found");
        }
    }
}

/// Of a secret it is told whether it is good, and nothing else.
fn is_secret(field: &str) -> bool {
    matches!(field, "token" | "refreshToken" | "password" | "clientSecret" | "credentials")
}

pub async fn forms_that_are_wrong_are_errors_of_oauth(world: World) {
    const FORM: &str = "application/x-www-form-urlencoded";
    let bodies: [&[u8]; 16] = [
        b"",
        b"{}",
        b"&&&==",
        b"=x",
        b"grant_type",
        b"grant_type=%",
        b"grant_type=%zz&token=%",
        b"grant_type=%00&token=%00",
        b"grant_type=%ff%fe&token=%ff",
        b"grant_type=\xff\xfe&token=\xff",
        b"grant_type=password&username=owner@example.com&password=x",
        b"grant_type=client_credentials&client_id=app_&client_secret=cs_&token=x",
        b"grant_type=client_credentials&grant_type=client_credentials&token=a&token=b",
        b"grant_type=client_credentials&scope=%27%3B+DROP+TABLE+app%3B+--&client_id=%27+OR+1%3D1&client_secret=x&token=y",
        b"grant_type=client_credentials&client_id=app_01h455vb4pex5vsknk084sn02q&client_secret=%0d%0aX%3A+y&token=z",
        b"grant_type=client_credentials&client_assertion=eyJhbGciOiJub25lIn0..&token=eyJhbGciOiJub25lIn0..",
    ];
    let known = ["invalid_request", "invalid_client", "unsupported_grant_type", "invalid_scope"];
    let expect = |answer: Answer, what: &str| {
        assert!(matches!(answer.status, 400 | 401), "{what}: {answer}");
        let error = answer.json()["error"].as_str().unwrap_or_default().to_owned();
        assert!(known.contains(&error.as_str()), "{what}: {answer}");
        assert_eq!(answer.status == 401, error == "invalid_client", "{what}: {answer}");
    };
    for path in ["/oauth/token", "/oauth/revoke"] {
        for body in bodies {
            let what = String::from_utf8_lossy(body).into_owned();
            expect(world.nobody.post(path).body(FORM, body.to_vec()).send().await, &what);
            for header in ["Basic", "Basic !", "Basic Og==", "Bearer x", "Basic //79", "\u{fc}"] {
                let call = world.nobody.post(path).body(FORM, body.to_vec()).header("authorization", header);
                expect(call.send().await, &what);
            }
        }
        for media_type in ["application/json", "text/plain", ""] {
            expect(world.nobody.post(path).body(media_type, "grant_type=client_credentials").send().await, media_type);
        }
        let large = format!("token={}", "x".repeat(17 * 1024));
        world.nobody.post(path).body(FORM, large).send().await.expect_problem(413, "body-too-large");
    }
    for body in bodies {
        let answer = world.ours.merchant.post("/oauth/introspect").body(FORM, body.to_vec()).send().await;
        match answer.status {
            200 => assert_eq!(answer.json(), json!({ "active": false })),
            _ => expect(answer, &String::from_utf8_lossy(body)),
        }
    }
    let unknown = world.nobody.post("/oauth/introspect").body(FORM, "token=x").send().await;
    unknown.expect_problem(401, "no-credentials");
}
