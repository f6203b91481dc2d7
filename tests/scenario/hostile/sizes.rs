//! Too much of everything.

use serde_json::{Value, json};

use super::{good_requests, with};
use crate::raw;
use crate::world::World;

const TEN_MEGABYTES: usize = 10 * 1024 * 1024;

pub async fn ten_megabytes_are_413(world: World) {
    let cart = world.ours.new_cart().await;
    let key = world.ours.merchant.key().unwrap();
    for (method, path) in [
        ("POST", "/api/v1/cart".to_owned()),
        ("POST", format!("/api/v1/cart/{cart}/items")),
        ("PATCH", format!("/api/v1/cart/{cart}/items/var_01h455vb4pex5vsknk084sn02q")),
        ("POST", "/api/v1/checkouts".to_owned()),
        ("POST", "/api/v1/checkouts/chk_01h455vb4pex5vsknk084sn02q/complete".to_owned()),
        ("POST", "/api/v1/imports".to_owned()),
    ] {
        let (media_type, length) = match path.ends_with("imports") {
            true => ("text/csv", TEN_MEGABYTES + 1),
            false => ("application/json", TEN_MEGABYTES),
        };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: shop.example\r\nauthorization: Bearer {key}\r\n\
             content-type: {media_type}\r\nidempotency-key: {}\r\n",
            world.name("large")
        );
        // Announced, so that nothing of it need be read.
        let announced = [format!("{head}content-length: {length}\r\n\r\n").into_bytes(), vec![b' '; length]].concat();
        // Not announced: a chunk of 64 KiB after the other.
        let chunk = [format!("{:x}\r\n", 64 * 1024).into_bytes(), vec![b' '; 64 * 1024], b"\r\n".to_vec()].concat();
        let chunked = [
            format!("{head}transfer-encoding: chunked\r\n\r\n").into_bytes(),
            chunk.repeat(length / (64 * 1024) + 1),
            b"0\r\n\r\n".to_vec(),
        ]
        .concat();
        for (how, request) in [("announced", announced), ("chunked", chunked)] {
            let answer = raw::exchange(world.nobody.url(), request).await;
            let answer = answer.unwrap_or_else(|| panic!("{method} {path}, {how}: the connection broke"));
            let answer = answer.expect_problem(413, "body-too-large");
            assert!(0 < answer.json()["limit"].as_u64().unwrap(), "{answer}");
        }
    }
    // An ordinary client sees it as well, and can go on.
    let large =
        world.ours.shopper.post("/api/v1/cart").body("application/json", vec![b' '; TEN_MEGABYTES]).send().await;
    large.expect_problem(413, "body-too-large");
    world.ours.cart(&cart).await;
}

pub async fn a_deep_nesting_is_refused(world: World) {
    const LEVELS: usize = 10_000;
    let arrays = format!("{}{}", "[".repeat(LEVELS), "]".repeat(LEVELS));
    let objects = format!("{}1{}", "{\"a\":".repeat(LEVELS), "}".repeat(LEVELS));
    for request in good_requests(&world).await {
        let fields = request.fields.iter().map(|(field, _)| field.trim_start_matches('/').split('/').next().unwrap());
        let bodies = fields
            .chain(["unknown"])
            .flat_map(|field| [&arrays, &objects].map(|nested| format!("{{\"{field}\":{nested}}}")));
        for body in bodies.chain([arrays.clone(), objects.clone(), "[".repeat(LEVELS), "{\"a\":".repeat(LEVELS)]) {
            let start: String = body.chars().take(30).collect();
            let answer = request.send_bytes(&world, body).await;
            assert!(matches!(answer.status, 400 | 422), "{start}: {answer}");
            assert!(!answer.places().is_empty(), "{start}: {answer}");
        }
    }
}

pub async fn overlong_texts_are_refused_by_name(world: World) {
    let long = "x".repeat(10_000);
    for request in good_requests(&world).await {
        for (field, _) in request.fields.iter().filter(|(_, own)| *own == "string") {
            for text in [long.clone(), "\u{1f3d5}".repeat(10_000), format!("a@{}.example", "b".repeat(10_000))] {
                let answer = request.send(&world, &with(&request.body, field, json!(text))).await;
                let answer = answer.expect_problem(422, "invalid-request");
                assert_eq!(answer.places(), [format!("#{field}")]);
                assert!(answer.body.len() < 5_000, "an error does not repeat what was sent");
            }
        }
        // As long as a body may be, in fields nobody knows.
        let wide: serde_json::Map<String, Value> =
            (0..5_000).map(|at| (format!("field-{at}"), json!(long[..20]))).collect();
        let answer = request.send(&world, &Value::Object(wide)).await.expect_problem(422, "invalid-request");
        assert!(answer.body.len() < 100_000, "{} bytes of errors", answer.body.len());
    }
    for path in ["/api/v1/products", "/api/v1/cart", "/api/v1/checkouts", "/api/v1/orders"] {
        let answer = world.ours.merchant.get(&format!("{path}/{}", "y".repeat(5_000))).send().await;
        answer.expect_problem(404, "not-found");
    }
    for name in
        ["filter[vendor]", "filter[tag]", "filter[category]", "filter[price][min]", "sort", "limit", "cursor", "other"]
    {
        let answer = world.ours.shopper.get("/api/v1/products").query(&[(name, &"z".repeat(5_000))]).send().await;
        assert_eq!(answer.expect_problem(422, "invalid-request").places(), [format!("?{name}")]);
    }
    let many: Vec<(String, String)> = (0..500).map(|at| (format!("p{at}"), "1".to_owned())).collect();
    let answer = world.ours.shopper.get("/api/v1/products").query(&many).send().await;
    answer.expect_problem(422, "invalid-request");
}
