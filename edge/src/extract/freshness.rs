//! The `Min-Version` header.

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::request::Parts;

use crate::problem::Problem;

const HEADER: &str = "min-version";

/// `Min-Version: 42`: no answer that shows the catalog as it was before that version, which a `Catalog-Version` told.
/// `None` where the header is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinVersion(pub Option<i64>);

impl MinVersion {
    /// # Errors
    /// [`Problem`] when the header is no version.
    pub fn of(headers: &HeaderMap) -> Result<MinVersion, Problem> {
        let Some(value) = headers.get(HEADER) else { return Ok(MinVersion(None)) };
        let digits = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let version = digits.and_then(|text| text.parse().ok());
        let wrong = || Problem::bad_header("Min-Version", "must be a version, as Catalog-Version tells it: 42");
        version.map(|version| MinVersion(Some(version))).ok_or_else(wrong)
    }
}

impl<S: Sync> FromRequestParts<S> for MinVersion {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        MinVersion::of(&parts.headers)
    }
}
