//! What there is of one tenant, and requests that name it.

use std::collections::{BTreeMap, BTreeSet};

use headlesspro_edge::openapi::{Operation, Place};
use headlesspro_edge::routes::Route;
use headlesspro_shared::identity::Role;
use http::Method;
use serde_json::json;

use super::house::{House, Tenant, text};
use super::paths::{TABLE, body_of, fill, is_paged, key_for, missing, operation_of};

const FILE: &str = "\
Handle,Title,Body (HTML),Vendor,Product Category,Tags,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Price,Image Src,Image Alt Text\n\
tent,Tent,<p>Dry.</p>,Northwind,Outdoor > Tents,new,Colour,Moss,TENT-M,shopify,90,189.00,,\n\
mug,Mug,,,,,,,MUG,,,12.50,,\n";

/// What there is of one tenant.
pub struct Things {
    ids: BTreeMap<String, Vec<String>>,
    /// The cursor of the second page, by the list's path.
    cursors: BTreeMap<&'static str, String>,
    /// The address of somebody who has an account there, and none elsewhere.
    email: String,
    /// The same of somebody whom no request names.
    pub unnamed: String,
}

impl Things {
    /// Fills a tenant with one of everything, and answers what there is.
    pub async fn furnish(house: &House<'_>, tenant: &Tenant) -> Things {
        let owner = house.log_in_as(tenant, Role::Owner).await;
        let [email, unnamed] = house.customers(tenant).await;
        let customer = text(&house.get("/api/v1/customers", &owner).await.expect(200), "/items/0/id");
        let import = house.request(&house.nobody, &Method::POST, "/api/v1/imports", Some(&tenant.secret), None, FILE);
        import.send().await.expect(200);
        let product = house.get("/api/v1/products/tent", &tenant.secret).await.expect(200);
        let mut texts = vec![product.json().to_string()];
        for _ in 0..2 {
            texts.push(buy(house, tenant, &text(&product, "/variants/0/id")).await);
        }
        for path in [
            "/api/v1/collections",
            "/api/v1/roles",
            "/api/v1/invitations",
            "/api/v1/apps",
            "/api/v1/identity-providers",
            "/api/v1/files",
            "/api/v1/customers/me/addresses",
        ] {
            let body = body_of(operation_of(&Method::POST, path)).unwrap().to_string();
            let key = key_for(path);
            let made = house.request(&house.nobody, &Method::POST, path, Some(&owner), Some(&key), &body);
            let made = made.send().await;
            // What is the organization's may be there by way of its other store, and is listed.
            assert!(matches!(made.status, 201 | 409 | 422), "{made}");
            texts.push(made.json().to_string());
        }
        texts.extend(house.lists(&owner).await.into_values().map(|list| list.to_string()));
        let mut cursors = BTreeMap::new();
        for route in TABLE.iter().filter(|route| is_paged(route) && !route.path.contains('{')) {
            let first = house.get(&format!("{}?limit=1", route.path), &owner).await.expect(200).json();
            if let Some(cursor) = first["nextCursor"].as_str() {
                cursors.insert(route.path, cursor.to_owned());
            }
        }
        let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for id in texts.iter().flat_map(|text| ids_in(text)) {
            ids.entry(id.split('_').next().unwrap().to_owned()).or_default().push(id);
        }
        for (kind, id) in [
            ("customer", customer),
            ("store", tenant.ids.store.to_string()),
            ("org", tenant.ids.organization.to_string()),
        ] {
            ids.entry(kind.to_owned()).or_default().push(id);
        }
        Things { ids, cursors, email, unnamed }
    }

    /// The route's path with this tenant's ids.
    pub fn path_of(&self, route: &Route) -> String {
        fill(route, |prefix| self.of(prefix, route))
    }

    /// An id of this kind.
    fn of(&self, prefix: &str, route: &Route) -> String {
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

    pub fn all_ids(&self) -> impl Iterator<Item = &str> {
        self.ids.values().flatten().map(String::as_str)
    }

    /// Paths and bodies of requests with this tenant's things: as the description shows it, and with its cursor.
    pub fn attempts(&self, route: &Route, operation: &Operation) -> Vec<(String, String)> {
        let path = self.path_of(route);
        let bodies: Vec<String> = match &operation.body {
            None => vec![String::new()],
            Some(body) if body.media_type == "application/json" => {
                body.examples.iter().map(|example| self.with_own_ids(&example.value.to_string())).collect()
            }
            Some(_) => vec![FILE.to_owned()],
        };
        let mut attempts: Vec<(String, String)> = bodies.into_iter().map(|body| (path.clone(), body)).collect();
        if let Some(cursor) = self.cursors.get(route.path) {
            attempts.push((format!("{path}?limit=250&cursor={cursor}"), String::new()));
        }
        for parameter in operation.parameters.iter().filter(|parameter| parameter.place == Place::Query) {
            let example = parameter.example.as_str().unwrap_or_default();
            if parameter.name != "cursor" && is_id(example) {
                attempts.push((format!("{path}?{}={}", parameter.name, self.with_own_ids(example)), String::new()));
            }
        }
        attempts
    }

    /// The same text with the ids of this tenant in the place of the examples'.
    fn with_own_ids(&self, text: &str) -> String {
        // The address that each tenant's own checkouts and invitations were made with, and one of its people.
        let mut replaced = text.replace("grace@example.com", &self.email);
        for found in ids_in(text) {
            let prefix = found.split('_').next().unwrap();
            if let Some(own) = self.ids.get(prefix).and_then(|ids| ids.last()) {
                replaced = replaced.replace(&found, own);
            }
        }
        replaced
    }
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
fn ids_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    words.filter(|word| is_id(word)).map(str::to_owned).collect()
}

fn is_id(word: &str) -> bool {
    let Some((prefix, suffix)) = word.split_once('_') else { return false };
    let is_prefix = (2..=8).contains(&prefix.len()) && prefix.bytes().all(|byte| byte.is_ascii_lowercase());
    is_prefix && suffix.len() == 26 && suffix.bytes().all(|byte| b"0123456789abcdefghjkmnpqrstvwxyz".contains(&byte))
}
