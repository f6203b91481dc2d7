//! Orders that are paid by Stripe: by a small one of the tests' own, which does as the real one does.

mod fake;

use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::payments::sweep_all;
use headlesspro_edge::port::clock::Clock;
use headlesspro_edge::port::mac::hmac_sha256;
use serde_json::{Value, json};

use super::payments::{IS_DUE, IS_OVER, change};
use crate::app::{Kind, Stage};
use crate::client::Answer;
use crate::stories::payments::{PROVIDERS, by, completed, euros, gone_on, moved, refunded, shown, states};
use crate::world::World;
use fake::Stripe;

/// What the fake knows us by.
const SECRET_KEY: &str = "sk_test_known_to_nobody_but_us_two";
const PUBLISHABLE_KEY: &str = "pk_test_shown_to_everybody";
const WEBHOOK_SECRET: &str = "whsec_known_to_nobody_but_us";

async fn provider(world: &World, name: &str, capture: &str) -> Value {
    let body = json!({
        "kind": "stripe", "name": world.name(name), "capture": capture, "secretKey": SECRET_KEY,
        "publishableKey": PUBLISHABLE_KEY, "webhookSecret": WEBHOOK_SECRET,
    });
    let made = world.ours.merchant.post(PROVIDERS).json(&body).send().await.expect(201);
    for secret in [SECRET_KEY, WEBHOOK_SECRET] {
        assert!(!String::from_utf8_lossy(&made.body).contains(secret), "{made}");
    }
    made.json()
}

fn id(provider: &Value) -> &str {
    provider["id"].as_str().unwrap()
}

/// An order of one, and its checkout.
async fn bought(world: &World, variant: &str, body: &Value, name: &str) -> (Value, String) {
    let checkout = world.ours.opened(&[(variant, 1)]).await;
    (completed(&world.ours, &checkout, &world.name(name), body).await.expect(201).json(), checkout)
}

pub fn takes_gives_back_and_declines(stage: &Stage, _: Kind) {
    stage.run(async {
        let (world, stripe) = (stage.world(), Stripe::start(stage).await);
        let shop = &world.ours;
        what_is_set_up_is_of_its_kind(&world).await;
        let provider = provider(&world, "stripe", "automatic").await;
        assert_eq!(
            json!([provider["kind"], provider["publishableKey"], provider["capture"]]),
            json!(["stripe", PUBLISHABLE_KEY, "automatic"])
        );
        let sold = world.sell("stripe", "10", 50).await;
        let checkout = shop.opened(&[(&sold.variant, 1)]).await;
        let (key, body) = (world.name("paid"), by(id(&provider), "pm_card_visa"));
        let placed = completed(shop, &checkout, &key, &body).await.expect(201);
        let order = placed.json();
        assert_eq!(states(&order), json!(["confirmed", "captured", "captured"]));
        assert_eq!(order["payment"]["method"], "stripe");
        assert!(placed.the("server-timing").contains("provider;desc=\"2\""), "{placed}");
        let asked = stripe.asked();
        let payment = order["payment"]["id"].as_str().unwrap();
        let told: Vec<(&str, Option<&str>)> =
            asked.iter().map(|asked| (asked.line.as_str(), asked.key.as_deref())).collect();
        let first = format!("{payment}-1");
        assert_eq!(
            told,
            [("POST /v1/payment_intents", Some(payment)), ("POST /v1/payment_intents/pi_0000/confirm", Some(&*first))]
        );
        assert_eq!(asked[0].fields["amount"], "1000");
        assert_eq!(asked[0].fields["currency"], "eur");
        assert_eq!(asked[1].fields["return_url"], "https://shop.example/paid");
        let again = completed(shop, &checkout, &key, &body).await.expect(201);
        assert!(again.is_replayed() && again.json() == order, "{again}");
        assert_eq!(stripe.asked().len(), 2, "nothing is asked twice");

        // Money goes back, as much as has come.
        let part = json!({ "amount": euros("4.00") });
        let first = refunded(shop, &order, &world.name("part"), &part).await.expect(201).json();
        assert_eq!(json!([first["state"], first["amount"]]), json!(["succeeded", euros("4.00")]));
        assert_eq!(
            states(&shown(shop, &order).await),
            json!(["confirmed", "partially-refunded", "partially-refunded"])
        );
        let asked = stripe.asked().pop().unwrap();
        assert_eq!(asked.key.as_deref(), first["id"].as_str());
        assert_eq!([&asked.fields["payment_intent"], &asked.fields["amount"]], ["pi_0000", "400"]);

        // Another card, where the first is declined, or is none.
        let declined = by(id(&provider), "pm_card_chargeDeclinedInsufficientFunds");
        let (order, checkout) = bought(&world, &sold.variant, &declined, "declined").await;
        assert_eq!(json!([order["state"], order["payment"]["declinedFor"]]), json!(["pending", "insufficient_funds"]));
        let order = gone_on(shop, &checkout, &json!({ "token": "pm_of_another_account" })).await;
        assert_eq!(order["payment"]["declinedFor"], "resource_missing", "{order}");
        let order = gone_on(shop, &checkout, &json!({ "token": "ctoken_1" })).await;
        assert_eq!(states(&order), json!(["confirmed", "captured", "captured"]));
        let none = by(id(&provider), "pm_of_another_account");
        let (order, _) = bought(&world, &sold.variant, &none, "none").await;
        assert_eq!(json!([order["state"], order["payment"]["declinedFor"]]), json!(["pending", "resource_missing"]));

        // What Stripe will not have is over at once, and holds nothing.
        let cheap = world.sell("cheap", "0.49", 5).await;
        let (order, _) = bought(&world, &cheap.variant, &body, "cheap").await;
        assert_eq!(states(&order), json!(["cancelled", "failed", "failed"]));
        assert_eq!(order["payment"]["declinedFor"], "amount_too_small");
        assert_eq!(shop.stock(&cheap.handle).await, [5]);
    });
}

async fn what_is_set_up_is_of_its_kind(world: &World) {
    let refused = async |body: Value| {
        let made = world.ours.merchant.post(PROVIDERS).json(&body).send().await;
        made.expect_problem(422, "invalid-request").places()
    };
    let name = world.name("refused");
    assert_eq!(refused(json!({ "kind": "stripe", "name": name })).await, ["#/secretKey"]);
    let swapped = json!({ "kind": "stripe", "name": name, "secretKey": PUBLISHABLE_KEY, "publishableKey": SECRET_KEY });
    assert_eq!(refused(swapped).await, ["#/secretKey", "#/publishableKey"]);
    let of_sandbox = json!({ "kind": "sandbox", "name": name, "secretKey": SECRET_KEY });
    assert_eq!(refused(of_sandbox).await, ["#/secretKey"]);
    let sandbox = json!({ "kind": "sandbox", "name": name });
    let sandbox = world.ours.merchant.post(PROVIDERS).json(&sandbox).send().await.expect(201);
    let later = world.ours.merchant.patch(sandbox.the("location")).header("if-match", "\"1\"");
    let later = later.json(&json!({ "publishableKey": PUBLISHABLE_KEY })).send().await;
    assert_eq!(later.expect_problem(422, "invalid-request").places(), ["#/publishableKey"]);
}

pub fn captures_what_was_authorized(stage: &Stage, _: Kind) {
    stage.run(async {
        let (world, stripe) = (stage.world(), Stripe::start(stage).await);
        let shop = &world.ours;
        let provider = provider(&world, "later", "manual").await;
        let sold = world.sell("later", "10", 9).await;
        let body = by(id(&provider), "pm_card_visa");
        let (order, _) = bought(&world, &sold.variant, &body, "captured").await;
        assert_eq!(states(&order), json!(["confirmed", "authorized", "authorized"]));
        let more = moved(shop, &order, "capture", &json!({ "amount": euros("10.01") })).await;
        more.expect_problem(409, "payment-exceeded");

        // The answer is lost: the next try finds what was captured.
        stripe.loses("/capture");
        let less = json!({ "amount": euros("7.50") });
        let lost = moved(shop, &order, "capture", &less).await;
        lost.expect_problem(503, "payment-provider-unavailable");
        let done = moved(shop, &order, "capture", &json!({ "amount": euros("9.00") })).await.expect(200).json();
        assert_eq!(states(&done), json!(["confirmed", "captured", "captured"]));
        assert_eq!(stripe.intent(&order["payment"])["amount_received"], 750);
        let over = refunded(shop, &order, &world.name("over"), &json!({ "amount": euros("7.51") })).await;
        over.expect_problem(409, "payment-exceeded");
        refunded(shop, &order, &world.name("part"), &json!({ "amount": euros("2.50") })).await.expect(201);
        let rest = refunded(shop, &order, &world.name("rest"), &json!({})).await.expect(201).json();
        assert_eq!(rest["amount"], euros("5.00"));
        assert_eq!(states(&shown(shop, &order).await), json!(["confirmed", "refunded", "refunded"]));

        let (order, _) = bought(&world, &sold.variant, &body, "let go").await;
        let gone = moved(shop, &order, "void", &json!({})).await.expect(200).json();
        assert_eq!(states(&gone), json!(["confirmed", "voided", "voided"]));
        assert_eq!(stripe.intent(&order["payment"])["status"], "canceled");
    });
}

pub fn a_buyer_acts_at_the_bank_and_comes_back(stage: &Stage, _: Kind) {
    stage.run(async {
        let (world, stripe) = (stage.world(), Stripe::start(stage).await);
        let shop = &world.ours;
        let provider = provider(&world, "acting", "automatic").await;
        let sold = world.sell("acting", "10", 9).await;
        let body = by(id(&provider), "pm_card_authenticationRequired");
        for (is_good, state) in [(true, "confirmed"), (false, "pending")] {
            let (order, checkout) = bought(&world, &sold.variant, &body, &format!("acting-{is_good}")).await;
            let expected = "https://hooks.stripe.com/3d_secure_2?back=https://shop.example/paid";
            assert_eq!(order["payment"]["action"], json!({ "url": expected }), "{order}");
            assert_eq!(gone_on(shop, &checkout, &json!({})).await["payment"]["action"]["url"], expected);
            stripe.act(&order["payment"], is_good);
            let order = gone_on(shop, &checkout, &json!({})).await;
            assert_eq!(order["state"], state, "{order}");
            assert_eq!(order["payment"].get("action"), None, "{order}");
        }
        // Who never leaves the shop goes on there.
        let mut body = body;
        body["payment"].as_object_mut().unwrap().remove("returnUrl");
        let (order, checkout) = bought(&world, &sold.variant, &body, "in the shop").await;
        let intent = stripe.intent(&order["payment"]);
        assert_eq!(order["payment"]["action"], json!({ "clientSecret": intent["client_secret"] }));
        assert_eq!(intent["allow_redirects"], "never");
        stripe.act(&order["payment"], true);
        let order = gone_on(shop, &checkout, &json!({})).await;
        assert_eq!(states(&order), json!(["confirmed", "captured", "captured"]));
    });
}

/// Whatever answer is lost, the sweeper finds out what was done: by the key, and by asking how it stands.
pub fn what_is_lost_is_found_by_the_sweeper(stage: &Stage, _: Kind) {
    stage.run(async {
        let (world, stripe) = (stage.world(), Stripe::start(stage).await);
        let shop = &world.ours;
        let provider = provider(&world, "lost", "automatic").await;
        let sold = world.sell("lost", "10", 9).await;
        for (name, lost, token, decided, charged) in [
            ("made", "payment_intents", "pm_card_visa", json!(["cancelled", "failed", "failed"]), 0),
            ("paid", "/confirm", "pm_card_visa", json!(["confirmed", "captured", "captured"]), 1_000),
            ("asked", "/confirm", "pm_card_authenticationRequired", json!(["cancelled", "failed", "failed"]), 0),
            ("ended", "/cancel", "pm_of_another_account", json!(["cancelled", "failed", "failed"]), 0),
        ] {
            let before = shop.stock(&sold.handle).await;
            stripe.loses(lost);
            let (order, _) = bought(&world, &sold.variant, &by(id(&provider), token), name).await;
            assert_eq!(order["state"], "pending", "{name}: {order}");
            for sql in [IS_DUE, IS_OVER, IS_OVER] {
                change(stage, sql, &order).await;
                sweep_all(stage.app()).await.unwrap();
            }
            let order = shown(shop, &order).await;
            assert_eq!(states(&order), decided, "{name}: {order}");
            let intent = stripe.intent(&order["payment"]);
            assert_eq!(intent["amount_received"], charged, "{name}: {intent}");
            assert_eq!(intent["status"] == "canceled", charged == 0, "{name}: {intent}");
            let left = if charged == 0 { before[0] } else { before[0] - 1 };
            assert_eq!(shop.stock(&sold.handle).await, [left], "{name}");
        }
        // Of a refund as well: it is given once.
        let (order, _) = bought(&world, &sold.variant, &by(id(&provider), "pm_card_visa"), "back").await;
        stripe.loses("refunds");
        let part = json!({ "amount": euros("4.00") });
        let refund = refunded(shop, &order, &world.name("back"), &part).await.expect(201).json();
        assert_eq!(refund["state"], "pending");
        change(stage, REFUND_IS_DUE, &order).await;
        sweep_all(stage.app()).await.unwrap();
        assert_eq!(
            states(&shown(shop, &order).await),
            json!(["confirmed", "partially-refunded", "partially-refunded"])
        );
        let rest = refunded(shop, &order, &world.name("rest"), &json!({})).await.expect(201).json();
        assert_eq!(json!([rest["state"], rest["amount"]]), json!(["succeeded", euros("6.00")]));
        let keys: Vec<_> = stripe.asked().into_iter().filter(|asked| asked.line.ends_with("refunds")).collect();
        assert_eq!(keys.len(), 3, "{keys:?}");
        assert_eq!(keys[0].key, keys[1].key);
    });
}

const REFUND_IS_DUE: &str = "UPDATE refund SET due_at = 1 WHERE organization_id = ?1 AND order_id = ?2";

fn second() -> i64 {
    SystemClock.now().millis() / 1_000
}

async fn told(world: &World, path: &str, body: &str, (secret, second): (&str, i64)) -> Answer {
    let signature = hex::encode(hmac_sha256(secret.as_bytes(), format!("{second}.{body}").as_bytes()));
    let call = world.nobody.post(path).header("stripe-signature", format!("t={second},v1={signature}"));
    call.body("application/json", body.to_owned()).send().await
}

fn event(id: &str, name: &str, object: &Value) -> String {
    json!({ "id": id, "object": "event", "type": name, "data": { "object": object } }).to_string()
}

/// Events come twice, late and in any order, and from others: what is so is asked, and never goes back.
pub fn webhooks_are_a_reason_to_ask(stage: &Stage, _: Kind) {
    stage.run(async {
        let (world, stripe) = (stage.world(), Stripe::start(stage).await);
        let shop = &world.ours;
        let provider = provider(&world, "told", "automatic").await;
        let path = provider["webhookPath"].as_str().unwrap();
        let sold = world.sell("told", "10", 9).await;
        let body = by(id(&provider), "pm_card_authenticationRequired");
        let (order, _) = bought(&world, &sold.variant, &body, "told").await;
        let before = stripe.intent(&order["payment"]);
        stripe.act(&order["payment"], true);
        let is = stripe.intent(&order["payment"]);
        let paid = event("evt_paid", "payment_intent.succeeded", &is);
        let good = (WEBHOOK_SECRET, second());
        stripe.lines();

        for (secret, second) in [("whsec_of_somebody_else", second()), (WEBHOOK_SECRET, second() - 302)] {
            let refused = told(&world, path, &paid, (secret, second)).await;
            refused.expect_problem(400, "webhook-not-authentic");
        }
        for garbage in ["", "{}", "[1]", "{\"id\":\"evt_1\"", "{\"id\":\"../x\",\"type\":\"a\"}"] {
            told(&world, path, garbage, good).await.expect_problem(400, "webhook-not-authentic");
        }
        assert_eq!(shown(shop, &order).await["state"], "pending");
        assert_eq!(stripe.lines(), [""; 0], "nobody is asked for what nobody has signed");

        // The later event comes first, each of them twice.
        let asks = event("evt_asks", "payment_intent.requires_action", &before);
        for body in [&paid, &paid, &asks, &asks] {
            told(&world, path, body, good).await.expect(204);
            assert_eq!(states(&shown(shop, &order).await), json!(["confirmed", "captured", "captured"]));
        }
        let read = format!("GET /v1/payment_intents/{}", is["id"].as_str().unwrap());
        assert_eq!(stripe.lines(), [read.as_str(), read.as_str()], "each event once");
        // Of something else, or of a payment that is not there.
        let others = [json!({ "object": "balance" }), json!({ "metadata": { "payment_id": "pay_none" } })];
        for (at, object) in others.iter().enumerate() {
            told(&world, path, &event(&format!("evt_else_{at}"), "balance.available", object), good).await.expect(204);
        }
        assert_eq!(stripe.lines(), [""; 0]);

        // A refund that is on its way arrives, and a bank sends one back that had arrived.
        let refund = |amount: &str| json!({ "amount": euros(amount) });
        let waits = refunded(shop, &order, &world.name("waits"), &refund("1.11")).await.expect(201).json();
        assert_eq!(waits["state"], "pending");
        let part = refunded(shop, &order, &world.name("part"), &refund("4.00")).await.expect(201).json();
        assert_eq!(part["state"], "succeeded");
        stripe.bounce(&part);
        let of = json!({ "metadata": { "payment_id": order["payment"]["id"], "refund_id": part["id"] } });
        for _ in 0..2 {
            told(&world, path, &event("evt_bounced", "refund.failed", &of), good).await.expect(204);
        }
        let listed = shop.merchant.get(&format!("/api/v1/orders/{}/refunds", order["id"].as_str().unwrap()));
        let listed = listed.send().await.expect(200).json();
        assert_eq!(
            json!([listed["items"][0]["state"], listed["items"][1]["state"], listed["items"][1]["failedFor"]]),
            json!(["pending", "failed", "expired_or_canceled_card"])
        );
        assert_eq!(states(&shown(shop, &order).await), json!(["confirmed", "captured", "captured"]));
    });
}
