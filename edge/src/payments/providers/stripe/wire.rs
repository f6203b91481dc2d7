//! Requests to Stripe's API, and what they come to.
//!
//! Source: <https://docs.stripe.com/api>; `tests/cases/stripe_requests.json` holds what the official SDK sends.

use std::time::Duration;

use bytes::Bytes;
use headlesspro_shared::kernel::id::{Id, Kind};
use headlesspro_shared::kernel::time::Timestamp;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method, Request};
use serde_json::Value;

use super::answers::word;
use crate::app::Spent;
use crate::payments::providers::NoAnswer;
use crate::port::fetch::FetchError;
use crate::port::fetch::tenants::TenantFetch;

/// The version whose requests and answers these are, whatever the account's own is.
const VERSION: &str = "2026-10-28.endive";

/// From sending to the last byte of the answer. Hosts give a request 30 s, and a payment is two.
const TIMEOUT: Duration = Duration::from_secs(9);

/// Of an answer, in bytes.
const LONGEST: usize = 256 * 1024;

/// For how long Stripe surely knows an `Idempotency-Key`, in milliseconds: it says 24 hours.
const KEY_LASTS_MILLIS: i64 = 23 * 60 * 60 * 1_000;

/// Keys that are tried where each before has a broken answer, which Stripe repeats as it was.
const MOST_KEYS: u8 = 3;

/// Whether its key may be forgotten by now: then what was made under it is looked for first.
pub fn is_old<K: Kind>(id: Id<K>, now: Timestamp) -> bool {
    id.created_at().checked_add_millis(KEY_LASTS_MILLIS).is_none_or(|until| until <= now)
}

pub struct Wire<'a> {
    /// `None`: this host makes no calls.
    pub fetch: Option<&'a TenantFetch>,
    /// The API's, without a slash at the end.
    pub url: &'a str,
    pub secret_key: String,
    pub spent: Option<&'a Spent>,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Whether it is what was answered to the first request with this key, and may be old.
    pub is_replayed: bool,
    pub body: Value,
}

impl Answer {
    pub fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether Stripe has looked at the request and will not do it: nothing has come of it, and nothing will.
    pub fn is_refused(&self) -> bool {
        matches!(self.status, 400 | 402) && !self.is_of_other_parameters()
    }

    /// Whether the key was used before with other parameters.
    pub fn is_of_other_parameters(&self) -> bool {
        self.body.pointer("/error/type").and_then(Value::as_str) == Some("idempotency_error")
    }

    pub fn is_broken(&self) -> bool {
        500 <= self.status
    }

    /// Why it is none.
    pub fn as_no_answer(&self) -> NoAnswer {
        NoAnswer(format!("Stripe answers {} {}", self.status, self.code()))
    }

    /// Stripe's word for what is wrong: of a declined card the issuer's, if it says one.
    pub fn code(&self) -> String {
        let of = |path: &str| self.body.pointer(path).and_then(word);
        of("/error/decline_code").or_else(|| of("/error/code")).unwrap_or_else(|| "refused".to_owned())
    }
}

impl Wire<'_> {
    /// # Errors
    /// [`NoAnswer`].
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Answer, NoAnswer> {
        let path = if query.is_empty() { path.to_owned() } else { format!("{path}?{}", form(query)) };
        self.send(self.request(Method::GET, &path, &[], None)).await
    }

    /// `key`: `None` for what is done once by itself.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub async fn post(&self, path: &str, fields: &[(&str, &str)], key: Option<&str>) -> Result<Answer, NoAnswer> {
        self.send(self.request(Method::POST, path, fields, key)).await
    }

    /// As [`Wire::post`], under the next key where an answer that is broken is repeated: only for what may be done twice.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub async fn post_anew(&self, path: &str, fields: &[(&str, &str)], key: &str) -> Result<Answer, NoAnswer> {
        let mut answer = self.post(path, fields, Some(key)).await?;
        for number in 2..=MOST_KEYS {
            if !(answer.is_broken() && answer.is_replayed) {
                break;
            }
            answer = self.post(path, fields, Some(&format!("{key}-{number}"))).await?;
        }
        Ok(answer)
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        fields: &[(&str, &str)],
        key: Option<&str>,
    ) -> Option<Request<Bytes>> {
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", self.secret_key)).ok()?;
        bearer.set_sensitive(true);
        let mut request = Request::builder()
            .method(&method)
            .uri(format!("{}{path}", self.url))
            .header(ACCEPT, "application/json")
            .header(HeaderName::from_static("stripe-version"), VERSION)
            .header(AUTHORIZATION, bearer);
        if method == Method::POST {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        if let Some(key) = key {
            request = request.header(HeaderName::from_static("idempotency-key"), key);
        }
        request.body(Bytes::from(form(fields))).ok()
    }

    async fn send(&self, request: Option<Request<Bytes>>) -> Result<Answer, NoAnswer> {
        let none = |why: &str| NoAnswer(why.to_owned());
        let fetch = self.fetch.ok_or_else(|| none("this host makes no calls"))?;
        let request = request.ok_or_else(|| none("Stripe's address or key is none"))?;
        if let Some(spent) = self.spent {
            spent.add_provider();
        }
        // In our words: an error's own may tell of our network.
        let answered = fetch.send_within(TIMEOUT, request, LONGEST).await.map_err(|error| match error {
            FetchError::Timeout(_) => none("Stripe does not answer in time"),
            FetchError::Connection(_) => none("Stripe cannot be reached"),
            FetchError::TooLarge(_) => none("Stripe answers too much"),
            FetchError::Refused(_) => none("Stripe's address is refused"),
        })?;
        let status = answered.status().as_u16();
        let is_replayed = answered.headers().get("idempotent-replayed").is_some_and(|value| value == "true");
        match serde_json::from_slice(answered.body()) {
            Ok(body) => Ok(Answer { status, is_replayed, body }),
            // What stands in front of it may answer in HTML.
            Err(_) if 400 <= status => Ok(Answer { status, is_replayed, body: Value::Null }),
            Err(_) => Err(none("Stripe answers no JSON")),
        }
    }
}

/// As the official SDKs write it: what a URI component may hold stands as it is, and so do brackets.
fn form(fields: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (at, (name, value)) in fields.iter().enumerate() {
        if 0 < at {
            text.push('&');
        }
        push_encoded(&mut text, name);
        text.push('=');
        push_encoded(&mut text, value);
    }
    text
}

fn push_encoded(text: &mut String, part: &str) {
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()[]".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.push_str(&hex::encode_upper([byte]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../../../../tests/cases/stripe_requests.json")).unwrap()
    }

    fn wire() -> Wire<'static> {
        Wire { fetch: None, url: "", secret_key: "sk_test_123".to_owned(), spent: None }
    }

    #[test]
    fn requests_are_the_official_sdks() {
        let create = [
            ("amount", "5000"),
            ("currency", "krw"),
            ("automatic_payment_methods[enabled]", "true"),
            ("metadata[order_id]", "o_1"),
            ("metadata[note]", "한글 & space"),
            ("payment_method_options[card][request_three_d_secure]", "any"),
            ("expand[0]", "latest_charge"),
            ("expand[1]", "customer"),
        ];
        let confirm = [("payment_method", "pm_card_visa"), ("return_url", "https://shop.example.com/r?a=1&b=2")];
        let capture = [("amount_to_capture", "1000")];
        let cancel = [("cancellation_reason", "requested_by_customer")];
        let refund = [("payment_intent", "pi_1"), ("amount", "2000"), ("reason", "requested_by_customer")];
        let cases: [(&str, &[(&str, &str)]); 5] = [
            ("paymentIntents.create", &create),
            ("paymentIntents.confirm", &confirm),
            ("paymentIntents.capture", &capture),
            ("paymentIntents.cancel", &cancel),
            ("refunds.create", &refund),
        ];
        for (name, fields) in cases {
            let expected = &vectors()["requests"][name];
            let (path, key) = (expected["url"].as_str().unwrap(), expected["headers"]["idempotency-key"].as_str());
            let request = wire().request(Method::POST, path, fields, key).unwrap();
            assert_eq!((request.method().as_str(), request.uri().path()), ("POST", path));
            let told: serde_json::Map<String, Value> = request
                .headers()
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().into()))
                .collect();
            assert_eq!(Value::Object(told), expected["headers"], "{name}");
            assert_eq!(request.body(), expected["body"].as_str().unwrap(), "{name}");
        }
    }

    #[test]
    fn the_secret_key_is_in_no_debug_text() {
        let request = wire().request(Method::GET, "/v1/payment_intents/pi_1", &[], None).unwrap();
        assert!(!format!("{request:?}").contains("sk_test"), "{request:?}");
        assert!(request.headers().get(CONTENT_TYPE).is_none());
    }
}
