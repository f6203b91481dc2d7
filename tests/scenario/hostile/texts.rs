//! Texts that would be statements, headers or scripts if they were ever taken for such.

use serde_json::json;

use super::{good_requests, with};
use crate::world::World;

/// Each would change or reveal something if it were run.
pub const STATEMENTS: [&str; 10] = [
    "' OR '1'='1",
    "'; DROP TABLE product; --",
    "\"; DELETE FROM orders; --",
    "1); UPDATE stock SET available = 0; --",
    "' UNION SELECT secret_hash FROM api_key --",
    "?1",
    "%' ESCAPE '%",
    "${7*7}{{7*7}}",
    "\\'; SELECT 1; --",
    "*\r\n$8\r\nFLUSHALL\r\n",
];

pub async fn statements_in_texts_are_texts(world: World) {
    let sold = world.sell("still-here", "1", 1).await;
    for request in good_requests(&world).await {
        for (field, _) in request.fields.iter().filter(|(_, own)| *own == "string") {
            for statement in STATEMENTS {
                let answer = request.send(&world, &with(&request.body, field, json!(statement))).await;
                match answer.status {
                    // Somebody may live there.
                    201 => {
                        let kept = answer.json().pointer(field).and_then(|text| text.as_str().map(str::to_owned));
                        assert_eq!(kept.as_deref(), Some(statement), "{answer}");
                    }
                    _ => assert_eq!(answer.expect_problem(422, "invalid-request").places(), [format!("#{field}")]),
                }
            }
        }
    }
    for statement in STATEMENTS {
        for name in ["filter[vendor]", "filter[tag]", "filter[category]"] {
            let value = format!("{}{statement}", world.mark);
            let answer = world.ours.shopper.get("/api/v1/products").query(&[(name, &value)]).send().await;
            assert_eq!(answer.expect(200).json()["items"], json!([]), "{name}={value}");
        }
        for name in
            ["filter[price][min]", "filter[price][max]", "filter[inStock]", "sort", "limit", "cursor", statement]
        {
            let answer = world.ours.shopper.get("/api/v1/products").query(&[(name, statement)]).send().await;
            assert_eq!(answer.expect_problem(422, "invalid-request").places(), [format!("?{name}")]);
        }
        let encoded: String = statement.bytes().map(|byte| format!("%{byte:02x}")).collect();
        for path in ["products", "cart", "checkouts", "orders"] {
            let answer = world.ours.merchant.get(&format!("/api/v1/{path}/{encoded}")).send().await;
            answer.expect_problem(404, "not-found");
        }
        let key = statement.replace(['\r', '\n'], " ");
        let checkout = world.ours.opened(&[(&sold.variant, 1)]).await;
        let answer = world.ours.complete_by(&world.ours.merchant, &checkout, &key, "nonsense").await;
        answer.expect_problem(422, "invalid-request");
    }
    assert_eq!(world.ours.stock(&sold.handle).await, [1]);
    assert_eq!(world.ours.product(&sold.handle).await["id"], sold.product);
}

pub async fn control_characters_are_refused_by_name(world: World) {
    for request in good_requests(&world).await {
        for (field, _) in request.fields.iter().filter(|(_, own)| *own == "string") {
            for character in ["\u{0}", "\r\n", "\n", "\t", "\u{1b}[31m", "\u{7f}", "\u{85}"] {
                let text = format!("ada@example.com{character}Bcc: eve@example.com");
                let answer = request.send(&world, &with(&request.body, field, json!(text))).await;
                let answer = answer.expect_problem(422, "invalid-request");
                assert_eq!(answer.places(), [format!("#{field}")], "{character:?}");
            }
        }
    }
}
