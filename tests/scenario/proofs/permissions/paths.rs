//! The paths of routes, and what the API says of them.

use std::sync::LazyLock;

use headlesspro_edge::openapi::{Operation, operations};
use headlesspro_edge::routes::{Route, routes};
use http::Method;
use serde_json::Value;

static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(operations);

/// The route table.
pub static TABLE: LazyLock<Vec<Route>> = LazyLock::new(|| routes().table().to_vec());

/// What the API says of a route.
pub fn operation_of(method: &Method, path: &str) -> &'static Operation {
    let described = OPERATIONS.iter().find(|one| one.method == *method && one.path == path);
    described.unwrap_or_else(|| panic!("{method} {path} is not described"))
}

/// The first body that the description shows.
pub fn body_of(operation: &Operation) -> Option<Value> {
    Some(operation.body.as_ref()?.examples.first()?.value.clone())
}

/// Whether the route is a list with pages.
pub fn is_paged(route: &Route) -> bool {
    let parameters = &operation_of(&route.method, route.path).parameters;
    route.method == Method::GET && parameters.iter().any(|parameter| parameter.name == "limit")
}

/// The kind of id that a path has in the place of `parameter`, which comes after `before`. A new one is named here,
/// and made in [`Things::furnish`](super::things::Things::furnish).
fn prefix_of(before: &str, parameter: &str) -> &'static str {
    match (before, parameter) {
        ("addresses", _) => "addr",
        ("api-keys", _) => "key",
        ("apps", _) => "app",
        ("attributes", _) => "attr",
        // A part has a number, which no id is.
        ("upserts" | "parts", _) => "bulk",
        ("cart" | "carts", _) => "cart",
        ("categories", _) => "cat",
        ("channels", _) => "chan",
        ("collections", _) => "col",
        ("codes", _) => "pcode",
        ("checkouts", _) => "chk",
        ("files", _) => "file",
        ("fraud-reviews", _) => "frev",
        ("identities", _) => "ext",
        ("identity-providers" | "providers", _) => "idp",
        ("invitations", _) => "inv",
        ("invoices", _) => "invc",
        ("items" | "variants", _) => "var",
        ("customers" | "members", _) => "usr",
        ("customer-groups", _) => "cgrp",
        ("gift-cards", _) => "gcard",
        ("locations", _) => "loc",
        ("orders", _) => "ord",
        ("passkeys", _) => "pas",
        ("payment-providers" | "{organizationId}", _) => "psp",
        ("payment-webhooks", _) => "org",
        ("price-lists", _) => "plist",
        ("products" | "sitemaps", _) => "prod",
        ("promotions", _) => "promo",
        ("roles", _) => "role",
        ("sessions", _) => "ses",
        ("shipping-zones", _) => "szone",
        ("stores", _) => "store",
        ("tax-exemptions", _) => "texm",
        ("tax-zones", _) => "tzone",
        _ => panic!("/{before}/{parameter}: say in prefix_of() which ids these are"),
    }
}

/// Whether a request of the route that is repeated with the same `Idempotency-Key` is answered once.
pub fn takes_a_key(route: &Route) -> bool {
    let parameters = &operation_of(&route.method, route.path).parameters;
    parameters.iter().any(|parameter| parameter.name == "Idempotency-Key")
}

/// A body as a request of the operation carries it.
pub fn written(operation: &Operation, body: &Value) -> String {
    let is_form = operation.body.as_ref().is_some_and(|body| body.media_type == "application/x-www-form-urlencoded");
    match body {
        Value::Object(members) if is_form => {
            let pairs = members.iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()));
            pairs.collect::<Vec<_>>().join("&")
        }
        Value::String(text) => text.clone(),
        _ => body.to_string(),
    }
}

/// The kinds of ids that a route's path has.
pub fn prefixes_of(route: &Route) -> Vec<&'static str> {
    let segments: Vec<&str> = route.path.split('/').collect();
    let pairs = segments.windows(2).filter(|pair| pair[1].starts_with('{'));
    pairs.map(|pair| prefix_of(pair[0], pair[1])).collect()
}

/// Whether the accounts in the route's path are customers', not the staff's.
pub fn is_of_customers(route: &Route) -> bool {
    route.path.starts_with("/api/v1/customers/{") || route.path.starts_with("/api/v1/customer-groups/")
}

/// Whether something in the route's path belongs to one store alone; what does not is the organization's, in each.
pub fn is_of_one_store(route: &Route) -> bool {
    prefixes_of(route).into_iter().any(is_kept_by_one_store)
}

/// Whether things of this kind belong to one store alone.
pub fn is_kept_by_one_store(prefix: &str) -> bool {
    const KINDS: [&str; 23] = [
        "attr", "bulk", "chan", "plist", "prod", "var", "cat", "col", "cart", "chk", "ord", "key", "app", "file",
        "promo", "pcode", "szone", "texm", "tzone", "gcard", "loc", "psp", "frev",
    ];
    KINDS.contains(&prefix)
}

/// Whether something in the route's path belongs to one person, whoever else may read such things.
pub fn is_personal(route: &Route) -> bool {
    prefixes_of(route).iter().any(|prefix| ["addr", "ses", "pas", "ext"].contains(prefix))
}

/// The route's path with an id for each parameter.
pub fn fill(route: &Route, id: impl Fn(&str) -> String) -> String {
    let mut path = Vec::new();
    let mut before = "";
    for segment in route.path.split('/') {
        path.push(if segment.starts_with('{') { id(prefix_of(before, segment)) } else { segment.to_owned() });
        before = segment;
    }
    path.join("/")
}

/// The route's path with ids that nothing has.
pub fn path_to_nothing(route: &Route) -> String {
    fill(route, missing)
}

pub fn missing(prefix: &str) -> String {
    format!("{prefix}_01h455vb4pex5vsknk084sn02q")
}

/// The key that a tenant's own request to this path was sent with, and another tenant's is.
pub fn key_for(path: &str) -> String {
    format!("one-key-for-{path}")
}

/// What the description shows, under names that nothing else has.
pub fn example(route: &Route, number: usize) -> String {
    let operation = operation_of(&route.method, route.path);
    let examples = operation.body.as_ref().map(|body| body.examples.as_slice()).unwrap_or_default();
    let example = match route.path {
        // Of Google and its like there is one in an organization; products are put into no collection that has a rule;
        // and the other example is of a day to come.
        "/api/v1/identity-providers" | "/api/v1/collections" | "/api/v1/stores/{id}/health" => examples.last(),
        _ => examples.first(),
    };
    let Some(mut body) = example.map(|example| example.value.clone()) else { return String::new() };
    distinguish(&mut body, number);
    written(operation, &body)
}

/// Gives what must be unique a name of its own, in lists too.
fn distinguish(value: &mut Value, number: usize) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| distinguish(item, number)),
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), &mut *member) {
                    // A file's ending stays where it is.
                    ("name" | "title" | "organizationName", Value::String(text)) => {
                        text.insert_str(text.rfind('.').unwrap_or(text.len()), &format!(" {number}"));
                    }
                    ("handle" | "sku" | "key", Value::String(text)) => text.push_str(&format!("-{number}")),
                    ("issuer", Value::String(text)) => *text = format!("https://issuer-{number}.example"),
                    ("email", Value::String(text)) => *text = format!("fresh-{number}@example.com"),
                    _ => distinguish(member, number),
                }
            }
        }
        _ => {}
    }
}
