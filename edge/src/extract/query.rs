//! Query strings: every wrong or unknown parameter is named, all at once.

use axum::extract::FromRequestParts;
use headlesspro_shared::kernel::card_number::without_card_numbers;
use http::Uri;
use http::request::Parts;

use super::json::{CARD_NUMBER, is_card_number};
use crate::problem::{FieldError, Place, Problem};

/// A type that is read from a query string.
pub trait Query: Sized {
    /// Takes the parameters it knows and reports the wrong ones; what is left is unknown.
    fn parse(params: &mut QueryParams) -> Self;
}

/// The parameters of one query string.
#[derive(Debug)]
pub struct QueryParams {
    pairs: Vec<(String, String)>,
    errors: Vec<FieldError>,
}

impl QueryParams {
    /// The value of `name`, parsed. Given twice, it is an error.
    pub fn take<T, E: ToString>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        let at = self.pairs.iter().position(|(key, _)| key == name)?;
        let (_, value) = self.pairs.remove(at);
        if self.pairs.iter().any(|(key, _)| key == name) {
            self.pairs.retain(|(key, _)| key != name);
            self.report(name, "is given twice");
            return None;
        }
        match parse(&value) {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.report(name, error.to_string());
                None
            }
        }
    }

    /// The names that begin so and are given, each once.
    pub fn starting_with(&self, prefix: &str) -> Vec<String> {
        let mut names: Vec<String> =
            self.pairs.iter().map(|(name, _)| name).filter(|name| name.starts_with(prefix)).cloned().collect();
        names.sort();
        names.dedup();
        names
    }

    pub fn report(&mut self, name: &str, detail: impl Into<String>) {
        self.errors.push(FieldError { at: Place::Parameter(name.to_owned()), detail: detail.into() });
    }
}

/// The parsed query.
pub struct Parsed<T>(pub T);

impl<S: Sync, T: Query> FromRequestParts<S> for Parsed<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let mut params = QueryParams { pairs: Vec::new(), errors: Vec::new() };
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            // What was not UTF-8 has been replaced by U+FFFD, which no value of ours holds.
            if key.contains('\u{fffd}') || value.contains('\u{fffd}') {
                params.report(&key, "is not UTF-8");
            } else if is_card_number(&key, &value) {
                // A name may be a secret as well: then it is not told.
                params.report(&without_card_numbers(&key), CARD_NUMBER);
            } else {
                params.pairs.push((key.into_owned(), value.into_owned()));
            }
        }
        let parsed = T::parse(&mut params);
        for (name, _) in std::mem::take(&mut params.pairs) {
            params.report(&name, "is not a parameter of this request");
        }
        if params.errors.is_empty() { Ok(Parsed(parsed)) } else { Err(Problem::invalid(params.errors)) }
    }
}

/// The query of a request with its `?`, of letters that a header may have; empty where there is none.
pub fn query_of(uri: &Uri) -> String {
    let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    if query.is_empty() { query } else { format!("?{query}") }
}

/// The `Link` header of a page: the same request with the next page's cursor.
pub fn next_link(uri: &Uri, cursor: &str) -> String {
    let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let kept = pairs.filter(|(name, _)| name != "cursor");
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(kept).append_pair("cursor", cursor);
    format!("<{}?{}>; rel=\"next\"", uri.path(), query.finish())
}
