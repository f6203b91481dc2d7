//! Sealed values: `v1.` and nonce, ciphertext and tag in base64url.

use std::fmt;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use headlesspro_shared::kernel::id::OrganizationId;

use super::{from_base64, to_base64};
use crate::port::entropy::{Entropy, NoEntropy};

const VERSION: &str = "v1.";
pub(super) const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// Whether a text has the form of a sealed value, in a column that was not always sealed.
pub fn is_sealed(text: &str) -> bool {
    let bytes = text.strip_prefix(VERSION).and_then(from_base64);
    bytes.is_some_and(|bytes| NONCE_BYTES + TAG_BYTES <= bytes.len())
}

/// Where a value stands. It opens nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    pub organization: OrganizationId,
    pub table: &'static str,
    pub column: &'static str,
    /// The row's primary key.
    pub row: &'a str,
}

impl Place<'_> {
    /// No part holds the separator: ids, and names of our own.
    fn to_bytes(self) -> Vec<u8> {
        format!("{}|{}|{}|{}", self.organization, self.table, self.column, self.row).into_bytes()
    }
}

/// An organization's data key. AES-256-GCM with random nonces: safe for 2^32 values (NIST SP 800-38D, 8.3).
#[derive(Clone)]
pub struct DataKey(Aes256Gcm);

/// The value was changed, stands elsewhere, or belongs to another key. Nothing is said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value does not open")]
pub struct OpenError;

impl DataKey {
    pub(super) fn new(key: &[u8; 32]) -> DataKey {
        DataKey(Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(key)))
    }

    /// # Errors
    /// [`NoEntropy`] when the host has no randomness for the nonce.
    pub fn seal(&self, place: Place<'_>, plain: &[u8], entropy: &dyn Entropy) -> Result<String, NoEntropy> {
        seal_with(&self.0, &place.to_bytes(), plain, entropy)
    }

    /// # Errors
    /// [`OpenError`].
    pub fn open(&self, place: Place<'_>, sealed: &str) -> Result<Vec<u8>, OpenError> {
        open_with(&self.0, &place.to_bytes(), sealed)
    }

    /// As [`open`](DataKey::open), for text.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_text(&self, place: Place<'_>, sealed: &str) -> Result<String, OpenError> {
        String::from_utf8(self.open(place, sealed)?).map_err(|_| OpenError)
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}

pub(super) fn seal_with(
    cipher: &Aes256Gcm,
    bound_to: &[u8],
    plain: &[u8],
    entropy: &dyn Entropy,
) -> Result<String, NoEntropy> {
    let mut nonce = [0; NONCE_BYTES];
    entropy.fill(&mut nonce)?;
    seal_once(cipher, nonce, bound_to, plain).ok_or_else(|| NoEntropy("a value is too large to be sealed".to_owned()))
}

/// With a nonce that seals nothing else under this key. `None` above 64 GiB, which no request of ours brings.
pub(super) fn seal_once(cipher: &Aes256Gcm, nonce: [u8; NONCE_BYTES], bound_to: &[u8], plain: &[u8]) -> Option<String> {
    let ciphertext = cipher.encrypt(Nonce::from_slice(&nonce), Payload { msg: plain, aad: bound_to }).ok()?;
    Some(format!("{VERSION}{}", to_base64(&[nonce.as_slice(), &ciphertext].concat())))
}

pub(super) fn open_with(cipher: &Aes256Gcm, bound_to: &[u8], sealed: &str) -> Result<Vec<u8>, OpenError> {
    let bytes = sealed.strip_prefix(VERSION).and_then(from_base64).ok_or(OpenError)?;
    let (nonce, ciphertext) = bytes.split_at_checked(NONCE_BYTES).ok_or(OpenError)?;
    cipher.decrypt(Nonce::from_slice(nonce), Payload { msg: ciphertext, aad: bound_to }).map_err(|_| OpenError)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::entropy::HostEntropy;

    #[test]
    fn a_value_opens_in_its_place_and_nowhere_else() {
        let key = DataKey::new(&[7; 32]);
        let place =
            Place { organization: OrganizationId::from_u128(1), table: "account", column: "email", row: "usr_1" };
        let sealed = key.seal(place, "ada@example.com".as_bytes(), &HostEntropy).unwrap();
        assert!(sealed.starts_with("v1.") && !sealed.contains("ada"));
        assert_eq!(key.open_text(place, &sealed).unwrap(), "ada@example.com");
        assert_ne!(key.seal(place, b"ada@example.com", &HostEntropy).unwrap(), sealed, "a nonce is used once");

        for elsewhere in [
            Place { organization: OrganizationId::from_u128(2), ..place },
            Place { table: "address", ..place },
            Place { column: "name", ..place },
            Place { row: "usr_2", ..place },
        ] {
            assert_eq!(key.open(elsewhere, &sealed), Err(OpenError));
        }
        assert_eq!(DataKey::new(&[8; 32]).open(place, &sealed), Err(OpenError));
    }

    #[test]
    fn a_changed_value_does_not_open() {
        let key = DataKey::new(&[7; 32]);
        let place = Place { organization: OrganizationId::from_u128(1), table: "t", column: "c", row: "r" };
        let sealed = key.seal(place, b"secret", &HostEntropy).unwrap();
        for at in VERSION.len()..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(key.open(place, &String::from_utf8(changed).unwrap()), Err(OpenError), "{at}");
        }
        for broken in ["", "v1.", "v2.AAAA", "secret", "v1.AAAA", "v1.=="] {
            assert_eq!(key.open(place, broken), Err(OpenError), "{broken}");
        }
    }
}
