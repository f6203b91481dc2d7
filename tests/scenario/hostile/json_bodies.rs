//! Bodies that are not what a route takes.

use serde_json::{Value, json};

use super::{good_requests, with};
use crate::world::World;

/// Bodies that are no JSON.
pub const MALFORMED: [&[u8]; 22] = [
    b"{",
    b"}",
    b"nope",
    b"{\"quantity\":}",
    b"{\"quantity\":1",
    b"{\"quantity\":1}}",
    b"{\"quantity\":1} {}",
    b"{quantity:1}",
    b"{'quantity':1}",
    b"{\"quantity\":1,}",
    b"{\"quantity\":01}",
    b"{\"quantity\":+1}",
    b"{\"quantity\":NaN}",
    b"{\"quantity\":\"\\x\"}",
    b"{\"quantity\":\"\\ud800\"}",
    b"{\"quantity\":\"\xff\xfe\"}",
    b"{\"quantity\":\"\xc0\x80\"}",
    b"{\"quantity\":\"\xed\xa0\x80\"}",
    b"{\"quantity\":\"a\x00b\"}",
    b"\x00",
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
];

/// JSON that is no object.
pub const NO_OBJECT: [&[u8]; 9] =
    [b"[]", b"[{}]", b"[1,2]", b"\"text\"", b"7", b"-1.5e3", b"true", b"null", b"[[[[]]]]"];

pub async fn what_is_no_json_object_is_refused(world: World) {
    let good = good_requests(&world).await;
    for request in &good {
        for body in MALFORMED {
            let answer = request.send_bytes(&world, body).await;
            match answer.status {
                400 => assert_eq!((answer.code().as_str(), answer.places()), ("malformed-body", vec!["#".to_owned()])),
                // A text that is wrong inside a field nobody knows.
                _ => {
                    let places = answer.expect_problem(422, "invalid-request").places();
                    assert!(places.contains(&"#/quantity".to_owned()), "{places:?}");
                }
            }
        }
        for body in NO_OBJECT {
            let answer = request.send_bytes(&world, body).await;
            assert!(matches!(answer.status, 400 | 422), "{}: {answer}", String::from_utf8_lossy(body));
            assert!(!answer.places().is_empty(), "{answer}");
        }
        // No body is an empty object: fine where nothing is required.
        for body in ["", "  \n"] {
            let answer = request.send_bytes(&world, body).await;
            let required: Vec<String> = match request.fields.is_empty() {
                true => vec![],
                false => request
                    .body
                    .as_object()
                    .unwrap()
                    .keys()
                    // Its default is one unit.
                    .filter(|name| *name != "quantity" || request.method == http::Method::PATCH)
                    .map(|name| format!("#/{name}"))
                    .collect(),
            };
            match required.is_empty() {
                true => assert_eq!(answer.status, 201, "{answer}"),
                false => {
                    let mut places = answer.expect_problem(422, "invalid-request").places();
                    places.sort();
                    assert_eq!(places, required);
                }
            }
        }
    }
}

/// One value of every JSON type but `own`. Null is a field that is left out, and tested as such.
pub fn other_types(own: &str) -> Vec<Value> {
    [
        ("string", json!("text")),
        ("integer", json!(7)),
        ("number", json!(1.5)),
        ("bool", json!(true)),
        ("array", json!(["a", { "b": [] }])),
        ("object", json!({ "a": { "b": 1 } })),
    ]
    .into_iter()
    .filter(|(name, _)| *name != own)
    .map(|(_, value)| value)
    .collect()
}

pub async fn every_wrong_type_is_named_where_it_is(world: World) {
    for request in good_requests(&world).await {
        for (field, own) in &request.fields {
            for wrong in other_types(own) {
                let body = with(&request.body, field, wrong);
                let answer = request.send(&world, &body).await.expect_problem(422, "invalid-request");
                assert_eq!(answer.places(), [format!("#{field}")], "{body}");
            }
            let answer = request.send(&world, &with(&request.body, field, Value::Null)).await;
            assert!(answer.status < 500, "{answer}");
            if answer.status == 422 {
                assert!(answer.places().iter().all(|place| place.starts_with(&format!("#{field}"))), "{answer}");
            }
        }
    }
}

pub async fn all_wrong_types_are_named_at_once(world: World) {
    for request in good_requests(&world).await {
        let leaves: Vec<&str> =
            request.fields.iter().filter(|(_, own)| *own != "object").map(|(field, _)| *field).collect();
        let mut body = request.body.clone();
        for leaf in &leaves {
            body = with(&body, leaf, json!([true]));
        }
        if leaves.is_empty() {
            continue;
        }
        let mut places = request.send(&world, &body).await.expect_problem(422, "invalid-request").places();
        places.sort();
        let mut expected: Vec<String> = leaves.iter().map(|leaf| format!("#{leaf}")).collect();
        expected.sort();
        assert_eq!(places, expected, "{body}");
    }
}

/// Programs differ in which of the two counts.
pub async fn a_member_that_is_there_twice_is_refused_by_name(world: World) {
    for request in good_requests(&world).await {
        let body = request.body.to_string();
        for (name, value) in request.body.as_object().unwrap() {
            let twice = body.replacen('{', &format!("{{{}:{value},", json!(name)), 1);
            let places = request.send_bytes(&world, twice).await.expect_problem(422, "invalid-request").places();
            assert_eq!(places, [format!("#/{name}")], "{body}");
        }
    }
}

pub async fn unknown_fields_are_refused_by_name(world: World) {
    for request in good_requests(&world).await {
        let mut body = request.body.clone();
        let members = body.as_object_mut().unwrap();
        members.insert("coupon".to_owned(), json!("FREE"));
        members.insert("__proto__".to_owned(), json!({ "admin": true }));
        members.insert("Quantity".to_owned(), json!(1));
        let mut expected = vec!["#/Quantity".to_owned(), "#/__proto__".to_owned(), "#/coupon".to_owned()];
        for name in ["shippingAddress", "payment"] {
            if let Some(nested) = members.get_mut(name) {
                nested["total_minor"] = json!(0);
                expected.push(format!("#/{name}/total_minor"));
            }
        }
        let mut places = request.send(&world, &body).await.expect_problem(422, "invalid-request").places();
        places.sort();
        expected.sort();
        assert_eq!(places, expected, "{body}");

        // A thousand of them are not all listed, and an odd name does no harm.
        let mut many: serde_json::Map<String, Value> =
            (0..1_000).map(|at| (format!("field-{at}"), json!(at))).collect();
        for odd in ["", "a.b", "a/b", "~0", "?", "\u{0}", "\r\nSet-Cookie: x", "ключ"] {
            many.insert(odd.to_owned(), json!(1));
        }
        let answer = request.send(&world, &Value::Object(many)).await.expect_problem(422, "invalid-request");
        assert!((1..=1_000).contains(&answer.places().len()), "{answer}");
    }
}

pub async fn numbers_beyond_reason_are_refused(world: World) {
    let numbers = [
        "1e400",
        "-1e400",
        "1e-400",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
        "1.0000000000000000000000000000001",
        "1e1",
        "0.5",
        "-0.0",
        "10000",
        "-1",
        "9223372036854775807",
        "-9223372036854775808",
    ];
    let digits = "9".repeat(100_000);
    for request in good_requests(&world).await {
        if !request.fields.iter().any(|(field, _)| *field == "/quantity") {
            continue;
        }
        for number in numbers.into_iter().chain([digits.as_str()]) {
            let body = with(&request.body, "/quantity", json!(4_242)).to_string().replace("4242", number);
            let answer = request.send_bytes(&world, body).await;
            assert!(matches!(answer.status, 400 | 422), "{}: {answer}", &number[..number.len().min(40)]);
            assert!(matches!(answer.places().as_slice(), [place] if place == "#" || place == "#/quantity"), "{answer}");
        }
    }
}

pub async fn another_media_type_is_refused(world: World) {
    for request in good_requests(&world).await {
        for media_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/json",
            "application/jsonp",
            ",",
            "\u{fc}",
        ] {
            let answer = request.call(&world).body(media_type, request.body.to_string()).send().await;
            answer.expect_problem(415, "not-json");
        }
    }
    let good = &good_requests(&world).await[1];
    for media_type in ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"] {
        good.call(&world).body(media_type, good.body.to_string()).send().await.expect(200);
    }
}
