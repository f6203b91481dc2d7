//! What a merchant does with taxes and shipping.

use serde_json::json;

use super::Shop;

pub async fn rules(shop: &mut Shop, variant: &str) {
    taxes(shop).await;
    let rates = json!([{ "name": "VAT", "classes": ["standard"], "ppm": 190_000 }]);
    zones(shop, "/api/v1/tax-zones", json!({ "name": "Home", "areas": [{ "country": "DE" }], "rates": rates })).await;
    let methods = json!([{ "name": "Parcel", "price": { "by": "flat", "amounts": { "EUR": "4.90" } } }]);
    let zone = json!({ "name": "Home", "areas": [{ "country": "DE" }], "methods": methods });
    zones(shop, "/api/v1/shipping-zones", zone).await;
    shipping(shop, variant).await;
    rate_providers(shop).await;
    exemptions(shop).await;
}

async fn rate_providers(shop: &mut Shop) {
    let json = ("content-type", "application/json");
    let settings = "/api/v1/shipping-settings";
    assert_eq!(shop.get(settings).await.body["version"], 0);
    let provider = json!({ "url": "https://rates.example/quotes", "secret": "sixteen-characters-or-more" });
    let body = json!({ "providers": { "acme": provider } }).to_string();
    assert_eq!(shop.call("PATCH", settings, &[json, ("if-match", "\"9\"")], body.clone()).await.status, 412);
    let set = shop.call("PATCH", settings, &[json, ("if-match", "\"0\"")], body).await;
    assert_eq!((set.status, set.text("/providers/acme/origin")), (200, "https://rates.example".to_owned()));
    let private = json!({ "url": "http://127.0.0.1:1/", "secret": "sixteen-characters-or-more" });
    assert_eq!(shop.send("PATCH", settings, json!({ "providers": { "acme": private } })).await.status, 422);
    let price = json!({ "by": "external", "provider": "acme", "fallback": { "kind": "hide" } });
    let zone = |price: &serde_json::Value| json!({ "name": "Far", "areas": [{ "country": "AQ" }], "methods": [{ "name": "Acme", "price": price }] });
    let made = shop.send("POST", "/api/v1/shipping-zones", zone(&price)).await;
    assert_eq!(made.status, 201);
    let nobody = json!({ "by": "external", "provider": "nobody", "fallback": { "kind": "hide" } });
    assert_eq!(shop.send("POST", "/api/v1/shipping-zones", zone(&nobody)).await.status, 422);
    assert_eq!(shop.send("PATCH", settings, json!({ "providers": { "acme": null } })).await.status, 409);
    let zone = format!("/api/v1/shipping-zones/{}", made.text("/id"));
    assert_eq!(shop.call("DELETE", &zone, &[], "").await.status, 204);
    assert_eq!(shop.send("PATCH", settings, json!({ "providers": { "acme": null } })).await.status, 200);
    let location = shop.get("/api/v1/locations").await.text("/items/0/id");
    let price = json!({ "by": "flat", "amounts": { "EUR": "0.00" } });
    let pickups = json!({ "pickups": { location.as_str(): { "name": "Pick up", "price": price } } });
    assert_eq!(shop.send("PATCH", settings, pickups).await.status, 200);
    assert_eq!(shop.get(settings).await.text(&format!("/pickups/{location}/name")), "Pick up");
    let unknown = json!({ "pickups": { "loc_00000000000000000000000009": { "name": "x", "price": price } } });
    assert_eq!(shop.send("PATCH", settings, unknown).await.status, 422);
    assert_eq!(shop.send("PATCH", settings, json!({ "pickups": { location: null } })).await.status, 200);
}

async fn exemptions(shop: &mut Shop) {
    let json = ("content-type", "application/json");
    let path = "/api/v1/tax-exemptions";
    let customer = shop.get("/api/v1/customers").await.text("/items/0/id");
    let body = json!({ "accountId": customer, "number": "1-234567", "note": "Seen", "until": "2030-01-01T00:00:00Z" });
    for replayed in [false, true] {
        let made = shop.call("POST", path, &[json, ("idempotency-key", "certificate")], body.to_string()).await;
        assert_eq!((made.status, made.headers.contains_key("idempotent-replayed")), (201, replayed));
    }
    let another = shop.send("POST", path, json!({ "accountId": customer, "number": "2" })).await;
    let one = format!("{path}/{}", another.text("/id"));
    assert_eq!(shop.send("POST", path, json!({ "number": "2" })).await.status, 422);
    let next = shop.get(&format!("{path}?limit=1")).await.text("/nextCursor");
    assert_eq!(
        shop.get(&format!("{path}?cursor={next}&filter[accountId]={customer}")).await.text("/items/0/number"),
        "2"
    );
    assert_eq!(shop.get(&format!("{path}?cursor=x")).await.status, 422);
    assert_eq!(shop.get(&one).await.text("/number"), "2");
    assert_eq!(shop.get(&format!("{path}/nothing")).await.status, 404);
    let body = json!({ "number": "3" }).to_string();
    assert_eq!(shop.call("PUT", &one, &[json, ("if-match", "\"9\"")], body.clone()).await.status, 412);
    assert_eq!(shop.call("PUT", &one, &[json, ("if-match", "\"1\"")], body).await.status, 200);
    assert_eq!(shop.call("PUT", &one, &[json], "{}").await.status, 422);
    assert_eq!(shop.call("DELETE", &one, &[("if-match", "\"1\"")], "").await.status, 412);
    assert_eq!(shop.call("DELETE", &one, &[], "").await.status, 204);
    assert_eq!(shop.call("DELETE", &one, &[], "").await.status, 404);
}

async fn taxes(shop: &mut Shop) {
    let json = ("content-type", "application/json");
    let settings = "/api/v1/tax-settings";
    assert_eq!(shop.get(settings).await.text("/crossBorder/keep"), "gross");
    let net = json!({ "crossBorder": { "keep": "net", "origin": { "country": "DE" } } }).to_string();
    assert_eq!(shop.call("PATCH", settings, &[json, ("if-match", "\"9\"")], net.clone()).await.status, 412);
    assert_eq!(shop.call("PATCH", settings, &[json, ("if-match", "\"0\"")], net).await.status, 200);
    assert_eq!(shop.send("PATCH", settings, json!({ "taxRoundedPer": "unit" })).await.status, 422);
    let provider = json!({ "url": "http://127.0.0.1:1/", "fallback": "rules" });
    assert_eq!(shop.send("PATCH", settings, json!({ "provider": provider })).await.status, 422);
    let presets = "/api/v1/tax-zones/presets";
    let body = json!({ "countries": ["JP"] }).to_string();
    for replayed in [false, true] {
        let laid = shop.call("POST", presets, &[json, ("idempotency-key", "presets-1")], body.clone()).await;
        assert_eq!((laid.status, laid.headers.contains_key("idempotent-replayed")), (201, replayed));
    }
    assert_eq!(shop.send("POST", presets, json!({ "countries": ["US"] })).await.status, 422);
}

async fn zones(shop: &mut Shop, path: &str, zone: serde_json::Value) {
    let json = ("content-type", "application/json");
    let body = zone.to_string();
    let mut id = String::new();
    for replayed in [false, true] {
        let made = shop.call("POST", path, &[json, ("idempotency-key", path)], body.clone()).await;
        assert_eq!((made.status, made.headers.contains_key("idempotent-replayed")), (201, replayed));
        id = made.text("/id");
    }
    assert_eq!(shop.send("POST", path, zone).await.status, 201);
    assert_eq!(shop.send("POST", path, json!({ "name": "x" })).await.status, 422);
    let first = shop.get(&format!("{path}?limit=1")).await;
    let next = first.text("/nextCursor");
    assert_eq!(shop.get(&format!("{path}?cursor={next}")).await.status, 200);
    assert_eq!(shop.get(&format!("{path}?cursor=x")).await.status, 422);
    let one = format!("{path}/{id}");
    assert_eq!(shop.get(&one).await.text("/name"), "Home");
    assert_eq!(shop.get(&format!("{path}/nothing")).await.status, 404);
    assert_eq!(shop.call("PUT", &one, &[json, ("if-match", "\"9\"")], body.clone()).await.status, 412);
    assert_eq!(shop.call("PUT", &one, &[json, ("if-match", "\"1\"")], body.clone()).await.status, 200);
    assert_eq!(shop.call("PUT", &one, &[json], "{}").await.status, 422);
    assert_eq!(shop.call("DELETE", &one, &[("if-match", "\"1\"")], "").await.status, 412);
    assert_eq!(shop.call("DELETE", &one, &[], "").await.status, 204);
    assert_eq!(shop.call("DELETE", &one, &[], "").await.status, 404);
}

async fn shipping(shop: &mut Shop, variant: &str) {
    let path = "/api/v1/shipping-rates";
    let ask = json!({ "destination": { "country": "DE" }, "lines": [{ "variantId": variant, "quantity": 1 }] });
    assert_eq!(shop.send("POST", path, ask).await.text("/groups/0/offers/0/price/amount"), "4.90");
    assert_eq!(shop.send("POST", path, json!({})).await.status, 422);

    let method = shop.get("/api/v1/shipping-zones").await.text("/items/0/methods/0/id");
    let lines = json!([{ "variantId": variant, "quantity": 1 }]);
    let choose = |method: &str| json!({ "destination": { "country": "DE" }, "lines": lines, "shippingMethods": [{ "methodId": method }] });
    assert_eq!(shop.send("POST", path, choose(&method)).await.text("/deliveries/0/price/amount"), "4.90");
    let nobodys = shop.send("POST", path, choose("smeth_01h455vb4pex5vsknk084sn02q")).await;
    assert_eq!((nobodys.status, nobodys.text("/groups/0/offers/0/methodId")), (422, method));
}
