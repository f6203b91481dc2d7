//! What a merchant does with price lists, customer groups and exchange rates.

use serde_json::json;

use super::Shop;

pub async fn price_lists(shop: &mut Shop) {
    let json = ("content-type", "application/json");
    let [groups, lists] = ["/api/v1/customer-groups", "/api/v1/price-lists"];
    for name in ["Wholesale", "Staff"] {
        assert_eq!(shop.send("POST", groups, json!({ "name": name })).await.status, 201);
    }
    assert_eq!(shop.send("POST", groups, json!({ "name": "Staff" })).await.status, 422);
    let first = shop.get(&format!("{groups}?limit=1")).await;
    let group = first.text("/items/0/id");
    assert_eq!(
        shop.get(&format!("{groups}?cursor={}", first.text("/nextCursor"))).await.text("/items/0/name"),
        "Staff"
    );
    assert_eq!(shop.get(&format!("{groups}?cursor=x")).await.status, 422);
    let path = format!("{groups}/{group}");
    assert_eq!(shop.get(&path).await.text("/name"), "Wholesale");
    let change = json!({ "name": "Resellers" }).to_string();
    for (version, status) in [("\"9\"", 412), ("\"1\"", 200)] {
        assert_eq!(shop.call("PATCH", &path, &[json, ("if-match", version)], change.clone()).await.status, status);
    }
    let customer = shop.get("/api/v1/customers").await.text("/items/0/id");
    let member = format!("{path}/members/{customer}");
    assert_eq!(shop.call("PUT", &member, &[], "").await.status, 204);
    assert_eq!(shop.get(&format!("{path}/members")).await.text("/items/0/accountId"), customer);
    assert_eq!(shop.call("DELETE", &member, &[], "").await.status, 204);
    assert_eq!(shop.call("PUT", &format!("{path}/members/x"), &[], "").await.status, 404);

    let list = json!({
        "name": "Resale", "kind": "override", "active": true, "groups": [group], "startsAt": "2026-11-27T00:00:00Z",
        "endings": [{ "currency": "EUR", "step": 100, "offset": 99, "toward": "up" }],
    });
    for replayed in [false, true] {
        let made = shop.call("POST", lists, &[json, ("idempotency-key", "list-1")], list.to_string()).await;
        assert_eq!((made.status, made.headers.contains_key("idempotent-replayed")), (201, replayed));
    }
    let id = shop.get(lists).await.text("/items/0/id");
    let path = format!("{lists}/{id}");
    let based = json!({ "name": "Upon it", "kind": "sale", "active": false, "basedOn": id });
    let upper = shop.send("POST", lists, based).await.text("/id");
    assert_eq!(shop.send("POST", lists, json!({ "name": "x" })).await.status, 422);
    for (version, status) in [("\"9\"", 412), ("\"1\"", 200)] {
        let replaced = shop.call("PUT", &path, &[json, ("if-match", version)], list.to_string()).await;
        assert_eq!(replaced.status, status);
    }
    assert_eq!(shop.get(&path).await.text("/name"), "Resale");
    let variant = shop.get("/api/v1/products/tent").await.text("/variants/0/id");
    let rules = json!({ "rules": [
        { "target": "all", "price": { "changePpm": -50_000 } },
        { "target": { "variant": variant }, "minQuantity": 3,
          "price": { "fixed": { "amount": "1.00", "currency": "EUR" } } },
    ] });
    let at_rules = format!("{path}/rules");
    assert_eq!(shop.send("PUT", &at_rules, rules).await.status, 200);
    let wrong = json!({ "rules": [{ "target": "all", "price": { "changePpm": -5_000_000 } }] });
    assert_eq!(shop.send("PUT", &at_rules, wrong).await.status, 422);
    let first = shop.get(&format!("{at_rules}?limit=1")).await;
    let next = shop.get(&format!("{at_rules}?cursor={}", first.text("/nextCursor"))).await;
    assert_eq!(next.text("/items/0/target/variant"), variant);
    assert_eq!(shop.get(&format!("{at_rules}?variantId={variant}&all=true")).await.status, 422);
    assert_eq!(shop.call("DELETE", &format!("{at_rules}?variantId={variant}"), &[], "").await.status, 204);
    assert_eq!(shop.call("DELETE", &format!("{at_rules}?currency=EUR"), &[], "").await.status, 422);
    assert_eq!(shop.call("DELETE", &path, &[], "").await.status, 409);
    for id in [upper, id] {
        assert_eq!(shop.call("DELETE", &format!("{lists}/{id}"), &[], "").await.status, 204);
    }
    assert_eq!(shop.get(&path).await.status, 404);
    assert_eq!(shop.call("DELETE", &format!("{groups}/{group}"), &[], "").await.status, 204);
}

pub async fn rates_and_settings(shop: &mut Shop) {
    let rates = "/api/v1/exchange-rates";
    let put = json!({
        "source": "ecb", "asOf": "2026-11-20T15:00:00Z", "validUntil": "2999-11-21T15:00:00Z",
        "rates": [{ "base": "EUR", "quote": "KRW", "rate": "1478.25" }],
    });
    assert_eq!(shop.send("PUT", rates, put).await.status, 204);
    assert_eq!(shop.send("PUT", rates, json!({})).await.status, 422);
    assert_eq!(shop.get(&format!("{rates}?at=2026-11-20T16:00:00.000Z")).await.text("/items/0/rate"), "1478.25");
    assert_eq!(shop.get(&format!("{rates}?at=yesterday")).await.status, 422);
    let pair = format!("{rates}?base=EUR&quote=KRW");
    for (path, status) in [(rates, 422), (pair.as_str(), 204), (pair.as_str(), 404)] {
        assert_eq!(shop.call("DELETE", path, &[], "").await.status, status);
    }
    let settings = "/api/v1/price-settings";
    let body = json!({ "endings": [{ "currency": "KRW", "step": 1_000, "offset": 900, "toward": "nearest" }] });
    assert_eq!(shop.send("PUT", settings, body.clone()).await.status, 200);
    let json = ("content-type", "application/json");
    assert_eq!(shop.call("PUT", settings, &[json, ("if-match", "\"0\"")], body.to_string()).await.status, 412);
    assert_eq!(shop.get(settings).await.text("/settlementCurrency"), "EUR");
}
