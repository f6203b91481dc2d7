//! A store asks carriers what shipping costs, who answer well, badly, late or not at all.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::routing::post;
use bytes::Bytes;
use headlesspro_edge::port::mac::hmac_sha256;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::Barrier;

use super::sealed::cells;
use crate::app::{Kind, Stage, serve_at};
use crate::client::Answer;
use crate::stories::sign_ups::own_shop;
use crate::stories::taxed::sell;
use crate::world::{Shop, order_form};

const SECRET: &str = "not-to-be-seen-by-anybody";
const SETTINGS: &str = "/api/v1/shipping-settings";
const ZONES: &str = "/api/v1/shipping-zones";
const RATES: &str = "/api/v1/shipping-rates";

/// What a carrier is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    /// Ground at a cent per gram, and air at ten times that.
    Good,
    Dearer,
    /// As a good one, once both are asked.
    Together,
    /// It ships nothing there.
    Nothing,
    Late,
    Broken,
    NoJson,
    Endless,
    Negative,
    Dollars,
    Greedy,
    /// More services than anybody can choose from.
    Many,
    /// Two of one name.
    Twice,
    /// Of a group that it was not asked about.
    Elsewhere,
}

struct Carriers {
    both: Barrier,
    moods: Mutex<BTreeMap<String, Mood>>,
    /// Who was asked, by their paths.
    asked: Mutex<Vec<(String, HeaderMap, String)>>,
}

impl Carriers {
    fn of_two() -> Carriers {
        Carriers { both: Barrier::new(2), moods: Mutex::default(), asked: Mutex::default() }
    }

    fn is(&self, carrier: &str, mood: Mood) {
        self.moods.lock().unwrap().insert(carrier.to_owned(), mood);
    }

    fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// The last question to one of them, if it is signed.
    fn last(&self, carrier: &str) -> Value {
        let asked = self.asked.lock().unwrap();
        let (_, headers, body) = asked.iter().rev().find(|(name, ..)| name == carrier).unwrap();
        let text = |name: &str| headers[name].to_str().unwrap();
        let signed = format!("{}.{body}", text("hp-timestamp"));
        let signature = hex::encode(hmac_sha256(SECRET.as_bytes(), signed.as_bytes()));
        assert_eq!(text("hp-signature"), format!("v1={signature}"));
        assert!(!text("idempotency-key").is_empty());
        serde_json::from_str(body).unwrap()
    }

    async fn answer(&self, carrier: String, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
        let body = String::from_utf8(body.to_vec()).unwrap();
        let question: Value = serde_json::from_str(&body).unwrap();
        let mood = self.moods.lock().unwrap().get(&carrier).copied().unwrap_or(Mood::Good);
        self.asked.lock().unwrap().push((carrier, headers, body));
        let rate = |service: &str, name: &str, amount: i64| {
            let currency = if mood == Mood::Dollars { "USD" } else { "EUR" };
            json!({ "service": service, "name": name, "amount": amount, "currency": currency })
        };
        let rates = |weight: i64| match mood {
            Mood::Nothing => json!([]),
            Mood::Negative => json!([rate("ground", "Ground", -1)]),
            Mood::Greedy => json!([rate("ground", "Ground", i64::MAX)]),
            Mood::Many => (0..1_000).map(|number| rate(&number.to_string(), &format!("No. {number}"), 1)).collect(),
            Mood::Twice => json!([rate("ground", "Ground", 1), rate("air", "Ground", 2)]),
            Mood::Dearer => json!([rate("ground", "Ground", weight + 1), rate("air", "Air", weight * 10)]),
            _ => json!([rate("ground", "Ground", weight), rate("air", "Air", weight * 10)]),
        };
        let groups = question["groups"].as_array().unwrap().iter();
        let mut groups: Vec<Value> = groups
            .map(|group| json!({ "key": group["key"], "rates": rates(group["weight"].as_i64().unwrap()) }))
            .collect();
        if mood == Mood::Together {
            self.both.wait().await;
        }
        match mood {
            Mood::Late => tokio::time::sleep(Duration::from_millis(1_500)).await,
            Mood::Broken => return (StatusCode::INTERNAL_SERVER_ERROR, String::new()),
            Mood::NoJson => return (StatusCode::OK, "<html>".to_owned()),
            Mood::Endless => return (StatusCode::OK, "[".repeat(1_000_000)),
            Mood::Elsewhere => groups[0]["key"] = json!("7"),
            _ => {}
        }
        (StatusCode::OK, json!({ "groups": groups }).to_string())
    }
}

pub fn are_asked_together_and_taken_at_their_word(stage: &Stage, kind: Kind) {
    stage.run(async {
        let carriers = Arc::new(Carriers::of_two());
        let asked = Arc::clone(&carriers);
        let answer = move |Path(carrier): Path<String>, headers: HeaderMap, body: Bytes| {
            let asked = Arc::clone(&asked);
            async move { asked.answer(carrier, headers, body).await }
        };
        let router = Router::new().route("/rates/{carrier}", post(answer));
        let url = serve_at(stage.provider_port(), router).await.unwrap() + "/rates";
        let world = stage.world();
        let (shop, owner) = own_shop(&world, "carried", "EUR").await;
        let mug = sell(&shop, "mug", ["10.00", "EUR"], json!({ "weightGrams": 400 })).await;
        let provider = |name: &str| json!({ "url": format!("{url}/{name}"), "secret": SECRET, "timeoutMillis": 700 });
        let both = json!({ "providers": { "acme": provider("acme"), "bike": provider("bike") } });
        shop.merchant.patch(SETTINGS).json(&both).send().await.expect(200);
        let external = |name: &str, fallback: Value| {
            json!({ "name": name, "price": { "by": "external", "provider": name, "fallback": fallback } })
        };
        let hidden = external("acme", json!({ "kind": "hide" }));
        let stated = external("bike", json!({ "kind": "flat", "amounts": { "EUR": "9.90" } }));
        let body = json!({ "name": "Germany", "areas": [{ "country": "DE" }], "methods": [hidden, stated] });
        let zone = shop.merchant.post(ZONES).json(&body).send().await.expect(201).json();
        let cart = shop.filled_cart(&[(&mug, 2)]).await;
        let shipped = Shipped { shop, zone, cart, carriers };

        shipped.what_they_say_is_offered().await;
        shipped.what_does_not_fit_is_hidden_or_costs_what_is_stated().await;
        shipped.what_was_answered_is_kept().await;
        shipped.what_has_changed_is_asked_again().await;
        let log = owner.get("/api/v1/audit-log?limit=100").send().await.expect(200);
        let log = String::from_utf8_lossy(&log.body).into_owned();
        assert!(log.contains("shipping-settings.change") && !log.contains("/rates/acme"), "no path is told");
        for (place, text) in cells(stage.sql()).await {
            assert!(!text.contains(SECRET), "{place}");
        }
        println!("{kind}: two carriers were asked {} times, in every mood", shipped.carriers.count());
    });
}

struct Shipped {
    shop: Shop,
    zone: Value,
    cart: String,
    carriers: Arc<Carriers>,
}

/// Name, service and price of each offer.
fn offers(answer: &Answer) -> Value {
    let groups = answer.json()["groups"].as_array().unwrap().clone();
    assert_eq!(groups.len(), 1, "{answer}");
    let offers = groups[0]["offers"].as_array().unwrap().iter();
    offers.map(|offer| json!([offer["name"], offer["service"], offer["price"]["amount"]])).collect()
}

fn asked_providers(answer: &Answer) -> usize {
    let timing = answer.the("server-timing");
    let count = timing.split("provider;desc=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("0");
    count.parse().unwrap()
}

impl Shipped {
    async fn rates(&self) -> Answer {
        let body = json!({ "cartId": self.cart, "destination": { "country": "DE", "postcode": "10827" } });
        self.shop.shopper.post(RATES).json(&body).send().await
    }

    fn choice(&self, method: usize, service: Option<&str>) -> Value {
        let mut choice = json!({ "methodId": self.zone["methods"][method]["id"] });
        if let Some(service) = service {
            choice["service"] = json!(service);
        }
        choice
    }

    async fn open(&self, choice: Value, key: &str) -> Answer {
        let mut form = order_form(&self.cart);
        (form["shippingAddress"]["countryCode"], form["shippingAddress"]["postalCode"]) = (json!("DE"), json!("10827"));
        form["shippingMethods"] = json!([choice]);
        self.shop.shopper.post("/api/v1/checkouts").header("idempotency-key", key).json(&form).send().await
    }

    async fn complete(&self, checkout: &Value, key: &str) -> Answer {
        self.shop.complete(checkout["id"].as_str().unwrap(), &format!("{key}-order")).await
    }

    async fn what_they_say_is_offered(&self) {
        // A cart is not worth a question.
        self.shop.cart(&self.cart).await;
        assert_eq!(self.carriers.count(), 0);
        let answer = self.rates().await.expect(200);
        let expected = json!([
            ["Ground", "ground", "8.00"],
            ["Air", "air", "80.00"],
            ["Ground", "ground", "8.00"],
            ["Air", "air", "80.00"],
        ]);
        assert_eq!((offers(&answer), asked_providers(&answer)), (expected, 2), "{answer}");
        let line = json!({ "key": "0", "quantity": 2, "amount": 2_000, "weight": 800, "needsShipping": true,
            "class": "standard" });
        let group = json!({ "key": "0", "weight": 800, "subtotal": 2_000, "quantity": 2, "lines": [line] });
        let expected = json!({ "currency": "EUR", "destination": { "country": "DE", "postcode": "10827" },
            "groups": [group] });
        assert_eq!((self.carriers.last("acme"), self.carriers.last("bike")), (expected.clone(), expected));

        // All are asked at once: neither answers before the other is asked.
        self.carriers.is("acme", Mood::Together);
        self.carriers.is("bike", Mood::Together);
        assert_eq!(offers(&self.rates().await.expect(200)), offers(&answer));
        self.carriers.is("acme", Mood::Good);
        self.carriers.is("bike", Mood::Good);
    }

    async fn what_does_not_fit_is_hidden_or_costs_what_is_stated(&self) {
        for mood in [
            Mood::Late,
            Mood::Broken,
            Mood::NoJson,
            Mood::Endless,
            Mood::Negative,
            Mood::Dollars,
            Mood::Greedy,
            Mood::Many,
            Mood::Twice,
            Mood::Elsewhere,
        ] {
            self.carriers.is("acme", mood);
            self.carriers.is("bike", mood);
            let answer = self.rates().await.expect(200);
            assert_eq!(offers(&answer), json!([["bike", null, "9.90"]]), "{mood:?}");
        }
        // Who does not ship it has said so: no price is stated for that.
        self.carriers.is("acme", Mood::Nothing);
        self.carriers.is("bike", Mood::Nothing);
        let answer = self.rates().await.expect(200);
        assert_eq!(offers(&answer), json!([]));
        let refused = self.open(self.choice(0, Some("ground")), "none").await;
        refused.expect_problem(422, "shipping-method-not-offered");
        self.carriers.is("acme", Mood::Broken);
        self.carriers.is("bike", Mood::Broken);
        let opened = self.open(self.choice(1, None), "stated").await.expect(201).json();
        let before = self.carriers.count();
        let order = self.complete(&opened, "stated").await.expect(201).json();
        assert_eq!((&order["deliveries"][0]["price"]["amount"], self.carriers.count()), (&json!("9.90"), before));
        self.carriers.is("acme", Mood::Good);
        self.carriers.is("bike", Mood::Good);
    }

    async fn what_was_answered_is_kept(&self) {
        let before = self.carriers.count();
        let opened = self.open(self.choice(0, Some("air")), "kept").await.expect(201);
        assert_eq!((opened.spent().sql, asked_providers(&opened)), (2, 2), "one read, one commit: {opened}");
        assert!(self.open(self.choice(0, Some("air")), "kept").await.expect(201).is_replayed());
        assert_eq!(self.carriers.count(), before + 2);
        let opened = opened.json();
        let delivery = &opened["deliveries"][0];
        assert_eq!(json!([delivery["service"], delivery["name"]]), json!(["air", "Air"]));
        assert_eq!(opened["totals"]["total"]["amount"], "100.00");

        // Other rules of the merchant's have it totalled again, and what was answered still holds.
        self.carriers.is("acme", Mood::Dearer);
        let promotion = json!({ "name": "Unused", "trigger": "code", "effect": { "type": "free-shipping" } });
        self.shop.merchant.post("/api/v1/promotions").json(&promotion).send().await.expect(201);
        let order = self.complete(&opened, "kept").await.expect(201).json();
        assert_eq!((&order["totals"]["total"]["amount"], self.carriers.count()), (&json!("100.00"), before + 2));
        assert_eq!(order["deliveries"][0]["service"], "air");
        self.carriers.is("acme", Mood::Good);
    }

    async fn what_has_changed_is_asked_again(&self) {
        let replace = async |zone: &Value| {
            let path = format!("{ZONES}/{}", zone["id"].as_str().unwrap());
            let body = json!({ "name": zone["name"], "areas": zone["areas"], "methods": zone["methods"] });
            self.shop.merchant.call(Method::PUT, &path).json(&body).send().await
        };
        let mut zone = self.zone.clone();
        let mut renamed = async |name: &str| {
            zone["name"] = json!(name);
            replace(&zone).await.expect(200);
        };
        let opened = self.open(self.choice(0, Some("ground")), "same").await.expect(201).json();
        renamed("Deutschland").await;
        let before = self.carriers.count();
        self.complete(&opened, "same").await.expect(201);
        assert_eq!(self.carriers.count(), before + 2, "of the same price it is sold");

        let opened = self.open(self.choice(0, Some("ground")), "dearer").await.expect(201).json();
        renamed("Germany").await;
        self.carriers.is("acme", Mood::Dearer);
        let refused = self.complete(&opened, "dearer").await.expect_problem(409, "totals-changed").json();
        assert_eq!(refused["current"]["shipping"]["amount"], "8.01");

        let opened = self.open(self.choice(0, Some("ground")), "gone").await.expect(201).json();
        renamed("Deutschland").await;
        self.carriers.is("acme", Mood::Broken);
        self.complete(&opened, "gone").await.expect_problem(409, "shipping-changed");
        self.carriers.is("acme", Mood::Good);

        // Whom a method names is not taken away, and nobody is named who is not there.
        let gone = self.shop.merchant.patch(SETTINGS).json(&json!({ "providers": { "bike": null } })).send().await;
        gone.expect_problem(409, "shipping-provider-in-use");
        zone["methods"][1]["price"]["provider"] = json!("nobody");
        assert_eq!(replace(&zone).await.expect(422).places(), ["#/methods"]);
    }
}
