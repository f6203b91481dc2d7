//! What is done with payments: by the merchant, the shopper, a provider and a scheduler.

use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::port::clock::Clock;
use headlesspro_edge::port::mac::hmac_sha256;
use serde_json::{Value, json};

use crate::answers::{Answer, Shop, open};

const SECRET: &str = "whsec_0123456789abcdef";

pub async fn payments(shop: &mut Shop) {
    let json = ("content-type", "application/json");
    let providers = "/api/v1/payment-providers";
    let body = json!({ "kind": "sandbox", "name": "Sandbox", "capture": "manual", "webhookSecret": SECRET });
    let made = shop.call("POST", providers, &[json, ("idempotency-key", "psp-1")], body.to_string()).await;
    assert_eq!(made.status, 201);
    let (provider, webhook) = (made.text("/id"), made.text("/webhookPath"));
    assert_eq!(shop.send("POST", providers, json!({ "kind": "cash" })).await.status, 422);
    assert_eq!(shop.get(&format!("{providers}?limit=1")).await.text("/items/0/id"), provider);
    let stripe = json!({
        "kind": "stripe", "name": "Stripe", "secretKey": "sk_test_0123456789", "publishableKey": "pk_test_0123456789",
    });
    assert_eq!(shop.send("POST", providers, stripe).await.text("/publishableKey"), "pk_test_0123456789");
    let path = format!("{providers}/{provider}");
    assert_eq!(shop.get(&path).await.text("/capture"), "manual");
    assert_eq!(shop.get(&format!("{providers}/psp_01h455vb4pex5vsknk084sn02q")).await.status, 404);
    for (version, status) in [("\"9\"", 412), ("\"1\"", 200)] {
        let changed = shop.call("PATCH", &path, &[json, ("if-match", version)], r#"{"name":"Test"}"#).await;
        assert_eq!(changed.status, status);
    }

    let order = bought(shop, &provider, "sandbox_success", "pay-1").await.text("/id");
    let capture = format!("/api/v1/orders/{order}/payment/capture");
    let euros = |amount: &str| json!({ "amount": { "amount": amount, "currency": "EUR" } });
    for (body, status) in [(euros("99.00"), 409), (euros("0"), 422), (json!({}), 200), (json!({}), 409)] {
        assert_eq!(shop.send("POST", &capture, body).await.status, status);
    }
    let refunds = format!("/api/v1/orders/{order}/refunds");
    for (key, body, status) in [
        ("ref-1", euros("1.00"), 201),
        ("ref-1", euros("1.00"), 201),
        ("ref-2", euros("99.00"), 409),
        ("ref-3", json!({}), 201),
    ] {
        let asked = shop.call("POST", &refunds, &[json, ("idempotency-key", key)], body.to_string()).await;
        assert_eq!(asked.status, status, "{key}: {}", asked.body);
    }
    assert_eq!(shop.get(&refunds).await.text("/items/1/state"), "succeeded");
    assert_eq!(shop.call("DELETE", &path, &[], "").await.status, 409);

    invoiced(shop, &order).await;

    let void = |order: &str| format!("/api/v1/orders/{order}/payment/void");
    assert_eq!(shop.call("POST", &void(&order), &[], "").await.status, 409);
    let declined = bought(shop, &provider, "sandbox_declined", "pay-2").await;
    assert_eq!(declined.text("/payment/declinedFor"), "card_declined");
    let go_on = format!("/api/v1/checkouts/{}/payment", declined.text("/checkoutId"));
    assert_eq!(shop.send("POST", &go_on, json!({ "token": "sandbox_action" })).await.text("/state"), "pending");
    assert_eq!(shop.send("POST", &go_on, json!({ "token": "" })).await.status, 422);
    let off = shop.call("POST", &void(&declined.text("/id")), &[], "").await;
    assert_eq!((off.status, off.text("/state")), (200, "cancelled".to_owned()));

    // The provider tells that a payment has turned.
    let waits = bought(shop, &provider, "sandbox_action", "pay-3").await;
    let event = json!({ "id": "evt_1", "type": "payment.updated", "paymentId": waits.text("/payment/id") }).to_string();
    for (secret, status) in [("whsec_wrong_wrong_wrong", 400), (SECRET, 204), (SECRET, 204)] {
        let second = SystemClock.now().millis() / 1_000;
        let signature = hex::encode(hmac_sha256(secret.as_bytes(), format!("{second}.{event}").as_bytes()));
        let signed = format!("t={second},v1={signature}");
        let told = shop.call("POST", &webhook, &[("hp-signature", &signed)], event.clone()).await;
        assert_eq!(told.status, status, "{}", told.body);
    }
    let shown = shop.get(&format!("/api/v1/orders/{}", waits.text("/id"))).await;
    assert_eq!((shown.text("/state"), shown.text("/paymentState")), ("confirmed".to_owned(), "authorized".to_owned()));
    assert_eq!(shop.call("POST", &void(&waits.text("/id")), &[], "").await.text("/paymentState"), "voided");

    let unused = json!({ "kind": "sandbox", "name": "Unused" });
    let unused = format!("{providers}/{}", shop.send("POST", providers, unused).await.text("/id"));
    assert_eq!(shop.call("DELETE", &unused, &[], "").await.status, 204);
    assert_eq!(shop.send("POST", "/api/v1/jobs/payments", json!({})).await.status, 200);
}

/// A mug that is paid by a provider.
async fn bought(shop: &mut Shop, provider: &str, token: &str, key: &str) -> Answer {
    let mug = shop.get("/api/v1/products/mug").await.text("/variants/0/id");
    let cart = shop.send("POST", "/api/v1/cart", json!({})).await.text("/id");
    shop.send("POST", &format!("/api/v1/cart/{cart}/items"), json!({ "variantId": mug, "quantity": 1 })).await;
    let complete = format!("/api/v1/checkouts/{}/complete", open(shop, &cart).await.text("/id"));
    let body = json!({ "payment": { "provider": provider, "token": token } }).to_string();
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    let placed = shop.call("POST", &complete, &headers, body).await;
    assert_eq!(placed.status, 201, "{}", placed.body);
    placed
}

/// What is written down of an order whose refunds are through.
async fn invoiced(shop: &mut Shop, order: &str) {
    let json = ("content-type", "application/json");
    let settings = "/api/v1/invoice-settings";
    assert_eq!(shop.get(settings).await.body["version"], 0);
    let documents = |what: &str| format!("/api/v1/orders/{order}/{what}");
    let issued = async |shop: &mut Shop, what: &str, key: &str, body: Value| {
        shop.call("POST", &documents(what), &[json, ("idempotency-key", key)], body.to_string()).await
    };
    let none = issued(shop, "invoices", "inv-0", json!({})).await;
    assert_eq!((none.status, none.text("/code").as_str()), (409, "no-invoice-settings"));
    let seller = json!({ "name": "Mugs Ltd", "address": ["1 Mill Lane", "Aarhus"] });
    let all = json!({ "seller": seller, "invoices": { "series": "R" }, "creditNotes": { "series": "C" } });
    for (version, body, status) in [("\"9\"", &all, 412), ("\"0\"", &all, 200), ("\"1\"", &json!({}), 422)] {
        assert_eq!(shop.call("PUT", settings, &[json, ("if-match", version)], body.to_string()).await.status, status);
    }
    let early = issued(shop, "credit-notes", "inv-1", json!({})).await;
    assert_eq!((early.status, early.text("/code").as_str()), (409, "order-not-invoiced"));
    let invoice = issued(shop, "invoices", "inv-2", json!({})).await;
    assert_eq!((invoice.status, invoice.text("/number").as_str()), (201, "R1"));
    assert_eq!(issued(shop, "invoices", "inv-2", json!({})).await.status, 201);
    assert_eq!(issued(shop, "invoices", "inv-3", json!({})).await.status, 409);
    let refund = shop.get(&documents("refunds")).await.text("/items/0/id");
    for (key, body, status) in [
        ("inv-4", json!({ "refundId": refund }), 201),
        ("inv-5", json!({ "refundId": refund }), 409),
        ("inv-6", json!({ "refundId": "refund_01h455vb4pex5vsknk084sn02q" }), 422),
        ("inv-7", json!({}), 201),
        ("inv-8", json!({}), 409),
    ] {
        assert_eq!(issued(shop, "credit-notes", key, body).await.status, status, "{key}");
    }
    let one = format!("/api/v1/invoices/{}", invoice.text("/id"));
    assert_eq!(shop.get(&one).await.text("/number"), "R1");
    assert_eq!(shop.get("/api/v1/invoices/invc_01h455vb4pex5vsknk084sn02q").await.status, 404);
    for form in ["html", "pdf"] {
        assert_eq!(shop.get(&format!("{one}/{form}")).await.status, 200);
    }
    assert_eq!(shop.get(&documents("invoices")).await.text("/items/2/number"), "C2");
    assert_eq!(shop.get("/api/v1/invoices?limit=1").await.text("/items/0/number"), "R1");
    assert_eq!(shop.get("/api/v1/invoices?cursor=x").await.status, 422);
}
