//! The `If-Match` header.

use axum::extract::FromRequestParts;
use http::header::IF_MATCH;
use http::request::Parts;

use crate::problem::Problem;

/// `If-Match: "7"`: the change is refused when its subject is at another version. `None` where the header is left
/// out or `*`.
pub struct IfMatch(pub Option<i64>);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(IF_MATCH) else { return Ok(IfMatch(None)) };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(IfMatch(None));
        }
        let version = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).and_then(|text| text.parse().ok());
        let wrong = || Problem::bad_header("If-Match", "must be a version in quotes, such as \"7\"");
        version.map(|version| IfMatch(Some(version))).ok_or_else(wrong)
    }
}
