//! Signed tokens of other issuers (JWS in compact form, RFC 7515).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use headlesspro_shared::identity::federation::{Choice, ForeignClaims, ForeignKey, SignatureAlgorithm, choose};
use serde::Deserialize;

use super::kept::Asking;
use super::remembered::ProviderError;
use crate::identity::signature::ForeignPublicKey;

/// Longer texts are not looked at.
const LONGEST: usize = 16 * 1024;

/// A token as it came, before its signature was looked at.
pub struct Unverified {
    text: Box<str>,
    algorithm: SignatureAlgorithm,
    kid: Option<String>,
    pub claims: ForeignClaims,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// What must be understood: nothing of it is here (RFC 7515, section 4.1.11).
    crit: Option<serde_json::Value>,
}

impl Unverified {
    /// `None` when it is no signed token, or one whose algorithm does not count here.
    pub fn read(text: &str) -> Option<Unverified> {
        if LONGEST < text.len() {
            return None;
        }
        let mut parts = text.split('.');
        let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || signature.is_empty() {
            return None;
        }
        let header: Header = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        if header.crit.is_some() {
            return None;
        }
        Some(Unverified {
            text: text.into(),
            algorithm: SignatureAlgorithm::of_name(&header.alg)?,
            kid: header.kid,
            claims: serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?,
        })
    }

    /// Whether a key of the set at `url` has signed it. Where the set lacks the key it is fetched anew, so that keys
    /// may be rotated.
    ///
    /// # Errors
    /// [`ProviderError`] when there is no set to be had, or none that is new enough to say that nobody has such a key.
    pub async fn is_signed(&self, asking: Asking<'_>, url: &str) -> Result<bool, ProviderError> {
        let issuers = &asking.app.verifier().issuers;
        for lacks_key in [false, true] {
            let keys = issuers.keys(asking, url, lacks_key).await?;
            match choose(&keys, self.kid.as_deref(), self.algorithm) {
                Choice::Key(key) => return Ok(self.is_signed_by(key)),
                Choice::Ambiguous => return Ok(false),
                Choice::Unknown => {}
            }
        }
        Ok(false)
    }

    fn is_signed_by(&self, key: &ForeignKey) -> bool {
        let Some((signed, signature)) = self.text.rsplit_once('.') else { return false };
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
        public_key(key, self.algorithm).is_some_and(|key| key.has_signed(signed.as_bytes(), &signature))
    }
}

fn public_key(key: &ForeignKey, algorithm: SignatureAlgorithm) -> Option<ForeignPublicKey> {
    let bytes = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
    match algorithm {
        SignatureAlgorithm::Rs256 => ForeignPublicKey::rsa(&bytes(&key.n)?, &bytes(&key.e)?),
        SignatureAlgorithm::Es256 => ForeignPublicKey::p256(&bytes(&key.x)?, &bytes(&key.y)?),
        SignatureAlgorithm::EdDsa => ForeignPublicKey::ed25519(&bytes(&key.x)?),
    }
}

#[cfg(test)]
mod tests {
    use ed25519_compact::{KeyPair, Seed};

    use super::*;

    fn encoded(json: &str) -> String {
        URL_SAFE_NO_PAD.encode(json)
    }

    #[test]
    fn a_token_is_signed_by_the_key_it_names_and_by_no_symmetric_one() {
        let pair = KeyPair::from_seed(Seed::new([7; 32]));
        let key = ForeignKey {
            kid: Some("a".to_owned()),
            kty: "OKP".to_owned(),
            crv: Some("Ed25519".to_owned()),
            x: Some(URL_SAFE_NO_PAD.encode(pair.pk.as_ref())),
            ..ForeignKey::default()
        };
        let signed = format!("{}.{}", encoded(r#"{"alg":"EdDSA","kid":"a"}"#), encoded(r#"{"sub":"1","aud":["x"]}"#));
        let text = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(pair.sk.sign(signed.as_bytes(), None).as_ref()));
        let token = Unverified::read(&text).unwrap();
        assert!(token.is_signed_by(&key));
        assert_eq!((token.kid.as_deref(), token.claims.sub.as_deref()), (Some("a"), Some("1")));
        let other = ForeignKey { x: Some(URL_SAFE_NO_PAD.encode([9; 32])), ..key.clone() };
        assert!(!token.is_signed_by(&other));
        let mut changed = text.clone();
        changed.pop();
        assert!(Unverified::read(&changed).is_none_or(|token| !token.is_signed_by(&key)));
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"HS256","kid":"a"}"#,
            r#"{"alg":"RS512"}"#,
            r#"{"kid":"a"}"#,
            r#"{"alg":"EdDSA","crit":["b64"],"b64":false}"#,
            "[]",
        ] {
            assert!(Unverified::read(&format!("{}.{}.AAAA", encoded(header), encoded("{}"))).is_none(), "{header}");
        }
        for text in ["", "a.b", "a.b.c.d", &format!("{signed}."), &"x".repeat(20_000)] {
            assert!(Unverified::read(text).is_none(), "{text}");
        }
    }
}
