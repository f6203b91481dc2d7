//! What a merchant does with gift cards and store credit, and what a shopper pays with them.

use serde_json::json;

use super::{Shop, open};

#[path = "payments.rs"]
mod payments;

pub async fn gift_cards(shop: &mut Shop) {
    let cards = "/api/v1/gift-cards";
    let json = ("content-type", "application/json");
    let body = json!({ "amount": { "amount": "20.00", "currency": "EUR" }, "note": "For Grace" });
    let mut code = String::new();
    for replayed in [false, true] {
        let issued = shop.call("POST", cards, &[json, ("idempotency-key", "card-1")], body.to_string()).await;
        assert_eq!((issued.status, issued.headers.contains_key("idempotent-replayed")), (201, replayed));
        code = issued.text("/code");
    }
    assert_eq!(shop.send("POST", cards, json!({ "amount": { "amount": "0", "currency": "EUR" } })).await.status, 422);
    let list = shop.get(&format!("{cards}?limit=1&filter[state]=active")).await;
    assert_eq!(shop.get(&format!("{cards}?filter[lastFour]=x")).await.status, 422);
    let card = format!("{cards}/{}", list.text("/items/0/id"));
    assert_eq!(shop.get(&card).await.text("/note"), "For Grace");
    assert_eq!(shop.get(&format!("{cards}/gcard_01h455vb4pex5vsknk084sn02q")).await.status, 404);
    for (state, version, status) in [("disable", "\"9\"", 412), ("disable", "\"1\"", 200), ("enable", "\"2\"", 200)] {
        let set = shop.call("POST", &format!("{card}/{state}"), &[("if-match", version)], "").await;
        assert_eq!(set.status, status);
    }
    let adjust = |amount: &str| json!({ "amount": { "amount": amount, "currency": "EUR" }, "reason": "Wrong amount" });
    for (amount, status) in [("-5.00", 201), ("-15.01", 409), ("0.00", 422)] {
        assert_eq!(shop.send("POST", &format!("{card}/adjustments"), adjust(amount)).await.status, status);
    }
    let first = shop.get(&format!("{card}/entries?limit=1")).await;
    let next = shop.get(&format!("{card}/entries?cursor={}", first.text("/nextCursor"))).await;
    assert_eq!((first.text("/items/0/type"), next.text("/items/0/type")), ("adjust".to_owned(), "issue".to_owned()));
    assert_eq!(shop.get(&format!("{card}/entries?cursor=x")).await.status, 422);
    let look_up = format!("{cards}/lookup");
    let told = shop.send("POST", &look_up, json!({ "code": code })).await;
    assert_eq!(told.text("/balance/amount"), "15.00");
    assert_eq!(shop.send("POST", &look_up, json!({ "code": "0000-0000-0000-0000" })).await.status, 404);
    assert_eq!(shop.send("POST", &look_up, json!({})).await.status, 422);

    // A mug for 12.50, and another one that the card does not pay.
    let mug = shop.get("/api/v1/products/mug").await.text("/variants/0/id");
    for (key, body, status) in [
        ("mug-1", json!({ "giftCards": [code], "payment": { "provider": "manual", "method": "paid" } }), 201),
        ("mug-2", json!({ "giftCards": [code] }), 422),
        ("mug-3", json!({ "giftCards": [code], "payment": { "provider": "manual", "method": "paid" } }), 201),
        ("mug-4", json!({ "giftCards": [code, "0000-0000-0000-0000"], "storeCredit": {} }), 409),
        ("mug-5", json!({ "giftCards": "x" }), 422),
    ] {
        let cart = shop.send("POST", "/api/v1/cart", json!({})).await.text("/id");
        let items = format!("/api/v1/cart/{cart}/items");
        shop.send("POST", &items, json!({ "variantId": mug, "quantity": 1 })).await;
        let complete = format!("/api/v1/checkouts/{}/complete", open(shop, &cart).await.text("/id"));
        let placed = shop.call("POST", &complete, &[json, ("idempotency-key", key)], body.to_string()).await;
        assert_eq!(placed.status, status, "{key}: {}", placed.body);
        if status == 201 {
            shop.get(&format!("/api/v1/orders/{}", placed.text("/id"))).await;
        }
    }

    let customer = shop.get("/api/v1/customers").await.text("/items/0/id");
    let credit = format!("/api/v1/customers/{customer}/store-credit");
    for (amount, status) in [("5.00", 201), ("-5.01", 409)] {
        assert_eq!(shop.send("POST", &credit, adjust(amount)).await.status, status);
    }
    assert_eq!(shop.get(&credit).await.text("/balances/0/amount"), "5.00");
    assert_eq!(shop.get(&format!("{credit}/entries")).await.text("/items/0/reason"), "Wrong amount");
    assert_eq!(shop.get("/api/v1/customers/usr_01h455vb4pex5vsknk084sn02q/store-credit").await.status, 404);
    payments::payments(shop).await;
}
