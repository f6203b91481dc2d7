//! The routes of people with bodies that are not what they take. Whatever comes of one, the field that is wrong is named,
//! and nothing of it is a 5xx.

use std::net::Ipv4Addr;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::json_bodies::{MALFORMED, NO_OBJECT, other_types};
use super::texts::STATEMENTS;
use super::with;
use crate::client::{Answer, Client};
use crate::eventually::eventually;
use crate::stories::people::{PASSWORD, sign_up};
use crate::stories::sessions::{as_person, log_in, log_in_with};
use crate::world::World;

/// Failed logins are counted by address, which other stories must not share.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 66);

/// Whether a text is a link's, a name's or a code's: answers that are none of a wrong field.
const REFUSALS: [u16; 12] = [200, 201, 202, 204, 401, 403, 404, 409, 410, 412, 422, 429];

/// A good request of one route, to be made bad.
struct Asked {
    method: Method,
    path: String,
    client: Client,
    body: Value,
    /// JSON pointers of the body's fields, with the JSON type each has.
    fields: Vec<(String, &'static str)>,
}

impl Asked {
    async fn send(&self, body: &Value) -> Answer {
        self.send_bytes(body.to_string()).await
    }

    async fn send_bytes(&self, body: impl Into<Vec<u8>>) -> Answer {
        let call = self.client.call(self.method.clone(), &self.path);
        let call = if self.method == Method::PATCH { call.header("if-match", "*") } else { call };
        call.body("application/json", body.into()).send().await
    }
}

/// A field for each member of `body`, with the type that its value has.
fn asked(method: Method, path: &str, client: &Client, body: Value) -> Asked {
    fn walk(at: &str, value: &Value, fields: &mut Vec<(String, &'static str)>) {
        let own = match value {
            Value::String(_) => "string",
            Value::Bool(_) => "bool",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
            Value::Null | Value::Number(_) => panic!("{at}: no field here is of this type"),
        };
        if !at.is_empty() {
            fields.push((at.to_owned(), own));
        }
        for (name, member) in value.as_object().into_iter().flatten() {
            walk(&format!("{at}/{name}"), member, fields);
        }
    }
    let mut fields = Vec::new();
    walk("", &body, &mut fields);
    // Wrong as it is.
    fields.retain(|(field, _)| field != "/issuer");
    Asked { method, path: path.to_owned(), client: client.clone(), body, fields }
}

async fn all(world: &World) -> Vec<Asked> {
    let email = world.email("hostile");
    sign_up(world, &email).await;
    let moved = |client: &Client| client.moved_to(ADDRESS.into());
    let shopper = &moved(&world.ours.shopper);
    let person = &moved(&as_person(world, &log_in_with(&world.ours, &email, PASSWORD).await.expect(200)));
    let owner = &moved(&as_person(world, &log_in(&world.ours, "owner@example.com").await.expect(200)));
    let token = "x".repeat(43);
    // RFC 7636, appendix B.
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let address = json!({ "name": "Ada", "company": "Analytical Engines", "line1": "Street 1", "line2": "2nd floor",
        "city": "London", "region": "London", "postalCode": "SW1Y 4JH", "countryCode": "GB", "phone": "+44 20" });
    let book = person.post("/api/v1/customers/me/addresses").json(&json!({ "address": address })).send().await;
    let entry = book.expect(201).the("location").to_owned();
    let shown = json!({ "rawId": "AAAA", "type": "public-key", "response": { "clientDataJSON": "e30",
        "authenticatorData": "AAAA", "signature": "AAAA", "userHandle": "AAAA" } });
    let made = json!({ "rawId": "AAAA", "type": "public-key", "response": { "clientDataJSON": "e30",
        "attestationObject": "AAAA" } });
    let page = json!({ "redirectUri": "https://shop.example/login" });
    let provider = "/api/v1/auth/providers/idp_01h455vb4pex5vsknk084sn02q";
    let passkey = "/api/v1/auth/passkeys/pas_01h455vb4pex5vsknk084sn02q";
    let post = |client, path: &str, body| asked(Method::POST, path, client, body);
    let patch = |client, path: &str, body| asked(Method::PATCH, path, client, body);
    vec![
        post(
            shopper,
            "/api/v1/auth/register",
            json!({ "email": email, "password": PASSWORD, "name": "Ada", "locale": "en" }),
        ),
        post(shopper, "/api/v1/auth/verify-email", json!({ "token": token, "password": PASSWORD })),
        post(shopper, "/api/v1/auth/verify-email/resend", json!({ "email": email })),
        post(shopper, "/api/v1/auth/login", json!({ "email": email, "password": "incorrect mule cell" })),
        post(shopper, "/api/v1/auth/login/second-factor", json!({ "challenge": token, "code": "123456" })),
        post(shopper, "/api/v1/auth/refresh", json!({ "refreshToken": "rt_" })),
        post(shopper, "/api/v1/auth/password/forgot", json!({ "email": email })),
        post(shopper, "/api/v1/auth/password/reset", json!({ "token": token, "newPassword": "incorrect mule cell" })),
        post(shopper, "/api/v1/auth/magic", json!({ "email": email, "codeChallenge": challenge })),
        post(shopper, "/api/v1/auth/magic/exchange", json!({ "token": token, "codeVerifier": token })),
        post(shopper, "/api/v1/auth/email/confirm", json!({ "token": token })),
        post(
            shopper,
            "/api/v1/auth/providers/finish",
            json!({ "state": token, "code": "x", "browserToken": token, "iss": "https://id.example" }),
        ),
        post(shopper, "/api/v1/auth/providers/exchange", json!({ "token": "x" })),
        post(shopper, &format!("{provider}/begin"), page.clone()),
        post(shopper, "/api/v1/auth/passkeys/login-options", json!({})),
        post(shopper, "/api/v1/auth/passkeys/login", json!({ "credential": shown })),
        post(
            person,
            "/api/v1/auth/email",
            json!({ "email": world.email("other"), "currentPassword": "incorrect mule cell", "code": "123456" }),
        ),
        post(
            person,
            "/api/v1/auth/password",
            json!({ "currentPassword": "incorrect mule cell", "newPassword": "another good one" }),
        ),
        post(person, "/api/v1/auth/second-factor/confirm", json!({ "code": "123456" })),
        post(person, "/api/v1/auth/second-factor/disable", json!({ "code": "123456" })),
        post(person, "/api/v1/auth/second-factor/recovery-codes", json!({ "code": "123456" })),
        post(person, &format!("{provider}/link"), page),
        post(person, "/api/v1/auth/providers/link-token", json!({ "token": "x" })),
        post(person, "/api/v1/auth/passkeys", json!({ "name": "Phone", "credential": made })),
        patch(person, passkey, json!({ "name": "Phone" })),
        patch(person, "/api/v1/customers/me", json!({ "name": "Ada", "phone": "+44 20", "locale": "en" })),
        post(
            person,
            "/api/v1/customers/me/addresses",
            json!({ "address": address, "isDefaultShipping": true, "isDefaultBilling": true }),
        ),
        patch(person, &entry, json!({ "address": address, "isDefaultShipping": true, "isDefaultBilling": true })),
        post(
            owner,
            "/api/v1/identity-providers",
            json!({ "kind": "oidc", "name": "Tests", "issuer": "http://id.example", "clientId": "shop",
                "clientSecret": "secret", "scope": "openid", "redirectUris": ["https://shop.example/login"],
                "tokenAudiences": ["shop"], "signsUp": true, "trustsEmail": false }),
        ),
    ]
}

/// Where an answer says that the request is wrong. One is good but for its issuer, so that nothing is set up by it.
fn wrong(request: &Asked, answer: &Answer) -> Vec<String> {
    if answer.status < 400 {
        return Vec::new();
    }
    let is_issuer = |place: &String| request.path.ends_with("identity-providers") && place == "#/issuer";
    answer.places().into_iter().filter(|place| !is_issuer(place)).collect()
}

pub async fn what_is_no_json_object_changes_nobody(world: World) {
    for request in all(&world).await {
        for body in MALFORMED {
            let answer = request.send_bytes(body).await;
            match answer.status {
                400 => assert_eq!((answer.code().as_str(), answer.places()), ("malformed-body", vec!["#".to_owned()])),
                // A text that is wrong inside a field nobody knows.
                _ => assert!(answer.expect_problem(422, "invalid-request").places().contains(&"#/quantity".to_owned())),
            }
        }
        for body in NO_OBJECT {
            let answer = request.send_bytes(body).await;
            assert!(matches!(answer.status, 400 | 422) && !answer.places().is_empty(), "{answer}");
        }
        let large = format!("{{\"email\":\"{}\"}}", "x".repeat(300 * 1024));
        request.send_bytes(large).await.expect_problem(413, "body-too-large");
        let nested = format!("{{\"email\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        let nested = request.send_bytes(nested).await;
        assert!(matches!(nested.status, 400 | 422) && !nested.places().is_empty(), "{nested}");
    }
}

pub async fn each_wrong_field_of_a_person_is_named(world: World) {
    for request in all(&world).await {
        let mut body = request.body.clone();
        for name in ["role", "__proto__", "emailVerifiedAt"] {
            body[name] = json!({ "admin": true });
        }
        let answer = request.send(&body).await.expect_problem(422, "invalid-request");
        let mut places = wrong(&request, &answer);
        places.sort();
        assert_eq!(places, ["#/__proto__", "#/emailVerifiedAt", "#/role"], "{} {}", request.method, request.path);
        for (field, own) in &request.fields {
            for value in other_types(own) {
                let body = with(&request.body, field, value);
                let answer = request.send(&body).await.expect_problem(422, "invalid-request");
                assert_eq!(wrong(&request, &answer), [format!("#{field}")], "{} {body}", request.path);
            }
        }
    }
}

pub async fn hostile_texts_of_people_are_texts_or_refused_by_name(world: World) {
    let long = "x".repeat(10_000);
    let controls = ["\u{0}", "\r\n", "\u{1b}[31m", "\u{7f}", "\u{202e}"];
    let controls = controls.map(|control| format!("ada@example.com{control}Bcc: eve@example.com"));
    let texts: Vec<&str> = STATEMENTS.iter().copied().chain(controls.iter().map(String::as_str)).collect();
    for request in all(&world).await {
        for (field, _) in request.fields.iter().filter(|(_, own)| *own == "string") {
            for text in texts.iter().copied().chain([long.as_str(), "", " ", "\u{1f3d5}"]) {
                let answer = request.send(&with(&request.body, field, json!(text))).await;
                let start: String = text.chars().take(30).collect();
                assert!(REFUSALS.contains(&answer.status), "{field} {start:?}: {answer}");
                let is_named = wrong(&request, &answer).iter().all(|place| *place == format!("#{field}"));
                assert!(is_named && answer.body.len() < 5_000, "{field} {start:?}: {answer}");
            }
        }
    }
    // Everybody is still there, and nobody else: asked from elsewhere, for whoever failed so often is kept waiting.
    let world = world.at_own_address();
    log_in(&world.ours, "owner@example.com").await.expect(200);
    let email = world.email("hostile");
    let refused = eventually("end of the wait", Duration::from_secs(60), async || {
        let answer = log_in_with(&world.ours, &email, "another good one").await;
        (answer.status != 429).then_some(answer)
    });
    refused.await.expect_problem(401, "login-refused");
}
