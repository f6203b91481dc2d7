//! What an owner does with those who work for the organization.

use serde_json::json;

use super::{PASSWORD, Shop};

/// Logs `email` in, and answers the `Authorization` header.
async fn log_in(shop: &mut Shop, email: &str) -> String {
    let tokens = shop.send("POST", "/api/v1/auth/login", json!({ "email": email, "password": PASSWORD })).await;
    format!("Bearer {}", tokens.text("/accessToken"))
}

pub async fn staff(shop: &mut Shop) {
    let owner = log_in(shop, "ada@example.com").await;
    members(shop, &owner).await;
    roles(shop, &owner).await;
    invitations(shop, &owner).await;
    organization(shop, &owner).await;
}

async fn members(shop: &mut Shop, owner: &str) {
    let owner = [("authorization", owner), ("content-type", "application/json")];
    let page = shop.call("GET", "/api/v1/members?limit=1", &owner, "").await;
    let (own, cursor) = (page.text("/items/0/id"), page.text("/nextCursor"));
    let page = shop.call("GET", &format!("/api/v1/members?cursor={cursor}&limit=1"), &owner, "").await;
    let path = format!("/api/v1/members/{}", page.text("/items/0/id"));
    shop.call("GET", &path, &owner, "").await;
    let store = shop.store.clone();
    let narrowed = json!({ "role": "member", "grants": [{ "scopes": "orders:read", "to": { "store": store } }] });
    shop.call("PATCH", &path, &owner, narrowed.to_string()).await;
    let stale = [owner[0], owner[1], ("if-match", "\"99\"")];
    assert_eq!(shop.call("PATCH", &path, &stale, r#"{"role":"viewer"}"#).await.status, 412);
    for (verb, status) in [("suspend", 200), ("suspend", 409), ("resume", 200), ("resume", 409)] {
        assert_eq!(shop.call("POST", &format!("{path}/{verb}"), &owner, "").await.status, status, "{verb}");
    }
    let own = format!("/api/v1/members/{own}");
    assert_eq!(shop.call("DELETE", &own, &owner, "").await.status, 409);
    assert_eq!(shop.call("DELETE", "/api/v1/membership", &owner, "").await.status, 409);
    assert_eq!(shop.call("DELETE", &path, &owner, "").await.status, 204);
    assert_eq!(shop.call("DELETE", &path, &owner, "").await.status, 404);
    let viewer = log_in(shop, "edsger@example.com").await;
    shop.call("DELETE", "/api/v1/membership", &[("authorization", &viewer)], "").await;
}

async fn roles(shop: &mut Shop, owner: &str) {
    let owner = [("authorization", owner), ("content-type", "application/json")];
    let body = r#"{"name":"Packer","scopes":"orders:read orders:write"}"#;
    let role = shop.call("POST", "/api/v1/roles", &owner, body).await.text("/id");
    assert_eq!(shop.call("POST", "/api/v1/roles", &owner, body).await.status, 422);
    let path = format!("/api/v1/roles/{role}");
    let members = shop.call("GET", "/api/v1/members", &owner, "").await;
    let member = format!("/api/v1/members/{}", members.text("/items/1/id"));
    shop.call("PATCH", &member, &owner, json!({ "role": role }).to_string()).await;
    shop.call("GET", "/api/v1/roles", &owner, "").await;
    shop.call("GET", &path, &owner, "").await;
    shop.call("PATCH", &path, &owner, r#"{"name":"Reader","scopes":"orders:read"}"#).await;
    let stale = [owner[0], owner[1], ("if-match", "\"99\"")];
    assert_eq!(shop.call("PATCH", &path, &stale, r#"{"name":"Other"}"#).await.status, 412);
    assert_eq!(shop.call("DELETE", &path, &owner, "").await.status, 409);
    shop.call("PATCH", &member, &owner, r#"{"role":"viewer"}"#).await;
    shop.call("DELETE", &path, &owner, "").await;
}

async fn invitations(shop: &mut Shop, owner: &str) {
    let owner = [("authorization", owner), ("content-type", "application/json")];
    let body = r#"{"email":"katherine@example.com","role":"member"}"#;
    let keyed = [owner[0], owner[1], ("idempotency-key", "invite-1")];
    for _ in 0..2 {
        assert_eq!(shop.call("POST", "/api/v1/invitations", &keyed, body).await.status, 201);
    }
    let twice = shop.call("POST", "/api/v1/invitations", &owner, body).await;
    assert_eq!((twice.status, twice.text("/code").as_str()), (409, "already-invited"));
    let member = r#"{"email":"ada@example.com","role":"viewer"}"#;
    let member = shop.call("POST", "/api/v1/invitations", &owner, member).await;
    assert_eq!((member.status, member.text("/code").as_str()), (409, "already-member"));
    let path = format!("/api/v1/invitations/{}", twice.text("/invitationId"));
    shop.call("POST", &format!("{path}/resend"), &owner, "").await;
    let accept = |token: &str, password| json!({ "token": token, "password": password, "name": "Katherine" });
    let token = shop.mailed_secret().await;
    let weak = shop.send("POST", "/api/v1/invitations/accept", accept(&token, "12345678")).await;
    assert_eq!(weak.status, 422);
    let joined = shop.send("POST", "/api/v1/invitations/accept", accept(&token, PASSWORD)).await;
    assert_eq!((joined.status, joined.body["created"].as_bool()), (200, Some(true)));
    let again = shop.send("POST", "/api/v1/invitations/accept", accept(&token, PASSWORD)).await;
    assert_eq!((again.status, again.text("/state").as_str()), (409, "accepted"));
    assert_eq!(shop.send("POST", "/api/v1/invitations/accept", accept("x", PASSWORD)).await.status, 404);
    assert_eq!(shop.call("DELETE", &path, &owner, "").await.status, 409);
    let body = r#"{"email":"dorothy@example.com","role":"viewer"}"#;
    let other = shop.call("POST", "/api/v1/invitations", &owner, body).await.text("/id");
    for _ in 0..2 {
        assert_eq!(shop.call("DELETE", &format!("/api/v1/invitations/{other}"), &owner, "").await.status, 204);
    }
    let page = shop.call("GET", "/api/v1/invitations?limit=1", &owner, "").await;
    let cursor = page.text("/nextCursor");
    shop.call("GET", &format!("/api/v1/invitations?cursor={cursor}"), &owner, "").await;
}

async fn organization(shop: &mut Shop, owner: &str) {
    let owner = [("authorization", owner), ("content-type", "application/json")];
    shop.call("GET", "/api/v1/organization", &owner, "").await;
    let change = r#"{"timezone":"Asia/Seoul","locale":"ko","taxMode":"exclusive","rounding":"half-even"}"#;
    shop.call("PATCH", "/api/v1/organization", &owner, change).await;
    let stale = [owner[0], owner[1], ("if-match", "\"99\"")];
    assert_eq!(shop.call("PATCH", "/api/v1/organization", &stale, r#"{"name":"Other"}"#).await.status, 412);
    shop.call("GET", "/api/v1/platforms", &owner, "").await;
    let body = r#"{"name":"Naver","platform":"naver-smartstore","credentials":{"clientId":"a","clientSecret":"b"}}"#;
    let keyed = [owner[0], owner[1], ("idempotency-key", "store-1")];
    let made = shop.call("POST", "/api/v1/stores", &keyed, body).await;
    let again = shop.call("POST", "/api/v1/stores", &keyed, body).await;
    assert_eq!((made.status, &again.body), (201, &made.body));
    assert_eq!(shop.call("POST", "/api/v1/stores", &owner, body).await.status, 422);
    let path = format!("/api/v1/stores/{}", made.text("/id"));
    shop.call("GET", &path, &owner, "").await;
    shop.call("PATCH", &path, &owner, r#"{"locale":"de","timezone":null,"status":"suspended"}"#).await;
    assert_eq!(shop.call("PATCH", &path, &stale, r#"{"name":"Other"}"#).await.status, 412);
    let report = r#"{"status":"failing","message":"401","observedAt":"2026-01-01T00:00:00Z"}"#;
    for (report, status) in [(r#"{"status":"healthy"}"#, 204), (report, 409), (r#"{"status":"unknown"}"#, 422)] {
        assert_eq!(shop.call("POST", &format!("{path}/health"), &owner, report).await.status, status, "{report}");
    }
    let own = format!("/api/v1/stores/{}", shop.store);
    assert_eq!(shop.call("PATCH", &own, &owner, r#"{"status":"suspended"}"#).await.status, 409);
    let page = shop.call("GET", "/api/v1/stores?limit=1", &owner, "").await;
    let cursor = page.text("/nextCursor");
    shop.call("GET", &format!("/api/v1/stores?cursor={cursor}"), &owner, "").await;

    let members = shop.call("GET", "/api/v1/members", &owner, "").await;
    let (own, other) = (members.text("/items/0/id"), members.text("/items/1/id"));
    let body = |id: &str| json!({ "accountId": id, "reason": "Ticket 1" }).to_string();
    assert_eq!(shop.call("POST", "/api/v1/impersonations", &owner, body(&own)).await.status, 422);
    let begun = shop.call("POST", "/api/v1/impersonations", &owner, body(&other)).await;
    let token = format!("Bearer {}", begun.text("/accessToken"));
    let me = shop.call("GET", "/api/v1/auth/me", &[("authorization", &token)], "").await;
    assert_eq!(me.text("/id"), other);
}
