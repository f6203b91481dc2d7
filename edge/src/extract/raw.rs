//! A whole request body, within a limit.

use axum::body::Body;
use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::problem::Problem;

/// The bytes of a body of at most `LIMIT` bytes; more is a 413.
pub struct RawBody<const LIMIT: usize>(pub Bytes);

pub(super) async fn read_body(request: Request<Body>, limit: usize) -> Result<Bytes, Problem> {
    let announced =
        request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let mut body = request.into_body();
    if announced.is_some_and(|length| limit < length) {
        pass_over(body).await;
        return Err(too_large(limit));
    }
    match Limited::new(&mut body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => {
            pass_over(body).await;
            Err(too_large(limit))
        }
        Err(_) => Err(incomplete()),
    }
}

pub(crate) fn incomplete() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "incomplete-body").detail("The body broke off.")
}

pub(crate) fn too_large(limit: usize) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large")
        .detail(format!("The body may have at most {limit} bytes."))
        .with("limit", limit.into())
}

/// A client that is still sending would meet a closed connection instead of the answer.
const PASSED_OVER: usize = 16 * 1024 * 1024;

/// Reads what is left of a body that is refused, and keeps nothing of it.
async fn pass_over(mut body: Body) {
    let mut read = 0_usize;
    while let Some(Ok(frame)) = body.frame().await {
        read = read.saturating_add(frame.data_ref().map_or(0, Bytes::len));
        if PASSED_OVER < read {
            return;
        }
    }
}

impl<S: Sync, const LIMIT: usize> axum::extract::FromRequest<S> for RawBody<LIMIT> {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, Problem> {
        read_body(request, LIMIT).await.map(RawBody)
    }
}
