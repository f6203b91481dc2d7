//! What the merchant's own answers have in common.

use axum::response::{IntoResponse, Response};
use headlesspro_shared::catalog::source::Fault;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;

use crate::catalog::presentation::{MOST_METADATA, PresentationError};
use crate::problem::{FieldError, Place, Problem};

const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-store");

/// JSON, with the version as ETag.
pub fn versioned(version: i64, json: String) -> Response {
    let mut response = unversioned(json);
    response.headers_mut().extend(HeaderValue::from_str(&format!("\"{version}\"")).ok().map(|etag| (ETAG, etag)));
    response
}

pub fn unversioned(json: String) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(CACHE_CONTROL, PRIVATE);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    (headers, json).into_response()
}

pub fn nothing() -> Response {
    let headers: HeaderMap = [(CACHE_CONTROL, PRIVATE)].into_iter().collect();
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Fields of the body are wrong.
pub fn fields<P: Into<String>>(wrong: impl IntoIterator<Item = P>, detail: &str) -> Problem {
    let error =
        |pointer: P| FieldError { at: Place::Pointer(format!("#/{}", pointer.into())), detail: detail.to_owned() };
    Problem::invalid(wrong.into_iter().map(error).collect())
}

impl From<PresentationError> for Problem {
    fn from(error: PresentationError) -> Problem {
        let of = |fault: Fault| FieldError { at: Place::Pointer(format!("#/{}", fault.path)), detail: fault.reason };
        match error {
            PresentationError::MetadataTooLarge => {
                fields(["metadata"], &format!("has more than {MOST_METADATA} bytes with what is there"))
            }
            PresentationError::ImageMissing => {
                fields(["imageUrl"], "is no image among the files of this store that are ready")
            }
            PresentationError::Translations(faults) => Problem::invalid(faults.into_iter().map(of).collect()),
        }
    }
}

pub fn version_mismatch(current: i64) -> Problem {
    Problem::new(StatusCode::PRECONDITION_FAILED, "version-mismatch")
        .detail(format!("It is at version {current}."))
        .with("version", current.into())
}

/// Somebody else changed the same, again and again; nothing was done.
pub fn changed_meanwhile() -> Problem {
    Problem::new(StatusCode::CONFLICT, "changed-meanwhile")
        .detail("Somebody else is changing the same. Nothing was done: look at it, and try again.")
        .with("allowedActions", json!(["retry"]))
}
