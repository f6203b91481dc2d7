//! A mail provider behind an HTTP API: one POST of `{"from", "to", "subject", "text", "html"}` with a bearer
//! token, over [`Fetch`]. Providers that ask for another form need a few lines in front of them.
//!
//! `Idempotency-Key` is the mail's id, so that a provider which knows the header sends a repeated mail once.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use serde::Serialize;

use super::{Mail, MailError, Mailer};
use crate::port::BoxFuture;
use crate::port::fetch::{Chosen, Fetch, FetchError, Limits};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The provider's answer is not read beyond its status.
const LIMITS: Limits = Limits { timeout: Duration::from_secs(10), max_bytes: 64 * 1024, chosen: Chosen::ByOperator };

pub struct HttpMailer {
    url: Uri,
    authorization: HeaderValue,
    from: String,
    fetch: Arc<dyn Fetch>,
}

/// Settings that no request can be made of. Says which, never the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMailer {
    #[error("MAIL_URL is not an absolute https URL (http on this machine only)")]
    Url,
    #[error("MAIL_TOKEN has characters that a header cannot hold")]
    Token,
    #[error("MAIL_FROM must be such as shop@example.com or Acme <shop@example.com>")]
    From,
}

#[derive(Serialize)]
struct Body<'a> {
    from: &'a str,
    to: &'a str,
    subject: &'a str,
    text: &'a str,
    html: &'a str,
}

impl HttpMailer {
    /// `from` is an address, or a name with one in angle brackets.
    ///
    /// # Errors
    /// [`InvalidMailer`]; nothing is sent.
    pub fn new(url: &str, token: &str, from: &str, fetch: Arc<dyn Fetch>) -> Result<HttpMailer, InvalidMailer> {
        let url: Uri = url.parse().map_err(|_| InvalidMailer::Url)?;
        let is_local = matches!(url.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let is_safe = match url.scheme_str() {
            Some("https") => url.host().is_some_and(|host| !host.is_empty()),
            Some("http") => is_local,
            _ => false,
        };
        let has_user = url.authority().is_some_and(|authority| authority.as_str().contains('@'));
        if !is_safe || has_user {
            return Err(InvalidMailer::Url);
        }
        let mut authorization = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| InvalidMailer::Token)?;
        authorization.set_sensitive(true);
        let address = from.trim().strip_suffix('>').and_then(|from| from.rsplit_once('<'));
        let (name, address) = address.unwrap_or(("", from.trim()));
        if address.parse::<headlesspro_shared::kernel::email::Email>().is_err() || name.contains(char::is_control) {
            return Err(InvalidMailer::From);
        }
        Ok(HttpMailer { url, authorization, from: from.trim().to_owned(), fetch })
    }

    fn request(&self, mail: &Mail) -> Result<http::Request<Bytes>, MailError> {
        let body =
            Body { from: &self.from, to: mail.to.as_str(), subject: &mail.subject, text: &mail.text, html: &mail.html };
        let refused = |what: &str| MailError::Refused(what.to_owned());
        let body = serde_json::to_vec(&body).map_err(|_| refused("it cannot be written as JSON"))?;
        let id = HeaderValue::from_str(&mail.id).map_err(|_| refused("its id cannot be a header"))?;
        let mut request = http::Request::new(Bytes::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.url.clone();
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, self.authorization.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(IDEMPOTENCY_KEY, id);
        Ok(request)
    }
}

impl Mailer for HttpMailer {
    fn send(&self, mail: Mail) -> BoxFuture<'_, Result<(), MailError>> {
        Box::pin(async move {
            let request = self.request(&mail)?;
            match self.fetch.send(request, LIMITS).await {
                Ok(answer) => verdict(answer.status()),
                // It was answered, and by its status we cannot tell any more.
                Err(FetchError::TooLarge(_)) => Err(MailError::Unavailable("the answer is too large".to_owned())),
                Err(error @ FetchError::Timeout(_)) => Err(MailError::Unavailable(error.to_string())),
                // The reason may name the address.
                Err(FetchError::Connection(_)) => Err(MailError::Unavailable("no connection".to_owned())),
                Err(FetchError::Refused(_)) => Err(MailError::Unavailable("the address is refused".to_owned())),
            }
        })
    }
}

/// A wrong token is the operator's to mend, and the mail's to wait for.
fn verdict(status: StatusCode) -> Result<(), MailError> {
    let told = format!("HTTP {}", status.as_u16());
    match status {
        status if status.is_success() => Ok(()),
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::NOT_FOUND
        | StatusCode::METHOD_NOT_ALLOWED
        | StatusCode::REQUEST_TIMEOUT
        | StatusCode::CONFLICT
        | StatusCode::TOO_EARLY
        | StatusCode::TOO_MANY_REQUESTS => Err(MailError::Unavailable(told)),
        status if status.is_client_error() => Err(MailError::Refused(told)),
        _ => Err(MailError::Unavailable(told)),
    }
}
