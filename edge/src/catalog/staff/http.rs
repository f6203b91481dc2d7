//! What the merchant's own answers have in common.

use axum::response::{IntoResponse, Response};
use headlesspro_shared::kernel::page::{Cursor, CursorPart, Limit};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LINK};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use serde_json::json;

use crate::catalog::presentation::PresentationError;
use crate::extract::{QueryParams, next_link};
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

/// A page of a list in the order of one text.
pub struct AfterText {
    pub after: String,
    pub limit: i64,
}

impl AfterText {
    /// Takes `limit`, and the `cursor` of a list in this order.
    pub fn take(params: &mut QueryParams, sort: &str) -> AfterText {
        let limit = params.take("limit", str::parse::<Limit>).unwrap_or_default().get();
        let after = params.take("cursor", |cursor| {
            const FOREIGN: &str = "is not a cursor of this list";
            let cursor: Cursor = cursor.parse().map_err(|_| FOREIGN)?;
            match cursor.parts_for(sort) {
                Ok([CursorPart::Text(text)]) => Ok(text.clone()),
                _ => Err(FOREIGN),
            }
        });
        AfterText { after: after.unwrap_or_default(), limit }
    }
}

/// A page of a list at `uri`, in JSON, and the cursor of the next one.
pub fn listed(json: String, next: Option<&str>, uri: &Uri) -> Response {
    let link = next.and_then(|next| HeaderValue::from_str(&next_link(uri, next)).ok());
    let mut response = unversioned(json);
    response.headers_mut().extend(link.map(|link| (LINK, link)));
    response
}

/// Fields of the body are wrong.
pub fn fields<P: Into<String>>(wrong: impl IntoIterator<Item = P>, detail: &str) -> Problem {
    let error =
        |pointer: P| FieldError { at: Place::Pointer(format!("#/{}", pointer.into())), detail: detail.to_owned() };
    Problem::invalid(wrong.into_iter().map(error).collect())
}

impl From<PresentationError> for Problem {
    fn from(error: PresentationError) -> Problem {
        match error {
            PresentationError::ImageMissing => {
                fields(["imageUrl"], "is no image among the files of this store that are ready")
            }
            PresentationError::Invalid(faults) => Problem::faults(faults),
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
