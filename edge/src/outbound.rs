//! Questions to whom a merchant names: one signed request of bounded size and time to a public address, and whatever comes of
//! it is an answer's text or a reason that there is none.

use std::time::Duration;

use bytes::Bytes;
use headlesspro_shared::kernel::time::Timestamp;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderName, StatusCode};
use sha2::{Digest, Sha256};

use crate::app::Ctx;
use crate::extract::FieldErrors;
use crate::port::fetch::FetchError;
use crate::port::mac::hmac_sha256;

/// Of an answer, in bytes.
const LONGEST: usize = 256 * 1024;

/// From sending to the last byte of the answer, where a merchant does not say it.
const DEFAULT_TIMEOUT_MILLIS: u16 = 2_000;

/// What is asked, and of whom.
pub struct Question<'a> {
    pub url: &'a str,
    pub timeout_millis: u16,
    /// What the request is signed with.
    pub secret: &'a str,
    /// JSON.
    pub body: String,
    /// What makes it the same question, whenever it is asked: the request's `Idempotency-Key` is a hash of it.
    pub same: &'a str,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoAnswer {
    TimedOut {
        after_millis: i64,
    },
    /// In our words: an error's own may tell of our network, an answer's of anything.
    Failed {
        reason: String,
    },
}

/// Asks, and reads the answer to a status of 200.
///
/// # Errors
/// [`NoAnswer`].
pub async fn ask(ctx: &Ctx, question: Question<'_>) -> Result<String, NoAnswer> {
    let failed = |reason: &str| NoAnswer::Failed { reason: reason.to_owned() };
    let fetch = ctx.app().provider_fetch().ok_or_else(|| failed("this host makes no calls"))?;
    let timeout_millis = question.timeout_millis;
    let request = request(question, ctx.now).ok_or_else(|| failed("its address is none"))?;
    ctx.spent().add_provider();
    let within = Duration::from_millis(timeout_millis.into());
    let answered = fetch.send_within(within, request, LONGEST).await.map_err(|error| match error {
        FetchError::Timeout(_) => NoAnswer::TimedOut { after_millis: timeout_millis.into() },
        FetchError::Connection(_) => failed("it cannot be reached"),
        FetchError::TooLarge(_) => failed("it answers too much"),
        FetchError::Refused(_) => failed("its address is refused"),
    })?;
    if answered.status() != StatusCode::OK {
        return Err(failed(&format!("it answers {}", answered.status().as_u16())));
    }
    String::from_utf8(answered.into_body().into()).map_err(|_| failed("it answers no text"))
}

/// The question as it is signed: by the secret over the second, a point and the body.
fn request(question: Question<'_>, now: Timestamp) -> Option<http::Request<Bytes>> {
    let Question { url, secret, body, same, .. } = question;
    let second = now.millis().div_euclid(1_000);
    let signature = hmac_sha256(secret.as_bytes(), format!("{second}.{body}").as_bytes());
    http::Request::post(url)
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "application/json")
        .header(HeaderName::from_static("idempotency-key"), hex::encode(Sha256::digest(same)))
        .header(HeaderName::from_static("hp-timestamp"), second)
        .header(HeaderName::from_static("hp-signature"), format!("v1={}", hex::encode(signature)))
        .body(Bytes::from(body))
        .ok()
}

/// Whether this host calls such an address for a merchant at all: what is certain before calling it.
pub fn admits(ctx: &Ctx, url: &str) -> bool {
    ctx.app().provider_fetch().is_some_and(|fetch| fetch.admits(url))
}

/// The detail of an address that is not admitted.
pub const NOT_ADMITTED: &str = "must be reached by https at a public address";

/// Scheme and host: all that is shown of an address, whose path may be a secret.
pub fn origin_of(url: &str) -> String {
    let uri = url.parse::<http::Uri>().ok();
    let parts = uri.as_ref().and_then(|uri| uri.scheme_str().zip(uri.host()).zip(Some(uri.port())));
    parts.map_or_else(String::new, |((scheme, host), port)| match port {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

/// The host of an address.
pub fn host_of(url: &str) -> String {
    let uri = url.parse::<http::Uri>().ok();
    uri.and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default()
}

/// Whom a merchant has us ask from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEndpoint {
    /// As there is where it is left out; so is the secret.
    pub url: Option<String>,
    pub secret: Option<String>,
    pub timeout_millis: u16,
}

impl NewEndpoint {
    /// Of the fields `url`, `secret` and `timeoutMillis`.
    pub fn parse(
        errors: &mut FieldErrors,
        url: Option<String>,
        secret: Option<String>,
        timeout_millis: Option<i64>,
    ) -> NewEndpoint {
        let url = errors.optional("url", url, |url| match url.len() {
            1..=2_000 => Ok(url),
            _ => Err("must have 1 to 2000 characters"),
        });
        let secret = errors.optional("secret", secret, |secret| {
            let is_visible = secret.bytes().all(|byte| byte.is_ascii_graphic());
            match secret.len() {
                16..=200 if is_visible => Ok(secret),
                _ => Err("must have 16 to 200 visible ASCII characters"),
            }
        });
        let timeout = errors.optional("timeoutMillis", timeout_millis, |millis| match u16::try_from(millis) {
            Ok(millis @ 100..=5_000) => Ok(millis),
            _ => Err("must be 100 to 5000"),
        });
        NewEndpoint { url, secret, timeout_millis: timeout.unwrap_or(DEFAULT_TIMEOUT_MILLIS) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_no_path_and_no_password_is_shown() {
        for (url, origin, host) in [
            ("https://tax.example/quotes?key=secret", "https://tax.example", "tax.example"),
            ("https://user:secret@tax.example:8443/", "https://tax.example:8443", "tax.example"),
            ("http://127.0.0.1:4000", "http://127.0.0.1:4000", "127.0.0.1"),
            ("/path", "", ""),
            ("", "", ""),
        ] {
            assert_eq!((origin_of(url).as_str(), host_of(url).as_str()), (origin, host), "{url}");
        }
    }

    #[test]
    fn a_question_is_signed_and_known_again() {
        let ask = |body: &str, second: i64| {
            let question = Question {
                url: "https://tax.example/quotes",
                timeout_millis: 100,
                secret: "0123456789abcdef",
                body: body.to_owned(),
                same: "what is asked",
            };
            request(question, Timestamp::from_millis(second * 1_000 + 999)).unwrap()
        };
        let (one, later) = (ask("{\"at\":1}", 7), ask("{\"at\":2}", 8));
        let header = |request: &http::Request<Bytes>, name: &str| request.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header(&one, "idempotency-key"), header(&later, "idempotency-key"));
        assert_eq!(header(&one, "hp-timestamp"), "7");
        let signed = hex::encode(hmac_sha256(b"0123456789abcdef", b"7.{\"at\":1}"));
        assert_eq!(header(&one, "hp-signature"), format!("v1={signed}"));
    }
}
