//! Bytes that are hardly HTTP.

use std::time::Duration;

use crate::client::Answer;
use crate::eventually::eventually;
use crate::raw;
use crate::world::World;

pub async fn broken_http_is_no_5xx(world: World) {
    let key = world.ours.shopper.key().unwrap();
    let head = |line: &str| format!("{line}\r\nhost: shop.example\r\nauthorization: Bearer {key}\r\n");
    let get = head("GET /api/v1/categories HTTP/1.1");
    // workerd answers these itself with a bare 500 or 501, and the API never sees them. An answer of the API's own
    // must be as good as any.
    let refused_by_workerd = [
        "NONSENSE\r\n\r\n".to_owned(),
        "\r\n\r\n\r\n\r\n".to_owned(),
        format!("{get}content-length: -1\r\n\r\n"),
        format!("{get}content-length: 1\r\ncontent-length: 2\r\n\r\nab"),
        format!("{get}transfer-encoding: gzip\r\n\r\n"),
        format!("{}\r\n", head("GET http:// HTTP/1.1")),
        format!("{}\r\n", head("CONNECT shop.example:443 HTTP/1.1")),
        format!("{}\r\n", head("OPTIONS * HTTP/1.1")),
        format!("{}\r\n", head("BREW /api/v1/products HTTP/1.1")),
    ];
    for request in refused_by_workerd {
        if let Some(answer) = answer_to(&world, &request).await
            && answer.header("x-request-id").is_some()
        {
            assert!(answer.status < 500, "{request:?}: {answer}");
        }
    }
    let requests = [
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        format!("{get}content-length: 99999999999999999999\r\n\r\n"),
        format!("{get}x-bad\u{0}name: 1\r\n\r\n"),
        format!("{get}x-request-id: a\rb\r\n\r\n"),
        format!("{get}x-request-id: a\u{1}b\r\n\r\n"),
        format!("{get}x-request-id: a\r\n folded: b\r\n\r\n"),
        format!("{get}transfer-encoding: chunked\r\n\r\nzz\r\n"),
        format!("{get}expect: the-unexpected\r\n\r\n"),
        format!("{}\r\n", head(&format!("GET /{} HTTP/1.1", "x".repeat(100_000)))),
        format!("{get}x-large: {}\r\n\r\n", "x".repeat(600_000)),
        format!("{get}{}\r\n", "x: y\r\n".repeat(5_000)),
        format!("{}\r\n", head("GET /api/v1/products?\u{0} HTTP/1.1")),
    ];
    for request in requests {
        // A panic in the module shows as a 500 without a request id.
        if let Some(answer) = answer_to(&world, &request).await {
            let start: String = request.chars().take(200).collect();
            assert!(answer.status < 500, "{start:?}: {answer}");
        }
    }
    world.ours.shopper.get("/api/v1/categories").send().await.expect(200);
}

/// Whoever cannot be understood is answered or hung up on.
async fn answer_to(world: &World, request: &str) -> Option<Answer> {
    raw::exchange_and_end(world.nobody.url(), request.as_bytes().to_vec()).await
}

pub async fn a_body_that_breaks_off_changes_nothing(world: World) {
    let sold = world.sell("broken-off", "1", 5).await;
    let cart = world.ours.new_cart().await;
    let key = world.ours.shopper.key().unwrap();
    let body = format!("{{\"variantId\":\"{}\",\"quantity\":1}}", sold.variant);
    let head = format!(
        "POST /api/v1/cart/{cart}/items HTTP/1.1\r\nhost: shop.example\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\n"
    );
    for request in [
        format!("{head}content-length: {}\r\n\r\n{body}", body.len() + 10),
        format!("{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n", body.len()),
        format!("{head}content-length: {}\r\n\r\n{}", body.len(), &body[..body.len() / 2]),
    ] {
        raw::break_off(world.nobody.url(), request.into_bytes()).await;
    }
    // The server goes on, and has added nothing.
    let shown = eventually("an answer", Duration::from_secs(10), async || {
        let shown = world.ours.cart(&cart).await;
        (shown["version"] == 1).then_some(shown)
    })
    .await;
    assert_eq!(shown["itemCount"], 0);
    world.ours.add(&cart, &sold.variant, 1).await.expect(200);
}
