//! What there is of one tenant, and requests that name it.

use std::collections::{BTreeMap, BTreeSet};

use headlesspro_edge::openapi::{Operation, Place};
use headlesspro_edge::routes::Route;
use headlesspro_shared::identity::Role;
use http::Method;
use serde_json::{Value, json};

use super::house::{House, Tenant, text};
use super::paths::{
    TABLE, body_of, example, fill, is_of_customers, is_paged, key_for, operation_of, takes_a_key, written,
};
use crate::authenticator::Authenticator;
use crate::stories::passkeys::{ORIGIN, register, set_party};

/// Nothing of it is shipped: wherever the store ships to, it is sold.
pub const FILE: &str = "\
Handle,Title,Body (HTML),Vendor,Product Category,Tags,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Price,Image Src,Image Alt Text,Variant Requires Shipping\n\
tent,Tent,<p>Dry.</p>,Northwind,Outdoor > Tents,new,Colour,Moss,TENT-M,shopify,90,189.00,,,FALSE\n\
mug,Mug,,,,,,,MUG,,,12.50,,,FALSE\n";

/// What is refused of that which [`Things::make`] asks for, by the path and the problem's code.
const REFUSED: [(&str, &str); 11] = [
    // No authenticator has signed what the description shows. A real one is registered before.
    ("/api/v1/auth/passkeys", "passkey-not-proven"),
    // What is the organization's may be there by way of its other store, and is listed.
    ("/api/v1/identity-providers", "identity-provider-exists"),
    ("/api/v1/stores", "invalid-request"),
    ("/api/v1/roles", "invalid-request"),
    ("/api/v1/customer-groups", "invalid-request"),
    // The account that is known last is that of whoever asks.
    ("/api/v1/impersonations", "invalid-request"),
    // The request before this one has rotated it.
    ("/api/v1/api-keys/{id}/rotate", "api-key-not-active"),
    // Without a key nothing is bought.
    ("/api/v1/checkouts/{id}/complete", "invalid-header"),
    // Nor is anything given back.
    ("/api/v1/orders/{id}/refunds", "invalid-header"),
    // Nor is anything written down.
    ("/api/v1/orders/{id}/invoices", "invalid-header"),
    ("/api/v1/orders/{id}/credit-notes", "invalid-header"),
];

/// What there is of one tenant.
pub struct Things {
    ids: BTreeMap<String, Vec<String>>,
    /// The cursor of the second page, by the list's path.
    cursors: BTreeMap<&'static str, String>,
    /// Path and body of the request that was sent with [`key_for`] its path, by the route's path.
    pub keyed: BTreeMap<&'static str, (String, String)>,
    /// The address of somebody who has an account there, and none elsewhere.
    pub email: String,
    /// The same of somebody whom no request names.
    pub unnamed: String,
    /// The access token of an app.
    token: String,
    /// Something that can be bought.
    pub variant: String,
}

impl Things {
    /// Fills a tenant with two of nearly everything, and answers what there is.
    pub async fn furnish(house: &House<'_>, tenant: &Tenant) -> Things {
        let (_, address) = house.hire(tenant, Role::Owner).await;
        // Twice: a list of one session has no second page.
        house.tokens_of(&house.nobody, tenant, &address).await;
        let owner = text(&house.tokens_of(&house.nobody, tenant, &address).await, "/accessToken");
        let [email, unnamed] = house.customers(tenant).await;
        house.hire(tenant, Role::Viewer).await;
        let (_, token) = house.new_app(&owner, "Accounting").await;
        let (ids, cursors, keyed) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut things = Things { ids, cursors, keyed, email, unnamed, token, variant: String::new() };
        house.link(tenant, &owner).await;
        let customer = text(&house.get("/api/v1/customers", &owner).await.expect(200), "/items/0/id");
        things.learn(&customer);
        for (kind, id) in [
            ("customer", customer),
            ("store", tenant.ids.store.to_string()),
            ("org", tenant.ids.organization.to_string()),
            ("ext", house.link(tenant, &owner).await),
        ] {
            things.ids.entry(kind.to_owned()).or_default().push(id);
        }
        let import = house.request(&house.nobody, &Method::POST, "/api/v1/imports", Some(&tenant.secret), None, FILE);
        import.send().await.expect(200);
        let product = house.get("/api/v1/products/tent", &tenant.secret).await.expect(200);
        things.learn(&product.json().to_string());
        things.variant = text(&product, "/variants/0/id");
        // Of what is bought, two orders are looked at.
        judge(house, &owner, &json!([{ "reason": "all", "outcome": "review", "when": [] }])).await;
        for _ in 0..2 {
            things.learn(&buy(house, tenant, &things.variant).await);
            things.learn(&owners_cart(house, &owner, &things.variant).await);
        }
        judge(house, &owner, &json!([])).await;
        invoice_settings(house, &owner).await;
        let person = house.nobody.with_key(&owner);
        set_party(&person).await;
        let mut authenticator = Authenticator::es256(&format!("{} {}", tenant.name, tenant.ids.store), ORIGIN);
        things.learn(&register(&person, &mut authenticator).await.expect(201).json().to_string());
        for has_ids in [false, true] {
            for route in TABLE.iter().filter(|route| takes_a_key(route) && route.path.contains('{') == has_ids) {
                things.make(house, &owner, route).await;
            }
            let lists = house.lists(&owner).await;
            lists.into_values().for_each(|list| things.learn(&list.to_string()));
        }
        let add: Vec<Value> = things.ids["prod"].iter().map(|product| json!({ "productId": product })).collect();
        let path = format!("/api/v1/collections/{}/products", things.last("col").unwrap());
        house.create(&path, &owner, &json!({ "add": add })).await.expect(204);
        // Of a price that never changed there is one alone.
        let mut dearer = house.get("/api/v1/admin/products/tent", &owner).await.expect(200).json()["variants"].take();
        dearer[0]["price"]["amount"] = "777.00".into();
        let change = json!({ "variants": dearer }).to_string();
        let change = house.request(&house.nobody, &Method::PATCH, "/api/v1/products/tent", Some(&owner), None, &change);
        change.send().await.expect(200);
        things.price(house, &owner).await;
        // Two lines that are no products.
        let part = format!("/api/v1/admin/bulk/upserts/{}/parts/1", things.last("bulk").unwrap());
        house.request(&house.nobody, &Method::PUT, &part, Some(&owner), None, "[]\n[]").send().await.expect(200);
        for route in TABLE.iter().filter(|route| is_paged(route)) {
            let first = house.get(&format!("{}?limit=1", things.path_of(route)), &owner).await.expect(200).json();
            if let Some(cursor) = first["nextCursor"].as_str() {
                things.cursors.insert(route.path, cursor.to_owned());
            }
        }
        things
    }

    /// Two of what is in each list that no request with a key fills.
    async fn price(&self, house: &House<'_>, owner: &str) {
        let put = async |path: &str, body: &str| {
            let put = house.request(&house.nobody, &Method::PUT, path, Some(owner), None, body);
            let status = put.send().await.status;
            assert!(status < 300, "PUT {path}: {status}");
        };
        let customers = house.get("/api/v1/customers", owner).await.expect(200).json();
        for customer in customers["items"].as_array().unwrap() {
            let (group, account) = (self.last("cgrp").unwrap(), customer["id"].as_str().unwrap());
            put(&format!("/api/v1/customer-groups/{group}/members/{account}"), "").await;
        }
        for route in TABLE.iter().filter(|route| route.method == Method::PUT) {
            if ["/api/v1/price-lists/{id}/rules", "/api/v1/exchange-rates"].contains(&route.path) {
                put(&self.path_of(route), &self.with_own_ids(&example(route, 0))).await;
            }
        }
    }

    /// Asks for what the description shows with a key, as whoever guesses it will ask again; and for something like it
    /// without one, since a list of one thing has no second page.
    async fn make(&mut self, house: &House<'_>, owner: &str, route: &Route) {
        // Whoever signs up is of no tenant yet.
        if route.access.scope().is_none() {
            return;
        }
        // The cart that is known last is empty by now.
        if ["/api/v1/checkouts", "/api/v1/carts/{id}/quotes"].contains(&route.path) {
            self.learn(&owners_cart(house, owner, &self.variant).await);
        }
        // Of what is owed nothing is given back.
        if route.path == "/api/v1/orders/{id}/refunds" {
            let capture = self.path_of(route).replace("/refunds", "/payment/capture");
            house.create(&capture, owner, &json!({})).await.expect(200);
        }
        let operation = operation_of(&route.method, route.path);
        let body = body_of(operation).map(|body| self.with_own_ids(&written(operation, &body))).unwrap_or_default();
        let another = self.with_own_ids(&example(route, house.number()));
        let (path, key) = (self.path_of(route), key_for(&self.path_of(route)));
        for (body, key) in [(&body, Some(key.as_str())), (&another, None)] {
            let made = house.request(&house.nobody, &route.method, &path, Some(owner), key, body).send().await;
            let is_done =
                made.status < 300 || REFUSED.iter().any(|(path, code)| *path == route.path && made.code() == *code);
            assert!(is_done, "{} {}: {made}", route.method, route.path);
            self.learn(&String::from_utf8_lossy(&made.body));
        }
        self.keyed.insert(route.path, (path, body));
    }

    /// Keeps the ids in an answer.
    fn learn(&mut self, text: &str) {
        for id in ids_in(text) {
            let known = self.ids.entry(id.split('_').next().unwrap().to_owned()).or_default();
            if !known.contains(&id) {
                known.push(id);
            }
        }
    }

    /// The route's path with this tenant's ids.
    pub fn path_of(&self, route: &Route) -> String {
        fill(route, |prefix| self.of(prefix, route))
    }

    /// An id of this kind.
    fn of(&self, prefix: &str, route: &Route) -> String {
        // Whoever is of the staff is no customer.
        let kind = if prefix == "usr" && is_of_customers(route) { "customer" } else { prefix };
        // A variant of that product: the first of each are of what was read first.
        let is_of_product = route.path.contains("/variants/");
        let first = || self.ids.get(kind).and_then(|ids| ids.first()).cloned();
        let found = if is_of_product { first() } else { self.last(kind) };
        found.unwrap_or_else(|| {
            panic!("{} {}: no {prefix}_ in the walk: make one in furnish()", route.method, route.path)
        })
    }

    pub fn last(&self, kind: &str) -> Option<String> {
        self.ids.get(kind).and_then(|ids| ids.last()).cloned()
    }

    pub fn all_ids(&self) -> impl Iterator<Item = &str> {
        self.ids.values().flatten().map(String::as_str)
    }

    /// The lists whose second page nobody knows.
    pub fn without_cursor(&self) -> Vec<&'static str> {
        let paged = TABLE.iter().filter(|route| is_paged(route) && !self.cursors.contains_key(route.path));
        paged.map(|route| route.path).collect()
    }

    /// Paths and bodies of requests with this tenant's things: as the description shows it, and with its cursor, in
    /// lists of its own and of whoever asks.
    pub fn attempts(&self, route: &Route, operation: &Operation, asking: &Things) -> Vec<(String, String)> {
        let path = self.path_of(route);
        let bodies: Vec<String> = match &operation.body {
            None => vec![String::new()],
            Some(_) if route.path == "/api/v1/imports" => vec![FILE.to_owned()],
            Some(body) => {
                body.examples.iter().map(|example| self.with_own_ids(&written(operation, &example.value))).collect()
            }
        };
        let mut attempts: Vec<(String, String)> = bodies.into_iter().map(|body| (path.clone(), body)).collect();
        attempts.extend(self.keyed.get(route.path).cloned());
        // Other methods have no pages.
        if let Some(cursor) = self.cursors.get(route.path).filter(|_| is_paged(route)) {
            for path in BTreeSet::from([path.clone(), asking.path_of(route)]) {
                attempts.push((format!("{path}?limit=250&cursor={cursor}"), String::new()));
            }
        }
        for parameter in operation.parameters.iter().filter(|parameter| parameter.place == Place::Query) {
            let example = parameter.example.as_str().unwrap_or_default();
            if parameter.name != "cursor" && (is_id(example) || example.contains('@')) {
                attempts.push((format!("{path}?{}={}", parameter.name, self.with_own_ids(example)), String::new()));
            }
        }
        attempts
    }

    /// The same text with the ids, addresses and tokens of this tenant in the place of the examples'.
    pub fn with_own_ids(&self, text: &str) -> String {
        // One of its people, with the password that the examples have.
        let mut replaced = text.replace("grace@example.com", &self.email).replace("ada@example.com", &self.email);
        if let Some((before, example)) = text.split_once("token=eyJ") {
            let (_, rest) = example.split_once('&').unwrap_or_default();
            replaced = format!("{before}token={}&{rest}", self.token);
        }
        for found in ids_in(text) {
            if let Some(own) = self.last(found.split('_').next().unwrap()) {
                replaced = replaced.replace(&found, &own);
            }
        }
        replaced
    }
}

/// Has orders judged by these rules.
async fn judge(house: &House<'_>, owner: &str, rules: &Value) {
    let body = json!({ "rules": rules }).to_string();
    let path = "/api/v1/fraud-settings";
    house.request(&house.nobody, &Method::PUT, path, Some(owner), None, &body).send().await.expect(200);
}

/// Says who sells, without which nothing is written down.
async fn invoice_settings(house: &House<'_>, owner: &str) {
    let path = "/api/v1/invoice-settings";
    let route = TABLE.iter().find(|route| route.method == Method::PUT && route.path == path).unwrap();
    let body = example(route, 0);
    house.request(&house.nobody, &Method::PUT, path, Some(owner), None, &body).send().await.expect(200);
}

/// Makes a cart of the owner's, for a request to open a checkout of.
async fn owners_cart(house: &House<'_>, owner: &str, variant: &str) -> String {
    let cart = text(&house.create("/api/v1/cart", owner, &json!({})).await.expect(201), "/id");
    let add = json!({ "variantId": variant, "quantity": 1 });
    house.create(&format!("/api/v1/cart/{cart}/items"), owner, &add).await.expect(200);
    cart
}

/// Makes a cart a checkout and an order, and answers their ids.
async fn buy(house: &House<'_>, tenant: &Tenant, variant: &str) -> String {
    let key = tenant.publishable.as_str();
    let cart = text(&house.create("/api/v1/cart", key, &json!({})).await.expect(201), "/id");
    let add = json!({ "variantId": variant, "quantity": 1 });
    house.create(&format!("/api/v1/cart/{cart}/items"), key, &add).await.expect(200);
    let checkout = house.create("/api/v1/checkouts", key, &crate::world::order_form(&cart)).await.expect(201);
    let checkout = text(&checkout, "/id");
    let path = format!("/api/v1/checkouts/{checkout}/complete");
    let pay = json!({ "payment": { "provider": "manual", "method": "on-account" } }).to_string();
    let order = house.request(&house.nobody, &Method::POST, &path, Some(key), Some(&key_for(&path)), &pay);
    format!("{cart} {checkout} {}", text(&order.send().await.expect(201), "/id"))
}

/// The ids in a text.
pub fn ids_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    words.filter(|word| is_id(word)).map(str::to_owned).collect()
}

fn is_id(word: &str) -> bool {
    let Some((prefix, suffix)) = word.split_once('_') else { return false };
    let is_prefix = (2..=8).contains(&prefix.len()) && prefix.bytes().all(|byte| byte.is_ascii_lowercase());
    is_prefix && suffix.len() == 26 && suffix.bytes().all(|byte| b"0123456789abcdefghjkmnpqrstvwxyz".contains(&byte))
}
