//! What a merchant does with locations.

use serde_json::json;

use super::Shop;

pub async fn inventory(shop: &mut Shop) {
    let json = ("content-type", "application/json");
    let path = "/api/v1/locations";
    let body = json!({
        "name": "North", "address": { "name": "Shop", "line1": "1 Quay", "city": "Kiel", "countryCode": "DE" },
        "coordinates": { "latitude": 54_323_293, "longitude": 10_122_765 }, "priority": 2, "offersPickup": true,
    });
    for replayed in [false, true] {
        let made = shop.call("POST", path, &[json, ("idempotency-key", "location")], body.to_string()).await;
        assert_eq!((made.status, made.headers.contains_key("idempotent-replayed")), (201, replayed));
    }
    assert_eq!(shop.send("POST", path, body).await.status, 422, "the name is taken");
    let another = shop.send("POST", path, json!({ "name": "South" })).await;
    let one = format!("{path}/{}", another.text("/id"));
    let first = shop.get(&format!("{path}?limit=1")).await;
    assert_eq!(first.text("/items/0/name"), "Main");
    assert_eq!(
        shop.get(&format!("{path}?cursor={}", first.text("/nextCursor"))).await.text("/items/0/address/city"),
        "Kiel"
    );
    assert_eq!(shop.get(&format!("{path}?cursor=x")).await.status, 422);
    assert_eq!(shop.get(&one).await.text("/name"), "South");
    assert_eq!(shop.get(&format!("{path}/nothing")).await.status, 404);
    let body = json!({ "name": "Southern", "active": false }).to_string();
    assert_eq!(shop.call("PUT", &one, &[json, ("if-match", "\"9\"")], body.clone()).await.status, 412);
    assert_eq!(shop.call("PUT", &one, &[json, ("if-match", "\"1\"")], body).await.status, 200);
    assert_eq!(shop.call("PUT", &one, &[json], r#"{"name":"North"}"#).await.status, 422);
    assert_eq!(shop.call("PUT", &one, &[json], "{}").await.status, 422);
    assert_eq!(shop.call("DELETE", &one, &[("if-match", "\"1\"")], "").await.status, 412);
    assert_eq!(shop.call("DELETE", &one, &[], "").await.status, 204);
    assert_eq!(shop.call("DELETE", &one, &[], "").await.status, 404);
    let main = format!("{path}/{}", first.text("/items/0/id"));
    assert_eq!(shop.call("DELETE", &main, &[], "").await.status, 409);
}
