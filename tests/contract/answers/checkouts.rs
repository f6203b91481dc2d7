//! What is bought, and how it is judged.

use serde_json::json;

use super::{Shop, open, quotes};

pub async fn checkout(shop: &mut Shop, cart: &str, variant: &str) {
    let opened = open(shop, cart).await;
    let other = open(shop, cart).await.text("/id");
    let id = opened.text("/id");
    shop.get(&format!("/api/v1/checkouts/{id}")).await;
    quotes::quotes(shop, cart).await;
    assert_eq!(shop.send("POST", "/api/v1/checkouts", json!({ "email": "x", "extra": 1 })).await.status, 422);

    let json = ("content-type", "application/json");
    let body = json!({ "payment": { "provider": "manual", "method": "paid" } }).to_string();
    let complete = |id: &str| format!("/api/v1/checkouts/{id}/complete");
    assert_eq!(shop.call("POST", &complete(&id), &[json], body.clone()).await.status, 400);
    judged(shop, "review").await;
    let mut orders = Vec::new();
    for replayed in [false, true] {
        let placed = shop.call("POST", &complete(&id), &[json, ("idempotency-key", "buy-1")], body.clone()).await;
        assert_eq!((placed.status, placed.headers.contains_key("idempotent-replayed")), (201, replayed));
        orders.push(placed.text("/id"));
    }
    let again = shop.call("POST", &complete(&id), &[json, ("idempotency-key", "buy-2")], body.clone()).await;
    assert_eq!((again.status, again.text("/orderId")), (409, orders[0].clone()));
    judged(shop, "block").await;
    let blocked = shop.call("POST", &complete(&other), &[json, ("idempotency-key", "buy-3")], body.clone()).await;
    assert_eq!((blocked.status, blocked.text("/code").as_str()), (422, "order-blocked"));
    judged(shop, "allow").await;
    let short = shop.call("POST", &complete(&other), &[json, ("idempotency-key", "buy-3")], body).await;
    assert_eq!((short.status, short.text("/lines/0/variantId")), (409, variant.to_owned()));
    assert_eq!(shop.get(&format!("/api/v1/orders/{}", orders[0])).await.body["number"], 1001);
    let explained = shop.get(&format!("/api/v1/orders/{}/explain", orders[0])).await;
    assert_eq!(explained.text("/totals/lines/0/price/source"), "catalog");
    assert_eq!(shop.get(&format!("/api/v1/orders/{}/explain?at=1", orders[0])).await.status, 422);
    judged(shop, "review").await;
    let mug = shop.get("/api/v1/products/mug").await.text("/variants/0/id");
    let cart = shop.send("POST", "/api/v1/cart", json!({})).await.text("/id");
    shop.send("POST", &format!("/api/v1/cart/{cart}/items"), json!({ "variantId": mug, "quantity": 1 })).await;
    let another = open(shop, &cart).await.text("/id");
    let body = json!({ "payment": { "provider": "manual", "method": "paid" } }).to_string();
    let placed = shop.call("POST", &complete(&another), &[json, ("idempotency-key", "buy-4")], body).await;
    assert_eq!(placed.status, 201);
    fraud(shop, &orders[0]).await;
}

/// Has whatever is bought judged so.
async fn judged(shop: &mut Shop, outcome: &str) {
    let billing = json!({ "kind": "billing-country", "countries": ["DE"] });
    let count = json!({ "kind": "count", "by": "email", "over": 0 });
    let rules = json!([{ "reason": "all", "outcome": outcome, "when": [billing, count] }]);
    assert_eq!(shop.send("PUT", "/api/v1/fraud-settings", json!({ "rules": rules })).await.status, 200);
}

async fn fraud(shop: &mut Shop, order: &str) {
    let json = ("content-type", "application/json");
    let (settings, reviews) = ("/api/v1/fraud-settings", "/api/v1/fraud-reviews");
    assert_eq!(shop.get(settings).await.body["version"], 4);
    assert_eq!(shop.call("PUT", settings, &[json, ("if-match", "\"9\"")], r#"{"rules":[]}"#).await.status, 412);
    assert_eq!(shop.send("PUT", settings, json!({})).await.status, 422);
    let preview = format!("{settings}/preview");
    let asked = json!({ "counts": { "email": 1 }, "shippingCountry": "US", "billingCountry": "DE" });
    assert_eq!(shop.send("POST", &preview, asked).await.text("/reasons/0/reason"), "all");
    assert_eq!(shop.send("POST", &preview, json!({ "providerRisk": "none" })).await.status, 422);
    let page = shop.get(&format!("{reviews}?limit=1")).await;
    assert_eq!(page.text("/items/0/orderId"), order);
    let next = shop.get(&format!("{reviews}?cursor={}", page.text("/nextCursor"))).await;
    let other = format!("{reviews}/{}/approve", next.text("/items/0/id"));
    assert_eq!(shop.send("POST", &other, json!({ "note": "Known." })).await.text("/state"), "approved");
    assert_eq!(shop.get(&format!("{reviews}?cursor=x")).await.status, 422);
    let review = format!("{reviews}/{}", page.text("/items/0/id"));
    assert_eq!(shop.get(&review).await.text("/state"), "open");
    assert_eq!(shop.get(&format!("{reviews}/nothing")).await.status, 404);
    let (approve, reject) = (format!("{review}/approve"), format!("{review}/reject"));
    assert_eq!(shop.send("POST", &reject, json!({})).await.status, 422);
    let note = r#"{"note":"Not theirs."}"#;
    assert_eq!(shop.call("POST", &reject, &[json, ("if-match", "\"9\"")], note).await.status, 412);
    assert_eq!(shop.call("POST", &reject, &[json, ("if-match", "\"1\"")], note).await.status, 200);
    let late = shop.send("POST", &approve, json!({})).await;
    assert_eq!((late.status, late.text("/code").as_str()), (409, "fraud-review-decided"));
}
