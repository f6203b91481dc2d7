//! JSON bodies: every wrong field is named, all at once.
//!
//! A wire type has an `Option` for every field, so that a missing one is a field error like any other.
//! Decoding reports wrong types and unknown fields; [`Parse`] then turns the wire type into the domain's
//! and reports the rest.

mod cards;
mod tree;

use std::collections::BTreeSet;

use axum::body::Body;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

pub(crate) use cards::{CARD_NUMBER, card_numbers, is_card_number};

use super::raw::read_body;
use crate::port::sql::{Row, SqlError};
use crate::problem::{FieldError, Place, Problem};

/// The largest JSON body: 256 KiB. A full cart with addresses has a tenth of it.
pub(crate) const JSON_LIMIT: usize = 256 * 1024;

/// More wrong fields than anyone reads are not looked for.
const MAX_ERRORS: usize = 50;

/// A wire type that becomes a domain type.
pub trait Parse: DeserializeOwned {
    type Parsed;

    /// The domain type; `None` exactly when `errors` has been given something.
    fn parse(self, errors: &mut FieldErrors) -> Option<Self::Parsed>;
}

/// The wrong fields of a body, at most one error each.
#[derive(Debug, Default)]
pub struct FieldErrors {
    prefix: String,
    reported: BTreeSet<String>,
    errors: Vec<FieldError>,
}

impl FieldErrors {
    /// Reports the field at `path` (`email`, `shippingAddress/city`).
    pub fn push(&mut self, path: &str, detail: impl Into<String>) {
        let pointer = format!("#/{}{path}", self.prefix);
        if self.errors.len() < MAX_ERRORS && self.reported.insert(pointer.clone()) {
            self.errors.push(FieldError { at: Place::Pointer(pointer), detail: detail.into() });
        }
    }

    /// A field that must be there.
    pub fn required<T, U, E: ToString>(
        &mut self,
        path: &str,
        value: Option<T>,
        parse: impl FnOnce(T) -> Result<U, E>,
    ) -> Option<U> {
        if value.is_none() {
            self.push(path, "is required");
        }
        self.optional(path, value, parse)
    }

    /// A field that may be left out.
    pub fn optional<T, U, E: ToString>(
        &mut self,
        path: &str,
        value: Option<T>,
        parse: impl FnOnce(T) -> Result<U, E>,
    ) -> Option<U> {
        match parse(value?) {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.push(path, error.to_string());
                None
            }
        }
    }

    /// Reports what `parse` finds under `name/`.
    pub fn nested<T>(&mut self, name: &str, parse: impl FnOnce(&mut FieldErrors) -> T) -> T {
        let outer = self.prefix.clone();
        self.prefix = format!("{outer}{name}/");
        let parsed = parse(self);
        self.prefix = outer;
        parsed
    }

    pub fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }
}

/// Reads a field of a merge patch (RFC 7396): `Some(None)` for a null, which is not left out.
///
/// # Errors
/// Those of the value's own type.
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A JSON body of at most 256 KiB, parsed into the domain type.
pub struct Json<T: Parse> {
    pub parsed: T::Parsed,
    /// The body as it came, for the idempotency fingerprint.
    pub bytes: Bytes,
}

impl<S: Sync, T: Parse> axum::extract::FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, Problem> {
        if request.headers().get(CONTENT_TYPE).is_some_and(|media_type| !is_json(media_type)) {
            return Err(not_json());
        }
        let bytes = read_body(request, JSON_LIMIT).await?;
        let mut errors = FieldErrors::default();
        let parsed = decode::<T>(&bytes, &mut errors)?.and_then(|wire| wire.parse(&mut errors));
        match parsed {
            Some(parsed) if errors.is_empty() => Ok(Json { parsed, bytes }),
            _ => Err(Problem::invalid(errors.errors)),
        }
    }
}

/// A JSON object of at most `LIMIT` bytes as it came, for what is read by rules of its own: no body is an empty object.
pub struct JsonObject<const LIMIT: usize> {
    pub value: Value,
    /// The body as it came, for the idempotency fingerprint.
    pub bytes: Bytes,
}

impl<S: Sync, const LIMIT: usize> axum::extract::FromRequest<S> for JsonObject<LIMIT> {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, Problem> {
        if request.headers().get(CONTENT_TYPE).is_some_and(|media_type| !is_json(media_type)) {
            return Err(not_json());
        }
        let bytes = read_body(request, LIMIT).await?;
        let mut errors = FieldErrors::default();
        let value = tree_of(&bytes, &mut errors)?;
        if !value.is_object() {
            errors.push("", "must be one JSON object");
        }
        if errors.is_empty() { Ok(JsonObject { value, bytes }) } else { Err(Problem::invalid(errors.errors)) }
    }
}

fn is_json(media_type: &HeaderValue) -> bool {
    let Ok(media_type) = media_type.to_str() else { return false };
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.is_empty() || essence == "application/json" || essence.ends_with("+json")
}

/// The JSON of `text`, and the paths of members that stand in their object more than once.
///
/// # Errors
/// Why it is none: completes a sentence that begins with what it is.
pub(crate) fn json_tree(text: &[u8]) -> Result<(Value, BTreeSet<String>), String> {
    let text =
        std::str::from_utf8(text).map_err(|error| format!("is not UTF-8 from byte {} on", error.valid_up_to()))?;
    let text = if text.trim().is_empty() { "{}" } else { text };
    tree::parse(text).map_err(|error| format!("is not JSON: {error}"))
}

/// Reads a document that was stored, as bodies are read: types that are in both are compiled for one deserializer.
///
/// # Errors
/// It is of another shape.
pub fn stored<T: DeserializeOwned>(document: &str) -> Result<T, serde_json::Error> {
    tree::read(&serde_json::from_str(document)?).0
}

/// Reads a document that stands in a column.
///
/// # Errors
/// [`SqlError::Statement`] when there is none, or it is of another shape.
pub fn stored_in<T: DeserializeOwned>(row: Row<'_>, column: &str) -> Result<T, SqlError> {
    let read = stored(row.get(column)?);
    read.map_err(|error| SqlError::Statement(format!("column {column}: {error}")))
}

/// The JSON of `bytes`; members that stand twice go to `errors`. No body at all is an empty object.
fn tree_of(bytes: &[u8], errors: &mut FieldErrors) -> Result<Value, Problem> {
    let (body, twice) = json_tree(bytes).map_err(|reason| malformed(format!("The body {reason}.")))?;
    for path in twice {
        errors.push(&path, "is there more than once");
    }
    for path in card_numbers(&body) {
        errors.push(&path, CARD_NUMBER);
    }
    Ok(body)
}

/// Decodes `bytes`; unknown fields and wrong types go to `errors`.
fn decode<T: DeserializeOwned>(bytes: &[u8], errors: &mut FieldErrors) -> Result<Option<T>, Problem> {
    let mut body = tree_of(bytes, errors)?;
    // Again and again, each time without the field that was wrong, so that all are found.
    for _ in 0..MAX_ERRORS {
        let (decoded, found) = tree::read::<T>(&body);
        match decoded {
            Ok(decoded) => {
                for path in found.unknown {
                    errors.push(&path, "is not a field of this request");
                }
                return Ok(Some(decoded));
            }
            Err(error) => {
                errors.push(&found.wrong.join("/"), error.to_string());
                if !remove(&mut body, &found.wrong) {
                    return Ok(None);
                }
            }
        }
    }
    Ok(None)
}

/// Takes the value at `keys` out of its object, or its list out of that.
fn remove(body: &mut Value, keys: &[String]) -> bool {
    let Some((last, parents)) = keys.split_last() else { return false };
    let parent = parents.iter().try_fold(&mut *body, |value, key| match value {
        Value::Object(object) => object.get_mut(key),
        Value::Array(items) => key.parse::<usize>().ok().and_then(|index| items.get_mut(index)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    });
    match parent {
        Some(Value::Object(object)) => object.remove(last).is_some(),
        // Without the element those behind it would have other places: the whole list goes.
        Some(Value::Array(_)) => remove(body, parents),
        _ => false,
    }
}

pub(crate) fn not_json() -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json")
        .detail("The body must be sent as `Content-Type: application/json`.")
}

pub(crate) fn malformed(detail: String) -> Problem {
    let error = FieldError { at: Place::Pointer("#".to_owned()), detail: "must be one JSON object".to_owned() };
    Problem::new(StatusCode::BAD_REQUEST, "malformed-body").detail(detail).errors(vec![error])
}
