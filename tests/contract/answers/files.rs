//! What the staff does with files.

use serde_json::json;

use super::Shop;

pub async fn files(shop: &mut Shop) {
    let json = ("content-type", "application/json");
    let body = |name: &str, bytes: i64| json!({ "name": name, "contentType": "image/png", "bytes": bytes, "focalPoint": { "x": 0, "y": 0.125 } });
    let keyed = [json, ("idempotency-key", "file-1")];
    let mut ids = Vec::new();
    for replayed in [false, true] {
        let made = shop.call("POST", "/api/v1/files", &keyed, body("tent.png", 1_234).to_string()).await;
        assert_eq!((made.status, made.headers.contains_key("idempotent-replayed")), (201, replayed));
        assert!(made.text("/upload/url").contains("X-Amz-Signature="), "{}", made.body);
        ids.push(made.text("/file/id"));
    }
    assert_eq!(ids[0], ids[1]);
    assert_eq!(shop.call("POST", "/api/v1/files", &keyed, body("tent.png", 1_235).to_string()).await.status, 422);
    let path = format!("/api/v1/files/{}", ids[0]);
    for _ in 0..2 {
        let ready = shop.call("POST", &format!("{path}/complete"), &[], "").await;
        assert_eq!((ready.status, ready.text("/status").as_str()), (200, "ready"));
    }
    let again = shop.call("POST", "/api/v1/files", &keyed, body("tent.png", 1_234).to_string()).await;
    assert!(again.body["upload"].is_null() && again.body["file"]["url"].is_string(), "{}", again.body);
    for (name, bytes, code) in [("missing.png", 1_234, "file-not-uploaded"), ("other.png", 1_235, "file-differs")] {
        let made = shop.send("POST", "/api/v1/files", body(name, bytes)).await.text("/file/id");
        let refused = shop.call("POST", &format!("/api/v1/files/{made}/complete"), &[], "").await;
        assert_eq!((refused.status, refused.text("/code").as_str()), (409, code));
    }
    assert_eq!(shop.send("POST", "/api/v1/files", body("tent.svg", 0)).await.status, 422);
    let page = shop.get("/api/v1/files?limit=1").await;
    let cursor = page.text("/nextCursor");
    shop.get(&format!("/api/v1/files?limit=250&cursor={cursor}")).await;
    assert_eq!(shop.get("/api/v1/files?limit=0").await.status, 422);
    shop.get(&path).await;
    shop.send("PATCH", &path, json!({ "alt": "A tent", "focalPoint": null })).await;
    let stale = [json, ("if-match", "\"99\"")];
    assert_eq!(shop.call("PATCH", &path, &stale, r#"{"alt":"Other"}"#).await.status, 412);
    assert_eq!(shop.call("DELETE", &path, &stale[1..], "").await.status, 412);
    assert_eq!(shop.call("DELETE", &path, &[], "").await.status, 204);
    assert_eq!(shop.call("DELETE", &path, &[], "").await.status, 404);
    assert_eq!(shop.call("POST", &format!("{path}/complete"), &[], "").await.status, 404);
    for job in ["files", "lists", "purges", "bulk"] {
        assert_eq!(shop.send("POST", &format!("/api/v1/jobs/{job}"), json!({})).await.status, 200);
    }
}
