//! People come from other identity providers: from a real one, and from one that says what it is told to say.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use headlesspro_edge::organizations::{Act, act};
use headlesspro_edge::port::sql::{Commit, Statement};
use headlesspro_shared::identity::Role;
use headlesspro_shared::organizations::StatusAction;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::members::hire;
use crate::app::{Kind, Stage};
use crate::client::{Answer, Client};
use crate::hosts::{Host, start_identity_provider};
use crate::stories::sessions::{as_person, log_in};
use crate::world::{Shop, World};

pub const PAGE: &str = "https://shop.example/login";
/// What the provider knows us by.
pub const SECRET: &str = "shop secret: 100%";

/// A login that was begun: what the storefront's page keeps.
pub struct Begun {
    url: String,
    browser_token: String,
}

/// A browser with its cookies, in front of the provider.
#[derive(Default)]
struct Browser {
    http: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

pub fn people_come_from_a_real_one(stage: &Stage, kind: Kind) {
    let provider = start_identity_provider(stage.provider_port()).unwrap();
    stage.run(async {
        let world = stage.world();
        let owner = as_person(&world, &log_in(&world.ours, "owner@example.com").await.expect(200));
        configuration_is_checked(&owner, stage).await;
        let id = set_up(&owner, json!({ "clientId": "shop", "issuer": provider.url })).await;
        nothing_is_told_of_the_secret(&owner, stage).await;
        let again = configured(json!({ "clientId": "other", "issuer": provider.url }));
        let again = owner.post("/api/v1/identity-providers").json(&again).send().await;
        again.expect_problem(409, "identity-provider-exists");

        accounts_are_made_and_found(&world, &id).await;
        a_login_is_good_once_in_its_browser(&world, &id).await;
        identities_are_linked_on_request(&world, &id).await;
        keys_are_rotated_and_the_provider_goes_away(&world, &provider, &id).await;

        owner.delete(&format!("/api/v1/identity-providers/{id}")).send().await.expect(204);
        owner.delete(&format!("/api/v1/identity-providers/{id}")).send().await.expect_problem(404, "not-found");
        begin(&world.ours.shopper, &id).await.expect_problem(404, "not-found");
        // Set up again with another client, whose tokens are signed by another algorithm.
        let id = set_up(&owner, json!({ "clientId": "shop-es256", "issuer": provider.url })).await;
        let back = come(&world, &id, &world.name("ada")).await.expect(200);
        assert_eq!(back.json()["account"]["role"], "customer");
        println!("{kind}: logins, links, rotated keys and an absent provider, with oidc-provider");
    });
}

async fn configuration_is_checked(owner: &Client, stage: &Stage) {
    let unlisted = stage.provider_port() ^ 1;
    for (change, places) in [
        (json!({ "issuer": format!("http://127.0.0.1:{unlisted}") }), vec!["#/issuer"]),
        (json!({ "issuer": "https://169.254.169.254" }), vec!["#/issuer"]),
        (json!({ "issuer": "http://accounts.google.com" }), vec!["#/issuer"]),
        (json!({ "issuer": "https://id.example?x" }), vec!["#/issuer"]),
        (json!({ "issuer": null }), vec!["#/issuer"]),
        (json!({ "kind": "google" }), vec!["#/issuer"]),
        (json!({ "kind": "facebook" }), vec!["#/kind"]),
        (json!({ "redirectUris": ["http://shop.example/login"] }), vec!["#/redirectUris/0"]),
        (json!({ "redirectUris": [] }), vec!["#/redirectUris"]),
        (json!({ "clientId": null }), vec!["#/clientId"]),
        (json!({ "kind": "naver", "issuer": null, "tokenAudiences": ["x"] }), vec!["#/tokenAudiences"]),
    ] {
        let mut body = configured(json!({ "clientId": "shop", "issuer": "https://id.example" }));
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let refused = owner.post("/api/v1/identity-providers").json(&body).send().await.expect(422);
        assert_eq!(refused.places(), places, "{change}");
    }
}

async fn nothing_is_told_of_the_secret(owner: &Client, stage: &Stage) {
    let listed = owner.get("/api/v1/identity-providers").send().await.expect(200);
    assert_eq!(listed.json()["items"][0]["hasSecret"], true);
    let kept = Statement::new("SELECT client_secret_sealed AS kept FROM identity_provider");
    let logged = Statement::new("SELECT group_concat(state_after) AS kept FROM audit_log");
    let rows = stage.sql().read(vec![kept, logged]).await.unwrap();
    let texts = rows.iter().map(|rows| rows.first().unwrap().get::<&str>("kept").unwrap().to_owned());
    for text in texts.chain([String::from_utf8_lossy(&listed.body).into_owned()]) {
        assert!(!text.contains("shop secret"), "{text}");
    }
}

async fn accounts_are_made_and_found(world: &World, id: &str) {
    let name = world.name("ada");
    let first = come(world, id, &name).await.expect(200);
    assert_eq!(first.json()["account"]["role"], "customer");
    let me = as_person(world, &first).get("/api/v1/auth/me").send().await.expect(200).json();
    assert_eq!((&me["email"], &me["name"]), (&json!(format!("{name}@example.com")), &json!(format!("Person {name}"))));
    assert!(me["emailVerifiedAt"].is_string(), "{me}");
    let second = come(world, id, &name).await.expect(200);
    assert_eq!(second.json()["account"]["id"], first.json()["account"]["id"]);

    // Found by the address that both sides have verified; the role is ours.
    let member = log_in(&world.ours, "member@example.com").await.expect(200).json();
    let found = come(world, id, "member").await.expect(200);
    assert_eq!(found.json()["account"], member["account"]);
    let unverified = come(world, id, "unverified-viewer").await.expect_problem(409, "identity-not-linked");
    assert_eq!(unverified.json()["reason"], "email-not-verified");

    // Many browsers of a new person at once: one account.
    let name = world.name("grace");
    let answers = join_all((0..6).map(|_| come(world, id, &name))).await;
    let accounts: Vec<Value> = answers.into_iter().map(|answer| answer.expect(200).json()["account"].clone()).collect();
    assert!(accounts.iter().all(|account| *account == accounts[0]), "{accounts:?}");
}

async fn a_login_is_good_once_in_its_browser(world: &World, id: &str) {
    let shopper = &world.ours.shopper;
    let name = world.name("once");
    let begun = begun(begin(shopper, id).await);
    let back = Browser::default().visit(&begun.url, &name).await;
    let finish = |state: &str, token: &str| {
        let body = json!({ "state": state, "code": back["code"], "browserToken": token, "iss": back["iss"] });
        shopper.post("/api/v1/auth/providers/finish").json(&body).send()
    };
    let other = begun_token(begin(shopper, id).await);
    for (state, token) in [(back["state"].as_str(), other.as_str()), ("made-up", &begun.browser_token)] {
        finish(state, token).await.expect_problem(410, "provider-login-over");
    }
    let theirs = json!({ "state": back["state"], "code": back["code"], "browserToken": begun.browser_token });
    let theirs = world.theirs.shopper.post("/api/v1/auth/providers/finish").json(&theirs).send().await;
    theirs.expect_problem(410, "provider-login-over");
    let answers = join_all((0..5).map(|_| finish(&back["state"], &begun.browser_token))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 4));
    for answer in lost {
        answer.expect_problem(410, "provider-login-over");
    }
    // Nothing is to be had with a code and a state of two logins.
    let (one, two) = (begun_of(shopper, id).await, begun_of(shopper, id).await);
    let code = Browser::default().visit(&one.url, &name).await;
    let mixed = json!({ "state": state_of(&two.url), "code": code["code"], "browserToken": two.browser_token });
    let mixed = shopper.post("/api/v1/auth/providers/finish").json(&mixed).send().await;
    mixed.expect_problem(401, "identity-not-proven");

    let elsewhere = json!({ "redirectUri": "https://evil.example/login" });
    let elsewhere = shopper.post(&format!("/api/v1/auth/providers/{id}/begin")).json(&elsewhere).send().await;
    assert_eq!(elsewhere.expect(422).places(), ["#/redirectUri"]);
    begin(&world.theirs.shopper, id).await.expect_problem(404, "not-found");
    let other_issuer = begun_of(shopper, id).await;
    let back = Browser::default().visit(&other_issuer.url, &name).await;
    let body = json!({ "state": back["state"], "code": back["code"], "browserToken": other_issuer.browser_token,
        "iss": "https://evil.example" });
    let refused = shopper.post("/api/v1/auth/providers/finish").json(&body).send().await;
    refused.expect_problem(401, "identity-not-proven");
}

async fn identities_are_linked_on_request(world: &World, id: &str) {
    let tokens = log_in(&world.ours, "viewer@example.com").await.expect(200);
    let viewer = as_person(world, &tokens);
    let link = || viewer.post(&format!("/api/v1/auth/providers/{id}/link")).json(&json!({ "redirectUri": PAGE }));
    // Neither its address nor that it is unverified matters.
    let name = format!("unverified-{}", world.mark);
    let begun_link = begun(link().send().await);
    let linked = finish(&world.ours.shopper, &begun_link, &name).await.expect(200);
    assert_eq!(linked.json()["account"], tokens.json()["account"]);
    let later = come(world, id, &name).await.expect(200);
    assert_eq!(later.json()["account"], tokens.json()["account"]);
    // It is nobody else's then.
    let admin = as_person(world, &log_in(&world.ours, "admin@example.com").await.expect(200));
    let link = admin.post(&format!("/api/v1/auth/providers/{id}/link")).json(&json!({ "redirectUri": PAGE }));
    let elsewhere = finish(&world.ours.shopper, &begun(link.send().await), &name).await;
    assert_eq!(elsewhere.expect_problem(409, "identity-not-linked").json()["reason"], "linked-elsewhere");
    let keys_link_nothing = world.ours.shopper.post(&format!("/api/v1/auth/providers/{id}/link"));
    keys_link_nothing.json(&json!({ "redirectUri": PAGE })).send().await.expect_problem(403, "missing-scope");
}

async fn keys_are_rotated_and_the_provider_goes_away(world: &World, provider: &Host, id: &str) {
    let name = world.name("ada");
    tell(provider, "/test/rotate").await;
    come(world, id, &name).await.expect(200);
    // The keys that are remembered do while the issuer's are not to be had.
    tell(provider, "/test/away?path=/jwks").await;
    come(world, id, &name).await.expect(200);
    tell(provider, "/test/back").await;
    let begun = begun_of(&world.ours.shopper, id).await;
    let back = Browser::default().visit(&begun.url, &name).await;
    tell(provider, "/test/away?path=/").await;
    let body = json!({ "state": back["state"], "code": back["code"], "browserToken": begun.browser_token });
    let finish = world.ours.shopper.post("/api/v1/auth/providers/finish").json(&body).send().await;
    assert!(finish.expect_problem(503, "provider-unavailable").header("retry-after").is_some());
    tell(provider, "/test/back").await;
    come(world, id, &name).await.expect(200);
}

async fn tell(provider: &Host, what: &str) -> String {
    let told = reqwest::Client::new().post(format!("{}{what}", provider.url)).send().await.unwrap();
    assert!(told.status().is_success());
    told.text().await.unwrap()
}

pub fn only_good_words_are_taken(stage: &Stage, kind: Kind) {
    let provider = start_identity_provider(stage.provider_port()).unwrap();
    stage.run(async {
        let world = stage.world();
        let owner = as_person(&world, &log_in(&world.ours, "owner@example.com").await.expect(200));
        let issuer = format!("{}/told", provider.url);
        let id = set_up(&owner, json!({ "clientId": "shop", "issuer": issuer })).await;
        let now = stage.app().clock.now().millis() / 1_000;
        let good = json!({
            "iss": issuer, "sub": world.name("sub"), "aud": "shop", "iat": now, "exp": now + 300,
            "email": format!("{}@example.com", world.mark), "email_verified": true,
        });
        for alg in ["RS256", "ES256", "EdDSA"] {
            told(&world, &id, &json!({ "alg": alg }), &good).await.expect(200);
        }
        // The first of these comes before the provider's keys are asked for anew; then they are not for a while.
        for (token, change) in [
            (json!({ "alg": "RS256", "header": { "kid": "unknown" } }), json!({})),
            (json!({ "alg": "RS256", "by": "unknown" }), json!({})),
            (json!({ "alg": "ES256", "by": "unknown" }), json!({})),
            (json!({ "alg": "EdDSA", "by": "unknown" }), json!({})),
            (json!({ "alg": "none" }), json!({})),
            (json!({ "alg": "HS256" }), json!({})),
            (json!({ "alg": "RS256", "header": { "crit": ["b64"], "b64": false } }), json!({})),
            (json!({ "alg": "RS256" }), json!({ "iss": provider.url })),
            (json!({ "alg": "RS256" }), json!({ "aud": "other" })),
            (json!({ "alg": "RS256" }), json!({ "aud": ["shop", "other"] })),
            (json!({ "alg": "RS256" }), json!({ "azp": "other" })),
            (json!({ "alg": "RS256" }), json!({ "exp": now - 120 })),
            (json!({ "alg": "RS256" }), json!({ "iat": now + 3_600 })),
            (json!({ "alg": "RS256" }), json!({ "iat": now - 3_600 })),
            (json!({ "alg": "RS256" }), json!({ "nonce": "made up" })),
            (json!({ "alg": "RS256" }), json!({ "nonce": null })),
            (json!({ "alg": "RS256" }), json!({ "sub": null })),
        ] {
            let mut claims = good.clone();
            claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let refused = told(&world, &id, &token, &claims).await;
            refused.expect_problem(401, "identity-not-proven");
        }
        // What the ID token does not say, the userinfo endpoint may; of the same person only.
        let (name, silent) = (world.name("silent"), json!({ "email": null, "email_verified": null }));
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().extend(silent.as_object().unwrap().clone());
        claims["sub"] = json!(name);
        let userinfo = json!({ "sub": name, "email": format!("{name}@example.com"), "email_verified": "true" });
        told(&world, &id, &json!({ "alg": "RS256", "userinfo": userinfo }), &claims).await.expect(200);
        let foreign = json!({ "sub": "other", "email": "owner@example.com", "email_verified": true });
        let foreign = told(&world, &id, &json!({ "alg": "RS256", "userinfo": foreign }), &claims).await;
        foreign.expect_problem(401, "identity-not-proven");
        claims["sub"] = json!(world.name("nobody"));
        let userinfo = json!({ "sub": claims["sub"] });
        let no_email = told(&world, &id, &json!({ "alg": "RS256", "userinfo": userinfo }), &claims).await;
        assert_eq!(no_email.expect_problem(409, "identity-not-linked").json()["reason"], "no-email");
        println!("{kind}: three algorithms taken, 17 forged or foreign tokens refused");
    });
}

/// A login whose provider answers this token, with the right nonce unless the claims have another.
async fn told(world: &World, id: &str, token: &Value, claims: &Value) -> Answer {
    let begun = begun_of(&world.ours.shopper, id).await;
    let mut claims = claims.clone();
    if claims.get("nonce").is_none() {
        claims["nonce"] = json!(query_of(&begun.url)["nonce"]);
    }
    let mut code = token.clone();
    code["claims"] = claims;
    let state = state_of(&begun.url);
    let body = json!({ "state": state, "code": code.to_string(), "browserToken": begun.browser_token });
    world.ours.shopper.post("/api/v1/auth/providers/finish").json(&body).send().await
}

fn configured(change: Value) -> Value {
    let mut body = json!({ "kind": "oidc", "name": "Tests", "clientSecret": SECRET, "redirectUris": [PAGE] });
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    body
}

pub async fn set_up(owner: &Client, change: Value) -> String {
    let body = configured(change);
    let mut made = owner.post("/api/v1/identity-providers").json(&body).send().await;
    // On a machine with much to do Redis may take longer than the limits wait for it, which shuts privileged writes
    // for a moment.
    for _ in 0..5 {
        if made.status == 503 {
            tokio::time::sleep(Duration::from_secs(made.the("retry-after").parse().unwrap())).await;
            made = owner.post("/api/v1/identity-providers").json(&body).send().await;
        }
    }
    made.expect(201).json()["id"].as_str().unwrap().to_owned()
}

async fn begin(shopper: &Client, id: &str) -> Answer {
    let body = json!({ "redirectUri": PAGE });
    shopper.post(&format!("/api/v1/auth/providers/{id}/begin")).json(&body).send().await
}

async fn begun_of(shopper: &Client, id: &str) -> Begun {
    begun(begin(shopper, id).await)
}

pub fn begun(answer: Answer) -> Begun {
    let body = answer.expect(200).json();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    Begun { url: text("authorizationUrl"), browser_token: text("browserToken") }
}

fn begun_token(answer: Answer) -> String {
    begun(answer).browser_token
}

/// Goes to the provider and comes back, as somebody with this name there.
pub async fn come(world: &World, id: &str, name: &str) -> Answer {
    finish(&world.ours.shopper, &begun_of(&world.ours.shopper, id).await, name).await
}

pub async fn finish(shopper: &Client, begun: &Begun, name: &str) -> Answer {
    let back = Browser::default().visit(&begun.url, name).await;
    let body = json!({ "state": back["state"], "code": back["code"], "browserToken": begun.browser_token,
        "iss": back["iss"] });
    shopper.post("/api/v1/auth/providers/finish").json(&body).send().await
}

impl Browser {
    /// Follows redirects until one leads to the storefront's page; answers what that one was told.
    async fn visit(&mut self, url: &str, name: &str) -> BTreeMap<String, String> {
        self.http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let mut next = format!("{url}&login_hint={name}");
        for _ in 0..10 {
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let response = self.http.get(&next).header("cookie", cookies.join("; ")).send().await.unwrap();
            for cookie in response.headers().get_all("set-cookie") {
                let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
                let (name, value) = cookie.split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            let location = response.headers().get("location").map(|location| location.to_str().unwrap().to_owned());
            let Some(location) = location else { panic!("{next}: {}", response.text().await.unwrap()) };
            next = response.url().join(&location).unwrap().to_string();
            if next.starts_with(PAGE) {
                return query_of(&next);
            }
        }
        panic!("the provider sends the browser round and round: {next}")
    }
}

fn query_of(url: &str) -> BTreeMap<String, String> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn state_of(url: &str) -> String {
    query_of(url)["state"].clone()
}

pub fn foreign_tokens_are_taken(stage: &Stage, kind: Kind) {
    let provider = start_identity_provider(stage.provider_port()).unwrap();
    stage.run(async {
        let world = stage.world();
        let owner = as_person(&world, &log_in(&world.ours, "owner@example.com").await.expect(200));
        let issuer = format!("{}/told", provider.url);
        let audience = "https://shop.example";
        let id = set_up(&owner, json!({ "clientId": "shop", "issuer": issuer, "tokenAudiences": [audience] })).await;
        let now = stage.app().clock.now().millis() / 1_000;
        let sign = async |token: Value, change: Value| {
            let mut claims = json!({
                "iss": issuer, "sub": world.name("sub"), "azp": audience, "iat": now, "exp": now + 60, "role": "owner",
                "org": "org_01h455vb4pex5vsknk084sn02q",
            });
            claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let mut wanted = token;
            wanted["claims"] = claims;
            let signed = reqwest::Client::new().post(format!("{issuer}/sign")).body(wanted.to_string()).send().await;
            let signed: Value = serde_json::from_slice(&signed.unwrap().bytes().await.unwrap()).unwrap();
            signed["token"].as_str().unwrap().to_owned()
        };
        let rs256 = || json!({ "alg": "RS256" });
        let key = world.ours.shopper.key().unwrap();
        let me = async |token: &str, key: &str| {
            world.nobody.with_key(token).get("/api/v1/auth/me").header("x-publishable-key", key).send().await
        };
        let trade = |token: &str| {
            let body = json!({ "token": token });
            world.ours.shopper.post("/api/v1/auth/providers/exchange").json(&body).send()
        };

        // Not before somebody is linked, and by a verified address only.
        let bare = sign(rs256(), json!({})).await;
        me(&bare, key).await.expect_problem(401, "bad-credentials");
        assert_eq!(trade(&bare).await.expect_problem(409, "identity-not-linked").json()["reason"], "no-email");
        let email = format!("{}@example.com", world.mark);
        let token = sign(rs256(), json!({ "email": email, "email_verified": true })).await;
        let traded = trade(&token).await.expect(200).json();
        assert_eq!(traded["account"]["role"], "customer", "the role is ours, whatever the token says");
        for _ in 0..2 {
            let answer = me(&token, key).await.expect(200);
            assert!(answer.json()["id"] == traded["account"]["id"] && answer.json()["email"] == email, "{answer}");
        }
        me(&bare, key).await.expect(200);
        let cart = world.nobody.with_key(&bare).post("/api/v1/cart").json(&json!({}));
        cart.header("x-publishable-key", key).send().await.expect(201);
        let orders = world.nobody.with_key(&bare).get("/api/v1/audit-log").header("x-publishable-key", key);
        orders.send().await.expect_problem(403, "missing-scope");

        // A member of the staff links it, and is a member of the staff.
        let tokens = log_in(&world.ours, "viewer@example.com").await.expect(200);
        let staff = sign(json!({ "alg": "ES256" }), json!({ "sub": world.name("staff") })).await;
        let link = as_person(&world, &tokens).post("/api/v1/auth/providers/link-token");
        let linked = link.json(&json!({ "token": staff })).send().await.expect(200);
        assert_eq!(linked.json()["account"], tokens.json()["account"]);
        assert_eq!(me(&staff, key).await.expect(200).json()["role"], "viewer");

        let theirs = world.theirs.shopper.key().unwrap();
        let secret = world.ours.merchant.key().unwrap();
        for other in [theirs, secret, "", "pk_"] {
            me(&token, other).await.expect_problem(401, "bad-credentials");
        }
        world.nobody.with_key(&token).get("/api/v1/auth/me").send().await.expect_problem(401, "bad-credentials");
        me(key, key).await.expect_problem(401, "bad-credentials");
        for (token, change) in [
            (json!({ "alg": "RS256", "by": "unknown" }), json!({})),
            (json!({ "alg": "EdDSA", "by": "unknown" }), json!({})),
            (json!({ "alg": "none" }), json!({})),
            (json!({ "alg": "HS256" }), json!({})),
            (rs256(), json!({ "azp": "https://evil.example" })),
            (rs256(), json!({ "azp": null })),
            (rs256(), json!({ "exp": now - 120 })),
            (rs256(), json!({ "exp": null })),
            (rs256(), json!({ "nbf": now + 3_600 })),
            (rs256(), json!({ "iss": "https://evil.example" })),
            (rs256(), json!({ "sub": "nobody" })),
        ] {
            let forged = sign(token.clone(), change.clone()).await;
            let refused = me(&forged, key).await;
            assert_eq!(refused.status, 401, "{token} {change}: {refused}");
        }
        // A text that was not seen yet is held against the database as it is now.
        let mut suspend = Commit::new();
        suspend.push(Statement::new("UPDATE account SET state = 'suspended' WHERE role = 'customer'"));
        stage.sql().commit(&suspend).await.unwrap();
        let later = sign(rs256(), json!({ "exp": now + 90 })).await;
        me(&later, key).await.expect_problem(401, "bad-credentials");
        let staff = async |seconds: i64| {
            let token =
                sign(json!({ "alg": "ES256" }), json!({ "sub": world.name("staff"), "exp": now + seconds })).await;
            me(&token, key).await
        };
        let ours = stage.our_organization().parse().unwrap();
        act(stage.app(), ours, Act::Status(StatusAction::Suspend)).await.unwrap();
        staff(80).await.expect_problem(403, "organization-not-active");
        act(stage.app(), ours, Act::Status(StatusAction::Resume)).await.unwrap();
        staff(85).await.expect(200);
        owner.delete(&format!("/api/v1/identity-providers/{id}")).send().await.expect(204);
        let later = sign(json!({ "alg": "ES256" }), json!({ "sub": world.name("staff"), "exp": now + 90 })).await;
        me(&later, key).await.expect_problem(401, "bad-credentials");
        println!("{kind}: tokens of another issuer, 11 forged or foreign ones refused");
    });
}

/// What Redis has said of revocations is believed for half a minute, and so is what somebody may do.
const BELIEVED: Duration = Duration::from_secs(30);

/// Whoever's membership changes meanwhile is not told that the token is bad: it is as good as before.
///
/// Native alone: an isolate that first heard of the second token later than another one believes for longer what it was
/// told before the change, and a wasm host has several.
pub fn foreign_tokens_outlive_a_change_of_membership(stage: &Stage, _: Kind) {
    let provider = start_identity_provider(stage.provider_port()).unwrap();
    stage.run(async {
        let world = stage.world();
        let owner = as_person(&world, &log_in(&world.ours, "owner@example.com").await.expect(200));
        let member = hire(stage, &world, &world.ours, Role::Viewer, "abroad").await;
        let (issuer, audience) = (format!("{}/told", provider.url), "https://shop.example");
        set_up(&owner, json!({ "clientId": "shop", "issuer": issuer, "tokenAudiences": [audience] })).await;
        let now = stage.app().clock.now().millis() / 1_000;
        let sign = async |number: i64| {
            let claims = json!({
                "iss": issuer, "sub": world.name("sub"), "azp": audience, "iat": now, "exp": now + 600 + number,
            });
            let wanted = json!({ "alg": "ES256", "claims": claims });
            let signed = reqwest::Client::new().post(format!("{issuer}/sign")).body(wanted.to_string()).send().await;
            let signed: Value = serde_json::from_slice(&signed.unwrap().bytes().await.unwrap()).unwrap();
            signed["token"].as_str().unwrap().to_owned()
        };
        let role = async |token: &str| {
            let me = world.ours.shopper.with_key(token).get("/api/v1/auth/me");
            let me = me.header("x-publishable-key", world.ours.shopper.key().unwrap()).send().await.expect(200);
            me.json()["role"].as_str().unwrap().to_owned()
        };
        let (first, second) = (sign(1).await, sign(2).await);
        let link = member.client.post("/api/v1/auth/providers/link-token").json(&json!({ "token": first }));
        link.send().await.expect(200);
        // The second time it is known whom to ask Redis about; that answer is forgotten before the second token is.
        for _ in 0..2 {
            assert_eq!(role(&first).await, "viewer");
        }
        let asked = Instant::now();
        tokio::time::sleep(BELIEVED - Duration::from_secs(5)).await;
        assert_eq!(role(&second).await, "viewer");
        let path = format!("/api/v1/members/{}", member.id);
        owner.patch(&path).json(&json!({ "role": "member" })).send().await.expect(200);
        tokio::time::sleep_until(asked + BELIEVED + Duration::from_secs(1)).await;
        assert_eq!(role(&second).await, "member");
    });
}

/// So many tokens name a key that nobody knows, all at once.
const MADE_UP: usize = 40;

pub fn an_issuer_is_not_missed_and_not_flooded(stage: &Stage, kind: Kind) {
    let provider = start_identity_provider(stage.provider_port()).unwrap();
    stage.run(async {
        let world = stage.world();
        let issuer = format!("{}/told", provider.url);
        let (now, audience) = (stage.app().clock.now().millis() / 1_000, "https://shop.example");
        let sign = async |kid: Option<&str>, number: usize| {
            let claims = json!({
                "iss": issuer, "sub": world.name("sub"), "azp": audience, "iat": now, "exp": now + 600,
                "email": format!("{}@example.com", world.mark), "email_verified": true, "jti": number.to_string(),
            });
            let header = kid.map_or_else(|| json!({}), |kid| json!({ "kid": kid }));
            let wanted = json!({ "alg": "ES256", "header": header, "claims": claims });
            let signed = reqwest::Client::new().post(format!("{issuer}/sign")).body(wanted.to_string()).send().await;
            let signed: Value = serde_json::from_slice(&signed.unwrap().bytes().await.unwrap()).unwrap();
            signed["token"].as_str().unwrap().to_owned()
        };
        let mut good = Vec::new();
        let mut made_up = Vec::new();
        for number in 0..MADE_UP {
            good.push(sign(None, number).await);
            made_up.push(sign(Some(&format!("made-up-{number}")), number).await);
        }
        let asked = async || {
            let count = async |path: &str| {
                let told = tell(&provider, &format!("/test/count?path=/told/{path}")).await;
                told.parse::<usize>().unwrap()
            };
            (count(".well-known/openid-configuration").await, count("jwks").await)
        };
        let me = async |shop: &Shop, token: &str| {
            let me = shop.shopper.with_key(token).get("/api/v1/auth/me");
            me.header("x-publishable-key", shop.shopper.key().unwrap()).send().await
        };
        let set_up = async |shop: &Shop| {
            let owner = as_person(&world, &log_in(shop, "owner@example.com").await.expect(200));
            set_up(&owner, json!({ "clientId": "shop", "issuer": issuer, "tokenAudiences": [audience] })).await;
            let body = json!({ "token": good[0] });
            shop.shopper.post("/api/v1/auth/providers/exchange").json(&body).send().await.expect(200);
        };

        // What one isolate was told, all know.
        set_up(&world.ours).await;
        let before = asked().await;
        let isolate = stage.isolate().await;
        me(&stage.world_of(&isolate).ours, &good[1]).await.expect(200);
        assert_eq!(asked().await, before);

        // While the issuer is away nobody can say that there is no such key, and nobody needs it for one that is known.
        tell(&provider, "/test/away?path=/told").await;
        let isolate = stage.isolate().await;
        let cold = stage.world_of(&isolate).ours;
        let refused = me(&cold, &made_up[0]).await.expect_problem(503, "provider-unavailable");
        assert_eq!(refused.the("retry-after"), "10");
        me(&cold, &good[2]).await.expect(200);
        me(&world.ours, &good[3]).await.expect(200);
        let crowd = join_all(made_up.iter().map(|token| me(&world.ours, token))).await;
        for answer in crowd {
            answer.expect_problem(503, "provider-unavailable");
        }
        assert_eq!(asked().await, (before.0, before.1 + 1), "one fetch, which failed");
        tell(&provider, "/test/back").await;

        // A crowd with made-up keys is one fetch, however many isolates it comes to.
        let (one, other) = (stage.isolate().await, stage.isolate().await);
        let shops = [stage.world_of(&one).theirs, stage.world_of(&other).theirs];
        set_up(&shops[0]).await;
        let before = asked().await;
        let crowd = made_up.iter().enumerate().map(|(number, token)| me(&shops[number % 2], token));
        let crowd = join_all(crowd).await;
        let unknown = crowd.iter().filter(|answer| answer.status == 401).count();
        for answer in crowd {
            // Those who came while the keys were on their way are told to come back.
            let code = if answer.status == 401 { "bad-credentials" } else { "provider-unavailable" };
            let status = if answer.status == 401 { 401 } else { 503 };
            answer.expect_problem(status, code);
        }
        assert!(1 <= unknown);
        for shop in &shops {
            me(shop, &made_up[0]).await.expect_problem(401, "bad-credentials");
            me(shop, &good[4]).await.expect(200);
        }
        assert_eq!(asked().await, (before.0, before.1 + 1));
        println!(
            "{kind}: cold isolates took an absent issuer's tokens; {MADE_UP} made-up keys at once were one fetch, {unknown} \
             of them refused, the others told to come back"
        );
    });
}
