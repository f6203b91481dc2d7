//! The checker of answers must refuse what does not fit: else it proves nothing elsewhere.

use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, VARY};
use http::{HeaderMap, HeaderValue};

use crate::openapi::Validator;

const PATH: &str = "/api/v1/products?limit=2&filter[inStock]=true";
const BODY: &str = r#"{"items":[],"nextCursor":null}"#;

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers
        .insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=0, s-maxage=60, stale-while-revalidate=60"));
    headers.insert(ETAG, HeaderValue::from_static("\"0123\""));
    headers.insert(VARY, HeaderValue::from_static("Authorization, X-Publishable-Key"));
    headers.insert("cache-tag", HeaderValue::from_static("products-store_1"));
    headers.insert("x-request-id", HeaderValue::from_static("r-1"));
    headers.insert("server-timing", HeaderValue::from_static("sql;desc=\"1\", redis;desc=\"0\""));
    headers
}

fn faults(path: &str, status: u16, change: impl FnOnce(&mut HeaderMap), body: &str) -> String {
    let mut headers = headers();
    change(&mut headers);
    Validator::from_golden().check("GET", path, status, &headers, body.as_bytes()).err().unwrap_or_default()
}

#[test]
fn an_answer_that_fits_is_accepted() {
    assert_eq!(faults(PATH, 200, |_| {}, BODY), "");
    let head = Validator::from_golden().check("HEAD", PATH, 200, &headers(), b"");
    assert_eq!(head, Ok(()));
}

#[test]
fn of_some_members_an_id_is_required_and_no_other_is_let_in() {
    let of = |card: &str| {
        let body = format!(r#"{{"items":[{{{card}}}],"nextCursor":null}}"#);
        [PATH, "/api/v1/products?fields=title"].map(|path| faults(path, 200, |_| {}, &body))
    };
    let [whole, some] = of(r#""id":"prod_01h455vb4pex5vsknk084sn02q","title":"Tent""#);
    assert!(whole.contains("handle") && some.is_empty(), "{some}");
    assert!(of(r#""title":"Tent""#)[1].contains("\"id\" is a required"));
    assert!(of(r#""id":"prod_01h455vb4pex5vsknk084sn02q","titel":"Tent""#)[1].contains("titel"));
}

#[test]
fn an_answer_that_does_not_fit_is_refused_by_name() {
    let json = |status: u16, body: &str| faults(PATH, status, |_| {}, body);
    assert!(json(200, r#"{"items":[],"nextCursor":null,"total":3}"#).contains("total"));
    assert!(json(200, r#"{"items":[]}"#).contains("nextCursor"));
    assert!(json(200, "{").contains("not JSON"));
    assert!(json(202, BODY).contains("status 202 is not documented"));
    assert!(faults("/api/v1/products?page=2", 200, |_| {}, BODY).contains("page"));
    assert!(faults("/api/v2/products", 200, |_| {}, BODY).contains("no operation"));
    let header = |name: &'static str, value: Option<&'static str>| {
        let change = |headers: &mut HeaderMap| {
            headers.remove(name);
            value.map(|value| headers.insert(name, HeaderValue::from_static(value)));
        };
        faults(PATH, 200, change, BODY)
    };
    assert!(header("etag", None).contains("ETag is missing"));
    assert!(header("etag", Some("W/\"1\"")).contains("header ETag"));
    assert!(header("cache-control", Some("no-store")).contains("header Cache-Control"));
    assert!(header("content-type", Some("text/html")).contains("Content-Type"));
    assert!(header("server-timing", Some("sql;desc=\"4\", redis;desc=\"0\"")).contains("4 sql round trips"));
}

#[test]
fn a_problem_must_be_one_of_the_operation() {
    let problem = |status: u16, code: &str, more: &str| {
        let body = format!(
            r#"{{"type":"https://headlesspro.dev/problems/{code}","title":"T","status":{status},"code":"{code}",
                "detail":"D","requestId":"r-1"{more}}}"#
        );
        let change = |headers: &mut HeaderMap| {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            for name in ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"] {
                headers.insert(name, HeaderValue::from_static("3"));
            }
        };
        faults(PATH, status, change, &body)
    };
    assert_eq!(problem(422, "invalid-request", ""), "");
    assert_eq!(problem(403, "missing-scope", r#","scope":"catalog:read""#), "");
    assert_ne!(problem(422, "cart-full", ""), "");
    assert_ne!(problem(403, "missing-scope", ""), "");
    assert!(problem(422, "invalid-request", r#","why":"so""#).contains("why"));
}
