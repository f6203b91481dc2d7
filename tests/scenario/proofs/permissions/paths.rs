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
        ("cart", _) => "cart",
        ("categories", _) => "cat",
        ("collections", _) => "col",
        ("checkouts", _) => "chk",
        ("files", _) => "file",
        ("identities", _) => "ext",
        ("identity-providers" | "providers", _) => "idp",
        ("invitations", _) => "inv",
        ("items", _) => "var",
        ("customers" | "members", _) => "usr",
        ("orders", _) => "ord",
        ("passkeys", _) => "pas",
        ("products" | "sitemaps", _) => "prod",
        ("roles", _) => "role",
        ("sessions", _) => "ses",
        ("stores", _) => "store",
        _ => panic!("/{before}/{parameter}: say in prefix_of() which ids these are"),
    }
}

/// The kinds of ids that a route's path has.
fn prefixes_of(route: &Route) -> Vec<&'static str> {
    let segments: Vec<&str> = route.path.split('/').collect();
    let pairs = segments.windows(2).filter(|pair| pair[1].starts_with('{'));
    pairs.map(|pair| prefix_of(pair[0], pair[1])).collect()
}

/// Whether something in the route's path belongs to one store alone; what does not is the organization's, in each.
pub fn is_of_one_store(route: &Route) -> bool {
    const KINDS: [&str; 10] = ["prod", "var", "cat", "col", "cart", "chk", "ord", "key", "app", "file"];
    prefixes_of(route).iter().any(|prefix| KINDS.contains(prefix))
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
