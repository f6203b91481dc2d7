//! A store asks somebody else what its taxes are, who answers well, badly, late or not at all.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::port::clock::Clock;
use headlesspro_edge::port::mac::hmac_sha256;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::sealed::cells;
use crate::app::{Kind, Stage, serve_at};
use crate::client::Client;
use crate::stories::people::{PASSWORD, confirm, register};
use crate::stories::sessions::{as_person, log_in_with};
use crate::stories::sign_ups::own_shop;
use crate::world::{Shop, World, order_form};

const SECRET: &str = "not-to-be-seen-by-anybody";
const NUMBER: &str = "DE-4711-of-a-person";
const SETTINGS: &str = "/api/v1/tax-settings";

/// What the provider is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    /// 10 % on top of each line.
    Good,
    Late,
    Broken,
    NoJson,
    /// Less is paid than asked for.
    Negative,
    /// It leaves out the lines.
    Nothing,
    /// A thousand times the price.
    Greedy,
    Endless,
}

struct Provider {
    mood: Mutex<Mood>,
    asked: Mutex<Vec<(HeaderMap, String)>>,
}

impl Provider {
    fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// That of the last question, which is the same whenever it is asked.
    fn key(&self) -> String {
        self.asked.lock().unwrap().last().unwrap().0["idempotency-key"].to_str().unwrap().to_owned()
    }

    /// The last question, if it is signed.
    fn last(&self) -> Value {
        let asked = self.asked.lock().unwrap();
        let (headers, body) = asked.last().unwrap();
        let text = |name: &str| headers[name].to_str().unwrap();
        let signed = format!("{}.{body}", text("hp-timestamp"));
        let signature = hex::encode(hmac_sha256(SECRET.as_bytes(), signed.as_bytes()));
        assert_eq!(text("hp-signature"), format!("v1={signature}"));
        assert!(!text("idempotency-key").is_empty());
        serde_json::from_str(body).unwrap()
    }

    async fn answer(&self, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
        let body = String::from_utf8(body.to_vec()).unwrap();
        let question: Value = serde_json::from_str(&body).unwrap();
        self.asked.lock().unwrap().push((headers, body));
        let mood = *self.mood.lock().unwrap();
        let line = |line: &Value| {
            let amount = line["amount"].as_i64().unwrap();
            let tax = match mood {
                Mood::Negative => -1,
                Mood::Greedy => amount * 1_000,
                _ if question["exemptions"] != json!([]) => 0,
                _ => amount / 10,
            };
            let ppm = if tax == 0 { 0 } else { 100_000 };
            json!({ "key": line["key"], "tax": tax, "rates": [{ "name": "Sales tax", "ppm": ppm, "tax": tax }] })
        };
        let mut lines: Vec<Value> = question["lines"].as_array().unwrap().iter().map(line).collect();
        match mood {
            Mood::Late => tokio::time::sleep(Duration::from_millis(1_500)).await,
            Mood::Broken => return (StatusCode::INTERNAL_SERVER_ERROR, String::new()),
            Mood::NoJson => return (StatusCode::OK, "<html>".to_owned()),
            Mood::Endless => return (StatusCode::OK, "[".repeat(1_000_000)),
            Mood::Nothing => lines.clear(),
            Mood::Good | Mood::Negative | Mood::Greedy => {}
        }
        (StatusCode::OK, json!({ "reference": "quote-42", "lines": lines, "shipping": [] }).to_string())
    }
}

pub fn is_asked_once_and_taken_at_its_word(stage: &Stage, kind: Kind) {
    stage.run(async {
        let provider = Arc::new(Provider { mood: Mutex::new(Mood::Good), asked: Mutex::default() });
        let asked = Arc::clone(&provider);
        let answer = move |headers: HeaderMap, body: Bytes| {
            let asked = Arc::clone(&asked);
            async move { asked.answer(headers, body).await }
        };
        let router = Router::new().route("/quotes", post(answer));
        let url = serve_at(stage.provider_port(), router).await.unwrap() + "/quotes";
        let world = stage.world();
        let (shop, owner) = own_shop(&world, "provided", "USD").await;
        owner.patch("/api/v1/organization").json(&json!({ "taxMode": "exclusive" })).send().await.expect(200);
        let variant = json!({
            "price": { "amount": "10.00", "currency": "USD" }, "sku": "mug", "inventory": { "quantity": 50 },
        });
        let body = json!({ "handle": "mug", "title": "Mug", "status": "active", "variants": [variant] });
        let made = shop.merchant.post("/api/v1/products").json(&body).send().await.expect(201).json();
        let mug = made["variants"][0]["id"].as_str().unwrap().to_owned();
        let zone = json!({ "name": "US", "areas": [{ "country": "US" }],
            "rates": [{ "name": "Estimate", "classes": ["standard"], "ppm": 70_000 }] });
        shop.merchant.post("/api/v1/tax-zones").json(&zone).send().await.expect(201);
        set(&shop, &url, "rules").await;
        let cart = shop.filled_cart(&[(&mug, 2)]).await;

        what_it_says_is_agreed_to(&provider, &shop, &owner, &cart).await;
        what_does_not_fit_is_the_zones_business(&provider, &shop, &owner, &url, &cart).await;
        what_has_changed_is_asked_again(&provider, &shop, &url, &cart).await;
        it_is_told_of_a_certificate(&provider, &world, (&shop, &owner), &mug).await;
        nothing_is_kept_in_clear(stage).await;
        println!("{kind}: a tax provider was asked {} times, in every mood", provider.count());
    });
}

async fn set(shop: &Shop, url: &str, fallback: &str) {
    let provider = json!({ "url": url, "secret": SECRET, "timeoutMillis": 700, "fallback": fallback });
    shop.merchant.patch(SETTINGS).json(&json!({ "provider": provider })).send().await.expect(200);
}

fn form(cart: &str) -> Value {
    let mut form = order_form(cart);
    let address = &mut form["shippingAddress"];
    (address["countryCode"], address["region"], address["postalCode"]) =
        (json!("US"), json!("CA"), json!("90210-1234"));
    form
}

/// Source, tax and total.
fn told(body: &Value) -> Value {
    let totals = &body["totals"];
    json!([totals["taxSource"], totals["taxes"]["tax"]["amount"], totals["total"]["amount"]])
}

async fn what_it_says_is_agreed_to(provider: &Provider, shop: &Shop, owner: &Client, cart: &str) {
    // A cart is not worth a question.
    assert_eq!(told(&shop.cart(cart).await), json!(["estimate", null, "20.00"]));
    assert_eq!(provider.count(), 0);
    let form = form(cart);
    let open = || shop.shopper.post("/api/v1/checkouts").header("idempotency-key", "open").json(&form).send();
    let opened = open().await.expect(201);
    assert!(open().await.expect(201).is_replayed());
    assert_eq!((provider.count(), opened.spent().sql), (1, 2), "one question, one read and one commit: {opened}");
    assert!(opened.the("server-timing").contains("provider;desc=\"1\""), "{opened}");
    let checkout = opened.json();
    assert_eq!(told(&checkout), json!(["provider", "2.00", "22.00"]));
    assert_eq!(checkout["lines"][0]["taxes"]["rates"][0]["name"], "Sales tax");
    let asked = provider.last();
    assert_eq!(asked["destination"], json!({ "country": "US", "region": "US-CA", "postcode": "902101234" }));
    let line = json!({ "key": "0", "amount": 2_000, "quantity": 2, "class": "standard" });
    assert_eq!(json!([asked["lines"], asked["currency"], asked["mode"]]), json!([[line], "USD", "exclusive"]));

    // The order is what was agreed to, whether the provider is there or not, and is explained without it.
    provider.is(Mood::Broken);
    let path = checkout["id"].as_str().unwrap();
    let order = shop.complete(path, "complete").await.expect(201);
    assert!(shop.complete(path, "complete").await.expect(201).is_replayed());
    let order = order.json();
    assert_eq!(told(&order), json!(["provider", "2.00", "22.00"]));
    let why = format!("/api/v1/orders/{}/explain", order["id"].as_str().unwrap());
    let why = owner.get(&why).send().await.expect(200).json();
    assert_eq!(why["totals"]["taxSource"]["reference"], "quote-42", "{why}");
    assert_eq!((&why["totals"]["tax"], provider.count()), (&json!(200), 1));
}

async fn what_does_not_fit_is_the_zones_business(
    provider: &Provider,
    shop: &Shop,
    owner: &Client,
    url: &str,
    cart: &str,
) {
    let moods = [Mood::Late, Mood::Broken, Mood::NoJson, Mood::Negative, Mood::Nothing, Mood::Greedy, Mood::Endless];
    for mood in moods {
        provider.is(mood);
        let opened = shop.shopper.post("/api/v1/checkouts").json(&form(cart)).send().await.expect(201).json();
        assert_eq!(told(&opened), json!(["rules", "1.40", "21.40"]), "{mood:?}");
    }
    let opened = shop.shopper.post("/api/v1/checkouts").json(&form(cart)).send().await.expect(201).json();
    let order = shop.complete(opened["id"].as_str().unwrap(), "fallback").await.expect(201).json();
    let why = format!("/api/v1/orders/{}/explain", order["id"].as_str().unwrap());
    let why = owner.get(&why).send().await.expect(200).json();
    assert_eq!(why["totals"]["taxSource"]["by"], "own-instead", "{why}");

    set(shop, url, "refuse").await;
    for mood in moods {
        provider.is(mood);
        let keyed = || shop.shopper.post("/api/v1/checkouts").header("idempotency-key", format!("{mood:?}"));
        let refused = keyed().json(&form(cart)).send().await.expect_problem(503, "tax-provider-unavailable");
        assert!(refused.header("retry-after").is_some(), "{refused}");
        // Nothing of it is kept: the same request may go well.
        if mood == Mood::Late {
            provider.is(Mood::Good);
            let opened = keyed().json(&form(cart)).send().await.expect(201).json();
            assert_eq!(told(&opened), json!(["provider", "2.00", "22.00"]));
        }
    }
}

async fn what_has_changed_is_asked_again(provider: &Provider, shop: &Shop, url: &str, cart: &str) {
    provider.is(Mood::Good);
    let opened = shop.shopper.post("/api/v1/checkouts").json(&form(cart)).send().await.expect(201).json();
    set(shop, url, "refuse").await;
    provider.is(Mood::Broken);
    let complete = async |key: &str| shop.complete(opened["id"].as_str().unwrap(), key).await;
    complete("later").await.expect_problem(503, "tax-provider-unavailable");
    provider.is(Mood::Good);
    let (before, key) = (provider.count(), provider.key());
    assert_eq!(told(&complete("later").await.expect(201).json()), json!(["provider", "2.00", "22.00"]));
    assert_eq!(
        (provider.count(), provider.key()),
        (before + 1, key),
        "the same question, at another moment of its day"
    );
}

async fn it_is_told_of_a_certificate(provider: &Provider, world: &World, (shop, owner): (&Shop, &Client), mug: &str) {
    let email = world.email("provided-reseller");
    register(shop, &email, PASSWORD).await.expect(202);
    let token = world.mailed_secret(&email, "account/verify").await;
    confirm(shop, &token, PASSWORD).await.expect(200);
    let tokens = log_in_with(shop, &email, PASSWORD).await.expect(200);
    let reseller = Shop { shopper: as_person(world, &tokens), ..shop.clone() };
    let until = SystemClock.now().checked_add_millis(12_000).unwrap();
    let body = json!({ "accountId": tokens.json()["account"]["id"], "number": NUMBER, "until": until });
    shop.merchant.post("/api/v1/tax-exemptions").json(&body).send().await.expect(201);
    let cart = reseller.filled_cart(&[(mug, 1)]).await;
    let opened = reseller.shopper.post("/api/v1/checkouts").json(&form(&cart)).send().await.expect(201).json();
    assert_eq!(provider.last()["exemptions"], json!([{ "kind": "certificate", "number": NUMBER, "until": until }]));
    let order = reseller.complete(opened["id"].as_str().unwrap(), "certified").await.expect(201).json();
    assert_eq!(json!([order["taxExemption"]["number"], told(&order)[1]]), json!([NUMBER, "0.00"]));

    // Where prices hold the tax, the zones take it off, and nobody is asked.
    let before = provider.count();
    owner.patch("/api/v1/organization").json(&json!({ "taxMode": "inclusive" })).send().await.expect(200);
    let held = reseller.shopper.post("/api/v1/checkouts").json(&form(&cart)).send().await.expect(201).json();
    assert_eq!((told(&held), provider.count()), (json!([null, "0.00", "9.35"]), before));
    owner.patch("/api/v1/organization").json(&json!({ "taxMode": "exclusive" })).send().await.expect(200);

    // What was answered while the certificate was good does not outlive it.
    let late = reseller.shopper.post("/api/v1/checkouts").json(&form(&cart)).send().await.expect(201).json();
    assert_eq!(told(&late), json!(["provider", "0.00", "10.00"]));
    let left = until.millis() - SystemClock.now().millis() + 500;
    tokio::time::sleep(Duration::from_millis(u64::try_from(left).unwrap_or(0))).await;
    let answer = reseller.complete(late["id"].as_str().unwrap(), "late").await;
    let refused = answer.expect_problem(409, "totals-changed").json();
    assert_eq!(refused["current"]["total"]["amount"], "11.00");
}

async fn nothing_is_kept_in_clear(stage: &Stage) {
    for (place, text) in cells(stage.sql()).await {
        assert!(!text.contains(SECRET) && !text.contains(NUMBER), "{place}");
    }
}
