//! The signature of a webhook: `t=<second>,v1=<hex>`, where the second part is HMAC-SHA-256 of the second, a point and the
//! body as it came.
//!
//! Source: <https://docs.stripe.com/webhooks#verify-manually>, whose form the sandbox has as well.

use headlesspro_shared::kernel::time::Timestamp;
use subtle::ConstantTimeEq;

use super::providers::NotAuthentic;
use crate::port::mac::hmac_sha256;

/// How old a signature may be, in seconds. One of the future is as good: clocks differ.
const TOLERANCE: i64 = 300;

/// The header of a body that is sent at `now`.
pub fn sign(body: &[u8], secret: &str, now: Timestamp) -> String {
    let second = now.millis().div_euclid(1_000).to_string();
    format!("t={second},v1={}", mac(&second, body, secret))
}

fn mac(second: &str, body: &[u8], secret: &str) -> String {
    hex::encode(hmac_sha256(secret.as_bytes(), &[second.as_bytes(), b".", body].concat()))
}

/// # Errors
/// [`NotAuthentic`].
pub fn verify(header: &str, body: &[u8], secret: &str, now: Timestamp) -> Result<(), NotAuthentic> {
    let parts = || header.split(',').filter_map(|part| part.split_once('='));
    let mut seconds = parts().filter(|(name, _)| *name == "t").map(|(_, value)| value);
    let second = seconds.next().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let second = second.ok_or(NotAuthentic::Signature)?;
    let expected = mac(second, body, secret);
    let mut signatures = parts().filter(|(name, _)| *name == "v1");
    if secret.is_empty() || !signatures.any(|(_, signature)| signature.as_bytes().ct_eq(expected.as_bytes()).into()) {
        return Err(NotAuthentic::Signature);
    }
    let signed_at: i64 = second.parse().map_err(|_| NotAuthentic::Signature)?;
    let age = now.millis().div_euclid(1_000).saturating_sub(signed_at);
    if TOLERANCE < age { Err(NotAuthentic::Time) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Source: the official SDK's own verdicts, in `tests/cases/stripe_webhook.json`.
    #[test]
    fn signatures_are_good_where_the_official_sdk_says_so() {
        let file: Value = serde_json::from_str(include_str!("../../../tests/cases/stripe_webhook.json")).unwrap();
        let text = |case: &Value, name: &str| case[name].as_str().unwrap().to_owned();
        for case in file["cases"].as_array().unwrap() {
            let now = Timestamp::from_millis(case["timestamp"].as_i64().unwrap() * 1_000);
            let (header, body, secret) = (text(case, "header"), text(case, "payload"), text(case, "secret"));
            assert_eq!(verify(&header, body.as_bytes(), &secret, now), Ok(()), "{case}");
            assert_eq!(sign(body.as_bytes(), &secret, now), header);
        }
        for case in file["verdicts"].as_array().unwrap() {
            let now = Timestamp::from_millis(case["received_at_ms"].as_i64().unwrap());
            let (header, body, secret) = (text(case, "header"), text(case, "payload"), text(case, "secret"));
            let verdict = verify(&header, body.as_bytes(), &secret, now);
            assert_eq!(verdict.is_ok(), case["accept"].as_bool().unwrap(), "{case}: {verdict:?}");
        }
    }

    #[test]
    fn nothing_is_signed_with_an_empty_secret() {
        let now = Timestamp::from_millis(1_000);
        let signature = hex::encode(hmac_sha256(b"", b"1.{}"));
        assert_eq!(verify(&format!("t=1,v1={signature}"), b"{}", "", now), Err(NotAuthentic::Signature));
    }
}
