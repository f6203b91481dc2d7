//! What a merchant does with the categories.

use serde_json::json;

use super::Shop;

pub async fn taxonomy(shop: &mut Shop) {
    categories(shop).await;
}

async fn categories(shop: &mut Shop) {
    let path = "/api/v1/categories";
    let json = ("content-type", "application/json");
    let body =
        json!({ "name": "Gifts", "metadata": { "icon": "gift" }, "seo": { "description": "Gifts" } }).to_string();
    for replayed in [false, true] {
        let made = shop.call("POST", path, &[json, ("idempotency-key", "category-1")], body.clone()).await;
        assert_eq!((made.status, made.headers.contains_key("idempotent-replayed")), (201, replayed));
    }
    assert_eq!(shop.call("POST", path, &[json, ("idempotency-key", "category-1")], "{}").await.status, 422);
    assert_eq!(shop.send("POST", path, json!({ "name": "Gifts" })).await.status, 422);
    let gifts = format!("{path}/gifts");
    let shown = shop.get(&gifts).await;
    let etag = shown.headers["etag"].to_str().expect("text").to_owned();
    assert_eq!(shop.call("GET", &gifts, &[("if-none-match", &etag)], "").await.status, 304);
    assert_eq!(shop.get(&format!("{path}/nothing")).await.status, 404);
    assert_eq!(shop.get(&format!("{path}/outdoor%2Ftents")).await.text("/handle"), "tents");
    assert_eq!(shop.get(&format!("{path}?filter[parent]=root&limit=1")).await.status, 200);
    assert_eq!(shop.get(&format!("{path}?filter[parent]=x")).await.status, 422);
    let change = json!({ "name": "Presents", "handle": "presents" }).to_string();
    assert_eq!(shop.call("PATCH", &gifts, &[json, ("if-match", "\"9\"")], change.clone()).await.status, 412);
    assert_eq!(shop.call("PATCH", &gifts, &[json, ("if-match", "\"1\"")], change).await.status, 200);
    let presents = format!("{path}/presents");
    let own = json!({ "parentId": shown.text("/id") });
    assert_eq!(shop.send("PATCH", &presents, own).await.status, 422);
    let tent = shop.get("/api/v1/products/tent").await.text("/id");
    let place = json!({ "add": [{ "productId": tent, "position": 1 }] });
    assert_eq!(shop.send("POST", &format!("{presents}/products"), place).await.status, 204);
    let missing = json!({ "add": [{ "productId": "prod_01h455vb4pex5vsknk084sn02q" }] });
    assert_eq!(shop.send("POST", &format!("{presents}/products"), missing).await.status, 422);
    assert_eq!(shop.call("DELETE", &presents, &[("if-match", "\"1\"")], "").await.status, 412);
    assert_eq!(shop.call("DELETE", &presents, &[], "").await.status, 409);
    assert_eq!(shop.call("DELETE", &format!("{presents}?products=keep"), &[], "").await.status, 204);
}
