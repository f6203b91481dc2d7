//! Signatures that others made: RSA (PKCS #1 v1.5), ECDSA on P-256, and Ed25519, each over SHA-256 or as it is
//! defined. Only verified here, with public keys, so nothing of it is secret.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use sha2::{Digest, Sha256};

/// A public key of somebody else.
#[derive(Clone)]
pub enum ForeignPublicKey {
    Rsa(Box<RsaKey>),
    P256(Box<p256::ecdsa::VerifyingKey>),
    Ed25519(ed25519_compact::PublicKey),
}

/// Modulus and exponent, as numbers that fit.
#[derive(Clone)]
pub struct RsaKey {
    modulus: Odd<BoxedUint>,
    exponent: BoxedUint,
    /// Of the modulus.
    bytes: usize,
}

/// Shorter RSA keys are broken or nearly so; longer ones would let a stranger choose how long we compute.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=512;

/// SHA-256's DigestInfo before the hash itself (RFC 8017, section 9.2, note 1).
const SHA256_INFO: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20];

impl ForeignPublicKey {
    /// Modulus and exponent, big-endian. `None` unless the modulus is odd and has 256 to 512 bytes, and the exponent
    /// is odd, above 1 and below 2^32.
    pub fn rsa(modulus: &[u8], exponent: &[u8]) -> Option<ForeignPublicKey> {
        let (modulus, exponent) = (unpadded(modulus), unpadded(exponent));
        let is_odd = |number: &[u8]| number.last().is_some_and(|last| last & 1 == 1);
        let is_exponent = (1..=4).contains(&exponent.len()) && is_odd(exponent) && exponent != [1];
        if !RSA_BYTES.contains(&modulus.len()) || !is_odd(modulus) || !is_exponent {
            return None;
        }
        let bits = u32::try_from(modulus.len()).ok()?.checked_mul(8)?;
        // Both as wide as whole words of the machine.
        let number = BoxedUint::from_be_slice(modulus, bits.checked_next_multiple_of(64)?).ok()?;
        let key = RsaKey {
            modulus: Odd::new(number).into_option()?,
            exponent: BoxedUint::from_be_slice(exponent, 64).ok()?,
            bytes: modulus.len(),
        };
        Some(ForeignPublicKey::Rsa(Box::new(key)))
    }

    /// The coordinates of a point, 32 bytes each. `None` unless it is on the curve.
    pub fn p256(x: &[u8], y: &[u8]) -> Option<ForeignPublicKey> {
        if x.len() != 32 || y.len() != 32 {
            return None;
        }
        let point = [&[0x04], x, y].concat();
        p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok().map(Box::new).map(ForeignPublicKey::P256)
    }

    /// 32 bytes.
    pub fn ed25519(x: &[u8]) -> Option<ForeignPublicKey> {
        ed25519_compact::PublicKey::from_slice(x).ok().map(ForeignPublicKey::Ed25519)
    }

    /// Whether the signature is this key's. Of ECDSA it is `r` and `s`, 32 bytes each.
    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            ForeignPublicKey::Rsa(key) => key.has_signed(message, signature).is_some(),
            ForeignPublicKey::P256(key) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_prehash(&Sha256::digest(message), &signature).is_ok()),
            ForeignPublicKey::Ed25519(key) => ed25519_compact::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
        }
    }
}

impl RsaKey {
    /// RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2.2): what the signature decrypts to is compared with what it must be,
    /// byte by byte, and never parsed.
    fn has_signed(&self, message: &[u8], signature: &[u8]) -> Option<()> {
        if signature.len() != self.bytes {
            return None;
        }
        let number = BoxedUint::from_be_slice(signature, self.modulus.bits_precision()).ok()?;
        if number >= *self.modulus.as_ref() {
            return None;
        }
        let parameters = BoxedMontyParams::new_vartime(self.modulus.clone());
        let decrypted = BoxedMontyForm::new(number, &parameters).pow(&self.exponent).retrieve();
        let hash = Sha256::digest(message);
        let padding = self.bytes.checked_sub(3 + SHA256_INFO.len() + hash.len())?;
        let mut expected = vec![0x00, 0x01];
        expected.resize(padding.saturating_add(2), 0xff);
        expected.push(0x00);
        expected.extend_from_slice(&SHA256_INFO);
        expected.extend_from_slice(&hash);
        (unpadded(&decrypted.to_be_bytes()) == unpadded(&expected)).then_some(())
    }
}

/// Without zeros in front, as some keys are written.
fn unpadded(mut number: &[u8]) -> &[u8] {
    while let [0, rest @ ..] = number {
        number = rest;
    }
    number
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text.split_whitespace().collect::<String>()).unwrap()
    }

    const PAYLOAD: &str =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

    /// Made with OpenSSL 3, as is the signature.
    const MODULUS: &str = "6Zj9-1SqKTf7Jt3y6WVXtxS6TpS7pfWKcJ7J4FWA1QTW6DRWQBBvjgJGZgi1SNK0Y8Qs_Ab85pIbWgvk3iKmJyYyHbsJLjmOy_IQ\
        GP4FR4JzNcg6r65UAmdd_Z3gymn_wVrNSBazMvP-cIqArfLPuBez0lqrTfNFmXwjroMeFMjxNTwQw1-SJKJhBzOKz_x2ngyDnJ4T\
        jd8VbnshxK4XSxx8wTlI-fhJjOkX7Lo6S4KuSZWJ0wafQNgYtJ8xFdtoEI1Htm84KuKh-_hHCFPuRIri90Ae40eoBqHaH87P7q4I\
        HKFqMCuBWjxQTruX5w42ebjKebD0vTXAzzigV24AEw";
    const SIGNATURE: &str = "2TrZgmS22azZ0MvFNlnrbhuNtk9A2oPxHaPFUpCcO2Tf61K43GY6dO8IA-Geh4zOj6mNOFt1UX1q9s6W4kv7GLKYDZ3sMOugAEBa\
        dQidxS6xPTqn4B7fxL5C5D3bTaGh2uAeGiLq5o__Bh75kmcC-d0GjOtP3INRxjFB7D1SiOjV0N5fYLc3z89JnnEYKGkvBQefkYT2\
        tfDwXd-gR48I-gQ84E0TtHlYYjQ03zYXIhJtvK6XDeUpXyKqBOzcZoErkYsgzmTdSItobjFDwmDLLsNuafVgxGCmjAOSr22RDXDJ\
        MBGIiX_22WpB_M4r9D8QgSxa4pq3bO-MBetL9kxQkA";

    #[test]
    fn an_rsa_signature_of_openssl_is_verified() {
        let message = b"signed by OpenSSL";
        let signature = bytes(SIGNATURE);
        let key = ForeignPublicKey::rsa(&bytes(MODULUS), &[1, 0, 1]).unwrap();
        assert!(key.has_signed(message, &signature));
        assert!(!key.has_signed(b"signed by nobody", &signature));
        assert!(!key.has_signed(message, &signature[1..]));
        assert!(!key.has_signed(message, &[0xff; 256]), "above the modulus");
        assert!(!key.has_signed(message, &[0; 256]));
        let mut changed = signature.clone();
        changed[200] ^= 1;
        assert!(!key.has_signed(message, &changed));
        assert!(!ForeignPublicKey::rsa(&bytes(MODULUS), &[3]).unwrap().has_signed(message, &signature));
    }

    /// RFC 7515, appendix A.3.
    #[test]
    fn the_ecdsa_example_of_the_rfc_is_verified() {
        let (x, y) = ("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
        let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        let message = format!("eyJhbGciOiJFUzI1NiJ9.{PAYLOAD}");
        let key = ForeignPublicKey::p256(&bytes(x), &bytes(y)).unwrap();
        let signature = bytes(signature);
        assert!(key.has_signed(message.as_bytes(), &signature));
        assert!(!key.has_signed(format!("{message}x").as_bytes(), &signature));
        assert!(!key.has_signed(message.as_bytes(), &[0; 64]));
        assert!(!key.has_signed(message.as_bytes(), &signature[..63]));
        assert!(ForeignPublicKey::p256(&bytes(x), &bytes(x)).is_none(), "not on the curve");
    }

    /// RFC 8037, appendix A.4.
    #[test]
    fn the_ed25519_example_of_the_rfc_is_verified() {
        let key = ForeignPublicKey::ed25519(&bytes("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")).unwrap();
        let signature = bytes("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
        assert!(key.has_signed(b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc", &signature));
        assert!(!key.has_signed(b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmh", &signature));
    }

    #[test]
    fn weak_and_outsized_rsa_keys_are_none() {
        let modulus = bytes(MODULUS);
        let even: Vec<u8> = modulus.iter().copied().take(255).chain([0xa0]).collect();
        for (modulus, exponent) in [
            (&modulus[..128], &[1, 0, 1][..]),
            (&even, &[1, 0, 1]),
            (&modulus, &[1]),
            (&modulus, &[2]),
            (&modulus, &[]),
            (&modulus, &[1, 0, 0, 0, 1]),
            (&[0xff; 1_024], &[1, 0, 1]),
            (&[], &[3]),
        ] {
            assert!(ForeignPublicKey::rsa(modulus, exponent).is_none());
        }
        assert!(ForeignPublicKey::rsa(&[&[0], modulus.as_slice()].concat(), &[0, 1, 0, 1]).is_some());
    }
}
