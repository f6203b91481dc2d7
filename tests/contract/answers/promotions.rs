//! What a merchant does with promotions.

use serde_json::json;

use super::Shop;

pub async fn promotions(shop: &mut Shop, variant: &str) {
    let path = "/api/v1/promotions";
    let json = ("content-type", "application/json");
    let mut body = json!({
        "name": "Tents",
        "trigger": "code",
        "condition": { "type": "all", "of": [
            { "type": "subtotal", "lines": { "excludeSale": true }, "atLeast": { "EUR": "50.00" } },
            { "type": "not", "of": { "type": "time", "until": "2026-01-01T00:00:00.000Z" } },
        ] },
        "effect": { "type": "tiered", "lines": { "anyOf": { "variants": [variant] } }, "tiers": [{
            "atLeast": { "type": "quantity", "units": 2 },
            "by": { "type": "percent", "rate": 100_000 },
        }] },
        "limit": 5,
    });
    for replayed in [false, true] {
        let made = shop.call("POST", path, &[json, ("idempotency-key", "promotion-1")], body.to_string()).await;
        assert_eq!((made.status, made.headers.contains_key("idempotent-replayed")), (201, replayed));
    }
    assert_eq!(shop.call("POST", path, &[json, ("idempotency-key", "promotion-1")], "{}").await.status, 422);
    let list = shop.get(&format!("{path}?limit=1")).await;
    let one = format!("{path}/{}", list.text("/items/0/id"));
    assert_eq!(shop.get(&one).await.text("/condition/of/1/type"), "not");
    assert_eq!(shop.get(&format!("{path}/promo_01h455vb4pex5vsknk084sn02q")).await.status, 404);
    body["endsAt"] = json!("2099-01-01T00:00:00.000Z");
    for (version, status) in [("\"9\"", 412), ("\"1\"", 200)] {
        assert_eq!(shop.call("PUT", &one, &[json, ("if-match", version)], body.to_string()).await.status, status);
    }

    let codes = format!("{one}/codes");
    assert_eq!(shop.send("POST", &codes, json!({ "codes": ["TENT"] })).await.status, 201);
    assert_eq!(shop.send("POST", &codes, json!({ "codes": ["tent"] })).await.status, 422);
    assert_eq!(shop.send("POST", &codes, json!({ "generate": { "count": 2 }, "limit": 1 })).await.status, 201);
    let listed = shop.get(&format!("{codes}?limit=2")).await;
    assert_eq!(listed.status, 200);
    let code = format!("{codes}/{}", listed.text("/items/0/id"));
    for status in [204, 404] {
        assert_eq!(shop.call("DELETE", &code, &[], "").await.status, status);
    }
    assert_eq!(shop.get(&format!("{one}/redemptions")).await.status, 200);

    let cart = json!({ "currency": "EUR", "lines": [{ "variantId": variant, "quantity": 2 }], "codes": ["x"] });
    let preview = format!("{one}/preview");
    assert_eq!(shop.send("POST", &preview, cart).await.text("/alone/discount/amount"), "37.80");
    assert_eq!(shop.send("POST", &preview, json!({})).await.status, 422);

    let automatic =
        json!({ "name": "x", "trigger": "automatic", "active": false, "effect": { "type": "free-shipping" } });
    assert_eq!(shop.send("POST", path, automatic).await.status, 201);
    let automatic = format!("{path}/{}", shop.get(path).await.text("/items/0/id"));
    assert_eq!(shop.send("POST", &format!("{automatic}/codes"), json!({ "codes": ["y"] })).await.status, 409);
    assert_eq!(shop.call("DELETE", &automatic, &[("if-match", "\"2\"")], "").await.status, 412);
    assert_eq!(shop.call("DELETE", &automatic, &[], "").await.status, 204);

    let groups = "/api/v1/promotion-groups";
    assert_eq!(shop.get(groups).await.status, 200);
    let codes = json!({ "groups": [{ "key": "codes", "within": "best" }] }).to_string();
    for status in [200, 412] {
        assert_eq!(shop.call("PUT", groups, &[json, ("if-match", "\"0\"")], codes.clone()).await.status, status);
    }
    body["group"] = json!("codes");
    assert_eq!(shop.send("PUT", &one, body).await.status, 200);
    assert_eq!(shop.send("PUT", groups, json!({ "groups": [] })).await.status, 409);
}
