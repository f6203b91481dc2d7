//! Headers nobody sends by accident.

use serde_json::json;

use crate::world::World;

pub async fn hostile_headers_are_refused_or_ignored(world: World) {
    let sold = world.sell("headers", "1", 5).await;
    let product = format!("/api/v1/products/{}", sold.handle);
    for (name, value) in [
        ("if-none-match", "x".repeat(5_000)),
        ("if-none-match", "\"".repeat(999)),
        ("if-none-match", ",,,,".to_owned()),
        ("accept", "\u{fc}\u{0fc}".to_owned()),
        ("accept", "application/xml".to_owned()),
        ("accept-encoding", "zstd;q=nonsense, *".to_owned()),
        ("range", "bytes=0-1,5-".to_owned()),
        ("origin", "null".to_owned()),
        ("x-forwarded-for", "' OR 1=1 --".to_owned()),
        ("x-http-method-override", "DELETE".to_owned()),
        ("cookie", "a=b; ".repeat(500)),
        ("content-type", "nonsense".to_owned()),
        ("if-match", "nonsense".to_owned()),
        ("idempotency-key", "\u{1f3d5}".to_owned()),
    ] {
        world.ours.shopper.get(&product).header(name, &value).send().await.expect(200);
    }
    let many = (0..60).fold(world.ours.shopper.get(&product), |call, at| call.header(&format!("x-{at}"), "1"));
    many.send().await.expect(200);

    let cart = world.ours.new_cart().await;
    let add = || {
        let call = world.ours.shopper.post(&format!("/api/v1/cart/{cart}/items"));
        call.json(&json!({ "variantId": sold.variant }))
    };
    for (name, shown, value) in [
        ("idempotency-key", "Idempotency-Key:", String::new()),
        ("idempotency-key", "Idempotency-Key:", "k".repeat(256)),
        ("idempotency-key", "Idempotency-Key:", "k".repeat(5_000)),
        ("idempotency-key", "Idempotency-Key:", "schl\u{fc}ssel".to_owned()),
        ("if-match", "If-Match:", "\u{fc}".to_owned()),
        ("if-match", "If-Match:", "\"-\"".to_owned()),
        ("if-match", "If-Match:", format!("\"{}\"", "9".repeat(500))),
        // Not an empty If-Match: workerd keeps that from the worker.
    ] {
        let answer = add().header(name, &value).send().await;
        assert_eq!(answer.status, 400, "{name}: {value:?}");
        let refused = answer.expect_problem(400, "invalid-header");
        assert_eq!(refused.places(), [shown], "{value}");
    }
    add().header("if-match", "\"-9223372036854775808\"").send().await.expect_problem(412, "version-mismatch");
    // Keys that look like something else are keys.
    for key in ["' OR 1=1 --", "*", "a:b:c", "../..", "{tag}", "k k", &"k".repeat(255)] {
        // Others in each run.
        let key = format!("{}{}", &key[..key.len().min(255 - world.mark.len())], world.mark);
        let first = add().header("idempotency-key", &key).send().await.expect(200);
        let again = add().header("idempotency-key", &key).send().await.expect(200);
        assert!(again.is_replayed() && again.body == first.body, "{key}");
    }
    assert_eq!(world.ours.cart(&cart).await["itemCount"], 7);
}
