//! What the audit log keeps of changes of an account: how it was before and after, and nothing personal.

use std::time::Duration;

use serde_json::{Value, json};

use super::passkeys;
use super::people::{PASSWORD, sign_up};
use super::second_factors::{confirm, early_in_a_step, enroll};
use super::sessions::{as_person, log_in_with};
use crate::authenticator::Authenticator;
use crate::client::{Answer, Client};
use crate::eventually::eventually;
use crate::world::World;

const ME: &str = "/api/v1/customers/me";
const BOOK: &str = "/api/v1/customers/me/addresses";
const OTHER: &str = "incorrect mule cell";

/// Each stands in some request of the story and nowhere else.
const PERSONAL: [&str; 9] =
    ["Zebedee", "Quillfeather", "Moorhen", "Ottery", "Devon", "EX11 9QQ", "1404 555", "example.com", "Snettisham"];

pub async fn changes_of_a_profile_and_an_address_book_are_told_before_and_after(world: World) {
    let (owner, person) = (owner(&world).await, Account::new(&world, "audited").await);
    let change = async |body: Value| drop(person.client.patch(ME).json(&body).send().await.expect(200));
    change(json!({ "name": "Zebedee Quillfeather", "phone": "+44 1404 555 777" })).await;
    change(json!({ "name": "Z. Quillfeather", "locale": "ko", "phone": "" })).await;
    let address = |city: &str, country: &str| {
        json!({
            "name": "Zebedee Quillfeather", "company": "Snettisham Ltd", "line1": "3 Moorhen Lane", "city": city,
            "region": "Devon", "postalCode": "EX11 9QQ", "countryCode": country, "phone": "+44 1404 555 777",
        })
    };
    let body = json!({ "address": address("Ottery", "GB") });
    let made = person.client.post(BOOK).json(&body).send().await.expect(201).json();
    let path = format!("{BOOK}/{}", made["id"].as_str().unwrap());
    let moved = json!({ "address": address("Ottery St Mary", "FR"), "isDefaultBilling": false });
    let moved = person.client.patch(&path).json(&moved).send().await.expect(200);
    let removed = person.client.delete(&path).send().await.expect(204);
    assert!(moved.spent().sql <= 2 && removed.spent().sql <= 2, "{moved} {removed}");

    let log = Log::read(&owner, &person.id).await;
    let [first, second] = log.all("profile.update")[..] else { panic!("{log:?}") };
    assert_eq!(first["before"], json!({ "name": null, "phone": null, "locale": "en" }));
    let changed = "[redacted, changed]";
    assert_eq!(first["after"], json!({ "name": changed, "phone": changed, "locale": "en" }));
    assert_eq!(second["before"], json!({ "name": "[redacted]", "phone": "[redacted]", "locale": "en" }));
    assert_eq!(second["after"], json!({ "name": changed, "phone": null, "locale": "ko" }));
    let masked = |city: &str, country: &str, is_billing: bool| {
        let hidden = "[redacted]";
        json!({
            "address": {
                "name": hidden, "company": hidden, "line1": hidden, "line2": null, "city": city, "region": hidden,
                "postalCode": hidden, "countryCode": country, "phone": hidden,
            },
            "isDefaultShipping": true,
            "isDefaultBilling": is_billing,
        })
    };
    let before = masked("[redacted]", "GB", true);
    log.only("address.create", (&Value::Null, &before));
    log.only("address.update", (&before, &masked(changed, "FR", false)));
    log.only("address.delete", (&json!({ "address": "[redacted]" }), &Value::Null));
    log.tells_nothing_personal(&[]);
}

pub async fn changes_of_what_opens_an_account_are_told_before_and_after(world: World) {
    let (owner, person) = (owner(&world).await, Account::new(&world, "guarded").await);
    let client = &person.client;
    let mut authenticator = Authenticator::es256(&world.name("ring"), passkeys::ORIGIN);
    let made = passkeys::register(client, &mut authenticator).await.expect(201);
    let path = made.the("location").to_owned();
    for _ in 0..2 {
        let name = json!({ "name": "Zebedee's ring" });
        let named = client.patch(&path).json(&name).send().await.expect(200);
        assert!(named.json()["name"] == "Zebedee's ring" && named.spent().sql <= 2, "{named}");
    }
    client.delete(&path).send().await.expect(204);

    let now = early_in_a_step().await;
    let app = enroll(client).await;
    let first = confirm(client, &app.code(now - 1)).await.expect(200).json()["recoveryCodes"].clone();
    let factor = async |path: &str, body: Value| {
        client.post(&format!("/api/v1/auth/second-factor/{path}")).json(&body).send().await
    };
    let second = factor("recovery-codes", json!({ "code": app.code(now) })).await.expect(200);
    let second = second.json()["recoveryCodes"].clone();
    log_in_with(&world.ours, &person.email, PASSWORD).await.expect_problem(401, "second-factor-required");
    factor("disable", json!({ "recoveryCode": second[0] })).await.expect(204);

    let log = Log::read(&owner, &person.id).await;
    let passkey = json!({
        "name": "[redacted]", "rpId": made.json()["rpId"], "algorithm": -7, "isBackedUp": true,
        "aaguid": log.all("passkey.register")[0]["after"]["aaguid"],
    });
    log.only("passkey.register", (&Value::Null, &passkey));
    // The same name again is no change.
    log.only("passkey.rename", (&json!({ "name": "[redacted]" }), &json!({ "name": "[redacted, changed]" })));
    log.only("passkey.remove", (&passkey, &Value::Null));
    let factor = |is_enrolled: bool, is_on: bool| json!({ "isEnrolled": is_enrolled, "hasSecondFactor": is_on });
    let with_codes = json!({ "isEnrolled": true, "hasSecondFactor": true, "newRecoveryCodes": 10 });
    log.only("second-factor.enroll", (&factor(false, false), &factor(true, false)));
    log.only("second-factor.confirm", (&factor(true, false), &with_codes));
    log.only("second-factor.replace-codes", (&factor(true, true), &with_codes));
    log.only("second-factor.disable", (&factor(true, true), &factor(false, false)));
    log.only("session.challenge", (&Value::Null, &json!({ "purpose": "second-factor" })));
    let codes = [&first, &second].into_iter().flat_map(|codes| codes.as_array().unwrap());
    let codes: Vec<&str> = codes.map(|code| code.as_str().unwrap()).collect();
    log.tells_nothing_personal(&codes);
}

pub async fn changes_of_sessions_passwords_and_addresses_are_told_before_and_after(world: World) {
    let (owner, person) = (owner(&world).await, Account::new(&world, "opened").await);
    let log_in = async |password: &str| log_in_with(&world.ours, &person.email, password).await.expect(200);
    let post = async |client: &Client, path: &str, body: Value| client.post(path).json(&body).send().await;
    let lost = log_in(PASSWORD).await;
    let sessions = person.client.get("/api/v1/auth/sessions").send().await.expect(200).json();
    let newest = sessions["items"].as_array().unwrap().iter().find(|session| session["current"] == false).unwrap();
    let path = format!("/api/v1/auth/sessions/{}", newest["id"].as_str().unwrap());
    for _ in 0..2 {
        person.client.delete(&path).send().await.expect(204);
    }
    let change = json!({ "currentPassword": PASSWORD, "newPassword": OTHER });
    post(&person.client, "/api/v1/auth/password", change).await.expect(204);
    post(&person.client, "/api/v1/auth/logout", json!({})).await.expect(204);
    let mine = as_person(&world, &log_in(OTHER).await);
    mine.delete("/api/v1/auth/sessions").send().await.expect(204);
    let shopper = &world.ours.shopper;
    post(shopper, "/api/v1/auth/password/forgot", json!({ "email": person.email })).await.expect(202);
    let token = world.mailed_secret(&person.email, "account/reset-password").await;
    let reset = json!({ "token": token, "newPassword": PASSWORD });
    post(shopper, "/api/v1/auth/password/reset", reset).await.expect(204);
    let mine = as_person(&world, &log_in(PASSWORD).await);
    let new = world.email("other");
    let ask = json!({ "email": new, "currentPassword": PASSWORD });
    post(&mine, "/api/v1/auth/email", ask).await.expect(202);
    let link = world.mailed_secret(&new, "account/confirm-email").await;
    post(shopper, "/api/v1/auth/email/confirm", json!({ "token": link })).await.expect(204);

    let log = Log::read(&owner, &person.id).await;
    let opened = log.all("session.open");
    assert_eq!(opened.len(), 4, "{log:?}");
    for row in opened {
        assert_eq!((&row["before"], &row["after"]["role"]), (&Value::Null, &json!("customer")));
        assert_eq!(row["after"]["accountId"], json!(person.id));
        assert!(row["after"]["expiresAt"].is_string(), "{row}");
    }
    let open = json!({ "isOpen": true });
    let ended = |because: &str| json!({ "isOpen": false, "because": because });
    let [revoked, out] = log.all("session.revoke")[..] else { panic!("{log:?}") };
    assert_eq!((&revoked["before"], &revoked["after"]), (&open, &ended("revoked")));
    assert_eq!((&out["before"], &out["after"]["isOpen"]), (&open, &json!(false)));
    assert_ne!(out["after"]["because"], revoked["after"]["because"]);
    log.only("session.revoke-all", (&open, &ended("revoked")));
    let before = json!({ "hasPassword": true, "isVerified": true });
    let after = json!({ "hasPassword": true, "isVerified": true, "hasNewPassword": true });
    log.only("password.change", (&before, &after));
    log.only("password.reset", (&before, &after));
    let asked = json!({ "purpose": "change-email", "email": "[redacted]" });
    log.only("email.ask-for-change", (&Value::Null, &asked));
    log.only("email.change", (&json!({ "email": "[redacted]" }), &json!({ "email": "[redacted, changed]" })));
    log.only("account.verify", (&json!({ "isVerified": false }), &json!({ "isVerified": true })));
    let refresh = lost.json()["refreshToken"].as_str().unwrap().to_owned();
    log.tells_nothing_personal(&[PASSWORD, OTHER, &token, &link, &refresh]);
    // Whoever asks for a link is no account yet, so that row is the key's.
    let asked = owner.get(&format!("/api/v1/audit-log?filter[subject]={}&limit=250", person.id)).send().await;
    let asked = Log(asked.expect(200).json()["items"].as_array().unwrap().clone());
    log_of_links(&asked);
}

fn log_of_links(log: &Log) {
    log.only("password.forget", (&Value::Null, &json!({ "purpose": "reset-password" })));
    log.only("account.register", (&Value::Null, &json!({ "role": "customer", "locale": "en" })));
    log.tells_nothing_personal(&[]);
}

pub async fn an_address_that_a_magic_link_confirms_is_told(world: World) {
    let (owner, email) = (owner(&world).await, world.email("linked"));
    let post = async |path: &str, body: Value| world.ours.shopper.post(path).json(&body).send().await;
    let register = json!({ "email": email, "password": OTHER, "name": "Zebedee" });
    post("/api/v1/auth/register", register).await.expect(202);
    let mut secrets = vec![OTHER.to_owned()];
    for _ in 0..2 {
        post("/api/v1/auth/magic", json!({ "email": email })).await.expect(202);
        let token = eventually("another link", Duration::from_secs(20), async || {
            let newest = world.mailed_secret(&email, "account/magic").await;
            (!secrets.contains(&newest)).then_some(newest)
        })
        .await;
        let tokens = post("/api/v1/auth/magic/exchange", json!({ "token": token })).await.expect(200).json();
        let log = Log::read(&owner, tokens["account"]["id"].as_str().unwrap()).await;
        secrets.push(token);
        // Once: the second link finds it confirmed.
        let state = |is_verified: bool| json!({ "isVerified": is_verified, "hasPassword": false });
        log.only("account.verify", (&state(false), &state(true)));
        assert_eq!(log.all("session.open").len(), secrets.len() - 1, "{log:?}");
        log.tells_nothing_personal(&secrets.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

pub async fn a_token_that_an_app_gives_up_is_told(world: World) {
    let owner = owner(&world).await;
    let wanted = json!({ "name": world.name("erp"), "scopes": "catalog:read" });
    let made = owner.post("/api/v1/apps").json(&wanted).send().await.expect(201).json();
    let (id, secret) = (made["app"]["id"].as_str().unwrap(), made["clientSecret"].as_str().unwrap());
    let form = async |path: &str, more: String| {
        let form = format!("{more}&client_id={id}&client_secret={secret}");
        world.nobody.post(path).body("application/x-www-form-urlencoded", form).send().await
    };
    let token = form("/oauth/token", "grant_type=client_credentials".to_owned()).await.expect(200).json();
    let token = token["access_token"].as_str().unwrap().to_owned();
    let void = form("/oauth/revoke", format!("token={token}")).await.expect(200);
    assert!(void.spent().sql <= 3, "{void}");
    // What is no token of the app changes nothing.
    form("/oauth/revoke", format!("token={token}x")).await.expect(200);

    let log = Log::read(&owner, id).await;
    let row = log.all("app.revoke-token")[0];
    assert_eq!((&row["subject"], &row["after"]), (&json!(id), &json!({ "isGood": false })));
    assert_eq!(row["before"]["isGood"], true);
    assert!(row["before"]["issuedAt"].is_string(), "{row}");
    assert_eq!(log.0.len(), 1, "{log:?}");
    log.tells_nothing_personal(&[&token, secret]);
    owner.delete(&format!("/api/v1/apps/{id}")).send().await.expect(204);
    let rows = owner.get(&format!("/api/v1/audit-log?filter[subject]={id}")).send().await.expect(200).json();
    assert_eq!(
        (&rows["items"][0]["action"], &rows["items"][0]["after"]),
        (&json!("app.revoke"), &json!({ "isRevoked": true }))
    );
}

/// The owner of our shop, whose passkeys are made for somebody.
async fn owner(world: &World) -> Client {
    passkeys::person(world, "owner@example.com").await.1
}

/// A customer who is logged in.
struct Account {
    id: String,
    email: String,
    client: Client,
}

impl Account {
    async fn new(world: &World, name: &str) -> Account {
        let email = world.email(name);
        sign_up(world, &email).await;
        let tokens: Answer = log_in_with(&world.ours, &email, PASSWORD).await.expect(200);
        let id = tokens.json()["account"]["id"].as_str().unwrap().to_owned();
        Account { id, email, client: as_person(world, &tokens) }
    }
}

/// What an actor did, the oldest first.
#[derive(Debug)]
struct Log(Vec<Value>);

impl Log {
    async fn read(owner: &Client, actor: &str) -> Log {
        let log = owner.get(&format!("/api/v1/audit-log?filter[actor]={actor}&limit=250")).send().await;
        let mut rows = log.expect(200).json()["items"].as_array().unwrap().clone();
        rows.reverse();
        Log(rows)
    }

    fn all(&self, action: &str) -> Vec<&Value> {
        self.0.iter().filter(|row| row["action"] == action).collect()
    }

    /// There is one such row, with this before and after.
    fn only(&self, action: &str, (before, after): (&Value, &Value)) {
        let [row] = self.all(action)[..] else { panic!("{action} is not there once: {self:?}") };
        assert_eq!((&row["before"], &row["after"]), (before, after), "{action}");
        assert!(!row["requestId"].as_str().unwrap().is_empty(), "{row}");
    }

    fn tells_nothing_personal(&self, secrets: &[&str]) {
        let told = format!("{:?}", self.0);
        for secret in PERSONAL.iter().chain(secrets) {
            assert!(!told.contains(secret), "{secret} is in {told}");
        }
        for row in &self.0 {
            assert!(!row["before"].is_null() || !row["after"].is_null(), "neither before nor after: {row}");
        }
    }
}
