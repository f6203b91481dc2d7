//! Proof Key for Code Exchange (RFC 7636), with S256 only: `plain` proves nothing to who reads the request.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A code verifier: 43 to 128 of `A-Z a-z 0-9 - . _ ~` (section 4.1). A secret until the code is exchanged.
#[derive(Clone, PartialEq, Eq)]
pub struct PkceVerifier(String);

impl PkceVerifier {
    /// From 256 random bits, as section 4.1 recommends: 43 characters.
    pub fn mint(random: [u8; 32]) -> PkceVerifier {
        PkceVerifier(URL_SAFE_NO_PAD.encode(random))
    }

    /// What SHA-256 is taken of, and what is sent with the code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PkceVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PkceVerifier(..)")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a code verifier of 43 to 128 letters, digits, hyphens, dots, underscores and tildes")]
pub struct InvalidPkceVerifier;

impl FromStr for PkceVerifier {
    type Err = InvalidPkceVerifier;

    fn from_str(text: &str) -> Result<PkceVerifier, InvalidPkceVerifier> {
        let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let is_verifier = (43..=128).contains(&text.len()) && text.bytes().all(is_unreserved);
        if is_verifier { Ok(PkceVerifier(text.to_owned())) } else { Err(InvalidPkceVerifier) }
    }
}

/// A code challenge: the SHA-256 of a verifier, in 43 characters of base64url (section 4.2). Not a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PkceChallenge([u8; 32]);

impl PkceChallenge {
    /// The method's name on the wire.
    pub const METHOD: &'static str = "S256";

    /// The challenge of the verifier whose text has this SHA-256.
    pub const fn of_digest(sha256: [u8; 32]) -> PkceChallenge {
        PkceChallenge(sha256)
    }
}

impl fmt::Display for PkceChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a code challenge of 43 characters of base64url (S256)")]
pub struct InvalidPkceChallenge;

impl FromStr for PkceChallenge {
    type Err = InvalidPkceChallenge;

    fn from_str(text: &str) -> Result<PkceChallenge, InvalidPkceChallenge> {
        // Before decoding, so that no long text is decoded.
        if text.len() != 43 {
            return Err(InvalidPkceChallenge);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidPkceChallenge)?;
        bytes.try_into().map(PkceChallenge).map_err(|_| InvalidPkceChallenge)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 7636, appendix B.
    #[test]
    fn the_example_of_the_rfc_comes_out() {
        let random = [
            116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105, 214, 191,
            240, 91, 88, 5, 88, 83, 132, 141, 121,
        ];
        let sha256 = [
            19, 211, 30, 150, 26, 26, 216, 236, 47, 22, 177, 12, 76, 152, 46, 8, 118, 168, 120, 173, 109, 241, 68, 86,
            110, 225, 137, 74, 203, 112, 249, 195,
        ];
        assert_eq!(PkceVerifier::mint(random).as_str(), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        let challenge = PkceChallenge::of_digest(sha256);
        assert_eq!(challenge.to_string(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(challenge.to_string().parse(), Ok(challenge));
    }

    #[test]
    fn other_shapes_are_refused() {
        for text in ["", &"a".repeat(42), &"a".repeat(129), &format!("{}+", "a".repeat(42)), &"é".repeat(30)] {
            assert_eq!(text.parse::<PkceVerifier>(), Err(InvalidPkceVerifier), "{text}");
        }
        for text in [43, 128] {
            assert!("~".repeat(text).parse::<PkceVerifier>().is_ok());
        }
        let second_text = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN";
        for text in ["", &"a".repeat(42), &"A".repeat(44), &"+".repeat(43), second_text] {
            assert_eq!(text.parse::<PkceChallenge>(), Err(InvalidPkceChallenge), "{text}");
        }
        assert_eq!(format!("{:?}", PkceVerifier::mint([7; 32])), "PkceVerifier(..)");
    }

    proptest! {
        #[test]
        fn what_is_minted_has_the_shape(random: [u8; 32]) {
            let verifier = PkceVerifier::mint(random);
            prop_assert_eq!(verifier.as_str().parse(), Ok(verifier.clone()));
        }
    }
}
