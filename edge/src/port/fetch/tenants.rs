//! Calls to where a tenant's configuration says.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{Chosen, Fetch, FetchError, Limits};

/// Outbound HTTP to addresses that tenants name: https to public ones, and to the origins that the operator has
/// listed, whatever they are.
pub struct TenantFetch {
    fetch: Arc<dyn Fetch>,
    /// `http://127.0.0.1:4000`, without a slash at the end.
    listed: Vec<String>,
}

/// From sending to the last byte.
const TIMEOUT: Duration = Duration::from_secs(5);

impl TenantFetch {
    /// `listed` are origins with commas between, none unless the operator says so.
    pub fn new(fetch: Arc<dyn Fetch>, listed: &str) -> TenantFetch {
        let listed = listed.split(',').map(|origin| origin.trim().trim_end_matches('/').to_owned());
        TenantFetch { fetch, listed: listed.filter(|origin| !origin.is_empty()).collect() }
    }

    /// Whether such a URL may be called at all: what is certain before calling it.
    pub fn admits(&self, url: &str) -> bool {
        url.parse::<http::Uri>().is_ok_and(|uri| self.chosen(&uri).is_ok())
    }

    /// Sends a request, and reads an answer of at most `max_bytes`.
    ///
    /// # Errors
    /// [`FetchError`]; [`FetchError::Refused`] for plain http, and for what leads to a private address.
    pub async fn send(
        &self,
        request: http::Request<Bytes>,
        max_bytes: usize,
    ) -> Result<http::Response<Bytes>, FetchError> {
        self.send_within(TIMEOUT, request, max_bytes).await
    }

    /// As [`TenantFetch::send`], with another time for all of it.
    ///
    /// # Errors
    /// As [`TenantFetch::send`].
    pub async fn send_within(
        &self,
        timeout: Duration,
        request: http::Request<Bytes>,
        max_bytes: usize,
    ) -> Result<http::Response<Bytes>, FetchError> {
        let chosen = self.chosen(request.uri())?;
        self.fetch.send(request, Limits { timeout, max_bytes, chosen }).await
    }

    fn chosen(&self, uri: &http::Uri) -> Result<Chosen, FetchError> {
        let origin = uri.scheme_str().zip(uri.authority()).map(|(scheme, authority)| format!("{scheme}://{authority}"));
        if origin.is_some_and(|origin| self.listed.contains(&origin)) {
            return Ok(Chosen::ByOperator);
        }
        if uri.scheme_str() != Some("https") {
            return Err(FetchError::Refused("not an https URL".to_owned()));
        }
        super::private::check(uri)?;
        Ok(Chosen::ByTenant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::BoxFuture;

    struct Nobody;

    impl Fetch for Nobody {
        fn send(
            &self,
            _: http::Request<Bytes>,
            limits: Limits,
        ) -> BoxFuture<'_, Result<http::Response<Bytes>, FetchError>> {
            let chosen = format!("{:?}", limits.chosen);
            Box::pin(async move { Err(FetchError::Connection(chosen)) })
        }
    }

    #[test]
    fn only_listed_origins_may_be_private_or_plain() {
        let fetch = |listed| TenantFetch::new(Arc::new(Nobody), listed);
        let listed = fetch("http://127.0.0.1:4000/, https://id.corp");
        let unlisted = fetch("");
        for (url, by_listed, by_unlisted) in [
            ("https://accounts.google.com/x", true, true),
            ("http://accounts.google.com/x", false, false),
            ("http://127.0.0.1:4000/token", true, false),
            ("http://127.0.0.1:4001/token", false, false),
            ("http://127.0.0.1:4000@evil.example/", false, false),
            ("https://127.0.0.1:4000/token", false, false),
            ("https://id.corp/token", true, false),
            ("https://169.254.169.254/", false, false),
            ("https://localhost/", false, false),
            ("/token", false, false),
            ("", false, false),
        ] {
            assert_eq!((listed.admits(url), unlisted.admits(url)), (by_listed, by_unlisted), "{url}");
        }
    }
}
