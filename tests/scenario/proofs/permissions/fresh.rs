//! Requests that are done where whoever makes them may: each is of things that were made for it alone.

use std::collections::BTreeMap;

use headlesspro_edge::routes::Route;
use headlesspro_shared::identity::Role;
use http::Method;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::house::{House, text};
use super::paths::{TABLE, body_of, example, fill, is_of_customers, operation_of, prefixes_of};
use super::things::{FILE, Things, ids_in};
use crate::app::STAFF_PASSWORD;
use crate::authenticator::Authenticator;
use crate::stories::files::{png, put};
use crate::stories::passkeys::{ORIGIN, register, registration_options};
use crate::world::order_form;

/// What a client sends.
pub struct Request {
    pub path: String,
    pub body: String,
    pub key: String,
}

pub struct Fresh<'a> {
    house: &'a House<'a>,
    /// The token of an owner of our store.
    owner: String,
    /// What an app of ours authenticates by, in a form.
    client: String,
    /// A provider that nobody has to be asked about.
    provider: OnceCell<String>,
}

/// Rules that have orders from Iceland looked at.
fn from_iceland(number: usize) -> Value {
    let when = json!([{ "kind": "billing-country", "countries": ["IS"] }]);
    json!({ "rules": [{ "reason": format!("rule-{number}"), "outcome": "review", "when": when }] })
}

/// The kinds of the ids that the description shows in the route's body.
pub fn kinds_in_body_of(route: &Route) -> Vec<String> {
    let operation = operation_of(&route.method, route.path);
    let Some(body) = body_of(operation).filter(|_| route.method != Method::GET) else { return Vec::new() };
    ids_in(&body.to_string()).iter().map(|id| id.split('_').next().unwrap().to_owned()).collect()
}

impl Fresh<'_> {
    pub async fn of<'a>(house: &'a House<'a>) -> Fresh<'a> {
        let owner = house.log_in_as(&house.ours, Role::Owner).await;
        let (client, _) = house.new_app(&owner, "Fresh").await;
        Fresh { house, owner, client, provider: OnceCell::new() }
    }

    /// A request of the route's by whoever has this credential, about things that are nobody else's.
    pub async fn request(&self, own: &Things, route: &Route, credential: &str) -> Request {
        let path = self.path(own, route, credential).await;
        self.request_at(path, own, route, credential).await
    }

    /// The same about what is at `path`.
    pub async fn request_at(&self, path: String, own: &Things, route: &Route, credential: &str) -> Request {
        let number = self.house.number();
        Request { path, body: self.body(own, route, credential, number).await, key: format!("fresh-{number}") }
    }

    /// The same with things of somebody else's in its body.
    pub async fn request_naming(&self, others: &Things, own: &Things, route: &Route, credential: &str) -> Request {
        let number = self.house.number();
        let path = self.path(own, route, credential).await;
        let body = others.with_own_ids(&example(route, number));
        Request { path, body, key: format!("fresh-{number}") }
    }

    async fn path(&self, own: &Things, route: &Route, credential: &str) -> String {
        let mut ids: BTreeMap<&str, String> = BTreeMap::new();
        for prefix in prefixes_of(route) {
            let is_changed = route.method != Method::GET;
            let id = match (prefix, ids.get("promo")) {
                _ if !is_changed => None,
                ("pcode", Some(promotion)) => Some(self.a_code(promotion).await),
                _ => self.id(own, route, prefix, credential).await,
            };
            if let Some(id) = id {
                ids.insert(prefix, id);
            }
        }
        if ids.is_empty() {
            return own.path_of(route);
        }
        let path = fill(route, |prefix| ids.get(prefix).cloned().or_else(|| own.last(prefix)).unwrap());
        // Who is in no group leaves none.
        if route.method == Method::DELETE && route.path.ends_with("/members/{accountId}") {
            let house = self.house;
            house.request(&house.nobody, &Method::PUT, &path, Some(&self.owner), None, "").send().await.expect(204);
        }
        path
    }

    /// A new thing of this kind; `None` for what can be changed as often as one likes.
    async fn id(&self, own: &Things, route: &Route, prefix: &str, credential: &str) -> Option<String> {
        let house = self.house;
        let person = || house.nobody.with_key(credential);
        let id = match prefix {
            "key" => self.create(own, "/api/v1/api-keys", &self.owner).await,
            "app" => self.create(own, "/api/v1/apps", &self.owner).await,
            "role" => self.create(own, "/api/v1/roles", &self.owner).await,
            "inv" => self.create(own, "/api/v1/invitations", &self.owner).await,
            "attr" => self.create(own, "/api/v1/admin/attributes", &self.owner).await,
            "chan" => self.create(own, "/api/v1/admin/channels", &self.owner).await,
            "plist" => self.create(own, "/api/v1/price-lists", &self.owner).await,
            "cgrp" => self.create(own, "/api/v1/customer-groups", &self.owner).await,
            "tzone" => self.create(own, "/api/v1/tax-zones", &self.owner).await,
            // A customer has few of them.
            "texm" => {
                let body = self.a_certificate().await;
                text(&self.house.create("/api/v1/tax-exemptions", &self.owner, &body).await.expect(201), "/id")
            }
            "szone" => self.create(own, "/api/v1/shipping-zones", &self.owner).await,
            "loc" => self.create(own, "/api/v1/locations", &self.owner).await,
            "cat" => self.create(own, "/api/v1/categories", &self.owner).await,
            "col" => self.create(own, "/api/v1/collections", &self.owner).await,
            "promo" => self.create(own, "/api/v1/promotions", &self.owner).await,
            "gcard" => {
                let card = self.create(own, "/api/v1/gift-cards", &self.owner).await;
                // One that is active is not enabled.
                if route.path.ends_with("/enable") {
                    house
                        .create(&format!("/api/v1/gift-cards/{card}/disable"), &self.owner, &json!({}))
                        .await
                        .expect(200);
                }
                card
            }
            "prod" => self.create(own, "/api/v1/products", &self.owner).await,
            "addr" => self.create(own, "/api/v1/customers/me/addresses", credential).await,
            "idp" if route.path.starts_with("/api/v1/auth/") => {
                self.provider.get_or_init(|| self.a_provider()).await.clone()
            }
            "idp" => self.create(own, "/api/v1/identity-providers", &self.owner).await,
            "cart" => self.filled_cart(own, credential).await,
            "chk" => {
                let form = order_form(&self.filled_cart(own, credential).await);
                let checkout = text(&house.create("/api/v1/checkouts", credential, &form).await.expect(201), "/id");
                // Of one that is no order yet there is no payment.
                if route.path.ends_with("/payment") {
                    self.completed(&checkout, "on-account").await;
                }
                checkout
            }
            // What was captured is not captured again, and of what is owed nothing is given back.
            "ord" => {
                let form = order_form(&self.filled_cart(own, &self.owner).await);
                let checkout = text(&house.create("/api/v1/checkouts", &self.owner, &form).await.expect(201), "/id");
                let method = if route.path.ends_with("/refunds") { "paid" } else { "on-account" };
                let order = self.completed(&checkout, method).await;
                // Without an invoice there is nothing to credit.
                if route.path.ends_with("/credit-notes") {
                    let (path, key) = (format!("/api/v1/orders/{order}/invoices"), format!("of-{order}"));
                    let issue = house.request(&house.nobody, &Method::POST, &path, Some(&self.owner), Some(&key), "{}");
                    issue.send().await.expect(201);
                }
                order
            }
            "psp" => self.create(own, "/api/v1/payment-providers", &self.owner).await,
            "file" => self.uploaded().await,
            "frev" => self.a_review(own).await,
            "var" => own.variant.clone(),
            "ext" => house.link(&house.ours, credential).await,
            "ses" => text(&house.get("/api/v1/auth/sessions", credential).await.expect(200), "/items/0/id"),
            "pas" => {
                let mut authenticator = Authenticator::es256(&format!("path {}", self.house.number()), ORIGIN);
                text(&register(&person(), &mut authenticator).await.expect(201), "/id")
            }
            "usr" => {
                let role = if is_of_customers(route) { Role::Customer } else { Role::Viewer };
                let (id, _) = house.hire(&house.ours, role).await;
                if route.path.ends_with("/resume") {
                    let suspend = route.path.replace("{id}/resume", &format!("{id}/suspend"));
                    house.create(&suspend, &self.owner, &Value::Null).await.expect(200);
                }
                id
            }
            _ => return None,
        };
        Some(id)
    }

    /// The id of a new thing as the description shows one.
    async fn create(&self, own: &Things, path: &'static str, credential: &str) -> String {
        let route = TABLE.iter().find(|route| route.method == Method::POST && route.path == path).unwrap();
        let request = self.house.request(
            &self.house.nobody,
            &Method::POST,
            path,
            Some(credential),
            None,
            &own.with_own_ids(&example(route, self.house.number())),
        );
        let made = request.send().await.expect(201);
        made.the("location").rsplit('/').next().unwrap().to_owned()
    }

    async fn a_code(&self, promotion: &str) -> String {
        let (path, body) = (format!("/api/v1/promotions/{promotion}/codes"), json!({ "generate": { "count": 1 } }));
        text(&self.house.create(&path, &self.owner, &body).await.expect(201), "/items/0/id")
    }

    async fn a_provider(&self) -> String {
        let body = json!({
            "kind": "naver", "name": "Naver", "clientId": "shop", "clientSecret": "secret of the shop",
            "redirectUris": ["https://shop.example/login"],
        });
        text(&self.house.create("/api/v1/identity-providers", &self.owner, &body).await.expect(201), "/id")
    }

    /// A body of a new customer's certificate.
    async fn a_certificate(&self) -> Value {
        let (account, _) = self.house.hire(&self.house.ours, Role::Customer).await;
        json!({ "accountId": account, "number": "1-234567" })
    }

    async fn filled_cart(&self, own: &Things, credential: &str) -> String {
        let cart = text(&self.house.create("/api/v1/cart", credential, &json!({})).await.expect(201), "/id");
        let add = json!({ "variantId": own.variant, "quantity": 1 });
        self.house.create(&format!("/api/v1/cart/{cart}/items"), credential, &add).await.expect(200);
        cart
    }

    /// The order that a checkout has become.
    async fn completed(&self, checkout: &str, method: &str) -> String {
        let (house, path) = (self.house, format!("/api/v1/checkouts/{checkout}/complete"));
        let body = json!({ "payment": { "provider": "manual", "method": method } }).to_string();
        let key = format!("completed-{}", house.number());
        let call = house.request(&house.nobody, &Method::POST, &path, Some(&self.owner), Some(&key), &body);
        text(&call.send().await.expect(201), "/id")
    }

    /// An order that is looked at.
    async fn a_review(&self, own: &Things) -> String {
        let (house, owner) = (self.house, self.owner.as_str());
        // Others change the rules at the same time.
        for _ in 0..10 {
            let number = house.number();
            let rules = from_iceland(number).to_string();
            let put = |path: &str, body: &str| {
                house.request(&house.nobody, &Method::PUT, path, Some(owner), None, body).send()
            };
            put("/api/v1/fraud-settings", &rules).await.expect(200);
            let mut form = order_form(&self.filled_cart(own, owner).await);
            form["billingAddress"] = form["shippingAddress"].clone();
            form["billingAddress"]["countryCode"] = "IS".into();
            let checkout = text(&house.create("/api/v1/checkouts", owner, &form).await.expect(201), "/id");
            let (path, key) = (format!("/api/v1/checkouts/{checkout}/complete"), format!("review-{number}"));
            let pay = json!({ "payment": { "provider": "manual", "method": "on-account" } }).to_string();
            let order = house.request(&house.nobody, &Method::POST, &path, Some(owner), Some(&key), &pay);
            let order = text(&order.send().await.expect(201), "/id");
            let reviews = house.get("/api/v1/fraud-reviews?limit=250", owner).await.expect(200).json();
            let found = reviews["items"].as_array().unwrap().iter().find(|review| review["orderId"] == *order);
            if let Some(found) = found {
                return found["id"].as_str().unwrap().to_owned();
            }
        }
        panic!("no order from Iceland is looked at");
    }

    async fn uploaded(&self) -> String {
        let name = format!("fresh-{}.png", self.house.number());
        let body = json!({ "name": name, "contentType": "image/png", "bytes": png().len() });
        let made = self.house.create("/api/v1/files", &self.owner, &body).await.expect(201);
        assert_eq!(put(&made.json()["upload"], png()).await, 200);
        text(&made, "/file/id")
    }

    /// The address of a new customer, and what a login of theirs is answered.
    async fn customer(&self) -> (String, Value) {
        let (_, email) = self.house.hire(&self.house.ours, Role::Customer).await;
        let tokens = self.house.tokens_of(&self.house.nobody, &self.house.ours, &email).await;
        (email, tokens.json())
    }

    /// A body that the route takes.
    async fn body(&self, own: &Things, route: &Route, credential: &str, number: usize) -> String {
        let house = self.house;
        let shown = own.with_own_ids(&example(route, number));
        let body = match (route.method.as_str(), route.path) {
            ("POST", "/api/v1/imports") => return FILE.to_owned(),
            ("POST", "/oauth/token") => return format!("grant_type=client_credentials&{}", self.client),
            ("POST", "/oauth/revoke") => return format!("{}&{shown}", self.client),
            ("POST", "/api/v1/auth/login") => json!({ "email": self.customer().await.0, "password": STAFF_PASSWORD }),
            ("POST", "/api/v1/auth/refresh") => json!({ "refreshToken": self.customer().await.1["refreshToken"] }),
            ("POST", "/api/v1/auth/passkeys") => {
                let options = registration_options(&house.nobody.with_key(credential)).await;
                let credential = Authenticator::es256(&format!("body {number}"), ORIGIN).create(&options);
                json!({ "name": "Phone", "credential": credential })
            }
            ("POST", "/api/v1/auth/passkeys/login") => {
                let token = self.customer().await.1["accessToken"].as_str().unwrap().to_owned();
                let mut authenticator = Authenticator::es256(&format!("login {number}"), ORIGIN);
                register(&house.nobody.with_key(&token), &mut authenticator).await.expect(201);
                let (path, none) = ("/api/v1/auth/passkeys/login-options", json!({}));
                let options = house.create(path, &house.ours.publishable, &none).await.expect(200).json();
                json!({ "credential": authenticator.get(&options) })
            }
            // So that passkeys go on being made.
            ("PATCH", "/api/v1/relying-party") => house.get(route.path, &self.owner).await.expect(200).json(),
            // Of a name that a group is told by there is none in the other's list.
            ("PUT", "/api/v1/promotion-groups") => {
                json!({ "groups": [{ "key": format!("group-{number}"), "within": "best" }] })
            }
            // So that prices keep their meaning.
            ("PATCH", "/api/v1/organization") => json!({ "timezone": "Asia/Seoul" }),
            ("POST", "/api/v1/impersonations") => {
                let (account, _) = house.hire(&house.ours, Role::Customer).await;
                json!({ "accountId": account, "reason": "Ticket 4711: the cart shows no price" })
            }
            ("POST", "/api/v1/gift-cards/lookup") => {
                let card = json!({ "amount": { "amount": "5.00", "currency": "EUR" } });
                let card = house.create("/api/v1/gift-cards", &self.owner, &card).await.expect(201);
                json!({ "code": text(&card, "/code") })
            }
            ("POST", "/api/v1/tax-exemptions") => self.a_certificate().await,
            // So that each is another than before, and hinders nobody.
            ("PUT", "/api/v1/fraud-settings") => from_iceland(number),
            ("PUT", "/api/v1/invoice-settings") => {
                let mut body: Value = serde_json::from_str(&shown).unwrap();
                body["footer"] = format!("Footer {number}").into();
                body
            }
            ("POST", "/api/v1/orders/{id}/credit-notes") => json!({ "reason": "Called off" }),
            ("POST", "/api/v1/checkouts") => order_form(&self.filled_cart(own, credential).await),
            // What is put somewhere is not taken away from there.
            ("POST", path) if path.ends_with("}/products") => {
                let mut body: Value = serde_json::from_str(&shown).unwrap();
                body.as_object_mut().unwrap().remove("remove");
                body
            }
            _ => return shown,
        };
        body.to_string()
    }
}
