//! What a merchant does with categories, collections, attributes and channels.

use serde_json::json;

use super::Shop;

pub async fn taxonomy(shop: &mut Shop) {
    categories(shop).await;
    collections(shop).await;
    attributes(shop).await;
    channels(shop).await;
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
    for below in ["", "/products"] {
        assert_eq!(shop.get(&format!("{gifts}{below}")).await.status, 301);
    }
    let own = json!({ "parentId": shown.text("/id") });
    assert_eq!(shop.send("PATCH", &presents, own).await.status, 422);
    let tent = shop.get("/api/v1/products/tent").await.text("/id");
    let place = json!({ "add": [{ "productId": tent, "position": 1 }] });
    assert_eq!(shop.send("POST", &format!("{presents}/products"), place).await.status, 204);
    assert_eq!(shop.get(&format!("{presents}/products?sort=manual")).await.status, 200);
    assert_eq!(shop.get(&format!("{path}/nothing/products")).await.status, 404);
    let missing = json!({ "add": [{ "productId": "prod_01h455vb4pex5vsknk084sn02q" }] });
    assert_eq!(shop.send("POST", &format!("{presents}/products"), missing).await.status, 422);
    assert_eq!(shop.call("DELETE", &presents, &[("if-match", "\"1\"")], "").await.status, 412);
    assert_eq!(shop.call("DELETE", &presents, &[], "").await.status, 409);
    assert_eq!(shop.call("DELETE", &format!("{presents}?products=keep"), &[], "").await.status, 204);
}

async fn collections(shop: &mut Shop) {
    let path = "/api/v1/collections";
    let json = ("content-type", "application/json");
    let tag = json!({ "field": "tag", "operator": "equals", "value": "new" });
    let price = json!({ "field": "price", "operator": "at-most", "value": "500" });
    let rule = json!({ "matches": "all", "conditions": [tag, price] });
    let body = json!({ "name": "New", "rule": rule }).to_string();
    for replayed in [false, true] {
        let made = shop.call("POST", path, &[json, ("idempotency-key", "collection-1")], body.clone()).await;
        assert_eq!((made.status, made.headers.contains_key("idempotent-replayed")), (201, replayed));
        assert_eq!(made.text("/rule/conditions/1/value"), "500.00");
    }
    assert_eq!(shop.send("POST", path, json!({ "name": "New" })).await.status, 422);
    let (new, picks) = (format!("{path}/new"), format!("{path}/picks"));
    let shown = shop.get(&new).await;
    let etag = shown.headers["etag"].to_str().expect("text").to_owned();
    assert_eq!(shop.call("GET", &new, &[("if-none-match", &etag)], "").await.status, 304);
    assert_eq!(shop.get(&format!("{path}/nothing")).await.status, 404);
    assert_eq!(shop.get(&format!("{path}?limit=1")).await.status, 200);
    let products = shop.get(&format!("{new}/products")).await;
    assert_eq!(products.text("/items/0/handle"), "tent");
    assert_eq!(shop.send("POST", path, json!({ "name": "Picks" })).await.status, 201);
    let place = json!({ "add": [{ "productId": products.text("/items/0/id") }] });
    assert_eq!(shop.send("POST", &format!("{picks}/products"), place.clone()).await.status, 204);
    assert_eq!(shop.send("POST", &format!("{new}/products"), place).await.status, 409);
    assert_eq!(shop.get(&format!("{picks}/products?limit=1")).await.text("/items/0/handle"), "tent");
    assert_eq!(shop.get(&format!("{path}/nothing/products")).await.status, 404);
    let change = json!({ "productOrder": "title" }).to_string();
    assert_eq!(shop.call("PATCH", &picks, &[json, ("if-match", "\"9\"")], change.clone()).await.status, 412);
    assert_eq!(shop.call("PATCH", &picks, &[json], change).await.status, 200);
    let chosen = format!("{path}/chosen");
    assert_eq!(shop.send("PATCH", &picks, json!({ "handle": "chosen" })).await.status, 200);
    for below in ["", "/products"] {
        assert_eq!(shop.get(&format!("{picks}{below}")).await.status, 301);
    }
    let picks = chosen;
    assert_eq!(shop.call("DELETE", &picks, &[("if-match", "\"1\"")], "").await.status, 412);
    assert_eq!(shop.call("DELETE", &picks, &[], "").await.status, 204);
}

async fn attributes(shop: &mut Shop) {
    let path = "/api/v1/admin/attributes";
    let json = ("content-type", "application/json");
    let body = json!({ "key": "material", "name": "Material", "of": "product", "type": "text", "filterable": true });
    for replayed in [false, true] {
        let made = shop.call("POST", path, &[json, ("idempotency-key", "attribute-1")], body.to_string()).await;
        assert_eq!((made.status, made.headers.contains_key("idempotent-replayed")), (201, replayed));
    }
    assert_eq!(shop.send("POST", path, body).await.status, 422);
    let size = json!({ "key": "size", "name": "Size", "of": "variant", "type": "list", "items": "money", "max": {
        "amount": "1", "currency": "EUR",
    } });
    assert_eq!(shop.send("POST", path, size).await.status, 201);
    let first = shop.get(&format!("{path}?limit=1")).await;
    let next = first.text("/nextCursor");
    assert_eq!(shop.get(&format!("{path}?cursor={next}")).await.text("/items/0/key"), "size");
    assert_eq!(shop.get(&format!("{path}?cursor=x")).await.status, 422);
    let material = format!("{path}/material");
    assert_eq!(shop.get(&material).await.text("/type"), "text");
    assert_eq!(shop.get(&format!("{path}/nothing")).await.status, 404);
    let change = json!({ "choices": ["oak", "pine"] }).to_string();
    assert_eq!(shop.call("PATCH", &material, &[json, ("if-match", "\"9\"")], change.clone()).await.status, 412);
    assert_eq!(shop.call("PATCH", &material, &[json, ("if-match", "\"1\"")], change).await.status, 200);
    let oak = json!({ "attributes": { "material": "oak" } }).to_string();
    assert_eq!(shop.call("PATCH", "/api/v1/products/tent", &[json], oak).await.status, 200);
    assert_eq!(shop.get("/api/v1/products/tent").await.text("/attributes/material/value"), "oak");
    assert_eq!(shop.get("/api/v1/products?attribute.material=OAK").await.text("/items/0/handle"), "tent");
    assert_eq!(shop.get("/api/v1/products?attribute.size=1").await.status, 422);
    let turned = json!({ "type": "number", "choices": null }).to_string();
    assert_eq!(shop.call("PATCH", &material, &[json], turned).await.status, 409);
    assert_eq!(shop.call("DELETE", &material, &[], "").await.status, 409);
    assert_eq!(shop.call("DELETE", &format!("{path}/size"), &[("if-match", "\"9\"")], "").await.status, 412);
    assert_eq!(shop.call("DELETE", &format!("{path}/size"), &[], "").await.status, 204);
    for (of, kind) in [("category", "categories"), ("collection", "collections")] {
        let key = format!("{of}-season");
        let season = json!({ "key": key, "name": "Season", "of": of, "type": "text", "filterable": true });
        assert_eq!(shop.send("POST", path, season).await.status, 201);
        let kind = format!("/api/v1/{kind}");
        let made = shop.send("POST", &kind, json!({ "name": "Snow", "attributes": { &key: "winter" } })).await;
        assert_eq!(made.text(&format!("/attributes/{key}/value")), "winter");
        assert_eq!(shop.get(&format!("{kind}?attribute.{key}=winter")).await.text("/items/0/id"), made.text("/id"));
        assert_eq!(shop.get(&format!("{kind}?attribute.{key}[min]=1")).await.status, 422);
        let snow = format!("{kind}/snow");
        let wrong = json!({ "attributes": { &key: 1 } }).to_string();
        assert_eq!(shop.call("PATCH", &snow, &[json], wrong).await.status, 422);
        assert_eq!(shop.call("DELETE", &format!("{path}/{key}"), &[], "").await.status, 409);
        let none = json!({ "attributes": null }).to_string();
        assert_eq!(shop.call("PATCH", &snow, &[json], none).await.status, 200);
        assert_eq!(shop.call("DELETE", &format!("{path}/{key}"), &[], "").await.status, 204);
        assert_eq!(shop.call("DELETE", &snow, &[], "").await.status, 204);
    }
}

async fn channels(shop: &mut Shop) {
    let path = "/api/v1/admin/channels";
    let json = ("content-type", "application/json");
    let body = json!({ "name": "Outlet" }).to_string();
    for replayed in [false, true] {
        let made = shop.call("POST", path, &[json, ("idempotency-key", "channel-1")], body.clone()).await;
        assert_eq!((made.status, made.headers.contains_key("idempotent-replayed")), (201, replayed));
    }
    assert_eq!(shop.send("POST", path, json!({ "name": "Other", "handle": "outlet" })).await.status, 422);
    assert_eq!(shop.send("POST", path, json!({ "name": "Web" })).await.status, 201);
    let first = shop.get(&format!("{path}?limit=1")).await;
    let next = first.text("/nextCursor");
    assert_eq!(shop.get(&format!("{path}?cursor={next}")).await.text("/items/0/handle"), "web");
    assert_eq!(shop.get(&format!("{path}?cursor=x")).await.status, 422);
    let outlet = format!("{path}/outlet");
    assert_eq!(shop.get(&outlet).await.text("/name"), "Outlet");
    assert_eq!(shop.get(&format!("{path}/nothing")).await.status, 404);
    let change = json!({ "name": "Factory outlet" }).to_string();
    assert_eq!(shop.call("PATCH", &outlet, &[json, ("if-match", "\"9\"")], change.clone()).await.status, 412);
    assert_eq!(shop.call("PATCH", &outlet, &[json, ("if-match", "\"1\"")], change).await.status, 200);
    let named = json!({ "channels": ["outlet"] }).to_string();
    assert_eq!(shop.call("PATCH", "/api/v1/products/tent", &[json], named).await.status, 200);
    assert_eq!(shop.call("DELETE", &outlet, &[], "").await.status, 409);
    assert_eq!(shop.call("DELETE", &format!("{path}/web"), &[("if-match", "\"9\"")], "").await.status, 412);
    assert_eq!(shop.call("DELETE", &format!("{path}/web"), &[], "").await.status, 204);
}
