//! Outbound HTTP by `wasi:http`.

use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::{Either, select};
use http::{HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Full};
use spin_sdk::wasip3::http::types::{ErrorCode, RequestOptions};
use spin_sdk::wasip3::http_compat::RequestOptionsExtension;

use crate::port::BoxFuture;
use crate::port::fetch::{Chosen, Fetch, FetchError, Limits, private};

/// Spin's outbound HTTP. Spin itself refuses every address that `allowed_outbound_hosts` does not
/// name, whoever chose it.
///
/// The time limit is given to the host for each of its three phases (connect, first byte, between
/// bytes), where the host supports that, and is also kept here over the whole exchange: a host that
/// ignores the options still cannot hold a request longer.
#[derive(Debug, Clone, Copy, Default)]
pub struct SpinFetch;

impl Fetch for SpinFetch {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> BoxFuture<'_, Result<Response<Bytes>, FetchError>> {
        Box::pin(async move {
            if limits.chosen == Chosen::ByTenant {
                private::check(request.uri())?;
            }
            let exchange = pin!(exchange(request, limits));
            let alarm = pin!(spin_sdk::time::sleep(limits.timeout));
            match select(exchange, alarm).await {
                Either::Left((outcome, _)) => outcome,
                Either::Right(((), _)) => Err(FetchError::Timeout(limits.timeout)),
            }
        })
    }
}

async fn exchange(mut request: Request<Bytes>, limits: Limits) -> Result<Response<Bytes>, FetchError> {
    // Without a length the host would send the body in chunks, which some servers refuse.
    let length = request.body().len();
    request.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    request.extensions_mut().insert(options(limits.timeout));
    let failed = |code| failure(code, limits.timeout);

    let (parts, mut body) = spin_sdk::http::send(request.map(Full::new)).await.map_err(failed)?.into_parts();
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(chunk) = frame.map_err(failed)?.into_data() else { continue };
        if limits.max_bytes.saturating_sub(whole.len()) < chunk.len() {
            return Err(FetchError::TooLarge(limits.max_bytes));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(Response::from_parts(parts, whole.freeze()))
}

/// A host may support none of the three; the alarm in [`SpinFetch`] holds then.
fn options(timeout: Duration) -> RequestOptionsExtension {
    let nanos = u64::try_from(timeout.as_nanos()).ok();
    let options = RequestOptions::new();
    let _unsupported = options.set_connect_timeout(nanos);
    let _unsupported = options.set_first_byte_timeout(nanos);
    let _unsupported = options.set_between_bytes_timeout(nanos);
    RequestOptionsExtension(options)
}

fn failure(code: ErrorCode, timeout: Duration) -> FetchError {
    match code {
        ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::DnsTimeout
        | ErrorCode::HttpResponseTimeout => FetchError::Timeout(timeout),
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited | ErrorCode::HttpRequestUriInvalid => {
            FetchError::Refused(code.to_string())
        }
        other => FetchError::Connection(other.to_string()),
    }
}
