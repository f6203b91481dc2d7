//! A cart's quotes, and checkouts that are opened with them.

use serde_json::json;

use super::Shop;

pub async fn quotes(shop: &mut Shop, cart: &str) {
    shop.call("GET", "/.well-known/quote-keys.json", &[("authorization", "none")], "").await;
    let (path, json) = (format!("/api/v1/carts/{cart}/quotes"), ("content-type", "application/json"));
    let mut tokens = Vec::new();
    for replayed in [false, true] {
        let made = shop.call("POST", &path, &[json, ("idempotency-key", "quote-1")], "{}").await;
        assert_eq!((made.status, made.headers.contains_key("idempotent-replayed")), (201, replayed));
        tokens.push(made.text("/token"));
    }
    assert_eq!(shop.send("POST", &path, json!({ "expiresIn": 1 })).await.status, 422);
    let address = json!({ "name": "Ada", "line1": "Street 1", "city": "Berlin", "countryCode": "DE" });
    for (quote, status) in [(tokens[0].as_str(), 201), ("a.b.c", 422), ("", 422)] {
        let body = json!({ "cartId": cart, "email": "ada@example.com", "shippingAddress": address, "quote": quote });
        assert_eq!(shop.send("POST", "/api/v1/checkouts", body).await.status, status);
    }
    let elsewhere = "/api/v1/carts/cart_01h455vb4pex5vsknk084sn02q/quotes";
    assert_eq!(shop.send("POST", elsewhere, json!({})).await.status, 404);
}
