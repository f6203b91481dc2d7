//! Products as nobody means them.

use serde_json::{Value, json};

use super::json_bodies::{MALFORMED, NO_OBJECT, other_types};
use super::texts::STATEMENTS;
use super::with;
use crate::client::Answer;
use crate::world::World;

/// All there is to say, each member with its JSON type.
const FIELDS: [(&str, &str); 34] = [
    ("/handle", "string"),
    ("/title", "string"),
    ("/description", "string"),
    ("/vendor", "string"),
    ("/productType", "string"),
    ("/status", "string"),
    ("/publishAt", "string"),
    ("/unpublishAt", "string"),
    ("/category", "string"),
    ("/channels", "array"),
    ("/tags", "array"),
    ("/tags/0", "string"),
    ("/options/0", "object"),
    ("/options/0/name", "string"),
    ("/images", "array"),
    ("/images/0/url", "string"),
    ("/images/0/alt", "string"),
    ("/seo", "object"),
    ("/seo/title", "string"),
    ("/metadata", "object"),
    ("/variants", "array"),
    ("/variants/0", "object"),
    ("/variants/0/sku", "string"),
    ("/variants/0/options", "array"),
    ("/variants/0/price", "object"),
    ("/variants/0/price/amount", "string"),
    ("/variants/0/lowestPrice30Days", "object"),
    ("/variants/0/prices", "object"),
    ("/variants/0/weightGrams", "integer"),
    ("/variants/0/dimensions", "object"),
    ("/variants/0/hsCode", "string"),
    ("/variants/0/taxable", "bool"),
    ("/variants/0/inventory", "object"),
    ("/variants/0/inventory/quantity", "integer"),
];

fn product(world: &World) -> Value {
    json!({
        "handle": world.name("hostile"),
        "title": "Tent",
        "description": "<p>x</p>",
        "vendor": "Acme",
        "productType": "Tent",
        "status": "active",
        "publishAt": "2020-01-01T00:00:00Z",
        "unpublishAt": "2999-01-01T00:00:00Z",
        "tags": ["a"],
        "category": null,
        "channels": null,
        "options": [{ "name": "Size", "values": ["M"] }],
        "images": [{ "url": "https://images.example.com/a.jpg", "alt": "x" }],
        "seo": { "title": "x", "description": "y" },
        "metadata": { "a": 1 },
        "variants": [{
            "sku": world.name("hostile"),
            "options": ["M"],
            "price": { "amount": "1.00", "currency": "EUR" },
            "lowestPrice30Days": { "amount": "1.00", "currency": "EUR" },
            "prices": {},
            "weightGrams": 5,
            "dimensions": { "lengthMm": 1, "widthMm": 1, "heightMm": 1 },
            "hsCode": "630622",
            "taxable": true,
            "imageUrl": "https://images.example.com/a.jpg",
            "inventory": { "quantity": 1, "tracked": true, "continueSelling": false },
        }],
    })
}

/// The same body to make a product, and to change one that is there.
async fn send(world: &World, body: impl Into<Vec<u8>>) -> [Answer; 2] {
    let body = body.into();
    let merchant = &world.ours.merchant;
    let post = merchant.post("/api/v1/products").body("application/json", body.clone()).send().await;
    let path = format!("/api/v1/products/{}", world.name("there"));
    [post, merchant.patch(&path).body("application/merge-patch+json", body).send().await]
}

async fn with_one_there(world: &World) -> Value {
    let body = with(&product(world), "/handle", json!(world.name("there")));
    let body = with(&body, "/variants/0/sku", json!(world.name("there")));
    world.ours.merchant.post("/api/v1/products").json(&body).send().await.expect(201).json()
}

async fn is_as_it_was(world: &World, there: &Value) {
    let path = format!("/api/v1/admin/products/{}", world.name("there"));
    assert_eq!(&world.ours.merchant.get(&path).send().await.expect(200).json(), there);
}

pub async fn what_is_no_product_makes_and_changes_none(world: World) {
    let there = with_one_there(&world).await;
    for body in MALFORMED.into_iter().chain(NO_OBJECT) {
        for answer in send(&world, body).await {
            assert!(matches!(answer.status, 400 | 422), "{}: {answer}", String::from_utf8_lossy(body));
            assert!(!answer.places().is_empty(), "{answer}");
        }
    }
    let good = product(&world);
    for (field, own) in FIELDS {
        for wrong in other_types(own) {
            let body = match good.pointer(field) {
                Some(_) => with(&good, field, wrong),
                None => panic!("{field}"),
            };
            for answer in send(&world, body.to_string()).await {
                let places = answer.expect_problem(422, "invalid-request").places();
                let place = format!("#{field}");
                assert!(
                    places.iter().all(|named| named.starts_with(&place)) && !places.is_empty(),
                    "{body}: {places:?}"
                );
            }
        }
    }
    let mut unknown = good.clone();
    unknown["variants"][0]["coupon"] = json!("FREE");
    unknown["seo"]["__proto__"] = json!({ "admin": true });
    unknown["id"] = json!("prod_1");
    for answer in send(&world, unknown.to_string()).await {
        let mut places = answer.expect_problem(422, "invalid-request").places();
        places.sort();
        assert_eq!(places, ["#/id", "#/seo/__proto__", "#/variants/0/coupon"]);
    }
    let twice = r#"{"title":"a","seo":{"title":"b","title":"c"},"title":"d"}"#;
    for answer in send(&world, twice).await {
        let mut places = answer.expect_problem(422, "invalid-request").places();
        places.sort();
        assert_eq!(places, ["#/seo/title", "#/title"]);
    }
    for media_type in ["text/plain", "text/csv", "application/x-www-form-urlencoded"] {
        let call = world.ours.merchant.post("/api/v1/products").body(media_type, good.to_string());
        call.send().await.expect_problem(415, "not-json");
    }
    is_as_it_was(&world, &there).await;
}

pub async fn too_much_of_a_product_is_refused(world: World) {
    let there = with_one_there(&world).await;
    for levels in [1_000, 10_000] {
        for nested in ["{\"a\":", "["].map(|open| {
            let close = if open == "[" { "]" } else { "}" };
            format!("{}1{}", open.repeat(levels), close.repeat(levels))
        }) {
            for field in ["metadata", "variants", "unknown"] {
                for answer in send(&world, format!("{{\"title\":\"t\",\"{field}\":{nested}}}")).await {
                    answer.expect_problem(400, "malformed-body");
                }
            }
        }
    }
    for answer in send(&world, vec![b' '; 2 * 1024 * 1024 + 1]).await {
        answer.expect_problem(413, "body-too-large");
    }
    let good = product(&world);
    let long = "x".repeat(20_000);
    let many = |item: Value, count: usize| Value::from(vec![item; count]);
    for (field, value) in [
        ("/title", json!("x".repeat(256))),
        ("/description", json!("x".repeat(600_000))),
        ("/tags", many(json!("a"), 251)),
        ("/images", many(json!({ "url": "https://a.example/b.jpg" }), 251)),
        ("/options", many(json!({ "name": "a" }), 4)),
        ("/variants", many(json!({}), 2_049)),
        ("/metadata", json!({ "a": long })),
        ("/variants/0/sku", json!(long)),
        ("/variants/0/price/amount", json!("99999999999999999999")),
        ("/variants/0/price/amount", json!("-1")),
        ("/variants/0/weightGrams", json!(-1)),
        ("/variants/0/inventory/quantity", json!(1.5)),
        ("/variants/0/inventory/quantity", json!(9_999_999_999_i64)),
    ] {
        for answer in send(&world, with(&good, field, value).to_string()).await {
            let answer = answer.expect_problem(422, "invalid-request");
            assert!(answer.places().contains(&format!("#{field}")), "{field}: {answer}");
            assert!(answer.body.len() < 20_000, "an error does not repeat what was sent");
        }
    }
    is_as_it_was(&world, &there).await;
}

pub async fn texts_of_products_are_texts_or_refused_by_name(world: World) {
    with_one_there(&world).await;
    let good = product(&world);
    for character in
        ["\u{0}", "\u{7}", "\n", "\u{7f}", "\u{85}", "\u{202e}", "\u{2066}", "\u{200f}", "\u{feff}", "/", "_"]
    {
        let body = with(&good, "/handle", json!(format!("tent{character}gnp")));
        for answer in send(&world, body.to_string()).await {
            assert_eq!(answer.expect_problem(422, "invalid-request").places(), ["#/handle"], "{character:?}");
        }
    }
    for field in ["/title", "/vendor", "/tags/0", "/options/0/name", "/variants/0/sku", "/images/0/alt", "/seo/title"] {
        for character in ["\u{0}", "\r\n", "\u{1b}[31m"] {
            let body = with(&good, field, json!(format!("a{character}b")));
            for answer in send(&world, body.to_string()).await {
                assert_eq!(answer.expect_problem(422, "invalid-request").places(), [format!("#{field}")]);
            }
        }
    }
    let path = format!("/api/v1/products/{}", world.name("there"));
    for statement in STATEMENTS {
        let text = statement.replace(['\r', '\n'], " ").trim().to_owned();
        let patch = json!({
            "title": text, "vendor": text, "description": statement, "tags": [text], "metadata": { "a": statement },
            "options": [{ "name": text }],
        });
        let kept = world.ours.merchant.patch(&path).json(&patch).send().await.expect(200).json();
        for (name, value) in patch.as_object().unwrap() {
            assert_eq!(&kept[name], value, "{statement}");
        }
        assert_eq!(world.ours.product(&world.name("there")).await["title"], json!(text));
    }
    for url in ["javascript:alert(1)", "data:image/svg+xml,<svg/>", "//a.example/b.jpg", "https://u:p@a.example/b.jpg"]
    {
        let body = with(&good, "/images/0/url", json!(url));
        for answer in send(&world, body.to_string()).await {
            let places = answer.expect_problem(422, "invalid-request").places();
            assert!(places.contains(&"#/images/0/url".to_owned()), "{url}");
        }
    }
}
