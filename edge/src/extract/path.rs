//! Ids and names in paths.

use axum::extract::{FromRequestParts, RawPathParams};
use headlesspro_shared::kernel::id::{Id, Kind};
use http::request::Parts;

use crate::problem::Problem;

/// The id in the path's first parameter. Text that is no id of this kind is a thing that is not there: 404.
pub struct PathId<K: Kind>(pub Id<K>);

impl<S: Send + Sync, K: Kind> FromRequestParts<S> for PathId<K> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let PathText([text]) = PathText::from_request_parts(parts, state).await?;
        text.parse().map(PathId).map_err(|_| Problem::not_found())
    }
}

/// The path's parameters, percent-decoded, as they are. One that is not UTF-8 is a 404.
pub struct PathText<const COUNT: usize>(pub [String; COUNT]);

impl<S: Send + Sync, const COUNT: usize> FromRequestParts<S> for PathText<COUNT> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Problem::not_found())?;
        let texts: Vec<String> = params.iter().map(|(_, value)| value.to_owned()).collect();
        texts.try_into().map(PathText).map_err(|_| Problem::not_found())
    }
}
