//! Keyed hashes: what is found again without being readable.

use aes_gcm::Aes256Gcm;
use headlesspro_shared::kernel::id::OrganizationId;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::from_base64;
use super::sealed::{NONCE_BYTES, OpenError, open_with, seal_once};

/// What a keyed hash is for. Each has a key of its own in each organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Finding an account by its e-mail address.
    Email,
    /// The MAC of refresh tokens.
    RefreshToken,
    /// The MAC of challenges.
    Challenge,
    /// PKCE's verifier and the nonce of logins by another identity provider.
    ProviderLogin,
    /// Knowing a network address again without keeping it.
    NetworkAddress,
    /// Knowing a request again whose body may hold a secret.
    Repeat,
    /// The MAC of answers that isolates share.
    Page,
    /// Sealing where a list goes on.
    Cursor,
    /// Finding a gift card by its code.
    GiftCard,
    /// Counting attempts to buy by what must not be kept: an address, a card.
    Attempt,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Purpose::Email => "email",
            Purpose::RefreshToken => "refresh-token",
            Purpose::Challenge => "challenge",
            Purpose::ProviderLogin => "provider-login",
            Purpose::NetworkAddress => "network-address",
            Purpose::Repeat => "repeat",
            Purpose::Page => "page",
            Purpose::Cursor => "cursor",
            Purpose::GiftCard => "gift-card",
            Purpose::Attempt => "attempt",
        }
    }
}

/// The setting `LOOKUP_KEY`. It never changes: what was hashed with another is not found again.
pub struct LookupKey(Hkdf<Sha256>);

impl LookupKey {
    /// From 32 bytes in base64url.
    pub(super) fn from_base64(text: &str) -> Option<LookupKey> {
        let key = from_base64(text.trim()).filter(|key| key.len() == 32)?;
        Some(LookupKey(Hkdf::new(None, &key)))
    }

    /// HMAC-SHA256 of `message` under the key of the organization and purpose (HKDF, RFC 5869).
    pub fn mac(&self, organization: OrganizationId, purpose: Purpose, message: &[u8]) -> [u8; 32] {
        self.derived(&format!("{organization}|{}", purpose.name()), message)
    }

    /// Seals what is handed out and comes back: to others it says nothing, and they cannot make it up. `bound_to` is asked
    /// again when it is opened. The same is sealed in the same way each time, so that an answer with it stays the same:
    /// the nonce is a MAC of all of it, as in SIV (RFC 5297). `None` above 64 GiB.
    pub fn seal(&self, organization: OrganizationId, purpose: Purpose, bound_to: &str, plain: &[u8]) -> Option<String> {
        let message = [b"nonce|", bound_to.as_bytes(), b"\0", plain].concat();
        let mac = self.mac(organization, purpose, &message);
        let nonce = *mac.first_chunk::<NONCE_BYTES>()?;
        seal_once(&self.cipher(organization, purpose), nonce, bound_to.as_bytes(), plain)
    }

    /// What was sealed for the same.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(
        &self,
        organization: OrganizationId,
        purpose: Purpose,
        bound_to: &str,
        sealed: &str,
    ) -> Result<Vec<u8>, OpenError> {
        open_with(&self.cipher(organization, purpose), bound_to.as_bytes(), sealed)
    }

    fn cipher(&self, organization: OrganizationId, purpose: Purpose) -> Aes256Gcm {
        <Aes256Gcm as aes_gcm::KeyInit>::new(&self.mac(organization, purpose, b"key").into())
    }

    /// The keyed hash of a request that founds an organization, and so is nobody's yet, in hex: with what it holds, a
    /// password among it, a plain one would be guessed.
    pub fn of_sign_up(&self, message: &[u8]) -> String {
        hex::encode(self.derived("|sign-up", message))
    }

    fn derived(&self, info: &str, message: &[u8]) -> [u8; 32] {
        let mut key = [0; 64];
        // Refused only for more than 255 hashes' worth of output.
        let _expanded = self.0.expand(info.as_bytes(), &mut key);
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&key.into());
        mac.update(message);
        mac.finalize().into_bytes().into()
    }

    /// The keyed hash of an e-mail address in its normal form, in hex.
    pub fn of_email(&self, organization: OrganizationId, normalized: &str) -> String {
        hex::encode(self.mac(organization, Purpose::Email, normalized.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_organization_and_purpose_has_a_key_of_its_own() {
        let key = LookupKey::from_base64(&super::super::to_base64(&[3; 32])).unwrap();
        let (ours, theirs) = (OrganizationId::from_u128(1), OrganizationId::from_u128(2));
        let of = |organization, purpose| key.mac(organization, purpose, b"ada@example.com");
        assert_eq!(of(ours, Purpose::Email), of(ours, Purpose::Email));
        assert_ne!(of(ours, Purpose::Email), of(theirs, Purpose::Email));
        assert_ne!(of(ours, Purpose::Email), of(ours, Purpose::RefreshToken));
        assert_ne!(hex::encode(of(ours, Purpose::Email)), key.of_sign_up(b"ada@example.com"));
        assert!(LookupKey::from_base64("short").is_none());
    }

    #[test]
    fn what_is_handed_out_opens_as_what_it_was_sealed_for() {
        let key = LookupKey::from_base64(&super::super::to_base64(&[3; 32])).unwrap();
        let (ours, theirs) = (OrganizationId::from_u128(1), OrganizationId::from_u128(2));
        let seal = |bound_to, plain| key.seal(ours, Purpose::Cursor, bound_to, plain).unwrap();
        let sealed = seal("a", b"12.50");
        assert_eq!(key.open(ours, Purpose::Cursor, "a", &sealed).unwrap(), b"12.50");
        assert_eq!(sealed, seal("a", b"12.50"), "an answer with it has an ETag");
        // A nonce is never another text's.
        let nonce = |sealed: &str| sealed.split_at(19).0.to_owned();
        assert_ne!(nonce(&seal("a", b"12.51")), nonce(&sealed));
        assert_ne!(nonce(&seal("b", b"12.50")), nonce(&sealed));

        assert_eq!(key.open(ours, Purpose::Cursor, "b", &sealed), Err(OpenError));
        assert_eq!(key.open(theirs, Purpose::Cursor, "a", &sealed), Err(OpenError));
        assert_eq!(key.open(ours, Purpose::Page, "a", &sealed), Err(OpenError));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(key.open(ours, Purpose::Cursor, "a", &changed), Err(OpenError), "{at}");
        }
    }
}
