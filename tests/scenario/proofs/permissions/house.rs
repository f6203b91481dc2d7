//! Two organizations with the same data behind one address, one of them with two stores, and who works there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use headlesspro_edge::app::{self, App};
use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::identity::{create_account, create_key};
use headlesspro_edge::organizations::open_store;
use headlesspro_edge::port::BoxFuture;
use headlesspro_edge::port::clock::Clock;
use headlesspro_edge::port::sql::{Commit, Statement};
use headlesspro_edge::routes::Route;
use headlesspro_shared::identity::{KeyKind, Password, Role, Scopes};
use headlesspro_shared::kernel::id::ExternalIdentityId;
use headlesspro_shared::kernel::time::Timestamp;
use http::Method;
use serde_json::{Value, json};

use super::paths::{TABLE, body_of, key_for, missing, operation_of, written};
use crate::app::{STAFF_PASSWORD, Stage};
use crate::client::{Answer, Call, Client};
use crate::world::at_own_address;

/// Two hours ago: what was issued then has expired.
struct Past;

impl Clock for Past {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(SystemClock.now().millis() - 7_200_000)
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()> {
        SystemClock.sleep(pause)
    }
}

pub struct Tenant {
    /// Stands in no answer to anybody else.
    pub name: &'static str,
    pub publishable: String,
    pub secret: String,
    pub ids: app::Tenant,
}

pub struct House<'a> {
    stage: &'a Stage,
    /// Has no credential.
    pub nobody: Client,
    pub ours: Tenant,
    /// Another store of ours.
    pub sibling: Tenant,
    pub theirs: Tenant,
    numbers: AtomicUsize,
    requests: AtomicUsize,
}

/// Who is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Caller {
    /// A guest and an app show the keys of the store, everybody else a token.
    BuiltIn(Role),
    /// An app by a token of its own.
    OauthApp,
    /// Somebody with a role of the organization's own.
    CustomRole,
    /// An admin whose grants are for the sibling store alone.
    AdminElsewhere,
    /// An admin whose grants are for one product, which is not there.
    AdminOfNothing,
}

impl Caller {
    pub fn all() -> impl Iterator<Item = Caller> {
        let special = [Caller::OauthApp, Caller::CustomRole, Caller::AdminElsewhere, Caller::AdminOfNothing];
        Role::BUILT_IN.into_iter().map(Caller::BuiltIn).chain(special)
    }

    pub fn name(self) -> String {
        match self {
            Caller::BuiltIn(role) => role.to_string(),
            Caller::OauthApp => "oauth-app".to_owned(),
            Caller::CustomRole => "custom-role".to_owned(),
            Caller::AdminElsewhere => "admin-elsewhere".to_owned(),
            Caller::AdminOfNothing => "admin-of-nothing".to_owned(),
        }
    }
}

impl<'a> House<'a> {
    pub async fn found(stage: &'a Stage) -> House<'a> {
        let ours = tenant(stage.app(), "Ours GmbH").await;
        let theirs = tenant(stage.app(), "Theirs Ltd").await;
        let mut unlimited = Commit::new();
        unlimited.push(Statement::new(
            "UPDATE organization SET most_members = NULL, most_stores = NULL, most_api_keys = NULL, locales = 'fr de'",
        ));
        stage.sql().commit(&unlimited).await.unwrap();
        let sibling = Tenant { ids: ours.ids, name: "Sibling", publishable: String::new(), secret: String::new() };
        let (numbers, requests) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let nobody = at_own_address(&stage.world().nobody);
        let mut house = House { stage, nobody, ours, sibling, theirs, numbers, requests };
        let owner = house.credential(Caller::BuiltIn(Role::Owner)).await;
        let opened = house.create("/api/v1/stores", &owner, &json!({ "name": house.sibling.name })).await;
        house.sibling.ids.store = text(&opened.expect(201), "/id").parse().unwrap();
        // As the examples of products are said and priced.
        let mut abroad = Commit::new();
        abroad.push(Statement::new("UPDATE store SET currencies = '[\"JPY\"]'"));
        stage.sql().commit(&abroad).await.unwrap();
        house.sibling.publishable = new_key(stage.app(), house.sibling.ids, KeyKind::Publishable).await;
        house.sibling.secret = new_key(stage.app(), house.sibling.ids, KeyKind::Secret).await;
        house
    }

    /// So many requests were made.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// One that nothing has been named after.
    pub fn number(&self) -> usize {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// The id and the address of somebody new.
    pub async fn hire(&self, tenant: &Tenant, role: Role) -> (String, String) {
        let number = self.number();
        let address = format!("person-{number}@example.com");
        let email = address.parse().unwrap();
        let password = Password::chosen(STAFF_PASSWORD, &email).unwrap();
        let locale = "en".parse().unwrap();
        let made = create_account(self.stage.app(), tenant.ids, &email, &password, role, &locale).await;
        (made.unwrap().unwrap().to_string(), address)
    }

    /// The addresses of so many who buy there.
    pub async fn customers<const N: usize>(&self, tenant: &Tenant) -> [String; N] {
        let hired = join_all((0..N).map(|_| self.hire(tenant, Role::Customer))).await;
        let addresses: Vec<String> = hired.into_iter().map(|(_, address)| address).collect();
        addresses.try_into().unwrap()
    }

    async fn log_in(&self, by: &Client, tenant: &Tenant, email: &str) -> String {
        text(&self.tokens_of(by, tenant, email).await, "/accessToken")
    }

    /// The answer to a login.
    pub async fn tokens_of(&self, by: &Client, tenant: &Tenant, email: &str) -> Answer {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let body = json!({ "email": email, "password": STAFF_PASSWORD });
        let login = by.with_key(&tenant.publishable).post("/api/v1/auth/login").json(&body).send().await;
        login.expect(200)
    }

    /// Links somebody to another issuer's account, as a login by it does, and answers the identity's id.
    pub async fn link(&self, tenant: &Tenant, credential: &str) -> String {
        let account = text(&self.get("/api/v1/auth/me", credential).await.expect(200), "/id");
        let id = ExternalIdentityId::from_u128(u128::try_from(self.number()).unwrap()).to_string();
        let insert = "INSERT INTO external_identity (organization_id, issuer, subject, account_id, linked_at, id) \
                      VALUES (?1, 'https://issuer.example', ?3, ?2, 1, ?3)";
        let mut commit = Commit::new();
        let organization = tenant.ids.organization.to_string();
        commit.push(Statement::new(insert).bind(organization).bind(account).bind(id.as_str()));
        self.stage.sql().commit(&commit).await.unwrap();
        id
    }

    /// An access token of an app of its own.
    async fn app_token(&self, client: &str) -> String {
        let form = format!("grant_type=client_credentials&{client}");
        let answer = self.request(&self.nobody, &Method::POST, "/oauth/token", None, None, &form).send().await;
        text(&answer.expect(200), "/access_token")
    }

    /// What a new app authenticates by, in a form, and a token of it.
    pub async fn new_app(&self, owner: &str, name: &str) -> (String, String) {
        let app = json!({ "name": name, "scopes": "catalog:read orders:read" });
        let app = self.create("/api/v1/apps", owner, &app).await.expect(201);
        let client = format!("client_id={}&client_secret={}", text(&app, "/app/id"), text(&app, "/clientSecret"));
        let token = self.app_token(&client).await;
        (client, token)
    }

    /// The token of somebody new.
    pub async fn log_in_as(&self, tenant: &Tenant, role: Role) -> String {
        let (_, email) = self.hire(tenant, role).await;
        self.log_in(&self.nobody, tenant, &email).await
    }

    /// A credential for our store that nobody else has, but for its two keys.
    pub async fn credential(&self, caller: Caller) -> String {
        match caller {
            Caller::BuiltIn(Role::Guest) => self.ours.publishable.clone(),
            Caller::BuiltIn(Role::App) => self.ours.secret.clone(),
            Caller::BuiltIn(role) => self.log_in_as(&self.ours, role).await,
            Caller::OauthApp => {
                let owner = self.log_in_as(&self.ours, Role::Owner).await;
                self.new_app(&owner, "Matrix").await.1
            }
            Caller::CustomRole => {
                let owner = self.log_in_as(&self.ours, Role::Owner).await;
                let name = format!("Matrix {}", self.number());
                let role = json!({ "name": name, "scopes": "catalog:read orders:read members:read" });
                let role = text(&self.create("/api/v1/roles", &owner, &role).await.expect(201), "/id");
                self.appointed(&owner, &json!({ "role": role })).await
            }
            Caller::AdminElsewhere => {
                let owner = self.log_in_as(&self.ours, Role::Owner).await;
                let to = json!({ "store": self.sibling.ids.store });
                let grant = json!({ "scopes": "catalog:read orders:read", "to": to });
                self.appointed(&owner, &json!({ "role": "admin", "grants": [grant] })).await
            }
            Caller::AdminOfNothing => {
                let owner = self.log_in_as(&self.ours, Role::Owner).await;
                let scopes = Role::Admin.scopes(Scopes::NONE);
                let grant = json!({ "scopes": scopes, "to": { "record": missing("prod") } });
                self.appointed(&owner, &json!({ "role": "admin", "grants": [grant] })).await
            }
        }
    }

    /// The token of a member who was given another role, or grants.
    async fn appointed(&self, owner: &str, appointment: &Value) -> String {
        let (id, email) = self.hire(&self.ours, Role::Viewer).await;
        let path = format!("/api/v1/members/{id}");
        let body = appointment.to_string();
        self.request(&self.nobody, &Method::PATCH, &path, Some(owner), None, &body).send().await.expect(200);
        // What was issued in the millisecond of the change is void with what was issued before.
        tokio::time::sleep(Duration::from_millis(5)).await;
        self.log_in(&self.nobody, &self.ours, &email).await
    }

    /// Credentials that let nobody in, by what is wrong with them.
    pub async fn bad_credentials(&self) -> Vec<(&'static str, String)> {
        let token = self.log_in_as(&self.ours, Role::Owner).await;
        vec![
            ("expired", self.expired_token().await),
            ("wrong-signature", forged::wrong_signature(&token)),
            ("alg-none", forged::alg_none(&token)),
            ("other-kind", self.ours.publishable.replacen("pk_", "sk_", 1)),
            ("secret-as-publishable", self.ours.secret.replacen("sk_", "pk_", 1)),
            ("ended", self.ended_token().await),
            ("other-store", forged::other_store(&self.ours.secret, &self.theirs.secret)),
        ]
    }

    async fn expired_token(&self) -> String {
        let (_, email) = self.hire(&self.ours, Role::Owner).await;
        let past = self.stage.isolate_at(Arc::new(Past)).await;
        self.log_in(&self.stage.world_of(&past).nobody, &self.ours, &email).await
    }

    /// The token of a session that was ended before it was shown.
    async fn ended_token(&self) -> String {
        let (_, email) = self.hire(&self.ours, Role::Owner).await;
        let ended = self.log_in(&self.nobody, &self.ours, &email).await;
        let asking = self.log_in(&self.nobody, &self.ours, &email).await;
        let sessions = self.get("/api/v1/auth/sessions", &asking).await.json();
        let items = sessions["items"].as_array().unwrap();
        let other = items.iter().find(|session| session["current"] == json!(false)).unwrap();
        let path = format!("/api/v1/auth/sessions/{}", other["id"].as_str().unwrap());
        self.request(&self.nobody, &Method::DELETE, &path, Some(&asking), None, "").send().await.expect(204);
        ended
    }

    pub async fn get(&self, path: &str, credential: &str) -> Answer {
        self.request(&self.nobody, &Method::GET, path, Some(credential), None, "").send().await
    }

    /// A POST of the tenant's own, without an idempotency key.
    pub async fn create(&self, path: &str, credential: &str, body: &Value) -> Answer {
        self.request(&self.nobody, &Method::POST, path, Some(credential), None, &body.to_string()).send().await
    }

    /// A request with a body as the description shows one.
    pub fn call(&self, by: &Client, route: &Route, path: &str, credential: &str) -> Call {
        let operation = operation_of(&route.method, route.path);
        let example = body_of(operation).map(|body| written(operation, &body)).unwrap_or_default();
        self.request(by, &route.method, path, Some(credential), Some(&key_for(path)), &example)
    }

    pub fn request(
        &self,
        by: &Client,
        method: &Method,
        path: &str,
        credential: Option<&str>,
        idempotency_key: Option<&str>,
        body: &str,
    ) -> Call {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let by = credential.map_or_else(|| by.clone(), |credential| by.with_key(credential));
        let mut call = by.call(method.clone(), path);
        if let Some(key) = idempotency_key {
            call = call.header("idempotency-key", key);
        }
        let media_type = match path {
            "/api/v1/imports" => "text/csv",
            path if path.contains("/parts/") => "application/jsonl",
            path if path.starts_with("/oauth/") => "application/x-www-form-urlencoded",
            _ => "application/json",
        };
        if *method == Method::GET { call } else { call.body(media_type, body.to_owned()) }
    }

    /// What an owner sees in lists, by path.
    pub async fn lists(&self, owner: &str) -> BTreeMap<&'static str, Value> {
        let is_list =
            |route: &&Route| route.method == Method::GET && !route.path.contains('{') && route.access.scope().is_some();
        let mut seen = BTreeMap::new();
        for route in TABLE.iter().filter(is_list) {
            seen.insert(route.path, said(&self.get(route.path, owner).await));
        }
        seen
    }
}

/// What a body says, but for what differs each time.
pub fn said(answer: &Answer) -> Value {
    let mut body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if let Some(members) = body.as_object_mut() {
        members.remove("requestId");
    }
    body
}

/// A text of an answer that must be there.
#[track_caller]
pub fn text(answer: &Answer, pointer: &str) -> String {
    let body = answer.json();
    let found = body.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no {pointer} in {answer}")).to_owned()
}

async fn tenant(app: &App, name: &'static str) -> Tenant {
    let opened = open_store(app, name, name, "EUR".parse().unwrap()).await.unwrap();
    Tenant { name, publishable: opened.publishable_key, secret: opened.secret_key, ids: opened.tenant }
}

async fn new_key(app: &App, tenant: app::Tenant, kind: KeyKind) -> String {
    let made = create_key(app, tenant, kind, &"Sibling".parse().unwrap(), Scopes::of_new_key(kind)).await;
    made.unwrap().unwrap().1
}

/// Credentials made of good ones.
mod forged {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    /// A signature as long as a real one, with one bit turned.
    pub fn wrong_signature(token: &str) -> String {
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
        bytes[40] ^= 1;
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// `{"alg":"none","typ":"JWT","kid":"x"}`.
    pub fn alg_none(token: &str) -> String {
        let payload = token.split('.').nth(1).unwrap();
        format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIiwia2lkIjoieCJ9.{payload}.")
    }

    /// Our secret under the name of their store.
    pub fn other_store(ours: &str, theirs: &str) -> String {
        format!("{}{}", &theirs[..55], &ours[55..])
    }
}
