//! The keys of another issuer: which algorithms count, which key a token names, and when to ask for the keys anew.

use serde::Deserialize;

use crate::kernel::time::Timestamp;

/// How a token may be signed. Everything else is refused, `none` and the symmetric ones above all: a public key must
/// never pass for a shared secret (RFC 8725, sections 2.1 and 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519 (RFC 8037).
    EdDsa,
}

impl SignatureAlgorithm {
    pub fn of_name(name: &str) -> Option<SignatureAlgorithm> {
        match name {
            "RS256" => Some(SignatureAlgorithm::Rs256),
            "ES256" => Some(SignatureAlgorithm::Es256),
            "EdDSA" => Some(SignatureAlgorithm::EdDsa),
            _ => None,
        }
    }
}

/// A public key of a JSON Web Key Set (RFC 7517); members that are not used here are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct ForeignKey {
    pub kid: Option<String>,
    pub kty: String,
    pub crv: Option<String>,
    pub alg: Option<String>,
    #[serde(rename = "use")]
    pub usage: Option<String>,
    /// RSA: modulus and exponent, big-endian in base64url.
    pub n: Option<String>,
    pub e: Option<String>,
    /// Curves: coordinates in base64url.
    pub x: Option<String>,
    pub y: Option<String>,
}

impl ForeignKey {
    /// Whether a signature by this algorithm can be by this key.
    pub fn fits(&self, algorithm: SignatureAlgorithm) -> bool {
        let (kty, crv) = match algorithm {
            SignatureAlgorithm::Rs256 => ("RSA", None),
            SignatureAlgorithm::Es256 => ("EC", Some("P-256")),
            SignatureAlgorithm::EdDsa => ("OKP", Some("Ed25519")),
        };
        let says = self.alg.as_deref().map(SignatureAlgorithm::of_name);
        self.kty == kty
            && (crv.is_none() || self.crv.as_deref() == crv)
            && says.is_none_or(|says| says == Some(algorithm))
            && self.usage.as_deref().is_none_or(|usage| usage == "sig")
    }
}

/// Which key a token is to be verified with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice<'a> {
    Key(&'a ForeignKey),
    /// The set has none; a newer set may.
    Unknown,
    /// The token names none and several would do: guessing is not verifying.
    Ambiguous,
}

/// The key of that name that fits the algorithm; without a name the only one that fits.
pub fn choose<'a>(keys: &'a [ForeignKey], kid: Option<&str>, algorithm: SignatureAlgorithm) -> Choice<'a> {
    let named = |key: &&ForeignKey| kid.is_none() || key.kid.as_deref() == kid;
    let mut fitting = keys.iter().filter(named).filter(|key| key.fits(algorithm));
    match (fitting.next(), fitting.next()) {
        (None, _) => Choice::Unknown,
        (Some(key), None) => Choice::Key(key),
        (Some(_), Some(_)) => Choice::Ambiguous,
    }
}

/// So long a fetched document is used without asking, in milliseconds: 10 minutes.
pub const FRESH_MILLIS: i64 = 600_000;

/// So long it is used while the issuer does not answer, in milliseconds: a day.
pub const STALE_MILLIS: i64 = 86_400_000;

/// Between two attempts while the issuer does not answer, in milliseconds.
pub const RETRY_MILLIS: i64 = 10_000;
/// Between two fetches for the sake of unknown keys, in milliseconds.
pub const NEWER_MILLIS: i64 = 30_000;

/// What is remembered of an issuer's document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Document {
    /// When it was fetched; `None`: never.
    pub fetched_at: Option<Timestamp>,
    /// When fetching it failed last.
    pub failed_at: Option<Timestamp>,
    /// When it was fetched last for a key that it did not have.
    pub searched_at: Option<Timestamp>,
}

/// What to do for a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Use the one that is there.
    Use,
    /// Fetch it; if that fails, use the one that is there where `or_stale` says so.
    Fetch { or_stale: bool },
    /// There is none that may be used, and asking again so soon would only press the issuer.
    Unavailable,
}

/// `lacks_key`: the document is there, and has not the key that a token names. Anybody can make up names: then it is
/// fetched once in 30 s and no more. Only a document that was fetched for it says that there is no such key; an older
/// one is of no use.
pub fn plan(document: &Document, lacks_key: bool, now: Timestamp) -> Plan {
    let since = |moment: Option<Timestamp>| moment.map(|moment| now.millis().saturating_sub(moment.millis()));
    let within = |moment, limit: i64| since(moment).is_some_and(|age| (0..limit).contains(&age));
    let is_usable = within(document.fetched_at, STALE_MILLIS);
    let has_just_failed = within(document.failed_at, RETRY_MILLIS);
    if lacks_key {
        return match (within(document.searched_at, NEWER_MILLIS), has_just_failed) {
            (true, _) => Plan::Use,
            (false, true) => Plan::Unavailable,
            (false, false) => Plan::Fetch { or_stale: false },
        };
    }
    if is_usable && has_just_failed {
        return Plan::Use;
    }
    if has_just_failed {
        return Plan::Unavailable;
    }
    let is_fresh = within(document.fetched_at, FRESH_MILLIS);
    if is_fresh { Plan::Use } else { Plan::Fetch { or_stale: is_usable } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kid: &str, kty: &str, crv: Option<&str>) -> ForeignKey {
        ForeignKey {
            kid: Some(kid.to_owned()),
            kty: kty.to_owned(),
            crv: crv.map(str::to_owned),
            ..ForeignKey::default()
        }
    }

    fn at(millis: i64) -> Option<Timestamp> {
        Some(Timestamp::from_millis(1_795_512_600_000 + millis))
    }

    #[test]
    fn no_algorithm_but_the_three_counts() {
        for name in ["none", "None", "HS256", "HS512", "RS512", "PS256", "ES384", "rs256", "", "ES256K"] {
            assert_eq!(SignatureAlgorithm::of_name(name), None, "{name}");
        }
    }

    #[test]
    fn a_key_is_used_for_its_own_algorithm_and_purpose_only() {
        use SignatureAlgorithm::{EdDsa, Es256, Rs256};
        let keys = [key("a", "RSA", None), key("b", "EC", Some("P-256")), key("c", "OKP", Some("Ed25519"))];
        for (algorithm, fitting) in [(Rs256, "a"), (Es256, "b"), (EdDsa, "c")] {
            for key in &keys {
                assert_eq!(key.fits(algorithm), key.kid.as_deref() == Some(fitting), "{algorithm:?} {key:?}");
            }
            assert!(matches!(choose(&keys, Some(fitting), algorithm), Choice::Key(_)));
            assert!(matches!(choose(&keys, None, algorithm), Choice::Key(_)));
            assert_eq!(choose(&keys, Some("other"), algorithm), Choice::Unknown);
        }
        // A public key of RSA must not be taken for anything else, whatever the token says.
        assert_eq!(choose(&keys, Some("a"), Es256), Choice::Unknown);
        let other = ForeignKey { alg: Some("RS512".to_owned()), ..key("a", "RSA", None) };
        let encrypts = ForeignKey { usage: Some("enc".to_owned()), ..key("a", "RSA", None) };
        assert!(!other.fits(Rs256) && !encrypts.fits(Rs256) && !key("x", "EC", Some("P-384")).fits(Es256));
        assert_eq!(choose(&[key("a", "RSA", None), key("b", "RSA", None)], None, Rs256), Choice::Ambiguous);
    }

    #[test]
    fn a_document_is_used_while_fresh_and_kept_while_the_issuer_is_away() {
        let document =
            |fetched, failed, searched| Document { fetched_at: fetched, failed_at: failed, searched_at: searched };
        let stale = Plan::Fetch { or_stale: true };
        for (known, lacks_key, now, expected) in [
            (document(None, None, None), false, 0, Plan::Fetch { or_stale: false }),
            (document(None, at(0), None), false, 9_999, Plan::Unavailable),
            (document(None, at(0), None), false, 10_000, Plan::Fetch { or_stale: false }),
            (document(at(0), None, None), false, 599_999, Plan::Use),
            (document(at(0), None, None), false, 600_000, stale),
            (document(at(0), at(600_000), None), false, 609_999, Plan::Use),
            (document(at(0), at(600_000), None), false, 610_000, stale),
            (document(at(0), at(86_395_000), None), false, 86_399_999, Plan::Use),
            (document(at(0), at(86_395_000), None), false, 86_400_000, Plan::Unavailable),
            (document(at(0), None, None), false, 86_400_000, Plan::Fetch { or_stale: false }),
            (document(at(0), None, None), true, 1, Plan::Fetch { or_stale: false }),
            (document(at(1), None, at(1)), true, 30_000, Plan::Use),
            (document(at(1), None, at(1)), true, 30_001, Plan::Fetch { or_stale: false }),
            (document(at(1), at(2), at(1)), true, 3, Plan::Use),
            (document(at(0), at(1), None), true, 2, Plan::Unavailable),
            (document(at(0), at(1), None), true, 10_001, Plan::Fetch { or_stale: false }),
            // A clock that went back is no reason to trust for longer.
            (document(at(0), None, None), false, -1, Plan::Fetch { or_stale: false }),
        ] {
            assert_eq!(plan(&known, lacks_key, at(now).unwrap()), expected, "{known:?} at {now}");
        }
    }
}
