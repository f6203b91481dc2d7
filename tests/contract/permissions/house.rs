//! Two organizations with the same data behind one address, one of them with two stores.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use headlesspro_edge::app::{self, App};
use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::host::native::libsql::{Durability, EmbeddedSql};
use headlesspro_edge::identity::{create_account, create_key};
use headlesspro_edge::limits::ClientAddress;
use headlesspro_edge::migrate::migrate;
use headlesspro_edge::openapi::{Operation, Place, operations};
use headlesspro_edge::organizations::open_store;
use headlesspro_edge::port::BoxFuture;
use headlesspro_edge::port::clock::Clock;
use headlesspro_edge::port::entropy::HostEntropy;
use headlesspro_edge::port::fetch::tenants::TenantFetch;
use headlesspro_edge::port::fetch::{Fetch, FetchError, Limits};
use headlesspro_edge::port::kv::Kv;
use headlesspro_edge::port::kv::memory::MemoryKv;
use headlesspro_edge::port::mailer::memory::Mailbox;
use headlesspro_edge::port::sql::{Commit, Sql, Statement};
use headlesspro_edge::routes::{Route, router, routes};
use headlesspro_edge::scripts;
use headlesspro_shared::identity::{KeyKind, Password, Role, Scopes};
use headlesspro_shared::kernel::time::Timestamp;
use http::{HeaderMap, Method, Request};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::without_request_id;
use crate::secrets::secrets;

const PASSWORD: &str = "correct horse battery";

const FILE: &str = "\
Handle,Title,Body (HTML),Vendor,Product Category,Tags,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Price,Image Src,Image Alt Text\n\
tent,Tent,<p>Dry.</p>,Northwind,Outdoor > Tents,new,Colour,Moss,TENT-M,shopify,90,189.00,,\n\
mug,Mug,,,,,,,MUG,,,12.50,,\n";

/// Reaches nobody.
struct Nobody;

impl Fetch for Nobody {
    fn send(&self, _: http::Request<Bytes>, _: Limits) -> BoxFuture<'_, Result<http::Response<Bytes>, FetchError>> {
        Box::pin(async { Err(FetchError::Connection("nobody is there".to_owned())) })
    }
}

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
    ids: app::Tenant,
}

pub struct House {
    app: Arc<App>,
    router: Router,
    pub ours: Tenant,
    /// Another store of ours.
    pub sibling: Tenant,
    pub theirs: Tenant,
    /// A token of our owner's, two hours old.
    pub expired: String,
    people: AtomicUsize,
    requests: AtomicUsize,
    _folder: tempfile::TempDir,
}

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    pub fn without_request_id(&self) -> Value {
        without_request_id(&self.body)
    }

    /// Headers and body as one text.
    pub fn everything(&self) -> String {
        format!("{:?} {}", self.headers, self.body)
    }

    fn text(&self, pointer: &str) -> String {
        let value = self.body.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_else(|| panic!("no {pointer} in {} {}", self.status, self.body)).to_owned()
    }
}

/// The kind of id that a path has in the place of `parameter`, which comes after `before`. A new one is named here,
/// and made in [`House::furnish`].
pub fn prefix_of(before: &str, parameter: &str) -> &'static str {
    match (before, parameter) {
        ("addresses", _) => "addr",
        ("api-keys", _) => "key",
        ("apps", _) => "app",
        ("cart", _) => "cart",
        ("checkouts", _) => "chk",
        ("identities", _) => "ext",
        ("identity-providers" | "providers", _) => "idp",
        ("invitations", _) => "inv",
        ("items", _) => "var",
        ("customers" | "members", _) => "usr",
        ("orders", _) => "ord",
        ("passkeys", _) => "pas",
        ("products", _) => "prod",
        ("roles", _) => "role",
        ("sessions", _) => "ses",
        ("stores", _) => "store",
        _ => panic!("/{before}/{parameter}: say in prefix_of() which ids these are"),
    }
}

/// An id that nothing has.
pub fn missing(prefix: &str) -> String {
    format!("{prefix}_01h455vb4pex5vsknk084sn02q")
}

/// What there is of one tenant.
pub struct Things {
    ids: BTreeMap<String, Vec<String>>,
    /// The cursor of the second page, by the list's path.
    cursors: BTreeMap<String, String>,
    /// The address of somebody who has an account there, and none elsewhere.
    email: String,
}

impl Things {
    /// An id of this kind.
    pub fn of(&self, prefix: &str, route: &Route) -> String {
        // Whoever is of the staff is no customer.
        let kind = if route.path.starts_with("/api/v1/customers/{") { "customer" } else { prefix };
        let found = self.ids.get(kind).and_then(|ids| ids.last()).cloned();
        // Passkeys are made by a browser, identities come from somewhere else.
        let is_exempt = matches!(prefix, "pas" | "ext");
        found.unwrap_or_else(|| {
            assert!(is_exempt, "{} {}: no {prefix}_ in the walk: make one in furnish()", route.method, route.path);
            missing(prefix)
        })
    }

    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.ids.values().flatten().map(String::as_str)
    }

    /// Paths and bodies of a request with this tenant's things: as the description shows it, and with its cursor.
    pub fn attempts(&self, operation: &Operation, path: &str) -> Vec<(String, Option<String>)> {
        let mut attempts = Vec::new();
        let bodies: Vec<Option<String>> = match &operation.body {
            None => vec![None],
            Some(body) if body.media_type == "application/json" => {
                body.examples.iter().map(|example| Some(self.with_own_ids(&example.value.to_string()))).collect()
            }
            Some(_) => vec![Some(FILE.to_owned())],
        };
        attempts.extend(bodies.into_iter().map(|body| (path.to_owned(), body)));
        if let Some(cursor) = self.cursors.get(path) {
            attempts.push((format!("{path}?limit=250&cursor={cursor}"), None));
        }
        for parameter in operation.parameters.iter().filter(|parameter| parameter.place == Place::Query) {
            let example = parameter.example.as_str().unwrap_or_default();
            if parameter.name != "cursor" && is_id(example) {
                attempts.push((format!("{path}?{}={}", parameter.name, self.with_own_ids(example)), None));
            }
        }
        attempts
    }

    /// The same text with the ids of this tenant in the place of the examples'.
    fn with_own_ids(&self, text: &str) -> String {
        // The address that each tenant's own checkouts and invitations were made with, and one of its people.
        let mut replaced = text.replace("grace@example.com", &self.email);
        for found in ids_in(text) {
            let prefix = found.split('_').next().unwrap_or_default();
            if let Some(own) = self.ids.get(prefix).and_then(|ids| ids.last()) {
                replaced = replaced.replace(&found, own);
            }
        }
        replaced
    }
}

/// The ids in a text.
fn ids_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    words.filter(|word| is_id(word)).map(str::to_owned).collect()
}

fn is_id(word: &str) -> bool {
    let Some((prefix, suffix)) = word.split_once('_') else { return false };
    let is_prefix = (2..=8).contains(&prefix.len()) && prefix.bytes().all(|byte| byte.is_ascii_lowercase());
    is_prefix && suffix.len() == 26 && suffix.bytes().all(|byte| b"0123456789abcdefghjkmnpqrstvwxyz".contains(&byte))
}

impl House {
    pub async fn build() -> House {
        let folder = tempfile::tempdir().expect("a folder");
        let sql = EmbeddedSql::open(folder.path().join("test.db"), Durability::Process).expect("a database");
        migrate(&sql).await.expect("the schema");
        let (sql, clock): (Arc<dyn Sql>, Arc<dyn Clock>) = (Arc::new(sql), Arc::new(SystemClock));
        let kv: Arc<dyn Kv> = Arc::new(MemoryKv::new(Arc::clone(&clock), scripts::ALL));
        let app = |clock| {
            let app = App::new(Arc::clone(&sql), Arc::clone(&kv), clock, Arc::new(HostEntropy), secrets());
            let app = app.with_limits("*.*=1000000/1s:1000000".parse().expect("limits"));
            let app = app.with_tenant_fetch(TenantFetch::new(Arc::new(Nobody), ""));
            Arc::new(app.with_mailer(Arc::new(Mailbox::default())))
        };
        let past = app(Arc::new(Past));
        let app = app(clock);
        let ours = tenant(&app, "Ours GmbH").await;
        let mut unlimited = Commit::new();
        unlimited.push(Statement::new("UPDATE organization SET most_members = NULL"));
        sql.commit(&unlimited).await.expect("the plan");
        let theirs = tenant(&app, "Theirs Ltd").await;
        let mut house = House {
            router: router(Arc::clone(&app)),
            app,
            sibling: Tenant { ids: ours.ids, name: ours.name, publishable: String::new(), secret: String::new() },
            ours,
            theirs,
            expired: String::new(),
            people: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            _folder: folder,
        };
        let owner = house.log_in_as(&house.ours, Role::Owner).await;
        let opened = house.send("POST", "/api/v1/stores", &owner, json!({ "name": "Sibling" })).await;
        let ids = app::Tenant { store: opened.text("/id").parse().expect("an id"), ..house.ours.ids };
        house.sibling = Tenant {
            ids,
            name: "Sibling",
            publishable: new_key(&house.app, ids, KeyKind::Publishable).await,
            secret: new_key(&house.app, ids, KeyKind::Secret).await,
        };
        let email = house.hire(&house.ours, Role::Owner).await;
        let mut now = std::mem::replace(&mut house.router, router(past));
        house.expired = house.log_in(&house.ours, &email).await;
        std::mem::swap(&mut house.router, &mut now);
        house
    }

    /// The address of somebody new.
    async fn hire(&self, tenant: &Tenant, role: Role) -> String {
        let number = self.people.fetch_add(1, Ordering::Relaxed);
        let text = format!("person-{number}@example.com");
        let email = text.parse().expect("an address");
        let password = Password::chosen(PASSWORD, &email).expect("a password");
        let locale = "en".parse().expect("a locale");
        let made = create_account(&self.app, tenant.ids, &email, &password, role, &locale);
        made.await.expect("the database").expect("an account");
        text
    }

    /// The addresses of so many customers of ours.
    pub async fn people(&self, count: usize) -> Vec<String> {
        let mut people = Vec::with_capacity(count);
        for _ in 0..count {
            people.push(self.hire(&self.ours, Role::Customer).await);
        }
        people
    }

    /// A request of our storefront's.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.request(&Method::POST, path, Some(&self.ours.publishable), &[], &body.to_string()).await
    }

    async fn log_in(&self, tenant: &Tenant, email: &str) -> String {
        let body = json!({ "email": email, "password": PASSWORD });
        self.send("POST", "/api/v1/auth/login", &tenant.publishable, body).await.text("/accessToken")
    }

    /// The token of somebody new: what a request does to them is nobody else's.
    pub async fn log_in_as(&self, tenant: &Tenant, role: Role) -> String {
        let email = self.hire(tenant, role).await;
        self.log_in(tenant, &email).await
    }

    /// Who is none of the built-in roles: an app by its token, somebody with a role of the organization's own, and
    /// somebody whose grants are for the sibling store alone.
    pub async fn special_credentials(&self) -> Vec<(&'static str, String)> {
        let owner = self.log_in_as(&self.ours, Role::Owner).await;
        let app = json!({ "name": "Matrix", "scopes": "catalog:read orders:read" });
        let app = self.plain("POST", "/api/v1/apps", &owner, app).await;
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            app.text("/app/id"),
            app.text("/clientSecret")
        );
        let token = self.request(&Method::POST, "/oauth/token", None, &[], &form).await.text("/access_token");
        let role = json!({ "name": "Matrix", "scopes": "catalog:read orders:read members:read" });
        let role = self.plain("POST", "/api/v1/roles", &owner, role).await.text("/id");
        let clerk = self.appointed(&owner, json!({ "role": role })).await;
        let store = self.sibling.ids.store.to_string();
        let elsewhere =
            json!({ "role": "admin", "grants": [{ "scopes": "catalog:read orders:read", "to": { "store": store } }] });
        let elsewhere = self.appointed(&owner, elsewhere).await;
        vec![("oauth-app", token), ("custom-role", clerk), ("admin-elsewhere", elsewhere)]
    }

    /// The token of a member who was given another role, or grants.
    async fn appointed(&self, owner: &str, appointment: Value) -> String {
        let email = self.hire(&self.ours, Role::Viewer).await;
        let account = self.account_of(&email).await;
        let path = format!("/api/v1/members/{account}");
        let changed = self.plain("PATCH", &path, owner, appointment).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        // What was issued in the millisecond of the change is void with what was issued before.
        tokio::time::sleep(Duration::from_millis(5)).await;
        self.log_in(&self.ours, &email).await
    }

    async fn account_of(&self, email: &str) -> String {
        let login = json!({ "email": email, "password": PASSWORD });
        self.send("POST", "/api/v1/auth/login", &self.ours.publishable, login).await.text("/account/id")
    }

    /// The token of a session that was ended before it was shown.
    pub async fn ended_token(&self) -> String {
        let email = self.hire(&self.ours, Role::Owner).await;
        let ended = self.log_in(&self.ours, &email).await;
        let asking = self.log_in(&self.ours, &email).await;
        let sessions = self.request(&Method::GET, "/api/v1/auth/sessions", Some(&asking), &[], "").await;
        let items = sessions.body["items"].as_array().expect("sessions").clone();
        let other = items.iter().find(|session| session["current"] == json!(false)).expect("another session");
        let path = format!("/api/v1/auth/sessions/{}", other["id"].as_str().expect("an id"));
        let answer = self.request(&Method::DELETE, &path, Some(&asking), &[], "").await;
        assert_eq!(answer.status, 204, "{}", answer.body);
        ended
    }

    /// Status and code of a route's answer to a request without anything in it.
    pub async fn probe(&self, route: &Route, path: &str, credential: Option<&str>) -> String {
        let body = if route.method == Method::GET { "" } else { "{}" };
        let answer = self.request(&route.method, path, credential, &[], body).await;
        match (answer.body["code"].as_str(), answer.body["scope"].as_str()) {
            (Some(code), Some(scope)) => format!("{} {code} {scope}", answer.status),
            (Some(code), None) => format!("{} {code}", answer.status),
            (None, _) => answer.status.to_string(),
        }
    }

    /// A request with a body as the description shows one.
    pub async fn call(&self, route: &Route, path: &str, credential: &str) -> Answer {
        let described = operations();
        let operation =
            described.iter().find(|one| one.method == route.method && one.path == route.path).expect("described");
        let example = operation.body.as_ref().and_then(|body| body.examples.first());
        let body = example.map(|example| example.value.to_string()).unwrap_or_default();
        self.request(&route.method, path, Some(credential), &[("idempotency-key", "a-key")], &body).await
    }

    pub async fn attempt(&self, operation: &Operation, path: &str, credential: &str, body: Option<&str>) -> Answer {
        let key = key_for(path);
        let headers = [("idempotency-key", key.as_str())];
        self.request(&operation.method, path, Some(credential), &headers, body.unwrap_or_default()).await
    }

    async fn send(&self, method: &str, path: &str, credential: &str, body: Value) -> Answer {
        let method = method.parse().expect("a method");
        let key = key_for(path);
        self.request(&method, path, Some(credential), &[("idempotency-key", &key)], &body.to_string()).await
    }

    async fn request(
        &self,
        method: &Method,
        path: &str,
        credential: Option<&str>,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(credential) = credential {
            request = request.header("authorization", format!("Bearer {credential}"));
        }
        let media_type = match path {
            "/api/v1/imports" => "text/csv",
            path if path.starts_with("/oauth/") => "application/x-www-form-urlencoded",
            _ => "application/json",
        };
        request = request.header("content-type", media_type);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        // From somewhere else each time: failed logins are counted by address.
        let number = u32::try_from(self.requests.fetch_add(1, Ordering::Relaxed)).expect("a number");
        let address = ClientAddress::new(Ipv4Addr::from(0x0a00_0000 + number).into());
        let request = request.extension(address).body(Body::from(body.to_owned())).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        assert!(status != 500, "{method} {path}: {}", String::from_utf8_lossy(&body));
        Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or_default() }
    }

    /// Fills a tenant with one of everything, and answers what there is.
    pub async fn furnish(&self, tenant: &Tenant) -> Things {
        let owner = match tenant.name {
            // Tokens are for the store that the key is for.
            "Sibling" => self.log_in(tenant, &self.hire(&self.ours, Role::Owner).await).await,
            _ => self.log_in_as(tenant, Role::Owner).await,
        };
        let mut texts = Vec::new();
        let email = self.hire(if tenant.name == "Sibling" { &self.ours } else { tenant }, Role::Customer).await;
        let customers = self.request(&Method::GET, "/api/v1/customers", Some(&owner), &[], "").await;
        let customer = customers.text("/items/0/id");
        self.request(&Method::POST, "/api/v1/imports", Some(&tenant.secret), &[], FILE).await;
        let product = self.request(&Method::GET, "/api/v1/products/tent", Some(&tenant.secret), &[], "").await;
        let variant = product.text("/variants/0/id");
        texts.push(product.body.to_string());
        for _ in 0..2 {
            let cart = self.plain("POST", "/api/v1/cart", &tenant.publishable, json!({})).await.text("/id");
            let add = json!({ "variantId": variant, "quantity": 1 });
            self.plain("POST", &format!("/api/v1/cart/{cart}/items"), &tenant.publishable, add).await;
            let address = json!({ "name": "Ada", "line1": "Street 1", "city": "Berlin", "countryCode": "DE" });
            let form = json!({ "cartId": cart, "email": "ada@example.com", "shippingAddress": address });
            let checkout = self.plain("POST", "/api/v1/checkouts", &tenant.publishable, form).await.text("/id");
            let path = format!("/api/v1/checkouts/{checkout}/complete");
            let pay = json!({ "payment": { "provider": "manual", "method": "on-account" } });
            let order = self.send("POST", &path, &tenant.publishable, pay).await;
            texts.push(json!([cart, checkout, order.body["id"]]).to_string());
        }
        for path in [
            "/api/v1/roles",
            "/api/v1/invitations",
            "/api/v1/apps",
            "/api/v1/identity-providers",
            "/api/v1/customers/me/addresses",
        ] {
            let made = self.send("POST", path, &owner, example_of(path)).await;
            texts.push(made.body.to_string());
        }
        texts.extend(self.lists(&owner).await.into_values());
        let mut cursors = BTreeMap::new();
        for route in routes().table().iter().filter(|route| is_list(route)) {
            let first = self.request(&Method::GET, &format!("{}?limit=1", route.path), Some(&owner), &[], "").await;
            if let Some(cursor) = first.body["nextCursor"].as_str() {
                cursors.insert(route.path.to_owned(), cursor.to_owned());
            }
        }
        let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for id in texts.iter().flat_map(|text| ids_in(text)) {
            let kind = ids.entry(id.split('_').next().unwrap_or_default().to_owned()).or_default();
            kind.push(id);
        }
        ids.entry("customer".to_owned()).or_default().push(customer);
        ids.entry("store".to_owned()).or_default().push(tenant.ids.store.to_string());
        ids.entry("org".to_owned()).or_default().push(tenant.ids.organization.to_string());
        Things { ids, cursors, email }
    }

    /// A request without an idempotency key.
    async fn plain(&self, method: &str, path: &str, credential: &str, body: Value) -> Answer {
        self.request(&method.parse().expect("a method"), path, Some(credential), &[], &body.to_string()).await
    }

    /// All that an owner sees in lists, but for what changes with who looks.
    pub async fn seen_by(&self, tenant: &Tenant) -> BTreeMap<String, String> {
        let owner = self.log_in_as(tenant, Role::Owner).await;
        let mut seen = self.lists(&owner).await;
        // The one who looks is a member, has a session and stands in the log.
        seen.retain(|path, _| {
            !["/auth/", "/members", "/audit-log", "/organization", "/customers/me"].iter().any(|own| path.contains(own))
        });
        seen
    }

    /// What an owner sees, by path.
    async fn lists(&self, owner: &str) -> BTreeMap<String, String> {
        let mut seen = BTreeMap::new();
        for route in routes().table() {
            if route.method == Method::GET && !route.path.contains('{') && route.access.scope().is_some() {
                let answer = self.request(&Method::GET, route.path, Some(owner), &[], "").await;
                seen.insert(route.path.to_owned(), answer.without_request_id().to_string());
            }
        }
        seen
    }
}

/// The key that a tenant's own request to this path was sent with, and another tenant's is.
fn key_for(path: &str) -> String {
    format!("one-key-for-{path}")
}

fn is_list(route: &Route) -> bool {
    let is_paged = |operation: &Operation| {
        let names: Vec<&str> = operation.parameters.iter().map(|parameter| parameter.name).collect();
        operation.path == route.path && names.contains(&"limit")
    };
    route.method == Method::GET && operations().iter().any(is_paged)
}

/// The body that the description shows for a POST.
fn example_of(path: &str) -> Value {
    let described = operations();
    let operation = described.iter().find(|one| one.path == path && one.method == Method::POST).expect("described");
    let example = operation.body.as_ref().and_then(|body| body.examples.first()).expect("an example");
    example.value.clone()
}

async fn tenant(app: &App, name: &'static str) -> Tenant {
    let opened = open_store(app, name, name, "EUR".parse().expect("a currency")).await.expect("a store");
    Tenant { name, publishable: opened.publishable_key, secret: opened.secret_key, ids: opened.tenant }
}

async fn new_key(app: &App, tenant: app::Tenant, kind: KeyKind) -> String {
    let name = "Sibling".parse().expect("a name");
    let made = create_key(app, tenant, kind, &name, Scopes::of_new_key(kind)).await;
    made.expect("the database").expect("a key").1
}
